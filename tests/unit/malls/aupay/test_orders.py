"""Orders: whole days, marks that tell a change, choices named as their listings are."""

import pytest

from engine.faults import MallError
from engine.snapshot import OrderSnapshot
from tests.unit.malls.aupay.pretend import (
    MUG,
    NOW,
    STAMP,
    TEE,
    FakeTransport,
    bad,
    connect,
    good,
    line,
    order,
    orders,
    run,
    shelf_row,
    shop,
    stocks,
)

LIST = "searchTradeInfoListProc"
TWO = [order("331000101"), order("331000102", line("880000202", "tee-07", "-bk-m", unit="2"))]


def fetched(
    transport: FakeTransport, *numbers: str, switches: dict[str, str] | None = None
) -> list[OrderSnapshot]:
    connection = connect(transport, switches)

    async def work() -> list[OrderSnapshot]:
        await connection.list_orders(NOW - 60, NOW, None, recheck=False)
        return list((await connection.fetch_orders(numbers)).orders)

    return run(work())


def test_a_list_asks_for_whole_days_over_every_status() -> None:
    transport = FakeTransport(**{LIST: orders(*TWO)})
    page = run(connect(transport).list_orders(NOW - 86_400, NOW, None, recheck=True))
    assert transport.calls(LIST) == [
        {
            "shopId": "50001234",
            "totalCount": "500",
            "startCount": "1",
            "startDate": "20261001",
            "endDate": "20261002",
            "dateType": "0",
        }
    ]
    assert [mark.order for mark in page.marks] == ["331000101", "331000102"]
    assert page.marks[0].stamp == STAMP
    assert page.next_cursor is None


def test_orders_just_listed_cost_no_call_and_carry_the_lists_mark() -> None:
    transport = FakeTransport(**{LIST: orders(*TWO), "searchStocks": shop({"tee-07": TEE})})
    read = fetched(transport, "331000101", "331000102")
    assert len(transport.calls(LIST)) == 1
    assert not transport.calls("searchTradeInfoProc")
    first, second = read
    assert (first.lines[0].code, first.lines[0].sub_code, first.lines[0].quantity) == (
        "mug-01", "", 1,
    )  # fmt: skip
    assert (second.lines[0].sub_code, second.lines[0].quantity, second.lines[0].original) == (
        "-bk-m", 2, 2,
    )  # fmt: skip
    assert (first.read_from, first.read_until) == (NOW, NOW + 1)
    assert first.stamp == STAMP
    page = run(connect(FakeTransport(**{LIST: orders(*TWO)})).list_orders(
        NOW, NOW, None, recheck=False
    ))  # fmt: skip
    assert [mark.mark for mark in page.marks] == [first.mark, second.mark]


@pytest.mark.parametrize(
    "changed",
    [
        order("331000101", orderStatus="キャンセル"),
        order("331000101", line(unit="2")),
        order("331000101", line(itemCancelStatus="Y")),
        order("331000101", line(), line("880000209")),
        order("331000101", line(code="mug-02")),
    ],
)
def test_a_mark_tells_every_change_that_counts(changed: str) -> None:
    def mark(text: str) -> str:
        connection = connect(FakeTransport(**{LIST: orders(text)}))
        return run(connection.list_orders(NOW, NOW, None, recheck=False)).marks[0].mark

    assert mark(changed) != mark(order("331000101"))


@pytest.mark.parametrize(
    ("status", "quantity", "is_cancelled", "counts"),
    [
        ("新規受付", 1, False, True),
        ("予約中", 1, False, True),
        ("キャンセル受付中", 1, False, True),
        ("不正取引審査中", 1, False, True),
        ("店舗のフォルダ", 1, False, True),
        ("キャンセル", 0, True, True),
        ("審査NG", 0, True, True),
        ("保留", 1, False, False),
    ],
)
def test_every_status_counts_but_the_released_ones(
    status: str, quantity: int, is_cancelled: bool, counts: bool
) -> None:
    transport = FakeTransport(**{LIST: orders(order("1", orderStatus=status))})
    (read,) = fetched(transport, "1", switches={"statuses_not_counted": "保留, 別のもの"})
    assert (read.lines[0].quantity, read.cancelled, read.counts) == (quantity, is_cancelled, counts)
    assert read.lines[0].original == 1


