"""Rakuten's item CSV (`normal-item.csv`): a row an item, below it a row a SKU.

An item's row has its name and no SKU管理番号; the SKUs' rows have the quantities. An item with one
SKU and no choices is one listing without a sub_code, as the API's import names it. A file whose
rows are all SKUs, or that has no column SKU管理番号, is read as well. What the mall does not
document is marked in docs/malls/rakuten.md.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.product_file import PLAIN_HEADINGS, FileReading, FileRow, Record, Table
from malls.rakuten.stock import SINGLE_SKU

AXES_MAX: Final = 6
"""Choices a SKU has at most."""

_HEADINGS: Final[Mapping[str, str]] = {
    **PLAIN_HEADINGS,
    "商品管理番号(商品url)": "code",
    "商品管理番号": "code",
    "sku管理番号": "sub_code",
    "カタログid": "jan",
    "商品画像パス1": "image",
    "sku画像パス": "sku_image",
    "バリエーション項目キー定義": "axis_keys",
    **{f"バリエーション項目キー{place}": f"axis_{place}" for place in range(1, AXES_MAX + 1)},
    **{f"バリエーション項目選択肢{place}": f"choice_{place}" for place in range(1, AXES_MAX + 1)},
}


def read(lines: Iterator[str], _switches: Mapping[str, str]) -> FileReading:
    """The listings of a file. Raises FileUnreadable."""
    table = Table(lines, _HEADINGS)
    table.need("code", "商品管理番号（商品URL）")
    return FileReading(table.rows(_Items(table).listings), table.has("quantity"))


class _Items:
    """The item whose SKUs are being read."""

    def __init__(self, table: Table) -> None:
        self._has_skus = table.has("sub_code")
        self._tells_choices = table.has("axis_keys") or table.has("axis_1")
        self._code = ""
        self._name = ""
        self._image = ""
        self._has_choices = False

    def listings(self, record: Record) -> tuple[FileRow, ...]:
        code, sku = record.needed("code"), record.code("sub_code")
        if code != self._code:
            self._code, self._name, self._image, self._has_choices = code, "", "", False
        if self._has_skus and not sku:
            self._name, self._image = record.text("name"), record.text("image")
            self._has_choices = bool(record.text("axis_keys"))
            return ()
        axes = tuple(
            Axis(name, record.text(f"choice_{place}"))
            for place in range(1, AXES_MAX + 1)
            if (name := record.text(f"axis_{place}"))
        )
        is_single = sku == SINGLE_SKU or (
            self._tells_choices and not axes and not self._has_choices
        )
        sub_code = "" if is_single else sku
        row = CatalogueRow(
            ref=ListingRef(code, sub_code, sku),
            name=record.text("name") or self._name,
            sku_code=sub_code or code,
            jan=record.jan(),
            image=record.text("sku_image") or self._image or record.text("image"),
            axes=axes,
        )
        return (FileRow(record.line, row, record.quantity()),)
