"""The slot: how a call takes it (C1), how it comes back (O1-O6) and how it gets lost (C3, C4).

    free --TakePush, TakeReading--> taken --an outcome of its id, CallLost--> free

Every outcome frees the slot and is applied once: one whose id is not in the slot is dropped (C2).
An id may be that of the listing's place in a feed instead (C5); that ends with the feed (O7).
What a call did to `expected` is exact (O1-O3), nothing (O4, O6) or a wider interval (O1 after a
fall that may have been clamped, O5). Anchored writes and feeds are `anchored.py`, readings that
settle `settle.py`, own orders `own_effect.py`.
"""

import math
from typing import assert_never

from msgspec.structs import replace

from engine.anchored import (
    anchored_done,
    anchored_unknown,
    feed_ended,
    feed_taken,
    reading_dropped,
)
from engine.connector import WriteKind
from engine.push_state import (
    BelowZero,
    CallEvent,
    Doubt,
    Dropped,
    ListingPush,
    MallRules,
    Outcome,
    ProtocolBug,
    PushBadItem,
    PushCall,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    Quarantined,
    ReadCall,
    ReadingDropped,
    Step,
    WakePoll,
    Window,
    plus,
)
from engine.slot import CallLost, TakeFeed, TakePush, TakeReading


def apply_call(state: ListingPush, event: CallEvent, rules: MallRules) -> Step:
    """Applies what takes, answers or gives up the slot."""
    match event:
        case TakePush():
            return Step(_taken(state, event, rules))
        case TakeReading():
            _refuse_second_call(state, event.id)
            call = ReadCall(event.id, event.epoch, event.t0, event.send_by)
            return Step(replace(state, call=call, last_id=event.id))
        case TakeFeed():
            _refuse_second_call(state, event.id)
            return Step(feed_taken(state, event, rules))
        case CallLost():
            return _lost(state, rules)
        case _:
            return _answered(state, event, rules)


def _taken(state: ListingPush, event: TakePush, rules: MallRules) -> ListingPush:
    _refuse_second_call(state, event.id)
    decision = event.decision
    if (decision.value is not None) != (rules.write_kind is WriteKind.ANCHORED):
        raise ProtocolBug("an absolute value belongs to an anchored mall, and only there")
    if not state.known:
        raise ProtocolBug("a push while expected is unknown")
    if decision.value is None and decision.delta == 0:
        raise ProtocolBug("a push that moves nothing")
    call = PushCall(event.id, event.epoch, decision.delta, decision.value, event.t0, event.send_by)
    return replace(state, call=call, last_id=event.id)


def _refuse_second_call(state: ListingPush, call_id: int) -> None:
    """C1: one slot, and ids that only grow."""
    if state.call is not None:
        raise ProtocolBug("the slot is taken")
    if call_id <= state.last_id:
        raise ProtocolBug("a call id that was used before")


def _answered(state: ListingPush, event: Outcome, rules: MallRules) -> Step:
    if state.feed is not None and state.feed.id == event.id:
        return feed_ended(state, state.feed, event, rules)
    call = state.call
    # C2: repeated and late outcomes are of an id that has left the slot.
    if call is None or call.id != event.id:
        return Step(state, (Dropped(),))
    if not isinstance(call, PushCall):
        raise ProtocolBug("the outcome of a push answers a reading")
    freed = replace(state, call=None)
    match event:
        case PushDone():
            return _done(freed, call, event, rules)
        case PushRefused():
            # O4: expected is not moved: it is unseen orders that stand in the way, so poll.
            return Step(replace(freed, refused=True, left=event.left), (WakePoll(),))
        case PushUnknown():
            return _unknown(freed, call, rules)
        case PushNotSent():
            return Step(freed)  # O6
        case PushBadItem():
            return Step(replace(freed, quarantined=True), (Quarantined(event.code),))  # O6
        case _:
            assert_never(event)


