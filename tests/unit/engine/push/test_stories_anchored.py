"""The stories of the protocol on an anchored mall, each named after its number and title."""

import math

import pytest
from msgspec.structs import replace

from engine.push import decide, reading_not_before
from engine.push_state import AuditDue, OwnEffect, PushStateName, PushUnknown, Span
from tests.unit.engine.push.shop import anchored

LIVE_S = 600.0
STALE_S = 600.0


def test_story_01_the_erased_sale() -> None:
    shop = anchored()
    sale = shop.buy()
    shop.sell_elsewhere(1)
    shop.push()
    assert (shop.q, shop.expected()) == (1, (1, 1))  # The sale is erased.
    shop.see(sale)
    assert shop.expected() == (1, 1)  # Older than the write: not taken off again.
    assert shop.push().value == 0
    shop.assert_proven(0)


def test_story_21_stale_reads() -> None:
    shop = anchored(stale_s=STALE_S)
    shop.see(shop.buy())
    shop.sell_elsewhere(1)
    assert (shop.q, shop.total, shop.expected()) == (1, 0, (1, 1))
    assert shop.shown_before(STALE_S) == 2  # What a guard would have read.
    assert shop.push().value == 0
    assert shop.q == 0
    shop.assert_proven(0)


def test_story_22_accepted_is_not_live() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.sell_elsewhere(1)
    shop.push()
    assert shop.q == 2  # Accepted, not live.
    sale = shop.buy()
    shop.see(sale)
    assert shop.expected() == (0, 1)  # Inside the window: a maybe.
    assert shop.name() is PushStateName.SUSPECT
    assert shop.decision is None
    shop.wait(LIVE_S)
    assert shop.q == 1  # The live value undid the sale.
    assert shop.push().value == 0
    shop.wait(LIVE_S)
    assert shop.q == 0
    shop.assert_proven(0)


def test_story_31_live_out_of_order() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.sell_elsewhere(1)
    shop.push()
    shop.wait(10)
    shop.sell_elsewhere(1)
    assert shop.push().value == 0  # A fall does not wait.
    first, second = shop.landing
    assert (first[1], second[1]) == (1, 0)
    shop.landing = [(second[0] + 20, 1), (second[0] - 20, 0)]  # 0 becomes live, then 1.
    assert shop.name() is PushStateName.SUSPECT
    assert shop.decision is None
    assert shop.expected() == (0, 0)
    shop.wait(LIVE_S)
    assert shop.push().value == 0  # Once more, and then it is the last.
    assert shop.name() is PushStateName.LEVEL
    shop.wait(LIVE_S)
    assert shop.q == 0
    shop.assert_proven(0)


def test_story_31_the_next_fall_does_not_wait_for_the_once_more() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.total = 6
    shop.push()
    shop.wait(10)
    shop.total = 5
    shop.push()
    assert shop.state.again
    shop.total = 4  # One below: a lower low of [4, 5] would make it wait for live_s.
    assert shop.push().value == 4


def test_story_32_a_doubt_dropped() -> None:
    shop = anchored()
    shop.sell_elsewhere(1)
    lost = shop.lose(done=False)
    shop.wait(10)
    shop.sell_elsewhere(1)
    assert shop.push().value == 0
    assert [doubt.push_id for doubt in shop.state.doubtful] == [lost.id]  # Not forgotten.
    assert shop.decision is None
    assert not shop.wants_reading
    shop.send(lost)
    assert shop.q == 1  # It lands late.
    shop.pass_doubts()
    assert shop.push().value == 0
    assert shop.state.doubtful == ()
    shop.assert_proven(0)


def test_story_32_a_doubtful_write_may_become_live_after_it_landed() -> None:
    # The counterexample to a limit of send_by + late_s where writes become live later.
    shop = anchored(live_s=LIVE_S)
    shop.sell_elsewhere(1)
    lost = shop.lose(done=False)
    shop.sell_elsewhere(1)
    shop.push()
    shop.now = lost.send_by + shop.rules.late_s
    shop.send(lost)  # Accepted at the last moment, live LIVE_S later.
    shop.wait(1)
    assert shop.decision is None  # A 0 written and live now would be undone by the 1.
    shop.wait(LIVE_S + 1)
    assert shop.q == 1
    assert shop.push().value == 0
    assert shop.state.doubtful == ()
    shop.wait(LIVE_S)
    shop.assert_proven(0)


def test_story_32_a_doubt_without_another_write_lasts_until_it_is_live() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.total = 3
    lost = shop.lose(done=False)
    shop.now = lost.send_by + shop.rules.late_s
    shop.send(lost)
    shop.wait(1)
    shop.total = 1
    assert shop.push().value == 1  # A fall does not wait, but the doubt stays.
    late, early = sorted(shop.landing, key=lambda write: -write[1])
    shop.landing = [late, (shop.now + 1, early[1])]
    shop.wait(LIVE_S)
    assert shop.q == 3
    assert shop.push().value == 1
    shop.wait(LIVE_S)
    shop.assert_proven(1)


