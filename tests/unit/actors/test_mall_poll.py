"""Carrying out a poll: lists that shift, windows that are split, failures in the middle."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from actors.mall_http import Withheld
from actors.mall_lease import Letter
from actors.poll import READS_UNDER_WAY_MAX, RESCAN_MAX, Polled, carry_out_poll, windows
from engine.connector import OrderPage, OrdersFetched
from engine.faults import UNCLASSIFIED, Family, MallError
from engine.mall_action import Poll
from engine.messages import OrdersListed, OrdersRead, OrdersWanted
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder
from malls.rakuten.card import CARD

pytestmark = pytest.mark.anyio

DAY_S = 86_400.0
POLL = Poll(1_000.0, 2_000.0, 1_998.0, is_recheck=False)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def snapshot(order: str) -> OrderSnapshot:
    return OrderSnapshot(
        order=order, stamp=1.0, mark="m", status="new", cancelled=False, edited=False,
        cut_only=False, counts=True, read_from=1.0, read_until=2.0, lines=(),
    )  # fmt: skip


class Clock:
    offset_s = 0.0

    def now(self) -> float:
        return 2_001.0


class Mall:
    """A connection whose lists are scripted, scan by scan; the last scan is given for ever."""

    def __init__(self, *scans: Sequence[Sequence[str]]) -> None:
        self.scans = list(scans)
        self.listed: list[tuple[float, float, str | None, bool]] = []
        self.fetched: list[tuple[str, ...]] = []
        self.unreadable: set[str] = set()
        self.is_whole = False
        self.vanished: set[str] = set()
        self.breaks: Callable[[tuple[str, ...]], Exception | None] = lambda orders: None

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        self.listed.append((start, end, cursor, recheck))
        number = int(cursor or 0)
        pages = self.scans[0]
        is_last = number + 1 == len(pages)
        if is_last and len(self.scans) > 1:
            self.scans.pop(0)
        marks = tuple(OrderMark(order, 1.0, "m") for order in pages[number])
        onward = None if is_last else str(number + 1)
        return OrderPage(marks, onward, None, 1.0, is_whole=self.is_whole)

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        self.fetched.append(tuple(orders))
        error = self.breaks(tuple(orders))
        if error is not None:
            raise error
        there = [order for order in orders if order not in self.vanished]
        read = tuple(snapshot(order) for order in there if order not in self.unreadable)
        odd = tuple(UnreadableOrder(order, 1.0, "odd") for order in there if order in
                    self.unreadable)  # fmt: skip
        return OrdersFetched(read, odd)


class Inventory:
    """Wants every order once, and acknowledges when it is let."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.known: set[str] = set()
        self.ids = itertools.count(1)
        self.open = asyncio.Event()
        self.open.set()

    async def ask(self, letter: Letter) -> Any:
        said = letter(next(self.ids), 1)
        self.letters.append(said)
        if isinstance(said, OrdersListed):
            wanted = tuple(mark.order for mark in said.marks if mark.order not in self.known)
            self.known.update(wanted)
            return OrdersWanted(said.id, wanted)
        await self.open.wait()
        return None

    def of(self, kind: type[Any]) -> list[Any]:
        return [letter for letter in self.letters if isinstance(letter, kind)]

    @property
    def read(self) -> list[str]:
        return [order.order for letter in self.of(OrdersRead) for order in letter.orders]


async def polled(mall: Any, inventory: Inventory, poll: Poll = POLL, **card: Any) -> Polled:
    return await carry_out_poll(poll, mall, replace(CARD, **card), inventory.ask, Clock())


@pytest.mark.parametrize(
    ("days", "parts"),
    [(0.5, [0.5]), (62.0, [62.0]), (62.5, [62.0, 0.5]), (150.0, [62.0, 62.0, 26.0])],
)
def test_a_window_is_split_to_what_the_mall_takes_without_a_gap(
    days: float, parts: list[float]
) -> None:
    found = list(windows(0, days * DAY_S, 62))
    assert [end - start for start, end in found] == [part * DAY_S for part in parts]
    assert all(before[1] == after[0] for before, after in itertools.pairwise(found))
    assert (found[0][0], found[-1][1]) == (0, days * DAY_S)


async def test_a_list_of_one_page_is_scanned_once() -> None:
    mall, inventory = Mall([["a", "b"]]), Inventory()
    result = await polled(mall, inventory)
    assert mall.listed == [(1_000.0, 2_000.0, None, False)]
    assert inventory.read == ["a", "b"]
    assert result == Polled(is_complete=True, ended=2_001.0, listed=2, wanted=2, read=2)


async def test_lists_of_one_page_each_are_scanned_once() -> None:
    mall, inventory = Mall([["a"], ["b"]]), Inventory()
    mall.is_whole = True
    result = await polled(mall, inventory)
    assert result.is_complete
    assert len(mall.listed) == 2
    assert inventory.read == ["a", "b"]


async def test_a_list_of_several_pages_is_scanned_until_two_scans_bring_nothing_new() -> None:
    # While page 1 is read, "a" leaves the list: "c" slips onto the page already read.
    mall = Mall([["a", "b"], ["d"]], [["b", "c"], ["d"]])
    inventory = Inventory()
    result = await polled(mall, inventory)
    assert sorted(inventory.read) == ["a", "b", "c", "d"]
    assert len(mall.listed) == 2 * 4
    assert result.is_complete
    assert result.listed == 4


