"""Links at the desk: conflicts are kept and named, released ones sync, nothing is merged."""

from typing import Any

import msgspec
import pytest

from engine.messages import NoWork, PushWork, ReadWork
from engine.questions import (
    AdjustStock,
    AskConflicts,
    AskErrors,
    AskHistory,
    AskStatus,
    AskStock,
    DeleteSkus,
    Denied,
    LinkAdd,
    LinkRemove,
    SetStock,
    StockFilter,
)
from malls.registry import card_of
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house, open_house


def _rows(house: DeskHouse) -> dict[str, dict[str, Any]]:
    page = house.body(AskStock(next(house.ids), StockFilter(), None, 100))
    return {row["sku"]: row for row in page["rows"]}


def test_the_base_mall_defines_skus_and_others_link_by_code_case_aside() -> None:
    with open_house("rakuten", "yahoo") as house:
        house.import_rows("rakuten", ("tee", "tee-BK"), ("cap", ""))
        house.import_rows("yahoo", ("tee", "tee-bk"), ("cap", ""), ("ghost", ""))
        rows = _rows(house)
        assert {sku: len(row["listings"]) for sku, row in rows.items()} == {"tee-BK": 2, "cap": 2}
        unlinked = house.body(AskStock(next(house.ids), StockFilter(linked=False), None, 100))
        assert [row["listings"][0]["code"] for row in unlinked["rows"]] == ["ghost"]


def test_before_the_base_mall_is_imported_listings_wait_unlinked() -> None:
    with open_house("rakuten", "yahoo") as house:
        house.import_rows("yahoo", ("cap", ""))
        assert _rows(house) == {}
        assert isinstance(house.pull("yahoo", reading=True), NoWork)


def test_the_same_page_twice_registers_nothing_twice() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        assert sorted(_rows(house)) == ["cap", "tee"]


def test_two_base_listings_with_one_code_are_a_conflict_and_never_a_merge() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("shirt", "m"), ("dress", "M"), ("cap", ""))
        conflicts = house.body(AskConflicts(next(house.ids)))
        assert sorted(row["code"] for row in conflicts) == ["dress", "shirt"]
        work = house.pull("rakuten", reading=True)
        assert isinstance(work, ReadWork)
        assert [row.ref.code for row in work.rows] == ["cap"]
        house.body(LinkRemove(next(house.ids), "m", "rakuten", "dress", "M", "me"))
        assert house.body(AskConflicts(next(house.ids))) == []
        work = house.pull("rakuten", reading=True)
        assert [row.ref.code for row in work.rows] == ["shirt"]


def test_a_second_claim_is_kept_as_a_conflict_that_does_not_sync_until_released() -> None:
    with open_house("rakuten", "yahoo") as house:
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        house.import_rows("yahoo", ("cap", ""))
        view = house.body(LinkAdd(next(house.ids), "tee", "yahoo", "cap", "", "me"))
        assert view["conflicts"][0]["message"] == "複数の商品が紐づいています"
        assert isinstance(house.pull("yahoo", reading=True), NoWork)
        errors = house.body(AskErrors(next(house.ids)))
        assert "複数の商品が紐づいています" in errors[0]["message"]
        assert _rows(house)["cap"]["listings"][1]["linked"] is False
        house.body(LinkRemove(next(house.ids), "tee", "yahoo", "cap", "", "me"))
        house.settle("rakuten", cap=7, tee=0)
        assert isinstance(house.pull("yahoo", reading=True), ReadWork)
        assert [row["state"] for row in house.body(AskErrors(next(house.ids)))] == ["resolved"]


def test_a_listing_in_conflict_is_linked_when_all_but_one_of_its_skus_are_deleted() -> None:
    with open_house("rakuten", "yahoo") as house:
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        house.import_rows("yahoo", ("cap", ""))
        house.body(LinkAdd(next(house.ids), "tee", "yahoo", "cap", "", "me"))
        house.body(DeleteSkus(next(house.ids), ("tee",), "me"))
        assert house.body(AskConflicts(next(house.ids))) == []
        assert house.body(AskErrors(next(house.ids), state="open")) == []
        assert _rows(house)["cap"]["listings"][1]["linked"]
        house.settle("rakuten", cap=7)
        work = house.pull("yahoo", reading=True)
        assert isinstance(work, ReadWork)
        house.body(DeleteSkus(next(house.ids), ("cap",), "me"))
        assert _rows(house) == {}


def test_two_base_listings_of_one_code_are_still_a_conflict_when_another_sku_is_deleted() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("shirt", "m"), ("dress", "M"), ("cap", ""))
        house.body(LinkAdd(next(house.ids), "cap", "rakuten", "dress", "M", "me"))
        house.body(DeleteSkus(next(house.ids), ("cap",), "me"))
        conflicts = house.body(AskConflicts(next(house.ids)))
        assert sorted(row["code"] for row in conflicts) == ["dress", "shirt"]


def test_an_opened_sku_has_the_total_the_base_mall_showed() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        house.settle("rakuten", cap=7, tee=0)
        rows = _rows(house)
        assert {sku: row["total"] for sku, row in rows.items()} == {"cap": 7, "tee": 0}
        history = house.body(AskHistory(next(house.ids), "TEE", 0, 10))["rows"]
        assert [(row["reason"], row["delta"]) for row in history] == [("opening", 0)]


