"""A stocktake (棚卸): counted quantities, each true as of an instant that may have passed (F1).

    total = counted + what came and left after the instant

The count starts the SKU again at its instant: an order stamped before it that comes in later is
inside the count. What is booked already is told apart by when it took place, not by when it was
booked. Before its last opening or count a SKU has orders without a movement, so that no total can
be told for an earlier instant: such a count is refused.
"""

from collections.abc import Collection, Mapping

from msgspec import Struct

from actors.desk.opening import book_waiting
from actors.desk.stockwork import TOTAL_MAX, book
from actors.desk.turn import Turn
from actors.store.listing_rows import SkuRow
from actors.store.movement_rows import MovementRow
from engine.ledger import Instant, Reason, moved_since, request_key
from engine.links import fold
from engine.questions import (
    TAKE_PAGE_MAX,
    CountedSku,
    TakenRow,
    TakenView,
    TakeRefused,
    TakeStock,
)


class _Count(Struct, frozen=True):
    """A counted quantity that can be booked."""

    sku: SkuRow
    row: TakenRow
    is_known: bool
    """The request booked it already."""


class _Refused(Exception):
    """Why one counted quantity cannot be booked, in Japanese and English, and what is wrong."""

    def __init__(self, message: str, message_en: str, column: str = "sku") -> None:
        super().__init__(message_en)
        self.sentences = (message, message_en)
        self.column = column


def take_stock(turn: Turn, letter: TakeStock, sender: bytes) -> None:
    """Books a page of counted quantities, or refuses it whole."""
    counts: list[_Count] = []
    refused: list[TakeRefused] = []
    codes = [fold(counted.sku) for counted in letter.counts[:TAKE_PAGE_MAX]]
    skus = turn.store.listings.skus_by_code(turn.connection, codes)
    seen: set[str] = set()
    for index, counted in enumerate(letter.counts):
        try:
            _refuse_twice(counted, seen, index)
            seen.add(fold(counted.sku))
            counts.append(_judged(turn, skus, counted, letter.key))
        except _Refused as reason:
            message, message_en = reason.sentences
            refused.append(
                TakeRefused(
                    index=index, column=reason.column, message=message, message_en=message_en
                )
            )
    if refused:
        turn.answer(sender, letter.id, TakenView(rows=(), refused=tuple(refused)))
        return
    if not letter.dry_run:
        for count in counts:
            if not count.is_known:
                _book_count(turn, count, letter)
    view = TakenView(rows=tuple(count.row for count in counts), refused=())
    turn.answer(sender, letter.id, view)


def _refuse_twice(counted: CountedSku, seen: Collection[str], index: int) -> None:
    if index >= TAKE_PAGE_MAX:
        raise _Refused(
            f"一度に送れるのは {TAKE_PAGE_MAX} 件までです。",
            f"A letter holds at most {TAKE_PAGE_MAX} counts.",
        )
    if fold(counted.sku) in seen:
        raise _Refused(
            f"{counted.sku} が 2 回以上あります。", f"{counted.sku} is named more than once."
        )


def _judged(turn: Turn, skus: Mapping[str, SkuRow], counted: CountedSku, request: str) -> _Count:
    sku = skus.get(fold(counted.sku))
    if sku is None:
        raise _Refused(
            f"SKU {counted.sku} はありません。zaiko stock list で確かめてください。",
            f"There is no SKU {counted.sku}; look it up with: zaiko stock list",
        )
    if not 0 <= counted.quantity <= TOTAL_MAX:
        raise _Refused(
            f"{sku.code} の数量は 0 から {TOTAL_MAX} までです。",
            f"The quantity of {sku.code} must be from 0 to {TOTAL_MAX}.",
            column="quantity",
        )
    is_known = turn.store.movements.has_key(turn.connection, request_key(request, sku.id))
    if is_known:
        return _Count(sku, _row(turn, sku, counted, 0), is_known=True)
    since = 0
    if counted.at is not None:
        _refuse_instant(turn, sku, counted.at)
        since = _since(turn, sku, counted.at)
    if abs(counted.quantity + since) > TOTAL_MAX:
        raise _Refused(
            f"{sku.code} の総在庫数が ±{TOTAL_MAX} を超えます。",
            f"The total of {sku.code} would leave +-{TOTAL_MAX}.",
            column="quantity",
        )
    return _Count(sku, _row(turn, sku, counted, since), is_known=False)


def _row(turn: Turn, sku: SkuRow, counted: CountedSku, since: int) -> TakenRow:
    total = counted.quantity + since
    return TakenRow(
        sku=sku.code,
        quantity=counted.quantity,
        at=turn.now if counted.at is None else counted.at,
        since=since,
        before=sku.total,
        total=total,
        delta=total - (sku.total or 0),
    )


def _refuse_instant(turn: Turn, sku: SkuRow, at: float) -> None:
    sentences = refused_instant(turn, sku, at)
    if sentences is not None:
        raise _Refused(*sentences, column="at")


def refused_instant(turn: Turn, sku: SkuRow, at: float) -> tuple[str, str] | None:
    """Why the SKU cannot be counted as of an instant; None: it can."""
    if at > turn.now:
        return (
            f"{sku.code} の棚卸の日時が未来です。",
            f"The instant of the count of {sku.code} is in the future.",
        )
    if sku.total is not None and at < _earliest(turn, sku):
        message = (
            f"{sku.code} はその日時より後に数えられています(または在庫管理の開始前です)。"
            "前回の棚卸より後の日時を指定してください。"
        )
        return message, (
            f"{sku.code} was opened or counted after that instant; name one after its last count."
        )
    return None


def _earliest(turn: Turn, sku: SkuRow) -> float:
    """Up to here orders may be inside the total without a movement."""
    moments = [sku.started_at, sku.counted_at]
    if sku.opened_end is not None:
        bases = (account for account in turn.accounts.values() if account.is_base)
        moments.extend(account.to_wall(sku.opened_end) for account in bases)
    return max((moment for moment in moments if moment is not None), default=0.0)


def _since(turn: Turn, sku: SkuRow, at: float) -> int:
    """What came and left after the instant, of what is booked."""
    if sku.total is None:
        return 0
    instants = instants_of(turn, at)
    margin = max(instant.eps_s for instant in instants.values())
    rows = turn.store.movements.since(turn.connection, sku.id, at - margin)
    return moved_since(rows, instants)


def instants_of(turn: Turn, at: float) -> dict[int | None, Instant]:
    """An instant of this machine's clock in each mall's."""
    instants: dict[int | None, Instant] = {None: Instant(at, 0.0)}
    for account in turn.accounts.values():
        instants[account.id] = Instant(account.to_mall(at), account.rules.eps_s)
    return instants


def _book_count(turn: Turn, count: _Count, letter: TakeStock) -> None:
    sku, taken = count.sku, count.row
    turn.store.listings.mark_counted(turn.connection, sku.id, taken.at)
    row = MovementRow(
        sku.id, taken.delta, taken.total, str(Reason.STOCKTAKE), turn.now, None, "", "",
        taken.at, letter.actor, letter.note, request_key(letter.key, sku.id),
    )  # fmt: skip
    book(turn, sku, row)
    if sku.total is None:
        book_waiting(turn, [sku.id])
