"""The stock calls: updateStock (absolute figures, item by item) and searchStocks.

An item is written whole or not at all; other items of the same call are not concerned. There is no
difference and no compare-and-set: what was sold since the caller looked is overwritten. Contract:
sections 4.1 to 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from sandbox.aupay import replies
from sandbox.aupay.catalogue import Catalogue, lot_number
from sandbox.aupay.choices import Choice, choice_of, twin_of
from sandbox.aupay.knobs import Knobs
from sandbox.aupay.markup import leaf, node
from sandbox.aupay.query import check_shop, page_of, read_page, whole_number
from sandbox.aupay.replies import WireError, answer, failed, malformed, partly
from sandbox.aupay.stock_request import ChoiceChange, StockChange, read_update
from sandbox.mall import Call, refused_row
from sandbox.rules import Key
from sandbox.shelf import Item, Row, Wish
from sandbox.shop import Shop

PAGE_SIZE_MAX = 500
PLAIN, BY_CHOICE = "1", "2"  # stockSegment
COUNT_MAX = 99_999

# How the fault `bad_item` shows: as the error of its item, as an item that the answer leaves out
# (and that was not written), or as a refusal of the whole call that names nothing.
_BAD_ITEMS = {
    error.code: error
    for error in (
        replies.NO_ITEM,
        replies.BAD_SEGMENT,
        replies.BAD_COUNT,
        replies.NO_CHOICE,
    )
}
LEFT_OUT, WHOLE = "left_out", "whole"
BAD_ITEM_FORMS = (*_BAD_ITEMS, LEFT_OUT, WHOLE)


class StockCalls:
    """The stock side of one shop."""

    def __init__(
        self, shop: Shop, catalogue: Catalogue, shop_id: str, knobs: Callable[[], Knobs]
    ) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self._shop_id = shop_id
        self._knobs = knobs

    # -- updateStock ---------------------------------------------------------------------------

    def update_stock(self, call: Call) -> Response:
        """Set the quantities of up to 200 items."""
        knobs = self._knobs()
        read = read_update(call.body, self._shop_id)
        changes = [change for change in read if isinstance(change, StockChange)]
        if not changes:
            errors = [error for error in read if isinstance(error, WireError)]
            return failed(knobs.error_status, *errors)
        struck, form = self._struck(call, changes)
        if form == WHOLE:
            return failed(knobs.error_status, replies.WHOLE_REFUSED)
        rows: list[str] = []
        refused = 0
        for index, change in enumerate(changes):
            if index == struck and form == LEFT_OUT:
                continue
            error = _BAD_ITEMS[form] if index == struck else None
            item = self._item(change)
            error = error or self._problem(change, item)
            if error is not None or item is None:
                refused += 1
                rows.append(_result(change.lot, change.code, error or replies.NO_ITEM))
                continue
            item = self._write(change, item)
            rows.append(_result(str(lot_number(item)), item.code, None))
        if knobs.results_reversed:
            rows.reverse()
        if refused:
            return partly(rows, status=knobs.error_status, dressing=knobs.dressing)
        return answer(*rows, dressing=knobs.dressing)

    def _struck(self, call: Call, changes: Sequence[StockChange]) -> tuple[int, str]:
        """Which item the fault `bad_item` refuses, and how; (-1, "") when there is none."""
        keys: list[Key] = []
        owners: list[int] = []
        for index, change in enumerate(changes):
            item = self._item(change)
            code = item.code if item is not None else change.code
            subs = [part.choice.joined for part in change.choices] or [""]
            keys += [(code, sub_code) for sub_code in subs]
            owners += [index] * len(subs)
        found = refused_row(self._shop, call, keys)
        if found is None:
            return -1, ""
        return owners[found.place], found.form or BAD_ITEM_FORMS[0]

    def _item(self, change: StockChange) -> Item | None:
        # With both, the lot number selects, and the code is the item's new one.
        if change.lot:
            return self._catalogue.of_lot(change.lot)
        return self._shop.shelf.item(change.code) if change.code else None

    def _problem(self, change: StockChange, item: Item | None) -> WireError | None:
        if item is None:
            return replies.NO_ITEM
        if change.sale_status not in ("", "1", "2"):
            return replies.BAD_SALE_STATUS
        if change.segment != segment_of(item):
            return replies.BAD_SEGMENT
        if change.lot and change.code and change.code != item.code:
            if self._shop.shelf.item(change.code) is not None:
                return replies.CODE_TAKEN
            renamed = Wish(change.code, next(iter(item.rows)))
            if self._shop.shelf.check(renamed) is not None:
                return replies.BAD_CODE
        if change.segment == PLAIN:
            return None if _is_count(change.count, COUNT_MAX) else replies.BAD_COUNT
        if not change.choices:
            return replies.NO_CHOICE
        if any(self._choice_row(part, item) is None for part in change.choices):
            return replies.NO_CHOICE
        most = self._knobs().choices_count_max
        is_good = all(_is_count(part.count, most) for part in change.choices)
        return None if is_good else replies.BAD_COUNT

    def _choice_row(self, part: ChoiceChange, item: Item) -> Row | None:
        row = item.rows.get(part.choice.joined)
        if row is None:
            return None
        knobs = self._knobs()
        choice = choice_of(row.key[1], row.axes, knobs)
        if knobs.axis_echo:
            shown = choice.shown(knobs)
            is_named = (part.horizontal, part.vertical) == (shown.horizontal, shown.vertical)
        else:
            is_named = part.choice == choice
        return row if is_named else None

    def _write(self, change: StockChange, item: Item) -> Item:
        shelf = self._shop.shelf
        counts = {part.choice.joined: part.count or 0 for part in change.choices}
        if change.segment == PLAIN:
            counts = {"": change.count or 0}
        elif self._knobs().choices_left_out == "zeroed":
            counts = {**dict.fromkeys(item.rows, 0), **counts}
        for sub_code, count in counts.items():
            shelf.set_quantity(item.rows[sub_code], count)
        if change.sale_status:
            for row in item.rows.values():
                row.closed = change.sale_status == "2"
        if change.lot and change.code and change.code != item.code:
            return self._renamed(item, change.code)
        return item

    def _renamed(self, item: Item, code: str) -> Item:
        """The item under its new code; here it gets a new lot number as well."""
        shelf = self._shop.shelf
        wishes = [
            Wish(code, sub_code, row.jan, row.name, row.quantity, item.image, axes=row.axes)
            for sub_code, row in item.rows.items()
        ]
        shelf.put(Wish(item.code, gone=True))
        refusal = shelf.put_all(wishes)
        assert refusal is None, "the new code was checked before"
        return shelf.items[code]

    # -- searchStocks --------------------------------------------------------------------------

    def search_stocks(self, call: Call) -> Response:
        """One page of the stock list; the itemCode filter matches inside the code."""
        knobs, query = self._knobs(), call.query
        problems = check_shop(query.get("shopId", ""), self._shop_id)
        page = read_page(query, PAGE_SIZE_MAX, problems)
        bounds: list[int] = []
        for name, default in (("stockCountFrom", 0), ("stockCountTo", COUNT_MAX)):
            number = whole_number(query[name]) if query.get(name) else default
            if number is None or number > COUNT_MAX:
                problems.append(malformed(name))
            bounds.append(number or 0)
        if problems:
            return failed(knobs.error_status, *problems)
        found = self._catalogue.holding(query.get("itemCode", ""))
        if lot := query.get("lotNumber"):
            item = self._catalogue.of_lot(lot)
            found = [item] if item is not None and query.get("itemCode", "") in item.code else []
        if query.get("stockCountFrom") or query.get("stockCountTo"):
            found = [
                item
                for item in found
                if (row := item.rows.get("")) and bounds[0] <= self._shown(row) <= bounds[1]
            ]
        rows = [self._stocks(item) for item in page_of(self._shop, call, found, page)]
        counts = leaf("maxCount", len(found)) + leaf("resultCount", len(rows))
        return answer(node("searchResult", counts, *rows), dressing=knobs.dressing)

    def _stocks(self, item: Item) -> str:
        knobs = self._knobs()
        parts = [
            leaf("lotNumber", lot_number(item)),
            leaf("itemCode", item.code),
            leaf("stockSegment", segment_of(item)),
        ]
        if plain := item.rows.get(""):
            parts.append(leaf("stockCount", self._shown(plain)))
        else:
            parts += [self._choice(row, None) for row in item.rows.values()]
            if item.code in knobs.twin_codes:
                first = next(iter(item.rows.values()))
                if twin := twin_of(choice_of(first.key[1], first.axes, knobs)):
                    parts.append(self._choice(first, twin))
        return node("resultStocks", *parts)

    def _choice(self, row: Row, choice: Choice | None) -> str:
        knobs = self._knobs()
        shown = (choice or choice_of(row.key[1], row.axes, knobs)).shown(knobs)
        return node(
            "choicesStocks",
            leaf("choicesStockHorizontalCode", shown.horizontal),
            leaf("choicesStockVerticalCode", shown.vertical),
            leaf("choicesStockCount", self._shown(row)),
        )

    def _shown(self, row: Row) -> int:
        stale_s = self._shop.clock.sped(self._knobs().stale_s)
        return self._shop.shelf.quantity_before(row, stale_s) if stale_s else row.quantity


def segment_of(item: Item) -> str:
    """How the item's stock is registered."""
    return PLAIN if "" in item.rows else BY_CHOICE


def _is_count(count: int | None, most: int) -> bool:
    return count is not None and count <= most


def _result(lot: str, code: str, error: WireError | None) -> str:
    parts = [leaf("lotNumber", lot)] if lot else []
    if code:
        parts.append(leaf("itemCode", code))
    if error is not None:
        parts.append(error.element())
    return node("updateResult", *parts)
