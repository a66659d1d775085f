"""The breaker at the desk: judged at each pull, tripped and closed in the turn's transaction.

What waits is counted as rows are placed, so a pull reads one row. Only a change of LISTINGS_MIN
listings makes it count the mall's shelf, and then once in a while.
"""

from collections.abc import Sequence

from msgspec import structs

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.desk.weigh import change_after_call, place_seen, want_of
from actors.store.fault_rows import identity_of
from actors.store.push_rows import APPROVED, BULK, PushRecord
from engine.breaker import (
    Breaker,
    Change,
    Shelf,
    closed,
    given_out,
    is_too_much,
    may_be_too_much,
    rolled,
    sent_mark,
    tripped,
    uncounted,
)
from engine.fault_record import TroubleOver, fault_key
from engine.faults import Family, breaker_spec

SHELF_KEPT_S = 60.0
"""How long a count of a mall's listings serves before it is made again."""
LOOK_ROWS_MAX = 1_000
"""Listings that other terms made due, decided anew by one pull; the rest by the next."""


def look_again(turn: Turn, account: Account, now: float) -> bool:
    """Decides a page of what other terms made due; True: all of it is decided.

    Until then no bulk push goes, so that the breaker sees the whole change before its first row.
    """
    records = turn.store.pushes.to_look_at(turn.connection, account.id, LOOK_ROWS_MAX)
    breaker = turn.store.breakers.load(turn.connection, account.id)
    if not records:
        if breaker.live_listings or breaker.live_to_zero:
            # Whatever was shown is looked at: nothing that comes later is covered by it.
            breaker = structs.replace(breaker, live_listings=0, live_to_zero=0)
            turn.store.breakers.save(turn.connection, account.id, breaker)
        account.breaker = breaker
        return True
    account.breaker = breaker
    listings = turn.store.listings.by_id(turn.connection, [row.listing_id for row in records])
    left, left_to_zero = breaker.live_listings, breaker.live_to_zero
    for record in records:
        want = want_of(account, listings[record.listing_id], now, turn.no_rise)
        place_seen(record, want, account)
        change = record.waits_as or change_after_call(record, want, account)
        if change and left > 0 and (change < Change.TO_ZERO or left_to_zero > 0):
            left -= 1
            left_to_zero -= change == Change.TO_ZERO
            record.priority, record.bulk = APPROVED, change
    turn.store.pushes.save(turn.connection, records, account.rules)
    if (left, left_to_zero) != (breaker.live_listings, breaker.live_to_zero):
        breaker = turn.store.breakers.load(turn.connection, account.id)
        breaker = structs.replace(breaker, live_listings=left, live_to_zero=left_to_zero)
        turn.store.breakers.save(turn.connection, account.id, breaker)
    return len(records) < LOOK_ROWS_MAX


def may_bulk_go(turn: Turn, account: Account) -> bool:
    """Judges what waits: whether bulk pushes of the mall may be given out by this pull."""
    store, connection = turn.store, turn.connection
    is_applied = store.sheets.unfinished(connection, "applying") is not None
    account.bulk_waits = is_applied or store.reflects.is_moving(connection, account.id)
    if account.bulk_waits:
        # The breaker has to see all of a file, or of a reflect, before its first row goes.
        return False
    before = store.breakers.load(connection, account.id)
    breaker = rolled(before, turn.now, account.breaker_limits)
    if breaker.is_tripped and breaker.waiting <= 0:
        # It was put right by hand: nothing that waited is due any more.
        breaker = _close(turn, account, breaker)
    elif breaker.is_tripped:
        _remind(turn, account, breaker)
    elif may_be_too_much(breaker):
        shelf = _shelf(turn, account)
        if is_too_much(breaker, shelf, account.breaker_limits):
            breaker = _trip(turn, account, breaker)
    if breaker != before:
        store.breakers.save(connection, account.id, breaker)
    account.breaker = breaker
    return not breaker.is_tripped


def _shelf(turn: Turn, account: Account) -> Shelf:
    if account.shelf is None or not 0 <= turn.now - account.shelf_at < SHELF_KEPT_S:
        account.shelf = turn.store.breakers.shelf(turn.connection, account.id)
        account.shelf_at = turn.now
    return account.shelf


def _trip(turn: Turn, account: Account, breaker: Breaker) -> Breaker:
    spec = breaker_spec(account.name, breaker.waiting, breaker.waiting_to_zero)
    turn.fault(account, Family.STOCK, "", f"{breaker.waiting}-{breaker.waiting_to_zero}", spec)
    turn.tell("breaker", account, "", (spec.message, spec.message_en), breaker.waiting)
    return tripped(breaker, turn.now)


def _remind(turn: Turn, account: Account, breaker: Breaker) -> None:
    """An error that was cleared is said again: clearing it lets nothing go."""
    spec = breaker_spec(account.name, breaker.waiting, breaker.waiting_to_zero)
    key = fault_key(spec, account.name, family=Family.STOCK)
    if turn.store.faults.open_with(turn.connection, identity_of(key)) is None:
        turn.fault(account, Family.STOCK, "", f"{breaker.waiting}-{breaker.waiting_to_zero}", spec)


def _close(turn: Turn, account: Account, breaker: Breaker) -> Breaker:
    key = fault_key(breaker_spec(account.name, 0, 0), account.name, family=Family.STOCK)
    turn.heal(account, TroubleOver(key))
    return closed(breaker, turn.now)


def approve(turn: Turn, account: Account) -> Breaker:
    """Lets go exactly what waits now; the breaker as it was before."""
    store, connection = turn.store, turn.connection
    before = store.breakers.load(connection, account.id)
    store.pushes.approve(connection, account.id)
    after = _close(turn, account, before)
    store.breakers.save(connection, account.id, after)
    account.breaker = after
    turn.wakes_pull.add(account.id)
    return before


def count_given(turn: Turn, account: Account, records: Sequence[tuple[PushRecord, Change]]) -> None:
    """Counts the bulk pushes of one batch as given out; each listing once in a window.

    The records are saved by the caller, after this.
    """
    window = account.breaker.window
    altered = zeroed = 0
    for record, change in records:
        if record.priority != BULK:
            continue
        counts_as = uncounted(change, record.bulk_sent, window)
        if counts_as:
            was_counted = record.bulk_sent > sent_mark(window, Change.NONE)
            altered += not was_counted
            zeroed += counts_as == Change.TO_ZERO
            record.bulk_sent = sent_mark(window, counts_as)
    if altered or zeroed:
        breaker = turn.store.breakers.load(turn.connection, account.id)
        account.breaker = given_out(breaker, altered, zeroed)
        turn.store.breakers.save(turn.connection, account.id, account.breaker)
