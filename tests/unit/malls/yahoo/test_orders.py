"""The order list and the orders: marks, snapshots, the odd ones, and nothing of a buyer."""

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connector import OrderPage, OrdersFetched, Reply
from engine.faults import UNCLASSIFIED, Done, Family, MallError
from engine.snapshot import OrderLine, OrderSnapshot
from malls.yahoo import orders
from malls.yahoo.connection import connect
from malls.yahoo.wire import moment
from tests.unit.malls.yahoo.pretend import NOW, XML, FakeTransport, answer, error, session

PLACED = "2026-09-16T10:02:03+09:00"
TOUCHED = "2026-09-16T11:00:00+09:00"
ITEM = {"LineId": "1", "ItemId": "mug-100", "SubCode": "mug-100-bl", "Quantity": "2"}


def fields(**values: str) -> str:
    return "".join(f"<{name}>{value}</{name}>" for name, value in values.items())


def listed(*rows: Mapping[str, str], total: int | None = None) -> Reply:
    found = "".join(f"<OrderInfo>{fields(**row)}</OrderInfo>" for row in rows)
    count = len(rows) if total is None else total
    return answer(
        f"{XML}<Result><Status>OK</Status><Search><TotalCount>{count}</TotalCount>{found}</Search>"
        "</Result>"
    )


def row(order: str = "demo-store-1", **values: str) -> dict[str, str]:
    return {
        "OrderId": order, "Version": "1", "OrderTime": PLACED, "LastUpdateTime": PLACED,
        "OrderStatus": "2", **values,
    }  # fmt: skip


def told(*items: Mapping[str, str], order: str = "demo-store-1", **values: str) -> Reply:
    lines = "".join(f"<Item>{fields(**item)}</Item>" for item in items or (ITEM,))
    return answer(
        f"{XML}<ResultSet><Result><Status>OK</Status><OrderInfo>{fields(**row(order, **values))}"
        f"<Ship><ShipLastName>山田</ShipLastName></Ship><BillMailAddress>a@b.c</BillMailAddress>"
        f"{lines}</OrderInfo></Result></ResultSet>"
    )


def list_page(
    reply: Reply, cursor: str | None = None, start: float = NOW, end: float = NOW + 60
) -> tuple[OrderPage, FakeTransport]:
    transport = FakeTransport(orderList=reply)
    connection = connect(session(transport))
    page = asyncio.run(connection.list_orders(start, end, cursor, recheck=False))
    return page, transport


def fetch(
    *replies: Reply | Exception,
    asked: Sequence[str] = ("demo-store-1",),
    count: Reply | None = None,
    **switches: str,
) -> OrdersFetched:
    transport = FakeTransport(
        orderInfo=list(replies),
        orderCount=count or answer("<ResultSet><Result><Status>OK</Status></Result></ResultSet>"),
    )
    return asyncio.run(connect(session(transport, switches=switches)).fetch_orders(asked))


def only(fetched: OrdersFetched) -> OrderSnapshot:
    assert not fetched.unreadable
    (order,) = fetched.orders
    return order


def test_the_list_asks_for_everything_from_the_first_second_on() -> None:
    _, transport = list_page(listed(), start=NOW + 0.7, end=NOW + 59.2)
    body = transport.calls("orderList")[0].body.decode()
    assert "<Result>2000</Result><Start>1</Start><Sort>+order_time</Sort>" in body
    assert "<OrderTimeFrom>20260916100000</OrderTimeFrom>" in body
    assert "<OrderTimeTo>20260916100100</OrderTimeTo>" in body
    assert "<ReadOnlyMode>2</ReadOnlyMode>" in body
    assert "OrderStatus>" not in body
    assert not re.search(r"Bill|Ship|Title|Buyer", body)


def test_a_mark_tells_status_version_and_update_time() -> None:
    page, _ = list_page(listed(row(), row("demo-store-2", OrderStatus="4", Version="3")))
    assert (page.total, page.next_cursor, page.sent_at) == (2, None, NOW)
    first, second = page.marks
    assert (first.order, first.stamp) == ("demo-store-1", moment(PLACED))
    assert first.mark == f"2/1/{int(moment(PLACED) or 0)}"
    assert second.mark.startswith("4/3/")


@pytest.mark.parametrize("hidden", [{"OrderStatus": ""}, {"Version": "", "LastUpdateTime": ""}])
def test_a_row_that_cannot_tell_a_change_has_no_mark(hidden: dict[str, str]) -> None:
    page, _ = list_page(listed(row(**hidden)))
    assert page.marks[0].mark == ""


