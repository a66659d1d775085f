"""Quantities: quick guard reads, absolute writes of one element an item, partial failures."""

import pytest

from engine.catalogue import ListingRef
from engine.connector import Request, RowOutcome, StockWrite, WriteKind
from engine.faults import Done, MallError
from malls.aupay.card import CARD, card_for
from malls.aupay.shelf import Handle, native_of
from tests.unit.malls.aupay.pretend import (
    MUG,
    NOW,
    TEE,
    FakeTransport,
    answer,
    bad,
    connect,
    good,
    pair,
    run,
    shelf_row,
    shop,
    stocks,
)

MUG_REF = ListingRef("mug-01", "")
TEE_M = ListingRef("tee-07", "-bk-m", native_of(Handle("700000012", 2, ("-bk", "-m"))))
TEE_L = ListingRef("tee-07", "-bk-l", native_of(Handle("700000012", 2, ("-bk", "-l"))))
BAG = ListingRef("bag", "-red", native_of(Handle("3", 3, ("-", "-red"))))


def updated(*codes: str, refused: tuple[tuple[str, str], ...] = ()) -> str:
    rows = "".join(f"<updateResult><itemCode>{code}</itemCode></updateResult>" for code in codes)
    return rows + "".join(
        f"<updateResult><itemCode>{code}</itemCode><error><code>{native}</code>"
        "<message>該当する商品が存在しません。</message></error></updateResult>"
        for code, native in refused
    )


def test_reads_switch_the_kind_of_write() -> None:
    assert card_for({}) is CARD
    assert CARD.write_kind is WriteKind.GUARDED
    stale = card_for({"reads": "stale"})
    assert (stale.write_kind, stale.stale_s, stale.live_s) == (WriteKind.ANCHORED, 600.0, 600.0)


def test_few_items_are_read_one_by_one_by_number_or_code() -> None:
    transport = FakeTransport(searchStocks=shop({"mug-01-b": MUG.replace("mug-01", "mug-01-b")
                                                 .replace("11<", "19<"),
                                                 "mug-01": MUG, "tee-07": TEE}))  # fmt: skip
    read = run(connect(transport).read_stock([MUG_REF, TEE_M, TEE_L]))
    assert [(row.ref, row.quantity) for row in read.rows] == [(MUG_REF, 14), (TEE_M, 5), (TEE_L, 0)]
    assert (read.missing, read.start, read.end) == ((), NOW, NOW + 1)
    first, second = transport.calls("searchStocks")
    assert first["itemCode"] == "mug-01"
    assert second["lotNumber"] == "700000012"


def test_many_items_are_read_by_the_part_of_the_list_that_holds_them() -> None:
    rows = {f"i{n:03}": shelf_row(f"i{n:03}", n) for n in range(1, 701)}
    transport = FakeTransport(searchStocks=shop(rows))
    refs = [ListingRef(f"i{n:03}", "", native_of(Handle("", n))) for n in range(101, 301)]
    read = run(connect(transport).read_stock(refs))
    assert [row.quantity for row in read.rows] == list(range(101, 301))
    (call,) = transport.calls("searchStocks")
    assert (call["startCount"], call["totalCount"]) == ("101", "200")


def test_a_row_that_moved_is_read_by_itself_and_one_not_reached_is_left_out() -> None:
    rows = {f"i{n:03}": shelf_row(f"i{n:03}", n) for n in range(1, 701)}
    transport = FakeTransport(searchStocks=shop(rows, [*list(rows)[5:], *list(rows)[:5]]))
    refs = [ListingRef(f"i{n:03}", "", native_of(Handle("", n))) for n in (1, 2, 3, 6, 7, 8)]
    read = run(connect(transport).read_stock(refs))
    assert len(transport.calls("searchStocks")) == 3
    found = {row.ref.code: row.quantity for row in read.rows}
    assert found["i006"] == 6
    assert read.missing == ()
    assert {ref.code for ref in refs} - set(found) == {"i003"}


