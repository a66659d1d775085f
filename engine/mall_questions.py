"""Operators' letters about malls (status, errors, control, keys) and their answers' shapes."""

from msgspec import Struct

from engine.connector import WriteKind
from engine.lane import LaneState


class AskStatus(Struct, frozen=True, tag=True):
    """Reply body: StatusView."""

    id: int


class AskMalls(Struct, frozen=True, tag=True):
    """Reply body: list of MallDetail, in the order of the settings."""

    id: int


class AskErrors(Struct, frozen=True, tag=True):
    """Reply body: list of FaultView, newest first."""

    id: int
    fault_id: int | None = None
    mall: str | None = None
    with_cleared: bool = False
    level: int | None = None
    state: str | None = None
    """open | resolved | cleared; None: all that are not cleared, or all of them."""
    search: str = ""
    """Part of a subject, a code or a message."""


class ClearErrors(Struct, frozen=True, tag=True):
    """Clears faults; a level 9 only after its credential was checked. Reply body: ClearedView."""

    id: int
    fault_ids: tuple[int, ...]
    mall: str | None
    actor: str


class ControlMall(Struct, frozen=True, tag=True):
    """pause | resume | poll. Reply body: StatusView."""

    id: int
    mall: str
    verb: str
    actor: str


class KeyChanged(Struct, frozen=True, tag=True):
    """`key set` has replaced the key file of a mall. Reply body: {}."""

    id: int
    mall: str


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


class MallView(Struct, frozen=True, kw_only=True):
    """One mall in `status`."""

    name: str
    kind: str
    state: LaneState
    last_poll_at: float | None
    last_push_at: float | None
    open_faults: int
    pending_pushes: int
    orders_age_s: float | None
    """Age of the last complete poll: how old the news of orders may be."""
    key_expires_at: float | None = None
    oldest_proof_age_s: float | None = None
    """Age of the oldest "last proven equal" over the linked listings."""
    unproven: int = 0
    """Linked listings never proven, or not since their last change."""
    mode: str = "live"
    """live | shadow: in shadow nothing is written to the mall."""
    waiting: int = 0
    """Listings of a bulk change that waits for `zaiko approve`."""
    write_kind: WriteKind | None = None
    """How quantities are written there; None: a probe must tell first."""
    is_probed: bool = False
    """A probe told it, and not the settings."""
    key_days_left: int | None = None
    """Days until the key ends, a part of one counted; None: its end is not known."""
    linked: int = 0
    """Linked listings."""
    poll_interval_s: float | None = None
    """From one order poll to the next, as it is set (M1)."""
    poll_allowed_s: float | None = None
    """The same as the mall's rates allow it for long: where it is more, it is what happens."""
    compare_interval_s: float | None = None
    """From one comparison of a listing to the next, as it is set."""
    compare_all_s: float | None = None
    """How long reading all linked listings takes at least: where it is more, it is what happens."""
    push_all_s: float | None = None
    """How long writing all linked listings takes at least."""


class MallDetail(MallView, frozen=True, kw_only=True):
    """One mall in `malls`: how it is, and what kind of mall it is."""

    title: str
    """楽天市場 and the like."""
    order_conditions: str
    """Which orders are taken (M2), Japanese."""
    order_conditions_en: str
    key_renewal: str
    """Where its key is renewed (M13), Japanese."""
    key_renewal_en: str


class StatusView(Struct, frozen=True, kw_only=True):
    """`status`."""

    inventory: str
    """running."""
    malls: tuple[MallView, ...]


class FaultView(Struct, frozen=True, kw_only=True):
    """One row of `errors list`."""

    id: int
    level: int
    mall: str
    subject: str
    code: str
    message: str
    hint: str
    message_en: str
    hint_en: str
    state: str
    count: int
    first_seen: float
    last_seen: float
    kind: str = ""
    """What went wrong, as `engine.faults.FaultKind` names it."""
    family: str = ""
    """orders | stock | items | licence | auth: the calls that fail."""
    differences: str = ""
    """The command that lists what differs at that mall."""


class ClearedView(Struct, frozen=True, kw_only=True):
    """What `errors clear` did."""

    cleared: tuple[int, ...]
    resumed: tuple[str, ...]
