"""Orders API v0: getOrders, getOrder, getOrderItems. Deprecated, still served. Contract: section 3.

Without a restricted token the real one shows of a buyer the masked mail address and the place, and
so does this; a name or a street never comes through here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

from starlette.responses import Response

from sandbox.amazon.answers import (
    MARKETPLACE_ID,
    Problem,
    bounded,
    chosen,
    csv,
    json_reply,
    wrong_marketplace,
)
from sandbox.amazon.catalogue import PRICE_YEN, asin
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.order_index import Channel, ItemVersion, OrderIndex, Version
from sandbox.amazon.order_search import (
    PAGE_MAX,
    STATUSES,
    Page,
    Search,
    find_page,
    read_window,
    search_of,
)
from sandbox.amazon.orders_2026 import POINTS, item_id
from sandbox.amazon.stamps import coarse
from sandbox.mall import Call, Endpoint
from sandbox.pacing import Rate
from sandbox.shop import Shop

PATH = "/orders/v0/orders"
IDS_MAX = 50
ALL_STATUSES = (
    "PendingAvailability",
    "Pending",
    "Unshipped",
    "PartiallyShipped",
    "Shipped",
    "InvoiceUnconfirmed",
    "Canceled",
    "Unfulfillable",
)
CHANNELS = ("MFN", "AFN")
UPDATED = ("LastUpdatedAfter", "LastUpdatedBefore")
CREATED = ("CreatedAfter", "CreatedBefore")
FILTERS = (*UPDATED, *CREATED, "OrderStatuses", "FulfillmentChannels")


class OrdersV0:
    """The older Orders API."""

    def __init__(self, shop: Shop, index: OrderIndex, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._index = index
        self._knobs = knobs

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        one, rate = f"{PATH}/{{orderId}}", Rate(0.5, 30)
        return [
            Endpoint("GET", PATH, "orders", self._search, Rate(0.0167, 20)),
            Endpoint("GET", one, "orders", self._get, rate),
            Endpoint("GET", f"{one}/orderItems", "orders", self._items, rate),
        ]

    def _search(self, call: Call) -> Response:
        marketplaces = csv(call.query, "MarketplaceIds")
        if problem := wrong_marketplace(marketplaces, "MarketplaceIds"):
            return problem.reply()
        if order_ids := csv(call.query, "AmazonOrderIds"):
            return self._named(order_ids)
        search = self._read_search(call)
        if isinstance(search, Problem):
            return search.reply()
        limit = bounded(call.query, "MaxResultsPerPage", PAGE_MAX, PAGE_MAX)
        if isinstance(limit, Problem):
            return limit.reply()
        token = call.query.get("NextToken") or None
        page = find_page(self._shop, self._index, call, search, token, limit)
        return page.reply() if isinstance(page, Problem) else _page(search, page)

    def _named(self, order_ids: list[str]) -> Response:
        if len(order_ids) > IDS_MAX:
            return Problem(f"AmazonOrderIds takes at most {IDS_MAX} ids.").reply()
        found = [version for name in order_ids if (version := self._index.find(name))]
        return json_reply({"payload": {"Orders": [_order(version) for version in found]}})

    def _read_search(self, call: Call) -> Search | Problem:
        query = call.query
        token = query.get("NextToken")
        if token and not any(query.get(name) for name in FILTERS):
            return search_of(token, self._shop.clock)
        window = read_window(query, self._shop.clock, UPDATED, CREATED)
        if isinstance(window, Problem):
            return window
        statuses = chosen(query, "OrderStatuses", ALL_STATUSES)
        if isinstance(statuses, Problem):
            return statuses
        channels = chosen(query, "FulfillmentChannels", CHANNELS)
        if isinstance(channels, Problem):
            return channels
        asked = cast("list[Channel]", sorted(set(channels)))  # chosen() lets only these two pass
        return Search(*window, tuple(sorted(set(statuses))), tuple(asked))

    def _get(self, call: Call) -> Response:
        version = self._index.find(call.captures["orderId"])
        return _not_found(call) if version is None else json_reply({"payload": _order(version)})

    def _items(self, call: Call) -> Response:
        version = self._index.find(call.captures["orderId"])
        if version is None:
            return _not_found(call)
        items = [self._item(version, item) for item in version.items]
        order_id = version.order.order_id
        return json_reply({"payload": {"AmazonOrderId": order_id, "OrderItems": items}})

    def _item(self, version: Version, item: ItemVersion) -> dict[str, object]:
        knobs = self._knobs()
        is_cancelled = version.status == "cancelled"
        view: dict[str, object] = {"ASIN": asin(item.sku)}
        if item.sku != knobs.unnamed_sku:
            view["SellerSKU"] = item.sku
        view |= {
            "OrderItemId": item_id(version, item),
            "Title": item.title,
            "QuantityOrdered": 0 if is_cancelled and knobs.cancelled_is_zero else item.units,
            "QuantityShipped": item.units if version.status == "shipped" else 0,
            "ProductInfo": {"NumberOfItems": "1"},
            "IsGift": "false",
            "ConditionId": "New",
            "ConditionSubtypeId": "New",
            "IsTransparency": False,
            "BuyerRequestedCancel": {
                "IsBuyerRequestedCancel": "true" if version.cancel_asked else "false",
                "BuyerCancelReason": "Ordered by mistake" if version.cancel_asked else "",
            },
        }
        if version.status in ("confirmed", "shipped"):
            view["ItemPrice"] = _yen(PRICE_YEN * item.units)
            view["ItemTax"] = _yen(0)
            view["PromotionDiscount"] = _yen(0)
            view["PointsGranted"] = {"PointsNumber": POINTS, "PointsMonetaryValue": _yen(POINTS)}
        return view


def _page(search: Search, page: Page) -> Response:
    payload: dict[str, object] = {"Orders": [_order(version) for version in page.versions]}
    if page.token is not None:
        payload["NextToken"] = page.token
    payload[UPDATED[1] if search.by == "updated" else CREATED[1]] = coarse(page.end)
    return json_reply({"payload": payload})


def _not_found(call: Call) -> Response:
    return Problem(f"Order {call.captures['orderId']} was not found.", 404, "NotFound").reply()


def _order(version: Version) -> dict[str, object]:
    order = version.order
    is_shipped = version.status == "shipped"
    is_payable = version.status in ("confirmed", "shipped")
    units = sum(item.units for item in version.items)
    view: dict[str, object] = {
        "AmazonOrderId": order.order_id,
        "SellerOrderId": order.order_id,
        "PurchaseDate": coarse(version.created_at),
        "LastUpdateDate": coarse(version.at),
        "OrderStatus": STATUSES[version.status][1],
        "FulfillmentChannel": version.channel,
        "SalesChannel": "Amazon.co.jp",
        "NumberOfItemsShipped": units if is_shipped else 0,
        "NumberOfItemsUnshipped": units if version.status == "confirmed" else 0,
        "PaymentMethod": "Other" if is_payable else "CVS",
        "MarketplaceId": MARKETPLACE_ID,
        "ShipmentServiceLevelCategory": "Standard",
        "OrderType": "StandardOrder",
        "IsBusinessOrder": False,
        "IsPrime": False,
        "IsPremiumOrder": False,
        "IsReplacementOrder": False,
        "IsISPU": False,
        "IsAccessPointOrder": False,
        "IsGlobalExpressEnabled": False,
        "HasRegulatedItems": False,
    }
    if is_payable:
        view["OrderTotal"] = _yen(PRICE_YEN * units)
        view["PaymentMethodDetails"] = ["CreditCard"]
        view["ShippingAddress"] = {
            "City": order.buyer.city,
            "StateOrRegion": order.buyer.prefecture,
            "PostalCode": order.buyer.zip_code,
            "CountryCode": "JP",
        }
        if version.channel == "MFN":
            view["BuyerInfo"] = {"BuyerEmail": order.buyer.mail}
    return view


def _yen(amount: int) -> Mapping[str, str]:
    return {"CurrencyCode": "JPY", "Amount": str(amount)}
