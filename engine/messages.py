"""The letters between mall actors and the inventory actor (operators' letters: `questions.py`).

One tagged union per direction, encoded with msgpack. Every request carries an `id` chosen by its
sender and is answered by exactly one reply with the same id; id 0 marks a letter nobody asked for
(a wake-up). Anything from an older epoch is refused. A letter may grow by fields with defaults;
a change of meaning raises PROTOCOL.
"""

from collections.abc import Mapping

import msgspec
from msgspec import Struct

from engine.catalogue import CatalogueRow, ListingRef, SideSettings
from engine.connector import Finding, RowOutcome
from engine.faults import Family, FaultSpec
from engine.lane import LaneState
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder

PROTOCOL = 1
"""Version said in the hello; another one is refused."""

Outcome = (
    PushDone | PushRefused | PushUnknown | PushNotSent | PushBadItem | ReadingDone | ReadingFailed
)


# --- mall actor -> inventory ------------------------------------------------------------------


class Hello(Struct, frozen=True, tag=True):
    """A mall actor asks for the lease of its mall. Reply: Lease or Refused."""

    id: int
    protocol: int
    mall: str
    kind: str
    instance: str
    """Random per process start: the same instance saying hello again keeps its epoch."""
    house_token: str
    """Proves that the supervisor of this house just started it; "" for a stranger."""
    clock_offset_s: float
    """Mall clock minus this machine's clock; 0.0 before the first answer."""
    pid: int


class Heartbeat(Struct, frozen=True, tag=True):
    """Each heartbeat_interval_s. Reply: LaneOrder."""

    id: int
    epoch: int
    lane: LaneState
    clock_offset_s: float
    credentials_version: int | None = None
    """Of the credentials the actor has: the letter that brought newer ones may have been lost."""


class OrdersListed(Struct, frozen=True, tag=True):
    """A page of an order list. Reply: OrdersWanted."""

    id: int
    epoch: int
    marks: tuple[OrderMark, ...]
    """At most ORDERS_LISTED_MAX."""
    clock_offset_s: float | None = None
    """Mall clock minus this machine's clock. Orders are judged by it (F1), and the first poll of a
    new actor may come before the heartbeat that would tell it."""


class OrdersRead(Struct, frozen=True, tag=True):
    """Orders as read. Reply: Ack, after they are durably applied."""

    id: int
    epoch: int
    orders: tuple[OrderSnapshot, ...]
    """At most ORDERS_READ_MAX."""
    unreadable: tuple[UnreadableOrder, ...] = ()


class PollEnded(Struct, frozen=True, tag=True):
    """A poll ended; every order it listed was sent and acknowledged before. Reply: PollPlan."""

    id: int
    epoch: int
    began: float
    """Mall time before its first call left."""
    ended: float
    window_start: float
    is_recheck: bool
    """It went over all orders that can still change (T1 ii), not only the window of new ones."""
    is_complete: bool
    """False: it failed; the watermark stays and no relative write is pulled (last poll failed)."""


class Pull(Struct, frozen=True, tag=True):
    """The lane can send a call now. Reply: Work."""

    id: int
    epoch: int
    now: float
    """Mall time."""
    last_call_id: int
    """The highest call id this actor ever received: what it never got is repeated (C1)."""
    takes_push: bool
    takes_reading: bool
    takes_import: bool
    manner: str | None = None
    """`Card.manner` of the actor: it is given no push while the inventory's is another one. None:
    not told."""
    takes_feed: bool = False
    """A feed, or a look at the one that is open."""


class OutcomeRow(Struct, frozen=True, array_like=True):
    """What became of one slot."""

    listing_id: int
    outcome: Outcome
    code: str = ""
    """The mall's own code for anything but done."""
    is_missing: bool = False
    """A reading found the listing gone at the mall (never 0)."""
    spec: FaultSpec | None = None
    """What the connector's table says of the code of a bad item."""


class Outcomes(Struct, frozen=True, tag=True):
    """Results of calls. Repeated until acknowledged. Reply: Ack."""

    id: int
    epoch: int
    rows: tuple[OutcomeRow, ...]


class Probed(Struct, frozen=True, tag=True):
    """The answer to ProbeWork. Repeated until it is answered. Reply: LaneOrder."""

    id: int
    epoch: int
    probe: int
    """The probe this answers; of an older one only an item that was not put back is noted."""
    finding: Finding


