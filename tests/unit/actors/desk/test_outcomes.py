"""Outcomes at the desk: what follows from what a mall answered."""

import msgspec

from engine.messages import NoWork, OutcomeRow, Outcomes, PushWork, ReadWork
from engine.push_state import PushDone, PushNotSent, PushRefused, ReadingFailed
from engine.questions import AdjustStock, AskErrors, AskStock, StockFilter
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


def _prove(house: DeskHouse, **shown: int) -> None:
    """Opens the SKUs and settles the reading that proves them."""
    house.settle("rakuten", **shown)
    house.settle("rakuten", **shown)


def test_a_listing_that_is_missing_is_a_fault_and_is_not_asked_for_at_once_again() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        work = house.pull("rakuten", reading=True)
        rows = tuple(
            OutcomeRow(row.listing_id, ReadingFailed(row.call_id), is_missing=True)
            for row in work.rows
        )
        house.ask("rakuten-one", Outcomes(next(house.ids), 1, rows))
        asked_again = house.pull("rakuten", reading=True)
        house.now += 901
        later = house.pull("rakuten", reading=True)
        faults = house.body(AskErrors(next(house.ids)))
        page = house.body(AskStock(next(house.ids), StockFilter(), None, 10))
        assert isinstance(asked_again, NoWork)
        assert isinstance(later, ReadWork)
        assert [fault["subject"] for fault in faults] == ["cap"]
        assert page["rows"][0]["total"] is None  # missing is not zero


def test_story_39_rows_said_to_be_not_done_are_compared_when_the_switch_says_atomic() -> None:
    with open_house("rakuten") as house:
        house.settings[0] = msgspec.structs.replace(house.settings[0], bulk_is_atomic=True)
        house.restarted()
        house.hello("rakuten")
        house.poll("rakuten")
        house.import_rows("rakuten", ("cap", ""), ("tee", ""))
        _prove(house, cap=20, tee=20)
        for sku in ("cap", "tee"):
            house.body(AdjustStock(next(house.ids), sku, -1, "", "me", sku))
        work = house.pull("rakuten", push=True)
        assert isinstance(work, PushWork)
        first, second = work.rows
        rows: tuple[OutcomeRow, ...] = (
            OutcomeRow(first.listing_id, PushRefused(first.call_id, 20), "IE0117"),
            OutcomeRow(second.listing_id, PushNotSent(second.call_id), "IE0117"),
        )
        house.ask("rakuten-one", Outcomes(next(house.ids), 1, rows))
        again = house.pull("rakuten", push=True)
        rows = tuple(
            OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now))
            for row in again.rows
        )
        house.ask("rakuten-one", Outcomes(next(house.ids), 1, rows))
        reading = house.pull("rakuten", reading=True)
        assert isinstance(reading, ReadWork)
        assert {row.listing_id for row in reading.rows} >= {second.listing_id}


def test_an_outcome_that_is_repeated_changes_nothing() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        _prove(house, cap=20)
        house.body(AdjustStock(next(house.ids), "cap", 5, "", "me", "key"))
        (row,) = house.pull("rakuten", push=True).rows
        done = OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now + 1))
        shown = []
        for _ in range(2):
            house.ask("rakuten-one", Outcomes(next(house.ids), 1, (done,)))
            page = house.body(AskStock(next(house.ids), StockFilter(), None, 10))
            shown.append(page["rows"][0]["listings"][0]["expected"])
        assert shown == [25, 25]


def test_a_command_whose_reply_was_lost_is_repeated_and_not_decided_anew() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        _prove(house, cap=20)
        house.body(AdjustStock(next(house.ids), "cap", 5, "", "me", "a"))
        before = house.last_call_id
        first = house.pull("rakuten", push=True)
        house.last_call_id = before  # The reply never arrived.
        house.body(AdjustStock(next(house.ids), "cap", 2, "", "me", "b"))
        again = house.pull("rakuten", push=True)
        assert again.rows == first.rows
        assert isinstance(house.pull("rakuten", push=True), NoWork)
