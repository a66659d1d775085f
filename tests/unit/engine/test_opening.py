"""F1: both sides of the opening's margin."""

import pytest

from engine.opening import (
    OpeningRule,
    cut_rule,
    instant,
    is_clear,
    opening_rule,
    opening_total,
    raise_rule,
)
from engine.push_state import Span

A0 = instant(100.0)
READING = Span(100.0, 101.0)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param(Span(97, 97.9), OpeningRule.INSIDE, id="just before the margin"),
        pytest.param(Span(98, 98), OpeningRule.MOVEMENT_LISTED, id="on its lower end"),
        pytest.param(Span(100, 100), OpeningRule.MOVEMENT_LISTED, id="equal stamps"),
        pytest.param(Span(102, 102), OpeningRule.MOVEMENT_LISTED, id="on its upper end"),
        pytest.param(Span(102.1, 103), OpeningRule.MOVEMENT, id="just after the margin"),
        pytest.param(Span(60, 120), OpeningRule.MOVEMENT_LISTED, id="a minute that holds it"),
    ],
)
def test_an_order_of_another_mall_stands_to_the_starting_instant(
    moment: Span, expected: OpeningRule
) -> None:
    assert opening_rule(moment, A0, 2.0) is expected


@pytest.mark.parametrize(
    ("stamp", "settling", "settled"),
    [
        pytest.param(97.9, OpeningRule.INSIDE, OpeningRule.INSIDE, id="before"),
        pytest.param(98.0, OpeningRule.READ_AGAIN, OpeningRule.MOVEMENT_LISTED, id="near a"),
        pytest.param(100.5, OpeningRule.READ_AGAIN, OpeningRule.MOVEMENT_LISTED, id="in it"),
        pytest.param(103.0, OpeningRule.READ_AGAIN, OpeningRule.MOVEMENT_LISTED, id="near b"),
        pytest.param(103.1, OpeningRule.MOVEMENT, OpeningRule.MOVEMENT, id="after"),
    ],
)
def test_a_base_order_near_the_reading_is_read_again_while_it_can_be(
    stamp: float, settling: OpeningRule, settled: OpeningRule
) -> None:
    moment = Span(stamp, stamp)
    assert opening_rule(moment, READING, 2.0, is_settling=True) is settling
    assert opening_rule(moment, READING, 2.0) is settled
    assert is_clear([Span(1, 1), moment], READING, 2.0) == (settling is not OpeningRule.READ_AGAIN)


@pytest.mark.parametrize(
    ("began", "cut", "raised"),
    [
        (102.0, OpeningRule.INSIDE_LISTED, OpeningRule.MOVEMENT_LISTED),
        (102.1, OpeningRule.MOVEMENT, OpeningRule.MOVEMENT),
        (50.0, OpeningRule.INSIDE_LISTED, OpeningRule.MOVEMENT_LISTED),
    ],
)
def test_doubt_about_a_change_never_adds_a_unit(
    began: float, cut: OpeningRule, raised: OpeningRule
) -> None:
    assert cut_rule(began, 100.0, 2.0) is cut
    assert raise_rule(began, 100.0, 2.0) is raised


def test_the_opening_is_what_the_base_listing_takes() -> None:
    assert opening_total(7, 1) == 7
    assert opening_total(7, 3) == 21
    assert is_clear([], READING, 2.0)