def _done(state: ListingPush, call: PushCall, event: PushDone, rules: MallRules) -> Step:
    is_guarded = event.quantity_read is not None
    is_anchored = call.value is not None
    if (is_guarded, is_anchored) != (
        rules.write_kind is WriteKind.GUARDED,
        rules.write_kind is WriteKind.ANCHORED,
    ):
        return _start_again(state, event)
    match rules.write_kind:
        case WriteKind.RELATIVE:
            return _relative_done(state, call, event, rules)
        case WriteKind.GUARDED:
            return _guarded_done(state, call, event)
        case WriteKind.ANCHORED:
            return anchored_done(state, call, event, rules)
        case _:
            assert_never(rules.write_kind)


def _relative_done(state: ListingPush, call: PushCall, event: PushDone, rules: MallRules) -> Step:
    state = replace(state, left=None, last_write_end=event.end)
    if call.delta > 0 or _is_fall_exact(event, rules):
        return Step(_moved(state, call.delta))  # O1
    # O1, a mall that does not refuse: how much of the fall was done is between nothing and all of
    # it. The write is over, so nothing can land later and nothing goes into doubtful.
    state = replace(state, low=plus(state.low, call.delta), down=state.down + call.delta)
    return reading_dropped(state)


def _start_again(state: ListingPush, event: PushDone) -> Step:
    """The settings made it another kind of mall while the call was out: start from a reading."""
    return reading_dropped(replace(state, known=False, left=None, last_write_end=event.end))


def _is_fall_exact(event: PushDone, rules: MallRules) -> bool:
    """O1: whether an ok after a fall says that all of it was done."""
    if rules.below_zero is BelowZero.REFUSES:
        return True
    return event.answered is not None and event.answered > 0


def _guarded_done(state: ListingPush, call: PushCall, event: PushDone) -> Step:
    assert event.quantity_read is not None, "told from other kinds by it"
    written = max(0, event.quantity_read + call.delta)
    delta_done = written - event.quantity_read
    state = replace(_moved(state, delta_done), left=None)
    if delta_done != 0:
        # O2: the order that came between the guard and the write is erased or not; where nothing
        # was written, nothing was erased.
        window = Window(event.start, event.end, call.id)
        state = replace(state, windows=(*state.windows, window), last_write_end=event.end)
    if delta_done != call.delta:
        state = replace(state, refused=True)
    return Step(state)


def _moved(state: ListingPush, delta: int) -> ListingPush:
    """O1: the write is exact, and an open reading keeps the account of it."""
    reading = state.reading
    if reading is not None and delta != 0:
        reading = replace(reading, shift=reading.shift + delta, moved=True)
    return replace(state, low=plus(state.low, delta), high=state.high + delta, reading=reading)


def _unknown(state: ListingPush, call: PushCall, rules: MallRules) -> Step:
    """O5: the interval takes in both, done and not done; nothing is repeated as such."""
    # A write that lands at the last moment is live live_s later still, so the doubt lasts as long.
    until = call.send_by + rules.late_s + rules.live_s
    doubt = Doubt(call.id, call.delta, until)
    state = replace(state, left=None)
    if (call.value is None) is (rules.write_kind is WriteKind.ANCHORED):
        # The settings made it another kind of mall while the call was out: start from a reading.
        state = replace(state, known=False, doubtful=(*state.doubtful, doubt))
        return reading_dropped(state)
    match rules.write_kind:
        case WriteKind.RELATIVE:
            state = replace(_widened(state, call.delta), doubtful=(*state.doubtful, doubt))
        case WriteKind.GUARDED:
            window = Window(call.t0, math.inf, call.id)
            state = replace(
                _widened(state, call.delta),
                doubtful=(*state.doubtful, doubt),
                windows=(*state.windows, window),
            )
        case WriteKind.ANCHORED:
            state = anchored_unknown(state, call, until)
        case _:
            assert_never(rules.write_kind)
    return reading_dropped(state)


def _widened(state: ListingPush, delta: int) -> ListingPush:
    if delta > 0:
        return replace(state, high=state.high + delta)
    return replace(state, low=plus(state.low, delta), down=state.down + delta)


def _lost(state: ListingPush, rules: MallRules) -> Step:
    """C3: a push in the slot becomes unknown, a reading is dropped."""
    call = state.call
    if call is None:
        return Step(state)
    freed = replace(state, call=None)
    if isinstance(call, PushCall):
        return _unknown(freed, call, rules)
    return Step(freed, (ReadingDropped(),))
