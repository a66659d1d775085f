"""What a listing should show: the offer, out of the totals of the SKUs it takes.

    spare = floor((total - buffer) * share / 100)
    offer = min over components of floor(spare / units), clamped to [0, cap]; 0 where below floor

A total may be negative; only the offer is clamped (invariant 9). A component without a total gives
no offer at all, which is not the same as 0: nothing that was not read is ever pushed (invariant 7,
F2). No term raises an offer, and an offer never falls when a total rises.
"""

from collections.abc import Iterable

from msgspec import Struct


class Stock(Struct, frozen=True, array_like=True):
    """One component of a listing with what is held of it."""

    total: int | None
    """Units held; None while the SKU is not opened."""
    units: int
    """Units of the SKU that one unit of the listing takes (ロット数), at least 1."""


class Terms(Struct, frozen=True, array_like=True):
    """What turns a total into an offer on one mall."""

    buffer: int = 0
    """Units kept back from every offer (安全在庫)."""
    cap: int | None = None
    """An offer shows at most this many units (上限); None: no cap."""
    floor: int = 0
    """An offer below it is shown as 0 (下限): the last units are kept for elsewhere."""
    share: int = 100
    """Percent of the units held that the mall may show, 0 to 100, rounded down (配分率)."""


PLAIN = Terms()


def offer(total: int | None, units: int = 1, terms: Terms = PLAIN) -> int | None:
    """The offer of a listing with one component; None without a total."""
    if total is None:
        return None
    shown = (total - terms.buffer) * terms.share // 100 // units
    if terms.cap is not None and shown > terms.cap:
        shown = terms.cap
    return shown if shown > 0 and shown >= terms.floor else 0


def bundle_offer(stocks: Iterable[Stock], terms: Terms = PLAIN) -> int | None:
    """The offer of a listing with any number of components.

    None when one has no total or there is no component: such a listing is not pushed.
    """
    least: int | None = None
    for stock in stocks:
        one = offer(stock.total, stock.units, terms)
        if one is None:
            return None
        if least is None or one < least:
            least = one
    return least


def follows_total(units: Iterable[int], terms: Terms = PLAIN) -> bool:
    """Whether an offer between 0 and the cap moves by one with the total, as adopting assumes."""
    return list(units) == [1] and terms.share == 100 and terms.floor <= 1
