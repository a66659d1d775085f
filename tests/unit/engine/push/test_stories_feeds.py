"""Feeds on an anchored mall: many values handed in as one, beside which falls go at once (C5)."""

import pytest
from msgspec.structs import replace

from engine.push import decide, decide_feed, next_wake, reading_not_before
from engine.push_state import (
    AuditDue,
    Dropped,
    OwnEffect,
    ProtocolBug,
    PushBadItem,
    PushCall,
    PushNotSent,
    PushRefused,
    PushStateName,
    PushUnknown,
    Quarantined,
    Span,
    Window,
)
from engine.slot import TakeFeed
from tests.unit.engine.push.shop import Shop, anchored, relative

LIVE_S = 600.0


def restocked(total: int = 8) -> Shop:
    """A of the stories with Amazon's bounds; goods came in, and a rise is due."""
    shop = anchored(live_s=LIVE_S, stale_s=LIVE_S)
    shop.total = total
    return shop


def test_story_40_the_feed_overtakes_the_fall() -> None:
    shop = restocked()
    feed = shop.join_feed()
    assert feed.value == 8
    shop.wait(60)
    shop.sell_elsewhere(5)
    assert shop.push().value == 3  # At once, beside the feed.
    assert shop.decision is None
    shop.wait(30)
    shop.work_off(feed)  # The mall takes the feed's 8 after the single 3.
    shop.wait(10)
    shop.end_feed(feed)
    # The counterexample to a feed's end that only ends it: 3 was accepted, and 8 will be shown.
    assert [value for _, value in sorted(shop.landing)] == [3, 8]
    assert shop.push().value == 3  # Once more after the feed's end.
    assert shop.decision is None
    first = min(shop.landing)
    shop.landing = [first, (shop.now + 1, 3), (shop.now + LIVE_S - 1, 8)]
    shop.wait(LIVE_S)
    assert shop.q == 8  # They became live out of order.
    assert shop.name() is PushStateName.SUSPECT
    assert shop.push().value == 3  # And once more when the feed's value is live for sure.
    assert shop.state.doubtful == ()
    shop.wait(2 * LIVE_S)
    shop.assert_proven(3)


def test_story_40_a_fall_on_its_way_when_the_feed_ends() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.sell_elsewhere(5)
    call = shop.pull()
    outcome = shop.send(call)
    shop.work_off(feed)
    shop.end_feed(feed)
    assert [doubt.push_id for doubt in shop.state.doubtful] == [feed.id]
    shop.apply(outcome)  # Heard after the feed's end, which it began before.
    assert shop.expected() == (3, 3)
    shop.wait(LIVE_S)
    assert shop.q == 8
    assert shop.push().value == 3
    shop.wait(2 * LIVE_S)
    shop.assert_proven(3)


def test_story_40_a_lost_fall_beside_the_feed_is_written_again_at_once() -> None:
    shop = restocked()
    shop.join_feed()
    shop.sell_elsewhere(5)
    shop.lose(done=False)
    assert shop.push().value == 3
    assert shop.decision is None


def test_story_40_a_fall_that_was_not_sent_does_not_cross_the_feed() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.sell_elsewhere(5)
    shop.hand_back(shop.pull())
    assert shop.state.feed == feed
    assert shop.push().value == 3


@pytest.mark.parametrize("meets", ["nothing", "own order"])
def test_story_41_the_feed_that_was_not_done(meets: str) -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.cap = 8  # The own order asks for no push of its own.
    shop.total = 20
    if meets == "own order":
        shop.see(shop.buy())
    shop.apply(PushNotSent(feed.id))
    left = 1 if meets == "own order" else 2
    assert shop.expected() == (left, left)  # Its effect stands, and the rise is due again.
    assert shop.state.feed is None
    assert shop.push().value == 8
    shop.wait(2 * LIVE_S)
    shop.assert_proven(8)


