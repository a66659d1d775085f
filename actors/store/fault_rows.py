"""Rows of `fault`: what operators see as errors. At most one open record an identity."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import FAULT
from actors.store.statement import Lookup, Statement
from engine.faults import FaultKind, FaultSpec


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


_COLUMNS = [column.name for column in FAULT.columns if column.name != "id"]


class FaultAbout(Struct, frozen=True):
    """What a fault is about."""

    mall_id: int | None
    """None: the house."""
    family: str
    subject: str
    code: str


def identity_of(about: FaultAbout, spec: FaultSpec) -> str:
    """What makes two faults the same one: seen again, it counts up."""
    # Each code that nobody knows is a trouble of its own.
    code = about.code if spec.kind is FaultKind.UNCLASSIFIED else ""
    return "|".join((str(about.mall_id or 0), about.family, str(spec.kind), code, about.subject))


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
        self._again = Statement(
            update(FAULT)
            .where(FAULT.c.id == bindparam("row"))
            .values(
                count=FAULT.c.count + 1,
                last_seen=bindparam("moment"),
                code=bindparam("native"),
                message=bindparam("said"),
                message_en=bindparam("said_en"),
            ),
            ["moment", "native", "said", "said_en", "row"],
            dialect,
        )
        self._state = Statement(
            update(FAULT)
            .where(FAULT.c.id == bindparam("row"))
            .values(state=bindparam("next_state"), last_seen=bindparam("moment")),
            ["next_state", "moment", "row"],
            dialect,
        )
        self._count_open = Statement(
            select(func.count()).where(
                FAULT.c.state == "open", FAULT.c.mall_id == bindparam("mall")
            ),
            ["mall"],
            dialect,
        )

    def see(
        self,
        connection: Connection,
        about: FaultAbout,
        spec: FaultSpec,
        now: float,
    ) -> bool:
        """Counts the open record up, or opens one; True when it is new."""
        identity = identity_of(about, spec)
        found = list(self._open_by_identity.rows(connection, (), [identity]))
        if found:
            said = (spec.message, spec.message_en)
            self._again.run(connection, now, about.code, *said, found[0][0])
            return False
        values: dict[str, Any] = {
            "identity": identity,
            "mall_id": about.mall_id,
            "level": int(spec.level),
            "family": about.family,
            "kind": str(spec.kind),
            "subject": about.subject,
            "code": about.code,
            "message": spec.message,
            "hint": spec.hint,
            "message_en": spec.message_en,
            "hint_en": spec.hint_en,
            "state": "open",
            "count": 1,
            "first_seen": now,
            "last_seen": now,
        }
        self._insert.run(connection, *(values[name] for name in _COLUMNS))
        return True

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

    def count_open(self, connection: Connection, mall_id: int) -> int:
        """How many records of a mall are open."""
        row = self._count_open.first(connection, mall_id)
        return 0 if row is None else int(row[0])
