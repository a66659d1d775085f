"""The older order API, chosen by the switch `orders_api`."""

from typing import Any

import pytest

from engine.connector import Reply
from engine.faults import MallError
from engine.snapshot import OrderMark
from malls.amazon import card
from tests.contract.amazon.model import fits
from tests.unit.malls.amazon.pretend import NOW, Desk, failed, listings_reply, reply

V0 = {"orders_api": "v0"}
NUMBER = "503-9981734-0042177"


def header(number: str = NUMBER, **changes: object) -> Any:
    return {
        "AmazonOrderId": number,
        "PurchaseDate": "2026-11-20T01:40:10Z",
        "LastUpdateDate": "2026-11-20T03:10:31Z",
        "OrderStatus": "Unshipped",
        "FulfillmentChannel": "MFN",
        "MarketplaceId": "A1VC38T7YXB528",
        **changes,
    }


def line(number: str = "40275519382072", **changes: object) -> Any:
    return {
        "ASIN": "B0EXAMPLE1",
        "SellerSKU": "TEA-100-GRN",
        "OrderItemId": number,
        "QuantityOrdered": 2,
        "QuantityShipped": 0,
        "BuyerRequestedCancel": {"IsBuyerRequestedCancel": "true", "BuyerCancelReason": "x"},
        **changes,
    }


def page(*headers: Any, token: str = "") -> Reply:
    payload: dict[str, Any] = {"Orders": list(headers)}
    if token:
        payload["NextToken"] = token
    return reply(fits("ordersV0", "GetOrdersResponse", {"payload": payload}))


def lines(*items: Any, token: str = "") -> Reply:
    payload: dict[str, Any] = {"AmazonOrderId": NUMBER, "OrderItems": list(items)}
    if token:
        payload["NextToken"] = token
    return reply(fits("ordersV0", "GetOrderItemsResponse", {"payload": payload}))


def test_a_list_and_its_pages(desk: Desk) -> None:
    connection = desk.open([page(header(), token="t2"), page(header("2"))], V0)
    first = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    second = desk.run(connection.list_orders(NOW - 600, NOW, first.next_cursor, recheck=False))
    before, after = desk.transport.params(0), desk.transport.params(1)
    assert before == {
        "CreatedAfter": "2026-11-20T03:05:00.000Z",
        "MarketplaceIds": "A1VC38T7YXB528",
        "FulfillmentChannels": "MFN",
        "MaxResultsPerPage": "100",
    }
    assert after == {**before, "NextToken": "t2"}
    assert desk.transport.requests[0].bucket == card.GET_ORDERS_V0
    assert first.marks == (OrderMark(NUMBER, 1_795_138_810.0, "UNSHIPPED/1795144231000"),)
    assert second.next_cursor is None


def test_an_order_listed_costs_the_call_for_its_lines_only(desk: Desk) -> None:
    connection = desk.open([page(header()), lines(line(), token="l2"), lines(line("2"))], V0)
    listed = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    told = desk.run(connection.fetch_orders([NUMBER])).orders[0]
    assert told.mark == listed.marks[0].mark
    assert told.status == "未出荷(購入者のキャンセル依頼あり)"
    assert [(one.line, one.code, one.quantity, one.original) for one in told.lines] == [
        ("40275519382072", "TEA-100-GRN", 2, 2),
        ("2", "TEA-100-GRN", 2, 2),
    ]
    assert desk.transport.params(2) == {"NextToken": "l2"}


def test_an_order_not_listed_is_read_with_its_header(desk: Desk) -> None:
    good = reply(fits("ordersV0", "GetOrderResponse", {"payload": header(OrderStatus="Canceled")}))
    connection = desk.open([good, lines(line(QuantityOrdered=0))], V0)
    told = desk.run(connection.fetch_orders([NUMBER])).orders[0]
    paths = [request.path for request in desk.transport.requests]
    assert paths == [f"/orders/v0/orders/{NUMBER}", f"/orders/v0/orders/{NUMBER}/orderItems"]
    assert told.cancelled
    assert (told.lines[0].quantity, told.lines[0].original) == (0, None)


def test_afn_never_counts_and_a_gone_order_is_gone(desk: Desk) -> None:
    connection = desk.open([page(header(FulfillmentChannel="AFN")), failed(404, "NotFound")], V0)
    listed = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert listed.marks == ()
    fetched = desk.run(connection.fetch_orders(["1"]))
    assert (fetched.orders, fetched.unreadable) == ((), ())


def test_an_odd_order_is_parked(desk: Desk) -> None:
    odd = header(LastUpdateDate="soon")
    connection = desk.open([page(odd), reply({"payload": odd})], V0)
    listed = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert listed.marks[0].mark == ""
    fetched = desk.run(connection.fetch_orders([NUMBER]))
    assert [one.order for one in fetched.unreadable] == [NUMBER]


def test_lines_that_never_end_are_unreadable(desk: Desk) -> None:
    def answer(request: Any) -> Reply:
        return lines(line(), token="on") if "orderItems" in request.path else page(header())

    connection = desk.open(answer, V0)
    desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert desk.run(connection.fetch_orders([NUMBER])).unreadable[0].order == NUMBER


def test_a_row_without_a_number_makes_the_page_unreadable(desk: Desk) -> None:
    connection = desk.open(reply({"payload": {"Orders": [{}]}}), V0)
    with pytest.raises(MallError):
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))


def test_the_check_asks_the_older_api(desk: Desk) -> None:
    connection = desk.open([failed(400, "InvalidInput"), listings_reply()], V0)
    desk.run(connection.check_credentials())
    assert desk.transport.requests[0].path == "/orders/v0/orders/000-0000000-0000000"
