"""Carrying out pulled work: a write, a reading, a page of an import; each has a closed outcome.

Every commanded row is answered by exactly one outcome. A call that did not leave is *not sent*; one
that left without a clear answer is *unknown*, and nothing of it is repeated here (C4): what follows
is the inventory's to decide. Nothing is kept between two works.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from msgspec import Struct, structs

from actors.mall_access import MallAccess
from actors.mall_http import ERRAND, Errand, GatedTransport, Withheld
from actors.mall_lease import Letter
from engine.catalogue import CatalogueRow, ListingRef
from engine.connector import (
    Card,
    Connection,
    CredentialReport,
    Finding,
    Kind,
    RowOutcome,
    RowResult,
    StockRead,
    StockWrite,
    WriteKind,
    WriteResult,
)
from engine.faults import (
    GONE_LISTING,
    UNLIMITED_LISTING,
    Done,
    Family,
    FaultSpec,
    MallError,
    classify,
)
from engine.messages import (
    CatalogueRead,
    CredentialsChecked,
    ImportWork,
    Outcome,
    OutcomeRow,
    ProbeWork,
    PushRow,
    ReadRow,
)
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)

MISSING: Final = "missing"
"""The code of a row whose guard's read did not find the listing."""
UNLIMITED: Final = "unlimited"
"""The code of a row for which the mall keeps no number."""
LEFT_READ_S_MAX: Final = 3.0
"""How long the read after a refusal may take: its outcome must come before the slot is given up."""
CATALOGUE_ROWS_MAX: Final = 1_000
"""Catalogue rows of one letter."""
FROM_START: Final = ""
"""The cursor of a part of an import's first page: None would say that the catalogue is complete."""


class Carried(Struct, frozen=True, kw_only=True):
    """What became of a piece of work."""

    rows: tuple[OutcomeRow, ...] = ()
    error: MallError | None = None
    """The fault of the mall that broke it, or a read that belongs to it."""
    is_called: bool = True
    """The mall was asked at all."""
    wait_s: float = 0.0
    """The bucket stays shut this long."""


def not_sent(rows: Sequence[PushRow], wait_s: float = 0.0) -> Carried:
    """Every row answered as not sent (C2, O6)."""
    outcomes = tuple(OutcomeRow(row.listing_id, PushNotSent(row.call_id)) for row in rows)
    return Carried(rows=outcomes, is_called=False, wait_s=wait_s)


def not_read(rows: Sequence[ReadRow], wait_s: float = 0.0) -> Carried:
    """Every reading answered as failed."""
    outcomes = tuple(OutcomeRow(row.listing_id, ReadingFailed(row.call_id)) for row in rows)
    return Carried(rows=outcomes, is_called=False, wait_s=wait_s)


async def carry_out_push(
    rows: Sequence[PushRow], send_by: float, connection: Connection, kind: Kind
) -> Carried:
    """Writes all rows: differences, absolute values, or differences behind a guard's read."""
    if kind.card.write_kind is WriteKind.GUARDED:
        return await _carry_out_guarded(rows, send_by, connection, kind)
    writes = [
        StockWrite(row.ref, row.delta if row.value is None else None, row.value, row.settings)
        for row in rows
    ]
    return await _write(rows, writes, send_by, connection, kind)


async def _write(
    rows: Sequence[PushRow],
    writes: Sequence[StockWrite],
    send_by: float,
    connection: Connection,
    kind: Kind,
) -> Carried:
    ERRAND.set(Errand(send_by=send_by))
    try:
        written = await connection.write_stock(writes)
    except Withheld as withheld:
        return not_sent(rows, withheld.wait_s)
    except MallError as error:
        return Carried(
            rows=_of_failed_call(rows, error),
            error=None if error.spec.is_row else error,
            wait_s=error.retry_after_s or 0.0,
        )
    left, failed = await _left_of(written, connection, kind.card)
    outcomes = tuple(
        OutcomeRow(
            row.listing_id,
            _of_row(row, result, written, left),
            result.code,
            spec=_spec_of(result, kind),
        )
        for row, result in zip(rows, written.rows, strict=True)
    )
    return Carried(rows=outcomes, error=failed)


