"""Product files of every mall: headings, encodings, quotes, and rows that cannot be read."""

import codecs
from pathlib import Path

import pytest

from engine.catalogue import Axis, SideSettings
from malls.registry import KINDS
from tests.unit.malls.file_reading import Read, read_file, read_refused

RAKUTEN = (
    "商品管理番号（商品URL）,商品名,バリエーション項目キー定義,SKU管理番号,カタログID,在庫数,"
    "バリエーション項目キー1,バリエーション項目選択肢1"
)


def read(directory: Path, kind: str, text: str, encoding: str = "utf-8") -> Read:
    return read_file(directory, kind, text.encode(encoding))


def listings(read: Read) -> list[tuple[str, str, str, int | None]]:
    return [
        (one.row.ref.code, one.row.ref.sub_code, one.row.name, one.quantity) for one in read.rows
    ]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t"], ids=["comma", "tab"])
def test_zaikos_own_headings_are_read_for_every_mall(
    tmp_path: Path, kind: str, encoding: str, separator: str
) -> None:
    lines = ["code,name,jan,quantity", "tee,Tシャツ ①髙,4901234567894,12", "", "cap,帽子,,0", ""]
    text = "\r\n".join(lines).replace(",", separator)
    told = read(tmp_path, kind, text, encoding)
    assert (told.problems, told.has_quantity) == ([], True)
    assert told.encoding == encoding.removesuffix("-sig")
    names = [(one.line, one.row.ref.code, one.row.name, one.row.jan) for one in told.rows]
    assert names == [(2, "tee", "Tシャツ ①髙", "4901234567894"), (4, "cap", "帽子", "")]
    if kind != "amazon":
        assert [one.quantity for one in told.rows] == [12, 0]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "amazon"])
