"""What an own order, cut or cancel does to what the mall can be showing (T3, E1-E5, S2's maybe).

    moment before the anchor, or overwritten   -> gone: expected has it already (E2, E3)
    moment inside the anchor or a window       -> maybe: expected widens (E2-E4)
    any other                                  -> certain: expected moves (E4)

`orders.py` makes the events (E1, T2) and moves the total (E6) in the same transaction, whatever
is decided here. A plain listing, which is nearly every one, takes a short way.
"""

import enum
import math
from typing import assert_never

from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push_state import (
    Effect,
    EffectEvent,
    ListingPush,
    MallRules,
    OwnEffect,
    ParkedMaybe,
    PushCall,
    ReadCall,
    Reading,
    ReadingDropped,
    Span,
    Step,
    Window,
    plus,
)
from engine.slot import FeedCall


def is_before(moment: Span, span: Span | Window | Reading, eps_s: float) -> bool:
    """T3: whether the moment is surely over when the span begins."""
    return moment.end < span.start - eps_s


def is_after(moment: Span, span: Span | Window | Reading, eps_s: float) -> bool:
    """T3: whether the moment surely begins when the span is over."""
    return moment.start > span.end + eps_s


def is_inside(moment: Span, span: Span | Window | Reading, eps_s: float) -> bool:
    """T3: whether neither is sure. Equal stamps are inside."""
    return not is_before(moment, span, eps_s) and not is_after(moment, span, eps_s)


class _Standing(enum.Enum):
    """How an own effect's moment stands to all that was written and compared."""

    GONE = enum.auto()
    MAYBE = enum.auto()
    CERTAIN = enum.auto()


def plain_shift(state: ListingPush, moment: Span, rules: MallRules) -> bool:
    """Whether an own effect that is neither maybe nor open moves low and high, and nothing else.

    Then a store may add the effect to both columns (minus infinity, NULL there, stays itself)
    instead of loading the row. Stale malls never say so: they keep the effect's moment (S1).
    """
    return (
        state.known
        and state.call is None
        and state.feed is None
        and state.reading is None
        and not state.windows
        and not state.doubtful
        and rules.stale_s == 0
        and (state.anchor is None or is_after(moment, state.anchor, rules.eps_s))
    )


def apply_effect(state: ListingPush, event: EffectEvent, rules: MallRules) -> Step:
    """Applies one own order's effect, or a parked order that may be one."""
    match event:
        case OwnEffect():
            return _own_effect(state, event, rules)
        case ParkedMaybe():
            return Step(_parked_maybe(state, event))
        case _:
            assert_never(event)


def _own_effect(state: ListingPush, event: OwnEffect, rules: MallRules) -> Step:
    if event.is_open:
        return _open_effect(_noted(state, event, rules), event, rules)
    if not event.is_maybe and plain_shift(state, event.moment, rules):
        # E4 in the plain case, which must stay cheap: a bestseller is applied through here.
        return Step(
            replace(state, low=plus(state.low, event.effect), high=state.high + event.effect)
        )
    if event.effect == 0:
        return Step(state)
    state = _noted(state, event, rules)
    standing = _standing(state, event.moment, rules, state.windows)
    if standing is _Standing.CERTAIN and event.is_maybe:
        standing = _Standing.MAYBE
    return _on_reading(_on_expected(state, event.effect, standing, rules), event, rules)


def _noted(state: ListingPush, event: OwnEffect, rules: MallRules) -> ListingPush:
    """Leaves the marks that a later step asks for: O3, E5's dirty reading, S1 on stale malls."""
    call = state.call
    if isinstance(call, ReadCall) and not call.dirty:
        state = replace(state, call=replace(call, dirty=True))  # E5
    elif (
        isinstance(call, PushCall)
        and rules.write_kind is WriteKind.ANCHORED
        and not call.overtaken
        and _is_during(event.moment, call, rules)
    ):
        state = replace(state, call=replace(call, overtaken=True))  # O3
    feed = state.feed
    if feed is not None and not feed.overtaken and _is_during(event.moment, feed, rules):
        state = replace(state, feed=replace(feed, overtaken=True))  # O3, O7
    if rules.stale_s > 0:
        end = event.moment.end
        if state.own_effect_end is None or state.own_effect_end < end:
            state = replace(state, own_effect_end=end)
    return state


def _is_during(moment: Span, call: PushCall | FeedCall, rules: MallRules) -> bool:
    """E3: slot = push, or in a feed, and the moment not before t0."""
    return not is_before(moment, Span(call.t0, call.t0), rules.eps_s)