def test_story_42_the_feed_that_nobody_can_look_at() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.apply(PushUnknown(feed.id))  # The reply to the hand-in is lost.
    assert shop.decision is None
    shop.sell_elsewhere(5)
    assert shop.push().value == 3  # A fall does not wait.
    shop.now = feed.until
    shop.work_off(feed)  # Worked off at the last moment.
    shop.wait(1)
    assert shop.decision is None
    assert not shop.wants_reading
    shop.wait(LIVE_S)
    assert shop.q == 8
    assert shop.push().value == 3
    shop.wait(2 * LIVE_S)
    shop.assert_proven(3)


@pytest.mark.parametrize("is_done", [True, False])
def test_a_feed_that_broke_off_is_over_when_what_it_did_is_live(is_done: bool) -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.wait(60)
    if is_done:
        shop.work_off(feed)
    shop.apply(PushUnknown(feed.id, over_at=shop.now))
    assert shop.decision is None
    assert decide_feed(shop.state, shop.want, shop.rules) is None  # Ended one by one.
    shop.wait(LIVE_S)
    assert shop.push().value == 8
    shop.wait(2 * LIVE_S)
    shop.assert_proven(8)


def test_a_fall_in_a_feed_that_broke_off_is_written_at_once() -> None:
    shop = restocked(1)
    feed = shop.join_feed()
    shop.apply(PushUnknown(feed.id, over_at=shop.now))
    assert shop.push().value == 1


def test_a_feed_that_is_done_is_live_and_proven_like_a_single_write() -> None:
    shop = restocked()
    feed = shop.join_feed()
    assert shop.name() is PushStateName.CALLING
    assert next_wake(shop.state, shop.want, shop.rules) is None
    shop.wait(60)
    shop.work_off(feed)
    shop.wait(60)
    shop.end_feed(feed)
    assert shop.expected() == (8, 8)
    assert shop.state.windows == (Window(feed.t0, shop.now + LIVE_S, feed.id),)
    assert reading_not_before(shop.state, shop.rules) == shop.now + 2 * LIVE_S
    shop.wait(2 * LIVE_S)
    shop.assert_proven(8)


def test_an_own_order_seen_during_the_feed_is_written_around_it() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.see(shop.buy())  # The feed's 8 will give it back.
    assert shop.expected() == (1, 1)
    assert shop.push().value == 7
    shop.work_off(feed)
    shop.end_feed(feed)
    shop.wait(LIVE_S)
    assert shop.q == 8
    assert shop.push().value == 7
    shop.wait(2 * LIVE_S)
    shop.assert_proven(7)


def test_an_own_order_that_asks_for_no_push_is_written_once_more_after_the_feed() -> None:
    shop = anchored(live_s=LIVE_S)
    shop.cap, shop.total = 8, 20
    feed = shop.join_feed()
    shop.see(shop.buy())
    assert shop.decision is None  # The offer stays 8.
    shop.work_off(feed)
    shop.end_feed(feed)
    assert shop.expected() == (7, 8)
    assert shop.state.again
    shop.wait(LIVE_S)
    assert shop.push().value == 8


@pytest.mark.parametrize(
    ("total", "offer", "pushes"),
    [(8, 9, False), (8, 8, False), (8, 7, True), (1, 0, True), (1, 1, False), (1, 2, False)],
)
def test_only_what_is_below_the_feeds_value_goes_beside_it(
    total: int, offer: int, pushes: bool
) -> None:
    shop = restocked(total)
    shop.join_feed()
    shop.total = offer
    assert (shop.decision is not None) is pushes
    assert next_wake(shop.state, shop.want, shop.rules) == (shop.now if pushes else None)
    shop.rises_allowed = False  # An older parked order: what lowers is not held up by it.
    assert (shop.decision is not None) is pushes


