"""Whatever bytes the mall sends, a call ends in its own result or in a MallError, nothing else."""

import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.catalogue import ListingRef
from engine.connector import Reply, Request, StockWrite
from engine.faults import MallError
from malls.aupay.connection import AupayConnection
from malls.aupay.shelf import handle_of
from malls.aupay.wire import Node, Unreadable, last_day, moment, read_xml, whole
from tests.unit.malls.aupay.pretend import (
    MUG,
    NOW,
    OK,
    TEE,
    FakeTransport,
    answer,
    connect,
    line,
    order,
    run,
)

Call = Callable[[AupayConnection], Coroutine[Any, Any, object]]

WRITTEN = (
    "<response><result><status>1</status></result><updateResult><itemCode>mug-01</itemCode>"
    "<error><code>P</code></error></updateResult></response>"
)
BODIES = [
    f"<response>{OK}<resultCount>1</resultCount>{order('1', line(sub='-x'))}</response>",
    f"<response>{OK}<searchResult><maxCount>2</maxCount>{MUG}{TEE}</searchResult></response>",
    f"<response>{OK}<searchResult><resultItems/><itemInfo/></searchResult></response>",
    WRITTEN,
    "<response><result><status>1</status><error><code>C</code></error></result></response>",
]
METHODS = (
    "searchTradeInfoListProc", "searchTradeInfoProc", "searchStocks", "searchItemInfos",
    "searchItemInfo", "updateStock",
)  # fmt: skip


async def _orders(connection: AupayConnection) -> object:
    page = await connection.list_orders(NOW, NOW, None, recheck=True)
    return page, await connection.fetch_orders([mark.order for mark in page.marks])


CALLS: list[Call] = [
    _orders,
    lambda c: c.fetch_orders(["1", "2"]),
    lambda c: c.read_stock([ListingRef("mug-01", ""), ListingRef("tee-07", "-bk-m")]),
    lambda c: c.write_stock([StockWrite(ListingRef("mug-01", ""), None, 1)]),
    lambda c: c.write_stock([StockWrite(ListingRef("tee-07", "-bk-m"), None, 1)]),
    lambda c: c.read_catalogue(None),
    lambda c: c.read_catalogue('[2,9,0]'),
    lambda c: c.check_credentials(),
]  # fmt: skip


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good body with one stretch replaced, cut short, or plain noise."""
    raw = draw(st.sampled_from(BODIES)).encode()
    at, end = sorted((draw(st.integers(0, len(raw))), draw(st.integers(0, len(raw)))))
    piece = draw(
        st.sampled_from([b"", b"<", b"\xff", b"&#11;", b"-1", b"99999999999999999", b"</detail>"])
        | st.binary(max_size=8)
    )
    return draw(
        st.just(raw)
        | st.just(raw[:at] + piece + raw[min(end, at + 12) :])
        | st.just(raw[:end])
        | st.binary(max_size=20)
    )


@settings(max_examples=300, deadline=None)
@given(
    raws=st.lists(spoilt(), min_size=1, max_size=3),
    status=st.sampled_from([200, 200, 200, 204, 400, 401, 404, 500, 503]),
    call=st.sampled_from(CALLS),
)
def test_any_body_ends_in_a_result_or_a_mall_error(
    raws: list[bytes], status: int, call: Call
) -> None:
    turns = [0]

    def reply(_: Request) -> Reply:
        turns[0] += 1
        return answer(raws[turns[0] % len(raws)], status)

    transport = FakeTransport(**dict.fromkeys(METHODS, reply))
    result: object
    try:
        result = run(call(connect(transport)))
    except MallError as error:
        result = (str(error), error.__cause__)
    assert "HANAKO" not in repr(result)


@given(st.binary() | st.text("<>/&#x0b1;responutlai \n").map(str.encode))
def test_no_body_raises_anything_but_unreadable(body: bytes) -> None:
    root = None
    with contextlib.suppress(Unreadable):
        root = read_xml(body, frozenset({"result"}))
    assert root is None or isinstance(root, Node)


@given(st.text(max_size=30))
def test_any_text_is_a_time_a_number_a_handle_or_none(text: str) -> None:
    assert moment(text) is None or isinstance(moment(text), float)
    assert last_day(text) is None or isinstance(last_day(text), float)
    assert whole(text) is None or isinstance(whole(text), int)
    handle_of(ListingRef("a", "b", text))


def test_characters_xml_forbids_hide_no_page() -> None:
    body = b"<response><result>\x0b&#11;&#x1f;&#x0B;ok\t&#9;&#10;&#65;</result></response>"
    result = read_xml(body, frozenset({"result"})).first("result")
    assert result is not None
    assert result.text == "ok\t\t\nA"
