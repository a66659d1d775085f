"""One mall's lane at work: the shell around `engine.mall`, from the first lease to the goodbye.

The lane asks the decider what to begin, begins each action as a task of its own, and tells the
decider how it ended; a poll that is slow holds up no push. A task that is lost with its lease is
given up, and the lane asks for a new one as a new instance. Level 9 closes the gate every single
request passes (F3) before anybody is told. Nothing grows here: one task a track, no listing and no
order is remembered.
"""

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import structlog

from actors.mall_access import MallAccess
from actors.mall_account import open_http, tempo_of
from actors.mall_feed import carry_out_feed
from actors.mall_http import GatedTransport, Withheld
from actors.mall_lease import LeaseLost, MallLease
from actors.mall_report import MallReport
from actors.mall_tasks import MallTasks
from actors.mall_work import (
    Carried,
    carry_out_check,
    carry_out_import,
    carry_out_probe,
    carry_out_push,
    carry_out_reading,
    credentials_checked,
    not_read,
    not_sent,
)
from actors.poll import carry_out_poll
from actors.wire import MALL_SIDE, Line, NoAnswer
from config.settings import MallSettings, Settings
from engine.connector import Credentials, Kind
from engine.faults import Family, Level, MallError
from engine.lane import LaneState
from engine.mall import Mall
from engine.mall_action import Action, Beat, Check, Moment, Poll, Pull, Track
from engine.messages import (
    PROTOCOL,
    CheckWork,
    CredentialsRotated,
    Drain,
    FeedLookWork,
    FeedWork,
    Heartbeat,
    Hello,
    ImportFailed,
    ImportWork,
    LaneOrder,
    Lease,
    NoWork,
    OutcomeRow,
    Outcomes,
    PollEnded,
    PollPlan,
    Probed,
    ProbeWork,
    PushRow,
    PushWork,
    ReadRow,
    ReadWork,
    Wake,
    Work,
)
from engine.messages import Pull as PullLetter

DRAIN_S: Final = 5.0
"""How long a leaving actor waits for what is under way; the rest is cut off and turns unknown."""
HELLO_PAUSE_S: Final = 0.5
"""Before a lost lease is asked for again."""

log = structlog.get_logger()


