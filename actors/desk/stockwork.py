"""What operators do to stock: count, adjust, reflect, delete (sections 5 and 7, S7)."""

from collections.abc import Mapping, Sequence

from actors.desk.account import Account
from actors.desk.opening import book_waiting
from actors.desk.turn import Turn
from actors.desk.weigh import BULK, is_syncing, place, want_of
from actors.store.listing_rows import ListingRow, SkuRow
from actors.store.movement_rows import MovementRow
from actors.store.push_rows import PushRecord
from actors.store.stock_list import MallTerms, reflect_page
from engine.faults import Family, oversold_spec
from engine.ledger import Reason, oversold, request_key
from engine.links import fold
from engine.push import apply, decide, is_suspect, target
from engine.push_state import AuditDue, ListingPush, Reflect, Want
from engine.questions import (
    REFLECT_PAGE_MAX,
    AdjustStock,
    AskReflect,
    BringStock,
    ReflectRow,
    ReflectView,
    SetStock,
    StartReflect,
)
from engine.slot import PushDecision

TOTAL_MAX = 999_999_999
"""No total an operator writes may leave +- this: the largest number a mall takes."""


def sku_by_code(turn: Turn, code: str) -> SkuRow | None:
    """The SKU an operator named, case aside."""
    return turn.store.listings.skus_by_code(turn.connection, [fold(code)]).get(fold(code))


def set_stock(turn: Turn, sku: SkuRow, letter: SetStock) -> None:
    """A count as of now: orders stamped earlier and not yet seen are inside it."""
    turn.store.listings.mark_counted(turn.connection, sku.id, turn.now)
    before = sku.total or 0
    row = MovementRow(
        sku.id, letter.quantity - before, letter.quantity, str(Reason.STOCKTAKE), turn.now,
        None, "", "", turn.now, letter.actor, "", None,
    )  # fmt: skip
    book(turn, sku, row)
    if sku.total is None:
        book_waiting(turn, [sku.id])


def adjust_stock(turn: Turn, sku: SkuRow, letter: AdjustStock) -> None:
    """A signed correction; the same key twice counts once."""
    key = request_key(letter.key, sku.id)
    if sku.total is None or turn.store.movements.has_key(turn.connection, key):
        return
    row = MovementRow(
        sku.id, letter.delta, sku.total + letter.delta, str(Reason.ADJUSTMENT), turn.now,
        None, "", "", turn.now, letter.actor, letter.reason, key,
    )  # fmt: skip
    book(turn, sku, row)


def bring_stock(turn: Turn, sku: SkuRow, letter: BringStock, account: Account | None) -> None:
    """Units that arrived or came back; the same key twice counts once."""
    key = request_key(letter.key, sku.id)
    if sku.total is None or turn.store.movements.has_key(turn.connection, key):
        return
    reason = Reason.CUSTOMER_RETURN if letter.is_return else Reason.RECEIPT
    row = MovementRow(
        sku.id, letter.units, sku.total + letter.units, str(reason), turn.now,
        None if account is None else account.id, letter.number, "", turn.now, letter.actor,
        letter.note, key,
    )  # fmt: skip
    book(turn, sku, row)


def book(turn: Turn, sku: SkuRow, row: MovementRow) -> None:
    """Appends a movement that no order brought; an oversell it makes or ends is said."""
    book_all(turn, [(sku, row)])


def book_all(turn: Turn, booked: Sequence[tuple[SkuRow, MovementRow]]) -> None:
    """The same for several SKUs at once."""
    turn.move([row for _, row in booked])
    for sku, row in booked:
        if row.total >= 0:
            turn.risen.add(sku.id)
        elif oversold(sku.id, row.total - row.delta, row.total) is not None:
            # Invariant 9: said loudly, also where an operator's own count says so.
            turn.fault(None, Family.STOCK, sku.code, str(row.total), oversold_spec(row.total))


def set_with(turn: Turn, sku: SkuRow) -> str | None:
    """A set that takes this SKU and others: without it, the set would take less than it sells."""
    store, connection = turn.store, turn.connection
    ids = store.listings.of_skus(connection, None, [sku.id])
    listings = store.listings.by_id(connection, ids).values()
    return next((row.subject for row in listings if row.is_set), None)


def delete_skus(turn: Turn, skus: Sequence[SkuRow], sender: bytes, question: int) -> None:
    """M21: removes SKUs and the listings only they had, here and nowhere else."""
    store, connection = turn.store, turn.connection
    for sku in skus:
        ids = store.listings.of_skus(connection, None, [sku.id])
        listings = store.listings.by_id(connection, ids)
        alone = [row.id for row in listings.values() if len(row.claims) == 1]
        store.pushes.delete(connection, alone)
        store.rule_keys.forget(connection, alone)
        for row in listings.values():
            account = turn.accounts.get(row.mall_id)
            if account is not None:
                turn.drop_faults(account, row.subject)
        turn.drop_faults(None, sku.code)
        store.listings.delete_sku(connection, sku.id, alone)
    turn.answer(sender, question, {"deleted": [sku.code for sku in skus]})


