"""Both sides of every limit of the push protocol, and the ladders of states and wakes."""

import math

import pytest
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push import (
    call_lost_at,
    decide,
    is_after,
    is_before,
    is_inside,
    name_of,
    next_wake,
    plain_shift,
    push_not_before,
    reading_not_before,
    wants_reading,
)
from engine.push_state import (
    AuditDue,
    BelowZero,
    Doubt,
    ListingPush,
    MallRules,
    PushCall,
    PushStateName,
    ReadCall,
    Reading,
    Span,
    Want,
    Window,
)
from tests.unit.engine.push.shop import anchored, guarded, relative

R = MallRules(write_kind=WriteKind.RELATIVE)
G = MallRules(write_kind=WriteKind.GUARDED)
A = MallRules(write_kind=WriteKind.ANCHORED, live_s=600.0, stale_s=300.0)
LEVEL = ListingPush(known=True, low=10, high=10, anchor=Span(0, 1), first_settled=True)
WANT = Want(offer=10, now=1000.0, window_poll_end=1000.0)
CALL = PushCall(1, 1, -1, None, 990.0, 995.0)


@pytest.mark.parametrize(
    ("moment", "before", "after"),
    [
        pytest.param(Span(90, 97.999), True, False, id="ends_before_eps"),
        pytest.param(Span(90, 98), False, False, id="ends_at_eps"),
        pytest.param(Span(100, 100), False, False, id="equal_stamp"),
        pytest.param(Span(112, 120), False, False, id="begins_at_eps"),
        pytest.param(Span(112.001, 120), False, True, id="begins_past_eps"),
        pytest.param(Span(90, 120), False, False, id="around_it"),
    ],
)
def test_t3_before_inside_after(moment: Span, before: bool, after: bool) -> None:
    span = Span(100, 110)
    assert is_before(moment, span, 2.0) is before
    assert is_after(moment, span, 2.0) is after
    assert is_inside(moment, span, 2.0) is (not before and not after)


@pytest.mark.parametrize(
    ("rules", "doubts", "is_paused"),
    [
        pytest.param(R, 1, False, id="relative_one"),
        pytest.param(R, 2, True, id="relative_two"),
        pytest.param(G, 0, False, id="guarded_none"),
        pytest.param(G, 1, True, id="guarded_one"),
    ],
)
def test_d5_doubtful_writes_pause_pushes(rules: MallRules, doubts: int, is_paused: bool) -> None:
    doubtful = tuple(Doubt(number, 1, 1100.0) for number in range(doubts))
    state = replace(LEVEL, doubtful=doubtful)
    for offer in (5, 15):
        assert (decide(state, replace(WANT, offer=offer), rules) is None) is is_paused


@pytest.mark.parametrize(("windows", "is_full"), [(7, False), (8, True)])
def test_d5_windows_pause_pushes_and_ask_for_a_reading(windows: int, is_full: bool) -> None:
    state = replace(LEVEL, windows=tuple(Window(900, 901, number) for number in range(windows)))
    assert (decide(state, replace(WANT, offer=5), G) is None) is is_full
    assert wants_reading(state, WANT, G) is is_full


