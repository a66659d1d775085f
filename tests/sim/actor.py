"""A mall actor: the real decider `engine.mall` in a process that hangs, dies and starts again.

The shell is a small one of its own: letters with ids, repeated until they are answered, a lease
that can be lost, calls to the pretend mall that time out. Work itself is in `work.py`.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Any

from actors.mall_account import tempo_of
from config.settings import Settings
from engine.family_news import FamilyNews
from engine.faults import Family, FaultKind, FaultSpec, Level
from engine.lane import LaneState
from engine.mall import Mall
from engine.mall_action import Beat, Check, Moment, Poll, Pull, Standing, Track
from engine.messages import (
    PROTOCOL,
    CheckWork,
    CredentialsChecked,
    FamilyGood,
    FaultSeen,
    Goodbye,
    Heartbeat,
    Hello,
    ImportWork,
    LaneOrder,
    Lease,
    NoWork,
    Outcomes,
    PushWork,
    ReadWork,
    Refused,
    Wake,
    Work,
)
from engine.messages import Pull as PullLetter
from tests.sim.bus import Bus
from tests.sim.clock import Clock, GivenUp, Host, Steps, Waiter
from tests.sim.gateway import Broken, Gateway
from tests.sim.polling import Polling
from tests.sim.pretend_mall import PretendMall
from tests.sim.scenario import CLOCK_ERROR_S
from tests.sim.trace import Trace

ANSWER_S = 3.0
PAUSE_S = 0.2
HELLO_PAUSE_S = 0.5
TOKEN = "of this house"

Letter = Callable[[int, int], Any]


def spec_of(level: Level, *, is_row: bool = False) -> FaultSpec:
    kind = FaultKind.CREDENTIALS if level is Level.CREDENTIALS else FaultKind.SERVER
    return FaultSpec(
        level=level, kind=kind, message="", hint="", message_en="", hint_en="", is_row=is_row
    )


class Actor(Host):
    """One process of one mall."""

    def __init__(
        self, clock: Clock, bus: Bus, pretend: PretendMall, trace: Trace, rng: random.Random,
        *, instance: str, pulses: Settings,
    ) -> None:  # fmt: skip
        super().__init__(clock)
        self.bus, self.pretend, self.trace, self.rng = bus, pretend, trace, rng
        self.plan = pretend.plan
        self.mall = Mall(tempo_of(pulses, self.plan.settings, self.plan.card))
        self.process = instance
        self.sender = instance.encode()
        self.instance = instance
        self.epoch = 0
        self.key = 0
        self.candidate = 0
        """The key that an operator wants checked."""
        self.gateway = Gateway(self)
        self.polling = Polling(self, self.gateway)
        self.learnt_offset_s: float | None = None
        self.news = FamilyNews()
        self.order_told: LaneState = LaneState.STARTING
        """The last order that was heard, or the own halt."""
        self._pending: dict[int, Waiter] = {}
        self._number = 0
        self._leases = 0
        self._timer = 0
        self._is_asking = False
        bus.actors[self.sender] = self._deliver

    # --- time ---------------------------------------------------------------------------------

    @property
    def offset_s(self) -> float:
        return 0.0 if self.learnt_offset_s is None else self.learnt_offset_s

    @property
    def mall_time(self) -> float:
        return self.clock.now + self.offset_s

    def at(self) -> Moment:
        return Moment(self.clock.now, self.mall_time)

    def learn(self) -> None:
        """The first reply tells the mall's clock, nearly."""
        if self.learnt_offset_s is None:
            error = self.rng.uniform(-CLOCK_ERROR_S, CLOCK_ERROR_S)
            self.learnt_offset_s = self.plan.offset_s + error

    # --- life ---------------------------------------------------------------------------------

    def start(self) -> None:
        self._take_lease()

    def die(self) -> None:
        self.is_alive = False
        self.bus.actors.pop(self.sender, None)

    def hang(self, seconds: float) -> None:
        self.hangs_until = max(self.hangs_until, self.clock.now + seconds)

    def drain(self) -> None:
        """Take nothing more, finish, say goodbye."""
        self.mall.drain()
        self.spawn(self._leave())

    def _leave(self) -> Steps:
        waited = 0.0
        while not self.mall.is_idle and waited < 5.0:
            yield 0.25
            waited += 0.25
        if self.epoch:
            yield from self.ask_once(Goodbye)
        self.die()

    def gave_up(self) -> None:
        """The lease is lost: all work is void, and a new instance asks."""
        self.say("lease lost")
        if self.mall.is_draining:
            self.die()
            return
        self.void_tasks()
        self._pending.clear()
        self._is_asking = False
        self._leases += 1
        self.instance = f"{self.process}.{self._leases}"
        self.later(HELLO_PAUSE_S, self._take_lease)

    def say(self, what: str) -> None:
        self.trace.say(self.clock.now, self.process, what)

    # --- letters ------------------------------------------------------------------------------

    def _deliver(self, letter: Any) -> None:
        self.later(0.0, lambda: self._hear(letter))

    def _hear(self, letter: Any) -> None:
        match letter:
            case Wake(poll=is_poll):
                self.mall.woken(is_poll=is_poll)
                self.stir()
            case LaneOrder(id=0):
                self.obey(letter)
            case _:
                waiter = self._pending.pop(letter.id, None)
                if waiter is not None:
                    waiter.resolve(letter)

    def _post(self, letter: Letter) -> tuple[int, Waiter]:
        self._number += 1
        number, waiter = self._number, Waiter()
        self._pending[number] = waiter
        self.bus.to_desk(self.sender, letter(number, self.epoch))
        return number, waiter

    def ask_once(self, letter: Letter) -> Steps:
        """The reply, or None."""
        number, waiter = self._post(letter)
        self.later(ANSWER_S, lambda: waiter.resolve(None))
        reply = yield waiter
        self._pending.pop(number, None)
        if reply is None:
            return None
        if isinstance(reply, Refused):
            assert reply.reason != "internal", reply
            if reply.reason != "hello":
                raise GivenUp
            # An inventory that was started again: hello as the same instance, and go on.
            self.mall.lease_unknown()
            self.stir()
            yield PAUSE_S
            return None
        self.mall.answered(self.at())
        return reply

    def ask(self, letter: Letter) -> Steps:
        """The reply, however often it must be asked."""
        while True:
            reply = yield from self.ask_once(letter)
            if reply is not None:
                return reply
            yield PAUSE_S

    # --- the lease ----------------------------------------------------------------------------

    def _take_lease(self) -> None:
        if not self._is_asking:
            self._is_asking = True
            self.spawn(self._hello())

    def _hello(self) -> Steps:
        while True:
            number, waiter = self._post(
                lambda number, _epoch: Hello(
                    number,
                    PROTOCOL,
                    self.pretend.name,
                    self.plan.card.kind,
                    self.instance,
                    TOKEN,
                    self.offset_s,
                    1,
                )
            )
            self.later(ANSWER_S, partial(waiter.resolve, None))
            reply = yield waiter
            self._pending.pop(number, None)
            if isinstance(reply, Lease):
                break
            assert reply is None, reply
            yield PAUSE_S
        self._is_asking = False
        self._leased(reply)

    def _leased(self, lease: Lease) -> None:
        if lease.epoch != self.epoch:
            self.void_tasks()
            self.epoch = lease.epoch
            self.news = FamilyNews()
            self.key = int((lease.credentials or {}).get("key", "0"))
        self.order_told = lease.lane
        self.mall.leased(
            self.at(),
            epoch=lease.epoch,
            lane=lease.lane if lease.credentials is not None else LaneState.HALTED,
            last_call_id=lease.last_call_id,
            plan=(lease.watermark, lease.recheck_watermark, lease.recheck_at),
            grace_s=max((lease.grace_until or 0.0) - self.clock.now, 0.0),
        )
        self.say(f"lease epoch={lease.epoch} {lease.lane}")
        self.stir()

    def obey(self, order: Any) -> None:
        if not isinstance(order, LaneOrder):
            return
        if order.credentials is not None and int(order.credentials["key"]) != self.key:
            self.key = int(order.credentials["key"])
            self.mall.key_changed(self.at(), self.plan.settings.bounds.key_grace_s)
        before = self.mall.lane
        self.mall.ordered(self.at(), order.lane, order.poll_now)
        if self.mall.lane is not before:
            self.say(f"lane {self.mall.lane}")
        if self.mall.lane is order.lane:
            self.order_told = order.lane
        self.stir()

    # --- the loop -----------------------------------------------------------------------------

    def stir(self) -> None:
        self._timer += 1
        timer = self._timer
        self.later(0.0, lambda: self._work(timer))

    def _work(self, timer: int) -> None:
        if timer != self._timer or self._is_asking or not self.epoch:
            return
        decision = self.mall.decide(self.at())
        for action in decision.actions:
            match action:
                case Beat():
                    self.spawn(self._beat())
                case Pull():
                    self.spawn(self._pull(action))
                case Poll():
                    self.spawn(self.polling.poll(action))
                case Check(check=check, is_grace=True):
                    # A changed key may be too new: it is tried on, and nothing else is.
                    self.spawn(self._check(check, self.candidate if check else self.key))
                case Check():
                    # The daily look is no affair of stock.
                    self.mall.check_ended(self.at(), action.check, is_good=True, is_refused=False)
        if self.mall.is_lease_stale(self.at()) and not self.mall.is_draining:
            self._take_lease()
        wait_s = max(decision.until - self.clock.now, 0.001)
        self.later(wait_s, lambda: self._work(timer))

    def _beat(self) -> Steps:
        lane = self.mall.shown_lane(is_failing=self.news.is_failing)
        offset_s = self.offset_s
        order = yield from self.ask_once(
            lambda number, epoch: Heartbeat(number, epoch, lane, offset_s, self.key)
        )
        self.obey(order)
        self.mall.beat_ended(self.at())
        self.stir()

    def _pull(self, pull: Pull) -> Steps:
        now, last_call_id = self.mall_time, self.mall.last_call_id
        reply = yield from self.ask_once(
            lambda number, epoch: PullLetter(
                number,
                epoch,
                now,
                last_call_id,
                pull.takes_push,
                pull.takes_reading,
                pull.takes_import,
            )
        )
        if not isinstance(reply, Work):
            self.mall.pull_ended(self.at(), pull, now)
            self.stir()
            return
        match reply.work:
            case NoWork(until=until):
                self.mall.pull_ended(self.at(), pull, until)
            case CheckWork(check=check, credentials=credentials):
                self.mall.work_came(Track.CHECK)
                self.candidate = int(credentials["key"])
                self.spawn(self._check(check, self.candidate))
            case ImportWork():
                self.mall.work_came(Track.IMPORT)
                self.spawn(self.gateway.read_catalogue(reply.work))
            case PushWork(rows=rows, send_by=send_by):
                taken, late = self._sorted_out(rows, send_by)
                self.mall.work_came(Track.PUSH, [row.call_id for row in (*taken, *late)])
                self.spawn(self.gateway.push(taken, late, send_by))
            case ReadWork(rows=wanted, send_by=send_by):
                reads, passed = self._sorted_out(wanted, send_by)
                self.mall.work_came(Track.READING, [row.call_id for row in (*reads, *passed)])
                self.spawn(self.gateway.read(reads, passed, send_by))
        self.stir()

    def _sorted_out(self, rows: Any, send_by: float) -> tuple[list[Any], list[Any]]:
        """C2, as the real shell does it."""
        standing = [
            (self.mall.standing(self.epoch, row.call_id, send_by, self.at()), row) for row in rows
        ]
        return (
            [row for verdict, row in standing if verdict is Standing.TAKE],
            [row for verdict, row in standing if verdict is Standing.NOT_SENT],
        )

    def _check(self, check: int, key: int) -> Steps:
        broken = yield from self.gateway.call(Family.AUTH, lambda: None, key=key)
        is_good = not isinstance(broken, Broken)
        order = yield from self.ask(
            lambda number, epoch: CredentialsChecked(
                number,
                epoch,
                check,
                is_good,
                None if is_good else spec_of(Level.CREDENTIALS),
                "" if is_good else "401",
                None if is_good else Family.AUTH,
                None,
            )
        )
        is_refused = isinstance(broken, Broken) and broken.is_refused_key
        self.mall.check_ended(self.at(), check, is_good=is_good, is_refused=is_refused)
        self.obey(order)
        self.stir()

    # --- reports ------------------------------------------------------------------------------

    def outcomes(self, rows: tuple[Any, ...]) -> Steps:
        if rows:
            yield from self.ask(lambda number, epoch: Outcomes(number, epoch, rows))

    def halt(self, broken: Broken) -> None:
        """F3: no call from here on, before anybody is told."""
        if broken.is_refused_key and self.mall.lane is not LaneState.HALTED:
            self.mall.halted_itself(self.at())
            self.order_told = LaneState.HALTED
            self.say("halted itself")

    def fault(self, broken: Broken, family: Family) -> Steps:
        self.halt(broken)
        interval_s = self.mall.tempo.poll_interval_s
        is_news = self.news.failed(family, broken.code, self.clock.now, interval_s)
        if not (is_news or broken.is_refused_key):
            return
        level = Level.CREDENTIALS if broken.is_refused_key else Level.TRANSIENT
        order = yield from self.ask(
            lambda number, epoch: FaultSeen(
                number, epoch, spec_of(level), family, broken.code, "", broken.is_refused_key
            )
        )
        if broken.is_refused_key:
            self.mall.halt_told()
        self.obey(order)

    def well(self, *families: Family) -> Steps:
        self.mall.key_worked()
        for family in families:
            if self.news.succeeded(family):
                yield from self.ask(partial(_family_good, family=family))


def _family_good(number: int, epoch: int, *, family: Family) -> FamilyGood:
    return FamilyGood(number, epoch, family)
