"""Orders of Rakuten: numbers by order time, then bodies reduced to what stock needs.

The list gives numbers only, so the status becomes the mark: a slow re-read lists one group of
statuses after another. Pages that are numbered can shift while they are read (an order that
leaves its group pulls the next page's first number onto a page already read), so a window is
never paged: it is cut by time until one page holds all of it. That also keeps below the 15,000
numbers a list may hold. Invariants 2, 3 and 10.
"""

import math
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from engine.connector import OrderPage, OrdersFetched, Reply, Request
from engine.faults import Family, MallError
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder
from malls.rakuten import card, errors
from malls.rakuten.credentials import Door
from malls.rakuten.order_body import (
    GROUPS,
    STATUSES,
    number_of,
    snapshot_of,
    unreadable_order,
)
from malls.rakuten.wire import OrdersReply, SearchReply, Unreadable, decoded, order_date

# Without charset the order gateway answers 415.
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
_SEARCH_PATH = "/es/2.0/order/searchOrder/"
_GET_PATH = "/es/2.0/order/getOrder/"

VERSION = 10
"""getOrder's newest version; SKU data need 7. The switch `order_version` goes back."""

WINDOW_FILL = 800
"""Numbers a narrowed window aims at, so that one a little busier still fits its page."""
WINDOW_GROWTH = 4
"""A window that came back nearly empty is followed by one at most this many times as long."""
WINDOW_S_MIN = 1
"""A window is not cut below this (its bounds are whole seconds and both count)."""

_ALL: tuple[tuple[str, tuple[int, ...]], ...] = (("", ()),)


class _Cursor(Struct, frozen=True, array_like=True):
    """Where a list goes on: a group of statuses and a part of its window, in seconds."""

    group: int
    start: int
    until: int


