"""Quantities at Amazon: read twenty at a time, written one by one, always as an absolute number.

A write is a PATCH that *merges* quantity into the listing's fulfilment, because a replacing one
would drop lead time and restock date. "Accepted" means queued: it says nothing of the number shown
now, and a SKU that does not exist is accepted as well, and made. So each write is preceded by a
look at the listing: one that is gone, or that Amazon itself fulfils (FBA), is never written to.
Reads show what was a while ago (`stale_s`). Facts: docs/malls/amazon.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from engine.catalogue import ListingRef, SideSettings
from engine.connector import (
    Reply,
    Request,
    RowOutcome,
    RowResult,
    StockRead,
    StockRow,
    StockWrite,
    WriteResult,
)
from engine.faults import Done, Family, MallError
from malls.amazon import card, errors
from malls.amazon.credentials import JSON, Access, get
from malls.amazon.wire import Listing, ListingsReply, SubmissionReply, day, today

PATH: Final = "/listings/2021-08-01/items"
MERCHANT: Final = "DEFAULT"
"""The channel code of a listing the merchant fulfils; every other is Amazon's."""
LOCALE: Final = "ja_JP"
_READ: Final = "summaries,fulfillmentAvailability"


def is_fba(listing: Listing) -> bool:
    """Whether Amazon fulfils it, or also does: then its quantity is none of ours."""
    return any(channel.code != MERCHANT for channel in listing.channels or ())


def is_there(access: Access, listing: Listing) -> bool:
    """Whether it is a listing of this marketplace, and not the ghost an odd write left behind."""
    return any(one.marketplace == access.marketplace for one in listing.summaries or ())


async def read_stock(access: Access, refs: Sequence[ListingRef]) -> StockRead:
    """The quantities by seller SKU; one the mall leaves out is missing, not zero."""
    skus = tuple(dict.fromkeys(ref.code for ref in refs))
    if not 0 < len(skus) <= card.CARD.read_rows_max:
        raise ValueError("a stock read takes one to read_rows_max listings")
    found, start, end = await find(access, skus)
    rows = tuple(StockRow(ref, _quantity(found[ref.code])) for ref in refs if ref.code in found)
    missing = tuple(ref for ref in refs if ref.code not in found)
    return StockRead(rows, missing, start, end)


async def find(access: Access, skus: Sequence[str]) -> tuple[dict[str, Listing], float, float]:
    """The listings that are there, by SKU, and the interval of the calls.

    One call, but for SKUs with a comma: a list of them cannot be written with one inside.
    """
    listed = [sku for sku in skus if "," not in sku]
    found: dict[str, Listing] = {}
    intervals: list[tuple[float, float]] = []
    if listed:
        reply, listings = await access.call(_search_request(access, listed), _reader(access))
        if len(listings.items) < len(listed) and _has_more(listings):
            # More was promised than came: what is not there would look like a missing listing.
            raise errors.unreadable(Family.STOCK, "short-page")
        found = {item.sku: item for item in listings.items if is_there(access, item)}
        intervals.append((reply.sent_at, reply.received_at))
    for sku in (sku for sku in skus if "," in sku):
        reply, listing = await _look(access, sku)
        if listing is not None and is_there(access, listing):
            found[sku] = listing
        intervals.append((reply.sent_at, reply.received_at))
    return found, min(a for a, _ in intervals), max(b for _, b in intervals)


async def prove(access: Access) -> None:
    """One read of one listing: proves the role, the merchant token and the marketplace."""
    params = (*_scope(access), ("includedData", "summaries"), ("pageSize", "1"))
    request = get(f"{PATH}/{access.seller}", Family.STOCK, card.SEARCH_LISTINGS, params)
    await access.call(request, _reader(access))


def _reader(access: Access) -> Callable[[Reply], ListingsReply]:
    def read(reply: Reply) -> ListingsReply:
        return access.read(reply, Family.STOCK, ListingsReply)

    return read


def _has_more(listings: ListingsReply) -> bool:
    return listings.pagination is not None and bool(listings.pagination.next_token)


def _scope(access: Access) -> tuple[tuple[str, str], ...]:
    return (("marketplaceIds", access.marketplace),)


def _search_request(access: Access, skus: Iterable[str]) -> Request:
    params = (
        *_scope(access),
        ("identifiersType", "SKU"),
        ("identifiers", ",".join(skus)),
        ("includedData", _READ),
        ("pageSize", str(card.LISTINGS_PAGE_MAX)),
    )
    return get(f"{PATH}/{access.seller}", Family.STOCK, card.SEARCH_LISTINGS, params)


def _quantity(listing: Listing) -> int | None:
    """What the merchant's own channel shows; None where that keeps no number."""
    if is_fba(listing):
        return None
    return next((one.quantity for one in listing.channels or () if one.code == MERCHANT), None)


# --- writing ------------------------------------------------------------------------------------


