"""The stories of the protocol on a relative mall, each named after its number and title."""

import pytest

from engine.connector import WriteKind
from engine.push import apply, is_inside, reading_not_before
from engine.push_state import (
    Adopt,
    AuditDue,
    BelowZero,
    Dropped,
    Forget,
    MallRestocks,
    MallRules,
    OnDifference,
    OwnEffect,
    ParkedMaybe,
    ProtocolBug,
    PushBadItem,
    PushDecision,
    PushDone,
    PushNotSent,
    PushRefused,
    PushStateName,
    PushUnknown,
    Quarantined,
    ReadingDone,
    ReadingDropped,
    Reflect,
    Settle,
    Settled,
    Span,
    TakePush,
    WakePoll,
)
from tests.unit.engine.push.shop import CALL_S, Shop, relative


@pytest.mark.parametrize("done", [True, False], ids=["done", "lost_before"])
def test_story_03_sent_twice(done: bool) -> None:
    shop = relative()
    shop.total = 3
    call = shop.lose(done=done)
    assert shop.expected == (2, 3)
    assert shop.decision is None  # It is not repeated.
    shop.now = call.send_by + shop.rules.late_s - 0.001
    assert not shop.wants_reading
    settled = shop.compare()
    assert settled.difference == 0
    if done:
        assert settled.proven
    else:
        assert shop.expected == (2, 2)
        assert not settled.proven
        assert shop.push().delta == 1
    shop.assert_proven(3)


def test_story_04_taken_for_done() -> None:
    shop = relative()
    shop.sell_elsewhere(1)
    shop.lose(done=False)
    assert shop.expected == (1, 2)
    assert shop.decision is None
    shop.compare()
    assert shop.expected == (2, 2)
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
    assert shop.expected == (0, 1)
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, settled.proven) == (0, False)
    assert shop.expected == (1, 1)
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
    assert shop.expected == (2, 3)
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
    assert shop.expected == (1, 1)
    since = shop.now
    if restocked:
        shop.edit(2)
    shop.wait(30)
    shop.see_cancel(1, since)
    assert shop.total == 2
    assert shop.expected == (1, 2)
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
    assert shop.expected == (0, 0)
    since = shop.now
    shop.edit(1)  # One is cancelled and put back, which nobody has seen yet.
    shop.apply(shop.send(call))
    assert shop.q == 0
    assert shop.expected == (-1, -1)
    assert shop.decision is None  # Naive: +1.
    assert shop.name is PushStateName.SUSPECT
    shop.wait(30)
    shop.read()
    shop.wait(30)
    assert shop.see_cancel(1, since, is_maybe=False) == (ReadingDropped(),)
    assert (shop.total, shop.expected) == (0, (0, 0))
    assert shop.name is PushStateName.LEVEL
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
    assert shop.expected == (2, 2)
    assert shop.push().delta == -1  # D4: what is left, at once.
    assert (shop.q, shop.expected) == (0, (1, 1))
    assert shop.decision is None  # And only once.
    shop.see(sale)
    assert (shop.total, shop.offer, shop.expected) == (-1, 0, (0, 0))
    assert shop.compare().proven
    shop.assert_proven(0)


def test_story_15_up_from_the_wrong_end() -> None:
    shop = relative()
    shop.total = 3
    lost = shop.lose(done=False)
    shop.total = 4
    assert shop.push().delta == 1  # From 3, not from 2.
    assert shop.expected == (3, 4)
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
    assert shop.expected == (1, 2)
    assert shop.decision is None
    assert shop.compare().proven
    shop.assert_proven(1)


def test_story_16_the_capped_origin() -> None:
    shop = Shop(relative().rules, total=100, cap=5)
    sale = shop.buy(2)
    shop.see(sale)
    assert (shop.q, shop.total, shop.expected, shop.offer) == (3, 98, (3, 3), 5)
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


@pytest.mark.parametrize(
    ("before_read_s", "stands"),
    [(0.0, False), (1.0, False), (2.0, False), (2.001, True)],
    ids=["equal", "one_second", "at_eps", "past_eps"],
)
def test_story_18_the_opening_instant(before_read_s: float, stands: bool) -> None:
    shop = relative()
    shop.apply(Forget())
    shop.read()
    reading = shop.state.reading
    assert reading is not None
    stamp = reading.start - before_read_s
    assert is_inside(Span(stamp, stamp), reading, shop.rules.eps_s) is not stands
    shop.apply(OwnEffect(-1, Span(stamp, stamp)))
    assert (shop.state.reading is not None) is stands
    assert shop.wants_reading is not stands


@pytest.mark.parametrize("repairs", [False, True], ids=["reported", "repaired"])
def test_story_20_the_late_order(repairs: bool) -> None:
    on_difference = OnDifference.REPAIR if repairs else OnDifference.REPORT
    shop = relative(on_difference=on_difference)
    sale = shop.buy()
    settled = shop.audit()
    assert settled.difference == -1
    assert shop.expected == (1, 1)
    if repairs:
        assert shop.push().delta == 1
        assert shop.q == 2
    else:
        assert (settled.held, shop.decision) == (-1, None)
    shop.wait(600)
    shop.see(sale)
    assert shop.state.held == 0
    assert shop.expected == ((2, 2) if repairs else (1, 1))
    if repairs:
        assert shop.push().delta == -1
    shop.assert_proven(1)


