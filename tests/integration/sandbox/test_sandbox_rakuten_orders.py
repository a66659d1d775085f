"""The pretend Rakuten against its wire contract: searchOrder and getOrder."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from datetime import datetime

import httpx
import pytest

from tests.integration.sandbox.rakuten_caller import (
    Caller,
    Json,
    calling,
    order_stamp,
    until,
)

UPSERT = "/es/2.0/inventories/bulk-upsert"
SEARCH_ERROR = "ORDER_EXT_API_SEARCH_ORDER_ERROR_"
GET_ERROR = "ORDER_EXT_API_GET_ORDER_ERROR_"
DAY_S = 86_400


@pytest.fixture
def mall() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


@pytest.fixture(scope="module")
def worn_mall() -> Iterator[Caller]:
    """One for all whose calls are refused."""
    with calling() as caller:
        caller.item("rice5", 5)
        yield caller


def message_codes(reply: httpx.Response) -> list[str]:
    return [message["messageCode"] for message in reply.json()["MessageModelList"]]


def line_of(model: Json) -> Json:
    return model["PackageModelList"][0]["ItemModelList"][0]


# -- searchOrder -----------------------------------------------------------------------------------


def test_search_order_pages_through_numbers_of_its_window(mall: Caller) -> None:
    mall.item("rice5", 9)
    orders = [mall.order("rice5", age_s=60 - n) for n in range(5)]

    first = mall.search(size=2)

    assert first.json()["orderNumberList"] == orders[:2]
    assert message_codes(first) == ["ORDER_EXT_API_SEARCH_ORDER_INFO_101"]
    assert first.json()["PaginationResponseModel"] == {
        "totalRecordsAmount": 5,
        "totalPages": 3,
        "requestPage": 1,
    }
    assert mall.numbers(size=2, page=3) == orders[4:]
    assert re.fullmatch(r"\d+-\d{8}-\d{10}", orders[0])


def test_search_order_is_newest_first_by_default_with_pages_of_30(mall: Caller) -> None:
    mall.item("rice5", 50)
    orders = [mall.order("rice5", age_s=100 - n) for n in range(31)]

    found = mall.numbers(PaginationRequestModel=None)

    assert found == orders[:0:-1]


def test_zero_hits_have_null_pagination(mall: Caller) -> None:
    reply = mall.search()

    assert reply.status_code == 200
    assert message_codes(reply) == ["ORDER_EXT_API_SEARCH_ORDER_INFO_102"]
    assert reply.json()["orderNumberList"] == []
    assert set(reply.json()["PaginationResponseModel"].values()) == {None}


def test_the_windows_bounds_are_inclusive_to_the_second(mall: Caller) -> None:
    mall.item("rice5", 9)
    order = mall.order("rice5", age_s=30)
    stamp = mall.one(order)["orderDatetime"]
    at = datetime.strptime(stamp, "%Y-%m-%dT%H:%M:%S%z").timestamp()

    assert mall.numbers(startDatetime=stamp, endDatetime=stamp) == [order]
    later = order_stamp(at + 1)
    assert mall.numbers(startDatetime=later, endDatetime=later) == []
    earlier = order_stamp(at - 1)
    assert mall.numbers(startDatetime=earlier, endDatetime=earlier) == []


def test_search_order_filters_by_progress(mall: Caller) -> None:
    mall.item("rice5", 9)
    new = mall.order("rice5")
    shipped = mall.order("rice5", status="shipped")
    cancelled = mall.order("rice5")
    mall.door(f"orders/{cancelled}", {"cancel": True})

    assert mall.numbers(orderProgressList=[100]) == [new]
    assert mall.numbers(orderProgressList=[500, 900]) == [shipped, cancelled]
    assert mall.numbers(dateType=4) == [shipped]


@pytest.mark.parametrize(
    "stamp",
    [
        "2026-03-10T09:00:00+09:00",
        "2026-03-10T09:00:00",
        "2026-03-10T09:00:00Z",
        "2026-03-10T09:00:00.000+0900",
        "2026-03-10 09:00:00+0900",
        "2026/03/10T09:00:00+0900",
        "2026-03-10",
        "2026-02-31T09:00:00+0900",
        20260310,
    ],
)
def test_only_one_date_format_is_accepted(worn_mall: Caller, stamp: object) -> None:
    reply = worn_mall.search(startDatetime=stamp)

    assert reply.status_code == 400
    assert message_codes(reply) == [f"{SEARCH_ERROR}011"]
    assert reply.json()["orderNumberList"] is None
    assert reply.json()["PaginationResponseModel"] is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"dateType": None}, ["009"]),
        ({"dateType": 7}, ["011"]),
        ({"dateType": True}, ["011"]),
        ({"dateType": None, "startDatetime": None}, ["009", "009"]),
        ({"orderProgressList": [150]}, ["011"]),
        ({"orderProgressList": "100"}, ["011"]),
        ({"subStatusIdList": [-1]}, ["009"]),
        ({"PaginationRequestModel": {"requestPage": 1}}, ["009"]),
        ({"PaginationRequestModel": {"requestPage": 0, "requestRecordsAmount": 1}}, ["011"]),
        ({"PaginationRequestModel": {"requestPage": 1, "requestRecordsAmount": 1001}}, ["099"]),
        ({"startDatetime": order_stamp(time.time() - 64 * DAY_S)}, ["099"]),
        (
            {
                "startDatetime": order_stamp(time.time() - 731 * DAY_S),
                "endDatetime": order_stamp(time.time() - 720 * DAY_S),
            },
            ["099"],
        ),
    ],
)
def test_every_fault_of_a_search_is_told_at_once(
    worn_mall: Caller, change: dict[str, Json], expected: list[str]
) -> None:
    reply = worn_mall.search(**change)

    assert reply.status_code == 400
    assert message_codes(reply) == [f"{SEARCH_ERROR}{number}" for number in expected]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7", b"\xff", b"[" * 20_000])
def test_what_is_no_request_is_refused_without_a_500(worn_mall: Caller, body: bytes) -> None:
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    for path in (
        "/es/2.0/order/searchOrder",
        "/es/2.0/order/getOrder",
        "/es/2.0/inventories/bulk-get",
        UPSERT,
    ):
        reply = worn_mall.client.post(path, content=body, headers=json_type)
        assert reply.status_code == 400, path
    variant = "/es/2.0/inventories/manage-numbers/rice5/variants/x"
    assert worn_mall.client.put(variant, content=body, headers=json_type).status_code == 400


@pytest.mark.slow
def test_nothing_beyond_15000_results_can_be_read(mall: Caller) -> None:
    mall.item("rice5", 99_999)
    one = {"lines": [{"code": "rice5", "quantity": 1}]}
    mall.door("orders", {"orders": [one] * 15_001})

    last = mall.search(page=15).json()

    assert last["PaginationResponseModel"]["totalRecordsAmount"] == 15_000
    assert len(last["orderNumberList"]) == 1_000
    assert mall.numbers(page=16) == []


# -- getOrder --------------------------------------------------------------------------------------


def test_get_order_shows_lines_as_the_mall_does(mall: Caller) -> None:
    mall.item("tee-01", 9, "blk-M", name="cotton tee", axes={"color": "black", "size": "M"})
    mall.item("rice5", 9, name="rice 5kg")
    lines = [
        {"code": "TEE-01", "sub_code": "blk-M", "quantity": 2},
        {"code": "rice5", "quantity": 1},
    ]
    number = mall.door("orders", {"lines": lines})["order_id"]

    reply = mall.get([number])

    assert reply.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert message_codes(reply) == ["ORDER_EXT_API_GET_ORDER_INFO_101"]
    assert reply.json()["version"] == 10
    model = reply.json()["OrderModelList"][0]
    package = model["PackageModelList"][0]
    tee, rice = package["ItemModelList"]
    assert (model["orderNumber"], model["orderProgress"]) == (number, 100)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0900", model["orderDatetime"])
    assert model["ChangeReasonModelList"] is None
    assert model["totalPrice"] == -9_999  # not fixed before the shop confirms
    assert package["basketId"] == tee["itemDetailId"] != rice["itemDetailId"]
    assert (tee["manageNumber"], tee["units"], tee["inventoryType"]) == ("tee-01", 2, 2)
    assert tee["SkuModelList"] == [
        {
            "variantId": "blk-M",
            "merchantDefinedSkuId": "M-blk-M",
            "skuInfo": "color:black\nsize:M",
        }
    ]
    assert (rice["itemName"], rice["units"], rice["inventoryType"]) == ("rice 5kg", 1, 1)
    assert rice["SkuModelList"][0]["variantId"] == "normal-inventory"
    assert rice["SkuModelList"][0]["skuInfo"] is None


def test_get_order_gives_the_buyer_out_in_full(mall: Caller) -> None:
    mall.item("rice5", 9)
    model = mall.one(mall.order("rice5"))
    buyer = mall.state()["orders"][0]["buyer"]

    orderer = model["OrdererModel"]
    sender = model["PackageModelList"][0]["SenderModel"]
    assert f"{orderer['familyName']} {orderer['firstName']}" == buyer["name"]
    assert orderer["emailAddress"] == buyer["mail"]
    assert sender["subAddress"] == buyer["street"]
    assert buyer["name"] == "ZZBUYER-000001 Taro"
    assert "-".join(sender[f"phoneNumber{n}"] for n in (1, 2, 3)) == buyer["phone"]


@pytest.mark.parametrize(
    ("version", "there", "missing"),
    [
        (3, "", "version defaultDeliveryCompanyCode SkuModelList socialGiftFlag"),
        (6, "version goodsTax cautionDisplayDetailType", "SkuModelList deliveryCertPrgFlag"),
        (7, "SkuModelList goodsTax isTaxRecalc", "deliveryCertPrgFlag dropOffFlag"),
        ("8", "SkuModelList deliveryCertPrgFlag", "goodsTax dropOffFlag socialGiftFlag"),
        (10, "SkuModelList dropOffFlag socialGiftFlag SocialGiftModel", "goodsTax isTaxRecalc"),
    ],
)
def test_newer_fields_need_a_newer_version(
    mall: Caller, version: object, there: str, missing: str
) -> None:
    mall.item("rice5", 9)
    text = mall.get([mall.order("rice5")], version).text

    for name in there.split():
        assert f'"{name}":' in text
    for name in missing.split():
        assert f'"{name}":' not in text


def test_unknown_orders_are_named_one_by_one(mall: Caller) -> None:
    mall.item("rice5", 9)
    number = mall.order("rice5")

    mixed = mall.get([number, "402117-20260101-0000000099"])
    unknown = mall.get(["x"])

    assert mixed.status_code == unknown.status_code == 200
    assert message_codes(mixed) == [
        "ORDER_EXT_API_GET_ORDER_INFO_101",
        "ORDER_EXT_API_GET_ORDER_INFO_102",
    ]
    assert mixed.json()["MessageModelList"][1]["orderNumber"] == "402117-20260101-0000000099"
    assert unknown.json()["OrderModelList"] == []


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"orderNumberList": ["x"]}, ["009"]),
        ({"version": 7}, ["009"]),
        ({}, ["009", "009"]),
        ({"orderNumberList": ["x"], "version": 2}, ["099"]),
        ({"orderNumberList": ["x"], "version": 11}, ["099"]),
        ({"orderNumberList": ["x"], "version": "new"}, ["011"]),
        ({"orderNumberList": "x", "version": 7}, ["011"]),
        ({"orderNumberList": [1], "version": 7}, ["011"]),
        ({"orderNumberList": ["x"] * 101, "version": 7}, ["099"]),
    ],
)
def test_a_bad_get_order_is_refused(
    worn_mall: Caller, body: dict[str, object], expected: list[str]
) -> None:
    reply = worn_mall.order_call("getOrder/", body)

    assert reply.status_code == 400
    assert message_codes(reply) == [f"{GET_ERROR}{number}" for number in expected]


@pytest.mark.parametrize(("restock", "flag", "left"), [(True, 1, 5), (False, 2, 3)])
def test_a_cancel_shows_as_900_with_its_restore_flag(
    mall: Caller, restock: bool, flag: int, left: int
) -> None:
    mall.item("rice5", 5)
    number = mall.order("rice5", 2)
    assert line_of(mall.one(number))["restoreInventoryFlag"] == 0

    mall.door(f"orders/{number}", {"cancel": True, "restock": restock, "by": "buyer"})

    model = mall.one(number)
    changes = model["ChangeReasonModelList"]
    assert model["orderProgress"] == 900
    assert line_of(model)["restoreInventoryFlag"] == flag
    assert line_of(model)["units"] == 2
    assert [change["changeType"] for change in changes] == [0, 1, 2]
    assert {change["changeReason"] for change in changes} == {1}
    assert len({change["changeId"] for change in changes}) == 3
    assert mall.quantity("rice5") == left


def test_a_cancel_can_be_revoked_and_takes_its_units_again(mall: Caller) -> None:
    mall.item("rice5", 5)
    number = mall.order("rice5", 2)
    mall.door(f"orders/{number}", {"cancel": True})

    mall.door(f"orders/{number}", {"status": "confirmed"})

    model = mall.one(number)
    assert model["orderProgress"] == 300
    assert [c["changeType"] for c in model["ChangeReasonModelList"]] == [0, 1, 2, 3, 8]
    assert line_of(model)["restoreInventoryFlag"] == 0
    assert mall.quantity("rice5") == 3


def test_a_revoke_needs_stock(mall: Caller) -> None:
    mall.item("rice5", 2)
    number = mall.order("rice5", 2)
    mall.door(f"orders/{number}", {"cancel": True})
    mall.order("rice5", 1)

    mall.door(f"orders/{number}", {"status": "new"}, 409)

    assert mall.one(number)["orderProgress"] == 900


def test_an_edit_keeps_line_ids_and_leaves_its_trace(mall: Caller) -> None:
    mall.item("rice5", 9)
    mall.item("soap", 9)
    lines = [{"code": "rice5", "quantity": 2}, {"code": "soap", "quantity": 1}]
    number = mall.door("orders", {"lines": lines})["order_id"]
    before = mall.one(number)["PackageModelList"][0]["ItemModelList"]

    edit = {"lines": [{"code": "soap", "quantity": 3}], "by": "buyer"}
    mall.door(f"orders/{number}", edit)

    model = mall.one(number)
    after = model["PackageModelList"][0]["ItemModelList"]
    assert [line["itemDetailId"] for line in after] == [before[1]["itemDetailId"]]
    assert after[0]["units"] == 3
    assert model["modifyFlag"] == 1
    assert [c["changeType"] for c in model["ChangeReasonModelList"]] == [4, 5, 6]
    assert {c["changeTypeDetail"] for c in model["ChangeReasonModelList"]} == {2}
    assert (mall.quantity("rice5"), mall.quantity("soap")) == (9, 6)


@pytest.mark.parametrize(("units", "detail"), [(1, 0), (3, 1), (2, 2)])
def test_an_edit_says_in_which_direction(mall: Caller, units: int, detail: int) -> None:
    mall.item("rice5", 9)
    number = mall.order("rice5", 2)

    mall.door(f"orders/{number}", {"lines": [{"code": "rice5", "quantity": units}]})

    assert mall.one(number)["ChangeReasonModelList"][0]["changeTypeDetail"] == detail


@pytest.mark.slow
def test_a_pending_change_shows_400_or_800_first(mall: Caller) -> None:
    mall.item("rice5", 9)
    edited, cancelled = mall.order("rice5", 2), mall.order("rice5", 2)
    mall.door("knobs", {"change_pending_s": 0.3})

    mall.door(f"orders/{edited}", {"lines": [{"code": "rice5", "quantity": 1}]})
    mall.door(f"orders/{cancelled}", {"cancel": True})

    assert mall.one(edited)["orderProgress"] == 400
    assert mall.numbers(orderProgressList=[800]) == [cancelled]
    until(lambda: mall.one(edited)["orderProgress"] == 100)
    until(lambda: mall.one(cancelled)["orderProgress"] == 900)


def test_a_confirmed_order_has_its_moments(mall: Caller) -> None:
    mall.item("rice5", 9)
    model = mall.one(mall.order("rice5", status="confirmed"))

    assert model["orderProgress"] == 300
    assert model["shopOrderCfmDatetime"] is not None
    assert model["shippingCmplRptDatetime"] is None
    assert model["totalPrice"] == 1_980
    assert [c["changeType"] for c in model["ChangeReasonModelList"]] == [8]
