"""What became of calls (O1-O6) and the readings that settle (S2-S5), with the opening (F1).

An outcome is applied and committed before its acknowledgement. A reading settles after a poll that
moved `complete` far enough; the base mall's first one opens the SKU.
"""

from collections.abc import Sequence

from msgspec import Struct, structs

from actors.desk.account import Account
from actors.desk.adopting import adopt, is_adopted_elsewhere
from actors.desk.opening import open_sku, start_skus
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store.listing_rows import ListingRow
from actors.store.order_rows import ParkedRow
from actors.store.push_rows import PushRecord
from engine.catalogue import SideSettings
from engine.fault_record import ListingGood
from engine.faults import BAD_ITEM, GONE_LISTING, Family, FaultKind, FaultSpec, difference_spec
from engine.messages import Ack, OutcomeRow, Outcomes
from engine.push import apply
from engine.push_state import (
    Adopt,
    AuditDue,
    Effect,
    OnDifference,
    ParkedMaybe,
    PushBadItem,
    PushCall,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    Quarantined,
    ReadingDone,
    ReadingFailed,
    Settle,
    Settled,
    Span,
    Step,
    WakePoll,
)
from engine.slot import FeedCall

READ_AGAIN_S = 2.0
"""A listing whose reading failed is not read again before this."""
SETTLE_ROWS_MAX = 5_000
"""Readings settled in one transaction; the rest follow in the next."""


def outcomes(turn: Turn, account: Account, letter: Outcomes, sender: bytes) -> None:
    """Applies the outcomes of calls and frees their slots."""
    take(turn, account, letter.rows)
    _size_batches(account, letter.rows)
    turn.reply(sender, Ack(letter.id))


def take(turn: Turn, account: Account, rows: Sequence[OutcomeRow]) -> None:
    """The same without an answer."""
    ids = list(dict.fromkeys(row.listing_id for row in rows))
    records = turn.store.pushes.by_id(turn.connection, ids)
    listings = turn.store.listings.by_id(turn.connection, ids)
    now = account.to_mall(turn.now)
    is_doubted = account.rules.bulk_is_atomic and any(
        isinstance(row.outcome, PushRefused | PushBadItem) for row in rows
    )
    carried: list[int] = []
    for row in rows:
        record, listing = records.get(row.listing_id), listings.get(row.listing_id)
        if record is None or listing is None:
            continue  # Unlinked or deleted while the call was under way.
        if isinstance(row.outcome, PushDone) and listing.settings != SideSettings():
            carried.append(listing.id)
        _apply(turn, account, record, listing, row)
        if is_doubted and isinstance(row.outcome, PushNotSent):
            # Story 39: the switch says that nothing was done, and the comparison proves it.
            record.state = apply(record.state, AuditDue(is_fresh=True), account.rules).state
        place(record, want_of(account, listing, now, turn.no_rise), account)
        if isinstance(row.outcome, ReadingFailed) and record.read_at is not None:
            wait_s = account.settings.compare_interval_s if row.is_missing else READ_AGAIN_S
            record.read_at = max(record.read_at, now + wait_s)
    turn.store.pushes.save(turn.connection, records.values(), account.rules)
    if account.settings.settings_on_push == "registered":
        turn.store.registered.note_pushed(turn.connection, carried)
    turn.wakes_pull.add(account.id)


def _apply(
    turn: Turn, account: Account, record: PushRecord, listing: ListingRow, row: OutcomeRow
) -> None:
    outcome = row.outcome
    calls = (record.state.call, record.state.feed)
    call = next((one for one in calls if one is not None and one.id == outcome.id), None)
    step = apply(record.state, outcome, account.rules)
    record.state = step.state
    _effects(turn, account, listing, step, row.spec)
    if call is None:
        return
    if isinstance(outcome, ReadingDone):
        start_skus(turn, account, listing, outcome)
    if row.is_missing:
        turn.fault(account, Family.STOCK, listing.subject, row.code, GONE_LISTING)
        # Missing is not zero (invariant 7): it is read again at the next audit, not at once.
        record.state = apply(record.state, AuditDue(), account.rules).state
    if isinstance(outcome, PushDone) and isinstance(call, PushCall | FeedCall):
        turn.tell("push", account, listing.subject, ("反映しました", "pushed"), call.delta)


def _effects(
    turn: Turn, account: Account, listing: ListingRow, step: Step, spec: FaultSpec | None
) -> None:
    for effect in step.effects:
        if isinstance(effect, WakePoll):
            turn.wakes_poll.add(account.id)
        elif isinstance(effect, Quarantined):
            # Whatever kind the table gives the code, it is this listing's, and heals with it.
            said = BAD_ITEM if spec is None else structs.replace(spec, kind=FaultKind.BAD_ITEM)
            turn.fault(account, Family.STOCK, listing.subject, effect.code, said)


