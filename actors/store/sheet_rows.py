"""Rows of `sheet_job` and `sheet_row`: an operator's file until all of it is applied.

A row that is applied is deleted in the same transaction: what is there still waits, whatever
crashed. Rows that no longer fitted when their turn came stay, a few of them, with the reason.
"""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import SHEET_JOB, SHEET_ROW
from actors.store.statement import Lookup, Statement


class SheetJob(Struct, frozen=True):
    """One job; its fields are the columns, in their order."""

    id: int
    key: str
    kind: str
    name: str
    actor: str
    state: str
    as_of: float | None
    moment: float | None
    seq: int
    touched_at: float
    rows: int
    changed: int
    unchanged: int
    to_zero: int
    refused: int
    applied: int
    lost: int


class StagedRow(Struct, frozen=True, array_like=True):
    """One row that waits; its fields are the columns after `job`, in their order."""

    line: int
    subject_id: int
    subject: str
    sku_id: int | None
    quantity: int
    note: str
    message: str = ""
    message_en: str = ""


_ROW_NAMES = ("job", *StagedRow.__struct_fields__)
_JOB_NAMES = SheetJob.__struct_fields__


class SheetRows:
    """Opens and advances jobs. Only `unfinished` is on a hot path: each pull."""

    def __init__(self, dialect: Dialect) -> None:
        self._unfinished = Statement(
            select(SHEET_JOB)
            .where(
                SHEET_JOB.c.state == bindparam("wanted"),
            )
            .order_by(SHEET_JOB.c.id)
            .limit(1),
            ["wanted"],
            dialect,
        )
        self._by_id = Statement(
            select(SHEET_JOB).where(SHEET_JOB.c.id == bindparam("job")), ["job"], dialect
        )
        self._save = Statement(
            update(SHEET_JOB)
            .where(SHEET_JOB.c.id == bindparam("job"))
            .values({name: bindparam(f"v_{name}") for name in _JOB_NAMES[1:]}),
            [*(f"v_{name}" for name in _JOB_NAMES[1:]), "job"],
            dialect,
        )
        self._add = Statement(
            insert(SHEET_ROW).values({name: bindparam(name) for name in _ROW_NAMES}),
            _ROW_NAMES,
            dialect,
        )
        self._lines = Lookup(
            lambda keys: select(SHEET_ROW.c.subject_id, SHEET_ROW.c.line).where(
                SHEET_ROW.c.job == bindparam("job"), SHEET_ROW.c.subject_id.in_(keys)
            ),
            ["job"],
            dialect,
        )
        self._waiting = Statement(
            select(*(SHEET_ROW.c[name] for name in _ROW_NAMES[1:]))
            .where(SHEET_ROW.c.job == bindparam("job"), SHEET_ROW.c.message == "")
            .order_by(SHEET_ROW.c.line)
            .limit(bindparam("most")),
            ["job", "most"],
            dialect,
        )
        self._lost = Statement(
            select(*(SHEET_ROW.c[name] for name in _ROW_NAMES[1:]))
            .where(SHEET_ROW.c.job == bindparam("job"), SHEET_ROW.c.message != "")
            .order_by(SHEET_ROW.c.line),
            ["job"],
            dialect,
        )
        self._delete = Statement(
            delete(SHEET_ROW).where(
                SHEET_ROW.c.job == bindparam("of_job"), SHEET_ROW.c.line == bindparam("at_line")
            ),
            ["of_job", "at_line"],
            dialect,
        )
        self._lose = Statement(
            update(SHEET_ROW)
            .where(SHEET_ROW.c.job == bindparam("of_job"), SHEET_ROW.c.line == bindparam("at_line"))
            .values(message=bindparam("said"), message_en=bindparam("said_en")),
            ["said", "said_en", "of_job", "at_line"],
            dialect,
        )

    # --- jobs ---------------------------------------------------------------------------------

    def unfinished(self, connection: Connection, state: str) -> SheetJob | None:
        """The oldest job that is staging, applying or dropping."""
        row = self._unfinished.first(connection, state)
        return None if row is None else SheetJob(*row)

    def load(self, connection: Connection, job: int) -> SheetJob | None:
        """One job."""
        row = self._by_id.first(connection, job)
        return None if row is None else SheetJob(*row)

    def with_key(self, connection: Connection, key: str) -> SheetJob | None:
        """The job its sender named so."""
        row = connection.execute(select(SHEET_JOB).where(SHEET_JOB.c.key == key)).fetchone()
        return None if row is None else SheetJob(*row)

    def open(self, connection: Connection, job: SheetJob) -> SheetJob:
        """Adds a job; its id is given here."""
        values = {name: getattr(job, name) for name in _JOB_NAMES[1:]}
        added = connection.execute(insert(SHEET_JOB).values(values))
        found = self.load(connection, int(added.inserted_primary_key[0]))  # type: ignore[index]
        if found is None:
            raise AssertionError("a sheet's job just opened is not there")
        return found

    def save(self, connection: Connection, job: SheetJob) -> None:
        """Writes the whole job back."""
        self._save.run(connection, *(getattr(job, name) for name in _JOB_NAMES[1:]), job.id)

    # --- rows ---------------------------------------------------------------------------------

    def add(self, connection: Connection, job: int, rows: Sequence[StagedRow]) -> None:
        """Stages rows, each subject once a job."""
        names = StagedRow.__struct_fields__
        self._add.many(connection, [(job, *(getattr(row, n) for n in names)) for row in rows])

    def lines_of(
        self, connection: Connection, job: int, subject_ids: Sequence[int]
    ) -> dict[int, int]:
        """In which line each of these subjects is staged already."""
        return {row[0]: row[1] for row in self._lines.rows(connection, (job,), subject_ids)}

    def waiting(self, connection: Connection, job: int, most: int) -> list[StagedRow]:
        """The first rows that wait, in the order of the file."""
        return [StagedRow(*row) for row in self._waiting.rows(connection, job, most)]

    def lost(self, connection: Connection, job: int) -> list[StagedRow]:
        """The rows that are kept with the reason why they could not be applied."""
        return [StagedRow(*row) for row in self._lost.rows(connection, job)]

    def delete(self, connection: Connection, job: int, lines: Sequence[int]) -> None:
        """Takes rows away: they are applied, or dropped."""
        self._delete.many(connection, [(job, line) for line in lines])

    def lose(
        self, connection: Connection, job: int, rows: Sequence[tuple[int, tuple[str, str]]]
    ) -> None:
        """Keeps why rows (line, sentences) could not be applied."""
        self._lose.many(connection, [(*said, job, line) for line, said in rows])
