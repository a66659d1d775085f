"""MakeShop's item CSV: a row a product, or a row a variation where it has a code of its own.

Codes are named as the API's import names them: the shop's own code, else MakeShop's, or the latter
alone where the switch says so. The handle of a listing is left to that import; until then pushes
find the product by its code.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.catalogue import CatalogueRow, ListingRef
from engine.product_file import (
    PLAIN_HEADINGS,
    FileReading,
    FileRow,
    FileUnreadable,
    Record,
    Table,
)
from malls.makeshop.products import listing_code

_HEADINGS: Final[Mapping[str, str]] = {
    **PLAIN_HEADINGS,
    "独自商品コード": "code",
    "customcode": "code",
    "システム商品コード": "system",
    "systemcode": "system",
    "商品名称": "name",
    "productname": "name",
    "jancode": "jan",
    "オプション独自コード": "sub_code",
    "variationcustomcode": "sub_code",
}


def read(lines: Iterator[str], switches: Mapping[str, str]) -> FileReading:
    """The listings of a file. Raises FileUnreadable."""
    table = Table(lines, _HEADINGS)
    if listing_code("system", "custom", switches) == "system":
        table.need("system", "システム商品コード")
    elif not table.has("code") and not table.has("system"):
        raise FileUnreadable(
            "ファイルの見出しに「独自商品コード」も「システム商品コード」もありません。",
            "The file's headings have neither 独自商品コード nor システム商品コード.",
        )

    def listing(record: Record) -> tuple[FileRow, ...]:
        return (_listing(record, switches),)

    return FileReading(table.rows(listing), table.has("quantity"))


def _listing(record: Record, switches: Mapping[str, str]) -> FileRow:
    system, custom = record.code("system"), record.code("code")
    code = listing_code(system, custom, switches)
    if not code:
        record.needed("system" if not record.heading("code") else "code")
    sub_code = record.code("sub_code")
    row = CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=record.text("name"),
        sku_code=sub_code or custom or system,
        jan=record.jan(),
        image=record.text("image"),
    )
    return FileRow(record.line, row, record.quantity())
