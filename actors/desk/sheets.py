"""An operator's file of totals or links as one job: sent, looked through, then applied whole.

    staging --confirmed--> applying --page by page, between other letters--> done
       |--refused, left alone or let go--> dropping --page by page--> dropped

Rows are looked through as they arrive, and one that is refused keeps the job from being confirmed.
Confirmed it is applied whatever crashes: a row goes in the transaction that applies it. Bulk pushes
wait meanwhile (`breaking.may_bulk_go`), so that the breaker judges the whole change. What somebody
changed between the look and a row's turn is not overwritten: such a row is lost, and told of.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import structs

from actors.desk.account import Account
from actors.desk.sheet_links import LinkSheet
from actors.desk.sheet_totals import TotalSheet
from actors.desk.turn import Turn
from actors.store.sheet_rows import SheetJob, StagedRow
from engine.questions import (
    SHEET_NAME_MAX,
    SHEET_PAGE_MAX,
    SHEET_ROWS_MAX,
    ApplySheet,
    AskSheet,
    DropSheet,
    OpenSheet,
    SendSheet,
    SheetRefusal,
    SheetView,
)

SHEET_JOB_AGE_S_MAX: Final = 300.0
"""A job that was not confirmed and of which nothing was heard for so long is dropped."""
SHEET_APPLY_ROWS_MAX: Final = 200
"""Rows that are applied in one transaction; orders come in between."""
SHEET_DROP_ROWS_MAX: Final = 2_000
"""Rows of a dropped job that are deleted in one transaction."""
SHEET_LOST_TOLD_MAX: Final = 20
"""Rows that no longer fitted of which the reason is kept; all are counted."""

Accounts = Mapping[str, Account]


def open_sheet(turn: Turn, letter: OpenSheet, sender: bytes) -> None:
    """Begins a job, or refuses a second one."""
    store, connection = turn.store, turn.connection
    known = store.sheets.with_key(connection, letter.key)
    if known is not None:
        turn.answer(sender, letter.id, view_of(known))
        return
    for state in ("staging", "applying"):
        other = store.sheets.unfinished(connection, state)
        if other is None:
            continue
        if state == "staging" and _is_left(turn, other):
            _drop(turn, other)
            continue
        sentences = (
            f"{other.name} の取り込み中です({other.actor})。終わってからお試しください。",
            f"The import of {other.name} by {other.actor} is not finished; try again after it.",
        )
        turn.deny(sender, letter.id, 3, sentences)
        return
    if letter.as_of is not None and letter.as_of > turn.now:
        sentences = ("日時が未来です。", "The instant is in the future.")
        turn.deny(sender, letter.id, 2, sentences)
        return
    job = SheetJob(
        id=0, key=letter.key, kind=letter.kind, name=letter.name[:SHEET_NAME_MAX],
        actor=letter.actor, state="staging", as_of=letter.as_of, moment=None, seq=0,
        touched_at=turn.now, rows=0, changed=0, unchanged=0, to_zero=0, refused=0, applied=0,
        lost=0,
    )  # fmt: skip
    turn.answer(sender, letter.id, view_of(store.sheets.open(connection, job)))


def send_sheet(turn: Turn, accounts: Accounts, letter: SendSheet, sender: bytes) -> None:
    """Looks a page of rows through and keeps those that are right."""
    store, connection = turn.store, turn.connection
    job = store.sheets.load(connection, letter.job)
    if job is None or job.state != "staging":
        _deny_gone(turn, sender, letter.id)
        return
    if len(letter.rows) > SHEET_PAGE_MAX or job.rows + len(letter.rows) > SHEET_ROWS_MAX:
        sentences = (
            f"{SHEET_ROWS_MAX} 行を超えています。ファイルを分けてください。",
            f"The file has more than {SHEET_ROWS_MAX} rows; split it.",
        )
        turn.deny(sender, letter.id, 2, sentences)
        return
    sheet = _sheet_of(turn, accounts, job)
    judged, refusals = sheet.judge(letter.rows)
    staged, twice = _staged_once(turn, job, [row for row, _ in judged])
    kept = {row.line for row in staged}
    changes = [change for row, change in judged if row.line in kept]
    store.sheets.add(connection, job.id, staged)
    job = structs.replace(
        job,
        touched_at=turn.now,
        rows=job.rows + len(staged),
        changed=job.changed + sum(change != "same" for change in changes),
        unchanged=job.unchanged + sum(change == "same" for change in changes),
        to_zero=job.to_zero + sum(change == "to_zero" for change in changes),
        refused=job.refused + letter.refused + len(refusals) + len(twice),
    )
    store.sheets.save(connection, job)
    said = sorted([*refusals, *twice], key=lambda row: row.line)
    turn.answer(sender, letter.id, view_of(job, said))


def _staged_once(
    turn: Turn, job: SheetJob, rows: Sequence[StagedRow]
) -> tuple[list[StagedRow], list[SheetRefusal]]:
    """The rows that are not staged yet, and a refusal of each that names a subject again."""
    ids = [row.subject_id for row in rows]
    lines = turn.store.sheets.lines_of(turn.connection, job.id, ids)
    staged, refusals = [], []
    for row in rows:
        first = lines.setdefault(row.subject_id, -row.line)
        if first == -row.line:
            staged.append(row)
        elif abs(first) != row.line:
            refusals.append(
                SheetRefusal(
                    line=row.line,
                    column="sku" if job.kind == "totals" else "code",
                    message=f"{row.subject} は {abs(first)} 行目にもあります。1 行にしてください。",
                    message_en=f"{row.subject} is in line {abs(first)} as well; give it once.",
                )
            )
    return staged, refusals


def apply_sheet(turn: Turn, letter: ApplySheet, sender: bytes) -> None:
    """Confirms a job: from now on it ends applied."""
    store, connection = turn.store, turn.connection
    job = store.sheets.load(connection, letter.job)
    if job is None or job.state in {"dropping", "dropped"}:
        _deny_gone(turn, sender, letter.id)
        return
    if job.state == "staging":
        if job.refused or job.rows != letter.rows:
            sentences = (
                "取り込めない行があるため、何も変更していません。",
                "Not all rows can be taken; nothing was changed.",
            )
            turn.deny(sender, letter.id, 2, sentences)
            return
        seq = store.movements.last(connection)
        job = structs.replace(job, state="applying", moment=turn.now, seq=seq)
        store.sheets.save(connection, job)
    turn.answer(sender, letter.id, view_of(job))


def drop_sheet(turn: Turn, letter: DropSheet, sender: bytes) -> None:
    """Ends a job that is not confirmed; one that is stays as it is."""
    job = turn.store.sheets.load(turn.connection, letter.job)
    if job is None:
        _deny_gone(turn, sender, letter.id)
        return
    if job.state == "staging":
        job = _drop(turn, job)
    turn.answer(sender, letter.id, view_of(job))


def ask_sheet(turn: Turn, letter: AskSheet, sender: bytes) -> None:
    """How far a job is."""
    job = turn.store.sheets.load(turn.connection, letter.job)
    if job is None:
        _deny_gone(turn, sender, letter.id)
        return
    lost = turn.store.sheets.lost(turn.connection, job.id) if job.lost else ()
    refusals = [
        SheetRefusal(line=row.line, column="", message=row.message, message_en=row.message_en)
        for row in lost
    ]
    turn.answer(sender, letter.id, view_of(job, refusals))


def walk(turn: Turn, accounts: Accounts) -> bool:
    """One page of whatever is to be done; False: nothing is, now."""
    sheets, connection = turn.store.sheets, turn.connection
    applying = sheets.unfinished(connection, "applying")
    if applying is not None:
        _apply_page(turn, accounts, applying)
        return True
    staging = sheets.unfinished(connection, "staging")
    if staging is not None and _is_left(turn, staging):
        _drop(turn, staging)
    dropping = sheets.unfinished(connection, "dropping")
    if dropping is None:
        return False
    rows = sheets.waiting(connection, dropping.id, SHEET_DROP_ROWS_MAX)
    sheets.delete(connection, dropping.id, [row.line for row in rows])
    if len(rows) < SHEET_DROP_ROWS_MAX:
        sheets.save(connection, structs.replace(dropping, state="dropped"))
    return True


def give_up(turn: Turn) -> bool:
    """A page that cannot be applied for a bug ends its job: it would fail again for ever.

    False: no file is being applied.
    """
    job = turn.store.sheets.unfinished(turn.connection, "applying")
    if job is not None:
        _drop(turn, job)
        said = ("取り込みが内部エラーで止まりました", "its import stopped for an internal error")
        turn.tell("import", None, job.name, said, job.applied)
        turn.wake_all()
    return job is not None


def _apply_page(turn: Turn, accounts: Accounts, job: SheetJob) -> None:
    store, connection = turn.store, turn.connection
    rows = store.sheets.waiting(connection, job.id, SHEET_APPLY_ROWS_MAX)
    lost = _sheet_of(turn, accounts, job).apply(rows)
    told = lost[: max(0, SHEET_LOST_TOLD_MAX - job.lost)]
    kept = {line for line, _ in told}
    store.sheets.lose(connection, job.id, told)
    store.sheets.delete(connection, job.id, [row.line for row in rows if row.line not in kept])
    job = structs.replace(
        job, applied=job.applied + len(rows) - len(lost), lost=job.lost + len(lost)
    )
    if len(rows) < SHEET_APPLY_ROWS_MAX:
        job = structs.replace(job, state="done")
        turn.tell("import", None, job.name, ("取り込みました", "was imported"), job.applied)
        # What waited for the whole of it is judged now.
        turn.wake_all()
    store.sheets.save(connection, job)


def _sheet_of(turn: Turn, accounts: Accounts, job: SheetJob) -> TotalSheet | LinkSheet:
    return TotalSheet(turn, job) if job.kind == "totals" else LinkSheet(turn, accounts)


def _is_left(turn: Turn, job: SheetJob) -> bool:
    return not 0 <= turn.now - job.touched_at <= SHEET_JOB_AGE_S_MAX


def _drop(turn: Turn, job: SheetJob) -> SheetJob:
    dropped = structs.replace(job, state="dropping")
    turn.store.sheets.save(turn.connection, dropped)
    return dropped


def _deny_gone(turn: Turn, sender: bytes, question: int) -> None:
    sentences = (
        "この取り込みは終わっています。もう一度最初から取り込んでください。",
        "This import has ended; begin it again.",
    )
    turn.deny(sender, question, 3, sentences)


def view_of(job: SheetJob, refusals: Sequence[SheetRefusal] = ()) -> SheetView:
    """A job as its sender sees it."""
    return SheetView(
        job=job.id, kind="totals" if job.kind == "totals" else "links", name=job.name,
        state=job.state, as_of=job.moment if job.as_of is None else job.as_of, rows=job.rows,
        changed=job.changed, unchanged=job.unchanged, to_zero=job.to_zero, refused=job.refused,
        applied=job.applied, lost=job.lost, refusals=tuple(refusals),
    )  # fmt: skip
