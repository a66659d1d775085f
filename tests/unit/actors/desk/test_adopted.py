"""Adopted differences at the desk: one movement, pushed to the others, undone exactly once."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from engine.messages import OrdersRead, OutcomeRow, Outcomes, PushWork, ReadWork
from engine.push_state import PushDone
from engine.questions import AskErrors, AskHistory, Denied, LinkAdd, SetStock, UndoStock
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house

MALLS = ("rakuten", "yahoo")


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """One SKU of 9 on two malls that adopt; compared and level."""
    with desk_house(*MALLS) as house:
        house.settings = [
            msgspec.structs.replace(mall, on_difference="adopt") for mall in house.settings
        ]
        house.restarted()
        for mall in MALLS:
            house.hello(mall)
            house.poll(mall)
            house.import_rows(mall, ("cup", ""))
            compare(house, mall, 9)
            compare(house, mall, 9)
        yield house


def compare(house: DeskHouse, mall: str, quantity: int, **others: int) -> None:
    house.now += 1000
    house.poll(mall)
    work = house.pull(mall, reading=True)
    if isinstance(work, ReadWork):
        house.settle_work(mall, work, cup=quantity, **others)


def push(house: DeskHouse, mall: str) -> int:
    """What the mall's listing is pushed by now."""
    work = house.pull(mall, push=True)
    if not isinstance(work, PushWork):
        return 0
    rows = tuple(
        OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now, answered=5))
        for row in work.rows
    )
    house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, rows))
    return sum(row.delta for row in work.rows)


def history(house: DeskHouse) -> list[Any]:
    return list(house.body(AskHistory(next(house.ids), "cup", 0, 100))["rows"])


def adopted(house: DeskHouse) -> list[Any]:
    return [row for row in history(house) if row["reason"] == "adopt"]


def total(house: DeskHouse) -> int:
    rows = history(house)
    assert sum(row["delta"] for row in rows) == rows[-1]["total"]
    return int(rows[-1]["total"])


def undo(house: DeskHouse, seq: int) -> Any:
    return house.body(UndoStock(next(house.ids), seq, "owner"))


def test_an_edit_is_booked_and_pushed_to_the_other_mall(house: DeskHouse) -> None:
    compare(house, "yahoo", 12)
    (row,) = adopted(house)
    assert (row["delta"], row["total"], row["mall"], row["note"]) == (3, 12, "yahoo", "cup")
    assert push(house, "yahoo") == 0
    assert push(house, "rakuten") == 3


def test_an_adoption_is_undone_exactly_once(house: DeskHouse) -> None:
    compare(house, "yahoo", 12)
    push(house, "rakuten")
    (row,) = adopted(house)
    first, second = undo(house, row["seq"]), undo(house, row["seq"])
    assert (first["delta"], first["total"], first["undone"]) == (-3, 9, True)
    assert (second["total"], second["undone"]) == (9, False)
    last = history(house)[-1]
    assert (last["reason"], last["actor"], last["mall"]) == ("restock_correction", "owner", "yahoo")
    assert total(house) == 9
    assert (push(house, "yahoo"), push(house, "rakuten")) == (-3, -3)


def test_only_an_adopted_difference_is_undone(house: DeskHouse) -> None:
    house.body(SetStock(next(house.ids), "cup", 5, "staff"))
    for seq in (history(house)[0]["seq"], history(house)[-1]["seq"], 999, -1):
        refused = house.ask("operator", UndoStock(next(house.ids), seq, "owner"))
        assert isinstance(refused, Denied)
        assert refused.exit_code == 2
    assert total(house) == 5


def test_one_count_typed_into_both_malls_is_booked_once(house: DeskHouse) -> None:
    compare(house, "yahoo", 12)
    compare(house, "rakuten", 12)
    assert len(adopted(house)) == 1
    assert total(house) == 12
    assert (push(house, "yahoo"), push(house, "rakuten")) == (0, 0)


def test_two_edits_at_once_are_booked_once_and_the_other_is_reported(house: DeskHouse) -> None:
    compare(house, "yahoo", 12)
    compare(house, "rakuten", 11)
    assert total(house) == 12
    faults = house.body(AskErrors(next(house.ids), mall="rakuten"))
    assert [fault["code"] for fault in faults] == ["2"]


def test_edits_one_after_the_other_are_both_booked(house: DeskHouse) -> None:
    compare(house, "yahoo", 12)
    assert push(house, "rakuten") == 3
    compare(house, "rakuten", 12)  # Nothing was edited: the push is compared.
    compare(house, "rakuten", 10)
    assert total(house) == 10
    assert push(house, "yahoo") == -2


def test_copy_pages_that_settle_together_book_one_edit(house: DeskHouse) -> None:
    house.import_rows("yahoo", ("cup", ""), ("copy", ""))
    house.body(LinkAdd(next(house.ids), "cup", "yahoo", "copy", "", "staff"))
    compare(house, "yahoo", 9, copy=9)
    compare(house, "yahoo", 9, copy=9)
    compare(house, "yahoo", 12, copy=12)
    assert len(adopted(house)) == 1
    assert total(house) == 12


def test_an_order_that_comes_after_its_adoption_is_said_loudly(house: DeskHouse) -> None:
    """The reading lacks a unit of an order that the mall shows late: it counts twice."""
    stamp = house.now + 500
    compare(house, "yahoo", 8)
    assert total(house) == 8
    line = OrderLine("1", "cup", "", 1)
    order = OrderSnapshot(
        order="late", stamp=stamp, mark="", status="new", cancelled=False, edited=False,
        cut_only=False, counts=True, read_from=house.now, read_until=house.now + 1, lines=(line,),
    )  # fmt: skip
    house.now += 1
    house.ask("yahoo-one", OrdersRead(next(house.ids), 1, (order,)))
    assert total(house) == 7
    (fault,) = house.body(AskErrors(next(house.ids), mall="yahoo"))
    (row,) = adopted(house)
    assert f"zaiko stock undo {row['seq']}" in fault["hint_en"]
    undo(house, row["seq"])
    assert total(house) == 8
    (fault,) = house.body(AskErrors(next(house.ids), mall="yahoo"))
    assert fault["state"] == "resolved"
