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


def total_after(total: int, movements: Iterable[Movement], sku_id: int) -> int:
    """The total of a SKU after the movements that are its own."""
    for movement in movements:
        if movement.sku_id == sku_id:
            total += movement.delta
    return total


def totals_after(totals: Mapping[int, int], movements: Iterable[Movement]) -> dict[int, int]:
    """The totals of the SKUs that moved; one missing from `totals` starts at 0."""
    moved: dict[int, int] = {}
    for movement in movements:
        sku_id = movement.sku_id
        before = moved[sku_id] if sku_id in moved else totals.get(sku_id, 0)
        moved[sku_id] = before + movement.delta
    return moved


def oversold(sku_id: int, before: int, after: int) -> Oversold | None:
    """An oversell, or None: the total is below zero and it fell (invariant 9)."""
    if after >= 0 or after >= before:
        return None
    return Oversold(sku_id=sku_id, total=after, units=min(before, 0) - after)


def stocktake_delta(total: int, counted: int) -> int:
    """What a count of `counted` units moves a total by."""
    return counted - total
