"""Rows of totals: each is a count as of the job's instant, as `stock take` counts (F1).

    total = the file's + what came and left after the instant

Without an instant of its own the job's is the moment it was confirmed, with all orders seen by
then, as `stock set` counts; what is booked while its pages are applied comes on top.
"""

from collections.abc import Sequence
from math import inf

from actors.desk.counting import instants_of, refused_instant
from actors.desk.opening import book_waiting
from actors.desk.stockwork import TOTAL_MAX, book_all
from actors.desk.turn import Turn
from actors.store.listing_rows import SkuRow
from actors.store.movement_rows import Later, MovementRow
from actors.store.sheet_rows import SheetJob, StagedRow
from engine.ledger import Instant, Reason, moved_since, request_key
from engine.links import fold
from engine.questions import SHEET_NOTE_MAX, SheetRefusal, SheetRow

Sentences = tuple[str, str]


class TotalSheet:
    """Looks at and applies pages of one job."""

    def __init__(self, turn: Turn, job: SheetJob) -> None:
        self._turn = turn
        self._job = job
        at = job.as_of if job.as_of is not None else job.moment
        self._at = turn.now if at is None else at
        self._instants = instants_of(turn, self._at)
        if job.as_of is None:
            # What people book after the confirmation is after it, by whatever clock.
            self._instants[None] = Instant(-inf, 0.0)

    def judge(
        self, rows: Sequence[SheetRow]
    ) -> tuple[list[tuple[StagedRow, str]], list[SheetRefusal]]:
        """The rows that are right with what they change (same, change, to_zero); the others."""
        turn = self._turn
        codes = sorted({fold(row.sku) for row in rows})
        skus = turn.store.listings.skus_by_code(turn.connection, codes)
        since = self._later([sku.id for sku in skus.values()])
        right: list[tuple[StagedRow, str]] = []
        refusals = []
        for row in rows:
            sku = skus.get(fold(row.sku))
            wrong = self._wrong(row, sku, since)
            if wrong is not None or sku is None:
                column, (message, message_en) = wrong or ("sku", _no_sku(row.sku))
                refusals.append(
                    SheetRefusal(
                        line=row.line, column=column, message=message, message_en=message_en
                    )
                )
                continue
            total = row.quantity + self._moved(since.get(sku.id))
            change = "same" if total == sku.total else "change"
            if total == 0 and (sku.total or 0) > 0:
                change = "to_zero"
            staged = StagedRow(row.line, sku.id, sku.code, sku.id, row.quantity, row.note)
            right.append((staged, change))
        return right, refusals

    def _wrong(
        self, row: SheetRow, sku: SkuRow | None, since: dict[int, Later]
    ) -> tuple[str, Sentences] | None:
        """The column and why; None: the row is right."""
        if sku is None:
            return "sku", _no_sku(row.sku)
        if not 0 <= row.quantity <= TOTAL_MAX:
            return "quantity", (
                f"数量は 0 から {TOTAL_MAX} までです。",
                f"The quantity must be from 0 to {TOTAL_MAX}.",
            )
        if len(row.note) > SHEET_NOTE_MAX:
            return "note", (
                f"備考は {SHEET_NOTE_MAX} 文字までです。",
                f"A note has at most {SHEET_NOTE_MAX} characters.",
            )
        unfit = self._unfit(sku, row.quantity, since.get(sku.id))
        return None if unfit is None else ("quantity", unfit)

    def _unfit(self, sku: SkuRow, quantity: int, later: Later | None) -> Sentences | None:
        """Why the total cannot be counted as of the job's instant."""
        if self._job.as_of is not None:
            wrong = refused_instant(self._turn, sku, self._job.as_of)
            if wrong is not None:
                return wrong
        elif later is not None and later.is_counted:
            return (
                f"{sku.code} は取り込みの途中で数えられました。総在庫数を確かめてください。",
                f"{sku.code} was counted while the file was taken in; look at its total.",
            )
        if abs(quantity + self._moved(later)) > TOTAL_MAX:
            return (
                f"{sku.code} の総在庫数が ±{TOTAL_MAX} を超えます。",
                f"The total of {sku.code} would leave +-{TOTAL_MAX}.",
            )
        return None

    def apply(self, rows: Sequence[StagedRow]) -> list[tuple[int, Sentences]]:
        """Books a page; (line, sentences) of each row that no longer fits."""
        turn, job = self._turn, self._job
        skus = turn.store.listings.skus_by_id(turn.connection, [row.subject_id for row in rows])
        since = self._later(list(skus))
        lost: list[tuple[int, Sentences]] = []
        booked: list[tuple[SkuRow, MovementRow]] = []
        for row in rows:
            sku = skus.get(row.subject_id)
            if sku is None:
                lost.append((row.line, _no_sku(row.subject)))
                continue
            later = since.get(sku.id)
            unfit = self._unfit(sku, row.quantity, later)
            if unfit is not None:
                lost.append((row.line, unfit))
                continue
            total = row.quantity + self._moved(later)
            note = f"stock import {job.name}"
            movement = MovementRow(
                sku.id, total - (sku.total or 0), total, str(Reason.STOCKTAKE), turn.now, None,
                "", "", self._at, job.actor, f"{note}: {row.note}" if row.note else note,
                request_key(job.key, sku.id),
            )  # fmt: skip
            turn.store.listings.mark_counted(turn.connection, sku.id, self._at)
            booked.append((sku, movement))
        if booked:
            book_all(turn, booked)
        first = [sku.id for sku, _ in booked if sku.total is None]
        if first:
            book_waiting(turn, first)
        return lost

    def _later(self, sku_ids: Sequence[int]) -> dict[int, Later]:
        """What was booked of SKUs that the file cannot hold: since the instant, or the seal."""
        movements, connection = self._turn.store.movements, self._turn.connection
        if self._job.as_of is None:
            if self._job.moment is None:
                return {}
            return movements.later(connection, sku_ids, self._job.seq, 0.0)
        margin = max(instant.eps_s for instant in self._instants.values())
        return movements.later(connection, sku_ids, 0, self._job.as_of - margin)

    def _moved(self, later: Later | None) -> int:
        return 0 if later is None else moved_since(later.moved, self._instants)


def _no_sku(code: str) -> Sentences:
    return (
        f"SKU {code} はありません。zaiko stock list で確かめてください。",
        f"There is no SKU {code}; look it up with: zaiko stock list",
    )