@pytest.mark.parametrize(
    ("state", "want", "rules", "name"),
    [
        pytest.param(LEVEL, WANT, R, "level", id="level"),
        pytest.param(LEVEL, replace(WANT, offer=9), R, "due", id="due"),
        pytest.param(replace(LEVEL, held=1), WANT, R, "due", id="held_is_in_the_target"),
        pytest.param(ListingPush(), WANT, R, "unknown", id="unknown"),
        pytest.param(replace(LEVEL, call=CALL), WANT, R, "calling", id="calling"),
        pytest.param(replace(LEVEL, low=9), WANT, R, "suspect", id="wide"),
        pytest.param(replace(LEVEL, low=None), WANT, R, "suspect", id="no_lower_end"),
        pytest.param(replace(LEVEL, refused=True), WANT, R, "suspect", id="refused"),
        pytest.param(replace(LEVEL, low=-1, high=-1), WANT, R, "suspect", id="below_zero"),
        pytest.param(replace(LEVEL, audit_due=True), WANT, R, "suspect", id="audit_due"),
        pytest.param(replace(LEVEL, again=True), WANT, A, "suspect", id="once_more"),
        pytest.param(replace(LEVEL, doubtful=(Doubt(1, 1, 2),)), WANT, R, "suspect", id="doubtful"),
        pytest.param(
            replace(LEVEL, low=-1, high=-1, settled_quantity=-1),
            replace(WANT, offer=0),
            R,
            "level",
            id="settled_below_zero",
        ),
        pytest.param(LEVEL, replace(WANT, offer=None), R, "blocked", id="no_total"),
        pytest.param(LEVEL, replace(WANT, is_blocked=True), R, "blocked", id="halted"),
        pytest.param(replace(LEVEL, quarantined=True), WANT, R, "blocked", id="quarantined"),
        pytest.param(
            replace(LEVEL, call=CALL), replace(WANT, is_blocked=True), R, "blocked", id="keeps"
        ),
    ],
)
def test_the_ladder_of_states(state: ListingPush, want: Want, rules: MallRules, name: str) -> None:
    assert name_of(state, want, rules) is PushStateName(name)
    if name in ("blocked", "unknown", "calling"):
        assert decide(state, want, rules) is None


@pytest.mark.parametrize(
    ("change", "offer", "delta"),
    [
        pytest.param({}, 12, 2, id="d1"),
        pytest.param({}, 8, -2, id="d2"),
        pytest.param({}, 10, None, id="d3"),
        pytest.param({"low": 8}, 9, -1, id="d2_from_high"),
        pytest.param({"low": 8}, 11, 1, id="d1_from_high"),
        pytest.param({"low": 8, "down": -2}, 8, None, id="d2_counts_doubtful_falls_as_done"),
        pytest.param({"low": 8, "down": -2}, 7, -1, id="d2_past_doubtful_falls"),
        pytest.param({"low": None}, 9, -1, id="no_lower_end"),
        pytest.param({"low": -3, "high": -3}, 2, 2, id="d1_from_zero"),
        pytest.param({"low": -3, "high": -3}, 0, None, id="below_zero_is_no_fall"),
        pytest.param({"refused": True}, 8, None, id="d4_off"),
        pytest.param({"refused": True, "left": 1}, 8, -1, id="d4_what_is_left"),
        pytest.param({"refused": True, "left": 5}, 8, -2, id="d4_never_more_than_due"),
        pytest.param({"refused": True, "left": 0}, 8, None, id="d4_nothing_left"),
        pytest.param({"refused": True}, 12, 2, id="refused_does_not_stop_rises"),
        pytest.param({"held": -4}, 3, -10, id="target_is_never_below_zero"),
    ],
)
def test_what_is_pushed(change: dict[str, object], offer: int, delta: int | None) -> None:
    decision = decide(replace(LEVEL, **change), replace(WANT, offer=offer), R)
    assert (None if decision is None else decision.delta) == delta


@pytest.mark.parametrize(
    ("rules", "low", "offer", "may"),
    [
        pytest.param(R, 10, 6, False, id="leaves_six"),
        pytest.param(R, 10, 5, True, id="leaves_five"),
        pytest.param(R, None, 9, True, id="no_lower_end"),
        pytest.param(R, 10, 12, False, id="a_rise"),
        pytest.param(G, 10, 1, False, id="guarded_never"),
        pytest.param(replace(R, below_zero=BelowZero.CLAMPS), 10, 1, False, id="clamps_never"),
        pytest.param(replace(R, below_zero=BelowZero.UNKNOWN), 10, 1, True, id="nobody_knows"),
    ],
)
def test_rows_that_may_be_refused(rules: MallRules, low: int | None, offer: int, may: bool) -> None:
    decision = decide(replace(LEVEL, low=low), replace(WANT, offer=offer), rules)
    assert decision is not None
    assert decision.may_be_refused is may