class MallLane:
    """One mall actor. `run` returns when it was told to leave; see the module."""

    def __init__(
        self, house: Settings, settings: MallSettings, kind: Kind, *, endpoint: str, token: str
    ) -> None:
        self._house = house
        self._token = token
        self._mall = Mall(tempo_of(house, settings, kind.card))
        self._http = open_http(settings, kind.card)
        self._line = Line(endpoint, MALL_SIDE, self._hear)
        self._lease = MallLease(self._line, self._answered, self._unknown)
        self._instance = secrets.token_hex(16)
        self._report = MallReport(
            settings.name, self._mall, self._lease, at=self._at, obey=self._obey
        )
        self._candidate: Credentials | None = None
        self._tasks = MallTasks()
        self._leaving = asyncio.Event()
        self._gated = GatedTransport(self._http, lambda: self._mall.may_call(self._at()))
        self._access = MallAccess(settings, kind, self._gated, self._save)

    @property
    def name(self) -> str:
        """The mall's name."""
        return self._access.settings.name

    # --- life ---------------------------------------------------------------------------------

    async def run(self, ready: Callable[[], None]) -> None:
        """Takes the lease and works until `drain` was called. Raises LeaseRefused, and bugs."""
        try:
            await self._take_lease()
            if self._mall.epoch:
                ready()
            while not self._mall.is_draining:
                try:
                    await self._work()
                except LeaseLost:
                    await self._lose_lease()
            await self._leave()
        finally:
            await self._tasks.cut_off()
            self._line.close()
            await self._http.close()

    def drain(self) -> None:
        """Take nothing more, finish what is under way, leave."""
        self._mall.drain()
        self._leaving.set()
        self._tasks.stir()

    def reload(self, house: Settings, settings: MallSettings) -> None:
        """Takes over other intervals and switches; another address needs a restart."""
        self._house = house
        self._access.reload(settings)
        self._settle()
        log.info("settings taken over", action="reloaded", mall=settings.name)

    def _settle(self) -> None:
        """The mall is driven and written as the settings and a probe make it now."""
        access = self._access
        self._mall.tempo = tempo_of(self._house, access.settings, access.kind.card)
        self._mall.woken(is_poll=False)
        self._tasks.stir()

    async def _work(self) -> None:
        while not self._mall.is_draining:
            self._tasks.heed()
            decision = self._mall.decide(self._at())
            for action in decision.actions:
                self._begin(action)
            if self._mall.is_lease_stale(self._at()):
                await self._take_lease()
            await self._tasks.wait(decision.until - time.monotonic())

    async def _leave(self) -> None:
        if self._tasks:
            late = await self._tasks.end(DRAIN_S)
            log.info("draining", action="drained", mall=self.name, cut_off=late)
        await self._tasks.cut_off()
        if self._mall.epoch:
            await self._lease.goodbye()

    # --- the lease ----------------------------------------------------------------------------

    async def _take_lease(self) -> None:
        """Says hello until there is a lease, or until the lane is to leave."""
        leaving = asyncio.create_task(self._leaving.wait())
        asking = asyncio.create_task(self._say_hello())
        try:
            await asyncio.wait({leaving, asking}, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                await self._begin_lease(asking.result())
        finally:
            leaving.cancel()
            asking.cancel()

    async def _say_hello(self) -> Lease:
        return await self._lease.hello(
            lambda number: Hello(
                number,
                PROTOCOL,
                self.name,
                self._access.settings.kind,
                self._instance,
                self._token,
                self._http.clock.offset_s,
                os.getpid(),
            )
        )

    async def _begin_lease(self, lease: Lease) -> None:
        if lease.epoch != self._mall.epoch:
            await self._tasks.cut_off()
            self._report.forget()
            self._access.take_key(lease.credentials, lease.credentials_version)
        self._take_found(lease.found)
        self._leased(lease)
        log.info("lease taken", action="leased", mall=self.name, epoch=lease.epoch,
                 lane=str(lease.lane))  # fmt: skip

    def _leased(self, lease: Lease) -> None:
        grace_s = 0.0 if lease.grace_until is None else max(lease.grace_until - time.time(), 0.0)
        plan = (lease.watermark, lease.recheck_watermark, lease.recheck_at)
        lane = lease.lane if lease.credentials is not None else LaneState.HALTED
        self._mall.leased(
            self._at(),
            epoch=lease.epoch,
            lane=lane,
            last_call_id=lease.last_call_id,
            plan=plan,
            grace_s=grace_s if lease.credentials is not None else 0.0,
        )

    async def _lose_lease(self) -> None:
        """All work is void: a new instance asks again."""
        log.warning("lease lost", action="lease_lost", mall=self.name)
        await self._tasks.cut_off()
        self._instance = secrets.token_hex(16)
        await asyncio.sleep(HELLO_PAUSE_S)
        await self._take_lease()

    def _answered(self) -> None:
        self._mall.answered(self._at())

    def _unknown(self) -> None:
        self._mall.lease_unknown()
        self._tasks.stir()

    def _hear(self, letter: Any) -> None:
        match letter:
            case Wake(poll=is_poll):
                self._mall.woken(is_poll=is_poll)
                self._tasks.stir()
            case LaneOrder():
                self._obey(letter)
            case Drain():
                self.drain()

    def _obey(self, order: Any) -> None:
        """Level-triggered: the order says how the lane is to be."""
        if not isinstance(order, LaneOrder):
            return
        access = self._access
        if order.credentials is not None and order.credentials_version != access.version:
            access.take_key(order.credentials, order.credentials_version)
            self._mall.key_changed(self._at(), access.settings.bounds.key_grace_s)
        self._take_found(order.found)
        has_key = access.credentials is not None
        lane = order.lane if has_key else LaneState.HALTED
        before = self._mall.lane
        self._mall.ordered(self._at(), lane, order.poll_now)
        if self._mall.lane is not before:
            log.info("lane", action="lane", mall=self.name, lane=str(self._mall.lane))
        self._tasks.stir()

    def _take_found(self, found: Mapping[str, str]) -> None:
        if self._access.take_found(found):
            self._settle()
            log.info("probe known", action="found", mall=self.name, **found)

    # --- actions ------------------------------------------------------------------------------

    def _begin(self, action: Action) -> None:
        match action:
            case Beat():
                self._tasks.begin(self._beat())
            case Pull():
                self._tasks.begin(self._pull(action))
            case Poll():
                self._tasks.begin(self._poll(action))
            case Check(check=check, is_grace=is_grace):
                candidate = self._candidate if is_grace and check else None
                credentials = candidate or self._access.credentials or {}
                self._tasks.begin(self._check(check, credentials, is_daily=not is_grace))

    async def _beat(self) -> None:
        lane = self._mall.shown_lane(is_failing=self._report.is_failing)
        offset_s = self._http.clock.offset_s
        # Unanswered, the next one asks again; a lease that grows stale is asked for anew.
        with suppress(NoAnswer):
            self._obey(
                await self._lease.ask_once(
                    lambda number, epoch: Heartbeat(
                        number, epoch, lane, offset_s, self._access.version
                    )
                )
            )
        self._mall.beat_ended(self._at())

    async def _poll(self, poll: Poll) -> None:
        polled = await carry_out_poll(
            poll, self._access.open(), self._access.kind.card, self._lease.ask, self._http
        )
        if polled.is_clock_off:
            self._mall.poll_abandoned(self._at())
            return
        if polled.error is not None:
            await self._report.fault(polled.error)
        elif polled.is_complete:
            await self._report.well(Family.ORDERS, Family.AUTH)
        plan = await self._lease.ask(
            lambda number, epoch: PollEnded(
                number,
                epoch,
                poll.began,
                polled.ended,
                poll.window_start,
                poll.is_recheck,
                polled.is_complete,
            )
        )
        if isinstance(plan, PollPlan):
            self._mall.planned(plan.watermark, plan.recheck_watermark, plan.recheck_at)
        self._mall.poll_ended(self._at(), is_complete=polled.is_complete, jitter=_jitter())
        log.info(
            "poll", action="poll", mall=self.name, is_recheck=poll.is_recheck, **polled.told(poll)
        )

    async def _pull(self, pull: Pull) -> None:
        now, last_call_id = self._http.now(), self._mall.last_call_id
        manner = self._access.manner
        try:
            reply = await self._lease.ask_once(
                lambda number, epoch: PullLetter(
                    number,
                    epoch,
                    now,
                    last_call_id,
                    pull.takes_push,
                    pull.takes_reading,
                    pull.takes_import,
                    manner,
                    pull.takes_feed,
                )
            )
        except NoAnswer:
            self._mall.pull_ended(self._at(), pull, now)
            return
        work = reply.work if isinstance(reply, Work) else NoWork(None)
        at, epoch = self._at(), self._lease.epoch
        match work:
            case NoWork(until=until):
                self._mall.pull_ended(self._at(), pull, until)
            case CheckWork(check=check, credentials=credentials):
                self._mall.work_came(Track.CHECK)
                self._candidate = credentials
                self._tasks.begin(self._check(check, credentials, is_daily=False))
            case ImportWork():
                self._mall.work_came(Track.IMPORT)
                self._tasks.begin(self._import(work))
            case PushWork(rows=rows, send_by=send_by):
                taken, late = self._mall.take(Track.PUSH, rows, epoch, send_by, at)
                self._tasks.begin(self._push(taken, late, send_by, manner))
            case ProbeWork():
                # In the place of a push: no push is taken beside it, and a failed one backs off.
                self._mall.work_came(Track.PUSH)
                self._tasks.begin(self._probe(work))
            case FeedWork(rows=rows_fed, send_by=send_by):
                started, _ = self._mall.take(Track.FEED, rows_fed, epoch, send_by, at)
                self._tasks.begin(self._feed(work, started))
            case FeedLookWork():
                self._mall.work_came(Track.FEED)
                self._tasks.begin(self._feed(work, ()))
            case ReadWork(rows=rows_read, send_by=send_by, is_audit=is_audit):
                wanted, passed = self._mall.take(Track.READING, rows_read, epoch, send_by, at)
                self._tasks.begin(self._read(wanted, passed, send_by, is_audit=is_audit))
        self._tasks.stir()

    async def _push(
        self, taken: list[PushRow], late: list[PushRow], send_by: float, manner: str
    ) -> None:
        if self._access.manner != manner:
            # Decided for another way of writing than the one that would carry it out now.
            taken, late = [], [*taken, *late]
        carried = Carried(is_called=False)
        if taken:
            carried = await carry_out_push(taken, send_by, self._access.open(), self._access.kind)
        await self._conclude(Track.PUSH, carried, not_sent(late).rows)

    async def _feed(self, work: FeedWork | FeedLookWork, taken: Sequence[PushRow]) -> None:
        """Its outcomes are told on the way."""
        access, ask = self._access, self._lease.ask
        carried = await carry_out_feed(work, taken, access.open(), access.kind, ask)
        await self._conclude(Track.FEED, carried, ())

    async def _read(
        self, taken: list[ReadRow], late: list[ReadRow], send_by: float, *, is_audit: bool
    ) -> None:
        carried = Carried(is_called=False)
        if taken:
            carried = await carry_out_reading(
                taken, send_by, self._access.open(), self._access.kind.card, is_audit=is_audit
            )
        await self._conclude(Track.READING, carried, not_read(late).rows)

    async def _conclude(self, track: Track, carried: Carried, late: tuple[OutcomeRow, ...]) -> None:
        """Outcomes until they are acknowledged, then the news, then the track is free."""
        if carried.error is not None:
            self._report.halt(carried.error)
        rows = (*carried.rows, *late)
        if rows:
            await self._lease.ask(lambda number, epoch: Outcomes(number, epoch, rows))
        if carried.error is not None:
            await self._report.fault(carried.error)
        elif carried.is_called:
            await self._report.well(Family.STOCK, Family.AUTH)
        is_good = carried.error is None and carried.is_called
        self._mall.work_ended(
            track, self._at(), is_good=is_good, wait_s=carried.wait_s, jitter=_jitter()
        )
        log.info(
            str(track),
            action=str(track),
            mall=self.name,
            rows=len(rows),
            outcomes=dict(Counter(type(row.outcome).__name__ for row in rows)),
            code=carried.error.code if carried.error else "",
        )

    async def _probe(self, work: ProbeWork) -> None:
        """On a connection of its own: a lane that leaves still puts the item back."""
        transport = GatedTransport(self._http, lambda: self._mall.may_finish(self._at()))
        finding, error = await carry_out_probe(work, self._access, transport)
        if error is not None:
            self._report.halt(error)
        order = await self._lease.ask(
            lambda number, epoch: Probed(number, epoch, work.probe, finding)
        )
        self._obey(order)
        if error is not None:
            await self._report.fault(error)
        elif finding.switches:
            await self._report.well(Family.STOCK, Family.AUTH)
        self._mall.work_ended(
            Track.PUSH, self._at(), is_good=bool(finding.switches), jitter=_jitter()
        )
        log.info("probe", action="probe", mall=self.name, item=finding.item,
                 is_restored=finding.is_restored, **finding.switches)  # fmt: skip

    async def _import(self, work: ImportWork) -> None:
        rows, broken = await carry_out_import(work, self._access.open(), self._lease.ask)
        if isinstance(broken, MallError):
            reason = broken.spec.message
            await self._report.fault(broken)
            await self._lease.ask(
                lambda number, epoch: ImportFailed(number, epoch, work.job, reason)
            )
        elif broken is None:
            await self._report.well(Family.ITEMS, Family.AUTH)
        wait_s = broken.wait_s if isinstance(broken, Withheld) else 0.0
        self._mall.work_ended(
            Track.IMPORT, self._at(), is_good=broken is None, wait_s=wait_s, jitter=_jitter()
        )
        log.info("import", action="import", mall=self.name, job=work.job, rows=rows)

    async def _check(self, check: int, credentials: Credentials, *, is_daily: bool) -> None:
        """Proves credentials on a connection of their own: they may be newer than the lane's.

        An operator's check may call while the lane is halted, and nothing else may.
        """
        transport = self._gated if is_daily else GatedTransport(self._http, lambda: True)
        connection = self._access.connect(credentials, transport)
        report, error = await carry_out_check(connection)
        is_refused = False
        if isinstance(error, MallError):
            is_refused = error.spec.level is Level.CREDENTIALS
        order = None
        if isinstance(error, MallError) and is_daily:
            # Nobody waits for it: a mall that is away in passing is met by polls and pushes too.
            if is_refused:
                await self._report.fault(error)
        elif not isinstance(error, Withheld):
            order = await self._lease.ask(credentials_checked(check, report, error))
        self._mall.check_ended(self._at(), check, is_good=error is None, is_refused=is_refused)
        self._obey(order)
        if not isinstance(error, Withheld):
            log.info("check", action="check", mall=self.name, is_good=error is None)

    # --- the mall -----------------------------------------------------------------------------

    def _at(self) -> Moment:
        return Moment(time.monotonic(), self._http.now())

    async def _save(self, credentials: Credentials) -> None:
        """A token the mall rotated is stored durably before it is used."""
        await self._lease.ask(lambda number, epoch: CredentialsRotated(number, epoch, credentials))
        self._access.rotated(credentials)


def _jitter() -> float:
    return random.random()  # noqa: S311  spreads retries, guards nothing
