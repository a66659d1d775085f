"""The seller's inventory file (`amazon+MM-DD-YYYY.txt`, 出品詳細レポート).

Tab-separated, Japanese or English headings, more or fewer of them by account. A quote sign is a
letter like any other. The column 在庫数 is *not* the stock: it is Amazon's pending quantity; the
stock is 数量. What Amazon fulfils itself, or nobody can tell by whom, is registered and never
synced.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from engine.catalogue import CatalogueRow, ListingRef
from engine.product_file import PLAIN_HEADINGS, FileReading, FileRow, Record, Table
from malls.amazon.card import LEAD_TIME_DAYS_MAX
from malls.amazon.stock import MERCHANT

_HEADINGS: Final[Mapping[str, str]] = {
    **{name: column for name, column in PLAIN_HEADINGS.items() if name != "在庫数"},
    "seller-sku": "code",
    "sku": "code",
    "出品者sku": "code",
    "item-name": "name",
    "fulfillment-channel": "channel",
    "フルフィルメントチャンネル": "channel",
    "product-id": "product_id",
    "商品id": "product_id",
    "product-id-type": "product_id_type",
    "商品idタイプ": "product_id_type",
    "image-url": "image",
    # No report of Amazon's own has these two; a file prepared by hand may.
    "lead-time-to-ship": "lead_time",
    "leadtime-to-ship": "lead_time",
    "handling-time": "lead_time",
    "出荷作業日数": "lead_time",
    "restock-date": "restock_date",
}
"""Headings, folded -> what the column is."""

_NO_CHANNEL: Final = (
    "フルフィルメント・チャンネルの列がないため、連携できる出品がありません。出品詳細レポートを使ってください。",
    "Without the column fulfillment-channel nothing can be synced: use the full listings report.",
)
_BAR_CODE_TYPES: Final = frozenset({"3", "4", "ean", "jan", "upc"})
_BAR_CODE = re.compile(r"[0-9]{8,14}", re.ASCII)


def read(lines: Iterator[str], _switches: Mapping[str, str]) -> FileReading:
    """The listings of a file. Raises FileUnreadable."""
    table = Table(lines, _HEADINGS, has_quotes=False)
    table.need("code", "出品者SKU (seller-sku)")
    warnings = () if table.has("channel") else (_NO_CHANNEL,)
    return FileReading(table.rows(_listing), table.has("quantity"), warnings)


def _listing(record: Record) -> tuple[FileRow, ...]:
    sku = record.needed("code")
    is_merchant = record.text("channel").upper() == MERCHANT
    row = CatalogueRow(
        ref=ListingRef(sku, ""),
        name=record.text("name"),
        sku_code=sku,
        jan=_bar_code(record),
        image=record.text("image"),
        settings=record.settings(LEAD_TIME_DAYS_MAX),
        tracked=is_merchant,
    )
    # What Amazon's warehouse holds is no quantity of ours.
    quantity = record.quantity()
    return (FileRow(record.line, row, quantity if is_merchant else None, tells_tracked=True),)


def _bar_code(record: Record) -> str:
    is_told = record.text("product_id_type").lower() in _BAR_CODE_TYPES
    code = record.text("product_id") if is_told else record.jan()
    return code if _BAR_CODE.fullmatch(code) else ""
