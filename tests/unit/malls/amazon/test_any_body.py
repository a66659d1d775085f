"""Whatever bytes the mall sends, a call ends in its own result or in a MallError, nothing else."""

import copy
import gzip
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.catalogue import ListingRef
from engine.connector import Reply, Request, StockWrite
from engine.faults import MallError
from malls.amazon.connection import AmazonConnection
from tests.unit.malls.amazon.pretend import NOW, SECRETS, Desk, item, listing, order

Call = Callable[[AmazonConnection], Coroutine[Any, Any, object]]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
CUT = {"cancellationExecution": {"cancelledBy": "BUYER"}}
HEADER = {
    "AmazonOrderId": "a",
    "PurchaseDate": "2026-11-20T01:40:10Z",
    "LastUpdateDate": "2026-11-20T03:10:31Z",
    "OrderStatus": "Unshipped",
    "FulfillmentChannel": "MFN",
}
LISTING = listing(
    "i",
    attributes={
        "fulfillment_availability": [
            {
                "fulfillment_channel_code": "DEFAULT",
                "lead_time_to_ship_max_days": 3,
                "restock_date": "2026-12-10",
            }
        ],
        "externally_assigned_product_identifier": [{"type": "ean", "value": "4901234567894"}],
    },
)
BODIES: list[Any] = [
    {
        "orders": [order("a", orderItems=[item(cancellation=CUT)], buyer={"name": "HANAKO"})],
        "pagination": {"nextToken": "t"},
    },
    {"order": order("a")},
    {"payload": {"Orders": [HEADER], "NextToken": "t"}},
    {"payload": {**HEADER, "OrderItems": [{"OrderItemId": "1", "QuantityOrdered": 1}]}},
    {"numberOfResults": 1, "items": [LISTING], "pagination": {"nextToken": "t"}},
    LISTING,
    {"sku": "i", "status": "INVALID", "issues": [{"code": "1", "severity": "ERROR"}]},
    {"feedDocumentId": "d", "url": "https://files.example/x?y=z", "compressionAlgorithm": "GZIP"},
    {"feedId": "f", "processingStatus": "DONE", "resultFeedDocumentId": "d"},
    {
        "issues": [{"messageId": 1, "code": "1", "severity": "ERROR", "message": "x"}],
        "summary": {"messagesProcessed": 1, "messagesAccepted": 0, "messagesInvalid": 1},
    },
    {"errors": [{"code": "Unauthorized", "message": "HANAKO", "details": "token expired"}]},
    {"access_token": "Atza|x", "expires_in": 3600, "refresh_token": "Atzr|y"},
    {"error": "invalid_grant", "error_description": "HANAKO"},
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good body, or one with a place replaced by anything, or cut short, or plain noise."""
    body: Any = copy.deepcopy(draw(st.sampled_from(BODIES)))
    place = draw(st.sampled_from(list(paths(body))))
    if place:
        target = body
        for key in place[:-1]:
            target = target[key]
        target[place[-1]] = draw(ANYTHING)
    raw = json.dumps(body).encode()
    return draw(
        st.just(raw)
        | st.just(gzip.compress(raw))
        | st.integers(0, len(raw)).map(lambda end: raw[:end])
        | st.integers(0, len(raw)).map(lambda at: raw[:at] + b"\xff" + raw[at:])
        | st.just(b"[" * 50_000)
        | st.binary(max_size=20)
    )


async def poll(connection: AmazonConnection) -> object:
    page = await connection.list_orders(NOW - 600, NOW, None, recheck=True)
    orders = [mark.order for mark in page.marks][:20]
    fetched = await connection.fetch_orders(orders)
    assert len({mark.order for mark in page.marks}) < 21
    return page, fetched


REF = ListingRef("i", "")
CALLS: list[Call] = [
    poll,
    lambda c: c.fetch_orders(["a", "b"]),
    lambda c: c.read_stock([REF]),
    lambda c: c.read_stock([REF, ListingRef("a,b", "")]),
    lambda c: c.write_stock([StockWrite(REF, None, 1)]),
    lambda c: c.read_catalogue(None),
    lambda c: c.check_credentials(),
    lambda c: c.submit_feed([(1, StockWrite(REF, None, 1))]),
    lambda c: c.look_at_feed(f'["f",1,1,{NOW}]'),
]


@pytest.mark.slow
@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    raws=st.lists(spoilt(), min_size=1, max_size=3),
    status=st.sampled_from([200, 200, 200, 200, 202, 400, 401, 403, 404, 429, 500, 503]),
    call=st.sampled_from(CALLS),
    is_old=st.booleans(),
    is_token=st.booleans(),
)
def test_any_body_ends_in_a_result_or_a_mall_error(
    desk: Desk, raws: list[bytes], status: int, call: Call, is_old: bool, is_token: bool
) -> None:
    calls = 0

    def answer(_: Request) -> Reply:
        nonlocal calls
        calls += 1
        return desk_reply(raws[calls % len(raws)], status)

    connection = desk.open(answer, {"orders_api": "v0"} if is_old else {})
    if is_token:
        desk.transport.token_reply = lambda _: desk_reply(raws[0], status)
    result: object
    try:
        result = desk.run(call(connection))
    except MallError as error:
        result = (str(error), repr(error.__cause__), error.code, error.subject)
    assert "HANAKO" not in repr(result)
    assert not any(secret in repr(result) for secret in SECRETS)


def desk_reply(raw: bytes, status: int) -> Reply:
    return Reply(status=status, headers={}, body=raw, sent_at=NOW, received_at=NOW + 0.5)
