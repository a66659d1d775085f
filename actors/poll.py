"""Carrying out one order poll: list, ask which orders are wanted, read them, hand them over.

A window is split to what the mall takes, and each part is scanned page by page. A list of more than
one page may shift while it is read, so it is scanned again until two scans in a row bring no order
that was not seen before, and the union counts. Marks go out as pages come; wanted orders are read
in batches, and while one batch is being committed the next is fetched. A poll is complete when all
it saw is handed over and acknowledged (F4); what was read before a failure is handed over as well.
Of all this only the order numbers of one part are remembered, and forgotten after it.
"""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Any, Final, Protocol

from msgspec import Struct

from actors.mall_http import Withheld
from actors.mall_lease import Ask, Letter
from engine.connector import Card, Connection, OrderPage
from engine.faults import Family, FaultKind, FaultSpec, Level, MallError
from engine.mall_action import Poll
from engine.messages import (
    ORDERS_LISTED_MAX,
    ORDERS_READ_MAX,
    OrdersListed,
    OrdersRead,
    OrdersWanted,
)
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder

RESCAN_MAX: Final = 12
"""Scans of one window after the first; a list that still grows makes the poll incomplete."""
STABLE_SCANS: Final = 2
"""Scans in a row without a new order after which a list of several pages counts as whole."""
PAGES_MAX: Final = 10_000
"""Pages of one scan; a list that never ends is unreadable."""
READS_UNDER_WAY_MAX: Final = 8
"""Batches handed over and not yet acknowledged; a further one waits."""
CLOCK_STEP_S: Final = 1.0
"""The mall's clock turning out to be off by more voids a poll: eps_s covers less."""
DAY_S: Final = 86_400.0

UNSTABLE = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.UNREADABLE,
    message="受注一覧が読み取り中に変わり続けました。",
    hint="次回の受注取得で自動的に読み直します。",
    message_en="The order list kept changing while it was read.",
    hint_en="It is read again by the next poll.",
)


class Polled(Struct, frozen=True, kw_only=True):
    """What became of one poll."""

    is_complete: bool
    ended: float
    """Mall time."""
    listed: int = 0
    wanted: int = 0
    read: int = 0
    unreadable: int = 0
    vanished: int = 0
    """Wanted and in neither: the mall does not have them any more."""
    error: MallError | None = None
    """The fault that broke it off."""
    is_clock_off: bool = False
    """The mall's clock turned out to be another than the window was made for."""

    def told(self, poll: Poll) -> dict[str, object]:
        """What the log says of it."""
        return {
            "is_complete": self.is_complete,
            "took_s": round(max(self.ended - poll.began, 0.0), 3),
            "listed": self.listed,
            "wanted": self.wanted,
            "read": self.read,
            "unreadable": self.unreadable,
            "vanished": self.vanished,
            "code": self.error.code if self.error else "",
        }


class MallTime(Protocol):
    """The mall's clock as it is known."""

    def now(self) -> float:
        """Mall time."""
        ...

    @property
    def offset_s(self) -> float:
        """Mall time minus wall time."""
        ...


class _ClockOff(Exception):
    """The first replies told another mall time: the window is worth nothing."""


async def carry_out_poll(
    poll: Poll,
    connection: Connection,
    card: Card,
    ask: Ask,
    time: MallTime,
) -> Polled:
    """Reads the window and hands over what it found; raises only LeaseLost and bugs."""
    run = _Run(poll, connection, card, ask, time)
    error: MallError | None = None
    is_complete = is_clock_off = False
    try:
        for start, end in windows(poll.window_start, poll.window_end, card.order_window_days_max):
            await run.scan_until_stable(start, end)
        is_complete = True
    except MallError as failed:
        # A window made for another time can be one the mall refuses (its end lies ahead).
        is_clock_off = run.is_clock_off
        error = None if is_clock_off else failed
    except Withheld:
        pass  # The lane closed: the inventory knows why.
    except _ClockOff:
        is_clock_off = True
    except BaseException:
        run.reads.cancel()
        raise
    try:
        await run.reads.drain()
    except BaseException:
        run.reads.cancel()
        raise
    return Polled(
        is_complete=is_complete,
        ended=time.now(),
        listed=run.listed,
        wanted=run.wanted,
        read=run.read,
        unreadable=run.unreadable,
        vanished=run.vanished,
        error=error,
        is_clock_off=is_clock_off,
    )


def windows(start: float, end: float, days_max: float) -> Iterator[tuple[float, float]]:
    """[start, end] in parts no longer than the mall takes, oldest first; their ends touch."""
    longest_s = days_max * DAY_S
    while end - start > longest_s:
        yield start, start + longest_s
        start += longest_s
    yield start, end


