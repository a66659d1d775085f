"""Feeds: many bulk pushes handed in as one, and what becomes of their rows (C5, O7).

    work: FeedWork -> handed (ticket stored) -> work: FeedLookWork ... -> ended, page by page
              |             |                                               |
              +-------------+---> give_up: too late, or its actor is gone --+-> closed

A mall has a few feeds open at most, and their rows outlive every process: a feed is looked at again
by its ticket and never handed in a second time. One is handed in at a time; those before it are
worked off meanwhile. Beside them single pushes go on (`pulls.py`).
"""

from collections.abc import Sequence

from msgspec import Struct

from actors.desk import outcomes
from actors.desk.account import Account
from actors.desk.breaking import count_given, look_again, may_bulk_go
from actors.desk.turn import Turn
from actors.desk.weigh import APPROVED, BULK, bulk_change, is_counted, place, push_row, want_of
from actors.store.feed_rows import FeedRow
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import PushRecord
from engine.breaker import Change
from engine.connector import RowOutcome
from engine.faults import FEED_LATE, Family
from engine.messages import (
    FEED_ENDED_ROWS_MAX,
    Ack,
    FeedEnded,
    FeedHanded,
    FeedLookWork,
    FeedWork,
    OutcomeRow,
    Pull,
    PushRow,
)
from engine.push import apply, decide_feed
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushUnknown,
)
from engine.slot import PushDecision, TakeFeed

FEED_RETRY_S = 10.0
"""Too few of the due listings could go into a feed: looked at again after this; a mall's time."""
FEED_POLL_S = 1.0
"""The same where a poll may be what was missing (D6)."""
FEED_LOOK_S = 20.0
"""From one look at an open feed to the next, at least; a mall's time."""
FEED_LOOK_S_MAX = 300.0
"""The same, at most: a feed is looked at again after a quarter of its age."""
FEEDS_OPEN_MAX = 4
"""Feeds of a mall that are open at once: a mall that works them off slowly is not given more."""

AnyFeed = FeedWork | FeedLookWork
"""What a pull may be given of feeds."""


class _Chosen(Struct):
    """A listing that goes into a feed."""

    record: PushRecord
    decision: PushDecision
    listing: ListingRow
    change: Change
    """As the breaker counts it."""


def work(turn: Turn, account: Account, letter: Pull) -> AnyFeed | None:
    """A look at an open feed, or another one to be handed in."""
    feeds = turn.store.feeds.open(turn.connection, account.id)
    handing = next((feed for feed in feeds if not feed.ticket), None)
    if handing is not None:
        again = _repeated(turn, account, handing, letter)
        if again is not None:
            return again
    due = [feed for feed in feeds if feed.ticket and feed.look_at <= letter.now]
    if due:
        return _looked_at(turn, account, min(due, key=lambda feed: feed.look_at), letter)
    if handing is None and len(feeds) < FEEDS_OPEN_MAX:
        return _filled(turn, account, letter)
    return None


def _looked_at(turn: Turn, account: Account, feed: FeedRow, letter: Pull) -> FeedLookWork:
    gap_s = max(FEED_LOOK_S / account.settings.speed, (letter.now - feed.t0) / 4)
    feed.look_at = letter.now + min(gap_s, FEED_LOOK_S_MAX / account.settings.speed)
    turn.store.feeds.save(turn.connection, feed)
    return FeedLookWork(feed.first_call, feed.ticket, feed.last_number)


def next_step(turn: Turn, account: Account, now: float) -> float | None:
    """When an open feed is to be looked at, or another one may be filled."""
    feeds = turn.store.feeds.open(turn.connection, account.id)
    moments = [feed.look_at for feed in feeds if feed.ticket]
    has_room = len(moments) == len(feeds) < FEEDS_OPEN_MAX
    if has_room and _is_much_due(turn, account, now):
        # What keeps it from being handed in at once may be over by then.
        moments.append(max(account.no_feed_before, now + FEED_POLL_S / account.settings.speed))
    return min(moments, default=None)


def _is_much_due(turn: Turn, account: Account, now: float) -> bool:
    card = account.card
    if card.feed_rows_max == 0 or account.is_shadow:
        return False
    pushes, connection, most = turn.store.pushes, turn.connection, card.feed_from
    ranks = (APPROVED,) if account.breaker.is_tripped else (APPROVED, BULK)
    return sum(pushes.count_due(connection, account.id, rank, now, most) for rank in ranks) >= most


def _open(turn: Turn, account: Account, first_call: int) -> FeedRow | None:
    """The open feed of that name."""
    feeds = turn.store.feeds.open(turn.connection, account.id)
    return next((feed for feed in feeds if feed.first_call == first_call), None)


