"""What opens, drops, settles and proves a reading, rule by rule where no story tells it."""

import pytest
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push import apply
from engine.push_state import (
    Adopt,
    AuditDue,
    Doubt,
    Dropped,
    Event,
    Forget,
    ListingPush,
    MallRules,
    OnDifference,
    OwnEffect,
    ProtocolBug,
    PushCall,
    PushRefused,
    ReadingDone,
    ReadingDropped,
    ReadingFailed,
    Reflect,
    Settle,
    Settled,
    Span,
    Want,
    Window,
)
from engine.slot import CallLost, PushDecision, TakePush, TakeReading
from tests.unit.engine.push.shop import Shop, anchored, guarded, relative

R = MallRules(write_kind=WriteKind.RELATIVE)
A = MallRules(write_kind=WriteKind.ANCHORED)


def _read(shop: Shop) -> None:
    shop.apply(AuditDue())
    shop.read()


def test_s5_a_reading_that_a_push_followed_settles_and_does_not_prove() -> None:
    shop = relative()
    _read(shop)
    shop.total = 3
    shop.push()
    settled = shop.settle()
    assert settled == Settled(2, 0, 0, proven=False, resolves=True)
    assert shop.expected() == (3, 3)
    assert shop.state.settled_quantity == 3
    shop.assert_proven(3)


def test_s5_nothing_is_proven_while_the_slot_is_taken() -> None:
    shop = relative()
    _read(shop)
    shop.total = 3
    call = shop.pull()
    shop.total = 2
    settled = shop.settle()
    assert settled is not None
    assert not settled.proven
    shop.hand_back(call)
    shop.assert_proven(2)


def test_s5_nothing_is_proven_around_a_held_difference() -> None:
    shop = relative()
    shop.edit(3)
    assert shop.audit().held == 1
    shop.total = 3  # Goods in: the offer is what the mall shows, but the target is 4.
    settled = shop.audit()
    assert (settled.difference, settled.proven) == (0, False)


def test_e5_an_order_after_the_reading_is_carried_along() -> None:
    shop = relative()
    _read(shop)
    shop.see(shop.buy())
    assert shop.settle() == Settled(2, 0, 0, proven=True, resolves=True)
    assert shop.expected() == (1, 1)


def test_e5_a_maybe_after_the_reading_drops_it_and_one_before_it_does_not() -> None:
    shop = relative()
    shop.see(shop.buy())
    _read(shop)
    began = shop.state.reading
    assert began is not None
    before = Span(began.start - 10, began.start - 5)
    assert shop.apply(OwnEffect(1, before, is_maybe=True)) == ()
    assert shop.expected() == (1, 2)
    after = Span(began.end + 5, began.end + 10)
    assert shop.apply(OwnEffect(1, after, is_maybe=True)) == (ReadingDropped(),)
    assert shop.expected() == (1, 3)


@pytest.mark.parametrize(("past_s", "expected"), [(2.0, (1, 2)), (2.001, (1, 1))])
def test_e2_inside_the_anchor_is_a_maybe(past_s: float, expected: tuple[int, int]) -> None:
    shop = relative()
    shop.audit()
    anchor = shop.state.anchor
    assert anchor is not None
    stamp = anchor.end + past_s
    shop.apply(OwnEffect(-1, Span(stamp, stamp)))
    assert shop.expected() == expected


@pytest.mark.parametrize(
    ("held", "effect", "left"),
    [(-2, -1, -1), (-1, -2, 0), (2, 1, 1), (1, 3, 0), (2, -1, 2), (-2, 1, -2), (0, -1, 0)],
)
def test_e2_a_late_order_explains_a_difference_of_its_sign(
    held: int, effect: int, left: int
) -> None:
    state = ListingPush(known=True, low=5, high=5, anchor=Span(100, 101), held=held)
    step = apply(state, OwnEffect(effect, Span(50, 50)), R)
    assert step.state == replace(state, held=left)


def test_e1_an_open_effect_drops_the_reading_unless_it_lies_before() -> None:
    shop = relative()
    shop.wait(60)
    _read(shop)
    reading = shop.state.reading
    assert reading is not None
    before = Span(reading.start - 20, reading.start - 10)
    open_before = OwnEffect(-1, before, is_open=True, stamp=before.start)
    assert shop.apply(open_before) == ()
    over = Span(reading.start - 20, reading.end + 10)
    assert shop.apply(replace(open_before, moment=over)) == (ReadingDropped(),)


