"""Orders of Amazon, 2026-01-01: a list that brings the lines along, and single orders by number.

A list page costs a call in three minutes and shows everything of its orders. So what a page showed
is kept for the moment it takes to be asked for it, and handed out once: reading new orders costs no
further call. Any other order is read by number. `orders_v0` is the fallback.

    recheck no     orders placed since the start
    recheck yes    the same, then the orders changed since the start, whenever they were placed;
                   over a long window the placed ones are all there can be, and the list ends there

New orders are asked for by the time they were placed, because an order that was changed within the
last two minutes is hidden from a list by change. Pages go by the mall's token, with the very same
filters. Only orders the merchant sends are asked for (AFN orders never count). Invariants 2, 3, 10.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from engine.connector import OrderPage, OrdersFetched, Reply
from engine.faults import Family, FaultKind, MallError
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder
from malls.amazon import card, errors
from malls.amazon.credentials import Access, get
from malls.amazon.order_body import head_of, plain_order, snapshot, unreadable_order
from malls.amazon.wire import GetOrderReply, SearchOrdersReply, Unreadable, decoded, moment_text

PATH: Final = "/orders/2026-01-01/orders"
INCLUDED: Final = "FULFILLMENT,CANCELLATION"
"""Without the first there is no status and no channel, without the second no cancel."""

SHOWN_S: Final = 60.0
"""What a page showed of an order is handed out this long; then it is read again."""
CHANGES_S: Final = 30 * 86_400.0
"""A longer window has no list by change: it is to be read whole, by the time of placing."""
PLACED, CHANGED = "placed", "changed"
SICK_ORDERS_MAX: Final = 2
"""So many orders may fail before one was read; then the mall is taken to be ill, not they."""
PROBE_ORDER: Final = "000-0000000-0000000"
"""An order nobody has: asking for it proves the right to ask, without a list's rare call."""
STATUSES_NOT_COUNTED: Final = "statuses_not_counted"
"""The switch: statuses that take no stock, such as PENDING_AVAILABILITY; default none."""

_OF_ONE_ORDER: Final = frozenset(
    {FaultKind.SERVER, FaultKind.UNREADABLE, FaultKind.REQUEST, FaultKind.UNCLASSIFIED}
)
"""Failures that a single order's own state can cause, while the mall is well."""

Found = OrderSnapshot | UnreadableOrder


class Cursor(Struct, frozen=True, array_like=True):
    """Where a list goes on: every filter as it was sent, and the mall's token."""

    by: str
    after: str
    before: str
    token: str = ""


def first_cursor(by: str, start: float, end: float, now: float, speed: float) -> Cursor:
    """The first page's filters. An upper bound that is not old enough is left to the mall."""
    is_past = end < now - card.VISIBLE_AFTER_S / speed - 1
    return Cursor(by, moment_text(start), moment_text(end) if is_past else "")


def cursor_of(text: str) -> Cursor:
    """A cursor that one of our own pages gave."""
    return msgspec.json.decode(text, type=Cursor)


def text_of(cursor: Cursor) -> str:
    """A cursor as a page gives it."""
    return msgspec.json.encode(cursor).decode()


def following(
    at: Cursor, token: str | None, start: float, end: float, *, recheck: bool
) -> str | None:
    """The cursor after a page: its next page, the list by change, or None at the end."""
    if token:
        return text_of(Cursor(at.by, at.after, at.before, token))
    if at.by == PLACED and recheck and end - start <= CHANGES_S:
        return text_of(Cursor(CHANGED, at.after, at.before))
    return None


def uncounted(switches: Mapping[str, str]) -> frozenset[str]:
    """Statuses that take no stock, by the settings."""
    return frozenset(switches.get(STATUSES_NOT_COUNTED, "").replace(",", " ").split())


