"""The item calls: myItemList, getItem and stCategoryList.

All read only. A list has no sub-codes and no over-purchase flag, as on the real mall: those need
getItem and getStock. Contract: sections 7.1 and 7.2.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.mall import Call, page_shift
from sandbox.shelf import Item, Row
from sandbox.shop import Shop
from sandbox.yahoo.catalogue import Catalogue
from sandbox.yahoo.knobs import Knobs
from sandbox.yahoo.markup import attribute, leaf, result_set, text
from sandbox.yahoo.order_view import UNIT_PRICE, stamp
from sandbox.yahoo.reply import Reply, RequestError, refused

PAGE_SIZE_DEFAULT = 25
PAGE_SIZE_MAX = 100
SORT_FIELDS = ("item_code", "name", "stcat_key", "sort_priority")
# The shop has one category, and every item is in it.
CATEGORY_KEY = "all-items"
CATEGORY_NAME = "すべての商品"


class ItemCalls:
    """The item side of one store."""

    def __init__(self, shop: Shop, seller_id: str, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._seller_id = seller_id
        self._knobs = knobs
        self._catalogue = Catalogue(shop.shelf)

    def my_item_list(self, call: Call) -> Reply:
        """商品リスト: one page of a prefix or name query."""
        query = call.query
        if error := self._check_seller(call):
            return refused(error)
        words = query.get("query", "").split()
        category = query.get("stcat_key", "")
        if not words and not category:
            return refused(RequestError(400, "px-04001", '"query" is not specified'))
        start, size = _number(query.get("start"), 1), _number(query.get("results"), 0)
        sort = query.get("sort", "+item_code")
        if start is None or size is None or sort.strip().lstrip("+-") not in SORT_FIELDS:
            return refused(RequestError(400, "it-01001", "request parameter is invalid."))
        kind = query.get("type") or "item_code"
        if kind not in ("item_code", "name"):
            return refused(RequestError(400, "it-01001", "type is invalid."))
        found = self._found(words, category, kind)
        if sort.strip().lstrip("+-") == "name":
            found = sorted(found, key=lambda item: item.name)
        if sort.startswith("-"):
            found = found[::-1]
        if shifted := page_shift(self._shop, call, start - 1):
            found = found[shifted:]
        page = found[start - 1 : start - 1 + min(size or PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)]
        shows_stock = query.get("stock") == "true"
        inside = "".join(_listed(item, shows_stock=shows_stock) for item in page)
        return Reply(result_set(inside, available=len(found), returned=len(page), first=start))

    def get_item(self, call: Call) -> Reply:
        """商品参照: one item with its sub-codes as attributes."""
        if error := self._check_seller(call):
            return refused(error)
        code = call.query.get("item_code", "")
        if not code:
            return refused(RequestError(400, "px-04001", '"item_code" is not specified'))
        item = self._shop.shelf.item(code)
        if item is None:
            return refused(RequestError(400, "it-05002", "指定された商品コードは存在しません。"))
        return Reply(_whole(item))

    def category_list(self, call: Call) -> Reply:
        """ストアカテゴリ: the one category; asked for its children, none."""
        if error := self._check_seller(call):
            return refused(error)
        if call.query.get("page_key"):
            return Reply(result_set("", available=0, returned=0))
        category = leaf("PageKey", CATEGORY_KEY) + text("Name", CATEGORY_NAME) + leaf("Display", 1)
        return Reply(result_set(f"<Result>{category}</Result>", available=1, returned=1))

    def _found(self, words: list[str], category: str, kind: str) -> Sequence[Item]:
        if category and category != CATEGORY_KEY:
            return []
        ignores_case = self._knobs().prefix_ignores_case
        if kind == "name":
            items = self._catalogue.beginning("", ignores_case=ignores_case)
            return [item for item in items if all(word in item.name for word in words)]
        # Blanks mean AND: all words must begin the code, so the longest finds the fewest.
        words = sorted(words, key=len, reverse=True) or [""]
        found = self._catalogue.beginning(words[0], ignores_case=ignores_case)
        for word in words[1:]:
            also = {
                item.code for item in self._catalogue.beginning(word, ignores_case=ignores_case)
            }
            found = [item for item in found if item.code in also]
        return found

    def _check_seller(self, call: Call) -> RequestError | None:
        seller_id = call.query.get("seller_id")
        if not seller_id:
            return RequestError(400, "px-04001", '"seller_id" is not specified')
        if seller_id != self._seller_id:
            return RequestError(400, "ed-00004", "seller_id does not exist.")
        return None


def _number(said: str | None, default: int) -> int | None:
    """A number from 1 up; the default when it is not said, None when it is no such number."""
    if not said:
        return default
    is_number = said.isascii() and said.isdigit() and len(said) <= 9 and int(said) >= 1
    return int(said) if is_number else None


def _has_sub_codes(item: Item) -> bool:
    return any(item.rows)


def _listed(item: Item, *, shows_stock: bool) -> str:
    quantity = sum(row.quantity for row in item.rows.values())
    return (
        f"<Result>{leaf('ItemCode', item.code)}{text('Name', item.name)}"
        f"{leaf('Price', UNIT_PRICE)}{leaf('Quantity', quantity) if shows_stock else ''}"
        f"{leaf('HasSubCode', int(_has_sub_codes(item)))}</Result>"
    )


def _whole(item: Item) -> str:
    single = item.rows.get("")
    jans = {row.jan for row in item.rows.values()}
    inside = (
        leaf("ItemCode", item.code)
        + f'<PathList><Path origFlag="1"><![CDATA[{CATEGORY_NAME}]]></Path></PathList>'
        + text("Name", item.name)
        + leaf("ProductCategory", 3001)
        + leaf("OriginalPrice", "")
        + leaf("Price", UNIT_PRICE)
        + leaf("SalePrice", "")
        + leaf("Quantity", single.quantity if single is not None else "")
        + leaf("ProductCode", "")
        # The JAN belongs to the item; sub-codes that differ leave it empty.
        + leaf("Jan", jans.pop() if len(jans) == 1 else "")
        + leaf("Display", 1)
        + "<HiddenPage><HiddenFlag>0</HiddenFlag><Id></Id><Password></Password></HiddenPage>"
        + leaf("Image", item.image)
        + "<LibImage1></LibImage1>"
        + _options(item)
        + _sub_codes(item)
        + leaf("ShowStock", 2)
        + leaf("UpdateTime", stamp(item.updated))
        + leaf("EditingFlag", 0)
    )
    return result_set(f"<Result>{inside}</Result>", available=1, returned=1)


def _options(item: Item) -> str:
    axes: dict[str, dict[str, None]] = {}
    for row in item.rows.values():
        for axis, choice in row.axes.items():
            axes.setdefault(axis, {})[choice] = None
    if not axes:
        return ""
    options = "".join(
        f'<Option type="1" name="{attribute(axis)}" specId="">'
        + "".join(f'<Value specValue="">{attribute(choice)}</Value>' for choice in choices)
        + "</Option>"
        for axis, choices in axes.items()
    )
    return f"<Options>{options}</Options>"


def _sub_codes(item: Item) -> str:
    if not _has_sub_codes(item):
        return ""
    return f"<SubCodes>{''.join(_sub_code(row) for row in item.rows.values())}</SubCodes>"


def _sub_code(row: Row) -> str:
    options = "".join(
        f'<Option name="{attribute(axis)}" value="{attribute(choice)}"/>'
        for axis, choice in row.axes.items()
    )
    return (
        f'<SubCode code="{attribute(row.key[1])}" quantity="{row.quantity}"'
        f' stockClose="{int(row.closed)}">{options}<Price></Price></SubCode>'
    )
