"""The ledger: signed changes of a SKU's total, each with its reason and the key its sender made.

A total is the sum of its movements and nothing else (invariant 1). The ledger is append-only: a
correction is another movement. A key names the cause, never the moment of writing, so that a step
repeated after a crash writes the same key and the store can ignore it. What an order counts is
decided in `orders.py`, what an opening is in `opening.py`.
"""

import enum
from collections.abc import Iterable, Mapping

from msgspec import Struct


class Reason(enum.StrEnum):
    """Why a total moved, closed list."""

    ORDER = "order"
    """An order line was counted for the first time."""
    ORDER_CANCEL = "order_cancel"
    """An order or one of its lines was cancelled, or its status counts no more."""
    ORDER_EDIT = "order_edit"
    """The quantity of a counted line was changed, or a cancel was revoked."""
    OPENING = "opening"
    """What the base mall showed when the SKU was opened (F1); one per SKU."""
    STOCKTAKE = "stocktake"
    """`stock set`: a count; the delta is the count less the total before it."""
    ADJUSTMENT = "adjustment"
    """`stock adjust`: a correction by hand."""
    RECEIPT = "receipt"
    """Units arrived."""
    CUSTOMER_RETURN = "customer_return"
    """Units came back from a buyer."""
    ADOPT = "adopt"
    """A settled difference was booked (`on_difference = "adopt"`)."""
    RESTOCK_CORRECTION = "restock_correction"
    """Takes back what another movement did wrongly, an adopted late order for one."""


class Movement(Struct, frozen=True, array_like=True, gc=False):
    """One signed change of one SKU's total."""

    sku_id: int
    """The SKU whose total moves."""
    delta: int
    """Negative: units left; positive: units came."""
    reason: Reason
    """Why."""
    at: float
    """When it was booked, seconds since the epoch."""
    key: str
    """Unique per cause; the store refuses a second movement with the same key."""
    mall: str = ""
    """The mall whose order or reading caused it, "" for an operator's."""
    order: str = ""
    """The mall's order number, "" where no order caused it."""
    line: str = ""
    """The mall's key of the line, "" where no order caused it."""
    actor: str = ""
    """The operator who asked for it, "" where zaiko decided."""
    note: str = ""
    """The operator's own words."""
    moment: float | None = None
    """When it took place, as far as a count must know (`moved_since`); None: when it was booked.

    Of an order in the clock of its mall: of units that left the latest moment, of units that came
    back the earliest. Of a stocktake the instant of the count.
    """


class Past(Struct, frozen=True, array_like=True, gc=False):
    """What a stocktake of the past has to know of a movement."""

    mall_id: int | None
    """The mall in whose clock the moment is, None: this machine's."""
    moment: float
    """When it took place (`Movement.moment`)."""
    delta: int
    """What it moved the total by."""


class Instant(Struct, frozen=True, array_like=True):
    """The instant of a count in one clock."""

    at: float
    """Seconds since the epoch, by that clock."""
    eps_s: float
    """How far off moments in that clock may be; 0.0 in this machine's."""


class Oversold(Struct, frozen=True, array_like=True):
    """A total fell below zero: more was sold than held (売り越し)."""

    sku_id: int
    """The SKU."""
    total: int
    """The total now, below zero."""
    units: int
    """Units by which this change made it worse, above zero."""


def movement_key(source: str, *parts: str | int) -> str:
    """A key out of its parts; two different lists of parts never give the same text."""
    # Order and line numbers are the mall's own text and may hold any sign, a colon too.
    texts = [str(part).replace("%", "%25").replace(":", "%3A") for part in parts]
    return ":".join((source, *texts))


def order_key(mall: str, order: str, line: str, sku_id: int, sequence: int) -> str:
    """The key of what one change of one order line did to one SKU."""
    texts = f"{mall}{order}{line}"
    if ":" not in texts and "%" not in texts:
        # The same text without looking at each part: made once for every order line there is.
        return f"order:{mall}:{order}:{line}:{sku_id}:{sequence}"
    return movement_key("order", mall, order, line, sku_id, sequence)


def opening_key(sku_id: int) -> str:
    """The key of a SKU's opening: there is one, however often it is tried."""
    return movement_key("opening", sku_id)


def adopt_key(listing_id: int, reading_id: int) -> str:
    """The key of an adopted difference: one per reading of a listing (S3)."""
    return movement_key("adopt", listing_id, reading_id)


def adopt_prefix(listing_id: int) -> str:
    """What every key of the listing's adopted differences begins with."""
    return movement_key("adopt", listing_id, "")


def undo_key(seq: int) -> str:
    """The key of what takes back movement number `seq`: it is taken back once."""
    return movement_key("undo", seq)


def request_key(request_id: str, sku_id: int) -> str:
    """The key of an operator's change: one per request and SKU, however often it is sent."""
    return movement_key("request", request_id, sku_id)


def oversold(sku_id: int, before: int, after: int) -> Oversold | None:
    """An oversell, or None: the total is below zero and it fell (invariant 9)."""
    if after >= 0 or after >= before:
        return None
    return Oversold(sku_id=sku_id, total=after, units=min(before, 0) - after)


def moved_since(rows: Iterable[Past], instants: Mapping[int | None, Instant]) -> int:
    """By how much the total moved after a count's instant: what the count does not hold yet.

    `instants`: the count's instant in the clock of each mall, and in this machine's (None). A sale
    too close to tell counts as after it, a cancel so close does not: at worst too few are held. A
    movement of a mall that is in no settings any more is told by this machine's clock.
    """
    moved = 0
    for row in rows:
        instant = instants.get(row.mall_id) or instants[None]
        if row.delta < 0:
            is_after = row.moment >= instant.at - instant.eps_s
        else:
            is_after = row.moment > instant.at + instant.eps_s
        if is_after:
            moved += row.delta
    return moved
