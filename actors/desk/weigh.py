"""Where a listing stands in the queues: what it wants now, when to look at it again, its row.

A record is placed whenever its state, its links or its SKU's total changed; between two such
moments only time moves it, and the queue columns say when.
"""

from collections.abc import Collection

from actors.desk.account import Account
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import APPROVED, BULK, LOOK_AT, ORDER_DRIVEN, PushRecord
from engine.breaker import Change, change_of, uncounted
from engine.catalogue import SideSettings
from engine.connector import WriteKind
from engine.messages import PushRow
from engine.offer import Stock, bundle_offer, cap_of, follows_total
from engine.offer_rules import RuleBook
from engine.push import decide, is_suspect, next_wake, target, wants_reading
from engine.push_state import ListingPush, MallRules, PushCall, Want
from engine.slot import FeedCall

__all__ = [
    "APPROVED",
    "BULK",
    "ORDER_DRIVEN",
    "bulk_change",
    "is_counted",
    "is_syncing",
    "offer_of",
    "place",
    "push_row",
    "stocks_of",
    "want_of",
]


def stocks_of(account: Account, listing: ListingRow, book: RuleBook | None = None) -> list[Stock]:
    """The listing's components, each with its terms by the house's rules or by another book."""
    rules = account.rule_book if book is None else book
    mall_id, base = account.id, account.own_terms
    return [
        Stock(link.total, link.units, rules.terms(mall_id, link.sku_id, base))
        for link in listing.links
    ]


def offer_of(account: Account, listing: ListingRow) -> int | None:
    """What the listing should show; None without a total (F2)."""
    return bundle_offer(stocks_of(account, listing))


def is_syncing(listing: ListingRow) -> bool:
    """Whether the listing takes part at all."""
    is_there = listing.is_tracked and not listing.is_gone
    return bool(listing.links) and is_there and listing.is_synced


def awaits_opening(listing: ListingRow) -> bool:
    """Whether another mall's listing must first be given its SKU's total.

    Compared without one it would have nothing to differ from: its first difference would be
    pushed whatever `on_first_difference` says, and it would stay unproven until the next audit.
    `opening.book_waiting` places it once the total is there.
    """
    return any(link.total is None and link.base_listing_id != listing.id for link in listing.links)


def want_of(
    account: Account, listing: ListingRow, now: float, no_rise: Collection[int] = ()
) -> Want:
    """What the inventory knows of a listing at mall time `now`; no_rise: SKUs that must not."""
    links = listing.links
    stocks = stocks_of(account, listing)
    return Want(
        offer=bundle_offer(stocks),
        now=now,
        is_blocked=not is_syncing(listing) or awaits_opening(listing),
        rises_allowed=not any(link.sku_id in no_rise for link in links) if no_rise else True,
        last_poll_ok=account.row.is_last_poll_ok,
        window_poll_end=account.row.window_poll_end,
        has_one_component=follows_total(stocks),
        cap=cap_of(stocks),
        pushes_allowed=not account.is_shadow,
    )


def place(record: PushRecord, want: Want, account: Account, priority: int | None = None) -> None:
    """Puts the record where its next step will find it.

    A push that orders drive, or an approved one, stays that until the listing is level; every
    other one is a bulk change, and counted as one. What other terms made due stays marked until
    `breaking.look_again` has looked at it: it says what of it was let go.
    """
    is_unseen = record.push_at is not None and record.push_at <= LOOK_AT
    place_seen(record, want, account, priority)
    if is_unseen:
        record.push_at = LOOK_AT