def test_no_relative_write_while_polls_fail_and_no_rise_past_a_parked_order() -> None:
    for offer in (5, 15):
        want = replace(WANT, offer=offer)
        assert decide(LEVEL, replace(want, last_poll_ok=False), R) is None
        assert decide(LEVEL, replace(want, last_poll_ok=False), G) is not None
        is_fall = decide(LEVEL, replace(want, rises_allowed=False), R) is not None
        assert is_fall is (offer == 5)


def _settles(complete: float) -> bool:
    shop = relative()
    shop.apply(AuditDue())
    shop.read()
    reading = shop.state.reading
    assert reading is not None
    return shop.settle(complete=reading.end + complete) is not None


@pytest.mark.parametrize(("past_b", "settles"), [(4.0, False), (4.001, True)])
def test_s2_complete_is_past_b_and_twice_eps(past_b: float, settles: bool) -> None:
    assert _settles(past_b) is settles


@pytest.mark.parametrize(
    ("state", "rules", "not_before"),
    [
        pytest.param(LEVEL, R, None, id="any_time"),
        pytest.param(replace(LEVEL, last_write_end=990.0), R, None, id="live_writes"),
        pytest.param(replace(LEVEL, last_write_end=990.0), A, 1890.0, id="stale_after_a_write"),
        pytest.param(replace(LEVEL, doubtful=(Doubt(1, 1, 1050.0),)), R, 1050.0, id="doubt"),
        pytest.param(replace(LEVEL, doubtful=(Doubt(1, 1, 1050.0),)), A, 1350.0, id="stale_doubt"),
        pytest.param(
            replace(LEVEL, own_effect_end=900.0), A, math.nextafter(1202, math.inf), id="own_order"
        ),
    ],
)
def test_s1_a_reading_waits(state: ListingPush, rules: MallRules, not_before: float | None) -> None:
    assert reading_not_before(state, rules) == not_before
    want = replace(WANT, is_blocked=False)
    due = replace(state, audit_due=True)
    if rules is A:
        want = replace(want, offer=None)  # Nothing to push first.
    if not_before is None:
        assert wants_reading(due, want, rules)
    else:
        assert not wants_reading(due, replace(want, now=math.nextafter(not_before, 0)), rules)
        assert wants_reading(due, replace(want, now=not_before), rules)
        assert next_wake(due, want, rules) == not_before


def test_s1_not_while_a_reading_is_open_or_the_slot_is_taken_or_it_is_blocked() -> None:
    due = replace(LEVEL, audit_due=True)
    assert wants_reading(due, WANT, R)
    assert not wants_reading(replace(due, reading=Reading(1, 10, 900, 901)), WANT, R)
    assert not wants_reading(replace(due, call=CALL), WANT, R)
    assert not wants_reading(due, replace(WANT, is_blocked=True), R)
    assert not wants_reading(LEVEL, WANT, R)
    assert wants_reading(due, replace(WANT, offer=None), R)  # The opening of a base mall.
    assert wants_reading(replace(due, quarantined=True), WANT, R)


def test_s1_an_anchored_mall_is_not_read_before_a_due_write() -> None:
    shop = anchored()
    shop.total = 3
    shop.apply(AuditDue())
    assert not shop.wants_reading
    shop.push()
    shop.wait(1)
    assert shop.wants_reading