class Orders:
    """The orders of one seller; keeps what the last page showed for the moment."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._shown: dict[str, Found] = {}
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
        names = ("createdAfter", "createdBefore")
        if at.by == CHANGED:
            names = ("lastUpdatedAfter", "lastUpdatedBefore")
        bounds = zip(names, (at.after, at.before), strict=True)
        params = [(name, value) for name, value in bounds if value]
        params += [
            ("marketplaceIds", access.marketplace),
            ("fulfilledBy", "MERCHANT"),
            ("includedData", INCLUDED),
            ("maxResultsPerPage", str(card.ORDERS_PAGE_MAX)),
        ]
        if at.token:
            params.append(("paginationToken", at.token))

        def read(reply: Reply) -> tuple[list[Found], str | None]:
            body = access.read(reply, Family.ORDERS, SearchOrdersReply)
            token = body.pagination.next_token if body.pagination else None
            try:
                found = [self._read(raw, reply) for raw in body.orders]
            except Unreadable:
                # A row without a number cannot be parked; nothing beside it may be trusted.
                raise errors.unreadable(Family.ORDERS) from None
            return [one for one in found if one is not None], token

        request = get(PATH, Family.ORDERS, card.SEARCH_ORDERS, params)
        reply, (found, token) = await access.call(request, read)
        self._shown = {one.order: one for one in found}
        self._shown_until = reply.received_at + SHOWN_S
        return OrderPage(
            marks=tuple(_mark(one) for one in found),
            next_cursor=following(at, token, start, end, recheck=recheck),
            total=None,
            sent_at=reply.sent_at,
            is_whole=not at.token and not token,
        )

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Orders by number: those the last page showed at no cost, the others a call each."""
        if self._access.now() > self._shown_until:
            self._shown.clear()
        return await fetch_each(orders, self._fetch, self.prove)

    async def prove(self) -> None:
        """One cheap call of the family: raises if the right to it is refused."""
        await prove(self._access, f"{PATH}/{PROBE_ORDER}", card.GET_ORDER)

    async def _fetch(self, order: str) -> Found | None:
        shown = self._shown.pop(order, None)
        if shown is not None:
            return shown
        access = self._access

        def read(reply: Reply) -> Found | None:
            if reply.status == 404 and errors.failures(reply.body):
                return None
            raw = access.read(reply, Family.ORDERS, GetOrderReply).order
            try:
                if head_of(raw).number == order:
                    return self._read(raw, reply, is_asked=True)
            except Unreadable:
                pass
            raise errors.unreadable(Family.ORDERS)

        request = get(
            f"{PATH}/{quote(order, safe='')}",
            Family.ORDERS,
            card.GET_ORDER,
            (("includedData", INCLUDED),),
        )
        return (await access.call(request, read))[1]

    def _read(self, raw: Raw, reply: Reply, *, is_asked: bool = False) -> Found | None:
        """An order as read; None for one of the mall's own warehouse that nobody asked for."""
        head = head_of(raw)
        if head.is_afn and not is_asked:
            return None
        try:
            plain, lines = plain_order(raw)
            return snapshot(plain, lines, reply.sent_at, reply.received_at, self._uncounted)
        except Unreadable as odd:
            return unreadable_order(raw, head, str(odd))


def _mark(found: Found) -> OrderMark:
    mark = found.mark if isinstance(found, OrderSnapshot) else ""
    return OrderMark(found.order, found.stamp, mark)


async def fetch_each(
    orders: Sequence[str],
    fetch: Callable[[str], Awaitable[Found | None]],
    prove_family: Callable[[], Awaitable[None]],
) -> OrdersFetched:
    """Orders one by one. One that alone cannot be read does not fail the others.

    None is an order that the mall itself does not have. Used by both order APIs.
    """
    if len(orders) > card.CARD.fetch_orders_max:
        raise ValueError("more orders than the card's fetch_orders_max")
    read: list[OrderSnapshot] = []
    unreadable: list[UnreadableOrder] = []
    sick: list[UnreadableOrder] = []
    is_well = False
    for order in orders:
        try:
            found = await fetch(order)
        except MallError as failed:
            if failed.spec.kind not in _OF_ONE_ORDER or failed.code == errors.FORBIDDEN:
                raise
            sick.append(
                UnreadableOrder(order, 0.0, f"モールがこの注文に {failed.code} を返しました。")
            )
            if len(sick) > SICK_ORDERS_MAX and not is_well:
                raise
            continue
        is_well = True
        if isinstance(found, OrderSnapshot):
            read.append(found)
        elif found is not None:
            unreadable.append(found)
    if sick and not is_well:
        # Is it these orders or the mall? Another call of the family tells: it raises if the mall.
        await prove_family()
    return OrdersFetched(tuple(read), (*unreadable, *sick))


async def prove(access: Access, path: str, bucket: str) -> None:
    """Asks for an order nobody has. "Not found" and "not valid" are both answers of a good key."""

    def read(reply: Reply) -> None:
        is_told = reply.status in (400, 404) and errors.failures(reply.body)
        if not is_told and not 200 <= reply.status < 300:
            raise errors.failure(reply, Family.ORDERS)
        try:
            decoded(reply.body, dict[str, Raw])
        except Unreadable:
            raise errors.unreadable(Family.ORDERS) from None

    await access.call(get(path, Family.ORDERS, bucket), read)
