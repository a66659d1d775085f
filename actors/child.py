"""One child process: started with two pipes, waited for until it is ready, told news, stopped.

See `actors.parent` for the other end. Whether a child is started again is not decided here.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Literal

import msgspec
from msgspec import Struct

from actors.parent import PARENT_FD, READY_FD, READY_LINE, News


class ChildPlan(Struct, frozen=True):
    """What to start."""

    name: str
    """Unique: `inventory`, `mall:NAME`."""
    command: tuple[str, ...]
    """Program and arguments."""
    stage: int = 0
    """Lower stages are started, and are ready, before higher ones; they stop after them."""
    is_vital: bool = False
    """Whether the house cannot stand without it."""
    is_patient: bool = False
    """It waits by itself for what lower stages bring, so that it need not be started after them."""


Start = Literal["ready", "ended", "late"]
"""How a child's start came out."""


class Child:
    """A running child process."""

    def __init__(self, process: asyncio.subprocess.Process, ready_end: int, news_end: int) -> None:
        self._process = process
        self._ready_end = ready_end
        self._news_end = news_end
        self._ready: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().add_reader(ready_end, self._hear_ready)

    @classmethod
    async def start(cls, plan: ChildPlan, environ: Mapping[str, str]) -> "Child":
        """Starts the process. Raises OSError where the program cannot be started at all."""
        ready_end, ready_child = os.pipe()
        news_child, news_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *plan.command,
                env={**environ, READY_FD: str(ready_child), PARENT_FD: str(news_child)},
                stdin=subprocess.DEVNULL,
                pass_fds=(ready_child, news_child),
                # A group of its own: Ctrl-C reaches the parent, which drains in order.
                process_group=0,
            )
        except BaseException:
            os.close(ready_end)
            os.close(news_end)
            raise
        finally:
            os.close(ready_child)
            os.close(news_child)
        # A child that does not read its news must not stop its parent.
        os.set_blocking(news_end, False)
        return cls(process, ready_end, news_end)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    async def wait_ready(self, bound_s: float) -> Start:
        """Waits until it said that it is ready, ended without saying so, or the bound passed."""
        try:
            async with asyncio.timeout(bound_s):
                if await asyncio.shield(self._ready):
                    return "ready"
                await self._process.wait()
                return "ended"
        except TimeoutError:
            return "late"

    async def wait(self) -> int:
        """Its exit code when it has ended; negative: the signal that ended it."""
        return await self._process.wait()

    def tell(self, news: News) -> bool:
        """Hands it a line of news; False if it is gone or does not read."""
        try:
            os.write(self._news_end, msgspec.json.encode(news) + b"\n")
        except (BlockingIOError, BrokenPipeError):
            return False
        return True

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal; one that has ended already is left alone."""
        # Not through the process object: it would collect the exit code before asyncio does,
        # which then reports 255 for every cause.
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, number)

    async def stop(self, bound_s: float) -> bool:
        """SIGTERM, a bounded wait, SIGKILL. True if it left by itself."""
        self.signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(self._process.wait(), bound_s)
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._process.wait()
            return False
        return True

    def close(self) -> None:
        """Closes the pipes of a child that has ended."""
        self._settle(is_ready=False)
        os.close(self._news_end)

    def _hear_ready(self) -> None:
        self._settle(is_ready=os.read(self._ready_end, 64).startswith(READY_LINE))

    def _settle(self, *, is_ready: bool) -> None:
        if not self._ready.done():
            asyncio.get_running_loop().remove_reader(self._ready_end)
            os.close(self._ready_end)
            self._ready.set_result(is_ready)