@pytest.mark.parametrize(
    ("change", "offer", "now", "value"),
    [
        pytest.param({}, 9, 1000.0, 9, id="fall_at_once"),
        pytest.param({}, 11, 1099.999, None, id="rise_before_the_last_is_live"),
        pytest.param({}, 11, 1100.0, 11, id="rise_when_the_last_is_live"),
        pytest.param({}, 10, 1100.0, None, id="level"),
        pytest.param({"again": True}, 10, 1099.999, None, id="once_more_too_early"),
        pytest.param({"again": True}, 10, 1100.0, 10, id="once_more"),
        pytest.param({"again": True}, 9, 1000.0, 9, id="fall_before_once_more"),
        pytest.param({"low": 9}, 9, 1099.999, None, id="wide_is_no_fall"),
        pytest.param({"low": 9}, 9, 1100.0, 9, id="wide_is_written_once_more"),
        pytest.param({"low": None}, 10, 1100.0, 10, id="no_lower_end"),
        pytest.param({"doubtful": (Doubt(1, 0, 1200.0),)}, 10, 1199.0, None, id="doubt"),
        pytest.param({"doubtful": (Doubt(1, 0, 1200.0),)}, 10, 1200.0, 10, id="past_the_doubt"),
        pytest.param({"doubtful": (Doubt(1, 0, 1200.0),)}, 9, 1000.0, 9, id="fall_in_doubt"),
    ],
)
def test_d6_anchored(change: dict[str, object], offer: int, now: float, value: int | None) -> None:
    state = replace(LEVEL, last_write_end=500.0, **change)
    want = Want(offer=offer, now=now, window_poll_end=now)
    decision = decide(state, want, A)
    assert (None if decision is None else decision.value) == value
    assert push_not_before(state, R) is None
    early = replace(want, now=1000.0, window_poll_end=1000.0)
    wake = next_wake(state, early, A)
    if value is not None:
        assert wake == max(1000.0, now)


def test_c3_a_call_is_lost_after_send_by_and_the_time_out() -> None:
    assert call_lost_at(LEVEL, R) is None
    calling = replace(LEVEL, call=CALL)
    assert call_lost_at(calling, R) == 1005.0
    assert next_wake(calling, WANT, R) == 1005.0
    assert next_wake(replace(LEVEL, call=ReadCall(1, 1, 990.0, 995.0)), WANT, R) == 1005.0


def test_next_wake_is_now_when_something_is_due_and_never_when_nothing_is() -> None:
    assert next_wake(LEVEL, replace(WANT, offer=3), R) == WANT.now
    assert next_wake(replace(LEVEL, audit_due=True), WANT, R) == WANT.now
    assert next_wake(LEVEL, WANT, R) is None
    assert next_wake(replace(LEVEL, low=9), replace(WANT, is_blocked=True), R) is None


@pytest.mark.parametrize(
    ("change", "rules", "moment", "is_plain"),
    [
        pytest.param({}, R, 3.001, True, id="plain"),
        pytest.param({}, G, 3.001, True, id="guarded_without_windows"),
        pytest.param({"low": None}, R, 50, True, id="no_lower_end"),
        pytest.param({"anchor": None}, R, 0, True, id="no_anchor"),
        pytest.param({}, R, 3.0, False, id="within_eps_of_the_anchor"),
        pytest.param({"known": False}, R, 50, False, id="unknown"),
        pytest.param({"call": CALL}, R, 50, False, id="calling"),
        pytest.param({"reading": Reading(1, 10, 4, 5)}, R, 50, False, id="reading"),
        pytest.param({"windows": (Window(4, 5, 1),)}, G, 50, False, id="window"),
        pytest.param({"doubtful": (Doubt(1, 1, 9),)}, R, 50, False, id="doubtful"),
        pytest.param({}, A, 50, False, id="stale"),
    ],
)
def test_plain_shift(
    change: dict[str, object], rules: MallRules, moment: float, is_plain: bool
) -> None:
    assert plain_shift(replace(LEVEL, **change), Span(moment, moment), rules) is is_plain


def test_the_guarded_window_of_a_short_write_still_opens() -> None:
    shop = guarded()
    shop.buy()
    shop.sell_elsewhere(2)
    shop.push()  # Two are due, one is there.
    assert (shop.q, shop.expected()) == (0, (1, 1))
    assert shop.state.refused
    assert len(shop.state.windows) == 1
