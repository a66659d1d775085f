"""Feeds in the model: the steps of one listing's row of a feed, and what must hold beside it.

join_feed -> hand_in -> work_off -> end_feed | break_feed
                |          |
                +----------+-------> lose_feed: it may still be worked off, up to `until`
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.push import decide, decide_feed, target
from engine.push_state import Event, PushDone, PushNotSent, PushUnknown
from engine.slot import TakeFeed
from tests.model.mall import FeedFlight, Stray

if TYPE_CHECKING:
    from tests.model.world import World


def join_feed(world: World) -> None:
    """The actor pulls a feed, and the listing goes into it."""
    decision = decide_feed(world.state, world.want, world.rules)
    if decision is None or world.flight is not None:
        return
    world.calls += 1
    world.apply(TakeFeed(world.calls, decision, world.now))
    assert world.state.feed is not None
    world.feed, world.beside = FeedFlight(world.state.feed), None


def hand_in(world: World) -> None:
    """The feed reaches the mall, which queues it."""
    if world.feed is not None and world.feed.handed is None:
        world.feed.handed = world.now


def work_off(world: World, delay: float = 0.0) -> None:
    """The mall takes the listing's row of the feed."""
    feed = world.feed
    if feed is not None and feed.handed is not None and not feed.is_worked:
        feed.is_worked = True
        world.mall.write(feed.call, None, delay)


def end_feed(world: World) -> None:
    """The feed is seen to have ended: well, cancelled in its queue, or not handed in at all."""
    feed = world.feed
    if feed is None:
        return
    done = PushDone(feed.call.id, feed.handed or 0.0, world.now)
    _end(world, done if feed.is_worked else PushNotSent(feed.call.id))


def break_feed(world: World) -> None:
    """The feed is seen to have ended without telling what was done of it."""
    feed = world.feed
    if feed is not None and feed.handed is not None:
        _end(world, PushUnknown(feed.call.id, over_at=world.now))


def lose_feed(world: World, lands: float | None = None) -> None:
    """Nobody knows which feed it is: one that was handed in may be worked off later."""
    feed = world.feed
    if feed is None:
        return
    if lands is not None and feed.handed is not None and not feed.is_worked:
        left = max(0.0, feed.call.until - world.now)
        world.strays.append(Stray(world.now + lands * left, feed.call, None))
    _end(world, PushUnknown(feed.call.id))


def _end(world: World, outcome: Event) -> None:
    world.feed = world.beside = None
    world.hear(outcome)


def check_feed(world: World) -> None:
    """D7: what lowers does not wait for a feed, and once written it is not written again."""
    state, feed = world.state, world.state.feed
    if feed is None or not state.known or state.call is not None:
        return
    assert world.flight is None
    wanted = target(state, world.offer)
    decision = decide(state, world.want, world.rules)
    if not feed.crossed and wanted < feed.value:
        assert decision is not None, "a fall that waits for a feed"
    if decision is not None:
        assert decision.value == wanted
        assert world.beside != wanted, "written over and over"
