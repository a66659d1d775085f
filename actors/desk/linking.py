"""Links and claims: which listing is which SKU, and what a new link sets going (F2, E6)."""

from collections.abc import Collection, Mapping, Sequence

from actors.desk.account import Account
from actors.desk.matching import Matcher, base_of
from actors.desk.opening import book_waiting
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store import Connection
from actors.store.listing_rows import ListingRow, SkuRow, ref_of, with_flags
from actors.store.push_rows import PushRecord
from actors.store.rule_key_rows import open_page
from actors.store.store import Store
from engine.fault_record import TroubleOver, fault_key
from engine.faults import LINK_CONFLICT, Family
from engine.link_rules import Match
from engine.links import (
    CONFLICT_MESSAGE,
    Conflict,
    Linked,
    Unlinked,
    claim,
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


def link_matches(
    turn: Turn, account: Account, matches: Mapping[int, Match], but: Collection[int] = ()
) -> list[int]:
    """Links what rules match, and keeps what several SKUs match as a conflict; who is linked.

    Candidates are kept as claims of the rule: `link auto` looks at them anew, whatever the
    rules are by then, until an operator has said a word.
    """
    store, connection = turn.store, turn.connection
    linked: list[int] = []
    claims: list[tuple[int, int, int, int]] = []
    proposed: list[tuple[int, int, int, int]] = []
    for listing_id, match in matches.items():
        verdict = match.verdict
        if isinstance(verdict, Linked):
            claims.append((listing_id, verdict.sku_id, account.id, 1))
            linked.append(listing_id)
        elif listing_id not in but:
            # The default rule has no id, and finds no two SKUs: a code names one at most.
            rule_id = 0 if match.rule is None else match.rule.id
            proposed += [(listing_id, one, account.id, rule_id) for one in verdict.sku_ids]
    store.listings.link(connection, claims)
    store.listings.propose(connection, proposed)
    begin_links(turn, account, linked)
    ambiguous = store.listings.by_id(connection, list(dict.fromkeys(row[0] for row in proposed)))
    set_conflict(turn, account, ambiguous.values(), is_conflict=True)
    return linked


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
    store.listings.confirm(connection, listing.id)
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


def settle_left(turn: Turn, account: Account, listing_ids: Sequence[int]) -> None:
    """Listings in conflict that one claim is left of, because the other SKUs were deleted."""
    store, connection = turn.store, turn.connection
    rows = store.listings.by_id(connection, listing_ids).values()
    left = [row for row in rows if row.is_conflict and len(row.claims) == 1]
    if account.is_base:
        ids = [row.claims[0].sku_id for row in left]
        for sku in store.listings.skus_by_id(connection, ids).values():
            settle_base(turn, account, sku)
        return
    set_conflict(turn, account, left, is_conflict=False)
    begin_links(turn, account, [row.id for row in left])


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
    """One page of listings that nobody has linked against the link rules and the SKU codes."""
    store, connection = turn.store, turn.connection
    chosen = {
        account.id: account
        for account in accounts
        if not account.is_base and letter.mall in (None, account.name)
    }
    page = open_page(connection, sorted(chosen), letter.after, LINK_PAGE_MAX)
    matcher = Matcher(store, connection, base_of(accounts))
    linked = unmatched = 0
    conflicts: list[ConflictView] = []
    for mall_id in dict.fromkeys(one.mall_id for one in page):
        account = chosen[mall_id]
        rows = [one for one in page if one.mall_id == mall_id]
        matches = matcher.judge(mall_id, [(one.id, one.row) for one in rows])
        again = [one.id for one in rows if one.is_conflict]
        settled = _take_back(turn, account, again, matches)
        linked += len(link_matches(turn, account, matches, but=settled))
        unmatched += len(rows) - len(matches)
        ambiguous = [one for one, match in matches.items() if isinstance(match.verdict, Conflict)]
        conflicts += conflicts_of(turn, account, ambiguous)
    view = LinkedView(
        linked=linked,
        unmatched=unmatched,
        conflicts=tuple(conflicts),
        next=page[-1].id if len(page) == LINK_PAGE_MAX else None,
    )
    turn.answer(sender, letter.id, view)


def _take_back(
    turn: Turn, account: Account, listing_ids: Sequence[int], matches: Mapping[int, Match]
) -> set[int]:
    """Ends what link rules proposed and would not propose now; the listings that stay so."""
    store, connection = turn.store, turn.connection
    stay: set[int] = set()
    left: list[ListingRow] = []
    for row in store.listings.by_id(connection, listing_ids).values():
        match = matches.get(row.id)
        claims = tuple(sorted(link.sku_id for link in row.claims))
        if match is not None and match.verdict == Conflict(row.id, claims):
            stay.add(row.id)
            continue
        left.append(row)
        for link in row.claims:
            store.listings.unlink(connection, row.id, link.sku_id)
    set_conflict(turn, account, left, is_conflict=False)
    for row in left:
        end_link(turn, account, row.id)
    return stay


def conflict_views(
    store: Store,
    connection: Connection,
    names: Mapping[int, str],
    listings: Sequence[ListingRow],
) -> tuple[ConflictView, ...]:
    """Conflicts as operators see them; `names` are those of the malls."""
    skus = store.listings.skus_by_id(
        connection, list({link.sku_id for listing in listings for link in listing.claims})
    )
    return tuple(
        ConflictView(
            mall=names.get(row.mall_id, ""),
            code=row.code,
            sub_code=row.sub_code,
            skus=tuple(skus[link.sku_id].code for link in row.claims),
            message=CONFLICT_MESSAGE,
            message_en=LINK_CONFLICT.message_en,
        )
        for row in listings
    )


def conflicts_of(
    turn: Turn, account: Account, listing_ids: Sequence[int]
) -> tuple[ConflictView, ...]:
    """The conflicts among these listings."""
    listings = turn.store.listings.by_id(turn.connection, listing_ids).values()
    rows = [row for row in listings if row.is_conflict]
    return conflict_views(turn.store, turn.connection, {account.id: account.name}, rows)
