"""The catalogue walk: prefixes, pages that resume, sub-codes, flags, and no item twice."""

import asyncio
from collections.abc import Mapping
from html import escape

import pytest

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef, SideSettings
from engine.connector import Reply
from engine.faults import MallError
from malls.yahoo import catalogue
from malls.yahoo.connection import KIND, connect
from tests.unit.malls.yahoo.pretend import XML, FakeTransport, answer, error, session

MUG = answer(
    f"""{XML}<ResultSet totalResultsReturned="1"><Result><ItemCode>mug-100</ItemCode>
    <PathList><Path origFlag="1"><![CDATA[x]]></Path></PathList>
    <Name><![CDATA[琺瑯マグ & ふた]]></Name><Jan>4900000000017</Jan><Image>https://i.example/m</Image>
    <Options><Option type="1" name="カラー"><Value>ブルー</Value></Option></Options>
    <SubCodes>
      <SubCode code="mug-100-bl" quantity="5"><Option name="カラー" value="ブルー"/>
        <Option name="サイズ" value="M"/><Price></Price></SubCode>
      <SubCode code="mug-100-rd" quantity="9"><Option name="カラー" value="レッド"/></SubCode>
      <SubCode code="" quantity="9"/>
    </SubCodes></Result></ResultSet>"""
)
TRAY = answer(
    "<ResultSet><Result><ItemCode>tray-7</ItemCode><Name>トレー</Name><Jan>49</Jan></Result></ResultSet>"
)


def items(*codes: str, total: int | None = None, has: Mapping[str, str] | None = None) -> Reply:
    rows = "".join(
        f"<Result><ItemCode>{code}</ItemCode><Name>{escape('木 & ' + code)}</Name>"
        + (f"<HasSubCode>{has[code]}</HasSubCode>" if has and code in has else "")
        + "</Result>"
        for code in codes
    )
    count = len(codes) if total is None else total
    return answer(f'{XML}<ResultSet totalResultsAvailable="{count}">{rows}</ResultSet>')


def flags(**by_sub: str) -> Reply:
    rows = "".join(
        f"<Result><ItemCode>{code}</ItemCode><SubCode>{sub}</SubCode>{inner}</Result>"
        for key, inner in by_sub.items()
        for code, _, sub in [key.replace("__", ":").replace("_", "-").partition(":")]
    )
    return answer(f"<ResultSet>{rows}</ResultSet>")


FOUND = "<Status>1</Status><Quantity>5</Quantity><AllowOverdraft>{}</AllowOverdraft>"


def page(transport: FakeTransport, cursor: str | None = None, **switches: str) -> CataloguePage:
    return asyncio.run(connect(session(transport, switches=switches)).read_catalogue(cursor))


def query(transport: FakeTransport) -> dict[str, str]:
    return dict(transport.calls("myItemList")[-1].params)


def test_a_walk_begins_at_the_first_prefix_and_ends_after_the_last() -> None:
    transport = FakeTransport(myItemList=items())
    cursor: str | None = None
    asked = []
    while True:
        read = page(transport, cursor)
        asked.append(query(transport)["query"])
        cursor = read.cursor
        if cursor is None:
            break
    assert "".join(asked) == catalogue.PREFIXES
    assert len(asked) == 63
    assert not transport.calls("getStock")


def test_a_page_names_its_sub_codes_axes_and_flags() -> None:
    transport = FakeTransport(
        myItemList=items("mug-100", has={"mug-100": "1"}),
        getItem=MUG,
        getStock=flags(mug_100__mug_100_bl=FOUND.format(1), mug_100__mug_100_rd=FOUND.format(0)),
    )
    read = page(transport, "m:1")
    assert read.cursor == "n:1"
    blue, red = read.rows
    assert blue == CatalogueRow(
        ref=ListingRef("mug-100", "mug-100-bl"),
        name="琺瑯マグ & ふた",
        sku_code="mug-100-bl",
        jan="4900000000017",
        image="https://i.example/m",
        axes=(Axis("カラー", "ブルー"), Axis("サイズ", "M")),
        settings=SideSettings(overdraft=True),
    )
    assert (red.sku_code, red.settings.overdraft) == ("mug-100-rd", False)


def test_an_item_without_sub_codes_costs_no_look_at_it() -> None:
    transport = FakeTransport(
        myItemList=items("tray-7", has={"tray-7": "0"}), getStock=flags(tray_7=FOUND.format(0))
    )
    (row,) = page(transport, "t:1").rows
    assert row == CatalogueRow(
        ref=ListingRef("tray-7", ""), name="木 & tray-7", sku_code="tray-7",
        settings=SideSettings(overdraft=False),
    )  # fmt: skip


