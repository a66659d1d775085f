"""Work is pulled: what a mall's lane is given when it can send a call (C1).

The value is decided here, at the pull, and the slot is committed before the reply leaves. What
changed since this mall last asked is found by its cursor into the movements; what had to wait is
found by the queue columns of its listings. Orders' pushes come before bulk ones, and go on while
the breaker holds those. In shadow there is no push to pull.
"""

from collections.abc import Iterable, Sequence

from actors.desk import feeds, probing
from actors.desk.account import Account
from actors.desk.breaking import count_given, look_again, may_bulk_go
from actors.desk.turn import Turn
from actors.desk.weigh import (
    APPROVED,
    BULK,
    ORDER_DRIVEN,
    bulk_change,
    is_counted,
    is_syncing,
    place,
    push_row,
    want_of,
)
from actors.store.listing_rows import ListingRow
from actors.store.movement_rows import Moved
from actors.store.push_rows import PushRecord
from engine.breaker import Change
from engine.connector import WriteKind
from engine.lane import is_push_allowed
from engine.messages import (
    AnyWork,
    CheckWork,
    ImportWork,
    NoWork,
    Pull,
    PushWork,
    ReadRow,
    ReadWork,
    Work,
)
from engine.push import apply, decide, is_suspect, wants_reading
from engine.push_state import AuditDue, PushCall, ReadCall
from engine.slot import CallLost, PushDecision, TakePush, TakeReading

MOVEMENTS_PER_PULL_MAX = 5_000
"""Movements one pull looks at; the rest come with the next one."""
DUE_FACTOR = 2
"""Waiting listings looked at for each row a batch can hold."""
CHECK_REPEAT_S = 15.0
"""A credential check nobody answered for so long is given out again."""
RECONSIDER_S = 1.0
"""A push that only waits for a poll is looked at again after this."""
RISKY_ROWS_MAX = 10
"""Falls that may be refused travel together in requests of at most this many rows."""


def pull(turn: Turn, account: Account, letter: Pull, sender: bytes) -> None:
    """Answers with one piece of work, its slots taken in this transaction."""
    work = _work(turn, account, letter)
    turn.reply(sender, Work(letter.id, work))


def _work(turn: Turn, account: Account, letter: Pull) -> AnyWork:
    if account.check is not None and turn.now - account.check_given_at > CHECK_REPEAT_S:
        account.check_given_at = turn.now
        return CheckWork(*account.check)
    if not is_push_allowed(account.lane):
        return NoWork(None)
    give_up_lost_calls(turn, account, letter.now)
    if account.card.needs_probe:
        _place_moved(turn, account, letter.now)
    probe = probing.probe_due(turn, account, letter)
    if probe is not None:
        return probe
    letter = probing.allowed(account, letter)
    repeated = _repeated(turn, account, letter)
    if repeated is not None:
        return repeated
    writes = _writes(turn, account, letter)
    if writes is not None:
        return writes
    if letter.takes_reading:
        readings = _readings(turn, account, letter)
        if readings is not None:
            return readings
    if letter.takes_import:
        job = turn.store.imports.unfinished(turn.connection, account.id)
        if job is not None:
            return ImportWork(job.id, job.cursor)
    return NoWork(_until(turn, account, letter))


def _writes(turn: Turn, account: Account, letter: Pull) -> PushWork | feeds.AnyFeed | None:
    """Single pushes come first: those that orders drive do not wait for a feed to be filled."""
    pushes = _pushes(turn, account, letter) if letter.takes_push else None
    if pushes is not None or not letter.takes_feed:
        return pushes
    return feeds.work(turn, account, letter)


def _until(turn: Turn, account: Account, letter: Pull) -> float | None:
    pushes, connection = turn.store.pushes, turn.connection
    moments = [pushes.first_call_until(connection, account.id)]
    if letter.takes_push:
        moments.append(pushes.next_push(connection, account.id, _open_ranks(account)))
    if letter.takes_feed:
        moments.append(feeds.next_step(turn, account, letter.now))
    if letter.takes_reading:
        moments.append(pushes.next_read(connection, account.id))
    return min((moment for moment in moments if moment is not None), default=None)


def _open_ranks(account: Account) -> tuple[int, ...]:
    """The priorities whose pushes may go; what other terms made due is looked at in any case."""
    if account.is_shadow or account.breaker.is_tripped or account.bulk_waits:
        return (ORDER_DRIVEN, APPROVED)
    return (ORDER_DRIVEN, APPROVED, BULK)


def give_up_lost_calls(turn: Turn, account: Account, now: float) -> None:
    """C3: no outcome came by send_by + time-out."""
    records = turn.store.pushes.overdue_calls(turn.connection, account.id, now)
    lose(turn, account, records, now)
    feeds.give_up(turn, account, now)


def lose(turn: Turn, account: Account, records: Sequence[PushRecord], now: float) -> None:
    """C3: a push in the slot becomes unknown, a reading is dropped."""
    if not records:
        return
    listings = turn.store.listings.by_id(turn.connection, [record.listing_id for record in records])
    for record in records:
        record.state = apply(record.state, CallLost(now), account.rules).state
        want = want_of(account, listings[record.listing_id], now, turn.no_rise)
        place(record, want, account)
    turn.store.pushes.save(turn.connection, records, account.rules)


