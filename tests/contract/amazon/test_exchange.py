"""The check of whole exchanges against Amazon's models: it must see what is wrong."""

import pytest

from tests.contract.amazon.exchange import Exchange, flaws_of, operations

ITEMS = "http://mall.test/listings/2021-08-01/items/A1"
PATCH = b'{"productType":"PRODUCT","patches":[{"op":"merge","path":"/attributes/x","value":[{}]}]}'
ACCEPTED = b'{"sku":"a b","status":"ACCEPTED","submissionId":"1","issues":[]}'
JSON = "application/json"


def patch(
    body: bytes = PATCH,
    answer: bytes = ACCEPTED,
    query: str = "?marketplaceIds=A1VC38T7YXB528&includedData=issues",
    status: int = 200,
    media_type: str = JSON,
) -> Exchange:
    return Exchange("PATCH", f"{ITEMS}/a%20b{query}", body, status, media_type, answer)


def test_an_exchange_as_the_models_want_it_has_no_flaw() -> None:
    assert flaws_of(patch()) == []
    lost = patch(status=0, answer=b"", media_type="")
    assert flaws_of(lost) == []


@pytest.mark.parametrize(
    ("exchange", "flaw"),
    [
        (patch(query=""), "patchListingsItem: ?marketplaceIds: missing"),
        (
            patch(query="?marketplaceIds=A&includedData=offers"),
            "patchListingsItem: ?includedData[0]: not of the list",
        ),
        (patch(query="?marketplaceIds=A&mood=good"), "patchListingsItem: ?mood: unknown"),
        (
            patch(query="?marketplaceIds=A&marketplaceIds=B"),
            "patchListingsItem: a parameter is given twice",
        ),
        (patch(body=b'{"productType":"P"}'), "patchListingsItem: body.patches: missing"),
        (patch(answer=b"{}"), "patchListingsItem: 200.sku: missing"),
        (patch(answer=b'{"sku'), "patchListingsItem: 200: not well-formed"),
        (patch(answer=b"<html>", media_type="text/html"), "patchListingsItem: 200: no JSON"),
        (patch(status=202), "patchListingsItem: 202: no such answer"),
        (patch(status=403, answer=b"[]"), "patchListingsItem: 403: no object"),
        (
            Exchange("GET", f"{ITEMS}?marketplaceIds=A&pageSize=21", b"", 0, "", b""),
            "searchListingsItems: ?pageSize: out of bounds",
        ),
        (
            Exchange("GET", f"{ITEMS}?marketplaceIds=A", b"{}", 0, "", b""),
            "searchListingsItems: a body where none is taken",
        ),
        (Exchange("GET", "http://mall.test/x", b"", 0, "", b""), "GET /x: no such operation"),
    ],
)
def test_a_flaw_is_told(exchange: Exchange, flaw: str) -> None:
    assert flaw in flaws_of(exchange)


def test_what_no_model_speaks_of_is_left_alone() -> None:
    assert flaws_of(Exchange("POST", "http://mall.test/auth/o2/token", b"x", 500, JSON, b"")) == []
    page = patch(status=502, answer=b"<html>", media_type="text/html")
    assert flaws_of(page) == []


def test_every_operation_is_known_by_its_method_and_path_alone() -> None:
    keys = [(operation.method, operation.path.pattern) for operation in operations()]
    assert len(set(keys)) == len(keys)
    assert {"searchOrders", "getOrderItems", "createFeed"} <= {one.id for one in operations()}
