"""The order calls on the wire: what a search shows, what an order tells, and how orders move."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from sandbox.buyers import BUYER_MARKS
from tests.integration.sandbox.yahoo_caller import (
    LIST_FIELDS,
    Caller,
    error_code,
    parsed,
    pretend_yahoo,
    stamp,
)

REASON_230 = "<CancelReason>230</CancelReason><CancelReasonDetail>0123456789</CancelReasonDetail>"


@pytest.fixture
def yahoo() -> Iterator[Caller]:
    with pretend_yahoo() as caller:
        caller.item("mug", 50, "mug-bl", jan="4900000000017", name="琺瑯マグ & ふた")
        caller.item("tray", 50, name="木製トレー")
        yield caller


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """For tables of refusals, which leave nothing behind."""
    with pretend_yahoo() as caller:
        caller.item("tray", 50)
        yield caller


def test_an_order_lowers_stock_and_shows_its_asked_fields_only(yahoo: Caller) -> None:
    order_id = yahoo.order("tray", 2)
    root = yahoo.order_list()

    assert (root.tag, root.findtext("Status")) == ("Result", "OK")
    assert root.findtext("Search/TotalCount") == "1"
    (row,) = root.iter("OrderInfo")
    assert [child.tag for child in row] == LIST_FIELDS.split(",")
    assert (row.findtext("OrderId"), row.findtext("Version")) == (order_id, "1")
    assert (row.findtext("OrderStatus"), row.findtext("IsSeen")) == ("2", "false")
    assert row.findtext("OrderTime", "").endswith("+09:00")
    assert yahoo.quantity("tray") == 48


def test_the_default_mode_hides_orders_that_buyers_may_still_cancel() -> None:
    with pretend_yahoo(speed=20) as yahoo:  # the ten minutes last half a minute
        yahoo.item("tray", 9)
        old = yahoo.order("tray", age_s=31)
        new = yahoo.order("tray", age_s=5)

        assert yahoo.order_ids(mode=None) == [old]
        assert yahoo.order_ids(mode=0) == [old]
        assert yahoo.order_ids(mode=1) == [new]
        assert yahoo.order_ids(mode=2) == [old, new]
        assert yahoo.field(new, "IsReadOnly") == "true"
        assert yahoo.field(old, "IsReadOnly") == "false"


def test_pages_are_ten_rows_unless_asked_and_start_counts_from_one(yahoo: Caller) -> None:
    line = {"code": "tray", "quantity": 1}
    bulk = {"orders": [{"lines": [line], "age_s": 60 - n} for n in range(12)]}
    ids = [row["order_id"] for row in yahoo.door("orders", bulk)["orders"]]

    assert yahoo.order_ids() == ids[:10]
    assert yahoo.order_list().findtext("Search/TotalCount") == "12"
    assert yahoo.order_ids(head="<Result>5</Result><Start>11</Start>") == ids[10:]
    assert yahoo.order_ids(head="<Result>99999</Result><Start></Start>") == ids
    assert yahoo.order_ids(head="<Sort>-order_time</Sort>")[0] == ids[-1]


def test_a_page_shift_moves_the_rows_up_once(yahoo: Caller) -> None:
    ids = [yahoo.order("tray", age_s=60 - n) for n in range(4)]
    yahoo.fault("page_shift", count=1)

    assert yahoo.order_ids(head="<Result>2</Result>") == ids[:2]
    assert yahoo.order_ids(head="<Result>2</Result><Start>3</Start>") == ids[3:]
    assert yahoo.order_ids(head="<Result>2</Result><Start>3</Start>") == ids[2:]


def test_a_late_order_is_published_later_than_it_was_placed(yahoo: Caller) -> None:
    yahoo.fault("late_orders", seconds=3600, count=1)
    before = time.time()
    order_id = yahoo.order("tray", age_s=900)
    assert yahoo.order_ids() == []
    assert error_code(yahoo.order_info(order_id, "OrderId")) == "od91801"

    yahoo.client.delete("/_sandbox/faults")
    (row,) = yahoo.order_list().iter("OrderInfo")
    assert row.findtext("PublicationTime", "") > row.findtext("OrderTime", "")
    since = f"<PublicationTimeFrom>{stamp(before)}</PublicationTimeFrom>"
    until = f"<PublicationTimeTo>{stamp(before - 60)}</PublicationTimeTo>"
    assert yahoo.order_ids(since) == [order_id]
    assert yahoo.order_ids(until) == []


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("<OrderStatus>2</OrderStatus>", "mug"),
        ("<OrderStatus>1,2,3</OrderStatus>", "mug"),
        ("<OrderStatus>5</OrderStatus>", "tray"),
        ("<OrderStatus>4</OrderStatus>", ""),
        ("<IsSeen>false</IsSeen>", "mug"),
        ("<ShipStatus>3</ShipStatus>", "tray"),
        ("<ItemId>tray</ItemId>", "tray"),
        ("<SubCode>mug-bl</SubCode>", "mug"),
        ("<Title>マグ</Title>", "mug"),
        ("<PayStatus>0</PayStatus>", ""),
        ("<StoreStatus>3</StoreStatus>", ""),
        ("<IsSplit>true</IsSplit>", ""),
        ("<YahooAuctionId>x</YahooAuctionId>", ""),
        ("<FraudHoldDisplayType>1</FraudHoldDisplayType><Title></Title>", "mug tray"),
    ],
)
def test_conditions_narrow_a_search(yahoo: Caller, condition: str, found: str) -> None:
    ids = {"mug": yahoo.order("mug", sub_code="mug-bl", age_s=20)}
    ids["tray"] = yahoo.order("tray", status="shipped", age_s=10)

    assert yahoo.order_ids(condition) == [ids[name] for name in found.split()]


def test_the_window_includes_its_seconds_and_nothing_else(yahoo: Caller) -> None:
    order_id = yahoo.order("tray", age_s=100)
    at = yahoo.field(order_id, "OrderTime").replace("-", "").replace(":", "").replace("T", "")[:14]

    def ids(condition: str) -> list[str]:
        body = (
            f"<Req><Search><Condition>{condition}<ReadOnlyMode>2</ReadOnlyMode></Condition>"
            "<Field>OrderId</Field></Search><SellerId>demo-store</SellerId></Req>"
        )
        rows = parsed(yahoo.xml("orderList", body)).iter("OrderId")
        return [row.text or "" for row in rows]

    assert ids(f"<OrderTime>{at}</OrderTime>") == [order_id]
    assert ids(f"<OrderTimeTo>{at}</OrderTimeTo>") == [order_id]
    assert ids(f"<OrderTimeFrom>{at}</OrderTimeFrom><OrderTimeTo>{at}</OrderTimeTo>") == [order_id]
    assert ids(f"<OrderTimeTo>{stamp(time.time() - 110)}</OrderTimeTo>") == []
    assert ids(f"<OrderId>{order_id}</OrderId>") == [order_id]
    assert ids("<OrderId>demo-store-1</OrderId>") == []


def test_one_order_is_told_in_groups_with_one_group_a_line(yahoo: Caller) -> None:
    yahoo.item("cup", 9, "cup-s", axes={"サイズ": "S", "色": "青"})
    lines = [
        {"code": "cup", "sub_code": "cup-s", "quantity": 2},
        {"code": "tray", "quantity": 1},
    ]
    order_id = yahoo.door("orders", {"lines": lines})["order_id"]
    fields = (
        "OrderId,HistoryId,PayStatus,ShipStatus,ShipDate,SellerId,TotalPrice,"
        "LineId,ItemId,Title,SubCode,SubCodeOption,ItemOption,Jan,UnitPrice,Quantity,OriginalNum"
    )
    root = parsed(yahoo.order_info(order_id, fields))

    assert (root.tag, root.findtext("Result/Status")) == ("ResultSet", "OK")
    order = root.find("Result/OrderInfo")
    assert order is not None
    groups = [child.tag for child in order]
    assert groups == ["HistoryId", "OrderId", "Pay", "Ship", "Seller", "Detail", "Item", "Item"]
    assert order.findtext("Detail/TotalPrice") == str(3 * 1980)
    cup, tray = order.findall("Item")
    assert [cup.findtext(n) for n in ("LineId", "ItemId", "SubCode")] == ["1", "cup", "cup-s"]
    assert cup.findtext("SubCodeOption") == "サイズ:S#色:青"
    assert [option.findtext("Value") for option in cup.findall("ItemOption")] == ["S", "青"]
    assert [tray.findtext(n) for n in ("SubCode", "Quantity", "OriginalNum")] == ["", "1", "1"]
    assert tray.find("ItemOption") is None


def test_the_buyer_is_given_out_to_who_asks_and_to_nobody_else(yahoo: Caller) -> None:
    order_id = yahoo.order("tray")
    reply = yahoo.order_info(
        order_id,
        "BillLastName,BillFirstName,BillMailAddress,BillPhoneNumber,BillCity,BillAddress1,"
        "ShipLastName,ShipLastNameKana,ShipZipCode,IsLogin",
    )

    assert parsed(reply).findtext(".//Ship/ShipLastName") == "ZZBUYER-000001"
    assert parsed(reply).findtext(".//Pay/BillMailAddress", "").startswith("zzbuyer-")
    without = yahoo.order_info(order_id, "OrderId,ItemId,Quantity").text
    assert not [mark for mark in BUYER_MARKS if mark in without]


def test_an_edit_moves_version_time_and_stock(yahoo: Caller) -> None:
    order_id = yahoo.order("tray", 2, age_s=60)
    placed = yahoo.field(order_id, "LastUpdateTime")
    yahoo.door(
        f"orders/{order_id}",
        {
            "lines": [
                {"code": "tray", "quantity": 5},
                {"code": "mug", "sub_code": "mug-bl", "quantity": 1},
            ]
        },
    )

    assert yahoo.field(order_id, "Version") == "2"
    assert yahoo.field(order_id, "LastUpdateTime") > placed
    items = parsed(yahoo.order_info(order_id, "LineId,OriginalNum,Quantity")).iter("Item")
    assert [[child.text for child in item] for item in items] == [["1", "2", "5"], ["2", "1", "1"]]
    assert (yahoo.quantity("tray"), yahoo.quantity("mug", "mug-bl")) == (45, 49)


def test_a_split_moves_units_into_a_child_and_no_stock(yahoo: Caller) -> None:
    lines = [
        {"code": "tray", "quantity": 5},
        {"code": "mug", "sub_code": "mug-bl", "quantity": 1},
    ]
    parent = yahoo.door("orders", {"lines": lines, "age_s": 60})["order_id"]
    part = [{"code": "tray", "quantity": 2}]
    child = yahoo.door(f"orders/{parent}", {"split": part})["order_id"]

    assert yahoo.order_ids("<IsSplit>true</IsSplit>") == [parent, child]
    fields = "OrderTime,ParentOrderId,ChildOrderId,IsSplit,Version,ItemId,Quantity"
    told = [parsed(yahoo.order_info(order_id, fields)) for order_id in (parent, child)]
    assert told[0].findtext(".//OrderTime") == told[1].findtext(".//OrderTime")
    assert told[0].findtext(".//ChildOrderId") == child
    assert told[1].findtext(".//ParentOrderId") == parent
    assert [root.findtext(".//Version") for root in told] == ["2", "1"]
    assert [[q.text for q in root.iter("Quantity")] for root in told] == [["3", "1"], ["2"]]
    assert (yahoo.quantity("tray"), yahoo.quantity("mug", "mug-bl")) == (45, 49)
    # Each part gives back its own units, and only once.
    yahoo.door(f"orders/{child}", {"cancel": True})
    assert yahoo.quantity("tray") == 47
    yahoo.door(f"orders/{parent}", {"cancel": True})
    assert (yahoo.quantity("tray"), yahoo.quantity("mug", "mug-bl")) == (50, 50)


@pytest.mark.parametrize(
    ("part", "status"),
    [
        ([{"code": "tray", "quantity": 3}], 409),
        ([{"code": "tray", "quantity": 4}], 409),
        ([{"code": "mug", "sub_code": "mug-bl", "quantity": 1}], 409),
        ([], 400),
        ([{"code": "tray", "quantity": 0}], 400),
    ],
)
def test_a_split_that_makes_no_sense_changes_nothing(
    yahoo: Caller, part: list[dict[str, object]], status: int
) -> None:
    order_id = yahoo.order("tray", 3)
    yahoo.door(f"orders/{order_id}", {"split": part}, status)

    assert yahoo.order_ids() == [order_id]
    assert yahoo.field(order_id, "Version") == "1"


@pytest.mark.parametrize(
    ("body", "reason", "quantity"),
    [
        ({"cancel": True}, "230", 50),
        ({"cancel": True, "by": "buyer"}, "100", 50),
        ({"cancel": True, "restock": False}, "230", 47),
    ],
)
def test_a_cancel_by_the_side_door_tells_who_and_puts_units_back(
    yahoo: Caller, body: dict[str, object], reason: str, quantity: int
) -> None:
    order_id = yahoo.order("tray", 3)
    yahoo.door(f"orders/{order_id}", body)

    assert yahoo.field(order_id, "OrderStatus") == "4"
    assert yahoo.field(order_id, "CancelReason") == reason
    assert yahoo.quantity("tray") == quantity


@pytest.mark.parametrize(
    ("order", "knobs", "quantity", "closed"),
    [
        ("<CancelReason>100</CancelReason>", {}, 50, "0"),
        ("<CancelReason>100</CancelReason>", {"keep_stock": False}, 47, "0"),
        (REASON_230, {}, 47, "0"),
        (REASON_230, {"store_cancel_restocks": True}, 50, "0"),
        ("<CancelReason>210</CancelReason>", {}, 47, "1"),
        ("", {}, 47, "1"),
    ],
)
def test_a_cancel_through_the_api_does_to_stock_what_its_reason_says(
    yahoo: Caller, order: str, knobs: dict[str, object], quantity: int, closed: str
) -> None:
    yahoo.knob(**knobs)
    order_id = yahoo.order("tray", 3)
    reply = yahoo.change_status(order_id, f"<OrderStatus>4</OrderStatus>{order}")

    assert parsed(reply).findtext("Result/Status") == "OK"
    assert yahoo.quantity("tray") == quantity
    assert yahoo.read("tray").findtext("Result/StockClose") == closed


def test_a_closed_stock_is_sold_out_until_it_is_reopened(yahoo: Caller) -> None:
    yahoo.change_status(yahoo.order("tray"), "<OrderStatus>4</OrderStatus>")
    line = {"lines": [{"code": "tray", "quantity": 1}]}

    yahoo.push("tray", "50")
    assert "closed" in yahoo.door("orders", line, 409)["error"]
    yahoo.push("tray", "50", stock_close="0")
    assert yahoo.door("orders", line)["order_id"]


def test_statuses_move_along_the_published_table_only(yahoo: Caller) -> None:
    order_id = yahoo.order("tray")

    def move(status: int, fix: str = "false") -> str:
        reply = yahoo.change_status(
            order_id, f"<OrderStatus>{status}</OrderStatus>{REASON_230}", fix
        )
        return "OK" if reply.status_code == 200 else error_code(reply)

    assert [move(1), move(2), move(3)] == ["od90101", "od90101", "OK"]
    assert yahoo.field(order_id, "OrderStatus") == "3"
    assert parsed(yahoo.get("orderCount", sellerId="demo-store")).findtext(".//Holding") == "1"
    assert [move(2), move(5), move(5, "true")] == ["OK", "od90101", "OK"]
    assert [move(3), move(4), move(2)] == ["od90101", "OK", "od90101"]
    assert yahoo.field(order_id, "OrderStatus") == "4"


def test_the_counter_knows_new_orders_without_the_hidden_ones(yahoo: Caller) -> None:
    yahoo.order("tray")
    yahoo.order("tray", status="confirmed")
    yahoo.door(f"orders/{yahoo.order('tray')}", {"cancel": True})
    yahoo.fault("late_orders", seconds=3600, count=1)
    yahoo.order("tray")

    count = parsed(yahoo.get("orderCount", sellerId="demo-store")).find("Result/Count")
    assert count is not None
    assert [(child.tag, child.text) for child in count] == [
        ("NewOrder", "1"),
        ("NewReserve", "0"),
        ("Holding", "0"),
    ]


def search(condition: str, field: str = "<Field>OrderId</Field>") -> str:
    return (
        f"<Req><Search><Condition>{condition}</Condition>{field}</Search>"
        "<SellerId>demo-store</SellerId></Req>"
    )


ANCHOR = "<OrderTimeFrom>20260910000000</OrderTimeFrom>"


@pytest.mark.parametrize(
    ("name", "body", "status", "code"),
    [
        ("orderList", search(ANCHOR, ""), 400, "od90101"),
        ("orderList", search(ANCHOR, "<Field>,</Field>"), 400, "od90101"),
        ("orderList", search(ANCHOR, "<Field>OrderId,ItemId</Field>"), 400, "od90101"),
        ("orderList", search("<OrderStatus>2</OrderStatus>"), 400, "od90101"),
        ("orderList", search("<OrderTimeFrom>2026-09-10</OrderTimeFrom>"), 400, "od90101"),
        ("orderList", search("<OrderTimeFrom>20261399000000</OrderTimeFrom>"), 400, "od90101"),
        (
            "orderList",
            search(ANCHOR + "<LastUpdateTimeFrom>1</LastUpdateTimeFrom>"),
            400,
            "od90101",
        ),
        ("orderList", search(ANCHOR + "<IsSeen>yes</IsSeen>"), 400, "od90101"),
        ("orderList", search(ANCHOR + "<OrderStatus>a</OrderStatus>"), 400, "od90101"),
        ("orderList", search(ANCHOR).replace("<Cond", "<Result>-1</Result><Cond"), 400, "od90101"),
        ("orderList", search(ANCHOR).replace("<Cond", "<Start>0</Start><Cond"), 400, "od90101"),
        ("orderList", search(ANCHOR).replace("<Cond", "<Sort>x</Sort><Cond"), 400, "od90101"),
        ("orderList", search(ANCHOR).replace("Req", "req"), 500, "od91001"),
        ("orderList", search(ANCHOR).replace("Search", "search"), 500, "od91001"),
        ("orderList", search(ANCHOR).replace("SellerId", "seller_id"), 400, "px-04001"),
        ("orderList", search(ANCHOR).replace("demo-store", "other"), 403, "px-14304"),
        ("orderList", "/Req/SellerId=demo-store&/Req/Search/Result=10", 400, "od90101"),
        ("orderList", "", 400, "od90101"),
        ("orderList", search(ANCHOR).replace("demo-store", "店"), 403, "px-14304"),
        ("orderInfo", "<Req><SellerId>demo-store</SellerId></Req>", 400, "od90101"),
        ("orderStatusChange", "<Req><SellerId>demo-store</SellerId></Req>", 400, "od90101"),
    ],
)
def test_a_bad_order_request_is_named(
    shared: Caller, name: str, body: str, status: int, code: str
) -> None:
    reply = shared.xml(name, body)

    assert (reply.status_code, error_code(reply)) == (status, code)
    assert reply.headers["x-sws-authorize-status"] == "authorized"


def test_an_unknown_order_and_a_prefixed_field_are_refused(yahoo: Caller) -> None:
    unknown = yahoo.order_info("demo-store-1", "OrderId")
    assert (unknown.status_code, error_code(unknown)) == (404, "od91801")
    assert "Not Exists : demo-store-1" in unknown.text

    prefixed = yahoo.order_info(yahoo.order("tray"), "Item.ItemId")
    assert (prefixed.status_code, error_code(prefixed)) == (400, "od90101")


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        ("9", ""),
        ("4", "<CancelReason>999</CancelReason>"),
        ("4", "<CancelReason>x</CancelReason>"),
        ("4", "<CancelReason>230</CancelReason>"),
        ("4", "<CancelReason>230</CancelReason><CancelReasonDetail>short</CancelReasonDetail>"),
    ],
)
def test_a_bad_change_of_status_changes_nothing(shared: Caller, status: str, rest: str) -> None:
    order_id = shared.order("tray")
    reply = shared.change_status(order_id, f"<OrderStatus>{status}</OrderStatus>{rest}")

    assert (reply.status_code, error_code(reply)) == (400, "od90101")
    assert shared.field(order_id, "Version") == "1"


@pytest.mark.parametrize(
    "body",
    [
        b"\x00",
        b"<Req",
        b'<?xml version="1.0" encoding="no-such"?><Req/>',
        b'<!DOCTYPE a [<!ENTITY b "c">]><Req><SellerId>&b;</SellerId></Req>',
        b"<Req>" * 3000,
    ],
)
def test_bodies_that_are_no_document_are_refused(shared: Caller, body: bytes) -> None:
    for name in ("orderList", "orderInfo", "orderStatusChange"):
        reply = shared.xml(name, body)
        assert (reply.status_code, error_code(reply)) == (400, "od90101")