def _size_batches(account: Account, rows: Sequence[OutcomeRow]) -> None:
    """A batch that failed whole without naming a row is tried in halves after it has settled."""
    pushes = [row for row in rows if not isinstance(row.outcome, ReadingDone)]
    if not pushes:
        return
    unnamed = all(
        isinstance(row.outcome, PushUnknown) and row.code and not row.code.startswith("timeout")
        for row in pushes
    )
    if unnamed and len(pushes) > 1:
        account.push_rows_max = max(1, len(pushes) // 2)
    elif any(isinstance(row.outcome, PushDone) for row in pushes):
        account.push_rows_max = min(account.card.push_rows_max, account.push_rows_max * 2)


# --- settling -----------------------------------------------------------------------------------


def settle(turn: Turn, account: Account) -> None:
    """S2-S5 for every open reading of the mall that the last poll made complete."""
    complete = account.complete
    if complete is None:
        return
    pushes, connection = turn.store.pushes, turn.connection
    parked = turn.store.orders.parked(connection, account.id) if account.has_parked else []
    count_parked(turn, account, parked)
    margin = 2 * account.rules.eps_s
    records = pushes.readings_before(connection, account.id, complete - margin)[:SETTLE_ROWS_MAX]
    if not records:
        return
    listings = turn.store.listings.by_id(connection, [record.listing_id for record in records])
    troubled = turn.store.faults.open_subjects(connection, account.id)
    settled: list[tuple[ListingRow, Span | None, Effect]] = []
    adopted: set[int] = set()
    for record in records:
        listing = listings[record.listing_id]
        seen = Parked(complete, parked, adopted)
        step = _settle_one(turn, account, record, listing, seen)
        settled.extend((listing, record.state.anchor, effect) for effect in step.effects)
    # Saved before the effects: an opening books waiting lines, which may move these very rows.
    pushes.save(connection, records, account.rules)
    for listing, anchor, effect in settled:
        if isinstance(effect, Settled):
            _settled(turn, account, listing, anchor, effect)
            if listing.subject in troubled:
                turn.heal(account, ListingGood(account.name, listing.subject, effect.held))
        elif isinstance(effect, Adopt):
            adopt(turn, account, listing, effect)
    turn.wakes_pull.add(account.id)


class Parked(Struct, frozen=True):
    """What S2 looks at besides the reading itself."""

    complete: float
    """T1: every order of the mall up to this moment is seen and re-read."""
    rows: Sequence[ParkedRow]
    """The mall's parked orders."""
    adopted: set[int]
    """SKUs of which this turn adopted a difference: two copy pages may show the same edit."""


def _settle_one(
    turn: Turn, account: Account, record: PushRecord, listing: ListingRow, seen: Parked
) -> Step:
    now = account.to_mall(turn.now)
    reading = record.state.reading
    want = want_of(account, listing, now, turn.no_rise)
    if not listing.is_synced:
        # Unticked since it was read: nobody asks what differs.
        step = apply(record.state, AuditDue(is_fresh=True), account.rules)
        record.state = step.state
        place(record, want, account)
        return Step(step.state)
    is_elsewhere = any(link.sku_id in seen.adopted for link in listing.links)
    if is_elsewhere or is_adopted_elsewhere(turn, account, record, listing):
        want = structs.replace(want, is_adopted_elsewhere=True)
    block_s = account.rules.park_block_s
    blocking = reading is not None and any(
        now - row.since < block_s and row.stamp <= reading.end + account.rules.eps_s
        for row in seen.rows
    )
    event = Settle(seen.complete, blocking, bool(seen.rows), want)
    step = apply(record.state, event, account.rules)
    record.state = step.state
    if any(isinstance(effect, Adopt) for effect in step.effects):
        seen.adopted.update(link.sku_id for link in listing.links)
    place(record, want, account)
    return step


def _settled(
    turn: Turn, account: Account, listing: ListingRow, anchor: Span | None, effect: Settled
) -> None:
    if anchor is not None and open_sku(turn, account, listing, effect.quantity, anchor):
        _audit(turn, account, listing.id)
    if effect.held != 0:
        turn.fault(
            account, Family.STOCK, listing.subject, str(effect.held), difference_spec(effect.held)
        )
    elif effect.difference != 0 and account.is_shadow:
        sentences = ("モールの数量が変わりました", "the mall shows another quantity (shadow)")
        turn.tell("difference", account, listing.subject, sentences, effect.difference)
    elif effect.difference != 0 and account.rules.on_difference is not OnDifference.ADOPT:
        sentences = ("差異を直します", "a difference is repaired")
        turn.tell("difference", account, listing.subject, sentences, effect.difference)
    if effect.proven:
        sentences = ("一致を確認", "proven equal")
        turn.tell("settled", account, listing.subject, sentences, effect.quantity)


def _audit(turn: Turn, account: Account, listing_id: int) -> None:
    """The opening reading had no offer to be equal to: another one proves the listing (S5)."""
    records = turn.store.pushes.by_id(turn.connection, [listing_id])
    listing = turn.store.listings.by_id(turn.connection, [listing_id])[listing_id]
    for record in records.values():
        record.state = apply(record.state, AuditDue(), account.rules).state
        want = want_of(account, listing, account.to_mall(turn.now), turn.no_rise)
        place(record, want, account)
    turn.store.pushes.save(turn.connection, records.values(), account.rules)


# --- parked orders (S2) -------------------------------------------------------------------------


def count_parked(turn: Turn, account: Account, parked: Sequence[ParkedRow]) -> None:
    """An order parked for park_block_s becomes a maybe, once, for the listings it names."""
    now = account.to_mall(turn.now)
    for row in parked:
        if row.is_counted or now - row.since < account.rules.park_block_s:
            continue
        units = dict(row.listings)
        found = turn.store.listings.by_ref(turn.connection, account.id, list(units))
        records = turn.store.pushes.by_id(turn.connection, list(found))
        for listing_id, record in records.items():
            listing = found[listing_id]
            event = ParkedMaybe(units.get(f"{listing.code}\x1f{listing.sub_code}"))
            record.state = apply(record.state, event, account.rules).state
            place(record, want_of(account, listing, now, turn.no_rise), account)
        turn.store.pushes.save(turn.connection, records.values(), account.rules)
        turn.store.orders.count_parked(turn.connection, account.id, row.number)
        turn.parked_changed = True
