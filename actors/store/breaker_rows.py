"""Rows of `breaker`: each mall's breaker, and the listings that its shares are shares of."""

from collections.abc import Iterable

from msgspec import structs
from sqlalchemy import BindParameter, Connection, bindparam, case, func, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import BREAKER, PUSH
from actors.store.statement import Statement
from engine.breaker import Breaker, Shelf

_FIELDS = Breaker.__struct_fields__


class BreakerRows:
    """Loads and saves breakers, and counts what waits."""

    def __init__(self, dialect: Dialect) -> None:
        mall: BindParameter[int] = bindparam("row_mall")
        self._load = Statement(
            select(*(BREAKER.c[name] for name in _FIELDS)).where(BREAKER.c.mall_id == mall),
            ["row_mall"],
            dialect,
        )
        self._save = Statement(
            update(BREAKER)
            .where(BREAKER.c.mall_id == mall)
            .values({name: bindparam(f"v_{name}") for name in _FIELDS}),
            [*(f"v_{name}" for name in _FIELDS), "row_mall"],
            dialect,
        )
        self._count = Statement(
            update(BREAKER)
            .where(BREAKER.c.mall_id == mall)
            .values(
                waiting=BREAKER.c.waiting + bindparam("by"),
                waiting_to_zero=BREAKER.c.waiting_to_zero + bindparam("by_zero"),
                grown=BREAKER.c.grown + bindparam("joined"),
            ),
            ["by", "by_zero", "joined", "row_mall"],
            dialect,
        )
        self._shelf = Statement(
            select(func.count(), func.coalesce(func.sum(case((PUSH.c.high > 0, 1), else_=0)), 0))
            .select_from(PUSH)
            .where(PUSH.c.mall_id == mall),
            ["row_mall"],
            dialect,
        )

    def load(self, connection: Connection, mall_id: int) -> Breaker:
        """The mall's breaker; one that nobody saved yet is closed and has counted nothing."""
        row = self._load.first(connection, mall_id)
        return Breaker() if row is None else Breaker(**dict(zip(_FIELDS, row, strict=True)))

    def add(self, connection: Connection, mall_id: int) -> None:
        """A row for a mall that has none yet; the counts of what waits need one."""
        if self._load.first(connection, mall_id) is None:
            values = structs.asdict(Breaker())
            connection.execute(insert(BREAKER).values(mall_id=mall_id, **values))

    def save(self, connection: Connection, mall_id: int, breaker: Breaker) -> None:
        """Writes the whole row back: load, change and save within one turn, nothing between."""
        self._save.run(connection, *(getattr(breaker, name) for name in _FIELDS), mall_id)

    def count(self, connection: Connection, rows: Iterable[tuple[int, int, int, int]]) -> None:
        """Moves what waits: tuples (by, by of those to zero, joined, mall)."""
        self._count.many(connection, [row for row in rows if any(row[:3])])

    def shelf(self, connection: Connection, mall_id: int) -> Shelf:
        """Counts the mall's linked listings: reads all of them, so not at every pull."""
        row = self._shelf.first(connection, mall_id)
        return Shelf(0, 0) if row is None else Shelf(int(row[0]), int(row[1]))