@pytest.mark.parametrize(
    ("moment", "known", "held"),
    [
        pytest.param(Span(50, 90), True, 0, id="wholly_before_the_anchor"),
        pytest.param(Span(50, 105), False, -1, id="placed_before_and_seen_inside"),
        pytest.param(Span(100, 200), False, -1, id="placed_inside"),
        pytest.param(Span(112.1, 200), True, -1, id="placed_after"),
    ],
)
def test_e1_an_open_effect_at_the_anchor(moment: Span, known: bool, held: int) -> None:
    state = ListingPush(known=True, low=5, high=5, anchor=Span(100, 110), held=-1)
    event = OwnEffect(-1, moment, is_open=True, stamp=moment.start)
    after = apply(state, event, R).state
    assert (after.known, after.held) == (known, held)
    if moment.start > 110:
        assert (after.low, after.high) == (None, 4)


def test_o5_an_unknown_write_drops_the_open_reading() -> None:
    shop = relative()
    _read(shop)
    shop.total = 3
    shop.lose(done=True)
    assert shop.state.reading is None
    assert shop.compare().proven


def test_o4_the_refused_fall_keeps_what_is_left_until_it_may_be_done() -> None:
    shop = relative()
    shop.sell_elsewhere(2)
    shop.edit(1)
    call = shop.pull()
    shop.apply(shop.send(call))
    again = shop.pull()
    assert again.delta == -1
    shop.hand_back(again)  # Not sent: it is still to be taken off.
    assert shop.push().delta == -1
    assert shop.decision is None


@pytest.mark.parametrize("fresh", [False, True])
def test_an_audit_leaves_the_open_reading_unless_it_is_older_than_the_reason(fresh: bool) -> None:
    shop = relative()
    _read(shop)
    effects = shop.apply(AuditDue(is_fresh=fresh))
    assert effects == ((ReadingDropped(),) if fresh else ())
    assert (shop.state.reading is None) is fresh
    if fresh:
        call = shop.take_reading()
        shop.apply(AuditDue(is_fresh=True))
        assert shop.apply(ReadingDone(call.id, 2, shop.now, shop.now)) == (ReadingDropped(),)


def test_a_reading_that_fails_or_gets_lost_leaves_nothing() -> None:
    shop = relative()
    shop.apply(AuditDue())
    call = shop.take_reading()
    assert shop.apply(ReadingFailed(call.id)) == (ReadingDropped(),)
    call = shop.take_reading()
    assert shop.apply(CallLost(shop.now)) == (ReadingDropped(),)
    assert shop.apply(ReadingDone(call.id, 2, shop.now, shop.now)) == (Dropped(),)
    assert shop.apply(CallLost(shop.now)) == ()
    assert shop.state.reading is None
    assert shop.compare().proven


@pytest.mark.parametrize("repairs", [True, False], ids=["push", "report"])
def test_the_first_difference_of_a_link(repairs: bool) -> None:
    shop = relative(repairs_first_difference=repairs)
    shop.edit(5)
    shop.apply(Forget())
    settled = shop.compare()
    assert not settled.proven
    if repairs:
        assert (settled.difference, settled.held) == (0, 0)
    else:
        assert (settled.difference, settled.held) == (3, 3)
        assert shop.decision is None  # Nothing is pushed; it shows as a difference.
        shop.sell_elsewhere(1)
        assert shop.push().delta == -1
        assert shop.q == 4
        shop.apply(Reflect())
    assert shop.push().delta == -3
    shop.assert_proven(shop.offer)


def test_the_opening_reading_has_nothing_to_differ_from() -> None:
    rules = replace(R, repairs_first_difference=False)
    state = ListingPush()
    state = apply(state, TakeReading(1, 1, 100.0, 105.0), rules).state
    state = apply(state, ReadingDone(1, 7, 100.0, 100.5), rules).state
    want = Want(offer=None, now=200.0)
    settle = Settle(150.0, is_parked_blocking=False, is_mall_parked=False, want=want)
    step = apply(state, settle, rules)
    assert step.effects == (Settled(7, 0, 0, proven=False, resolves=True),)
    assert (step.state.low, step.state.high, step.state.held) == (7, 7, 0)
    assert (step.state.settled_quantity, step.state.settled_at) == (7, 200.0)


@pytest.mark.parametrize("is_new_link", [True, False])
def test_forget_keeps_the_difference_of_a_link_that_goes_on(is_new_link: bool) -> None:
    shop = relative()
    shop.edit(3)
    shop.audit()
    shop.apply(Forget(is_new_link))
    assert shop.state.held == (0 if is_new_link else 1)
    assert shop.state.first_settled is not is_new_link
    settled = shop.compare()
    assert settled.difference == 0
    assert (shop.decision is None) is not is_new_link


