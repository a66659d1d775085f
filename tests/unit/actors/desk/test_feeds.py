"""Feeds at the desk: when one is made, what outlives whom, and what goes on beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from msgspec import structs

from actors.desk.feeds import (
    FEED_LOOK_S,
    FEED_LOOK_S_MAX,
    FEED_POLL_S,
    FEED_RETRY_S,
    FEEDS_OPEN_MAX,
)
from actors.store.push_rows import PRIORITIES
from engine.connector import RowOutcome
from engine.faults import BAD_ITEM
from engine.messages import (
    FEED_ENDED_ROWS_MAX,
    FeedBad,
    FeedEnded,
    FeedHanded,
    FeedLookWork,
    FeedWork,
    NoWork,
    OutcomeRow,
    Outcomes,
    PushWork,
    ReadWork,
)
from engine.push_state import ListingPush, PushDone, PushUnknown, ReadingDone
from engine.questions import AdjustStock, AskErrors
from engine.release_questions import Approve, AskWaiting
from malls.registry import card_of
from tests.unit.actors.desk.desk_house import DeskHouse, open_house

CARD = card_of("amazon", {})
SHOWN = 20
BUFFER = 3
LONG_S = 5_000.0
"""Longer than a settled comparison takes with Amazon's bounds."""
TICKET = '["292253019980",300,300,1000000.0]'

pytestmark = pytest.mark.slow


def buffered(house: DeskHouse, buffer: int, share: float = 1.0) -> None:
    """A reload with another buffer: all listings are due, as a bulk that the breaker lets go."""
    house.settings[0] = structs.replace(
        house.settings[0], buffer=buffer, breaker_listings_share=share, breaker_zero_share=1.0
    )
    house.desk.reload([(mall, card_of(mall.kind, {})) for mall in house.settings])


@contextmanager
def stocked(count: int = CARD.feed_from, share: float = 1.0) -> Iterator[DeskHouse]:
    """Amazon alone, with so many listings of 20 units each, all of them due to show fewer."""
    with open_house("amazon") as house:
        house.import_rows("amazon", *((f"sku-{number:04d}", "") for number in range(count)))
        while isinstance(work := house.pull("amazon", reading=True), ReadWork):
            rows = tuple(
                OutcomeRow(
                    row.listing_id, ReadingDone(row.call_id, SHOWN, house.now, house.now + 1)
                )
                for row in work.rows
            )
            house.ask("amazon-one", Outcomes(next(house.ids), 1, rows))
        house.now += LONG_S
        house.poll("amazon")
        house.pull("amazon", push=True)  # What moved is looked at: nothing is due of it.
        buffered(house, BUFFER, share)
        yield house


def pushes(house: DeskHouse) -> list[ListingPush]:
    """The protocol's state of every listing, in the order of the import."""
    with house.store.transaction() as connection:
        found = house.store.pushes.by_id(connection, list(range(1, 2_000)))
    return [found[key].state for key in sorted(found)]


def ticketed(house: DeskHouse) -> FeedWork:
    """A feed that was handed in."""
    work = house.pull("amazon", feed=True)
    assert isinstance(work, FeedWork)
    house.ask("amazon-one", FeedHanded(next(house.ids), 1, work.feed, TICKET))
    return work


def end(house: DeskHouse, feed: FeedWork, outcome: RowOutcome, *bad: FeedBad, **more: Any) -> None:
    """Every page of a feed's end."""
    last = feed.rows[-1].call_id - feed.feed + 1
    told: dict[str, Any] = {"start": house.now - 60, "end": house.now, **more}
    for first in range(1, last + 1, FEED_ENDED_ROWS_MAX):
        upto = min(first + FEED_ENDED_ROWS_MAX - 1, last)
        page = tuple(row for row in bad if first <= row.number <= upto)
        letter = FeedEnded(
            next(house.ids), house.epoch, feed.feed, first, upto, outcome, "", page,
            is_last=upto == last, **told,
        )  # fmt: skip
        house.ask(f"amazon-{house.instance}", letter)


@pytest.mark.parametrize(("count", "is_fed"), [(CARD.feed_from - 1, False), (CARD.feed_from, True)])
def test_few_bulk_pushes_go_one_by_one(count: int, is_fed: bool) -> None:
    with stocked(count) as house:
        fed = house.pull("amazon", feed=True)
        single = house.pull("amazon", push=True, feed=True)
        assert isinstance(fed, FeedWork) is is_fed
        assert isinstance(single, PushWork) is not is_fed
        if is_fed:
            assert [row.value for row in fed.rows] == [SHOWN - BUFFER] * count
            ids = [row.call_id for row in fed.rows]
            assert ids == list(range(fed.feed, fed.feed + count))


