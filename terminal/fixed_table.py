"""A file of fixed columns, as `import` reads and `export` writes: its heading, widths, refusals.

A text that a spreadsheet would take for a formula is marked with a quote sign when it is written,
and comes without it when it is read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from terminal.usage import UsageRefused

_SPREADSHEET_SIGNS: Final = ("=", "+", "-", "@", "\t", "\r", "'")


def refuse_large(path: Path, bytes_max: int) -> None:
    """Raises UsageRefused for a file that is too long to be read."""
    try:
        size = path.stat().st_size
    except OSError:
        return  # Whoever opens it says why it cannot be read.
    if size > bytes_max:
        raise UsageRefused(
            f"{path} is longer than {bytes_max} bytes; split it.",
            f"{path} は {bytes_max} バイトを超えています。分けてください。",
        )


def look_at_head(head: Sequence[str], columns: Sequence[str]) -> None:
    """Raises UsageRefused where the first line does not name the columns."""
    if [name.strip().lower() for name in head] != list(columns):
        said = ",".join(columns)
        raise UsageRefused(f"The first line must be: {said}", f"1 行目は {said} にしてください。")


def wrong_width(row: Sequence[str], line: int, columns: Sequence[str]) -> dict[str, Any] | None:
    """The refusal of a row with too many cells or too few; None: it is neither."""
    if len(row) == len(columns):
        return None
    return refusal(
        line, columns[min(len(row), len(columns) - 1)],
        f"列が {len(row)} あります。{len(columns)} 列にしてください。",
        f"There are {len(row)} columns; there must be {len(columns)}.",
    )  # fmt: skip


def refusal(line: int, column: str, message: str, message_en: str) -> dict[str, Any]:
    """What is wrong with a row, as a page's refusals are."""
    return {"line": line, "column": column, "message": message, "message_en": message_en}


def marked(value: str) -> str:
    """A text that a spreadsheet would take for a formula, marked as text; any other as it is."""
    return f"'{value}" if value.startswith(_SPREADSHEET_SIGNS) else value


def bare(value: str) -> str:
    """The text without the mark `marked` gave it; its spaces stay."""
    is_marked = value.startswith("'") and value[1:].startswith(_SPREADSHEET_SIGNS)
    return value[1:] if is_marked else value
