"""What a listing should show: the offer, out of the totals of the SKUs it takes.

    spare = floor((total - buffer) * share / 100)
    one   = floor(spare / units), clamped to [0, cap]; 0 where below floor
    offer = min of `one` over the components, each by the terms of its own SKU

A total may be negative; only the offer is clamped (invariant 9). A component without a total gives
no offer at all, which is not the same as 0: nothing that was not read is ever pushed (invariant 7,
F2). No term raises an offer, and an offer never falls when a total rises.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct


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


class Stock(Struct, frozen=True, array_like=True):
    """One component of a listing with what is held of it."""

    total: int | None
    """Units held; None while the SKU is not opened."""
    units: int
    """Units of the SKU that one unit of the listing takes (ロット数), at least 1."""
    terms: Terms = PLAIN
    """What of it the listing's mall may show, by the rules of this SKU."""


def offer(total: int | None, units: int = 1, terms: Terms = PLAIN) -> int | None:
    """The offer of a listing with one component; None without a total."""
    if total is None:
        return None
    shown = (total - terms.buffer) * terms.share // 100 // units
    if terms.cap is not None and shown > terms.cap:
        shown = terms.cap
    return shown if shown > 0 and shown >= terms.floor else 0


def bundle_offer(stocks: Iterable[Stock]) -> int | None:
    """The offer of a listing with any number of components.

    None when one has no total or there is no component: such a listing is not pushed.
    """
    least: int | None = None
    for stock in stocks:
        one = offer(stock.total, stock.units, stock.terms)
        if one is None:
            return None
        if least is None or one < least:
            least = one
    return least


def follows_total(stocks: Sequence[Stock]) -> bool:
    """Whether an offer between 0 and the cap moves by one with the total, as adopting assumes."""
    if len(stocks) != 1 or stocks[0].units != 1:
        return False
    terms = stocks[0].terms
    return terms.share == 100 and terms.floor <= 1


def cap_of(stocks: Iterable[Stock]) -> int | None:
    """What the offer is never above: the least cap of the components; None: none has one."""
    return min((one.terms.cap for one in stocks if one.terms.cap is not None), default=None)