# --- C1: a reply that was lost is said again ----------------------------------------------------


def _repeated(turn: Turn, account: Account, letter: Pull) -> PushWork | ReadWork | None:
    records = [
        record
        for record in turn.store.pushes.calls_after(
            turn.connection, account.id, letter.last_call_id
        )
        if record.state.call is not None
        and record.state.call.epoch == account.row.epoch
        and record.state.call.send_by > letter.now
    ]
    if not records:
        return None
    listings = turn.store.listings.by_id(turn.connection, [record.listing_id for record in records])
    if letter.takes_push and not account.is_shadow:
        calls = [
            (record, record.state.call)
            for record in records
            if isinstance(record.state.call, PushCall)
        ]
        if calls:
            first = calls[0][1]
            rows = [
                push_row(account, listings[record.listing_id], call)
                for record, call in calls
                if call.send_by == first.send_by
            ]
            return PushWork(tuple(rows), first.send_by)
    if letter.takes_reading:
        reads = [
            (record, record.state.call)
            for record in records
            if isinstance(record.state.call, ReadCall)
        ]
        if reads:
            first_read = reads[0][1]
            return ReadWork(
                tuple(
                    ReadRow(record.listing_id, call.id, listings[record.listing_id].ref)
                    for record, call in reads
                    if call.send_by == first_read.send_by
                ),
                first_read.send_by,
                is_audit=False,
            )
    return None


# --- pushes -------------------------------------------------------------------------------------


def _pushes(turn: Turn, account: Account, letter: Pull) -> PushWork | None:
    if account.is_shadow:
        _place_moved(turn, account, letter.now)
        return None
    is_looked_at = look_again(turn, account, letter.now)
    if account.rules.write_kind is WriteKind.RELATIVE and not account.row.is_last_poll_ok:
        return None
    batch = _Batch(turn, account, letter.now)
    moved = _moved(turn, account)
    batch.weigh(_listings_of(turn, account, moved.by_order), ORDER_DRIVEN)
    by_hand = _listings_of(turn, account, moved.otherwise)
    batch.place(by_hand)
    most = account.push_rows_max * DUE_FACTOR
    for priority in (ORDER_DRIVEN, APPROVED):
        if not batch.is_full:
            due = turn.store.pushes.due(turn.connection, account.id, priority, letter.now, most)
            batch.weigh(due, priority)
    # Bulk pushes wait until all that moved is counted: the breaker judges the whole change.
    if is_looked_at and moved.is_all and may_bulk_go(turn, account) and not batch.is_full:
        batch.weigh(by_hand, BULK)
        due = turn.store.pushes.due(turn.connection, account.id, BULK, letter.now, most)
        batch.weigh(due, BULK)
    return batch.take()


def _place_moved(turn: Turn, account: Account, now: float) -> None:
    """Looks at what moved where no push is given: a listing whose total has come is compared."""
    look_again(turn, account, now)
    moved = _moved(turn, account)
    batch = _Batch(turn, account, now)
    batch.place(_listings_of(turn, account, moved.by_order), ORDER_DRIVEN)
    batch.place(_listings_of(turn, account, moved.otherwise))


def _moved(turn: Turn, account: Account) -> Moved:
    """What moved since this mall last asked."""
    moved = turn.store.movements.changed_since(
        turn.connection, account.row.cursor, MOVEMENTS_PER_PULL_MAX
    )
    # A cursor that moved alone is not worth a commit: it goes along with the next one, at the
    # latest with the next poll. After a crash the same movements are looked at again.
    account.row.cursor = moved.cursor
    return moved


def _listings_of(turn: Turn, account: Account, sku_ids: Sequence[int]) -> list[PushRecord]:
    """The mall's listings of SKUs that moved."""
    if not sku_ids:
        return []
    ids = turn.store.listings.of_skus(turn.connection, account.id, sku_ids)
    found = turn.store.pushes.by_id(turn.connection, ids)
    return [found[listing_id] for listing_id in ids if listing_id in found]


