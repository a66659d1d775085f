"""Many quantities at once: a feed of merge messages, its submission, its end and its report.

    document made -> file uploaded -> feed made -> IN_QUEUE -> IN_PROGRESS -> DONE | FATAL
                                                      |                        CANCELLED
    certainly not done <- failed up to here           +- from here on, unknown until it has ended

Nothing is kept between the steps but the ticket, which the caller stores: a feed outlives a crash.
A feed's messages are those of single writes (`stock.patch_of`), numbered by the caller. While a
feed is open, a single write of one of its rows may be overtaken by it (?): the protocol writes such
a row once more after its end (O7).
"""

import zlib
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from engine.catalogue import ListingRef
from engine.connector import (
    FeedEnd,
    Reply,
    Request,
    RowOutcome,
    StockWrite,
)
from engine.faults import Done, Family, MallError
from malls.amazon import card, errors
from malls.amazon.credentials import JSON, Access, get
from malls.amazon.stock import LOCALE, find, is_fba, patch_of
from malls.amazon.wire import (
    FeedCreatedReply,
    FeedDocumentReply,
    FeedReply,
    FeedReport,
    Unreadable,
    decoded,
)

PATH: Final = "/feeds/2021-06-30"
FEED_TYPE: Final = "JSON_LISTINGS_FEED"
VERSION: Final = "2.0"
CONTENT_TYPE: Final = "application/json; charset=UTF-8"
"""Declared when the document is made, and sent with the upload: they must be the same."""
REPORT_BYTES_MAX: Final = 32_000_000
"""A longer report is unreadable (protects memory)."""

_GZIP: Final = b"\x1f\x8b"
_OPEN: Final = frozenset({"IN_QUEUE", "IN_PROGRESS"})


class FeedTicket(Struct, frozen=True, array_like=True):
    """A feed under way; as text it is what the caller stores before anything else."""

    feed: str
    rows: int
    """How many messages it has."""
    number_max: int
    """The highest of their numbers."""
    start: float
    """Mall time before the call that made it."""


async def look_all(access: Access, refs: Sequence[ListingRef]) -> Mapping[ListingRef, str]:
    """Which listings must not be written to, and by which code: gone, or fulfilled by Amazon."""
    refused: dict[ListingRef, str] = {}
    for at in range(0, len(refs), card.LISTINGS_PAGE_MAX):
        page = refs[at : at + card.LISTINGS_PAGE_MAX]
        found, _, _ = await find(access, tuple(dict.fromkeys(ref.code for ref in page)))
        for ref in page:
            listing = found.get(ref.code)
            if listing is None:
                refused[ref] = errors.NOT_FOUND
            elif is_fba(listing):
                refused[ref] = errors.FBA
    return refused


def feed_body(seller_id: str, rows: Sequence[tuple[int, StockWrite]], now: float) -> bytes:
    """A feed's file. A listing comes once, and only after it was looked at (`look_all`)."""
    if not 0 < len(rows) <= card.FEED_ROWS_MAX:
        raise ValueError("a feed takes one to FEED_ROWS_MAX rows")
    if len({row.ref.code for _, row in rows}) != len(rows):
        raise ValueError("a feed names one listing twice")
    messages = [
        {
            "messageId": number,
            "sku": row.ref.code,
            "operationType": "PATCH",
            "productType": "PRODUCT",
            "patches": [patch_of(row, now)],
        }
        for number, row in rows
    ]
    header = {"sellerId": seller_id, "version": VERSION, "issueLocale": LOCALE}
    body = msgspec.json.encode({"header": header, "messages": messages})
    if len(body) > card.FEED_BYTES_MAX:
        raise ValueError("a feed's file is longer than FEED_BYTES_MAX")
    return body


async def submit(access: Access, rows: Sequence[tuple[int, StockWrite]]) -> str:
    """Hands the rows in as one feed; its ticket, as text.

    A failure before the feed itself is made did nothing.
    """
    body = feed_body(access.seller_id, rows, access.now())
    try:
        document = await _make_document(access)
        await _upload(access, document, body)
    except MallError as failed:
        raise MallError(
            failed.spec,
            family=failed.family,
            code=failed.code,
            retry_after_s=failed.retry_after_s,
            done=Done.NOT_DONE,
        ) from failed
    spec = {
        "feedType": FEED_TYPE,
        "marketplaceIds": [access.marketplace],
        "inputFeedDocumentId": document.id,
    }
    request = _post(f"{PATH}/feeds", card.CREATE_FEED, spec, is_safe=False)

    def read(reply: Reply) -> FeedCreatedReply:
        return access.read(reply, Family.STOCK, FeedCreatedReply)

    reply, made = await access.call(request, read)
    ticket = FeedTicket(made.id, len(rows), max(number for number, _ in rows), reply.sent_at)
    return msgspec.json.encode(ticket).decode()