@pytest.mark.parametrize(("offer", "pushes"), [(2, True), (3, False), (4, False)])
def test_after_a_fall_beside_the_feed_the_next_one_counts_from_it(offer: int, pushes: bool) -> None:
    shop = restocked()
    shop.join_feed()
    shop.total = 3
    shop.push()
    shop.total = offer
    assert (shop.decision is not None) is pushes


def test_after_an_open_effect_beside_the_feed_a_fall_counts_from_the_high_end() -> None:
    shop = restocked()
    shop.join_feed()
    shop.total = 5
    shop.push()
    stamp = shop.now
    shop.wait(10)
    shop.apply(OwnEffect(-1, Span(stamp, shop.now), is_open=True, spares_high=True, stamp=stamp))
    assert shop.expected() == (None, 5)
    shop.total = 4
    assert shop.push().value == 4


def test_no_reading_begins_while_the_feed_is_open() -> None:
    shop = restocked()
    shop.join_feed()
    shop.apply(AuditDue())
    shop.wait(10_000)
    assert not shop.wants_reading
    assert next_wake(shop.state, shop.want, shop.rules) is None


def test_a_reading_that_was_open_before_the_feed_settles_and_does_not_prove() -> None:
    shop = restocked(2)
    shop.apply(AuditDue())
    shop.wait(3 * LIVE_S)
    shop.read()
    shop.total = 8
    shop.join_feed()
    shop.total = 2
    settled = shop.settle()
    assert settled is not None
    assert not settled.proven


def test_a_bad_row_quarantines_its_listing_and_is_not_done() -> None:
    shop = restocked()
    feed = shop.join_feed()
    assert shop.apply(PushBadItem(feed.id, "90220")) == (Quarantined("90220"),)
    assert shop.expected() == (2, 2)
    assert shop.name() is PushStateName.BLOCKED
    assert shop.state.feed is None


def test_a_repeated_outcome_of_a_feed_changes_nothing() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.end_feed(feed)
    before = shop.state
    assert shop.apply(PushUnknown(feed.id)) == (Dropped(),)
    assert shop.state == before


@pytest.mark.parametrize(
    "opens",
    [
        lambda shop: shop.lose(done=False),
        lambda shop: shop.pull(),
        lambda shop: shop.join_feed(),
        lambda shop: setattr(shop, "state", replace(shop.state, again=True)),
        lambda shop: setattr(shop, "state", replace(shop.state, low=1)),
        lambda shop: setattr(shop, "state", replace(shop.state, known=False)),
    ],
    ids=["doubt", "slot", "feed", "once more", "interval", "unknown"],
)
def test_what_is_open_is_ended_by_single_writes(opens: object) -> None:
    shop = restocked()
    decision = shop.decision
    assert decision is not None
    opens(shop)  # type: ignore[operator]
    shop.wait(10_000)
    assert decide_feed(shop.state, shop.want, shop.rules) is None
    with pytest.raises(ProtocolBug):
        shop.apply(TakeFeed(99, decision, shop.now))


def test_only_an_anchored_mall_has_feeds() -> None:
    shop = relative()
    shop.total = 8
    assert decide(shop.state, shop.want, shop.rules) is not None
    assert decide_feed(shop.state, shop.want, shop.rules) is None
    decision = shop.decision
    assert decision is not None
    with pytest.raises(ProtocolBug):
        shop.apply(TakeFeed(1, decision, shop.now))


def test_a_feed_is_never_refused_for_going_below_zero() -> None:
    shop = restocked()
    feed = shop.join_feed()
    with pytest.raises(ProtocolBug):
        shop.apply(PushRefused(feed.id, 0))


def test_the_slot_is_free_beside_the_feed_and_is_lost_alone() -> None:
    shop = restocked()
    feed = shop.join_feed()
    shop.total = 1
    call = shop.pull()
    assert isinstance(shop.state.call, PushCall)
    assert call.id > feed.id
    shop.crash()
    assert shop.state.feed == replace(feed, crossed=True)
    assert shop.state.call is None
