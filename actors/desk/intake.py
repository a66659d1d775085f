"""Orders in: marks compared, snapshots counted, polls noted. The hot path of zaiko.

Everything a letter of orders brings is loaded with a handful of statements, decided in memory by
`engine.orders`, and written with one executemany a table. Movements, what each line has counted,
and what the listings are expected to show change in the one transaction of the turn (E6, F4).
"""

from collections.abc import Collection, Sequence

from actors.desk.account import Account
from actors.desk.late_orders import warn_of_late_order
from actors.desk.turn import Turn
from actors.desk.weigh import ORDER_DRIVEN, place, want_of
from actors.store.listing_rows import SEPARATOR, IntakeRow, ref_of
from actors.store.movement_rows import OrderMovementRow
from actors.store.order_rows import ParkedRow
from engine.fault_record import TroubleOver, fault_key
from engine.faults import PARKED_ORDER, Family, oversold_spec
from engine.lane import LaneEffect, LaneEvent
from engine.ledger import Movement, oversold
from engine.links import Component, LinkedListing
from engine.messages import Ack, OrdersListed, OrdersRead, OrdersWanted, PollEnded, PollPlan
from engine.order_state import (
    Booking,
    ListingEffect,
    OrderChange,
    Outcome,
    Restock,
    StoredOrder,
)
from engine.orders import apply_link, children_first, compare
from engine.push import apply, is_before
from engine.push_state import (
    ListingPush,
    OnDifference,
    OwnEffect,
    Span,
    WakePoll,
)
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder

REREAD_ORDERS_MAX = 100
"""Orders a mall is asked to read besides those it listed (parents of split orders, parked ones)."""
RECHECK_MARGIN_S = 0.01
"""A re-read planned at the very instant would settle nothing: S2 asks for later than it."""


def orders_listed(turn: Turn, account: Account, letter: OrdersListed, sender: bytes) -> None:
    """Which of the listed orders are new, changed, or cannot tell a change."""
    if letter.clock_offset_s is not None:
        account.note_offset(letter.clock_offset_s)
    numbers = [mark.order for mark in letter.marks]
    known = turn.store.orders.marks(turn.connection, account.id, numbers)
    wanted = [mark.order for mark in letter.marks if not _is_known(known, mark)]
    wanted.extend(sorted(account.reread - set(wanted)))
    account.reread.clear()
    turn.reply(sender, OrdersWanted(letter.id, tuple(wanted)))


def _is_known(known: dict[str, str], mark: OrderMark) -> bool:
    return mark.mark != "" and known.get(mark.order) == mark.mark


def orders_read(turn: Turn, account: Account, letters: Sequence[OrdersRead], sender: bytes) -> None:
    """Counts the orders of letters that came in a row; each letter is answered after the commit."""
    orders = [order for letter in letters for order in letter.orders]
    if orders:
        seen = turn.orders_seen
        Intake(turn, account).take(orders)
        if turn.orders_seen > seen:
            sentences = ("受注を取得しました", "orders came in")
            turn.tell("order", account, "", sentences, turn.orders_seen - seen)
    for letter in letters:
        if letter.unreadable or account.has_parked:
            _park(turn, account, letter)
        turn.reply(sender, Ack(letter.id))