def test_story_33_seen_during_a_call_that_was_not_sent() -> None:
    shop = anchored()
    shop.total = 3
    call = shop.pull()
    sale = shop.buy()
    shop.see(sale)
    shop.hand_back(call)
    assert shop.expected() == (1, 1)  # It stands.
    shop.push()
    shop.assert_proven(2)


def test_story_33_seen_during_a_call_that_was_done() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.total = 3
    call = shop.pull()
    sale = shop.buy()
    shop.see(sale)
    shop.apply(shop.send(call))
    assert shop.expected() == (2, 3)
    assert shop.state.again
    shop.wait(LIVE_S)
    assert shop.q == 3  # The sale is erased.
    assert shop.push().value == 2
    shop.wait(LIVE_S)
    shop.assert_proven(2)


def test_story_34_read_too_early() -> None:
    shop = anchored(stale_s=STALE_S)
    sale = shop.buy()
    shop.see(sale)
    shop.apply(AuditDue())
    not_before = sale.stamp + STALE_S + shop.rules.eps_s
    assert reading_not_before(shop.state, shop.rules) == math.nextafter(not_before, math.inf)
    shop.wait(not_before - shop.now)
    assert not shop.wants_reading
    assert shop.shown_before(STALE_S) == 1
    shop.wait(0.001)
    began = shop.now
    shop.read(shop.shown_before(STALE_S))
    settled = shop.settle()
    assert settled is not None
    assert settled.proven
    assert shop.state.proven_at == began - STALE_S
    shop.assert_proven(1)


def test_story_34_a_reading_waits_for_the_write_to_be_shown() -> None:
    shop = anchored(live_s=LIVE_S, stale_s=STALE_S)
    shop.sell_elsewhere(1)
    shop.push()
    shop.apply(AuditDue())
    end = shop.state.last_write_end
    assert end is not None
    assert reading_not_before(shop.state, shop.rules) == end + LIVE_S + STALE_S


@pytest.mark.parametrize("stale_s", [0.0, STALE_S], ids=["live", "stale"])
def test_story_35_first_seen_edited_is_written_once_more(stale_s: float) -> None:
    shop = anchored(live_s=LIVE_S, stale_s=stale_s)
    shop.total = 5
    shop.push()
    sale = shop.buy()
    shop.wait(30)
    shop.total -= 1
    moment = Span(sale.stamp, shop.now)
    shop.apply(OwnEffect(-1, moment, is_open=True, spares_high=True, stamp=sale.stamp))
    assert shop.expected() == (None, 5)
    assert shop.decision is None
    shop.wait(LIVE_S)
    assert shop.push().value == 4
    shop.wait(LIVE_S)
    shop.assert_proven(4)


def test_story_36_the_poison_order_stops_rises_only() -> None:
    shop = anchored()
    shop.total = 3
    shop.rises_allowed = False
    assert shop.decision is None
    shop.sell_elsewhere(2)
    assert shop.push().value == 1
    shop.rises_allowed = True
    shop.assert_proven(1)


def test_a_lost_fall_is_written_again_at_once_and_doubts_stay_one() -> None:
    shop = anchored()
    shop.sell_elsewhere(1)
    calls = []
    for _ in range(5):
        calls.append(shop.lose(done=False))
        shop.wait(1)
    assert {call.value for call in calls} == {1}
    until = calls[-1].send_by + shop.rules.late_s
    assert [doubt.until for doubt in shop.state.doubtful] == [until]
    shop.push()
    assert shop.decision is None
    shop.pass_doubts()
    assert shop.push().value == 1
    shop.assert_proven(1)


def test_after_a_lost_rise_a_lower_offer_is_a_fall() -> None:
    shop = anchored()
    shop.total = 5
    lost = shop.lose(done=False)
    shop.send(lost)
    assert shop.q == 5
    shop.total = 4  # Above what was expected before, below what may be on sale.
    assert shop.push().value == 4


def test_own_orders_do_not_move_expected_while_a_write_is_unknown() -> None:
    shop = anchored()
    shop.total = 5
    lost = shop.lose(done=True)
    assert shop.expected() == (2, 5)
    sale = shop.buy()
    shop.see(sale)
    assert shop.expected() == (2, 5)
    assert shop.push().value == 4  # At once: 5 may be on sale.
    shop.apply(PushUnknown(lost.id))  # A repeated outcome changes nothing.
    shop.pass_doubts()
    shop.push()
    shop.assert_proven(4)


def test_a_rise_needs_a_fresh_poll_and_a_fall_does_not() -> None:
    shop = anchored()
    shop.total = 3
    want = replace(shop.want, window_poll_end=shop.now - shop.rules.poll_interval_s)
    assert decide(shop.state, want, shop.rules) is not None
    late = replace(want, now=shop.now + 0.001)
    assert decide(shop.state, late, shop.rules) is None
    assert decide(shop.state, replace(want, window_poll_end=None), shop.rules) is None
    fall = replace(late, offer=1, window_poll_end=None)
    decision = decide(shop.state, fall, shop.rules)
    assert decision is not None
    assert decision.value == 1
