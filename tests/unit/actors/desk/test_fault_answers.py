"""What operators and the notifier see of faults: filters, figures by mall, and what is new."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.desk.turn import Turn
from actors.store.fault_list import NEW_NOTICES_MAX
from engine.fault_questions import AskErrorSummary, AskNotices, NoticesView
from engine.faults import (
    BAD_ITEM,
    NO_CREDENTIALS,
    UNCLASSIFIED,
    Family,
    FaultSpec,
    oversold_spec,
)
from engine.questions import AskErrors, ClearErrors
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house

ODD = "a%b_c"
"""A subject that holds what a pattern would take for a sign."""


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    with desk_house("rakuten", "yahoo") as house:
        yield house


def open_fault(house: DeskHouse, mall: str, spec: FaultSpec, subject: str = "") -> int:
    """One more fault; its number."""
    accounts = {account.name: account for account in house.desk.accounts.values()}
    house.now += 1
    with house.store.transaction() as connection:
        turn = Turn(house.store, connection, house.now, house.desk.accounts)
        turn.fault(accounts.get(mall), Family.STOCK, subject, f"c-{subject}", spec)
    rows = house.body(AskErrors(next(house.ids)))
    return int(rows[0]["id"])


def close_fault(house: DeskHouse, number: int, state: str) -> None:
    house.now += 1
    with house.store.transaction() as connection:
        house.store.faults.set_state(connection, [number], state, house.now)


def numbers(house: DeskHouse, **chosen: Any) -> list[int]:
    return [row["id"] for row in house.body(AskErrors(next(house.ids), **chosen))]


def look(house: DeskHouse, after: int, *watched: int, with_transient: bool = False) -> NoticesView:
    body = house.body(AskNotices(next(house.ids), after, watched, with_transient))
    return msgspec.convert(body, NoticesView)


@pytest.fixture
def four(house: DeskHouse) -> dict[str, int]:
    """A level 9, two refused listings of which one is over, and an oversell."""
    found = {
        "heavy": open_fault(house, "yahoo", NO_CREDENTIALS),
        "light": open_fault(house, "yahoo", BAD_ITEM, ODD),
        "over": open_fault(house, "rakuten", BAD_ITEM, "axb-c"),
        "oversold": open_fault(house, "", oversold_spec(-1), "tee"),
    }
    close_fault(house, found["over"], "resolved")
    return found


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({"mall": "yahoo"}, ["light", "heavy"]),
        ({"level": 9}, ["heavy"]),
        ({"level": 8, "mall": "yahoo"}, ["light"]),
        ({"state": "resolved"}, ["over"]),
        ({"state": "cleared"}, []),
        ({"search": "%b_"}, ["light"]),
        ({"search": "AXB"}, ["over"]),
        ({"search": "売り越し"}, ["oversold"]),
        ({}, ["over", "oversold", "light", "heavy"]),
    ],
)
def test_the_list_is_filtered(
    house: DeskHouse, four: dict[str, int], chosen: dict[str, Any], names: list[str]
) -> None:
    assert numbers(house, **chosen) == [four[name] for name in names]


def test_a_fault_tells_its_kind_and_the_command_that_lists_its_malls_differences(
    house: DeskHouse, four: dict[str, int]
) -> None:
    (row,) = house.body(AskErrors(next(house.ids), fault_id=four["light"]))
    assert (row["kind"], row["family"]) == ("bad_item", "stock")
    assert row["differences"] == "zaiko stock list --diff --mall yahoo"
    (row,) = house.body(AskErrors(next(house.ids), fault_id=four["oversold"]))
    assert row["differences"] == "zaiko stock list --diff"


def test_the_summary_has_every_mall_and_the_house(house: DeskHouse, four: dict[str, int]) -> None:
    rows = house.body(AskErrorSummary(next(house.ids)))
    figures = [(row["mall"], row["level9"], row["level8"], row["resolved"]) for row in rows]
    assert figures == [("rakuten", 0, 0, 1), ("yahoo", 1, 1, 0), ("", 0, 1, 0)]
    (heavy,) = house.body(AskErrors(next(house.ids), fault_id=four["heavy"]))
    assert [row["oldest"] for row in rows][:2] == [None, heavy["first_seen"]]


def test_a_resolved_error_can_be_deleted(house: DeskHouse, four: dict[str, int]) -> None:
    body = house.body(ClearErrors(next(house.ids), (four["over"],), None, "test"))
    assert body == {"cleared": [four["over"]], "resumed": []}
    assert numbers(house, state="cleared") == [four["over"]]
    assert four["over"] not in numbers(house)


def test_the_notifier_sees_what_is_new_and_what_it_watches(
    house: DeskHouse, four: dict[str, int]
) -> None:
    first = look(house, 0)
    assert [row.id for row in first.new] == [four["heavy"], four["oversold"]]
    assert first.reached == four["oversold"]
    again = look(house, first.reached, four["heavy"], four["over"])
    assert again.new == ()
    states = {row.id: (row.mall, row.state) for row in again.watched}
    assert states == {four["heavy"]: ("yahoo", "open"), four["over"]: ("rakuten", "resolved")}


def test_level_8_of_a_whole_mall_is_always_looked_at_and_of_listings_when_asked_for(
    house: DeskHouse, four: dict[str, int]
) -> None:
    whole = open_fault(house, "rakuten", UNCLASSIFIED)
    seen = [row.id for row in look(house, 0).new]
    assert seen == [four["heavy"], four["oversold"], whole]
    everything = [row.id for row in look(house, 0, with_transient=True).new]
    assert everything == [*four.values(), whole]


def test_a_flood_comes_in_pages_and_none_is_left_out(house: DeskHouse) -> None:
    for number in range(NEW_NOTICES_MAX + 5):
        open_fault(house, "", oversold_spec(-1), f"sku-{number}")
    first = look(house, 0)
    assert len(first.new) == NEW_NOTICES_MAX
    second = look(house, first.reached)
    assert len(second.new) == 5
    assert look(house, second.reached).new == ()


def test_another_database_than_the_one_that_was_seen_is_looked_at_from_its_beginning(
    house: DeskHouse, four: dict[str, int]
) -> None:
    seen = look(house, 10_000)
    assert [row.id for row in seen.new] == [four["heavy"], four["oversold"]]
    assert seen.reached == four["oversold"]
