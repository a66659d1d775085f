"""Telling the inventory what fails and what is well again: one letter a change, not an attempt.

Level 9 of a family the lane needs shuts the gate before anybody is told (F3).
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import structlog

from actors.mall_lease import MallLease
from engine.family_news import FamilyNews, halts_lane
from engine.faults import Family, MallError
from engine.lane import LaneState
from engine.mall import Mall
from engine.mall_action import Moment
from engine.messages import FamilyGood, FaultSeen

log = structlog.get_logger()


class MallReport:
    """The faults of one mall's families, as far as the inventory was told of them."""

    def __init__(
        self,
        name: str,
        mall: Mall,
        lease: MallLease,
        *,
        at: Callable[[], Moment],
        obey: Callable[[Any], None],
    ) -> None:
        self._name = name
        self._mall = mall
        self._lease = lease
        self._at = at
        self._obey = obey
        self._news = FamilyNews()

    @property
    def is_failing(self) -> bool:
        """Whether any family fails now."""
        return self._news.is_failing

    def forget(self) -> None:
        """A new epoch begins: nothing was told yet."""
        self._news = FamilyNews()

    def halt(self, error: MallError) -> None:
        """Level 9 of a needed family: no call from here on. Anything else changes nothing."""
        if halts_lane(error) and self._mall.lane is not LaneState.HALTED:
            self._mall.halted_itself(self._at())
            log.error("halted", action="halted", mall=self._name, code=error.code)

    async def fault(self, error: MallError) -> None:
        """Tells of a fault once, and again with each poll that still meets it."""
        halts = halts_lane(error)
        self.halt(error)
        interval_s = self._mall.tempo.poll_interval_s
        is_news = self._news.failed(error.family, error.code, time.monotonic(), interval_s)
        if not (is_news or halts):
            return
        log.warning(
            "fault",
            action="fault",
            mall=self._name,
            code=error.code,
            family=str(error.family),
            level=int(error.spec.level),
        )
        order = await self._lease.ask(
            lambda number, epoch: FaultSeen(
                number, epoch, error.spec, error.family, error.code, error.subject, halts
            )
        )
        if halts:
            self._mall.halt_told()
        self._obey(order)

    async def well(self, *families: Family) -> None:
        """A unit of work went well: its families heal, and the key has proven itself."""
        self._mall.key_worked()
        for family in families:
            if self._news.succeeded(family):
                await self._lease.ask(partial(_family_good, family=family))


def _family_good(number: int, epoch: int, *, family: Family) -> FamilyGood:
    return FamilyGood(number, epoch, family)
