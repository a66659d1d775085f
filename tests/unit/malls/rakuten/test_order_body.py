"""Order bodies: what is kept, what a cancel and an edit look like, what is parked."""

import datetime as dt
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.faults import MallError
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.malls.rakuten.pretend import Desk, line, order, orders_reply

FetchOne = Callable[..., OrderSnapshot]

NUMBER = "402117-20260310-0000000312"
PLACED = dt.datetime(2026, 3, 9, 23, 41, 7, tzinfo=dt.UTC).timestamp()


def change(
    kind: int, detail: int | None = 0, number: int = 1, at: str = "12:00:00", **more: object
) -> dict[str, object]:
    moment = f"2026-03-10T{at}+0900"
    return {
        "changeId": number,
        "changeType": kind,
        "changeTypeDetail": detail,
        "changeApplyDatetime": moment,
        "changeFixDatetime": moment,
        "changeCmplDatetime": moment,
        **more,
    }


@pytest.fixture
def fetch_one(desk: Desk) -> FetchOne:
    def fetch(order: object, switches: dict[str, str] | None = None) -> OrderSnapshot:
        connection = desk.open(orders_reply(order), switches)
        fetched = desk.run(connection.fetch_orders([NUMBER]))
        assert fetched.unreadable == ()
        return fetched.orders[0]

    return fetch


def test_an_order_keeps_what_stock_needs_and_nothing_of_the_buyer(desk: Desk) -> None:
    connection = desk.open(orders_reply(order()))
    fetched = desk.run(connection.fetch_orders([NUMBER]))
    assert desk.transport.body() == {"orderNumberList": [NUMBER], "version": 10}
    assert desk.transport.requests[0].path == "/es/2.0/order/getOrder/"
    (one,) = fetched.orders
    assert one.order == NUMBER
    assert one.stamp == PLACED
    assert one.status == "発送待ち"
    assert (one.mark, one.cancelled, one.edited, one.cut_only, one.counts) == (
        "",
        False,
        False,
        False,
        True,
    )
    assert (one.read_from, one.read_until, one.changed_at) == (1000.0, 1001.5, None)
    assert one.lines == (OrderLine("20311001", "tee-01", "blk-M", 2, original=2, restocks=None),)
    assert b"HANAKO" not in msgspec.json.encode(fetched)


def test_capitals_of_the_manage_number_are_folded_and_those_of_the_variant_are_not(
    fetch_one: FetchOne,
) -> None:
    package = {"ItemModelList": [line(manageNumber="TEE-01")]}
    (one,) = fetch_one(order(PackageModelList=[package])).lines
    assert (one.code, one.sub_code) == ("tee-01", "blk-M")


@pytest.mark.parametrize(
    "skus",
    [
        None,
        [],
        [{"variantId": "normal-inventory", "skuInfo": None}],
        [{"variantId": "", "skuInfo": ""}],
        [{"variantId": "tee-01"}],
    ],
)
def test_a_single_sku_line_has_no_sub_code_whatever_the_mall_calls_it(
    fetch_one: FetchOne, skus: Any
) -> None:
    package = {"ItemModelList": [line(SkuModelList=skus)]}
    (one,) = fetch_one(order(PackageModelList=[package])).lines
    assert one.sub_code == ""


def test_a_line_without_stock_setting_does_not_count(fetch_one: FetchOne) -> None:
    package = {"ItemModelList": [line(1, inventoryType=0), line(2, inventoryType=1)]}
    assert [one.line for one in fetch_one(order(PackageModelList=[package])).lines] == ["2"]


@pytest.mark.parametrize(("flag", "restocks"), [(0, None), (1, True), (2, False), (None, None)])
def test_the_restock_flag_of_a_line_is_told(
    fetch_one: FetchOne, flag: int | None, restocks: bool | None
) -> None:
    package = {"ItemModelList": [line(restoreInventoryFlag=flag)]}
    assert fetch_one(order(PackageModelList=[package])).lines[0].restocks is restocks


@pytest.mark.parametrize("is_package", [True, False])
def test_a_deleted_line_takes_nothing_and_is_a_sign_of_an_edit(
    fetch_one: FetchOne, is_package: bool
) -> None:
    deleted = {
        "packageDeleteFlag": int(is_package),
        "ItemModelList": [line(1, deleteItemFlag=int(not is_package))],
    }
    one = fetch_one(order(PackageModelList=[deleted, {"ItemModelList": [line(2)]}]))
    assert [(ln.line, ln.quantity, ln.original) for ln in one.lines] == [
        ("1", 0, None),
        ("2", 2, None),
    ]
    assert one.edited


