"""Yahoo's item file and its quantity file, told apart by their columns.

The quantity file has a row for each code and sub-code, with the over-purchase setting; the item
file has names, JAN codes, and all sub-codes of an item in one cell:

    サイズ:M#色:赤=shirt-m-red|サイズ:L#色:赤=shirt-l-red

Import both: what one leaves empty, it does not change.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.product_file import (
    PLAIN_HEADINGS,
    BadCell,
    FileReading,
    FileRow,
    Record,
    Table,
)

Axes = tuple[Axis, ...]

_HEADINGS: Final[Mapping[str, str]] = {
    **PLAIN_HEADINGS,
    "allow-overdraft": "overdraft",
    "item-image-urls": "image",
}


def read(lines: Iterator[str], _switches: Mapping[str, str]) -> FileReading:
    """The listings of a file. Raises FileUnreadable."""
    table = Table(lines, _HEADINGS)
    table.need("code", "code")
    return FileReading(table.rows(_listings), table.has("quantity"))


def _listings(record: Record) -> tuple[FileRow, ...]:
    code, cell = record.needed("code"), record.text("sub_code")
    if "=" not in cell:
        return (_listing(record, code, record.code("sub_code"), ()),)
    return tuple(
        _listing(record, code, sub_code, axes) for sub_code, axes in _sub_codes(record, cell)
    )


def _listing(record: Record, code: str, sub_code: str, axes: Axes) -> FileRow:
    row = CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=record.text("name"),
        sku_code=sub_code or code,
        # An item's JAN is of none of its sub-codes in particular.
        jan="" if axes else record.jan(),
        image=record.text("image").split(";")[0],
        axes=axes,
        settings=record.settings(),
    )
    return FileRow(record.line, row, None if axes else record.quantity())


def _sub_codes(record: Record, cell: str) -> Iterator[tuple[str, Axes]]:
    for one in cell.replace("&", "|").split("|"):
        choices, _, sub_code = one.rpartition("=")
        axes = tuple(
            Axis(name.strip(), value.strip())
            for name, colon, value in (choice.partition(":") for choice in choices.split("#"))
            if colon
        )
        if not sub_code.strip() or not axes:
            raise BadCell(
                record.heading("sub_code"),
                "「軸:値#軸:値=サブコード」の形ではありません。",
                "It is not of the form axis:value#axis:value=sub-code.",
            )
        yield sub_code.strip(), axes