def place_seen(
    record: PushRecord, want: Want, account: Account, priority: int | None = None
) -> None:
    """The same, and whatever other terms made due is seen by it."""
    state = record.state
    record.push_at = None
    record.read_at = None
    if priority == ORDER_DRIVEN:
        record.priority = ORDER_DRIVEN
    if not state.first_settled:
        record.reflect_held = 0  # Another link: what the one before held is none of this one's.
    if want.is_blocked:
        record.priority, record.bulk = BULK, 0
        record.reflect = record.reflect_held = 0
        return
    if state.call is not None:
        return
    # The poll is judged when the push is pulled: a listing must not leave the queue for it.
    decision = decide(state, _with_polls(want), account.rules)
    if decision is not None:
        record.push_at = 0.0
        _rank(record, bulk_change(state, want), account)
        _audit_held(record, account)
        return
    is_level = _is_level(state, want, account.rules)
    if record.priority == BULK or is_level:
        record.priority, record.bulk = BULK, 0
    if record.reflect and is_level and not is_suspect(state, account.rules):
        record.reflect = record.reflect_held = 0
    if state.reading is not None or state.feed is not None:
        return
    if wants_reading(state, want, account.rules):
        record.read_at = 0.0
        return
    later = next_wake(state, want, account.rules)
    if later is not None:
        record.read_at = later
        record.push_at = later
    elif state.settled_at is not None:
        # An audit: every listing in turn.
        record.read_at = state.settled_at + account.settings.compare_interval_s


def bulk_change(state: ListingPush, want: Want) -> Change:
    """What the push that is due would do to what buyers see."""
    return change_of(state.high, target(state, want.offer or 0))


def change_after_call(record: PushRecord, want: Want, account: Account) -> Change:
    """What will be due of a listing as soon as its slot is free; NONE where it is free."""
    state = record.state
    is_known = state.call is not None and state.known and not state.quarantined
    if not is_known or want.is_blocked or want.offer is None or record.priority != BULK:
        return Change.NONE
    is_level = _is_level(state, want, account.rules)
    return Change.NONE if is_level else bulk_change(state, want)


def is_counted(record: PushRecord, want: Want, account: Account) -> bool:
    """Whether a push may go: a bulk one only as what the breaker has counted it for."""
    if record.priority == ORDER_DRIVEN:
        return True
    change = bulk_change(record.state, want)
    if record.priority == BULK:
        change = uncounted(change, record.bulk_sent, account.breaker.window)
    return change <= record.bulk


def _rank(record: PushRecord, change: Change, account: Account) -> None:
    if record.priority == ORDER_DRIVEN:
        record.bulk = 0
    elif record.priority == BULK or change > record.bulk:
        # An approval of another quantity is none of an empty shelf.
        record.priority = BULK
        record.bulk = uncounted(change, record.bulk_sent, account.breaker.window)


def _audit_held(record: PushRecord, account: Account) -> None:
    """A push that the breaker holds must not end the listing's audits."""
    state = record.state
    if not account.breaker.is_tripped or record.priority != BULK or state.reading is not None:
        return
    if account.rules.write_kind is not WriteKind.ANCHORED and state.settled_at is not None:
        record.read_at = state.settled_at + account.settings.compare_interval_s


def _is_level(state: ListingPush, want: Want, rules: MallRules) -> bool:
    if want.offer is None or not state.known or state.quarantined:
        return False
    is_unsure = rules.write_kind is WriteKind.ANCHORED and state.low != state.high
    if state.feed is not None or state.doubtful or state.again or is_unsure:
        # What an order drove is driven by it until it need not be written once more (O3, O5).
        return False
    return max(0, state.high) == target(state, want.offer)


def push_row(account: Account, listing: ListingRow, call: PushCall | FeedCall) -> PushRow:
    """A decided write as its letter tells it."""
    registered = account.settings.settings_on_push == "registered"
    settings = listing.settings if registered else SideSettings()
    return PushRow(listing.id, call.id, listing.ref, call.delta, call.value, settings)


def _with_polls(want: Want) -> Want:
    if want.last_poll_ok and want.window_poll_end is not None:
        return want
    return Want(
        offer=want.offer,
        now=want.now,
        is_blocked=want.is_blocked,
        rises_allowed=want.rises_allowed,
        last_poll_ok=True,
        window_poll_end=want.now,
        has_one_component=want.has_one_component,
        cap=want.cap,
        pushes_allowed=want.pushes_allowed,
    )
