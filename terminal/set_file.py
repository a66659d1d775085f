"""Files of sets: mall, code, sub_code, sku, units, one component a row, in UTF-8 or Shift_JIS.

The rows of one listing may stand anywhere in the file. What cannot be read is told with its line
and column, and of a file with one such row nothing is sent.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from engine.whole_number import whole_number
from terminal.fixed_table import bare, look_at_head, marked, refusal, refuse_large, wrong_width
from terminal.page import Row

Listed = tuple[str, str, str, list[tuple[str, int, int]], int]
"""Mall, code, sub-code, (SKU, units, line) of each component, and the line it begins in."""
COLUMNS: Final = ("mall", "code", "sub_code", "sku", "units")
SET_FILE_BYTES_MAX: Final = 50_000_000
"""A longer file of sets is refused."""
UNITS_MAX: Final = 999_999_999
"""No count of units is read beyond it; what a set may take is the house's to say."""


def read_sets(
    path: Path, rows: Iterable[tuple[int, Sequence[str]]]
) -> tuple[list[Listed], list[dict[str, Any]]]:
    """The sets of a file in the order they begin, and a refusal for each row that is none.

    `rows`: its lines and their cells, the headings first. Raises UsageRefused.
    """
    refuse_large(path, SET_FILE_BYTES_MAX)
    left = iter(rows)
    parts: dict[tuple[str, str, str], list[tuple[str, int, int]]] = {}
    refusals: list[dict[str, Any]] = []
    look_at_head(next(left, (1, ()))[1], COLUMNS)
    for line, row in left:
        wrong = _wrong(row, line)
        if wrong is not None:
            refusals.append(wrong)
            continue
        mall, code, sub_code, sku, units = (bare(value.strip()) for value in row)
        parts.setdefault((mall, code, sub_code), []).append((sku, whole_number(units) or 0, line))
    wishes = [(*listing, found, found[0][2]) for listing, found in parts.items()]
    return wishes, refusals


def write_sets(rows: Iterable[Row], file: TextIO) -> int:
    """The sets there are, as a file `read_sets` reads; how many."""
    count = 0
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        for part in row["parts"]:
            names = (row["mall"], row["code"], row["sub_code"], part["sku"])
            writer.writerow([*(marked(name) for name in names), part["units"]])
        count += 1
    return count


def _wrong(row: Sequence[str], line: int) -> dict[str, Any] | None:
    """Why a row is no component of a set; None when it is one."""
    if (wrong := wrong_width(row, line, COLUMNS)) is not None:
        return wrong
    for name, value in zip(COLUMNS, row, strict=True):
        if name != "sub_code" and not value.strip():
            return refusal(line, name, "値を入れてください。", "A value is needed.")
    units = whole_number(row[-1])
    if units is None or not 0 <= units <= UNITS_MAX:
        return refusal(
            line, "units",
            "個数は 1 以上の整数にしてください。", "The units must be a whole number from 1.",
        )  # fmt: skip
    return None
