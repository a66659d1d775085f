"""Whatever bytes the mall sends, a call ends in its own result or in a MallError, nothing else."""

import copy
import json
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import ListingRef
from engine.connector import Reply, Request, StockWrite
from engine.faults import MallError
from malls.makeshop.connection import MakeshopConnection
from malls.makeshop.products import handle_of
from malls.makeshop.wire import last_day, moment, text, units
from tests.unit.malls.makeshop.pretend import (
    MUG,
    NOW,
    TEE,
    FakeTransport,
    answer,
    connect,
    order,
    product,
    run,
    variation,
)

Call = Callable[[MakeshopConnection], Coroutine[Any, Any, object]]

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
    | st.just(10**400),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)  # fmt: skip
NAMES = (
    "searchOrder", "searchProduct", "searchProductQuantity", "updateProductQuantity",
    "updateVariationQuantity", "getShop",
)  # fmt: skip
CONTENTS: list[dict[str, Any]] = [
    {"searchedCount": 1, "orders": [order("P1")]},
    {"productQuantities": [MUG, TEE]},
    {"searchedCount": 1, "products": [product(), product("t", variations=[variation("v")])]},
    {"failResult": [{"systemCode": "1", "message": "no"}]},
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(inner, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good body with one place replaced by anything, or cut short, or plain noise."""
    content = copy.deepcopy(draw(st.sampled_from(CONTENTS)))
    body: Any = {"data": dict.fromkeys(NAMES, content)}
    if draw(st.booleans()):
        body["errors"] = draw(ANYTHING)
    place = draw(st.sampled_from(list(paths(content))))
    if place:
        target = content
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


async def _orders(connection: MakeshopConnection) -> object:
    page = await connection.list_orders(NOW, NOW, None, recheck=True)
    return page, await connection.fetch_orders([mark.order for mark in page.marks])


CALLS: list[Call] = [
    _orders,
    lambda c: c.read_stock([ListingRef("mug-01", ""), ListingRef("tee-07", "tee-07-bk-l")]),
    lambda c: c.write_stock([StockWrite(ListingRef("mug-01", ""), 1, None)]),
    lambda c: c.write_stock([StockWrite(ListingRef("t", "v"), 1, None)]),
    lambda c: c.read_catalogue(None),
    lambda c: c.probe_quantity_mode("mug-01"),
    lambda c: c.check_credentials(),
]


@settings(max_examples=300, deadline=None)
@given(
    raws=st.lists(spoilt(), min_size=1, max_size=2),
    status=st.sampled_from([200, 200, 200, 204, 400, 401, 404, 422, 500, 503]),
    call=st.sampled_from(CALLS),
)
def test_any_body_ends_in_a_result_or_a_mall_error(
    raws: list[bytes], status: int, call: Call
) -> None:
    turns = [0]

    def reply(_: Request) -> Reply:
        turns[0] += 1
        return answer(raws[turns[0] % len(raws)], status)

    transport = FakeTransport(**dict.fromkeys(NAMES, reply))
    result: object
    try:
        result = run(call(connect(transport, {"quantity_mode": "relative"})))
    except MallError as error:
        result = (str(error), error.__cause__)
    assert "HANAKO" not in repr(result)


@given(st.text(max_size=30))
def test_any_text_is_a_time_a_number_a_handle_or_none(word: str) -> None:
    assert moment(word) is None or isinstance(moment(word), float)
    assert last_day(word) is None or isinstance(last_day(word), float)
    assert units(word) is None or isinstance(units(word), int)
    handle_of(ListingRef("a", "b", word))


def test_numbers_are_read_as_texts_and_counts() -> None:
    assert [text(native) for native in (7, " a ", None, True, 1.5, 10**20)] == [
        "7", "a", "", "", "", "",
    ]  # fmt: skip
    assert [units(native) for native in (7, "7", -1, True, 7.0, "x")] == [
        7, 7, None, None, None, None,
    ]  # fmt: skip
    assert moment("20261002091320") == moment("2026-10-02 09:13:20") == NOW
