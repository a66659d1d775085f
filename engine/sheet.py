"""A table in an operator's file: lines of text, headings found, comma or tab seen, row by row.

    lines of text -> Table -> records -> whatever `make` makes of each | RefusedRow

Columns go by heading, never by place. A cell that cannot be read refuses its row, named by line
and column, and the rest go on. A row is told by the line it begins in, whatever line breaks its
quotes hold. Pure: who opens the file and in which encoding is decided by the caller.
"""

import csv
import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Final, Protocol, TypeVar

from msgspec import Struct

from engine.catalogue import SideSettings
from engine.whole_number import whole_number

CODE_LENGTH_MAX: Final = 100
"""Characters of a code; every mall's own limit is lower."""
TEXT_LENGTH_MAX: Final = 2_000
"""Characters of a name or an address of an image."""
COLUMNS_MAX: Final = 1_000
"""Columns of a table; a file with more is refused."""
FILE_QUANTITY_MAX: Final = 10_000_000
LEAD_TIME_CELL_MAX: Final = 999

_DAY = re.compile(r"([0-9]{4})[-/]([0-9]{1,2})[-/]([0-9]{1,2})", re.ASCII)
_LOST_DIGITS = re.compile(r"[0-9](\.[0-9]+)?e\+?[0-9]{1,3}", re.ASCII | re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x1f\x7f\ufffd]")
_ON = frozenset({"1", "on", "true", "yes", "する", "許可", "可"})
_OFF = frozenset({"0", "off", "false", "no", "しない", "不許可", "不可"})

Made = TypeVar("Made")


class RefusedRow(Struct, frozen=True, array_like=True):
    """A row that was not taken, and why."""

    line: int
    column: str
    """The heading as the file has it; "" for the row as a whole."""
    subject: str
    """The code, as far as it could be read."""
    message: str
    message_en: str


