"""The stories of the protocol on a guarded mall, each named after its number and title."""

import math

import pytest

from engine.push_state import (
    AuditDue,
    MallRestocks,
    OwnEffect,
    PushStateName,
    PushUnknown,
    ReadingDropped,
    Span,
    Window,
)
from tests.unit.engine.push.shop import guarded


def test_story_01_the_erased_sale() -> None:
    shop = guarded()
    sale = shop.buy()
    shop.sell_elsewhere(1)
    shop.push()
    assert (shop.q, shop.expected()) == (0, (1, 1))  # The guard read 1 and wrote 0.
    shop.see(sale)
    assert shop.expected() == (0, 0)
    assert shop.name() is PushStateName.LEVEL
    shop.assert_proven(0)


def test_story_02_the_sale_between_read_and_write() -> None:
    shop = guarded()
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    sale = shop.buy()
    shop.apply(shop.send(call, guard))
    assert shop.q == 1  # The sale is erased.
    shop.see(sale)
    assert shop.expected() == (0, 1)
    assert shop.name() is PushStateName.SUSPECT
    assert shop.push().delta == -1  # D2 does not wait for the reading.
    assert shop.q == 0
    assert shop.compare().proven
    shop.assert_proven(0)


def test_story_02_and_the_sale_was_not_erased() -> None:
    shop = guarded()
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    shop.apply(shop.send(call, guard))
    sale = shop.buy()
    assert shop.q == 0
    window = shop.state.windows[0]
    # Its stamp is within eps of the window although it came after it.
    moment = Span(window.end + shop.rules.eps_s, window.end + shop.rules.eps_s)
    shop.total -= sale.units
    shop.apply(OwnEffect(-1, moment))
    assert shop.expected() == (0, 1)
    shop.push()  # The guard finds 0 and writes nothing.
    assert (shop.q, shop.expected()) == (0, (0, 1))
    assert shop.state.refused
    assert list(shop.state.windows) == [window]  # Nothing written, no new window.
    assert shop.decision is None
    assert shop.compare().proven
    shop.assert_proven(0)


def test_story_11_the_cancel_inside_the_window() -> None:
    shop = guarded(mall_restocks=MallRestocks.YES)
    shop.see(shop.buy())
    since = shop.now
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    assert guard == 1
    shop.edit(2)  # The mall puts the cancelled unit back ...
    shop.apply(shop.send(call, guard))
    assert shop.q == 0  # ... and the write erases it.
    shop.wait(30)
    shop.see_cancel(1, since, is_maybe=False)
    assert (shop.total, shop.expected()) == (1, (0, 1))
    assert shop.decision is None
    shop.wait(30)
    shop.compare()
    assert shop.expected() == (0, 0)
    assert shop.push().delta == 1
    shop.assert_proven(1)


def test_story_11_the_order_first_seen_already_cancelled() -> None:
    shop = guarded(mall_restocks=MallRestocks.YES)
    sale = shop.buy()
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    shop.edit(2)
    shop.apply(shop.send(call, guard))
    assert shop.q == 0
    shop.wait(30)
    shop.see(sale)
    shop.see_cancel(1, sale.stamp, is_maybe=False)  # The bracket starts at its stamp.
    assert (shop.total, shop.expected()) == (1, (0, 1))
    shop.wait(30)
    shop.compare()
    assert shop.push().delta == 1
    shop.assert_proven(1)


def test_story_14_nothing_left_to_take_off() -> None:
    shop = guarded()
    sales = [shop.buy(), shop.buy()]
    shop.sell_elsewhere(1)
    shop.push()
    assert (shop.q, shop.expected()) == (0, (2, 2))
    assert shop.state.refused
    assert shop.state.windows == ()
    assert shop.decision is None  # No endless loop of short writes.
    for sale in sales:
        shop.see(sale)
    assert (shop.total, shop.expected(), shop.decision) == (-1, (0, 0), None)
    assert shop.compare().proven
    shop.assert_proven(0)


@pytest.mark.parametrize(
    ("after_s", "expected"),
    [(0.0, (0, 1)), (2.0, (0, 1)), (2.001, (0, 0))],
    ids=["at_its_end", "at_eps", "past_eps"],
)
def test_story_19_skew(after_s: float, expected: tuple[int, int]) -> None:
    shop = guarded()
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    sale = shop.buy()
    shop.apply(shop.send(call, guard))  # Erased, but stamped after the write by a skewed clock.
    stamp = shop.state.windows[0].end + after_s
    shop.total -= sale.units
    shop.apply(OwnEffect(-1, Span(stamp, stamp)))
    assert shop.expected() == expected


