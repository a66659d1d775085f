"""The stories of the push protocol that orders decide."""

import pytest

from engine.connector import WriteKind
from engine.opening import instant
from engine.order_state import OrderChange, Outcome
from engine.orders import apply_link, compare, is_unchanged
from engine.push_state import MallRestocks, MallRules, Span
from engine.snapshot import OrderMark
from tests.unit.engine.order_cases import (
    BOOKING,
    LINKS,
    MINUTES,
    OPEN_AT,
    RULES,
    STAMP,
    TEE,
    certain,
    deltas,
    events,
    first,
    line,
    linked,
    maybe,
    opened,
    order,
    stored,
)


def test_story_09_a_repeated_or_older_snapshot_changes_nothing() -> None:
    old = first(order(line(2), at=1500))
    assert compare(old, order(line(2), at=1500), LINKS, RULES, BOOKING) == OrderChange(
        Outcome.REPEATED
    )
    older = compare(old, order(line(7), at=1499), LINKS, RULES, BOOKING)
    assert older == OrderChange(Outcome.OLDER)


def test_story_10_the_cancel_nobody_knows_moves_the_total_and_is_a_maybe() -> None:
    old = first(order(line(1), at=1500))
    change = compare(old, order(line(0), at=1700, cancelled=True), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, 1)]
    assert events(change) == [maybe(1, 1440, 1701)]


def test_story_11_an_order_first_seen_cancelled_starts_its_bracket_at_its_stamp() -> None:
    snapshot = order(line(0, original=1), cancelled=True, at=1700)
    change = compare(None, snapshot, LINKS, RULES, BOOKING)
    assert change.movements == ()
    assert events(change) == [certain(-1, 1000, 1000), maybe(1, 1000, 1701)]


def test_story_18_an_order_before_the_opening_is_counted_and_its_later_cancel_is_one() -> None:
    links = linked(Span(OPEN_AT, 2001.0))
    change = compare(None, order(line(1), stamp=1990, at=2010), links, RULES, BOOKING)
    assert change.movements == ()
    old = stored(change)
    assert old.lines[0].counted == 1
    later = stored(compare(old, order(line(1), at=2100), links, RULES, BOOKING))
    cancel = compare(later, order(line(0), at=2200, cancelled=True), links, RULES, BOOKING)
    assert deltas(cancel) == [(11, 1)]


def test_story_20_a_late_order_moves_the_total_and_carries_its_old_stamp() -> None:
    change = compare(None, order(line(1), at=9000), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, -1)]
    assert events(change) == [certain(-1, STAMP, STAMP)]


def test_story_25_an_unlinked_line_is_kept_and_taken_off_when_it_is_linked() -> None:
    change = compare(None, order(line(1)), {}, RULES, BOOKING)
    assert change.movements == ()
    assert change.effects == ()
    (kept,) = stored(change).lines
    assert (kept.counted, kept.listing_id, kept.quantity) == (0, None, 1)
    link = apply_link(stored(change), ("tee", ""), TEE, RULES, BOOKING)
    assert deltas(link) == [(11, -1)]
    # Stamped before the link's reading: E2 finds it inside and leaves expected alone.
    assert events(link) == [certain(-1, STAMP, STAMP)]


def test_story_25_an_order_lowers_only_its_own_listing() -> None:
    change = compare(None, order(line(1, "pair")), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, -2)]
    assert [(effect.listing_id, effect.event.effect) for effect in change.effects] == [(2, -1)]


def test_story_27_an_older_order_that_was_cancelled_shows_another_mark_and_is_read_again() -> None:
    old = first(order(line(1)))
    assert is_unchanged(old, OrderMark("o-1", STAMP, "new"))
    assert not is_unchanged(old, OrderMark("o-1", STAMP, "cancelled"))


def test_story_28_by_default_a_restock_is_unknown() -> None:
    assert MallRules(write_kind=WriteKind.RELATIVE).mall_restocks is MallRestocks.UNKNOWN
    old = first(order(line(1)))
    cancel = order(line(0, restocks=False), at=1600, cancelled=True)
    assert compare(old, cancel, LINKS, RULES, BOOKING).effects == ()


def test_story_29_a_sale_elsewhere_between_two_opening_reads_is_a_movement() -> None:
    # The first read began at 2000 and was dropped; the second, at 2010, settles. For this mall the
    # starting instant is that of the first.
    snapshot = order(line(1), stamp=2005, at=2030)
    change = compare(None, snapshot, linked(instant(OPEN_AT)), RULES, BOOKING)
    assert deltas(change) == [(11, -1)]


def test_story_30_an_unlinked_line_older_than_the_start_makes_no_movement() -> None:
    old = first(order(line(1)), links={})
    listing = linked(instant(OPEN_AT))[("tee", "")]
    change = apply_link(old, ("tee", ""), listing, RULES, BOOKING)
    assert change.movements == ()
    assert stored(change).lines[0].counted == 1


def test_story_35_first_seen_edited_leaves_the_high_end_where_a_raise_is_possible() -> None:
    change = compare(None, order(line(2), edited=True), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, -2)]
    assert events(change) == [opened(-2, 1000, 1011, spares_high=True)]


def test_story_36_a_parked_order_that_is_read_at_last_counts_with_its_own_stamp() -> None:
    change = compare(None, order(line(1), at=STAMP + 86_400), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, -1)]
    assert events(change) == [certain(-1, STAMP, STAMP)]


@pytest.mark.parametrize(
    ("at", "end"),
    [
        pytest.param(1030.0, 1031.0, id="cut to the first poll that showed it"),
        pytest.param(1300.0, 1060.0, id="a minute at most"),
        pytest.param(998.0, 1000.0, id="a clock that is behind never turns it round"),
    ],
)
def test_story_37_a_stamp_in_minutes_is_a_span(at: float, end: float) -> None:
    change = compare(None, order(line(1), at=at), LINKS, MINUTES, BOOKING)
    assert events(change) == [certain(-1, STAMP, end)]
