"""Whatever bytes the mall sends, a call ends in its own result or in a MallError, nothing else."""

import copy
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.catalogue import ListingRef
from engine.connector import Connection, Reply, Request, StockWrite
from engine.faults import MallError
from tests.unit.malls.rakuten.pretend import Desk

Call = Callable[[Connection], Coroutine[Any, Any, object]]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
BODIES = [
    {"orderNumberList": ["a"], "PaginationResponseModel": {"totalRecordsAmount": 1}},
    {
        "MessageModelList": [
            {"messageType": "ERROR", "messageCode": "E", "orderNumber": "a"},
            {"messageType": "INFO", "messageCode": "ORDER_EXT_API_GET_ORDER_INFO_102"},
        ],
        "OrderModelList": [
            {
                "orderNumber": "a",
                "orderProgress": 300,
                "orderDatetime": "2026-03-10T08:41:07+0900",
                "OrdererModel": {"familyName": "KAIMONO-HANAKO"},
                "PackageModelList": [
                    {
                        "ItemModelList": [
                            {
                                "itemDetailId": 1,
                                "manageNumber": "tee",
                                "units": 2,
                                "SkuModelList": [{"variantId": "m", "skuInfo": "x"}],
                            }
                        ]
                    }
                ],
                "ChangeReasonModelList": [
                    {"changeType": 2, "changeCmplDatetime": "2026-03-10T08:41:07+0900"}
                ],
            }
        ],
    },
    {"inventories": [{"manageNumber": "i0", "variantId": "normal-inventory", "quantity": 1}]},
    {
        "nextCursorMark": "n",
        "results": [
            {
                "item": {
                    "manageNumber": "tee",
                    "images": [{"type": "GOLD", "location": "/x"}],
                    "variantSelectors": [{"key": "k", "displayName": "d"}],
                    "variants": {"m": {"selectorValues": {"k": "v"}, "articleNumber": {}}},
                }
            }
        ],
    },
    {"errors": [{"code": "IE0117", "metadata": {"propertyPath": "inventories[0].quantity"}}]},
    {"Results": {"errorCode": "ES01-01"}},
    {"expiryDate": "2026-06-07T23:59:59"},
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good body with one place replaced by anything, or cut short, or plain noise."""
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
        | st.integers(0, len(raw)).map(lambda end: raw[:end])
        | st.integers(0, len(raw)).map(lambda at: raw[:at] + b"\xff" + raw[at:])
        | st.just(b"[" * 50_000)
        | st.binary(max_size=20)
    )


CALLS: list[Call] = [
    lambda c: c.list_orders(0.0, 10.0, None, recheck=False),
    lambda c: c.fetch_orders(["a", "b"]),
    lambda c: c.read_stock([ListingRef("i0", "")]),
    lambda c: c.write_stock([StockWrite(ListingRef("i0", ""), -1, None)]),
    lambda c: c.write_stock([StockWrite(ListingRef(f"i{n}", ""), -1, None) for n in range(2)]),
    lambda c: c.read_catalogue(None),
    lambda c: c.check_credentials(),
]


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    raw=spoilt(),
    status=st.sampled_from([200, 200, 200, 204, 400, 401, 404, 500, 503]),
    call=st.sampled_from(CALLS),
)
def test_any_body_ends_in_a_result_or_a_mall_error(
    desk: Desk, raw: bytes, status: int, call: Call
) -> None:
    def answer(_: Request) -> Reply:
        return desk.reply(raw, status)

    result: object
    try:
        result = desk.run(call(desk.open(answer)))
    except MallError as error:
        result = (str(error), error.__cause__)
    assert "HANAKO" not in repr(result)