def test_a_cancelled_line_is_a_cut_of_what_was_taken() -> None:
    text = order("1", line(itemCancelStatus="Y", unit="3"), line("2", unit="0"))
    (read,) = fetched(FakeTransport(**{LIST: orders(text)}), "1")
    assert [(one.quantity, one.original) for one in read.lines] == [(0, 3), (0, None)]
    assert (read.edited, read.cut_only, read.cancelled) == (True, True, False)


ODD = [
    (order("1", orderDate="gestern"), "注文日時"),
    (order("1", orderStatus=""), "ステータス"),
    (order("1", line(unit="many")), "数量"),
    (order("1", line(unit="-1")), "数量"),
    (order("1", line(key="")), "番号"),
    (order("1", line(code="")), "商品コード"),
    (order("1", line(), line()), "2回"),
]


@pytest.mark.parametrize(("text", "reason"), ODD)
def test_an_odd_order_is_parked_and_the_rest_go_on(text: str, reason: str) -> None:
    connection = connect(FakeTransport(**{LIST: orders(text, order("2"))}))

    async def work() -> None:
        page = await connection.list_orders(NOW, NOW, None, recheck=False)
        assert {mark.order for mark in page.marks} == {"1", "2"}
        got = await connection.fetch_orders(["1", "2"])
        assert [one.order for one in got.orders] == ["2"]
        assert [one.order for one in got.unreadable] == ["1"]
        assert reason in got.unreadable[0].reason
        assert "HANAKO" not in repr(got)

    run(work())


def test_a_full_page_is_followed_by_its_next_row() -> None:
    full = orders(*(order(str(number)) for number in range(500)))
    transport = FakeTransport(**{LIST: [full, orders(*TWO[:1])]})
    connection = connect(transport)

    async def work() -> None:
        page = await connection.list_orders(NOW, NOW, None, recheck=False)
        assert page.next_cursor == "501"
        last = await connection.list_orders(NOW, NOW, page.next_cursor, recheck=False)
        assert last.next_cursor is None
        # What the first page listed is still there to be fetched.
        assert len((await connection.fetch_orders(["0", "499", "331000101"])).orders) == 3

    run(work())
    assert [call["startCount"] for call in transport.calls(LIST)] == ["1", "501"]


@pytest.mark.parametrize(
    ("rows", "told", "cursor", "onward"),
    [
        (100, 100, None, "101"),  # a round number: the mall may have cut the page
        (99, 99, None, None),
        (99, 250, None, "100"),  # the count is a grand total after all
        (0, 0, "101", None),
        (50, 150, "101", "151"),  # a grand total again, all of it shown; a round number
        (49, 149, "101", None),
    ],
)
def test_where_a_list_ends(rows: int, told: int, cursor: str | None, onward: str | None) -> None:
    page_rows = [order(str(number)) for number in range(rows)]
    transport = FakeTransport(**{LIST: orders(*page_rows, told=told)})
    if told == 250:
        with pytest.raises(MallError):  # rows were promised for this page
            run(connect(transport).list_orders(NOW, NOW, cursor, recheck=False))
        return
    page = run(connect(transport).list_orders(NOW, NOW, cursor, recheck=False))
    assert page.next_cursor == onward


def test_a_page_without_a_count_or_with_a_nameless_order_is_unreadable() -> None:
    for reply in (good(order("1")), orders(order("")), orders(told=3)):
        with pytest.raises(MallError, match="unreadable"):
            run(connect(FakeTransport(**{LIST: reply})).list_orders(NOW, NOW, None, recheck=False))


