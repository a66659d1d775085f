"""The letters between operators' clients and the inventory actor, and the shapes of the answers.

The JSON of the answers' bodies is fixed: other tools rely on it. Every question has an id and is
answered by one `Answer` or `Denied` with the same id. Live events are for whoever watches.
"""

from msgspec import Raw, Struct

from engine.lane import LaneState

# --- operator's client -> inventory -----------------------------------------------------------


class StockFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of `stock list` and `reflect`."""

    mall: str | None = None
    has_difference: bool = False
    search: str = ""
    total_max: int | None = None
    linked: bool | None = None
    skus: tuple[str, ...] = ()


class AskStatus(Struct, frozen=True, tag=True):
    """Reply body: StatusView."""

    id: int


class AskErrors(Struct, frozen=True, tag=True):
    """Reply body: list of FaultView, newest first."""

    id: int
    fault_id: int | None = None
    mall: str | None = None
    with_cleared: bool = False


class ClearErrors(Struct, frozen=True, tag=True):
    """Clears faults; a level 9 only after its credential was checked. Reply body: ClearedView."""

    id: int
    fault_ids: tuple[int, ...]
    mall: str | None
    actor: str


class ControlMall(Struct, frozen=True, tag=True):
    """pause | resume | poll. Reply body: StatusView."""

    id: int
    mall: str
    verb: str
    actor: str


class KeyChanged(Struct, frozen=True, tag=True):
    """`key set` has replaced the key file of a mall. Reply body: {}."""

    id: int
    mall: str


class StartImport(Struct, frozen=True, tag=True):
    """Opens (or joins) the import job of a mall. Reply body: ImportView."""

    id: int
    mall: str
    actor: str


class AskImport(Struct, frozen=True, tag=True):
    """Reply body: ImportView."""

    id: int
    job: int


class LinkAuto(Struct, frozen=True, tag=True):
    """Links a page of what the default rule links. Reply body: LinkedView."""

    id: int
    mall: str | None
    actor: str
    after: int = 0
    """Listing id to go on after (pages of LINK_PAGE_MAX)."""


class LinkAdd(Struct, frozen=True, tag=True):
    """Links a listing to a SKU, or keeps the claim as a conflict. Reply body: LinkedView."""

    id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    actor: str


class LinkRemove(Struct, frozen=True, tag=True):
    """Ends a link or a claim. Reply body: LinkedView."""

    id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    actor: str


class AskConflicts(Struct, frozen=True, tag=True):
    """Reply body: list of ConflictView."""

    id: int


class AskStock(Struct, frozen=True, tag=True):
    """A page of `stock list`. Reply body: StockPage."""

    id: int
    filter: StockFilter
    after: str | None
    """The cursor of the page before; None: the first page."""
    limit: int


class SetStock(Struct, frozen=True, tag=True):
    """A count as of now. Reply body: StockRowView."""

    id: int
    sku: str
    quantity: int
    actor: str


class AdjustStock(Struct, frozen=True, tag=True):
    """A signed correction with a reason. Reply body: StockRowView."""

    id: int
    sku: str
    delta: int
    reason: str
    actor: str
    key: str
    """Made by the sender: the same key twice counts once."""


class StartReflect(Struct, frozen=True, tag=True):
    """Reflects listings (S7). Reply body: ReflectView."""

    id: int
    filter: StockFilter
    all: bool
    dry_run: bool
    actor: str
    after: int = 0
    """Listing id to go on after (pages of REFLECT_PAGE_MAX)."""


class AskReflect(Struct, frozen=True, tag=True):
    """How far the listings of an earlier answer have come. Reply body: ReflectView."""

    id: int
    listing_ids: tuple[int, ...]


class AskHistory(Struct, frozen=True, tag=True):
    """A page of a SKU's movements. Reply body: HistoryPage."""

    id: int
    sku: str
    after: int
    limit: int


class DeleteSkus(Struct, frozen=True, tag=True):
    """Deletes here only. Reply body: {deleted: [...]}."""

    id: int
    skus: tuple[str, ...]
    actor: str


FromClient = (
    AskStatus
    | AskErrors
    | ClearErrors
    | ControlMall
    | KeyChanged
    | StartImport
    | AskImport
    | LinkAuto
    | LinkAdd
    | LinkRemove
    | AskConflicts
    | AskStock
    | SetStock
    | AdjustStock
    | StartReflect
    | AskReflect
    | AskHistory
    | DeleteSkus
)

LINK_PAGE_MAX = 1_000
"""Listings of one link letter."""
REFLECT_PAGE_MAX = 500
"""Listings of one reflect letter."""


# --- inventory -> operator's client -----------------------------------------------------------


