"""Rows of `import_job`: a catalogue import that survives any crash and resumes at its cursor."""

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import IMPORT, LISTING
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
    reason: str
    actor: str
    started_at: float


class ImportRows:
    """Opens, advances and finishes import jobs. Only `unfinished` is on a hot path: each pull."""

    def __init__(self, dialect: Dialect) -> None:
        self._unfinished = Statement(
            select(IMPORT).where(IMPORT.c.mall_id == bindparam("mall"), IMPORT.c.state != "done"),
            ["mall"],
            dialect,
        )

    def open(self, connection: Connection, mall_id: int, actor: str, now: float) -> ImportRow:
        """The unfinished job of the mall, or a new one."""
        found = self.unfinished(connection, mall_id)
        if found is not None:
            return found
        connection.execute(
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
                reason="",
                actor=actor,
                started_at=now,
            )
        )
        opened = self.unfinished(connection, mall_id)
        if opened is None:
            raise AssertionError("an import job just opened is not there")
        return opened

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
                reason=row.reason,
            )
        )

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
