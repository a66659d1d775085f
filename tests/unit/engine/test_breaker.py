"""The breaker's judgement: both sides of every limit, windows, and what counts once."""

import pytest

from engine.breaker import (
    LISTINGS_MIN,
    Breaker,
    BreakerLimits,
    Change,
    Shelf,
    change_of,
    closed,
    given_out,
    is_too_much,
    rolled,
    sent_mark,
    tripped,
    uncounted,
)

LIMITS = BreakerLimits(listings_share=0.3, zero_share=0.1, window_s=3600.0)


@pytest.mark.parametrize(
    ("waiting", "to_zero", "sent", "linked", "too_much"),
    [
        pytest.param(19, 19, 0, 19, False, id="below 20 listings"),
        pytest.param(20, 20, 0, 20, True, id="20 of 20"),
        pytest.param(30, 0, 0, 100, False, id="just the share"),
        pytest.param(31, 0, 0, 100, True, id="one more than the share"),
        pytest.param(1, 0, 30, 100, True, id="with what went out before"),
        pytest.param(0, 0, 90, 100, False, id="nothing waits"),
        pytest.param(20, 10, 0, 1000, False, id="just the share to zero"),
        pytest.param(101, 101, 0, 1000, True, id="one more than the share to zero"),
        pytest.param(100, 100, 0, 1000, False, id="a tenth to zero"),
        pytest.param(19, 19, 0, 40, False, id="many to zero, but below 20"),
    ],
)
def test_what_is_too_much(
    waiting: int, to_zero: int, sent: int, linked: int, too_much: bool
) -> None:
    breaker = Breaker(waiting=waiting, waiting_to_zero=to_zero, sent=sent)
    assert is_too_much(breaker, Shelf(linked, linked), LIMITS) is too_much


def test_the_share_to_zero_is_of_those_above_zero() -> None:
    breaker = Breaker(waiting=LISTINGS_MIN, waiting_to_zero=2)
    assert is_too_much(breaker, Shelf(linked=1000, above_zero=19), LIMITS)
    assert not is_too_much(breaker, Shelf(linked=1000, above_zero=20), LIMITS)


def test_what_was_sent_to_zero_was_above_zero_before() -> None:
    breaker = Breaker(waiting=1, waiting_to_zero=1, sent=19, sent_to_zero=19)
    assert is_too_much(breaker, Shelf(linked=1000, above_zero=100), LIMITS)
    assert not is_too_much(breaker, Shelf(linked=1000, above_zero=181), LIMITS)


@pytest.mark.parametrize("share", ["listings_share", "zero_share"])
def test_a_share_of_one_is_no_limit(share: str) -> None:
    shares = {"listings_share": 1.0, "zero_share": 1.0} | {share: 0.5}
    one = BreakerLimits(shares["listings_share"], shares["zero_share"], 3600.0)
    none = BreakerLimits(1.0, 1.0, 3600.0)
    breaker = Breaker(waiting=100, waiting_to_zero=100)
    assert is_too_much(breaker, Shelf(100, 100), one)
    assert not is_too_much(breaker, Shelf(100, 100), none)


@pytest.mark.parametrize(
    ("shown", "wanted", "change"),
    [(5, 0, Change.TO_ZERO), (0, 5, Change.ALTERS), (5, 4, Change.ALTERS), (-1, 0, Change.ALTERS)],
)
def test_only_what_was_on_sale_goes_to_zero(shown: int, wanted: int, change: Change) -> None:
    assert change_of(shown, wanted) is change


@pytest.mark.parametrize("change", [Change.ALTERS, Change.TO_ZERO])
def test_a_listing_counts_once_in_a_window(change: Change) -> None:
    assert uncounted(change, 0, 7) is change
    assert uncounted(change, sent_mark(7, change), 7) is Change.NONE
    assert uncounted(change, sent_mark(6, Change.TO_ZERO), 7) is change


def test_one_that_was_altered_and_goes_to_zero_counts_as_such() -> None:
    assert uncounted(Change.TO_ZERO, sent_mark(7, Change.ALTERS), 7) is Change.TO_ZERO
    assert uncounted(Change.ALTERS, sent_mark(7, Change.TO_ZERO), 7) is Change.NONE


def test_a_window_rolls_when_it_has_run_out_and_not_while_it_is_tripped() -> None:
    breaker = given_out(Breaker(window=1, since=100.0), 5, 2)
    assert rolled(breaker, 3699.9, LIMITS) == breaker
    fresh = rolled(breaker, 3700.0, LIMITS)
    assert (fresh.window, fresh.since, fresh.sent, fresh.sent_to_zero) == (2, 3700.0, 0, 0)
    assert rolled(breaker, 99.0, LIMITS).window == 2  # The clock was set back.
    waiting = tripped(breaker, 200.0)
    assert rolled(waiting, 99_999.0, LIMITS) == waiting


def test_a_plan_is_named_after_what_joined_it() -> None:
    breaker = Breaker(waiting=25, grown=25)
    first = tripped(breaker, 1.0)
    assert first.is_tripped
    assert first.plan != breaker.plan
    again = tripped(closed(first, 2.0), 3.0)
    assert again.plan != first.plan
    assert closed(first, 2.0).waiting == 0
    assert not closed(first, 2.0).is_tripped
