"""What is kept of an order, and the closed list of what becomes of a snapshot of it.

Types only; `orders.py` decides. An order keeps no more of a buyer than its own number: lines,
quantities and moments. All moments are in the clock of the order's mall, except `Booking.at`.
"""

import enum
from collections.abc import Mapping

from msgspec import Struct

from engine.ledger import Movement
from engine.links import LinkedListing
from engine.push_state import OwnEffect, Span

HISTORY_MAX = 8
"""Changes a line remembers while it waits to be linked; older ones are merged, never dropped."""

Links = Mapping[tuple[str, str], LinkedListing]
"""(code, sub_code) -> the listing; a key that is missing is an unlinked listing."""


class Restock(enum.StrEnum):
    """What a cancel or cut does to the total."""

    AUTO = "auto"
    """It gives the units back."""
    NEVER = "never"
    """Nothing: what was counted once stays counted."""


class Booking(Struct, frozen=True):
    """What a batch of comparisons has in common, beside the mall's rules."""

    mall: str
    """The mall account's name."""
    at: float
    """When the movements are booked, seconds since the epoch."""
    restock: Restock = Restock.AUTO
    """The mall's setting."""


class Share(Struct, frozen=True, array_like=True, gc=False):
    """One SKU a line counts for. Fixed when the line is booked: a later relink moves no sale."""

    sku_id: int
    """The SKU."""
    units: int
    """Units of it per unit of the line."""
    inside: float | None = None
    """End of the opening (or stocktake) that already lacks the line; None: it is a movement."""


class Count(Struct, frozen=True, array_like=True, gc=False):
    """What a line that still waits counted from some moment on."""

    since: float
    """Start of the change's bracket; the first one has the start of the line's moment."""
    quantity: int
    """Units that count since then."""


class StoredLine(Struct, frozen=True, array_like=True, gc=False):
    """One line of an order as the store keeps it."""

    line: str
    """The mall's key of the line."""
    code: str
    """The listing's code."""
    sub_code: str
    """The listing's sub-code, "" for one without variations."""
    quantity: int
    """Units the last snapshot shows; 0 when cancelled or vanished."""
    counted: int = 0
    """Units counted, of the listing; 0 while the line waits."""
    original: int | None = None
    """Units the mall took at the placing; None: first seen edited, nobody knows."""
    listing_id: int | None = None
    """The listing that was told of the line's effects; None: not linked then."""
    sequence: int = 0
    """Changes of the count so far: the movements' keys are made of it."""
    shares: tuple[Share, ...] = ()
    """The SKUs it counts for; () while it waits for a link or for the SKU's opening."""
    moment: Span | None = None
    """When its units left, where that is not the order's own moment (a line added later)."""
    history: tuple[Count, ...] = ()
    """What it would have counted, while it waits."""


class StoredOrder(Struct, frozen=True, array_like=True, gc=False):
    """One order as the store keeps it."""

    order: str
    """The mall's order number."""
    stamp: float
    """When it was placed, by the mall's stamp."""
    moment: Span
    """T2: [s, s + resolution], cut to the first snapshot's end; a child: to that end."""
    mark: str
    """The mark of the last applied snapshot."""
    status: str
    """The mall's own status word."""
    cancelled: bool
    """The whole order is cancelled."""
    counts: bool
    """Whether its status takes stock."""
    parent: str
    """The order it was split from, "" if none."""
    read_from: float
    """Mall time just before the last applied snapshot was read."""
    read_until: float
    """Mall time just after it was read."""
    lines: tuple[StoredLine, ...]
    """Every line ever seen; a vanished one has quantity 0."""


class Outcome(enum.Enum):
    """What became of a snapshot, closed list in order of precedence."""

    FIRST_SEEN = "first_seen"
    OLDER = "older"
    """Older than what is known already (T2): ignored."""
    REPEATED = "repeated"
    """The very snapshot applied last: ignored."""
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """Only the times of reading move on; T1 and T2 need them stored."""


class LineChange(Struct, frozen=True, array_like=True, gc=False):
    """How the count of one line changed, in units of its listing."""

    line: str
    """The line."""
    listing_id: int | None
    """The listing, None while it is not linked."""
    before: int
    """Counted before."""
    after: int
    """Counted now."""
    is_listed: bool = False
    """Too close to the opening to tell (F1): named in the opening report."""


class ListingEffect(Struct, frozen=True, array_like=True, gc=False):
    """An own order's effect on what one listing shows; apply them in the order given."""

    listing_id: int
    """The listing."""
    event: OwnEffect
    """The event for its push state."""


class OrderChange(Struct, frozen=True, gc=False):
    """What to write, in one transaction, for one snapshot or link."""

    outcome: Outcome
    """What became of it."""
    stored: StoredOrder | None = None
    """The order to write; None when nothing is to be written."""
    changes: tuple[LineChange, ...] = ()
    """Lines whose count changed, or that must be listed."""
    movements: tuple[Movement, ...] = ()
    """What the totals move by."""
    effects: tuple[ListingEffect, ...] = ()
    """What the listings' expected moves by."""
    reread: str = ""
    """An order to read again at once (the parent of a child first seen), "" if none."""
