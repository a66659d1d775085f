"""What operators do to stock: count, adjust, bring, delete (sections 5 and 7)."""

from collections.abc import Sequence

from actors.desk.account import Account
from actors.desk.linking import settle_left
from actors.desk.opening import book_waiting
from actors.desk.turn import Turn
from actors.store.listing_rows import SkuRow
from actors.store.movement_rows import MovementRow
from engine.faults import Family, oversold_spec
from engine.ledger import Reason, oversold, request_key
from engine.links import fold
from engine.questions import (
    AdjustStock,
    BringStock,
    SetStock,
)

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
        for account in turn.accounts.values():
            shared = [one for one, row in listings.items() if row.mall_id == account.id]
            settle_left(turn, account, [one for one in shared if one not in alone])
    turn.answer(sender, question, {"deleted": [sku.code for sku in skus]})
