"""Any history of one order, beside a plain dict."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.opening import instant
from engine.order_state import HISTORY_MAX, Restock, StoredOrder
from engine.orders import apply_link, compare
from engine.snapshot import OrderSnapshot
from tests.unit.engine.order_cases import (
    BOOKING,
    LINKS,
    NEVER,
    RULES,
    STAMP,
    YES,
    deltas,
    events,
    line,
    linked,
    order,
)

CODES = ("tee", "pair", "set", "unlinked")
UNITS = {"tee": {11: 1}, "pair": {11: 2}, "set": {11: 1, 12: 3}, "unlinked": {}}


@st.composite
def snapshots(draw: st.DrawFn, *, originals: bool = False) -> OrderSnapshot:
    keys = draw(st.lists(st.sampled_from("123"), unique=True, max_size=3))
    lines = tuple(
        line(
            draw(st.integers(0, 4)),
            draw(st.sampled_from(CODES)) if not originals else "tee",
            key=key,
            original=draw(st.integers(0, 4)) if originals else None,
        )
        for key in keys
    )
    return order(
        *lines,
        at=1001.0 + draw(st.integers(0, 30)),
        cancelled=draw(st.booleans()),
        edited=draw(st.booleans()),
        counts=True if originals else draw(st.booleans()),
    )


def counting(snapshot: OrderSnapshot) -> dict[str, int]:
    is_counting = snapshot.counts and not snapshot.cancelled
    return {each.line: each.quantity if is_counting else 0 for each in snapshot.lines}


def plain_totals(snapshot: OrderSnapshot) -> dict[int, int]:
    totals = {11: 0, 12: 0}
    for each in snapshot.lines:
        for sku_id, units in UNITS[each.code].items():
            totals[sku_id] -= counting(snapshot)[each.line] * units
    return totals


def one_a_moment(arrivals: list[OrderSnapshot]) -> list[OrderSnapshot]:
    """An order shows one state at one moment: the first one drawn for it, repeated."""
    at: dict[float, OrderSnapshot] = {}
    return [at.setdefault(snapshot.read_from, snapshot) for snapshot in arrivals]


@given(st.lists(snapshots(), min_size=1, max_size=12))
def test_any_snapshots_in_any_order_end_with_what_the_last_one_counts(
    drawn: list[OrderSnapshot],
) -> None:
    arrivals = one_a_moment(drawn)
    known: StoredOrder | None = None
    totals = {11: 0, 12: 0}
    keys: list[str] = []
    latest = float("-inf")
    for snapshot in arrivals:
        change = compare(known, snapshot, LINKS, RULES, BOOKING)
        assert (snapshot.read_from > latest) == (change.stored is not None)
        if change.stored is None:
            assert change.movements == ()
            assert change.effects == ()
            continue
        latest, known = snapshot.read_from, change.stored
        for movement in change.movements:
            totals[movement.sku_id] += movement.delta
            keys.append(movement.key)
    last = max(arrivals, key=lambda snapshot: snapshot.read_from)
    assert known is not None
    assert totals == plain_totals(last)
    assert len(keys) == len(set(keys))
    counted = {each.line: each.counted for each in known.lines if each.code != "unlinked"}
    for each in last.lines:
        if each.code != "unlinked":
            assert counted.pop(each.line) == counting(last)[each.line]
    assert not any(counted.values())


@given(st.lists(snapshots(originals=True), min_size=1, max_size=8))
def test_where_the_mall_restocks_all_effects_add_up_to_what_the_order_shows(
    drawn: list[OrderSnapshot],
) -> None:
    arrivals = sorted(one_a_moment(drawn), key=lambda snapshot: snapshot.read_from)
    known: StoredOrder | None = None
    shown = 0
    for snapshot in arrivals:
        change = compare(known, snapshot, LINKS, YES, BOOKING)
        known = change.stored or known
        shown += sum(event.effect for event in events(change))
        for event in events(change):
            assert event.moment.start <= event.moment.end
            assert event.moment.start >= STAMP
    assert shown == -sum(counting(arrivals[-1]).values())


@given(
    st.lists(snapshots(), min_size=1, max_size=HISTORY_MAX - 1),
    st.integers(0, 8),
    st.integers(995, 1035),
    st.sampled_from(Restock),
)
def test_linking_late_books_what_linking_early_would_have_booked(
    drawn: list[OrderSnapshot], turn: int, opening_at: int, restock: Restock
) -> None:
    arrivals = [
        replace(each, lines=tuple(replace(one, code="tee") for one in each.lines))
        for each in one_a_moment(drawn)
    ]
    booking = replace(BOOKING, restock=restock)
    links = linked(instant(opening_at))
    early: StoredOrder | None = None
    late: StoredOrder | None = None
    totals = [0, 0]
    for index, snapshot in enumerate(arrivals):
        change = compare(early, snapshot, links, RULES, booking)
        early = change.stored or early
        totals[0] += sum(delta for _, delta in deltas(change))
        change = compare(late, snapshot, links if index > turn else {}, RULES, booking)
        late = change.stored or late
        totals[1] += sum(delta for _, delta in deltas(change))
    assert late is not None
    change = apply_link(late, ("tee", ""), links[("tee", "")], RULES, booking)
    totals[1] += sum(delta for _, delta in deltas(change))
    assert totals[0] == totals[1]


@given(st.lists(snapshots(), min_size=1, max_size=10))
def test_with_restock_never_no_total_ever_rises(drawn: list[OrderSnapshot]) -> None:
    known: StoredOrder | None = None
    for snapshot in one_a_moment(drawn):
        change = compare(known, snapshot, LINKS, RULES, NEVER)
        known = change.stored or known
        assert all(movement.delta < 0 for movement in change.movements)
