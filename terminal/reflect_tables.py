"""What a reflect did, as tables and sentences."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from rich.text import Text

from terminal.page import CHUNK_ROWS, Row, cell, console, note, number, say, table, word

REFLECT_WORDS: Final = {
    "pushed": ("反映", "green"),
    "waiting": ("照合待ち", "yellow"),
    "level": ("差異なし", "dim"),
    "blocked": ("反映不可", "red"),
}


def reflect(rows: Iterable[Row]) -> int:
    """`reflect`: what it did to each listing; how many there were."""
    page = console()
    shown = 0
    left = iter(rows)
    while chunk := list(islice(left, CHUNK_ROWS)):
        shown += len(chunk)
        made = table(
            page, "SKU", "モール", "商品コード", "在庫", "反映数", "増減", "結果", "理由",
            right=("在庫", "反映数", "増減"), fold=("SKU", "商品コード", "理由"),
        )  # fmt: skip
        for row in chunk:
            delta = row["delta"]
            made.add_row(
                cell(row["sku"], "bold"),
                cell(row["mall"]),
                cell(f"{row['code']} {row['sub_code']}".strip()),
                number(row["before"]),
                number(row["offer"]),
                Text("—" if delta is None else f"{delta:+,}"),
                word(REFLECT_WORDS, row["result"]),
                cell(row["reason"]),
            )
        page.print(made)
    return shown


def reflected(shown: int) -> None:
    """A reflect that found nothing to do says so."""
    if not shown:
        say("対象の商品はありません。", "There is nothing to reflect.")


def followed(waiting: int) -> None:
    """How a reflect came out."""
    if waiting:
        say(f"{waiting} 件は照合を待っています。", f"{waiting} listings still wait.")
    else:
        say("すべて反映しました。", "All are in step.")


def blocked(count: int) -> None:
    """The sentence of a reflect that could not do everything, on stderr."""
    note(f"{count} 件は反映できません。", f"{count} listings are blocked; the reasons are listed.")