async def write_stock(access: Access, rows: Sequence[StockWrite]) -> WriteResult:
    """Writes one row, once, after a look at its listing."""
    if len(rows) != card.CARD.push_rows_max:
        raise ValueError("a stock write takes one row")
    row = rows[0]
    body = {"productType": "PRODUCT", "patches": [patch_of(row, access.now())]}
    refused = await _refused_at_look(access, row.ref)
    if refused is not None:
        return refused
    request = Request(
        method="PATCH",
        path=_item_path(access, row.ref.code),
        family=Family.STOCK,
        bucket=card.PATCH_LISTING,
        is_safe=False,
        headers=JSON,
        params=(*_scope(access), ("includedData", "issues"), ("issueLocale", LOCALE)),
        body=msgspec.json.encode(body),
    )

    def read(reply: Reply) -> RowResult:
        if reply.status in (400, 404):
            return _bad(row.ref, errors.code_of(reply, Family.STOCK))
        return _outcome(row.ref, access.read(reply, Family.STOCK, SubmissionReply))

    reply, result = await access.call(request, read)
    return WriteResult((result,), reply.sent_at, reply.received_at)


def patch_of(row: StockWrite, now: float) -> Mapping[str, object]:
    """The one operation of a write: quantity, and the registered settings that ride along.

    A setting that is not registered is left out, and a merge leaves it as the mall has it. So is
    one the mall would refuse the whole write for: a fall must not wait for a restock date that has
    passed. The settings themselves are judged where they are entered.
    """
    if row.value is None or row.delta is not None or row.value < 0:
        raise ValueError("Amazon takes absolute quantities only")
    value: dict[str, object] = {
        "fulfillment_channel_code": MERCHANT,
        "quantity": row.value,
        **_riding(row.settings, now),
    }
    return {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}


def _riding(settings: SideSettings, now: float) -> Mapping[str, object]:
    riding: dict[str, object] = {}
    lead_time, restock = settings.lead_time_days, day(settings.restock_date)
    if lead_time is not None and 0 <= lead_time <= card.LEAD_TIME_DAYS_MAX:
        riding["lead_time_to_ship_max_days"] = lead_time
    if restock is not None and restock >= today(now):
        riding["restock_date"] = restock
    return riding


async def _refused_at_look(access: Access, ref: ListingRef) -> WriteResult | None:
    """Why the listing must not be written to; None if it may."""
    try:
        reply, listing = await _look(access, ref.code)
    except MallError as failed:
        if failed.spec.is_row:
            return _nothing_written(access, ref, failed.code)
        if failed.code == errors.FORBIDDEN and await _is_of_sku(access):
            access.forgive(card.GET_LISTING)
            return _nothing_written(access, ref, failed.code)
        # Whatever became of the look, the write has not been sent.
        raise MallError(
            failed.spec,
            family=failed.family,
            code=failed.code,
            retry_after_s=failed.retry_after_s,
            done=Done.NOT_DONE,
        ) from failed
    if listing is None or not is_there(access, listing):
        code = errors.NOT_FOUND
    elif is_fba(listing):
        code = errors.FBA
    else:
        return None
    return WriteResult((_bad(ref, code),), reply.sent_at, reply.received_at)


async def _is_of_sku(access: Access) -> bool:
    """After a 403 without a reason: whether a call that names no SKU is taken."""
    try:
        await prove(access)
    except MallError:
        return False
    return True


def _nothing_written(access: Access, ref: ListingRef, code: str) -> WriteResult:
    now = access.now()
    return WriteResult((_bad(ref, code),), now, now)


def _bad(ref: ListingRef, code: str) -> RowResult:
    return RowResult(ref, RowOutcome.BAD_ITEM, code=code)


def _outcome(ref: ListingRef, told: SubmissionReply) -> RowResult:
    """ACCEPTED is done, with warnings or without; what it shows after it is not told."""
    if told.sku != ref.code:
        raise errors.unreadable(Family.STOCK)
    if told.status == "ACCEPTED":
        return RowResult(ref, RowOutcome.DONE)
    if told.status != "INVALID":
        raise errors.unreadable(Family.STOCK)
    codes = [errors.fit(one.code) for one in told.issues or () if one.severity == "ERROR"]
    return _bad(ref, next((code for code in codes if code), "INVALID"))


async def _look(access: Access, sku: str) -> tuple[Reply, Listing | None]:
    """One listing; None if the mall does not have it."""

    def read(reply: Reply) -> Listing | None:
        if reply.status == 404 and errors.failures(reply.body):
            return None
        if reply.status == 400:
            code = errors.code_of(reply, Family.STOCK)
            spec = errors.ERRORS.get((Family.STOCK, code), errors.ERRORS[Family.STOCK, "INVALID"])
            raise MallError(spec, family=Family.STOCK, code=code, subject=f"{sku}/")
        listing = access.read(reply, Family.STOCK, Listing)
        if listing.sku != sku:
            raise errors.unreadable(Family.STOCK)
        return listing

    params = (*_scope(access), ("includedData", _READ))
    request = get(_item_path(access, sku), Family.STOCK, card.GET_LISTING, params)
    return await access.call(request, read)


def _item_path(access: Access, sku: str) -> str:
    # Everything is escaped, slashes too, and once: Amazon looks for an escaped SKU literally.
    return f"{PATH}/{access.seller}/{quote(sku, safe='')}"
