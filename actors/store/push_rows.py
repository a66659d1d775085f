"""Rows of `listing_push`: the protocol's state of each listing.

`low` and `high` are columns so that an own order on a plain listing is one addition in SQL; they
overrule what the encoded state says. The other columns are what queries look for.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    delete,
    func,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Dialect

from actors.store.breaker_rows import BreakerRows
from actors.store.schema import LINK, PUSH
from actors.store.statement import Lookup, Statement
from engine.breaker import Change
from engine.own_effect import plain_shift
from engine.push_state import ListingPush, MallRules, Span

ORDER_DRIVEN = 0
BULK = 1
APPROVED = 2
"""Priorities of a push. An approved one is a bulk push that the breaker does not hold."""
PRIORITIES = (ORDER_DRIVEN, BULK, APPROVED)
LOOK_AT = -1.0
"""A `push_at` before every other: it is decided anew before any bulk push of its mall goes."""

DECODER = msgspec.msgpack.Decoder(ListingPush)
ENCODER = msgspec.msgpack.Encoder()


class PushRecord(Struct):
    """One listing's protocol state with its place in the queues; mutable, saved whole."""

    listing_id: int
    mall_id: int
    state: ListingPush
    push_at: float | None = None
    priority: int = BULK
    read_at: float | None = 0.0
    bulk: int = 0
    """The `Change` of it that the breaker counts as waiting; kept while it is approved."""
    bulk_sent: int = 0
    """`sent_mark` of its last bulk push."""
    reflect: int = 0
    """The reflect job that placed it and is not through with it; 0: none."""
    reflect_held: int = 0
    """What that job set aside of a difference, until a push has left with it."""
    counted: int = 0
    """What of it the breaker's row holds now."""

    @property
    def waits_as(self) -> int:
        """What of it the breaker's row has to hold."""
        return self.bulk if self.priority == BULK else 0


def decode_state(body: bytes, low: int | None, high: int) -> ListingPush:
    """The state with the columns' ends."""
    state = DECODER.decode(body)
    if state.low != low or state.high != high:
        state = msgspec.structs.replace(state, low=low, high=high)
    return state


def plain_after(state: ListingPush, rules: MallRules) -> float | None:
    """Own orders that begin later than this move low and high and nothing else; None: none may."""
    after = 0.0 if state.anchor is None else state.anchor.end + rules.eps_s
    # The decider says which listings are plain; a moment after every anchor asks it for the rest.
    later = Span(after + 1.0, after + 1.0)
    return after if plain_shift(state, later, rules) else None