def test_story_23_hand_edits_reported_and_reflected() -> None:
    shop = relative()
    shop.edit(3)
    settled = shop.audit()
    assert (settled.difference, settled.held, settled.proven) == (1, 1, False)
    assert shop.decision is None
    shop.sell_elsewhere(1)
    assert shop.push().delta == -1  # A delta around the difference.
    assert shop.q == 2
    assert not shop.audit().proven
    shop.apply(Reflect())
    assert shop.push().delta == -1
    shop.assert_proven(1)


def test_story_23_hand_edits_repaired() -> None:
    shop = relative(on_difference=OnDifference.REPAIR)
    shop.edit(3)
    settled = shop.audit()
    assert (settled.difference, settled.held) == (1, 0)
    assert shop.push().delta == -1
    shop.assert_proven(2)


def test_story_23_hand_edits_adopted() -> None:
    shop = relative(on_difference=OnDifference.ADOPT)
    shop.edit(3)
    shop.wait(10)
    shop.apply(AuditDue())
    shop.read()
    shop.wait(100)
    reading = shop.state.reading
    assert reading is not None
    settle = Settle(shop.now, is_parked_blocking=False, is_mall_parked=False, want=shop.want)
    effects = shop.apply(settle)
    assert effects == (Settled(3, 1, 0, proven=True, resolves=True), Adopt(1, reading.id))
    shop.total += 1
    assert shop.decision is None
    shop.assert_proven(3)


def test_story_23_hand_edits_then_all_is_sold() -> None:
    shop = relative()
    shop.edit(1)
    assert shop.audit().held == -1
    shop.sell_elsewhere(2)
    call = shop.push()
    assert call.delta == -1
    assert shop.q == 0
    assert shop.decision is None  # No endless -1 that the mall refuses.
    assert shop.name is PushStateName.LEVEL


def test_story_24_days_at_level_9() -> None:
    shop = relative()
    shop.sell_elsewhere(1)
    shop.hand_back(shop.pull())  # C2: halted between the pull and the sending.
    shop.is_blocked = True
    assert shop.expected == (2, 2)
    assert shop.name is PushStateName.BLOCKED
    unseen = []
    for _ in range(2):
        shop.wait(86_400)
        shop.total += 3
        unseen.append(shop.buy())
        assert shop.decision is None
        assert not shop.wants_reading
    shop.is_blocked = False
    for sale in unseen:  # The poll comes first.
        shop.see(sale)
    assert (shop.q, shop.expected) == (0, (0, 0))
    assert shop.push().delta == 5  # One push for all of it.
    assert shop.decision is None
    assert shop.audit().proven
    shop.assert_proven(5)


def test_story_25_linked_later() -> None:
    shop = relative()
    shop.total = 6
    sale = shop.buy()
    shop.edit(5)
    shop.apply(Forget())
    assert shop.name is PushStateName.UNKNOWN
    assert shop.decision is None
    shop.read()
    shop.settle()
    assert shop.expected == (5, 5)
    shop.see(sale)  # The kept line is applied by E2.
    assert shop.expected == (5, 5)
    shop.assert_proven(5)


def test_story_26_one_bad_row() -> None:
    shops = [relative() for _ in range(9)]
    for shop in shops:
        shop.total = 3
    calls = [shop.pull() for shop in shops]
    for row, (shop, call) in enumerate(zip(shops, calls, strict=True)):
        if row == 7:
            assert shop.apply(PushBadItem(call.id, "E7")) == (Quarantined("E7"),)
            assert shop.name is PushStateName.BLOCKED
            assert shop.expected == (2, 2)
            continue
        if row < 7:
            shop.send(call)  # In truth these were done.
        shop.apply(PushUnknown(call.id))
        assert shop.decision is None  # No half is sent before it is settled.
    for row, shop in enumerate(shops):
        if row == 7:
            assert shop.decision is None
            shop.apply(AuditDue())
        shop.compare()
        if row >= 7:
            assert shop.push().delta == 1
        shop.assert_proven(3)


def test_story_27_the_cancel_the_fast_poll_never_re_reads() -> None:
    shop = relative(mall_restocks=MallRestocks.YES)
    shop.see(shop.buy())
    known_at = shop.now
    shop.total += 1  # Offer 2.
    shop.edit(1)
    shop.lose(done=False)
    assert shop.expected == (1, 2)
    shop.edit(2)  # The older order is cancelled and put back.
    shop.pass_doubts()
    shop.read()
    reading = shop.state.reading
    assert reading is not None
    assert reading.quantity == 2  # As if the push had been done.
    # The fast poll alone would settle; `complete` counts the re-read (T1 ii), which is not there.
    assert shop.settle(complete=known_at) is None
    shop.wait(shop.rules.lag_s)
    assert shop.see_cancel(1, known_at, is_maybe=False) == (ReadingDropped(),)
    assert shop.state.proven_at is None
    assert shop.expected == (2, 3)
    shop.wait(30)
    shop.compare()
    assert shop.expected == (2, 2)
    assert shop.push().delta == 1
    shop.assert_proven(3)


