"""Operators' letters about offer rules (安全在庫・上限・下限・配分率), and their answers' shapes.

A rule is for a mall, for a SKU, or for a SKU on a mall; what names neither is refused.
"""

from typing import Literal

from msgspec import Struct

from engine.offer_rules import OfferRule, Source


class SetOffer(Struct, frozen=True, tag=True):
    """Sets numbers of a rule; those not given stay as they are. Reply body: OfferSetView."""

    id: int
    mall: str | None
    """None: on every mall."""
    sku: str | None
    """None: every SKU of the mall."""
    rule: OfferRule
    actor: str


class RemoveOffer(Struct, frozen=True, tag=True):
    """Removes a whole rule. Reply body: OfferSetView."""

    id: int
    mall: str | None
    sku: str | None
    actor: str


class AskOffers(Struct, frozen=True, tag=True):
    """A page of the rules. Reply body: OffersPage."""

    id: int
    mall: str | None
    """Only rules that name this mall."""
    sku: str | None
    """And this SKU."""
    after: int
    """Of OffersPage.next; 0: the first page."""
    limit: int


class AskOffer(Struct, frozen=True, tag=True):
    """What each listing of a SKU offers, and why. Reply body: OfferPage."""

    id: int
    sku: str
    after: int
    """Listing id to go on after (pages of OFFER_PAGE_MAX)."""


class AskOfferChange(Struct, frozen=True, tag=True):
    """What a rule would change, were it set or removed now. Reply body: OfferChangePage."""

    id: int
    mall: str | None
    sku: str | None
    rule: OfferRule | None
    """As in SetOffer; None: removed."""
    after: int
    """Listing id to go on after (pages of OFFER_PAGE_MAX)."""


OFFER_PAGE_MAX = 500
"""Listings looked at for one page about offers."""


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


class OfferRuleView(Struct, frozen=True, kw_only=True):
    """One rule; None of a number: it says nothing of it."""

    mall: str | None
    sku: str | None
    buffer: int | None
    cap: int | Literal["none"] | None
    floor: int | None
    share: int | None
    at: float
    """When it was set last."""
    actor: str


class OfferSetView(Struct, frozen=True, kw_only=True):
    """A rule that was set or removed."""

    rule: OfferRuleView | None
    """As it is now; None: there is none."""
    changed: bool
    """False: it was so before, and nothing is looked at anew."""


class OffersPage(Struct, frozen=True, kw_only=True):
    """A page of rules, in the order in which they were made."""

    rows: tuple[OfferRuleView, ...]
    hits: int
    next: int | None


class OfferNumber(Struct, frozen=True, kw_only=True):
    """One number as it holds for a SKU on a mall."""

    value: int | None
    """None of a cap: there is none."""
    source: Source


class OfferView(Struct, frozen=True, kw_only=True):
    """One listing of a SKU and what it offers."""

    mall: str
    code: str
    sub_code: str
    units: int
    """Of the SKU that one unit of the listing takes."""
    components: int
    """SKUs that the listing takes; above 1 it is a set, and its scarcest one decides."""
    buffer: OfferNumber
    cap: OfferNumber
    floor: OfferNumber
    share: OfferNumber
    allows: int | None
    """What this SKU alone lets the listing show; None: it has no total yet."""
    offer: int | None
    """What the listing should show."""


class OfferPage(Struct, frozen=True, kw_only=True):
    """A page of the listings of a SKU."""

    sku: str
    total: int | None
    rows: tuple[OfferView, ...]
    next: int | None


class OfferChangePage(Struct, frozen=True, kw_only=True):
    """What a rule would change among the listings of one page."""

    listings: int
    """Linked listings that the rule is about."""
    changed: int
    """Those of them that would be pushed to another quantity."""
    to_zero: int
    """And those that would go from something on sale to nothing."""
    next: int | None
