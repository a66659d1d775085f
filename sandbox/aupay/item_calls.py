"""The catalogue calls: searchItemInfos (a paged list) and searchItemInfo (one item).

The stock registration of one item comes beside its `itemInfo`, not inside; the list has it by a
knob only. Descriptions hold text that looks like elements. Contract: section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from starlette.responses import Response

from sandbox.aupay.catalogue import Catalogue, lot_number
from sandbox.aupay.choices import Choice, choice_of
from sandbox.aupay.knobs import Knobs
from sandbox.aupay.markup import cdata, leaf, node
from sandbox.aupay.query import check_shop, page_of, read_page
from sandbox.aupay.replies import answer, failed, missing
from sandbox.aupay.stock_calls import BY_CHOICE, PLAIN, segment_of
from sandbox.mall import Call
from sandbox.shelf import Item, Row
from sandbox.shop import Shop

PAGE_SIZE_MAX = 500
UNIT_PRICE = 1_980  # the shop has no prices of its own
# A reader that looks for elements with a pattern finds the wrong code here.
DESCRIPTION = "<p>送料無料</p><itemCode>not-an-item</itemCode><stockCount>999</stockCount>"


class ItemCalls:
    """The catalogue of one shop."""

    def __init__(
        self, shop: Shop, catalogue: Catalogue, shop_id: str, knobs: Callable[[], Knobs]
    ) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self._shop_id = shop_id
        self._knobs = knobs

    def search_item_infos(self, call: Call) -> Response:
        """One page of the items."""
        knobs, query = self._knobs(), call.query
        problems = check_shop(query.get("shopId", ""), self._shop_id)
        page = read_page(query, PAGE_SIZE_MAX, problems)
        if problems:
            return failed(knobs.error_status, *problems)
        found: Sequence[Item] = self._catalogue.holding(query.get("itemCode", ""))
        if name := query.get("itemName"):
            found = [item for item in found if name in item.name]
        rows = []
        for item in page_of(self._shop, call, found, page):
            stock = [self._registered(item)] if knobs.list_shows_stock else []
            rows.append(node("resultItems", *self._fields(item), *stock))
        counts = leaf("maxCount", len(found)) + leaf("resultCount", len(rows))
        return answer(node("searchResult", counts, *rows), dressing=knobs.dressing)

    def search_item_info(self, call: Call) -> Response:
        """One item by its exact code, or by its lot number."""
        knobs, query = self._knobs(), call.query
        problems = check_shop(query.get("shopId", ""), self._shop_id)
        code, lot = query.get("itemCode", ""), query.get("lotNumber", "")
        if not code and not lot:
            problems.append(missing("itemCode"))
        if problems:
            return failed(knobs.error_status, *problems)
        item = self._catalogue.of_lot(lot) if lot else self._shop.shelf.item(code)
        if item is None or (code and item.code != code):
            return answer(node("searchResult"), dressing=knobs.dressing)
        info = node("itemInfo", *self._fields(item))
        found = node("searchResult", info, self._registered(item))
        return answer(found, dressing=knobs.dressing)

    def _fields(self, item: Item) -> list[str]:
        jans = {row.jan for row in item.rows.values()}
        is_over = all(row.closed for row in item.rows.values())
        return [
            leaf("lotNumber", lot_number(item)),
            leaf("itemName", item.name),
            leaf("itemManagementId", self._knobs().item_management_id),
            leaf("itemManagementName", ""),
            leaf("itemCode", item.code),
            leaf("itemPrice", UNIT_PRICE),
            leaf("sellMethodSegment", 1),
            leaf("makerRetailPrice", ""),
            leaf("taxSegment", 1),
            leaf("reducedTax", 0),
            leaf("postageSegment", 2),
            leaf("postage", ""),
            cdata("description", DESCRIPTION),
            leaf("ctgryId", 100101),
            leaf("ctgryName", "すべての商品"),
            # One code for the page: choices have none of their own.
            leaf("jan", jans.pop() if len(jans) == 1 else ""),
            leaf("isbn", ""),
            leaf("itemModel", ""),
            leaf("saleStatus", 2 if is_over else 1),
            leaf("limitedOrderSegment", 1),
            leaf("limitedOrderCount", ""),
            *([node("images", leaf("imageUrl", item.image))] if item.image else []),
        ]

    def _registered(self, item: Item) -> str:
        if plain := item.rows.get(""):
            fields = [leaf("stockSegment", PLAIN), leaf("stockCount", plain.quantity)]
            return node("registerStock", *fields, leaf("displayStockSegment", 1))
        knobs = self._knobs()
        named = [(row, choice_of(row.key[1], row.axes, knobs)) for row in item.rows.values()]
        titles = next((list(row.axes) for row, _ in named if row.axes), [])
        is_pair = any(choice.horizontal and choice.vertical for _, choice in named)
        horizontal, vertical = _titles(titles, is_pair=is_pair, lone=knobs.lone_axis)
        parts = [
            leaf("stockSegment", segment_of(item)),
            leaf("choicesStockHorizontalItemName", horizontal),
            leaf("choicesStockVerticalItemName", vertical),
            *_axis("Horizontal", [(choice.horizontal, row) for row, choice in named], 0),
            *_axis("Vertical", [(choice.vertical, row) for row, choice in named], -1),
            *(_choice(row, choice, knobs) for row, choice in named),
            leaf("displayChoicesStockSegment", 1),
        ]
        assert segment_of(item) == BY_CHOICE, "an item without a plain row has choices"
        return node("registerStock", *parts)


def _titles(titles: list[str], *, is_pair: bool, lone: str) -> tuple[str, str]:
    if is_pair:
        return (titles[0], titles[-1]) if len(titles) > 1 else ("", "")
    title = titles[0] if titles else ""
    return ("", title) if lone == "vertical" else (title, "")


def _axis(side: str, codes: list[tuple[str, Row]], place: int) -> list[str]:
    """The definitions of one axis, each code once; `place` says which of a row's axes it is."""
    seen: dict[str, str] = {}
    for code, row in codes:
        names = list(row.axes.values())
        if code:
            seen.setdefault(code, names[place] if names else code)
    return [
        node(
            f"choicesStock{side}s",
            leaf(f"choicesStock{side}Code", code),
            leaf(f"choicesStock{side}Name", name),
            leaf(f"choicesStock{side}Seq", number),
        )
        for number, (code, name) in enumerate(seen.items(), 1)
    ]


def _choice(row: Row, choice: Choice, knobs: Knobs) -> str:
    shown = choice.shown(knobs)
    return node(
        "choicesStocks",
        leaf("choicesStockHorizontalCode", shown.horizontal),
        leaf("choicesStockVerticalCode", shown.vertical),
        leaf("choicesStockCount", row.quantity),
        leaf("choicesStockShippingDayId", ""),
        leaf("choicesStockShippingDayDispTxt", ""),
    )
