"""Rows of `feed`: the feeds a mall has open, which outlive every process (C5)."""

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Dialect

from actors.store.schema import FEED
from actors.store.statement import Statement


class FeedRow(Struct, kw_only=True):
    """One open feed as it is persisted; mutable, saved whole."""

    mall_id: int
    first_call: int
    """The call id of its row number 1; the others follow without a gap."""
    last_call: int
    epoch: int
    """Of the actor that hands it in."""
    t0: float
    """Mall time of the pull."""
    until: float
    """Mall time at which it is given up: soon until it has a ticket, then t0 + feed_s."""
    ticket: str = ""
    """The connector's own; "" until the feed was handed in."""
    look_at: float = 0.0
    """Mall time of the next look."""

    @property
    def last_number(self) -> int:
        """The highest number of its rows."""
        return self.last_call - self.first_call + 1


_FIELDS = tuple(column.name for column in FEED.columns)
_KEY = ("mall_id", "first_call")


class FeedRows:
    """Opens, saves and closes the open feeds."""

    def __init__(self, dialect: Dialect) -> None:
        mall = FEED.c.mall_id == bindparam("mall")
        self._open = Statement(
            select(FEED).where(mall).order_by(FEED.c.first_call), ["mall"], dialect
        )
        stored = insert(FEED).values({name: bindparam(name) for name in _FIELDS})
        self._save = Statement(
            stored.on_conflict_do_update(
                index_elements=_KEY,
                set_={name: stored.excluded[name] for name in _FIELDS if name not in _KEY},
            ),
            _FIELDS,
            dialect,
        )
        is_one = FEED.c.first_call == bindparam("first")
        self._close = Statement(delete(FEED).where(mall, is_one), ["mall", "first"], dialect)

    def open(self, connection: Connection, mall_id: int) -> list[FeedRow]:
        """The feeds the mall has open, the oldest first; a handful at most."""
        rows = self._open.rows(connection, mall_id)
        return [FeedRow(**dict(zip(_FIELDS, row, strict=True))) for row in rows]

    def save(self, connection: Connection, row: FeedRow) -> None:
        """Writes the whole row."""
        self._save.run(connection, *(getattr(row, name) for name in _FIELDS))

    def close(self, connection: Connection, row: FeedRow) -> None:
        """The feed is not open any more."""
        self._close.run(connection, row.mall_id, row.first_call)
