"""au PAY Market's item and stock CSV, read by the names its API gives the same fields.

A choice is named by its two codes joined, as the API's import names it. The handle of a listing is
left to that import; until then pushes find the item by its code.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.product_file import (
    PLAIN_HEADINGS,
    FileReading,
    FileRow,
    Record,
    Table,
)
from engine.sheet import FILE_QUANTITY_MAX
from malls.aupay.shelf import has_axis, joined

_HEADINGS: Final[Mapping[str, str]] = {
    **PLAIN_HEADINGS,
    "itemcode": "code",
    "itemname": "name",
    "stockcount": "quantity",
    "choicesstockcount": "choice_quantity",
    "choicesstockhorizontalcode": "across",
    "choicesstockverticalcode": "down",
    "choicesstockhorizontalname": "across_name",
    "choicesstockverticalname": "down_name",
    "choicesstockhorizontalitemname": "across_title",
    "choicesstockverticalitemname": "down_title",
    "選択肢横軸コード": "across",
    "選択肢縦軸コード": "down",
    "選択肢別在庫数": "choice_quantity",
}
_AXES: Final = (("across", "横軸"), ("down", "縦軸"))


def read(lines: Iterator[str], _switches: Mapping[str, str]) -> FileReading:
    """The listings of a file. Raises FileUnreadable."""
    table = Table(lines, _HEADINGS)
    table.need("code", "itemCode")
    has_quantity = table.has("quantity") or table.has("choice_quantity")
    return FileReading(table.rows(_listing), has_quantity)


def _listing(record: Record) -> tuple[FileRow, ...]:
    code, across, down = record.needed("code"), record.code("across"), record.code("down")
    choice = joined(across, down)
    sub_code = choice or record.code("sub_code")
    axes = tuple(
        Axis(
            record.text(f"{axis}_title") or title,
            record.text(f"{axis}_name") or record.code(axis),
            record.code(axis),
        )
        for axis, title in _AXES
        if has_axis(record.code(axis))
    )
    row = CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=record.text("name"),
        sku_code=code + sub_code,
        jan="" if sub_code else record.jan(),
        image=record.text("image"),
        axes=axes,
    )
    quantity = record.whole("choice_quantity" if choice else "quantity", FILE_QUANTITY_MAX)
    return (FileRow(record.line, row, quantity),)
