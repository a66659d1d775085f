"""Rows of `mall` and the ever-growing counters."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import COUNTER, MALL
from actors.store.statement import Statement


class MallRow(Struct, kw_only=True):
    """One mall account as it is persisted; mutable, saved whole."""

    id: int
    name: str
    kind: str
    epoch: int = 0
    instance: str = ""
    is_halted: bool = False
    is_paused: bool = False
    owes_audit: bool = False
    offset_s: float = 0.0
    watermark: float | None = None
    window_poll_end: float | None = None
    recheck_watermark: float | None = None
    is_last_poll_ok: bool = False
    last_poll_at: float | None = None
    last_push_at: float | None = None
    cursor: int = 0
    key_expires_at: float | None = None
    warned_days: int | None = None
    credentials_version: int = 0
    grace_until: float | None = None
    terms: str = ""
    live_at: float | None = None
    found: str = ""
    first_import_at: float | None = None


_FIELDS = tuple(column.name for column in MALL.columns if column.name != "id")


class MallRows:
    """Loads and saves mall accounts and counters."""

    def __init__(self, dialect: Dialect) -> None:
        self._save = Statement(
            update(MALL)
            .where(MALL.c.id == bindparam("row_id"))
            .values({name: bindparam(f"v_{name}") for name in _FIELDS}),
            [*(f"v_{name}" for name in _FIELDS), "row_id"],
            dialect,
        )
        self._count = Statement(
            select(COUNTER.c.value).where(COUNTER.c.name == bindparam("counter")),
            ["counter"],
            dialect,
        )
        self._advance = Statement(
            update(COUNTER)
            .where(COUNTER.c.name == bindparam("counter"))
            .values(value=bindparam("reached")),
            ["reached", "counter"],
            dialect,
        )

    def load_all(self, connection: Connection) -> list[MallRow]:
        """Every mall the database knows."""
        return [MallRow(**row._asdict()) for row in connection.execute(select(MALL))]

    def add(self, connection: Connection, name: str, kind: str, cursor: int) -> MallRow:
        """Adds a mall of the settings that the database does not know yet."""
        row = MallRow(id=0, name=name, kind=kind, cursor=cursor)
        values = {field: getattr(row, field) for field in _FIELDS}
        row.id = int(connection.execute(MALL.insert().values(values)).inserted_primary_key[0])  # type: ignore[index]
        return row

    def save(self, connection: Connection, row: MallRow) -> None:
        """Writes the whole row back."""
        self._save.run(connection, *(getattr(row, name) for name in _FIELDS), row.id)

    def take_ids(self, connection: Connection, counter: str, count: int) -> int:
        """Reserves count ever-growing numbers; the first of them."""
        found = self._count.first(connection, counter)
        if found is None:
            values: dict[str, Any] = {"name": counter, "value": count}
            connection.execute(COUNTER.insert().values(values))
            return 1
        first = int(found[0]) + 1
        self._advance.run(connection, first + count - 1, counter)
        return first

    def reached(self, connection: Connection, counter: str) -> int:
        """The last number given out."""
        found = self._count.first(connection, counter)
        return 0 if found is None else int(found[0])
