"""Adopted differences (S3): somebody's edit at a mall booked to the total, once, and undone once.

An adoption is one movement keyed by the reading that found it. What speaks against it is asked of
the ledger here; the decider refuses it then, and the difference is reported.
"""

from actors.desk.account import Account
from actors.desk.answers import NotThere
from actors.desk.stockwork import book
from actors.desk.turn import Turn
from actors.store.listing_rows import ListingRow
from actors.store.movement_rows import MovementRow
from actors.store.push_rows import PushRecord
from engine.fault_record import TroubleOver, fault_key
from engine.faults import Family, adopted_late_spec
from engine.ledger import Reason, adopt_key, adopt_prefix, undo_key
from engine.push_state import Adopt, OnDifference
from engine.questions import UndoneView, UndoStock


def is_adopted_elsewhere(
    turn: Turn, account: Account, record: PushRecord, listing: ListingRow
) -> bool:
    """Whether the SKU's total took in another listing's edit since this one was last compared.

    One count typed into two malls looks like two edits; only the first may be booked.
    """
    state = record.state
    if account.rules.on_difference is not OnDifference.ADOPT or len(listing.links) != 1:
        return False
    reading = state.reading
    if reading is None or state.anchor is None or state.low is None:
        return False
    if state.low <= reading.quantity + reading.shift <= state.high:
        return False  # No difference: the ledger need not be asked.
    return turn.store.movements.has_adopted(
        turn.connection,
        listing.links[0].sku_id,
        account.to_wall(state.anchor.start),
        adopt_prefix(listing.id),
    )


def adopt(turn: Turn, account: Account, listing: ListingRow, effect: Adopt) -> None:
    """Books a settled difference; the same reading twice counts once."""
    link = listing.links[0]
    key = adopt_key(listing.id, effect.reading_id)
    sku = turn.store.listings.skus_by_id(turn.connection, [link.sku_id]).get(link.sku_id)
    if sku is None or sku.total is None or turn.store.movements.has_key(turn.connection, key):
        return
    row = MovementRow(
        sku.id, effect.delta, sku.total + effect.delta, str(Reason.ADOPT), turn.now,
        account.id, "", "", turn.now, "", listing.subject, key,
    )  # fmt: skip
    book(turn, sku, row)
    sentences = ("差異を総在庫数に取り込みました", "a difference was adopted")
    turn.tell("adopted", account, listing.subject, sentences, effect.delta)


def undo(turn: Turn, letter: UndoStock, sender: bytes) -> None:
    """Takes back one adopted movement, exactly once however often it is asked for."""
    store, connection = turn.store, turn.connection
    moved = store.movements.by_seq(connection, letter.seq)
    if moved is None:
        raise NotThere(
            f"履歴番号 {letter.seq} はありません。zaiko history SKU で確かめてください。",
            f"There is no movement {letter.seq}; look it up with: zaiko history SKU",
        )
    sku = store.listings.skus_by_id(connection, [moved.sku_id]).get(moved.sku_id)
    if moved.reason != Reason.ADOPT or sku is None or sku.total is None:
        raise NotThere(
            f"履歴 {letter.seq} は取り込んだ差異ではありません。"
            "zaiko stock adjust で修正してください。",
            f"Movement {letter.seq} is no adopted difference; correct it with: zaiko stock adjust",
        )
    key = undo_key(letter.seq)
    is_new = not store.movements.has_key(connection, key)
    total = sku.total
    if is_new:
        total -= moved.delta
        row = MovementRow(
            sku.id, -moved.delta, total, str(Reason.RESTOCK_CORRECTION), turn.now,
            moved.mall_id, "", "", turn.now, letter.actor, f"undo {letter.seq}: {moved.note}", key,
        )  # fmt: skip
        book(turn, sku, row)
        account = turn.accounts.get(moved.mall_id or 0)
        if account is not None:
            spec = adopted_late_spec(letter.seq, 0)
            late = fault_key(spec, account.name, subject=moved.note, family=Family.STOCK)
            turn.heal(account, TroubleOver(late))
    view = UndoneView(seq=letter.seq, sku=sku.code, delta=-moved.delta, total=total, undone=is_new)
    turn.answer(sender, letter.id, view)
