"""Readings and their settled comparison: the only thing that proves anything (S2-S7).

    wanted --TakeReading--> in flight --ReadingDone--> open --complete > b + 2 eps--> settled
                                |dirty, failed, lost     |inside, maybe, unknown write
                                +------> dropped <-------+

Whether a reading is wanted (S1) is `push.wants_reading`. While one is open, pushes go on (O1) and
own orders go on (E5); both keep the account in `shift`.
"""

import math
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push_state import (
    Adopt,
    AuditDue,
    Dropped,
    Effect,
    Forget,
    ListingPush,
    MallRules,
    OnDifference,
    ProtocolBug,
    ReadCall,
    Reading,
    ReadingDone,
    ReadingDropped,
    ReadingEvent,
    ReadingFailed,
    Reflect,
    Settle,
    Settled,
    Span,
    Step,
    TakeBack,
    Want,
    Window,
)


def apply_reading(state: ListingPush, event: ReadingEvent, rules: MallRules) -> Step:
    """Applies what opens, settles or asks for a reading."""
    match event:
        case ReadingDone() | ReadingFailed():
            return _arrived(state, event, rules)
        case Settle():
            return _settle(state, event, rules)
        case Reflect():
            return Step(replace(state, held=0))  # S7
        case TakeBack():
            return Step(replace(state, held=state.held + event.held))
        case AuditDue():
            return _audit_due(state, event)
        case Forget():
            return _forget(state, event)
        case _:
            assert_never(event)


def _arrived(state: ListingPush, event: ReadingDone | ReadingFailed, rules: MallRules) -> Step:
    call = state.call
    if call is None or call.id != event.id:
        return Step(state, (Dropped(),))  # C2
    if not isinstance(call, ReadCall):
        raise ProtocolBug("the outcome of a reading answers a push")
    freed = replace(state, call=None)
    if isinstance(event, ReadingFailed) or call.dirty:
        return Step(freed, (ReadingDropped(),))  # E5: dirty
    # S1: a stale read shows a quantity of any moment of the last stale_s.
    reading = Reading(event.id, event.quantity, event.start - rules.stale_s, event.end)
    return Step(replace(freed, reading=reading))


def _audit_due(state: ListingPush, event: AuditDue) -> Step:
    state = replace(state, audit_due=True)
    if not event.is_fresh:
        return Step(state)
    return _without_reading(state)


def _forget(state: ListingPush, event: Forget) -> Step:
    """F2: the next settled comparison says what the mall shows.

    Doubts and windows stay: they are about what may still happen to the quantity, whatever it is.
    """
    state = replace(
        state,
        known=False,
        low=0,
        high=0,
        down=0,
        refused=False,
        left=None,
        again=False,
        audit_due=False,
    )
    if event.is_new_link:
        state = replace(
            state,
            held=0,
            anchor=None,
            first_settled=False,
            proven_at=None,
            settled_quantity=None,
            settled_at=None,
            quarantined=False,
        )
    return _without_reading(state)


def _without_reading(state: ListingPush) -> Step:
    """Drops the open reading, and one in flight when it arrives."""
    effects: tuple[Effect, ...] = () if state.reading is None else (ReadingDropped(),)
    call = state.call
    if isinstance(call, ReadCall):
        call = replace(call, dirty=True)
    return Step(replace(state, reading=None, call=call), effects)


def _settle(state: ListingPush, event: Settle, rules: MallRules) -> Step:
    reading = state.reading
    if reading is None or not _is_settled(reading, event, rules):
        return Step(state)
    verdict = _compare(state, reading, event, rules)
    state = replace(
        state,
        # S3
        known=True,
        low=verdict.quantity,
        high=verdict.quantity,
        held=verdict.held,
        first_settled=True,
        settled_quantity=verdict.quantity,
        settled_at=event.want.now,
        # S4
        down=0,
        doubtful=(),
        refused=False,
        left=None,
        again=False,
        quarantined=False,
        windows=tuple(window for window in state.windows if _is_open_after(window, reading)),
        anchor=Span(reading.start, reading.end),
        audit_due=False,
        reading=None,
    )
    is_proven = _is_proven(state, reading, verdict)
    if is_proven:
        state = replace(state, proven_at=reading.start)
    settled = Settled(reading.quantity, verdict.difference, verdict.held, is_proven, resolves=True)
    if verdict.adopted == 0:
        return Step(state, (settled,))
    return Step(state, (settled, Adopt(verdict.adopted, reading.id)))


