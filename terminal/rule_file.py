"""Files of link rules: mall, position, fields, join, base_fields, base_join, fold, one rule a row.

Lists of names stand in one cell with a comma between. What cannot be read is told with its line and
column, and of a file with one such row nothing is made.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TextIO

from engine.whole_number import whole_number
from terminal.fixed_table import bare, look_at_head, marked, refusal, refuse_large, wrong_width
from terminal.page import Row

COLUMNS: Final = ("mall", "position", "fields", "join", "base_fields", "base_join", "fold")
RULE_FILE_BYTES_MAX: Final = 1_000_000
"""A longer file of link rules is refused."""
POSITION_MAX: Final = 999_999
"""No position is read beyond it."""


class Worded(NamedTuple):
    """One rule as it stands in a file."""

    mall: str
    fields: tuple[Sequence[str], str]
    base_fields: tuple[Sequence[str], str]
    folds: Sequence[str]
    position: int | None
    line: int


def read_rules(
    path: Path, rows: Iterable[tuple[int, Sequence[str]]]
) -> tuple[list[Worded], list[dict[str, Any]]]:
    """The rules of a file, and a refusal for each row that is none.

    `rows`: its lines and their cells, the headings first. Raises UsageRefused.
    """
    refuse_large(path, RULE_FILE_BYTES_MAX)
    left = iter(rows)
    look_at_head(next(left, (1, ()))[1], COLUMNS)
    rules: list[Worded] = []
    refusals: list[dict[str, Any]] = []
    for line, row in left:
        wrong = _wrong(row, line)
        if wrong is None:
            rules.append(_rule(row, line))
        else:
            refusals.append(wrong)
    return rules, refusals


def write_rules(rows: Iterable[Row], file: TextIO) -> None:
    """Rules as a file `read_rules` reads."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        fields, base_fields = ",".join(row["fields"]), ",".join(row["base_fields"])
        cells = (fields, row["join"], base_fields, row["base_join"], ",".join(row["folds"]))
        writer.writerow([marked(row["mall"]), row["position"], *map(marked, cells)])


def names_of(text: str) -> tuple[str, ...]:
    """Names with a comma between."""
    return tuple(name for word in text.split(",") if (name := word.strip().lower()))


def _wrong(row: Sequence[str], line: int) -> dict[str, Any] | None:
    """Why a row is no rule; None when it is one."""
    if (wrong := wrong_width(row, line, COLUMNS)) is not None:
        return wrong
    for name, value in zip(COLUMNS, row, strict=True):
        if name in {"mall", "fields", "base_fields"} and not value.strip():
            return refusal(line, name, "値を入れてください。", "A value is needed.")
    position = whole_number(row[1].strip() or "0")
    if position is None or not 0 <= position <= POSITION_MAX:
        return refusal(
            line, "position",
            "順番は 1 以上の整数か空にしてください。",
            "The position must be a whole number from 1, or empty.",
        )  # fmt: skip
    return None


def _rule(row: Sequence[str], line: int) -> Worded:
    mall, position, fields, join, base_fields, base_join, folds = map(bare, row)
    return Worded(
        mall.strip(),
        (names_of(fields), join),
        (names_of(base_fields), base_join),
        names_of(folds),
        whole_number(position),
        line,
    )