def test_a_cancelled_order_takes_nothing_and_still_tells_what_it_took(fetch_one: FetchOne) -> None:
    one = fetch_one(
        order(
            orderProgress=900,
            ChangeReasonModelList=[
                change(8, None, 1, at="08:50:00"),
                change(2, 0, 2, changeApplyDatetime="2026-03-10T11:59:59+0900"),
            ],
        )
    )
    assert (one.cancelled, one.mark, one.edited) == (True, "cancelled", False)
    assert (one.lines[0].quantity, one.lines[0].original) == (0, 2)
    assert one.changed_at == dt.datetime(2026, 3, 10, 3, tzinfo=dt.UTC).timestamp()


def test_a_cancel_after_an_edit_does_not_pretend_to_know_the_first_units(
    fetch_one: FetchOne,
) -> None:
    one = fetch_one(
        order(orderProgress=900, ChangeReasonModelList=[change(6, 0, 1), change(2, 0, 2)])
    )
    assert (one.edited, one.lines[0].original) == (True, None)


@pytest.mark.parametrize(
    ("changes", "modified", "edited"),
    [
        (None, 0, False),
        ([], 0, False),
        ([], 1, True),
        ([change(8, None)], 0, False),
        ([change(9, None)], 0, False),
        ([change(0)], 0, False),
        ([change(3)], 0, False),
        ([change(4)], 0, True),
        ([change(5)], 0, True),
        ([change(6)], 0, True),
        ([change(7)], 0, False),
        ([change(4), change(7)], 0, False),
        ([change(4), change(6), change(7)], 0, True),
        ([change(4, number=1), change(7, number=2)], 0, True),
        ([change(4, changeId=None), change(7, changeId=None)], 0, True),
    ],
)
def test_signs_of_an_edit(fetch_one: FetchOne, changes: Any, modified: int, edited: bool) -> None:
    one = fetch_one(order(modifyFlag=modified, ChangeReasonModelList=changes))
    assert one.edited is edited
    assert (one.lines[0].original is None) is edited


@pytest.mark.parametrize("detail", [0, 1, 2, 10, 11, 12, None])
def test_no_edit_is_ever_believed_to_be_a_mere_cut(fetch_one: FetchOne, detail: int | None) -> None:
    # The mall's "decrease" is of the amount: an item may have come in exchange.
    assert not fetch_one(order(ChangeReasonModelList=[change(6, detail)])).cut_only


@pytest.mark.parametrize(
    "changes",
    [
        [change(2, changeApplyDatetime="2026-03-10T11:59:50+0900")],
        [change(6, number=1, at="10:00:00"), change(2, number=2)],
        [change(0, changeCmplDatetime=None)],
        [change(8)],
    ],
    ids=["spread", "several", "pending", "confirmed"],
)
def test_a_change_without_one_certain_moment_has_none(fetch_one: FetchOne, changes: Any) -> None:
    assert fetch_one(order(ChangeReasonModelList=changes)).changed_at is None


@pytest.mark.parametrize(
    ("progress", "mark", "status"),
    [
        (100, "", "注文確認待ち"),
        (200, "", "楽天処理中"),
        (300, "", "発送待ち"),
        (400, "", "変更確定待ち"),
        (500, "shipped", "発送済"),
        (600, "shipped", "支払手続き中"),
        (700, "shipped", "支払手続き済"),
        (800, "", "キャンセル確定待ち"),
        (900, "cancelled", "キャンセル確定"),
        (850, "", "850"),
    ],
)
def test_every_status_has_its_mark_and_word(
    fetch_one: FetchOne, progress: int, mark: Any, status: str
) -> None:
    one = fetch_one(order(orderProgress=progress))
    assert (one.mark, one.status, one.cancelled) == (mark, status, progress == 900)
    assert one.counts


def test_a_status_the_settings_leave_out_does_not_count(fetch_one: FetchOne) -> None:
    switches = {"statuses_not_counted": "100, 200"}
    assert not fetch_one(order(orderProgress=200), switches).counts
    assert fetch_one(order(orderProgress=300), switches).counts


