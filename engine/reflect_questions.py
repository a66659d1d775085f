"""Operators' letters about reflects (反映): at once for chosen listings, as a job for the rest.

placing --all are placed--> pushing --all have left--> done
   |                           |
   +-----------stop------------+--> returning --all are back--> stopped --resume--> placing
"""

import enum
from typing import Final

from msgspec import Struct

from engine.stock_questions import StockFilter

REFLECT_SKUS_MAX: Final = 1_000
"""SKUs one reflect job may name."""


class ReflectStep(enum.StrEnum):
    """What a reflect job does now, closed list."""

    PLACING = "placing"
    PUSHING = "pushing"
    RETURNING = "returning"
    STOPPED = "stopped"
    DONE = "done"


REFLECT_STATES: Final = {
    ReflectStep.PLACING: "running",
    ReflectStep.PUSHING: "running",
    ReflectStep.RETURNING: "stopped",
    ReflectStep.STOPPED: "stopped",
    ReflectStep.DONE: "done",
}
"""What operators are told of a step."""


class StartReflect(Struct, frozen=True, tag=True):
    """Reflects listings (S7). Reply body: ReflectView."""

    id: int
    filter: StockFilter
    all: bool
    dry_run: bool
    actor: str
    after: int = 0
    """Listing id to go on after (pages of REFLECT_PAGE_MAX)."""


class AskReflect(Struct, frozen=True, tag=True):
    """How far the listings of an earlier answer have come. Reply body: ReflectView."""

    id: int
    listing_ids: tuple[int, ...]


class StartReflectJob(Struct, frozen=True, tag=True):
    """Starts a reflect that the house walks itself. Reply body: ReflectJobView."""

    id: int
    mall: str | None
    """None: every mall."""
    skus: tuple[str, ...]
    """Only these, at most REFLECT_SKUS_MAX; empty: every SKU."""
    diff: bool
    """Only listings with a difference."""
    actor: str


class StopReflect(Struct, frozen=True, tag=True):
    """Places nothing more and takes back what has not left. Reply body: ReflectJobView."""

    id: int
    job: int | None
    """None: the one that runs."""
    actor: str


class ResumeReflect(Struct, frozen=True, tag=True):
    """A stopped job goes on. Reply body: ReflectJobView."""

    id: int
    job: int
    actor: str


class AskReflectJobs(Struct, frozen=True, tag=True):
    """Reflect jobs, the newest first. Reply body: list[ReflectJobView]."""

    id: int
    job: int | None
    """Only this one; None: all that are kept."""


class ReflectRow(Struct, frozen=True, kw_only=True):
    """What a reflect does to one listing."""

    listing_id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    before: int | None
    """What the mall is taken to show."""
    offer: int | None
    delta: int | None
    result: str
    """pushed | waiting | level | blocked."""
    reason: str
    reason_en: str


class ReflectView(Struct, frozen=True, kw_only=True):
    """The rows of one page of a reflect."""

    rows: tuple[ReflectRow, ...]
    next: int | None
    """Go on after this listing id; None: that was all."""


class ReflectJobView(Struct, frozen=True, kw_only=True):
    """How far a reflect job is. Counts are of listings."""

    job: int
    mall: str | None
    """None: every mall."""
    skus: tuple[str, ...]
    """Empty: every SKU."""
    diff: bool
    state: str
    """running | stopped | done."""
    step: str
    """placing | pushing | returning | stopped | done."""
    looked_at: int
    """0 again when it is resumed."""
    placed: int
    """What it changed and did not take back."""
    pushed: int
    """Those of them that are through: the mall shows the offer, or the listing takes no part."""
    waiting: int
    """Those of them that are not."""
    level: int
    """There was nothing to change."""
    unsynced: int
    """Skipped: their tick (連携) is off."""
    shadow: int
    """Skipped: their mall is in shadow."""
    blocked: int
    """Skipped: a conflict, gone, no total, or their mall is halted or paused."""
    approve: tuple[str, ...]
    """Malls whose breaker holds bulk changes until somebody approves."""
    actor: str
    started_at: float
    ended_at: float | None
