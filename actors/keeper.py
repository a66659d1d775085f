"""Keeps one child running: starts it, waits until it is ready, starts it again when it crashed.

    starting -> running -> waiting -> starting ...        a crash, within the limits
                        -> given up -> starting           past a limit, until an operator reloads
                        -> stopped                        the house stops

Every end of a child that was not asked for is a crash, whatever its exit code. The policy is
`engine.supervision`; the clock, chance and processes are here.
"""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Mapping

import structlog

from actors.child import Child, ChildPlan
from actors.parent import GivenUp, News
from engine.supervision import GiveUp, Restart, RestartLimits, RestartRecord, after_crash

log = structlog.get_logger()


class Keeper:
    """One child's life for as long as the house runs."""

    def __init__(
        self,
        plan: ChildPlan,
        limits: RestartLimits,
        *,
        environ: Mapping[str, str],
        ready_s_max: float,
        drain_s_max: float,
        on_ready: Callable[["Keeper"], None],
        on_given_up: Callable[["Keeper", GivenUp], None],
    ) -> None:
        self.plan = plan
        self.limits = limits
        """Replaced by a reload."""
        self.settled = asyncio.Event()
        """Set once it was ready for the first time, or was given up, or stopped."""
        self._environ = environ
        self._ready_s_max = ready_s_max
        self._drain_s_max = drain_s_max
        self._on_ready = on_ready
        self._on_given_up = on_given_up
        self._child: Child | None = None
        self._is_ready = False
        self._stopping = asyncio.Event()
        self._retry: asyncio.Event | None = None

    async def run(self) -> None:
        """Returns when `stop` was called, or, of a vital child, when it is given up."""
        record = RestartRecord()
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                code = await self._live_once()
                if self._stopping.is_set():
                    return
                now = time.monotonic()
                record, verdict = after_crash(
                    record,
                    self.limits,
                    now=now,
                    ran_s=now - began,
                    jitter=_jitter(),
                )
                match verdict:
                    case Restart(delay_s=delay_s):
                        name, ran_s = self.plan.name, round(now - began, 3)
                        log.warning("child crashed", action="child_crashed", child=name,
                                    code=code, ran_s=ran_s, again_in_s=delay_s)  # fmt: skip
                        await self._pause(delay_s)
                    case GiveUp():
                        self._give_up(verdict, code)
                        if self.plan.is_vital:
                            return
                        await self._wait_for_retry()
                        record = RestartRecord()
        finally:
            self.settled.set()

    async def stop(self) -> None:
        """Stops the child, with a bounded wait, and lets `run` end."""
        self._stopping.set()
        if self._child is not None and not await self._child.stop(self._drain_s_max):
            log.error("child did not drain and was killed", action="child_killed",
                      child=self.plan.name, bound_s=self._drain_s_max)  # fmt: skip

    def reload(self) -> None:
        """Passes SIGHUP on, or tries a given-up child again."""
        if self._retry is not None:
            self._retry.set()
        elif self._child is not None and self._is_ready:
            # Before that it has no handler yet, and reads the new settings anyway.
            self._child.signal(signal.SIGHUP)

    def kill(self) -> None:
        """Ends the child at once."""
        if self._child is not None:
            self._child.signal(signal.SIGKILL)

    def tell(self, news: News) -> None:
        """Hands the child a piece of news, if it runs and reads."""
        if self._child is None or not self._child.tell(news):
            log.warning("news not taken", action="news_lost", child=self.plan.name)

    async def _live_once(self) -> int | str:
        """One run of the child from start to end; its exit code, or why it could not start."""
        try:
            child = await Child.start(self.plan, self._environ)
        except OSError as error:
            return str(error)
        self._child = child
        log.info("child started", action="child_started", child=self.plan.name, pid=child.pid)
        try:
            if self._stopping.is_set():  # `stop` came while the process was being made
                await child.stop(self._drain_s_max)
            match await child.wait_ready(self._ready_s_max):
                case "ready":
                    log.info("child ready", action="child_ready", child=self.plan.name)
                    self._is_ready = True
                    self.settled.set()
                    self._on_ready(self)
                case "late":
                    log.error("child was not ready in time", action="child_not_ready",
                              child=self.plan.name, bound_s=self._ready_s_max)  # fmt: skip
                    child.signal(signal.SIGKILL)
                case "ended":
                    pass
            return await child.wait()
        finally:
            self._child, self._is_ready = None, False
            child.close()

    def _give_up(self, verdict: GiveUp, code: int | str) -> None:
        log.critical("gave up on child", action="child_given_up", child=self.plan.name, code=code,
                     limit=verdict.limit, restarts=verdict.restarts)  # fmt: skip
        given_up = GivenUp(self.plan.name, verdict.limit, verdict.restarts, verdict.window_s)
        self._on_given_up(self, given_up)
        self.settled.set()

    async def _wait_for_retry(self) -> None:
        self._retry = asyncio.Event()
        stopping = asyncio.create_task(self._stopping.wait())
        retry = asyncio.create_task(self._retry.wait())
        await asyncio.wait({stopping, retry}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        retry.cancel()
        self._retry = None

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return


def _jitter() -> float:
    return random.random()  # noqa: S311  spreads restarts, guards nothing
