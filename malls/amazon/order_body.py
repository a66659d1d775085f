"""How an order is read: units, signs of a cut, marks. The same rules for both order APIs.

    status            units of a line now
    CANCELLED         0, and the order is cancelled
    UNFULFILLABLE     0, as cancelled (only Amazon-fulfilled orders have it)
    any other         sent + to be sent where both are told, else the quantity ordered

Pending orders count: the mall has taken their units already. A buyer's request to cancel changes
nothing. An order fulfilled by Amazon has no lines here. What is (?) of this, and which way it errs:
docs/malls/amazon.md, "How an order is read". Invariants 2 and 10.
"""

from collections.abc import Mapping
from typing import Any, Final

from msgspec import Raw, Struct

from engine.snapshot import OrderLine, OrderMark, OrderSnapshot, UnreadableOrder
from malls.amazon.wire import (
    Item,
    ItemV0,
    Order,
    OrderHead,
    OrderHeadV0,
    OrderV0,
    Unreadable,
    decoded,
    moment,
)

CANCELLED: Final = frozenset({"CANCELLED", "UNFULFILLABLE"})
PENDING: Final = frozenset({"PENDING", "PENDING_AVAILABILITY"})
BY_AMAZON: Final = frozenset({"AMAZON", "AFN"})

STATUS_WORDS: Mapping[str, str] = {
    "PENDING_AVAILABILITY": "予約中",
    "PENDING": "保留中",
    "UNSHIPPED": "未出荷",
    "PARTIALLY_SHIPPED": "一部出荷済み",
    "SHIPPED": "出荷済み",
    "CANCELLED": "キャンセル済み",
    "UNFULFILLABLE": "出荷不可",
    "INVOICE_UNCONFIRMED": "請求書未確認",
}

_OLD_WORDS: Mapping[str, str] = {
    "PendingAvailability": "PENDING_AVAILABILITY",
    "Pending": "PENDING",
    "Unshipped": "UNSHIPPED",
    "PartiallyShipped": "PARTIALLY_SHIPPED",
    "Shipped": "SHIPPED",
    "Canceled": "CANCELLED",
    "Unfulfillable": "UNFULFILLABLE",
    "InvoiceUnconfirmed": "INVOICE_UNCONFIRMED",
}


class PlainLine(Struct, frozen=True):
    """One line, whichever API told it."""

    line: str
    sku: str
    ordered: int
    whole: int | None = None
    """Units sent and to be sent, where both are told."""
    is_cut: bool = False
    """A cancel of the line was carried out."""
    is_wished: bool = False
    """The buyer asks for a cancel."""


class PlainOrder(Struct, frozen=True):
    """One order, whichever API told it."""

    number: str
    stamp: float
    updated: float
    status: str
    """In the words of 2026-01-01."""
    is_afn: bool

    @property
    def mark(self) -> OrderMark:
        """The order as a list shows it."""
        return OrderMark(self.number, self.stamp, f"{self.status}/{round(self.updated * 1000)}")


def plain_order(raw: Raw | bytes) -> tuple[PlainOrder, tuple[PlainLine, ...]]:
    """An order of 2026-01-01 with its lines; raises Unreadable."""
    order = decoded(raw, Order)
    head = PlainOrder(
        number=order.number,
        stamp=moment(order.created),
        updated=moment(order.updated),
        status=order.fulfillment.status,
        is_afn=order.fulfillment.by in BY_AMAZON,
    )
    return head, tuple(_plain_line(item) for item in order.items)


def _plain_line(item: Item) -> PlainLine:
    told, cancel = item.fulfillment, item.cancellation
    whole = None
    if told is not None and told.fulfilled is not None and told.unfulfilled is not None:
        whole = told.fulfilled + told.unfulfilled
    return PlainLine(
        line=item.line,
        sku=item.product.sku or "",
        ordered=item.ordered,
        whole=whole,
        is_cut=cancel is not None and cancel.execution is not None,
        is_wished=cancel is not None and cancel.request is not None,
    )


def plain_order_v0(raw: Raw | bytes) -> PlainOrder:
    """An order of v0, which has no lines; raises Unreadable."""
    order = decoded(raw, OrderV0)
    return PlainOrder(
        number=order.number,
        stamp=moment(order.created),
        updated=moment(order.updated),
        status=_OLD_WORDS.get(order.status, order.status.upper()),
        is_afn=order.channel in BY_AMAZON,
    )


def plain_line_v0(raw: Raw | bytes) -> PlainLine:
    """A line of v0; raises Unreadable."""
    item = decoded(raw, ItemV0)
    wish = item.wish
    return PlainLine(
        line=item.line,
        sku=item.sku or "",
        ordered=item.ordered,
        is_wished=wish is not None and wish.is_wished in (True, "true"),
    )


