"""Files of link rules: mall, position, fields, join, base_fields, base_join, fold, one rule a row.

Lists of names stand in one cell with a comma between. What cannot be read is told with its line and
column, and of a file with one such row nothing is made.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from terminal.page import Row
from terminal.set_file import refusal, text_of
from terminal.usage import UsageRefused

COLUMNS: Final = ("mall", "position", "fields", "join", "base_fields", "base_join", "fold")
RULE_FILE_BYTES_MAX: Final = 1_000_000
"""A longer file of link rules is refused."""
POSITION_DIGITS_MAX: Final = 6
"""Digits of a position."""
_SPREADSHEET_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "'")


class Worded(NamedTuple):
    """One rule as it stands in a file."""

    mall: str
    fields: tuple[Sequence[str], str]
    base_fields: tuple[Sequence[str], str]
    folds: Sequence[str]
    position: int | None
    line: int


def read_rules(path: Path) -> tuple[list[Worded], list[dict[str, Any]]]:
    """The rules of a file, and a refusal for each row that is none. Raises UsageRefused."""
    text = text_of(path, RULE_FILE_BYTES_MAX)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    rules: list[Worded] = []
    refusals: list[dict[str, Any]] = []
    try:
        head = [name.strip().lower() for name in next(rows, [])]
        if tuple(head) != COLUMNS:
            said = ",".join(COLUMNS)
            raise UsageRefused(
                f"The first line must be: {said}", f"1 行目は {said} にしてください。"
            )
        for row in rows:
            if not any(row):
                continue
            wrong = _wrong(row, rows.line_num)
            if wrong is None:
                rules.append(_rule(row, rows.line_num))
            else:
                refusals.append(wrong)
    except csv.Error as error:
        raise UsageRefused(
            f"Line {rows.line_num} of {path} is no CSV ({error}).",
            f"{path} の {rows.line_num} 行目を CSV として読めません。",
        ) from error
    return rules, refusals


def write_rules(rows: Iterable[Row], file: TextIO) -> None:
    """Rules as a file `read_rules` reads."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        fields, base_fields = ",".join(row["fields"]), ",".join(row["base_fields"])
        cells = (fields, row["join"], base_fields, row["base_join"], ",".join(row["folds"]))
        writer.writerow([_safe(row["mall"]), row["position"], *map(_safe, cells)])


def names_of(text: str) -> tuple[str, ...]:
    """Names with a comma between."""
    return tuple(name for word in text.split(",") if (name := word.strip().lower()))


def _wrong(row: Sequence[str], line: int) -> dict[str, Any] | None:
    """Why a row is no rule; None when it is one."""
    if len(row) != len(COLUMNS):
        return refusal(
            line, COLUMNS[min(len(row), len(COLUMNS) - 1)],
            f"列が {len(row)} あります。{len(COLUMNS)} 列にしてください。",
            f"There are {len(row)} columns; there must be {len(COLUMNS)}.",
        )  # fmt: skip
    for name, value in zip(COLUMNS, row, strict=True):
        if name in {"mall", "fields", "base_fields"} and not value.strip():
            return refusal(line, name, "値を入れてください。", "A value is needed.")
    position = row[1].strip()
    is_number = position.isascii() and position.isdigit() and len(position) <= POSITION_DIGITS_MAX
    if position and not is_number:
        return refusal(
            line, "position",
            "順番は 1 以上の整数か空にしてください。",
            "The position must be a whole number from 1, or empty.",
        )  # fmt: skip
    return None


def _rule(row: Sequence[str], line: int) -> Worded:
    mall, position, fields, join, base_fields, base_join, folds = map(_bare, row)
    return Worded(
        mall.strip(),
        (names_of(fields), join),
        (names_of(base_fields), base_join),
        names_of(folds),
        int(position) if position.strip() else None,
        line,
    )


def _safe(value: str) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if value.startswith(_SPREADSHEET_SIGNS) else value


def _bare(value: str) -> str:
    """The text without the mark `_safe` gave it; a separator keeps its spaces."""
    is_marked = value.startswith("'") and value[1:].startswith(_SPREADSHEET_SIGNS)
    return value[1:] if is_marked else value