# --- in -----------------------------------------------------------------------------------------


def _filled(turn: Turn, account: Account, letter: Pull) -> FeedWork | None:
    """A feed of the bulk pushes that are due, its rows taken in this transaction."""
    pushes, connection = turn.store.pushes, turn.connection
    due = _due(turn, account, letter.now)
    if not due:
        return None
    chosen, placed = _chosen(turn, account, due, letter.now)
    if len(chosen) < account.card.feed_from:
        # What is due waits for a poll, or has something open that single writes end: not all of
        # it is to be looked at by each pull.
        polled = account.row.window_poll_end
        is_fresh = polled is not None and letter.now - polled <= account.rules.poll_interval_s
        wait_s = (FEED_RETRY_S if is_fresh else FEED_POLL_S) / account.settings.speed
        account.no_feed_before = letter.now + wait_s
        pushes.save(connection, placed, account.rules)
        return None
    count_given(turn, account, [(one.record, one.change) for one in chosen])
    first = turn.store.malls.take_ids(connection, "call", len(chosen))
    rows = []
    for number, one in enumerate(chosen, first):
        record = one.record
        event = TakeFeed(number, one.decision, letter.now)
        record.state = apply(record.state, event, account.rules).state
        record.push_at = record.read_at = None
        record.reflect_held = 0
        if record.priority == BULK:
            record.bulk = 0
        if record.state.feed is not None:
            rows.append(push_row(account, one.listing, record.state.feed))
    pushes.save(connection, [*placed, *(one.record for one in chosen)], account.rules)
    feed = FeedRow(
        mall_id=account.id,
        first_call=first,
        last_call=first + len(chosen) - 1,
        epoch=account.row.epoch,
        t0=letter.now,
        until=_send_by(account, letter.now) + account.rules.http_timeout_s,
    )
    turn.store.feeds.save(connection, feed)
    account.row.last_push_at = turn.now
    account.is_changed = True
    return FeedWork(first, tuple(rows), _send_by(account, letter.now))


def _due(turn: Turn, account: Account, now: float) -> list[PushRecord]:
    """The bulk pushes a feed could be made of; none where they are too few, or the breaker holds
    them.
    """
    card, pushes, connection = account.card, turn.store.pushes, turn.connection
    if card.feed_rows_max == 0 or account.is_shadow or now < account.no_feed_before:
        return []
    counts = {
        rank: pushes.count_due(connection, account.id, rank, now, card.feed_from)
        for rank in (APPROVED, BULK)
    }
    if sum(counts.values()) < card.feed_from:
        return []
    # Before a bulk push goes, all that moved is counted: the breaker judges the whole change.
    is_counted_all = turn.store.movements.last(connection) <= account.row.cursor
    if not (is_counted_all and look_again(turn, account, now) and may_bulk_go(turn, account)):
        del counts[BULK]
        if counts[APPROVED] < card.feed_from:
            return []
    due: list[PushRecord] = []
    for rank in counts:
        due += pushes.due(connection, account.id, rank, now, card.feed_rows_max - len(due))
    return due


def _chosen(
    turn: Turn, account: Account, due: Sequence[PushRecord], now: float
) -> tuple[list[_Chosen], list[PushRecord]]:
    """(what goes into the feed, what was placed again because it cannot)."""
    listings = turn.store.listings.by_id(turn.connection, [record.listing_id for record in due])
    chosen, placed = [], []
    refs: set[str] = set()
    for record in due:
        listing = listings[record.listing_id]
        want = want_of(account, listing, now, turn.no_rise)
        decision = decide_feed(record.state, want, account.rules)
        key = f"{listing.code}\x1f{listing.sub_code}".casefold()
        # Some malls fold codes: two rows that could be one there never share a request.
        if decision is not None and key not in refs and is_counted(record, want, account):
            refs.add(key)
            chosen.append(_Chosen(record, decision, listing, bulk_change(record.state, want)))
            continue
        place(record, want, account)
        placed.append(record)
    return chosen, placed


def _send_by(account: Account, t0: float) -> float:
    return t0 + account.rules.send_within_s + account.card.feed_send_s / account.settings.speed