def test_single_pushes_come_first_and_orders_do_not_wait_for_a_feed() -> None:
    with stocked(CARD.feed_from + 1) as house:
        assert isinstance(house.pull("amazon", push=True, feed=True), PushWork)
        assert isinstance(house.pull("amazon", feed=True), FeedWork)


def narrowed(house: DeskHouse, rows: int) -> None:
    """The mall takes fewer rows in one feed here than are due."""
    (account,) = house.desk.accounts.values()
    account.card = structs.replace(account.card, feed_rows_max=rows, feed_from=rows)


def test_one_feed_is_handed_in_at_a_time_and_the_others_go_one_by_one_beside_it() -> None:
    with stocked(CARD.feed_from * 2) as house:
        narrowed(house, CARD.feed_from)
        first = house.pull("amazon", feed=True)
        assert len(first.rows) == CARD.feed_from
        assert isinstance(house.pull("amazon", feed=True), NoWork)
        beside = house.pull("amazon", push=True, feed=True)
        assert beside.rows[0].listing_id not in {row.listing_id for row in first.rows}


def test_the_next_feed_goes_in_while_the_last_ones_are_worked_off() -> None:
    rows = 60
    with stocked(rows * (FEEDS_OPEN_MAX + 1)) as house:
        narrowed(house, rows)
        feeds = [ticketed(house) for _ in range(FEEDS_OPEN_MAX)]
        fed = [row.listing_id for feed in feeds for row in feed.rows]
        assert len(set(fed)) == len(fed) == rows * FEEDS_OPEN_MAX
        assert isinstance(house.pull("amazon", feed=True), NoWork)
        # Each is looked at in its turn, and a look that is due comes before another feed.
        house.now += FEED_LOOK_S
        looks = [house.pull("amazon", feed=True) for _ in feeds]
        assert {look.feed for look in looks} == {feed.feed for feed in feeds}
        # One that ends gives up its place, and nothing of the others.
        end(house, feeds[1], RowOutcome.DONE)
        still = {state.feed.id for state in pushes(house) if state.feed is not None}
        left = [feed for feed in feeds if feed is not feeds[1]]
        assert still == {row.call_id for feed in left for row in feed.rows}
        last = house.pull("amazon", feed=True)
        assert isinstance(last, FeedWork)
        assert not {row.listing_id for row in last.rows} & set(fed)


def test_a_feed_that_cannot_be_filled_yet_is_asked_for_again_soon() -> None:
    with stocked() as house:
        # The breaker judges a whole change: what an operator moved just now is not placed yet.
        house.body(AdjustStock(next(house.ids), "sku-0007", -10, "", "me", "key"))
        none = house.pull("amazon", feed=True)
        assert isinstance(none, NoWork)
        assert none.until == house.now + FEED_POLL_S


def test_feeds_that_nobody_can_look_at_are_given_up_each_for_itself() -> None:
    rows = 60
    with stocked(rows * 2) as house:
        narrowed(house, rows)
        first = ticketed(house)
        house.now += CARD.feed_s / 2
        house.poll("amazon")
        assert isinstance(house.pull("amazon", feed=True), FeedLookWork)
        second = ticketed(house)
        house.now += CARD.feed_s / 2 + 1
        house.pull("amazon", push=True)
        still = {state.feed.id for state in pushes(house) if state.feed is not None}
        assert still == {row.call_id for row in second.rows}
        end(house, first, RowOutcome.DONE)
        assert len([state for state in pushes(house) if state.feed is not None]) == rows


def test_a_fall_on_a_listing_that_is_in_the_feed_goes_at_once_and_once_more_after_it() -> None:
    with stocked() as house:
        feed = ticketed(house)
        assert isinstance(house.pull("amazon", push=True), NoWork)
        house.body(AdjustStock(next(house.ids), "sku-0007", -10, "", "me", "key"))
        work = house.pull("amazon", push=True)
        assert [(row.ref.code, row.value) for row in work.rows] == [("sku-0007", 7)]
        row = work.rows[0]
        done = PushDone(row.call_id, house.now, house.now + 1)
        house.ask("amazon-one", Outcomes(next(house.ids), 1, (OutcomeRow(row.listing_id, done),)))
        assert isinstance(house.pull("amazon", push=True), NoWork)
        house.now += 120
        end(house, feed, RowOutcome.DONE)
        again = house.pull("amazon", push=True)
        assert [(row.ref.code, row.value) for row in again.rows] == [("sku-0007", 7)]
        states = pushes(house)
        assert sum(state.low == state.high == 17 for state in states) == CARD.feed_from - 1
        assert [len(state.doubtful) for state in states] == [int(n == 7) for n in range(300)]


