"""The ledger: keys, totals and oversells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.ledger import (
    Movement,
    Oversold,
    Reason,
    adopt_key,
    movement_key,
    opening_key,
    order_key,
    oversold,
    request_key,
    stocktake_delta,
    total_after,
    totals_after,
)


def moved(sku_id: int, delta: int, key: str = "k") -> Movement:
    return Movement(sku_id, delta, Reason.ADJUSTMENT, 0.0, key)


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


def test_totals_are_sums_of_their_own_movements() -> None:
    movements = [moved(1, 5), moved(2, -1), moved(1, -7)]
    assert totals_after({1: 3, 2: 4, 9: 9}, movements) == {1: 1, 2: 3}
    assert totals_after({}, movements) == {1: -2, 2: -1}
    assert total_after(3, movements, 1) == 1
    assert total_after(3, [], 1) == 3


def test_a_stocktake_moves_the_total_to_what_was_counted() -> None:
    assert stocktake_delta(5, 3) == -2
    assert stocktake_delta(-2, 3) == 5


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