def test_quotes_hold_commas_and_line_ends_and_later_lines_keep_their_number(
    tmp_path: Path, kind: str
) -> None:
    text = 'code,name,quantity\na,"一行目\n二行目, ""引用""",3\nb,x,many\nc,y,5\n'
    told = read(tmp_path, kind, text)
    assert [one.row.name for one in told.rows] == ['一行目\n二行目, "引用"', "y"]
    assert [one.line for one in told.rows] == [2, 5]
    (bad,) = told.problems
    assert (bad.line, bad.column, bad.subject) == (4, "quantity", "b")


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",x,,1", "code"),
        ("a\x1fb,x,,1", "code"),
        ("a" * 101 + ",x,,1", "code"),
        ("a,x,4.90123E+12,1", "jan"),
        ("a,x,,-1", "quantity"),
        ("a,x,,1.5", "quantity"),
        ("a,x,,99999999", "quantity"),
        ("a,x,y,,1", ""),
        ('a,"x" y,,1', ""),
        ("a," + "x" * 2001 + ",,1", "name"),
    ],
)
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "amazon"])
def test_a_bad_row_names_its_line_and_column_and_the_rest_go_on(
    tmp_path: Path, kind: str, row: str, column: str
) -> None:
    told = read(tmp_path, kind, f"code,name,jan,quantity\n{row}\nb,y,,2\n")
    assert [one.row.ref.code for one in told.rows] == ["b"]
    (bad,) = told.problems
    assert bad.line == 2
    assert bad.column == column
    assert bad.message.endswith("。")
    assert bad.message_en.endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_without_the_needed_column_is_refused_in_a_sentence(
    tmp_path: Path, kind: str
) -> None:
    refusal = read_refused(tmp_path, kind, "名前,値段\na,1\n".encode("cp932"))
    assert refusal.exit_code == 2
    assert "headings" in str(refusal)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [b"", b"\r\n\r\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE + b"x"])
def test_an_empty_file_is_refused_in_a_sentence(tmp_path: Path, kind: str, data: bytes) -> None:
    assert read_refused(tmp_path, kind, data).exit_code == 2


def test_a_listing_named_twice_is_taken_once(tmp_path: Path) -> None:
    told = read(tmp_path, "yahoo", "code,sub-code,quantity\na,r,1\na,b,2\na,r,3\n")
    assert listings(told) == [("a", "r", "", 1), ("a", "b", "", 2)]
    (bad,) = told.problems
    assert (bad.line, bad.subject) == (4, "a r")
    assert "line 2" in bad.message_en


def test_rakutens_item_csv_has_a_row_an_item_and_a_row_a_sku(tmp_path: Path) -> None:
    rows = [
        RAKUTEN,
        "tee,Tシャツ,color,,,,,",
        "tee,,,tee-red,4901234567894,3,色,赤",
        "tee,,,tee-blue,,0,色,青",
        "cap,帽子,,,,,,",
        "cap,,,normal-inventory,,7,,",
        "bag,鞄,,,,,,",
        "bag,,,one-sku,,9,,",
    ]
    told = read(tmp_path, "rakuten", "\r\n".join(rows), "cp932")
    assert listings(told) == [
        ("tee", "tee-red", "Tシャツ", 3),
        ("tee", "tee-blue", "Tシャツ", 0),
        ("cap", "", "帽子", 7),
        ("bag", "", "鞄", 9),
    ]
    assert [one.row.sku_code for one in told.rows] == ["tee-red", "tee-blue", "cap", "bag"]
    assert [one.row.ref.native for one in told.rows][2:] == ["normal-inventory", "one-sku"]
    assert told.rows[0].row.axes == (Axis("色", "赤"),)
    assert told.rows[0].row.jan == "4901234567894"


def test_yahoos_two_files_name_the_same_listings(tmp_path: Path) -> None:
    stock = "code,sub-code,quantity,allow-overdraft,stock-close\ntee,tee-r,3,1,0\ncap,,5,0,0\n"
    told = read(tmp_path, "yahoo", stock, "cp932")
    assert listings(told) == [("tee", "tee-r", "", 3), ("cap", "", "", 5)]
    assert [one.row.settings for one in told.rows] == [
        SideSettings(overdraft=True),
        SideSettings(overdraft=False),
    ]
    items = (
        "path,name,code,price,jan,sub-code\n"
        "服,Tシャツ,tee,980,4901234567894,色:赤#サイズ:M=tee-r|色:青#サイズ:M=tee-b\n"
        "服,帽子,cap,500,4901234567900,\n"
    )
    told = read(tmp_path, "yahoo", items, "cp932")
    assert not told.has_quantity
    assert listings(told) == [
        ("tee", "tee-r", "Tシャツ", None),
        ("tee", "tee-b", "Tシャツ", None),
        ("cap", "", "帽子", None),
    ]
    assert told.rows[1].row.axes == (Axis("色", "青"), Axis("サイズ", "M"))
    assert [one.row.jan for one in told.rows] == ["", "", "4901234567900"]
    broken = read(tmp_path, "yahoo", "code,sub-code\ntee,赤=tee-r\n")
    assert [(one.line, one.column) for one in broken.problems] == [(2, "sub-code")]


def test_au_pays_choices_are_named_by_their_codes_joined(tmp_path: Path) -> None:
    text = (
        "lotNumber,itemCode,itemName,stockCount,choicesStockHorizontalCode,"
        "choicesStockVerticalCode,choicesStockCount\n"
        "1,tee,Tシャツ,,-r,-m,4\n1,tee,Tシャツ,,-b,-,2\n2,cap,帽子,8,,,\n"
    )
    told = read(tmp_path, "aupay", text, "cp932")
    assert listings(told) == [
        ("tee", "-r-m", "Tシャツ", 4),
        ("tee", "-b", "Tシャツ", 2),
        ("cap", "", "帽子", 8),
    ]
    assert [one.row.sku_code for one in told.rows] == ["tee-r-m", "tee-b", "cap"]


@pytest.mark.parametrize(
    ("switches", "codes"),
    [({}, ["tee", "000002"]), ({"listing_code": "system"}, ["000001", "000002"])],
)
def test_makeshops_codes_follow_the_switch(
    tmp_path: Path, switches: dict[str, str], codes: list[str]
) -> None:
    text = "システム商品コード,独自商品コード,商品名,数量\n000001,tee,Tシャツ,4\n000002,,帽子,\n"
    told = read_file(tmp_path, "makeshop", text.encode("cp932"), switches)
    assert [one.row.ref.code for one in told.rows] == codes
    assert [one.quantity for one in told.rows] == [4, None]