def test_a_rise_on_a_listing_that_is_in_the_feed_waits_for_its_end() -> None:
    with stocked() as house:
        feed = ticketed(house)
        house.body(AdjustStock(next(house.ids), "sku-0007", 10, "", "me", "key"))
        assert isinstance(house.pull("amazon", push=True), NoWork)
        end(house, feed, RowOutcome.DONE)
        house.now += CARD.live_s + 1
        house.poll("amazon")
        work = house.pull("amazon", push=True)
        assert [(row.ref.code, row.value) for row in work.rows] == [("sku-0007", 27)]


def test_nothing_in_the_feed_is_read_and_nothing_of_it_is_asked_over_and_over() -> None:
    with stocked() as house:
        ticketed(house)
        (account,) = house.desk.accounts.values()
        with house.store.transaction() as connection:
            house.store.pushes.audit_all(connection, account.id, house.now)
        for _ in range(CARD.feed_from // CARD.read_rows_max + 1):
            assert isinstance(house.pull("amazon", push=True, reading=True), NoWork)
        with house.store.transaction() as connection:
            assert house.store.pushes.next_read(connection, account.id) is None
            assert house.store.pushes.next_push(connection, account.id, PRIORITIES) is None


def test_a_lost_reply_is_said_again_to_the_same_epoch_and_no_second_feed_is_made() -> None:
    with stocked() as house:
        before = house.last_call_id
        first = house.pull("amazon", feed=True)
        house.last_call_id = before
        assert house.pull("amazon", feed=True) == first
        assert isinstance(house.pull("amazon", feed=True), NoWork)


def test_a_feed_is_looked_at_by_its_ticket_more_rarely_as_it_grows_old() -> None:
    with stocked() as house:
        feed = ticketed(house)
        gaps: list[float] = []
        last = house.now
        while len(gaps) < 20:
            work = house.pull("amazon", feed=True)
            if isinstance(work, FeedLookWork):
                assert work == FeedLookWork(feed.feed, TICKET, CARD.feed_from)
                gaps.append(house.now - last)
                last = house.now
            else:
                assert work.until is not None
                house.now = work.until
        assert gaps == sorted(gaps)
        assert (gaps[0], gaps[-1]) == (FEED_LOOK_S, FEED_LOOK_S_MAX)


def test_a_feed_with_a_ticket_outlives_the_inventory_and_its_actor() -> None:
    with stocked() as house:
        feed = ticketed(house)
        house.restarted()
        house.hello("amazon", instance="one")
        house.hello("amazon", instance="two")
        house.epoch, house.instance = 2, "two"
        house.poll("amazon", "two", 2)
        work = house.pull("amazon", feed=True)
        assert work == FeedLookWork(feed.feed, TICKET, CARD.feed_from)
        end(house, feed, RowOutcome.DONE)
        assert {(state.low, state.high) for state in pushes(house)} == {(17, 17)}
        assert isinstance(house.pull("amazon", push=True, feed=True), NoWork)


def test_a_feed_without_a_ticket_is_unknown_to_the_next_epoch_and_not_handed_in_again() -> None:
    with stocked() as house:
        house.pull("amazon", feed=True)
        house.hello("amazon", instance="two")
        house.epoch, house.instance = 2, "two"
        house.poll("amazon", "two", 2)
        assert isinstance(house.pull("amazon", feed=True), NoWork)
        assert all(state.feed is None and state.doubtful for state in pushes(house))
        # Falls, which nobody knows the outcome of: each is written at once, by itself.
        assert isinstance(house.pull("amazon", push=True, feed=True), PushWork)


def test_a_hand_in_that_nobody_heard_of_in_time_is_unknown() -> None:
    with stocked() as house:
        feed = house.pull("amazon", feed=True)
        house.now = feed.send_by + 11
        house.desk.tick(house.now)
        assert all(state.feed is None and state.doubtful for state in pushes(house))
        house.ask("amazon-one", FeedHanded(next(house.ids), 1, feed.feed, TICKET))
        assert isinstance(house.pull("amazon", feed=True), NoWork)


def test_a_feed_that_does_not_end_is_given_up_with_a_fault() -> None:
    with stocked() as house:
        feed = ticketed(house)
        house.now += CARD.feed_s + 1
        house.desk.tick(house.now)
        assert all(state.feed is None and state.doubtful for state in pushes(house))
        assert [row["code"] for row in house.body(AskErrors(next(house.ids)))] == ["feed-late"]
        before = pushes(house)
        end(house, feed, RowOutcome.DONE)  # Its end comes after all: there is nothing to end.
        assert pushes(house) == before


def test_a_feed_that_was_not_done_is_due_again() -> None:
    with stocked() as house:
        feed = ticketed(house)
        end(house, feed, RowOutcome.NOT_DONE)
        again = house.pull("amazon", feed=True)
        assert isinstance(again, FeedWork)
        assert again.feed > feed.feed
        assert [row.listing_id for row in again.rows] == [row.listing_id for row in feed.rows]


def test_a_feed_that_broke_off_is_ended_by_single_writes() -> None:
    with stocked() as house:
        feed = ticketed(house)
        end(house, feed, RowOutcome.UNKNOWN)
        until = {doubt.until for state in pushes(house) for doubt in state.doubtful}
        assert until == {house.now + CARD.live_s}
        assert isinstance(house.pull("amazon", feed=True), NoWork)
        assert isinstance(house.pull("amazon", push=True, feed=True), PushWork)
        (account,) = house.desk.accounts.values()
        assert account.no_feed_before == house.now + FEED_RETRY_S


def test_a_row_the_report_names_is_its_listings_fault_and_the_others_are_done() -> None:
    with stocked() as house:
        feed = ticketed(house)
        end(house, feed, RowOutcome.DONE, FeedBad(8, "90220", BAD_ITEM))
        states = pushes(house)
        assert [state.quarantined for state in states] == [n == 7 for n in range(300)]
        assert (states[7].low, states[7].high) == (SHOWN, SHOWN)
        faults = house.body(AskErrors(next(house.ids)))
        assert [(row["code"], row["subject"]) for row in faults] == [("90220", "sku-0007")]


def test_an_end_that_is_told_again_after_a_crash_in_its_middle_changes_nothing_twice() -> None:
    with stocked(FEED_ENDED_ROWS_MAX + 50) as house:
        feed = ticketed(house)
        first = FeedEnded(
            next(house.ids), 1, feed.feed, 1, FEED_ENDED_ROWS_MAX, RowOutcome.DONE, "", (),
            house.now, house.now, is_last=False,
        )  # fmt: skip
        house.ask("amazon-one", first)
        ended = pushes(house)
        assert sum(state.feed is not None for state in ended) == 50
        end(house, feed, RowOutcome.DONE)
        states = pushes(house)
        assert states[:FEED_ENDED_ROWS_MAX] == ended[:FEED_ENDED_ROWS_MAX]
        assert not any(state.feed for state in states)


def test_an_outcome_of_its_own_takes_a_row_out_of_the_feed() -> None:
    with stocked() as house:
        feed = house.pull("amazon", feed=True)
        row = feed.rows[3]
        lost = OutcomeRow(row.listing_id, PushUnknown(row.call_id))
        house.ask("amazon-one", Outcomes(next(house.ids), 1, (lost,)))
        house.ask("amazon-one", FeedHanded(next(house.ids), 1, feed.feed, TICKET))
        before = pushes(house)[3]
        assert (before.feed, len(before.doubtful)) == (None, 1)
        end(house, feed, RowOutcome.DONE)
        assert pushes(house)[3] == before


def test_a_feed_is_held_by_the_breaker_until_it_is_approved() -> None:
    with stocked(share=0.3) as house:
        assert isinstance(house.pull("amazon", feed=True), NoWork)
        (account,) = house.desk.accounts.values()
        assert account.breaker.is_tripped
        plan = house.body(AskWaiting(next(house.ids), "amazon"))[0]["plan"]
        house.body(Approve(next(house.ids), "amazon", plan, "me"))
        feed = house.pull("amazon", feed=True)
        assert len(feed.rows) == CARD.feed_from
        end(house, feed, RowOutcome.NOT_DONE)  # What was approved stays so.
        assert isinstance(house.pull("amazon", feed=True), FeedWork)


def test_a_feed_counts_with_what_went_out_for_the_breaker() -> None:
    with stocked() as house:
        ticketed(house)
        (account,) = house.desk.accounts.values()
        with house.store.transaction() as connection:
            breaker = house.store.breakers.load(connection, account.id)
        assert (breaker.sent, breaker.waiting) == (CARD.feed_from, 0)


def test_in_shadow_no_feed_is_made() -> None:
    with stocked() as house:
        house.settings[0] = structs.replace(house.settings[0], mode="shadow")
        house.desk.reload([(mall, card_of(mall.kind, {})) for mall in house.settings])
        (account,) = house.desk.accounts.values()
        assert account.is_shadow
        assert isinstance(house.pull("amazon", push=True, feed=True), NoWork)


def test_a_mall_without_feeds_is_given_none() -> None:
    with open_house("rakuten") as house:
        house.import_rows("rakuten", ("cap", ""))
        assert isinstance(house.pull("rakuten", feed=True), NoWork)
