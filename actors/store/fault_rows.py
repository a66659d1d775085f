"""Rows of `fault`: what operators see as errors. At most one open record an identity."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import FAULT
from actors.store.statement import Lookup, Statement
from engine.fault_record import FaultKey, FaultRecord, FaultState
from engine.faults import Family, FaultKind, Level


class FaultRow(Struct, frozen=True):
    """One record as it stands in the table."""

    id: int
    identity: str
    mall_id: int | None
    level: int
    family: str
    kind: str
    subject: str
    code: str
    message: str
    hint: str
    message_en: str
    hint_en: str
    state: str
    count: int
    first_seen: float
    last_seen: float

    def record(self, mall: str) -> FaultRecord:
        """The record as the engine knows it; mall is the account's name, "" for the house."""
        return FaultRecord(
            id=self.id,
            level=Level(self.level),
            mall=mall,
            subject=self.subject,
            family=Family(self.family) if self.family else None,
            kind=FaultKind(self.kind),
            code=self.code,
            message=self.message,
            hint=self.hint,
            message_en=self.message_en,
            hint_en=self.hint_en,
            first_seen=self.first_seen,
            last_seen=self.last_seen,
            count=self.count,
            state=FaultState(self.state),
        )


_COLUMNS = [column.name for column in FAULT.columns if column.name != "id"]


def identity_of(key: FaultKey) -> str:
    """The text of what makes two faults the same one."""
    family = "" if key.family is None else str(key.family)
    return "|".join((key.mall, family, str(key.kind), key.code, key.subject))


class FaultRows:
    """Opens, counts, resolves and clears fault records."""

    def __init__(self, dialect: Dialect) -> None:
        everything = select(FAULT)
        self._open_by_identity = Lookup(
            lambda keys: everything.where(FAULT.c.state == "open", FAULT.c.identity.in_(keys)),
            [],
            dialect,
        )
        self._by_id = Lookup(lambda keys: everything.where(FAULT.c.id.in_(keys)), [], dialect)
        self._open_of_mall = Statement(
            everything.where(FAULT.c.state == "open", FAULT.c.mall_id == bindparam("mall")),
            ["mall"],
            dialect,
        )
        self._open_of_subject = Statement(
            everything.where(
                FAULT.c.state == "open",
                FAULT.c.mall_id.is_not_distinct_from(bindparam("mall")),
                FAULT.c.subject == bindparam("about"),
            ),
            ["mall", "about"],
            dialect,
        )
        self._insert = Statement(
            insert(FAULT).values({name: bindparam(name) for name in _COLUMNS}), _COLUMNS, dialect
        )
        said = ("level", "code", "message", "hint", "message_en", "hint_en", "count", "last_seen")
        self._again = Statement(
            update(FAULT)
            .where(FAULT.c.id == bindparam("row"))
            .values({name: bindparam(f"new_{name}") for name in said}),
            [*(f"new_{name}" for name in said), "row"],
            dialect,
        )
        self._state = Statement(
            update(FAULT)
            .where(FAULT.c.id == bindparam("row"))
            .values(state=bindparam("next_state"), last_seen=bindparam("moment")),
            ["next_state", "moment", "row"],
            dialect,
        )

    def open_with(self, connection: Connection, identity: str) -> FaultRow | None:
        """The open record of an identity."""
        for row in self._open_by_identity.rows(connection, (), [identity]):
            return FaultRow(*row)
        return None

    def which_open(self, connection: Connection, identities: Sequence[str]) -> set[str]:
        """Those of the identities that have an open record."""
        rows = self._open_by_identity.rows(connection, (), identities)
        return {FaultRow(*row).identity for row in rows}

    def write(
        self, connection: Connection, mall_id: int | None, identity: str, record: FaultRecord
    ) -> None:
        """Writes a record; id 0 is a new one."""
        words = (record.message, record.hint, record.message_en, record.hint_en)
        if record.id:
            self._again.run(
                connection,
                int(record.level),
                record.code,
                *words,
                record.count,
                record.last_seen,
                record.id,
            )
            return
        values: dict[str, Any] = {
            "identity": identity,
            "mall_id": mall_id,
            "level": int(record.level),
            "family": "" if record.family is None else str(record.family),
            "kind": str(record.kind),
            "subject": record.subject,
            "code": record.code,
            "message": record.message,
            "hint": record.hint,
            "message_en": record.message_en,
            "hint_en": record.hint_en,
            "state": str(record.state),
            "count": record.count,
            "first_seen": record.first_seen,
            "last_seen": record.last_seen,
        }
        self._insert.run(connection, *(values[name] for name in _COLUMNS))

    def open_of_subject(
        self, connection: Connection, mall_id: int | None, subject: str
    ) -> list[FaultRow]:
        """The open records of one listing, order or mall (subject "")."""
        rows = self._open_of_subject.rows(connection, mall_id, subject)
        return [FaultRow(*row) for row in rows]

    def open_subjects(self, connection: Connection, mall_id: int) -> set[str]:
        """What in the mall has an open record."""
        return {row.subject for row in self.open_of_mall(connection, mall_id)}

    def open_of_mall(self, connection: Connection, mall_id: int) -> list[FaultRow]:
        """Every open record of a mall."""
        return [FaultRow(*row) for row in self._open_of_mall.rows(connection, mall_id)]

    def not_cleared(self, connection: Connection, mall_id: int) -> list[FaultRow]:
        """Every open or resolved record of a mall."""
        found = connection.execute(
            select(FAULT).where(FAULT.c.mall_id == mall_id, FAULT.c.state != "cleared")
        )
        return [FaultRow(*row) for row in found]

    def by_id(self, connection: Connection, ids: Sequence[int]) -> dict[int, FaultRow]:
        """Records by id."""
        return {row[0]: FaultRow(*row) for row in self._by_id.rows(connection, (), ids)}

    def set_state(self, connection: Connection, ids: Sequence[int], state: str, now: float) -> None:
        """Marks records resolved or cleared."""
        self._state.many(connection, [(state, now, fault_id) for fault_id in ids])
