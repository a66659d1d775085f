"""Anchored writes: what an ok and a lost one leave (O3, O5), and the listing's place in a feed.

    out --TakeFeed (C5)--> in a feed --its outcome (O7)--> out
                            |  ^
                            +--+  beside it the slot is free: falls go at once (D7), and cross it

A feed hands many values in as one; the mall works it off minutes later and in any order with single
writes. So a value in a feed may become live over a lower one that was written meanwhile. What such
a fall leaves is a doubt that lasts until the feed's value is live for sure, and D6 writes until
then and once more after it.
"""

from typing import assert_never

from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push_state import (
    Doubt,
    Effect,
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
    ReadingDropped,
    Span,
    Step,
    Window,
)
from engine.slot import FeedCall, TakeFeed


def anchored_done(
    state: ListingPush, call: PushCall | FeedCall, event: PushDone, rules: MallRules
) -> Step:
    """O3: the value replaces all that was known before, with two reasons to write once more."""
    if call.value is None:
        raise ProtocolBug("an anchored call without a value")
    live_at = None if state.last_write_end is None else state.last_write_end + rules.live_s
    is_early = live_at is not None and call.t0 < live_at
    end = event.end + rules.live_s
    state = replace(
        _crossed(state),
        # An order applied during the call is erased by it or not. After an early write (story 31)
        # only `again` is set: a lower low would hide the next fall from D6, which must not wait.
        low=call.value - 1 if call.overtaken else call.value,
        high=call.value,
        again=is_early or call.overtaken,
        windows=(Window(event.start, end, call.id),),
        anchor=Span(event.start, end),
        # Story 32: a doubt is only over for a write that was decided past its limit.
        doubtful=tuple(doubt for doubt in state.doubtful if call.t0 < doubt.until),
        # The outcome of a write that ended before its feed did may be heard after the feed's.
        last_write_end=_later(state.last_write_end, event.end),
    )
    return reading_dropped(state)


def anchored_unknown(state: ListingPush, call: PushCall | FeedCall, until: float) -> ListingPush:
    """O5 anchored: nothing is known until a write decided past `until` is ok (D6 writes it).

    The doubts become one with the latest limit, which bounds them however often a fall that must
    not wait is lost again. `high` takes in the value, so that D6 knows what a fall is.
    """
    if call.value is None:
        raise ProtocolBug("an anchored call without a value")
    until = max([until, *(earlier.until for earlier in state.doubtful)])
    beside = call.value if state.feed is None else state.feed.value
    return replace(
        _crossed(state),
        high=max(state.high, call.value, beside),
        doubtful=(Doubt(call.id, call.delta, until),),
    )


def reading_dropped(state: ListingPush) -> Step:
    """The open reading, if any, can no longer be told from what came after it."""
    effects: tuple[Effect, ...] = ()
    if state.reading is not None:
        effects = (ReadingDropped(),)
    return Step(replace(state, reading=None), effects)


# --- feeds --------------------------------------------------------------------------------------


def may_join_feed(state: ListingPush) -> bool:
    """C5: whether nothing is open about the listing that a single write has to end.

    A doubt and "once more" are ended one by one: so every listing gets level however often feeds
    fail.
    """
    return (
        state.known
        and state.call is None
        and state.feed is None
        and not state.doubtful
        and not state.again
        and state.low == state.high
    )


def feed_taken(state: ListingPush, event: TakeFeed, rules: MallRules) -> ListingPush:
    """C5. The slot stays free."""
    decision = event.decision
    if rules.write_kind is not WriteKind.ANCHORED or decision.value is None:
        raise ProtocolBug("a feed takes absolute values, of an anchored mall")
    if not may_join_feed(state):
        raise ProtocolBug("a listing goes into a feed with something open about it")
    until = event.t0 + rules.feed_s
    feed = FeedCall(event.id, decision.delta, decision.value, event.t0, until)
    return replace(state, feed=feed, last_id=event.id)


def is_fall_beside_feed(state: ListingPush, feed: FeedCall, wanted: int) -> bool:
    """D7: whether a value is below all that is, or is about to be, on sale; then it goes at once.

    Before any single write that is the feed's own value: that is on its way already, up or down.
    After one it is what that wrote, and after a lost one the most of all.
    """
    if state.doubtful:
        return wanted < state.high
    if not feed.crossed:
        return wanted < feed.value
    return wanted < (state.high if state.low is None else state.low)


def feed_ended(state: ListingPush, feed: FeedCall, event: Outcome, rules: MallRules) -> Step:
    """O7: what became of the listing's row."""
    freed = replace(state, feed=None)
    is_crossed = feed.crossed or isinstance(state.call, PushCall)
    match event:
        case PushDone():
            if not is_crossed:
                return anchored_done(freed, feed, event, rules)
            # Story 40: the feed's value may become live over the lower one that was written beside
            # it, up to live_s after the feed has ended.
            freed = replace(freed, last_write_end=_later(freed.last_write_end, event.end))
            return reading_dropped(anchored_unknown(freed, feed, event.end + rules.live_s))
        case PushUnknown(over_at=over_at):
            # Story 42: a feed that nobody can look at may be worked off until its last moment.
            last = feed.until if over_at is None else over_at
            return reading_dropped(anchored_unknown(freed, feed, last + rules.live_s))
        case PushNotSent():
            return Step(freed)  # Story 41: own effects went on all the while (E3).
        case PushBadItem():
            return Step(replace(freed, quarantined=True), (Quarantined(event.code),))
        case PushRefused():
            raise ProtocolBug("an anchored write is refused for going below zero")
        case _:
            assert_never(event)


def _crossed(state: ListingPush) -> ListingPush:
    """O7: a single write was done, or may have been, beside an open feed."""
    if state.feed is None or state.feed.crossed:
        return state
    return replace(state, feed=replace(state.feed, crossed=True))


def _later(one: float | None, other: float) -> float:
    return other if one is None else max(one, other)
