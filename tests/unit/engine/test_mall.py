"""The decider of one mall actor: what is begun when, and what never is."""

from typing import Any

import pytest
from msgspec import structs
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.lane import LaneState
from engine.mall import Mall, lane_retry_s
from engine.mall_action import (
    CHECK_DELAY_S,
    CHECK_INTERVAL_S,
    CHECK_RETRY_S,
    LANE_RETRY_S_MAX,
    POLL_DISTANCE_S,
    PULL_IDLE_S,
    PULL_PAUSE_S_MIN,
    Beat,
    Check,
    Moment,
    Poll,
    Pull,
    Standing,
    Tempo,
    Track,
)

DAY_S = 86_400.0
MALL_0 = 1_700_000_000.0
TEMPO = Tempo(
    write_kind=WriteKind.RELATIVE,
    poll_interval_s=180,
    reread_interval_s=900,
    changeable_s=45 * DAY_S,
    lag_s=60,
    eps_s=2,
    stamp_resolution_s=1,
    heartbeat_interval_s=2,
    lease_fresh_s=10,
)


def at(now: float) -> Moment:
    """Monotonic second `now`, the mall's clock running beside it."""
    return Moment(now, MALL_0 + now)


class House:
    """A mall with a lease, and the little a shell does around it."""

    def __init__(self, tempo: Tempo = TEMPO, now: float = 0.0, **lease: Any) -> None:
        self.mall = Mall(tempo)
        self.lease(now, **lease)

    def lease(self, now: float, **lease: Any) -> None:
        told: dict[str, Any] = {
            "epoch": 1, "lane": LaneState.RUNNING, "last_call_id": 0,
            "plan": (None, None, None), "grace_s": 0.0,
        }  # fmt: skip
        self.mall.leased(at(now), **(told | lease))

    def begun(self, now: float) -> list[Any]:
        """What is begun at `now` by a lane whose heartbeats are answered."""
        self.mall.answered(at(now))
        actions = self.mall.decide(at(now)).actions
        if Beat() in actions:
            self.mall.beat_ended(at(now))
        return [action for action in actions if action != Beat()]

    def one(self, now: float, kind: type[Any]) -> Any:
        """The one action of that kind begun at `now`; None if there is none."""
        begun = self.begun(now)
        for action in begun:
            if isinstance(action, Pull) and kind is not Pull:
                self.mall.pull_ended(at(now), action, None)
        found = [action for action in begun if isinstance(action, kind)]
        assert len(found) <= 1
        return found[0] if found else None

    def end_poll(self, now: float, poll: Poll, *, is_complete: bool = True) -> None:
        if is_complete:
            recheck = poll.began if poll.is_recheck else self.mall.recheck_watermark
            self.mall.planned(poll.began, recheck, None)
        self.mall.poll_ended(at(now), is_complete=is_complete, jitter=0)

    def catch_up(self, now: float = 0.0) -> None:
        """Polls to completion at `now`, and pulls nothing."""
        for action in self.begun(now):
            if isinstance(action, Poll):
                self.end_poll(now, action)
            elif isinstance(action, Pull):
                self.mall.pull_ended(at(now), action, None)

    def is_caught_up(self) -> bool:
        return self.mall.is_caught_up

    def lane(self) -> LaneState:
        return self.mall.lane

    def idle(self, now: float) -> None:
        """Pulls at `now` and gets nothing until a wake-up."""
        pull = self.one(now, Pull)
        assert pull is not None
        self.mall.pull_ended(at(now), pull, None)


# --- polls ------------------------------------------------------------------------------------


def test_the_first_poll_ever_goes_over_all_orders_that_can_still_change() -> None:
    assert House().one(0, Poll) == Poll(MALL_0 - 45 * DAY_S, MALL_0 + 2, MALL_0, is_recheck=True)


def test_a_window_begins_before_the_watermark_by_lag_clock_error_and_resolution() -> None:
    mark = MALL_0 - 100
    poll = House(plan=(mark, mark, None)).one(0, Poll)
    assert poll == Poll(mark - 63, MALL_0 + 2, MALL_0, is_recheck=False)


