"""ItemAPI 2.0 `items/search`: the catalogue, by offset or by cursor. It never shows quantities."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import date

from starlette.responses import Response

from sandbox.clock import jst
from sandbox.mall import Call, Endpoint, page_shift
from sandbox.pacing import Rate
from sandbox.rakuten.inventory_api import stock_settings
from sandbox.rakuten.knobs import Knobs
from sandbox.rakuten.order_model import PRICE_YEN, SINGLE_VARIANT, merchant_sku
from sandbox.rakuten.replies import WireError, errors, json_reply
from sandbox.rakuten.stamps import catalogue_stamp
from sandbox.shelf import ITEMS_MAX, Item, Row
from sandbox.shop import Shop

RATE = Rate(5.0)
HITS_MAX = 100
HITS_DEFAULT = 10
OFFSET_MAX = 10_000
CURSOR_SCAN = 200  # items looked at in one step while a page is filled

_NUMBER = re.compile(r"\d{1,6}", re.ASCII)
_MARK = re.compile(r"zk1:(\d{1,12})", re.ASCII)
_SORT_KEYS: Mapping[str, Callable[[Item], tuple[object, ...]]] = {
    "updated": lambda item: (item.updated, item.number),
    "created": lambda item: (item.created, item.number),
    "manageNumber": lambda item: (item.code,),
}
# These hold the same value for every item here, so the order of creation decides.
_FLAT_SORT_KEYS = frozenset(
    {
        "itemDisplaySequence",
        "purchasablePeriodStart",
        "purchasablePeriodEnd",
        "pointCampaignStart",
        "pointCampaignEnd",
        "pointRate",
        "reviewCount",
        "reviewAverageRating",
    }
)
_FLAGS = frozenset({"isCategoryIncluded", "isReviewIncluded", "isInventoryIncluded"})

Query = Mapping[str, str]
Test = Callable[[Item], bool]


class ItemApi:
    """The one catalogue function that needs no paid option."""

    def __init__(self, shop: Shop, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._knobs = knobs

    def endpoints(self) -> list[Endpoint]:
        """Return its path."""
        path = "/es/2.0/items/search"
        return [Endpoint("GET", path, "items", self._search, RATE, trailing_slash=True)]

    def _search(self, call: Call) -> Response:
        query: Query = dict(call.query)
        paging = _read_paging(query)
        if isinstance(paging, WireError):
            return errors(400, paging)
        hits, offset, after = paging
        tests = self._tests(query)
        if isinstance(tests, WireError):
            return errors(400, tests)
        body: dict[str, object] = {"numFound": self._count(tests), "offset": offset}
        if after is None:
            matching = self._scan(tests, 0, ITEMS_MAX)
            matching.sort(key=_sort_key(query), reverse=query.get("sortOrder") != "asc")
            matching = matching[page_shift(self._shop, call, offset) :]
            page = matching[offset : offset + hits]
        else:
            page = self._scan(tests, after, hits)
            # The same mark again says that there is no more.
            body["nextCursorMark"] = _mark(page[-1].number) if page else query["cursorMark"]
        body["results"] = [_result(item, query) for item in page]
        return json_reply(body)

    def _scan(self, tests: list[Test], after: int, limit: int) -> list[Item]:
        """Return the first matching items after a number, by order of creation."""
        found: list[Item] = []
        while step := self._shop.shelf.items_after(after, CURSOR_SCAN):
            after = step[-1].number
            found += [item for item in step if all(test(item) for test in tests)]
            if len(found) >= limit:
                return found[:limit]
        return found

    def _count(self, tests: list[Test]) -> int:
        if tests == [_is_there]:
            return self._shop.shelf.items_there  # without a filter nothing is counted one by one
        return len(self._scan(tests, 0, ITEMS_MAX))

    def _index_tests(self) -> list[Test]:
        """Return what decides whether the search index has an item at all."""
        knobs = self._knobs()
        tests: list[Test] = [] if knobs.tombstones else [_is_there]
        if knobs.search_lag_s > 0:
            newest = self._shop.clock.now() - knobs.search_lag_s
            tests.append(lambda item: item.created <= newest)
        return tests

    def _tests(self, query: Query) -> list[Test] | WireError:
        tests = self._index_tests()
        for name, read in _TEXTS.items():
            if (text := query.get(name)) is not None:
                tests.append(_contains(read, text))
        for name, read_at, is_from in _DAYS:
            if (text := query.get(name)) is None:
                continue
            try:
                day = date.fromisoformat(text)
            except ValueError:
                return WireError("IE1005", "the parameter is not valid", name)
            tests.append(_on_side(read_at, day, is_from=is_from))
        for name in _HIDDEN_FLAGS:
            flag = query.get(name)
            if flag not in (None, "true", "false"):
                return WireError("IE1005", "the parameter is not valid", name)
            if flag == "true":
                tests.append(lambda _item: False)  # nothing here is hidden or in a warehouse
        for name in _FLAGS:
            if query.get(name) not in (None, "true", "false"):
                return WireError("IE1005", "the parameter is not valid", name)
        return tests


_TEXTS: Mapping[str, Callable[[Item], list[str]]] = {
    "title": lambda item: [item.name],
    "manageNumber": lambda item: [item.code],
    "itemNumber": lambda item: [item.code],
    "articleNumber": lambda item: [row.jan for row in item.rows.values()],
    "variantId": lambda item: [sub_code or SINGLE_VARIANT for sub_code in item.rows],
    "merchantDefinedSkuId": lambda item: [merchant_sku(part) or "" for part in item.rows],
}
_DAYS: tuple[tuple[str, Callable[[Item], float], bool], ...] = (
    ("createdFrom", lambda item: item.created, True),
    ("createdTo", lambda item: item.created, False),
    ("updatedFrom", lambda item: item.updated, True),
    ("updatedTo", lambda item: item.updated, False),
)
_HIDDEN_FLAGS = ("isHiddenItem", "isHiddenVariant")


def _is_there(item: Item) -> bool:
    return not item.gone


def _contains(read: Callable[[Item], list[str]], text: str) -> Test:
    return lambda item: any(text in value for value in read(item))


def _on_side(read_at: Callable[[Item], float], day: date, *, is_from: bool) -> Test:
    if is_from:
        return lambda item: jst(read_at(item)).date() >= day
    return lambda item: jst(read_at(item)).date() <= day


def _read_paging(query: Query) -> tuple[int, int, int | None] | WireError:
    """Return (hits, offset, the number a cursor stands after or None without one)."""
    mark = query.get("cursorMark")
    if mark is not None and "offset" in query:
        return WireError("IE1003", "offset and cursorMark exclude each other", "cursorMark")
    if mark is not None and ("sortKey" in query or "sortOrder" in query):
        return WireError("IE1004", "sortKey and sortOrder are refused here", "cursorMark")
    hits = _bounded(query, "hits", 1, HITS_MAX, HITS_DEFAULT)
    if isinstance(hits, WireError):
        return hits
    offset = _bounded(query, "offset", 0, OFFSET_MAX, 0)
    if isinstance(offset, WireError):
        return offset
    sort_key = query.get("sortKey", "updated")
    if sort_key not in _SORT_KEYS and sort_key not in _FLAT_SORT_KEYS:
        return WireError("IE1005", "the parameter is not valid", "sortKey")
    if query.get("sortOrder", "desc") not in ("asc", "desc"):
        return WireError("IE1005", "the parameter is not valid", "sortOrder")
    if mark is None:
        return hits, offset, None
    after = 0 if mark == "*" else _number_of(mark)
    if after is None:
        return WireError("IE1005", "the parameter is not valid", "cursorMark")
    return hits, 0, after


def _bounded(query: Query, name: str, low: int, high: int, default: int) -> int | WireError:
    text = query.get(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text) or not low <= int(text) <= high:
        return WireError("IE1005", f"must lie in {low}..{high}", name)
    return int(text)


def _mark(number: int) -> str:
    return base64.b64encode(f"zk1:{number}".encode()).decode()


def _number_of(mark: str) -> int | None:
    try:
        text = base64.b64decode(mark, validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    match = _MARK.fullmatch(text)
    return int(match[1]) if match else None


def _sort_key(query: Query) -> Callable[[Item], tuple[object, ...]]:
    return _SORT_KEYS.get(query.get("sortKey", "updated"), lambda item: (item.number,))


def _result(item: Item, query: Query) -> dict[str, object]:
    if item.gone:
        return {"item": {"manageNumber": item.code}}
    result: dict[str, object] = {"item": _item_model(item)}
    if query.get("isCategoryIncluded") == "true":
        result["category"] = {"categoryIds": []}
    if query.get("isReviewIncluded") == "true":
        result["review"] = {"count": 0, "averageRating": 0.0}
    if query.get("isInventoryIncluded") == "true":
        # Lead times, in spite of the name: quantities are the inventory API's.
        settings = {
            sub_code or SINGLE_VARIANT: stock_settings(row) for sub_code, row in item.rows.items()
        }
        result["inventory"] = {
            **settings,
            "created": catalogue_stamp(item.created),
            "updated": catalogue_stamp(item.updated),
        }
    return result


def _item_model(item: Item) -> dict[str, object]:
    model: dict[str, object] = {
        "manageNumber": item.code,
        "itemNumber": item.code,
        "title": item.name,
        "tagline": None,
        "itemType": "NORMAL",
        "images": _images(item),
        "genreId": "555086",
        "tags": [],
        "hideItem": False,
        "unlimitedInventoryFlag": False,
        "features": {
            "searchVisibility": "ALWAYS_VISIBLE",
            "displayNormalCartButton": True,
            "displaySubscriptionCartButton": False,
            "inventoryDisplay": "HIDDEN_STOCK",
            "shopContact": True,
            "review": "SHOP_SETTING",
            "displayManufacturerContents": False,
            "socialGiftFlag": False,
        },
        "payment": {"taxIncluded": True, "taxRate": "0.1", "cashOnDeliveryFeeIncluded": False},
        "itemDisplaySequence": 999_999_999,
        "layout": {
            "itemLayoutId": 1,
            "navigationId": 0,
            "layoutSequenceId": 0,
            "smallDescriptionId": 0,
            "largeDescriptionId": 0,
            "showcaseId": 0,
        },
    }
    if "" not in item.rows:
        model["variantSelectors"] = _selectors(item)
    model["variants"] = {
        sub_code or SINGLE_VARIANT: _variant(row) for sub_code, row in item.rows.items()
    }
    model["created"] = catalogue_stamp(item.created)
    model["updated"] = catalogue_stamp(item.updated)
    return model


def _images(item: Item) -> list[dict[str, str]]:
    if not item.image:
        return []
    kind = "ABSOLUTE" if "://" in item.image else "CABINET"
    return [{"type": kind, "location": item.image, "alt": item.name}]


def _selectors(item: Item) -> list[dict[str, object]]:
    choices: dict[str, dict[str, None]] = {}
    for row in item.rows.values():
        for axis, choice in row.axes.items():
            choices.setdefault(axis, {})[choice] = None
    return [
        {
            "key": axis,
            "displayName": axis,
            "values": [{"displayValue": value} for value in values],
        }
        for axis, values in choices.items()
    ]


def _variant(row: Row) -> dict[str, object]:
    sub_code = row.key[1]
    variant: dict[str, object] = {}
    if sub_code:
        variant["merchantDefinedSkuId"] = merchant_sku(sub_code)
        variant["selectorValues"] = dict(row.axes)
    variant |= {
        "restockOnCancel": True,
        "backOrderFlag": row.overdraft,
        "normalDeliveryDateId": 1,
        "orderQuantityLimit": None,
        "features": {"restockNotification": False, "noshi": False},
        "hidden": False,
        "standardPrice": str(PRICE_YEN),
        "articleNumber": {"value": row.jan} if row.jan else {"exemptionReason": 5},
        "shipping": {"postageIncluded": True, "singleItemShipping": 0, "okihaiSetting": True},
    }
    return variant