class Answer(Struct, frozen=True, tag=True):
    """The body is msgpack of the shape the question names; a list is a list of maps."""

    id: int
    body: Raw


class Denied(Struct, frozen=True, tag=True):
    """Not done, and nothing changed (but what `done` of a partly allowed question says)."""

    id: int
    exit_code: int
    """2 usage, 3 not possible now."""
    message: str
    message_en: str


ToClient = Answer | Denied


# --- live events (PUB) ------------------------------------------------------------------------


class Event(Struct, frozen=True, tag=True):
    """Something an operator watching would like to see; nothing depends on it."""

    at: float
    action: str
    """order | push | fault | healed | settled | difference | oversold | mall | import."""
    mall: str
    subject: str
    """SKU, listing or order number."""
    text: str
    text_en: str
    quantity: int | None = None


# --- shapes of reply bodies (their JSON is fixed) ---------------------------------------------


class MallView(Struct, frozen=True, kw_only=True):
    """One mall in `status`."""

    name: str
    kind: str
    state: LaneState
    last_poll_at: float | None
    last_push_at: float | None
    open_faults: int
    pending_pushes: int
    orders_age_s: float | None
    """Age of the last complete poll: how old the news of orders may be."""
    key_expires_at: float | None = None
    oldest_proof_age_s: float | None = None
    """Age of the oldest "last proven equal" over the linked listings."""
    unproven: int = 0
    """Linked listings never proven, or not since their last change."""


class StatusView(Struct, frozen=True, kw_only=True):
    """`status`."""

    inventory: str
    """running."""
    malls: tuple[MallView, ...]


class FaultView(Struct, frozen=True, kw_only=True):
    """One row of `errors list`."""

    id: int
    level: int
    mall: str
    subject: str
    code: str
    message: str
    hint: str
    message_en: str
    hint_en: str
    state: str
    count: int
    first_seen: float
    last_seen: float


class ClearedView(Struct, frozen=True, kw_only=True):
    """What `errors clear` did."""

    cleared: tuple[int, ...]
    resumed: tuple[str, ...]


class ImportView(Struct, frozen=True, kw_only=True):
    """How far an import is."""

    job: int
    mall: str
    state: str
    """waiting | running | done."""
    read: int
    total: int | None
    added: int
    updated: int
    gone: int
    linked: int
    conflicts: int
    reason: str = ""
    """Why it waits, when it does."""


class ConflictView(Struct, frozen=True, kw_only=True):
    """One listing claimed by several SKUs."""

    mall: str
    code: str
    sub_code: str
    skus: tuple[str, ...]
    message: str
    message_en: str


class LinkedView(Struct, frozen=True, kw_only=True):
    """What a link command did."""

    linked: int
    unmatched: int
    conflicts: tuple[ConflictView, ...]
    next: int | None = None
    """`link auto`: go on after this listing id; None: that was all."""


class ListingView(Struct, frozen=True, kw_only=True):
    """One listing in `stock list`."""

    mall: str
    code: str
    sub_code: str
    linked: bool
    offer: int | None
    expected: int | tuple[int | None, int] | None
    """A number, [low, high] while in doubt (low None: no lower end), None while unknown."""
    quantity: int | None
    """The last settled quantity."""
    proven_at: float | None
    state: str
    held: int = 0
    is_gone: bool = False
    name: str = ""
    jan: str = ""


class StockRowView(Struct, frozen=True, kw_only=True):
    """One row of `stock list`; sku None for an unlinked listing."""

    sku: str | None
    name: str
    jan: str
    total: int | None
    listings: tuple[ListingView, ...]


class StockPage(Struct, frozen=True, kw_only=True):
    """A page of `stock list`."""

    rows: tuple[StockRowView, ...]
    hits: int
    next: str | None


class ReflectRow(Struct, frozen=True, kw_only=True):
    """What a reflect does to one listing."""

    listing_id: int
    sku: str
    mall: str
    code: str
    sub_code: str
    before: int | None
    """What the mall is taken to show."""
    offer: int | None
    delta: int | None
    result: str
    """pushed | waiting | level | blocked."""
    reason: str
    reason_en: str


class ReflectView(Struct, frozen=True, kw_only=True):
    """The rows of one page of a reflect."""

    rows: tuple[ReflectRow, ...]
    next: int | None
    """Go on after this listing id; None: that was all."""


class HistoryRow(Struct, frozen=True, kw_only=True):
    """One movement in `history`."""

    at: float
    sku: str
    delta: int
    total: int
    reason: str
    mall: str
    order: str
    line: str
    actor: str
    note: str = ""
    """The reason an operator gave in words."""


class HistoryPage(Struct, frozen=True, kw_only=True):
    """A page of `history`, oldest first."""

    rows: tuple[HistoryRow, ...]
    next: int | None
