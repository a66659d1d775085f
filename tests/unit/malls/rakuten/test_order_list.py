"""The order list: windows, groups, marks, and what a page may not do."""

import datetime as dt
import json
from typing import Any

import pytest

from engine.connector import Connection, OrderPage, Reply, Request
from engine.faults import Done, MallError
from tests.unit.malls.rakuten.pretend import Desk

START = 1_773_000_000.0
DAY = 86_400


def found(*numbers: str, total: int | None = None) -> dict[str, object]:
    count = len(numbers) if total is None else total
    return {
        "orderNumberList": list(numbers),
        "MessageModelList": [
            {"messageType": "INFO", "messageCode": "ORDER_EXT_API_SEARCH_ORDER_INFO_101"}
        ],
        "PaginationResponseModel": {"totalRecordsAmount": count, "totalPages": 1, "requestPage": 1},
    }


NOTHING = {
    "orderNumberList": [],
    "MessageModelList": [
        {"messageType": "INFO", "messageCode": "ORDER_EXT_API_SEARCH_ORDER_INFO_102"}
    ],
    "PaginationResponseModel": {
        "totalRecordsAmount": None,
        "totalPages": None,
        "requestPage": None,
    },
}


def read_all(
    desk: Desk, connection: Connection, start: float, end: float, *, recheck: bool = False
) -> list[OrderPage]:
    pages: list[OrderPage] = []
    cursor = None
    for _ in range(500):
        pages.append(desk.run(connection.list_orders(start, end, cursor, recheck=recheck)))
        cursor = pages[-1].next_cursor
        if cursor is None:
            return pages
    raise AssertionError("the list never ends")


def test_a_window_is_asked_for_in_japanese_time_without_a_colon_over_all_statuses(
    desk: Desk,
) -> None:
    connection = desk.open(desk.reply(found("1-20260310-0000000001")))
    page = desk.run(connection.list_orders(START + 0.7, START + 60.2, None, recheck=False))
    sent = desk.transport.body()
    request = desk.transport.requests[0]
    assert sent["startDatetime"] == "2026-03-09T05:00:00+0900"
    assert sent["endDatetime"] == "2026-03-09T05:01:01+0900"
    assert sent["dateType"] == 1
    assert "orderProgressList" not in sent
    assert sent["PaginationRequestModel"] == {
        "requestRecordsAmount": 1000,
        "requestPage": 1,
        "SortModelList": [{"sortColumn": 1, "sortDirection": 1}],
    }
    assert request.path == "/es/2.0/order/searchOrder/"
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    assert request.is_safe
    assert [(m.order, m.stamp, m.mark) for m in page.marks] == [("1-20260310-0000000001", 0.0, "")]
    assert (page.next_cursor, page.total, page.sent_at) == (None, 1, 1000.0)


def test_zero_hits_come_with_null_paging_and_are_an_empty_page(desk: Desk) -> None:
    page = desk.run(
        desk.open(desk.reply(NOTHING)).list_orders(START, START + 9, None, recheck=False)
    )
    assert page == OrderPage((), None, 0, 1000.0)


def test_a_recheck_goes_through_the_groups_and_the_status_becomes_the_mark(desk: Desk) -> None:
    connection = desk.open(
        [desk.reply(found("a")), desk.reply(found("b", "b")), desk.reply(found("c"))]
    )
    pages = read_all(desk, connection, START, START + DAY, recheck=True)
    marks = [(mark.order, mark.mark) for page in pages for mark in page.marks]
    assert marks == [("a", ""), ("b", "shipped"), ("c", "cancelled")]
    asked = [desk.transport.body(place)["orderProgressList"] for place in range(3)]
    assert asked == [[100, 200, 300, 400, 800], [500, 600, 700], [900]]
    # Each group has a count of its own: a difference would say nothing of a shift.
    assert [page.total for page in pages] == [None, None, None]


@pytest.mark.parametrize("length", [62 * DAY + 1, -1])
def test_a_window_beyond_the_cards_length_is_a_bug_of_the_caller(desk: Desk, length: int) -> None:
    with pytest.raises(ValueError, match="window"):
        desk.run(desk.open(()).list_orders(START, START + length, None, recheck=False))
    assert desk.transport.requests == []


