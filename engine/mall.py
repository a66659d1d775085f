"""What one mall actor does next: polls, pulls, checks, or nothing. Decided here, done elsewhere.

    leased -> starting --first complete poll--> running <--> degraded (some family fails)
                 ^                                 |
                 |   level 9 (F3): halted, no call but a credential check
                 +---- resumed ----+---- paused: no polls, no pushes, no readings

The shell tells what happened (`leased`, `ordered`, `woken`, `poll_ended`, ...), asks `decide` what
to begin, and asks `may_call` before each single request. One call of each kind is under way at most
(`Track`). Two clocks are handed in: this machine's monotonic one for intervals, the mall's for
orders. Nothing here grows: no listing, no order and no more than the ids under way are remembered.
Call ids grow over the whole house and are pulled one letter at a time, so that one number, the
highest ever received, tells every command that was taken from one that was not (C2).
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from engine.connector import WriteKind
from engine.lane import LaneState
from engine.mall_action import (
    CHECK_DELAY_S,
    CHECK_INTERVAL_S,
    CHECK_RETRY_S,
    LANE_RETRY_S,
    LANE_RETRY_S_MAX,
    POLL_DISTANCE_S,
    PULL_IDLE_S,
    PULL_PAUSE_S_MIN,
    PULLED,
    Action,
    Beat,
    Check,
    Decision,
    Moment,
    Poll,
    Pull,
    Standing,
    Tempo,
    Track,
)
from engine.messages import PushRow, ReadRow

Row = TypeVar("Row", PushRow, ReadRow)


class Mall:
    """The state of one mall actor. Not thread-safe; every method is told the moment it needs."""

    def __init__(self, tempo: Tempo) -> None:
        self.tempo = tempo
        self.lane = LaneState.STARTING
        self.epoch = 0
        self.is_caught_up = False
        """A poll begun since the last start, halt or pause was complete."""
        self.is_draining = False
        self.last_call_id = 0
        """The highest call id ever received (C1, C2)."""
        self.watermark: float | None = None
        self.recheck_watermark: float | None = None
        self.recheck_at: float | None = None
        self._busy: set[Track] = set()
        self._held: dict[Track, frozenset[int]] = {}
        self._failures: dict[Track, int] = {}
        self._not_before: dict[Track, float] = {}
        self._ask_at: dict[Track, float] = {}
        self._is_last_poll_ok = False
        self._poll_counts = False
        self._is_poll_wanted = False
        self._poll_begun: float | None = None
        self._poll_now_seen: int | None = None
        self._is_pulling = False
        self._woken_meanwhile = False
        self._is_beating = False
        self._beat_at = 0.0
        self._answered_at = 0.0
        self._is_halt_told = True
        self._check_at = 0.0
        self._grace_until = 0.0
        self._grace_check: int | None = None
        self._grace_at = 0.0

    # --- what happened ----------------------------------------------------------------------

    def leased(
        self,
        at: Moment,
        *,
        epoch: int,
        lane: LaneState,
        last_call_id: int,
        plan: tuple[float | None, float | None, float | None],
        grace_s: float,
    ) -> None:
        """A lease came. A new epoch begins with nothing under way; plan as in `planned`."""
        self.answered(at)
        if epoch == self.epoch:
            self.ordered(at, lane)
            return
        self.epoch = epoch
        self.lane = LaneState.STARTING
        self.last_call_id = max(self.last_call_id, last_call_id)
        self._busy.clear()
        self._held.clear()
        self._is_pulling = self._is_beating = False
        self._is_halt_told = True
        self._check_at = at.now + CHECK_DELAY_S
        self.planned(*plan)
        self._set_lane(lane)
        self.key_changed(at, grace_s)
        if self.lane is LaneState.HALTED and grace_s > 0:
            self._grace_check, self._grace_at = 0, at.now

    def ordered(self, at: Moment, lane: LaneState, poll_now: int | None = None) -> None:
        """How the lane is to be. Until the halt is told, an order to run is older than it."""
        self.answered(at)
        if poll_now is not None:
            if self._poll_now_seen is not None and poll_now > self._poll_now_seen:
                self._is_poll_wanted = True
            self._poll_now_seen = poll_now
        if self._is_halt_told or lane is not LaneState.RUNNING:
            self._set_lane(lane)

    def key_changed(self, at: Moment, grace_s: float) -> None:
        """Other credentials came; for so long a refusal may only mean that they are too new.

        They are proven soon, also of a lane that runs: their own end is known by that.
        """
        self._grace_until = at.now + grace_s
        self._check_at = min(self._check_at, at.now + CHECK_DELAY_S)

    def key_worked(self) -> None:
        """A call was accepted with the present credentials: their grace is over."""
        self._grace_until = 0.0
        self._grace_check = None

    def halted_itself(self, at: Moment) -> None:
        """Level 9 of a family the lane needs (F3): no call from here on."""
        self._set_lane(LaneState.HALTED)
        self._is_halt_told = False
        if at.now < self._grace_until:
            self._grace_check, self._grace_at = 0, at.now + self.tempo.grace_interval_s

    def halt_told(self) -> None:
        """The inventory knows of the halt: what it orders from now on counts."""
        self._is_halt_told = True

    def answered(self, at: Moment) -> None:
        """The inventory answered a letter of this epoch."""
        self._answered_at = at.now

    def beat_ended(self, at: Moment) -> None:
        """The heartbeat was answered or given up."""
        self._is_beating = False
        self._beat_at = at.now + self.tempo.heartbeat_interval_s

    def woken(self, *, is_poll: bool) -> None:
        """The inventory says that asking is worthwhile."""
        if is_poll:
            self._is_poll_wanted = True
        else:
            self._ask_at.clear()
            self._woken_meanwhile = True

    def planned(
        self, watermark: float | None, recheck_watermark: float | None, recheck_at: float | None
    ) -> None:
        """What the next polls are to read (PollPlan)."""
        self.watermark = watermark
        self.recheck_watermark = recheck_watermark
        self.recheck_at = recheck_at

    def poll_ended(self, at: Moment, *, is_complete: bool, jitter: float) -> None:
        """The poll under way ended and the inventory knows."""
        self._end(Track.POLL, at, is_good=is_complete, wait_s=0.0, jitter=jitter)
        self._is_last_poll_ok = is_complete
        if is_complete and self._poll_counts:
            self.is_caught_up = True
        self._ask_at.clear()

    def poll_abandoned(self, at: Moment) -> None:
        """The mall's clock turned out to be another: the poll says nothing and is made anew."""
        self._end(Track.POLL, at, is_good=True, wait_s=0.0, jitter=0.0)
        self._is_poll_wanted = True
        self._poll_begun = None

    def pull_ended(self, at: Moment, pull: Pull, until: float | None) -> None:
        """A pull brought no work, till that mall time or a wake-up (None), or no answer."""
        self._is_pulling = False
        if self._woken_meanwhile:
            return
        idle_s = PULL_IDLE_S if until is None else until - at.mall
        ask_at = at.now + min(max(idle_s, PULL_PAUSE_S_MIN), PULL_IDLE_S)
        for track in _asked(pull):
            self._ask_at[track] = ask_at

    def work_came(self, track: Track, ids: Iterable[int] = ()) -> None:
        """A pull brought work, which is under way from now on."""
        self._is_pulling = False
        self._busy.add(track)
        self._held[track] = frozenset(ids)
        self.last_call_id = max((self.last_call_id, *self._held[track]))

    def work_ended(
        self, track: Track, at: Moment, *, is_good: bool, wait_s: float = 0.0, jitter: float = 0.0
    ) -> None:
        """Work ended and its outcome is acknowledged; wait_s: its bucket stays shut that long."""
        self._end(track, at, is_good=is_good, wait_s=wait_s, jitter=jitter)
        self._ask_at.pop(track, None)

    def check_ended(self, at: Moment, check: int, *, is_good: bool, is_refused: bool) -> None:
        """A credential check ended. A refused one is repeated while the key's grace lasts."""
        self.work_ended(Track.CHECK, at, is_good=True)
        self._check_at = at.now + (CHECK_INTERVAL_S if is_good else CHECK_RETRY_S)
        if is_good:
            self.key_worked()
        elif is_refused and self.lane is LaneState.HALTED and at.now < self._grace_until:
            self._grace_check = check
            self._grace_at = at.now + self.tempo.grace_interval_s
        elif is_refused or self.lane is not LaneState.HALTED:
            self._grace_check = None
        else:
            # The mall did not answer at all: that says nothing of the key.
            self._grace_at = at.now + self.tempo.grace_interval_s

    def drain(self) -> None:
        """Take nothing more; what is under way may end."""
        self.is_draining = True

    # --- what may be done -------------------------------------------------------------------

    def may_call(self, at: Moment) -> bool:
        """Whether a request of the lane may leave now: asked before every single one (F3)."""
        return self._is_open and self._is_lease_fresh(at)

    def may_finish(self, at: Moment) -> bool:
        """The same for what must not be left half done: a lane that leaves may still end it."""
        return self.lane is LaneState.RUNNING and self._is_lease_fresh(at)

    def lease_unknown(self) -> None:
        """The inventory was started again: the lease is to be asked for anew, by this instance."""
        self._answered_at = float("-inf")

    def is_lease_stale(self, at: Moment) -> bool:
        """No answer for long: the lease is to be asked for again."""
        return not self._is_lease_fresh(at)

    def standing(self, epoch: int, call_id: int, send_by: float, at: Moment) -> Standing:
        """What becomes of one commanded call (C2). Asked before `work_came`."""
        if any(call_id in held for held in self._held.values()):
            return Standing.HELD
        is_new = epoch == self.epoch and call_id > self.last_call_id
        if is_new and at.mall <= send_by and self.may_call(at):
            return Standing.TAKE
        return Standing.NOT_SENT

    def take(
        self, track: Track, rows: Sequence[Row], epoch: int, send_by: float, at: Moment
    ) -> tuple[list[Row], list[Row]]:
        """(rows to start, rows to answer as not sent): these are under way from now on.

        One that is under way already is neither (C2).
        """
        standing = [(self.standing(epoch, row.call_id, send_by, at), row) for row in rows]
        taken: list[Row] = [row for verdict, row in standing if verdict is Standing.TAKE]
        late: list[Row] = [row for verdict, row in standing if verdict is Standing.NOT_SENT]
        self.work_came(track, (row.call_id for row in (*taken, *late)))
        return taken, late

    def shown_lane(self, *, is_failing: bool) -> LaneState:
        """The lane as a heartbeat tells it."""
        if self.is_draining:
            return LaneState.STOPPED
        if self.lane is not LaneState.RUNNING:
            return self.lane
        if not self.is_caught_up:
            return LaneState.STARTING
        return LaneState.DEGRADED if is_failing else LaneState.RUNNING

    @property
    def is_idle(self) -> bool:
        """Nothing is under way."""
        return not self._busy

    # --- the decision -----------------------------------------------------------------------

    def decide(self, at: Moment) -> Decision:
        """What to begin now; each action counts as begun once it is returned."""
        actions: list[Action] = []
        if not self._is_beating and at.now >= self._beat_at:
            self._is_beating = True
            actions.append(Beat())
        if not self.is_draining and self._is_lease_fresh(at):
            wanted = (self._poll(at), self._check(at), self._pull(at))
            actions.extend(action for action in wanted if action is not None)
        return Decision(tuple(actions), self._until(at))

    def _poll(self, at: Moment) -> Poll | None:
        if at.now < self._poll_due_at(at):
            return None
        tempo = self.tempo
        is_recheck = self._is_recheck_due(at)
        window_start = at.mall - tempo.changeable_s
        margin_s = tempo.stamp_resolution_s + tempo.eps_s + tempo.lag_s
        if tempo.lists_changes and self.recheck_watermark is not None:
            window_start = self.recheck_watermark - max(margin_s, tempo.late_orders_s)
        if self.watermark is not None:
            recent = self.watermark - margin_s
            # After a very long halt the window of new orders may be the longer one.
            window_start = min(window_start, recent) if is_recheck else recent
        self._busy.add(Track.POLL)
        self._is_poll_wanted = False
        self._poll_counts = True
        self._poll_begun = at.now
        return Poll(window_start, at.mall + tempo.eps_s, at.mall, is_recheck)

    def _poll_due_at(self, at: Moment) -> float:
        """Monotonic time at which a poll is to begin; infinite while none may."""
        if not self._is_open or Track.POLL in self._busy:
            return float("inf")
        if self._poll_begun is None:
            return at.now
        earliest = self._poll_begun + POLL_DISTANCE_S
        if self._is_poll_wanted:
            return earliest
        due = self._poll_begun + self.tempo.poll_interval_s
        if not self._is_last_poll_ok:
            # A failed poll is begun again by the lane's back-off, which never exceeds the interval.
            due = min(due, self._not_before.get(Track.POLL, due))
        elif (recheck_at := self._recheck_wanted_at()) is not None:
            # An early re-read must not use up what the mall grants the polls of new orders.
            early = self._poll_begun + self.tempo.poll_distance_s
            due = min(due, max(at.now + recheck_at - at.mall, early))
        return max(due, earliest)

    def _recheck_wanted_at(self) -> float | None:
        """Mall time of the wanted re-read, unless a later one has already been made."""
        if self.recheck_at is None:
            return None
        done = self.recheck_watermark
        return self.recheck_at if done is None or done < self.recheck_at else None

    def _is_recheck_due(self, at: Moment) -> bool:
        if self.watermark is None or self.recheck_watermark is None:
            return True
        wanted_at = self._recheck_wanted_at()
        if wanted_at is not None and at.mall >= wanted_at:
            return True
        return at.mall - self.recheck_watermark >= self.tempo.reread_interval_s

    def _check(self, at: Moment) -> Check | None:
        due_at, is_grace = self._check_due_at()
        if at.now < due_at or Track.CHECK in self._busy:
            return None
        self._busy.add(Track.CHECK)
        if is_grace and self._grace_check is not None:
            return Check(self._grace_check, is_grace=True)
        return Check(0, is_grace=False)

    def _check_due_at(self) -> tuple[float, bool]:
        """When credentials are to be checked unasked, and whether for a key's grace."""
        if self.lane is LaneState.HALTED:
            if self._grace_check is not None and self._grace_at < self._grace_until:
                return self._grace_at, True
            return float("inf"), True
        if self.lane is LaneState.RUNNING and self.is_caught_up:
            return self._check_at, False
        return float("inf"), False

    def _pull(self, at: Moment) -> Pull | None:
        if self._is_pulling:
            return None
        free = [track for track in PULLED if self._may_take(track, at)]
        if not any(self._ask_at.get(track, 0.0) <= at.now for track in free):
            return None
        self._is_pulling = True
        self._woken_meanwhile = False
        return Pull(
            Track.PUSH in free, Track.READING in free, Track.IMPORT in free, Track.FEED in free
        )

    def _may_take(self, track: Track, at: Moment) -> bool:
        if track in self._busy or at.now < self._not_before.get(track, 0.0):
            return False
        if track is Track.CHECK:
            return True
        if not self._is_open or (track is Track.FEED and not self.tempo.has_feeds):
            return False
        if track is Track.IMPORT:
            return True
        if not self.is_caught_up:
            return False
        is_relative = self.tempo.write_kind is WriteKind.RELATIVE
        return track is Track.READING or self._is_last_poll_ok or not is_relative

    def _until(self, at: Moment) -> float:
        times = [] if self._is_beating else [self._beat_at]
        if not self.is_draining:
            times.append(self._poll_due_at(at))
            if Track.CHECK not in self._busy:
                times.append(self._check_due_at()[0])
            if not self._is_pulling:
                for track in PULLED:
                    if track not in self._busy:
                        ask_at = self._ask_at.get(track, 0.0)
                        times.append(max(ask_at, self._not_before.get(track, 0.0)))
        later = [time for time in times if time > at.now]
        return min(later, default=at.now + PULL_IDLE_S)

    # --- inside -----------------------------------------------------------------------------

    @property
    def _is_open(self) -> bool:
        return self.lane is LaneState.RUNNING and not self.is_draining

    def _is_lease_fresh(self, at: Moment) -> bool:
        return at.now - self._answered_at < self.tempo.lease_fresh_s

    def _set_lane(self, lane: LaneState) -> None:
        if lane is self.lane:
            return
        self.lane = lane
        self.is_caught_up = False
        self._poll_counts = False
        self._ask_at.clear()
        if lane is LaneState.RUNNING:
            self._grace_check = None
            self._is_poll_wanted = True
            self._poll_begun = None
            self._not_before.clear()
            self._failures.clear()

    def _end(
        self, track: Track, at: Moment, *, is_good: bool, wait_s: float, jitter: float
    ) -> None:
        self._busy.discard(track)
        self._held.pop(track, None)
        if is_good:
            self._failures.pop(track, None)
            self._not_before[track] = at.now + wait_s
            return
        failures = self._failures.get(track, 0)
        self._failures[track] = min(failures + 1, 30)
        back_off_s = lane_retry_s(failures, self.tempo.poll_interval_s, jitter)
        self._not_before[track] = at.now + max(wait_s, back_off_s)


def _asked(pull: Pull) -> tuple[Track, ...]:
    asked = (
        (Track.PUSH, pull.takes_push),
        (Track.READING, pull.takes_reading),
        (Track.IMPORT, pull.takes_import),
        (Track.FEED, pull.takes_feed),
        (Track.CHECK, True),
    )
    return tuple(track for track, is_asked in asked if is_asked)


def lane_retry_s(failures: int, poll_interval_s: float, jitter: float) -> float:
    """Seconds until the lane tries again after so many failures in a row before this one.

    Jitter, a number in [0, 1] handed in, takes up to a quarter off.
    """
    longest_s = min(LANE_RETRY_S_MAX, poll_interval_s)
    return min(longest_s, LANE_RETRY_S * float(2**failures)) * (1 - 0.25 * jitter)