@pytest.mark.parametrize(
    ("change", "adopts"),
    [
        pytest.param({}, True, id="adopts"),
        pytest.param({"cap": 3}, True, id="below_the_cap"),
        pytest.param({"cap": 2}, False, id="at_the_cap"),
        pytest.param({"offer": 0}, False, id="offer_zero"),
        pytest.param({"offer": None}, False, id="no_total"),
        pytest.param({"has_one_component": False}, False, id="bundle"),
    ],
)
@pytest.mark.parametrize("is_parked", [False, True], ids=["clear", "mall_parked"])
def test_s3_adopt(change: dict[str, object], adopts: bool, is_parked: bool) -> None:
    shop = relative(on_difference=OnDifference.ADOPT)
    shop.edit(3)
    _read(shop)
    shop.wait(100)
    want = replace(shop.want, **change)
    effects = shop.apply(Settle(shop.now, False, is_parked, want))
    is_adopted = any(isinstance(effect, Adopt) for effect in effects)
    assert is_adopted is (adopts and not is_parked)
    assert shop.state.held == (0 if is_adopted else 1)


def test_s3_on_an_anchored_mall_a_mark_is_no_measure() -> None:
    shop = anchored()
    shop.rises_allowed = False  # Else the write comes first.
    shop.total = 3
    for change in ({"again": True}, {"doubtful": (Doubt(9, 0, 0.0),)}, {"low": 1}):
        shop.state = replace(anchored().state, **change)
        shop.edit(5)
        shop.read()
        settled = shop.settle()
        assert settled is not None
        assert (settled.difference, settled.held) == (0, 0)


def test_s4_keeps_the_window_of_a_write_that_came_after_the_reading() -> None:
    shop = guarded()
    shop.total = 3
    shop.push()
    shop.wait(30)
    _read(shop)
    shop.wait(30)
    shop.total = 4
    shop.push()
    first, second = shop.state.windows
    assert first.end < second.start
    shop.settle()
    assert list(shop.state.windows) == [second]


def test_impossible_events_are_bugs() -> None:
    state = ListingPush(known=True, low=2, high=2)
    take = TakePush(1, 1, PushDecision(1, None, may_be_refused=False), 0.0, 5.0)
    taken = apply(state, take, R).state
    bad: list[tuple[ListingPush, Event, MallRules]] = [
        (taken, replace(take, id=2), R),
        (replace(state, last_id=1), take, R),
        (replace(state, known=False), take, R),
        (state, take, A),
        (state, replace(take, decision=PushDecision(0, None, may_be_refused=False)), R),
        (taken, TakeReading(2, 1, 0.0, 5.0), R),
        (taken, ReadingDone(1, 2, 0.0, 1.0), R),
        (apply(state, TakeReading(1, 1, 0.0, 5.0), R).state, PushRefused(1, 0), R),
        (replace(state, low=3, last_id=5), AuditDue(), R),
        (replace(state, down=1), AuditDue(), R),
    ]
    for before, event, rules in bad:
        with pytest.raises(ProtocolBug):
            apply(before, event, rules)


@pytest.mark.parametrize(("value", "rules"), [(None, A), (3, R)], ids=["to_anchored", "from_it"])
def test_a_call_of_another_kind_of_mall_makes_expected_unknown(
    value: int | None, rules: MallRules
) -> None:
    call = PushCall(1, 1, 1, value, 0.0, 5.0)
    state = ListingPush(known=True, low=2, high=2, call=call, last_id=1)
    after = apply(state, CallLost(20.0), rules).state
    assert (after.known, after.call) == (False, None)
    assert [doubt.push_id for doubt in after.doubtful] == [1]


def test_o5_the_latest_limit_of_merged_doubts_stays() -> None:
    call = PushCall(2, 1, 1, 3, 0.0, 5.0)
    state = ListingPush(known=True, low=2, high=2, doubtful=(Doubt(1, 1, 9000.0),), call=call)
    after = apply(state, CallLost(20.0), A).state
    assert after.doubtful == (Doubt(2, 1, 9000.0),)  # Also when a clock was set back.


def test_an_own_effect_of_nothing_changes_nothing() -> None:
    state = ListingPush(known=True, low=2, high=2, windows=(Window(0, 1, 1),))
    rules = replace(R, write_kind=WriteKind.GUARDED)
    assert apply(state, OwnEffect(0, Span(0, 9)), rules).state == state
