"""Virtual time: one queue of things to happen, and tasks that sleep and wait in it.

Nothing here reads a clock. Two things due at one moment happen in the order they were planned, so
that a run is a function of its seed alone. A task is a generator that yields seconds to sleep or a
`Waiter` to wait for; it belongs to a `Host`, which may hang (its tasks wake up late) or die (they
never wake up again).
"""

import heapq
from collections.abc import Callable, Generator
from typing import Any

START = 1_700_000_000.0
"""Any moment will do; a real one shows rounding where it would hurt."""

Act = Callable[[], None]
Steps = Generator["float | Waiter", Any, Any]
"""What a task is made of."""


class Clock:
    """The queue. `now` is true time; every machine's and mall's clock is made from it."""

    def __init__(self) -> None:
        self.now = START
        self._queue: list[tuple[float, int, Act]] = []
        self._planned = 0

    def at(self, moment: float, act: Act) -> None:
        """Plans something; the past is now."""
        self._planned += 1
        heapq.heappush(self._queue, (max(moment, self.now), self._planned, act))

    def after(self, seconds: float, act: Act) -> None:
        self.at(self.now + seconds, act)

    def step(self) -> bool:
        """Lets the next thing happen; False: nothing is planned."""
        if not self._queue:
            return False
        moment, _, act = heapq.heappop(self._queue)
        self.now = moment
        act()
        return True


class Waiter:
    """Something one task waits for; the first answer counts."""

    def __init__(self) -> None:
        self._is_done = False
        self._resume: Callable[[Any], None] | None = None
        self._value: Any = None

    def resolve(self, value: Any) -> None:
        if self._is_done:
            return
        self._is_done, self._value = True, value
        if self._resume is not None:
            self._resume(value)

    def then(self, resume: Callable[[Any], None]) -> None:
        if self._is_done:
            resume(self._value)
        else:
            self._resume = resume


class GivenUp(Exception):
    """Thrown by a task that must end with all others of its host."""


class Host:
    """A process: it hangs, dies, and owns tasks."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.is_alive = True
        self.hangs_until = 0.0
        self.generation = 0
        """Tasks of an earlier generation are void."""

    def later(self, seconds: float, act: Act) -> None:
        """Plans something of this process: late if it hangs, never if it is dead by then."""
        generation = self.generation

        def run() -> None:
            if not self.is_alive or self.generation != generation:
                return
            if self.clock.now < self.hangs_until:
                self.clock.at(self.hangs_until, run)
                return
            act()

        self.clock.after(seconds, run)

    def spawn(self, steps: Steps, done: Callable[[Any], None] | None = None) -> None:
        """Begins a task."""
        generation = self.generation

        def resume(value: Any) -> None:
            if not self.is_alive or self.generation != generation:
                return
            try:
                wanted = steps.send(value)
            except StopIteration as stop:
                if done is not None:
                    done(stop.value)
                return
            except GivenUp:
                self.gave_up()
                return
            if isinstance(wanted, Waiter):
                wanted.then(lambda found: self.later(0.0, lambda: resume(found)))
            else:
                self.later(wanted, lambda: resume(None))

        self.later(0.0, lambda: resume(None))

    def gave_up(self) -> None:
        """A task raised GivenUp."""
        raise NotImplementedError

    def void_tasks(self) -> None:
        """Every task that was begun until now is over."""
        self.generation += 1
