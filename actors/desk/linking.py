"""Links and claims: which listing is which SKU, and what a new link sets going (F2, E6)."""

from collections.abc import Collection, Sequence

from actors.desk.account import Account
from actors.desk.opening import book_waiting
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store.listing_rows import ListingRow, SkuRow, ref_of, with_flags
from actors.store.push_rows import PushRecord
from engine.fault_record import TroubleOver, fault_key
from engine.faults import LINK_CONFLICT, Family
from engine.links import (
    CONFLICT_MESSAGE,
    Conflict,
    Linked,
    Unlinked,
    auto_link,
    claim,
    fold,
    release,
)
from engine.push import apply
from engine.push_state import Forget, ListingPush, MallRules, PushCall
from engine.questions import (
    LINK_PAGE_MAX,
    ConflictView,
    LinkAdd,
    LinkAuto,
    LinkedView,
    LinkRemove,
)


def begin_links(turn: Turn, account: Account, listing_ids: Sequence[int]) -> None:
    """A link starts with expected unknown: one settled comparison, then D1/D2 (F2).

    Lines that waited for the listing are counted in the same transaction.
    """
    if not listing_ids:
        return
    store, connection = turn.store, turn.connection
    listings = store.listings.by_id(connection, listing_ids)
    known = store.pushes.by_id(connection, listing_ids)
    now = account.to_mall(turn.now)
    records = []
    for listing_id, listing in listings.items():
        record = known.get(listing_id) or PushRecord(listing_id, account.id, ListingPush())
        forget = Forget(is_new_link=True)
        record.state = apply(record.state, forget, account.rules).state
        place(record, want_of(account, listing, now, turn.no_rise), account)
        records.append(record)
    store.pushes.save(connection, records, account.rules)
    sku_ids = {link.sku_id for listing in listings.values() for link in listing.links}
    refs = [ref_of(listing.code, listing.sub_code) for listing in listings.values()]
    book_waiting(turn, sorted(sku_ids), only={account.id: refs})
    turn.wakes_pull.add(account.id)


def place_again(turn: Turn, account: Account, listing_ids: Sequence[int]) -> None:
    """Puts listings where they belong after their links or flags changed."""
    records = turn.store.pushes.by_id(turn.connection, listing_ids)
    if not records:
        return
    listings = turn.store.listings.by_id(turn.connection, list(records))
    now = account.to_mall(turn.now)
    for listing_id, record in records.items():
        place(record, want_of(account, listings[listing_id], now, turn.no_rise), account)
    turn.store.pushes.save(turn.connection, records.values(), account.rules)
    turn.wakes_pull.add(account.id)


def set_conflict(
    turn: Turn, account: Account, listings: Collection[ListingRow], *, is_conflict: bool
) -> None:
    """Stops the sync of listings that several SKUs claim, or takes it up again."""
    changed = [row for row in listings if row.is_conflict is not is_conflict]
    turn.store.listings.set_flags(
        turn.connection, [with_flags(row, is_conflict=is_conflict) for row in changed]
    )
    for row in changed:
        if is_conflict:
            turn.fault(account, Family.ITEMS, row.subject, "conflict", LINK_CONFLICT)
        else:
            key = fault_key(LINK_CONFLICT, account.name, subject=row.subject, family=Family.ITEMS)
            turn.heal(account, TroubleOver(key))
    place_again(turn, account, [row.id for row in changed])


# --- operators' commands --------------------------------------------------------------------------


def find(turn: Turn, account: Account, code: str, sub_code: str) -> ListingRow | None:
    """The listing of a mall by its codes."""
    found = turn.store.listings.by_ref(turn.connection, account.id, [ref_of(code, sub_code)])
    return next(iter(found.values()), None)


def link_add(
    turn: Turn, account: Account, sku: SkuRow, listing: ListingRow, letter: LinkAdd, sender: bytes
) -> None:
    """Links, or keeps the claim as a conflict: a warning and no error."""
    store, connection = turn.store, turn.connection
    before = [link.sku_id for link in listing.claims]
    claimed = claim(listing.id, before, sku.id)
    is_new = sku.id not in before
    if is_new:
        store.listings.link(connection, [(listing.id, sku.id, account.id, 1)])
        if isinstance(claimed, Conflict):
            set_conflict(turn, account, [listing], is_conflict=True)
        else:
            begin_links(turn, account, [listing.id])
    views = conflicts_of(turn, account, [listing.id])
    linked = int(is_new and not views)
    turn.answer(sender, letter.id, LinkedView(linked=linked, unmatched=0, conflicts=views))


