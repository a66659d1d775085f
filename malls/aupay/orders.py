"""Orders from au PAY: lists by day, over every status, lines included.

The list has no filter by time of day or of change, so it is read by whole days in Japan, and its
marks tell a change. It gives whole orders, so the orders listed last are kept, reduced,
until they are asked for: no order that was just listed costs a call. Only an order asked for out
of that turn is read by itself. Invariants 2, 3 and 10. Facts: docs/malls/aupay.md.
"""

from collections.abc import Mapping, Sequence

from engine.connector import OrderPage, OrdersFetched, Reply
from engine.faults import Family, FaultKind, MallError
from engine.snapshot import OrderSnapshot, UnreadableOrder
from malls.aupay import errors
from malls.aupay.card import ORDER_PAGE_MAX
from malls.aupay.choices import Choices
from malls.aupay.credentials import Door
from malls.aupay.order_body import KEEP, mark_of, read_order
from malls.aupay.wire import Node, day_of, whole

_LIST = "searchTradeInfoListProc"
_ONE = "searchTradeInfoProc"

ORDERS_KEPT_MAX = 2000
"""Orders that were listed and not asked for yet; the oldest are forgotten first."""
SICK_ORDERS_MAX = 2
"""So many orders may fail before one was read; then the mall is taken to be ill, not they."""

_OF_ONE_ORDER = frozenset(
    {FaultKind.SERVER, FaultKind.UNREADABLE, FaultKind.REQUEST, FaultKind.UNCLASSIFIED}
)
"""Failures that a single order's own state can cause, while the mall is well."""


class OrderDesk:
    """Reads one shop's orders; holds those listed last, ORDERS_KEPT_MAX at most."""

    def __init__(self, door: Door, choices: Choices) -> None:
        self._door = door
        self._choices = choices
        self._kept: dict[str, OrderSnapshot | UnreadableOrder] = {}

    async def list_orders(self, start: float, end: float, cursor: str | None) -> OrderPage:
        """A page of the orders of all days that [start, end] touches; the cursor is a row."""
        first = whole(cursor or "1") or 1
        reply, root = await self._list(start, end, first, ORDER_PAGE_MAX)
        orders = list(root.all("orderInfo"))
        told = whole(root.text_of("resultCount"))
        if told is None or len(orders) < min(told, ORDER_PAGE_MAX) - _before(told, first):
            # Rows were promised and did not come: taking it for the end would lose orders.
            raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
        marks = [mark_of(order) for order in orders]
        if not all(mark.order for mark in marks):
            # An order without a number cannot be parked by itself.
            raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
        if cursor is None:
            self._kept.clear()
        for mark, order in zip(marks, orders, strict=True):
            self._kept[mark.order] = read_order(order, reply, self._door.switches)
        while len(self._kept) > ORDERS_KEPT_MAX:
            del self._kept[next(iter(self._kept))]
        following = str(first + len(orders)) if _may_go_on(len(orders), told, first) else None
        marks.sort(key=lambda mark: mark.stamp)
        return OrderPage(tuple(marks), following, None, reply.sent_at)

    async def fetch(self, numbers: Sequence[str]) -> OrdersFetched:
        """The orders, from those listed last where they are among them."""
        read: list[OrderSnapshot] = []
        unreadable: list[UnreadableOrder] = []
        elsewhere: list[str] = []
        for number in numbers:
            kept = self._kept.get(number)
            if kept is None:
                elsewhere.append(number)
            elif isinstance(kept, OrderSnapshot):
                read.append(kept)
            else:
                unreadable.append(kept)
        if elsewhere:
            more, odd = await self._fetch_singly(elsewhere)
            read += more
            unreadable += odd
        return OrdersFetched(await self._choices.resolve(read), tuple(unreadable))

    async def prove(self) -> None:
        """The cheapest order call: one order of today."""
        now = self._door.now()
        await self._list(now, now, 1, 1)

    async def _list(self, start: float, end: float, first: int, rows: int) -> tuple[Reply, Node]:
        params = (
            ("totalCount", str(rows)),
            ("startCount", str(first)),
            ("startDate", day_of(start)),
            ("endDate", day_of(end)),
            ("dateType", "0"),
        )
        return await self._door.get(_LIST, params, Family.ORDERS, KEEP)

    async def _fetch_singly(
        self, numbers: Sequence[str]
    ) -> tuple[list[OrderSnapshot], list[UnreadableOrder]]:
        """Reads orders one call each. An order that alone cannot be read fails no other."""
        read: list[OrderSnapshot] = []
        unreadable: list[UnreadableOrder] = []
        sick: list[tuple[str, MallError]] = []
        is_well = False
        for number in numbers:
            try:
                reply, root = await self._door.get(
                    _ONE, (("orderId", number),), Family.ORDERS, KEEP
                )
            except MallError as failed:
                if failed.spec.kind not in _OF_ONE_ORDER:
                    raise
                sick.append((number, failed))
                if len(sick) > SICK_ORDERS_MAX and not is_well:
                    raise
                continue
            is_well = True
            outcome = _one_of(root, number, reply, self._door.switches)
            if isinstance(outcome, OrderSnapshot):
                read.append(outcome)
            elif outcome is not None:
                unreadable.append(outcome)
        if sick and not is_well:
            # Is it these orders or the mall? Another call of the family tells: it raises if so.
            await self.prove()
        unreadable += (
            UnreadableOrder(number, 0.0, f"モールがこの注文に {failed.code} を返しました。")
            for number, failed in sick
        )
        return read, unreadable


def _one_of(
    root: Node, number: str, reply: Reply, switches: Mapping[str, str]
) -> OrderSnapshot | UnreadableOrder | None:
    """The order asked for alone; None if a good answer does not hold it: it is not there."""
    orders = list(root.all("orderInfo"))
    for order in orders:
        if order.text_of("orderId") == number:
            return read_order(order, reply, switches)
    if orders:
        return UnreadableOrder(number, 0.0, "応答にこの注文がありません。")
    return None


def _before(told: int, first: int) -> int:
    """Rows before this page that resultCount may count too, if it is a grand total (?)."""
    return first - 1 if told >= first else 0


def _may_go_on(rows: int, told: int, first: int) -> bool:
    """Whether more may follow.

    A page that is full, or that the mall may have cut shorter than asked, is followed by a look;
    so is one whose count is more than what came.
    """
    if rows == 0:
        return False
    # Nobody has told the largest page (?). A mall that cuts pages cuts them to a round number.
    is_round = rows % 10 == 0 or rows % 25 == 0
    return rows >= ORDER_PAGE_MAX or is_round or told >= first + rows
