"""Order lists and orders of 2026-01-01: what is asked for, what is counted, what is kept."""

from typing import Any

import pytest

from engine.connector import Reply, Request
from engine.faults import MallError
from engine.snapshot import OrderLine, OrderMark
from malls.amazon import card
from tests.contract.amazon.model import fits
from tests.unit.malls.amazon.pretend import (
    NOW,
    Desk,
    failed,
    item,
    order,
    orders_reply,
    reply,
    unauthorized,
)

NUMBER = "250-4410286-7733021"
DAY = 86_400.0


def get_reply(body: Any) -> Reply:
    return reply(fits("orders", "GetOrderResponse", {"order": body}))


def listed(desk: Desk, *orders: Any, recheck: bool = False) -> Any:
    connection = desk.open(orders_reply(*orders))
    return desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=recheck))


def read(desk: Desk, body: Any, switches: dict[str, str] | None = None) -> Any:
    """The order as listed and then fetched; it costs no second call."""
    return read_from(desk, orders_reply(body), body, switches)


def read_from(desk: Desk, answer: Reply, body: Any, switches: dict[str, str] | None = None) -> Any:
    connection = desk.open(answer, switches)
    desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    fetched = desk.run(connection.fetch_orders([body["orderId"]]))
    assert len(desk.transport.requests) == 1
    return (*fetched.orders, *fetched.unreadable)[0]


def test_new_orders_are_asked_for_by_the_time_they_were_placed(desk: Desk) -> None:
    page = listed(desk, order())
    request = desk.transport.requests[0]
    assert (request.method, request.path) == ("GET", "/orders/2026-01-01/orders")
    assert (request.bucket, request.is_safe, request.body) == (card.SEARCH_ORDERS, True, b"")
    assert desk.transport.params() == {
        "createdAfter": "2026-11-20T03:05:00.000Z",
        "marketplaceIds": "A1VC38T7YXB528",
        "fulfilledBy": "MERCHANT",
        "includedData": "FULFILLMENT,CANCELLATION",
        "maxResultsPerPage": "100",
    }
    mark = OrderMark(NUMBER, 1_795_144_364.118, "UNSHIPPED/1795144382007")
    assert page.marks == (mark,)
    assert (page.next_cursor, page.sent_at) == (None, NOW)


def test_an_upper_bound_is_sent_only_where_it_is_old_enough(desk: Desk) -> None:
    connection = desk.open(lambda _: orders_reply())
    for end, is_sent in ((NOW - 122, True), (NOW - 120, False), (NOW + 2, False)):
        desk.run(connection.list_orders(NOW - 600, end, None, recheck=False))
        assert ("createdBefore" in desk.transport.params()) is is_sent


def test_pages_go_by_token_with_the_very_same_filters(desk: Desk) -> None:
    connection = desk.open([orders_reply(order(), token="page-2"), orders_reply(order("2"))])
    first = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    desk.transport.time += 30
    second = desk.run(connection.list_orders(NOW - 600, NOW, first.next_cursor, recheck=False))
    before, after = desk.transport.params(0), desk.transport.params(1)
    assert after.pop("paginationToken") == "page-2"
    assert after == before
    assert second.next_cursor is None


def test_a_recheck_lists_the_changed_ones_after_the_placed_ones(desk: Desk) -> None:
    connection = desk.open(
        [orders_reply(token="p2"), orders_reply(), orders_reply(token="c2"), orders_reply()]
    )
    cursor: str | None = None
    for _ in range(4):
        page = desk.run(connection.list_orders(NOW - DAY, NOW, cursor, recheck=True))
        cursor = page.next_cursor
    assert cursor is None
    sent = [desk.transport.params(place) for place in range(4)]
    assert ["createdAfter" in one for one in sent] == [True, True, False, False]
    assert ["lastUpdatedAfter" in one for one in sent] == [False, False, True, True]
    assert [one.get("paginationToken") for one in sent] == [None, "p2", None, "c2"]
    assert sent[2]["lastUpdatedAfter"] == sent[0]["createdAfter"]


