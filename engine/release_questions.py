"""Operators' letters about pushes that somebody must let go, and their answers' shapes.

What the breaker holds (`approve`), what a mall in shadow would be sent (`shadow`, `live`), and an
adopted difference that is taken back (`stock undo`).
"""

from msgspec import Struct


class AskWaiting(Struct, frozen=True, tag=True):
    """Which bulk changes wait for an approval. Reply body: list of WaitingView."""

    id: int
    mall: str | None
    """None: of every mall, only those that wait."""


class Approve(Struct, frozen=True, tag=True):
    """Lets go the bulk change that was shown, and no other. Reply body: ApprovedView."""

    id: int
    mall: str
    plan: str
    """Of the WaitingView that was shown."""
    actor: str


class AskShadow(Struct, frozen=True, tag=True):
    """A page of what would be pushed to a mall. Reply body: ShadowPage."""

    id: int
    mall: str
    after: int
    """Listing id to go on after (pages of SHADOW_PAGE_MAX)."""
    everything: bool = False
    """Also the listings to which nothing would be pushed."""


class GoLive(Struct, frozen=True, tag=True):
    """Lets a mall in shadow be written to. Reply body: LiveView."""

    id: int
    mall: str
    listings: int
    """What the plan that was shown would change: so many listings pass the breaker."""
    to_zero: int
    """So many of them to zero."""
    actor: str


class UndoStock(Struct, frozen=True, tag=True):
    """Takes back an adopted difference, once. Reply body: UndoneView."""

    id: int
    seq: int
    """The movement's number in `history`."""
    actor: str


SHADOW_PAGE_MAX = 1_000
"""Listings looked at for one page of what would be pushed."""
WAITING_ROWS_MAX = 50
"""Listings shown of a bulk change that waits."""


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


class PlannedRow(Struct, frozen=True, kw_only=True):
    """One listing of a plan."""

    mall: str
    code: str
    sub_code: str
    sku: str | None
    name: str
    offer: int | None
    """What it should show."""
    expected: int | tuple[int | None, int] | None
    """What the mall is taken to show: a number, [low, high] in doubt, None while unknown."""
    quantity: int | None
    """The last settled quantity."""
    delta: int | None
    """What would be added; 0: nothing, None: not known yet, or the listing does not sync."""
    to_zero: bool
    """It would go from something on sale to nothing."""


class WaitingView(Struct, frozen=True, kw_only=True):
    """One mall's breaker."""

    mall: str
    waits: bool
    """Bulk pushes of the mall wait for an approval."""
    since: float | None
    plan: str
    """Names exactly what waits now; an approval of it lets nothing else go."""
    listings: int
    to_zero: int
    linked: int
    above_zero: int
    rows: tuple[PlannedRow, ...]
    """The first of them."""


class ApprovedView(Struct, frozen=True, kw_only=True):
    """What was let go."""

    mall: str
    listings: int
    to_zero: int


class ShadowPage(Struct, frozen=True, kw_only=True):
    """A page of what would be pushed; the numbers are of this page."""

    mall: str
    mode: str
    """shadow | live."""
    rows: tuple[PlannedRow, ...]
    looked_at: int
    changing: int
    to_zero: int
    unknown: int
    """Not compared yet: what would be pushed is not known."""
    next: int | None


class LiveView(Struct, frozen=True, kw_only=True):
    """The mall writes from now on."""

    mall: str
    mode: str
    listings: int
    to_zero: int


class UndoneView(Struct, frozen=True, kw_only=True):
    """An adopted difference taken back."""

    seq: int
    sku: str
    delta: int
    """What the total moved by."""
    total: int
    undone: bool
    """False: it had been taken back before, and nothing changed."""
