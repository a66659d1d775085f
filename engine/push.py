"""The decider of the push protocol: what to write, when to read, and one entry for every event.

    blocked   halted, paused, conflict, quarantined, no total: nothing is pushed, the rest is kept
    unknown   expected is unknown: a reading is wanted, and settles it
    calling   the slot is taken by a push or a reading, or the listing is in a feed that is open
    suspect   low < high, refused, doubtful, windows full, high < 0, audit due, to be written once
              more (anchored): a reading is wanted
    level     low = high = target (or below zero where the target is 0: nothing is on sale)
    due       any other: `decide` says what to push, now or at `next_wake`

The states are looked at in this order. A shell asks `decide` first and `wants_reading` when that is
None, commits what it takes (C1), and feeds `apply` with what comes back. Everything is a function
of the listing's row, of what the inventory wants and of the mall's rules; nothing waits here.
"""

import math

from engine.anchored import is_fall_beside_feed, may_join_feed
from engine.connector import WriteKind
from engine.outcome import apply_call
from engine.own_effect import apply_effect, is_after, is_before, is_inside, plain_shift
from engine.push_state import (
    BelowZero,
    CallEvent,
    EffectEvent,
    Event,
    ListingPush,
    MallRules,
    ProtocolBug,
    PushStateName,
    Step,
    Want,
    plus,
)
from engine.settle import apply_reading
from engine.slot import PushDecision

__all__ = [
    "apply",
    "call_lost_at",
    "decide",
    "decide_feed",
    "is_after",
    "is_before",
    "is_inside",
    "is_suspect",
    "name_of",
    "next_wake",
    "plain_shift",
    "push_not_before",
    "reading_not_before",
    "target",
    "wants_reading",
]


def target(state: ListingPush, offer: int) -> int:
    """What the listing should show: the offer around a difference that is left alone."""
    return max(0, offer + state.held)


def is_suspect(state: ListingPush, rules: MallRules) -> bool:
    """Whether something about the listing must be settled by a reading."""
    return (
        state.low is None
        or state.low < state.high
        or state.refused
        or bool(state.doubtful)
        or state.again
        or _are_windows_full(state, rules)
        or _is_oddly_below_zero(state)
        or state.audit_due
    )


def _is_oddly_below_zero(state: ListingPush) -> bool:
    """Whether expected is below zero and no comparison found it there.

    A mall that goes negative shows an oversell as such; once that is settled, reading it over and
    over would tell nothing new.
    """
    return state.high < 0 and state.high != state.settled_quantity


def _are_windows_full(state: ListingPush, rules: MallRules) -> bool:
    return rules.write_kind is WriteKind.GUARDED and len(state.windows) >= rules.windows_max


def name_of(state: ListingPush, want: Want, rules: MallRules) -> PushStateName:
    """The listing's state; the order of the ladder is that of the module's drawing."""
    if want.is_blocked or want.offer is None or state.quarantined:
        return PushStateName.BLOCKED
    if not state.known:
        return PushStateName.UNKNOWN
    if state.call is not None or state.feed is not None:
        return PushStateName.CALLING
    if is_suspect(state, rules):
        return PushStateName.SUSPECT
    if max(0, state.high) == target(state, want.offer):
        return PushStateName.LEVEL
    return PushStateName.DUE


# --- what to push (D1-D7) -----------------------------------------------------------------------


def decide(state: ListingPush, want: Want, rules: MallRules) -> PushDecision | None:
    """The push to put into the slot now, or None.

    None where the listing is blocked, has no total (F2), its slot is taken (C1), expected is
    unknown (F2), nothing is due (D3), a bound says wait (D5, D6, `next_wake`), or in shadow.
    """
    if want.is_blocked or want.offer is None or state.quarantined or not want.pushes_allowed:
        return None
    if state.call is not None or not state.known:
        return None
    wanted = target(state, want.offer)
    if rules.write_kind is WriteKind.ANCHORED:
        return _anchored_decision(state, wanted, want, rules)
    if _is_paused(state, want, rules):
        return None
    delta = _rise(state, wanted) if want.rises_allowed else 0
    if delta == 0:
        delta = _fall(state, wanted)
    if delta == 0:
        return None  # D3
    return PushDecision(delta, None, _may_be_refused(state, delta, rules))


