"""The stories of the protocol on a relative mall, each named after its number and title."""

import pytest

from engine.push import apply, reading_not_before
from engine.push_state import (
    AuditDue,
    Dropped,
    MallRestocks,
    OwnEffect,
    ProtocolBug,
    PushRefused,
    PushStateName,
    PushUnknown,
    ReadingDone,
    ReadingDropped,
    Span,
    WakePoll,
)
from engine.slot import PushDecision, TakePush
from tests.unit.engine.push.shop import Shop, relative


@pytest.mark.parametrize("done", [True, False], ids=["done", "lost_before"])
def test_story_03_sent_twice(done: bool) -> None:
    shop = relative()
    shop.total = 3
    call = shop.lose(done=done)
    assert shop.expected() == (2, 3)
    assert shop.decision is None  # It is not repeated.
    shop.now = call.send_by + shop.rules.late_s - 0.001
    assert not shop.wants_reading
    settled = shop.compare()
    assert settled.difference == 0
    if done:
        assert settled.proven
    else:
        assert shop.expected() == (2, 2)
        assert not settled.proven
        assert shop.push().delta == 1
    shop.assert_proven(3)


def test_story_04_taken_for_done() -> None:
    shop = relative()
    shop.sell_elsewhere(1)
    shop.lose(done=False)
    assert shop.expected() == (1, 2)
    assert shop.decision is None
    shop.compare()
    assert shop.expected() == (2, 2)
    assert shop.push().delta == -1
    shop.assert_proven(1)


def test_story_05_the_order_that_looks_like_the_push() -> None:
    shop = relative()
    sale = shop.buy()
    shop.sell_elsewhere(1)
    shop.lose(done=False)
    shop.pass_doubts()
    shop.read()
    reading = shop.state.reading
    assert reading is not None
    assert reading.quantity == 1  # What it should be, and yet it proves nothing.
    assert shop.settle(complete=reading.end) is None
    shop.see(sale)
    assert shop.expected() == (0, 1)
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, settled.proven) == (0, False)
    assert shop.expected() == (1, 1)
    assert shop.push().delta == -1
    assert shop.state.proven_at is None
    shop.assert_proven(0)


def test_story_06_late_after_the_read_back() -> None:
    shop = relative()
    shop.total = 3
    call = shop.lose(done=False)
    shop.now = call.send_by + shop.rules.late_s - 0.001
    assert not shop.wants_reading  # A read-back now would say 2, "not done".
    shop.send(call)  # It lands after all.
    settled = shop.compare()
    assert settled.proven
    shop.assert_proven(3)


def test_story_07_the_order_during_the_reading() -> None:
    shop = relative()
    shop.apply(AuditDue())
    call = shop.take_reading()
    began = shop.now
    found = shop.q
    sale = shop.buy()
    shop.apply(ReadingDone(call.id, found, began, shop.now))
    assert shop.see(sale) == (ReadingDropped(),)
    assert shop.state.reading is None
    assert shop.wants_reading
    assert shop.compare().proven
    shop.assert_proven(1)


def test_story_07_the_order_seen_while_the_reading_is_in_flight() -> None:
    shop = relative()
    sale = shop.buy()
    shop.apply(AuditDue())
    call = shop.take_reading()
    shop.see(sale)
    assert shop.apply(ReadingDone(call.id, shop.q, shop.now, shop.now)) == (ReadingDropped(),)
    assert shop.state.reading is None
    shop.assert_proven(1)


@pytest.mark.parametrize("done", [True, False], ids=["after_sending", "before_sending"])
def test_story_08_crash_before_the_outcome(done: bool) -> None:
    shop = relative()
    shop.total = 3
    call = shop.pull()
    answer = shop.send(call) if done else None
    shop.crash()
    assert shop.expected() == (2, 3)
    assert shop.decision is None
    if answer is not None:
        assert shop.apply(answer) == (Dropped(),)  # A ghost of the old epoch.
    shop.compare()
    if not done:
        assert shop.push().delta == 1
    shop.assert_proven(3)


def test_story_09_the_repeated_message() -> None:
    shop = relative()
    shop.total = 3
    call = shop.pull()
    decision = PushDecision(call.delta, None, may_be_refused=False)
    take = TakePush(call.id, call.epoch, decision, call.t0, call.send_by)
    with pytest.raises(ProtocolBug):
        shop.apply(take)
    outcome = shop.send(call)
    assert shop.apply(outcome) == ()
    before = shop.state
    assert shop.apply(outcome) == (Dropped(),)
    assert shop.apply(PushUnknown(call.id)) == (Dropped(),)
    assert shop.state == before
    with pytest.raises(ProtocolBug):
        shop.apply(take)  # The id is taken once, even with a free slot.
    shop.assert_proven(3)