def test_pages_go_on_after_the_rows_that_came() -> None:
    page, _ = list_page(listed(row("a"), row("b"), total=5))
    assert page.next_cursor == "3"
    page, transport = list_page(listed(row("c"), row("d"), row("e"), total=5), "3")
    assert page.next_cursor is None
    assert b"<Start>3</Start>" in transport.calls("orderList")[0].body


@pytest.mark.parametrize(
    "reply",
    [
        listed(total=3),
        listed({"OrderTime": PLACED}),
        answer("<Result><Status>OK</Status></Result>"),
        answer("<Result><Status>OK</Status><Search/></Result>"),
        answer("<Result><Search><TotalCount>many</TotalCount></Search></Result>"),
    ],
)
def test_a_list_that_promises_more_than_it_shows_is_unreadable(reply: Reply) -> None:
    with pytest.raises(MallError) as caught:
        list_page(reply)
    assert caught.value.code == "unreadable"


def test_an_order_reads_as_one_snapshot() -> None:
    tray = {"LineId": "2", "ItemId": "tray-7", "SubCode": "", "Quantity": "1", "OriginalNum": "9"}
    order = only(fetch(told(ITEM, tray)))
    assert order.lines == (
        OrderLine("1", "mug-100", "mug-100-bl", 2, 2),
        OrderLine("2", "tray-7", "", 1, 1),
    )
    assert (order.stamp, order.read_from, order.read_until) == (moment(PLACED), NOW, NOW + 1)
    assert (order.status, order.cancelled, order.edited, order.counts) == (
        "処理中", False, False, True,
    )  # fmt: skip
    assert (order.changed_at, order.parent) == (None, "")


def test_the_mark_of_an_order_is_the_one_its_list_shows() -> None:
    page, _ = list_page(listed(row(Version="3", LastUpdateTime=TOUCHED)))
    order = only(fetch(told(Version="3", LastUpdateTime=TOUCHED)))
    assert order.mark == page.marks[0].mark


def test_nothing_of_a_buyer_is_asked_for_or_kept() -> None:
    transport = FakeTransport(orderInfo=told())
    fetched = asyncio.run(connect(session(transport)).fetch_orders(["demo-store-1"]))
    kept = msgspec.json.encode(fetched).decode()
    assert "山田" not in kept
    assert "a@b.c" not in kept
    asked = transport.calls("orderInfo")[0].body.decode()
    assert not re.search(r"Bill|Ship|Buyer|Title|Inscription", asked)


def test_a_cancelled_order_takes_nothing() -> None:
    order = only(fetch(told(OrderStatus="4", CancelReason="210")))
    assert (order.cancelled, order.lines[0].quantity, order.lines[0].original) == (True, 0, 2)
    assert order.lines[0].restocks is None
    assert order.status == "キャンセル（理由 210）"


@pytest.mark.parametrize(
    ("values", "edited"),
    [
        ({"Version": "1", "HistoryId": "1"}, False),
        ({"Version": "1", "LastUpdateTime": TOUCHED}, False),
        ({"Version": "2"}, True),
        ({"Version": "1", "HistoryId": "2"}, True),
        ({"Version": "odd"}, True),
        ({"Version": ""}, False),
        ({"Version": "", "LastUpdateTime": TOUCHED}, True),
    ],
)
def test_a_counter_above_one_may_be_an_edit(values: dict[str, str], edited: bool) -> None:
    order = only(fetch(told(**values)))
    assert (order.edited, order.cut_only) == (edited, False)
    assert order.lines[0].original == (None if edited else 2)


def test_the_switch_takes_status_changes_for_no_edit() -> None:
    order = only(fetch(told(Version="7"), edit_sign="none"))
    assert (order.edited, order.lines[0].original) == (False, 2)


def test_a_line_at_zero_does_not_tell_what_was_taken() -> None:
    order = only(fetch(told({**ITEM, "Quantity": "0"})))
    assert (order.lines[0].quantity, order.lines[0].original) == (0, None)


def test_a_split_order_names_its_parent() -> None:
    assert only(fetch(told(ParentOrderId="demo-store-0"))).parent == "demo-store-0"


@pytest.mark.parametrize("status", ["0", "1", "3", "5", "8", "77"])
def test_every_other_status_counts(status: str) -> None:
    order = only(fetch(told(OrderStatus=status)))
    assert (order.counts, order.cancelled, order.lines[0].quantity) == (True, False, 2)


