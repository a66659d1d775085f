"""A mall that needs a probe: nothing is pushed before, what was found is kept, both sides agree."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from actors.desk.desk import Incoming
from engine.connector import Finding, WriteKind
from engine.faults import FaultKind, FaultSpec, Level
from engine.lane import LaneState
from engine.messages import (
    Heartbeat,
    LaneOrder,
    NoWork,
    OutcomeRow,
    Outcomes,
    Probed,
    ProbeWork,
    PushWork,
    ReadWork,
)
from engine.push_state import PushDone
from engine.questions import AdjustStock, AskErrors, AskStatus, AskStock, StockFilter
from malls.registry import card_of
from tests.unit.actors.desk.desk_house import DeskHouse, open_house

ADDS = {"quantity_mode": "relative"}
OVERWRITES = {"quantity_mode": "absolute"}
FAULT = FaultSpec(
    level=Level.TRANSIENT, kind=FaultKind.PROBE, message="不明", hint="probe_item を指定",
    message_en="not known", hint_en="name a probe_item",
)  # fmt: skip


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """MakeShop beside the base mall, linked and proven, and a sale of 3 to be pushed to it."""
    with open_house("rakuten", "makeshop") as house:
        set_up(house, probe_item="mug")
        for mall in ("rakuten", "makeshop"):
            house.import_rows(mall, ("cap", ""))
        house.settle("rakuten", cap=20)
        house.settle("rakuten", cap=20)
        yield house


def set_up(house: DeskHouse, **switches: Any) -> None:
    """Other settings of MakeShop, as a reload brings them."""
    house.settings[1] = replace(house.settings[1], **switches)
    house.desk.reload([(mall, card_of(mall.kind, mall.switches)) for mall in house.settings])


def sell(house: DeskHouse, units: int = 3) -> None:
    house.body(AdjustStock(next(house.ids), "cap", -units, "", "me", f"sale-{next(house.ids)}"))


def answer(house: DeskHouse, work: ProbeWork, **finding: Any) -> LaneOrder:
    letter = Probed(next(house.ids), 1, work.probe, Finding(**{"item": "mug", **finding}))
    order = house.ask("makeshop-one", letter)
    assert isinstance(order, LaneOrder)
    return order


def probe(house: DeskHouse) -> ProbeWork:
    work = house.pull("makeshop", push=True, reading=True)
    assert isinstance(work, ProbeWork), work
    return work


def find(house: DeskHouse, **switches: str) -> LaneOrder:
    return answer(house, probe(house), switches=switches)


def compare(house: DeskHouse, shown: int = 20) -> None:
    """MakeShop's listing is read and settled, as the sale is not there yet."""
    house.settle("makeshop", cap=shown)


def errors(house: DeskHouse, state: str = "open") -> list[tuple[str, str, int]]:
    rows = house.body(AskErrors(next(house.ids), None, None, with_cleared=True))
    return [
        (row["subject"], row["message_en"], row["level"]) for row in rows if row["state"] == state
    ]


def expected(house: DeskHouse) -> object:
    page = house.body(AskStock(next(house.ids), StockFilter(), None, 10))
    return {row["mall"]: row["expected"] for row in page["rows"][0]["listings"]}["makeshop"]


def shown(house: DeskHouse) -> tuple[object, object]:
    row = house.body(AskStatus(next(house.ids)))["malls"][1]
    return row["write_kind"], row["is_probed"]


def test_a_probe_comes_in_the_place_of_a_push_and_no_push_before_it(house: DeskHouse) -> None:
    sell(house)
    assert isinstance(house.pull("makeshop", push=True), NoWork)
    assert isinstance(house.pull("makeshop", push=True, reading=True), ProbeWork)
    assert isinstance(house.pull("makeshop", push=True, manner="guarded 1 mug"), NoWork)
    assert shown(house) == (None, False)


def test_readings_go_on_before_the_probe_and_wait_while_it_is_under_way(house: DeskHouse) -> None:
    before = house.pull("makeshop", reading=True)
    assert isinstance(before, ReadWork)
    house.now += 60
    probe(house)
    assert isinstance(house.pull("makeshop", reading=True), NoWork)


def test_nothing_is_tried_at_a_mall_of_which_no_listing_is_linked() -> None:
    with open_house("rakuten", "makeshop") as house:
        house.import_rows("rakuten", ("cap", ""))
        house.import_rows("makeshop", ("other", ""))
        assert isinstance(house.pull("makeshop", push=True, reading=True), NoWork)
        assert isinstance(house.pull("rakuten", push=True, reading=True), ReadWork)


@pytest.mark.parametrize(
    ("switches", "kind"), [(ADDS, WriteKind.RELATIVE), (OVERWRITES, WriteKind.GUARDED)]
)
def test_what_was_found_makes_the_rules_and_states_from_before_hold(
    house: DeskHouse, switches: dict[str, str], kind: WriteKind
) -> None:
    compare(house)
    sell(house)
    order = find(house, **switches)
    manner = f"{kind} 1 mug"
    work = house.pull("makeshop", push=True, manner=manner)
    assert order.found == switches
    assert isinstance(work, PushWork)
    assert [row.delta for row in work.rows] == [-3]
    assert shown(house) == (kind, True)
    assert expected(house) == 20
    (row,) = work.rows
    read = 20 if kind is WriteKind.GUARDED else None
    done = PushDone(row.call_id, house.now, house.now + 1, 17, read)
    house.ask("makeshop-one", Outcomes(next(house.ids), 1, (OutcomeRow(row.listing_id, done),)))
    assert expected(house) == 17
    assert isinstance(house.pull("makeshop", push=True, manner=manner), NoWork)


