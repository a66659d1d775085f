"""One order as the Wow! manager tells it: status texts, stamps by the minute, buyer, details.

Contract: sections 3.4 to 3.6.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.aupay.catalogue import LOT_FIRST
from sandbox.aupay.choices import choice_of
from sandbox.aupay.item_calls import UNIT_PRICE
from sandbox.aupay.knobs import Knobs
from sandbox.aupay.markup import leaf, node
from sandbox.aupay.order_index import OrderIndex, ShownLine
from sandbox.clock import jst
from sandbox.orders import LINES_MAX, Order
from sandbox.shop import Shop

DETAIL_FIRST = 880_000_000
CANCELLED, CANCEL_ASKED, DONE = "キャンセル", "キャンセル受付中", "完了"
SHIP_BY_DAYS = 3  # shippingTimelimitDate after the order
_DAY_S = 86_400.0


class OrderView:
    """Writes the orders of one shop."""

    def __init__(self, shop: Shop, index: OrderIndex, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._index = index
        self._knobs = knobs

    def status(self, order: Order) -> str:
        """The text of `orderStatus`."""
        knobs = self._knobs()
        if order.status == "cancelled":
            waits_s = self._shop.clock.sped(knobs.cancel_pending_s)
            waits = (order.cancelled_at or 0.0) + waits_s > self._shop.clock.now()
            return CANCEL_ASKED if waits else CANCELLED
        if order.status == "shipped":
            return DONE
        return knobs.new_status if order.status == "new" else knobs.confirmed_status

    def element(self, order: Order) -> str:
        """The order with its lines; the moment of placing never changes."""
        shown = list(
            self._index.lines(order, with_cut=self._knobs().cut_lines == "flagged"),
        )
        live = [one for one in shown if not one.is_cut]
        total = sum(one.units for one in live) * UNIT_PRICE
        is_cancelled = order.status == "cancelled"
        fields = [
            ("orderId", order.order_id),
            ("orderDate", stamp(order.placed_at)),
            ("sellMethodSegment", "1"),
            ("releaseDate", ""),
            ("siteAndDevice", "au PAY マーケット(SP)"),
            ("crossBorderEcTradeKbn", "0"),
            *_buyer(order),
            ("orderOption", ""),
            ("settlementName", "au PAY（auかんたん決済）"),
            ("userComment", ""),
            ("tradeRemarks", ""),
            ("memo", ""),
            ("orderStatus", self.status(order)),
            *_happened("contact", order.confirmed_at),
            *_happened("authorization", order.placed_at),
            *_happened("payment", order.confirmed_at),
            *_happened("ship", order.shipped_at),
            *_happened("print", None),
            *_happened("cancel", order.cancelled_at if is_cancelled else None),
            ("totalSalePrice", str(total)),
            ("totalSaleUnit", str(sum(one.units for one in live))),
            ("postagePrice", "0"),
            ("chargePrice", "0"),
            ("totalItemOptionPrice", "0"),
            ("totalGiftWrappingPrice", "0"),
            ("totalPrice", str(total)),
            ("premiumMember", "0"),
            ("couponTotalPrice", "0"),
            ("usePoint", "0"),
            ("useAuPointPrice", "0"),
            ("requestPrice", str(total)),
            *_delivery(order),
        ]
        return node(
            "orderInfo",
            *(leaf(name, value) for name, value in fields),
            *(self._detail(order, one) for one in shown),
        )

    def _detail(self, order: Order, one: ShownLine) -> str:
        line, (code, sub_code) = one.line, one.line.key
        is_cancelled = one.is_cut or order.status == "cancelled"
        price = one.units * UNIT_PRICE
        item = self._shop.shelf.item(code)
        due = jst(order.placed_at + SHIP_BY_DAYS * _DAY_S)
        fields = [
            ("orderDetailId", DETAIL_FIRST + order.number * LINES_MAX + line.line_id),
            ("itemManagementId", self._management_id(sub_code, line.axes)),
            ("itemCode", code),
            ("lotnumber", LOT_FIRST + item.number if item is not None else ""),
            ("itemName", line.name),
            ("itemOption", " ".join(f"{axis}={choice}" for axis, choice in line.axes.items())),
            ("itemOptionPrice", 0),
            ("giftWrappingPrice", 0),
            ("giftMessage", ""),
            ("itemCancelStatus", "Y" if is_cancelled else "N"),
            ("beforeDiscount", UNIT_PRICE),
            ("discount", 0),
            ("itemPrice", UNIT_PRICE),
            ("unit", one.units),
            ("totalItemPrice", price),
            ("totalItemChargePrice", price),
            ("taxType", 1),
            ("reducedTax", 0),
            ("taxRate", 10),
            ("giftPoint", 0),
            ("shippingDayDispText", ""),
            ("shippingTimelimitDate", f"{due:%Y/%m/%d}"),
        ]
        return node("detail", *(leaf(name, value) for name, value in fields))

    def _management_id(self, sub_code: str, axes: dict[str, str]) -> str:
        knobs = self._knobs()
        if not sub_code:
            return knobs.item_management_id
        choice = choice_of(sub_code, axes, knobs)
        return choice.joined if knobs.joins == "hv" else choice.vertical + choice.horizontal


def stamp(at: float | None) -> str:
    """A moment by the minute, Japanese time; "" when it has not come."""
    return "" if at is None else jst(at).strftime("%Y/%m/%d %H:%M")


def _happened(what: str, at: float | None) -> list[tuple[str, str]]:
    return [(f"{what}Status", "N" if at is None else "Y"), (f"{what}Date", stamp(at))]


def _buyer(order: Order) -> list[tuple[str, str]]:
    buyer = order.buyer
    kana = f"{buyer.family_kana} {buyer.first_kana}"
    address = f"{buyer.prefecture}{buyer.city}{buyer.street}"
    return [
        ("mailAddress", buyer.mail),
        ("ordererName", buyer.name),
        ("ordererKana", kana),
        ("ordererZipCode", buyer.zip_code),
        ("ordererAddress", address),
        ("ordererPhoneNumber1", buyer.phone),
        ("ordererPhoneNumber2", ""),
        ("nickname", buyer.family_name),
        ("senderName", buyer.name),
        ("senderKana", kana),
        ("senderZipCode", buyer.zip_code),
        ("senderAddress", address),
        ("senderPhoneNumber1", buyer.phone),
        ("senderPhoneNumber2", ""),
    ]


def _delivery(order: Order) -> list[tuple[str, str]]:
    return [
        ("deliveryName", "宅配便"),
        ("deliveryMethodId", "1"),
        ("deliveryRequestDay", ""),
        ("deliveryRequestTime", ""),
        ("shippingDate", stamp(order.shipped_at)[:10]),
        ("shippingCarrier", ""),
        ("shippingNumber", ""),
    ]