def test_the_longest_window_stays_within_the_malls_63_days(desk: Desk) -> None:
    desk.run(
        desk.open(desk.reply(NOTHING)).list_orders(
            START + 0.5, START + 62 * DAY + 0.5, None, recheck=False
        )
    )
    sent = desk.transport.body()
    start, end = (dt.datetime.fromisoformat(sent[key]) for key in ("startDatetime", "endDatetime"))
    assert end - start <= dt.timedelta(days=63)


@pytest.mark.parametrize("recheck", [False, True])
def test_a_full_window_is_cut_by_time_and_every_order_is_shown_in_order(
    desk: Desk, recheck: bool
) -> None:
    # A quiet month, then a sale: 23,000 orders, far beyond what one list may hold.
    stamps = [START + 900 * n for n in range(3_000)] + [
        START + 40 * DAY + n * 0.2 for n in range(20_000)
    ]
    placed = {f"n{place:05d}": stamp for place, stamp in enumerate(stamps)}

    def mall(request: Request) -> Reply:
        sent = json.loads(request.body)
        low, high = (
            dt.datetime.fromisoformat(sent[key]).timestamp()
            for key in ("startDatetime", "endDatetime")
        )
        if sent.get("orderProgressList", [100])[0] != 100:
            return desk.reply(NOTHING)
        hits = [number for number, stamp in placed.items() if low <= int(stamp) <= high]
        assert sent["PaginationRequestModel"]["requestPage"] == 1
        return desk.reply(found(*hits[:1000], total=len(hits)) if hits else NOTHING)

    pages = read_all(desk, desk.open(mall), START, START + 60 * DAY, recheck=recheck)
    shown = [mark.order for page in pages for mark in page.marks]
    assert list(dict.fromkeys(shown)) == list(placed)
    assert len(pages) < 150


def test_bounds_that_exclude_their_end_lose_no_order_between_two_parts(desk: Desk) -> None:
    placed = {f"n{second:04d}": START + second for second in range(3_000)}

    def mall(request: Request) -> Reply:
        sent = json.loads(request.body)
        low, high = (
            dt.datetime.fromisoformat(sent[key]).timestamp()
            for key in ("startDatetime", "endDatetime")
        )
        hits = [number for number, stamp in placed.items() if low <= stamp < high]
        return desk.reply(found(*hits[:1000], total=len(hits)))

    pages = read_all(desk, desk.open(mall), START, START + 3_000)
    assert {mark.order for page in pages for mark in page.marks} == set(placed)


def test_a_full_page_without_a_count_is_cut_and_not_believed_to_be_all(desk: Desk) -> None:
    body = found(*(f"n{place}" for place in range(1000)))
    body["PaginationResponseModel"] = None
    page = desk.run(
        desk.open(desk.reply(body)).list_orders(START, START + DAY, None, recheck=False)
    )
    assert page.marks == ()
    assert page.next_cursor is not None


def test_a_second_with_more_orders_than_a_page_is_said_loudly(desk: Desk) -> None:
    body = found(*(f"n{place}" for place in range(1000)), total=1001)
    connection = desk.open(desk.reply(body))
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(START, START + 1, None, recheck=False))
    assert caught.value.code == "too-many-orders"


@pytest.mark.parametrize(
    "body",
    [
        found("a", total=2),
        {"orderNumberList": None},
        {},
        {"orderNumberList": [1]},
        b"<html>",
        b"",
        b"[]",
    ],
    ids=["short", "null", "empty", "numbers", "html", "nothing", "list"],
)
def test_a_page_that_cannot_be_all_of_it_is_unreadable(desk: Desk, body: Any) -> None:
    connection = desk.open(desk.reply(body))
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(START, START + DAY, None, recheck=False))
    assert caught.value.spec.kind == "unreadable"


def test_an_error_entry_under_a_good_status_fails_the_call(desk: Desk) -> None:
    body = {
        "orderNumberList": None,
        "MessageModelList": [
            {"messageType": "ERROR", "messageCode": "ORDER_EXT_API_SEARCH_ORDER_ERROR_011"}
        ],
    }
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(desk.reply(body)).list_orders(START, START + 1, None, recheck=False))
    assert caught.value.code == "ORDER_EXT_API_SEARCH_ORDER_ERROR_011"
    assert caught.value.spec.kind == "request"
    assert caught.value.done is Done.NOT_DONE


def test_a_warning_is_a_success(desk: Desk) -> None:
    body = found("a")
    body["MessageModelList"] = [{"messageType": "WARNING", "messageCode": "W"}]
    page = desk.run(desk.open(desk.reply(body)).list_orders(START, START + 1, None, recheck=False))
    assert len(page.marks) == 1