@pytest.mark.parametrize("restocked", [True, False], ids=["restored", "not_restored"])
def test_story_10_the_cancel_nobody_knows(restocked: bool) -> None:
    shop = relative()
    shop.see(shop.buy())
    assert shop.expected() == (1, 1)
    since = shop.now
    if restocked:
        shop.edit(2)
    shop.wait(30)
    shop.see_cancel(1, since)
    assert shop.total == 2
    assert shop.expected() == (1, 2)
    assert shop.decision is None
    shop.wait(30)
    settled = shop.compare()
    assert settled.proven is restocked
    if not restocked:
        assert shop.push().delta == 1
    shop.assert_proven(2)


def test_story_12_below_zero() -> None:
    shop = relative(mall_restocks=MallRestocks.YES)
    first, second = shop.buy(), shop.buy()
    shop.sell_elsewhere(1)
    call = shop.pull()
    assert call.delta == -1
    shop.see(first)
    shop.see(second)
    assert shop.total == -1
    assert shop.expected() == (0, 0)
    since = shop.now
    shop.edit(1)  # One is cancelled and put back, which nobody has seen yet.
    shop.apply(shop.send(call))
    assert shop.q == 0
    assert shop.expected() == (-1, -1)
    assert shop.decision is None  # Naive: +1.
    assert shop.name() is PushStateName.SUSPECT
    shop.wait(30)
    shop.read()
    shop.wait(30)
    assert shop.see_cancel(1, since, is_maybe=False) == (ReadingDropped(),)
    assert (shop.total, shop.expected()) == (0, (0, 0))
    assert shop.name() is PushStateName.LEVEL
    shop.wait(30)
    shop.assert_proven(0)


def test_story_13_refused() -> None:
    shop = relative()
    sale = shop.buy()
    shop.sell_elsewhere(2)
    call = shop.pull()
    answer = shop.send(call)
    assert answer == PushRefused(call.id, 1)
    assert shop.apply(answer) == (WakePoll(),)
    assert shop.expected() == (2, 2)
    assert shop.push().delta == -1  # D4: what is left, at once.
    assert (shop.q, shop.expected()) == (0, (1, 1))
    assert shop.decision is None  # And only once.
    shop.see(sale)
    assert (shop.total, shop.offer, shop.expected()) == (-1, 0, (0, 0))
    assert shop.compare().proven
    shop.assert_proven(0)


def test_story_15_up_from_the_wrong_end() -> None:
    shop = relative()
    shop.total = 3
    lost = shop.lose(done=False)
    shop.total = 4
    assert shop.push().delta == 1  # From 3, not from 2.
    assert shop.expected() == (3, 4)
    shop.send(lost)
    assert shop.q == 4
    assert shop.compare().proven
    shop.assert_proven(4)


def test_story_15_up_from_the_wrong_end_and_it_never_landed() -> None:
    shop = relative()
    shop.total = 3
    shop.lose(done=False)
    shop.total = 4
    shop.push()
    shop.compare()
    assert shop.push().delta == 1
    shop.assert_proven(4)


def test_story_15_a_doubtful_fall_is_not_repeated() -> None:
    shop = relative()
    shop.sell_elsewhere(1)
    shop.lose(done=True)
    assert shop.expected() == (1, 2)
    assert shop.decision is None
    assert shop.compare().proven
    shop.assert_proven(1)


def test_story_16_the_capped_origin() -> None:
    shop = Shop(relative().rules, total=100, cap=5)
    sale = shop.buy(2)
    shop.see(sale)
    assert (shop.q, shop.total, shop.expected(), shop.offer) == (3, 98, (3, 3), 5)
    unseen = shop.buy()
    assert shop.push().delta == 2
    assert shop.q == 4
    shop.see(unseen)
    assert shop.push().delta == 1
    shop.assert_proven(5)


@pytest.mark.parametrize(
    ("expected", "offer", "delta"),
    [
        pytest.param(0, 2, 2, id="total_-1_to_2"),
        pytest.param(-1, 2, 2, id="total_-1_to_2_expected_below_zero"),
        pytest.param(0, 2, 2, id="buffer_1_total_1_to_3"),
        pytest.param(5, 5, 0, id="cap_5_total_9_to_7"),
        pytest.param(2, 2, 0, id="bundle_of_2_total_5_to_4"),
        pytest.param(2, 1, -1, id="bundle_of_2_total_4_to_3"),
    ],
)
def test_story_17_deltas_of_the_total(expected: int, offer: int, delta: int) -> None:
    shop = relative()
    shop.state = Shop(shop.rules, total=0).state
    shop.apply(OwnEffect(expected, Span(shop.now, shop.now)))
    shop.total = offer
    decision = shop.decision
    assert (0 if decision is None else decision.delta) == delta


def test_a_reading_begins_only_past_every_limit() -> None:
    shop = relative()
    shop.total = 3
    first = shop.lose(done=False)
    shop.wait(3)
    shop.total = 4
    second = shop.lose(done=True)
    assert reading_not_before(shop.state, shop.rules) == second.send_by + shop.rules.late_s
    assert second.send_by > first.send_by
    shop.total = 5
    assert shop.decision is None  # D5: two are enough.
    step = apply(shop.state, AuditDue(), shop.rules)
    assert step.state.audit_due