def decide_feed(state: ListingPush, want: Want, rules: MallRules) -> PushDecision | None:
    """C5: the value with which the listing may go into a feed now, or None; as `decide`."""
    if rules.write_kind is not WriteKind.ANCHORED or not may_join_feed(state):
        return None
    return decide(state, want, rules)


def _is_paused(state: ListingPush, want: Want, rules: MallRules) -> bool:
    """D5, and no relative write while polls fail: a refused fall could not be explained."""
    if rules.write_kind is WriteKind.RELATIVE:
        return not want.last_poll_ok or len(state.doubtful) >= rules.doubtful_max
    return bool(state.doubtful) or _are_windows_full(state, rules)


def _rise(state: ListingPush, wanted: int) -> int:
    """D1: from the high end, as if every doubtful rise were done and no doubtful fall.

    Below zero it counts from zero: what is missing there belongs to orders, not to the offer.
    """
    return max(0, wanted - max(0, state.high))


def _fall(state: ListingPush, wanted: int) -> int:
    """D2 and D4, as if every doubtful write were done and every maybe-restock there."""
    delta = min(0, wanted - (state.high + state.down))
    if not state.refused or delta == 0:
        return delta
    # D4: a refusal means unseen orders. What it left on sale is taken off at once, and once.
    return -min(-delta, max(0, state.left or 0))


def _may_be_refused(state: ListingPush, delta: int, rules: MallRules) -> bool:
    """Whether the row must not share a request with rows that are safe."""
    if rules.write_kind is not WriteKind.RELATIVE or delta > 0:
        return False
    if rules.below_zero not in (BelowZero.REFUSES, BelowZero.UNKNOWN):
        return False
    after = plus(state.low, delta)
    return after is None or after <= rules.refuse_margin


def _anchored_decision(
    state: ListingPush, wanted: int, want: Want, rules: MallRules
) -> PushDecision | None:
    if state.feed is not None:
        if not is_fall_beside_feed(state, state.feed, wanted):
            return None  # D7: all else waits for the feed's end.
        return PushDecision(wanted - state.high, wanted, may_be_refused=False)
    if not _is_anchored_due(state, wanted, want):
        return None
    if not _is_anchored_fall(state, wanted):
        not_before = push_not_before(state, rules)
        if not_before is not None and want.now < not_before:
            return None
        if _may_rise(state, wanted) and not _is_poll_fresh(want, rules):
            return None
    return PushDecision(wanted - state.high, wanted, may_be_refused=False)


def _is_anchored_due(state: ListingPush, wanted: int, want: Want) -> bool:
    """D6: whether the offer must be written, now or later."""
    if state.low == wanted == state.high and not state.doubtful and not state.again:
        return False
    # S2: a write that may put units on sale stops while an older parked order is there.
    return want.rises_allowed or not _may_rise(state, wanted)


def _is_anchored_fall(state: ListingPush, wanted: int) -> bool:
    """D6: a fall never waits.

    With a doubtful write (O5) high is the most that may be on sale, and only that end counts.
    """
    if state.doubtful:
        return wanted < state.high
    return state.low is not None and wanted < state.low


def _may_rise(state: ListingPush, wanted: int) -> bool:
    if _is_anchored_fall(state, wanted):
        return False
    return state.low is None or wanted > state.low or bool(state.doubtful)


def _is_poll_fresh(want: Want, rules: MallRules) -> bool:
    """D6: a rise gives back every order not yet seen, so it follows a poll closely."""
    if want.window_poll_end is None:
        return False
    return want.now - want.window_poll_end <= rules.poll_interval_s


# --- when to read, and when to ask again (S1) ---------------------------------------------------


def wants_reading(state: ListingPush, want: Want, rules: MallRules) -> bool:
    """S1: whether a reading is to be put into the slot now. Ask `decide` first.

    Not while one is open, nor while the listing is blocked. A listing without a total is read
    nevertheless (the opening reading of a base mall), and so is a quarantined one.
    """
    not_before = reading_not_before(state, rules)
    if not_before is not None and want.now < not_before:
        return False
    return _is_reading_due(state, want, rules)