# --- reflect (S7) ---------------------------------------------------------------------------------


def start_reflect(
    turn: Turn,
    letter: StartReflect,
    sender: bytes,
    names: Mapping[str, int],
    terms: MallTerms,
) -> None:
    """One page of a reflect: held is dropped, doubt is settled first, the rest is due now."""
    ids = reflect_page(
        turn.connection, letter.filter, names, terms, (letter.after, REFLECT_PAGE_MAX)
    )
    rows = _reflect(turn, ids, is_dry=letter.dry_run, is_asking=False)
    following = ids[-1] if len(ids) == REFLECT_PAGE_MAX else None
    turn.answer(sender, letter.id, ReflectView(rows=rows, next=following))


def ask_reflect(turn: Turn, letter: AskReflect, sender: bytes) -> None:
    """How far the listings of an earlier page have come."""
    ids = letter.listing_ids[:REFLECT_PAGE_MAX]
    rows = _reflect(turn, ids, is_dry=True, is_asking=True)
    turn.answer(sender, letter.id, ReflectView(rows=rows, next=None))


def _reflect(
    turn: Turn, ids: Sequence[int], *, is_dry: bool, is_asking: bool
) -> tuple[ReflectRow, ...]:
    store, connection = turn.store, turn.connection
    listings = store.listings.by_id(connection, ids)
    records = store.pushes.by_id(connection, ids)
    skus = store.listings.skus_by_id(
        connection, list({link.sku_id for row in listings.values() for link in row.claims})
    )
    views = []
    changed: dict[int, list[PushRecord]] = {}
    for listing_id in ids:
        listing = listings.get(listing_id)
        account = None if listing is None else turn.accounts.get(listing.mall_id)
        if listing is None or account is None or not listing.claims:
            continue
        record = records.get(listing_id) or PushRecord(listing_id, account.id, ListingPush())
        want = want_of(account, listing, account.to_mall(turn.now), turn.no_rise)
        reason = _blocked(account, listing, want)
        view = _one(account, record, want, reason, is_asking=is_asking)
        sku = skus[listing.claims[0].sku_id].code
        views.append(
            ReflectRow(
                listing_id=listing_id,
                sku=sku,
                mall=account.name,
                code=listing.code,
                sub_code=listing.sub_code,
                before=record.state.high if record.state.known else None,
                offer=want.offer,
                delta=view[0],
                result=view[1],
                reason=reason[0] if reason else "",
                reason_en=reason[1] if reason else "",
            )
        )
        if not is_dry and reason is None:
            place(record, want, account, BULK)
            changed.setdefault(account.id, []).append(record)
    for mall_id, rows in changed.items():
        store.pushes.save(connection, rows, turn.accounts[mall_id].rules)
        turn.wakes_pull.add(mall_id)
    return tuple(views)


def _one(
    account: Account,
    record: PushRecord,
    want: Want,
    reason: tuple[str, str] | None,
    *,
    is_asking: bool,
) -> tuple[int | None, str]:
    """(the change that will be pushed, how it stands); moves the record, which may be dropped."""
    if reason is not None:
        return None, "blocked"
    if not is_asking:
        record.state = apply(record.state, Reflect(), account.rules).state
    state = record.state
    decision: PushDecision | None = decide(state, want, account.rules)
    if not state.known or is_suspect(state, account.rules):
        if not is_asking:
            record.state = apply(state, AuditDue(), account.rules).state
        return None if decision is None else decision.delta, "waiting"
    if state.call is not None:
        return getattr(state.call, "delta", None), "waiting" if is_asking else "pushed"
    if decision is not None:
        return decision.delta, "waiting" if is_asking else "pushed"
    shows_offer = want.offer is not None and state.high == target(state, want.offer)
    return 0, "level" if shows_offer else "waiting"


def _blocked(account: Account, listing: ListingRow, want: Want) -> tuple[str, str] | None:
    if listing.is_conflict:
        return (
            "複数の商品が紐づいています。紐づけを解除してください。",
            "Several SKUs claim this listing; remove all but one link.",
        )
    if listing.is_gone:
        return ("モールに商品がありません。", "The listing is gone at the mall.")
    if not listing.is_synced:
        return (
            "連携がオフです。zaiko sync on でオンにしてください。",
            "The listing is not synced; tick it with: zaiko sync on",
        )
    if not is_syncing(listing):
        return ("在庫数のない商品です。", "The mall keeps no quantity for this listing.")
    if want.offer is None:
        return (
            "総在庫数がまだ決まっていません。",
            "The SKU has no total yet (its base listing is being read).",
        )
    if account.row.is_halted:
        return (
            f"{account.name} は停止中です（レベル9）。キーを更新し、エラーを削除してください。",
            f"{account.name} is halted (level 9); renew its key and clear the error.",
        )
    if account.row.is_paused:
        return (f"{account.name} は一時停止中です。", f"{account.name} is paused.")
    return None
