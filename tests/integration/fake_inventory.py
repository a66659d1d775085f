"""An inventory that is none: a Door that gives out leases and scripted work and keeps all letters.

It decides nothing by itself: tests put works into `works`, set `lane`, and look at `letters`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from actors.wire import Door
from engine.lane import LaneState
from engine.messages import (
    Ack,
    CheckWork,
    CredentialsChecked,
    FaultSeen,
    Heartbeat,
    Hello,
    ImportWork,
    LaneOrder,
    Lease,
    NoWork,
    OrdersListed,
    OrdersWanted,
    PollEnded,
    PollPlan,
    Probed,
    ProbeWork,
    Pull,
    PushWork,
    ReadWork,
    Refused,
    Wake,
    Work,
)

AnyWork = PushWork | ReadWork | ImportWork | CheckWork | ProbeWork
L = TypeVar("L")


class FakeInventory:
    """Answers one mall actor."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.door = Door(endpoint)
        self.letters: list[Any] = []
        self.works: list[AnyWork] = []
        self.lane = LaneState.RUNNING
        self.credentials: Mapping[str, str] | None = None
        self.version = 1
        self.epoch = 0
        self.instance = ""
        self.grace_s = 0.0
        self.last_call_id = 0
        self.watermark: float | None = None
        self.recheck_watermark: float | None = None
        self.poll_now = 0
        self.found: Mapping[str, str] = {}
        """What a probe found; told with every lease and order."""
        self.refuses: Refused | None = None
        self.is_silent: Callable[[Any], bool] = lambda letter: False
        """Letters that get no answer."""
        self.senders: set[bytes] = set()
        self.known: set[str] = set()
        """Orders that are not wanted any more."""
        self._told_version = 1
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._serve())

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self.door.close()

    def of(self, kind: type[L]) -> list[L]:
        return [letter for letter in self.letters if isinstance(letter, kind)]

    async def until(self, condition: Callable[[], object], bound_s: float = 8.0) -> None:
        """Waits for a condition that letters bring about."""
        async with asyncio.timeout(bound_s):
            while not condition():
                self._news.clear()
                await self._news.wait()

    def wake(self, *, poll: bool = False) -> None:
        for sender in self.senders:
            self.door.send(sender, Wake(0, poll))

    def tell(self, letter: Any) -> None:
        for sender in self.senders:
            self.door.send(sender, letter)

    async def _serve(self) -> None:
        while True:
            for received in await self.door.receive(100):
                letter: Any = received.letter
                self.letters.append(letter)
                self.senders.add(received.sender)
                if not self.is_silent(letter):
                    self.door.send(received.sender, self._answer(letter))
            self._news.set()

    def _answer(self, letter: Any) -> Any:
        if isinstance(letter, Hello):
            return self._lease(letter)
        if letter.epoch != self.epoch:
            return Refused(letter.id, "epoch", "古い", "old epoch")
        match letter:
            case Heartbeat() | CredentialsChecked():
                return self._order(letter.id)
            case Probed(finding=finding):
                self.found = finding.switches or self.found
                return self._order(letter.id)
            case FaultSeen(halts=halts):
                if halts:
                    self.lane = LaneState.HALTED
                return self._order(letter.id)
            case OrdersListed(marks=marks):
                wanted = tuple(mark.order for mark in marks if mark.order not in self.known)
                self.known.update(wanted)
                return OrdersWanted(letter.id, wanted)
            case PollEnded():
                if letter.is_complete:
                    self.watermark = letter.began
                    if letter.is_recheck:
                        self.recheck_watermark = letter.began
                return PollPlan(letter.id, self.watermark, self.recheck_watermark, None)
            case Pull():
                return Work(letter.id, self._work(letter))
            case _:
                return Ack(letter.id)

    def _lease(self, letter: Hello) -> Any:
        if self.refuses is not None:
            return Refused(letter.id, *list(_fields(self.refuses))[1:])
        if letter.instance != self.instance:
            self.instance = letter.instance
            self.epoch += 1
        grace_until = time.time() + self.grace_s if self.grace_s else None
        return Lease(
            letter.id,
            self.epoch,
            self.lane,
            self.credentials,
            self.version,
            grace_until,
            self.watermark,
            self.recheck_watermark,
            None,
            self.last_call_id,
            self.found,
        )

    def _order(self, number: int) -> LaneOrder:
        fresh = self._told_version != self.version
        self._told_version = self.version
        credentials = self.credentials if fresh else None
        return LaneOrder(number, self.lane, credentials, self.version, self.poll_now, self.found)

    def _work(self, pull: Pull) -> Any:
        for work in self.works:
            takes = {
                PushWork: pull.takes_push,
                ReadWork: pull.takes_reading,
                ImportWork: pull.takes_import,
                CheckWork: True,
                ProbeWork: pull.takes_push and pull.takes_reading,
            }[type(work)]
            if takes:
                self.works.remove(work)
                return work
        return NoWork(None)


def _fields(struct: Refused) -> tuple[Any, ...]:
    return struct.id, struct.reason, struct.message, struct.message_en