@pytest.mark.parametrize("manner", ["", "guarded 1 mug", "relative 1 other", "relative 2 mug"])
def test_an_actor_that_writes_otherwise_is_given_no_push(house: DeskHouse, manner: str) -> None:
    compare(house)
    sell(house)
    find(house, **ADDS)
    refused = house.pull("makeshop", push=True, manner=manner)
    given = house.pull("makeshop", push=True, manner="relative 1 mug")
    house.last_call_id = 0  # The reply was lost: it is said again to an actor that agrees.
    again_refused = house.pull("makeshop", push=True, manner=manner)
    house.last_call_id = 0
    again = house.pull("makeshop", push=True, manner="relative 1 mug")
    assert isinstance(refused, NoWork)
    assert refused.until is None or refused.until > house.now
    assert isinstance(given, PushWork)
    assert isinstance(again_refused, NoWork)
    assert again == given


def test_what_was_found_outlives_the_inventory_and_travels_with_the_lease(
    house: DeskHouse,
) -> None:
    compare(house)
    sell(house)
    find(house, **ADDS)
    house.restarted()
    lease = house.hello("makeshop", instance="two")
    house.hello("makeshop", instance="one")
    beat = Heartbeat(next(house.ids), 3, LaneState.RUNNING, 0.0)
    order = house.ask("makeshop-one", beat)
    assert lease.found == ADDS
    assert order.found == ADDS
    assert shown(house) == (WriteKind.RELATIVE, True)


def test_a_probe_whose_answer_was_lost_is_asked_again_and_its_item_told(house: DeskHouse) -> None:
    first = probe(house)
    house.restarted()
    house.hello("makeshop")
    house.poll("makeshop")
    second = probe(house)
    late = answer(house, first, switches=OVERWRITES)
    taken = answer(house, second, switches=ADDS)
    repeated = answer(house, second, switches=ADDS)
    assert second.probe > first.probe
    assert late.found == {}  # It answers a probe that was given up.
    assert taken.found == repeated.found == ADDS
    assert [subject for subject, _, _ in errors(house)] == ["mug"]


def test_a_probe_that_finds_nothing_is_a_fault_that_heals_when_something_is_found(
    house: DeskHouse,
) -> None:
    sell(house)
    answer(house, probe(house), fault=FAULT)
    answer(house, probe(house), fault=FAULT)
    states = {row["name"]: row["state"] for row in house.body(AskStatus(next(house.ids)))["malls"]}
    assert errors(house) == [("", "not known", 8)]
    assert states["makeshop"] == "degraded"
    assert isinstance(house.pull("makeshop", push=True), NoWork)
    find(house, **ADDS)
    states = {row["name"]: row["state"] for row in house.body(AskStatus(next(house.ids)))["malls"]}
    assert errors(house) == []
    assert errors(house, "resolved") == [("", "not known", 8)]
    assert states["makeshop"] == "running"


def test_an_item_that_was_not_put_back_is_told_until_an_operator_clears_it(
    house: DeskHouse,
) -> None:
    answer(house, probe(house), is_restored=False, fault=FAULT)
    find(house, **ADDS)
    ((subject, sentence, level),) = errors(house)
    assert (subject, level) == ("mug", 8)
    assert "mug" in sentence


def test_a_probe_that_a_failed_call_broke_is_asked_again_without_a_fault_of_its_own(
    house: DeskHouse,
) -> None:
    answer(house, probe(house))
    assert errors(house) == []
    assert isinstance(house.pull("makeshop", push=True, reading=True), ProbeWork)


@pytest.mark.parametrize("other", [{"probe_item": "cup"}, {"quantity_type": 2}])
def test_other_settings_of_the_probe_forget_what_was_found(
    house: DeskHouse, other: dict[str, Any]
) -> None:
    compare(house)
    sell(house)
    find(house, **ADDS)
    set_up(house, **other)
    assert isinstance(house.pull("makeshop", push=True, manner="relative 1 mug"), NoWork)
    probe(house)
    set_up(house, probe_item="mug", quantity_type=1)  # As it was: tried all the same.
    house.restarted()
    assert shown(house) == (None, False)


def test_a_mode_set_by_hand_needs_no_probe_and_ends_its_fault(house: DeskHouse) -> None:
    compare(house)
    sell(house)
    answer(house, probe(house), fault=FAULT)
    set_up(house, quantity_mode="absolute")
    house.desk.tick(house.now)
    work = house.pull("makeshop", push=True, reading=True, manner="guarded 1 mug")
    assert isinstance(work, PushWork)
    assert errors(house) == []
    assert shown(house) == (WriteKind.GUARDED, False)


def test_a_push_that_was_out_while_the_way_of_writing_changed_is_compared_anew(
    house: DeskHouse,
) -> None:
    compare(house)
    sell(house)
    find(house, **ADDS)
    (row,) = house.pull("makeshop", push=True, manner="relative 1 mug").rows
    set_up(house, probe_item="cup")
    done = PushDone(row.call_id, house.now, house.now + 1)
    house.ask("makeshop-one", Outcomes(next(house.ids), 1, (OutcomeRow(row.listing_id, done),)))
    assert expected(house) is None
    assert isinstance(house.pull("makeshop", reading=True), ReadWork)


def test_a_turn_that_is_undone_has_found_nothing(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = probe(house)

    def fail(*_: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(house.store.pushes, "decide_all", fail)
        letter = Probed(next(house.ids), 1, work.probe, Finding(switches=ADDS))
        outgoing = house.desk.serve([Incoming(b"makeshop-one", letter)], house.now)
        assert len(outgoing.bugs) == 1
    assert shown(house) == (None, False)
    assert answer(house, work, switches=ADDS).found == ADDS
