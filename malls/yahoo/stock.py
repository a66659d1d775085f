"""Quantities at Yahoo: read with getStock, written with setStock, 1000 rows a call.

A write is relative (`+2`, `-2`); an absolute figure leaves only where the engine gave one. The
over-purchase flag always rides along, because leaving it out would overwrite it: the registered
one, else the mall's own, read right before. Rows are matched by their codes, never by position.
Facts: docs/malls/yahoo.md.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.catalogue import ListingRef
from engine.connector import (
    Request,
    RowOutcome,
    RowResult,
    StockRead,
    StockRow,
    StockWrite,
    WriteResult,
)
from engine.faults import Done, Family, MallError, classify
from malls.yahoo import errors
from malls.yahoo.card import CALLS
from malls.yahoo.credentials import FORM_TYPE, Access, Answer
from malls.yahoo.wire import Node, form, whole

QUANTITY_MAX = 999_999_999

_BELOW_ZERO_CODES = frozenset({"st-02104"})
"""What a refused fall may be called, where the operator says that the mall refuses them (?)."""

_UNSENDABLE = re.compile(r"[\s,:]")
"""A code with one of these would be read as two."""

_KEEP = frozenset(
    {
        "Result",
        "Status",
        "Error",
        "ItemCode",
        "SubCode",
        "Quantity",
        "AllowOverdraft",
        "ErrorCode",
    }
)


class _Rows:
    """A reply's rows by the codes they name; case decides only where it has to (?)."""

    def __init__(self, rows: Iterable[Node]) -> None:
        self._exact: dict[tuple[str, str], Node] = {}
        self._folded: dict[tuple[str, str], Node | None] = {}
        for row in rows:
            code, sub_code = row.text_of("ItemCode"), row.text_of("SubCode")
            self._exact[code, sub_code] = row
            folded = (code.lower(), sub_code.lower())
            self._folded[folded] = None if folded in self._folded else row

    def __bool__(self) -> bool:
        return bool(self._exact)

    def of(self, ref: ListingRef) -> Node | None:
        exact = self._exact.get((ref.code, ref.sub_code))
        if exact is not None:
            return exact
        return self._folded.get((ref.code.lower(), ref.sub_code.lower()))


async def read_stock(access: Access, refs: Sequence[ListingRef]) -> StockRead:
    """The quantities of at most 1000 listings. Missing is not zero."""
    answer, rows = await _read(access, [ref for ref in refs if _is_sendable(ref)])
    read: list[StockRow] = []
    missing: list[ListingRef] = []
    for ref in refs:
        row = rows.of(ref)
        quantity = None if row is None else row.text_of("Quantity")
        # No record, a refused code and a figure that is none are all "not read", never 0.
        if row is None or not _is_found(row) or (quantity and whole(quantity) is None):
            missing.append(ref)
        else:
            read.append(StockRow(ref, whole(quantity or "")))
    return StockRead(tuple(read), tuple(missing), answer.sent_at, answer.received_at)


async def read_overdraft(access: Access, refs: Sequence[ListingRef]) -> Mapping[ListingRef, bool]:
    """The over-purchase flags of at most 1000 listings; one without a stock record has none."""
    _, rows = await _read(access, refs)
    return dict(_overdrafts(rows, refs))


async def read_flags(
    access: Access, refs: Sequence[ListingRef]
) -> Mapping[ListingRef, tuple[bool, bool]]:
    """(over-purchase allowed, a number is kept) of at most 1000 listings that have a record."""
    _, rows = await _read(access, refs)
    flags: dict[ListingRef, tuple[bool, bool]] = {}
    for ref, overdraft in _overdrafts(rows, refs):
        row = rows.of(ref)
        flags[ref] = (overdraft, row is not None and bool(row.text_of("Quantity")))
    return flags


def _overdrafts(rows: _Rows, refs: Iterable[ListingRef]) -> Iterator[tuple[ListingRef, bool]]:
    for ref in refs:
        row = rows.of(ref)
        if row is not None and _is_found(row) and row.text_of("AllowOverdraft") in {"0", "1"}:
            yield ref, row.text_of("AllowOverdraft") == "1"


def _is_found(row: Node) -> bool:
    return row.text_of("Status") == "1" and not row.text_of("ErrorCode")


async def _read(access: Access, refs: Sequence[ListingRef]) -> tuple[Answer, _Rows]:
    """One getStock call; an answer without any row to it is unreadable, not "all missing"."""
    if not refs:
        now = access.now()
        return Answer(Node("ResultSet", {}), now, now), _Rows(())
    request = _request(access, "getStock", refs, (), is_safe=True)
    try:
        answer = await access.call(request, _KEEP)
    except MallError as failed:
        if len(refs) == 1 and failed.spec.is_row:
            # A single code that the mall does not take is answered as an error of the call.
            now = access.now()
            return Answer(Node("ResultSet", {}), now, now), _Rows(())
        raise
    rows = _Rows(answer.root.all("Result"))
    if not rows:
        raise errors.refuse(errors.UNREADABLE_CODE, Family.STOCK)
    return answer, rows


