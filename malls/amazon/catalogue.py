"""The catalogue import: all listings in the order they were created, twenty a call.

A search shows a thousand listings at most, and a page token's life over a restart is not known. So
the walk goes by key: each call asks for what was created at or after the last listing seen, and the
overlap is harmless. Only where one instant holds more listings than a page does it go on by token.
Creation dates do not change, so a listing that comes or goes meanwhile hides no other. A seller SKU
is a listing without variations here (`sub_code` ""). Facts: docs/malls/amazon.md.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from msgspec import Struct

from engine.catalogue import CataloguePage, CatalogueRow, ListingRef, SideSettings
from engine.connector import Reply
from engine.faults import Family, MallError
from malls.amazon import card, errors
from malls.amazon.credentials import Access, get
from malls.amazon.stock import MERCHANT, PATH, is_fba
from malls.amazon.wire import (
    Listing,
    ListingsReply,
    Summary,
    Unreadable,
    day,
    decoded,
    moment,
    moment_text,
)

TOKEN_PAGES_MAX: Final = 45
"""Pages of one instant that are followed by token; the mall shows 1,000 listings of one search."""

_INCLUDED: Final = "summaries,attributes,fulfillmentAvailability"
_CODES: Final = ("jan", "ean", "gtin", "upc")


class _Cursor(Struct, frozen=True, array_like=True):
    """Where the walk goes on."""

    after: str = ""
    """Creation date, as sent; "" at the beginning."""
    token: str = ""
    pages: int = 0
    """Pages read by token in this search."""
    seen: int = 0
    """Rows so far, for progress only."""


async def read_catalogue(access: Access, cursor: str | None) -> CataloguePage:
    """A page; see `engine.connector.Connection`. A cursor that cannot be read begins again."""
    at = _place(cursor)
    try:
        listings = await _search(access, at)
    except MallError as failed:
        if not at.token or failed.spec is not errors.ERRORS[None, "InvalidInput"]:
            raise
        # The token did not survive: the search it belongs to is begun again.
        at = _Cursor(at.after, seen=at.seen)
        listings = await _search(access, at)
    rows: list[CatalogueRow] = []
    newest = 0.0
    for listing in listings.items:
        summary = _summary(access, listing)
        if summary is None:
            continue
        created = _created(summary)
        if created < newest:
            # Out of order, the walk by key would pass listings over, and they would seem gone.
            raise errors.unreadable(Family.ITEMS, "unsorted-page")
        newest = created
        rows.append(row_of(listing, summary))
    seen = at.seen + len(rows)
    onward = _onward(at, listings, newest, seen)
    # A search counts what it can show: from the walk's place to the end.
    total = max(seen, at.seen + listings.found) if not at.token else None
    return CataloguePage(tuple(rows), onward, total)


def _onward(at: _Cursor, listings: ListingsReply, newest: float, seen: int) -> str | None:
    token = (listings.pagination.next_token if listings.pagination else None) or ""
    if not token:
        return None
    after = moment_text(newest)
    if newest and after > at.after:
        onward = _Cursor(after, seen=seen)
    elif at.pages < TOKEN_PAGES_MAX:
        onward = _Cursor(at.after, token, at.pages + 1, seen)
    else:
        raise errors.refuse(errors.LISTINGS_TOO_DENSE, Family.ITEMS)
    return msgspec.json.encode(onward).decode()


async def _search(access: Access, at: _Cursor) -> ListingsReply:
    params = [
        ("marketplaceIds", access.marketplace),
        ("includedData", _INCLUDED),
        ("sortBy", "createdDate"),
        ("sortOrder", "ASC"),
        ("pageSize", str(card.LISTINGS_PAGE_MAX)),
    ]
    if at.after:
        params.append(("createdAfter", at.after))
    if at.token:
        params.append(("pageToken", at.token))

    def read(reply: Reply) -> ListingsReply:
        found = access.read(reply, Family.ITEMS, ListingsReply)
        if not found.items and found.pagination and found.pagination.next_token:
            # A page of nothing with more behind it: taking it for the end would lose listings.
            raise errors.unreadable(Family.ITEMS, "short-page")
        return found

    path = f"{PATH}/{access.seller}"
    return (await access.call(get(path, Family.ITEMS, card.SEARCH_LISTINGS, params), read))[1]


def _place(cursor: str | None) -> _Cursor:
    if cursor is None:
        return _Cursor()
    try:
        return decoded(cursor.encode(), _Cursor)
    except Unreadable:
        return _Cursor()


def _summary(access: Access, listing: Listing) -> Summary | None:
    """The listing's summary here; None for a ghost, which an odd write leaves behind."""
    summaries = listing.summaries or ()
    return next((one for one in summaries if one.marketplace == access.marketplace), None)


def _created(summary: Summary) -> float:
    try:
        return moment(summary.created)
    except Unreadable:
        raise errors.unreadable(Family.ITEMS) from None


def row_of(listing: Listing, summary: Summary) -> CatalogueRow:
    """A listing as an import tells it; one that Amazon fulfils is known, and never pushed to."""
    attributes = listing.attributes or {}
    ours = _merchant_part(attributes)
    has_channel = any(channel.code == MERCHANT for channel in listing.channels or ())
    return CatalogueRow(
        ref=ListingRef(listing.sku, ""),
        name=summary.name or "",
        sku_code=listing.sku,
        jan=_jan(attributes),
        image=(summary.picture.link if summary.picture else "")[:2000],
        settings=SideSettings(
            lead_time_days=_lead_time(ours), restock_date=day(ours.get("restock_date"))
        ),
        tracked=has_channel
        and not is_fba(listing)
        and ours.get("is_inventory_available") is not True,
    )


def _parts(attributes: dict[str, Any], name: str) -> Iterable[dict[str, Any]]:
    """The objects of an attribute; attributes are free-form, so whatever else is there is not."""
    value = attributes.get(name)
    return (part for part in value if isinstance(part, dict)) if isinstance(value, list) else ()


def _merchant_part(attributes: dict[str, Any]) -> dict[str, Any]:
    parts = _parts(attributes, "fulfillment_availability")
    return next((one for one in parts if one.get("fulfillment_channel_code") == MERCHANT), {})


def _lead_time(ours: dict[str, Any]) -> int | None:
    days = ours.get("lead_time_to_ship_max_days")
    if not isinstance(days, int) or isinstance(days, bool):
        return None
    return days if 0 <= days <= card.LEAD_TIME_DAYS_MAX else None


def _jan(attributes: dict[str, Any]) -> str:
    """The bar code, the Japanese kind first."""
    told: dict[str, str] = {}
    for part in _parts(attributes, "externally_assigned_product_identifier"):
        kind, value = part.get("type"), part.get("value")
        if isinstance(kind, str) and isinstance(value, str) and value.strip().isdecimal():
            told.setdefault(kind.lower(), value.strip())
    return next((told[kind] for kind in _CODES if kind in told), "")
