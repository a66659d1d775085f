"""Shadow: everything but the write; and going live, which lets go what was shown and no more."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from engine.messages import NoWork, OutcomeRow, Outcomes, PushWork, ReadWork
from engine.push_state import PushDone, ReadingDone
from engine.questions import AskErrors, AskShadow, AskStatus, AskWaiting, Denied, GoLive, SetStock
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house

LISTINGS = 25


def codes(count: int = LISTINGS) -> list[str]:
    return [f"item-{number}" for number in range(count)]


def shown(quantity: int, **other: int) -> dict[str, int]:
    return {code.replace("-", "_"): quantity for code in codes()} | other


@pytest.fixture(params=["yahoo", "amazon"], ids=["relative", "anchored"])
def mall(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def house(mall: str) -> Iterator[DeskHouse]:
    """25 listings; rakuten shows 9 of each, the mall in shadow 7."""
    with desk_house("rakuten", mall) as house:
        house.settings[1] = msgspec.structs.replace(
            house.settings[1], mode="shadow", on_difference="report", on_first_difference="report"
        )
        house.restarted()
        for name in ("rakuten", mall):
            house.hello(name)
            house.poll(name)
            house.import_rows(name, *((code, "") for code in codes()))
            settle_all(house, name, shown(9 if name == "rakuten" else 7))
        yield house


def settle_all(house: DeskHouse, mall: str, quantities: dict[str, int]) -> int:
    """Reads and settles whatever wants it now; how many readings."""
    count = 0
    for _ in range(2 * LISTINGS):
        work = house.pull(mall, reading=True)
        if not isinstance(work, ReadWork):
            break
        count += len(work.rows)
        house.settle_work(mall, work, **quantities)
        house.now += 600
        house.poll(mall)
    return count


def answer(house: DeskHouse, mall: str, work: ReadWork) -> None:
    """What was read, not settled by a poll yet."""
    began, house.now = house.now, house.now + 1
    rows = tuple(
        OutcomeRow(row.listing_id, ReadingDone(row.call_id, 7, began, house.now))
        for row in work.rows
    )
    house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, rows))


def pushes(house: DeskHouse, mall: str) -> dict[str, int]:
    """All that the mall is given now, each of it done: code -> delta."""
    pushed: dict[str, int] = {}
    while True:
        work = house.pull(mall, push=True)
        if not isinstance(work, PushWork):
            assert isinstance(work, NoWork)
            return pushed
        rows = []
        for row in work.rows:
            pushed[row.ref.code] = row.delta
            done = PushDone(row.call_id, house.now, house.now, answered=5)
            rows.append(OutcomeRow(row.listing_id, done))
        house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, tuple(rows)))


def shadow(house: DeskHouse, mall: str) -> Any:
    return house.body(AskShadow(next(house.ids), mall, 0))


def go_live(house: DeskHouse, mall: str) -> Any:
    plan = shadow(house, mall)
    letter = GoLive(next(house.ids), mall, plan["changing"], plan["to_zero"], "owner")
    return house.body(letter)


def set_total(house: DeskHouse, code: str, quantity: int) -> None:
    house.body(SetStock(next(house.ids), code, quantity, "staff"))


def test_a_mall_in_shadow_is_given_no_push_and_shows_what_it_would_be(
    house: DeskHouse, mall: str
) -> None:
    assert pushes(house, mall) == {}
    view = shadow(house, mall)
    counts = (view["mode"], view["looked_at"], view["changing"], view["to_zero"], view["unknown"])
    assert counts == ("shadow", LISTINGS, LISTINGS, 0, 0)
    row = view["rows"][0]
    assert (row["offer"], row["expected"], row["quantity"], row["delta"]) == (9, 7, 7, 2)
    (state,) = [
        row for row in house.body(AskStatus(next(house.ids)))["malls"] if row["name"] == mall
    ]
    assert (state["mode"], state["pending_pushes"]) == ("shadow", 0)


def test_stock_that_moves_is_not_pushed_and_the_plan_follows(house: DeskHouse, mall: str) -> None:
    set_total(house, "item-3", 0)
    assert pushes(house, mall) == {}
    rows = {row["code"]: row for row in shadow(house, mall)["rows"]}
    assert (rows["item-3"]["delta"], rows["item-3"]["to_zero"]) == (-7, True)
    assert pushes(house, "rakuten") == {"item-3": -9}


@pytest.mark.parametrize("moment", ["asked", "read", "settled", "before", "answered"])
def test_going_live_while_listings_are_read_lets_go_what_was_shown(
    house: DeskHouse, mall: str, moment: str
) -> None:
    """Naive: what is being read at that moment is no part of the plan, and the breaker holds it."""
    if moment != "before":
        for code in codes():
            set_total(house, code, 0)
    house.now += 1000
    house.poll(mall)
    work = house.pull(mall, reading=True)
    assert isinstance(work, ReadWork)
    assert len(work.rows) >= LISTINGS - 5
    if moment == "before":
        for code in codes():
            set_total(house, code, 0)
    if moment in ("read", "settled"):
        answer(house, mall, work)
    done = go_live(house, mall)
    assert (done["listings"], done["to_zero"]) == (LISTINGS, LISTINGS)
    if moment == "settled":
        # Its poll comes before its pull: going live woke both.
        house.now += 100
    if moment in ("asked", "settled"):
        house.poll(mall)
    if moment == "answered":
        answer(house, mall, work)
        house.now += 100
        house.poll(mall)
    pushed = pushes(house, mall)
    if moment in ("asked", "before"):
        answer(house, mall, work)
    pushed |= pushes(house, mall)
    house.now += 100
    house.poll(mall)
    pushed |= pushes(house, mall)
    assert pushed == dict.fromkeys(codes(), -7)
    (held,) = house.body(AskWaiting(next(house.ids), mall))
    assert (held["waits"], held["listings"]) == (False, 0)


def test_what_another_tool_writes_is_taken_as_it_is(house: DeskHouse, mall: str) -> None:
    """Naive: its pushes are held as differences, and the plan to go live hides them all."""
    house.now += 1000
    house.poll(mall)
    assert settle_all(house, mall, shown(8)) >= LISTINGS
    view = shadow(house, mall)
    assert [row["delta"] for row in view["rows"]] == [1] * LISTINGS
    assert house.body(AskErrors(next(house.ids), mall=mall)) == []


def test_readings_go_on_though_pushes_would_be_due(house: DeskHouse, mall: str) -> None:
    for _ in range(2):
        house.now += 1000
        house.poll(mall)
        assert settle_all(house, mall, shown(7)) >= LISTINGS


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_going_live_lets_go_what_was_shown(house: DeskHouse, mall: str, is_restarted: bool) -> None:
    assert go_live(house, mall) == {
        "mall": mall, "mode": "live", "listings": LISTINGS, "to_zero": 0,
    }  # fmt: skip
    if is_restarted:
        house.restarted()
        for name in ("rakuten", mall):
            house.hello(name)
            house.poll(name)
    house.poll(mall)
    assert pushes(house, mall) == dict.fromkeys(codes(), 2)
    assert shadow(house, mall)["mode"] == "live"


def test_what_grew_after_the_plan_was_shown_waits(house: DeskHouse, mall: str) -> None:
    house.body(GoLive(next(house.ids), mall, LISTINGS, 0, "owner"))
    for code in codes():
        set_total(house, code, 0)
    house.poll(mall)
    assert pushes(house, mall) == {}
    (view,) = house.body(AskWaiting(next(house.ids), mall))
    assert (view["waits"], view["to_zero"]) == (True, LISTINGS)


def test_a_mall_that_is_live_does_not_go_live_again(house: DeskHouse, mall: str) -> None:
    go_live(house, mall)
    refused = house.ask("operator", GoLive(next(house.ids), mall, 1, 0, "owner"))
    assert isinstance(refused, Denied)
    assert refused.exit_code == 3


def test_settings_that_said_live_meanwhile_make_shadow_mean_shadow_again(
    house: DeskHouse, mall: str
) -> None:
    go_live(house, mall)
    for mode, expected in (("live", "live"), ("shadow", "shadow")):
        house.settings[1] = msgspec.structs.replace(house.settings[1], mode=mode)
        house.restarted()
        assert shadow(house, mall)["mode"] == expected


def test_a_mall_set_to_shadow_gives_no_push_that_was_due_or_under_way(
    house: DeskHouse, mall: str
) -> None:
    go_live(house, mall)
    house.poll(mall)
    assert isinstance(house.pull(mall, push=True), PushWork)  # Its reply is lost.
    house.last_call_id = 0
    house.settings[1] = msgspec.structs.replace(house.settings[1], mode="live")
    house.restarted()
    house.settings[1] = msgspec.structs.replace(house.settings[1], mode="shadow")
    house.restarted()
    for name in ("rakuten", mall):
        house.hello(name)
        house.poll(name)
    assert isinstance(house.pull(mall, push=True), NoWork)
    house.now += 1000
    house.poll(mall)
    assert isinstance(house.pull(mall, push=True), NoWork)
    assert settle_all(house, mall, shown(7)) >= LISTINGS
    view = shadow(house, mall)
    assert (view["mode"], view["changing"], view["unknown"]) == ("shadow", LISTINGS, 0)


def test_a_listing_that_waited_for_its_total_is_compared_all_the_same(
    house: DeskHouse, mall: str
) -> None:
    rows = [(code, "") for code in (*codes(), "late")]
    # The base mall's listing gives the total, which it has only once its readings have settled.
    house.import_rows("rakuten", *rows)
    house.import_rows(mall, *rows)
    settle_all(house, mall, shown(7, late=3))
    settle_all(house, "rakuten", shown(9, late=4))
    assert isinstance(house.pull(mall, push=True), NoWork)
    work = house.pull(mall, reading=True)
    assert isinstance(work, ReadWork)
    assert "late" in [row.ref.code for row in work.rows]