class Intake:
    """One batch of snapshots of one mall."""

    def __init__(self, turn: Turn, account: Account) -> None:
        self._turn = turn
        self._account = account
        self._rows: dict[str, list[IntakeRow]] = {}
        self._by_listing: dict[int, list[IntakeRow]] = {}
        self._totals: dict[int, int] = {}
        self._before: dict[int, int] = {}
        self._movements: list[OrderMovementRow] = []
        self._shifts: dict[int, int] = {}
        self._states: dict[int, ListingPush] = {}
        self._wait: list[tuple[int, str, str, str]] = []
        self._unwait: list[tuple[int, str, str, str]] = []

    def take(self, snapshots: Sequence[OrderSnapshot]) -> None:
        """Decides and writes the batch."""
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        numbers = list(dict.fromkeys(snapshot.order for snapshot in snapshots))
        stored = store.orders.load(connection, account.id, numbers)
        links = self._links(snapshots, stored)
        booking = Booking(account.name, turn.now, Restock(account.settings.restock))
        rechecked_at = account.row.recheck_watermark or 0.0
        parked = self._parked()
        written: dict[str, StoredOrder] = {}
        for snapshot in children_first(snapshots):
            old = stored.get(snapshot.order)
            # T2: re-reads that found an order unreadable have not shown it as it is stored.
            shown_at = 0.0 if snapshot.order in parked else rechecked_at
            change = compare(old, snapshot, links, account.rules, booking, shown_at)
            if change.stored is None:
                continue
            stored[snapshot.order] = written[snapshot.order] = change.stored
            self._note(old, change)
        store.orders.save(connection, account.id, written.values())
        self._write()

    def book(self, refs: Sequence[str]) -> int:
        """Counts the lines that waited for a link or an opening (E6, F1); in how many orders."""
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        self._load(list(refs))
        booking = Booking(account.name, turn.now, Restock(account.settings.restock))
        orders: dict[str, StoredOrder] = {}
        written: dict[str, StoredOrder] = {}
        for ref, rows in self._rows.items():
            waiting = dict.fromkeys(
                number for number, _ in store.orders.waiting(connection, account.id, ref)
            )
            missing = [number for number in waiting if number not in orders]
            orders.update(store.orders.load(connection, account.id, missing))
            listing = linked_listing(account, rows)
            code, _, sub_code = ref.partition(SEPARATOR)
            for number in waiting:
                old = orders.get(number)
                if old is None:
                    continue
                change = apply_link(old, (code, sub_code), listing, account.rules, booking)
                if change.stored is not None:
                    orders[number] = written[number] = change.stored
                    self._note(old, change)
        store.orders.save(connection, account.id, written.values())
        self._write()
        return len(written)

    def _parked(self) -> frozenset[str]:
        turn, account = self._turn, self._account
        if not account.has_parked:
            return frozenset()
        rows = turn.store.orders.parked(turn.connection, account.id)
        return frozenset(row.number for row in rows)

    # --- loading ------------------------------------------------------------------------------

    def _links(
        self, snapshots: Sequence[OrderSnapshot], stored: dict[str, StoredOrder]
    ) -> dict[tuple[str, str], LinkedListing]:
        keys = {(line.code, line.sub_code) for order in snapshots for line in order.lines}
        keys.update((line.code, line.sub_code) for order in stored.values() for line in order.lines)
        refs = {key: ref_of(*key) for key in keys}
        self._load(list(refs.values()))
        found = ((key, self._rows.get(ref)) for key, ref in refs.items())
        return {
            key: linked_listing(self._account, rows)
            for key, rows in found
            if rows is not None and rows[0].sku_id is not None
        }

    def _load(self, refs: list[str]) -> None:
        turn = self._turn
        self._rows = turn.store.listings.for_intake(turn.connection, self._account.id, refs)
        for rows in self._rows.values():
            self._by_listing[rows[0].listing_id] = rows
            for row in rows:
                if row.sku_id is not None and row.total is not None:
                    self._totals[row.sku_id] = row.total
        self._before = dict(self._totals)

    # --- deciding -----------------------------------------------------------------------------

    def _note(self, old: StoredOrder | None, change: OrderChange) -> None:
        account = self._account
        stored = change.stored
        if stored is None:
            return
        was_waiting: Collection[str] = ()
        if old is not None:
            was_waiting = {line.line for line in old.lines if not line.shares}
        for line in stored.lines:
            is_waiting = not line.shares
            if is_waiting is not (line.line in was_waiting):
                key = (account.id, ref_of(line.code, line.sub_code), stored.order, line.line)
                (self._wait if is_waiting else self._unwait).append(key)
        if any(line.is_listed for line in change.changes):
            # F1: too close to the opening to tell; at worst these units are shown too few.
            sentences = ("開始時点に近い受注です", "an order close to the opening instant")
            self._turn.tell("opening", account, stored.order, sentences)
        for movement in change.movements:
            self._move(movement)
        for effect in change.effects:
            self._affect(effect)
        if change.reread and len(account.reread) < REREAD_ORDERS_MAX:
            account.reread.add(change.reread)
        if change.outcome is Outcome.FIRST_SEEN:
            self._turn.orders_seen += 1

    def _move(self, movement: Movement) -> None:
        total = self._totals.get(movement.sku_id)
        if total is None:
            # A share of a SKU that the line is linked to no more: its total is looked up.
            turn = self._turn
            found = turn.store.listings.skus_by_id(turn.connection, [movement.sku_id])
            sku = found.get(movement.sku_id)
            if sku is None or sku.total is None:
                return  # The SKU was deleted here; its past moves nothing.
            total = self._before[movement.sku_id] = sku.total
        total += movement.delta
        self._totals[movement.sku_id] = total
        self._movements.append(
            (
                movement.sku_id,
                movement.delta,
                total,
                movement.reason.value,
                movement.at,
                self._account.id,
                movement.order,
                movement.line,
                movement.at if movement.moment is None else movement.moment,
            )
        )

    def _affect(self, effect: ListingEffect) -> None:
        rows = self._by_listing.get(effect.listing_id)
        if rows is None or rows[0].high is None:
            return  # Unlinked meanwhile: nothing is expected of it.
        event = effect.event
        state = self._states.get(effect.listing_id)
        if state is None:
            row = rows[0]
            after = row.plain_after
            is_certain = not event.is_maybe and not event.is_open
            if is_certain and after is not None and event.moment.start > after:
                shifts = self._shifts
                shifts[effect.listing_id] = shifts.get(effect.listing_id, 0) + event.effect
                return
            state = self._load_state(effect.listing_id)
        if self._account.rules.on_difference is OnDifference.ADOPT and event.effect < 0:
            self._warn_of_late(effect.listing_id, state, event)
        step = apply(state, event, self._account.rules)
        self._states[effect.listing_id] = step.state
        if any(isinstance(told, WakePoll) for told in step.effects):
            self._turn.wakes_poll.add(self._account.id)

    def _warn_of_late(self, listing_id: int, state: ListingPush, event: OwnEffect) -> None:
        """The order belongs before the last comparison (E2), whose difference may be adopted."""
        turn, account = self._turn, self._account
        if state.anchor is not None and is_before(event.moment, state.anchor, account.rules.eps_s):
            listing = turn.store.listings.by_id(turn.connection, [listing_id])[listing_id]
            warn_of_late_order(turn, account, listing, event.effect, event.moment.start)

    def _load_state(self, listing_id: int) -> ListingPush:
        """The state with the plain additions of this batch already in it."""
        turn = self._turn
        state = self._by_listing[listing_id][0].state
        if state is None:
            state = turn.store.pushes.by_id(turn.connection, [listing_id])[listing_id].state
        by = self._shifts.pop(listing_id, 0)
        if by:
            turn.store.pushes.shift(turn.connection, [(by, by, listing_id)])
            record = turn.store.pushes.by_id(turn.connection, [listing_id])[listing_id]
            state = record.state
        return state

    # --- writing ------------------------------------------------------------------------------

    def _write(self) -> None:
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        store.orders.wait(connection, self._wait)
        store.orders.stop_waiting(connection, self._unwait)
        if self._movements:
            turn.move_orders(self._movements)
            self._shout()
        store.pushes.shift(connection, [(by, by, row) for row, by in self._shifts.items() if by])
        if self._states:
            self._save_states(account)
        if self._shifts:
            turn.wakes_pull.add(account.id)

    def _save_states(self, account: Account) -> None:
        turn = self._turn
        ids = list(self._states)
        records = turn.store.pushes.by_id(turn.connection, ids)
        listings = turn.store.listings.by_id(turn.connection, ids)
        now = account.to_mall(turn.now)
        for listing_id, state in self._states.items():
            record = records[listing_id]
            record.state = state
            want = want_of(account, listings[listing_id], now, turn.no_rise)
            place(record, want, account, ORDER_DRIVEN)
        turn.store.pushes.save(turn.connection, records.values(), account.rules)
        turn.wakes_pull.add(account.id)

    def _shout(self) -> None:
        """Invariant 9: an oversell is said loudly; it heals when the total is 0 or more."""
        turn = self._turn
        fallen = []
        for sku_id, total in self._totals.items():
            before = self._before.get(sku_id, total)
            if before >= 0 and total >= 0:
                continue
            if oversold(sku_id, before, total) is not None:
                fallen.append(sku_id)
            elif before < 0 <= total:
                turn.risen.add(sku_id)
        if fallen:
            for sku in turn.store.listings.skus_by_id(turn.connection, fallen).values():
                total = self._totals[sku.id]
                turn.fault(None, Family.STOCK, sku.code, str(total), oversold_spec(total))