async def look(access: Access, ticket_text: str) -> FeedEnd | None:
    """How a feed ended; None while it is under way."""
    ticket = msgspec.json.decode(ticket_text, type=FeedTicket)

    def read(reply: Reply) -> FeedReply:
        told = access.read(reply, Family.STOCK, FeedReply)
        if told.id != ticket.feed:
            raise errors.unreadable(Family.STOCK)
        return told

    request = get(f"{PATH}/feeds/{ticket.feed}", Family.STOCK, card.GET_FEED)
    reply, told = await access.call(request, read)
    if told.status in _OPEN:
        return None
    if told.status == "DONE" and told.result:
        outcome, code, bad = verdict(ticket, await _report(access, told.result))
    else:
        # A feed is cancelled in its queue only. FATAL may have done some, all or none of it.
        is_cancelled = told.status == "CANCELLED"
        outcome = RowOutcome.NOT_DONE if is_cancelled else RowOutcome.UNKNOWN
        code, bad = errors.fit(told.status), ()
    return FeedEnd(outcome, code, bad, ticket.start, reply.received_at)


def verdict(
    ticket: FeedTicket, report: FeedReport
) -> tuple[RowOutcome, str, tuple[tuple[int, str], ...]]:
    """(outcome of the rows no error names, its code, the rows that errors name).

    Where an error names no message, or the counts do not add up, the rows it does not name are
    unknown: a comparison will tell.
    """
    named: dict[int, str] = {}
    is_whole = True
    for issue in report.issues or ():
        if issue.severity != "ERROR":
            continue
        if issue.message is None or not 0 < issue.message <= ticket.number_max:
            is_whole = False
        else:
            named.setdefault(issue.message, errors.fit(issue.code) or "INVALID")
    counts = report.summary
    is_whole = is_whole and counts.accepted == ticket.rows - len(named)
    is_whole = is_whole and counts.processed == ticket.rows
    bad = tuple(sorted(named.items()))
    if is_whole:
        return RowOutcome.DONE, "", bad
    return RowOutcome.UNKNOWN, errors.UNREADABLE, bad


async def _make_document(access: Access) -> FeedDocumentReply:
    spec = {"contentType": CONTENT_TYPE}
    # A document that nothing refers to changes nothing: it may be made again.
    request = _post(f"{PATH}/documents", card.CREATE_FEED_DOCUMENT, spec, is_safe=True)

    def read(reply: Reply) -> FeedDocumentReply:
        return _document(access, reply)

    return (await access.call(request, read))[1]


async def _upload(access: Access, document: FeedDocumentReply, body: bytes) -> None:
    request = Request(
        method="PUT",
        path=document.url,
        family=Family.STOCK,
        bucket=card.FEED_FILE,
        is_safe=True,
        headers={"content-type": CONTENT_TYPE},
        body=body,
    )

    def read(reply: Reply) -> None:
        if not 200 <= reply.status < 300:
            raise _file_failed(reply)

    await access.plain(request, read)


async def _report(access: Access, document_id: str) -> FeedReport:
    request = get(f"{PATH}/documents/{document_id}", Family.STOCK, card.GET_FEED_DOCUMENT)

    def read(reply: Reply) -> FeedDocumentReply:
        return _document(access, reply)

    document = (await access.call(request, read))[1]

    def read_file(reply: Reply) -> FeedReport:
        if not 200 <= reply.status < 300:
            raise _file_failed(reply)
        try:
            return decoded(_unpacked(reply.body), FeedReport)
        except Unreadable:
            raise errors.unreadable(Family.STOCK) from None

    return (await access.plain(get(document.url, Family.STOCK, card.FEED_FILE), read_file))[1]


def _document(access: Access, reply: Reply) -> FeedDocumentReply:
    """A document whose address can be called: the real mall's is never plain HTTP."""
    document = access.read(reply, Family.STOCK, FeedDocumentReply)
    schemes = {"https", "http"} if access.switches.get("auth_url") else {"https"}
    try:
        address = urlsplit(document.url)
        is_fit = address.scheme in schemes and bool(address.hostname) and address.port != 0
    except ValueError:
        is_fit = False
    if not (is_fit and document.url.isascii() and document.url.isprintable()):
        raise errors.unreadable(Family.STOCK)
    return document


def _file_failed(reply: Reply) -> MallError:
    """The file store is no part of the API: its 403 says that an address has ended, not a key."""
    code = f"http-{reply.status}" if reply.status in (429, 500, 502, 503, 504) else "feed-file"
    spec = errors.spec_of(Family.STOCK, code)
    return MallError(spec, family=Family.STOCK, code=code)


def _unpacked(body: bytes) -> bytes:
    """A file without its GZIP, which the download may have taken off already; else Unreadable."""
    if not body.startswith(_GZIP):
        return body
    unpacking = zlib.decompressobj(wbits=31)
    try:
        plain = unpacking.decompress(body, REPORT_BYTES_MAX)
    except zlib.error:
        plain = b""
    if not unpacking.eof:
        raise Unreadable("a packed file is broken or too long")
    return plain


def _post(path: str, bucket: str, body: Mapping[str, object], *, is_safe: bool) -> Request:
    return Request(
        method="POST",
        path=path,
        family=Family.STOCK,
        bucket=bucket,
        is_safe=is_safe,
        headers=JSON,
        body=msgspec.json.encode(body),
    )
