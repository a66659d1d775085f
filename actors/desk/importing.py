"""Catalogue imports: pages that may come twice, resumed at their cursor, done when committed.

A mall's API tells its whole catalogue: a listing that is no longer there is marked gone, never 0. A
file's rows come from the operator who gave it. It may be a part of the catalogue, and it is older
than now, so it never marks a listing gone and brings none back.
"""

from msgspec.structs import replace

from actors.desk.account import Account
from actors.desk.registering import Registration, Source
from actors.desk.turn import Turn
from actors.store.import_rows import ImportRow
from engine.messages import Ack, CatalogueRead, ImportFailed
from engine.product_file import FileRow
from engine.questions import (
    ChangeView,
    FileImportView,
    ImportFileRows,
    ImportView,
    StartImport,
)


def start_import(turn: Turn, account: Account, letter: StartImport, sender: bytes) -> None:
    """Opens the mall's import job, or joins the one that is not done."""
    job = turn.store.imports.open(turn.connection, account.id, letter.actor, turn.now)
    turn.wakes_pull.add(account.id)
    turn.answer(sender, letter.id, import_view(account, job))


def import_view(account: Account, job: ImportRow) -> ImportView:
    """How far a job is, as operators see it."""
    return ImportView(
        job=job.id,
        mall=account.name,
        state=job.state,
        read=job.read,
        total=job.expected,
        added=job.added,
        updated=job.updated,
        gone=job.gone,
        linked=job.linked,
        conflicts=job.conflicts,
        reason=job.reason,
        unchanged=job.unchanged,
        refused=job.refused,
    )


def import_failed(turn: Turn, _account: Account, letter: ImportFailed, sender: bytes) -> None:
    """The job stays and is pulled again; it says why it waits."""
    job = turn.store.imports.load(turn.connection, letter.job)
    if job is not None and job.state != "done":
        turn.store.imports.save(
            turn.connection, replace(job, state="waiting", reason=letter.reason)
        )
    turn.reply(sender, Ack(letter.id))


def catalogue_read(turn: Turn, account: Account, letter: CatalogueRead, sender: bytes) -> None:
    """Registers one page: adds, updates, links; the last page marks what is gone."""
    store, connection = turn.store, turn.connection
    job = store.imports.load(connection, letter.job)
    if job is None or job.state == "done" or job.mall_id != account.id:
        turn.reply(sender, Ack(letter.id))
        return
    page = Registration(turn, account, Source(job=job.id))
    page.register([FileRow(0, row) for row in letter.rows])
    store.imports.note_changes(
        connection,
        job.id,
        [
            (one.listing_id, change.field, change.old, change.new)
            for one in page.changed
            for change in one.changes
        ],
    )
    job = replace(
        _counted(job, page, read=len(letter.rows)),
        cursor=letter.cursor,
        expected=letter.total or job.expected,
    )
    if letter.cursor is None:
        gone = store.imports.mark_gone(connection, account.id, job.id)
        store.imports.forget_changes(connection, account.id, job.id)
        job = _done(turn, account, replace(job, gone=gone))
    store.imports.save(connection, job)
    turn.wakes_pull.add(account.id)
    turn.reply(sender, Ack(letter.id))


def import_file_rows(turn: Turn, account: Account, letter: ImportFileRows, sender: bytes) -> None:
    """Registers some rows of a file, or tries them; a page that comes twice adds nothing."""
    store, connection = turn.store, turn.connection
    job = _file_job(turn, account, letter)
    page = Registration(
        turn,
        account,
        Source(
            job=0 if letter.is_dry else job.id,
            is_file=True,
            lead_time_days=letter.lead_time_days,
            shown_at=letter.shown_at,
        ),
    )
    page.register(letter.rows)
    job = _counted(job, page, read=len(letter.rows) + letter.refused, refused=letter.refused)
    if letter.is_dry:
        job = replace(job, state="tried")
    else:
        if letter.is_last:
            job = _done(turn, account, job)
        store.imports.save(connection, job)
    told = tuple(
        ChangeView(
            code=one.row.ref.code,
            sub_code=one.row.ref.sub_code,
            field=change.field,
            old=change.old,
            new=change.new,
        )
        for one in page.changed
        for change in one.changes
    )
    turn.answer(sender, letter.id, FileImportView(view=import_view(account, job), changes=told))


def _file_job(turn: Turn, account: Account, letter: ImportFileRows) -> ImportRow:
    imports, connection = turn.store.imports, turn.connection
    if letter.is_dry:
        # Nothing is written, not even a job; the client adds the pages up.
        return ImportRow(
            id=0, mall_id=account.id, state="tried", cursor=None, read=0, expected=None, added=0,
            updated=0, gone=0, linked=0, conflicts=0, unchanged=0, refused=0, is_file=True,
            reason="", actor=letter.actor, started_at=turn.now,
        )  # fmt: skip
    job = None if letter.job is None else imports.load(connection, letter.job)
    if job is None or job.mall_id != account.id or not job.is_file:
        return imports.open_file(connection, account.id, letter.actor, turn.now)
    return job


def _counted(job: ImportRow, page: Registration, *, read: int, refused: int = 0) -> ImportRow:
    return replace(
        job,
        state="running",
        reason="",
        read=job.read + read,
        added=job.added + page.added,
        updated=job.updated + len(page.changed),
        unchanged=job.unchanged + page.unchanged,
        refused=job.refused + refused,
        linked=job.linked + page.linked,
        conflicts=job.conflicts + page.conflicts,
    )


def _done(turn: Turn, account: Account, job: ImportRow) -> ImportRow:
    if account.row.first_import_at is None and job.added + job.updated + job.unchanged:
        # The list shows what the mall imported first says of a product (M18).
        account.row.first_import_at = turn.now
        account.is_changed = True
    turn.tell("import", account, "", ("取り込みが終わりました", "the import is done"), job.read)
    return replace(job, state="done")
