"""Stock work at the desk: receipts, returns, and counts as of an instant that has passed."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.messages import OrdersRead
from engine.questions import (
    AskHistory,
    AskTotal,
    BringStock,
    CountedSku,
    Denied,
    SetStock,
    TakeStock,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house

FAR_S = 1_000.0
"""Further apart than any margin of a mall."""


def opened(house: DeskHouse, quantity: int = 20) -> None:
    """One SKU "cup" of so many on the base mall."""
    house.hello("rakuten")
    house.poll("rakuten")
    house.import_rows("rakuten", ("cup", ""))
    house.settle("rakuten", cup=quantity)
    house.now += FAR_S


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    with desk_house("rakuten") as house:
        opened(house)
        yield house


def snapshot(house: DeskHouse, number: str, stamp: float, units: int) -> None:
    """The order as it shows now; no units: cancelled."""
    order = OrderSnapshot(
        order=number, stamp=stamp, mark="", status="new", cancelled=units == 0,
        edited=False, cut_only=False, counts=True, read_from=house.now, read_until=house.now + 1,
        lines=(OrderLine("1", "cup", "", units),),
    )  # fmt: skip
    house.now += 2
    house.ask("rakuten-one", OrdersRead(next(house.ids), 1, (order,)))


def take(house: DeskHouse, quantity: int, at: float | None, key: str = "", **more: Any) -> Any:
    counts = (CountedSku("cup", quantity, at),)
    number = next(house.ids)
    return house.body(TakeStock(number, counts, "shelf", "staff", key or f"k{number}", **more))


def bring(house: DeskHouse, units: int, key: str, **more: Any) -> Any:
    told: dict[str, Any] = {"is_return": False, "mall": None, "number": "", "note": "lorry"}
    number = next(house.ids)
    letter = BringStock(id=number, sku="cup", units=units, actor="me", key=key, **told | more)
    return house.ask("operator", letter)


def history(house: DeskHouse, **span: float) -> list[Any]:
    return list(house.body(AskHistory(next(house.ids), "cup", 0, 100, **span))["rows"])


def total(house: DeskHouse) -> int:
    rows = history(house)
    assert sum(row["delta"] for row in rows) == rows[-1]["total"]
    return int(rows[-1]["total"])


def then(house: DeskHouse, at: float) -> Any:
    return house.body(AskTotal(next(house.ids), "cup", at))["total"]


def test_sales_after_the_count_are_taken_off_and_earlier_ones_are_inside_it(
    house: DeskHouse,
) -> None:
    snapshot(house, "early", house.now, 1)
    house.now += FAR_S
    counted_at = house.now
    house.now += FAR_S
    snapshot(house, "after", house.now, 3)
    house.now += FAR_S
    view = take(house, 12, counted_at)
    (row,) = view["rows"]
    assert (row["since"], row["before"], row["total"], row["delta"]) == (-3, 16, 9, -7)
    assert total(house) == 9
    last = history(house)[-1]
    assert (last["reason"], last["as_of"], last["actor"], last["note"]) == (
        "stocktake", counted_at, "staff", "shelf"
    )  # fmt: skip


def test_an_order_stamped_before_the_count_that_comes_in_later_is_inside_it(
    house: DeskHouse,
) -> None:
    stamp = house.now
    house.now += FAR_S
    counted_at = house.now
    house.now += FAR_S
    snapshot(house, "seen between", stamp, 2)
    take(house, 12, counted_at)
    assert total(house) == 12
    snapshot(house, "seen after", stamp, 4)
    assert total(house) == 12


def test_a_cancel_from_before_the_count_is_not_given_back_again(house: DeskHouse) -> None:
    snapshot(house, "a", house.now, 5)
    house.now += FAR_S
    snapshot(house, "a", house.now - FAR_S - 2, 0)
    assert total(house) == 20
    house.now += FAR_S
    take(house, 7, house.now - 1)
    assert total(house) == 7


def test_a_cancel_that_may_be_older_than_the_count_is_not_added_to_it(house: DeskHouse) -> None:
    stamp = house.now
    snapshot(house, "a", stamp, 5)
    house.now += FAR_S
    take(house, 7, house.now)
    house.now += FAR_S
    # Cancelled some time since the first sight, which was before the count.
    snapshot(house, "a", stamp, 0)
    assert total(house) == 7


def test_a_cancel_that_came_after_the_count_is_given_back(house: DeskHouse) -> None:
    stamp = house.now
    snapshot(house, "a", stamp, 5)
    house.now += FAR_S
    take(house, 7, house.now)
    house.now += FAR_S
    snapshot(house, "a", stamp, 5)
    house.now += FAR_S
    snapshot(house, "a", stamp, 0)
    assert total(house) == 12


def test_receipts_after_the_count_stay(house: DeskHouse) -> None:
    bring(house, 5, "before")
    counted_at = house.now
    house.now += FAR_S
    bring(house, 10, "after")
    take(house, 30, counted_at)
    assert total(house) == 40


@pytest.mark.parametrize("moment", ["future", "opening", "older"])
def test_an_instant_that_no_total_can_be_told_for_is_refused(house: DeskHouse, moment: str) -> None:
    at = {"future": house.now + 1, "opening": house.now - 2 * FAR_S, "older": house.now - 1}[moment]
    if moment == "older":
        house.body(SetStock(next(house.ids), "cup", 20, "me"))
    before = history(house)
    view = take(house, 3, at)
    assert view["rows"] == []
    assert [(refused["index"], refused["column"]) for refused in view["refused"]] == [(0, "at")]
    assert history(house) == before


def test_a_page_is_refused_whole_and_a_dry_run_changes_nothing(house: DeskHouse) -> None:
    before = history(house)
    counts = (CountedSku("cup", 3, None), CountedSku("none", 3, None), CountedSku("CUP", 4, None))
    view = house.body(TakeStock(next(house.ids), counts, "", "me", "k"))
    assert [refused["index"] for refused in view["refused"]] == [1, 2]
    (row,) = take(house, 3, None, dry_run=True)["rows"]
    assert (row["delta"], row["total"]) == (-17, 3)
    assert history(house) == before


def test_a_take_sent_twice_counts_once(house: DeskHouse) -> None:
    take(house, 7, house.now, key="same")
    bring(house, 1, "lorry")
    take(house, 7, house.now, key="same")
    assert total(house) == 8


def test_a_later_take_stands_on_its_own(house: DeskHouse) -> None:
    first = house.now
    house.now += FAR_S
    second = house.now
    house.now += FAR_S
    take(house, 7, first)
    take(house, 9, second)
    take(house, 5, second)
    assert total(house) == 5


def test_receipts_and_returns_are_told_apart_and_count_once(house: DeskHouse) -> None:
    bring(house, 4, "a")
    bring(house, 4, "a")
    bring(house, 2, "b", is_return=True, mall="rakuten", number="r-1", note="scratched")
    rows = history(house)[-2:]
    assert [(row["reason"], row["delta"], row["mall"], row["order"]) for row in rows] == [
        ("receipt", 4, "", ""), ("customer_return", 2, "rakuten", "r-1")
    ]  # fmt: skip
    assert (rows[1]["actor"], rows[1]["note"], rows[1]["total"]) == ("me", "scratched", 26)
    for refused in (bring(house, 0, "c"), bring(house, 1, "c", mall="nowhere")):
        assert isinstance(refused, Denied)
        assert refused.exit_code == 2
    assert total(house) == 26


def test_the_total_at_a_past_instant_is_told(house: DeskHouse) -> None:
    assert then(house, 1.0) is None
    house.now += FAR_S
    before = house.now - 1
    bring(house, 5, "a")
    at = house.now
    house.now += FAR_S
    bring(house, 1, "b")
    assert [then(house, moment) for moment in (before, at, house.now)] == [20, 25, 26]
    assert [row["delta"] for row in history(house, since=at)] == [5, 1]
    assert [row["delta"] for row in history(house, since=at, until=at)] == [5]


happenings = st.lists(
    st.one_of(
        st.tuples(st.just("sale"), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("receipt"), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("cancel"), st.integers(0, 3), st.booleans()),
        st.tuples(st.just("count"), st.just(0), st.booleans()),
    ),
    max_size=10,
)


@given(happenings)
@settings(max_examples=60, deadline=None)
def test_totals_are_what_is_on_the_shelf_however_late_things_are_told(
    things: list[tuple[str, int, bool]],
) -> None:
    """The reference is a shelf: every thing happens there, and is told here at once or later."""
    with desk_house("rakuten") as house:
        opened(house)
        shelf = 20
        orders: list[list[Any]] = []
        unseen: list[int] = []
        count: tuple[int, float] | None = None
        for kind, units, is_late in things:
            house.now += FAR_S
            if kind == "sale":
                shelf -= units
                orders.append([house.now, units])
                unseen.append(len(orders) - 1)
            elif kind == "cancel" and orders:
                place = units % len(orders)
                shelf += orders[place][1]
                orders[place][1] = 0
                unseen.append(place)
            elif kind == "receipt":
                shelf += units
                bring(house, units, f"r{house.now}")
            elif kind == "count":
                count = (shelf + 100, house.now)
                shelf += 100
            house.now += FAR_S
            if not is_late:
                _told(house, orders, unseen)
                if count is not None:
                    take(house, *count)
                    count = None
        house.now += FAR_S
        _told(house, orders, unseen)
        if count is not None:
            take(house, *count)
        rows = history(house)
        held = sum(row["delta"] for row in rows)
    # Every doubt errs to too few; without a cancel there is none.
    assert held <= shelf
    if all(kind != "cancel" for kind, _, _ in things):
        assert held == shelf


def _told(house: DeskHouse, orders: list[list[Any]], unseen: list[int]) -> None:
    for place in dict.fromkeys(unseen):
        snapshot(house, f"o{place}", *orders[place])
    unseen.clear()