def test_after_a_halt_longer_than_orders_can_change_no_order_is_left_out() -> None:
    mark = MALL_0 - 60 * DAY_S
    poll = House(plan=(mark, mark, None)).one(0, Poll)
    assert poll == Poll(mark - 63, MALL_0 + 2, MALL_0, is_recheck=True)


def test_polls_begin_one_interval_after_the_beginning_of_the_last() -> None:
    house = House()
    poll = house.one(0, Poll)
    assert house.one(170, Poll) is None
    house.end_poll(170, poll)
    assert house.one(179.9, Poll) is None
    assert house.one(180, Poll) is not None


def test_one_poll_is_under_way_at_most() -> None:
    house = House()
    assert house.one(0, Poll)
    assert house.one(1_000, Poll) is None


@pytest.mark.parametrize(("later", "is_recheck"), [(899, False), (900, True)])
def test_a_re_read_is_due_by_its_interval(later: float, is_recheck: bool) -> None:
    mark = MALL_0 - later
    poll = House(plan=(MALL_0, mark, None)).one(0, Poll)
    assert poll.is_recheck is is_recheck


def test_a_wanted_re_read_begins_a_poll_at_its_moment_that_covers_both() -> None:
    house = House()
    house.catch_up()
    house.mall.planned(MALL_0, MALL_0, MALL_0 + 30)
    assert house.one(29.9, Poll) is None
    assert house.mall.decide(at(29.9)).until == pytest.approx(30)
    assert house.one(30, Poll).is_recheck


@pytest.mark.parametrize(("late_orders_s", "before"), [(600.0, 600), (0.0, 63)])
def test_a_re_read_begins_before_the_last_one_where_the_mall_lists_changes(
    late_orders_s: float, before: float
) -> None:
    # An order that shows later than lag_s is found by the margin, and never by less than T2 asks.
    tempo = structs.replace(TEMPO, lists_changes=True, late_orders_s=late_orders_s)
    first = House(tempo).one(0, Poll)
    assert first.window_start == MALL_0 - 45 * DAY_S
    mark, recheck = MALL_0 - 100, MALL_0 - 1_000
    poll = House(tempo, plan=(mark, recheck, None)).one(0, Poll)
    assert poll == Poll(recheck - before, MALL_0 + 2, MALL_0, is_recheck=True)


def test_an_early_re_read_leaves_the_polls_what_the_mall_grants() -> None:
    house = House(structs.replace(TEMPO, poll_distance_s=120))
    house.catch_up()
    house.mall.planned(MALL_0, MALL_0, MALL_0 + 30)
    assert house.one(119.9, Poll) is None
    assert house.mall.decide(at(119.9)).until == pytest.approx(120)
    assert house.one(120, Poll).is_recheck


def test_a_wanted_re_read_that_was_already_made_begins_nothing() -> None:
    house = House()
    house.catch_up()
    house.mall.planned(MALL_0 + 40, MALL_0 + 40, MALL_0 + 30)
    assert house.one(50, Poll) is None


def test_a_wake_up_and_the_operator_poll_at_once_but_not_one_after_another() -> None:
    house = House()
    house.catch_up()
    house.mall.woken(is_poll=True)
    assert house.one(POLL_DISTANCE_S - 0.1, Poll) is None
    poll = house.one(POLL_DISTANCE_S, Poll)
    house.end_poll(2, poll)
    house.mall.ordered(at(2), LaneState.RUNNING, poll_now=7)
    assert house.one(4, Poll) is None, "the first number told is where counting begins"
    house.mall.ordered(at(4), LaneState.RUNNING, poll_now=8)
    house.mall.ordered(at(4), LaneState.RUNNING, poll_now=8)
    assert house.one(5, Poll) is not None


def test_a_failed_poll_is_begun_again_by_the_back_off_and_never_later_than_the_interval() -> None:
    house, now = House(), 0.0
    waits = []
    for _ in range(10):
        poll = house.one(now, Poll)
        house.end_poll(now, poll, is_complete=False)
        until = now
        while house.mall._poll_due_at(at(until)) > until:
            until = house.mall._poll_due_at(at(until))
        waits.append(until - now)
        now = until
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]


def test_a_poll_made_with_a_wrong_clock_is_made_again_at_once() -> None:
    house = House()
    house.one(0, Poll)
    house.mall.poll_abandoned(at(0.5))
    assert house.one(0.5, Poll) is not None
    assert not house.is_caught_up()


