"""Orders of listings that are linked, opened or relinked: F1 and E6 line by line."""

import msgspec
import pytest

from engine.links import Component, LinkedListing
from engine.opening import instant
from engine.order_state import (
    HISTORY_MAX,
    LineChange,
    OrderChange,
    Outcome,
    Share,
    StoredOrder,
)
from engine.orders import apply_link, compare
from engine.push_state import Span
from tests.unit.engine.order_cases import (
    BOOKING,
    LONG_AGO,
    OPEN_AT,
    RULES,
    STAMP,
    TEE,
    YES,
    certain,
    deltas,
    events,
    first,
    line,
    linked,
    order,
    stored,
)


def test_a_line_keeps_the_skus_it_was_counted_for() -> None:
    old = first(order(line(2)))
    relinked = {("tee", ""): LinkedListing(1, (Component(99, 1, LONG_AGO),))}
    cancel = order(line(0), at=1600, cancelled=True)
    assert deltas(compare(old, cancel, relinked, RULES, BOOKING)) == [(11, 2)]
    unlinked = compare(old, cancel, {}, RULES, BOOKING)
    assert deltas(unlinked) == [(11, 2)]
    assert unlinked.effects == ()


def test_a_listing_in_conflict_follows_its_orders_and_counts_nothing() -> None:
    links = {("tee", ""): LinkedListing(1, ())}
    change = compare(None, order(line(2)), links, RULES, BOOKING)
    assert events(change) == [certain(-2, STAMP, STAMP)]
    assert change.movements == ()
    released = apply_link(stored(change), ("tee", ""), TEE, RULES, BOOKING)
    assert deltas(released) == [(11, -2)]
    assert released.effects == ()


def test_linking_twice_books_once_and_other_listings_are_left_alone() -> None:
    old = first(order(line(2), line(1, "pair", key="2")), links={})
    change = apply_link(old, ("tee", ""), TEE, RULES, BOOKING)
    assert deltas(change) == [(11, -2)]
    assert stored(change).lines[1] == old.lines[1]
    again = apply_link(stored(change), ("tee", ""), TEE, RULES, BOOKING)
    assert again == OrderChange(Outcome.REPEATED)


@pytest.mark.parametrize(
    ("stamp", "delta", "is_listed"),
    [
        pytest.param(1997.9, [], False, id="before the margin"),
        pytest.param(1998.0, [(11, -2)], True, id="within it"),
        pytest.param(2002.1, [(11, -2)], False, id="after it"),
    ],
)
def test_the_opening_decides_whether_a_line_is_a_movement(
    stamp: float, delta: list[tuple[int, int]], is_listed: bool
) -> None:
    snapshot = order(line(2), stamp=stamp, at=2100)
    change = compare(None, snapshot, linked(instant(OPEN_AT)), RULES, BOOKING)
    assert deltas(change) == delta
    assert change.changes == (LineChange("1", 1, 0, 2, is_listed),)


@pytest.mark.parametrize(
    ("seen_before", "cut_delta", "raise_delta", "is_listed"),
    [
        pytest.param(2062.0, [], [(11, -1)], True, id="may have been before the opening"),
        pytest.param(2062.1, [(11, 2)], [(11, -1)], False, id="certainly after it"),
    ],
)
def test_a_change_of_an_order_inside_the_opening(
    seen_before: float,
    cut_delta: list[tuple[int, int]],
    raise_delta: list[tuple[int, int]],
    is_listed: bool,
) -> None:
    links = linked(instant(OPEN_AT))
    old = first(order(line(2), at=seen_before), links=links)
    assert old.lines[0].shares == (Share(11, 1, OPEN_AT),)
    cancel = compare(old, order(line(0), at=2200, cancelled=True), links, RULES, BOOKING)
    assert deltas(cancel) == cut_delta
    assert cancel.changes == (LineChange("1", 1, 2, 0, is_listed),)
    more = compare(old, order(line(3), at=2200), links, RULES, BOOKING)
    assert deltas(more) == raise_delta
    assert more.changes[0].is_listed is is_listed


def test_a_sku_opened_later_counts_what_came_after_its_reading() -> None:
    # A base order of 2 is inside the reading; one unit is cancelled after it and before it settles.
    waiting = {("tee", ""): LinkedListing(1, (Component(11, 1, None),))}
    old = first(order(line(2), at=1990), links=waiting)
    assert old.lines[0].counted == 0
    cut = compare(old, order(line(1), at=2100, changed_at=2099), waiting, YES, BOOKING, 2080.0)
    assert cut.movements == ()
    assert events(cut) == [certain(1, 2020, 2099)]
    opening = linked(Span(OPEN_AT, 2001.0))[("tee", "")]
    change = apply_link(stored(cut), ("tee", ""), opening, YES, BOOKING)
    assert deltas(change) == [(11, 1)]
    assert change.effects == ()
    assert stored(change).lines[0].counted == 1


@pytest.mark.parametrize("happened_after_s", [2.0, 99.0], ids=["at once", "just before"])
def test_a_waiting_line_forgets_changes_only_towards_too_few(happened_after_s: float) -> None:
    quantities = [3, 1, 4, 0, 5, 2, 6, 1, 3, 0, 7, 2, 4]
    known = first(order(line(9)), links={})
    changes: list[tuple[float, int]] = []
    for turn, quantity in enumerate(quantities):
        read_at = 1100.0 + 100 * turn
        known = stored(compare(known, order(line(quantity), at=read_at), {}, RULES, BOOKING))
        changes.append((read_at - 100 + happened_after_s, quantity))
    assert len(known.lines[0].history) == HISTORY_MAX
    for opening_at in range(1050, 2500, 10):
        inside = [quantity for at, quantity in [(STAMP, 9), *changes] if at <= opening_at][-1]
        opening = linked(instant(opening_at))[("tee", "")]
        late = apply_link(known, ("tee", ""), opening, RULES, BOOKING)
        assert sum(delta for _, delta in deltas(late)) <= inside - quantities[-1]


def test_what_is_stored_survives_the_store() -> None:
    links = linked(instant(OPEN_AT))
    old = first(order(line(2), line(1, "mug", key="2"), at=2100), links=links)
    change = compare(old, order(line(1), at=2200), links, RULES, BOOKING)
    for each in (old, stored(change)):
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(each), type=StoredOrder) == each
