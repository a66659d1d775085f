"""searchOrder: orders by the second of ordering or paying, and how an order is told.

Nothing asks for "changed since", and lines have no id. Contract: section 4.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable

from sandbox.makeshop.catalogue import Catalogue, variation_text
from sandbox.makeshop.knobs import Knobs
from sandbox.makeshop.paging import digits, read_page, read_window, text_stamp
from sandbox.makeshop.replies import GraphError, bad_input
from sandbox.makeshop.request import Input
from sandbox.mall import Call
from sandbox.orders import Line, Order
from sandbox.shop import Shop

UNIT_PRICE = 1_980  # the shop has no prices of its own
AUTHORISED, CANCELLED = "0004", "0003"
SHOP_DIGITS = "P19"


def order_number(number: int, _at: float) -> str:
    """`P` and 18 digits."""
    return f"{SHOP_DIGITS}{number:016d}"


class OrderSearch:
    """The order side of one shop."""

    def __init__(self, shop: Shop, catalogue: Catalogue, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self._knobs = knobs
        self._paid: list[tuple[float, str]] = []
        self._paid_ids: set[str] = set()
        shop.orders.on_change = self._note

    def search(self, call: Call, asked: Input) -> object | GraphError:
        """Answer searchOrder."""
        page = read_page(asked, self._knobs().order_page_max)
        window = read_window(asked, "startOrderDate", "endOrderDate")
        paid = read_window(asked, "startPaymentDate", "endPaymentDate")
        for part in (page, window, paid):
            if isinstance(part, GraphError):
                return part
        assert not isinstance(page, GraphError), "refused above"
        assert not isinstance(window, GraphError), "refused above"
        assert not isinstance(paid, GraphError), "refused above"
        status, direction = asked["deliveryStatus"], asked["sortOrder"]
        if status not in (None, "", "N", "Y", "C", "R"):
            return bad_input("must be N, Y, C or R", "deliveryStatus")
        if direction not in (None, "", "ASC", "DESC"):
            return bad_input("must be ASC or DESC", "sortOrder")
        found = [order for order in self._within(asked, window, paid) if not self._is_lost(order)]
        if status:
            found = [order for order in found if self._delivery_status(order) == status]
        if direction != "ASC":
            found.reverse()
        rows = page.cut(self._shop, call, found)
        return {
            "searchedCount": len(found),
            "page": page.number,
            "limit": page.limit,
            "orders": [self._order(order) for order in rows],
        }

    def _within(
        self, asked: Input, window: tuple[float, float], paid: tuple[float, float]
    ) -> list[Order]:
        """The visible orders of both windows, oldest first."""
        if not (asked["startPaymentDate"] or asked["endPaymentDate"]):
            return self._shop.orders.window(*window)
        low, high = (bisect_left(self._paid, (edge, "")) for edge in paid)
        found = [self._shop.orders.visible(order_id) for _, order_id in self._paid[low:high]]
        kept = [
            order
            for order in found
            if order is not None and window[0] <= order.placed_at < window[1]
        ]
        return sorted(kept, key=lambda order: order.placed_at)

    def _note(self, order: Order) -> None:
        if order.confirmed_at is not None and order.order_id not in self._paid_ids:
            self._paid_ids.add(order.order_id)
            insort(self._paid, (order.confirmed_at, order.order_id))

    def _is_lost(self, order: Order) -> bool:
        """Whether the order was provisional and its payment failed."""
        if not self._knobs().failed_payment_vanishes or order.status != "cancelled":
            return False
        is_buyers = bool(order.changes) and order.changes[-1].by == "buyer"
        return is_buyers and order.confirmed_at is None

    # -- one order -----------------------------------------------------------------------------

    def _delivery_status(self, order: Order) -> str:
        knobs = self._knobs()
        if order.status == "cancelled" and knobs.cancel_shows != "payment":
            return knobs.shipped_cancel if order.shipped_at is not None else "C"
        return "Y" if order.shipped_at is not None else "N"

    def _order(self, order: Order) -> dict[str, object]:
        knobs = self._knobs()
        total = sum(line.quantity for line in order.lines) * UNIT_PRICE
        is_cancelled = order.status == "cancelled" and knobs.cancel_shows != "delivery"
        groups = [[line] for line in order.lines] if knobs.split_deliveries else [order.lines]
        return {
            "systemOrderNumber": order.order_id,
            "displayOrderNumber": order.order_id,
            "orderDate": text_stamp(order.placed_at),
            "memberId": f"X{order.number % 1_000_000:06d}{order.buyer.name}",
            "senderName": order.buyer.name,
            "senderPrefecture": order.buyer.prefecture,
            "sumPrice": total,
            "taxRate": 10,
            "payMethod": "クレジットカード",
            "paymentStatusCode": CANCELLED if is_cancelled else AUTHORISED,
            "message": "",
            "couponDiscount": 0,
            "discountPerTax": [{"taxRate": 10, "discount": 0}],
            "deliveryInfos": [
                self._delivery(order, at, lines) for at, lines in enumerate(groups, 1)
            ],
        }

    def _delivery(self, order: Order, number: int, lines: list[Line]) -> dict[str, object]:
        buyer = order.buyer
        return {
            "deliveryId": number,
            "deliveryStatus": self._delivery_status(order),
            "shippingCharge": 0,
            "deliverySumPrice": sum(line.quantity for line in lines) * UNIT_PRICE,
            "slipNumber": "",
            "deliveryDate": digits(order.shipped_at),
            "estimatedShipmentDate": "",
            "desiredDeliveryDate": "--",
            "desiredDeliveryTimezone": "--",
            "receiverName": buyer.name,
            "receiverPost": buyer.zip_code,
            "receiverPrefecture": buyer.prefecture,
            "receiverAddress": f"{buyer.prefecture}{buyer.city}{buyer.street}",
            "receiverAddress2": "",
            "receiverTel": buyer.phone,
            "wmsStatus": "",
            "deliveryMessage": "",
            "deliveryMethodIds": "1",
            "basketInfos": [self._line(line) for line in lines],
        }

    def _line(self, line: Line) -> dict[str, object]:
        knobs, (code, sub_code) = self._knobs(), line.key
        shown = "" if code in knobs.uncoded_products else sub_code
        return {
            "productCode": self._catalogue.told_code(code),
            "productCustomCode": code,
            "variationCustomCode": f"{shown}  " if shown and knobs.padded_codes else shown,
            "variationName": variation_text(line.axes),
            "productName": line.name,
            "janCode": line.jan,
            "amount": line.quantity,
            "price": UNIT_PRICE,
            "customSelects": [],
        }