def test_an_order_not_listed_is_read_alone_and_one_not_there_is_in_neither_list() -> None:
    transport = FakeTransport(
        searchTradeInfoProc=[good(order("7")), good(), good(order("9")), good()]
    )
    got = run(connect(transport).fetch_orders(["7", "8", "10"]))
    assert [one.order for one in got.orders] == ["7"]
    assert [one.order for one in got.unreadable] == ["10"]


def test_an_order_the_mall_fails_on_is_parked_while_the_mall_is_well() -> None:
    transport = FakeTransport(searchTradeInfoProc=[bad("CME9"), good(order("8"))])
    got = run(connect(transport).fetch_orders(["7", "8"]))
    assert [one.order for one in got.unreadable] == ["7"]
    alone = FakeTransport(**{"searchTradeInfoProc": bad("CME9"), LIST: orders()})
    assert run(connect(alone).fetch_orders(["7"])).unreadable[0].order == "7"
    ill = FakeTransport(**{"searchTradeInfoProc": bad("CME9"), LIST: bad("CME8")})
    with pytest.raises(MallError, match="CME8"):
        run(connect(ill).fetch_orders(["7"]))


MAZE = shelf_row("maze", 0, *(
    f"<choicesStocks><choicesStockHorizontalCode>{across}</choicesStockHorizontalCode>"
    f"<choicesStockVerticalCode>{down}</choicesStockVerticalCode>"
    "<choicesStockCount>1</choicesStockCount></choicesStocks>"
    for across, down in (("-a-", "-b"), ("x", "y"), ("-", "-solo"))
))  # fmt: skip


@pytest.mark.parametrize(
    ("code", "carried", "sub_code"),
    [
        ("tee-07", "-bk-m", "-bk-m"),
        ("tee-07", "-m-bk", "-bk-m"),  # vertical first
        ("tee-07", "-bk-xl", "-bk-xl"),  # fits nothing: left as it came
        ("mug-01", "own-shelf-4", ""),  # no choices: the shop's own free text
        ("maze", "-a--b", "-a--b"),
        ("maze", "-a-b", "-a--b"),  # hyphens as one
        ("maze", "-solo", "-solo"),
        ("ghost", "-x", "-x"),
    ],
)
def test_a_lines_choice_is_named_as_its_listing(code: str, carried: str, sub_code: str) -> None:
    stock = shop({"tee-07": TEE, "mug-01": MUG, "maze": MAZE})
    text = order("1", line(code=code, sub=carried))
    transport = FakeTransport(**{LIST: orders(text), "searchStocks": stock})
    (read,) = fetched(transport, "1")
    assert read.lines[0].sub_code == sub_code
    plain = FakeTransport(**{LIST: orders(text)})
    (trusted,) = fetched(plain, "1", switches={"order_choices": "suffix"})
    assert trusted.lines[0].sub_code == carried


def test_an_items_choices_are_looked_up_once() -> None:
    texts = [order(str(place), line(code="tee-07", sub="-bk-m")) for place in range(3)]
    transport = FakeTransport(**{LIST: orders(*texts), "searchStocks": shop({"tee-07": TEE})})
    assert len(fetched(transport, "0", "1", "2")) == 3
    assert len(transport.calls("searchStocks")) == 1


def test_a_failing_look_up_holds_up_no_order_and_leaves_it_to_be_read_again() -> None:
    texts = [order(str(place), line(code=f"c{place}", sub="-bk")) for place in range(3)]
    transport = FakeTransport(**{LIST: orders(*texts), "searchStocks": bad("CME9")})
    read = fetched(transport, "0", "1", "2")
    assert [(one.lines[0].sub_code, one.mark) for one in read] == [("-bk", "")] * 3
    assert len(transport.calls("searchStocks")) == 1


def test_a_stock_answer_without_the_item_leaves_the_line() -> None:
    text = order("1", line(code="tee-07", sub="-bk-m"))
    transport = FakeTransport(**{LIST: orders(text), "searchStocks": stocks()})
    (read,) = fetched(transport, "1")
    assert (read.lines[0].sub_code, bool(read.mark)) == ("-bk-m", True)
