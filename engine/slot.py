"""What takes a listing's slot or its place in a feed, and what gives the slot up (C1, C3, C5).

A listing has one slot, for a push or a reading (`push_state.PushCall`, `ReadCall`), and beside it
one place in a feed, for a write that is handed in with many others and worked off much later.
`outcome.py` and `anchored.py` apply these events.
"""

from msgspec import Struct


class PushDecision(Struct, frozen=True):
    """A push to be put into the slot, or into a feed."""

    delta: int
    """What is to be added; anchored: value - high, for people and breakers only."""
    value: int | None
    """Anchored: the absolute quantity; else None."""
    may_be_refused: bool
    """A fall to refuse_margin or less: never in one request with safe rows."""


class FeedCall(Struct, frozen=True, tag="feed", array_like=True):
    """A row of a feed (C5): committed before the command leaves, open until the feed has ended.

    The mall may take the value at any moment from t0 until then. The slot stays free beside it.
    """

    id: int
    """Ever-growing per listing, from the same count as pushes and readings."""
    delta: int
    """What is to be added, for people only."""
    value: int
    """The absolute quantity."""
    t0: float
    """Mall time of the pull."""
    until: float
    """The feed has ended by then, or is given up: t0 + feed_s."""
    overtaken: bool = False
    """An own effect with its moment not before t0 was applied meanwhile (O3)."""
    crossed: bool = False
    """A single write was done, or may have been, while the feed was open (O7)."""


# --- events -----------------------------------------------------------------------------------


class TakePush(Struct, frozen=True, tag=True):
    """C1: the slot is taken by a push."""

    id: int
    """Above every earlier id of the listing."""
    epoch: int
    """Of the actor that pulls."""
    decision: PushDecision
    """What `decide` said just now."""
    t0: float
    """Mall time of the pull."""
    send_by: float
    """t0 + send_within_s."""


class TakeReading(Struct, frozen=True, tag=True):
    """C1/S1: the slot is taken by a reading."""

    id: int
    """Above every earlier id of the listing."""
    epoch: int
    """Of the actor that pulls."""
    t0: float
    """Mall time of the pull."""
    send_by: float
    """t0 + send_within_s."""


class TakeFeed(Struct, frozen=True, tag=True):
    """C5: the listing goes into a feed; the slot stays free."""

    id: int
    """Above every earlier id of the listing."""
    decision: PushDecision
    """What `decide_feed` said just now."""
    t0: float
    """Mall time of the pull."""


class CallLost(Struct, frozen=True, tag=True):
    """C3: a new epoch began, or no outcome came by send_by + time-out."""

    now: float
    """Mall time at which the call was given up."""
