"""Where output goes: a console that is coloured on a terminal and plain text anywhere else.

NO_COLOR is respected (Rich does). Into a pipe or a file nothing is cut to a width, and no frames
are drawn, so that what is printed can be searched.
"""

import getpass
import json
import re
import sys
import time
import traceback
from collections.abc import Iterable, Iterator, Mapping
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

PLAIN_WIDTH_MAX: Final = 1_000
"""Columns of a line that goes into a pipe or a file; a longer one is broken."""
CHUNK_ROWS: Final = 500
"""Rows of one table: a longer list is printed as several, so that only so many are held."""
NONE: Final = "—"
"""What a cell without a value shows."""
Row = Mapping[str, Any]
"""One map of an answer, as it came."""
_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def console(stream: TextIO | None = None) -> Console:
    """A console on stdout, or on the stream given."""
    target = stream or sys.stdout
    is_terminal = target.isatty()
    return Console(
        file=target,
        width=None if is_terminal else PLAIN_WIDTH_MAX,
        markup=False,
        emoji=False,
        highlight=False,
        soft_wrap=not is_terminal,
    )


def clean(text: object) -> str:
    """What came from a mall, without anything that could move a terminal's cursor."""
    return _CONTROLS.sub(" ", str(text))


def cell(value: object, style: str = "") -> Text:
    """One cell of a table."""
    return Text(NONE if value is None or value == "" else clean(value), style=style)


def word(words: Mapping[str, tuple[str, str]], name: str) -> Text:
    """A state's word in its style; one that has none, as it is."""
    text, style = words.get(name, (name, ""))
    return Text(text, style=style)


def number(value: float | None) -> Text:
    """A number with its thousands marked."""
    return Text(NONE if value is None else f"{value:,}")


def local_time(at: float | None) -> str:
    """A moment in this machine's own time zone."""
    if at is None:
        return NONE
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def short_time(at: float | None) -> str:
    """The same in few columns: today's time of day, or the day."""
    told = local_time(at)
    if at is None:
        return told
    day, moment = told.split()
    today = local_time(time.time()).split()[0]
    return moment if day == today else f"{day[5:]} {moment[:5]}"


def age(seconds: float | None) -> str:
    """How long ago, in the largest fitting unit."""
    if seconds is None:
        return NONE
    for unit, size in (("日", 86_400), ("時間", 3_600), ("分", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}前"
    return f"{max(0.0, seconds):.0f} 秒前"


def table(
    page: Console, *headings: str, right: Iterable[str] = (), fold: Iterable[str] = ()
) -> Table:
    """An empty table with these headings; those in `right` hold numbers.

    On a narrow terminal the columns in `fold` break their lines and the others stay whole.
    """
    frame = box.SIMPLE_HEAD if page.is_terminal else None
    gap = (0, 1, 0, 0) if page.is_terminal else (0, 2, 0, 0)
    made = Table(box=frame, pad_edge=False, padding=gap, header_style="bold")
    numeric, folding = set(right), set(fold)
    for heading in headings:
        made.add_column(
            heading,
            justify="right" if heading in numeric else "left",
            no_wrap=heading not in folding or not page.is_terminal,
            overflow="fold" if heading in folding else "ellipsis",
        )
    return made


def pairs(page: Console, lines: Iterable[tuple[str, object]]) -> None:
    """Names with their values, one a line."""
    made = table(page, "", " ", fold=(" ",))
    made.show_header = False
    for name, value in lines:
        made.add_row(Text(name, style="bold"), value if isinstance(value, Text) else cell(value))
    page.print(made)


# --- sentences ----------------------------------------------------------------------------------


def prepare() -> None:
    """Lets any text be printed, whatever the terminal's encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def refuse(sentence: str, code: int = 0) -> int:
    """The one sentence of a command that was not done, on stderr; its exit code."""
    sys.stderr.write(f"{clean(sentence)}\n")
    return code


def bug(error: BaseException) -> str:
    """A bug as one sentence that says where it is."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return (
        f"zaiko has a bug: {type(error).__name__} at {place}: {error} / "
        "zaiko の内部エラーです。お手数ですがこの一文を添えてご連絡ください。"
    )


def ask(label: str, *, is_secret: bool = False) -> str:
    """What a person types after the label, or the next line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    sys.stderr.write(f"{label}: ")
    sys.stderr.flush()
    return (getpass.getpass("") if is_secret else input()).strip()


def ask_fields(fields: Iterable[Any]) -> dict[str, str]:
    """Asks for a key's fields; secrets are not echoed. An empty optional one is left out."""
    values = {
        field.name: ask(f"{field.label} / {field.label_en}", is_secret=field.is_secret)
        for field in fields
    }
    return {name: value for name, value in values.items() if value}


def say(japanese: str, english: str) -> None:
    """One sentence in both languages."""
    console().print(Text(clean(f"{japanese} / {english}")))


def note(japanese: str, english: str) -> None:
    """The same beside the output: on stderr."""
    sys.stderr.write(clean(f"{japanese} / {english}") + "\n")


def wrote(file: Path, count: int, *, as_json: bool) -> None:
    """What a command says that has written rows into a file."""
    if as_json:
        write_json({"file": str(file), "rows": count})
    else:
        say(f"{count:,} 件を {file} に書き出しました。", f"{count:,} rows written to {file}.")


# --- for programs -------------------------------------------------------------------------------


def write_json(value: object) -> None:
    """One JSON value on one line."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def write_json_list(values: Iterable[object]) -> None:
    """One JSON list, a value a line, written as they come: only one is held."""
    is_open = False
    for position, value in enumerate(values):
        # Only now: whatever is refused before its first row prints nothing.
        if not position:
            sys.stdout.write("[")
            is_open = True
        sys.stdout.write(",\n " if position else "\n ")
        sys.stdout.write(json.dumps(value, ensure_ascii=False))
    sys.stdout.write("\n]\n" if is_open else "[\n]\n")
    sys.stdout.flush()


def rows_of(pages: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The rows of pages, one by one."""
    for page in pages:
        yield from page["rows"]