def _standing(
    state: ListingPush, moment: Span, rules: MallRules, windows: tuple[Window, ...]
) -> _Standing:
    """E2 and E3. `windows` are those that count; E5 leaves out some."""
    eps = rules.eps_s
    if state.anchor is not None:
        if is_before(moment, state.anchor, eps):
            return _Standing.GONE  # E2
        if is_inside(moment, state.anchor, eps):
            return _Standing.MAYBE  # E2
    # E3. What an anchored write overwrote is before its window, which is the anchor (O3, E2).
    if any(is_inside(moment, window, eps) for window in windows):
        return _Standing.MAYBE
    if (
        rules.write_kind is WriteKind.GUARDED
        and isinstance(state.call, PushCall)
        and _is_during(moment, state.call, rules)
    ):
        return _Standing.MAYBE
    return _Standing.CERTAIN


def _on_expected(
    state: ListingPush, effect: int, standing: _Standing, rules: MallRules
) -> ListingPush:
    if standing is _Standing.GONE:
        return replace(state, held=_shrunk(state.held, effect))  # E2
    if not _takes_effects(state, rules):
        return state
    if standing is _Standing.MAYBE:  # E4
        return replace(state, low=plus(state.low, min(effect, 0)), high=state.high + max(effect, 0))
    return replace(state, low=plus(state.low, effect), high=state.high + effect)  # E4


def _takes_effects(state: ListingPush, rules: MallRules) -> bool:
    """Whether expected means anything: known, and on an anchored mall no write unknown (O5)."""
    return state.known and not (rules.write_kind is WriteKind.ANCHORED and state.doubtful)


def _shrunk(held: int, effect: int) -> int:
    """E2: a difference that a late order explains is none any more, up to what it explains."""
    if held > 0 and effect > 0:
        return max(0, held - effect)
    if held < 0 and effect < 0:
        return min(0, held - effect)
    return held


def _on_reading(state: ListingPush, event: OwnEffect, rules: MallRules) -> Step:
    """E5: the open reading keeps the account of what is surely after it, or is dropped."""
    reading = state.reading
    if reading is None or is_before(event.moment, reading, rules.eps_s):
        return Step(state)
    if not is_after(event.moment, reading, rules.eps_s) or event.is_maybe:
        return _reading_dropped(state)
    # The window of a doubtful write has no end for expected. But the reading began past the limit
    # of every doubt (S1), so what is after the reading is after those writes: else a bestseller,
    # with an order in every reading's settling time, would never settle.
    closed = tuple(window for window in state.windows if window.end != math.inf)
    if _standing(state, event.moment, rules, closed) is _Standing.MAYBE:
        return _reading_dropped(state)
    return Step(replace(state, reading=replace(reading, shift=reading.shift + event.effect)))


def _reading_dropped(state: ListingPush) -> Step:
    effects: tuple[Effect, ...] = () if state.reading is None else (ReadingDropped(),)
    return Step(replace(state, reading=None), effects)


def _open_effect(state: ListingPush, event: OwnEffect, rules: MallRules) -> Step:
    """E1: an order first seen with a sign of an edit; its moment is [stamp, this snapshot]."""
    moment, eps = event.moment, rules.eps_s
    anchor = state.anchor
    if anchor is not None and is_before(moment, anchor, eps):
        state = _on_expected(state, event.effect, _Standing.GONE, rules)
    elif _takes_effects(state, rules):
        is_written_again = rules.write_kind is WriteKind.ANCHORED and any(
            is_inside(moment, window, eps) for window in state.windows
        )
        if not is_written_again and _may_placement_be_erased(state, event, rules):
            # The placement may be in expected already while its restock is not: no upper end.
            state = replace(state, known=False)
        else:
            high = state.high if event.spares_high else state.high + event.effect
            state = replace(state, low=None, high=high)
    if state.reading is not None and not is_before(moment, state.reading, eps):
        return _reading_dropped(state)
    return Step(state)


def _may_placement_be_erased(state: ListingPush, event: OwnEffect, rules: MallRules) -> bool:
    """E1: whether the placement may have left no trace, while a later restock left one."""
    eps, stamp, moment = rules.eps_s, event.stamp, event.moment
    # T2: a coarse stamp is an interval, cut by the end of the poll that showed it.
    placed = Span(stamp, max(stamp, min(stamp + rules.stamp_resolution_s, moment.end)))
    if state.anchor is not None and not is_after(placed, state.anchor, eps):
        return True  # The caller has seen that the moment is not wholly before the anchor.
    if rules.write_kind is not WriteKind.GUARDED:
        return False
    if any(is_inside(placed, window, eps) for window in state.windows):
        return True
    return isinstance(state.call, PushCall) and _is_during(placed, state.call, rules)


def _parked_maybe(state: ListingPush, event: ParkedMaybe) -> ListingPush:
    """S2: the parked order may have taken its units here; nobody knows when."""
    low = None if event.units is None else plus(state.low, -event.units)
    return replace(state, low=low)
