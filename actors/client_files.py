"""An operator's file: opened, its encoding told by looking, read line by line.

    bytes --looked through once--> encoding --lines--> the reader of its kind --> rows

Memory holds one page, however long the file is, and of a product file eight bytes a row to tell
doubles by.
"""

import codecs
import hashlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Final, TextIO

from actors.client_refusal import Refusal
from engine.product_file import FileReading, FileRow
from engine.sheet import FileUnreadable, RefusedRow, rows_of
from malls.registry import file_reader_of

LOOK_BYTES_MAX: Final = 1_000_000
"""Bytes that are looked at at once."""
FILE_ROWS_MAX: Final = 2_000_000
"""Rows of one file; the rows after them are refused."""
LINE_LENGTH_MAX: Final = 200_000
"""Characters of one line; a file with a longer one is refused."""
BYTE_ORDER_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip

BROKEN: Final = (
    "読み取れない文字がありました。その文字は置き換えられています。",
    "Some characters could not be read and were replaced.",
)


class TextFile:
    """A file of text while it is read: its encoding is told by looking."""

    def __init__(self, path: Path) -> None:
        """Looks through the file once. Raises Refusal."""
        self._path = path
        try:
            self.made_at = path.stat().st_mtime
            self.encoding = told_encoding(path)
            self.is_broken = not self.encoding
            """Some characters can be read in no encoding and come as U+FFFD."""
            errors = "strict"
            if self.is_broken:
                self.encoding, errors = "cp932", "replace"
            self._text: TextIO = path.open(encoding=self.encoding, errors=errors, newline="")
        except (OSError, UnicodeError) as error:
            raise _unreadable(path, error) from None

    def lines(self) -> Iterator[str]:
        """Its lines with their ends. Raises Refusal for one that is too long, naming it."""
        try:
            for number in count(1):
                line = self._text.readline(LINE_LENGTH_MAX + 1)
                if not line:
                    return
                if len(line) > LINE_LENGTH_MAX:
                    raise Refusal(
                        2,
                        f"{number} 行目が {LINE_LENGTH_MAX} 文字を超えています。",
                        f"Line {number} has more than {LINE_LENGTH_MAX} characters.",
                    )
                yield line
        except (OSError, UnicodeError) as error:
            raise _unreadable(self._path, error) from None

    def close(self) -> None:
        """Closes the file."""
        self._text.close()


def table_rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line, cells) of each row of a CSV or TSV file, the headings first. Raises Refusal."""
    with closing(TextFile(path)) as file:
        if file.is_broken:
            raise Refusal(
                2,
                f"{path} は UTF-8 でも Shift_JIS でもありません。どちらかで保存してください。",
                f"{path} is neither UTF-8 nor Shift_JIS; save it as one of them.",
            )
        try:
            yield from rows_of(file.lines())
        except FileUnreadable as wrong:
            raise Refusal(2, *wrong.sentences) from None


class ProductFile:
    """One file while it is read. Use it as a context."""

    def __init__(self, path: Path, kind: str, switches: Mapping[str, str]) -> None:
        """Looks through the file once. Raises Refusal."""
        self._text = TextFile(path)
        self.made_at, self.encoding = self._text.made_at, self._text.encoding
        self.warnings: list[tuple[str, str]] = [BROKEN] if self._text.is_broken else []
        try:
            self._reading: FileReading = file_reader_of(kind)(self._text.lines(), switches)
        except FileUnreadable as missing:
            self.close()
            raise Refusal(2, *missing.sentences) from None
        self.warnings += self._reading.warnings

    @property
    def has_quantity(self) -> bool:
        """Whether it tells quantities."""
        return self._reading.has_quantity

    def rows(self) -> Iterator[FileRow | RefusedRow]:
        """Its rows; one that names a listing again is refused."""
        first_lines: dict[bytes, int] = {}
        for number, row in enumerate(self._reading.rows, 1):
            if isinstance(row, RefusedRow):
                yield row
                continue
            subject = f"{row.row.ref.code} {row.row.ref.sub_code}".strip()
            if number > FILE_ROWS_MAX:
                yield RefusedRow(
                    row.line, "", subject,
                    f"{FILE_ROWS_MAX} 行を超えています。ファイルを分けてください。",
                    f"The file has more than {FILE_ROWS_MAX} rows; split it.",
                )  # fmt: skip
                return
            named = f"{row.row.ref.code}\x1f{row.row.ref.sub_code}".encode()
            mark = hashlib.blake2b(named, digest_size=8).digest()
            first = first_lines.setdefault(mark, row.line)
            if first == row.line:
                yield row
            else:
                yield RefusedRow(
                    row.line, "", subject,
                    f"{first} 行目と同じ商品です。", f"It is the listing of line {first} again.",
                )  # fmt: skip

    def close(self) -> None:
        """Closes the file."""
        self._text.close()


def told_encoding(path: Path) -> str:
    """UTF-16 or UTF-8 by the mark, else what all of it can be read in; "" where nothing fits."""
    with path.open("rb") as file:
        head = file.read(4)
        for mark, encoding in BYTE_ORDER_MARKS:
            if head.startswith(mark):
                return encoding if _reads_as(path, encoding) else ""
    for encoding in ("utf-8", "cp932"):
        if _reads_as(path, encoding):
            return encoding
    return ""


def _reads_as(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        with path.open("rb") as file:
            while part := file.read(LOOK_BYTES_MAX):
                decoder.decode(part)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _unreadable(path: Path, error: Exception) -> Refusal:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return Refusal(
        2,
        f"ファイル {path} を開けません({reason})。",
        f"The file {path} cannot be opened ({reason}).",
    )
