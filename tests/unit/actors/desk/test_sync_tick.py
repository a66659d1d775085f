"""The tick of a listing (連携) at the desk."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.messages import NoWork, OrdersRead, OutcomeRow, Outcomes, PushWork, ReadWork
from engine.push_state import PushDone
from engine.questions import (
    AskErrors,
    AskStock,
    Denied,
    SetStock,
    SetSync,
    StartReflect,
    StockFilter,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """Two SKUs of 9 on a mall that is level."""
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cup", ""), ("tee", ""))
        for _ in range(2):
            house.settle("rakuten", cup=9, tee=9)
        yield house


def tick(house: DeskHouse, *, is_on: bool, code: str | None = "cup", **chosen: Any) -> Any:
    number = next(house.ids)
    letter = SetSync(number, is_on, "rakuten", code, "", StockFilter(**chosen), "me")
    return house.body(letter)


def listing(house: DeskHouse, sku: str = "cup") -> Any:
    rows = house.body(AskStock(next(house.ids), StockFilter(skus=(sku,)), None, 1))["rows"]
    return rows[0]["listings"][0]


def count(house: DeskHouse, quantity: int) -> None:
    house.body(SetStock(next(house.ids), "cup", quantity, "me"))


def test_an_unticked_listing_is_not_pushed_and_its_orders_count(house: DeskHouse) -> None:
    assert tick(house, is_on=False) == {"changed": 1, "next": None}
    assert tick(house, is_on=False)["changed"] == 0
    count(house, 5)
    order = OrderSnapshot(
        order="o", stamp=house.now + 50, mark="", status="new", cancelled=False, edited=False,
        cut_only=False, counts=True, read_from=house.now + 60, read_until=house.now + 61,
        lines=(OrderLine("1", "cup", "", 2),),
    )  # fmt: skip
    house.now += 70
    house.ask("rakuten-one", OrdersRead(next(house.ids), 1, (order,)))
    house.now += 100_000
    house.poll("rakuten")
    work = house.pull("rakuten", push=True, reading=True)
    assert [row.ref.code for row in getattr(work, "rows", ())] in ([], ["tee"])
    row = house.body(AskStock(next(house.ids), StockFilter(skus=("cup",)), None, 1))["rows"][0]
    assert row["total"] == 3
    assert (listing(house)["synced"], listing(house)["expected"]) == (False, 7)
    hits = house.body(AskStock(next(house.ids), StockFilter(has_difference=True), None, 9))["hits"]
    assert hits == 0


def test_a_listing_that_is_ticked_again_is_read_before_it_is_pushed(house: DeskHouse) -> None:
    tick(house, is_on=False)
    count(house, 5)
    tick(house, is_on=True)
    assert isinstance(house.pull("rakuten", push=True), NoWork)
    work = house.pull("rakuten", reading=True)
    assert isinstance(work, ReadWork)
    house.settle_work("rakuten", work, cup=30)
    pushed = house.pull("rakuten", push=True)
    assert isinstance(pushed, PushWork)
    assert [(row.ref.code, row.delta) for row in pushed.rows] == [("cup", -25)]


def test_a_reading_that_was_out_when_the_tick_went_tells_no_difference(house: DeskHouse) -> None:
    house.now += 100_000
    house.poll("rakuten")
    work = house.pull("rakuten", reading=True)
    assert isinstance(work, ReadWork)
    tick(house, is_on=False)
    house.settle_work("rakuten", work, cup=2, tee=9)
    assert house.body(AskErrors(next(house.ids))) == []
    assert listing(house)["held"] == 0


def test_a_push_that_was_out_when_the_tick_went_is_taken_in(house: DeskHouse) -> None:
    count(house, 5)
    work = house.pull("rakuten", push=True)
    assert isinstance(work, PushWork)
    tick(house, is_on=False)
    (row,) = work.rows
    done = PushDone(row.call_id, house.now, house.now, answered=5)
    house.ask("rakuten-one", Outcomes(next(house.ids), 1, (OutcomeRow(row.listing_id, done),)))
    assert listing(house)["expected"] == 5


def test_listings_are_ticked_by_sku_and_all_together(house: DeskHouse) -> None:
    assert tick(house, is_on=False, code=None, skus=("tee",))["changed"] == 1
    assert (listing(house)["synced"], listing(house, "tee")["synced"]) == (True, False)
    assert tick(house, is_on=False, code=None)["changed"] == 1
    assert tick(house, is_on=True, code=None)["changed"] == 2
    letter = StartReflect(next(house.ids), StockFilter(), True, True, "me")
    assert {row["result"] for row in house.body(letter)["rows"]} == {"waiting"}


@pytest.mark.parametrize(("code", "skus"), [("none", ()), (None, ("none",))])
def test_a_listing_nobody_has_is_refused(
    house: DeskHouse, code: str | None, skus: tuple[str, ...]
) -> None:
    number = next(house.ids)
    letter = SetSync(number, False, "rakuten", code, "", StockFilter(skus=skus), "me")
    refused = house.ask("operator", letter)
    assert isinstance(refused, Denied)
    assert refused.exit_code == 2
