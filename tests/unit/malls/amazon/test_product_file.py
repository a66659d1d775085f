"""The seller's inventory file: encodings, headings, rows that cannot be read."""

from pathlib import Path

import pytest

from engine.catalogue import SideSettings
from tests.unit.malls.file_reading import Read, read_file, read_refused

ENGLISH = (
    "item-name→listing-id→seller-sku→price→quantity→open-date→image-url→product-id-type→asin1"
    "→product-id→pending-quantity→fulfillment-channel→merchant-shipping-group→status"
)
JAPANESE = (
    "商品名→出品ID→出品者SKU→価格→数量→出品日→image-url→商品IDタイプ→ASIN 1→商品ID→在庫数"
    "→フルフィルメント・チャンネル→merchant-shipping-group→ステータス"
)
TEA = (
    "緑茶 100g ①髙﨑～→0501ABCDEFG→TEA-100-GRN→980→7→2024/05/01 11:03:04 JST→https://m.example/1.jpg"
    "→4→B0EXAMPLE1→4901234567894→99→DEFAULT→ネコポス→Active"
)
FBA = (
    '緑茶 "FBA"→0501ABCDEFH→TEA-100-GRN-FBA→1080→→2024/05/01 11:04:00 JST→→1→B0EXAMPLE1'
    "→B0EXAMPLE1→0→AMAZON_JP→移行された配送パターン→Active"
)


def file(*lines: str, encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    return (end.join(lines) + end).replace("→", "\t").encode(encoding)


def amazon(directory: Path, data: bytes) -> Read:
    return read_file(directory, "amazon", data)


def problems(read: Read) -> list[tuple[int, str]]:
    return [(one.line, one.subject) for one in read.problems]


@pytest.mark.parametrize("heading", [ENGLISH, JAPANESE], ids=["english", "japanese"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["lf", "crlf", "cr"])
@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("cp932", "cp932"), ("utf-16", "utf-16")],
)
def test_a_file_in_any_dress(
    tmp_path: Path, heading: str, end: str, encoding: str, told: str
) -> None:
    tea = TEA if encoding != "cp932" else TEA.replace("～", "~")
    read = amazon(tmp_path, file(heading, tea, FBA, "", encoding=encoding, end=end))
    assert (read.problems, read.warnings, read.encoding) == ([], (), told)
    first, second = read.rows
    assert (first.line, first.row.ref.code, first.row.sku_code) == (2, "TEA-100-GRN", "TEA-100-GRN")
    assert first.row.ref.sub_code == ""
    assert first.row.name.startswith("緑茶 100g ①髙﨑")
    assert (first.row.jan, first.row.image) == ("4901234567894", "https://m.example/1.jpg")
    # 数量, never 在庫数, which is what Amazon has pending.
    assert first.quantity == 7
    assert (first.row.tracked, first.row.settings) == (True, SideSettings())
    assert (second.row.tracked, second.quantity, second.row.jan) == (False, None, "")
    assert second.row.name == '緑茶 "FBA"'


def test_letters_of_no_encoding_are_replaced_and_told(tmp_path: Path) -> None:
    data = (
        file(ENGLISH, TEA.replace("緑茶", "x").replace("～", "~"), encoding="cp932") + b"\x81\xff"
    )
    read = amazon(tmp_path, data)
    assert [row.row.ref.code for row in read.rows] == ["TEA-100-GRN"]
    assert "replaced" in read.warnings[0][1]
    broken = b"seller-sku\tquantity\tfulfillment-channel\n\x81\xff\t1\tDEFAULT\n"
    assert problems(amazon(tmp_path, broken))[0][0] == 2


HEAD = "SKU→数量→フルフィルメントチャンネル→リードタイム→入荷予定日"


@pytest.mark.parametrize(
    ("row", "lead_time", "restock", "quantity"),
    [
        ("A→5→DEFAULT→3→2026/12/1", 3, "2026-12-01", 5),
        ("A→５→DEFAULT→0→2026-12-10 00:00", 0, "2026-12-10", 5),
        ("A→1,000→DEFAULT→→", None, None, 1000),
        ("A→→DEFAULT", None, None, None),
    ],
)
def test_lead_time_restock_date_and_quantity(
    tmp_path: Path, row: str, lead_time: int | None, restock: str | None, quantity: int | None
) -> None:
    (told,) = amazon(tmp_path, file(HEAD, row)).rows
    assert told.row.settings == SideSettings(lead_time_days=lead_time, restock_date=restock)
    assert told.quantity == quantity


@pytest.mark.parametrize(
    "row",
    [
        "A→-1→DEFAULT",
        "A→7.5→DEFAULT",
        "A→many→DEFAULT",
        "A→99999999→DEFAULT",
        "A→1→DEFAULT→31",
        "A→1→DEFAULT→3→soon",
        "A→1→DEFAULT→3→2026-02-30",
        "→1→DEFAULT",
        "A" * 101 + "→1→DEFAULT",
    ],
)
def test_a_row_that_cannot_be_read_is_told_and_the_rest_go_on(tmp_path: Path, row: str) -> None:
    read = amazon(tmp_path, file(HEAD, row, "B→1→DEFAULT"))
    assert [one.row.ref.code for one in read.rows] == ["B"]
    (problem,) = read.problems
    assert problem.line == 2
    assert problem.message.endswith("。")
    assert problem.message_en.endswith(".")


def test_a_sku_named_twice_is_told(tmp_path: Path) -> None:
    read = amazon(tmp_path, file(HEAD, "A→1→DEFAULT", "a→2→DEFAULT", "A→3→DEFAULT"))
    assert [(one.row.ref.code, one.quantity) for one in read.rows] == [("A", 1), ("a", 2)]
    assert problems(read) == [(4, "A")]


@pytest.mark.parametrize(
    ("channel", "tracked"),
    [("DEFAULT", True), ("default", True), ("AMAZON_JP", False), ("AMAZON_NA", False), ("", False)],
)
def test_only_what_the_merchant_sends_is_synced(
    tmp_path: Path, channel: str, tracked: bool
) -> None:
    (row,) = amazon(tmp_path, file(HEAD, f"A→1→{channel}")).rows
    assert row.row.tracked is tracked
    assert row.quantity == (1 if tracked else None)


def test_leading_zeros_and_blanks_inside_a_sku_stay(tmp_path: Path) -> None:
    read = amazon(tmp_path, file(HEAD, "0012 a/b→1→DEFAULT"))
    assert read.rows[0].row.ref.code == "0012 a/b"


def test_a_file_without_a_channel_syncs_nothing_and_says_so(tmp_path: Path) -> None:
    read = amazon(tmp_path, file("出品者SKU→ASIN→価格→数量", "A→B0→1→2"))
    assert not read.rows[0].row.tracked
    assert "fulfillment-channel" in read.warnings[0][1]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"a,b,c\n1,2,3\n", b"\x89PNG\r\n\x1a\n\x00"])
def test_another_kind_of_file_is_refused_in_a_sentence(tmp_path: Path, data: bytes) -> None:
    refusal = read_refused(tmp_path, "amazon", data)
    assert refusal.exit_code == 2
    assert "headings" in str(refusal)
