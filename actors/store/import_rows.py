"""Rows of `import_job`: a catalogue import that survives any crash and resumes at its cursor."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, func, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import IMPORT, IMPORT_CHANGE, LISTING
from actors.store.statement import Statement


class ImportRow(Struct, frozen=True):
    """One import job."""

    id: int
    mall_id: int
    state: str
    cursor: str | None
    read: int
    expected: int | None
    added: int
    updated: int
    gone: int
    linked: int
    conflicts: int
    unchanged: int
    refused: int
    is_file: bool
    reason: str
    actor: str
    started_at: float


class ImportRows:
    """Opens, advances and finishes import jobs. Only `unfinished` is on a hot path: each pull."""

    def __init__(self, dialect: Dialect) -> None:
        self._unfinished = Statement(
            select(IMPORT).where(
                IMPORT.c.mall_id == bindparam("mall"),
                IMPORT.c.state != "done",
                IMPORT.c.is_file.is_(False),
            ),
            ["mall"],
            dialect,
        )
        names = ["job", "listing_id", "field", "old", "new"]
        self._change = Statement(
            insert(IMPORT_CHANGE).values({name: bindparam(name) for name in names}), names, dialect
        )

    def open(self, connection: Connection, mall_id: int, actor: str, now: float) -> ImportRow:
        """The unfinished job of the mall, or a new one."""
        found = self.unfinished(connection, mall_id)
        if found is not None:
            return found
        return self._add(connection, mall_id, actor, now, is_file=False)

    def open_file(self, connection: Connection, mall_id: int, actor: str, now: float) -> ImportRow:
        """A new job of a file's rows; no mall actor pulls it."""
        return self._add(connection, mall_id, actor, now, is_file=True)

    def _add(
        self, connection: Connection, mall_id: int, actor: str, now: float, *, is_file: bool
    ) -> ImportRow:
        added = connection.execute(
            insert(IMPORT).values(
                mall_id=mall_id,
                state="waiting",
                cursor=None,
                read=0,
                expected=None,
                added=0,
                updated=0,
                gone=0,
                linked=0,
                conflicts=0,
                unchanged=0,
                refused=0,
                is_file=is_file,
                reason="",
                actor=actor,
                started_at=now,
            )
        )
        row = self.load(connection, int(added.inserted_primary_key[0]))  # type: ignore[index]
        if row is None:
            raise AssertionError("an import job just opened is not there")
        return row

    def newest(self, connection: Connection) -> int:
        """The highest number a job has had."""
        return connection.execute(select(func.max(IMPORT.c.id))).scalar_one() or 0

    def unfinished(self, connection: Connection, mall_id: int) -> ImportRow | None:
        """The job of the mall that is not done yet."""
        row = self._unfinished.first(connection, mall_id)
        return None if row is None else ImportRow(*row)

    def load(self, connection: Connection, job: int) -> ImportRow | None:
        """One job."""
        row = connection.execute(select(IMPORT).where(IMPORT.c.id == job)).fetchone()
        return None if row is None else ImportRow(*row)

    def save(self, connection: Connection, row: ImportRow) -> None:
        """Writes how far a job is."""
        connection.execute(
            update(IMPORT)
            .where(IMPORT.c.id == row.id)
            .values(
                state=row.state,
                cursor=row.cursor,
                read=row.read,
                expected=row.expected,
                added=row.added,
                updated=row.updated,
                gone=row.gone,
                linked=row.linked,
                conflicts=row.conflicts,
                unchanged=row.unchanged,
                refused=row.refused,
                reason=row.reason,
            )
        )

    def note_changes(
        self, connection: Connection, job: int, rows: Sequence[tuple[int, str, str, str]]
    ) -> None:
        """Keeps (listing id, field, old, new) of a job."""
        self._change.many(connection, [(job, *row) for row in rows])

    def forget_changes(self, connection: Connection, mall_id: int, job: int) -> None:
        """What earlier jobs of a mall changed; only the last one's changes are kept."""
        earlier = select(IMPORT.c.id).where(IMPORT.c.mall_id == mall_id, IMPORT.c.id < job)
        connection.execute(delete(IMPORT_CHANGE).where(IMPORT_CHANGE.c.job.in_(earlier)))

    def changes_of(
        self, connection: Connection, job: int, after: int, limit: int
    ) -> list[tuple[int, str, str, str, str, str]]:
        """(id, code, sub_code, field, old, new) of a job's changes after an id."""
        change = IMPORT_CHANGE.c
        rows = connection.execute(
            select(
                change.id, LISTING.c.code, LISTING.c.sub_code, change.field, change.old, change.new
            )
            .select_from(IMPORT_CHANGE.join(LISTING, LISTING.c.id == change.listing_id))
            .where(change.job == job, change.id > after)
            .order_by(change.id)
            .limit(limit)
        )
        return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows]

    def mark_gone(self, connection: Connection, mall_id: int, job: int) -> int:
        """Listings the finished import did not see are gone, never 0; how many became so."""
        changed = connection.execute(
            update(LISTING)
            .where(
                LISTING.c.mall_id == mall_id,
                LISTING.c.seen_job < job,
                LISTING.c.is_gone.is_(False),
            )
            .values(is_gone=True)
        )
        return int(changed.rowcount)
