"""A pretend Amazon: a transport that answers by a function, and bodies composed for these tests."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from engine.connector import Connection, Credentials, FeedConnection, Reply, Request, Session
from engine.faults import Family
from malls.amazon.card import MARKETPLACE_ID
from malls.amazon.connection import AmazonConnection
from tests.contract.amazon.model import fits

T = TypeVar("T")

CREDENTIALS = {
    "seller_id": "A2EXAMPLE0SELLR",
    "client_id": "amzn1.application-oa2-client.0123",
    "client_secret": "amzn1.oa2-cs.v1.hush",
    "refresh_token": "Atzr|IwEBhush",
}
SECRETS = ("hush", "Atza|")
NOW = 1_795_144_500.0
"""2026-11-20T03:15:00Z."""


def reply(body: object = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(
        status=status, headers=dict(headers or {}), body=raw, sent_at=NOW, received_at=NOW + 0.5
    )


def failed(status: int, code: str, message: str = "", details: str | None = None) -> Reply:
    entry = {"code": code, "message": message}
    if details is not None:
        entry["details"] = details
    return reply(fits("orders", "ErrorList", {"errors": [entry]}), status)


def unauthorized(details: str = "") -> Reply:
    return failed(403, "Unauthorized", "Access to requested resource is denied.", details)


class FakeTransport:
    """Answers token requests by itself, and each other request with the next reply."""

    def __init__(self, answers: Sequence[Reply] | Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self.token_requests: list[Request] = []
        self.token_reply: Callable[[int], Reply] = lambda number: reply(
            {
                "access_token": f"Atza|{number}",
                "refresh_token": CREDENTIALS["refresh_token"],
                "token_type": "bearer",
                "expires_in": 3600,
            }
        )
        self.time = NOW
        self._answers = answers if callable(answers) else iter(answers)

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        if request.family is Family.AUTH:
            self.token_requests.append(request)
            # A renewal takes its time: others that want the token come meanwhile.
            await asyncio.sleep(0)
            answer = self.token_reply(len(self.token_requests))
        else:
            self.requests.append(request)
            answers = self._answers
            answer = answers(request) if callable(answers) else next(answers)
        judge(answer)
        return answer

    def now(self) -> float:
        return self.time

    def body(self, place: int = -1) -> Any:
        return json.loads(self.requests[place].body)

    def params(self, place: int = -1) -> dict[str, str]:
        return dict(self.requests[place].params)

    def form(self, place: int = -1) -> dict[str, str]:
        return dict(parse_qsl(self.token_requests[place].body.decode()))


class Desk:
    """Opens connections whose mall answers as told."""

    def __init__(self) -> None:
        self.transport = FakeTransport(())
        self.saved: list[Credentials] = []

    def open(
        self,
        answers: Reply | Sequence[Reply] | Callable[[Request], Reply] = (),
        switches: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
    ) -> AmazonConnection:
        async def save(credentials: Credentials) -> None:
            self.saved.append(credentials)

        self.transport = FakeTransport((answers,) if isinstance(answers, Reply) else answers)
        return AmazonConnection(
            Session(
                transport=self.transport,
                credentials=CREDENTIALS if credentials is None else credentials,
                switches=switches or {},
                save_credentials=save,
            )
        )

    @staticmethod
    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)


def is_connection(connection: AmazonConnection) -> tuple[Connection, FeedConnection]:
    """The promises, as the type checker sees them."""
    return connection, connection


# --- bodies -------------------------------------------------------------------------------------


def item(line: str = "40275519382061", sku: str = "TEA-100-GRN", **changes: object) -> Any:
    return {
        "orderItemId": line,
        "quantityOrdered": 1,
        "product": {"asin": "B0EXAMPLE1", "title": sku, "sellerSku": sku},
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 1},
        **changes,
    }


def order(number: str = "250-4410286-7733021", **changes: Any) -> Any:
    """An order of 2026-01-01; `status` and `by` are short for its fulfilment."""
    status, by = changes.pop("status", "UNSHIPPED"), changes.pop("by", "MERCHANT")
    return {
        "orderId": number,
        "createdTime": "2026-11-20T03:12:44.118Z",
        "lastUpdatedTime": "2026-11-20T03:13:02.007Z",
        "programs": [],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": MARKETPLACE_ID},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": by},
        "orderItems": [item()],
        **changes,
    }


def orders_reply(*orders: Any, token: str = "") -> Reply:
    body: dict[str, Any] = {"orders": list(orders), "lastUpdatedBefore": "2026-11-20T03:13:00Z"}
    if token:
        body["pagination"] = {"nextToken": token}
    return reply(fits("orders", "SearchOrdersResponse", body))


def listing(
    sku: str = "TEA-100-GRN", quantity: int | None = 7, channel: str = "DEFAULT", **changes: object
) -> Any:
    availability: dict[str, object] = {"fulfillmentChannelCode": channel}
    if quantity is not None:
        availability["quantity"] = quantity
    return {
        "sku": sku,
        "summaries": [
            {
                "marketplaceId": MARKETPLACE_ID,
                "asin": "B0EXAMPLE1",
                "productType": "TEA",
                "status": ["BUYABLE"],
                "itemName": "緑茶 100g",
                "createdDate": "2024-05-01T02:03:04Z",
                "lastUpdatedDate": "2026-11-20T03:00:00Z",
            }
        ],
        "fulfillmentAvailability": [availability],
        **changes,
    }


def listings_reply(*items: Any, token: str = "", found: int | None = None) -> Reply:
    body: dict[str, Any] = {
        "numberOfResults": len(items) if found is None else found,
        "items": list(items),
    }
    if token:
        body["pagination"] = {"nextToken": token}
    return reply(fits("listings", "ItemSearchResults", body))


def listing_reply(body: Any = None) -> Reply:
    return reply(fits("listings", "Item", listing() if body is None else body))


def submission(status: str = "ACCEPTED", sku: str = "TEA-100-GRN", *issues: Any) -> Reply:
    body = {"sku": sku, "status": status, "submissionId": "7afe", "issues": list(issues)}
    return reply(fits("listings", "ListingsItemSubmissionResponse", body))