async def list_orders(
    door: Door, start: float, end: float, cursor: str | None, *, recheck: bool
) -> OrderPage:
    """The next part of the list; a part that was too full comes back empty with a narrower cursor.

    Parts overlap by a second, for nobody has told whether the mall counts both bounds.
    """
    if not 0 <= end - start <= card.CARD.order_window_days_max * 86_400:
        raise ValueError("an order window must be split by the card's order_window_days_max")
    first, last = math.floor(start), math.ceil(end)
    groups = GROUPS if recheck else _ALL
    at = _Cursor(0, first, last)
    if cursor is not None:
        at = msgspec.json.decode(cursor, type=_Cursor)
    mark, statuses = groups[at.group]
    reply, (numbers, found) = await _search(door, at.start, at.until, statuses, card.ORDER_ROWS_MAX)
    length = at.until - at.start
    if found > card.ORDER_ROWS_MAX:
        if length <= WINDOW_S_MIN:
            raise MallError(errors.TOO_MANY_ORDERS, family=Family.ORDERS, code="too-many-orders")
        narrow = max(WINDOW_S_MIN, length * WINDOW_FILL // found)
        onward = _Cursor(at.group, at.start, at.start + narrow)
        return OrderPage((), _text(onward), None, reply.sent_at)
    marks = tuple(OrderMark(number, 0.0, mark) for number in dict.fromkeys(numbers))
    whole = (at.start, at.until) == (first, last) and not recheck
    if at.until < last:
        wide = max(WINDOW_S_MIN, min(length * WINDOW_GROWTH, length * WINDOW_FILL // max(found, 1)))
        onward = _Cursor(at.group, at.until, min(last, at.until + wide))
    elif at.group + 1 < len(groups):
        onward = _Cursor(at.group + 1, first, last)
    else:
        return OrderPage(marks, None, found if whole else None, reply.sent_at)
    return OrderPage(marks, _text(onward), None, reply.sent_at)


def _text(cursor: _Cursor) -> str:
    return msgspec.json.encode(cursor).decode("ascii")


async def prove(door: Door, now: float) -> None:
    """One cheap search: the last hour, one number."""
    await _search(door, math.floor(now) - 3600, math.floor(now), (), 1)


async def _search(
    door: Door, start: int, until: int, statuses: Sequence[int], rows: int
) -> tuple[Reply, tuple[list[str], int]]:
    """The first page, and how many orders there are in all."""
    query: dict[str, object] = {
        "dateType": 1,
        "startDatetime": order_date(start),
        "endDatetime": order_date(until),
        "PaginationRequestModel": {
            "requestRecordsAmount": rows,
            "requestPage": 1,
            "SortModelList": [{"sortColumn": 1, "sortDirection": 1}],
        },
    }
    if statuses:
        query["orderProgressList"] = list(statuses)

    def read(reply: Reply) -> tuple[list[str], int]:
        body = door.read(reply, Family.ORDERS, SearchReply)
        if body.numbers is None:
            raise errors.unreadable(Family.ORDERS)
        total = body.paging.total if body.paging else None
        if total is None:
            # Null on zero hits; with a full page it would hide how many there are.
            total = len(body.numbers) + (len(body.numbers) >= rows)
        if len(body.numbers) < min(total, rows):
            # A page with less than it counts would lose orders for good.
            raise errors.unreadable(Family.ORDERS, "short-page")
        return body.numbers, max(total, len(body.numbers))

    return await door.send(_request(_SEARCH_PATH, query), read)


def _request(path: str, query: dict[str, object]) -> Request:
    return Request(
        method="POST",
        path=path,
        family=Family.ORDERS,
        bucket=card.ORDERS,
        is_safe=True,
        headers=_HEADERS,
        body=msgspec.json.encode(query),
    )


def _version(door: Door) -> int:
    text = door.switches.get("order_version", "").strip()
    return int(text) if text.isascii() and text.isdigit() else VERSION


def _uncounted(door: Door) -> frozenset[int]:
    """Statuses that take no stock, by the settings; without a setting every status counts."""
    words = door.switches.get("statuses_not_counted", "").replace(",", " ").split()
    return frozenset(status for status in STATUSES if str(status) in words)


async def fetch_orders(door: Door, orders: Sequence[str]) -> OrdersFetched:
    """Reads orders by number in one call. An odd one is unreadable, and the rest go on.

    Only an order the mall itself calls unknown is left out of both lists: a reply that merely
    passes over one is no proof that it is gone.
    """
    asked = tuple(dict.fromkeys(orders))
    if len(asked) > card.CARD.fetch_orders_max:
        raise ValueError("more orders than the card's fetch_orders_max")
    if not asked:
        return OrdersFetched(())
    query: dict[str, object] = {"orderNumberList": list(asked), "version": _version(door)}

    def read(reply: Reply) -> OrdersReply:
        if not 200 <= reply.status < 300:
            raise door.failure(reply, Family.ORDERS)
        try:
            body = decoded(reply.body, OrdersReply)
        except Unreadable:
            raise errors.unreadable(Family.ORDERS) from None
        refused = errors.order_failures(body.messages)
        if any(entry.order not in asked for entry in refused):
            raise door.failure(reply, Family.ORDERS)
        if body.orders is None and not body.messages:
            # Shape C, or nothing at all, under a good status.
            raise (
                door.failure(reply, Family.ORDERS)
                if errors.failures(reply.body)
                else errors.unreadable(Family.ORDERS)
            )
        return body

    reply, body = await door.send(_request(_GET_PATH, query), read)
    return _sorted_out(asked, reply, body, _uncounted(door))


def _sorted_out(
    asked: Sequence[str], reply: Reply, body: OrdersReply, uncounted: frozenset[int]
) -> OrdersFetched:
    """Each order asked for as a snapshot, as unreadable, or as gone."""
    read: dict[str, OrderSnapshot | UnreadableOrder] = {}
    for raw in body.orders or ():
        number = number_of(raw)
        if number in asked and number not in read:
            try:
                read[number] = snapshot_of(raw, reply.sent_at, reply.received_at, uncounted)
            except Unreadable as error:
                read[number] = unreadable_order(raw, number, str(error))
    for entry in errors.order_failures(body.messages):
        read.setdefault(entry.order, UnreadableOrder(entry.order, 0.0, f"refused: {entry.code}"))
    gone = {
        message.order
        for message in body.messages or ()
        if message.code == "ORDER_EXT_API_GET_ORDER_INFO_102" and isinstance(message.order, str)
    }
    for number in asked:
        if number not in read and number not in gone:
            read[number] = UnreadableOrder(number, 0.0, "the mall's reply passed it over")
    return OrdersFetched(
        orders=tuple(one for one in read.values() if isinstance(one, OrderSnapshot)),
        unreadable=tuple(one for one in read.values() if isinstance(one, UnreadableOrder)),
    )
