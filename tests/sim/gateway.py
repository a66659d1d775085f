"""An actor's calls to its pretend mall: pushes of all three kinds, readings, imports.

A call leaves only while the lane may call and its `send_by` has not passed (C2, F3); once it has
left, it arrives whatever becomes of the actor. What comes back is a value or a `Broken`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.catalogue import CatalogueRow, ListingRef
from engine.connector import WriteKind
from engine.faults import Family
from engine.mall_action import Track
from engine.messages import (
    CatalogueRead,
    ImportFailed,
    ImportWork,
    OutcomeRow,
    PushRow,
    ReadRow,
)
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)
from tests.sim.clock import Steps, Waiter
from tests.sim.pretend_mall import Row, RowSaid

if TYPE_CHECKING:
    from tests.sim.actor import Actor

IMPORT_PAGE = 4
LEFT_READ_S_MAX = 3.0


@dataclass(frozen=True)
class Broken:
    """A call that brought nothing."""

    code: str
    is_done_unknown: bool = True
    """False: the mall certainly did nothing."""
    is_refused_key: bool = False
    is_withheld: bool = False
    """It never left."""


@dataclass(frozen=True)
class Answered:
    """What a call brought, with its interval in the mall's clock as the actor knows it."""

    value: Any
    start: float
    end: float


WITHHELD = Broken("withheld", is_done_unknown=False, is_withheld=True)


