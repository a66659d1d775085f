"""Products in a seller's file: the rows a mall's reader makes of it.

    lines of text -> Table (`sheet.py`) -> records -> FileRow | RefusedRow

Each mall has `product_file.read` with the headings of its own downloads. Pure: who opens the file
and in which encoding is decided by the caller.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from engine.catalogue import CatalogueRow, ListingRef
from engine.sheet import BadCell, FileUnreadable, Record, RefusedRow, Table, folded

__all__ = [
    "PLAIN_HEADINGS",
    "BadCell",
    "FileReader",
    "FileReading",
    "FileRow",
    "FileUnreadable",
    "Record",
    "RefusedRow",
    "Table",
    "folded",
    "plain_row",
]

PLAIN_HEADINGS: Final[Mapping[str, str]] = {
    "code": "code",
    "商品コード": "code",
    "sub_code": "sub_code",
    "sub-code": "sub_code",
    "枝番": "sub_code",
    "name": "name",
    "商品名": "name",
    "jan": "jan",
    "janコード": "jan",
    "quantity": "quantity",
    "在庫数": "quantity",
    "数量": "quantity",
    "image": "image",
    "画像url": "image",
    "lead_time_days": "lead_time",
    "リードタイム": "lead_time",
    "restock_date": "restock_date",
    "入荷予定日": "restock_date",
    "overdraft": "overdraft",
    "超過購入設定": "overdraft",
}
"""zaiko's own headings, which every mall's reader knows besides the mall's; folded (`folded`)."""


class FileRow(Struct, frozen=True, array_like=True):
    """One listing of a file."""

    line: int
    """Where its row begins; the first line of the file is 1."""
    row: CatalogueRow
    """Empty fields are not told."""
    quantity: int | None = None
    """What the mall showed when the file was made; None: not told."""
    tells_tracked: bool = False
    """Whether `row.tracked` is the file's word."""


class FileReading(Struct, frozen=True):
    """A file while it is read."""

    rows: Iterator[FileRow | RefusedRow]
    has_quantity: bool
    """Whether it has a column of quantities."""
    warnings: tuple[tuple[str, str], ...] = ()
    """(Japanese, English) sentences about the file as a whole."""


FileReader = Callable[[Iterator[str], Mapping[str, str]], FileReading]
"""(lines of text, the account's switches) -> the reading. Raises FileUnreadable."""


def plain_row(record: Record) -> FileRow:
    """A row in zaiko's own headings. Raises BadCell."""
    code, sub_code = record.needed("code"), record.code("sub_code")
    row = CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=record.text("name"),
        sku_code=sub_code or code,
        jan=record.jan(),
        image=record.text("image"),
        settings=record.settings(),
    )
    return FileRow(record.line, row, record.quantity())
