"""Operators' letters about stock (lists, counts, reflects, history) and their answers' shapes."""

from typing import Literal

from msgspec import Struct

from engine.catalogue import Axis

StockSort = Literal["code", "name", "total", "-code", "-name", "-total"]
"""What `stock list` is sorted by; with a minus the greatest comes first."""


class StockFilter(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The filters of `stock list` and `reflect`."""

    mall: str | None = None
    has_difference: bool = False
    search: str = ""
    total_max: int | None = None
    linked: bool | None = None
    skus: tuple[str, ...] = ()
    synced: bool | None = None
    """連携: only what has a listing that is ticked (or, False, one that is not)."""
    has_error: bool = False
    """Only what an open fault names."""


class AskStock(Struct, frozen=True, tag=True):
    """A page of `stock list`. Reply body: StockPage."""

    id: int
    filter: StockFilter
    after: str | None
    """The cursor of the page before; None: the first page."""
    limit: int
    sort: StockSort = "code"
    """Of SKUs; unlinked listings come as they were imported. A cursor belongs to its sort."""


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


class BringStock(Struct, frozen=True, tag=True):
    """Units that arrived (入荷) or that a buyer sent back (返品). Reply body: StockRowView."""

    id: int
    sku: str
    units: int
    """Above zero."""
    is_return: bool
    mall: str | None
    """Of a return: the mall it was bought on, None where nobody says."""
    number: str
    """And the mall's order number."""
    note: str
    actor: str
    key: str
    """Made by the sender: the same key twice counts once."""


class CountedSku(Struct, frozen=True, array_like=True):
    """One counted quantity of a stocktake."""

    sku: str
    quantity: int
    at: float | None
    """The instant it was true, by this machine's clock; None: now, with all orders seen so far."""


class TakeStock(Struct, frozen=True, tag=True):
    """A page of a stocktake: booked whole, or refused whole. Reply body: TakenView."""

    id: int
    counts: tuple[CountedSku, ...]
    """At most TAKE_PAGE_MAX, each SKU once."""
    note: str
    actor: str
    key: str
    """Made by the sender: a SKU is counted once by it."""
    dry_run: bool = False
    """Only say what would be booked."""


class SetSync(Struct, frozen=True, tag=True):
    """Ticks or unticks listings (連携). Reply body: SyncedView."""

    id: int
    is_on: bool
    mall: str
    code: str | None
    """One listing, with its sub_code; None: what the filter names of the mall."""
    sub_code: str
    filter: StockFilter
    actor: str
    after: int = 0
    """Listing id to go on after (pages of REFLECT_PAGE_MAX)."""


class AskTotal(Struct, frozen=True, tag=True):
    """What the total of a SKU was at an instant. Reply body: TotalView."""

    id: int
    sku: str
    at: float
    """By this machine's clock: everything that was booked by then."""


TAKE_PAGE_MAX = 500
"""Counted SKUs of one letter of a stocktake."""


class AskHistory(Struct, frozen=True, tag=True):
    """A page of a SKU's movements. Reply body: HistoryPage."""

    id: int
    sku: str
    after: int
    limit: int
    since: float | None = None
    """Only what was booked at or after this moment, by this machine's clock."""
    until: float | None = None
    """Only what was booked at or before it."""


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


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
    synced: bool = True
    """連携: False while an operator has it unticked."""
    image: str = ""
    axes: tuple[Axis, ...] = ()
    """[axis, item, the item's number] of each axis of its variation, in the mall's order."""
    overdraft: bool | None = None
    lead_time_days: int | None = None
    restock_date: str | None = None


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
    seq: int = 0
    """The movement's number, as `stock undo` takes it."""
    as_of: float | None = None
    """Of a stocktake: the instant of the count."""


class TakenRow(Struct, frozen=True, kw_only=True):
    """One SKU of a stocktake."""

    sku: str
    quantity: int
    """What was counted."""
    at: float
    """The instant of the count."""
    since: int
    """What came and left after that instant, as far as it is booked; sales below zero."""
    before: int | None
    """The total before the count was booked."""
    total: int
    """And after."""
    delta: int


class TakeRefused(Struct, frozen=True, kw_only=True):
    """A counted SKU that cannot be booked; nothing of its page was."""

    index: int
    """Its place in the letter, from 0."""
    column: str
    """sku, quantity or at: what of the count is wrong."""
    message: str
    message_en: str


class TakenView(Struct, frozen=True, kw_only=True):
    """One page of a stocktake."""

    rows: tuple[TakenRow, ...]
    """() where anything was refused."""
    refused: tuple[TakeRefused, ...]


class SyncedView(Struct, frozen=True, kw_only=True):
    """One page of `sync`."""

    changed: int
    """Listings that were not so before."""
    next: int | None
    """Go on after this listing id; None: that was all."""


class TotalView(Struct, frozen=True, kw_only=True):
    """The total of a SKU at an instant."""

    sku: str
    at: float
    total: int | None
    """None: it had none yet."""
    seq: int
    """The last movement booked by then, 0: none."""


class HistoryPage(Struct, frozen=True, kw_only=True):
    """A page of `history`, oldest first."""

    rows: tuple[HistoryRow, ...]
    next: int | None
