"""The breaker at the desk: what trips it, what goes on, what an approval lets go."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from engine.messages import (
    NoWork,
    OrdersRead,
    OutcomeRow,
    Outcomes,
    PushWork,
)
from engine.push_state import PushDone, PushNotSent
from engine.questions import (
    Approve,
    AskErrors,
    AskStatus,
    AskWaiting,
    ClearErrors,
    Denied,
    SetStock,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, open_house

LISTINGS = 25
OPENING = 9


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """25 listings on each of two malls, all showing 9, compared and level."""
    with open_house("rakuten", "yahoo") as opened:
        stock_up(opened, LISTINGS)
        yield opened


def codes(count: int) -> list[str]:
    return [f"item-{number}" for number in range(count)]


def stock_up(house: DeskHouse, count: int, other: str = "yahoo") -> None:
    for mall in ("rakuten", other):
        house.import_rows(mall, *((code, "") for code in codes(count)))
        while settle_all(house, mall):
            pass
    for mall in ("rakuten", other):
        assert given(house, mall) == {}


def settle_all(house: DeskHouse, mall: str) -> bool:
    """Reads a batch of what wants a reading now, all showing 9; False where nothing does."""
    shown = {code.replace("-", "_"): OPENING for code in codes(40)}
    work = house.pull(mall, reading=True)
    if isinstance(work, NoWork):
        return False
    house.settle_work(mall, work, **shown)
    return True


def given(house: DeskHouse, mall: str) -> dict[str, int]:
    """Every push the mall is given now, each of them done: code -> delta."""
    pushed: dict[str, int] = {}
    while True:
        work = house.pull(mall, push=True)
        if not isinstance(work, PushWork):
            assert isinstance(work, NoWork)
            return pushed
        rows = []
        for row in work.rows:
            pushed[row.ref.code] = pushed.get(row.ref.code, 0) + row.delta
            shown = OPENING + pushed[row.ref.code]
            done = PushDone(row.call_id, house.now, house.now, answered=max(1, shown))
            rows.append(OutcomeRow(row.listing_id, done))
        house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, tuple(rows)))


def set_total(house: DeskHouse, code: str, quantity: int) -> None:
    house.body(SetStock(next(house.ids), code, quantity, "staff"))


def set_all(house: DeskHouse, quantity: int, count: int = LISTINGS) -> None:
    for code in codes(count):
        set_total(house, code, quantity)


def waiting(house: DeskHouse, mall: str = "yahoo") -> Any:
    (view,) = house.body(AskWaiting(next(house.ids), mall))
    return view


def order(house: DeskHouse, mall: str, code: str, units: int = 1) -> None:
    line = OrderLine("1", code, "", units)
    snapshot = OrderSnapshot(
        order=f"order-{next(house.ids)}", stamp=house.now, mark="", status="new", cancelled=False,
        edited=False, cut_only=False, counts=True, read_from=house.now, read_until=house.now + 1,
        lines=(line,),
    )  # fmt: skip
    house.now += 1
    house.ask(f"{mall}-one", OrdersRead(next(house.ids), 1, (snapshot,)))


def test_a_sheet_that_empties_the_shop_waits_before_its_first_row(house: DeskHouse) -> None:
    set_all(house, 0)
    assert given(house, "yahoo") == {}
    view = waiting(house)
    assert (view["waits"], view["listings"], view["to_zero"]) == (True, LISTINGS, LISTINGS)
    assert (view["linked"], view["above_zero"]) == (LISTINGS, LISTINGS)
    assert [row["delta"] for row in view["rows"]] == [-OPENING] * LISTINGS
    faults = house.body(AskErrors(next(house.ids), mall="yahoo"))
    assert [(fault["level"], "approve yahoo" in fault["hint_en"]) for fault in faults] == [
        (8, True)
    ]
    states = {mall["name"]: mall for mall in house.body(AskStatus(next(house.ids)))["malls"]}
    assert (states["yahoo"]["state"], states["yahoo"]["waiting"]) == ("running", LISTINGS)


def test_below_twenty_listings_it_never_acts() -> None:
    with open_house("rakuten", "yahoo") as house:
        stock_up(house, 19)
        set_all(house, 0, 19)
        assert len(given(house, "yahoo")) == 19
        assert not waiting(house)["waits"]


def test_a_loop_stops_at_the_twentieth_listing(house: DeskHouse) -> None:
    """Counts go on over single pushes, so that a slow hand is a bulk change too."""
    gone: dict[str, int] = {}
    for code in codes(LISTINGS):
        set_total(house, code, 0)
        gone |= given(house, "yahoo")
    assert len(gone) == 19
    assert waiting(house)["listings"] == LISTINGS - 19


def test_a_window_ends_a_slow_change(house: DeskHouse) -> None:
    for code in codes(19):
        set_total(house, code, 0)
    assert len(given(house, "yahoo")) == 19
    house.now += 3600
    house.poll("yahoo")
    for code in codes(LISTINGS)[19:]:
        set_total(house, code, 0)
    assert len(given(house, "yahoo")) == LISTINGS - 19


def test_the_same_listings_over_and_over_are_no_bulk_change(house: DeskHouse) -> None:
    for quantity in range(8, 1, -1):
        for code in codes(5):
            set_total(house, code, quantity)
        assert len(given(house, "yahoo")) == 5
    assert not waiting(house)["waits"]


def test_a_push_that_is_handed_back_over_and_over_counts_once(house: DeskHouse) -> None:
    for code in codes(5):
        set_total(house, code, 3)
    for _ in range(6):
        work = house.pull("yahoo", push=True)
        assert isinstance(work, PushWork)
        assert len(work.rows) == 5
        rows = tuple(OutcomeRow(row.listing_id, PushNotSent(row.call_id)) for row in work.rows)
        house.ask("yahoo-one", Outcomes(next(house.ids), 1, rows))
    assert not waiting(house)["waits"]


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_orders_go_on_while_it_waits(house: DeskHouse, is_restarted: bool) -> None:
    set_all(house, 1)
    assert given(house, "yahoo") == {}
    if is_restarted:
        restart(house)
    order(house, "rakuten", "item-3")
    assert given(house, "yahoo") == {"item-3": -OPENING}
    assert waiting(house)["listings"] == LISTINGS - 1
    assert waiting(house)["waits"]


def restart(house: DeskHouse) -> None:
    house.restarted()
    for mall in ("rakuten", "yahoo"):
        house.hello(mall)
        house.poll(mall)


def test_orders_are_never_counted(house: DeskHouse) -> None:
    for code in codes(LISTINGS):
        order(house, "rakuten", code, OPENING)
    assert len(given(house, "yahoo")) == LISTINGS
    assert not waiting(house)["waits"]


def test_what_amazon_is_told_once_more_because_of_orders_is_never_counted() -> None:
    with open_house("rakuten", "amazon") as house:
        stock_up(house, LISTINGS, "amazon")
        for left in (OPENING - 1, OPENING - 2):
            for code in codes(LISTINGS):
                order(house, "rakuten", code)
            assert written(house) == dict.fromkeys(codes(LISTINGS), left)
        # The second write was decided before the first was live: which comes last is not known.
        assert written(house) == {}
        house.now += 700
        house.poll("amazon")
        assert waiting(house, "amazon")["listings"] == 0
        assert written(house) == dict.fromkeys(codes(LISTINGS), OPENING - 2)
        assert not waiting(house, "amazon")["waits"]


def written(house: DeskHouse) -> dict[str, int | None]:
    """Every value Amazon is given now, each of them accepted: code -> value."""
    values: dict[str, int | None] = {}
    while isinstance(work := house.pull("amazon", push=True), PushWork):
        values |= {row.ref.code: row.value for row in work.rows}
        rows = tuple(
            OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now))
            for row in work.rows
        )
        house.ask("amazon-one", Outcomes(next(house.ids), 1, rows))
    return values


def test_an_orders_push_that_is_decided_again_is_still_an_orders(house: DeskHouse) -> None:
    for code in codes(LISTINGS):
        order(house, "rakuten", code, OPENING)
    for _ in range(2):
        work = house.pull("yahoo", push=True)
        rows = tuple(OutcomeRow(row.listing_id, PushNotSent(row.call_id)) for row in work.rows)
        house.ask("yahoo-one", Outcomes(next(house.ids), 1, rows))
    assert len(given(house, "yahoo")) == LISTINGS


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
def test_an_approval_lets_go_what_was_shown(house: DeskHouse, is_restarted: bool) -> None:
    set_all(house, 0)
    assert given(house, "yahoo") == {}
    if is_restarted:
        restart(house)
        assert given(house, "yahoo") == {}
    letter = Approve(next(house.ids), "yahoo", waiting(house)["plan"], "owner")
    assert house.body(letter) == {"mall": "yahoo", "listings": LISTINGS, "to_zero": LISTINGS}
    assert given(house, "yahoo") == dict.fromkeys(codes(LISTINGS), -OPENING)
    assert not waiting(house)["waits"]
    faults = house.body(AskErrors(next(house.ids), mall="yahoo"))
    assert [fault["state"] for fault in faults] == ["resolved"]


def test_an_approval_of_what_was_shown_before_is_refused(house: DeskHouse) -> None:
    for code in codes(LISTINGS)[:21]:
        set_total(house, code, 5)
    assert given(house, "yahoo") == {}
    shown = waiting(house)["plan"]
    set_total(house, "item-22", 5)
    assert given(house, "yahoo") == {}
    refused = house.ask("operator", Approve(next(house.ids), "yahoo", shown, "owner"))
    assert isinstance(refused, Denied)
    assert refused.exit_code == 3
    assert given(house, "yahoo") == {}


def test_an_approved_change_that_becomes_an_empty_shelf_waits_again(house: DeskHouse) -> None:
    set_all(house, 5)
    assert given(house, "yahoo") == {}
    house.body(Approve(next(house.ids), "yahoo", waiting(house)["plan"], "owner"))
    set_all(house, 0)
    assert given(house, "yahoo") == {}
    assert waiting(house)["to_zero"] == LISTINGS


def test_what_grows_after_an_approval_trips_again(house: DeskHouse) -> None:
    set_all(house, 5)
    assert given(house, "yahoo") == {}
    house.body(Approve(next(house.ids), "yahoo", waiting(house)["plan"], "owner"))
    assert len(given(house, "yahoo")) == LISTINGS
    set_all(house, 0)
    assert given(house, "yahoo") == {}


def test_what_is_put_right_waits_no_more(house: DeskHouse) -> None:
    set_all(house, 0)
    assert given(house, "yahoo") == {}
    set_all(house, OPENING)
    assert given(house, "yahoo") == {}
    assert not waiting(house)["waits"]
    faults = house.body(AskErrors(next(house.ids), mall="yahoo"))
    assert [fault["state"] for fault in faults] == ["resolved"]


def test_a_cleared_error_is_said_again_and_lets_nothing_go(house: DeskHouse) -> None:
    set_all(house, 0)
    assert given(house, "yahoo") == {}
    house.body(ClearErrors(next(house.ids), (), "yahoo", "staff"))
    assert given(house, "yahoo") == {}
    faults = house.body(AskErrors(next(house.ids), mall="yahoo"))
    assert [fault["state"] for fault in faults] == ["open"]


def test_another_buffer_of_all_listings_waits_before_its_first_row(house: DeskHouse) -> None:
    house.settings[1] = msgspec.structs.replace(house.settings[1], buffer=OPENING)
    restart(house)
    assert given(house, "yahoo") == {}
    assert waiting(house)["to_zero"] == LISTINGS


def test_a_share_of_one_switches_it_off(house: DeskHouse) -> None:
    house.settings[1] = msgspec.structs.replace(
        house.settings[1], breaker_listings_share=1.0, breaker_zero_share=1.0
    )
    restart(house)
    set_all(house, 0)
    assert len(given(house, "yahoo")) == LISTINGS
    assert not waiting(house)["waits"]


def test_nothing_waits_nothing_is_approved(house: DeskHouse) -> None:
    refused = house.ask("operator", Approve(next(house.ids), "yahoo", "0-0", "owner"))
    assert isinstance(refused, Denied)
    assert refused.exit_code == 3
    assert house.body(AskWaiting(next(house.ids), None)) == []