def _repeated(turn: Turn, account: Account, feed: FeedRow, letter: Pull) -> FeedWork | None:
    """C1: the reply with the feed was lost; the same epoch is told the same again."""
    send_by = _send_by(account, feed.t0)
    is_lost = feed.epoch == account.row.epoch and feed.first_call > letter.last_call_id
    if not is_lost or send_by <= letter.now or account.is_shadow:
        return None
    records = _rows_of(turn, account, feed, 1, feed.last_number, feed.last_number)
    listings = turn.store.listings.by_id(turn.connection, [record.listing_id for record in records])
    rows: list[PushRow] = [
        push_row(account, listings[record.listing_id], record.state.feed)
        for record in records
        if record.state.feed is not None
    ]
    return FeedWork(feed.first_call, tuple(rows), send_by)


def handed(turn: Turn, account: Account, letter: FeedHanded, sender: bytes) -> None:
    """Stores the ticket: from here on the feed outlives its actor."""
    feed = _open(turn, account, letter.feed)
    if feed is not None and not feed.ticket:
        feed.ticket = letter.ticket
        feed.until = feed.t0 + account.rules.feed_s
        feed.look_at = account.to_mall(turn.now) + FEED_LOOK_S / account.settings.speed
        turn.store.feeds.save(turn.connection, feed)
        rows = feed.last_number
        sentences = (f"フィード送信（{rows} 件）", f"a feed of {rows} rows was handed in")
        turn.tell("feed", account, "", sentences, rows)
    turn.reply(sender, Ack(letter.id))


# --- out ----------------------------------------------------------------------------------------


def ended(turn: Turn, account: Account, letter: FeedEnded, sender: bytes) -> None:
    """Applies what became of some rows; the last page closes the feed."""
    feed = _open(turn, account, letter.feed)
    if feed is not None:
        page = _rows_of(turn, account, feed, letter.first, letter.last, FEED_ENDED_ROWS_MAX)
        bad = {row.number: row for row in letter.bad}
        rows = []
        for record in page:
            taken = record.state.feed
            if taken is None:
                continue
            refused = bad.get(taken.id - feed.first_call + 1)
            if refused is not None:
                outcome = OutcomeRow(
                    record.listing_id,
                    PushBadItem(taken.id, refused.code),
                    refused.code,
                    spec=refused.spec,
                )
            else:
                outcome = OutcomeRow(record.listing_id, _outcome(letter, taken.id), letter.code)
            rows.append(outcome)
        outcomes.take(turn, account, rows)
        if letter.is_last:
            _close(turn, account, feed)
    turn.reply(sender, Ack(letter.id))


def _outcome(letter: FeedEnded, call_id: int) -> PushDone | PushUnknown | PushNotSent:
    if letter.outcome is RowOutcome.DONE and letter.end is not None:
        return PushDone(call_id, letter.start, letter.end)
    if letter.outcome is RowOutcome.NOT_DONE:
        return PushNotSent(call_id)
    return PushUnknown(call_id, letter.end)


def give_up(turn: Turn, account: Account, now: float) -> None:
    """C3: the hand-in was not heard of in time, or the feed did not end in time. A page a turn."""
    feeds = turn.store.feeds.open(turn.connection, account.id)
    feed = next((feed for feed in feeds if now > feed.until), None)
    if feed is None:
        return
    page = _rows_of(turn, account, feed, 1, feed.last_number, FEED_ENDED_ROWS_MAX)
    lost = [
        OutcomeRow(record.listing_id, PushUnknown(record.state.feed.id))
        for record in page
        if record.state.feed is not None
    ]
    outcomes.take(turn, account, lost)
    if len(page) < FEED_ENDED_ROWS_MAX:
        if feed.ticket:
            turn.fault(account, Family.STOCK, "", "feed-late", FEED_LATE)
        turn.store.feeds.close(turn.connection, feed)


def forget(turn: Turn, account: Account, now: float) -> None:
    """C3: a new epoch began. What its ticket names goes on; what has none is given up."""
    for feed in turn.store.feeds.open(turn.connection, account.id):
        if feed.ticket:
            feed.look_at = now  # The look under way was lost with its actor.
        else:
            feed.until = min(feed.until, now)
        turn.store.feeds.save(turn.connection, feed)


def _close(turn: Turn, account: Account, feed: FeedRow) -> None:
    """Its last page came. A row that no page named would be a bug: `give_up` ends such ones."""
    if _rows_of(turn, account, feed, 1, feed.last_number, 1):
        feed.until = account.to_mall(turn.now)
        turn.store.feeds.save(turn.connection, feed)
        return
    turn.store.feeds.close(turn.connection, feed)


def _rows_of(
    turn: Turn, account: Account, feed: FeedRow, first: int, last: int, most: int
) -> list[PushRecord]:
    """The listings that still are in the feed with a number from first to last."""
    base = feed.first_call - 1
    return turn.store.pushes.of_feed(turn.connection, account.id, base + first, base + last, most)
