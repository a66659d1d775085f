"""Totals and listings as a CSV file for spreadsheets: a row a SKU, the malls side by side.

Only one row is held.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from terminal.page import Row
from terminal.usage import UsageRefused
from terminal.whole_file import whole_file

Mall = tuple[str, str]
"""(name, kind)."""

ENCODINGS: Final = {"utf-8": "utf-8-sig", "cp932": "cp932", "shift_jis": "cp932"}
"""What `--encoding` takes, and how it is written: spreadsheets know UTF-8 by its mark."""
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "'")
"""What a cell begins with that a spreadsheet would run; an apostrophe before it makes it text."""
_HEAD: Final = (
    "商品画像", "商品名", "JAN", "SKU", "基本コード", "枝番",
    "横軸名", "横軸項目番号", "横軸項目名", "縦軸名", "縦軸項目番号", "縦軸項目名", "総在庫数",
)  # fmt: skip
AXES: Final = 2
"""Of a variation that the sheet shows: the horizontal one and the vertical one."""
NO_AXIS: Final = ("", "", "")
_LINKED: Final = {True: "連携", False: ""}
_OVERDRAFT: Final = {True: "する", False: "しない", None: ""}


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula.

    An apostrophe is put before it, also before one of its own: so the first apostrophe of a cell
    is never the text's.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def plain(text: str) -> str:
    """What `safe` was given."""
    return text.removeprefix("'")


def write(
    target: Path, rows: Iterable[Row], malls: Sequence[Mall], base: str, encoding: str
) -> int:
    """Writes all rows or nothing; how many. Raises UsageRefused, the old file untouched."""
    count = 0
    try:
        with whole_file(target, ENCODINGS[encoding]) as file:
            writer = csv.writer(file)
            writer.writerow([*_HEAD, *(word for mall in malls for word in _headings(mall, base))])
            for row in rows:
                writer.writerow(_cells(row, malls, base))
                count += 1
    except UnicodeEncodeError as error:
        letter = error.object[error.start]
        raise UsageRefused(
            f"{encoding} has no letter {letter!r} of row {count + 1}; use --encoding utf-8. "
            "Nothing was written.",
            f"{count + 1} 件目の「{letter}」は {encoding} では書けません。"
            "--encoding utf-8 でお試しください。何も書いていません。",
        ) from None
    return count


def _headings(mall: Mall, base: str) -> list[str]:
    name = f"{mall[0]}(基本)" if mall[0] == base else mall[0]
    more = {"yahoo": ["超過購入"], "amazon": ["リードタイム", "入荷予定日"]}.get(mall[1], [])
    return [f"{name} {word}" for word in ("連携", "在庫数", *more)]


def _cells(row: Row, malls: Sequence[Mall], base: str) -> list[Any]:
    """A SKU's cells; several listings of it on one mall are lines of the mall's cells."""
    listings = row["listings"]
    of_base = [listing for listing in listings if listing["mall"] == base]
    main: Row = next(iter([*of_base, *listings]), {})
    axes = [*main.get("axes", ()), NO_AXIS, NO_AXIS][:AXES]
    image = main.get("image", "")
    code = main.get("code", "")
    texts = [image, row["name"], row["jan"], row["sku"] or "", code, main.get("sub_code", "")]
    texts += [text for name, item, number in axes for text in (name, number, item)]
    cells: list[Any] = [*map(safe, texts), "" if row["total"] is None else row["total"]]
    for name, kind in malls:
        cells += _of_mall(kind, [each for each in listings if each["mall"] == name])
    return cells


def _of_mall(kind: str, listings: Sequence[Row]) -> list[Any]:
    columns = [[_LINKED[each["linked"] and each["synced"]] for each in listings]]
    columns.append([_quantity(each["expected"]) for each in listings])
    if kind == "yahoo":
        columns.append([_OVERDRAFT[each.get("overdraft")] for each in listings])
    if kind == "amazon":
        columns.append([_known(each.get("lead_time_days")) for each in listings])
        columns.append([_known(each.get("restock_date")) for each in listings])
    return [safe("\n".join(column)) if len(column) != 1 else column[0] for column in columns]


def _known(value: object) -> str:
    return "" if value is None else str(value)


def _quantity(expected: Any) -> str:
    """What the mall is taken to show; a span while it is in doubt."""
    if isinstance(expected, list | tuple):
        low, high = expected
        return f"{'?' if low is None else low}〜{high}"
    return _known(expected)
