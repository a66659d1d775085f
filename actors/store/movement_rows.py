"""Rows of `movement` and the totals of `sku`: the ledger. Append-only."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import MOVEMENT, SKU
from actors.store.statement import Statement

_COLUMNS = (
    "sku_id",
    "delta",
    "total",
    "reason",
    "at",
    "mall_id",
    "number",
    "line",
    "actor",
    "note",
    "key",
)


class MovementRow(Struct, frozen=True, array_like=True):
    """One movement to be written; the order of the fields is the order of the columns."""

    sku_id: int
    delta: int
    total: int
    reason: str
    at: float
    mall_id: int | None
    number: str
    line: str
    actor: str
    note: str
    key: str | None


class MovementRows:
    """Appends movements, sets totals, and reads what changed since a cursor."""

    def __init__(self, dialect: Dialect) -> None:
        self._insert = Statement(
            insert(MOVEMENT).values({name: bindparam(name) for name in _COLUMNS}),
            _COLUMNS,
            dialect,
        )
        self._set_total = Statement(
            update(SKU).where(SKU.c.id == bindparam("row")).values(total=bindparam("new_total")),
            ["new_total", "row"],
            dialect,
        )
        self._changed = Statement(
            select(MOVEMENT.c.seq, MOVEMENT.c.sku_id)
            .where(MOVEMENT.c.seq > bindparam("cursor"))
            .order_by(MOVEMENT.c.seq)
            .limit(bindparam("most")),
            ["cursor", "most"],
            dialect,
        )
        self._last = Statement(select(func.max(MOVEMENT.c.seq)), [], dialect)
        self._by_key = Statement(
            select(MOVEMENT.c.seq).where(MOVEMENT.c.key == bindparam("movement_key")),
            ["movement_key"],
            dialect,
        )

    def append(
        self,
        connection: Connection,
        movements: Sequence[MovementRow],
        totals: dict[int, int],
    ) -> None:
        """Appends movements and sets the totals they lead to (SKU id -> total)."""
        self._insert.many(connection, [_tuple(row) for row in movements])
        self._set_total.many(connection, [(total, sku) for sku, total in totals.items()])

    def changed_since(
        self, connection: Connection, cursor: int, most: int
    ) -> tuple[int, list[int]]:
        """The new cursor and the SKUs whose total moved after the old one, oldest first."""
        rows = self._changed.rows(connection, cursor, most)
        if not rows:
            return cursor, []
        return int(rows[-1][0]), list(dict.fromkeys(int(row[1]) for row in rows))

    def last(self, connection: Connection) -> int:
        """The newest movement's number, 0 for an empty ledger."""
        row = self._last.first(connection)
        return 0 if row is None or row[0] is None else int(row[0])

    def has_key(self, connection: Connection, key: str) -> bool:
        """Whether a movement with this key of its sender was booked."""
        return self._by_key.first(connection, key) is not None


def _tuple(row: MovementRow) -> tuple[object, ...]:
    return (
        row.sku_id,
        row.delta,
        row.total,
        row.reason,
        row.at,
        row.mall_id,
        row.number,
        row.line,
        row.actor,
        row.note,
        row.key,
    )
