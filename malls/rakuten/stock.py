"""Quantities at Rakuten: InventoryAPI 2.0, whose writes leave lead times alone (2.1 replaces them).

A write is sent once. Its success is a 204 without a body; its failure is a 400 that names rows by
their place in the request and does not say whether the others were done (C4).
"""

from collections.abc import Mapping, Sequence

import msgspec

from engine.catalogue import ListingRef
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
from engine.faults import UNCLASSIFIED, Family
from malls.rakuten import card, errors
from malls.rakuten.credentials import Door
from malls.rakuten.errors import Failure
from malls.rakuten.wire import StockReply, Unreadable, decoded

_GET_PATH = "/es/2.0/inventories/bulk-get"
_UPSERT_PATH = "/es/2.0/inventories/bulk-upsert"
_HEADERS = {"Content-Type": "application/json"}

SINGLE_SKU = "normal-inventory"
"""The usual variantId of an item without variations, where no import has told the real one."""
NOT_FOUND = "GE0014"
OUT_OF_RANGE = "IE0117"

_Key = tuple[str, str]


def key_of(ref: ListingRef) -> _Key:
    """(manageNumber folded as the mall folds it, variantId, which is case-sensitive)."""
    return ref.code.lower(), ref.native or ref.sub_code or SINGLE_SKU


async def read_stock(door: Door, refs: Sequence[ListingRef]) -> StockRead:
    """The quantities by name; a pair the mall leaves out of its answer is missing, not zero."""
    keys = tuple(dict.fromkeys(key_of(ref) for ref in refs))
    if not 0 < len(keys) <= card.CARD.read_rows_max:
        raise ValueError("a stock read takes one to read_rows_max listings")
    reply, found = await _bulk_get(door, keys)
    rows = tuple(StockRow(ref, found[key_of(ref)]) for ref in refs if key_of(ref) in found)
    missing = tuple(ref for ref in refs if key_of(ref) not in found)
    return StockRead(rows, missing, reply.sent_at, reply.received_at)


async def prove(door: Door) -> None:
    """One read of a pair no shop has: the answer is empty, and only a refusal is an error."""
    await _bulk_get(door, (("zaiko-credential-check", "zaiko-credential-check"),))


async def _bulk_get(door: Door, keys: Sequence[_Key]) -> tuple[Reply, Mapping[_Key, int]]:
    def read(reply: Reply) -> dict[_Key, int]:
        if reply.status == 404 and any(
            entry.code == NOT_FOUND for entry in errors.failures(reply.body)
        ):
            return {}
        lines = door.read(reply, Family.STOCK, StockReply).inventories
        if lines is None:
            raise errors.unreadable(Family.STOCK)
        return {(line.code.lower(), line.variant): line.quantity for line in lines}

    query = {"inventories": [{"manageNumber": code, "variantId": sku} for code, sku in keys]}
    request = Request(
        method="POST",
        path=_GET_PATH,
        family=Family.STOCK,
        bucket=card.STOCK_READ,
        is_safe=True,
        headers=_HEADERS,
        body=msgspec.json.encode(query),
    )
    return await door.send(request, read)


async def write_stock(door: Door, rows: Sequence[StockWrite]) -> WriteResult:
    """Sends the rows in one request, once. Registered settings have no place on this mall."""
    if not 0 < len(rows) <= card.CARD.push_rows_max:
        raise ValueError("a stock write takes one to push_rows_max rows")
    if len({key_of(row.ref) for row in rows}) != len(rows):
        # The mall would refuse the whole request (IE1102).
        raise ValueError("a stock write names one SKU twice")
    request = Request(
        method="POST",
        path=_UPSERT_PATH,
        family=Family.STOCK,
        bucket=card.STOCK_WRITE,
        is_safe=False,
        headers=_HEADERS,
        body=msgspec.json.encode({"inventories": [_wire_row(row) for row in rows]}),
    )

    def read(reply: Reply) -> tuple[RowResult, ...]:
        return _outcomes(door, rows, reply)

    reply, results = await door.send(request, read)
    return WriteResult(results, reply.sent_at, reply.received_at)


def _wire_row(row: StockWrite) -> dict[str, str | int]:
    if (row.delta is None) == (row.value is None):
        raise ValueError("a stock write carries either a delta or a value")
    code, sku = key_of(row.ref)
    mode, quantity = ("ABSOLUTE", row.value) if row.delta is None else ("RELATIVE", row.delta)
    # Every field is mandatory, mode included.
    return {"manageNumber": code, "variantId": sku, "mode": mode, "quantity": quantity or 0}


def _outcomes(door: Door, rows: Sequence[StockWrite], reply: Reply) -> tuple[RowResult, ...]:
    """One outcome a row, or MallError where the reply is about the request as a whole."""
    found = errors.failures(reply.body)
    if reply.status in (200, 201, 204) and not found:
        if reply.body.strip():
            # 204 has no body; 200 and 201 may, but a page of HTML is no success.
            _must_be_json(reply.body)
        return tuple(RowResult(row.ref, RowOutcome.DONE) for row in rows)
    if reply.status != 400 or not found or not all(_is_of_rows(entry) for entry in found):
        if 200 <= reply.status < 300 and not found:
            raise errors.unreadable(Family.STOCK)
        raise door.failure(reply, Family.STOCK)
    return _row_outcomes(rows, found, is_atomic=door.is_on("bulk_is_atomic"))


def _must_be_json(body: bytes) -> None:
    try:
        decoded(body, dict[str, msgspec.Raw])
    except Unreadable:
        raise errors.unreadable(Family.STOCK) from None


def _is_of_rows(entry: Failure) -> bool:
    """Whether an entry of a 400 can be about a row; an unknown code can."""
    if not entry.code:
        return True
    spec = errors.spec_of(Family.STOCK, 400, entry.code)
    return spec.is_row or spec is UNCLASSIFIED


def _row_outcomes(
    rows: Sequence[StockWrite], found: Sequence[Failure], *, is_atomic: bool
) -> tuple[RowResult, ...]:
    """Named rows were not done. The others: nobody knows, unless the mall does all or nothing.

    A request of one row is that row's, named or not. Where several rows were sent and none is
    named, all are unknown, whatever the switch says: halves will tell which one it is.
    """
    named: dict[int, str] = {}
    for entry in found:
        if len(rows) == 1:
            named.setdefault(0, entry.code)
        elif entry.row is not None and entry.row < len(rows):
            named.setdefault(entry.row, entry.code)
    code = found[0].code or "http-400"
    rest = RowOutcome.NOT_DONE if is_atomic and named else RowOutcome.UNKNOWN
    return tuple(
        _named(row, named[place] or "http-400")
        if place in named
        else RowResult(row.ref, rest, code=code)
        for place, row in enumerate(rows)
    )


def _named(row: StockWrite, code: str) -> RowResult:
    """Only a fall can be refused for ending below zero; a rise beyond 99,999 is a bad item."""
    is_fall = row.delta is not None and row.delta < 0
    outcome = RowOutcome.REFUSED if code == OUT_OF_RANGE and is_fall else RowOutcome.BAD_ITEM
    return RowResult(row.ref, outcome, code=code)