class FileUnreadable(Exception):
    """The file as a whole cannot be read: sentences for the operator."""

    def __init__(self, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.sentences = (message, message_en)


class BadCell(Exception):
    """A cell cannot be read: its heading and the sentences for the operator."""

    def __init__(self, column: str, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.column = column
        self.sentences = (message, message_en)


def folded(heading: str) -> str:
    """A heading with width, case, blanks and middle dots aside."""
    plain = unicodedata.normalize("NFKC", heading).strip().strip('"').lower()
    return re.sub(r"[\s・]", "", plain)


class Record:
    """One row of a table, its cells by what their columns are."""

    def __init__(self, line: int, cells: Sequence[str], columns: Mapping[str, tuple[int, str]]):
        self.line = line
        self._cells = cells
        self._columns = columns

    def text(self, name: str) -> str:
        """A cell's text without blanks around it; "" where there is none. Raises BadCell."""
        place, heading = self._columns.get(name, (-1, ""))
        if not 0 <= place < len(self._cells):
            return ""
        cell = self._cells[place].strip()
        if len(cell) > TEXT_LENGTH_MAX:
            raise BadCell(
                heading,
                f"{TEXT_LENGTH_MAX} 文字を超えています。",
                f"It is longer than {TEXT_LENGTH_MAX} characters.",
            )
        return cell

    def has_cell(self, name: str) -> bool:
        """Whether the row is long enough to have the column."""
        return 0 <= self._columns.get(name, (-1, ""))[0] < len(self._cells)

    def heading(self, name: str) -> str:
        """The column's heading as the file has it."""
        return self._columns.get(name, (-1, ""))[1]

    def code(self, name: str) -> str:
        """A code: no control sign, nothing that was replaced, not too long. Raises BadCell."""
        code = self.text(name)
        if len(code) > CODE_LENGTH_MAX or _CONTROL.search(code):
            raise BadCell(
                self.heading(name),
                f"コードとして読み取れません({CODE_LENGTH_MAX} 文字まで)。",
                f"It cannot be read as a code of at most {CODE_LENGTH_MAX} characters.",
            )
        return code

    def needed(self, name: str) -> str:
        """A code that must be there. Raises BadCell."""
        code = self.code(name)
        if not code:
            raise BadCell(self.heading(name), "空です。", "It is empty.")
        return code

    def jan(self) -> str:
        """The bar code. Raises BadCell for one whose digits a spreadsheet has lost."""
        code = unicodedata.normalize("NFKC", self.code("jan"))
        if _LOST_DIGITS.fullmatch(code):
            raise BadCell(
                self.heading("jan"),
                "表計算ソフトで桁が失われています。文字列として保存し直してください。",
                "A spreadsheet has lost its digits: save the column as text.",
            )
        return code

    def whole(self, name: str, most: int) -> int | None:
        """A whole number from 0; None for an empty cell. Raises BadCell."""
        text = self.text(name)
        if not text:
            return None
        number = whole_number(text)
        if number is None or not 0 <= number <= most:
            raise BadCell(
                self.heading(name),
                f"0〜{most} の整数ではありません。",
                f"It is no whole number from 0 to {most}.",
            )
        return number

    def day(self, name: str) -> str | None:
        """A day as YYYY-MM-DD; None for an empty cell. Raises BadCell."""
        cell = self.text(name)
        if not cell:
            return None
        found = _DAY.match(unicodedata.normalize("NFKC", cell))
        try:
            if found:
                return dt.date(int(found[1]), int(found[2]), int(found[3])).isoformat()
        except ValueError:
            pass
        raise BadCell(
            self.heading(name), "日付(YYYY-MM-DD)として読み取れません。",
            "It cannot be read as a day (YYYY-MM-DD).",
        )  # fmt: skip

    def flag(self, name: str) -> bool | None:
        """A switch; None for an empty cell. Raises BadCell."""
        cell = unicodedata.normalize("NFKC", self.text(name)).lower()
        if not cell:
            return None
        if cell not in _ON and cell not in _OFF:
            raise BadCell(self.heading(name), "0 か 1 ではありません。", "It is neither 0 nor 1.")
        return cell in _ON

    def settings(self, lead_time_max: int = LEAD_TIME_CELL_MAX) -> SideSettings:
        """The side settings. Raises BadCell."""
        return SideSettings(
            overdraft=self.flag("overdraft"),
            lead_time_days=self.whole("lead_time", lead_time_max),
            restock_date=self.day("restock_date"),
        )

    def quantity(self) -> int | None:
        """The quantity; None where the file does not tell. Raises BadCell."""
        return self.whole("quantity", FILE_QUANTITY_MAX)


class Table:
    """A table with one line of headings, comma- or tab-separated, told by looking."""

    def __init__(
        self, lines: Iterator[str], headings: Mapping[str, str], *, has_quotes: bool = True
    ) -> None:
        """Reads the headings. Raises FileUnreadable for a file without any."""
        first, self._above = _first_line(lines)
        self._rows = _reader(first, lines, has_quotes=has_quotes)
        try:
            self._width, named = self._head(next(self._rows), headings)
        except csv.Error:
            raise _no_headings() from None
        if self._width > COLUMNS_MAX:
            raise FileUnreadable(
                f"列が {COLUMNS_MAX} を超えています。",
                f"The file has more than {COLUMNS_MAX} columns.",
            )
        self.columns: Mapping[str, tuple[int, str]] = named

    @staticmethod
    def _head(
        cells: Sequence[str], headings: Mapping[str, str]
    ) -> tuple[int, Mapping[str, tuple[int, str]]]:
        found: dict[str, tuple[int, str]] = {}
        for place, heading in enumerate(cells):
            if (meaning := headings.get(folded(heading))) is not None:
                # Of two alike the first counts.
                found.setdefault(meaning, (place, heading.strip().strip('"')))
        return len(cells), found

    def has(self, *names: str) -> bool:
        """Whether it has all of these columns."""
        return all(name in self.columns for name in names)

    def need(self, name: str, called: str) -> None:
        """Raises FileUnreadable where a column is missing; `called`: as the mall heads it."""
        if not self.has(name):
            raise FileUnreadable(
                f"ファイルの見出しに「{called}」の列がありません。"
                "モールからダウンロードしたままの商品ファイルを指定してください。",
                f"The file's headings have no column {called}; "
                "give the product file as the mall made it.",
            )

    def rows(self, make: Callable[[Record], Sequence[Made]]) -> Iterator[Made | RefusedRow]:
        """What `make` makes of each record; a BadCell refuses its record."""
        while True:
            line = self._above + self._rows.line_num + 1
            try:
                cells = next(self._rows)
            except StopIteration:
                return
            except csv.Error:
                yield RefusedRow(
                    line, "", "",
                    "引用符(\")が正しく閉じられていません。",
                    "A quote sign is not closed properly.",
                )  # fmt: skip
                continue
            if not any(cell.strip() for cell in cells):
                continue
            record = Record(line, cells, self.columns)
            try:
                self._refuse_wide(cells)
                yield from make(record)
            except BadCell as bad:
                yield RefusedRow(line, bad.column, _subject(record), *bad.sentences)

    def _refuse_wide(self, cells: Sequence[str]) -> None:
        if any(cell.strip() for cell in cells[self._width :]):
            raise BadCell(
                "",
                "見出しより列が多くあります。カンマを含む値は引用符で囲んでください。",
                "It has more columns than the headings; quote values that hold commas.",
            )


def rows_of(lines: Iterable[str]) -> Iterator[tuple[int, list[str]]]:
    """(line it begins in, cells) of each row, the headings first, blank rows left out.

    Raises FileUnreadable for a file without headings, and at the first row that is none.
    """
    left = iter(lines)
    first, above = _first_line(left)
    rows = _reader(first, left, has_quotes=True)
    while True:
        line = above + rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error:
            raise FileUnreadable(
                f'{line} 行目の引用符(")が正しく閉じられていません。',
                f"A quote sign of line {line} is not closed properly.",
            ) from None
        if any(cell.strip() for cell in cells):
            yield line, cells


class _Reader(Protocol):
    """What `csv.reader` gives: rows, and how many lines they took so far."""

    line_num: int

    def __next__(self) -> list[str]:
        """The next row's cells."""


def _reader(first: str, lines: Iterator[str], *, has_quotes: bool) -> "_Reader":
    is_tabbed = first.count("\t") >= max(first.count(","), 1)
    # What a spreadsheet saved with commas has quotes, whatever the mall's own file does.
    has_quotes = has_quotes or not is_tabbed
    return csv.reader(
        chain([first], lines),
        delimiter="\t" if is_tabbed else ",",
        quoting=csv.QUOTE_MINIMAL if has_quotes else csv.QUOTE_NONE,
        strict=has_quotes,
    )


def _first_line(lines: Iterator[str]) -> tuple[str, int]:
    """(the first line that is not blank, how many stand above it)."""
    for above, line in enumerate(lines):
        if line.strip("\ufeff \t\r\n,"):
            return line.removeprefix("\ufeff"), above
    raise _no_headings()


def _no_headings() -> FileUnreadable:
    return FileUnreadable(
        "ファイルが空か、見出しの行がありません。", "The file is empty or has no line of headings."
    )


def _subject(record: Record) -> str:
    try:
        return f"{record.code('code')} {record.code('sub_code')}".strip()
    except BadCell:
        return ""
