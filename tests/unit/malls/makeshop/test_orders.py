"""Orders: counted pages, marks that tell a change, line keys of what there is."""

from typing import Any

import pytest

from engine.connector import OrdersFetched
from engine.faults import MallError
from engine.snapshot import OrderSnapshot
from tests.unit.malls.makeshop.pretend import (
    NOW,
    FakeTransport,
    basket,
    connect,
    delivery,
    good,
    order,
    orders,
    run,
)


def fetched(*some: Any, switches: dict[str, str] | None = None) -> OrdersFetched:
    connection = connect(FakeTransport(searchOrder=orders(*some)), switches)

    async def work() -> OrdersFetched:
        page = await connection.list_orders(NOW - 60, NOW, None, recheck=False)
        got = await connection.fetch_orders([mark.order for mark in page.marks])
        by_order = {one.order: one.mark for one in got.orders}
        assert all(by_order.get(mark.order, "") == mark.mark for mark in page.marks)
        return got

    return run(work())


def read(*some: Any, switches: dict[str, str] | None = None) -> OrderSnapshot:
    (snapshot,) = fetched(*some, switches=switches).orders
    return snapshot


def test_a_list_asks_for_the_window_in_japan_and_for_nothing_of_a_buyer() -> None:
    transport = FakeTransport(searchOrder=orders(order()))
    page = run(connect(transport).list_orders(NOW - 60.5, NOW + 0.5, None, recheck=True))
    assert transport.inputs("searchOrder") == [
        {
            "startOrderDate": "20261002091219",
            "endOrderDate": "20261002091321",
            "sortOrder": "ASC",
            "page": 1,
            "limit": 200,
        }
    ]
    assert page.marks[0].stamp == NOW - 200
    assert (page.next_cursor, page.total) == (None, 1)
    query = transport.sent[0].body.decode()
    assert not any(word in query for word in ("sender", "receiver", "member", "message"))


def test_lines_of_all_deliveries_are_read_with_keys_of_their_own() -> None:
    twice = order(
        "P1",
        delivery(basket(), basket("tee-07", "tee-07-bk-m ", 2), basket("tee-07", "tee-07-bk-m", 3)),
        delivery(basket(), number="2"),
    )
    lines = read(twice).lines
    assert [(line.code, line.sub_code, line.quantity) for line in lines] == [
        ("mug-01", "", 1), ("tee-07", "tee-07-bk-m", 2), ("tee-07", "tee-07-bk-m", 3),
        ("mug-01", "", 1),
    ]  # fmt: skip
    assert [line.line for line in lines] == [
        "1/000000000011/#1", "1/000000000012/tee-07-bk-m#1", "1/000000000012/tee-07-bk-m#2",
        "2/000000000011/#1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("some", "quantities", "is_cancelled", "is_edited", "status"),
    [
        (order("P1"), [1], False, False, "未処理"),
        (order("P1", delivery(status="Y")), [1], False, False, "発送済み"),
        (order("P1", delivery(status="R")), [1], False, False, "返品"),
        (order("P1", delivery(status="C")), [0], True, False, "キャンセル"),
        (order("P1", paymentStatusCode="0003"), [0], True, False, "キャンセル"),
        (order("P1", delivery(status="C"), delivery(number=2)), [0, 1], False, True, "C/N"),
    ],
)
def test_what_is_cancelled_counts_nothing(
    some: Any, quantities: list[int], is_cancelled: bool, is_edited: bool, status: str
) -> None:
    got = read(some)
    assert [line.quantity for line in got.lines] == quantities
    assert [line.original for line in got.lines] == [1] * len(quantities)
    assert (got.cancelled, got.edited, got.cut_only, got.status) == (
        is_cancelled, is_edited, 0 in quantities, status,
    )  # fmt: skip


@pytest.mark.parametrize(
    "changed",
    [
        order("P1", paymentStatusCode="0003"),
        order("P1", delivery(status="Y")),
        order("P1", delivery(basket(amount=2))),
        order("P1", delivery(basket(), basket("tee-07"))),
        order("P1", delivery(), delivery(number=2)),
    ],
)
def test_a_mark_tells_every_change_that_counts(changed: Any) -> None:
    assert read(changed).mark != read(order("P1")).mark


