"""The import: listings from the stock list, names beside them, places to look at later."""

import pytest

from engine.catalogue import Axis
from engine.connector import Reply
from engine.faults import MallError
from malls.aupay.shelf import handle_of
from tests.unit.malls.aupay.pretend import (
    MUG,
    TEE,
    FakeTransport,
    connect,
    good,
    pair,
    run,
    shelf_row,
    stocks,
)

MUG_INFO = (
    "<resultItems><itemCode>MUG-01</itemCode><itemName>マグ</itemName><jan>49</jan></resultItems>"
)
REGISTER = (
    "<registerStock><choicesStockHorizontalItemName>カラー</choicesStockHorizontalItemName>"
    "<choicesStockVerticalItemName>サイズ</choicesStockVerticalItemName>"
    "<choicesStockHorizontals><choicesStockHorizontalCode>-bk</choicesStockHorizontalCode>"
    "<choicesStockHorizontalName>黒</choicesStockHorizontalName></choicesStockHorizontals>"
    "<choicesStockVerticals><choicesStockVerticalCode>-m</choicesStockVerticalCode>"
    "<choicesStockVerticalName>M</choicesStockVerticalName></choicesStockVerticals></registerStock>"
)
TEE_NAMES = "<itemCode>tee-07</itemCode><itemName>Tシャツ</itemName>"


def infos(*rows: str) -> Reply:
    return good(f"<searchResult>{''.join(rows)}</searchResult>")


def test_items_and_choices_become_listings_with_joined_codes() -> None:
    transport = FakeTransport(
        searchStocks=stocks(MUG, TEE),
        searchItemInfos=infos(MUG_INFO, f"<resultItems>{TEE_NAMES}{REGISTER}</resultItems>"),
    )
    page = run(connect(transport).read_catalogue(None))
    assert page.cursor is None
    mug, medium, large = page.rows
    assert (mug.ref.code, mug.ref.sub_code, mug.sku_code, mug.name, mug.jan) == (
        "mug-01", "", "mug-01", "マグ", "49",
    )  # fmt: skip
    assert (medium.ref.sub_code, medium.sku_code, medium.name) == (
        "-bk-m", "tee-07-bk-m", "Tシャツ",
    )  # fmt: skip
    assert medium.axes == (Axis("カラー", "黒", "-bk"), Axis("サイズ", "M", "-m"))
    assert large.axes == (Axis("カラー", "黒", "-bk"), Axis("サイズ", "-l", "-l"))
    assert (handle_of(mug.ref).row, handle_of(large.ref).row) == (1, 2)
    assert handle_of(large.ref).axes == ("-bk", "-l")
    assert mug.tracked
    assert medium.tracked


def test_an_item_the_list_does_not_explain_is_asked_for_by_itself() -> None:
    one = good(f"<searchResult><itemInfo>{TEE_NAMES}</itemInfo>{REGISTER}</searchResult>")
    transport = FakeTransport(
        searchStocks=stocks(TEE),
        searchItemInfos=infos(f"<resultItems>{TEE_NAMES}</resultItems>"),
        searchItemInfo=one,
    )
    assert run(connect(transport).read_catalogue(None)).rows[0].axes[0] == Axis(
        "カラー", "黒", "-bk"
    )
    rows = run(connect(transport, {"import_details": "none"}).read_catalogue(None)).rows
    assert rows[0].axes == (Axis("横軸", "-bk", "-bk"), Axis("縦軸", "-m", "-m"))
    assert len(transport.calls("searchItemInfo")) == 1
    lost = FakeTransport(
        searchStocks=stocks(MUG),
        searchItemInfos=infos(),
        searchItemInfo=good("<searchResult></searchResult>"),
    )
    assert run(connect(lost).read_catalogue(None)).rows[0].name == "mug-01"


def test_a_choice_of_one_axis_leaves_the_other_out() -> None:
    transport = FakeTransport(
        searchStocks=stocks(shelf_row("bag", 0, pair("-", "-red", 1), pair("-", "-blue", "x"))),
        searchItemInfos=infos("<resultItems><itemCode>bag</itemCode></resultItems>"),
    )
    red, blue = run(connect(transport, {"import_details": "none"}).read_catalogue(None)).rows
    assert (red.sku_code, red.axes) == ("bag-red", (Axis("縦軸", "-red", "-red"),))
    assert (red.tracked, blue.tracked) == (True, False)


def test_choices_that_join_to_one_text_are_one_listing_that_is_never_synced() -> None:
    transport = FakeTransport(
        searchStocks=stocks(shelf_row("twin", 0, pair("a", "bc"), pair("ab", "c"))),
        searchItemInfos=infos("<resultItems><itemCode>twin</itemCode></resultItems>"),
    )
    (row,) = run(connect(transport, {"import_details": "none"}).read_catalogue(None)).rows
    assert (row.ref.sub_code, row.tracked) == ("abc", False)


def test_a_walk_goes_on_by_rows_and_begins_again_when_the_list_changed() -> None:
    def page(*codes: str, total: int) -> Reply:
        return stocks(*(shelf_row(code) for code in codes), total=total)

    def names(*codes: str) -> Reply:
        return infos(*(f"<resultItems><itemCode>{code}</itemCode></resultItems>" for code in codes))

    transport = FakeTransport(
        searchStocks=[
            page("a", "b", total=3), page("c", total=4),
            page("z", "a", total=4), page("b", "c", total=4),
        ],
        searchItemInfos=[names("a", "b"), names("z", "a"), names("b", "c")],
    )  # fmt: skip
    connection = connect(transport)

    async def work() -> list[str]:
        first = await connection.read_catalogue(None)
        again = await connection.read_catalogue(first.cursor)
        last = await connection.read_catalogue(again.cursor)
        assert last.cursor is None
        return [row.ref.code for row in (*again.rows, *last.rows)]

    assert run(work()) == ["z", "a", "b", "c"]
    starts = [call["startCount"] for call in transport.calls("searchStocks")]
    assert starts == ["1", "3", "1", "3"]


def test_a_promised_page_that_is_empty_stops_the_import() -> None:
    transport = FakeTransport(searchStocks=stocks(total=9))
    with pytest.raises(MallError, match="unreadable"):
        run(connect(transport).read_catalogue(None))
    empty = FakeTransport(searchStocks=stocks())
    assert run(connect(empty).read_catalogue("not a cursor")).rows == ()
