"""What a pretend mall will do by itself later: a write that becomes live, a feed that is processed.

Nothing runs in the background. Whoever looks at the shop (a call, the side door) first catches up
with what is due, in the order of the due moments, which nobody can tell from a timer.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable

from sandbox.clock import Clock

ENTRIES_MAX = 1_000_000  # acts waiting; one more makes the earliest act at once

Act = Callable[[], None]


class Agenda:
    """One shop's acts to come."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: list[tuple[float, int, Act]] = []
        self._numbers = itertools.count()

    def add(self, due: float, act: Act) -> None:
        """Let something happen at this moment of the monotonic clock; equal moments keep order."""
        heapq.heappush(self._entries, (due, next(self._numbers), act))
        if len(self._entries) > ENTRIES_MAX:
            heapq.heappop(self._entries)[2]()

    def catch_up(self) -> None:
        """Do everything that is due, also what an act adds meanwhile."""
        while self._entries and self._entries[0][0] <= self._clock.monotonic():
            heapq.heappop(self._entries)[2]()
