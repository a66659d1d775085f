"""What is kept per listing for the push protocol, and the closed lists of its events and effects.

    unknown --settled--> level <--settled-- suspect
       |                  |  ^                ^
       +--- link, start   v  |O1,O4           | O5, maybe, refused, audit
                         due --> calling -----+
    blocked: halted, paused, conflict, quarantined, no total (keeps the rest)

Rules are named as in `docs/protocol.md` (T, C, D, O, E, S, F). Moments are seconds since the epoch
in the clock of the listing's mall. `push.py` decides, `outcome.py`, `own_effect.py` and `settle.py`
apply events; all are pure functions from (state, event) to a new state and effects.
"""

import enum

from msgspec import Struct

from engine.connector import WriteKind
from engine.slot import CallLost, FeedCall, TakeFeed, TakePush, TakeReading


class ProtocolBug(AssertionError):
    """The protocol reached a state that its rules exclude: nothing may go on from there."""


class PushStateName(enum.StrEnum):
    """The states of one listing, closed list."""

    UNKNOWN = "unknown"
    LEVEL = "level"
    DUE = "due"
    CALLING = "calling"
    SUSPECT = "suspect"
    BLOCKED = "blocked"


class BelowZero(enum.StrEnum):
    """What a mall does with a relative fall that would end below zero."""

    REFUSES = "refuses"
    CLAMPS = "clamps"
    NEGATIVE = "negative"
    UNKNOWN = "unknown"


class OnDifference(enum.StrEnum):
    """What a difference that survives settling leads to."""

    REPORT = "report"
    REPAIR = "repair"
    ADOPT = "adopt"


class MallRestocks(enum.StrEnum):
    """Whether a mall puts cancelled units back on its own quantity."""

    UNKNOWN = "unknown"
    YES = "yes"
    NO = "no"


class MallRules(Struct, frozen=True, kw_only=True):
    """The bounds and switches of one mall, already divided by a sandbox's speed."""

    write_kind: WriteKind
    """How the mall takes quantities."""
    lag_s: float = 60.0
    """An order placed is readable after this at the latest."""
    late_s: float = 70.0
    """HTTP time-out + how long a timed-out write may still land."""
    eps_s: float = 2.0
    """Clock error + distance between an order's stamp and the moment its units left q."""
    stale_s: float = 0.0
    """Age of what a read shows, at most; 0 where reads are live."""
    live_s: float = 0.0
    """From a write's acceptance until it shows, at most; 0 where writes are live."""
    stamp_resolution_s: float = 0.0
    """Width of the order stamps (T2): a stamp s means [s, s + this]."""
    http_timeout_s: float = 10.0
    """How long one call may take."""
    send_within_s: float = 5.0
    """A pulled call that has not left after this is not sent any more (C2)."""
    poll_interval_s: float = 180.0
    """The pause between window polls; a rise on an anchored mall needs one this fresh (D6)."""
    below_zero: BelowZero = BelowZero.REFUSES
    """What a relative fall below zero does (O1)."""
    bulk_is_atomic: bool = False
    """Whether a failed bulk write that names a row left the others undone (C4)."""
    on_difference: OnDifference = OnDifference.REPORT
    """What a difference that survives settling leads to (S3)."""
    repairs_first_difference: bool = True
    """on_first_difference = push: the first settled comparison of a link holds nothing."""
    mall_restocks: MallRestocks = MallRestocks.UNKNOWN
    """Whether the mall puts cancelled units back, where no order tells (E1)."""
    park_block_s: float = 900.0
    """A parked order younger than this holds up settling; an older one is a maybe (S2)."""
    refuse_margin: int = 5
    """A fall that leaves at most this many units may be refused."""
    doubtful_max: int = 2
    """Relative writes with unknown outcome before pushes pause (D5)."""
    windows_max: int = 8
    """Open windows of guarded writes before pushes pause (D5)."""
    feed_s: float = 7200.0
    """From a feed's pull until it has ended, at most (C5)."""


class Span(Struct, frozen=True, array_like=True, gc=False):
    """An interval of time [start, end] in mall time."""

    start: float
    """Not later than end."""
    end: float
    """The last moment that belongs to it."""


class Doubt(Struct, frozen=True, array_like=True):
    """A write whose outcome is unknown."""

    push_id: int
    """The call it was."""
    delta: int
    """What it would have moved."""
    until: float
    """It may still show until this moment: send_by + late_s + live_s, or a feed's end + live_s."""


class Window(Struct, frozen=True, array_like=True):
    """Of a guarded write, or of the last anchored one: own orders inside it may be erased by it."""

    start: float
    """a of the guard's read (anchored: of the write); t0 where the outcome is unknown."""
    end: float
    """e of the write (anchored: e + live_s); math.inf while its outcome is unknown."""
    push_id: int
    """The call that opened it."""


class Reading(Struct, frozen=True, array_like=True):
    """A quantity read back over [start, end], waiting to settle."""

    id: int
    """The call that read it; the key of an adopted movement."""
    quantity: int
    """q as the mall showed it."""
    start: float
    """a of the read, minus stale_s on stale malls."""
    end: float
    """b of the read."""
    shift: int = 0
    """Own pushes and later own orders since the reading."""
    moved: bool = False
    """Whether a push was done since: then it settles but does not prove (S5)."""


