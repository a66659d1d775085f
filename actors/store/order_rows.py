"""Rows of `sale_order`, `waiting_line` and `parked_order`: what each order line has counted."""

import json
from collections.abc import Iterable, Sequence

import msgspec
from msgspec import Struct
from sqlalchemy import BindParameter, Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Dialect

from actors.store.schema import ORDER, PARKED, WAITING
from actors.store.statement import Lookup, Statement
from engine.order_state import StoredOrder

DECODER = msgspec.msgpack.Decoder(StoredOrder)
ENCODER = msgspec.msgpack.Encoder()


class ParkedRow(Struct, frozen=True):
    """An order that could not be read."""

    mall_id: int
    number: str
    stamp: float
    reason: str
    since: float
    listings: tuple[tuple[str, int | None], ...]
    """(ref, units or None)."""
    is_counted: bool
    is_dismissed: bool


class OrderRows:
    """Loads and saves orders, the lines that wait for a link, and the orders that are parked."""

    def __init__(self, dialect: Dialect) -> None:
        mall: BindParameter[int] = bindparam("mall")
        self._marks = Lookup(
            lambda keys: select(ORDER.c.number, ORDER.c.mark).where(
                ORDER.c.mall_id == mall, ORDER.c.number.in_(keys)
            ),
            ["mall"],
            dialect,
        )
        self._load = Lookup(
            lambda keys: select(ORDER.c.number, ORDER.c.body).where(
                ORDER.c.mall_id == mall, ORDER.c.number.in_(keys)
            ),
            ["mall"],
            dialect,
        )
        names = ["mall_id", "number", "stamp", "mark", "parent", "body"]
        stored = insert(ORDER).values({name: bindparam(name) for name in names})
        self._save = Statement(
            stored.on_conflict_do_update(
                index_elements=["mall_id", "number"],
                set_={name: stored.excluded[name] for name in names[2:]},
            ),
            names,
            dialect,
        )
        keys = ["mall_id", "ref", "number", "line"]
        self._wait = Statement(
            insert(WAITING)
            .values({name: bindparam(name) for name in keys})
            .on_conflict_do_nothing(),
            keys,
            dialect,
        )
        self._unwait = Statement(
            delete(WAITING).where(*(WAITING.c[name] == bindparam(name) for name in keys)),
            keys,
            dialect,
        )
        self._waiting = Statement(
            select(WAITING.c.number, WAITING.c.line)
            .where(WAITING.c.mall_id == mall, WAITING.c.ref == bindparam("listing_ref"))
            .order_by(WAITING.c.number, WAITING.c.line),
            ["mall", "listing_ref"],
            dialect,
        )
        self._waited_for = Lookup(
            lambda keys: (
                select(WAITING.c.ref)
                .distinct()
                .where(WAITING.c.mall_id == mall, WAITING.c.ref.in_(keys))
            ),
            ["mall"],
            dialect,
        )
        self._prepare_parked(dialect)

    def _prepare_parked(self, dialect: Dialect) -> None:
        mall: BindParameter[int] = bindparam("mall")
        parked = [column.name for column in PARKED.columns]
        parking = insert(PARKED).values({name: bindparam(name) for name in parked})
        self._park = Statement(
            parking.on_conflict_do_update(
                index_elements=["mall_id", "number"],
                set_={name: parking.excluded[name] for name in ("stamp", "reason", "listings")},
            ),
            parked,
            dialect,
        )
        self._unpark = Statement(
            delete(PARKED).where(PARKED.c.mall_id == mall, PARKED.c.number == bindparam("order")),
            ["mall", "order"],
            dialect,
        )
        self._parked = Statement(
            select(PARKED).where(PARKED.c.mall_id == mall, PARKED.c.is_dismissed.is_(False)),
            ["mall"],
            dialect,
        )
        self._dropped = Statement(
            select(PARKED.c.is_dismissed).where(
                PARKED.c.mall_id == mall, PARKED.c.number == bindparam("order")
            ),
            ["mall", "order"],
            dialect,
        )
        self._counted = Statement(
            update(PARKED)
            .where(PARKED.c.mall_id == mall, PARKED.c.number == bindparam("order"))
            .values(is_counted=True),
            ["mall", "order"],
            dialect,
        )
        self._dismiss = Statement(
            update(PARKED)
            .where(PARKED.c.mall_id == mall, PARKED.c.number == bindparam("order"))
            .values(is_dismissed=True),
            ["mall", "order"],
            dialect,
        )

    def marks(self, connection: Connection, mall_id: int, numbers: Sequence[str]) -> dict[str, str]:
        """The marks of those of the orders that are known."""
        return {row[0]: row[1] for row in self._marks.rows(connection, (mall_id,), numbers)}

    def load(
        self, connection: Connection, mall_id: int, numbers: Sequence[str]
    ) -> dict[str, StoredOrder]:
        """Those of the orders that are known, by number."""
        return {
            row[0]: DECODER.decode(row[1])
            for row in self._load.rows(connection, (mall_id,), numbers)
        }

    def save(self, connection: Connection, mall_id: int, orders: Iterable[StoredOrder]) -> None:
        """Writes orders back."""
        self._save.many(
            connection,
            [
                (mall_id, order.order, order.stamp, order.mark, order.parent, ENCODER.encode(order))
                for order in orders
            ],
        )

    def wait(self, connection: Connection, rows: Sequence[tuple[int, str, str, str]]) -> None:
        """Remembers lines (mall, ref, order, line) that wait for a link or an opening."""
        self._wait.many(connection, rows)

    def stop_waiting(
        self, connection: Connection, rows: Sequence[tuple[int, str, str, str]]
    ) -> None:
        """Forgets lines that wait no more."""
        self._unwait.many(connection, rows)

    def waiting(self, connection: Connection, mall_id: int, ref: str) -> list[tuple[str, str]]:
        """(order, line) of the lines that wait for this listing."""
        rows = self._waiting.rows(connection, mall_id, ref)
        return [(str(row[0]), str(row[1])) for row in rows]

    def waited_for(self, connection: Connection, mall_id: int, refs: Sequence[str]) -> list[str]:
        """Those of the listings that some line waits for."""
        found = {row[0] for row in self._waited_for.rows(connection, (mall_id,), refs)}
        return [ref for ref in refs if ref in found]

    def park(self, connection: Connection, row: ParkedRow) -> bool:
        """Parks an unreadable order; a repeated sight keeps its first moment.

        False: an operator has dropped it, and it stays dropped.
        """
        self._park.run(
            connection,
            row.mall_id,
            row.number,
            row.stamp,
            row.reason,
            row.since,
            json.dumps(row.listings),
            row.is_counted,
            row.is_dismissed,
        )
        dropped = self._dropped.first(connection, row.mall_id, row.number)
        return dropped is None or not dropped[0]

    def unpark(self, connection: Connection, mall_id: int, numbers: Iterable[str]) -> None:
        """Forgets parked orders that were read after all."""
        self._unpark.many(connection, [(mall_id, number) for number in numbers])

    def parked(self, connection: Connection, mall_id: int) -> list[ParkedRow]:
        """The parked orders of a mall that nobody has dismissed."""
        return [
            ParkedRow(
                row[0],
                row[1],
                row[2],
                row[3],
                row[4],
                tuple((ref, units) for ref, units in json.loads(row[5])),
                bool(row[6]),
                bool(row[7]),
            )
            for row in self._parked.rows(connection, mall_id)
        ]

    def count_parked(self, connection: Connection, mall_id: int, number: str) -> None:
        """S2: the maybe of a parked order has been applied, once."""
        self._counted.run(connection, mall_id, number)

    def dismiss(self, connection: Connection, mall_id: int, number: str) -> None:
        """The operator gave the order up (`errors clear`)."""
        self._dismiss.run(connection, mall_id, number)

    def count(self, connection: Connection, mall_id: int) -> int:
        """How many orders of a mall are known."""
        found = connection.execute(
            select(func.count()).select_from(ORDER).where(ORDER.c.mall_id == mall_id)
        ).scalar_one()
        return int(found)
