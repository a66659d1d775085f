"""What one lane has under way: each piece of work a task, waited for together, cut off together.

At most one task a track, besides a heartbeat and a pull: the decider begins no more.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any


class MallTasks:
    """The tasks of one lane, and the event that wakes it between them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._stir = asyncio.Event()

    def __bool__(self) -> bool:
        """Whether any is under way."""
        return bool(self._tasks)

    def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins one as a task of its own."""
        self._tasks.add(asyncio.create_task(work))

    def stir(self) -> None:
        """Something happened: the lane is to decide anew."""
        self._stir.set()

    def heed(self) -> None:
        """The lane decides now: what happened until here is taken into account."""
        self._stir.clear()

    async def wait(self, seconds: float) -> None:
        """Until something happened or the time is over; raises what a task raised."""
        stir = asyncio.create_task(self._stir.wait())
        try:
            await asyncio.wait(
                {stir, *self._tasks},
                timeout=max(seconds, 0.0),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            stir.cancel()
        done = {task for task in self._tasks if task.done()}
        self._tasks -= done
        for task in done:
            task.result()

    async def end(self, bound_s: float) -> int:
        """Waits for all of them within the bound; how many are still under way."""
        _, late = await asyncio.wait(self._tasks, timeout=bound_s)
        return len(late)

    async def cut_off(self) -> None:
        """Cancels the rest: what it did is unknown."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