@pytest.mark.parametrize("switches", [{"import_details": "all"}, {}])
def test_an_item_is_looked_at_where_asked_or_where_the_list_does_not_tell(
    switches: dict[str, str],
) -> None:
    has = {"tray-7": "0"} if switches else {}
    transport = FakeTransport(
        myItemList=items("tray-7", has=has), getItem=TRAY, getStock=flags(tray_7=FOUND.format(0))
    )
    (row,) = page(transport, "t:1", **switches).rows
    assert (row.ref.sub_code, row.name, row.jan) == ("", "トレー", "49")


def test_pages_resume_at_the_next_row() -> None:
    transport = FakeTransport(
        myItemList=items("m1", "m2", total=5, has={"m1": "0", "m2": "0"}),
        getStock=flags(m1=FOUND.format(0)),
    )
    assert page(transport, "m:1").cursor == "m:3"
    assert page(transport, "m:3").cursor == "m:5"
    assert query(transport)["start"] == "3"
    assert query(transport)["results"] == str(catalogue.PAGE_ITEMS)


@pytest.mark.parametrize("cursor", [None, "", "x", "ab:1", "m:0", "m:", "山:1", ":1"])
def test_a_cursor_that_cannot_be_read_begins_again(cursor: str | None) -> None:
    transport = FakeTransport(myItemList=items())
    page(transport, cursor)
    assert (query(transport)["query"], query(transport)["start"]) == ("0", "1")


def test_what_another_prefix_owns_is_left_to_it() -> None:
    transport = FakeTransport(
        myItemList=items("m1", "M1", has={"m1": "0", "M1": "0"}), getStock=flags(m1=FOUND.format(0))
    )
    assert [row.ref.code for row in page(transport, "m:1").rows] == ["m1"]
    transport = FakeTransport(
        myItemList=items("m1", "M1", has={"m1": "0", "M1": "0"}), getStock=flags(M1=FOUND.format(0))
    )
    assert [row.ref.code for row in page(transport, "M:1").rows] == ["M1"]


def test_a_listing_without_record_or_number_says_so() -> None:
    unlimited = "<Status>1</Status><Quantity></Quantity><AllowOverdraft>1</AllowOverdraft>"
    transport = FakeTransport(
        myItemList=items("m1", "m2", has={"m1": "0", "m2": "0"}),
        getStock=flags(m1="<Status>0</Status>", m2=unlimited),
    )
    first, second = page(transport, "m:1").rows
    assert (first.settings.overdraft, first.tracked) == (None, True)
    assert (second.settings.overdraft, second.tracked) == (True, False)


def test_an_item_that_went_meanwhile_is_left_out() -> None:
    transport = FakeTransport(myItemList=items("mug-100"), getItem=answer(error("it-05002"), 400))
    assert page(transport, "m:1").rows == ()


@pytest.mark.parametrize("body", ["<ResultSet/>", '<ResultSet totalResultsAvailable="4"/>'])
def test_a_list_that_promises_more_than_it_shows_is_unreadable(body: str) -> None:
    with pytest.raises(MallError) as caught:
        page(FakeTransport(myItemList=answer(body)), "m:1")
    assert caught.value.code == "unreadable"


def test_another_item_than_asked_for_is_unreadable() -> None:
    with pytest.raises(MallError) as caught:
        page(FakeTransport(myItemList=items("mug-100"), getItem=TRAY), "m:1")
    assert (caught.value.code, caught.value.subject) == ("unreadable", "mug-100")


def test_a_hyphen_that_is_no_query_ends_the_walk_and_not_the_import() -> None:
    refused = FakeTransport(myItemList=answer(error("it-99999"), 400))
    assert page(refused, "-:1") == CataloguePage((), None)
    with pytest.raises(MallError):
        page(refused, "m:1")
    with pytest.raises(MallError):
        page(FakeTransport(myItemList=answer("", 503)), "-:1")


def test_the_flags_of_a_wide_page_are_read_a_thousand_at_a_time() -> None:
    codes = [f"m{number}" for number in range(11)]
    subs = "".join(f'<SubCode code="{{}}-{number}"/>' for number in range(100))
    shown: list[Reply | Exception] = [
        answer(
            f"<ResultSet><Result><ItemCode>{code}</ItemCode>"
            f"<SubCodes>{subs.replace('{}', code)}</SubCodes></Result></ResultSet>"
        )
        for code in codes
    ]
    transport = FakeTransport(
        myItemList=items(*codes), getItem=shown, getStock=flags(m0__m0_1=FOUND.format(1))
    )
    assert len(page(transport, "m:1").rows) == 1100
    assert len(transport.calls("getStock")) == 2


def test_each_call_is_paced_by_its_own_published_rate() -> None:
    buckets = {rate.bucket: rate for rate in KIND.card.rates}
    transport = FakeTransport(myItemList=items("mug-100"), getItem=MUG, getStock=flags(m=""))
    page(transport, "m:1")
    assert {request.bucket for request in transport.sent} == {
        "token", "myItemList", "getItem", "getStock",
    }  # fmt: skip
    assert all(buckets[request.bucket].per_s == 1.1 for request in transport.sent)
    assert all(rate.calls == 1 for rate in buckets.values())
