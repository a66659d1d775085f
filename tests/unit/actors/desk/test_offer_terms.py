"""Floors and shares of a mall at the desk: what is pushed, what differs, and what is adopted."""

from typing import Any

import msgspec
import pytest

from engine.messages import NoWork, PushWork
from engine.questions import AskErrors, AskStock, SetStock, StockFilter
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house


def opened(house: DeskHouse, **terms: Any) -> None:
    """One SKU of 9 on a mall with these terms, level before they were set."""
    house.hello("rakuten")
    house.poll("rakuten")
    house.import_rows("rakuten", ("cup", ""))
    for _ in range(2):
        house.settle("rakuten", cup=9)
    house.settings = [msgspec.structs.replace(mall, **terms) for mall in house.settings]
    house.restarted()
    house.hello("rakuten")
    house.poll("rakuten")


def differs(house: DeskHouse) -> int:
    chosen = StockFilter(has_difference=True)
    return int(house.body(AskStock(next(house.ids), chosen, None, 9))["hits"])


def offered(house: DeskHouse) -> int:
    rows = house.body(AskStock(next(house.ids), StockFilter(skus=("cup",)), None, 1))["rows"]
    return int(rows[0]["listings"][0]["offer"])


@pytest.mark.parametrize(
    ("terms", "offer"),
    [({"share": 50}, 4), ({"floor": 10}, 0), ({"buffer": 2, "share": 50, "floor": 4}, 0)],
)
def test_new_terms_are_pushed_and_the_list_reckons_as_the_desk_does(
    terms: dict[str, int], offer: int
) -> None:
    with desk_house("rakuten") as house:
        opened(house, **terms)
        work = house.pull("rakuten", push=True)
        assert isinstance(work, PushWork)
        assert [row.delta for row in work.rows] == [offer - 9]
        assert offered(house) == offer


def test_a_change_of_the_total_that_shows_nothing_pushes_nothing_and_is_no_difference() -> None:
    with desk_house("rakuten") as house:
        opened(house, floor=9)
        assert isinstance(house.pull("rakuten", push=True), NoWork)
        assert (offered(house), differs(house)) == (9, 0)
        house.body(SetStock(next(house.ids), "cup", 8, "me"))
        assert (offered(house), differs(house)) == (0, 1)


def test_an_edit_of_a_listing_with_a_share_is_reported_and_not_adopted() -> None:
    with desk_house("rakuten") as house:
        opened(house, share=99, on_difference="adopt")
        assert offered(house) == 8
        house.body(SetStock(next(house.ids), "cup", 10, "me"))
        assert isinstance(house.pull("rakuten", push=True), NoWork)
        house.now += 100_000
        house.poll("rakuten")
        house.settle("rakuten", cup=12)
        rows = house.body(AskStock(next(house.ids), StockFilter(), None, 1))["rows"]
        assert rows[0]["total"] == 10
        assert len(house.body(AskErrors(next(house.ids)))) == 1
