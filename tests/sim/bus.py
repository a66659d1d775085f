"""The line between mall actors and the desk: letters are lost, doubled, delayed and overtaken.

Towards the desk anything may happen to a letter. Towards an actor letters keep their order, for an
order to a lane is worth nothing otherwise and the real line keeps it; they may still be lost or
come twice. Every letter is encoded and decoded on its way.
"""

import random
from collections.abc import Callable
from typing import Any

import msgspec

from engine.messages import ENCODER, FromMall, ToMall
from tests.sim.clock import Clock

FROM_MALL = msgspec.msgpack.Decoder(FromMall)
TO_MALL = msgspec.msgpack.Decoder(ToMall)


class Bus:
    """One line for all."""

    def __init__(self, clock: Clock, rng: random.Random) -> None:
        self.clock = clock
        self.rng = rng
        self.loss = 0.0
        self.doubling = 0.0
        self.delay_s_max = 0.02
        self.slow = 0.0
        """Share of letters that take seconds."""
        self.desk: Callable[[bytes, Any], None] = lambda _sender, _letter: None
        self.actors: dict[bytes, Callable[[Any], None]] = {}
        self._last: dict[bytes, float] = {}

    def calm(self) -> None:
        self.loss = self.doubling = self.slow = 0.0
        self.delay_s_max = 0.02

    def to_desk(self, sender: bytes, letter: Any) -> None:
        body = ENCODER.encode(letter)
        for _ in range(self._copies()):
            self.clock.after(self._delay(), lambda: self.desk(sender, FROM_MALL.decode(body)))

    def to_actor(self, receiver: bytes, letter: Any) -> None:
        body = ENCODER.encode(letter)
        for _ in range(self._copies()):
            moment = max(self.clock.now + self._delay(), self._last.get(receiver, 0.0))
            self._last[receiver] = moment
            self.clock.at(moment, lambda: self._hand_over(receiver, body))

    def _hand_over(self, receiver: bytes, body: bytes) -> None:
        deliver = self.actors.get(receiver)
        if deliver is not None:
            deliver(TO_MALL.decode(body))

    def _copies(self) -> int:
        if self.loss and self.rng.random() < self.loss:
            return 0
        return 2 if self.doubling and self.rng.random() < self.doubling else 1

    def _delay(self) -> float:
        if self.slow and self.rng.random() < self.slow:
            return self.rng.uniform(0.5, 6.0)
        return self.rng.uniform(0.001, self.delay_s_max)
