"""Seeded random walks through `world.py`: many more steps than a hypothesis machine can make.

A failure names its seed; the same seed gives the same walk.
"""

import random
from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from engine.push_state import BelowZero, MallRestocks, OnDifference
from tests.model.converge import converge
from tests.model.feeds import break_feed, end_feed, hand_in, join_feed, lose_feed, work_off
from tests.model.kinds import EPS_SKEWS, KINDS, WAITS
from tests.model.world import World

WALKS = 1500
"""Per kind."""
STEPS_MAX = 70
COARSE_S = 8.0
"""Resolution of the stamps in some of the walks."""


def _world(choose: random.Random, kind: str) -> World:
    rules = replace(
        KINDS[kind],
        mall_restocks=choose.choice(list(MallRestocks)),
        on_difference=choose.choice(list(OnDifference)),
        below_zero=choose.choice(list(BelowZero)),
        stamp_resolution_s=choose.choice([0.0, 0.0, 0.0, COARSE_S]),
    )
    return World(
        rules, tells_original=choose.random() < 0.6, answers_quantity=choose.random() < 0.5
    )


class _Walk:
    """One walk: each method is a step with its arguments chosen."""

    def __init__(self, choose: random.Random, world: World) -> None:
        self.choose = choose
        self.world = world
        evil = choose.random()
        feed_moves = [partial(move, world) for move in (join_feed, hand_in, work_off, end_feed)]
        self.feed_moves: list[Callable[[], None]] = list(feed_moves)
        self.steps: list[tuple[Callable[[], None], float]] = [
            (self.call, 6.0),
            (self.look, 6.0),
            (world.pull, 5.0),
            (world.start, 5.0),
            (self.execute, 5.0),
            (world.answer, 5.0),
            (self.lose, 2.0),
            (self.crash, 1.0),
            (world.hand_back, 1.0),
            (self.wait, 6.0),
            (self.buy, 4.0),
            (self.alter, 2.0),
            (self.poll, 5.0),
            (world.settle, 4.0),
            (self.move_total, 3.0),
            (self.repeat, 1.0),
            (self.audit, 0.7),
            (world.reflect, 0.3),
            (self.forget, 0.2),
            (world.cure, 0.5),
            (self.fail_poll, 0.3),
        ]
        if world.is_anchored:
            self.steps += [
                (self.feed, 2.0),
                (partial(join_feed, world), 3.0),
                (partial(hand_in, world), 3.0),
                (self.work_off, 3.0),
                (partial(end_feed, world), 2.0),
                (partial(break_feed, world), 1.0),
                (self.lose_feed, 0.5),
            ]
        # Hand edits and broken bounds suspend most checks, so most walks have neither.
        if evil < 0.3:
            self.steps.append((self.edit, 1.0))
        elif evil < 0.4:
            self.steps.append((self.hide, 0.5))

    def run(self) -> None:
        moves, weights = zip(*self.steps, strict=True)
        for move in self.choose.choices(moves, weights, k=self.choose.randrange(5, STEPS_MAX)):
            move()
            self.world.check()
        converge(self.world)

    def call(self) -> None:
        for move in (self.world.pull, self.world.start, self.execute, self.world.answer):
            move()
            luck = self.choose.random()
            if luck < 0.3:
                self.world.wait(self.choose.choice([0.25, 1.0]))
            elif luck < 0.4:
                self.buy()

    def feed(self) -> None:
        for move in self.feed_moves:
            move()
            luck = self.choose.random()
            if luck < 0.3:
                self.wait()
            elif luck < 0.5:
                self.move_total()
                self.call()

    def work_off(self) -> None:
        work_off(self.world, self.choose.choice([0, 0.5, 1]))

    def lose_feed(self) -> None:
        lose_feed(self.world, self._lands())

    def look(self) -> None:
        if self.choose.random() < 0.5:
            self.wait()
        self.poll()
        self.world.settle()

    def execute(self) -> None:
        self.world.execute(self.choose.choice([0, 0.5, 1]), self.choose.choice([0, 0.5, 1]))

    def _lands(self) -> float | None:
        return self.choose.choice([None, 0.0, 0.3, 1.0])

    def lose(self) -> None:
        self.world.lose(self._lands())

    def crash(self) -> None:
        self.world.lose_call(self._lands())

    def wait(self) -> None:
        self.world.wait(self.choose.choice(WAITS))

    def buy(self) -> None:
        is_coarse = self.world.rules.stamp_resolution_s > 0
        skew = self.choose.choice((-COARSE_S, -4.0, 0.0) if is_coarse else EPS_SKEWS)
        units = self.choose.choice([1, 1, 2])
        self.world.buy(units, skew, is_poison=self.choose.random() < 0.1)

    def alter(self) -> None:
        quantity = self.choose.choice([0, 0, 1, 2, 3])
        self.world.alter(
            self.choose.randrange(8), quantity, mall_follows=self.choose.random() < 0.5
        )

    def poll(self) -> None:
        self.world.poll(self.choose.randrange(256), rereads=self.choose.random() < 0.75)

    def move_total(self) -> None:
        self.world.move_total(self.choose.choice([-2, -1, -1, 1, 1, 2, 3]))

    def repeat(self) -> None:
        self.world.repeat(self.choose.randrange(9))

    def audit(self) -> None:
        self.world.audit(is_fresh=self.choose.random() < 0.3)

    def forget(self) -> None:
        self.world.forget(is_new_link=self.choose.random() < 0.5)

    def fail_poll(self) -> None:
        self.world.last_poll_ok = False

    def edit(self) -> None:
        self.world.edit(self.choose.choice([-2, -1, 1, 2]))

    def hide(self) -> None:
        self.world.hide(self.choose.randrange(9))


def walk(kind: str, seed: int) -> World:
    choose = random.Random(f"{kind} {seed}")
    world = _world(choose, kind)
    _Walk(choose, world).run()
    return world


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_walk_keeps_the_truth_and_converges(kind: str) -> None:
    proofs = 0
    for seed in range(WALKS):
        try:
            proofs += walk(kind, seed).proofs
        except Exception as error:
            error.add_note(f"walk({kind!r}, {seed})")
            raise
    assert proofs >= WALKS // 2  # The walks reach what they are meant to guard.