# --- pulls ------------------------------------------------------------------------------------


def test_before_the_first_complete_poll_only_an_import_is_taken() -> None:
    house = House()
    assert house.one(0, Pull) == Pull(takes_push=False, takes_reading=False, takes_import=True)


@pytest.mark.parametrize("interruption", [LaneState.PAUSED, LaneState.HALTED])
def test_after_an_interruption_a_poll_begun_since_comes_before_any_push(
    interruption: LaneState,
) -> None:
    house = House()
    house.catch_up()
    house.mall.woken(is_poll=True)
    old = house.one(2, Poll)
    house.mall.ordered(at(3), interruption)
    house.mall.ordered(at(4), LaneState.RUNNING)
    house.end_poll(5, old)
    assert not house.is_caught_up(), "this poll began before the interruption"
    house.end_poll(6, house.one(6, Poll))
    assert house.is_caught_up()
    assert house.one(6, Pull).takes_push


def test_a_feed_is_a_track_of_its_own_beside_pushes_and_only_where_the_mall_has_feeds() -> None:
    house = House(replace(TEMPO, write_kind=WriteKind.ANCHORED, has_feeds=True))
    assert not house.one(0, Pull).takes_feed  # Not before it has caught up.
    house = House(replace(TEMPO, write_kind=WriteKind.ANCHORED, has_feeds=True))
    house.catch_up()
    pull = house.one(6, Pull)
    assert (pull.takes_push, pull.takes_feed) == (True, True)
    house.mall.work_came(Track.FEED, [7, 8])
    pull = house.one(6, Pull)
    assert (pull.takes_push, pull.takes_feed) == (True, False)
    house.mall.pull_ended(at(6), pull, None)
    house.mall.work_ended(Track.FEED, at(7), is_good=True)
    assert house.one(7, Pull).takes_feed
    assert house.mall.last_call_id == 8


def test_a_mall_without_feeds_is_never_asked_for_one() -> None:
    house = House()
    house.catch_up()
    assert not house.one(6, Pull).takes_feed


@pytest.mark.parametrize(
    ("kind", "takes_push"), [(WriteKind.RELATIVE, False), (WriteKind.ANCHORED, True)]
)
def test_while_the_last_poll_failed_a_relative_mall_takes_no_push(
    kind: WriteKind, takes_push: bool
) -> None:
    house = House(replace(TEMPO, write_kind=kind))
    house.catch_up()
    house.mall.woken(is_poll=True)
    house.end_poll(2, house.one(2, Poll), is_complete=False)
    pull = house.one(2, Pull)
    assert (pull.takes_push, pull.takes_reading) == (takes_push, True)


def test_a_track_at_work_is_not_pulled_for_and_the_others_are() -> None:
    house = House()
    house.catch_up()
    assert house.one(0, Pull) == Pull(True, True, True)
    house.mall.work_came(Track.PUSH, [4])
    assert house.one(0, Pull) == Pull(False, True, True)
    house.mall.work_came(Track.READING, [5])
    house.mall.woken(is_poll=False)
    assert house.one(0, Pull) == Pull(False, False, True)
    house.mall.work_came(Track.IMPORT)
    house.idle(0)
    house.mall.work_ended(Track.PUSH, at(1), is_good=True)
    assert house.one(1, Pull) == Pull(True, False, False)


@pytest.mark.parametrize(
    ("until", "asks_at"),
    [(None, PULL_IDLE_S), (MALL_0 + 3, 3), (MALL_0 - 9, PULL_PAUSE_S_MIN), (MALL_0 + 99, 5)],
)
def test_a_fruitless_pull_is_repeated_at_the_time_told_within_bounds(
    until: float | None, asks_at: float
) -> None:
    house = House()
    house.catch_up()
    house.mall.pull_ended(at(0), house.one(0, Pull), until)
    assert house.one(asks_at - 0.01, Pull) is None
    assert house.one(asks_at, Pull) is not None


def test_a_wake_up_during_a_pull_is_not_lost() -> None:
    house = House()
    house.catch_up()
    pull = house.one(0, Pull)
    house.mall.woken(is_poll=False)
    house.mall.pull_ended(at(0), pull, None)
    assert house.one(0, Pull) is not None