class FeedHanded(Struct, frozen=True, tag=True):
    """A feed was handed in and has this ticket. Reply: Ack, after it is durably stored."""

    id: int
    epoch: int
    feed: int
    """As in FeedWork."""
    ticket: str
    """The connector's own; shown to it again at each look."""


class FeedBad(Struct, frozen=True, array_like=True):
    """A row of a feed that the mall refused as such."""

    number: int
    code: str
    spec: FaultSpec
    """What the connector's table says of the code."""


class FeedEnded(Struct, frozen=True, tag=True):
    """What became of the rows first to last of a feed. Repeated until acknowledged. Reply: Ack.

    A row that its own outcome has already taken out of the feed is left alone.
    """

    id: int
    epoch: int
    feed: int
    first: int
    """Numbers count from 1 in the order of FeedWork's call ids."""
    last: int
    """At most FEED_ENDED_ROWS_MAX rows."""
    outcome: RowOutcome
    """Of the rows that are not in bad."""
    code: str
    bad: tuple[FeedBad, ...]
    start: float
    """Mall time before it was handed in."""
    end: float | None
    """Mall time at which it had ended; None: nobody knows which feed it is, so it may go on."""
    is_last: bool
    """The feed is closed with this letter."""


class CatalogueRead(Struct, frozen=True, tag=True):
    """One page of an import job. Reply: Ack after it is committed."""

    id: int
    epoch: int
    job: int
    rows: tuple[CatalogueRow, ...]
    cursor: str | None
    """Resumes after this page; None: the catalogue is complete."""
    total: int | None


class ImportFailed(Struct, frozen=True, tag=True):
    """A page could not be read within the retry bound; the job stays and is pulled again later."""

    id: int
    epoch: int
    job: int
    reason: str


class FaultSeen(Struct, frozen=True, tag=True):
    """A call used up its retry bound, or a credential was refused. Reply: LaneOrder."""

    id: int
    epoch: int
    spec: FaultSpec
    family: Family
    code: str
    subject: str
    """"" for the mall, else code/sub_code."""
    halts: bool
    """Level 9 of a family the lane needs: the actor has halted itself."""


class FamilyGood(Struct, frozen=True, tag=True):
    """A family answered well after a fault was reported: its mall faults resolve. Reply: Ack."""

    id: int
    epoch: int
    family: Family


class CredentialsChecked(Struct, frozen=True, tag=True):
    """The answer to CheckCredentials work, or to a first check. Reply: LaneOrder."""

    id: int
    epoch: int
    check: int
    """The check this answers."""
    is_good: bool
    fault: FaultSpec | None
    code: str
    family: Family | None
    expires_at: float | None
    warnings: tuple[tuple[str, str], ...] = ()
    """(Japanese, English)."""


class CredentialsRotated(Struct, frozen=True, tag=True):
    """The mall gave out a new refresh token: stored durably before the Ack. Reply: Ack."""

    id: int
    epoch: int
    credentials: Mapping[str, str]


class Goodbye(Struct, frozen=True, tag=True):
    """The actor leaves in order; nothing of it is under way. Reply: Ack."""

    id: int
    epoch: int


FromMall = (
    Hello
    | Heartbeat
    | OrdersListed
    | OrdersRead
    | PollEnded
    | Pull
    | Outcomes
    | Probed
    | FeedHanded
    | FeedEnded
    | CatalogueRead
    | ImportFailed
    | FaultSeen
    | FamilyGood
    | CredentialsChecked
    | CredentialsRotated
    | Goodbye
)

ORDERS_LISTED_MAX = 2000
"""Marks of one letter."""
ORDERS_READ_MAX = 100
"""Orders of one letter."""
FEED_ENDED_ROWS_MAX = 500
"""Rows of a feed that one letter ends."""


# --- inventory -> mall actor ------------------------------------------------------------------


class Refused(Struct, frozen=True, tag=True):
    """The letter was not taken: an old epoch, another holder, another protocol."""

    id: int
    reason: str
    """protocol | held | hello (say it again) | epoch | unknown_mall | internal."""
    message: str
    message_en: str