class PushCall(Struct, frozen=True, tag="push", array_like=True):
    """The slot holds a push: committed before the command leaves (C1)."""

    id: int
    """Ever-growing per listing."""
    epoch: int
    """Of the actor that pulled it."""
    delta: int
    """What is to be added."""
    value: int | None
    """The absolute quantity of an anchored write; None for relative and guarded ones."""
    t0: float
    """Mall time of the pull."""
    send_by: float
    """The actor never starts it later (C2)."""
    overtaken: bool = False
    """Anchored: an own effect with its moment not before t0 was applied meanwhile (O3)."""


class ReadCall(Struct, frozen=True, tag="read", array_like=True):
    """The slot holds a reading."""

    id: int
    """Ever-growing per listing, from the same count as pushes."""
    epoch: int
    """Of the actor that pulled it."""
    t0: float
    """Mall time of the pull."""
    send_by: float
    """The actor never starts it later (C2)."""
    dirty: bool = False
    """An own effect was applied meanwhile: the reading is dropped when it arrives (E5)."""


class ListingPush(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that is persisted per listing for the protocol."""

    known: bool = False
    """False: expected is unknown (a new link, a first start, orders out of the look-back)."""
    low: int | None = 0
    """Low end of expected; None = no lower end. Meaningless while not known."""
    high: int = 0
    """High end of expected. Meaningless while not known."""
    down: int = 0
    """<= 0, the sum of unresolved decreases."""
    doubtful: tuple[Doubt, ...] = ()
    """Unresolved writes: at most doubtful_max; one, merged, on an anchored mall."""
    held: int = 0
    """A difference left alone under "report"."""
    anchor: Span | None = None
    """[a, b] of the last settled comparison, or [a, e + live_s] of the last anchored write."""
    windows: tuple[Window, ...] = ()
    """Of guarded writes since the last settled comparison, or of the last anchored write."""
    refused: bool = False
    """A fall was refused or came out short: D2 is off until settled."""
    left: int | None = None
    """What a refusal's read found to be left; used once (D4)."""
    reading: Reading | None = None
    """The open reading."""
    call: PushCall | ReadCall | None = None
    """The slot (C1)."""
    feed: FeedCall | None = None
    """Anchored: the listing's place in a feed that is open (C5)."""
    last_id: int = 0
    """The highest call id ever put into the slot."""
    audit_due: bool = False
    """A reading is wanted whatever the state."""
    first_settled: bool = False
    """The link's first comparison has settled."""
    proven_at: float | None = None
    """Start of the last settled reading that found exactly the offer (S5)."""
    settled_quantity: int | None = None
    """q + shift of the last settled comparison: q carried on to the moment it settled."""
    settled_at: float | None = None
    """Mall time at which it settled."""
    own_effect_end: float | None = None
    """Latest end of an applied own effect's moment; kept on stale malls only (S1)."""
    last_write_end: float | None = None
    """e of the last write that came back done (S1, D6)."""
    again: bool = False
    """Anchored: the last write may not be what becomes live; D6 writes once more (O3)."""
    quarantined: bool = False
    """The mall refused this row as such; ends on a settled reading or by the operator."""


class Want(Struct, frozen=True, kw_only=True):
    """What the inventory knows when it decides, besides the listing's own state."""

    offer: int | None
    """None: no total (F2)."""
    now: float
    """Mall time of the pull."""
    is_blocked: bool = False
    """Halted, paused, conflict, quarantined: no push, and readings only where allowed."""
    pushes_allowed: bool = True
    """False in shadow: nothing is ever written, and readings wait for no push."""
    rises_allowed: bool = True
    """False while an older parked order names a listing of this SKU (S2)."""
    last_poll_ok: bool = True
    """False while the last poll of the mall failed: no relative write is pulled."""
    window_poll_end: float | None = None
    """When the last complete window poll finished (D6)."""
    has_one_component: bool = True
    """One component with units = 1 (adopt)."""
    cap: int | None = None
    """The offer is never above it; None = no cap (adopt)."""
    is_adopted_elsewhere: bool = False
    """A difference of its SKU was adopted from another listing since its last comparison."""


# --- events -----------------------------------------------------------------------------------


class PushDone(Struct, frozen=True, tag=True):
    """O1-O3: the mall took the write over [start, end]."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""
    start: float
    """Guarded: a of the guard read; else a of the write."""
    end: float
    """e of the write (guarded and nothing written: of the read)."""
    answered: int | None = None
    """Relative: the new quantity, where the mall answers it."""
    quantity_read: int | None = None
    """Guarded: what the guard read."""


class PushRefused(Struct, frozen=True, tag=True):
    """O4: it would have gone below zero; left is what the read in the same turn found."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""
    left: int | None
    """q just after the refusal; None where that read failed."""


class PushUnknown(Struct, frozen=True, tag=True):
    """O5/C4: nobody knows whether it was or will be done."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""
    over_at: float | None = None
    """O7: when a feed that did some, all or none of it had ended; None: it may still land."""


class PushNotSent(Struct, frozen=True, tag=True):
    """O6: not sent, or known not to be done."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""


class PushBadItem(Struct, frozen=True, tag=True):
    """O6: the mall refused this row as such."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""
    code: str
    """The mall's own code."""


class ReadingDone(Struct, frozen=True, tag=True):
    """A quantity was read over [start, end] (before the correction for stale malls)."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""
    quantity: int
    """q as the mall showed it."""
    start: float
    """a: before the request left."""
    end: float
    """b: after the reply was there."""


class ReadingFailed(Struct, frozen=True, tag=True):
    """A reading was not sent or failed: nothing is known from it."""

    id: int
    """The call it answers; dropped where that is not in the slot (C2)."""


class OwnEffect(Struct, frozen=True, tag=True, gc=False):
    """E1-E5: an own order's effect on what the mall shows. Made by `orders.py` (E1, T2)."""

    effect: int
    """Negative: units taken; positive: units given back."""
    moment: Span
    """T2: when the mall moved its quantity, in the mall's clock."""
    is_maybe: bool = False
    """E1: whether the mall moved its quantity cannot be known."""
    is_open: bool = False
    """E1: an order first seen with a sign of an edit: low has no end; effect then is -current."""
    spares_high: bool = False
    """With is_open: a raise or an added line cannot be excluded, so high stays."""
    stamp: float = 0.0
    """When the order was placed (is_open: whether its placement may have been erased)."""


class ParkedMaybe(Struct, frozen=True, tag=True):
    """S2: an order parked for longer than park_block_s names this listing, once."""

    units: int | None
    """None: unreadable, low has no end."""


class Settle(Struct, frozen=True, tag=True):
    """S2: tries to settle the open reading."""

    complete: float
    """T1: every order of the listing up to this moment is seen and re-read."""
    is_parked_blocking: bool
    """A younger parked order stamped at or before b may touch the listing."""
    is_mall_parked: bool
    """Any order of the mall is parked: adopt acts as report."""
    want: Want
    """Its offer, now, has_one_component and cap are looked at."""


class Reflect(Struct, frozen=True, tag=True):
    """S7: the operator repairs: held = 0."""


class TakeBack(Struct, frozen=True, tag=True):
    """S7 undone before its push left: the difference that was set aside is held again."""

    held: int
    """What `Reflect` dropped; a comparison settled since then stays counted."""


class AuditDue(Struct, frozen=True, tag=True):
    """A reading is wanted whatever the state (audit, halt ended, switch `bulk_is_atomic`)."""

    is_fresh: bool = False
    """True: a reading under way is older than the reason (a bulk row that may be done after all)
    and is dropped. A regular audit leaves it, or it would never settle."""


class Forget(Struct, frozen=True, tag=True):
    """Expected becomes unknown (a new link, orders out of the look-back). The slot is kept."""

    is_new_link: bool = True
    """False: the same link goes on (orders out of the look-back): held and the first comparison
    keep their meaning."""


Outcome = PushDone | PushRefused | PushUnknown | PushNotSent | PushBadItem
CallEvent = TakePush | TakeReading | TakeFeed | CallLost | Outcome
EffectEvent = OwnEffect | ParkedMaybe
ReadingEvent = ReadingDone | ReadingFailed | Settle | Reflect | TakeBack | AuditDue | Forget
Event = CallEvent | EffectEvent | ReadingEvent


# --- effects ----------------------------------------------------------------------------------


class WakePoll(Struct, frozen=True, tag=True):
    """O4: unseen orders exist: poll now."""


class Quarantined(Struct, frozen=True, tag=True):
    """O6: a level-8 fault of this listing opens."""

    code: str
    """The mall's own code."""


class ReadingDropped(Struct, frozen=True, tag=True):
    """The open or arrived reading cannot be used; another is taken."""


class Dropped(Struct, frozen=True, tag=True):
    """C2: the outcome's id is not in the slot; nothing changed."""


class Settled(Struct, frozen=True, tag=True):
    """S3: the reading settled; difference is x (0 when it fitted)."""

    quantity: int
    """q as read, without later pushes and orders (F1: the opening quantity)."""
    difference: int
    """x of S3; under a first comparison that is only reported, q + shift - offer."""
    held: int
    """held afterwards."""
    proven: bool
    """S5 held."""
    resolves: bool
    """The listing's faults heal: expected is one number again."""


class Adopt(Struct, frozen=True, tag=True):
    """S3 adopt: book x as one movement keyed by the reading's id."""

    delta: int
    """What the total moves by."""
    reading_id: int
    """Keys the movement, so that it can be found and undone."""


Effect = WakePoll | Quarantined | ReadingDropped | Dropped | Settled | Adopt


class Step(Struct, frozen=True):
    """The result of applying one event."""

    state: ListingPush
    """What is persisted."""
    effects: tuple[Effect, ...] = ()
    """What the shell must do, in order, in the same transaction where it is stored."""


def plus(low: int | None, delta: int) -> int | None:
    """Moves a low end; minus infinity (None) stays what it is."""
    return None if low is None else low + delta
