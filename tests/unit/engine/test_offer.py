"""The offer: buffers, shares, units, caps, floors and bundles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.offer import Stock, Terms, bundle_offer, follows_total, offer


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
    terms = Terms(buffer, cap)
    assert offer(total, units, terms) == expected
    assert bundle_offer([Stock(total, units, terms)]) == expected


@pytest.mark.parametrize(
    ("stocks", "cap", "expected"),
    [
        pytest.param([], None, None, id="no component is no offer"),
        pytest.param([Stock(5, 1), Stock(9, 3)], None, 3, id="the scarcest decides"),
        pytest.param([Stock(9, 3), Stock(5, 1)], None, 3, id="in any order"),
        pytest.param([Stock(5, 1), Stock(-2, 1)], None, 0, id="an oversold part"),
        pytest.param([Stock(5, 1), Stock(None, 1)], None, None, id="an unopened part"),
        pytest.param([Stock(50, 1), Stock(90, 3)], 5, 5, id="capped"),
    ],
)
def test_the_offer_of_a_bundle(stocks: list[Stock], cap: int | None, expected: int | None) -> None:
    capped = [Stock(one.total, one.units, Terms(cap=cap)) for one in stocks]
    assert bundle_offer(capped) == expected


def test_story_16_the_capped_origin_keeps_offering_its_cap() -> None:
    # Total 100, cap 5: two sold leave the offer at 5, so that the origin is due +2.
    assert offer(100, terms=Terms(cap=5)) == 5
    assert offer(98, terms=Terms(cap=5)) == 5


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
    terms = Terms(buffer, cap)
    old, new = offer(before, units, terms), offer(after, units, terms)
    assert old is not None
    assert new is not None
    assert new - old == delta


@pytest.mark.parametrize(
    ("total", "units", "terms", "expected"),
    [
        pytest.param(5, 1, Terms(floor=5), 5, id="at the floor"),
        pytest.param(4, 1, Terms(floor=5), 0, id="below the floor nothing is shown"),
        pytest.param(6, 1, Terms(buffer=2, floor=5), 0, id="the floor is one of the offer"),
        pytest.param(9, 2, Terms(floor=4), 4, id="in lots"),
        pytest.param(9, 1, Terms(share=50), 4, id="a share is rounded down"),
        pytest.param(1, 1, Terms(share=50), 0, id="half of one is none"),
        pytest.param(9, 1, Terms(buffer=2, share=50), 3, id="the buffer comes off first"),
        pytest.param(9, 2, Terms(share=50), 2, id="a share of units, not of lots"),
        pytest.param(9, 1, Terms(share=0), 0, id="no share"),
        pytest.param(100, 1, Terms(cap=5, share=50), 5, id="a share above the cap"),
        pytest.param(9, 1, Terms(cap=3, floor=4), 0, id="a cap below the floor"),
        pytest.param(-9, 1, Terms(share=50, floor=1), 0, id="oversold"),
    ],
)
def test_floors_and_shares_show_less(total: int, units: int, terms: Terms, expected: int) -> None:
    assert offer(total, units, terms) == expected


some_terms = st.builds(
    Terms, st.integers(0, 9), st.none() | st.integers(0, 9), st.integers(0, 9), st.integers(0, 100)
)


@given(st.integers(-20, 60), st.integers(1, 4), some_terms)
def test_no_term_raises_an_offer_and_more_stock_never_lowers_it(
    total: int, units: int, terms: Terms
) -> None:
    plain, shown, more = (
        offer(total, units),
        offer(total, units, terms),
        offer(total + 1, units, terms),
    )
    assert plain is not None
    assert shown is not None
    assert more is not None
    assert 0 <= shown <= plain
    assert shown <= more


@given(st.integers(-5, 40), some_terms)
def test_what_follows_its_total_moves_by_one_between_zero_and_the_cap(
    total: int, terms: Terms
) -> None:
    if not follows_total([Stock(total, 1, terms)]):
        return
    shown, less = offer(total, 1, terms), offer(total - 1, 1, terms)
    assert shown is not None
    assert less is not None
    if shown > 0 and shown != terms.cap:
        assert shown - less == 1


@pytest.mark.parametrize(
    ("units", "terms"),
    [([2], Terms()), ([1, 1], Terms()), ([1], Terms(share=50)), ([1], Terms(floor=2))],
)
def test_an_offer_that_does_not_follow_its_total_is_never_adopted(
    units: list[int], terms: Terms
) -> None:
    # At half of ten, five are shown: one unit more at the mall says nothing of one unit more held.
    assert not follows_total([Stock(10, one, terms) for one in units])
