"""What a mall's connector promises: the shapes that pass between a mall actor and `malls/<kind>`.

A connector shapes requests and reads replies; the transport (pacing, retries of safe reads, the
HTTP client) is handed in through `Session`. Expected outcomes of a write are values of a closed
list; a call that failed as a whole raises `MallError`.
"""

import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from msgspec import Struct

from engine.catalogue import CataloguePage, ListingRef, SideSettings
from engine.faults import ErrorTable, Family, FaultSpec
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder

Credentials = Mapping[str, str]
"""Field name -> secret text, as `key set` took it."""


class WriteKind(enum.StrEnum):
    """How a mall takes quantities."""

    RELATIVE = "relative"
    GUARDED = "guarded"
    ANCHORED = "anchored"


class Rate(Struct, frozen=True):
    """A published limit: at most `calls` per `per_s` seconds for one pacing bucket."""

    bucket: str
    """The calls that share one limit; a request names its bucket."""
    calls: float
    per_s: float
    burst: int = 1


class CredentialField(Struct, frozen=True):
    """One field `key set` asks for."""

    name: str
    label: str
    label_en: str
    is_secret: bool = True
    is_required: bool = True


class Card(Struct, frozen=True, kw_only=True):
    """What one kind of mall is, as data."""

    kind: str
    title: str
    """楽天市場 and the like."""
    write_kind: WriteKind
    push_rows_max: int
    """Rows of one write call."""
    read_rows_max: int
    """Listings of one stock read call."""
    fetch_orders_max: int
    """Orders one `fetch_orders` may ask for (it may be several calls: see `fetch_is_bulk`)."""
    fetch_is_bulk: bool
    """True: fetch_orders_max orders cost one call; False: a call an order."""
    order_window_days_max: float
    """The longest window one list may ask for; longer ones are split by the caller."""
    rates: tuple[Rate, ...]
    credential_fields: tuple[CredentialField, ...]
    base_url: str
    """The real mall."""
    order_conditions: str
    """Which orders are taken, one sentence, Japanese (M2)."""
    order_conditions_en: str
    key_renewal: str
    """Where a new key is issued, Japanese (M13)."""
    key_renewal_en: str
    stamp_resolution_s: float = 1.0
    below_zero: str = "refuses"
    """refuses | clamps | negative | unknown: what a relative fall below zero does."""
    stale_s: float = 0.0
    live_s: float = 0.0
    rate_header: str = ""
    """Where a good reply tells the rate of its bucket, calls a second (lower case); "": nowhere."""
    lists_changes: bool = False
    """A re-read lists what changed since its start, so it need not reach over all that can."""
    poll_distance_s: float = 0.0
    """What the mall's own rate asks between two polls, mall time: an early re-read waits so
    long. 0: none worth telling."""
    side_settings: tuple[str, ...] = ()
    """Fields of SideSettings that the mall has and a push may carry."""
    lead_time_days_max: int | None = None
    """The longest lead time the mall takes; None where it has none."""
    needs_probe: bool = False
    """What a written quantity does there is not known: nothing is pushed before `Kind.probe` has
    told. `write_kind` is a guess until then."""
    trial: str = ""
    """What the probe tries, as the settings name it: what was found by another trial is forgotten.
    "": a kind that is never probed."""
    poll_calls: tuple[str, ...] = ()
    """The buckets of the calls that one order poll makes at least."""
    order_calls: tuple[str, ...] = ()
    """The buckets of the calls that each new order costs; (): the list or a bulk read brings it."""
    feed_calls: tuple[str, ...] = ()
    """The calls that hand in one feed and come back slowest."""
    write_calls: tuple[str, ...] = ()
    """The buckets of the calls that one write of push_rows_max rows makes, looks included."""
    read_calls: tuple[str, ...] = ()
    """The buckets of the calls that one read of read_rows_max listings makes."""
    poll_hint: str = ""
    """What would bring orders sooner than the rates allow, and its price, Japanese; "": nothing."""
    poll_hint_en: str = ""

    feed_rows_max: int = 0
    """Rows of one feed; 0: the mall has none."""
    feed_from: int = 0
    """So many bulk pushes must be due for a feed; fewer go one by one, which is sooner."""
    feed_send_s: float = 0.0
    """From a feed's pull until it has left, looks included, at most; mall time."""
    feed_s: float = 0.0
    """From a feed's pull until the mall has worked it off, at most; mall time."""

    @property
    def manner(self) -> str:
        """How quantities are written by this card; "" as long as a probe must tell.

        A push leaves only where the inventory and the mall's actor have the same manner.
        """
        return "" if self.needs_probe else f"{self.write_kind} {self.trial}".strip()