class _Run:
    """One poll under way."""

    def __init__(
        self,
        poll: Poll,
        connection: Connection,
        card: Card,
        ask: Ask,
        time: MallTime,
    ) -> None:
        self._poll = poll
        self._connection = connection
        self._ask = ask
        self._time = time
        self._offset_s = time.offset_s
        # One at a time where each order is a call of its own: none waits for the next.
        bulk = min(card.fetch_orders_max, ORDERS_READ_MAX)
        self._batch = bulk if card.fetch_is_bulk else 1
        self.reads = _Reads(ask)
        self._has_listed = False
        self.listed = self.wanted = self.read = self.unreadable = self.vanished = 0

    @property
    def is_clock_off(self) -> bool:
        """The mall's clock turned out to be another than the window was made for."""
        return abs(self._time.offset_s - self._offset_s) > CLOCK_STEP_S

    async def scan_until_stable(self, start: float, end: float) -> None:
        """Sees every order of one window, or raises."""
        seen: dict[str, str] = {}
        can_shift, _ = await self._scan(start, end, seen)
        if not can_shift:
            return
        stable = 0
        for _ in range(RESCAN_MAX):
            _, added = await self._scan(start, end, seen)
            stable = 0 if added else stable + 1
            if stable == STABLE_SCANS:
                return
        raise MallError(UNSTABLE, family=Family.ORDERS, code="unstable-list")

    async def _scan(self, start: float, end: float, seen: dict[str, str]) -> tuple[bool, int]:
        """(a list went over several pages, orders not seen by an earlier scan).

        Marks that are news are handed over.
        """
        added = 0
        can_shift = False
        cursor: str | None = None
        for number in range(1, PAGES_MAX + 1):
            page = await self._connection.list_orders(
                start, end, cursor, recheck=self._poll.is_recheck
            )
            if self.is_clock_off:
                raise _ClockOff
            added += await self._take(page, seen)
            cursor = page.next_cursor
            can_shift = can_shift or not (page.is_whole or (number == 1 and cursor is None))
            if cursor is None:
                return can_shift, added
        raise MallError(UNSTABLE, family=Family.ORDERS, code="endless-list")

    async def _take(self, page: OrderPage, seen: dict[str, str]) -> int:
        """Hands over a page's marks and reads the orders that are wanted; orders not seen yet."""
        news = tuple(mark for mark in page.marks if seen.get(mark.order) != mark.mark)
        added = sum(1 for mark in news if mark.order not in seen)
        seen.update((mark.order, mark.mark) for mark in news)
        self.listed += added
        # The first letter goes out even if it is empty: the inventory may want other orders too.
        first = [news] if not news and not self._has_listed else _batches(news, ORDERS_LISTED_MAX)
        self._has_listed = True
        for marks in first:
            wanted = await self._list(marks)
            for orders in _batches(wanted, self._batch):
                await self._fetch(orders)
        return added

    async def _list(self, marks: Sequence[OrderMark]) -> Sequence[str]:
        reply = await self._ask(
            lambda number, epoch: OrdersListed(number, epoch, tuple(marks), self._time.offset_s)
        )
        return reply.orders if isinstance(reply, OrdersWanted) else ()

    async def _fetch(self, orders: Sequence[str]) -> None:
        self.wanted += len(orders)
        fetched = await self._connection.fetch_orders(orders)
        self.read += len(fetched.orders)
        self.unreadable += len(fetched.unreadable)
        got = {order.order for order in fetched.orders}
        got.update(order.order for order in fetched.unreadable)
        self.vanished += sum(1 for order in orders if order not in got)
        for at in range(0, max(len(fetched.orders), 1), ORDERS_READ_MAX):
            read = fetched.orders[at : at + ORDERS_READ_MAX]
            parked = fetched.unreadable if at == 0 else ()
            if read or parked:
                await self.reads.put(_orders_read(read, parked))


def _orders_read(read: tuple[OrderSnapshot, ...], parked: tuple[UnreadableOrder, ...]) -> Letter:
    return lambda number, epoch: OrdersRead(number, epoch, read, parked)


class _Reads:
    """Batches on their way to the inventory: a few at once, all acknowledged in the end."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._under_way: set[asyncio.Task[Any]] = set()

    async def put(self, letter: Letter) -> None:
        """Sends a batch; waits while too many are under way."""
        while len(self._under_way) >= READS_UNDER_WAY_MAX:
            await self._settle(asyncio.FIRST_COMPLETED)
        self._under_way.add(asyncio.create_task(self._send(letter)))

    async def drain(self) -> None:
        """Waits until every batch is acknowledged."""
        while self._under_way:
            await self._settle(asyncio.ALL_COMPLETED)

    def cancel(self) -> None:
        """Gives up every batch that is under way."""
        for task in self._under_way:
            task.cancel()

    async def _send(self, letter: Letter) -> None:
        await self._ask(letter)

    async def _settle(self, when: str) -> None:
        done, _ = await asyncio.wait(self._under_way, return_when=when)
        self._under_way -= done
        for task in done:
            task.result()


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]