def linked_listing(account: Account, rows: list[IntakeRow]) -> LinkedListing:
    """A listing with its components' openings in the clock of its mall."""
    first = rows[0]
    if first.is_conflict:
        return LinkedListing(first.listing_id, ())
    components = [
        Component(row.sku_id, row.units or 1, _opening(account, row))
        for row in rows
        if row.sku_id is not None
    ]
    return LinkedListing(first.listing_id, tuple(components))


def _opening(account: Account, row: IntakeRow) -> Span | None:
    if row.total is None:
        return None
    opened = (row.opened_start, row.opened_end)
    return account.opening_span(row.started_at, opened, row.counted_at, defines=account.is_base)


# --- polls ------------------------------------------------------------------------------------


def poll_ended(turn: Turn, account: Account, letter: PollEnded, sender: bytes) -> bool:
    """F4: the watermark moves after the orders it passes are committed.

    True when the poll was complete: open readings may settle now.
    """
    row = account.row
    account.is_changed = True
    was_ok = row.is_last_poll_ok
    row.is_last_poll_ok = letter.is_complete
    if letter.is_complete:
        row.watermark = max(row.watermark or letter.began, letter.began)
        row.window_poll_end = letter.ended
        row.last_poll_at = turn.now
        row.grace_until = None
        if letter.is_recheck:
            row.recheck_watermark = max(row.recheck_watermark or letter.began, letter.began)
            if account.card.lists_changes and account.has_parked:
                _reread_parked(turn, account)
        if LaneEffect.AUDIT in account.step(LaneEvent.POLL_OK):
            now = account.to_mall(turn.now)
            turn.store.pushes.audit_all(turn.connection, account.id, now)
            turn.wakes_pull.add(account.id)
        if not was_ok:
            turn.wakes_pull.add(account.id)
    turn.reply(sender, plan(turn, account, letter.id))
    return letter.is_complete