class Request(Struct, frozen=True, kw_only=True):
    """One HTTP call to a mall. The path is relative to the session's base_url, or absolute."""

    method: str
    path: str
    family: Family
    bucket: str
    """Which published rate paces it."""
    is_safe: bool
    """True: a read, may be retried within the retry bound; False: sent once."""
    headers: Mapping[str, str] = {}
    params: Sequence[tuple[str, str]] = ()
    body: bytes = b""


class Reply(Struct, frozen=True, kw_only=True):
    """The mall's answer, with the call's interval in the mall's clock."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    sent_at: float
    """Mall time before the request left."""
    received_at: float
    """Mall time when the whole reply was there."""


class Transport(Protocol):
    """Sends one request, paced. Raises `MallError` when no whole reply came (connect failure:
    not done; after sending: unknown); any HTTP status comes back as a Reply.

    `retry(family, judge)` is not the connector's affair: for a safe request the transport calls
    `judge(reply)`, which raises `MallError` for a bad reply, and repeats transient ones within
    the retry bound. For an unsafe request judge is called once.
    """

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        """The reply that judge let pass; raises the MallError judge or the connection raised."""
        ...

    def now(self) -> float:
        """Mall time now (the mall's own clock, by its Date header)."""
        ...


class Session(Struct, frozen=True, kw_only=True):
    """What a connection is opened with."""

    transport: Transport
    credentials: Credentials
    switches: Mapping[str, str] = {}
    """The mall's (?) switches and texts from the settings: below_zero, shop_url and the like."""
    save_credentials: Callable[[Credentials], Awaitable[None]]
    """Stores rotated credentials durably; returns when they are stored."""


class OrderPage(Struct, frozen=True):
    """One page of an order list; next_cursor None when it was the last."""

    marks: tuple[OrderMark, ...]
    next_cursor: str | None
    total: int | None
    """The list's own count at that moment, where it tells: a change means that it shifted."""
    sent_at: float
    """Mall time before the page's call left."""
    is_whole: bool = False
    """All of its list: nothing can have shifted. A cursor after it begins another list."""


class OrdersFetched(Struct, frozen=True):
    """What reading some orders gave. An order asked for and in neither is not there any more."""

    orders: tuple[OrderSnapshot, ...]
    unreadable: tuple[UnreadableOrder, ...] = ()


class StockRow(Struct, frozen=True, array_like=True):
    """One listing's quantity as read."""

    ref: ListingRef
    quantity: int | None
    """None: the mall keeps no number for it (unlimited)."""


class StockRead(Struct, frozen=True):
    """Quantities read by one call, with its interval in mall time. Missing is not zero."""

    rows: tuple[StockRow, ...]
    missing: tuple[ListingRef, ...]
    start: float
    end: float


class StockWrite(Struct, frozen=True, array_like=True):
    """One row of a write. Exactly one of delta and value is not None."""

    ref: ListingRef
    delta: int | None
    value: int | None
    settings: SideSettings = SideSettings()
    """Registered settings that ride along; a field that is None is left as the mall has it."""


class RowOutcome(enum.StrEnum):
    """What became of one row, closed list."""

    DONE = "done"
    REFUSED = "refused"
    """It would have gone below zero."""
    UNKNOWN = "unknown"
    NOT_DONE = "not_done"
    BAD_ITEM = "bad_item"


class RowResult(Struct, frozen=True, array_like=True):
    """The outcome of one row of a write."""

    ref: ListingRef
    outcome: RowOutcome
    answered: int | None = None
    """The quantity the mall says the listing has after it, where it says."""
    code: str = ""
    """The mall's own code for anything but DONE."""


class WriteResult(Struct, frozen=True):
    """All rows of one write call, in the order asked."""

    rows: tuple[RowResult, ...]
    start: float
    end: float


class FeedEnd(Struct, frozen=True):
    """How a feed ended. Its rows are named by the numbers they were handed in with."""

    outcome: RowOutcome
    """Of every row that is not in `bad`. UNKNOWN: some, all or none are done; nothing more will
    be."""
    code: str
    """The mall's own code for anything but DONE."""
    bad: tuple[tuple[int, str], ...]
    """(number, the mall's own code) of every row the mall refused as such."""
    start: float
    """Mall time before the feed was handed in."""
    end: float
    """Mall time at which it was seen to have ended."""


class CredentialReport(Struct, frozen=True):
    """A working credential's known life and anything an operator should know of it."""

    expires_at: float | None = None
    """When it stops by itself, seconds since the epoch; None unknown."""
    warnings: tuple[tuple[str, str], ...] = ()
    """(Japanese, English) sentences."""


class Finding(Struct, frozen=True, kw_only=True):
    """What a probe found out by writing to an item that the operator named."""

    switches: Mapping[str, str] = {}
    """What was found, as switches of the settings; {}: nothing."""
    item: str = ""
    """The item that was tried, as the settings name it."""
    is_restored: bool = True
    """The item shows again what it showed before."""
    fault: FaultSpec | None = None
    """Why nothing was found and what to do; None where something was found, or where a call
    failed, which is a fault of its own."""


class Connection(Protocol):
    """One open connection to one mall account. Every method may raise `MallError`."""

    async def list_orders(
        self, start: float, end: float, cursor: str | None, *, recheck: bool
    ) -> OrderPage:
        """A page of the orders placed in [start, end] (mall time), over every status, oldest first.

        recheck False: new orders are looked for; marks may be "". recheck True: a slow re-read;
        each mark must tell a change where the mall can tell one, at the price of more calls.
        """
        ...

    async def fetch_orders(self, orders: Sequence[str]) -> OrdersFetched:
        """Reads at most card.fetch_orders_max orders by number."""
        ...

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        """Reads at most card.read_rows_max quantities in one call."""
        ...

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        """Writes at most card.push_rows_max rows in one request; never retried.

        A call that was refused or lost as a whole raises MallError with its `done`.
        """
        ...

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        """A page of the catalogue; the cursor survives a restart of the actor."""
        ...

    async def check_credentials(self) -> CredentialReport:
        """Makes the cheapest calls that prove the credentials; raises level 9 if they fail."""
        ...


@runtime_checkable
class FeedConnection(Protocol):
    """What the connection to a mall with feeds (`Card.feed_rows_max`) promises besides: many writes
    are handed in as one and worked off later. Every method may raise `MallError`; nothing is kept
    between them but the ticket, which the caller stores.
    """

    async def refused_by_look(self, refs: Sequence[ListingRef]) -> Mapping[ListingRef, str]:
        """Which listings must not go into a feed, each with the code of the error table."""
        ...

    async def submit_feed(self, rows: Sequence[tuple[int, StockWrite]]) -> str:
        """Hands numbered rows in as one feed, once; its ticket. A `MallError` tells `done`.

        At most card.feed_rows_max, each listing once, numbers from 1 upward; all were looked at.
        """
        ...

    async def look_at_feed(self, ticket: str) -> FeedEnd | None:
        """How the feed ended; None while it is under way. May be asked any number of times."""
        ...


class Renewal(Protocol):
    """Consent by a browser, for malls that have it (`key renew`)."""

    def consent_url(self, credentials: Credentials, base_url: str) -> str:
        """The page the operator opens."""
        ...

    async def redeem(self, session: Session, code: str) -> Credentials:
        """Trades the code for new credentials (whole set, to be stored)."""
        ...


class Kind(Struct, frozen=True, kw_only=True):
    """A kind of mall as the registry holds it."""

    card: Card
    connect: Callable[[Session], Connection]
    errors: ErrorTable = {}
    """The mall's error table: what the codes of its rows and replies mean."""
    renewal: Renewal | None = None
    probe: Callable[[Connection], Awaitable[Finding]] | None = None
    """Finds out what `Card.needs_probe` asks, by writes to an item the settings name, which it puts
    back. Raises `MallError` where a call fails: the item may then show what was written."""