def test_story_19_skew_before_the_guard() -> None:
    for before_s, expected in ((2.0, (0, 1)), (2.001, (0, 0))):
        shop = guarded()
        shop.sell_elsewhere(1)
        shop.push()
        stamp = shop.state.windows[0].start - before_s
        shop.apply(OwnEffect(-1, Span(stamp, stamp)))
        assert shop.expected() == expected


def test_story_37_a_minute_is_long() -> None:
    shop = guarded(stamp_resolution_s=60.0)
    minute = 10 * 3600.0
    shop.now = minute + 20
    shop.sell_elsewhere(1)
    shop.push()
    shop.now = minute + 50
    sale = shop.buy()
    shop.total -= sale.units
    # Stamped 10:00:00, and the first poll that showed it ended at 10:01:05.
    shop.apply(OwnEffect(-1, Span(minute, minute + 60)))
    assert shop.expected() == (0, 1)
    assert shop.push().delta == -1  # The guard finds 0.
    shop.wait(60)
    assert shop.compare().proven
    shop.assert_proven(0)


def test_an_order_during_the_call_is_a_maybe() -> None:
    shop = guarded()
    shop.sell_elsewhere(1)
    call = shop.pull()
    sale = shop.buy()
    shop.see(sale)
    assert shop.expected() == (1, 2)  # E3: slot = push and not before t0.
    shop.hand_back(call)
    assert shop.push().delta == -2
    shop.assert_proven(0)


@pytest.mark.parametrize("landed", [True, False], ids=["landed", "never"])
def test_a_doubtful_guarded_write_erases_until_it_is_settled(landed: bool) -> None:
    shop = guarded()
    shop.total = 4
    call = shop.pull()
    guard = shop.guard()
    shop.apply(PushUnknown(call.id))
    assert list(shop.state.windows) == [Window(call.t0, math.inf, call.id)]
    sale = shop.buy()
    if landed:
        shop.send(call, guard)
        assert shop.q == 4
    shop.see(sale)
    assert shop.expected() == (1, 4)
    assert shop.decision is None  # D5, although offer 3 < 4.
    shop.compare()
    assert shop.state.windows == ()
    assert shop.push().delta == (-1 if landed else 2)
    shop.assert_proven(3)


def test_a_bestseller_settles_in_spite_of_a_doubtful_write() -> None:
    shop = guarded()
    shop.state = guarded().state
    shop.total = 3
    shop.lose(done=True)
    shop.pass_doubts()
    shop.read()
    sale = shop.buy()  # After the reading, and so after everything the doubt could erase.
    assert shop.see(sale) == ()
    assert shop.state.reading is not None
    settled = shop.settle()
    assert settled is not None
    assert settled.proven
    assert shop.expected() == (2, 2)
    shop.assert_proven(2)


def test_an_order_in_a_window_after_the_reading_drops_it() -> None:
    shop = guarded()
    shop.apply(AuditDue())
    shop.read()
    shop.wait(30)
    shop.sell_elsewhere(1)
    call = shop.pull()
    guard = shop.guard()
    sale = shop.buy()
    shop.apply(shop.send(call, guard))
    reading = shop.state.reading
    assert reading is not None
    assert (reading.shift, reading.moved) == (-1, True)
    assert shop.see(sale) == (ReadingDropped(),)
    shop.push()
    shop.assert_proven(0)


@pytest.mark.parametrize(
    ("stamp_in_window", "known"), [(False, True), (True, False)], ids=["outside", "inside"]
)
def test_story_35_first_seen_edited_where_the_placement_may_be_erased(
    stamp_in_window: bool, known: bool
) -> None:
    shop = guarded()
    sale = shop.buy()
    shop.sell_elsewhere(1)
    shop.push()
    stamp = shop.state.windows[0].start if stamp_in_window else sale.stamp
    shop.wait(30)
    shop.total -= 1
    shop.apply(OwnEffect(-1, Span(stamp, shop.now), is_open=True, stamp=stamp))
    assert shop.state.known is known
    if known:
        assert shop.expected() == (None, 0)
    shop.wait(30)
    assert shop.compare().difference == 0
    shop.assert_proven(0)