async def _carry_out_guarded(
    rows: Sequence[PushRow], send_by: float, connection: Connection, kind: Kind
) -> Carried:
    """O2, page by page: read the due rows and write those very rows at once.

    The gate stands between the read and the write too (F3): what is closed there is not sent.
    """
    card = kind.card
    size = min(card.read_rows_max, card.push_rows_max)
    done: list[OutcomeRow] = []
    for at in range(0, len(rows), size):
        page = rows[at : at + size]
        ERRAND.set(Errand(send_by=send_by))
        try:
            guard = await connection.read_stock([row.ref for row in page])
        except Withheld as withheld:
            late = not_sent(rows[at:], withheld.wait_s)
            return Carried(rows=(*done, *late.rows), is_called=at > 0, wait_s=late.wait_s)
        except MallError as error:
            late = not_sent(rows[at:])
            return Carried(rows=(*done, *late.rows), error=error, wait_s=error.retry_after_s or 0.0)
        carried = await _write_guarded(page, guard, send_by, connection, kind)
        done += carried.rows
        if carried.error is not None or not carried.is_called:
            late = not_sent(rows[at + size :])
            return Carried(rows=(*done, *late.rows), error=carried.error, wait_s=carried.wait_s)
    return Carried(rows=tuple(done))


async def _write_guarded(
    page: Sequence[PushRow],
    guard: StockRead,
    send_by: float,
    connection: Connection,
    kind: Kind,
) -> Carried:
    """Writes max(0, q + delta) where it is not q already; missing is not zero (invariant 7).

    A row the read did not reach is not written: it is decided again at the next pull.
    """
    shown = {row.ref: row.quantity for row in guard.rows if row.quantity is not None}
    unlimited = {row.ref for row in guard.rows if row.quantity is None}
    missing = set(guard.missing)
    outcomes: list[OutcomeRow] = []
    due: list[PushRow] = []
    writes: list[StockWrite] = []
    for row in page:
        quantity = shown.get(row.ref)
        if quantity is None:
            outcomes.append(
                _unwritten(row, is_missing=row.ref in missing, is_unlimited=row.ref in unlimited)
            )
            continue
        value = max(0, quantity + row.delta)
        if value == quantity:
            nothing = PushDone(row.call_id, guard.start, guard.end, quantity_read=quantity)
            outcomes.append(OutcomeRow(row.listing_id, nothing))
            continue
        due.append(row)
        writes.append(StockWrite(row.ref, None, value, row.settings))
    if not due:
        return Carried(rows=tuple(outcomes))
    carried = await _write(due, writes, send_by, connection, kind)
    of_listing = {row.listing_id: row for row in due}
    for result in carried.rows:
        outcome = result.outcome
        if isinstance(outcome, PushDone):
            row = of_listing[result.listing_id]
            outcome = structs.replace(
                outcome, start=guard.start, quantity_read=shown[row.ref], answered=None
            )
        outcomes.append(structs.replace(result, outcome=outcome))
    return structs.replace(carried, rows=tuple(outcomes))


def _unwritten(row: PushRow, *, is_missing: bool, is_unlimited: bool) -> OutcomeRow:
    if is_missing:
        bad = PushBadItem(row.call_id, MISSING)
        return OutcomeRow(row.listing_id, bad, MISSING, spec=GONE_LISTING)
    if is_unlimited:
        bad = PushBadItem(row.call_id, UNLIMITED)
        return OutcomeRow(row.listing_id, bad, UNLIMITED, spec=UNLIMITED_LISTING)
    return OutcomeRow(row.listing_id, PushNotSent(row.call_id))


def _spec_of(result: RowResult, kind: Kind) -> FaultSpec | None:
    """What the mall's table says of a bad item's code."""
    if result.outcome is not RowOutcome.BAD_ITEM:
        return None
    return classify(kind.errors, Family.STOCK, result.code)


def _of_row(
    row: PushRow, result: RowResult, written: WriteResult, left: Mapping[ListingRef, int]
) -> Outcome:
    match result.outcome:
        case RowOutcome.DONE:
            return PushDone(row.call_id, written.start, written.end, result.answered)
        case RowOutcome.REFUSED:
            return PushRefused(row.call_id, left.get(row.ref))
        case RowOutcome.UNKNOWN:
            return PushUnknown(row.call_id)
        case RowOutcome.NOT_DONE:
            return PushNotSent(row.call_id)
        case RowOutcome.BAD_ITEM:
            return PushBadItem(row.call_id, result.code)


def _of_failed_call(rows: Sequence[PushRow], error: MallError) -> tuple[OutcomeRow, ...]:
    """A call that failed as a whole: a row it names is bad, the others are as far done as told."""

    def outcome(row: PushRow) -> Outcome:
        if error.spec.is_row and error.subject == f"{row.ref.code}/{row.ref.sub_code}":
            return PushBadItem(row.call_id, error.code)
        is_not_done = error.done is Done.NOT_DONE
        return PushNotSent(row.call_id) if is_not_done else PushUnknown(row.call_id)

    spec = error.spec if error.spec.is_row else None
    return tuple(OutcomeRow(row.listing_id, outcome(row), error.code, spec=spec) for row in rows)


