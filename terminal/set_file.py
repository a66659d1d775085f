"""Files of sets: mall, code, sub_code, sku, units, one component a row, in UTF-8 or Shift_JIS.

The rows of one listing may stand anywhere in the file. What cannot be read is told with its line
and column, and of a file with one such row nothing is sent.
"""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from terminal.page import Row
from terminal.usage import UsageRefused

Listed = tuple[str, str, str, list[tuple[str, int, int]], int]
"""Mall, code, sub-code, (SKU, units, line) of each component, and the line it begins in."""
COLUMNS: Final = ("mall", "code", "sub_code", "sku", "units")
SET_FILE_BYTES_MAX: Final = 50_000_000
"""A longer file of sets is refused."""
_SPREADSHEET_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r")


def read_sets(
    path: Path, rows: Iterable[tuple[int, Sequence[str]]]
) -> tuple[list[Listed], list[dict[str, Any]]]:
    """The sets of a file in the order they begin, and a refusal for each row that is none.

    `rows`: its lines and their cells, the headings first. Raises UsageRefused.
    """
    _refuse_large(path)
    left = iter(rows)
    parts: dict[tuple[str, str, str], list[tuple[str, int, int]]] = {}
    refusals: list[dict[str, Any]] = []
    _look_at_head(next(left, (1, ()))[1])
    for line, row in left:
        wrong = _wrong(row, line)
        if wrong is not None:
            refusals.append(wrong)
            continue
        mall, code, sub_code, sku, units = (_bare(value) for value in row)
        parts.setdefault((mall, code, sub_code), []).append((sku, int(units), line))
    wishes = [(*listing, found, found[0][2]) for listing, found in parts.items()]
    return wishes, refusals


def write_sets(rows: Iterable[Row], file: TextIO) -> None:
    """The sets there are, as a file `read_sets` reads."""
    writer = csv.writer(file)
    writer.writerow(COLUMNS)
    for row in rows:
        for part in row["parts"]:
            names = (row["mall"], row["code"], row["sub_code"], part["sku"])
            writer.writerow([*(_safe(name) for name in names), part["units"]])


def text_of(path: Path, bytes_max: int) -> str:
    """A small file's text, UTF-8 or Shift_JIS. Raises UsageRefused."""
    try:
        if path.stat().st_size > bytes_max:
            raise UsageRefused(
                f"{path} is longer than {bytes_max} bytes; split it.",
                f"{path} は {bytes_max} バイトを超えています。分けてください。",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UsageRefused(
            f"{path} cannot be read; check its name.",
            f"{path} を読めません。ファイル名を確かめてください。",
        ) from error
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise UsageRefused(
        f"{path} is neither UTF-8 nor Shift_JIS; save it as one of them.",
        f"{path} は UTF-8 でも Shift_JIS でもありません。どちらかで保存してください。",
    )


def _refuse_large(path: Path) -> None:
    try:
        size = path.stat().st_size
    except OSError:
        return  # Whoever opens it says why it cannot be read.
    if size > SET_FILE_BYTES_MAX:
        raise UsageRefused(
            f"{path} is longer than {SET_FILE_BYTES_MAX} bytes; split it.",
            f"{path} は {SET_FILE_BYTES_MAX} バイトを超えています。分けてください。",
        )


def _look_at_head(head: Sequence[str]) -> None:
    if tuple(name.strip().lower() for name in head) != COLUMNS:
        said = ",".join(COLUMNS)
        raise UsageRefused(f"The first line must be: {said}", f"1 行目は {said} にしてください。")


def _wrong(row: Sequence[str], line: int) -> dict[str, Any] | None:
    """Why a row is no component of a set; None when it is one."""
    if len(row) != len(COLUMNS):
        return refusal(
            line, COLUMNS[min(len(row), len(COLUMNS) - 1)],
            f"列が {len(row)} あります。{len(COLUMNS)} 列にしてください。",
            f"There are {len(row)} columns; there must be {len(COLUMNS)}.",
        )  # fmt: skip
    for name, value in zip(COLUMNS, row, strict=True):
        if name != "sub_code" and not value.strip():
            return refusal(line, name, "値を入れてください。", "A value is needed.")
    units = row[-1].strip()
    if not (units.isascii() and units.isdigit() and len(units) <= 9):
        return refusal(
            line, "units",
            "個数は 1 以上の整数にしてください。", "The units must be a whole number from 1.",
        )  # fmt: skip
    return None


def refusal(line: int, column: str, message: str, message_en: str) -> dict[str, Any]:
    """What is wrong with a row, as a page's refusals are."""
    return {"line": line, "column": column, "message": message, "message_en": message_en}


def _safe(value: str) -> str:
    """A text that a spreadsheet would take for a formula is marked as text."""
    return f"'{value}" if value.startswith(_SPREADSHEET_SIGNS) else value


def _bare(value: str) -> str:
    """The text without the mark `_safe` gave it."""
    text = value.strip()
    return text[1:] if text.startswith("'") and text[1:].startswith(_SPREADSHEET_SIGNS) else text
