"""The later stories on a relative mall: openings, differences, links, rows, restocks, poison."""

import pytest

from engine.connector import WriteKind
from engine.push import is_inside
from engine.push_state import (
    Adopt,
    AuditDue,
    BelowZero,
    Forget,
    MallRestocks,
    MallRules,
    OnDifference,
    OwnEffect,
    ParkedMaybe,
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushStateName,
    PushUnknown,
    Quarantined,
    ReadingDropped,
    Reflect,
    Settle,
    Settled,
    Span,
    TakeBack,
)
from tests.unit.engine.push.shop import CALL_S, relative


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
    assert shop.expected() == (1, 1)
    if repairs:
        assert shop.push().delta == 1
        assert shop.q == 2
    else:
        assert (settled.held, shop.decision) == (-1, None)
    shop.wait(600)
    shop.see(sale)
    assert shop.state.held == 0
    assert shop.expected() == ((2, 2) if repairs else (1, 1))
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


def test_story_23_a_reflect_taken_back_leaves_the_edit_and_what_was_edited_since() -> None:
    shop = relative()
    shop.edit(3)
    assert shop.audit().held == 1
    shop.apply(Reflect())
    due = shop.decision
    assert due is not None
    assert due.delta == -1
    shop.edit(5)
    shop.audit()
    shop.apply(TakeBack(1))
    assert shop.decision is None  # As if nobody had reflected: staff's 5 stays.
    shop.sell_elsewhere(1)
    assert shop.push().delta == -1
    assert shop.q == 4


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
    assert shop.name() is PushStateName.LEVEL


def test_story_24_days_at_level_9() -> None:
    shop = relative()
    shop.sell_elsewhere(1)
    shop.hand_back(shop.pull())  # C2: halted between the pull and the sending.
    shop.is_blocked = True
    assert shop.expected() == (2, 2)
    assert shop.name() is PushStateName.BLOCKED
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
    assert (shop.q, shop.expected()) == (0, (0, 0))
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
    assert shop.name() is PushStateName.UNKNOWN
    assert shop.decision is None
    shop.read()
    shop.settle()
    assert shop.expected() == (5, 5)
    shop.see(sale)  # The kept line is applied by E2.
    assert shop.expected() == (5, 5)
    shop.assert_proven(5)


def test_story_26_one_bad_row() -> None:
    shops = [relative() for _ in range(9)]
    for shop in shops:
        shop.total = 3
    calls = [shop.pull() for shop in shops]
    for row, (shop, call) in enumerate(zip(shops, calls, strict=True)):
        if row == 7:
            assert shop.apply(PushBadItem(call.id, "E7")) == (Quarantined("E7"),)
            assert shop.name() is PushStateName.BLOCKED
            assert shop.expected() == (2, 2)
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
    assert shop.expected() == (1, 2)
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
    assert shop.expected() == (2, 3)
    shop.wait(30)
    shop.compare()
    assert shop.expected() == (2, 2)
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
    assert shop.expected() == (None, 1 if cut_only else 2)
    assert shop.name() is PushStateName.SUSPECT
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
    assert shop.expected() == (1, 2)
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, shop.expected()) == (0, (1, 1))
    assert shop.decision is None  # The sold unit does not go back on sale.
    shop.see(sale)  # It is read at last, with its stamp.
    shop.rises_allowed = True
    assert shop.expected() == (1, 1)
    shop.assert_proven(1)


def test_story_36_the_poison_order_without_units() -> None:
    shop = relative()
    sale = shop.buy(2)
    shop.apply(ParkedMaybe(None))
    assert shop.expected() == (None, 2)
    shop.rises_allowed = False
    shop.read()
    settled = shop.settle()
    assert settled is not None
    assert (settled.difference, shop.expected()) == (0, (0, 0))
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
    assert shop.expected() == (0, 2)
    assert (shop.state.down, shop.state.doubtful) == (-2, ())
    assert shop.decision is None
    shop.see(sale)
    assert shop.expected() == (-1, 1)
    shop.total = 1  # Goods in; naive: expected -1, +2.
    assert shop.decision is None
    shop.wait(30)
    shop.compare()
    assert shop.expected() == (0, 0)
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
    assert shop.expected() == (2, 2)
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
