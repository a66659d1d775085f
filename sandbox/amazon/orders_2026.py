"""Orders API 2026-01-01: searchOrders and getOrder. Contract: section 2.

What is not asked for by `includedData` is not there: no status and no channel without FULFILLMENT,
no cancels without CANCELLATION, no buyer without BUYER and RECIPIENT.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from starlette.responses import Response

from sandbox.amazon.answers import (
    MARKETPLACE_ID,
    Problem,
    bounded,
    chosen,
    csv,
    denied,
    json_reply,
    wrong_marketplace,
    yen,
)
from sandbox.amazon.catalogue import PRICE_YEN, asin
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.order_index import Channel, ItemVersion, OrderIndex, Version
from sandbox.amazon.order_search import PAGE_MAX, STATUSES, Search, find_page, read_window
from sandbox.amazon.stamps import fine
from sandbox.mall import Call, Endpoint
from sandbox.pacing import Rate
from sandbox.shop import Shop

PATH = "/orders/2026-01-01/orders"
INCLUDED = (
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
)
ALL_STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
FULFILLERS: Mapping[str, Channel] = {"MERCHANT": "MFN", "AMAZON": "AFN"}
POINTS = 20

Included = frozenset[str]


class Orders2026:
    """The newer Orders API."""

    def __init__(self, shop: Shop, index: OrderIndex, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._index = index
        self._knobs = knobs

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        return [
            Endpoint("GET", PATH, "orders", self._search, Rate(0.0056, 20)),
            Endpoint("GET", f"{PATH}/{{orderId}}", "orders", self._get, Rate(0.5, 30)),
        ]

    def _search(self, call: Call) -> Response:
        search = self._read_search(call)
        if isinstance(search, Problem):
            return search.reply()
        included = self._included(call)
        if not isinstance(included, frozenset):
            return included
        limit = bounded(call.query, "maxResultsPerPage", PAGE_MAX, PAGE_MAX)
        if isinstance(limit, Problem):
            return limit.reply()
        token = call.query.get("paginationToken")
        page = find_page(self._shop, self._index, call, search, token, limit)
        if isinstance(page, Problem):
            return page.reply()
        body: dict[str, object] = {
            "orders": [self._order(version, included) for version in page.versions]
        }
        if page.token is not None:
            body["pagination"] = {"nextToken": page.token}
        bound = "lastUpdatedBefore" if search.by == "updated" else "createdBefore"
        body[bound] = fine(page.end)
        return json_reply(body)

    def _get(self, call: Call) -> Response:
        included = self._included(call)
        if not isinstance(included, frozenset):
            return included
        version = self._index.find(call.captures["orderId"])
        if version is None:
            text = f"Order {call.captures['orderId']} was not found."
            return Problem(text, 404, "NotFound").reply()
        return json_reply({"order": self._order(version, included)})

    def _read_search(self, call: Call) -> Search | Problem:
        query = call.query
        window = read_window(
            query,
            self._shop.clock,
            ("lastUpdatedAfter", "lastUpdatedBefore"),
            ("createdAfter", "createdBefore"),
        )
        if isinstance(window, Problem):
            return window
        statuses = chosen(query, "fulfillmentStatuses", ALL_STATUSES)
        if isinstance(statuses, Problem):
            return statuses
        fulfillers = chosen(query, "fulfilledBy", tuple(FULFILLERS))
        if isinstance(fulfillers, Problem):
            return fulfillers
        marketplaces = csv(query, "marketplaceIds")
        if marketplaces and (problem := wrong_marketplace(marketplaces, "marketplaceIds")):
            return problem
        channels = tuple(sorted({FULFILLERS[name] for name in fulfillers}))
        return Search(*window, tuple(sorted(set(statuses))), channels)

    def _included(self, call: Call) -> Included | Response:
        values = chosen(call.query, "includedData", INCLUDED)
        if isinstance(values, Problem):
            return values.reply()
        included = frozenset(values)
        if not self._knobs().buyer_role and included & {"BUYER", "RECIPIENT"}:
            return denied()
        return included

    # -- one order -----------------------------------------------------------------------------

    def _order(self, version: Version, included: Included) -> dict[str, object]:
        order = version.order
        view: dict[str, object] = {
            "orderId": order.order_id,
            "orderAliases": [{"aliasId": order.order_id, "aliasType": "SELLER_ORDER_ID"}],
            "createdTime": fine(version.created_at),
            "lastUpdatedTime": fine(version.at),
            "programs": [],
            "salesChannel": {
                "channelName": "AMAZON",
                "marketplaceId": MARKETPLACE_ID,
                "marketplaceName": "Amazon.co.jp",
            },
        }
        is_open = version.status == "new"
        if "FULFILLMENT" in included:
            view["fulfillment"] = {
                "fulfillmentStatus": STATUSES[version.status][0],
                "fulfilledBy": "MERCHANT" if version.channel == "MFN" else "AMAZON",
                "fulfillmentServiceLevel": "STANDARD",
            }
        # Who buys, where to, and for how much is not told while the order is pending.
        if not is_open:
            view |= _private(version, included)
        view["orderItems"] = [self._item(version, item, included) for item in version.items]
        return view

    def _item(self, version: Version, item: ItemVersion, included: Included) -> dict[str, object]:
        knobs = self._knobs()
        units = 0 if version.status == "cancelled" else item.units
        ordered = item.units
        if version.status == "cancelled" and knobs.cancelled_is_zero:
            ordered = 0
        elif knobs.partial_cancel == "unfulfilled":
            ordered = max(item.units, item.original)
        product: dict[str, object] = {"asin": asin(item.sku), "title": item.title}
        if item.sku != knobs.unnamed_sku:
            product["sellerSku"] = item.sku
        product["condition"] = {"conditionType": "NEW", "conditionSubtype": "NEW"}
        view: dict[str, object] = {
            "orderItemId": item_id(version, item),
            "quantityOrdered": ordered,
            "product": product,
        }
        if version.status != "new":
            product["price"] = {"unitPrice": yen(PRICE_YEN)}
            if "PROCEEDS" in included:
                view["proceeds"] = {"proceedsTotal": yen(PRICE_YEN * units)}
            if "EXPENSE" in included:
                granted = {"pointsNumber": POINTS, "pointsMonetaryValue": yen(POINTS)}
                view["expense"] = {"pointsCost": {"pointsGranted": granted}}
        if "FULFILLMENT" in included:
            shipped = units if version.status == "shipped" else 0
            view["fulfillment"] = {
                "quantityFulfilled": shipped,
                "quantityUnfulfilled": units - shipped,
            }
        if "CANCELLATION" in included and (cancellation := _cancellation(version, item)):
            view["cancellation"] = cancellation
        return view


def item_id(version: Version, item: ItemVersion) -> str:
    """Return the 14 digits of an order item."""
    return f"40{version.order.number:08d}{item.line_id:04d}"


def _cancellation(version: Version, item: ItemVersion) -> dict[str, object]:
    cancellation: dict[str, object] = {}
    if version.cancel_asked:
        cancellation["cancellationRequest"] = {
            "requester": "BUYER",
            "cancelReason": "Ordered by mistake",
        }
    if version.status == "cancelled" or item.units == 0:
        by = version.cancelled_by or "MERCHANT"
        cancellation["cancellationExecution"] = {
            "cancelledBy": by,
            "cancelReason": "Buyer canceled" if by == "BUYER" else "No inventory",
        }
    return cancellation


def _private(version: Version, included: Included) -> dict[str, object]:
    """Return what only callers with a reason ask for."""
    order = version.order
    who = order.buyer
    view: dict[str, object] = {}
    if "BUYER" in included:
        view["buyer"] = {"buyerName": who.name}
        if version.channel == "MFN":
            view["buyer"] = {"buyerName": who.name, "buyerEmail": who.mail}
    if "RECIPIENT" in included and version.status != "cancelled":
        view["recipient"] = {
            "deliveryAddress": {
                "name": who.name,
                "addressLine1": who.street,
                "city": who.city,
                "stateOrRegion": who.prefecture,
                "postalCode": who.zip_code,
                "countryCode": "JP",
                "phone": who.phone,
                "addressType": "RESIDENTIAL",
            }
        }
    if "PROCEEDS" in included:
        view["proceeds"] = {"grandTotal": yen(PRICE_YEN * _units(version.items))}
    if "PAYMENT" in included:
        view["payment"] = {"paymentExecutions": [{"paymentMethod": "CreditCard"}]}
    if "PACKAGES" in included and version.shipped_at is not None:
        view["packages"] = [
            {
                "packageReferenceId": "1",
                "createdTime": fine(version.shipped_at),
                "packageStatus": {"status": "SHIPPED"},
                "carrier": "YAMATO",
                "shipTime": fine(version.shipped_at),
                "packageItems": [
                    {"orderItemId": item_id(version, item), "quantity": item.units}
                    for item in version.items
                ],
            }
        ]
    return view


def _units(items: Sequence[ItemVersion]) -> int:
    return sum(item.units for item in items)