def link_remove(
    turn: Turn,
    account: Account,
    sku: SkuRow,
    listing: ListingRow,
    letter: LinkRemove,
    sender: bytes,
) -> None:
    """Ends a claim; a listing left with one claim is linked by it."""
    store, connection = turn.store, turn.connection
    released = release(listing.id, [link.sku_id for link in listing.claims], sku.id)
    store.listings.unlink(connection, listing.id, sku.id)
    if isinstance(released, Unlinked):
        set_conflict(turn, account, [listing], is_conflict=False)
        end_link(turn, account, listing.id)
    elif isinstance(released, Linked):
        set_conflict(turn, account, [listing], is_conflict=False)
        begin_links(turn, account, [listing.id])
    if account.is_base:
        settle_base(turn, account, sku)
    linked = int(isinstance(released, Linked))
    views = conflicts_of(turn, account, [listing.id])
    turn.answer(sender, letter.id, LinkedView(linked=linked, unmatched=0, conflicts=views))


def end_link(turn: Turn, account: Account, listing_id: int) -> None:
    """Forgets what was expected, but not what may still happen to the mall's quantity.

    A write that is under way, or whose end nobody knows, may land after the listing was linked
    again: the comparison of the new link has to wait for it (S1).
    """
    pushes, connection = turn.store.pushes, turn.connection
    record = pushes.by_id(connection, [listing_id]).get(listing_id)
    if record is None:
        return
    record.state = apply(record.state, Forget(is_new_link=True), account.rules).state
    if not _may_still_move(record.state, account.rules):
        pushes.delete(connection, [listing_id])
        return
    record.push_at = record.read_at = None
    pushes.save(connection, [record], account.rules)


def _may_still_move(state: ListingPush, rules: MallRules) -> bool:
    """Whether something that began before now may change what a reading shows later."""
    if isinstance(state.call, PushCall) or state.feed is not None or state.doubtful:
        return True
    is_slow = rules.live_s > 0 or rules.stale_s > 0
    return is_slow and (state.last_write_end is not None or state.own_effect_end is not None)


def settle_base(turn: Turn, account: Account, sku: SkuRow) -> None:
    """Two base listings claimed one SKU code: the one that is left defines the SKU."""
    store, connection = turn.store, turn.connection
    ids = store.listings.of_skus(connection, account.id, [sku.id])
    left = [row for row in store.listings.by_id(connection, ids).values() if not row.is_set]
    if len(left) != 1:
        return
    (row,) = left
    if sku.base_listing_id != row.id:
        store.listings.set_base(connection, sku.id, row.id)
    if row.is_conflict and len(row.claims) == 1:
        set_conflict(turn, account, [row], is_conflict=False)
        begin_links(turn, account, [row.id])


def link_auto(turn: Turn, accounts: Sequence[Account], letter: LinkAuto, sender: bytes) -> None:
    """One page of unlinked listings against the SKU codes."""
    store, connection = turn.store, turn.connection
    chosen = {
        account.id: account
        for account in accounts
        if not account.is_base and letter.mall in (None, account.name)
    }
    rows = store.listings.unlinked(connection, sorted(chosen), letter.after, LINK_PAGE_MAX)
    skus = store.listings.skus_by_code(connection, list({fold(row[2]) for row in rows}))
    candidates = {code: [sku.id] for code, sku in skus.items()}
    malls = {listing_id: mall_id for listing_id, mall_id, _ in rows}
    linked: dict[int, list[int]] = {}
    for verdict in auto_link([(row[0], fold(row[2])) for row in rows], candidates):
        if isinstance(verdict, Linked):
            mall_id = malls[verdict.listing_id]
            claims = [(verdict.listing_id, verdict.sku_id, mall_id, 1)]
            store.listings.link(connection, claims)
            linked.setdefault(mall_id, []).append(verdict.listing_id)
    for mall_id, ids in linked.items():
        begin_links(turn, chosen[mall_id], ids)
    count = sum(len(ids) for ids in linked.values())
    view = LinkedView(
        linked=count,
        unmatched=len(rows) - count,
        conflicts=(),
        next=rows[-1][0] if len(rows) == LINK_PAGE_MAX else None,
    )
    turn.answer(sender, letter.id, view)


def conflicts_of(
    turn: Turn, account: Account, listing_ids: Sequence[int]
) -> tuple[ConflictView, ...]:
    """The conflicts among these listings, as operators see them."""
    listings = turn.store.listings.by_id(turn.connection, listing_ids)
    skus = turn.store.listings.skus_by_id(
        turn.connection,
        list({link.sku_id for listing in listings.values() for link in listing.claims}),
    )
    return tuple(
        ConflictView(
            mall=account.name,
            code=row.code,
            sub_code=row.sub_code,
            skus=tuple(skus[link.sku_id].code for link in row.claims),
            message=CONFLICT_MESSAGE,
            message_en=LINK_CONFLICT.message_en,
        )
        for row in listings.values()
        if row.is_conflict
    )
