"""The short way of a plain order says exactly what the long way says, and only of plain orders."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.links import Component, LinkedListing
from engine.opening import instant
from engine.order_state import Booking
from engine.orders import _first_seen, compare
from engine.plain_order import plain_order
from engine.push_state import MallRules, Span
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.engine.order_cases import BOOKING, LINKS, MINUTES, NEVER, NO, RULES, STAMP, YES
from tests.unit.engine.order_cases import line as made_line
from tests.unit.engine.order_cases import order as made_order

LATE = {
    **LINKS,
    ("late", ""): LinkedListing(4, (Component(13, 2, instant(STAMP - 1)),)),
    ("span", ""): LinkedListing(5, (Component(14, 1, Span(STAMP - 90, STAMP - 3)),)),
    ("unopened", ""): LinkedListing(6, (Component(15, 1, None),)),
    ("conflict", ""): LinkedListing(7, ()),
}

LINES = st.builds(
    OrderLine,
    line=st.sampled_from(["1", "2", "3"]),
    code=st.sampled_from(["tee", "pair", "set", "late", "span", "unopened", "conflict", "no"]),
    sub_code=st.just(""),
    quantity=st.integers(0, 4),
    original=st.none() | st.integers(0, 4),
    restocks=st.none() | st.booleans(),
)
OFTEN = st.sampled_from([False, False, False, True])
ORDERS = st.builds(
    made_order,
    at=st.sampled_from([STAMP, STAMP + 1, STAMP + 100]),
    cancelled=OFTEN,
    edited=OFTEN,
    cut_only=OFTEN,
    counts=OFTEN.map(lambda word: not word),
    changed_at=st.none() | st.just(STAMP + 5),
    parent=st.sampled_from(["", "", "o-0"]),
)


@given(
    order=ORDERS,
    lines=st.lists(LINES, max_size=3),
    rules=st.sampled_from([RULES, YES, NO, MINUTES]),
    booking=st.sampled_from([BOOKING, NEVER]),
)
def test_the_short_way_says_what_the_long_way_says(
    order: OrderSnapshot, lines: list[OrderLine], rules: MallRules, booking: Booking
) -> None:
    order = replace(order, lines=tuple(lines))
    short = plain_order(order, LATE, rules, booking)
    long = _first_seen(order, LATE, rules, booking)
    assert compare(None, order, LATE, rules, booking) == long
    if short is not None:
        assert short == long


def test_a_plain_order_takes_the_short_way() -> None:
    order = made_order(made_line(2), made_line(1, "pair", key="2", original=1))
    assert plain_order(order, LINKS, RULES, BOOKING) is not None


@pytest.mark.parametrize(
    ("stamp", "is_plain"), [(1003.0, True), (1002.0, False)], ids=["after eps", "within eps"]
)
def test_an_order_within_eps_of_the_opening_takes_the_long_way(
    stamp: float, *, is_plain: bool
) -> None:
    order = made_order(made_line(1), stamp=stamp)
    links = {("tee", ""): LinkedListing(1, (Component(11, 1, instant(1000.0)),))}
    short = plain_order(order, links, RULES, BOOKING)
    assert (short is not None) is is_plain
