"""A command's questions about stock: lists, counts, corrections, history."""

import secrets
from collections.abc import Iterator, Sequence
from functools import partial

from actors.client_asking import ROWS_PER_PAGE, Asking, Body
from actors.client_refusal import Refusal
from engine.questions import (
    TAKE_PAGE_MAX,
    AdjustStock,
    AskHistory,
    AskStock,
    AskTotal,
    BringStock,
    CountedSku,
    SetStock,
    SetSync,
    StockFilter,
    StockSort,
    TakeStock,
)


class Stock:
    """The totals of a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def pages(
        self, chosen: StockFilter, rows_max: int | None = None, sort: StockSort = "code"
    ) -> Iterator[Body]:
        """`stock list`: StockPages, until all rows or `rows_max` of them were given."""
        after: str | None = None
        left = rows_max
        while True:
            limit = ROWS_PER_PAGE if left is None else min(left, ROWS_PER_PAGE)
            page = self._house.ask(
                partial(AskStock, filter=chosen, after=after, limit=limit, sort=sort)
            )
            yield page
            after = page["next"]
            left = None if left is None else left - len(page["rows"])
            if after is None or left == 0:
                return

    def row(self, sku: str) -> Body:
        """`stock show`: one StockRowView."""
        chosen = StockFilter(skus=(sku,))
        rows = self._house.ask(lambda number: AskStock(number, chosen, None, 1))["rows"]
        if not rows:
            raise Refusal(
                2,
                f"SKU {sku} はありません。zaiko stock list で確かめてください。",
                f"There is no SKU {sku}; look it up with: zaiko stock list",
            )
        return rows[0]

    def set(self, sku: str, quantity: int) -> Body:
        """`stock set`: StockRowView."""
        return self._house.ask(lambda number: SetStock(number, sku, quantity, self._house.actor))

    def adjust(self, sku: str, delta: int, reason: str) -> Body:
        """`stock adjust`: StockRowView."""
        key = secrets.token_hex(16)
        return self._house.ask(
            lambda number: AdjustStock(number, sku, delta, reason, self._house.actor, key)
        )

    def receive(self, sku: str, units: int, note: str) -> Body:
        """`stock receive`: StockRowView."""
        return self._bring(sku, units, (None, ""), note, is_return=False)

    def give_back(self, sku: str, units: int, order: tuple[str, str] | None, note: str) -> Body:
        """`stock return`: StockRowView. `order` is (mall, order number)."""
        return self._bring(sku, units, order or (None, ""), note, is_return=True)

    def _bring(
        self, sku: str, units: int, order: tuple[str | None, str], note: str, *, is_return: bool
    ) -> Body:
        mall, of = order
        key, actor = secrets.token_hex(16), self._house.actor
        return self._house.ask(
            lambda number: BringStock(number, sku, units, is_return, mall, of, note, actor, key)
        )

    def take(
        self,
        counts: Sequence[CountedSku],
        note: str,
        *,
        dry_run: bool = False,
        lines: Sequence[int] = (),
    ) -> Iterator[Body]:
        """`stock take`: TakenRows. All pages are looked at before the first is booked.

        `lines`: of the file, where each count stands; (): they come from no file.

        Raises Refusal when one is refused. Each page is booked whole; a page that was fine a moment
        ago and is not now ends the take, and the same file taken again goes on from there.
        """
        key = secrets.token_hex(16)
        starts = range(0, len(counts), TAKE_PAGE_MAX)
        pages = [tuple(counts[start : start + TAKE_PAGE_MAX]) for start in starts]
        for start, page in zip(starts, pages, strict=True):
            looked = self._take(page, note, key, dry_run=True, lines=lines[start:])
            if dry_run:
                yield from looked
        if dry_run:
            return
        for start, page in zip(starts, pages, strict=True):
            yield from self._take(page, note, key, dry_run=False, lines=lines[start:])

    def _take(
        self,
        page: tuple[CountedSku, ...],
        note: str,
        key: str,
        *,
        dry_run: bool,
        lines: Sequence[int],
    ) -> Body:
        actor = self._house.actor
        view = self._house.ask(lambda number: TakeStock(number, page, note, actor, key, dry_run))
        for refused in view["refused"]:
            place, place_en = "", ""
            if lines:
                line, column = lines[refused["index"]], refused["column"]
                place, place_en = f"{line} 行目の {column}: ", f"Line {line}, column {column}: "
            said, said_en = refused["message"], refused["message_en"]
            raise Refusal(2, f"{place}{said}", f"{place_en}{said_en}")
        return view["rows"]

    def sync(
        self, mall: str, listing: tuple[str | None, str], chosen: StockFilter, *, is_on: bool
    ) -> Body:
        """`sync on|off`, all pages: SyncedView. `listing` is (code or None for all, sub_code)."""
        code, sub_code = listing
        actor = self._house.actor
        changed, after = 0, 0
        while True:
            letter = partial(
                SetSync, is_on=is_on, mall=mall, code=code, sub_code=sub_code,
                filter=chosen, actor=actor, after=after,
            )  # fmt: skip
            view = self._house.ask(letter)
            changed += view["changed"]
            if view["next"] is None:
                return {"changed": changed, "next": None}
            after = view["next"]

    def total_at(self, sku: str, at: float) -> Body:
        """`history --at`: TotalView."""
        return self._house.ask(lambda number: AskTotal(number, sku, at))

    def history(
        self, sku: str, since: float | None = None, until: float | None = None
    ) -> Iterator[Body]:
        """`history`: HistoryRows, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self._house.ask(
                partial(
                    AskHistory,
                    sku=sku,
                    after=after,
                    limit=ROWS_PER_PAGE,
                    since=since,
                    until=until,
                )
            )
            yield from page["rows"]
            after = page["next"]
