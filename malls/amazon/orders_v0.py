"""Orders of Amazon by the older API (v0), the fallback: headers by list, lines a call an order.

The switch `orders_api = "v0"` chooses it. It may be polled every minute, but each new or changed
order costs a call of two seconds; Amazon takes it away on 2027-03-27. The walk and the rules are
those of `orders.py` and `order_body.py`.
"""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

from msgspec import Raw

from engine.connector import OrderPage, OrdersFetched, Reply
from engine.faults import Family
from engine.snapshot import OrderMark, UnreadableOrder
from malls.amazon import card, errors
from malls.amazon.credentials import Access, get
from malls.amazon.order_body import (
    PlainLine,
    PlainOrder,
    head_of_v0,
    plain_line_v0,
    plain_order_v0,
    snapshot,
)
from malls.amazon.orders import (
    CHANGED,
    PLACED,
    PROBE_ORDER,
    SHOWN_S,
    Found,
    cursor_of,
    fetch_each,
    first_cursor,
    following,
    prove,
    uncounted,
)
from malls.amazon.wire import (
    ItemsPayloadV0,
    ItemsReplyV0,
    OrderReplyV0,
    OrdersReplyV0,
    Unreadable,
)

PATH: Final = "/orders/v0/orders"
LINE_PAGES_MAX: Final = 20
"""Pages of one order's lines; more are unreadable."""

Header = tuple[PlainOrder, float]
"""An order without lines, and when the call that showed it left."""


class OrdersV0:
    """The orders of one seller by v0; keeps the headers of the last page for the moment."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._shown: dict[str, Header] = {}
        self._shown_until = float("-inf")
        self._uncounted = uncounted(access.switches)

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page; see `engine.connector.Connection`. The mall tells no order of its rows."""
        access = self._access
        at = (
            cursor_of(cursor)
            if cursor is not None
            else first_cursor(PLACED, start, end, access.now(), access.speed)
        )
        names = ("CreatedAfter", "CreatedBefore")
        if at.by == CHANGED:
            names = ("LastUpdatedAfter", "LastUpdatedBefore")
        bounds = zip(names, (at.after, at.before), strict=True)
        params = [(name, value) for name, value in bounds if value]
        params += [
            ("MarketplaceIds", access.marketplace),
            ("FulfillmentChannels", "MFN"),
            ("MaxResultsPerPage", str(card.ORDERS_PAGE_MAX)),
        ]
        if at.token:
            params.append(("NextToken", at.token))

        def read(reply: Reply) -> tuple[list[OrderMark], dict[str, Header], str | None]:
            page = access.read(reply, Family.ORDERS, OrdersReplyV0).payload
            marks: list[OrderMark] = []
            headers: dict[str, Header] = {}
            for raw in page.orders:
                mark, header = _listed(raw)
                if mark is not None:
                    marks.append(mark)
                if header is not None:
                    headers[header.number] = (header, reply.sent_at)
            return marks, headers, page.next_token

        request = get(PATH, Family.ORDERS, card.GET_ORDERS_V0, params)
        reply, (marks, self._shown, token) = await access.call(request, read)
        self._shown_until = reply.received_at + SHOWN_S
        onward = following(at, token, start, end, recheck=recheck)
        return OrderPage(
            tuple(marks), onward, None, reply.sent_at, is_whole=not at.token and not token
        )

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Orders by number, one or two calls each."""
        if self._access.now() > self._shown_until:
            self._shown.clear()
        return await fetch_each(orders, self._fetch, self.prove)

    async def prove(self) -> None:
        """One cheap call of the family: raises if the right to it is refused."""
        await prove(self._access, f"{PATH}/{PROBE_ORDER}", card.GET_ORDER_V0)

    async def _fetch(self, order: str) -> Found | None:
        shown = self._shown.pop(order, None) or await self._header(order)
        if shown is None or isinstance(shown, UnreadableOrder):
            return shown
        head, read_from = shown
        try:
            lines, read_until = await self._lines(order)
            return snapshot(head, lines, read_from, read_until, self._uncounted)
        except Unreadable as odd:
            return UnreadableOrder(order, head.stamp, str(odd))

    async def _header(self, order: str) -> Header | UnreadableOrder | None:
        access = self._access

        def read(reply: Reply) -> PlainOrder | UnreadableOrder | None:
            if reply.status == 404 and errors.failures(reply.body):
                return None
            raw = access.read(reply, Family.ORDERS, OrderReplyV0).payload
            try:
                head = head_of_v0(raw)
            except Unreadable:
                raise errors.unreadable(Family.ORDERS) from None
            if head.number != order:
                raise errors.unreadable(Family.ORDERS)
            try:
                return plain_order_v0(raw)
            except Unreadable as odd:
                return UnreadableOrder(order, head.stamp, str(odd))

        path = f"{PATH}/{quote(order, safe='')}"
        reply, found = await access.call(get(path, Family.ORDERS, card.GET_ORDER_V0), read)
        return (found, reply.sent_at) if isinstance(found, PlainOrder) else found

    async def _lines(self, order: str) -> tuple[tuple[PlainLine, ...], float]:
        """All lines of an order and when the last of them was there; raises Unreadable."""
        access = self._access

        def read(reply: Reply) -> ItemsPayloadV0:
            return access.read(reply, Family.ORDERS, ItemsReplyV0).payload

        path = f"{PATH}/{quote(order, safe='')}/orderItems"
        lines: list[PlainLine] = []
        token = ""
        for _ in range(LINE_PAGES_MAX):
            params = (("NextToken", token),) if token else ()
            request = get(path, Family.ORDERS, card.GET_ITEMS_V0, params)
            reply, page = await access.call(request, read)
            lines += (plain_line_v0(raw) for raw in page.items)
            token = page.next_token or ""
            if not token:
                return tuple(lines), reply.received_at
        raise Unreadable("注文の明細が終わりません。")


def _listed(raw: Raw) -> tuple[OrderMark | None, PlainOrder | None]:
    """A row of the list: its mark, and its header if it can be read."""
    try:
        head = head_of_v0(raw)
    except Unreadable:
        # A row without a number cannot be parked; nothing beside it may be trusted.
        raise errors.unreadable(Family.ORDERS) from None
    if head.is_afn:
        return None, None
    try:
        plain = plain_order_v0(raw)
    except Unreadable:
        return OrderMark(head.number, head.stamp, ""), None
    return plain.mark, plain
