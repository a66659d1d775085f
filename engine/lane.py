"""A mall's lane: whether it may call its mall, and what the operator sees of it.

                 started                first complete poll
    stopped ---------------> starting ----------------------> running
       ^                        |  ^                           |   ^
       | stopped,               |  | cleared, resumed    fault |   | last fault of level 8
       | heartbeat lost         |  |                         8 v   | resolved
       +---- from every state   |  |                        degraded
                                |  |
         fault 9 ---> halted ---+--+      (cleared; a pause that was there comes back)
         paused  ---> paused ---+--+      (resumed)

What is kept are independent facts, so that a pause given while the mall is halted is still there
after the clear. The state is read off them, the worst first: stopped, halted, paused, degraded,
starting, running. Minutes of retrying are the lane's (seconds are the transport's, crashes the
supervisor's); this module only says what each state allows (invariant 6, F3).
"""

import enum

from msgspec import Struct
from msgspec.structs import replace


class LaneState(enum.StrEnum):
    """The states of a lane, closed list; the words of `status`."""

    STARTING = "starting"
    """Up, and polling to completion before its first push."""
    RUNNING = "running"
    DEGRADED = "degraded"
    """A level-8 fault of the mall is open: it goes on trying."""
    HALTED = "halted"
    """Level 9: no call but an operator's credential check."""
    PAUSED = "paused"
    """By an operator: no call."""
    STOPPED = "stopped"
    """No actor holds the mall's lease."""


class LaneEvent(enum.StrEnum):
    """What may happen to a lane, closed list. Each may come again and changes nothing then."""

    STARTED = "started"
    """An actor took the lease."""
    STOPPED = "stopped"
    """It left in order."""
    HEARTBEAT_LOST = "heartbeat_lost"
    """It was not heard of for too long."""
    POLL_OK = "poll_ok"
    """A poll of the whole window ended well and is committed."""
    FAULT_8 = "fault_8"
    """A level-8 fault of the mall was opened or counted up."""
    RESOLVED_8 = "resolved_8"
    """The last open level-8 fault of the mall was resolved or cleared."""
    FAULT_9 = "fault_9"
    """A credential the lane needs was refused, or there is none."""
    CLEARED = "cleared"
    """The last such fault was cleared, after its credential was checked."""
    PAUSED = "paused"
    """The operator paused the mall."""
    RESUMED = "resumed"
    """The operator resumed it."""


class LaneEffect(enum.StrEnum):
    """What the shell must do after a step, closed list."""

    HALT = "halt"
    """Tell the actor: it refuses every call from now on, also between two steps of one."""
    POLL = "poll"
    """Tell the actor to poll to completion; nothing is pushed before (F3, D6)."""
    AUDIT = "audit"
    """Mark every listing of the mall audit due (F3)."""
    LOG_DOWN = "log_down"
    """The lane went down: one line."""
    LOG_UP = "log_up"
    """It is back: one line."""


class Lane(Struct, frozen=True, kw_only=True):
    """The facts of one mall's lane. Pauses and faults outlive the inventory, the rest does not."""

    is_up: bool = False
    """An actor holds the lease and is heard of."""
    is_halted: bool = False
    """A level-9 fault that halts is open."""
    is_paused: bool = False
    """The operator paused it."""
    is_degraded: bool = False
    """A level-8 fault of the mall is open."""
    has_polled: bool = False
    """A complete poll is committed since it was last started, cleared or resumed."""
    owes_audit: bool = False
    """It was halted: all its listings are compared after the first complete poll."""


class LaneStep(Struct, frozen=True):
    """The result of one event."""

    lane: Lane
    """The lane now."""
    effects: tuple[LaneEffect, ...] = ()
    """What the shell must do, in this order."""


_FACTS: dict[LaneEvent, dict[str, bool]] = {
    LaneEvent.STARTED: {"is_up": True, "has_polled": False},
    LaneEvent.STOPPED: {"is_up": False, "has_polled": False},
    LaneEvent.HEARTBEAT_LOST: {"is_up": False, "has_polled": False},
    LaneEvent.POLL_OK: {"has_polled": True},
    LaneEvent.FAULT_8: {"is_degraded": True},
    LaneEvent.RESOLVED_8: {"is_degraded": False},
    LaneEvent.FAULT_9: {"is_halted": True, "has_polled": False, "owes_audit": True},
    LaneEvent.CLEARED: {"is_halted": False},
    LaneEvent.PAUSED: {"is_paused": True, "has_polled": False},
    LaneEvent.RESUMED: {"is_paused": False},
}
"""The transition table: event -> the facts it sets."""

_SEES = frozenset({LaneState.STARTING, LaneState.RUNNING, LaneState.DEGRADED})


def lane_state(lane: Lane) -> LaneState:
    """The state a lane shows, the worst fact first."""
    if not lane.is_up:
        return LaneState.STOPPED
    if lane.is_halted:
        return LaneState.HALTED
    if lane.is_paused:
        return LaneState.PAUSED
    if lane.is_degraded:
        return LaneState.DEGRADED
    return LaneState.RUNNING if lane.has_polled else LaneState.STARTING


def is_calling_allowed(state: LaneState) -> bool:
    """Whether the actor may call its mall at all; a credential check by an operator always may."""
    return state in _SEES


def is_push_allowed(lane: Lane) -> bool:
    """Whether stock may be pulled: only after a complete poll since the last interruption."""
    return is_calling_allowed(lane_state(lane)) and lane.has_polled


def ordered_state(lane: Lane) -> LaneState:
    """What an actor is told to be: running, halted or paused, whether or not it is heard of."""
    if lane.is_halted:
        return LaneState.HALTED
    return LaneState.PAUSED if lane.is_paused else LaneState.RUNNING


def lane_step(lane: Lane, event: LaneEvent) -> LaneStep:
    """Applies one event. A poll that ends while the lane may not call changes nothing."""
    before = lane_state(lane)
    if event is LaneEvent.POLL_OK and not is_calling_allowed(before):
        # It began before the halt; after the clear another one must see what came meanwhile.
        return LaneStep(lane)
    lane = replace(lane, **_FACTS[event])
    after = lane_state(lane)
    effects: list[LaneEffect] = []
    if lane.has_polled and lane.owes_audit:
        lane = replace(lane, owes_audit=False)
        effects.append(LaneEffect.AUDIT)
    is_calling = is_calling_allowed(after)
    if is_calling_allowed(before) != is_calling:
        if is_calling:
            effects.append(LaneEffect.POLL)
        elif after is not LaneState.STOPPED:
            effects.append(LaneEffect.HALT)
        effects.append(LaneEffect.LOG_UP if is_calling else LaneEffect.LOG_DOWN)
    elif before is not after and LaneState.DEGRADED in (before, after):
        is_down = after is LaneState.DEGRADED
        effects.append(LaneEffect.LOG_DOWN if is_down else LaneEffect.LOG_UP)
    return LaneStep(lane, tuple(effects))