@pytest.mark.parametrize("on_first", ["push", "report"])
def test_another_malls_listing_is_compared_only_when_its_sku_has_a_total(on_first: Any) -> None:
    with desk_house("rakuten", "yahoo") as house:
        house.settings[1] = msgspec.structs.replace(house.settings[1], on_first_difference=on_first)
        house.restarted()
        for mall in ("rakuten", "yahoo"):
            house.hello(mall)
            house.poll(mall)
        house.import_rows("rakuten", ("cap", ""))
        house.import_rows("yahoo", ("cap", ""))
        assert isinstance(house.pull("yahoo", reading=True), NoWork)
        house.settle("rakuten", cap=7)
        house.settle("yahoo", cap=5)
        work = house.pull("yahoo", push=True)
        yahoo = _rows(house)["cap"]["listings"][1]
        if on_first == "push":
            assert [row.delta for row in work.rows] == [2]
        else:
            assert isinstance(work, NoWork)
            assert (yahoo["held"], yahoo["proven_at"]) == (-2, None)


def test_a_listing_that_waited_for_its_total_is_proven_by_its_first_comparison() -> None:
    with open_house("rakuten", "yahoo") as house:
        house.import_rows("rakuten", ("cap", ""))
        house.import_rows("yahoo", ("cap", ""))
        assert isinstance(house.pull("yahoo", reading=True), NoWork)
        house.settle("rakuten", cap=7)
        house.settle("yahoo", cap=7)
        assert _rows(house)["cap"]["listings"][1]["proven_at"] is not None


def test_an_adjustment_counts_once_however_often_it_is_sent() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        early = house.ask("operator", AdjustStock(next(house.ids), "cap", 1, "", "me", "key"))
        assert isinstance(early, Denied)
        assert early.exit_code == 3
        house.settle("rakuten", cap=7)
        for _ in range(2):
            row = house.body(AdjustStock(next(house.ids), "cap", -3, "broken", "me", "key"))
            assert row["total"] == 4
        assert house.body(SetStock(next(house.ids), "CAP", 9, "me"))["total"] == 9
        history = house.body(AskHistory(next(house.ids), "cap", 0, 10))["rows"]
        assert [row["delta"] for row in history] == [7, -3, 5]
        assert [row["total"] for row in history] == [7, 4, 9]


def test_what_is_not_there_is_refused_in_both_languages_and_changes_nothing() -> None:
    with open_house("rakuten") as house:
        refused = house.ask("operator", SetStock(next(house.ids), "nothing", 9, "me"))
        assert isinstance(refused, Denied)
        assert refused.exit_code == 2
        assert "nothing" in refused.message
        assert "nothing" in refused.message_en


def test_a_deleted_skus_number_and_past_belong_to_nobody_else() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        house.settle("rakuten", cap=7)
        house.body(DeleteSkus(next(house.ids), ("cap",), "me"))
        assert _rows(house) == {}
        house.import_rows("rakuten", ("mug", ""))
        house.settle("rakuten", mug=3)
        history = house.body(AskHistory(next(house.ids), "mug", 0, 10))["rows"]
        assert [(row["reason"], row["delta"]) for row in history] == [("opening", 3)]


def test_an_oversell_by_hand_is_said_loudly_and_heals_when_units_come() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        house.settle("rakuten", cap=2)
        house.body(AdjustStock(next(house.ids), "cap", -5, "lost", "me", "a"))
        opened = house.body(AskErrors(next(house.ids)))
        house.body(AdjustStock(next(house.ids), "cap", 5, "found", "me", "b"))
        healed = house.body(AskErrors(next(house.ids)))
        assert [(row["subject"], row["code"], row["state"]) for row in opened] == [
            ("cap", "-3", "open")
        ]
        assert [row["state"] for row in healed] == ["resolved"]


def test_another_buffer_reaches_every_listing_without_waiting_for_an_audit() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        house.settle("rakuten", cap=7)
        house.settle("rakuten", cap=7)
        assert isinstance(house.pull("rakuten", push=True), NoWork)
        house.settings[0] = msgspec.structs.replace(house.settings[0], buffer=3)
        house.desk.reload([(mall, card_of(mall.kind, {})) for mall in house.settings])
        work = house.pull("rakuten", push=True)
        assert isinstance(work, PushWork)
        assert [row.delta for row in work.rows] == [-3]


def test_the_status_tells_what_the_rates_allow_for_what_is_linked() -> None:
    with open_house("amazon", "rakuten") as house:
        house.import_rows("amazon", ("cap", ""), ("tee", ""))
        house.import_rows("rakuten", ("cap", ""), ("ghost", ""))
        amazon, rakuten = house.body(AskStatus(next(house.ids)))["malls"]
        assert (amazon["linked"], rakuten["linked"]) == (2, 1)
        assert amazon["poll_interval_s"] == 180.0
        assert amazon["poll_allowed_s"] == pytest.approx(178.57, abs=0.01)
        assert amazon["push_all_s"] == pytest.approx(0.4)
        assert rakuten["compare_interval_s"] == 900.0
        assert rakuten["compare_all_s"] == pytest.approx(1.0)
