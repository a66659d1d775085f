"""What a listing should show: the offer, out of the totals of the SKUs it takes.

offer = min over components of floor((total - buffer) / units), clamped to [0, cap]. A total may be
negative; only the offer is clamped (invariant 9). A component without a total gives no offer at
all, which is not the same as 0: nothing that was not read is ever pushed (invariant 7, F2).
"""

from collections.abc import Iterable

from msgspec import Struct


class Stock(Struct, frozen=True, array_like=True):
    """One component of a listing with what is held of it."""

    total: int | None
    """Units held; None while the SKU is not opened."""
    buffer: int
    """Units kept back from every offer (安全在庫)."""
    units: int
    """Units of the SKU that one unit of the listing takes (ロット数), at least 1."""


def offer(total: int | None, buffer: int = 0, units: int = 1, cap: int | None = None) -> int | None:
    """The offer of a listing with one component; None without a total."""
    if total is None:
        return None
    shown = (total - buffer) // units
    if cap is not None and shown > cap:
        shown = cap
    return max(shown, 0)


def bundle_offer(stocks: Iterable[Stock], cap: int | None = None) -> int | None:
    """The offer of a listing with any number of components.

    None when one has no total or there is no component: such a listing is not pushed.
    """
    least: int | None = None
    for stock in stocks:
        one = offer(stock.total, stock.buffer, stock.units, cap)
        if one is None:
            return None
        if least is None or one < least:
            least = one
    return least
