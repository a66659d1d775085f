"""Orders from MakeShop: listed by the time they were placed, over every status, lines included.

The list has no filter by change and no order can be read alone, so its marks tell a change and the
orders listed last are kept, reduced, until they are asked for. Pages are counted, never
trusted by their length: a list that ends before what it counts is an error, not an end.
Invariants 2, 3 and 10. Facts: docs/malls/makeshop.md.
"""

import math
from collections.abc import Sequence

from engine.connector import OrderPage, OrdersFetched
from engine.faults import Family
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder
from malls.makeshop import errors
from malls.makeshop.card import PAGE_MAX
from malls.makeshop.credentials import Call, Door
from malls.makeshop.order_body import read_order
from malls.makeshop.products import Place, following
from malls.makeshop.wire import OrdersReply, Unreadable, order_time, units

ORDERS_KEPT_MAX = 2000
"""Orders that were listed and not asked for yet; the oldest are forgotten first."""

SEARCH = Call(
    "searchOrder",
    "query searchOrder($input:SearchOrderRequest!){searchOrder(input:$input){searchedCount page"
    " orders{systemOrderNumber orderDate paymentStatusCode deliveryInfos{deliveryId deliveryStatus"
    " basketInfos{productCode productCustomCode variationCustomCode amount}}}}}",
    family=Family.ORDERS,
    shape=OrdersReply,
)
"""Nothing of a buyer is asked for."""


class OrderDesk:
    """Reads one shop's orders; holds those listed last, ORDERS_KEPT_MAX at most."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._kept: dict[str, OrderSnapshot | UnreadableOrder] = {}

    async def list_orders(self, start: float, end: float, cursor: str | None) -> OrderPage:
        """A page of the orders placed in [start, end], oldest first."""
        at = Place.of(cursor)
        given = {
            "startOrderDate": order_time(math.floor(start)),
            "endOrderDate": order_time(math.ceil(end)),
            "sortOrder": "ASC",
            "page": at.page,
            "limit": PAGE_MAX,
        }
        reply, answer = await self._door.ask(SEARCH, given)
        total = units(answer.searched_count)
        if answer.orders is None or total is None:
            raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
        page: dict[str, OrderSnapshot | UnreadableOrder] = {}
        marks: list[OrderMark] = []
        for raw in answer.orders:
            try:
                mark, order = read_order(raw, reply, self._door.switches)
            except Unreadable:
                # An order without a number cannot be parked by itself.
                raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS) from None
            page[mark.order] = order
            marks.append(mark)
        if cursor is None:
            self._kept.clear()
        self._kept.update(page)
        while len(self._kept) > ORDERS_KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        onward = following(
            at, len(marks), marks[0].order if marks else "", total, family=Family.ORDERS
        )
        return OrderPage(tuple(marks), onward, total, reply.sent_at)

    async def fetch(self, numbers: Sequence[str]) -> OrdersFetched:
        """The orders listed last. Any other is unreadable for now, not gone."""
        read: list[OrderSnapshot] = []
        unreadable: list[UnreadableOrder] = []
        for number in numbers:
            kept = self._kept.get(number)
            if kept is None:
                reason = "この受注だけを読み直すことができません。次の取得で読み直します。"
                unreadable.append(UnreadableOrder(number, 0.0, reason))
            elif isinstance(kept, OrderSnapshot):
                read.append(kept)
            else:
                unreadable.append(kept)
        return OrdersFetched(tuple(read), tuple(unreadable))

    async def prove(self) -> None:
        """One cheap search: the last hour, one order."""
        now = math.floor(self._door.now())
        given = {
            "startOrderDate": order_time(now - 3600),
            "endOrderDate": order_time(now),
            "page": 1,
            "limit": 1,
        }
        await self._door.ask(SEARCH, given)
