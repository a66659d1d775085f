"""Rows of `feed`: the one feed a mall has open, which outlives every process (C5)."""

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


class FeedRows:
    """Opens, saves and closes the open feeds."""

    def __init__(self, dialect: Dialect) -> None:
        mall = FEED.c.mall_id == bindparam("mall")
        self._open = Statement(select(FEED).where(mall), ["mall"], dialect)
        stored = insert(FEED).values({name: bindparam(name) for name in _FIELDS})
        self._save = Statement(
            stored.on_conflict_do_update(
                index_elements=["mall_id"],
                set_={name: stored.excluded[name] for name in _FIELDS if name != "mall_id"},
            ),
            _FIELDS,
            dialect,
        )
        self._close = Statement(delete(FEED).where(mall), ["mall"], dialect)

    def open(self, connection: Connection, mall_id: int) -> FeedRow | None:
        """The feed the mall has open."""
        row = self._open.first(connection, mall_id)
        return None if row is None else FeedRow(**dict(zip(_FIELDS, row, strict=True)))

    def save(self, connection: Connection, row: FeedRow) -> None:
        """Writes the whole row."""
        self._save.run(connection, *(getattr(row, name) for name in _FIELDS))

    def close(self, connection: Connection, mall_id: int) -> None:
        """The mall has no feed open any more."""
        self._close.run(connection, mall_id)
