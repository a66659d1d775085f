"""A command's questions about stock: lists, counts, corrections, history."""

import secrets
from collections.abc import Iterator
from functools import partial

from actors.client_asking import ROWS_PER_PAGE, Asking, Body
from actors.client_refusal import Refusal
from engine.questions import AdjustStock, AskHistory, AskStock, SetStock, StockFilter, StockSort


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

    def history(self, sku: str) -> Iterator[Body]:
        """`history`: HistoryRows, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self._house.ask(partial(AskHistory, sku=sku, after=after, limit=ROWS_PER_PAGE))
            yield from page["rows"]
            after = page["next"]