def test_story_28_taken_off_then_held_for_the_wrong_reason() -> None:
    assert MallRules(write_kind=WriteKind.RELATIVE).mall_restocks is MallRestocks.UNKNOWN
    shop = relative()
    shop.see(shop.buy())
    since = shop.now
    shop.wait(30)
    shop.see_cancel(1, since)  # Unknown: a maybe.
    shop.wait(30)
    settled = shop.compare()
    assert (settled.difference, settled.held) == (0, 0)
    assert shop.push().delta == 1
    shop.assert_proven(2)


def test_story_28_a_known_restock_that_was_none_is_held() -> None:
    shop = relative(mall_restocks=MallRestocks.YES)
    shop.see(shop.buy())
    since = shop.now
    shop.wait(30)
    shop.see_cancel(1, since, is_maybe=False)
    assert shop.audit().held == -1  # Why the default is unknown.


@pytest.mark.parametrize("cut_only", [False, True], ids=["raise_possible", "cut_only"])
def test_story_35_first_seen_edited(cut_only: bool) -> None:
    shop = relative()
    sale = shop.buy()
    shop.wait(30)
    shop.total -= 1 if cut_only else 2
    current = 1 if cut_only else 2
    shop.apply(
        OwnEffect(
            -current,
            Span(sale.stamp, shop.now),
            is_open=True,
            spares_high=not cut_only,
            stamp=sale.stamp,
        )
    )
    assert shop.expected == (None, 1 if cut_only else 2)
    assert shop.name is PushStateName.SUSPECT
    shop.wait(30)
    if not cut_only:
        # D2 from high as always: the mall takes off what it still shows.
        assert shop.pull().delta == -2
        call_id = shop.calls
        shop.apply(PushRefused(call_id, shop.q))
        assert shop.push().delta == -1
        assert shop.q == 0
    settled = shop.compare()
    assert settled.difference == 0
    shop.assert_proven(1 if cut_only else 0)


def test_story_36_the_poison_order() -> None:
    shop = relative()
    sale = shop.buy()
    shop.apply(AuditDue())
    shop.read()
    assert shop.settle(is_parked_blocking=True) is None  # It may be the explanation.
    shop.wait(shop.rules.park_block_s)
    shop.rises_allowed = False
    shop.apply(ParkedMaybe(1))
    assert shop.expected == (1, 2)
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, shop.expected) == (0, (1, 1))
    assert shop.decision is None  # The sold unit does not go back on sale.
    shop.see(sale)  # It is read at last, with its stamp.
    shop.rises_allowed = True
    assert shop.expected == (1, 1)
    shop.assert_proven(1)


def test_story_36_the_poison_order_without_units() -> None:
    shop = relative()
    sale = shop.buy(2)
    shop.apply(ParkedMaybe(None))
    assert shop.expected == (None, 2)
    shop.rises_allowed = False
    shop.read()
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, shop.expected) == (0, (0, 0))
    shop.see(sale)
    shop.rises_allowed = True
    shop.assert_proven(0)


def test_story_38_clamped() -> None:
    shop = relative(below_zero=BelowZero.UNKNOWN)
    sale = shop.buy()
    shop.sell_elsewhere(2)
    call = shop.pull()
    assert call.delta == -2
    start = shop.now
    shop.edit(0)  # Clamped.
    shop.wait(CALL_S)
    shop.apply(PushDone(call.id, start, shop.now, answered=0))
    assert shop.expected == (0, 2)
    assert (shop.state.down, shop.state.doubtful) == (-2, ())
    assert shop.decision is None
    shop.see(sale)
    assert shop.expected == (-1, 1)
    shop.total = 1  # Goods in; naive: expected -1, +2.
    assert shop.decision is None
    shop.wait(30)
    shop.compare()
    assert shop.expected == (0, 0)
    assert shop.push().delta == 1
    shop.assert_proven(1)


@pytest.mark.parametrize("repairs", [False, True], ids=["report", "repair"])
def test_story_39_not_atomic_after_all(repairs: bool) -> None:
    shop = relative(
        bulk_is_atomic=True,
        on_difference=OnDifference.REPAIR if repairs else OnDifference.REPORT,
    )
    shop.total = 3
    call = shop.pull()
    shop.send(call)  # Row 6 was done, but the mall names row 7 and the switch says all or none.
    shop.apply(PushNotSent(call.id))
    shop.apply(AuditDue(is_fresh=True))
    assert shop.expected == (2, 2)
    shop.push()  # +1 again.
    assert shop.q == 4
    settled = shop.compare()
    assert settled.difference == 1
    if repairs:
        assert shop.push().delta == -1
        shop.assert_proven(3)
    else:
        assert settled.held == 1
        assert shop.decision is None
        assert not shop.audit().proven


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