def snapshot(
    head: PlainOrder,
    lines: tuple[PlainLine, ...],
    read_from: float,
    read_until: float,
    uncounted: frozenset[str] = frozenset(),
) -> OrderSnapshot:
    """What stock needs of an order; raises Unreadable with a sentence fit for the operator."""
    if head.is_afn:
        lines = ()
    elif not lines:
        raise Unreadable("注文に明細がありません。")
    is_cancelled = head.status in CANCELLED
    read: dict[str, OrderLine] = {}
    is_edited = False
    for line in lines:
        units = _units(head.status, line)
        if line.line in read:
            raise Unreadable("同じ明細番号が2回あります。")
        if not line.sku:
            # Without the seller SKU nobody can tell which listing's units these are.
            raise Unreadable("明細に出品者SKUがありません。")
        # A line ordered is never a line of none: 0 is what a cancel left.
        has_sign = line.is_cut or line.ordered != units or line.ordered == 0
        is_edited = is_edited or (has_sign and not is_cancelled)
        read[line.line] = OrderLine(
            line=line.line,
            code=line.sku,
            sub_code="",
            quantity=0 if is_cancelled else units,
            original=_original(line, units, is_cancelled=is_cancelled),
        )
    return OrderSnapshot(
        order=head.number,
        stamp=head.stamp,
        mark=head.mark.mark,
        status=_status_word(head.status, lines),
        cancelled=is_cancelled,
        edited=is_edited,
        # The only signs there are tell of a cancel or a cut, never of a raise or an added line.
        cut_only=True,
        counts=not head.is_afn and head.status not in uncounted,
        read_from=read_from,
        read_until=read_until,
        lines=tuple(read.values()),
        # No later than this was an edit; of a cancel it may be too late, for a cancelled order
        # may be touched again (?), and the protocol takes it for the cancel's own moment.
        changed_at=head.updated if is_edited else None,
    )


def _units(status: str, line: PlainLine) -> int:
    """Units the line takes, but for a cancel of the whole order."""
    if line.whole is None:
        return line.ordered
    if line.whole == 0 and status in PENDING and not line.is_cut:
        # Whether a pending line is "to be sent" already is not documented (?); its units are taken.
        return line.ordered
    return line.whole


def _original(line: PlainLine, units: int, *, is_cancelled: bool) -> int | None:
    """Units taken at the placing.

    A quantity ordered that outlived a cancel is the one before it. One that equals what is left
    after a cut may have been lowered with it, and does not tell.
    """
    if line.ordered == 0 or line.ordered < units:
        return None
    if is_cancelled or line.ordered > units:
        return line.ordered
    return None if line.is_cut else line.ordered


def _status_word(status: str, lines: tuple[PlainLine, ...]) -> str:
    word = STATUS_WORDS.get(status, status[:40])
    is_wished = status not in CANCELLED and any(line.is_wished for line in lines)
    return f"{word}(購入者のキャンセル依頼あり)" if is_wished else word


# --- what can be told of an odd order -----------------------------------------------------------


class Head(Struct, frozen=True):
    """The least that is known of any order of a list."""

    number: str
    stamp: float
    is_afn: bool


def head_of(raw: Raw | bytes) -> Head:
    """The number of an order of 2026-01-01, and whose it is; Unreadable without a number."""
    head = decoded(raw, OrderHead)
    by = head.fulfillment.get("fulfilledBy") if isinstance(head.fulfillment, dict) else None
    return _head(head.number, head.created, by)


def head_of_v0(raw: Raw | bytes) -> Head:
    """The same of v0."""
    head = decoded(raw, OrderHeadV0)
    return _head(head.number, head.created, head.channel)


def _head(number: Any, created: Any, by: Any) -> Head:
    if not isinstance(number, str) or not 0 < len(number) <= 200:
        raise Unreadable("an order has no number")
    try:
        stamp = moment(created)
    except Unreadable:
        stamp = 0.0
    return Head(number, stamp, isinstance(by, str) and by in BY_AMAZON)


def unreadable_order(raw: Raw | bytes, head: Head, reason: str) -> UnreadableOrder:
    """An odd order of 2026-01-01, with the listings it can be read to name."""
    items = decoded(raw, OrderHead).items
    listings = [_named(item) for item in items] if isinstance(items, list) else []
    return UnreadableOrder(
        head.number, head.stamp, reason, tuple(named for named in listings if named is not None)
    )


def _named(item: Any) -> tuple[str, str, int | None] | None:
    product = item.get("product") if isinstance(item, dict) else None
    sku = product.get("sellerSku") if isinstance(product, dict) else None
    if not isinstance(sku, str) or not sku:
        return None
    units = item.get("quantityOrdered")
    is_told = isinstance(units, int) and not isinstance(units, bool) and units >= 0
    return sku, "", units if is_told else None
