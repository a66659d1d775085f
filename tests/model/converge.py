"""Faults stop, and the listing must come level and be proven, whatever had happened to it.

In a bounded number of turns, woken by `next_wake` alone: a wake that is missing shows here.
"""

from engine.push import name_of, next_wake
from engine.push_state import PushStateName
from tests.model.feeds import end_feed, hand_in, work_off
from tests.model.world import World

TURNS_MAX = 80
"""Far more than any number of faults can ask for."""
AUDITS_MAX = 4
"""Each must prove, but for a hand edit or a broken bound that the first ones heal."""


def converge(world: World) -> None:
    """Ends all faults and runs the listing until it is proven; fails where it never is."""
    world.wait(1.0)
    since = world.now
    world.cure()
    for order in world.mall.orders:
        order.is_hidden = False
    hand_in(world)
    work_off(world, 0.5)
    end_feed(world)
    world.audit()
    audits = 0
    for _ in range(TURNS_MAX):
        world.poll(-1, rereads=True)
        if world.state.held != 0:
            world.reflect()
        world.settle()
        world.check()
        if _turn(world):
            continue
        if not world.strays and not world.mall.landing and _is_at_rest(world, since):
            return
        wake = next_wake(world.state, world.want, world.rules)
        if world.state.reading is not None:
            world.wait(world.rules.lag_s + 2 * world.rules.eps_s + 0.5)
        elif wake is not None:
            world.wait(wake - world.now)
        else:
            audits += 1
            assert audits <= AUDITS_MAX, "an audit that proves nothing"
            world.wait(world.rules.poll_interval_s)
            world.audit()
    raise AssertionError("it does not converge: " + repr(world.state))


def _turn(world: World) -> bool:
    """One call without trouble, if there is one to make."""
    world.pull()
    if world.flight is None:
        return False
    world.start()
    world.execute(0.5, 0.5)
    world.answer()
    world.check()
    world.wait(0.25)
    return True


def _is_at_rest(world: World, since: float) -> bool:
    state = world.state
    if name_of(state, world.want, world.rules) is not PushStateName.LEVEL:
        return False
    if state.low == state.high == world.mall.q < 0 == world.offer:
        return True  # An oversell on a mall that shows it: nothing on sale, nothing to prove.
    if state.proven_at is None or state.proven_at < since:
        return False
    assert state.high == world.offer == world.mall.q
    return True
