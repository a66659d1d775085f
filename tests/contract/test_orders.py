"""Polls of a mall's orders: whatever shoppers and staff do, every line is counted as it stands."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.faults import Level
from engine.snapshot import OrderSnapshot
from sandbox.buyers import BUYER_MARKS
from tests.contract.lane import Lane, opened, reading_of
from tests.contract.shop import Shop

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_walk")]

DAY_S = 86_400.0
SKEWS_S = (86_400.0, -1_800.0)


@pytest.fixture
def small_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in shop.profile.order_page.items():
        monkeypatch.setattr(name, size)


@pytest.fixture
def tea(shop: Shop) -> str:
    code, _ = shop.item("tea", 1_000)
    return code


def units(order: OrderSnapshot) -> dict[tuple[str, str], int]:
    """What an order takes now, by listing; lines that take nothing are left out."""
    taken: dict[tuple[str, str], int] = {}
    for line in order.lines:
        key = (line.code, line.sub_code)
        taken[key] = taken.get(key, 0) + (line.quantity if order.counts else 0)
    return {key: quantity for key, quantity in taken.items() if quantity}


async def polled(lane: Lane, **how: Any) -> None:
    done = await lane.poll(**how)
    assert done.error is None
    assert done.is_complete
    assert lane.unreadable == {}


@pytest.mark.point("orders.shifting")
@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("recheck", [False, True])
async def test_a_list_that_shifts_while_it_is_read_loses_no_order(
    shop: Shop, tea: str, recheck: bool
) -> None:
    placed = shop.sell(tea, *(20.0 * age for age in range(1, 8)))
    async with opened(shop) as lane:
        # Two scans in a row may be shifted alike: the third is then the first right one.
        shop.fault("page_shift", endpoint="orders", count=2)
        done = await lane.poll(recheck=recheck)
        # It may have to say that it cannot tell; it may not say that it saw all, and have not.
        if done.is_complete:
            assert set(lane.orders) == set(placed)
        else:
            assert done.error is not None
            assert done.error.spec.level is Level.TRANSIENT
        placed += shop.sell(tea, 30.0, 1.0)
        await polled(lane, recheck=recheck)
        assert set(lane.orders) == set(placed)


@pytest.mark.point("orders.once")
async def test_orders_that_have_not_changed_are_read_once(shop: Shop, tea: str) -> None:
    placed = [shop.order(tea, 1, status="shipped") for _ in range(5)]
    async with opened(shop) as lane:
        await polled(lane)
        await polled(lane)
        await polled(lane, recheck=False)
        assert sorted(lane.reads) == sorted(placed)


@pytest.mark.point("orders.once")
async def test_an_open_order_reads_the_same_every_time(shop: Shop, tea: str) -> None:
    order = shop.order(tea, 2)
    async with opened(shop) as lane:
        await polled(lane, recheck=False)
        first = lane.orders[order]
        await polled(lane, recheck=False)
        assert lane.reads == [order]
        # Where the list cannot tell a change, a slow re-read asks again: nothing may have moved.
        await polled(lane)
        again = lane.orders[order]
        assert (again.lines, again.stamp, again.edited) == (first.lines, first.stamp, False)


@pytest.mark.point("orders.late")
async def test_an_order_that_shows_late_is_found_by_its_stamp(shop: Shop, tea: str) -> None:
    shop.fault("late_orders", seconds=3_000, count=1)
    late = shop.order(tea, 2)
    prompt = shop.order(tea, 1)
    async with opened(shop) as lane:
        await polled(lane, recheck=False)
        assert set(lane.orders) == {prompt}
        shop.heal()
        await polled(lane, recheck=False)
        assert units(lane.orders[late]) == {(tea, ""): 2}
        resolution_s = lane.card.stamp_resolution_s
        assert abs(lane.orders[late].stamp - shop.orders()[late]["placed_at"]) <= resolution_s


@pytest.mark.point("orders.edited")
@pytest.mark.parametrize("restock", [True, False])
async def test_quantities_that_staff_change_are_found(shop: Shop, tea: str, restock: bool) -> None:
    mug, _ = shop.item("mug", 50)
    order = shop.order(tea, 5)
    async with opened(shop) as lane:
        await polled(lane)
        before = lane.orders[order]
        assert (units(before), before.edited) == ({(tea, ""): 5}, False)
        shop.change(order, lines=[{"code": tea, "quantity": 3}], restock=restock)
        await polled(lane)
        assert units(lane.orders[order]) == {(tea, ""): 3}
        lines = [{"code": tea, "quantity": 4}, {"code": mug, "quantity": 1}]
        shop.change(order, lines=lines)
        await polled(lane)
        after = lane.orders[order]
        assert units(after) == {(tea, ""): 4, (mug, ""): 1}
        if shop.profile.tells_edits:
            # A line that was raised may not pass for one that took so much at the placing.
            assert (after.edited, after.cut_only) == (True, False)
            assert {line.original for line in after.lines if line.code == tea} <= {None, 5}


@pytest.mark.point("orders.cancelled")
@pytest.mark.parametrize("restock", [True, False])
@pytest.mark.parametrize("by", ["shop", "buyer"])
async def test_a_cancel_counts_nothing_and_tells_no_wrong_restock(
    shop: Shop, tea: str, restock: bool, by: str
) -> None:
    order = shop.order(tea, 4)
    other = shop.order(tea, 1, status="confirmed")
    async with opened(shop) as lane:
        await polled(lane)
        shop.change(order, cancel=True, restock=restock, by=by)
        await polled(lane)
        cancelled = lane.orders[order]
        assert (cancelled.cancelled, units(cancelled)) == (True, {})
        assert {line.restocks for line in cancelled.lines} <= {None, restock}
        assert units(lane.orders[other]) == {(tea, ""): 1}
    assert shop.quantity(tea) == (999 if restock else 995)


@pytest.mark.point("orders.cancelled")
async def test_an_order_cancelled_before_the_first_poll_counts_nothing(
    shop: Shop, tea: str
) -> None:
    order = shop.order(tea, 4)
    shop.change(order, cancel=True)
    async with opened(shop) as lane:
        await polled(lane, recheck=False)
        assert units(lane.orders[order]) == {}


@pytest.mark.point("orders.moved")
@pytest.mark.parametrize("status", ["confirmed", "shipped"])
@pytest.mark.parametrize("recheck", [False, True])
async def test_an_order_that_moved_on_before_the_first_poll_counts(
    shop: Shop, tea: str, status: str, recheck: bool
) -> None:
    shop.item("tee-07", 9, "-bk-m", axes={"色": "黒", "サイズ": "M"})
    moved = shop.order(tea, 3)
    varied = shop.order("tee-07", 2, sub_code="-bk-m")
    shop.change(moved, status=status)
    shop.change(varied, status=status)
    async with opened(shop) as lane:
        await polled(lane, recheck=recheck)
        assert units(lane.orders[moved]) == {(tea, ""): 3}
        ((key, quantity),) = units(lane.orders[varied]).items()
        # Named as the catalogue names it.
        assert key in await lane.catalogue()
        assert (key != (tea, ""), quantity) == (True, 2)
        assert not lane.orders[moved].cancelled


@pytest.mark.point("orders.window")
async def test_an_order_on_either_end_of_the_window_is_in_it(shop: Shop, tea: str) -> None:
    placed = shop.sell(tea, 3_000.0, 2_000.0, 1_000.0)
    stamps = [shop.orders()[order]["placed_at"] for order in placed]
    async with opened(shop) as lane:
        await lane.poll(recheck=False)  # the mall's clock is known from here on
        for recheck in (False, True):
            lane.orders.clear()
            await polled(lane, start=stamps[0], end=stamps[2], recheck=recheck)
            assert set(placed) <= set(lane.orders)
            lane.orders.clear()
            await polled(lane, start=stamps[1], end=stamps[1], recheck=recheck)
            assert placed[1] in lane.orders


@pytest.mark.point("orders.window")
@pytest.mark.parametrize("recheck", [False, True])
async def test_a_window_longer_than_the_mall_takes_is_read_in_parts(
    shop: Shop, tea: str, recheck: bool
) -> None:
    async with opened(shop) as lane:
        longest_s = lane.card.order_window_days_max * DAY_S
        reach_s = min(2.5 * longest_s, 700 * DAY_S)
        ages = [DAY_S, reach_s / 2, reach_s - DAY_S]
        placed = shop.sell(tea, *ages)
        now = lane.http.now()
        await polled(lane, start=now - reach_s, end=now, recheck=recheck)
        assert set(lane.orders) == set(placed)


@pytest.mark.point("orders.clock")
@pytest.mark.parametrize("skew_s", SKEWS_S)
async def test_every_moment_is_in_the_malls_own_clock(shop: Shop, tea: str, skew_s: float) -> None:
    shop.fault("skew", seconds=skew_s)
    keys = shop.post("credentials", {})
    order = shop.order(tea, 2)
    placed_at = shop.orders()[order]["placed_at"]
    async with opened(shop, credentials=keys) as lane:
        first = await lane.poll()
        assert first.is_clock_off
        await polled(lane)
        assert abs(lane.http.offset_s - skew_s) <= 2
        read = lane.orders[order]
        assert abs(read.stamp - placed_at) <= lane.card.stamp_resolution_s
        assert placed_at - 2 <= read.read_from <= read.read_until <= placed_at + 60
        (ref,) = await lane.refs((tea, ""))
        (row,) = (await lane.read([ref])).rows
        reading = reading_of(row)
        assert reading.quantity == 998
        assert placed_at - 2 <= reading.start <= reading.end <= placed_at + 60


def leaks(things: Sequence[object]) -> list[str]:
    told = " ".join(map(repr, things))
    return [mark for mark in BUYER_MARKS if mark in told and not mark[0].isdigit()]


@pytest.mark.point("orders.buyers")
async def test_nothing_of_a_buyer_is_kept(shop: Shop, tea: str) -> None:
    shop.sell(tea, 3.0, 2.0, 1.0)
    buyers = [order["buyer"] for order in shop.orders().values()]
    async with opened(shop, "retry_bound_s = 0\n") as lane:
        await polled(lane)
        shop.fault("garbage", endpoint="orders", count=2)
        broken = await lane.poll()
        assert broken.error is not None
        kept = [lane.orders, lane.unreadable, broken, str(broken.error), vars(broken.error)]
        told = " ".join(map(repr, kept))
        assert leaks(kept) == []
        values = {text for buyer in buyers for name, text in buyer.items() if name != "prefecture"}
        assert not [text for text in values if text in told]