def test_an_odd_order_is_parked_with_what_it_names_and_the_rest_go_on(desk: Desk) -> None:
    odd = order(
        "odd",
        PackageModelList=[
            {"ItemModelList": [line(1, units="two"), line(2, manageNumber="RICE5", units=3)]},
            {"ItemModelList": [line(3, manageNumber="rice5", units=1), 7]},
            "no package",
        ],
    )
    connection = desk.open(orders_reply(odd, order(), order()))
    fetched = desk.run(connection.fetch_orders(["odd", NUMBER, NUMBER]))
    assert [one.order for one in fetched.orders] == [NUMBER]
    (parked,) = fetched.unreadable
    assert (parked.order, parked.stamp) == ("odd", PLACED)
    assert parked.listings == (("tee-01", "blk-M", None), ("rice5", "blk-M", 4))
    assert "two" not in parked.reason
    assert "HANAKO" not in parked.reason


@pytest.mark.parametrize(
    "changes",
    [
        {"orderProgress": "300"},
        {"orderProgress": None},
        {"orderDatetime": "yesterday"},
        {"orderDatetime": None},
        {"PackageModelList": None},
        {"PackageModelList": [{"ItemModelList": None}]},
        {"ChangeReasonModelList": [change(2, changeCmplDatetime="soon")]},
        {"ChangeReasonModelList": 5},
        {"modifyFlag": "KAIMONO-HANAKO"},
    ],
)
def test_missing_fields_and_wrong_types_park_the_order(desk: Desk, changes: Any) -> None:
    fetched = desk.run(desk.open(orders_reply(order(**changes))).fetch_orders([NUMBER]))
    assert fetched.orders == ()
    assert [one.order for one in fetched.unreadable] == [NUMBER]
    assert "HANAKO" not in repr(fetched)


@pytest.mark.parametrize(
    "lines",
    [
        [{"itemDetailId": 1}, {"itemDetailId": 1}],
        [{"SkuModelList": [{"variantId": "a", "skuInfo": "x"}, {"variantId": "b"}]}],
        [{"units": -1}],
        [{"units": 1.5}],
        [{"units": True}],
        [{"manageNumber": None}],
    ],
    ids=["same key", "two skus", "negative", "half", "bool", "no code"],
)
def test_a_line_that_cannot_be_told_parks_the_order(desk: Desk, lines: Any) -> None:
    package = {"ItemModelList": [line(**changes) for changes in lines]}
    odd = order(PackageModelList=[package])
    fetched = desk.run(desk.open(orders_reply(odd)).fetch_orders([NUMBER]))
    assert len(fetched.unreadable) == 1


def test_only_an_order_the_mall_calls_unknown_is_gone(desk: Desk) -> None:
    gone = {
        "messageType": "INFO",
        "messageCode": "ORDER_EXT_API_GET_ORDER_INFO_102",
        "orderNumber": "gone",
    }
    hidden = {
        "messageType": "WARNING",
        "messageCode": "ORDER_EXT_API_GET_ORDER_WARNING_101",
        "orderNumber": "hidden",
    }
    refused = {"messageType": "ERROR", "messageCode": "E_1", "orderNumber": "refused"}
    answer = orders_reply(order(), order("foreign"), None, messages=[gone, hidden, refused])
    fetched = desk.run(
        desk.open(answer).fetch_orders([NUMBER, "gone", "hidden", "refused", "passed over"])
    )
    assert [one.order for one in fetched.orders] == [NUMBER]
    assert {one.order for one in fetched.unreadable} == {"hidden", "refused", "passed over"}


def test_an_error_that_names_no_order_fails_the_call(desk: Desk) -> None:
    general = {"messageType": "ERROR", "messageCode": "ORDER_EXT_API_GET_ORDER_ERROR_009"}
    with pytest.raises(MallError, match="ERROR_009"):
        desk.run(desk.open(orders_reply(order(), messages=[general])).fetch_orders([NUMBER]))


def test_a_hundred_orders_are_one_call_and_more_are_a_bug(desk: Desk) -> None:
    with pytest.raises(ValueError, match="fetch_orders_max"):
        desk.run(desk.open(()).fetch_orders([str(number) for number in range(101)]))
    assert desk.run(desk.open(()).fetch_orders([])).orders == ()
    desk.run(desk.open(orders_reply()).fetch_orders([str(number) for number in range(100)]))
    assert len(desk.transport.requests) == 1


def test_the_version_can_be_set_back(desk: Desk) -> None:
    desk.run(desk.open(orders_reply(), {"order_version": "7"}).fetch_orders([NUMBER]))
    assert desk.transport.body()["version"] == 7
