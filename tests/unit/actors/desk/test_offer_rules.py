"""Offer rules at the desk: what is pushed by them, what waits, what survives, what is refused."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.desk import breaking
from actors.desk.desk import Incoming
from engine.messages import NoWork, PushWork
from engine.offer_rules import NO_CAP, OfferRule
from engine.questions import (
    Approve,
    AskErrors,
    AskHistory,
    AskOffer,
    AskOfferChange,
    AskOffers,
    AskStock,
    DeleteSkus,
    Denied,
    LinkSets,
    RemoveOffer,
    SetOffer,
    SetPart,
    SetStock,
    SetSync,
    SetWish,
    StockFilter,
)
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house, open_house
from tests.unit.actors.desk.test_breaker import (
    LISTINGS,
    OPENING,
    given,
    order,
    settle_all,
    stock_up,
    waiting,
)


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """25 SKUs of 9 on each of two malls, compared and level."""
    with open_house("rakuten", "yahoo") as opened:
        stock_up(opened, LISTINGS)
        yield opened


def put(house: DeskHouse, mall: str | None, sku: str | None, **numbers: int) -> Any:
    letter = SetOffer(next(house.ids), mall, sku, OfferRule(**numbers), "staff")
    return house.body(letter)


def remove(house: DeskHouse, mall: str | None, sku: str | None) -> Any:
    return house.body(RemoveOffer(next(house.ids), mall, sku, "staff"))


def look(house: DeskHouse, mall: str | None, sku: str | None, **numbers: int) -> tuple[int, ...]:
    """(listings, changed, to zero) of a rule that is only looked at; no number: its removal."""
    rule = OfferRule(**numbers) if numbers else None
    page = house.body(AskOfferChange(next(house.ids), mall, sku, rule, 0))
    assert page["next"] is None
    return page["listings"], page["changed"], page["to_zero"]


def rules(house: DeskHouse, mall: str | None = None, sku: str | None = None) -> Any:
    return house.body(AskOffers(next(house.ids), mall, sku, 0, 500))["rows"]


def offers(house: DeskHouse, sku: str) -> dict[str, int]:
    rows = house.body(AskOffer(next(house.ids), sku, 0))["rows"]
    return {row["mall"]: row["offer"] for row in rows}


def differs(house: DeskHouse) -> int:
    chosen = StockFilter(has_difference=True)
    return int(house.body(AskStock(next(house.ids), chosen, None, 99))["hits"])


# --- what is pushed -----------------------------------------------------------------------------


def test_each_number_comes_from_the_closest_rule_and_only_touched_listings_are_pushed(
    house: DeskHouse,
) -> None:
    put(house, None, "item-1", buffer=2)
    put(house, "yahoo", "item-1", cap=5)
    put(house, "yahoo", "ITEM-2", share=50)
    assert given(house, "rakuten") == {"item-1": -2}
    assert given(house, "yahoo") == {"item-1": -4, "item-2": -5}
    assert (offers(house, "item-1"), offers(house, "item-2")) == (
        {"rakuten": 7, "yahoo": 5},
        {"rakuten": 9, "yahoo": 4},
    )
    page = house.body(AskOffer(next(house.ids), "item-1", 0))
    assert (page["sku"], page["total"]) == ("item-1", 9)
    here = page["rows"][1]
    assert (here["mall"], here["units"], here["components"], here["allows"]) == ("yahoo", 1, 1, 5)
    assert [(here[one]["value"], here[one]["source"]) for one in ("buffer", "cap", "floor")] == [
        (2, "sku"), (5, "mall+sku"), (0, "settings"),
    ]  # fmt: skip
    assert differs(house) == 0


def test_a_rule_that_is_removed_gives_way_to_the_wider_one(house: DeskHouse) -> None:
    put(house, None, "item-1", cap=4)
    put(house, "yahoo", "item-1", cap=NO_CAP)
    assert (given(house, "rakuten"), given(house, "yahoo")) == ({"item-1": -5}, {})
    assert remove(house, "yahoo", "item-1") == {"rule": None, "changed": True}
    assert given(house, "yahoo") == {"item-1": -5}
    remove(house, None, "item-1")
    assert (given(house, "rakuten"), given(house, "yahoo")) == ({"item-1": 5}, {"item-1": 5})
    assert rules(house) == []


def test_a_rule_set_again_keeps_its_other_numbers_and_the_same_again_changes_nothing(
    house: DeskHouse,
) -> None:
    put(house, "yahoo", "item-1", buffer=2)
    told = put(house, "yahoo", "item-1", share=50)
    assert told["changed"] is True
    assert told["rule"] == {
        "mall": "yahoo", "sku": "item-1", "buffer": 2, "cap": None, "floor": None, "share": 50,
        "at": house.now, "actor": "staff",
    }  # fmt: skip
    assert given(house, "yahoo") == {"item-1": -6}
    house.now += 5
    again = put(house, "yahoo", "item-1", share=50)
    assert (again["changed"], again["rule"]) == (False, told["rule"])
    assert put(house, "yahoo", "item-1", cap=NO_CAP)["rule"]["cap"] == "none"


def test_the_total_moves_the_offer_by_the_rules_and_the_list_reckons_as_the_desk_does(
    house: DeskHouse,
) -> None:
    put(house, None, "item-1", share=50)
    put(house, "yahoo", "item-1", floor=5)
    assert (given(house, "rakuten"), given(house, "yahoo")) == ({"item-1": -5}, {"item-1": -9})
    assert differs(house) == 0
    house.body(SetStock(next(house.ids), "item-1", 10, "staff"))
    assert offers(house, "item-1") == {"rakuten": 5, "yahoo": 5}
    assert differs(house) == 1
    order(house, "rakuten", "item-1")
    assert offers(house, "item-1") == {"rakuten": 4, "yahoo": 0}


def test_an_order_follows_the_rule_of_its_sku(house: DeskHouse) -> None:
    put(house, "yahoo", "item-1", cap=5)
    assert given(house, "yahoo") == {"item-1": -4}
    order(house, "rakuten", "item-1", 3)
    # Six are left: both malls still show what the cap allows, and five is below it no more.
    assert isinstance(house.pull("yahoo", push=True), NoWork)
    order(house, "rakuten", "item-1", 2)
    work = house.pull("yahoo", push=True)
    assert isinstance(work, PushWork)
    assert [(row.ref.code, row.delta) for row in work.rows] == [("item-1", -1)]


# --- a whole mall -------------------------------------------------------------------------------


def test_a_rule_for_a_mall_waits_at_the_breaker_as_one_change_and_orders_go_on(
    house: DeskHouse,
) -> None:
    assert look(house, "yahoo", None, buffer=9) == (LISTINGS, LISTINGS, LISTINGS)
    put(house, "yahoo", None, buffer=9)
    assert given(house, "yahoo") == {}
    view = waiting(house)
    assert (view["waits"], view["listings"], view["to_zero"]) == (True, LISTINGS, LISTINGS)
    order(house, "rakuten", "item-3")
    assert given(house, "yahoo") == {"item-3": -OPENING}
    view = waiting(house)
    assert view["listings"] == LISTINGS - 1
    house.body(Approve(next(house.ids), "yahoo", view["plan"], "staff"))
    assert len(given(house, "yahoo")) == LISTINGS - 1
    assert given(house, "rakuten") == {}


def test_a_rule_for_a_sku_sent_to_zero_everywhere_counts_as_a_bulk_change(
    house: DeskHouse,
) -> None:
    for number in range(20):
        put(house, None, f"item-{number}", floor=99)
    assert (given(house, "rakuten"), given(house, "yahoo")) == ({}, {})
    assert [waiting(house, mall)["to_zero"] for mall in ("rakuten", "yahoo")] == [20, 20]


def test_a_rule_is_gone_on_with_after_a_crash_page_by_page(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaking, "LOOK_ROWS_MAX", 10)
    house.settings = [
        msgspec.structs.replace(mall, breaker_listings_share=1.0) for mall in house.settings
    ]
    house.restarted()
    up_again(house)
    put(house, "yahoo", None, buffer=2)
    assert isinstance(house.pull("yahoo", push=True), NoWork)  # Ten of 25 are looked at.
    house.restarted()
    up_again(house)
    pushed: dict[str, int] = {}
    for _ in range(3):
        pushed |= given(house, "yahoo")
    assert pushed == {f"item-{number}": -2 for number in range(LISTINGS)}
    assert len(rules(house)) == 1


def up_again(house: DeskHouse) -> None:
    for mall in ("rakuten", "yahoo"):
        house.hello(mall)
        house.poll(mall)


def test_a_rule_for_a_mall_outlives_restarts_and_hides_the_settings_number(
    house: DeskHouse,
) -> None:
    put(house, "yahoo", None, cap=8)
    assert len(given(house, "yahoo")) == 0  # It waits: all of the mall changes.
    house.body(Approve(next(house.ids), "yahoo", waiting(house)["plan"], "staff"))
    assert len(given(house, "yahoo")) == LISTINGS
    house.settings = [msgspec.structs.replace(mall, cap=3) for mall in house.settings]
    house.restarted()
    up_again(house)
    assert given(house, "yahoo") == {}
    assert offers(house, "item-1") == {"rakuten": 3, "yahoo": 8}


def test_a_letter_that_fails_beside_a_rule_leaves_book_and_table_agreeing(
    house: DeskHouse,
) -> None:
    good = SetOffer(next(house.ids), None, "item-1", OfferRule(2), "staff")
    bad = SetStock(next(house.ids), "item-1", "many", "staff")  # type: ignore[arg-type]
    batch = [Incoming(b"operator", good), Incoming(b"operator", bad)]
    outgoing = house.desk.serve(batch, house.now)
    assert [name for name, _ in outgoing.bugs] == ["SetStock"]
    assert [(event.action, event.subject) for event in outgoing.events] == [("offers", "item-1")]
    assert len(rules(house)) == 1
    assert given(house, "yahoo") == {"item-1": -2}
    house.restarted()
    assert offers(house, "item-1") == {"rakuten": 7, "yahoo": 7}


def test_no_rule_costs_a_statement_of_an_order(house: DeskHouse) -> None:
    def statements(code: str) -> int:
        told: list[str] = []
        driver = house.store._writer.connection.dbapi_connection
        assert driver is not None
        driver.set_trace_callback(told.append)
        order(house, "rakuten", code)
        given(house, "yahoo")
        driver.set_trace_callback(None)
        return len(told)

    without = statements("item-1")
    for number in range(2, LISTINGS):
        put(house, "rakuten", f"item-{number}", share=99)
    assert statements("item-1") == without


# --- what the protocol assumes of an offer --------------------------------------------------------


def adopting(house: DeskHouse, **settings: Any) -> None:
    """Two SKUs of 9 on one mall that adopts, compared and level."""
    house.settings = [
        msgspec.structs.replace(mall, on_difference="adopt", **settings) for mall in house.settings
    ]
    house.restarted()
    house.hello("rakuten")
    house.poll("rakuten")
    house.import_rows("rakuten", ("cup", ""), ("pot", ""))
    for _ in range(2):
        house.settle("rakuten", cup=9, pot=9)


def edited(house: DeskHouse, cup: int, pot: int) -> tuple[int, int, int]:
    """Somebody edits both at the mall: (total of cup, of pot, open errors) after a comparison."""
    given(house, "rakuten")
    for _ in range(2):
        house.now += 100_000
        house.poll("rakuten")
        house.settle("rakuten", cup=cup, pot=pot)
    totals = [
        house.body(AskHistory(next(house.ids), sku, 0, 99))["rows"][-1]["total"]
        for sku in ("cup", "pot")
    ]
    return (*totals, len(house.body(AskErrors(next(house.ids)))))


@pytest.mark.parametrize(
    ("mall", "numbers"),
    [("rakuten", {"floor": 9}), (None, {"floor": 2}), (None, {"cap": 9}), ("rakuten", {"cap": 9})],
)
def test_an_edit_under_a_rule_that_hides_the_total_is_held_and_a_plain_one_adopted(
    mall: str | None, numbers: dict[str, int]
) -> None:
    """The rule changes nothing of what is shown now, and all of what an edit means."""
    with desk_house("rakuten") as house:
        adopting(house)
        put(house, mall, "cup", **numbers)
        assert edited(house, cup=12, pot=12) == (9, 12, 1)


def test_a_share_of_a_sku_keeps_its_edits_from_the_total() -> None:
    with desk_house("rakuten") as house:
        adopting(house)
        put(house, None, "cup", share=99)
        house.body(SetStock(next(house.ids), "cup", 10, "me"))
        assert isinstance(house.pull("rakuten", push=True), NoWork)
        assert edited(house, cup=12, pot=9) == (10, 9, 1)


def test_a_rule_without_a_cap_lets_an_edit_beyond_the_settings_cap_be_adopted() -> None:
    with desk_house("rakuten") as house:
        adopting(house, cap=9)
        put(house, None, "cup", cap=NO_CAP)
        assert edited(house, cup=12, pot=12) == (12, 9, 1)


# --- sets and copy pages --------------------------------------------------------------------------


def test_a_set_is_offered_by_the_rule_of_each_component() -> None:
    with open_house("rakuten", "yahoo") as house:
        for mall in ("rakuten", "yahoo"):
            house.import_rows(mall, ("item-1", ""), ("item-2", ""), ("gift", ""))
            while settle_all_with(house, mall):
                pass
        parts = (SetPart("item-1", 2), SetPart("item-2", 1))
        house.body(LinkSets(next(house.ids), (SetWish("yahoo", "gift", "", parts),), "me"))
        while settle_all_with(house, "yahoo"):
            pass
        given(house, "yahoo")
        assert gift(house) == (4, 4, 9)
        put(house, None, "item-2", buffer=6)
        assert gift(house) == (3, 4, 3)
        put(house, "yahoo", "item-1", cap=2)
        assert gift(house) == (2, 2, 3)
        put(house, "rakuten", "item-1", buffer=9)
        assert gift(house) == (2, 2, 3)
        put(house, "yahoo", "gift", cap=1)  # The SKU of that name is no part of the set.
        assert gift(house) == (2, 2, 3)
        assert look(house, None, "item-1", share=0)[:2] == (3, 2)


def settle_all_with(house: DeskHouse, mall: str) -> bool:
    work = house.pull(mall, reading=True)
    if isinstance(work, NoWork):
        return False
    house.settle_work(mall, work, item_1=9, item_2=9, gift=9)
    return True


def gift(house: DeskHouse) -> tuple[int, int, int]:
    """What the set on yahoo offers, and what each component lets it."""
    found = [
        row
        for sku in ("item-1", "item-2")
        for row in house.body(AskOffer(next(house.ids), sku, 0))["rows"]
        if row["code"] == "gift"
    ]
    assert [row["components"] for row in found] == [2, 2]
    assert found[0]["offer"] == found[1]["offer"]
    return found[0]["offer"], found[0]["allows"], found[1]["allows"]


# --- looks ----------------------------------------------------------------------------------------


def test_a_look_tells_what_is_pushed_afterwards_and_leaves_everything(house: DeskHouse) -> None:
    house.body(SetSync(next(house.ids), False, "yahoo", "item-1", "", StockFilter(), "me"))
    assert look(house, None, "item-1", share=0) == (2, 1, 1)  # One of them is not synced.
    assert look(house, "yahoo", "item-2", buffer=2) == (1, 1, 0)
    assert look(house, "yahoo", "item-2", cap=9) == (1, 0, 0)
    assert (rules(house), given(house, "yahoo"), given(house, "rakuten")) == ([], {}, {})
    put(house, "yahoo", "item-2", cap=4, floor=3)
    assert given(house, "yahoo") == {"item-2": -5}
    # What is not named stays: the floor of 3 holds for the look as well.
    assert look(house, "yahoo", "item-2", cap=2) == (1, 1, 1)
    assert look(house, "yahoo", "item-2") == (1, 1, 0)


def test_rules_are_listed_by_what_they_name_in_pages(house: DeskHouse) -> None:
    for mall, sku in ((None, "item-1"), ("yahoo", None), ("yahoo", "item-1"), ("rakuten", None)):
        put(house, mall, sku, buffer=1)
    told = [(row["mall"], row["sku"]) for row in rules(house)]
    assert told == [(None, "item-1"), ("yahoo", None), ("yahoo", "item-1"), ("rakuten", None)]
    assert [row["sku"] for row in rules(house, mall="yahoo")] == [None, "item-1"]
    assert [row["mall"] for row in rules(house, sku="item-1")] == [None, "yahoo"]
    assert [row["mall"] for row in rules(house, "yahoo", "item-1")] == ["yahoo"]
    after: int | None = 0
    seen: list[tuple[str | None, str | None]] = []
    while after is not None:
        page = house.body(AskOffers(next(house.ids), None, None, after, 3))
        assert page["hits"] == 4
        seen += [(row["mall"], row["sku"]) for row in page["rows"]]
        after = page["next"]
    assert seen == told


def test_a_deleted_sku_takes_its_rules_along(house: DeskHouse) -> None:
    put(house, None, "item-1", buffer=2)
    put(house, "yahoo", "item-1", cap=5)
    put(house, "yahoo", "item-2", cap=5)
    house.body(DeleteSkus(next(house.ids), ("item-1",), "me"))
    assert [(row["mall"], row["sku"]) for row in rules(house)] == [("yahoo", "item-2")]
    assert len(house.desk.rule_book) == 1


@pytest.mark.parametrize(
    ("mall", "sku", "rule", "word"),
    [
        (None, None, OfferRule(1), "a mall, a SKU or both"),
        ("ebay", None, OfferRule(1), "no mall named ebay"),
        (None, "nothing", OfferRule(1), "no SKU nothing"),
        ("yahoo", None, OfferRule(), "--buffer"),
        ("yahoo", "item-1", OfferRule(buffer=-1), "--buffer must be"),
        ("yahoo", "item-1", OfferRule(share=101), "from 0 to 100"),
        ("yahoo", "item-1", OfferRule(cap=-2), "--cap must be"),
    ],
)
def test_a_rule_that_cannot_be_is_refused_and_nothing_changes(
    house: DeskHouse, mall: str | None, sku: str | None, rule: OfferRule, word: str
) -> None:
    for letter in (
        SetOffer(next(house.ids), mall, sku, rule, "staff"),
        AskOfferChange(next(house.ids), mall, sku, rule, 0),
    ):
        refused = house.ask("operator", letter)
        assert isinstance(refused, Denied)
        assert refused.exit_code == 2
        assert word in refused.message_en
    assert (rules(house), given(house, "yahoo")) == ([], {})


def test_a_rule_that_is_not_there_cannot_be_removed(house: DeskHouse) -> None:
    put(house, None, "item-1", buffer=2)
    refused = house.ask("operator", RemoveOffer(next(house.ids), "yahoo", "item-1", "me"))
    assert isinstance(refused, Denied)
    assert "zaiko offers list" in refused.message_en
    assert len(rules(house)) == 1


def test_a_full_book_takes_changes_but_no_further_rule(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.offer_rules.OFFER_RULES_MAX", 1)
    put(house, None, "item-1", buffer=2)
    refused = house.ask(
        "operator", SetOffer(next(house.ids), None, "item-2", OfferRule(1), "staff")
    )
    assert isinstance(refused, Denied)
    assert refused.exit_code == 3
    assert put(house, None, "item-1", buffer=3)["changed"] is True
    assert settle_all(house, "yahoo") is False