def _is_reading_due(state: ListingPush, want: Want, rules: MallRules) -> bool:
    """S1 without the waits."""
    if want.is_blocked or state.call is not None or state.reading is not None:
        return False
    if state.feed is not None:
        return False  # What a reading shows now may be overwritten until the feed has ended.
    if state.known and not is_suspect(state, rules):
        return False
    return not _is_anchored_push_first(state, want, rules)


def _is_anchored_push_first(state: ListingPush, want: Want, rules: MallRules) -> bool:
    """S1 anchored: no push due, for it would overwrite what is being compared."""
    if rules.write_kind is not WriteKind.ANCHORED or not state.known or state.quarantined:
        return False
    if not want.pushes_allowed:
        return False
    return want.offer is not None and _is_anchored_due(state, target(state, want.offer), want)


def reading_not_before(state: ListingPush, rules: MallRules) -> float | None:
    """S1: the earliest mall time a reading may begin, were one wanted; None for any time."""
    # A stale read shows any moment of the last stale_s, so every limit is that much later.
    waits = [doubt.until + rules.stale_s for doubt in state.doubtful]
    if (rules.live_s > 0 or rules.stale_s > 0) and state.last_write_end is not None:
        waits.append(state.last_write_end + rules.live_s + rules.stale_s)
    if rules.stale_s > 0 and state.own_effect_end is not None:
        later_than = state.own_effect_end + rules.stale_s + rules.eps_s
        waits.append(math.nextafter(later_than, math.inf))
    return max(waits, default=None)


def push_not_before(state: ListingPush, rules: MallRules) -> float | None:
    """D6: the earliest mall time of an anchored write that is not a fall; None for any time."""
    if rules.write_kind is not WriteKind.ANCHORED:
        return None
    waits = [doubt.until for doubt in state.doubtful]
    if state.last_write_end is not None:
        waits.append(state.last_write_end + rules.live_s)
    return max(waits, default=None)


def call_lost_at(state: ListingPush, rules: MallRules) -> float | None:
    """C3: when the call in the slot is lost (`CallLost`) if no outcome comes; None if none is."""
    return None if state.call is None else state.call.send_by + rules.http_timeout_s


def next_wake(state: ListingPush, want: Want, rules: MallRules) -> float | None:
    """The earliest mall time worth asking again if nothing but time passes; None: it never is.

    want.now where a push or a reading is due already; `call_lost_at` while the slot is taken. What
    an event brings about (a poll, an outcome, a settled comparison) is not foreseen.
    """
    if state.call is not None:
        return call_lost_at(state, rules)
    if want.is_blocked:
        return None
    if state.feed is not None:
        return want.now if decide(state, want, rules) is not None else None
    if decide(state, want, rules) is not None or wants_reading(state, want, rules):
        return want.now
    waits = []
    if _is_anchored_push_first(state, want, rules):
        waits.append(push_not_before(state, rules))
    elif _is_reading_due(state, want, rules):
        waits.append(reading_not_before(state, rules))
    return min((wait for wait in waits if wait is not None and wait > want.now), default=None)


# --- the one entry ------------------------------------------------------------------------------


def apply(state: ListingPush, event: Event, rules: MallRules) -> Step:
    """The new state after one event and what the shell must do in the same transaction.

    Raises `ProtocolBug` for what the rules exclude: an event out of turn, or a state that no
    sequence of rules leads to.
    """
    if isinstance(event, EffectEvent):
        step = apply_effect(state, event, rules)
    elif isinstance(event, CallEvent):
        step = apply_call(state, event, rules)
    else:
        step = apply_reading(state, event, rules)
    _assert_possible(step.state)
    return step


def _assert_possible(state: ListingPush) -> None:
    """What every rule keeps, whatever the settings were when the row was written."""
    if state.known and state.low is not None and state.low > state.high:
        raise ProtocolBug("the low end of expected is above the high end")
    if state.down > 0:
        raise ProtocolBug("unresolved decreases that add up to an increase")