def test_missing_is_what_an_answer_would_have_shown() -> None:
    transport = FakeTransport(searchStocks=shop({"tee-07": TEE, "mug-01": MUG}))
    gone = ListingRef("ghost", "")
    no_choice = ListingRef("tee-07", "-bk-xl")
    read = run(connect(transport).read_stock([gone, no_choice]))
    assert read.missing == (gone, no_choice)
    read = run(connect(transport).read_stock([ListingRef("tee-07", ""), ListingRef("mug-01", "s")]))
    assert len(read.missing) == 2


def test_a_quantity_that_is_no_number_and_choices_alike_are_no_quantity() -> None:
    twins = shelf_row("twin", 0, pair("a", "bc", 1), pair("ab", "c", 2))
    transport = FakeTransport(searchStocks=shop({"x": shelf_row("x", "lots"), "twin": twins}))
    read = run(connect(transport).read_stock([ListingRef("x", ""), ListingRef("twin", "abc")]))
    assert [row.quantity for row in read.rows] == [None, None]


@pytest.mark.parametrize(
    "reply",
    [
        good(),
        good("<searchResult><resultCount>1</resultCount></searchResult>"),
        stocks(total=3),
        stocks("<resultStocks><stockCount>3</stockCount></resultStocks>"),
    ],
)
def test_an_answer_that_hides_rows_is_unreadable_and_not_missing(reply: object) -> None:
    with pytest.raises(MallError, match="unreadable"):
        run(connect(FakeTransport(searchStocks=reply)).read_stock([MUG_REF]))


def test_a_write_is_one_request_with_one_element_an_item() -> None:
    transport = FakeTransport(updateStock=good(updated("mug-01", "tee-07", "bag")))
    rows = [
        StockWrite(MUG_REF, None, 14),
        StockWrite(TEE_M, None, 4),
        StockWrite(BAG, None, 3),
        StockWrite(TEE_L, None, 0),
    ]
    written = run(connect(transport).write_stock(rows))
    assert [row.outcome for row in written.rows] == [RowOutcome.DONE] * 4
    assert [row.ref for row in written.rows] == [row.ref for row in rows]
    (body,) = transport.bodies("updateStock")
    assert body == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<request><shopId>50001234</shopId>'
        "<stockUpdateItem><itemCode>mug-01</itemCode><stockSegment>1</stockSegment>"
        "<stockCount>14</stockCount></stockUpdateItem>"
        "<stockUpdateItem><itemCode>tee-07</itemCode><stockSegment>2</stockSegment>"
        f"{pair('-bk', '-m', 4)}{pair('-bk', '-l', 0)}</stockUpdateItem>"
        "<stockUpdateItem><itemCode>bag</itemCode><stockSegment>2</stockSegment>"
        f"{pair('-', '-red', 3)}</stockUpdateItem></request>"
    )
    assert not transport.sent[0].is_safe


def test_an_absent_axis_is_echoed_or_left_out() -> None:
    transport = FakeTransport(updateStock=good(updated("bag")))
    run(connect(transport, {"absent_axis": "omit"}).write_stock([StockWrite(BAG, None, 3)]))
    assert "HorizontalCode" not in transport.bodies("updateStock")[0]


def test_a_choice_no_import_told_is_looked_up_before_the_write() -> None:
    transport = FakeTransport(
        searchStocks=shop({"tee-07": TEE}), updateStock=good(updated("tee-07"))
    )
    bare = ListingRef("tee-07", "-bk-m")
    written = run(connect(transport).write_stock([StockWrite(bare, None, 4)]))
    assert written.rows[0].outcome is RowOutcome.DONE
    assert pair("-bk", "-m", 4) in transport.bodies("updateStock")[0]
    lost = ListingRef("tee-07", "-none")
    written = run(connect(transport).write_stock([StockWrite(lost, None, 4)]))
    assert (written.rows[0].outcome, written.rows[0].code) == (RowOutcome.BAD_ITEM, "no-choice")
    with pytest.raises(MallError) as caught:
        run(connect(FakeTransport(searchStocks=answer("", 500))).write_stock(
            [StockWrite(bare, None, 4)]
        ))  # fmt: skip
    assert caught.value.done is Done.NOT_DONE


def test_choices_alike_are_never_written() -> None:
    twins = shelf_row("twin", 0, pair("a", "bc", 1), pair("ab", "c", 2))
    transport = FakeTransport(searchStocks=shop({"twin": twins}))
    row = run(connect(transport).write_stock([StockWrite(ListingRef("twin", "abc"), None, 1)])).rows
    assert (row[0].outcome, row[0].code) == (RowOutcome.BAD_ITEM, "ambiguous-choice")


