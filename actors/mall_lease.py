"""A mall actor's side of its lease: the letters, their epoch, and asking until there is an answer.

A letter that must arrive is repeated until it is answered or the lease is lost; every letter is
idempotent at the inventory. Nothing waits without a bound: each question has its own, and the lane
asks for its lease again when no answer came for long.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from actors.wire import Line, NoAnswer
from engine.messages import FromMall, Goodbye, Hello, Lease, Refused

ANSWER_S: Final = 3.0
"""How long one letter waits for its answer before it is repeated."""
REPEAT_PAUSE_S: Final = 0.2
"""Between two tries of a letter that could not even be queued."""
GOODBYE_S: Final = 1.0
"""How long a leaving actor waits for the answer to its goodbye."""

Letter = Callable[[int, int], FromMall]
"""(id, epoch) -> the letter."""
Ask = Callable[[Letter], Awaitable[Any]]
"""Repeats a letter until it is answered; raises LeaseLost."""


class LeaseLost(Exception):
    """The epoch is an old one: somebody else holds the mall, or did. All work is void.

    An inventory that was started again is no such thing: it asks for a hello and the work goes on.
    """


class LeaseRefused(Exception):
    """The mall is not ours to have: one sentence says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(f"{refused.message_en} / {refused.message}")
        self.reason = refused.reason
        """protocol | held | unknown_mall."""


class MallLease:
    """One mall actor's line to the inventory. The epoch is 0 until a lease came."""

    def __init__(
        self,
        line: Line,
        answered: Callable[[], None] = lambda: None,
        unknown: Callable[[], None] = lambda: None,
    ) -> None:
        self._line = line
        self._answered = answered
        self._unknown = unknown
        self.epoch = 0

    async def hello(self, letter: Callable[[int], Hello]) -> Lease:
        """Asks for the lease until there is an answer; raises LeaseRefused."""
        while True:
            try:
                reply = await self._line.ask(letter, ANSWER_S)
            except NoAnswer:
                await asyncio.sleep(REPEAT_PAUSE_S)
                continue
            if isinstance(reply, Lease):
                self.epoch = reply.epoch
                return reply
            if isinstance(reply, Refused) and reply.reason != "internal":
                raise LeaseRefused(reply)
            await asyncio.sleep(REPEAT_PAUSE_S)

    async def ask_once(self, letter: Letter, bound_s: float | None = None) -> Any:
        """One question; raises NoAnswer, or LeaseLost."""
        epoch = self.epoch
        bound_s = ANSWER_S if bound_s is None else bound_s
        reply = await self._line.ask(lambda number: letter(number, epoch), bound_s)
        if isinstance(reply, Refused):
            if reply.reason == "hello":
                self._unknown()
            if reply.reason in ("internal", "hello"):
                await asyncio.sleep(REPEAT_PAUSE_S)
                raise NoAnswer
            raise LeaseLost
        self._answered()
        return reply

    async def ask(self, letter: Letter) -> Any:
        """Repeats the letter until it is answered; raises LeaseLost."""
        epoch = self.epoch
        while True:
            if self.epoch != epoch:
                raise LeaseLost
            try:
                return await self.ask_once(letter)
            except NoAnswer:
                await asyncio.sleep(REPEAT_PAUSE_S)

    async def goodbye(self) -> None:
        """Says that nothing is under way any more; an inventory that is gone is no matter."""
        try:
            await self.ask_once(Goodbye, GOODBYE_S)
        except (NoAnswer, LeaseLost):
            return