def _is_settled(reading: Reading, event: Settle, rules: MallRules) -> bool:
    """S2: whether every order that could explain the reading has been seen."""
    return event.complete > reading.end + 2 * rules.eps_s and not event.is_parked_blocking


def _is_open_after(window: Window, reading: Reading) -> bool:
    """S4: whether the comparison leaves a window open.

    One that ended before a is in what was read, and so is one of a doubtful write: the reading
    began past its limit.
    """
    return window.end != math.inf and window.end > reading.start


class _Verdict(Struct, frozen=True):
    """What S3 made of the reading."""

    quantity: int
    """q + shift: the new expected."""
    difference: int
    """x, signed."""
    held: int
    """held afterwards."""
    adopted: int
    """What the total moves by, 0 for none."""
    offer: int | None
    """The offer after an adoption."""


def _compare(state: ListingPush, reading: Reading, event: Settle, rules: MallRules) -> _Verdict:
    """S3."""
    offer = event.want.offer
    quantity = reading.quantity + reading.shift
    if not state.known and not state.first_settled:
        return _first_verdict(state, quantity, offer, rules)
    difference = _difference(state, quantity, rules)
    if difference == 0 or rules.on_difference is OnDifference.REPAIR:
        return _Verdict(quantity, difference, state.held, 0, offer)
    if rules.on_difference is OnDifference.ADOPT and offer is not None:
        if quantity == max(0, offer + state.held):
            # What was adopted elsewhere was typed here too: nothing is left to book.
            return _Verdict(quantity, difference, state.held, 0, offer)
        if not _may_adopt(state, reading, event):
            return _Verdict(quantity, difference, state.held + difference, 0, offer)
        cap = math.inf if event.want.cap is None else event.want.cap
        adopted_offer = int(min(max(0, offer + difference), cap))
        return _Verdict(quantity, difference, state.held, difference, adopted_offer)
    return _Verdict(quantity, difference, state.held + difference, 0, offer)


def _first_verdict(
    state: ListingPush, quantity: int, offer: int | None, rules: MallRules
) -> _Verdict:
    """The first comparison of a link: nothing was expected, so only the offer can differ.

    on_first_difference = push: expected is what was found, and D1 or D2 push the rest. = report:
    held is the rest, so that the target is what the mall shows already; nothing is pushed, the
    listing shows as a difference and never as proven, later pushes are deltas around it, and S7
    ends it. Without a total (the opening reading of a base mall) there is nothing to differ from.
    """
    if rules.repairs_first_difference or offer is None:
        return _Verdict(quantity, 0, state.held, 0, offer)
    return _Verdict(quantity, quantity - offer, quantity - offer, 0, offer)


def _difference(state: ListingPush, quantity: int, rules: MallRules) -> int:
    """x: the signed distance of q + shift from the nearer end of expected; 0 inside it."""
    if not state.known:
        return 0
    low, high = state.low, state.high
    is_one_number = low == high and not state.doubtful and not state.again
    if rules.write_kind is WriteKind.ANCHORED and not is_one_number:
        # There the interval is a mark that says "write once more" (O3, O5), not a measure.
        return 0
    if low is not None and quantity < low:
        return quantity - low
    return max(0, quantity - high)


def _may_adopt(state: ListingPush, reading: Reading, event: Settle) -> bool:
    """S2, S3: only where q tells the total exactly and nothing but a hand explains the difference.

    No order of the mall is parked, expected was one number and nothing was doubted, no write of
    zaiko's own ended since the last comparison (one that was answered with an ok and never done
    would look like an edit), and no other listing's difference was adopted for the SKU meanwhile
    (one count typed into two malls must not be booked twice).
    """
    want: Want = event.want
    return (
        want.offer is not None
        and want.has_one_component
        and not want.is_adopted_elsewhere
        and not event.is_mall_parked
        and want.offer > 0
        and (want.cap is None or want.offer < want.cap)
        and _is_exact(state)
        and not reading.moved
        and not _has_written(state)
    )


def _is_exact(state: ListingPush) -> bool:
    """Whether expected was one number without any doubt."""
    return not (
        state.low != state.high
        or state.doubtful
        or state.down
        or state.refused
        or state.again
        or state.quarantined
    )


def _has_written(state: ListingPush) -> bool:
    """Whether a write of our own ended since the last settled comparison."""
    if state.last_write_end is None:
        return False
    return state.anchor is None or state.last_write_end >= state.anchor.start


def _is_proven(state: ListingPush, reading: Reading, verdict: _Verdict) -> bool:
    """S5: nothing else ever proves."""
    is_free = state.call is None and state.feed is None
    return state.held == 0 and state.high == verdict.offer and is_free and not reading.moved