ODD = [
    (order("P1", orderDate="2026"), "注文日時"),
    (order("P1", orderDate=None), "注文日時"),
    (order("P1", delivery(basket(amount=None))), "数量"),
    (order("P1", delivery(basket(amount=-1))), "数量"),
    (order("P1", delivery(basket(amount=1.5))), "数量"),
    (order("P1", delivery(basket("", productCode=None))), "商品コード"),
    (order("P1", deliveryInfos=[]), "明細"),
    (order("P1", deliveryInfos="HANAKO"), "形式"),
]


@pytest.mark.parametrize(("some", "reason"), ODD)
def test_an_odd_order_is_parked_and_the_rest_go_on(some: Any, reason: str) -> None:
    got = fetched(some, order("P2"))
    assert [one.order for one in got.orders] == ["P2"]
    (odd,) = got.unreadable
    assert odd.order == "P1"
    assert reason in odd.reason
    assert "HANAKO" not in repr(got)


def test_a_listing_is_named_by_the_own_code_or_by_makeshops() -> None:
    bare = order("P1", delivery(basket("")))
    assert read(bare).lines[0].code == "000000000099"
    assert read(order("P1"), switches={"listing_code": "system"}).lines[0].code == "000000000011"
    assert read(order("P1", delivery(basket(amount="2")))).lines[0].quantity == 2


def test_pages_are_followed_until_all_that_is_counted_was_seen() -> None:
    some = [order(f"P{number}") for number in range(5)]
    transport = FakeTransport(
        searchOrder=[
            orders(*some[:2], total=5),
            orders(*some[2:4], total=5),
            orders(some[4], total=5),
        ]
    )
    connection = connect(transport)

    async def work() -> None:
        cursor, seen = None, []
        for _ in range(3):
            page = await connection.list_orders(NOW, NOW, cursor, recheck=False)
            seen += [mark.order for mark in page.marks]
            cursor = page.next_cursor
        assert cursor is None
        assert seen == ["P0", "P1", "P2", "P3", "P4"]
        got = await connection.fetch_orders([*seen, "P9"])
        assert len(got.orders) == 5
        # It cannot be read alone, which does not mean that it is gone.
        assert [one.order for one in got.unreadable] == ["P9"]

    run(work())
    assert [given["page"] for given in transport.inputs("searchOrder")] == [1, 2, 3]


def test_a_list_that_stops_early_or_repeats_itself_is_an_error() -> None:
    for second in (orders(total=5), orders(order("P0"), total=5)):
        connection = connect(FakeTransport(searchOrder=[orders(order("P0"), total=5), second]))
        first = run(connection.list_orders(NOW, NOW, None, recheck=False))
        with pytest.raises(MallError, match="unreadable"):
            run(connection.list_orders(NOW, NOW, first.next_cursor, recheck=False))
    # One that shrank while it was read simply ends.
    connection = connect(FakeTransport(searchOrder=[orders(order("P0"), total=2), orders(total=1)]))
    first = run(connection.list_orders(NOW, NOW, None, recheck=False))
    page = run(connection.list_orders(NOW, NOW, first.next_cursor, recheck=False))
    assert page.next_cursor is None


@pytest.mark.parametrize(
    "content",
    [
        {"searchedCount": 1, "orders": None},
        {"searchedCount": None, "orders": []},
        {"searchedCount": 1, "orders": [{"orderDate": "x"}]},
        {"searchedCount": 1, "orders": ["HANAKO"]},
        {"searchedCount": 1, "orders": "HANAKO"},
    ],
)
def test_a_page_that_cannot_be_trusted_is_unreadable(content: object) -> None:
    connection = connect(FakeTransport(searchOrder=good("searchOrder", content)))
    with pytest.raises(MallError, match="unreadable") as caught:
        run(connection.list_orders(NOW, NOW, None, recheck=False))
    assert "HANAKO" not in repr(caught.value)