def test_a_long_recheck_is_the_list_of_the_placed_ones(desk: Desk) -> None:
    connection = desk.open(orders_reply())
    page = desk.run(connection.list_orders(NOW - 45 * DAY, NOW, None, recheck=True))
    assert page.next_cursor is None


def test_an_order_by_amazons_warehouse_is_never_listed(desk: Desk) -> None:
    assert listed(desk, order(by="AMAZON")).marks == ()


def test_a_row_without_a_number_makes_the_page_unreadable(desk: Desk) -> None:
    body = order()
    del body["orderId"]
    connection = desk.open(reply({"orders": [body]}))
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert caught.value.code == "unreadable"


# --- what an order says -------------------------------------------------------------------------


def test_a_plain_order(desk: Desk) -> None:
    told = read(desk, order())
    assert (told.order, told.stamp, told.mark) == (
        NUMBER,
        1_795_144_364.118,
        "UNSHIPPED/1795144382007",
    )
    assert (told.cancelled, told.edited, told.cut_only, told.counts) == (False, False, True, True)
    assert (told.read_from, told.read_until) == (NOW, NOW + 0.5)
    assert (told.changed_at, told.parent, told.status) == (None, "", "未出荷")
    assert told.lines == (OrderLine("40275519382061", "TEA-100-GRN", "", 1, 1, None),)


WISH = {"cancellationRequest": {"requester": "BUYER", "cancelReason": "HANAKO"}}
CUT = {"cancellationExecution": {"cancelledBy": "MERCHANT", "cancelReason": "HANAKO"}}


def numbers(fulfilled: int, unfulfilled: int) -> dict[str, int]:
    return {"quantityFulfilled": fulfilled, "quantityUnfulfilled": unfulfilled}


@pytest.mark.parametrize(
    ("status", "changes", "expected"),
    [
        # Expected: quantity, original, whether edited, whether cancelled.
        ("PENDING", {}, (1, 1, False, False)),
        ("PENDING", {"fulfillment": numbers(0, 0)}, (1, 1, False, False)),
        ("PENDING", {"fulfillment": numbers(0, 0), "cancellation": CUT}, (0, 1, True, False)),
        ("PENDING_AVAILABILITY", {}, (1, 1, False, False)),
        ("UNSHIPPED", {"fulfillment": None}, (1, 1, False, False)),
        ("UNSHIPPED", {"cancellation": WISH}, (1, 1, False, False)),
        ("SHIPPED", {"fulfillment": numbers(1, 0)}, (1, 1, False, False)),
        (
            "PARTIALLY_SHIPPED",
            {"quantityOrdered": 3, "fulfillment": numbers(1, 2)},
            (3, 3, False, False),
        ),
        # Cut from 3 to 2, the quantity ordered left as it was: it tells the original.
        (
            "UNSHIPPED",
            {"quantityOrdered": 3, "fulfillment": numbers(0, 2), "cancellation": CUT},
            (2, 3, True, False),
        ),
        ("UNSHIPPED", {"quantityOrdered": 3, "fulfillment": numbers(1, 1)}, (2, 3, True, False)),
        # Cut to 2, the quantity ordered lowered with it: nobody knows the original.
        (
            "UNSHIPPED",
            {"quantityOrdered": 2, "fulfillment": numbers(0, 2), "cancellation": CUT},
            (2, None, True, False),
        ),
        ("UNSHIPPED", {"quantityOrdered": 0, "fulfillment": numbers(0, 0)}, (0, None, True, False)),
        ("UNSHIPPED", {"quantityOrdered": 1, "fulfillment": numbers(0, 2)}, (2, None, True, False)),
        ("CANCELLED", {"cancellation": CUT}, (0, 1, False, True)),
        (
            "CANCELLED",
            {"quantityOrdered": 0, "fulfillment": numbers(0, 0), "cancellation": CUT},
            (0, None, False, True),
        ),
        ("UNFULFILLABLE", {}, (0, 1, False, True)),
        ("SOMETHING_NEW", {}, (1, 1, False, False)),
    ],
)
def test_the_units_of_a_line(
    desk: Desk, status: str, changes: Any, expected: tuple[int, int | None, bool, bool]
) -> None:
    body = order(orderItems=[item(**changes)], status=status)
    if changes.get("fulfillment", 1) is None:
        del body["orderItems"][0]["fulfillment"]
    if status == "SOMETHING_NEW":
        connection = desk.open(reply({"orders": [body]}))
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
        told: Any = desk.run(connection.fetch_orders([NUMBER])).orders[0]
    else:
        told = read(desk, body)
    line = told.lines[0]
    assert (line.quantity, line.original, told.edited, told.cancelled) == expected
    assert line.restocks is None
    assert told.changed_at == (1_795_144_382.007 if told.edited else None)
    assert "HANAKO" not in repr(told)


