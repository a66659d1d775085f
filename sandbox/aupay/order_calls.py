"""The order calls: by days with lines, by days numbers only, and one order.

Days are the finest window there is, both ends belong to it, and nothing asks for "changed since":
a cancel is found by reading its day again. Contract: sections 3.1 to 3.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from sandbox.aupay.knobs import Knobs
from sandbox.aupay.markup import leaf, node
from sandbox.aupay.order_index import OrderIndex
from sandbox.aupay.order_view import SHIP_BY_DAYS, OrderView
from sandbox.aupay.query import DAY_S, check_shop, page_of, read_day, read_page
from sandbox.aupay.replies import answer, failed, malformed, missing
from sandbox.mall import Call
from sandbox.orders import Order
from sandbox.shop import Shop

PAGE_SIZE_MAX = 1_000
BY_ORDER, BY_SHIPPING, BY_PAYMENT, BY_RELEASE, BY_DEADLINE = "01234"


class OrderCalls:
    """The order side of one shop."""

    def __init__(self, shop: Shop, shop_id: str, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._shop_id = shop_id
        self._knobs = knobs
        self._index = OrderIndex(shop)
        self._view = OrderView(shop, self._index, knobs)

    def search_infos(self, call: Call) -> Response:
        """One page of the orders of some days, with their lines."""
        found = self._page(call)
        if isinstance(found, Response):
            return found
        rows = [self._view.element(order) for order in found]
        return answer(leaf("resultCount", len(rows)), *rows, dressing=self._knobs().dressing)

    def search_numbers(self, call: Call) -> Response:
        """The same page, order numbers only."""
        found = self._page(call)
        if isinstance(found, Response):
            return found
        knobs = self._knobs()
        numbers = [leaf("orderId", order.order_id) for order in found]
        if knobs.numbers_nested == "one":
            rows = [node("orderInfo", *numbers)] if numbers else []
        else:
            rows = [node("orderInfo", number) for number in numbers]
        return answer(leaf("resultCount", len(numbers)), *rows, dressing=knobs.dressing)

    def search_info(self, call: Call) -> Response:
        """One order by its number."""
        knobs, query = self._knobs(), call.query
        problems = check_shop(query.get("shopId", ""), self._shop_id)
        if not query.get("orderId"):
            problems.append(missing("orderId"))
        if problems:
            return failed(knobs.error_status, *problems)
        order = self._shop.orders.visible(query["orderId"])
        rows = [] if order is None else [self._view.element(order)]
        return answer(leaf("resultCount", len(rows)), *rows, dressing=knobs.dressing)

    def _page(self, call: Call) -> Sequence[Order] | Response:
        query = call.query
        problems = check_shop(query.get("shopId", ""), self._shop_id)
        page = read_page(query, PAGE_SIZE_MAX, problems)
        start = read_day(query, "startDate", problems)
        end = read_day(query, "endDate", problems) + DAY_S
        date_type = query.get("dateType") or BY_ORDER
        if date_type not in (BY_ORDER, BY_SHIPPING, BY_PAYMENT, BY_RELEASE, BY_DEADLINE):
            problems.append(malformed("dateType"))
        if not problems and end <= start:
            problems.append(malformed("endDate"))
        if problems:
            return failed(self._knobs().error_status, *problems)
        found = self._within(date_type, start, end)
        names = ("orderStatus", "orderStatus2")
        if wanted := {query[name] for name in names if query.get(name)}:
            found = [order for order in found if self._view.status(order) in wanted]
        if self._knobs().newest_first:
            found.reverse()
        return page_of(self._shop, call, found, page)

    def _within(self, date_type: str, start: float, end: float) -> list[Order]:
        """The orders of a window, oldest first."""
        match date_type:
            case "1":
                return self._index.within("shipped", start, end)
            case "2":
                return self._index.within("paid", start, end)
            case "3":
                return []  # nothing here is a pre-order
            case "4":
                before = SHIP_BY_DAYS * DAY_S
                return self._shop.orders.window(start - before, end - before)
            case _:
                return self._shop.orders.window(start, end)
