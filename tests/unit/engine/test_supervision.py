"""The restart policy: quick at first, slower in a row, never for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.supervision import (
    GiveUp,
    Restart,
    RestartLimits,
    RestartRecord,
    Verdict,
    after_crash,
)

LIMITS = RestartLimits(
    delay_s=0.5,
    delay_s_max=4,
    stable_s=10,
    burst_max=5,
    burst_window_s=30,
    sustained_max=20,
    sustained_window_s=3600,
)


def crashes(
    count: int, *, every_s: float, ran_s: float = 0.0, limits: RestartLimits = LIMITS
) -> list[Verdict]:
    """The verdicts of so many crashes at even distances, up to giving up."""
    record, verdicts = RestartRecord(), list[Verdict]()
    for turn in range(count):
        record, verdict = after_crash(record, limits, now=turn * every_s, ran_s=ran_s, jitter=0.0)
        verdicts.append(verdict)
        if isinstance(verdict, GiveUp):
            break
    return verdicts


def test_the_delay_doubles_and_is_clamped() -> None:
    delays = [v.delay_s for v in crashes(6, every_s=40) if isinstance(v, Restart)]
    assert delays == [0.5, 1, 2, 4, 4, 4]


def test_a_stable_run_begins_again_with_the_first_delay() -> None:
    record = RestartRecord(in_a_row=5)
    _, just_short = after_crash(record, LIMITS, now=0, ran_s=9.9, jitter=0)
    _, stable = after_crash(record, LIMITS, now=0, ran_s=10.0, jitter=0)
    assert (just_short, stable) == (Restart(4), Restart(0.5))


def test_jitter_takes_at_most_a_quarter_off() -> None:
    assert after_crash(RestartRecord(), LIMITS, now=0, ran_s=0, jitter=1.0)[1] == Restart(0.375)


def test_a_burst_gives_up_at_its_limit_and_not_before() -> None:
    verdicts = crashes(9, every_s=2)
    assert all(isinstance(verdict, Restart) for verdict in verdicts[:5])
    assert verdicts[5] == GiveUp("burst", 5, 30)


def test_a_sustained_rate_gives_up_although_every_run_was_stable() -> None:
    verdicts = crashes(30, every_s=60, ran_s=59)
    assert len(verdicts) == 21
    assert verdicts[20] == GiveUp("sustained", 20, 3600)


def test_crashes_far_enough_apart_go_on_for_ever() -> None:
    verdicts = crashes(500, every_s=200, ran_s=199)
    assert all(verdict == Restart(0.5) for verdict in verdicts)


@pytest.mark.parametrize("in_a_row", [60, 61, 5000])
def test_a_very_long_row_of_crashes_still_has_a_delay(in_a_row: int) -> None:
    record = RestartRecord(in_a_row=in_a_row)
    assert after_crash(record, LIMITS, now=0, ran_s=0, jitter=0)[1] == Restart(4)


@given(
    st.lists(
        st.tuples(st.floats(0, 600), st.floats(0, 60), st.floats(0, 1)), min_size=1, max_size=200
    )
)
def test_no_window_ever_holds_more_restarts_than_its_limit(
    steps: list[tuple[float, float, float]],
) -> None:
    record, now = RestartRecord(), 0.0
    restarts: list[float] = []
    for gap_s, ran_s, jitter in steps:
        now += gap_s
        record, verdict = after_crash(record, LIMITS, now=now, ran_s=ran_s, jitter=jitter)
        assert len(record.restarts) <= LIMITS.sustained_max + 1
        if isinstance(verdict, Restart):
            assert 0 < verdict.delay_s <= LIMITS.delay_s_max
            now += verdict.delay_s
            restarts.append(now)
    for window_s, count_max in (
        (LIMITS.burst_window_s, LIMITS.burst_max),
        (LIMITS.sustained_window_s, LIMITS.sustained_max),
    ):
        for position, at in enumerate(restarts):
            inside = [other for other in restarts[: position + 1] if at - other < window_s]
            assert len(inside) <= count_max + 1