class Gateway:
    """Everything of an actor that touches its mall."""

    def __init__(self, actor: "Actor") -> None:
        self.actor = actor
        self.pretend = actor.pretend
        self.card = actor.plan.card
        self.called: Callable[[Actor], None] = lambda _actor: None
        """Told of every call that leaves, credential checks aside."""
        self.was_read: Callable[[int, float, int, float], None] = lambda *_: None
        """(call id, moment shown, quantity, moment the call left), all in true time."""

    # --- one call -------------------------------------------------------------------------------

    def call(
        self,
        family: Family,
        execute: Callable[[], Any],
        *,
        key: int | None = None,
        send_by: float | None = None,
        timeout_s: float | None = None,
        is_write: bool = False,
        late: Callable[[], None] | None = None,
        overdue: Callable[[], None] | None = None,
    ) -> Steps:
        """Answered or Broken. `key`: an operator's check, which passes the gate.

        `late`: told when a write may still land after its caller has given up. `overdue`: what
        happens instead of the write if it lands later than the mall promised.
        """
        actor, pretend, clock = self.actor, self.pretend, self.actor.clock
        if key is None:
            is_late = send_by is not None and actor.mall_time > send_by
            if is_late or not actor.mall.may_call(actor.at()):
                return WITHHELD
            self.called(actor)
        start = actor.mall_time
        timeout_s = timeout_s or actor.plan.settings.http_timeout_s
        waiter = Waiter()
        used_key = actor.key if key is None else key
        deadline = clock.now + timeout_s

        def arrive() -> None:
            trouble = pretend.trouble(used_key, is_write=is_write)
            if trouble == "lost":
                return
            if trouble == "late":
                assert late is not None
                assert overdue is not None
                if pretend.overdue_share and pretend.rng.random() < pretend.overdue_share:
                    over_s = pretend.plan.late_s * pretend.rng.uniform(1.2, 3.0)
                    clock.at(deadline + over_s, overdue)
                    return
                late()
                left_s = pretend.plan.late_s - pretend.plan.settings.http_timeout_s
                clock.at(deadline + pretend.rng.uniform(0.0, left_s * 0.95), execute)
                return
            if trouble == "deaf":
                execute()
                return
            reply: Any = Broken(trouble, is_done_unknown=False, is_refused_key=trouble == "401")
            if trouble in ("", "garbage"):
                reply = execute()
            if trouble in ("garbage", "500"):
                reply = Broken(trouble)
            clock.after(pretend.latency_s(), lambda: waiter.resolve(reply))

        clock.after(pretend.latency_s(), arrive)
        actor.later(timeout_s, lambda: waiter.resolve(Broken("timeout")))
        reply = yield waiter
        if isinstance(reply, Broken):
            return reply
        actor.learn()
        return Answered(reply, start, actor.mall_time)

    # --- pushes ---------------------------------------------------------------------------------

    def push(self, taken: list[PushRow], late: list[PushRow], send_by: float) -> Steps:
        """One write call of any kind; every row is answered by one outcome."""
        outcomes = [OutcomeRow(row.listing_id, PushNotSent(row.call_id)) for row in late]
        is_good, broken = False, None
        if taken:
            self.actor.say("push " + " ".join(f"#{r.call_id}:{_told(r)}" for r in taken))
            if self.card.write_kind is WriteKind.GUARDED:
                rows, broken = yield from self._push_guarded(taken, send_by)
            else:
                rows, broken = yield from self._push_plain(taken, send_by)
            self.actor.say(
                "pushed "
                + " ".join(f"#{r.outcome.id}:{type(r.outcome).__name__[4:]}" for r in rows)
            )
            outcomes += rows
            is_good = broken is None
        yield from self._conclude(Track.PUSH, tuple(outcomes), broken, is_good=is_good)

    def _push_plain(self, taken: list[PushRow], send_by: float) -> Steps:
        rows = [Row(row.call_id, row.ref.code, row.delta, row.value) for row in taken]
        reply = yield from self._write(rows, send_by)
        if isinstance(reply, Broken):
            return _failed(taken, reply), reply
        said, how = reply.value
        left: dict[str, int] = {}
        refused = [row.ref.code for row, each in zip(taken, said, strict=True)
                   if each.verdict == "refused"]  # fmt: skip
        if refused:
            left = yield from self._left_of(refused)
        outcomes = [
            self._outcome(row, each, how, reply, left.get(row.ref.code), None)
            for row, each in zip(taken, said, strict=True)
        ]
        return outcomes, None

    def _push_guarded(self, taken: list[PushRow], send_by: float) -> Steps:
        codes = [row.ref.code for row in taken]
        guard = yield from self.call(
            Family.STOCK,
            lambda: (self.actor.clock.now, [self.pretend.read(code) for code in codes]),
            send_by=send_by,
        )
        if isinstance(guard, Broken):
            not_done = Broken(
                guard.code, is_done_unknown=False, is_refused_key=guard.is_refused_key,
                is_withheld=guard.is_withheld,
            )  # fmt: skip
            return _failed(taken, not_done), not_done
        guarded_at, found = guard.value
        outcomes: list[OutcomeRow] = []
        due: list[tuple[PushRow, int]] = []
        rows: list[Row] = []
        for row, shown in zip(taken, found, strict=True):
            if shown is None:
                outcomes.append(
                    OutcomeRow(row.listing_id, PushBadItem(row.call_id, "gone"), "gone")
                )
                continue
            quantity = shown[1]
            written = max(0, quantity + row.delta)
            if written == quantity:
                done = PushDone(row.call_id, guard.start, guard.end, None, quantity)
                outcomes.append(OutcomeRow(row.listing_id, done))
                continue
            due.append((row, quantity))
            rows.append(Row(row.call_id, row.ref.code, written - quantity, written, guarded_at))
        if not rows:
            return outcomes, None
        reply = yield from self._write(rows, send_by)
        if isinstance(reply, Broken):
            return outcomes + _failed([row for row, _ in due], reply), reply
        said, how = reply.value
        whole = Answered(None, guard.start, reply.end)
        outcomes += [
            self._outcome(row, each, how, whole, None, quantity)
            for (row, quantity), each in zip(due, said, strict=True)
        ]
        return outcomes, None

    def _write(self, rows: list[Row], send_by: float) -> Steps:
        def strays() -> None:
            for row in rows:
                self.pretend.shelves[row.code].strays[row.call_id] = row.delta

        reply = yield from self.call(
            Family.STOCK,
            lambda: self.pretend.write(rows),
            send_by=send_by,
            is_write=True,
            late=strays,
            overdue=lambda: self.pretend.write_overdue(rows),
        )
        return reply

    def _left_of(self, codes: list[str]) -> Steps:
        reply = yield from self.call(
            Family.STOCK,
            lambda: {code: self.pretend.read(code) for code in codes},
            timeout_s=min(LEFT_READ_S_MAX, self.actor.plan.settings.http_timeout_s),
        )
        if isinstance(reply, Broken):
            return {}
        return {code: shown[1] for code, shown in reply.value.items() if shown is not None}

    def _outcome(
        self,
        row: PushRow,
        said: RowSaid,
        how: str,
        reply: Answered,
        left: int | None,
        quantity: int | None,
    ) -> OutcomeRow:
        call, code = row.call_id, f"400-{how}" if how else ""
        match said.verdict:
            case "done":
                done = PushDone(call, reply.start, reply.end, said.answered, quantity)
                return OutcomeRow(row.listing_id, done)
            case "refused":
                return OutcomeRow(row.listing_id, PushRefused(call, left), "below-zero")
            case "bad":
                return OutcomeRow(row.listing_id, PushBadItem(call, "bad"), "bad")
            case _:
                if how == "named" and self.actor.plan.settings.bulk_is_atomic:
                    return OutcomeRow(row.listing_id, PushNotSent(call), code)
                return OutcomeRow(row.listing_id, PushUnknown(call), code)

    def _conclude(
        self, track: Track, rows: tuple[OutcomeRow, ...], broken: Broken | None, *, is_good: bool
    ) -> Steps:
        actor = self.actor
        is_told = broken is not None and not broken.is_withheld
        if broken is not None and is_told:
            actor.halt(broken)
        yield from actor.outcomes(rows)
        if broken is not None and is_told:
            yield from actor.fault(broken, Family.STOCK)
        elif is_good:
            yield from actor.well(Family.STOCK, Family.AUTH)
        actor.mall.work_ended(track, actor.at(), is_good=is_good, jitter=actor.rng.random())
        actor.stir()

    # --- readings and imports ---------------------------------------------------------------------

    def read(self, wanted: list[ReadRow], late: list[ReadRow], send_by: float) -> Steps:
        """One call for each page of rows; missing is not zero."""
        outcomes = [OutcomeRow(row.listing_id, ReadingFailed(row.call_id)) for row in late]
        broken: Broken | None = None
        size = self.card.read_rows_max
        for at in range(0, len(wanted), size):
            part = wanted[at : at + size]
            left_at = self.actor.clock.now
            reply = broken or (
                yield from self.call(
                    Family.STOCK,
                    partial(self._read_part, part),
                    send_by=send_by,
                )
            )
            if isinstance(reply, Broken):
                broken = reply
                outcomes += [OutcomeRow(r.listing_id, ReadingFailed(r.call_id)) for r in part]
                continue
            outcomes += [self._shown(row, shown, reply, left_at)
                         for row, shown in zip(part, reply.value, strict=True)]  # fmt: skip
        is_good = bool(wanted) and broken is None
        if wanted:
            told = (f"#{r.outcome.id}:{getattr(r.outcome, 'quantity', '-')}" for r in outcomes)
            self.actor.say("read " + " ".join(told))
        yield from self._conclude(Track.READING, tuple(outcomes), broken, is_good=is_good)

    def _read_part(self, part: Sequence[ReadRow]) -> list[tuple[float, int] | None]:
        return [self.pretend.read(row.ref.code) for row in part]

    def _shown(
        self, row: ReadRow, shown: tuple[float, int] | None, reply: Answered, left_at: float
    ) -> OutcomeRow:
        if shown is None:
            return OutcomeRow(row.listing_id, ReadingFailed(row.call_id), is_missing=True)
        moment, quantity = shown
        self.was_read(row.call_id, moment, quantity, left_at)
        done = ReadingDone(row.call_id, quantity, reply.start, reply.end)
        return OutcomeRow(row.listing_id, done)

    def read_catalogue(self, work: ImportWork) -> Steps:
        actor = self.actor
        at = int(work.cursor or 0)
        reply = yield from self.call(
            Family.ITEMS, lambda: list(self.pretend.catalogue[at : at + IMPORT_PAGE])
        )
        broken = reply if isinstance(reply, Broken) else None
        if broken is None:
            rows = tuple(
                CatalogueRow(ListingRef(code, "", ""), code, sku) for code, sku in reply.value
            )
            after = at + IMPORT_PAGE
            cursor = str(after) if after < len(self.pretend.catalogue) else None
            yield from actor.ask(
                lambda number, epoch: CatalogueRead(number, epoch, work.job, rows, cursor, None)
            )
            yield from actor.well(Family.ITEMS)
        elif not broken.is_withheld:
            # A key refused for the catalogue does not halt: the lane does not need it.
            yield from actor.ask(
                lambda number, epoch: ImportFailed(number, epoch, work.job, broken.code)
            )
        actor.mall.work_ended(Track.IMPORT, actor.at(), is_good=broken is None)
        actor.stir()


def _told(row: PushRow) -> str:
    return f"{row.delta:+d}" if row.value is None else f"={row.value}"


def _failed(taken: Sequence[PushRow], broken: Broken) -> list[OutcomeRow]:
    """A call that failed as a whole."""
    return [
        OutcomeRow(
            row.listing_id,
            PushUnknown(row.call_id) if broken.is_done_unknown else PushNotSent(row.call_id),
            broken.code,
        )
        for row in taken
    ]