async def write_stock(
    access: Access, rows: Sequence[StockWrite], switches: Mapping[str, str]
) -> WriteResult:
    """Writes at most 1000 rows in one request that is never repeated (but after a 401)."""
    results: dict[ListingRef, RowResult] = {}
    due: list[StockWrite] = []
    for row in rows:
        if row.delta == 0:
            results[row.ref] = RowResult(row.ref, RowOutcome.DONE)  # nothing to send
        elif not _is_sendable(row.ref):
            results[row.ref] = RowResult(row.ref, RowOutcome.BAD_ITEM, code="st-02101")
        elif not _is_in_range(row):
            results[row.ref] = RowResult(row.ref, RowOutcome.BAD_ITEM, code="st-02104")
        else:
            due.append(row)
    flags = await _flags(access, due)
    for row in due:
        if row.ref not in flags:
            results[row.ref] = RowResult(row.ref, RowOutcome.BAD_ITEM, code="no-stock-record")
    due = [row for row in due if row.ref in flags]
    start = end = access.now()
    if due:
        start, end, sent = await _write(access, due, flags, switches)
        results.update((result.ref, result) for result in sent)
    return WriteResult(tuple(results[row.ref] for row in rows), start, end)


async def _flags(access: Access, rows: Sequence[StockWrite]) -> dict[ListingRef, bool]:
    """The over-purchase flag of each row: the registered one, else the mall's, read now (B10)."""
    flags = {row.ref: row.settings.overdraft for row in rows}
    lacking = [ref for ref, flag in flags.items() if flag is None]
    known = {ref: flag for ref, flag in flags.items() if flag is not None}
    if lacking:
        try:
            known.update(await read_overdraft(access, lacking))
        except MallError as failed:
            # Nothing was written: whatever became of the read, the write is not done.
            raise MallError(
                failed.spec,
                family=failed.family,
                code=failed.code,
                subject=failed.subject,
                retry_after_s=failed.retry_after_s,
                done=Done.NOT_DONE,
            ) from failed
    return known


async def _write(
    access: Access,
    rows: Sequence[StockWrite],
    flags: Mapping[ListingRef, bool],
    switches: Mapping[str, str],
) -> tuple[float, float, list[RowResult]]:
    refs = [row.ref for row in rows]
    fields = (
        ("quantity", ",".join(_quantity(row) for row in rows)),
        ("allow_overdraft", ",".join("1" if flags[ref] else "0" for ref in refs)),
    )
    sent_at = access.now()
    try:
        answer = await access.call(_request(access, "setStock", refs, fields), _KEEP)
    except MallError as failed:
        if not failed.spec.is_row:
            raise
        if len(rows) == 1:
            # One code, and bad: the mall answers an error of the call instead of a row.
            result = _refused_row(rows[0], failed.code, switches)
            return sent_at, access.now(), [result]
        raise _unnamed(failed, switches) from failed
    found = _Rows(answer.root.all("Result"))
    results = [_row_result(row, found.of(row.ref), switches) for row in rows]
    return answer.sent_at, answer.received_at, results


def _unnamed(failed: MallError, switches: Mapping[str, str]) -> MallError:
    """A row's code for a whole request of several rows, naming none of them.

    The documents say that a change out of range fails the whole request, so nothing was done; but
    push rule C4 believes that only where a switch says so.
    """
    is_atomic = switches.get("bulk_is_atomic", "").lower() == "true"
    return MallError(
        failed.spec,
        family=failed.family,
        code=failed.code,
        retry_after_s=failed.retry_after_s,
        done=Done.NOT_DONE if is_atomic else Done.UNKNOWN,
    )


def _row_result(row: StockWrite, found: Node | None, switches: Mapping[str, str]) -> RowResult:
    if found is None:
        return RowResult(row.ref, RowOutcome.UNKNOWN, code=errors.UNREADABLE_CODE)
    code = found.text_of("ErrorCode")
    if code:
        return _refused_row(row, errors.code_text(code), switches)
    quantity = whole(found.text_of("Quantity"))
    if quantity is None:
        return RowResult(row.ref, RowOutcome.UNKNOWN, code=errors.UNREADABLE_CODE)
    return RowResult(row.ref, RowOutcome.DONE, answered=quantity)


def _refused_row(row: StockWrite, code: str, switches: Mapping[str, str]) -> RowResult:
    """What a row's error code says of it."""
    falls = row.delta is not None and row.delta < 0
    if falls and switches.get("below_zero") == "refuses" and code in _BELOW_ZERO_CODES:
        # Our quantities are always well formed: on a fall it can only be the outcome.
        return RowResult(row.ref, RowOutcome.REFUSED, code=code)
    spec = classify(errors.TABLE, Family.STOCK, code)
    if spec.is_row:
        outcome = RowOutcome.BAD_ITEM
    elif spec.done is Done.NOT_DONE:
        outcome = RowOutcome.NOT_DONE
    else:
        outcome = RowOutcome.UNKNOWN
    return RowResult(row.ref, outcome, code=code)


def _request(
    access: Access,
    name: str,
    refs: Sequence[ListingRef],
    fields: Sequence[tuple[str, str]],
    *,
    is_safe: bool = False,
) -> Request:
    codes = ",".join(f"{ref.code}:{ref.sub_code}" if ref.sub_code else ref.code for ref in refs)
    return Request(
        method="POST",
        path=CALLS + name,
        family=Family.STOCK,
        bucket=name,
        is_safe=is_safe,
        headers={"Content-Type": FORM_TYPE},
        body=form((("seller_id", access.seller_id), ("item_code", codes), *fields)),
    )


def _quantity(row: StockWrite) -> str:
    return f"{row.delta:+d}" if row.delta is not None else str(row.value)


def _is_in_range(row: StockWrite) -> bool:
    if row.delta is not None:
        return abs(row.delta) <= QUANTITY_MAX
    # A negative figure would be read as a subtraction.
    return row.value is not None and 0 <= row.value <= QUANTITY_MAX


def _is_sendable(ref: ListingRef) -> bool:
    return bool(ref.code) and not _UNSENDABLE.search(ref.code + ref.sub_code)