@pytest.mark.parametrize(
    ("reply", "listings"),
    [
        (told({**ITEM, "Quantity": "two"}), (("mug-100", "mug-100-bl", None),)),
        (told({**ITEM, "Quantity": "-1"}), (("mug-100", "mug-100-bl", None),)),
        (told({**ITEM, "LineId": ""}), (("mug-100", "mug-100-bl", 2),)),
        (told({**ITEM, "ItemId": ""}), ()),
        (told(ITEM, ITEM), (("mug-100", "mug-100-bl", 2),) * 2),
        (told(OrderTime="soon"), (("mug-100", "mug-100-bl", 2),)),
        (told(OrderStatus=""), (("mug-100", "mug-100-bl", 2),)),
        (told(order="another"), ()),
        (answer("<ResultSet><Result><Status>OK</Status></Result></ResultSet>"), ()),
    ],
)
def test_an_odd_order_is_parked_and_the_rest_go_on(
    reply: Reply, listings: tuple[tuple[str, str, int | None], ...]
) -> None:
    fetched = fetch(reply, told(order="b"), asked=("demo-store-1", "b"))
    assert [order.order for order in fetched.orders] == ["b"]
    (odd,) = fetched.unreadable
    assert (odd.order, odd.listings) == ("demo-store-1", listings)
    assert "mug" not in odd.reason


def test_an_order_that_is_not_there_is_absent() -> None:
    gone = answer(error("od91801", "Not Exists : demo-store-1"), 404)
    assert fetch(gone) == OrdersFetched(())


def test_an_order_the_mall_chokes_on_is_parked_if_others_can_be_read() -> None:
    choked = answer(error("od91133"), 500)
    fetched = fetch(choked, told(order="b"), asked=("a", "b"))
    assert [order.order for order in fetched.orders] == ["b"]
    assert fetched.unreadable[0].order == "a"
    assert "od91133" in fetched.unreadable[0].reason


def test_a_lone_order_the_mall_chokes_on_is_parked_if_the_mall_is_well() -> None:
    garbage = answer("<ResultSet><Result>\x0b", 200)
    assert fetch(garbage, asked=("a",)).unreadable[0].order == "a"


def test_an_ill_mall_is_the_malls_fault_and_not_the_orders() -> None:
    ill = answer("<html>", 500)
    with pytest.raises(MallError) as caught:
        fetch(ill, asked=("a",), count=ill)
    assert caught.value.code == "http-500"
    with pytest.raises(MallError):
        fetch(ill, asked=tuple("abcdefgh"))


@pytest.mark.parametrize(
    "reply",
    [
        answer(error("ed-00002"), 503),
        answer("", 403),
        answer(error("px-04306"), 403),
        MallError(UNCLASSIFIED, family=Family.ORDERS, code="x", done=Done.NOT_DONE),
    ],
)
def test_what_concerns_the_mall_is_raised(reply: Reply | MallError) -> None:
    if isinstance(reply, MallError):
        assert fetch(reply, asked=("a",)).unreadable  # unclassified: may be the order's own
        return
    with pytest.raises(MallError):
        fetch(told(order="a"), reply, asked=("a", "b"))


TEXT = st.text("0123456789-+.:TZ <>&/x山\n", max_size=12)
NAMES = st.sampled_from([*orders._INFO_FIELDS.split(","), "Item", "OrderInfo", "Result", "Search"])
MESS = st.recursive(
    TEXT.map(lambda text: text.replace("<", "").replace("&", "")),
    lambda inner: st.lists(st.tuples(NAMES, inner), max_size=5).map(
        lambda pairs: "".join(f"<{name}>{text}</{name}>" for name, text in pairs)
    ),
    max_leaves=12,
)


@given(MESS)
def test_no_order_raises_anything_but_a_mall_error(inner: str) -> None:
    body = f"<ResultSet><Result><OrderInfo><OrderId>a</OrderId>{inner}</OrderInfo></Result>"
    fetched = fetch(answer(body + "</ResultSet>"), asked=("a",))
    assert len(fetched.orders) + len(fetched.unreadable) == 1


@given(MESS)
def test_no_list_raises_anything_but_a_mall_error(inner: str) -> None:
    body = f"<Result><Search><TotalCount>2</TotalCount><OrderInfo>{inner}</OrderInfo></Search>"
    with contextlib.suppress(MallError):
        page, _ = list_page(answer(body + "</Result>"))
        assert all(mark.order for mark in page.marks)