async def test_a_list_that_never_stops_growing_makes_the_poll_incomplete() -> None:
    scans = [[[f"o{number}"], ["z"]] for number in range(RESCAN_MAX + 5)]
    mall, inventory = Mall(*scans), Inventory()
    result = await polled(mall, inventory)
    assert not result.is_complete
    assert result.error is not None
    assert result.error.code == "unstable-list"
    assert len(mall.listed) == 2 * (1 + RESCAN_MAX)
    assert len(inventory.read) == 2 + RESCAN_MAX, "what was seen is handed over all the same"


async def test_a_mark_that_changes_between_two_scans_is_told_again() -> None:
    mall, inventory = Mall([["a"], ["b"]]), Inventory()
    first = mall.list_orders

    async def changed(*words: Any, **named: Any) -> OrderPage:
        page = await first(*words, **named)
        mark = "shipped" if len(mall.listed) > 2 else "m"
        return replace(page, marks=tuple(replace(one, mark=mark) for one in page.marks))

    mall.list_orders = changed  # type: ignore[method-assign]
    await polled(mall, inventory)
    told = [mark.mark for letter in inventory.of(OrdersListed) for mark in letter.marks]
    assert told == ["m", "m", "shipped", "shipped"]


async def test_an_empty_list_is_told_once_so_that_other_orders_can_be_wanted() -> None:
    mall, inventory = Mall([[]]), Inventory()
    await polled(mall, inventory)
    assert [letter.marks for letter in inventory.letters] == [()]


@pytest.mark.parametrize(
    ("is_bulk", "sizes"), [(True, [3, 3, 1]), (False, [1] * 7)], ids=["bulk", "one by one"]
)
async def test_orders_are_read_in_the_malls_batches(is_bulk: bool, sizes: list[int]) -> None:
    mall, inventory = Mall([[f"o{number}" for number in range(7)]]), Inventory()
    await polled(mall, inventory, fetch_orders_max=3, fetch_is_bulk=is_bulk)
    assert [len(orders) for orders in mall.fetched] == sizes


async def test_the_next_batch_is_read_while_a_few_are_being_committed_and_no_more() -> None:
    orders = [f"o{number}" for number in range(2 * READS_UNDER_WAY_MAX + 1)]
    mall, inventory = Mall([orders]), Inventory()
    inventory.open.clear()
    task = asyncio.create_task(polled(mall, inventory, fetch_is_bulk=False))
    for _ in range(100):
        await asyncio.sleep(0)
    assert len(inventory.of(OrdersRead)) == READS_UNDER_WAY_MAX
    assert len(mall.fetched) == READS_UNDER_WAY_MAX + 1
    assert not task.done()
    inventory.open.set()
    assert (await task).read == len(orders)


async def test_a_failure_in_the_middle_hands_over_what_was_read() -> None:
    mall, inventory = Mall([["a", "b", "c"]]), Inventory()
    error = MallError(UNCLASSIFIED, family=Family.ORDERS, code="500")
    mall.breaks = lambda orders: error if "b" in orders else None
    result = await polled(mall, inventory, fetch_is_bulk=False)
    assert not result.is_complete
    assert result.error is error
    assert inventory.read == ["a"]


async def test_a_lane_that_closes_makes_the_poll_incomplete_without_a_fault() -> None:
    mall, inventory = Mall([["a", "b"]]), Inventory()
    mall.breaks = lambda orders: Withheld("closed") if "b" in orders else None
    result = await polled(mall, inventory, fetch_is_bulk=False)
    assert (result.is_complete, result.error) == (False, None)
    assert inventory.read == ["a"]


async def test_a_poison_order_is_parked_and_a_vanished_one_is_noted() -> None:
    mall, inventory = Mall([["a", "odd", "gone"]]), Inventory()
    mall.unreadable, mall.vanished = {"odd"}, {"gone"}
    result = await polled(mall, inventory)
    assert result.is_complete
    assert (result.read, result.unreadable, result.vanished) == (1, 1, 1)
    assert [one.order for one in inventory.of(OrdersRead)[0].unreadable] == ["odd"]


async def test_a_clock_that_turns_out_to_be_off_voids_the_poll() -> None:
    mall: Any = Mall([["a"]])
    inventory, clock = Inventory(), Clock()
    listed = mall.list_orders

    async def tells(*words: Any, **named: Any) -> Any:
        clock.offset_s = 60.0
        return await listed(*words, **named)

    mall.list_orders = tells
    result = await carry_out_poll(POLL, mall, CARD, inventory.ask, clock)
    assert result.is_clock_off
    assert not result.is_complete
    assert inventory.letters == []


async def test_a_window_refused_because_the_clock_was_off_is_no_fault() -> None:
    mall: Any = Mall([["a"]])
    clock = Clock()

    async def refuses(*words: Any, **named: Any) -> Any:
        clock.offset_s = -1800.0
        raise MallError(UNCLASSIFIED, family=Family.ORDERS, code="InvalidInput")

    mall.list_orders = refuses
    result = await carry_out_poll(POLL, mall, CARD, Inventory().ask, clock)
    assert result.is_clock_off
    assert result.error is None