def test_a_wake_up_pulls_at_once() -> None:
    house = House()
    house.catch_up()
    house.idle(0)
    assert house.one(0.5, Pull) is None
    house.mall.woken(is_poll=False)
    assert house.one(0.5, Pull) is not None


def test_a_failed_push_holds_up_pushes_only() -> None:
    house = House()
    house.catch_up()
    house.one(0, Pull)
    house.mall.work_came(Track.PUSH, [1])
    house.mall.work_ended(Track.PUSH, at(0), is_good=False, wait_s=30)
    house.mall.woken(is_poll=False)
    assert house.one(29, Pull) == Pull(False, True, True)


@pytest.mark.parametrize("lane", [LaneState.HALTED, LaneState.PAUSED])
def test_a_closed_lane_takes_nothing_but_a_check(lane: LaneState) -> None:
    house = House(lane=lane)
    assert house.begun(0) == [Pull(False, False, False)]
    assert house.mall.shown_lane(is_failing=False) is lane


# --- C2: what is started ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("epoch", "call_id", "send_in_s", "standing"),
    [
        (1, 8, 5, Standing.TAKE),
        (1, 8, 0, Standing.TAKE),
        (1, 8, -0.1, Standing.NOT_SENT),
        (1, 7, 5, Standing.NOT_SENT),
        (0, 8, 5, Standing.NOT_SENT),
    ],
    ids=["new", "at send_by", "past send_by", "old id", "old epoch"],
)
def test_what_becomes_of_a_command(
    epoch: int, call_id: int, send_in_s: float, standing: Standing
) -> None:
    mall = House(last_call_id=7).mall
    assert mall.standing(epoch, call_id, MALL_0 + send_in_s, at(0)) is standing


def test_a_command_under_way_is_neither_started_nor_answered_a_second_time() -> None:
    mall = House().mall
    mall.work_came(Track.PUSH, [4, 5])
    assert mall.standing(1, 4, MALL_0 + 5, at(0)) is Standing.HELD
    assert mall.last_call_id == 5
    mall.work_ended(Track.PUSH, at(0), is_good=True)
    assert mall.standing(1, 4, MALL_0 + 5, at(0)) is Standing.NOT_SENT


@pytest.mark.parametrize("lane", [LaneState.HALTED, LaneState.PAUSED])
def test_nothing_is_started_while_the_lane_is_closed(lane: LaneState) -> None:
    mall = House().mall
    mall.ordered(at(0), lane)
    assert not mall.may_call(at(0))
    assert mall.standing(1, 1, MALL_0 + 5, at(0)) is Standing.NOT_SENT


def test_a_lane_that_leaves_may_finish_what_it_began_and_a_closed_one_may_not() -> None:
    house = House()
    house.mall.drain()
    assert not house.mall.may_call(at(0))
    assert house.mall.may_finish(at(9.9))
    assert not house.mall.may_finish(at(10))
    house.mall.ordered(at(10), LaneState.PAUSED)
    assert not house.mall.may_finish(at(10))


def test_nothing_is_started_while_somebody_else_may_hold_the_mall() -> None:
    house = House()
    assert house.mall.may_call(at(9.9))
    assert not house.mall.may_call(at(10))
    assert house.mall.is_lease_stale(at(10))
    assert house.mall.decide(at(10)).actions == (Beat(),)


def test_a_new_epoch_begins_with_nothing_under_way_and_polls_first() -> None:
    house = House()
    house.catch_up()
    house.mall.work_came(Track.PUSH, [9])
    house.lease(5, epoch=2, last_call_id=3)
    assert house.mall.is_idle
    assert not house.is_caught_up()
    assert house.mall.last_call_id == 9
    assert house.one(5, Poll) is not None


def test_the_same_epoch_again_keeps_what_is_under_way() -> None:
    house = House()
    house.catch_up()
    house.mall.work_came(Track.PUSH, [9])
    house.lease(20)
    assert not house.mall.is_idle
    assert house.is_caught_up()


# --- halts, graces, checks --------------------------------------------------------------------


def test_an_order_to_run_that_is_older_than_the_halt_is_not_obeyed() -> None:
    house = House()
    house.mall.halted_itself(at(0))
    house.mall.ordered(at(1), LaneState.RUNNING)
    assert house.lane() is LaneState.HALTED
    house.mall.halt_told()
    house.mall.ordered(at(2), LaneState.RUNNING)
    assert house.lane() is LaneState.RUNNING


