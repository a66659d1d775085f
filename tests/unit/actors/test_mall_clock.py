"""The mall's clock, learnt from replies."""

import random
from email.utils import formatdate

import pytest

from actors.mall_clock import MallClock, retry_after_s

NOON = 1_700_000_000.0


def heard(clock: MallClock, sent: float, took_s: float, offset_s: float) -> None:
    """A reply written half-way, by a mall whose clock is off by offset_s."""
    mall = sent + took_s / 2 + offset_s
    clock.heard(formatdate(mall, usegmt=True), sent, sent + took_s)


def test_before_the_first_reply_the_offset_is_not_known() -> None:
    clock = MallClock()
    assert not clock.is_known
    assert clock.mall_time(NOON) == NOON


@pytest.mark.parametrize("offset_s", [-7_200.0, -0.4, 0.0, 3.3])
def test_one_reply_tells_the_offset_to_the_second(offset_s: float) -> None:
    clock = MallClock()
    heard(clock, NOON + 0.7, 0.05, offset_s)
    assert clock.is_known
    assert clock.offset_s == pytest.approx(offset_s, abs=0.6)
    assert clock.wall_time(clock.mall_time(NOON)) == pytest.approx(NOON)


def test_many_replies_tell_it_to_a_fraction() -> None:
    clock, chance = MallClock(), random.Random(4)
    for number in range(60):
        heard(clock, NOON + number * 3 + chance.random(), 0.05, 3.3)
    assert clock.offset_s == pytest.approx(3.3, abs=0.1)


def test_a_clock_that_was_set_is_learnt_anew_at_once() -> None:
    clock = MallClock()
    for number in range(20):
        heard(clock, NOON + number * 1.1, 0.05, 0.0)
    heard(clock, NOON + 100, 0.05, 60.0)
    assert clock.offset_s == pytest.approx(60, abs=0.6)


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Foo 2023 25:61:00 GMT"])
def test_a_date_that_cannot_be_read_teaches_nothing(date: str) -> None:
    clock = MallClock()
    clock.heard(date, NOON, NOON + 1)
    assert not clock.is_known


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("3", 3.0),
        (" 120 ", 120.0),
        (formatdate(NOON + 30, usegmt=True), 30.0),
        (formatdate(NOON - 30, usegmt=True), 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(text: str, wait_s: float | None) -> None:
    assert retry_after_s(text, NOON) == wait_s
