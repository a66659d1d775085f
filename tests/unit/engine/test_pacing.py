"""Pacing keeps a mall's published rates, whatever the callers do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connector import Rate
from engine.pacing import AUDIT_SHARE, Pacing


def paced(*rates: Rate, speed: float = 1.0, wait_s_max: float = 900.0) -> Pacing:
    return Pacing(rates, speed=speed, wait_s_max=wait_s_max)


def granted(pacing: Pacing, bucket: str, until: float, *, is_audit: bool = False) -> list[float]:
    """The instants granted to a caller that asks again whenever a wait is over."""
    now, instants = 0.0, []
    while now <= until:
        wait_s = pacing.take(bucket, now, is_audit=is_audit)
        if wait_s == 0:
            instants.append(now)
        now += max(wait_s, 1e-9)
    return instants


def test_the_first_call_goes_at_once_and_the_second_waits_one_interval() -> None:
    pacing = paced(Rate("orders", calls=1, per_s=1.1))
    assert pacing.take("orders", 100.0) == 0
    assert pacing.take("orders", 100.0) == pytest.approx(1.1)
    assert pacing.take("orders", 101.1) == 0


def test_a_wait_takes_nothing() -> None:
    pacing = paced(Rate("orders", calls=1, per_s=1))
    assert pacing.take("orders", 0) == 0
    assert pacing.take("orders", 0.5) == pytest.approx(0.5)
    assert pacing.take("orders", 0.5) == pytest.approx(0.5)
    assert pacing.take("orders", 1.0) == 0


def test_a_burst_goes_at_once_and_then_the_rate_holds() -> None:
    pacing = paced(Rate("items", calls=5, per_s=1, burst=3))
    assert [pacing.take("items", 10.0) for _ in range(3)] == [0, 0, 0]
    assert pacing.take("items", 10.0) == pytest.approx(0.2)


def test_buckets_do_not_disturb_each_other() -> None:
    pacing = paced(Rate("orders", calls=1, per_s=1), Rate("stock", calls=1, per_s=1))
    assert pacing.take("orders", 0) == 0
    assert pacing.take("stock", 0) == 0
    pacing.refused("orders", 0, retry_after_s=60)
    assert pacing.take("stock", 1.0) == 0


def test_speed_multiplies_the_rate() -> None:
    pacing = paced(Rate("orders", calls=1, per_s=1), speed=10)
    assert pacing.take("orders", 0) == 0
    assert pacing.take("orders", 0) == pytest.approx(0.1)


def test_a_bucket_no_rate_names_is_a_bug() -> None:
    with pytest.raises(KeyError):
        paced(Rate("orders", calls=1, per_s=1)).take("order", 0)


def test_audits_use_half_of_the_rate() -> None:
    instants = granted(paced(Rate("stock", calls=1, per_s=1)), "stock", 20, is_audit=True)
    assert instants == pytest.approx([2.0 * turn for turn in range(11)])


def test_what_audits_leave_is_free_for_pushes() -> None:
    pacing = paced(Rate("stock", calls=1, per_s=1))
    assert pacing.take("stock", 0, is_audit=True) == 0
    assert pacing.take("stock", 1.0) == 0
    assert pacing.take("stock", 1.5, is_audit=True) == pytest.approx(0.5)


def test_retry_after_closes_the_bucket_and_leaves_no_burst_behind() -> None:
    pacing = paced(Rate("stock", calls=5, per_s=1, burst=5))
    assert pacing.refused("stock", 10.0, retry_after_s=30) == 30
    assert pacing.take("stock", 39.0) == pytest.approx(1.0)
    assert pacing.take("stock", 40.0) == 0
    assert pacing.take("stock", 40.0) == pytest.approx(0.2)


def test_a_refusal_without_retry_after_doubles_until_the_mall_answers() -> None:
    pacing = paced(Rate("stock", calls=1, per_s=1), wait_s_max=10)
    waits = [pacing.refused("stock", 0, retry_after_s=None) for _ in range(6)]
    assert waits == [1, 2, 4, 8, 10, 10]
    pacing.answered("stock")
    assert pacing.refused("stock", 0, retry_after_s=None) == 1


@pytest.mark.parametrize(
    ("asked", "waited"), [(-5.0, 0.0), (0.0, 0.0), (60.0, 60.0), (900.0, 900.0), (901.0, 900.0)]
)
def test_a_retry_after_is_cut_to_its_bounds(asked: float, waited: float) -> None:
    pacing = paced(Rate("stock", calls=1, per_s=1))
    assert pacing.refused("stock", 0, retry_after_s=asked) == waited


def test_a_shorter_refusal_does_not_open_the_bucket_earlier() -> None:
    pacing = paced(Rate("stock", calls=1, per_s=1))
    pacing.refused("stock", 0, retry_after_s=60)
    pacing.refused("stock", 1, retry_after_s=2)
    assert pacing.take("stock", 30) == pytest.approx(30)


def test_a_clock_that_steps_back_grants_nothing_extra() -> None:
    pacing = paced(Rate("stock", calls=1, per_s=1))
    assert pacing.take("stock", 100) == 0
    assert pacing.take("stock", 50) == pytest.approx(51)


@given(
    calls=st.integers(1, 20),
    per_s=st.floats(0.1, 60),
    burst=st.integers(1, 10),
    steps=st.lists(st.tuples(st.floats(0, 5), st.booleans(), st.booleans()), max_size=150),
)
def test_no_window_ever_holds_more_than_the_burst_and_its_share(
    calls: int, per_s: float, burst: int, steps: list[tuple[float, bool, bool]]
) -> None:
    pacing = paced(Rate("stock", calls=calls, per_s=per_s, burst=burst))
    now, opens_at = 0.0, 0.0
    every: list[float] = []
    audits: list[float] = []
    for step, is_audit, is_refused in steps:
        now += step
        if is_refused:
            opens_at = max(opens_at, now + pacing.refused("stock", now, retry_after_s=step))
        if pacing.take("stock", now, is_audit=is_audit) == 0:
            assert now >= opens_at
            every.append(now)
            if is_audit:
                audits.append(now)
    for instants, rate, room in ((every, calls / per_s, burst), (audits, calls / per_s / 2, 1)):
        for first, start in enumerate(instants):
            for last in range(first, len(instants)):
                window_s = instants[last] - start
                assert last - first + 1 <= room + window_s * rate + 1e-6


@pytest.mark.parametrize(
    ("told", "interval_s"), [(2.0, 0.5), (0.5, 2.0), (1000.0, 0.1), (0.001, 10.0), (0.0, 1.0)]
)
def test_a_rate_that_a_reply_told_counts_within_bounds_of_the_published_one(
    told: float, interval_s: float
) -> None:
    pacing = Pacing([Rate(bucket="b", calls=1, per_s=1.0)], speed=1, wait_s_max=900)
    pacing.told("b", told)
    assert pacing.take("b", 0.0) == 0
    assert pacing.take("b", 0.0) == pytest.approx(interval_s)
    audit_s = max(interval_s, interval_s / AUDIT_SHARE)
    assert pacing.take("b", 100.0, is_audit=True) == 0
    assert pacing.take("b", 100.0, is_audit=True) == pytest.approx(audit_s)