def test_a_buyers_wish_to_cancel_is_shown_and_changes_nothing(desk: Desk) -> None:
    told = read(desk, order(orderItems=[item(cancellation=WISH)]))
    assert told.status == "未出荷(購入者のキャンセル依頼あり)"
    assert told.lines[0].quantity == 1


def test_one_sku_on_two_lines_and_a_sku_with_odd_letters(desk: Desk) -> None:
    told = read(desk, order(orderItems=[item("1", "MUG-RED/L +①"), item("2", "MUG-RED/L +①")]))
    assert [(line.line, line.code) for line in told.lines] == [
        ("1", "MUG-RED/L +①"),
        ("2", "MUG-RED/L +①"),
    ]


def test_statuses_can_be_set_not_to_count(desk: Desk) -> None:
    switches = {"statuses_not_counted": "PENDING_AVAILABILITY, SHIPPED"}
    assert not read(desk, order(status="PENDING_AVAILABILITY"), switches).counts
    assert read(desk, order(status="PENDING"), switches).counts


@pytest.mark.parametrize(
    ("changes", "listings"),
    [
        ({"orderItems": [item("1"), item("1")]}, (("TEA-100-GRN", "", 1),) * 2),
        ({"orderItems": []}, ()),
        ({"createdTime": "yesterday"}, (("TEA-100-GRN", "", 1),)),
    ],
)
def test_an_odd_order_is_parked_with_what_it_names(
    desk: Desk, changes: Any, listings: object
) -> None:
    body = order(**changes)
    # Not held against the models: these bodies break them.
    told = read_from(desk, reply({"orders": [body]}), body)
    assert (told.order, told.listings) == (NUMBER, listings)
    assert told.reason


def test_a_line_without_a_seller_sku_parks_the_order_and_names_the_others(desk: Desk) -> None:
    bare = item("2")
    del bare["product"]["sellerSku"]
    told = read(desk, order(orderItems=[item("1", "MUG"), bare]))
    assert told.listings == (("MUG", "", 1),)
    assert "出品者SKU" in told.reason


def test_an_odd_order_spoils_none_of_the_others(desk: Desk) -> None:
    odd = order("1", orderItems=[item(quantityOrdered=-1)])
    page = listed(desk, odd, order("2"))
    assert [(mark.order, mark.mark != "") for mark in page.marks] == [("1", False), ("2", True)]


def test_nothing_of_a_buyer_is_kept(desk: Desk) -> None:
    body = order()
    body["buyer"] = {"buyerName": "KAIMONO-HANAKO", "buyerEmail": "hanako@example.invalid"}
    body["recipient"] = {"deliveryAddress": {"name": "KAIMONO-HANAKO"}}
    connection = desk.open(reply({"orders": [body]}))
    page = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    told = desk.run(connection.fetch_orders([NUMBER]))
    assert "hanako" not in repr((page, told, vars(connection._orders))).lower()


