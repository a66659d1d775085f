"""What `doctor` found, as a table."""

from typing import Final

from rich.text import Text

from terminal.page import Row, cell, clean, console, table, word

FINDING_WORDS: Final = {
    "good": ("良好", "green"),
    "warning": ("注意", "yellow"),
    "bad": ("要対応", "bold red"),
}


def doctor(body: Row) -> None:
    """`doctor`: every finding in both languages."""
    page = console()
    made = table(page, "項目", "対象", "結果", "内容", fold=("内容",))
    between = "\n" if page.is_terminal else " / "
    for row in body["checks"]:
        made.add_row(
            cell(row["check"]),
            cell(row["subject"]),
            word(FINDING_WORDS, row["state"]),
            Text(between.join((clean(row["message"]), clean(row["message_en"])))),
        )
    page.print(made)
