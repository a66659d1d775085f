"""The offer: buffers, units, caps and bundles."""

import pytest

from engine.offer import Stock, bundle_offer, offer


@pytest.mark.parametrize(
    ("total", "buffer", "units", "cap", "expected"),
    [
        pytest.param(None, 0, 1, None, None, id="no total, no offer"),
        pytest.param(0, 0, 1, None, 0, id="none"),
        pytest.param(3, 0, 1, None, 3, id="plain"),
        pytest.param(-1, 0, 1, None, 0, id="oversold is clamped"),
        pytest.param(-1, 0, 2, None, 0, id="oversold lots are clamped"),
        pytest.param(1, 1, 1, None, 0, id="all of it is buffer"),
        pytest.param(2, 1, 1, None, 1, id="one above the buffer"),
        pytest.param(0, 1, 1, None, 0, id="below the buffer"),
        pytest.param(5, 0, 2, None, 2, id="a broken lot is not offered"),
        pytest.param(6, 0, 2, None, 3, id="whole lots"),
        pytest.param(6, 1, 2, None, 2, id="the buffer comes off before the lots"),
        pytest.param(5, 0, 1, 5, 5, id="at the cap"),
        pytest.param(6, 0, 1, 5, 5, id="above the cap"),
        pytest.param(6, 0, 1, 0, 0, id="a cap of nothing"),
    ],
)
def test_the_offer_of_one_component(
    total: int | None, buffer: int, units: int, cap: int | None, expected: int | None
) -> None:
    assert offer(total, buffer, units, cap) == expected
    assert bundle_offer([Stock(total, buffer, units)], cap) == expected


@pytest.mark.parametrize(
    ("stocks", "cap", "expected"),
    [
        pytest.param([], None, None, id="no component is no offer"),
        pytest.param([Stock(5, 0, 1), Stock(9, 0, 3)], None, 3, id="the scarcest decides"),
        pytest.param([Stock(9, 0, 3), Stock(5, 0, 1)], None, 3, id="in any order"),
        pytest.param([Stock(5, 0, 1), Stock(-2, 0, 1)], None, 0, id="an oversold part"),
        pytest.param([Stock(5, 0, 1), Stock(None, 0, 1)], None, None, id="an unopened part"),
        pytest.param([Stock(50, 0, 1), Stock(90, 0, 3)], 5, 5, id="capped"),
    ],
)
def test_the_offer_of_a_bundle(stocks: list[Stock], cap: int | None, expected: int | None) -> None:
    assert bundle_offer(stocks, cap) == expected


def test_story_16_the_capped_origin_keeps_offering_its_cap() -> None:
    # Total 100, cap 5: two sold leave the offer at 5, so that the origin is due +2.
    assert offer(100, cap=5) == 5
    assert offer(98, cap=5) == 5


@pytest.mark.parametrize(
    ("before", "after", "buffer", "units", "cap", "delta"),
    [
        pytest.param(-1, 2, 0, 1, None, 2, id="from below zero"),
        pytest.param(1, 3, 1, 1, None, 2, id="with a buffer"),
        pytest.param(9, 7, 0, 1, 5, 0, id="above the cap"),
        pytest.param(5, 4, 0, 2, None, 0, id="inside a lot"),
        pytest.param(4, 3, 0, 2, None, -1, id="out of a lot"),
    ],
)
def test_story_17_deltas_are_taken_between_offers(
    before: int, after: int, buffer: int, units: int, cap: int | None, delta: int
) -> None:
    old, new = offer(before, buffer, units, cap), offer(after, buffer, units, cap)
    assert old is not None
    assert new is not None
    assert new - old == delta
