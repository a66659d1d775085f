"""What the demo proves: zaiko's own books compared with what the pretend malls know to be true."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Final

from msgspec import Struct

from actors.client import Caller
from actors.demo_shop import Page
from actors.demo_stage import Order, Stage
from actors.demo_truth import Truth
from engine.questions import AskErrors, AskHistory, AskStock, StockFilter

PAGE_ROWS: Final = 500
"""Rows asked for at once."""
CANCELLED: Final = "cancelled"

Part = tuple[str, str, str]
"""(mall, order, SKU): the lines of one SKU in one order."""


class Report(Struct, frozen=True, kw_only=True):
    """The demo's one JSON object."""

    orders: int
    """Orders the malls accepted."""
    order_lines: int
    """Their lines."""
    applied_lines: int
    """Lines whose true quantity is what zaiko has counted (0 for a cancelled one)."""
    duplicate_lines: int
    """Lines of which zaiko has counted more than was ordered."""
    pushes: int
    """Quantities written to a page."""
    api_calls: int
    """Calls the malls' APIs answered."""
    oversold_units: int
    """How far totals fell below zero, over all SKUs."""
    wrong_listings: int
    """Linked pages that do not show their offer after everything has settled."""
    lag_ms: Mapping[str, int | None]
    """p50 and p99 from an accepted order to every other mall showing it."""
    faults: int
    """Records in `errors list`."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong, missing or twice."""
        return (
            self.wrong_listings == 0
            and self.applied_lines == self.order_lines
            and self.duplicate_lines == 0
        )


async def all_rows(caller: Caller) -> list[dict[str, Any]]:
    """Every row of `stock list`."""
    rows: list[dict[str, Any]] = []
    after: str | None = None
    while True:
        page = await caller.ask(
            partial(AskStock, filter=StockFilter(), after=after, limit=PAGE_ROWS)
        )
        rows += page["rows"]
        after = page["next"]
        if after is None:
            return rows


async def report(stage: Stage, truth: Truth, pushes: int) -> Report:
    """Everything compared, as it is now."""
    rows = await all_rows(stage.caller)
    wrong = wrong_pages(rows, await stage.quantities())
    counted: Counter[Part] = Counter()
    oversold = 0
    for row in rows:
        parts, lowest = await _history(stage.caller, row["sku"])
        counted.update(parts)
        oversold += max(0, -lowest)
    books = {name: (await box.books()).orders for name, box in stage.sandboxes.items()}
    lines, applied, duplicate = compare(books, truth.pages, counted)
    shelves = await stage.shelves()
    faults = await stage.caller.ask(partial(AskErrors, with_cleared=True))
    return Report(
        orders=sum(len(orders) for orders in books.values()),
        order_lines=lines,
        applied_lines=applied,
        duplicate_lines=duplicate,
        pushes=pushes,
        api_calls=sum(sum(one.calls.values()) for one in shelves.values()),
        oversold_units=oversold,
        wrong_listings=wrong,
        lag_ms={"p50": truth.lag_ms(0.5), "p99": truth.lag_ms(0.99)},
        faults=len(faults),
    )


def wrong_pages(rows: Iterable[Mapping[str, Any]], quantities: Mapping[Page, int]) -> int:
    """Linked pages whose true quantity is not their offer."""
    return sum(
        quantities.get(Page.of(listing["mall"], listing["code"], listing["sub_code"]))
        != listing["offer"]
        for row in rows
        for listing in row["listings"]
        if listing["linked"]
    )


async def _history(caller: Caller, sku: str) -> tuple[Counter[Part], int]:
    """(units counted of each order, the lowest total) of a SKU."""
    counted: Counter[Part] = Counter()
    lowest = 0
    after: int | None = 0
    while after is not None:
        page = await caller.ask(partial(AskHistory, sku=sku, after=after, limit=PAGE_ROWS))
        for row in page["rows"]:
            lowest = min(lowest, row["total"])
            if row["order"]:
                counted[row["mall"], row["order"], sku] -= row["delta"]
        after = page["next"]
    return counted, lowest


def compare(
    books: Mapping[str, Iterable[Order]], pages: Mapping[Page, str], counted: Mapping[Part, int]
) -> tuple[int, int, int]:
    """(lines, lines counted rightly, lines counted too often)."""
    true: Counter[Part] = Counter()
    lines: Counter[Part] = Counter()
    for mall, orders in books.items():
        for order in orders:
            for line in order.lines:
                sku = pages[Page.of(mall, line.code, line.sub_code)]
                part = (mall, order.order_id, sku)
                true[part] += 0 if order.status == CANCELLED else line.quantity
                lines[part] += 1
    applied = sum(number for part, number in lines.items() if counted.get(part, 0) == true[part])
    # What was counted of an order that no mall has is a duplicate of something, too.
    duplicate = sum(lines.get(part, 1) for part in counted if counted[part] > true.get(part, 0))
    return lines.total(), applied, duplicate
