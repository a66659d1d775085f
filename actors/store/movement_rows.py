"""Rows of `movement` and the totals of `sku`: the ledger. Append-only."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, field
from sqlalchemy import (
    Connection,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Dialect

from actors.store.schema import MOVEMENT, SKU
from actors.store.statement import Lookup, Statement
from engine.ledger import Past, Reason

ORDER_REASONS = frozenset({Reason.ORDER.value, Reason.ORDER_CANCEL.value, Reason.ORDER_EDIT.value})
"""Movements that orders brought."""

_SAYS_WHAT_IS_THERE = frozenset({Reason.STOCKTAKE.value, Reason.OPENING.value})

_COLUMNS = (
    "sku_id",
    "delta",
    "total",
    "reason",
    "at",
    "mall_id",
    "number",
    "line",
    "moment",
    "actor",
    "note",
    "key",
)


class MovementRow(NamedTuple):
    """One movement to be written; the order of the fields is the order of the columns."""

    sku_id: int
    delta: int
    total: int
    reason: str
    at: float
    mall_id: int | None
    number: str
    line: str
    moment: float
    actor: str
    note: str
    key: str | None


OrderMovementRow = tuple[int, int, int, str, float, int, str, str, float]
"""A movement of an order line: the columns of `MovementRow` up to `moment`. Orders are the many: no
operator acted, and what counts them once is kept with the order (invariant 2), not in a key."""
_ORDER_COLUMNS = _COLUMNS[:9]


class Moved(NamedTuple):
    """SKUs whose total moved after a cursor."""

    cursor: int
    """The number of the last movement looked at."""
    by_order: tuple[int, ...]
    """SKUs that an order, a cancel or an edit moved, whatever else did."""
    otherwise: tuple[int, ...]
    """SKUs that people moved, or an opening or an adopted difference: a bulk change."""
    is_all: bool
    """No further movement waits to be looked at."""


class Later(Struct):
    """What was booked of one SKU after a moment."""

    moved: list[Past] = field(default_factory=list)
    """What came and left."""
    is_counted: bool = False
    """It was opened or counted as well."""


class MovementRows:
    """Appends movements, sets totals, and reads what changed since a cursor."""

    def __init__(self, dialect: Dialect) -> None:
        self._insert = Statement(
            insert(MOVEMENT).values({name: bindparam(name) for name in _COLUMNS}),
            _COLUMNS,
            dialect,
        )
        self._insert_order = Statement(
            insert(MOVEMENT).values(
                {name: bindparam(name) for name in _ORDER_COLUMNS}
                | {"actor": literal_column("''"), "note": literal_column("''"), "key": null()}
            ),
            _ORDER_COLUMNS,
            dialect,
        )
        self._set_total = Statement(
            update(SKU).where(SKU.c.id == bindparam("row")).values(total=bindparam("new_total")),
            ["new_total", "row"],
            dialect,
        )
        self._changed = Statement(
            select(MOVEMENT.c.seq, MOVEMENT.c.sku_id, MOVEMENT.c.reason)
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

        adopted = (
            select(func.max(MOVEMENT.c.seq))
            .where(MOVEMENT.c.sku_id == bindparam("sku"), MOVEMENT.c.reason == Reason.ADOPT.value)
            .where(MOVEMENT.c.at > bindparam("since"))
        )
        own = MOVEMENT.c.key.startswith(bindparam("prefix"), autoescape=False)
        self._adopted = Statement(adopted.where(~own), ["sku", "since", "prefix"], dialect)
        self._own_adopted = Statement(adopted.where(own), ["sku", "since", "prefix"], dialect)
        self._prepare_since(dialect)
        self._by_seq = Statement(
            select(*(MOVEMENT.c[name] for name in _COLUMNS)).where(
                MOVEMENT.c.seq == bindparam("number")
            ),
            ["number"],
            dialect,
        )

    def _prepare_since(self, dialect: Dialect) -> None:
        clock = case(
            (
                or_(*(MOVEMENT.c.reason == each for each in sorted(ORDER_REASONS))),
                MOVEMENT.c.mall_id,
            )
        )
        self._since = Statement(
            select(clock, MOVEMENT.c.moment, MOVEMENT.c.delta).where(
                MOVEMENT.c.sku_id == bindparam("sku"),
                MOVEMENT.c.at > bindparam("booked_after"),
                MOVEMENT.c.reason != Reason.STOCKTAKE.value,
                MOVEMENT.c.reason != Reason.OPENING.value,
            ),
            ["sku", "booked_after"],
            dialect,
        )
        self._later = Lookup(
            lambda keys: select(
                MOVEMENT.c.seq,
                MOVEMENT.c.sku_id,
                clock,
                MOVEMENT.c.moment,
                MOVEMENT.c.delta,
                MOVEMENT.c.reason,
            ).where(
                MOVEMENT.c.sku_id.in_(keys),
                MOVEMENT.c.seq > bindparam("after_seq"),
                MOVEMENT.c.at > bindparam("booked_after"),
            ),
            ["after_seq", "booked_after"],
            dialect,
        )

    def append(self, connection: Connection, movements: Sequence[MovementRow]) -> None:
        """Appends movements and sets the totals they lead to: `total` is the one after each."""
        self._insert.many(connection, movements)
        self._set_totals(connection, {row.sku_id: row.total for row in movements})

    def append_orders(self, connection: Connection, movements: Sequence[OrderMovementRow]) -> None:
        """The same for movements of order lines."""
        self._insert_order.many(connection, movements)
        self._set_totals(connection, {row[0]: row[2] for row in movements})

    def _set_totals(self, connection: Connection, totals: Mapping[int, int]) -> None:
        self._set_total.many(connection, [(total, sku) for sku, total in totals.items()])

    def changed_since(self, connection: Connection, cursor: int, most: int) -> Moved:
        """Whose total moved after the cursor, oldest first."""
        rows = self._changed.rows(connection, cursor, most)
        if not rows:
            return Moved(cursor, (), (), is_all=True)
        by_order = dict.fromkeys(row[1] for row in rows if row[2] in ORDER_REASONS)
        otherwise = dict.fromkeys(row[1] for row in rows if row[1] not in by_order)
        return Moved(rows[-1][0], tuple(by_order), tuple(otherwise), is_all=len(rows) < most)

    def last(self, connection: Connection) -> int:
        """The newest movement's number, 0 for an empty ledger."""
        row = self._last.first(connection)
        return 0 if row is None or row[0] is None else int(row[0])

    def has_key(self, connection: Connection, key: str) -> bool:
        """Whether a movement with this key of its sender was booked."""
        return self._by_key.first(connection, key) is not None

    def has_adopted(self, connection: Connection, sku_id: int, since: float, prefix: str) -> bool:
        """Whether the SKU took in a difference since then, of a listing without this prefix."""
        row = self._adopted.first(connection, sku_id, since, prefix)
        return row is not None and row[0] is not None

    def last_adopted(
        self, connection: Connection, sku_id: int, since: float, prefix: str
    ) -> int | None:
        """The number of the listing's last adopted difference since then; None: there is none."""
        row = self._own_adopted.first(connection, sku_id, since, prefix)
        return None if row is None or row[0] is None else int(row[0])

    def since(self, connection: Connection, sku_id: int, booked_after: float) -> list[Past]:
        """The SKU's movements that were booked after a moment of this machine's clock.

        Without its opening and its counts: those say what was there, not what came or left.
        """
        rows = self._since.rows(connection, sku_id, booked_after)
        return [Past(*row) for row in rows]

    def later(
        self, connection: Connection, sku_ids: Sequence[int], seq: int, booked_after: float
    ) -> dict[int, Later]:
        """What was booked of SKUs after a movement's number and a moment of this machine's clock.

        SKUs of which nothing was booked are left out.
        """
        found: dict[int, Later] = {}
        seen: set[int] = set()
        for row in self._later.rows(connection, (seq, booked_after), sku_ids):
            # A list filled up with its last key may give a row twice.
            if row[0] in seen:
                continue
            seen.add(row[0])
            later = found.setdefault(row[1], Later())
            if row[5] in _SAYS_WHAT_IS_THERE:
                later.is_counted = True
            else:
                later.moved.append(Past(row[2], row[3], row[4]))
        return found

    def by_seq(self, connection: Connection, seq: int) -> MovementRow | None:
        """One movement by its number."""
        row = self._by_seq.first(connection, seq)
        return None if row is None else MovementRow(*row)
