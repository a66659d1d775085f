"""The lane: every state against every event, and what each state allows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.lane import (
    Lane,
    LaneEffect,
    LaneEvent,
    LaneState,
    is_calling_allowed,
    is_push_allowed,
    lane_state,
    lane_step,
    ordered_state,
)

LANES = {
    LaneState.STOPPED: Lane(),
    LaneState.STARTING: Lane(is_up=True),
    LaneState.RUNNING: Lane(is_up=True, has_polled=True),
    LaneState.DEGRADED: Lane(is_up=True, has_polled=True, is_degraded=True),
    LaneState.HALTED: Lane(is_up=True, is_halted=True, owes_audit=True),
    LaneState.PAUSED: Lane(is_up=True, is_paused=True),
}

# Rows: the state before. Columns in the order of COLUMNS.
COLUMNS = tuple(LaneEvent)
TABLE = {
    "stopped": "starting stopped stopped stopped stopped stopped stopped stopped stopped stopped",
    "starting": (
        "starting stopped stopped running degraded starting halted starting paused starting"
    ),
    "running": "starting stopped stopped running degraded running halted running paused running",
    "degraded": (
        "degraded stopped stopped degraded degraded running halted degraded paused degraded"
    ),
    "halted": "halted stopped stopped halted halted halted halted starting halted halted",
    "paused": "paused stopped stopped paused paused paused halted paused paused starting",
}
CASES = [
    pytest.param(LaneState(state), event, LaneState(after), id=f"{state} and {event.value}")
    for state, row in TABLE.items()
    for event, after in zip(COLUMNS, row.split(), strict=True)
]


@pytest.mark.parametrize(("state", "event", "after"), CASES)
def test_the_table(state: LaneState, event: LaneEvent, after: LaneState) -> None:
    assert lane_state(LANES[state]) is state
    assert lane_state(lane_step(LANES[state], event).lane) is after


def test_only_a_lane_that_is_up_and_free_calls_its_mall() -> None:
    allowed = {state for state in LaneState if is_calling_allowed(state)}
    assert allowed == {LaneState.STARTING, LaneState.RUNNING, LaneState.DEGRADED}


def test_nothing_is_pushed_before_a_complete_poll() -> None:
    assert not is_push_allowed(LANES[LaneState.STARTING])
    assert not is_push_allowed(Lane(is_up=True, is_degraded=True))
    assert is_push_allowed(LANES[LaneState.RUNNING])
    assert is_push_allowed(LANES[LaneState.DEGRADED])
    assert not is_push_allowed(LANES[LaneState.HALTED])


def test_story_24_a_halt_ends_with_a_poll_and_then_an_audit_of_all() -> None:
    halted = lane_step(LANES[LaneState.RUNNING], LaneEvent.FAULT_9)
    assert halted.effects == (LaneEffect.HALT, LaneEffect.LOG_DOWN)
    # A poll that was under way at the halt does not count.
    late = lane_step(halted.lane, LaneEvent.POLL_OK)
    assert late.lane == halted.lane
    clear = lane_step(late.lane, LaneEvent.CLEARED)
    assert clear.effects == (LaneEffect.POLL, LaneEffect.LOG_UP)
    assert not is_push_allowed(clear.lane)
    polled = lane_step(clear.lane, LaneEvent.POLL_OK)
    assert polled.effects == (LaneEffect.AUDIT,)
    assert is_push_allowed(polled.lane)
    assert lane_step(polled.lane, LaneEvent.POLL_OK).effects == ()


def test_a_pause_given_while_halted_is_there_after_the_clear() -> None:
    lane = lane_step(LANES[LaneState.HALTED], LaneEvent.PAUSED).lane
    assert ordered_state(lane) is LaneState.HALTED
    lane = lane_step(lane, LaneEvent.CLEARED).lane
    assert lane_state(lane) is LaneState.PAUSED
    assert ordered_state(lane) is LaneState.PAUSED
    step = lane_step(lane, LaneEvent.RESUMED)
    assert step.effects == (LaneEffect.POLL, LaneEffect.LOG_UP)
    assert ordered_state(step.lane) is LaneState.RUNNING


def test_a_halt_outlives_a_restart_of_its_actor() -> None:
    lane = lane_step(LANES[LaneState.HALTED], LaneEvent.HEARTBEAT_LOST).lane
    step = lane_step(lane, LaneEvent.STARTED)
    assert lane_state(step.lane) is LaneState.HALTED
    assert step.effects == ()


def test_a_passing_fault_is_logged_once_down_and_once_up() -> None:
    down = lane_step(LANES[LaneState.RUNNING], LaneEvent.FAULT_8)
    assert down.effects == (LaneEffect.LOG_DOWN,)
    assert lane_step(down.lane, LaneEvent.FAULT_8).effects == ()
    up = lane_step(down.lane, LaneEvent.RESOLVED_8)
    assert up.effects == (LaneEffect.LOG_UP,)
    assert is_push_allowed(up.lane)


@given(st.lists(st.sampled_from(LaneEvent), max_size=30))
def test_an_event_that_comes_twice_changes_nothing_the_second_time(
    events: list[LaneEvent],
) -> None:
    lane = Lane()
    for event in events:
        lane = lane_step(lane, event).lane
        again = lane_step(lane, event)
        assert again.lane == lane
        assert again.effects == ()
        assert is_push_allowed(lane) <= is_calling_allowed(lane_state(lane))