# --- orders by number ---------------------------------------------------------------------------


def test_what_a_page_showed_is_handed_out_once(desk: Desk) -> None:
    connection = desk.open([orders_reply(order()), get_reply(order())])
    desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    desk.run(connection.fetch_orders([NUMBER]))
    desk.run(connection.fetch_orders([NUMBER]))
    assert len(desk.transport.requests) == 2
    request = desk.transport.requests[1]
    assert request.path == f"/orders/2026-01-01/orders/{NUMBER}"
    assert request.bucket == card.GET_ORDER
    assert desk.transport.params() == {"includedData": "FULFILLMENT,CANCELLATION"}


def test_what_a_page_showed_is_forgotten_after_a_while(desk: Desk) -> None:
    connection = desk.open([orders_reply(order()), get_reply(order(status="SHIPPED"))])
    desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    desk.transport.time += 61
    fetched = desk.run(connection.fetch_orders([NUMBER]))
    assert fetched.orders[0].status == "出荷済み"


def test_the_mark_of_an_order_read_is_the_lists_mark(desk: Desk) -> None:
    connection = desk.open([orders_reply(order("1"), order("2")), get_reply(order("1"))])
    page = desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    desk.transport.time += 61
    assert desk.run(connection.fetch_orders(["1"])).orders[0].mark == page.marks[0].mark


def test_an_order_the_mall_does_not_have_is_in_neither_list(desk: Desk) -> None:
    connection = desk.open([failed(404, "NotFound"), get_reply(order("2"))])
    fetched = desk.run(connection.fetch_orders(["1", "2"]))
    assert [one.order for one in fetched.orders] == ["2"]
    assert fetched.unreadable == ()


def test_an_order_of_amazons_warehouse_asked_for_has_no_lines(desk: Desk) -> None:
    connection = desk.open(get_reply(order(by="AMAZON")))
    told = desk.run(connection.fetch_orders([NUMBER])).orders[0]
    assert (told.lines, told.counts) == ((), False)


def test_one_order_the_mall_fails_on_is_parked_while_the_mall_is_well(desk: Desk) -> None:
    connection = desk.open([failed(500, "InternalFailure"), get_reply(order("2"))])
    fetched = desk.run(connection.fetch_orders(["1", "2"]))
    assert [one.order for one in fetched.unreadable] == ["1"]
    assert "InternalFailure" in fetched.unreadable[0].reason


@pytest.mark.parametrize(
    "answer", [reply(b"<html>"), get_reply(order("another")), failed(500, "InternalFailure")]
)
def test_a_lone_failing_order_is_parked_only_if_another_call_is_good(
    desk: Desk, answer: Reply
) -> None:
    def well(request: Request) -> Reply:
        return failed(404, "NotFound") if "000-" in request.path else answer

    fetched = desk.run(desk.open(well).fetch_orders(["1"]))
    assert [one.order for one in fetched.unreadable] == ["1"]


@pytest.mark.parametrize("answer", [reply(b"<html>"), failed(500, "InternalFailure")])
def test_a_lone_failing_order_is_the_malls_if_no_call_is_good(desk: Desk, answer: Reply) -> None:
    with pytest.raises(MallError):
        desk.run(desk.open(lambda _: answer).fetch_orders(["1"]))


@pytest.mark.parametrize("answer", [unauthorized(), failed(429, "QuotaExceeded"), reply(b"", 503)])
def test_a_failure_of_the_mall_is_no_order_s(desk: Desk, answer: Reply) -> None:
    with pytest.raises(MallError):
        desk.run(desk.open(lambda _: answer).fetch_orders(["1"]))


def test_more_orders_than_the_card_says_are_a_bug(desk: Desk) -> None:
    with pytest.raises(ValueError, match="fetch_orders_max"):
        desk.run(desk.open().fetch_orders([str(n) for n in range(21)]))
