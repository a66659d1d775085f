"""The check against Amazon's models itself: it must see what is wrong."""

from typing import Any

import pytest

from tests.contract.amazon.model import wrong
from tests.unit.malls.amazon.pretend import order

MERGE = {"op": "merge", "path": "/attributes/x", "value": [{"quantity": 1}]}
MESSAGE = {
    "messageId": 1,
    "sku": "A",
    "operationType": "PATCH",
    "productType": "PRODUCT",
    "patches": [MERGE],
}


@pytest.mark.parametrize(
    ("api", "name", "body", "complaint"),
    [
        ("orders", "SearchOrdersResponse", {"orders": [order()]}, ""),
        ("orders", "SearchOrdersResponse", {}, "$.orders: missing"),
        ("orders", "SearchOrdersResponse", {"orders": 1}, "$.orders: no array"),
        ("orders", "SearchOrdersResponse", {"orders": [], "x": 1}, "$.x: unknown"),
        (
            "orders",
            "SearchOrdersResponse",
            {"orders": [order(status="Canceled")]},
            "$.orders[0].fulfillment.fulfillmentStatus: not of the list",
        ),
        (
            "listings",
            "ListingsItemPatchRequest",
            {"productType": "P", "patches": []},
            "$.patches: out of bounds",
        ),
        (
            "feed",
            "Feed",
            {"header": {"sellerId": "A", "version": "2.0"}, "messages": [MESSAGE]},
            "",
        ),
        (
            "feed",
            "Feed",
            {
                "header": {"sellerId": "A", "version": "2.0"},
                "messages": [{**MESSAGE, "attributes": {"a": 1}}],
            },
            "$.messages[0]: meets 0 of the alternatives",
        ),
        (
            "feed",
            "Feed",
            {
                "header": {"sellerId": "A", "version": "1.0"},
                "messages": [{**MESSAGE, "messageId": True}],
            },
            "$.messages[0].messageId: no integer",
        ),
    ],
)
def test_what_is_wrong_is_told(api: str, name: str, body: Any, complaint: str) -> None:
    found = wrong(api, name, body)
    assert complaint in found if complaint else found == []
