"""One listing on one model mall of each kind, under whatever hypothesis thinks of.

The steps are those of `world.py`, which checks the invariants after each; when a run ends, faults
stop and the listing must converge.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from engine.push_state import BelowZero, MallRestocks, MallRules, OnDifference
from tests.model.converge import converge
from tests.model.feeds import break_feed, end_feed, hand_in, join_feed, lose_feed, work_off
from tests.model.kinds import ANCHORED, EPS_SKEWS, GUARDED, RELATIVE, SLOW, WAITS
from tests.model.world import World

SETTINGS = settings(
    max_examples=120,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
PLACE = st.integers(0, 7)
SHARE = st.sampled_from([0.0, 0.3, 1.0])


class PushMachine(RuleBasedStateMachine):
    """The rules all kinds share; a subclass says which mall it is."""

    RULES: MallRules = RELATIVE
    world: World

    @initialize(
        restocks=st.sampled_from(MallRestocks),
        on_difference=st.sampled_from(OnDifference),
        below_zero=st.sampled_from(BelowZero),
        tells=st.tuples(st.booleans(), st.booleans()),
    )
    def begin(
        self,
        restocks: MallRestocks,
        on_difference: OnDifference,
        below_zero: BelowZero,
        tells: tuple[bool, bool],
    ) -> None:
        rules = replace(
            self.RULES,
            mall_restocks=restocks,
            on_difference=on_difference,
            below_zero=below_zero,
        )
        self.world = World(rules, tells_original=tells[0], answers_quantity=tells[1])

    @property
    def is_calling(self) -> bool:
        return self.world.flight is not None

    @rule(units=st.integers(1, 2), skew=st.sampled_from(EPS_SKEWS), is_poison=st.booleans())
    def buy(self, units: int, skew: float, is_poison: bool) -> None:
        self.world.buy(units, skew, is_poison=is_poison)

    @precondition(lambda self: self.world.mall.orders)
    @rule(place=PLACE, quantity=st.integers(0, 3), follows=st.booleans())
    def alter(self, place: int, quantity: int, follows: bool) -> None:
        self.world.alter(place, quantity, mall_follows=follows)

    @precondition(lambda self: self.world.mall.orders)
    @rule(place=PLACE)
    def hide(self, place: int) -> None:
        self.world.hide(place)

    @rule(amount=st.sampled_from([-2, -1, 1, 2]))
    def edit(self, amount: int) -> None:
        self.world.edit(amount)

    @rule(amount=st.sampled_from([-2, -1, 1, 2, 3]))
    def move_total(self, amount: int) -> None:
        self.world.move_total(amount)

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    @rule(fresh=st.integers(0, 255), rereads=st.booleans())
    def poll(self, fresh: int, rereads: bool) -> None:
        self.world.poll(fresh, rereads=rereads)

    @rule()
    def fail_poll(self) -> None:
        self.world.last_poll_ok = False

    @precondition(lambda self: self.world.state.reading is not None)
    @rule(waits=st.booleans())
    def poll_and_settle(self, waits: bool) -> None:
        if waits:
            self.world.wait(14.5)
        self.world.poll(-1, rereads=True)
        self.world.settle()

    @precondition(lambda self: not self.is_calling)
    @rule()
    def pull(self) -> None:
        self.world.pull()

    @precondition(lambda self: not self.is_calling)
    @rule(delay=SHARE, age=SHARE)
    def call(self, delay: float, age: float) -> None:
        self.world.pull()
        self.world.start()
        self.world.execute(delay, age)
        self.world.wait(0.25)
        self.world.answer()

    @precondition(lambda self: self.is_calling)
    @rule(delay=SHARE, age=SHARE)
    def execute(self, delay: float, age: float) -> None:
        self.world.start()
        self.world.execute(delay, age)

    @precondition(lambda self: self.is_calling)
    @rule()
    def start_or_answer(self) -> None:
        self.world.start()
        self.world.answer()

    @precondition(lambda self: self.is_calling)
    @rule(lands=st.none() | SHARE)
    def lose(self, lands: float | None) -> None:
        self.world.lose(lands)

    @precondition(lambda self: self.is_calling)
    @rule(lands=st.none() | SHARE)
    def crash(self, lands: float | None) -> None:
        self.world.lose_call(lands)

    @precondition(lambda self: self.is_calling)
    @rule()
    def hand_back(self) -> None:
        self.world.hand_back()

    @precondition(lambda self: self.world.outcomes)
    @rule(place=PLACE)
    def repeat(self, place: int) -> None:
        self.world.repeat(place)

    @rule(is_fresh=st.booleans())
    def audit(self, is_fresh: bool) -> None:
        self.world.audit(is_fresh=is_fresh)

    @rule()
    def reflect(self) -> None:
        self.world.reflect()

    @rule(is_new_link=st.booleans())
    def forget(self, is_new_link: bool) -> None:
        self.world.forget(is_new_link=is_new_link)

    @rule()
    def cure(self) -> None:
        self.world.cure()

    @invariant()
    def holds(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            converge(self.world)


class FeedMachine(PushMachine):
    """What anchored malls have besides: feeds."""

    @rule()
    def join_feed(self) -> None:
        join_feed(self.world)

    @precondition(lambda self: self.world.feed is not None)
    @rule()
    def hand_in(self) -> None:
        hand_in(self.world)

    @precondition(lambda self: self.world.feed is not None)
    @rule(delay=SHARE)
    def work_off(self, delay: float) -> None:
        work_off(self.world, delay)

    @precondition(lambda self: self.world.feed is not None)
    @rule()
    def end_feed(self) -> None:
        end_feed(self.world)

    @precondition(lambda self: self.world.feed is not None)
    @rule()
    def break_feed(self) -> None:
        break_feed(self.world)

    @precondition(lambda self: self.world.feed is not None)
    @rule(lands=st.none() | SHARE)
    def lose_feed(self, lands: float | None) -> None:
        lose_feed(self.world, lands)


class RelativeMachine(PushMachine):
    """R: Rakuten, Yahoo."""

    RULES = RELATIVE


class GuardedMachine(PushMachine):
    """G: au PAY."""

    RULES = GUARDED


class AnchoredMachine(FeedMachine):
    """A with live reads and writes."""

    RULES = ANCHORED


class SlowMachine(FeedMachine):
    """A: Amazon."""

    RULES = SLOW


def _case(machine: type[PushMachine]) -> type:
    case: type = machine.TestCase
    case.settings = SETTINGS  # type: ignore[attr-defined]
    return pytest.mark.slow(case)


TestRelative = _case(RelativeMachine)
TestGuarded = _case(GuardedMachine)
TestAnchored = _case(AnchoredMachine)
TestSlow = _case(SlowMachine)
