"""One order as MakeShop gives it, reduced to what stock needs.

There is no version, no time of change and no key of a line, so the mark is a digest of all that
counts here, and a line's key is its delivery, its codes and its place among lines of the same. An
order that reads oddly becomes an `UnreadableOrder` without any of its own text. Invariant 10.
"""

import hashlib
from collections.abc import Iterator, Mapping

from msgspec import Raw

from engine.connector import Reply
from engine.snapshot import OrderLine, OrderMark, OrderSnapshot, UnreadableOrder
from malls.makeshop.products import listing_code
from malls.makeshop.wire import (
    Basket,
    Delivery,
    Order,
    OrderNumber,
    Unreadable,
    decoded,
    moment,
    text,
    units,
)

PAYMENT_CANCELLED = "0003"
DELIVERY_CANCELLED = "C"

STATUS_WORDS = {"N": "未処理", "Y": "発送済み", DELIVERY_CANCELLED: "キャンセル", "R": "返品"}


def read_order(
    raw: Raw, reply: Reply, switches: Mapping[str, str]
) -> tuple[OrderMark, OrderSnapshot | UnreadableOrder]:
    """The order as a line of the list, and as read. Raises `Unreadable` if it has no number.

    An order that cannot be read has no mark, so that it is asked for each time and parked.
    """
    try:
        order = decoded(raw, Order)
    except Unreadable:
        rest = decoded(raw, OrderNumber)
        number, stamp = _number(rest.system_order_number), moment(rest.order_date) or 0.0
        odd = UnreadableOrder(number, stamp, "受注の形式を読み取れません。")
        return OrderMark(number, stamp, ""), odd
    number, stamp = _number(order.system_order_number), moment(order.order_date) or 0.0
    try:
        snapshot = _snapshot(number, order, reply, switches)
    except Unreadable as odd_part:
        listings = tuple(
            (*_codes(basket, switches), units(basket.amount)) for _, basket in _baskets(order)
        )
        named = tuple(listing for listing in listings if listing[0])
        return OrderMark(number, stamp, ""), UnreadableOrder(number, stamp, str(odd_part), named)
    return OrderMark(number, snapshot.stamp, snapshot.mark), snapshot


def _number(native: object) -> str:
    number = text(native)
    if not number:
        raise Unreadable("an order without a number")
    return number


def _snapshot(
    number: str, order: Order, reply: Reply, switches: Mapping[str, str]
) -> OrderSnapshot:
    stamp = moment(order.order_date)
    if stamp is None:
        raise Unreadable("注文日時を読み取れません。")
    deliveries = order.delivery_infos or []
    states = [text(delivery.delivery_status) for delivery in deliveries]
    is_cancelled = text(order.payment_status_code) == PAYMENT_CANCELLED or (
        bool(states) and all(state == DELIVERY_CANCELLED for state in states)
    )
    lines = _lines(order, switches, is_cancelled=is_cancelled)
    is_cut = any(line.quantity != line.original for line in lines)
    status = DELIVERY_CANCELLED if is_cancelled else "/".join(dict.fromkeys(states))
    return OrderSnapshot(
        order=number,
        stamp=stamp,
        mark=_mark(order),
        status=STATUS_WORDS.get(status, status[:40]),
        cancelled=is_cancelled,
        # The one sign the mall gives: a delivery of several that was cancelled, or a line at 0.
        edited=is_cut and not is_cancelled,
        cut_only=is_cut,
        counts=True,
        read_from=reply.sent_at,
        read_until=reply.received_at,
        lines=lines,
        changed_at=None,
    )


def _lines(
    order: Order, switches: Mapping[str, str], *, is_cancelled: bool
) -> tuple[OrderLine, ...]:
    lines: dict[str, OrderLine] = {}
    for delivery, basket in _baskets(order):
        code, sub_code = _codes(basket, switches)
        amount = units(basket.amount)
        if not code:
            raise Unreadable("明細に商品コードがありません。")
        if amount is None:
            raise Unreadable("明細の数量を読み取れません。")
        is_out = is_cancelled or text(delivery.delivery_status) == DELIVERY_CANCELLED
        key = _key(lines, delivery, basket)
        lines[key] = OrderLine(
            line=key,
            code=code,
            sub_code=sub_code,
            quantity=0 if is_out else amount,
            # A line that stands at 0 has lost its units somewhere, so it does not tell.
            original=amount or None,
        )
    if not lines:
        raise Unreadable("明細がありません。")
    return tuple(lines.values())


def _key(lines: Mapping[str, OrderLine], delivery: Delivery, basket: Basket) -> str:
    """Delivery, codes, and the place among lines of the same: others may go without moving it."""
    product = text(basket.product_code) or text(basket.product_custom_code)
    stem = f"{text(delivery.delivery_id)}/{product}/{text(basket.variation_custom_code)}"
    place = 1
    while f"{stem}#{place}" in lines:
        place += 1
    return f"{stem}#{place}"


def _codes(basket: Basket, switches: Mapping[str, str]) -> tuple[str, str]:
    code = listing_code(text(basket.product_code), text(basket.product_custom_code), switches)
    return code, text(basket.variation_custom_code)


def _baskets(order: Order) -> Iterator[tuple[Delivery, Basket]]:
    for delivery in order.delivery_infos or []:
        for basket in delivery.basket_infos or []:
            yield delivery, basket


def _mark(order: Order) -> str:
    told = [text(order.payment_status_code)]
    for delivery, basket in _baskets(order):
        told += (
            text(delivery.delivery_id),
            text(delivery.delivery_status),
            text(basket.product_code),
            text(basket.product_custom_code),
            text(basket.variation_custom_code),
            text(basket.amount),
        )
    joined = "\x1f".join(told).encode("utf-8", "replace")
    return hashlib.blake2b(joined, digest_size=12).hexdigest()
