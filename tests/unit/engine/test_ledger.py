"""The ledger: keys, totals and oversells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger import (
    Instant,
    Oversold,
    Past,
    adopt_key,
    moved_since,
    movement_key,
    opening_key,
    order_key,
    oversold,
    request_key,
)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(1, 0, None, id="the last unit is no oversell"),
        pytest.param(0, -1, Oversold(7, -1, 1), id="one below zero"),
        pytest.param(2, -1, Oversold(7, -1, 1), id="only what is below zero counts"),
        pytest.param(-1, -3, Oversold(7, -3, 2), id="worse by two"),
        pytest.param(-3, -1, None, id="better, though still below"),
        pytest.param(-1, -1, None, id="unmoved"),
        pytest.param(-1, 4, None, id="healed"),
    ],
)
def test_an_oversell_is_a_fall_that_ends_below_zero(
    before: int, after: int, expected: Oversold | None
) -> None:
    assert oversold(7, before, after) == expected


HERE, SHOP = None, 3


@pytest.mark.parametrize(
    ("row", "by"),
    [
        pytest.param(Past(SHOP, 89.0, -1), 0, id="a sale before the count is inside it"),
        pytest.param(Past(SHOP, 111.0, -1), -1, id="a sale after it"),
        pytest.param(Past(SHOP, 95.0, -1), -1, id="a sale too close to tell counts"),
        pytest.param(Past(SHOP, 105.0, 1), 0, id="a cancel too close to tell does not"),
        pytest.param(Past(SHOP, 111.0, 1), 1, id="a cancel after it"),
        pytest.param(Past(HERE, 50.0, 4), 0, id="a receipt before the count is inside it"),
        pytest.param(Past(HERE, 51.0, 4), 4, id="a receipt after it"),
        pytest.param(Past(9, 51.0, -4), -4, id="a mall that is gone is told by this clock"),
    ],
)
def test_what_moved_since_a_count_is_told_by_when_it_took_place(row: Past, by: int) -> None:
    instants = {HERE: Instant(50.0, 0.0), SHOP: Instant(100.0, 10.0)}
    assert moved_since([row], instants) == by
    assert moved_since([row, row], instants) == 2 * by


def test_keys_of_different_causes_differ() -> None:
    keys = {
        order_key("rakuten", "o-1", "1", 5, 1),
        order_key("rakuten", "o-1", "1", 5, 2),
        order_key("rakuten", "o-1", "1", 6, 1),
        order_key("rakuten", "o-1", "2", 5, 1),
        order_key("yahoo", "o-1", "1", 5, 1),
        opening_key(5),
        adopt_key(5, 1),
        request_key("5", 1),
    }
    assert len(keys) == 8


parts = st.lists(st.text(alphabet=":%a3A25", max_size=4), min_size=1, max_size=4)


@given(parts, parts)
def test_two_lists_of_parts_never_share_a_key(left: list[str], right: list[str]) -> None:
    assert (movement_key("order", *left) == movement_key("order", *right)) == (left == right)
