"""A file of counted quantities for `stock take`: CSV or TSV with a header, UTF-8 or Shift_JIS.

    sku,quantity[,at]      or      商品コード,数量[,日時]

It is refused whole, with the line and the column of the first thing that is wrong. Who asks hands
in its rows.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from engine.whole_number import whole_number
from terminal.fixed_table import refuse_large
from terminal.instants import instant
from terminal.usage import UsageRefused

FILE_BYTES_MAX: Final = 64 * 1024 * 1024
"""A larger file of counts is refused unread."""
COLUMNS: Final = {
    "sku": "sku", "商品コード": "sku", "quantity": "quantity", "数量": "quantity",
    "在庫数": "quantity", "at": "at", "日時": "at",
}  # fmt: skip
"""What a header may call each column."""
QUANTITY_MAX: Final = 999_999_999
"""No count is greater."""


FileRow = tuple[int, Sequence[str]]
"""A row of the file: the line it begins in, and its cells."""


class Count(NamedTuple):
    """One row: how many of a SKU were counted, and when (None: now)."""

    sku: str
    quantity: int
    at: float | None
    line: int
    """Of the file."""


def counted(file: Path, rows: Iterable[FileRow], at: float | None) -> list[Count]:
    """The counts of a file's rows, its headings first; `at` where a row names no instant.

    Raises UsageRefused.
    """
    refuse_large(file, FILE_BYTES_MAX)
    left = iter(rows)
    found: dict[str, int] = {}
    counts = []
    places = _columns(next(left, (1, ()))[1], file)
    for number, cells in left:
        row = _row(cells, places, number, at)
        if row.sku.casefold() in found:
            before = found[row.sku.casefold()]
            raise _wrong(
                number, "sku", f"{row.sku} ({before})", "is there twice", "が重複しています"
            )
        found[row.sku.casefold()] = number
        counts.append(row)
    if not counts:
        raise UsageRefused(f"{file} holds no counts.", f"{file} に行がありません。")
    return counts


def _columns(header: Sequence[str], file: Path) -> dict[str, int]:
    names = [COLUMNS.get(cell.strip().lower(), "") for cell in header]
    places = {name: place for place, name in enumerate(names) if name}
    if "sku" not in places or "quantity" not in places or len(places) < len(names):
        raise UsageRefused(
            f"The first line of {file} must name the columns sku, quantity and perhaps at.",
            f"{file} の 1 行目には列名 sku, quantity(と at)を書いてください。",
        )
    return places


def _row(cells: Sequence[str], places: Mapping[str, int], number: int, at: float | None) -> Count:
    if len(cells) > len(places):
        raise _wrong(number, str(len(places) + 1), cells[-1], "is a cell too many", "は余分です")
    told = {
        name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()
    }
    quantity = told["quantity"]
    if not told["sku"]:
        raise _wrong(number, "sku", "''", "is empty", "は空です")
    units = whole_number(quantity)
    if units is None or not 0 <= units <= QUANTITY_MAX:
        raise _wrong(number, "quantity", quantity, "is no quantity", "は数量ではありません")
    if told.get("at"):
        try:
            at = instant(told["at"])
        except UsageRefused:
            raise _wrong(
                number, "at", told["at"], "is no instant", "は日時ではありません"
            ) from None
    return Count(told["sku"], units, at, number)


def _wrong(number: int, column: str, text: str, english: str, japanese: str) -> UsageRefused:
    return UsageRefused(
        f"Line {number}, column {column}: {text} {english}; nothing was changed.",
        f"{number} 行目の {column}: {text} {japanese}。何も変更していません。",
    )