async def _left_of(
    written: WriteResult, connection: Connection, card: Card
) -> tuple[dict[ListingRef, int], MallError | None]:
    """What the refused listings show, read in the same turn (O4); nothing if it cannot be read."""
    refused = [row.ref for row in written.rows if row.outcome is RowOutcome.REFUSED]
    left: dict[ListingRef, int] = {}
    ERRAND.set(Errand())
    try:
        async with asyncio.timeout(LEFT_READ_S_MAX):
            for at in range(0, len(refused), card.read_rows_max):
                read = await connection.read_stock(refused[at : at + card.read_rows_max])
                left |= {row.ref: row.quantity for row in read.rows if row.quantity is not None}
    except (Withheld, TimeoutError):
        return left, None
    except MallError as error:
        return left, error
    return left, None


async def carry_out_reading(
    rows: Sequence[ReadRow],
    send_by: float,
    connection: Connection,
    card: Card,
    *,
    is_audit: bool,
) -> Carried:
    """Reads all rows, in as many calls as the mall needs; missing is not zero (invariant 7)."""
    ERRAND.set(Errand(send_by=send_by, is_audit=is_audit))
    outcomes: list[OutcomeRow] = []
    for at in range(0, len(rows), card.read_rows_max):
        part = rows[at : at + card.read_rows_max]
        try:
            outcomes += await _read(part, connection)
        except Withheld as withheld:
            failed = not_read(rows[at:], withheld.wait_s)
            return Carried(rows=(*outcomes, *failed.rows), is_called=at > 0, wait_s=failed.wait_s)
        except MallError as error:
            failed = not_read(rows[at:])
            wait_s = error.retry_after_s or 0.0
            return Carried(rows=(*outcomes, *failed.rows), error=error, wait_s=wait_s)
    return Carried(rows=tuple(outcomes))


async def _read(rows: Sequence[ReadRow], connection: Connection) -> list[OutcomeRow]:
    read = await connection.read_stock([row.ref for row in rows])
    shown = {row.ref: row.quantity for row in read.rows}
    missing = set(read.missing)
    outcomes = []
    for row in rows:
        quantity = shown.get(row.ref)
        if quantity is None:
            outcome: Outcome = ReadingFailed(row.call_id)
        else:
            outcome = ReadingDone(row.call_id, quantity, read.start, read.end)
        is_missing = row.ref in missing
        outcomes.append(OutcomeRow(row.listing_id, outcome, is_missing=is_missing))
    return outcomes


async def carry_out_import(
    work: ImportWork, connection: Connection, ask: Callable[[Letter], Awaitable[object]]
) -> tuple[int, MallError | Withheld | None]:
    """One page of the catalogue, in as many letters as it needs; (rows, what broke it).

    Every part but the last resumes at the page's own beginning, so that a crash reads it again.
    """
    try:
        page = await connection.read_catalogue(work.cursor or None)
    except (MallError, Withheld) as broken:
        return 0, broken
    parts = [
        page.rows[at : at + CATALOGUE_ROWS_MAX]
        for at in range(0, max(len(page.rows), 1), CATALOGUE_ROWS_MAX)
    ]
    for place, part in enumerate(parts, 1):
        cursor = page.cursor if place == len(parts) else work.cursor or FROM_START
        await ask(_catalogue_read(work.job, part, cursor, page.total))
    return len(page.rows), None


def _catalogue_read(
    job: int, rows: tuple[CatalogueRow, ...], cursor: str | None, total: int | None
) -> Letter:
    return lambda number, epoch: CatalogueRead(number, epoch, job, rows, cursor, total)


async def carry_out_probe(
    work: ProbeWork, access: MallAccess, transport: GatedTransport
) -> tuple[Finding, MallError | None]:
    """One probe; what broke it. A probe that broke after it may have written says so."""
    probe = access.kind.probe
    if probe is None or not access.kind.card.needs_probe or access.kind.card.trial != work.trial:
        # The settings were read anew on one side only: the other one follows.
        return Finding(), None
    try:
        return await probe(access.connect(access.credentials or {}, transport)), None
    except (MallError, Withheld) as broken:
        finding = Finding(is_restored=not transport.may_have_written)
        return finding, broken if isinstance(broken, MallError) else None


async def carry_out_check(
    connection: Connection,
) -> tuple[CredentialReport, MallError | Withheld | None]:
    """One proof of credentials; what refused or broke it."""
    try:
        return await connection.check_credentials(), None
    except (MallError, Withheld) as broken:
        return CredentialReport(), broken


def credentials_checked(check: int, report: CredentialReport, error: MallError | None) -> Letter:
    """The letter that answers a check."""
    return lambda number, epoch: CredentialsChecked(
        number,
        epoch,
        check,
        error is None,
        None if error is None else error.spec,
        "" if error is None else error.code,
        None if error is None else error.family,
        report.expires_at,
        report.warnings,
    )