def plan(turn: Turn, account: Account, question: int) -> PollPlan:
    """What the next polls are to read."""
    return PollPlan(
        question, account.row.watermark, account.row.recheck_watermark, recheck_at(turn, account)
    )


def recheck_at(turn: Turn, account: Account) -> float | None:
    """When a re-read of all orders that can still change lets the oldest open reading settle."""
    end = turn.store.pushes.first_reading_end(turn.connection, account.id)
    if end is None:
        return None
    rules = account.rules
    # S2 asks for complete > b + 2 eps, and T1 takes lag_s off a poll's beginning.
    return end + 2 * rules.eps_s + rules.lag_s + RECHECK_MARGIN_S


# --- parked orders (S2) -----------------------------------------------------------------------


def _park(turn: Turn, account: Account, letter: OrdersRead) -> None:
    orders, connection = turn.store.orders, turn.connection
    if account.has_parked and letter.orders:
        parked = {row.number for row in orders.parked(connection, account.id)}
        read = parked.intersection(order.order for order in letter.orders)
        if read:
            orders.unpark(connection, account.id, read)
            for number in read:
                key = fault_key(PARKED_ORDER, account.name, subject=number, family=Family.ORDERS)
                turn.heal(account, TroubleOver(key))
            turn.parked_changed = True
    for unreadable in letter.unreadable:
        if orders.park(connection, _parked_row(turn, account, unreadable)):
            turn.fault(account, Family.ORDERS, unreadable.order, "", PARKED_ORDER)
        turn.parked_changed = True


def _reread_parked(turn: Turn, account: Account) -> None:
    """Asks for parked orders again where a re-read lists none that did not change since.

    More than fit take turns, so that a few that are never readable keep no other one away.
    """
    rows = turn.store.orders.parked(turn.connection, account.id)
    numbers = sorted(row.number for row in rows)
    later = [number for number in numbers if number > account.reread_parked_to]
    others = [number for number in numbers if number <= account.reread_parked_to]
    wanted = (later + others)[: REREAD_ORDERS_MAX - len(account.reread)]
    account.reread.update(wanted)
    if wanted:
        account.reread_parked_to = wanted[-1]


def _parked_row(turn: Turn, account: Account, order: UnreadableOrder) -> ParkedRow:
    return ParkedRow(
        mall_id=account.id,
        number=order.order,
        stamp=order.stamp,
        reason=order.reason,
        since=account.to_mall(turn.now),
        listings=tuple(
            (f"{code}{SEPARATOR}{sub_code}", units) for code, sub_code, units in order.listings
        ),
        is_counted=False,
        is_dismissed=False,
    )