def test_a_refused_item_fails_alone_and_one_not_told_of_is_unknown() -> None:
    refused = updated("mug-01", refused=(("tee-07", "PME9999"),))
    reply = answer(f"<response><result><status>1</status></result>{refused}</response>", 200)
    transport = FakeTransport(updateStock=reply)
    rows = [
        StockWrite(MUG_REF, None, 1), StockWrite(TEE_M, None, 1), StockWrite(TEE_L, None, 1),
        StockWrite(BAG, None, 1),
    ]  # fmt: skip
    written = run(connect(transport).write_stock(rows))
    assert [(row.outcome, row.code) for row in written.rows] == [
        (RowOutcome.DONE, ""),
        (RowOutcome.BAD_ITEM, "PME9999"),
        (RowOutcome.BAD_ITEM, "PME9999"),
        (RowOutcome.UNKNOWN, "unreadable"),
    ]


def test_one_item_refused_as_a_call_is_that_item() -> None:
    transport = FakeTransport(updateStock=bad("PME0777"))
    written = run(connect(transport).write_stock([StockWrite(MUG_REF, None, 1)]))
    assert (written.rows[0].outcome, written.rows[0].code) == (RowOutcome.BAD_ITEM, "PME0777")
    with pytest.raises(MallError) as caught:
        run(connect(FakeTransport(updateStock=bad("PME0777"))).write_stock(
            [StockWrite(MUG_REF, None, 1), StockWrite(TEE_M, None, 1)]
        ))  # fmt: skip
    assert caught.value.done is Done.UNKNOWN


def test_what_cannot_be_sent_is_not_sent() -> None:
    transport = FakeTransport()
    bell = ListingRef("a\x07b", "")
    rows = [StockWrite(MUG_REF, None, 100_000), StockWrite(bell, None, 1)]
    written = run(connect(transport).write_stock(rows))
    assert [row.code for row in written.rows] == ["bad-quantity", "bad-code"]
    assert transport.sent == []
    capped = connect(transport, {"choice_quantity_max": "999"})
    assert run(capped.write_stock([StockWrite(TEE_M, None, 1000)])).rows[0].code == "bad-quantity"
    with pytest.raises(ValueError, match="absolute"):
        run(connect(transport).write_stock([StockWrite(MUG_REF, -1, None)]))
    with pytest.raises(ValueError, match="rows"):
        run(connect(transport).write_stock([]))


def test_codes_with_odd_characters_leave_whole() -> None:
    codes = ["a b", "a/b+c", "ＦＵＬＬ", "猫🐈", "<&>\"'"]
    told = "".join(
        f"<updateResult><itemCode><![CDATA[{code}]]></itemCode></updateResult>" for code in codes
    )
    transport = FakeTransport(updateStock=good(told))
    rows = [StockWrite(ListingRef(code, ""), None, 1) for code in codes]
    written = run(connect(transport).write_stock(rows))
    assert {row.outcome for row in written.rows} == {RowOutcome.DONE}
    assert "<itemCode>&lt;&amp;&gt;\"'</itemCode>" in transport.bodies("updateStock")[0]


def test_a_maintenance_told_of_a_row_is_not_done() -> None:
    told = (
        "<updateResult><itemCode>mug-01</itemCode><error><code>CME5</code>"
        "<message>メンテナンス中です</message></error></updateResult>"
    )
    transport = FakeTransport(updateStock=good(told))
    written = run(connect(transport).write_stock([StockWrite(MUG_REF, None, 1)]))
    assert written.rows[0].outcome is RowOutcome.NOT_DONE


def test_the_key_goes_in_the_header_only() -> None:
    transport = FakeTransport(searchStocks=stocks(MUG))
    run(
        connect(transport, credentials={"shop_id": " 5 ", "api_key": " ab\n"}).read_stock([MUG_REF])
    )
    sent: Request = transport.sent[0]
    assert sent.headers["Authorization"] == "Bearer ab"
    assert dict(sent.params)["shopId"] == "5"
    assert "ab" not in repr(sent.params) + sent.path