class PushRows:
    """Loads, saves and shifts protocol states."""

    def __init__(self, dialect: Dialect, breakers: BreakerRows) -> None:
        self._breakers = breakers
        columns = (
            PUSH.c.listing_id,
            PUSH.c.mall_id,
            PUSH.c.low,
            PUSH.c.high,
            PUSH.c.push_at,
            PUSH.c.priority,
            PUSH.c.read_at,
            PUSH.c.bulk,
            PUSH.c.bulk_sent,
            PUSH.c.reflect,
            PUSH.c.reflect_held,
            PUSH.c.body,
        )
        base = select(*columns)
        mall = PUSH.c.mall_id == bindparam("mall")
        self._by_id = Lookup(lambda keys: base.where(PUSH.c.listing_id.in_(keys)), [], dialect)
        self._due = Statement(
            base.where(mall, PUSH.c.priority == bindparam("rank"))
            .where(PUSH.c.push_at <= bindparam("moment"))
            .order_by(PUSH.c.push_at)
            .limit(bindparam("most")),
            ["mall", "rank", "moment", "most"],
            dialect,
        )
        self._to_look_at = Statement(
            base.where(mall, or_(*(PUSH.c.priority == one for one in PRIORITIES)))
            .where(PUSH.c.push_at <= LOOK_AT)
            .limit(bindparam("most")),
            ["mall", "most"],
            dialect,
        )
        self._next_push = Statement(
            select(func.min(PUSH.c.push_at)).where(
                mall, PUSH.c.priority == bindparam("rank"), PUSH.c.push_at.is_not(None)
            ),
            ["mall", "rank"],
            dialect,
        )
        self._to_read = Statement(
            base.where(mall, PUSH.c.read_at <= bindparam("moment"))
            .order_by(PUSH.c.read_at)
            .limit(bindparam("most")),
            ["mall", "moment", "most"],
            dialect,
        )
        self._next_read = Statement(
            select(func.min(PUSH.c.read_at)).where(mall, PUSH.c.read_at.is_not(None)),
            ["mall"],
            dialect,
        )
        of_job = (text("reflect <> 0"), PUSH.c.reflect == bindparam("job"))
        self._reflecting = Statement(
            base.where(*of_job).order_by(PUSH.c.listing_id).limit(bindparam("most")),
            ["job", "most"],
            dialect,
        )
        self._count_reflecting = Statement(
            select(func.count()).select_from(PUSH).where(*of_job), ["job"], dialect
        )
        self._prepare_calls(base, mall, dialect)
        self._prepare_feeds(base, dialect)
        self._prepare_writes(dialect)

    def _prepare_calls(
        self, base: Select[Any], mall: ColumnElement[bool], dialect: Dialect
    ) -> None:
        self._readings = Statement(
            base.where(mall, PUSH.c.reading_end < bindparam("moment")).order_by(PUSH.c.reading_end),
            ["mall", "moment"],
            dialect,
        )
        self._first_reading = Statement(
            select(func.min(PUSH.c.reading_end)).where(mall, PUSH.c.reading_end.is_not(None)),
            ["mall"],
            dialect,
        )
        self._calls = Statement(
            base.where(mall, PUSH.c.call_until < bindparam("moment")),
            ["mall", "moment"],
            dialect,
        )
        self._first_call = Statement(
            select(func.min(PUSH.c.call_until)).where(mall, PUSH.c.call_until.is_not(None)),
            ["mall"],
            dialect,
        )
        self._lost = Statement(
            base.where(mall, PUSH.c.call_until.is_not(None), PUSH.c.call_id > bindparam("after")),
            ["mall", "after"],
            dialect,
        )

    def _prepare_feeds(self, base: Select[Any], dialect: Dialect) -> None:
        mall = PUSH.c.mall_id == bindparam("mall")
        self._some_due = Statement(
            select(PUSH.c.listing_id)
            .where(mall, PUSH.c.priority == bindparam("rank"))
            .where(PUSH.c.push_at <= bindparam("moment"))
            .limit(bindparam("most")),
            ["mall", "rank", "moment", "most"],
            dialect,
        )
        self._of_feed = Statement(
            base.where(mall, text("feed_call <> 0"))
            .where(PUSH.c.feed_call.between(bindparam("first"), bindparam("last")))
            .order_by(PUSH.c.feed_call)
            .limit(bindparam("most")),
            ["mall", "first", "last", "most"],
            dialect,
        )

    def _prepare_writes(self, dialect: Dialect) -> None:
        mall: BindParameter[int] = bindparam("mall")
        self._shift = Statement(
            update(PUSH)
            .where(PUSH.c.listing_id == bindparam("listing"))
            .values(low=PUSH.c.low + bindparam("by_low"), high=PUSH.c.high + bindparam("by_high")),
            ["by_low", "by_high", "listing"],
            dialect,
        )
        names = [column.name for column in PUSH.columns]
        stored = insert(PUSH).values({name: bindparam(name) for name in names})
        self._save = Statement(
            stored.on_conflict_do_update(
                index_elements=["listing_id"],
                set_={name: stored.excluded[name] for name in names if name != "listing_id"},
            ),
            names,
            dialect,
        )
        self._audit = Statement(
            update(PUSH)
            .where(PUSH.c.mall_id == mall)
            .where((PUSH.c.read_at.is_(None)) | (PUSH.c.read_at > bindparam("moment")))
            .values(read_at=bindparam("due"), push_at=bindparam("due")),
            ["due", "mall", "moment"],
            dialect,
        )
        self._decide = Statement(
            update(PUSH).where(PUSH.c.mall_id == mall).values(push_at=LOOK_AT),
            ["mall"],
            dialect,
        )
        of_sku = select(LINK.c.listing_id).where(LINK.c.sku_id == bindparam("sku"))
        at_rest = update(PUSH).where(PUSH.c.call_until.is_(None)).values(push_at=LOOK_AT)
        self._decide_sku = Statement(at_rest.where(PUSH.c.listing_id.in_(of_sku)), ["sku"], dialect)
        self._decide_sku_there = Statement(
            at_rest.where(PUSH.c.listing_id.in_(of_sku.where(LINK.c.mall_id == mall))),
            ["sku", "mall"],
            dialect,
        )
        self._approve = Statement(
            update(PUSH)
            .where(PUSH.c.mall_id == mall, PUSH.c.priority == BULK)
            .where(PUSH.c.push_at.is_not(None), PUSH.c.bulk > 0)
            .values(priority=APPROVED),
            ["mall"],
            dialect,
        )
        self._end_reflect = Statement(
            update(PUSH)
            .where(PUSH.c.listing_id == bindparam("listing"))
            .values(reflect=0, reflect_held=0),
            ["listing"],
            dialect,
        )
        self._delete = Statement(
            delete(PUSH).where(PUSH.c.listing_id == bindparam("listing")), ["listing"], dialect
        )

    @staticmethod
    def _records(rows: Iterable[Sequence[object]]) -> Iterator[PushRecord]:
        for row in rows:
            listing_id, mall_id, low, high, push_at, priority, read_at, bulk, sent = row[:9]
            job, held, body = row[9:]
            record = PushRecord(
                listing_id,  # type: ignore[arg-type]
                mall_id,  # type: ignore[arg-type]
                decode_state(body, low, high),  # type: ignore[arg-type]
                push_at,  # type: ignore[arg-type]
                priority,  # type: ignore[arg-type]
                read_at,  # type: ignore[arg-type]
                bulk,  # type: ignore[arg-type]
                sent,  # type: ignore[arg-type]
                job,  # type: ignore[arg-type]
                held,  # type: ignore[arg-type]
            )
            record.counted = record.waits_as
            yield record

    def by_id(self, connection: Connection, ids: Sequence[int]) -> dict[int, PushRecord]:
        """The states of these listings, by listing id."""
        rows = self._by_id.rows(connection, (), ids)
        return {record.listing_id: record for record in self._records(rows)}

    def due(
        self, connection: Connection, mall_id: int, priority: int, now: float, most: int
    ) -> list[PushRecord]:
        """Listings whose time to be looked at has come, the longest waiting first."""
        return list(self._records(self._due.rows(connection, mall_id, priority, now, most)))

    def to_look_at(self, connection: Connection, mall_id: int, most: int) -> list[PushRecord]:
        """Listings that other terms made due."""
        return list(self._records(self._to_look_at.rows(connection, mall_id, most)))

    def count_due(
        self, connection: Connection, mall_id: int, priority: int, now: float, most: int
    ) -> int:
        """How many listings `due` would find; counts no further than `most`."""
        return len(self._some_due.rows(connection, mall_id, priority, now, most))

    def of_feed(
        self, connection: Connection, mall_id: int, first: int, last: int, most: int
    ) -> list[PushRecord]:
        """Listings whose row in the open feed has a call id from first to last, in order."""
        return list(self._records(self._of_feed.rows(connection, mall_id, first, last, most)))

    def next_push(
        self, connection: Connection, mall_id: int, priorities: Sequence[int]
    ) -> float | None:
        """When the next push of the mall is to be decided, of these priorities."""
        found = [
            row[0]
            for priority in priorities
            for row in self._next_push.rows(connection, mall_id, priority)
            if row[0] is not None
        ]
        return min(found, default=None)

    def to_read(
        self, connection: Connection, mall_id: int, now: float, most: int
    ) -> list[PushRecord]:
        """Listings that are to be read, the longest waiting first."""
        return list(self._records(self._to_read.rows(connection, mall_id, now, most)))

    def next_read(self, connection: Connection, mall_id: int) -> float | None:
        """When the next listing of the mall is to be read."""
        row = self._next_read.first(connection, mall_id)
        return None if row is None or row[0] is None else float(row[0])

    def readings_before(
        self, connection: Connection, mall_id: int, moment: float
    ) -> list[PushRecord]:
        """Open readings that ended before the moment."""
        return list(self._records(self._readings.rows(connection, mall_id, moment)))

    def first_reading_end(self, connection: Connection, mall_id: int) -> float | None:
        """The end of the oldest open reading."""
        row = self._first_reading.first(connection, mall_id)
        return None if row is None or row[0] is None else float(row[0])

    def overdue_calls(
        self, connection: Connection, mall_id: int, moment: float
    ) -> list[PushRecord]:
        """Listings whose call in the slot counts as lost (C3)."""
        return list(self._records(self._calls.rows(connection, mall_id, moment)))

    def first_call_until(self, connection: Connection, mall_id: int) -> float | None:
        """When the oldest call in a slot counts as lost."""
        row = self._first_call.first(connection, mall_id)
        return None if row is None or row[0] is None else float(row[0])

    def calls_after(self, connection: Connection, mall_id: int, after: int) -> list[PushRecord]:
        """Listings with a call in the slot whose id is above `after`."""
        return list(self._records(self._lost.rows(connection, mall_id, after)))

    def shift(self, connection: Connection, rows: Sequence[tuple[int, int, int]]) -> None:
        """Moves (low, high) of plain listings: tuples (by, by, listing id)."""
        self._shift.many(connection, rows)

    def save(self, connection: Connection, records: Iterable[PushRecord], rules: MallRules) -> None:
        """Writes states and what queries look for, and counts what waits for the breaker."""
        rows = []
        counts: list[tuple[int, int, int, int]] = []
        for record in records:
            waits, counted = record.waits_as, record.counted
            if waits != counted:
                record.counted = waits
                by_zero = (waits == Change.TO_ZERO) - (counted == Change.TO_ZERO)
                by = (waits > 0) - (counted > 0)
                counts.append((by, by_zero, int(waits > counted), record.mall_id))
            state = record.state
            call = state.call
            rows.append(
                (
                    record.listing_id,
                    record.mall_id,
                    state.low,
                    state.high,
                    plain_after(state, rules),
                    record.push_at,
                    record.priority,
                    record.read_at,
                    None if state.reading is None else state.reading.end,
                    None if call is None else call.send_by + rules.http_timeout_s,
                    0 if call is None else call.id,
                    0 if state.feed is None else state.feed.id,
                    state.held,
                    state.settled_quantity,
                    state.settled_at,
                    state.proven_at,
                    record.bulk,
                    record.bulk_sent,
                    record.reflect,
                    record.reflect_held,
                    ENCODER.encode(state),
                )
            )
        self._save.many(connection, rows)
        self._breakers.count(connection, counts)

    def audit_all(self, connection: Connection, mall_id: int, now: float) -> None:
        """F3: after a halt every listing of the mall is decided and read anew."""
        self._audit.run(connection, now, mall_id, now)

    def decide_all(self, connection: Connection, mall_id: int) -> None:
        """Other terms: every listing of the mall is decided anew before any bulk push goes."""
        self._decide.run(connection, mall_id)

    def decide_sku(self, connection: Connection, sku_id: int, mall_id: int | None) -> None:
        """The same for listings that take a SKU, on one mall or (None) on all of them.

        One that has a call in its slot is decided anew by what becomes of the call.
        """
        if mall_id is None:
            self._decide_sku.run(connection, sku_id)
        else:
            self._decide_sku_there.run(connection, sku_id, mall_id)

    def reflecting(self, connection: Connection, job: int, most: int) -> list[PushRecord]:
        """Listings that a reflect job placed and is not through with."""
        return list(self._records(self._reflecting.rows(connection, job, most)))

    def count_reflecting(self, connection: Connection, job: int) -> int:
        """How many these are; an index holds them alone."""
        row = self._count_reflecting.first(connection, job)
        return 0 if row is None else int(row[0])

    def end_reflect(self, connection: Connection, listing_ids: Sequence[int]) -> None:
        """Listings of a mall that is not in the settings any more are left as they are."""
        self._end_reflect.many(connection, [(listing_id,) for listing_id in listing_ids])

    def approve(self, connection: Connection, mall_id: int) -> int:
        """What the breaker counts as waiting is approved; how many listings."""
        return self._approve.run(connection, mall_id)

    def delete(self, connection: Connection, listing_ids: Sequence[int]) -> None:
        """Forgets the states of listings that are no longer linked."""
        gone = self.by_id(connection, listing_ids).values()
        counts = [
            (-1, -int(record.counted == Change.TO_ZERO), 0, record.mall_id)
            for record in gone
            if record.counted
        ]
        self._breakers.count(connection, counts)
        self._delete.many(connection, [(listing_id,) for listing_id in listing_ids])
