"""Orders from outside: shipped, edited or cancelled, before zaiko has seen them and after."""

import time
from collections.abc import Callable
from itertools import product

import pytest

from tests.acceptance.calm import CHANGES, MALLS, UNITS, WHENS, Early, beside, story
from tests.acceptance.house import House
from tests.acceptance.shop import Shop
from tests.acceptance.waiting import wait_for, wait_until_right

pytestmark = pytest.mark.slow

CASES = list(product(MALLS, WHENS, CHANGES))
SOLD = 3
"""Units of each story's order."""


def ship(shop: Shop, order: str, _sku: str) -> None:
    shop.change(order, status="shipped")


def cut(shop: Shop, order: str, sku: str) -> None:
    shop.edit_lines(order, [(sku, "", SOLD - 2)])


def raise_(shop: Shop, order: str, sku: str) -> None:
    shop.edit_lines(order, [(sku, "", SOLD + 4)])


def add_line(shop: Shop, order: str, sku: str) -> None:
    shop.edit_lines(order, [(sku, "", SOLD), (beside(sku), "", 2)])


def remove_line(shop: Shop, order: str, sku: str) -> None:
    shop.edit_lines(order, [(sku, "", SOLD)])


def cancel(shop: Shop, order: str, _sku: str) -> None:
    shop.change(order, cancel=True, by="buyer")


def write_off(shop: Shop, order: str, _sku: str) -> None:
    shop.change(order, cancel=True, restock=False)


ACTS: dict[str, Callable[[Shop, str, str], None]] = {
    "shipped": ship,
    "cut": cut,
    "raised": raise_,
    "added": add_line,
    "removed": remove_line,
    "restocked": cancel,
    "written_off": write_off,
}
LEFT = {
    "shipped": SOLD,
    "cut": SOLD - 2,
    "raised": SOLD + 4,
    "added": SOLD,
    "removed": SOLD,
    "restocked": 0,
    "written_off": 0,
}
"""Units an order holds after its change."""


@pytest.fixture(scope="module")
def told(calm: House) -> House:
    """All stories at once: those before the poll in one go, those after once they are counted."""
    orders: dict[tuple[str, str, str], str] = {}
    for case in CASES:
        mall, when, change = case
        sku = story(*case)
        lines = [(sku, "", SOLD)]
        if change == "removed":
            lines.append((beside(sku), "", 1))
        orders[case] = calm.shops[mall].sell_lines(lines)
        if when == "before":
            ACTS[change](calm.shops[mall], orders[case], sku)

    def unseen() -> list[str]:
        later = [story(*case) for case in CASES if case[1] == "after"]
        return [row["sku"] for row in calm.stock(skus=later) if row["total"] != UNITS - SOLD]

    wait_until_right(unseen, "the orders to be counted as placed")
    for case, order in orders.items():
        mall, when, change = case
        if when == "after":
            ACTS[change](calm.shops[mall], order, story(*case))
    return calm


@pytest.mark.parametrize(("mall", "when", "change"), CASES)
def test_b3_an_order_changed_before_or_after_the_poll_is_counted_once_and_rightly(
    told: House, mall: str, when: str, change: str
) -> None:
    sku = story(mall, when, change)
    skus = [sku, beside(sku)] if change in ("added", "removed") else [sku]
    told.wait_until_right(*skus)
    assert told.total(sku) == UNITS - LEFT[change]
    if change == "added":
        assert told.total(beside(sku)) == UNITS - 2
    if change == "removed":
        assert told.total(beside(sku)) == UNITS
    assert told.shops["rakuten"].quantity(sku) == UNITS - LEFT[change]
    assert told.shops["yahoo"].quantity(sku) == UNITS - LEFT[change]


def test_m1_orders_are_polled_at_each_malls_own_api_at_the_interval(calm: House) -> None:
    lists = {"rakuten": "searchOrder", "yahoo": "orderList"}
    before = {mall: calm.shops[mall].calls(lists[mall]) for mall in MALLS}
    began = time.monotonic()
    for mall in MALLS:
        wait_for(
            lambda m=mall: calm.shops[m].calls(lists[m]) >= before[m] + 4,  # type: ignore[misc]
            f"four polls of {mall}",
        )
    # Not the ear but the interval decides: one poll a second is what the settings ask for.
    assert time.monotonic() - began > 2


def test_m4_taken_orders_are_pushed_to_the_other_mall_and_the_origin_needs_no_push(
    calm: House,
) -> None:
    calm.shops["rakuten"].sell("driven", 4)
    calm.wait_until_right("driven")
    sale = calm.history("driven")[-1]
    assert (sale["delta"], sale["total"], sale["mall"]) == (-4, UNITS - 4, "rakuten")
    assert sale["order"]
    assert calm.shops["yahoo"].quantity("driven") == UNITS - 4


def test_an_order_of_two_variations_takes_each_off_its_own_sku(calm: House) -> None:
    calm.shops["yahoo"].sell_lines([("tee", "tee-red", 2), ("tee", "tee-blue", 5)])
    calm.wait_until_right("tee-red", "tee-blue")
    assert (calm.total("tee-red"), calm.total("tee-blue")) == (UNITS - 2, UNITS - 5)


def test_story_18_orders_placed_before_the_first_start_are_not_taken_off_twice(
    calm: House, early: Early
) -> None:
    skus = {"rakuten": "early-rakuten", "yahoo": "early-yahoo"}
    calm.wait_until_right(*skus.values())
    for mall, sku in skus.items():
        assert [row["reason"] for row in calm.history(sku)] == ["opening"]
        calm.shops[mall].change(early.orders[mall], cancel=True)
    # What was inside the opening total comes back when it is cancelled later.
    calm.wait_until_right(*skus.values())
    assert [calm.total(sku) for sku in skus.values()] == [UNITS, UNITS]


def test_story_25_lines_of_an_unlinked_listing_count_once_it_is_linked(calm: House) -> None:
    shop = calm.shops["yahoo"]
    shop.sell("stray-page", 6)
    calm.wait_until_polled("yahoo")
    (row,) = calm.stock(linked=False, mall="yahoo", search="stray-page")
    assert row["sku"] is None
    calm.wait_until_right("late-link")
    assert calm.total("late-link") == UNITS
    linked = calm.link("late-link", "yahoo", "stray-page")
    assert (linked["linked"], linked["conflicts"]) == (1, [])
    wait_for(lambda: calm.total("late-link") == UNITS - 6, "the kept line to count")
    for mall, code in (("rakuten", "late-link"), ("yahoo", "late-link"), ("yahoo", "stray-page")):
        wait_for(
            lambda m=mall, c=code: calm.shops[m].quantity(c) == UNITS - 6,  # type: ignore[misc]
            f"{mall}'s {code} to show the total",
        )
