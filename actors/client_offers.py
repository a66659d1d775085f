"""A command's questions about offer rules, and about what comes of them."""

from collections.abc import Iterator
from functools import partial

from actors.client_asking import ROWS_PER_PAGE, Asking, Body
from engine.offer_rules import NO_CAP, OfferRule
from engine.questions import (
    OFFER_PAGE_MAX,
    AskOffer,
    AskOfferChange,
    AskOffers,
    RemoveOffer,
    SetOffer,
)

Named = tuple[str | None, str | None]
"""(mall, SKU) of a rule; None: every one."""


class Offers:
    """The offer rules of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def set(self, named: Named, rule: OfferRule) -> Body:
        """`offers set`: OfferSetView."""
        mall, sku = named
        return self._house.ask(lambda number: SetOffer(number, mall, sku, rule, self._house.actor))

    def remove(self, named: Named) -> Body:
        """`offers remove`: OfferSetView."""
        mall, sku = named
        return self._house.ask(lambda number: RemoveOffer(number, mall, sku, self._house.actor))

    def look(self, named: Named, rule: OfferRule | None) -> Body:
        """`offers set --dry-run`, and (None) `offers remove --dry-run`: OfferChangePage of all."""
        mall, sku = named
        told = {"listings": 0, "changed": 0, "to_zero": 0}
        after: int | None = 0
        while after is not None:
            letter = partial(AskOfferChange, mall=mall, sku=sku, rule=rule, after=after)
            page = self._house.ask(letter)
            told = {name: count + page[name] for name, count in told.items()}
            after = page["next"]
        return {**told, "next": None}

    def pages(self, named: Named, rows_max: int | None = None) -> Iterator[Body]:
        """`offers list`: OffersPages, until all rules or `rows_max` of them were given."""
        mall, sku = named
        after: int | None = 0
        left = rows_max
        most = min(ROWS_PER_PAGE, OFFER_PAGE_MAX)
        while after is not None and left != 0:
            limit = most if left is None else min(left, most)
            page = self._house.ask(partial(AskOffers, mall=mall, sku=sku, after=after, limit=limit))
            yield page
            after = page["next"]
            left = None if left is None else left - len(page["rows"])

    def show(self, sku: str) -> Body:
        """`offers show`: OfferPage with all listings of the SKU."""
        told = self._house.ask(partial(AskOffer, sku=sku, after=0))
        rows, after = [*told["rows"]], told["next"]
        while after is not None:
            more = self._house.ask(partial(AskOffer, sku=sku, after=after))
            rows += more["rows"]
            after = more["next"]
        return {**told, "rows": rows, "next": None}


def offer_rule(
    buffer: int | None, cap: int | str | None, floor: int | None, share: int | None
) -> OfferRule:
    """The numbers of a rule; a cap of "none" says that there is none."""
    return OfferRule(buffer, NO_CAP if isinstance(cap, str) else cap, floor, share)