class _Batch:
    """The rows of one write call while they are chosen."""

    def __init__(self, turn: Turn, account: Account, now: float) -> None:
        self._turn = turn
        self._account = account
        self._now = now
        self._chosen: list[tuple[PushRecord, PushDecision, ListingRow]] = []
        self._seen: set[int] = set()
        self._changed: list[PushRecord] = []
        self._changes: list[tuple[PushRecord, Change]] = []
        self._refs: set[str] = set()

    @property
    def is_full(self) -> bool:
        """No further row fits."""
        return len(self._chosen) >= self._rows_max

    @property
    def _rows_max(self) -> int:
        limit = self._account.push_rows_max
        if self._chosen and self._chosen[0][1].may_be_refused:
            return min(limit, RISKY_ROWS_MAX)
        return limit

    def place(self, records: Sequence[PushRecord], priority: int | None = None) -> None:
        """Counts what people moved as waiting, at once, before the breaker judges."""
        records = [record for record in records if record.listing_id not in self._seen]
        if not records:
            return
        turn, account = self._turn, self._account
        listings = self._listings(records)
        for record in records:
            want = want_of(account, listings[record.listing_id], self._now, turn.no_rise)
            place(record, want, account, priority)
        turn.store.pushes.save(turn.connection, records, account.rules)

    def _listings(self, records: Sequence[PushRecord]) -> dict[int, ListingRow]:
        ids = [record.listing_id for record in records]
        return self._turn.store.listings.by_id(self._turn.connection, ids)

    def weigh(self, records: Iterable[PushRecord], priority: int) -> None:
        """Decides each record anew; what is due and fits is chosen, the rest is placed again."""
        fresh = [record for record in records if record.listing_id not in self._seen]
        if not fresh:
            return
        turn, account = self._turn, self._account
        self._seen.update(record.listing_id for record in fresh)
        listings = self._listings(fresh)
        for record in fresh:
            listing = listings[record.listing_id]
            before = _place_of(record)
            want = want_of(account, listing, self._now, turn.no_rise)
            decision = decide(record.state, want, account.rules)
            if priority == ORDER_DRIVEN:
                record.priority = ORDER_DRIVEN
            is_free = decision is not None and is_counted(record, want, account)
            if decision is not None and is_free and self._fits(decision, listing):
                self._chosen.append((record, decision, listing))
                self._changes.append((record, bulk_change(record.state, want)))
                continue
            place(record, want, account, priority)
            if record.push_at is not None and record.push_at <= self._now and decision is None:
                # Due, but for a poll that is not there yet (D6): not at every pull again.
                record.push_at = self._now + RECONSIDER_S
            if _place_of(record) != before:
                self._changed.append(record)

    def _fits(self, decision: PushDecision, listing: ListingRow) -> bool:
        if self.is_full:
            return False
        if self._chosen and decision.may_be_refused != self._chosen[0][1].may_be_refused:
            # Rows that may be refused never share a request with safe ones.
            return False
        # Some malls fold codes: two rows that could be one there never share a request.
        key = f"{listing.code}\x1f{listing.sub_code}".casefold()
        if key in self._refs:
            return False
        self._refs.add(key)
        return True

    def take(self) -> PushWork | None:
        """Takes the slots of what was chosen and writes all that was placed."""
        turn, account = self._turn, self._account
        rows = []
        send_by = self._now + account.rules.send_within_s
        if self._chosen:
            count_given(turn, account, self._changes)
            first = turn.store.malls.take_ids(turn.connection, "call", len(self._chosen))
            for number, (record, decision, listing) in enumerate(self._chosen, first):
                event = TakePush(number, account.row.epoch, decision, self._now, send_by)
                record.state = apply(record.state, event, account.rules).state
                record.push_at = record.read_at = None
                record.reflect_held = 0
                if record.priority == BULK:
                    record.bulk = 0
                call = record.state.call
                if isinstance(call, PushCall):
                    rows.append(push_row(account, listing, call))
                self._changed.append(record)
            account.row.last_push_at = turn.now
            account.is_changed = True
        turn.store.pushes.save(turn.connection, self._changed, account.rules)
        return PushWork(tuple(rows), send_by) if rows else None


def _place_of(record: PushRecord) -> tuple[float | None, int, float | None, int, int]:
    return record.push_at, record.priority, record.read_at, record.bulk, record.reflect


# --- readings (S1) ------------------------------------------------------------------------------


def _readings(turn: Turn, account: Account, letter: Pull) -> ReadWork | None:
    most = account.card.read_rows_max
    due = turn.store.pushes.to_read(turn.connection, account.id, letter.now, most)
    if not due:
        return None
    listings = turn.store.listings.by_id(turn.connection, [record.listing_id for record in due])
    chosen, changed = [], []
    is_audit = True
    for record in due:
        listing = listings[record.listing_id]
        want = want_of(account, listing, letter.now, turn.no_rise)
        suspect = not record.state.known or is_suspect(record.state, account.rules)
        if not suspect and is_syncing(listing) and record.state.reading is None:
            record.state = apply(record.state, AuditDue(), account.rules).state
        if not wants_reading(record.state, want, account.rules):
            place(record, want, account)
            changed.append(record)
            continue
        is_audit = is_audit and not suspect
        chosen.append((record, listing))
    send_by = letter.now + account.rules.send_within_s
    rows = []
    if chosen:
        first = turn.store.malls.take_ids(turn.connection, "call", len(chosen))
        for number, (record, listing) in enumerate(chosen, first):
            event = TakeReading(number, account.row.epoch, letter.now, send_by)
            record.state = apply(record.state, event, account.rules).state
            record.read_at = None
            changed.append(record)
            rows.append(ReadRow(record.listing_id, number, listing.ref))
    turn.store.pushes.save(turn.connection, changed, account.rules)
    return ReadWork(tuple(rows), send_by, is_audit) if rows else None
