"""Where a listing stands in the queues: what it wants now, and when to look at it again.

A record is placed whenever its state, its links or its SKU's total changed; between two such
moments only time moves it, and the queue columns say when.
"""

from collections.abc import Collection

from actors.desk.account import Account
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import PushRecord
from engine.offer import Stock, bundle_offer
from engine.push import decide, next_wake, wants_reading
from engine.push_state import Want

ORDER_DRIVEN = 0
BULK = 1


def offer_of(account: Account, listing: ListingRow) -> int | None:
    """What the listing should show; None without a total (F2)."""
    buffer = account.settings.buffer
    return bundle_offer(
        (Stock(link.total, buffer, link.units) for link in listing.links), account.settings.cap
    )


def is_syncing(listing: ListingRow) -> bool:
    """Whether the listing takes part at all."""
    return bool(listing.links) and listing.is_tracked and not listing.is_gone


def want_of(
    account: Account, listing: ListingRow, now: float, no_rise: Collection[int] = ()
) -> Want:
    """What the inventory knows of a listing at mall time `now`; no_rise: SKUs that must not."""
    links = listing.links
    return Want(
        offer=offer_of(account, listing),
        now=now,
        is_blocked=not is_syncing(listing),
        rises_allowed=not any(link.sku_id in no_rise for link in links) if no_rise else True,
        last_poll_ok=account.row.is_last_poll_ok,
        window_poll_end=account.row.window_poll_end,
        has_one_component=len(links) == 1 and links[0].units == 1,
        cap=account.settings.cap,
    )


def place(record: PushRecord, want: Want, account: Account, priority: int | None = None) -> None:
    """Puts the record where its next step will find it."""
    state = record.state
    record.push_at = None
    record.read_at = None
    if want.is_blocked or state.call is not None:
        return
    # The poll is judged when the push is pulled: a listing must not leave the queue for it.
    if decide(state, _with_polls(want), account.rules) is not None:
        record.push_at = 0.0
        record.priority = BULK if priority is None else priority
        return
    if state.reading is not None:
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
    )
