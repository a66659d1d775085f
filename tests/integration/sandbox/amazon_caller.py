"""A plain caller of the pretend Amazon: no connector code, only the wire.

Every answer that claims to follow one of Amazon's models is held against it here.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx

from sandbox.server import Running, running
from tests.contract.amazon import model as schema
from tests.integration.sandbox.rakuten_caller import until

FAST = 600.0  # rates do not matter, the lag of orders is 0.2 s, a push is live within a second
MARKET = "A1VC38T7YXB528"
ORDERS = "/orders/2026-01-01/orders"
ORDERS_V0 = "/orders/v0/orders"
INCLUDED = "FULFILLMENT,CANCELLATION"
CONTENT_TYPE = "application/json; charset=UTF-8"

Json = Any
Model = tuple[str, str]


class Caller:
    """One HTTP client of one pretend Amazon."""

    def __init__(self, mall: Running) -> None:
        # Without TLS there is nothing to verify, and loading the certificates takes 35 ms.
        self.client = httpx.Client(
            base_url=mall.url,
            trust_env=False,
            verify=False,  # noqa: S501
            timeout=10,
        )
        self.mall = mall
        self.credentials: Mapping[str, str] = {}
        self.access_token = ""
        self.use(mall.credentials)

    def use(self, credentials: Mapping[str, str]) -> None:
        """Log in with these from now on."""
        self.credentials = credentials
        self.access_token = self.token().json().get("access_token", "")

    # -- side door -----------------------------------------------------------------------------

    def door(self, path: str, body: object, status: int = 200) -> Json:
        """Post to the side door and expect a status."""
        reply = self.client.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def state(self) -> Json:
        """Return the true state."""
        return self.client.get("/_sandbox/state").json()

    def item(self, code: str, quantity: int = 0, **more: object) -> None:
        """Put one listing on the shelf."""
        self.door("items", [{"code": code, "quantity": quantity, **more}])

    def row(self, code: str) -> Json:
        """Return the true row."""
        return next(row for row in self.state()["items"] if row["code"] == code)

    def quantity(self, code: str) -> int:
        """Return the true quantity."""
        return int(self.row(code)["quantity"])

    def order(self, code: str, units: int = 1, **more: object) -> str:
        """Let a shopper order one line."""
        lines = [{"code": code, "quantity": units}]
        return str(self.door("orders", {"lines": lines, **more})["order_id"])

    def change(self, order_id: str, **change: object) -> None:
        """Change an order as staff or buyer."""
        self.door(f"orders/{order_id}", change)

    def fault(self, kind: str, **more: object) -> None:
        """Queue a fault."""
        self.door("faults", {"kind": kind, **more})

    def knob(self, **knobs: object) -> None:
        """Turn switches of the mall."""
        self.door("knobs", knobs)

    # -- login ---------------------------------------------------------------------------------

    def token(self, **form: str) -> httpx.Response:
        """Ask for an access token."""
        whole = {
            "grant_type": "refresh_token",
            "refresh_token": self.credentials["refresh_token"],
            "client_id": self.credentials["client_id"],
            "client_secret": self.credentials["client_secret"],
            **form,
        }
        return self.client.post("/auth/o2/token", data=whole)

    def call(
        self, method: str, path: str, model: Model | None = None, **more: Any
    ) -> httpx.Response:
        """Call the API; a 2xx must follow the model, a JSON error the official error list."""
        headers = {"x-amz-access-token": self.access_token, **more.pop("headers", {})}
        reply = self.client.request(method, path, headers=headers, **more)
        if reply.is_success and model is not None:
            assert schema.flaws(reply.json(), model) == []
        if reply.is_error and "json" in reply.headers["content-type"]:
            assert schema.flaws(reply.json(), schema.ERRORS) == []
        return reply

    # -- orders --------------------------------------------------------------------------------

    def search(self, **query: object) -> httpx.Response:
        """Call searchOrders over the last hour."""
        if "createdAfter" not in query:
            query.setdefault("lastUpdatedAfter", stamp(time.time() - 3_600))
        query.setdefault("includedData", INCLUDED)
        return self.call("GET", ORDERS, schema.SEARCH_ORDERS, params=query)

    def orders(self, **query: object) -> list[Json]:
        """Return the orders of the first page."""
        reply = self.search(**query)
        assert reply.status_code == 200, reply.text
        return list(reply.json()["orders"])

    def order_ids(self, **query: object) -> list[str]:
        """Return their ids."""
        return [order["orderId"] for order in self.orders(**query)]

    def one(self, order_id: str, included: str = INCLUDED) -> Json:
        """Return one order, which must be there."""
        path = f"{ORDERS}/{order_id}"
        reply = self.call("GET", path, schema.GET_ORDER, params={"includedData": included})
        assert reply.status_code == 200, reply.text
        return reply.json()["order"]

    def shown(self, order_id: str, status: str) -> Json:
        """Wait until an order shows in this status, and return it."""
        until(lambda: self.status(order_id) == status)
        return self.one(order_id)

    def status(self, order_id: str) -> str:
        """Return the status that shows, or nothing."""
        path = f"{ORDERS}/{order_id}"
        reply = self.call("GET", path, schema.GET_ORDER, params={"includedData": INCLUDED})
        if reply.status_code == 404:
            return ""
        return str(reply.json()["order"]["fulfillment"]["fulfillmentStatus"])

    def v0(self, **query: object) -> httpx.Response:
        """Call getOrders over the last hour."""
        whole = {"MarketplaceIds": MARKET, **query}
        if not {"CreatedAfter", "NextToken", "AmazonOrderIds"} & set(query):
            whole.setdefault("LastUpdatedAfter", stamp(time.time() - 3_600))
        return self.call("GET", ORDERS_V0, schema.V0_ORDERS, params=whole)

    # -- listings ------------------------------------------------------------------------------

    def path(self, sku: str) -> str:
        """Return a listing's path."""
        return f"/listings/2021-08-01/items/{self.credentials['seller_id']}/{quote(sku, safe='')}"

    def listing(
        self, sku: str, included: str = "summaries,attributes,fulfillmentAvailability,issues"
    ) -> httpx.Response:
        """Call getListingsItem."""
        query = {"marketplaceIds": MARKET, "includedData": included}
        return self.call("GET", self.path(sku), schema.ITEM, params=query)

    def read(self, sku: str) -> int | None:
        """Return the quantity that a read shows."""
        found = self.listing(sku).json()["fulfillmentAvailability"]
        return found[0].get("quantity") if found else None

    def listings(self, **query: object) -> httpx.Response:
        """Call searchListingsItems."""
        path = f"/listings/2021-08-01/items/{self.credentials['seller_id']}"
        whole = {"marketplaceIds": MARKET, **query}
        return self.call("GET", path, schema.ITEMS, params=whole)

    def patch(self, sku: str, *patches: Json, **query: str) -> httpx.Response:
        """Call patchListingsItem."""
        body = {"productType": "PRODUCT", "patches": list(patches)}
        whole = {"marketplaceIds": MARKET, **query}
        return self.call("PATCH", self.path(sku), schema.SUBMISSION, params=whole, json=body)

    def push(self, sku: str, quantity: object, op: str = "merge", **more: Any) -> httpx.Response:
        """Push a quantity."""
        return self.patch(sku, availability(op, quantity=quantity, **more))

    # -- feeds ---------------------------------------------------------------------------------

    def upload(self, body: bytes, content_type: str = CONTENT_TYPE) -> str:
        """Make a feed document and upload it; returns its id."""
        path = "/feeds/2021-06-30/documents"
        made = self.call("POST", path, schema.NEW_FEED_DOCUMENT, json={"contentType": CONTENT_TYPE})
        assert made.status_code == 201, made.text
        put = self.client.put(
            made.json()["url"], content=body, headers={"Content-Type": content_type}
        )
        assert put.status_code == 200, put.text
        return str(made.json()["feedDocumentId"])

    def create_feed(self, document_id: str, kind: str = "JSON_LISTINGS_FEED") -> httpx.Response:
        """Submit an uploaded document."""
        body = {
            "feedType": kind,
            "marketplaceIds": [MARKET],
            "inputFeedDocumentId": document_id,
        }
        return self.call("POST", "/feeds/2021-06-30/feeds", schema.NEW_FEED, json=body)

    def feed(self, feed_id: str) -> Json:
        """Return one feed."""
        reply = self.call("GET", f"/feeds/2021-06-30/feeds/{feed_id}", schema.FEED)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def finished(self, feed_id: str) -> Json:
        """Wait for the end of a feed."""
        until(lambda: self.feed(feed_id)["processingStatus"] in ("DONE", "FATAL", "CANCELLED"))
        return self.feed(feed_id)

    def processing_report(self, feed: Json) -> Json:
        """Download and check a processing report."""
        path = f"/feeds/2021-06-30/documents/{feed['resultFeedDocumentId']}"
        found = self.call("GET", path, schema.FEED_DOCUMENT).json()
        body = self.client.get(found["url"]).content
        if found.get("compressionAlgorithm") == "GZIP":
            body = gzip.decompress(body)
        report = httpx.Response(200, content=body).json()
        assert schema.flaws(report, schema.PROCESSING_REPORT) == []
        return report


def availability(op: str, channel: object = "DEFAULT", **fields: Any) -> Json:
    """One patch of the availability; a quantity of None is left out."""
    value = {"fulfillment_channel_code": channel, **fields}
    if value.get("quantity", 0) is None:
        del value["quantity"]
    return {"op": op, "path": "/attributes/fulfillment_availability", "value": [value]}


def message(number: int, sku: str, quantity: object, op: str = "merge") -> Json:
    """One message of a feed."""
    return {
        "messageId": number,
        "sku": sku,
        "operationType": "PATCH",
        "productType": "PRODUCT",
        "patches": [availability(op, quantity=quantity)],
    }


def stamp(at: float) -> str:
    """Write a moment as requests do."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def error(reply: httpx.Response) -> tuple[int, str, str]:
    """Return status, code and details of a refusal."""
    found = reply.json()["errors"][0]
    return reply.status_code, found["code"], found.get("details", "")


@contextmanager
def pretend_amazon(speed: float = FAST, **knobs: object) -> Iterator[Caller]:
    """Open an empty shop and a caller who is logged in."""
    with running("amazon", speed=speed) as mall:
        caller = Caller(mall)
        try:
            if knobs:
                caller.knob(**knobs)
            yield caller
        finally:
            caller.client.close()