class Lease(Struct, frozen=True, tag=True):
    """The mall is yours. The credentials travel here and nowhere else."""

    id: int
    epoch: int
    lane: LaneState
    """running, halted or paused: how to start."""
    credentials: Mapping[str, str] | None
    """None: no key is stored."""
    credentials_version: int
    grace_until: float | None
    """Wall time until which a refused changed key is tried again (key_grace_s)."""
    watermark: float | None
    """`began` of the last complete window poll, mall time; None: never polled."""
    recheck_watermark: float | None
    recheck_at: float | None
    """Mall time at which the next re-read of all changeable orders is wanted; None: by interval."""
    last_call_id: int
    """Calls up to this id are never started (C2)."""
    found: Mapping[str, str] = {}
    """What a probe of this mall found: switches that overrule the settings where they ask for one.
    """


class Ack(Struct, frozen=True, tag=True):
    """Taken, durably."""

    id: int


class OrdersWanted(Struct, frozen=True, tag=True):
    """Which of the listed orders are to be read."""

    id: int
    orders: tuple[str, ...]


class PollPlan(Struct, frozen=True, tag=True):
    """What the next polls are to read."""

    id: int
    watermark: float | None
    recheck_watermark: float | None
    recheck_at: float | None


class PushRow(Struct, frozen=True, array_like=True):
    """One row of a push batch."""

    listing_id: int
    call_id: int
    ref: ListingRef
    delta: int
    value: int | None
    """Anchored only."""
    settings: SideSettings


class PushWork(Struct, frozen=True, tag="push_work"):
    """One write call. Not to be started after send_by (mall time)."""

    rows: tuple[PushRow, ...]
    send_by: float


class FeedWork(Struct, frozen=True, tag="feed_work"):
    """One feed: to be looked at and handed in as a whole, not after send_by (mall time)."""

    feed: int
    """Names it: the call id of row number 1. The others' ids follow without a gap."""
    rows: tuple[PushRow, ...]
    send_by: float


class FeedLookWork(Struct, frozen=True, tag="feed_look_work"):
    """Look at a feed that was handed in; nothing is answered while it is under way."""

    feed: int
    ticket: str
    last: int
    """The highest number of its rows."""


class ReadRow(Struct, frozen=True, array_like=True):
    """One listing to read."""

    listing_id: int
    call_id: int
    ref: ListingRef


class ReadWork(Struct, frozen=True, tag="read_work"):
    """One reading call. Not to be started after send_by (mall time)."""

    rows: tuple[ReadRow, ...]
    send_by: float
    is_audit: bool
    """No hurry: it gives way to everything else."""


class ImportWork(Struct, frozen=True, tag="import_work"):
    """Read the page of the catalogue at cursor (None: from the start)."""

    job: int
    cursor: str | None


class CheckWork(Struct, frozen=True, tag="check_work"):
    """Check these credentials now, also while halted; nothing else is allowed then."""

    check: int
    credentials: Mapping[str, str]


class ProbeWork(Struct, frozen=True, tag="probe_work"):
    """Find out what a written quantity does (`Kind.probe`): before any push, in its place."""

    probe: int
    """An ever-growing number."""
    trial: str
    """`Card.trial` as the inventory has it: an actor with another one tries nothing."""


class NoWork(Struct, frozen=True, tag="no_work"):
    """Nothing to do before `until` (mall time; None: until a wake-up)."""

    until: float | None


AnyWork = (
    PushWork | ReadWork | FeedWork | FeedLookWork | ImportWork | CheckWork | ProbeWork | NoWork
)
"""What a Pull may be answered with."""


class Work(Struct, frozen=True, tag=True):
    """The answer to a Pull."""

    id: int
    work: AnyWork


class LaneOrder(Struct, frozen=True, tag=True):
    """How the lane is to be. Level-triggered: repeated with every heartbeat."""

    id: int
    lane: LaneState
    """running | halted | paused."""
    credentials: Mapping[str, str] | None
    """Sent when credentials_version differs from what the actor has last been given."""
    credentials_version: int
    poll_now: int
    """Counts the operator's `malls poll`; a higher number than seen: poll at once."""
    found: Mapping[str, str] = {}
    """As in the lease."""


class Wake(Struct, frozen=True, tag=True):
    """Asking is worthwhile (id 0). A lost wake-up costs time only."""

    id: int
    poll: bool
    """Poll now; else pull."""


class Drain(Struct, frozen=True, tag=True):
    """The inventory stops: finish or hand back, say goodbye (id 0)."""

    id: int


ToMall = Refused | Lease | Ack | OrdersWanted | PollPlan | Work | LaneOrder | Wake | Drain

ENCODER = msgspec.msgpack.Encoder()
"""One encoder for every letter."""
