"""The breaker of one mall: it stops a bulk change that would alter too much until someone looked.

    closed --too much waits or went out--> tripped --approved, or nothing waits any more--> closed

Counted are distinct listings whose change no order asked for: those that wait for their push and
those whose push was given out within the window. Order-driven pushes are never counted and never
held (invariant 3 of stock: what was sold must leave the other malls). The counts are kept by the
store, row by row, in the transaction that places or gives out a push; this module only judges.
"""

import enum

from msgspec import Struct
from msgspec.structs import replace

LISTINGS_MIN = 20
"""A change of fewer listings than this never trips the breaker."""


class Change(enum.IntEnum):
    """What a push would do to what buyers see, closed list; a greater one is graver."""

    NONE = 0
    ALTERS = 1
    TO_ZERO = 2
    """From something on sale to nothing."""


class BreakerLimits(Struct, frozen=True):
    """What one mall's settings allow."""

    listings_share: float
    """More than this share of the linked listings is too much; 1 or more: no limit."""
    zero_share: float
    """More than this share of those now above 0 sent to zero is too much; 1 or more: no limit."""
    window_s: float
    """Pushes given out within this are counted together with what waits."""


class Shelf(Struct, frozen=True):
    """What the shares are shares of."""

    linked: int
    """Linked listings of the mall."""
    above_zero: int
    """Those of them taken to show more than 0."""


class Breaker(Struct, frozen=True, kw_only=True):
    """One mall's breaker, persisted."""

    window: int = 0
    """The window's number; a listing counts once in each."""
    since: float = 0.0
    """When the window began, seconds since the epoch."""
    sent: int = 0
    """Listings whose bulk push was given out in the window."""
    sent_to_zero: int = 0
    """Those of them that went to zero."""
    waiting: int = 0
    """Listings whose bulk push waits and that are not counted in `sent`."""
    waiting_to_zero: int = 0
    """Those of them that are to go to zero."""
    grown: int = 0
    """How often a listing joined what waits, or came to be sent to zero: only ever grows."""
    trip: int = 0
    """How often it tripped."""
    tripped_at: float | None = None
    """Since when bulk pushes wait; None: it is closed."""
    live_listings: int = 0
    """Of a plan to go live that was approved: listings that are still to be looked at."""
    live_to_zero: int = 0
    """Those of them that may go to zero."""

    @property
    def is_tripped(self) -> bool:
        """Bulk pushes of the mall wait."""
        return self.tripped_at is not None

    @property
    def plan(self) -> str:
        """Names what waits now: whatever joins it later has another name."""
        return f"{self.trip}-{self.grown}"


def change_of(shown: int, wanted: int) -> Change:
    """What a push from `shown` (the high end of expected) to the target `wanted` does."""
    if wanted == 0 and shown > 0:
        return Change.TO_ZERO
    return Change.ALTERS


def sent_mark(window: int, change: Change) -> int:
    """What a listing keeps of its last bulk push: in which window, and how grave it was."""
    return window * len(Change) + change


def uncounted(change: Change, sent: int, window: int) -> Change:
    """What of a waiting change still counts: a listing that was counted in this window does not.

    One that was altered and is now to go to zero counts as such.
    """
    counted = sent - window * len(Change)
    return change if change > max(0, counted) else Change.NONE


def may_be_too_much(breaker: Breaker) -> bool:
    """Whether the shelf has to be counted at all to judge."""
    return breaker.waiting > 0 and breaker.waiting + breaker.sent >= LISTINGS_MIN


def is_too_much(breaker: Breaker, shelf: Shelf, limits: BreakerLimits) -> bool:
    """Whether what waits, with what went out in the window, passes a share."""
    if not may_be_too_much(breaker):
        return False
    altered = breaker.waiting + breaker.sent
    if limits.listings_share < 1 and altered > limits.listings_share * shelf.linked:
        return True
    zeroed = breaker.waiting_to_zero + breaker.sent_to_zero
    # What was sent to zero in the window was above 0 when the change began.
    above = shelf.above_zero + breaker.sent_to_zero
    return (
        limits.zero_share < 1 and breaker.waiting_to_zero > 0 and zeroed > limits.zero_share * above
    )


def rolled(breaker: Breaker, now: float, limits: BreakerLimits) -> Breaker:
    """A new window where the old one has run out; never while it is tripped."""
    if breaker.is_tripped or (breaker.since <= now < breaker.since + limits.window_s):
        return breaker
    return replace(breaker, window=breaker.window + 1, since=now, sent=0, sent_to_zero=0)


def tripped(breaker: Breaker, now: float) -> Breaker:
    """It trips: bulk pushes wait from now on."""
    return replace(breaker, trip=breaker.trip + 1, tripped_at=now)


def closed(breaker: Breaker, now: float) -> Breaker:
    """Nothing waits any more, or what waited was approved: a new window begins."""
    return replace(
        breaker,
        tripped_at=None,
        window=breaker.window + 1,
        since=now,
        sent=0,
        sent_to_zero=0,
        waiting=0,
        waiting_to_zero=0,
    )


def given_out(breaker: Breaker, altered: int, zeroed: int) -> Breaker:
    """So many listings' bulk pushes left, not counted in this window before."""
    return replace(breaker, sent=breaker.sent + altered, sent_to_zero=breaker.sent_to_zero + zeroed)
