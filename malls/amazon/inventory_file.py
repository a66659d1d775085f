"""The seller's inventory file (`amazon+MM-DD-YYYY.txt`, 出品詳細レポート) read from its bytes.

Tab-separated, one line of headings, Japanese or English, in UTF-8 or Shift_JIS (cp932); which of
them is seen by looking, never by the file's name. Columns go by heading, for accounts have more or
fewer of them. A quote sign is a letter like any other. The column 在庫数 is *not* the stock: it is
Amazon's pending quantity; the stock is 数量. A row that cannot be read is told and the rest go on.
Pure: who opens the file, and what is done with a quantity, is decided elsewhere (M7 to M9).
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from engine.catalogue import CatalogueRow, ListingRef, SideSettings
from malls.amazon.card import LEAD_TIME_DAYS_MAX
from malls.amazon.stock import MERCHANT

SKU_LENGTH_MAX: Final = 100
"""Characters of a seller SKU; Amazon itself takes 40."""
QUANTITY_MAX: Final = 10_000_000

_CHARSETS: Mapping[str, str] = {
    # What a download's Content-Type calls it -> Python's name. Plain Shift_JIS lacks ① and 髙.
    "shift_jis": "cp932",
    "sjis": "cp932",
    "ms932": "cp932",
    "windows-31j": "cp932",
    "cp932": "cp932",
    "cp1252": "cp1252",
    "windows-1252": "cp1252",
    "utf-8": "utf-8-sig",
    "utf8": "utf-8-sig",
}

_HEADINGS: Mapping[str, str] = {
    "seller-sku": "sku",
    "sku": "sku",
    "出品者sku": "sku",
    "item-name": "name",
    "商品名": "name",
    "quantity": "quantity",
    "数量": "quantity",
    "fulfillment-channel": "channel",
    "フルフィルメントチャンネル": "channel",
    "product-id": "product-id",
    "商品id": "product-id",
    "product-id-type": "product-id-type",
    "商品idタイプ": "product-id-type",
    "image-url": "image",
    "status": "status",
    "ステータス": "status",
    # No report of Amazon's own has these two; a file prepared by hand may.
    "lead-time-to-ship": "lead-time",
    "leadtime-to-ship": "lead-time",
    "handling-time": "lead-time",
    "リードタイム": "lead-time",
    "出荷作業日数": "lead-time",
    "restock-date": "restock-date",
    "入荷予定日": "restock-date",
}
"""Headings with case, width, blanks and middle dots folded -> what the column is."""

_BROKEN: Final = (
    "読み取れない文字がありました。その文字は置き換えられています。",
    "Some characters could not be read and were replaced.",
)
_NO_CHANNEL: Final = (
    "フルフィルメント・チャンネルの列がないため、連携できる出品がありません。出品詳細レポートを使ってください。",
    "Without the column fulfillment-channel nothing can be synced: use the full listings report.",
)
_NO_QUANTITY: Final = ("数量の列がありません。", "There is no column quantity (数量).")

_BAR_CODE_TYPES: Final = frozenset({"3", "4", "ean", "jan", "upc"})
_BAR_CODE = re.compile(r"[0-9]{8,14}", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_DAY = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", re.ASCII)


class FileRow(Struct, frozen=True):
    """One listing of the file."""

    line: int
    """Its line in the file, the headings being line 1."""
    row: CatalogueRow
    """What an import takes; `tracked` False: fulfilled by Amazon, or nobody can tell by whom."""
    quantity: int | None
    """What the mall showed when the file was made; None where the file does not tell."""


class FileProblem(Struct, frozen=True):
    """A line that was not taken, and why."""

    line: int
    sku: str
    message: str
    message_en: str


class InventoryFile(Struct, frozen=True):
    """A file as read."""

    rows: tuple[FileRow, ...]
    problems: tuple[FileProblem, ...]
    encoding: str
    warnings: tuple[tuple[str, str], ...] = ()
    """(Japanese, English) sentences about the file as a whole."""


class _Bad(Exception):
    """A cell cannot be read: the sentences for the operator."""

    def __init__(self, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.message = message
        self.message_en = message_en


def read_inventory_file(data: bytes, charset: str = "") -> InventoryFile:
    """The listings of a file. `charset`: what a download said of it, "" where nobody did."""
    text, encoding, is_broken = _decoded(data, charset)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    columns = _columns(lines[0].split("\t"))
    if "sku" not in columns:
        problem = FileProblem(
            1,
            "",
            "見出し行に「出品者SKU」(seller-sku)の列がありません。",
            "The heading line has no column seller-sku (出品者SKU).",
        )
        return InventoryFile((), (problem,), encoding)
    rows: dict[str, FileRow] = {}
    problems: list[FileProblem] = []
    for number, line in enumerate(lines[1:], 2):
        if not line.strip():
            continue
        cells = line.split("\t")
        sku = _cell(cells, columns, "sku")
        try:
            row = _row(number, sku, cells, columns)
            if (first := rows.setdefault(sku, row)) is not row:
                problems.append(
                    FileProblem(
                        number,
                        sku,
                        f"出品者SKUが {first.line} 行目と重複しています。",
                        f"The seller SKU is that of line {first.line} again.",
                    )
                )
        except _Bad as bad:
            problems.append(FileProblem(number, sku[:SKU_LENGTH_MAX], bad.message, bad.message_en))
    warnings = _warnings(columns, is_broken=is_broken)
    return InventoryFile(tuple(rows.values()), tuple(problems), encoding, warnings)


def _decoded(data: bytes, charset: str) -> tuple[str, str, bool]:
    """(text, the encoding's name, whether letters had to be replaced)."""
    named = _CHARSETS.get(charset.strip().strip('"').lower())
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        # What a spreadsheet saves as "Unicode text".
        candidates = ["utf-16"]
    elif named is not None:
        candidates = [named, "utf-8-sig", "cp932"]
    else:
        candidates = ["utf-8-sig", "cp932"]
    for encoding in candidates:
        try:
            return data.decode(encoding), encoding.removesuffix("-sig"), False
        except UnicodeDecodeError:
            continue
    return data.decode(candidates[-1], errors="replace"), candidates[-1], True


def _columns(headings: Sequence[str]) -> Mapping[str, int]:
    """What each column is -> where; the first of two alike counts."""
    columns: dict[str, int] = {}
    for place, heading in enumerate(headings):
        folded = unicodedata.normalize("NFKC", heading).strip().strip('"').lower()
        folded = re.sub(r"[\s・]", "", folded)
        if (meaning := _HEADINGS.get(folded)) is not None:
            columns.setdefault(meaning, place)
    return columns


def _cell(cells: Sequence[str], columns: Mapping[str, int], name: str) -> str:
    place = columns.get(name)
    return cells[place].strip() if place is not None and place < len(cells) else ""


def _row(number: int, sku: str, cells: Sequence[str], columns: Mapping[str, int]) -> FileRow:
    if not sku:
        raise _Bad("出品者SKUがありません。", "The seller SKU is missing.")
    if len(sku) > SKU_LENGTH_MAX or "\ufffd" in sku:
        raise _Bad("出品者SKUを読み取れません。", "The seller SKU cannot be read.")
    channel = _cell(cells, columns, "channel").upper()
    is_merchant = channel == MERCHANT
    kind = _cell(cells, columns, "product-id-type").lower()
    product_id = _cell(cells, columns, "product-id")
    has_bar_code = kind in _BAR_CODE_TYPES and _BAR_CODE.fullmatch(product_id) is not None
    row = CatalogueRow(
        ref=ListingRef(sku, ""),
        name=_cell(cells, columns, "name"),
        sku_code=sku,
        jan=product_id if has_bar_code else "",
        image=_cell(cells, columns, "image"),
        settings=SideSettings(
            lead_time_days=_whole(
                _cell(cells, columns, "lead-time"), LEAD_TIME_DAYS_MAX, "リードタイム", "lead time"
            ),
            restock_date=_day(_cell(cells, columns, "restock-date")),
        ),
        tracked=is_merchant,
    )
    quantity = _whole(_cell(cells, columns, "quantity"), QUANTITY_MAX, "数量", "quantity")
    # What Amazon's warehouse holds is no quantity of ours.
    return FileRow(number, row, quantity if is_merchant else None)


def _whole(text: str, most: int, name: str, name_en: str) -> int | None:
    folded = unicodedata.normalize("NFKC", text).replace(",", "")
    if not folded:
        return None
    if not _WHOLE.fullmatch(folded) or int(folded) > most:
        raise _Bad(
            f"{name}が0〜{most}の整数ではありません。",
            f"The {name_en} is no whole number from 0 to {most}.",
        )
    return int(folded)


def _day(text: str) -> str | None:
    if not text:
        return None
    found = _DAY.match(unicodedata.normalize("NFKC", text))
    try:
        if found:
            return dt.date(int(found[1]), int(found[2]), int(found[3])).isoformat()
    except ValueError:
        pass
    raise _Bad("入荷予定日を読み取れません。", "The restock date cannot be read.")


def _warnings(columns: Mapping[str, int], *, is_broken: bool) -> tuple[tuple[str, str], ...]:
    found = (
        (_BROKEN, is_broken),
        (_NO_CHANNEL, "channel" not in columns),
        (_NO_QUANTITY, "quantity" not in columns),
    )
    return tuple(warning for warning, is_so in found if is_so)