def test_a_key_that_has_worked_and_is_refused_has_no_grace() -> None:
    house = House(grace_s=1_800)
    house.mall.key_worked()
    house.mall.halted_itself(at(0))
    assert house.one(400, Check) is None


def test_a_changed_key_is_tried_again_in_its_grace_and_not_after_it() -> None:
    house = House(lane=LaneState.HALTED, grace_s=400)
    tried = []
    for now in range(500):
        check = house.one(now, Check)
        if check is not None:
            assert check == Check(0, is_grace=True)
            tried.append(now)
            house.mall.check_ended(at(now), 0, is_good=False, is_refused=True)
    assert tried == [0, 150, 300]


def test_a_refused_check_of_an_operator_is_repeated_under_its_number() -> None:
    house = House(lane=LaneState.HALTED)
    house.mall.key_changed(at(0), 1_800)
    house.mall.work_came(Track.CHECK)
    house.mall.check_ended(at(1), 6, is_good=False, is_refused=True)
    assert house.one(150, Check) is None
    assert house.one(151, Check) == Check(6, is_grace=True)
    house.mall.check_ended(at(152), 6, is_good=True, is_refused=False)
    assert house.one(999, Check) is None


@pytest.mark.parametrize(("is_good", "again_s"), [(True, CHECK_INTERVAL_S), (False, CHECK_RETRY_S)])
def test_the_keys_remaining_life_is_looked_at_once_a_day(is_good: bool, again_s: float) -> None:
    house = House()
    house.catch_up()
    assert house.one(CHECK_DELAY_S - 1, Check) is None
    assert house.one(CHECK_DELAY_S, Check) == Check(0, is_grace=False)
    house.mall.check_ended(at(20), 0, is_good=is_good, is_refused=False)
    assert house.one(20 + again_s - 1, Check) is None
    assert house.one(20 + again_s, Check) is not None


# --- the rest ---------------------------------------------------------------------------------


def test_a_draining_lane_begins_nothing_and_lets_nothing_leave() -> None:
    house = House()
    house.mall.drain()
    assert house.begun(0) == []
    assert not house.mall.may_call(at(0))
    assert house.mall.shown_lane(is_failing=False) is LaneState.STOPPED


@pytest.mark.parametrize(
    ("is_failing", "shown"), [(False, LaneState.RUNNING), (True, LaneState.DEGRADED)]
)
def test_what_a_heartbeat_shows(is_failing: bool, shown: LaneState) -> None:
    house = House()
    assert house.mall.shown_lane(is_failing=is_failing) is LaneState.STARTING
    house.catch_up()
    assert house.mall.shown_lane(is_failing=is_failing) is shown


def test_heartbeats_go_out_by_their_interval_one_at_a_time() -> None:
    mall = House().mall
    assert Beat() in mall.decide(at(0)).actions
    assert Beat() not in mall.decide(at(5)).actions
    mall.beat_ended(at(5))
    assert Beat() not in mall.decide(at(6.9)).actions
    assert Beat() in mall.decide(at(7)).actions


def test_a_decision_is_never_due_in_the_past() -> None:
    house = House()
    for now in range(200):
        house.mall.answered(at(now))
        decision = house.mall.decide(at(now))
        assert decision.until > now
        for action in decision.actions:
            if isinstance(action, Poll):
                house.end_poll(now, action, is_complete=now % 3 > 0)
            elif isinstance(action, Pull):
                house.mall.pull_ended(at(now), action, None)
            elif isinstance(action, Beat):
                house.mall.beat_ended(at(now))


@pytest.mark.parametrize(
    ("failures", "interval_s", "jitter", "wait_s"),
    [
        (0, 180, 0, 1), (3, 180, 0, 8), (3, 180, 1, 6), (30, 180, 0, LANE_RETRY_S_MAX),
        (30, 3, 0, 3),
    ],
)  # fmt: skip
def test_the_lanes_back_off_doubles_and_is_clamped(
    failures: int, interval_s: float, jitter: float, wait_s: float
) -> None:
    assert lane_retry_s(failures, interval_s, jitter) == wait_s
