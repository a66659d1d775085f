"""One order as au PAY gives it, reduced to what stock needs.

The mall keeps no version and no time of change, so the mark is a digest of all that counts here:
status, and of every line its key, code, units and cancel flag. Nothing else of an order is parsed.
An order that reads oddly becomes an `UnreadableOrder` without any of its own text. Invariant 10.
"""

import hashlib
from collections.abc import Mapping

from engine.connector import Reply
from engine.snapshot import OrderLine, OrderMark, OrderSnapshot, UnreadableOrder
from malls.aupay.card import STATUSES_NOT_COUNTED
from malls.aupay.wire import Node, Unreadable, moment, whole

KEEP = frozenset(
    "resultCount orderInfo orderId orderDate orderStatus detail orderDetailId itemManagementId"
    " itemCode itemCancelStatus unit".split()
)
"""What is read of an order call's answer."""

RELEASED = frozenset({"キャンセル", "審査NG"})
"""Statuses whose units nobody gets: the order is cancelled. The second one is a reading (?)."""

STATUS_TEXT_MAX = 40
"""Characters kept of a status; the shop's own statuses are free text."""

_CANCELLED_LINE = frozenset({"y", "1", "キャンセル"})
"""Values of a line's own cancel flag that count as one (?); anything else is a live line."""


def mark_of(order: Node) -> OrderMark:
    """The order as a line of the list; an order that cannot be read is always read again."""
    number = order.text_of("orderId")
    stamp = moment(order.text_of("orderDate"))
    # Any oddity leaves the mark empty, so that the order is asked for and then parked.
    mark = "" if stamp is None else mark_text(order)
    return OrderMark(number, stamp or 0.0, mark)


def mark_text(order: Node) -> str:
    """Status and lines as one short text."""
    told = [order.text_of("orderStatus")]
    for line in order.all("detail"):
        told.extend(
            line.text_of(name) for name in ("orderDetailId", "itemCode", "itemManagementId", "unit")
        )
        told.append(str(_is_cancelled(line)))
    return hashlib.blake2b("\x1f".join(told).encode(), digest_size=12).hexdigest()


def read_order(
    order: Node, reply: Reply, switches: Mapping[str, str]
) -> OrderSnapshot | UnreadableOrder:
    """One order's snapshot; unreadable, with what can be told of it, if anything is odd."""
    number = order.text_of("orderId")
    try:
        return _snapshot(number, order, reply, switches)
    except Unreadable as odd:
        listings = tuple(
            (
                line.text_of("itemCode"),
                line.text_of("itemManagementId"),
                whole(line.text_of("unit")),
            )
            for line in order.all("detail")
            if line.text_of("itemCode")
        )
        stamp = moment(order.text_of("orderDate")) or 0.0
        return UnreadableOrder(number, stamp, str(odd), listings)


def _snapshot(number: str, order: Node, reply: Reply, switches: Mapping[str, str]) -> OrderSnapshot:
    stamp = moment(order.text_of("orderDate"))
    status = order.text_of("orderStatus")
    if stamp is None:
        raise Unreadable("注文日時を読み取れません。")
    if not status:
        raise Unreadable("注文ステータスがありません。")
    is_cancelled = status in RELEASED
    not_counted = {word.strip() for word in switches.get(STATUSES_NOT_COUNTED, "").split(",")}
    cut_lines = [line for line in order.all("detail") if _is_cut(line)]
    return OrderSnapshot(
        order=number,
        stamp=stamp,
        mark=mark_text(order),
        status=status[:STATUS_TEXT_MAX],
        cancelled=is_cancelled,
        # The one sign the mall gives: a line that was cancelled, or stands at nothing.
        edited=bool(cut_lines) and not is_cancelled,
        cut_only=bool(cut_lines),
        counts=status not in not_counted,
        read_from=reply.sent_at,
        read_until=reply.received_at,
        lines=_lines(order, is_cancelled=is_cancelled),
        # cancelDate was never seen filled in: whether it is a stamp is not known.
        changed_at=None,
    )


def _lines(order: Node, *, is_cancelled: bool) -> tuple[OrderLine, ...]:
    lines: dict[str, OrderLine] = {}
    for line in order.all("detail"):
        key, code = line.text_of("orderDetailId"), line.text_of("itemCode")
        units = whole(line.text_of("unit"))
        if not key or not code:
            raise Unreadable("明細の番号か商品コードがありません。")
        if units is None:
            raise Unreadable("明細の数量を読み取れません。")
        if key in lines:
            raise Unreadable("同じ明細番号が2回あります。")
        lines[key] = OrderLine(
            line=key,
            code=code,
            sub_code=line.text_of("itemManagementId"),
            quantity=0 if is_cancelled or _is_cancelled(line) else units,
            # A line that stands at 0 has lost its units somewhere, so it does not tell.
            original=units or None,
        )
    if not lines:
        raise Unreadable("明細がありません。")
    return tuple(lines.values())


def _is_cut(line: Node) -> bool:
    return _is_cancelled(line) or whole(line.text_of("unit")) == 0


def _is_cancelled(line: Node) -> bool:
    return line.text_of("itemCancelStatus").lower() in _CANCELLED_LINE
