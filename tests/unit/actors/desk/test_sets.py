"""Sets at the desk: one sale takes every component, and half a set is never linked."""

from typing import Any

import pytest

from engine.messages import OrdersRead, PushWork
from engine.questions import (
    AskConflicts,
    AskSets,
    AskStock,
    DeleteSkus,
    Denied,
    LinkAdd,
    LinkRemove,
    LinkSets,
    SetPart,
    SetWish,
    StockFilter,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


def wish(code: str, **parts: int) -> SetWish:
    return SetWish("yahoo", code, "", tuple(SetPart(sku, units) for sku, units in parts.items()))


def make(house: DeskHouse, *wishes: SetWish, dry_run: bool = False) -> Any:
    return house.body(LinkSets(next(house.ids), wishes, "me", dry_run))


def sets(house: DeskHouse) -> dict[str, dict[str, int]]:
    rows = house.body(AskSets(next(house.ids)))["rows"]
    return {row["code"]: {part["sku"]: part["units"] for part in row["parts"]} for row in rows}


def totals(house: DeskHouse) -> dict[str, int]:
    rows = house.body(AskStock(next(house.ids), StockFilter(), None, 100))["rows"]
    return {row["sku"]: row["total"] for row in rows}


def offers(house: DeskHouse) -> dict[str, int]:
    """What each listing of yahoo should show."""
    rows = house.body(AskStock(next(house.ids), StockFilter(), None, 100))["rows"]
    return {
        listing["code"]: listing["offer"]
        for row in rows
        for listing in row["listings"]
        if listing["mall"] == "yahoo"
    }


def order(house: DeskHouse, code: str, quantity: int, original: int) -> None:
    """An order of `original` units at yahoo of which `quantity` are left."""
    house.now += 10
    snapshot = OrderSnapshot(
        order="o-1",
        stamp=1_000_150.0,
        mark=f"left {quantity}",
        status="",
        cancelled=quantity == 0,
        edited=0 < quantity < original,
        cut_only=True,
        counts=True,
        read_from=house.now,
        read_until=house.now + 1,
        lines=(OrderLine("1", code, "", quantity, original=original, restocks=True),),
    )
    house.ask("yahoo-one", OrdersRead(next(house.ids), 1, (snapshot,), ()))


def stocked(house: DeskHouse) -> None:
    """TEE 10 and CAP 4, both on two malls; yahoo has a box and a second page of the tee too."""
    house.import_rows("rakuten", ("tee", ""), ("cap", ""))
    house.settle("rakuten", tee=10, cap=4)
    house.import_rows("yahoo", ("tee", ""), ("cap", ""), ("box", ""), ("copy", ""))


def test_a_set_shows_what_all_its_components_suffice_for() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        assert make(house, wish("box", tee=2, cap=1))["changed"] == 1
        assert offers(house) == {"tee": 10, "cap": 4, "box": 4}
        make(house, wish("box", tee=3, cap=1))
        assert offers(house)["box"] == 3
        assert sets(house) == {"box": {"tee": 3, "cap": 1}}
        assert house.body(AskConflicts(next(house.ids))) == []


def test_a_sold_set_takes_each_component_and_an_edit_and_a_cancel_give_back() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        make(house, wish("box", tee=2, cap=1))
        order(house, "box", 3, 3)
        assert totals(house) == {"tee": 4, "cap": 1}
        assert offers(house) == {"tee": 4, "cap": 1, "box": 1}
        order(house, "box", 1, 3)
        assert totals(house) == {"tee": 8, "cap": 3}
        order(house, "box", 0, 3)
        assert totals(house) == {"tee": 10, "cap": 4}


def test_a_cancel_gives_back_what_was_counted_though_the_set_changed_since() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        make(house, wish("box", tee=2, cap=1))
        order(house, "box", 1, 1)
        make(house, wish("box", tee=1))
        order(house, "box", 0, 1)
        assert totals(house) == {"tee": 10, "cap": 4}


def test_an_order_of_a_listing_that_becomes_a_set_later_is_counted_then() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        order(house, "box", 1, 1)
        assert totals(house) == {"tee": 10, "cap": 4}
        make(house, wish("box", tee=2, cap=1))
        assert totals(house) == {"tee": 8, "cap": 3}


def test_an_order_on_a_copy_page_lowers_the_other_page() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        house.body(LinkAdd(next(house.ids), "tee", "yahoo", "copy", "", "me"))
        house.settle("yahoo", tee=10, cap=4, copy=10)
        order(house, "copy", 3, 3)
        house.poll("yahoo")
        work = house.pull("yahoo", push=True)
        assert isinstance(work, PushWork)
        assert [(row.ref.code, row.delta) for row in work.rows] == [("tee", -3)]


@pytest.mark.parametrize(
    ("bad", "column"),
    [
        (SetWish("nowhere", "box", "", (SetPart("tee", 1, 9),), 9), "mall"),
        (SetWish("yahoo", "ghost", "", (SetPart("tee", 1, 9),), 9), "code"),
        (SetWish("yahoo", "box", "", (SetPart("ghost", 1, 9),), 9), "sku"),
        (SetWish("yahoo", "box", "", (SetPart("", 1, 9),), 9), "sku"),
        (SetWish("yahoo", "box", "", (SetPart("tee", 1, 8), SetPart("TEE", 1, 9)), 8), "sku"),
        (SetWish("yahoo", "box", "", (SetPart("tee", 0, 9),), 9), "units"),
        (SetWish("yahoo", "box", "", (SetPart("tee", 10_001, 9),), 9), "units"),
        (SetWish("yahoo", "copy", "", (SetPart("tee", 1, 9),), 9), "code"),
    ],
)
def test_with_one_bad_row_nothing_is_made_and_its_line_and_column_are_named(
    bad: SetWish, column: str
) -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        told = make(house, wish("copy", tee=2), bad)
        assert [(row["line"], row["column"]) for row in told["refusals"]] == [(9, column)]
        assert (told["changed"], told["unchanged"]) == (0, 0)
        assert sets(house) == {}


def test_a_look_changes_nothing_and_the_same_set_again_is_no_change() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        assert make(house, wish("box", tee=2), dry_run=True)["changed"] == 1
        assert sets(house) == {}
        make(house, wish("box", tee=2))
        again = make(house, wish("box", tee=2))
        assert (again["changed"], again["unchanged"]) == (0, 1)


def test_a_dissolved_set_is_unlinked_and_shown_no_more() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        make(house, wish("box", tee=2, cap=1))
        make(house, wish("box"))
        assert sets(house) == {}
        unlinked = house.body(AskStock(next(house.ids), StockFilter(linked=False), None, 100))
        codes = [row["listings"][0]["code"] for row in unlinked["rows"]]
        assert sorted(codes) == ["box", "copy"]


def test_components_given_for_a_conflict_settle_it() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        house.body(LinkAdd(next(house.ids), "cap", "yahoo", "tee", "", "me"))
        assert len(house.body(AskConflicts(next(house.ids)))) == 1
        make(house, wish("tee", tee=1, cap=1))
        assert house.body(AskConflicts(next(house.ids))) == []
        assert sets(house) == {"tee": {"tee": 1, "cap": 1}}


def test_a_set_is_neither_added_to_nor_taken_from_nor_robbed_of_a_component() -> None:
    with open_house("rakuten", "yahoo") as house:
        stocked(house)
        make(house, wish("box", tee=2, cap=1))
        for letter in (
            LinkAdd(next(house.ids), "tee", "yahoo", "box", "", "me"),
            LinkRemove(next(house.ids), "tee", "yahoo", "box", "", "me"),
            DeleteSkus(next(house.ids), ("cap",), "me"),
        ):
            refused = house.ask("operator", letter)
            assert isinstance(refused, Denied)
            assert refused.exit_code == 2
            assert "box" in refused.message
            assert "zaiko link set" in refused.message_en
        assert sets(house) == {"box": {"tee": 2, "cap": 1}}


def test_a_set_of_the_base_mall_is_no_rival_of_what_it_takes() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("tee", ""), ("cap", ""), ("box", ""))
        house.settle("rakuten", tee=10, cap=4, box=9)
        parts = (SetPart("tee", 2), SetPart("cap", 1))
        make(house, SetWish("rakuten", "box", "", parts))
        house.import_rows("rakuten", ("tee", ""), ("cap", ""), ("box", ""), ("twin", "TEE"))
        conflicts = house.body(AskConflicts(next(house.ids)))
        assert sorted(row["code"] for row in conflicts) == ["tee", "twin"]
        house.body(LinkRemove(next(house.ids), "tee", "rakuten", "twin", "TEE", "me"))
        assert house.body(AskConflicts(next(house.ids))) == []
        assert sets(house) == {"box": {"tee": 2, "cap": 1}}
