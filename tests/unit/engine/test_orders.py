"""What a snapshot counts, and what it did to the mall: first seen, seen again, split."""

import pytest
from msgspec.structs import replace

from engine.ledger import Reason
from engine.opening import instant
from engine.order_state import (
    LineChange,
    Outcome,
    Share,
    StoredLine,
    StoredOrder,
)
from engine.orders import (
    children_first,
    compare,
    is_unchanged,
)
from engine.push_state import MallRules, OwnEffect, Span
from engine.snapshot import OrderMark, OrderSnapshot
from tests.unit.engine.order_cases import (
    BOOKING,
    LINKS,
    NEVER,
    NO,
    OPEN_AT,
    RULES,
    STAMP,
    YES,
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

# --- first seen -------------------------------------------------------------------------------


def test_a_first_seen_line_is_a_movement_and_an_effect_at_its_stamp() -> None:
    change = compare(None, order(line(2)), LINKS, RULES, BOOKING)
    assert change.outcome is Outcome.FIRST_SEEN
    assert change.changes == (LineChange("1", 1, 0, 2),)
    assert events(change) == [certain(-2, STAMP, STAMP)]
    (movement,) = change.movements
    assert (movement.sku_id, movement.delta, movement.reason) == (11, -2, Reason.ORDER)
    assert (movement.mall, movement.order, movement.line) == ("rakuten", "o-1", "1")
    assert movement.at == BOOKING.at
    new = stored(change)
    assert (new.read_from, new.read_until, new.mark) == (1010.0, 1011.0, "new")
    assert new.lines == (
        StoredLine(
            line="1",
            code="tee",
            sub_code="",
            quantity=2,
            counted=2,
            original=2,
            listing_id=1,
            sequence=1,
            shares=(Share(11, 1),),
        ),
    )


def test_every_component_of_a_bundle_moves_by_its_units() -> None:
    change = compare(None, order(line(2, "set")), LINKS, RULES, BOOKING)
    assert deltas(change) == [(11, -2), (12, -6)]
    assert events(change) == [certain(-2, STAMP, STAMP)]


@pytest.mark.parametrize(
    ("snapshot", "rules", "expected"),
    [
        pytest.param(
            order(line(2, original=3)),
            RULES,
            [certain(-3, 1000, 1000), maybe(1, 1000, 1011)],
            id="cut before, nobody knows of the restock",
        ),
        pytest.param(
            order(line(2, original=3)),
            YES,
            [certain(-3, 1000, 1000), certain(1, 1000, 1011)],
            id="cut before, the mall restocks",
        ),
        pytest.param(
            order(line(2, original=3)), NO, [certain(-3, 1000, 1000)], id="cut before, no restock"
        ),
        pytest.param(
            order(line(2, original=3, restocks=True)),
            NO,
            [certain(-3, 1000, 1000), certain(1, 1000, 1011)],
            id="the line's flag says yes",
        ),
        pytest.param(
            order(line(2, original=3, restocks=False)),
            YES,
            [certain(-3, 1000, 1000)],
            id="the line's flag says no",
        ),
        pytest.param(
            order(line(3, original=2)),
            YES,
            [certain(-2, 1000, 1000), maybe(-1, 1000, 1011)],
            id="raised before",
        ),
        pytest.param(
            order(line(2, original=2), edited=True),
            RULES,
            [certain(-2, 1000, 1000)],
            id="edited elsewhere, the original is told",
        ),
        pytest.param(
            order(line(2), edited=True, cut_only=True),
            RULES,
            [opened(-2, 1000, 1011, spares_high=False)],
            id="a sign of nothing but a cut",
        ),
        pytest.param(
            order(line(0, original=2), cancelled=True),
            RULES,
            [certain(-2, 1000, 1000), maybe(2, 1000, 1011)],
            id="cancelled before",
        ),
        pytest.param(
            order(line(0, original=2), cancelled=True, changed_at=1005),
            YES,
            [certain(-2, 1000, 1000), certain(2, 1005, 1005)],
            id="cancelled before, at the mall's own stamp",
        ),
        pytest.param(
            order(line(0), cancelled=True),
            RULES,
            [opened(0, 1000, 1011, spares_high=False)],
            id="cancelled before, nobody knows of how many",
        ),
        pytest.param(
            order(line(2), counts=False), RULES, [maybe(-2, 1000, 1000)], id="does not count"
        ),
    ],
)
def test_what_a_first_seen_order_did_to_the_mall(
    snapshot: OrderSnapshot, rules: MallRules, expected: list[OwnEffect]
) -> None:
    change = compare(None, snapshot, LINKS, rules, BOOKING)
    assert events(change) == expected
    counting = 0 if snapshot.cancelled or not snapshot.counts else snapshot.lines[0].quantity
    assert sum(delta for _, delta in deltas(change)) == -counting


# --- seen again -------------------------------------------------------------------------------

SINCE = 1010.0 + 500 - 60
"""The snapshot before, less the mall's lag."""


@pytest.mark.parametrize(
    ("snapshot", "rules", "delta", "reason", "expected"),
    [
        pytest.param(
            order(line(0), at=1600, cancelled=True),
            RULES,
            3,
            Reason.ORDER_CANCEL,
            [maybe(3, SINCE, 1601)],
            id="cancelled",
        ),
        pytest.param(
            order(at=1600, cancelled=True),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [certain(3, SINCE, 1601)],
            id="cancelled without its lines",
        ),
        pytest.param(
            order(line(1), at=1600, edited=True),
            NO,
            2,
            Reason.ORDER_EDIT,
            [],
            id="cut, no restock",
        ),
        pytest.param(
            order(line(1, restocks=True), at=1600, edited=True),
            NO,
            2,
            Reason.ORDER_EDIT,
            [certain(2, SINCE, 1601)],
            id="cut, flagged",
        ),
        pytest.param(
            order(line(5), at=1600, edited=True),
            YES,
            -2,
            Reason.ORDER_EDIT,
            [maybe(-2, SINCE, 1601)],
            id="raised",
        ),
        pytest.param(
            order(at=1600, edited=True),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [certain(3, SINCE, 1601)],
            id="the line vanished",
        ),
        pytest.param(
            order(line(3), at=1600, counts=False),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [maybe(3, SINCE, 1601)],
            id="its status counts no more",
        ),
        pytest.param(
            order(line(0), at=1600, cancelled=True, changed_at=1590),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [certain(3, 1590, 1590)],
            id="cancelled at the mall's own stamp",
        ),
        pytest.param(
            order(line(0), at=1600, cancelled=True, edited=True, changed_at=1590),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [certain(3, SINCE, 1590)],
            id="the stamp of the last of several changes bounds from above only",
        ),
        pytest.param(
            order(line(0), at=1600, cancelled=True, changed_at=1100),
            YES,
            3,
            Reason.ORDER_CANCEL,
            [certain(3, SINCE, 1601)],
            id="a stamp from before the last snapshot is of something else",
        ),
    ],
)
def test_what_a_change_does(
    snapshot: OrderSnapshot,
    rules: MallRules,
    delta: int,
    reason: Reason,
    expected: list[OwnEffect],
) -> None:
    seen_again = order(line(3), at=1510.0)
    old = stored(compare(first(order(line(3)), rules), seen_again, LINKS, rules, BOOKING))
    change = compare(old, snapshot, LINKS, rules, BOOKING)
    assert change.outcome is Outcome.CHANGED
    assert [(movement.delta, movement.reason) for movement in change.movements] == [(delta, reason)]
    assert events(change) == expected
    (kept,) = stored(change).lines
    assert (kept.counted, kept.sequence) == (3 - delta, 2)


def test_an_added_line_is_a_raise() -> None:
    snapshot = order(line(1), line(2, "pair", key="2"), at=1600, edited=True)
    change = compare(first(order(line(1))), snapshot, LINKS, YES, BOOKING)
    assert deltas(change) == [(11, -4)]
    assert events(change) == [maybe(-2, 1000, 1601)]
    assert stored(change).lines[1].moment == Span(1000, 1601)


def test_a_product_swapped_under_one_key_gives_back_the_one_and_takes_the_other() -> None:
    old = first(order(line(2)))
    change = compare(old, order(line(1, "pair"), at=1600), LINKS, YES, BOOKING)
    assert deltas(change) == [(11, 2), (11, -2)]
    assert len({movement.key for movement in change.movements}) == 2
    assert [effect.listing_id for effect in change.effects] == [1, 2]
    assert [event.effect for event in events(change)] == [2, -1]


def test_two_lines_under_one_key_both_count() -> None:
    lines = (line(1), line(2), line(4, "pair"))
    change = compare(None, order(*lines), LINKS, RULES, BOOKING)
    assert sum(delta for _, delta in deltas(change)) == -(1 + 2 + 8)
    again = compare(stored(change), order(*lines, at=1600), LINKS, RULES, BOOKING)
    assert again.outcome is Outcome.UNCHANGED
    assert again.movements == ()


def test_a_cancel_that_is_revoked_counts_again_under_a_new_key() -> None:
    old = first(order(line(2)))
    gone = compare(old, order(line(0), at=1600, cancelled=True), LINKS, RULES, BOOKING)
    back = compare(stored(gone), order(line(2), at=1700), LINKS, RULES, BOOKING)
    assert deltas(gone) + deltas(back) == [(11, 2), (11, -2)]
    assert gone.movements[0].key != back.movements[0].key
    assert [event.is_maybe for event in events(back)] == [True]


def test_with_restock_never_a_cut_moves_the_listing_and_not_the_total() -> None:
    old = first(order(line(3)))
    cut = compare(old, order(line(1), at=1600), LINKS, YES, NEVER)
    assert deltas(cut) == []
    assert events(cut) == [certain(2, 1000, 1601)]
    assert stored(cut).lines[0].counted == 3
    # Back to 3 is nothing new for the total; one above it is.
    back = compare(stored(cut), order(line(4), at=1700), LINKS, YES, NEVER)
    assert deltas(back) == [(11, -1)]
    cancelled = order(line(0, original=2), cancelled=True)
    first_cancelled = compare(None, cancelled, LINKS, YES, NEVER)
    assert deltas(first_cancelled) == []


def test_a_recheck_narrows_the_bracket_and_shuts_out_what_is_older() -> None:
    old = first(order(line(3)))
    cut = order(line(1), at=1600)
    change = compare(old, cut, LINKS, YES, BOOKING, 1590.0)
    assert events(change) == [certain(2, 1530, 1601)]
    assert compare(old, cut, LINKS, YES, BOOKING, 1600.1).outcome is Outcome.OLDER
    assert is_unchanged(old, OrderMark("o-1", STAMP, "new"))
    assert not is_unchanged(old, OrderMark("o-1", STAMP, "shipped"))
    assert not is_unchanged(replace(old, mark=""), OrderMark("o-1", STAMP, ""))


def test_only_the_times_move_on_when_nothing_changed() -> None:
    old = first(order(line(3)))
    change = compare(old, order(line(3), at=1600), LINKS, RULES, BOOKING)
    assert change.outcome is Outcome.UNCHANGED
    assert change.stored == replace(old, read_from=1600.0, read_until=1601.0)
    moved = compare(old, order(line(3), at=1600, mark="shipped"), LINKS, RULES, BOOKING)
    assert moved.outcome is Outcome.CHANGED
    assert moved.movements == ()
    assert moved.effects == ()


# --- split orders -----------------------------------------------------------------------------

PARENT_BEFORE = order(line(3), at=1010)
PARENT_AFTER = order(line(2), at=1600, edited=True)
CHILD = order(line(1), at=1605, stamp=1500, number="o-2", parent="o-1")


def test_a_child_asks_for_its_parent_and_is_only_a_maybe() -> None:
    change = compare(None, CHILD, LINKS, YES, BOOKING)
    assert change.reread == "o-1"
    assert deltas(change) == [(11, -1)]
    (event,) = events(change)
    assert (event.effect, event.is_maybe, event.moment) == (-1, True, Span(1500, 1606))
    open_child = order(line(1), stamp=1500, edited=True, cut_only=True, parent="o-1")
    assert events(compare(None, open_child, LINKS, YES, BOOKING))[0].spares_high


@pytest.mark.parametrize(
    "arrivals",
    [
        pytest.param([PARENT_BEFORE, PARENT_AFTER, CHILD], id="parent first"),
        pytest.param([PARENT_BEFORE, CHILD, PARENT_AFTER], id="child first"),
        pytest.param([PARENT_AFTER, CHILD], id="seen after the split only"),
        pytest.param([CHILD, PARENT_AFTER], id="the parent last"),
        pytest.param([CHILD, PARENT_BEFORE, PARENT_AFTER], id="the child before all"),
    ],
)
@pytest.mark.parametrize("rules", [RULES, YES, NO], ids=["unknown", "yes", "no"])
def test_a_split_moves_no_total_and_expected_holds_the_truth(
    arrivals: list[OrderSnapshot], rules: MallRules
) -> None:
    orders: dict[str, StoredOrder] = {}
    total = low = high = 0
    is_open = False
    for snapshot in arrivals:
        change = compare(orders.get(snapshot.order), snapshot, LINKS, rules, BOOKING)
        orders[snapshot.order] = stored(change)
        total += sum(delta for _, delta in deltas(change))
        for event in events(change):
            is_open = is_open or event.is_open
            low += min(event.effect, 0) if event.is_maybe else event.effect
            if not event.spares_high:
                high += max(event.effect, 0) if event.is_maybe else event.effect
    assert total == -3
    # The mall took 3 at the placing and moved nothing at the split.
    assert is_open or low <= -3
    assert high >= -3


def test_children_are_applied_before_parents() -> None:
    assert children_first([PARENT_AFTER, CHILD]) == [CHILD, PARENT_AFTER]


def test_a_child_of_an_order_inside_the_opening_never_adds_units() -> None:
    # The parent of 3 is inside; the split is seen after the opening. Whatever the child's stamp
    # is, its units are taken off when the parent's cut gives them back.
    links = linked(instant(OPEN_AT))
    for stamp in (1000.0, 2500.0):
        parent = first(order(line(3), at=2400), links=links)
        child = order(line(1), at=2505, stamp=stamp, number="o-2", parent="o-1")
        change = compare(None, child, links, RULES, BOOKING)
        cut = compare(parent, order(line(2), at=2500, edited=True), links, RULES, BOOKING)
        assert deltas(change) == [(11, -1)]
        assert deltas(cut) == [(11, 1)]
