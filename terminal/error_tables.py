"""Errors of level 8 and 9 as tables and sentences."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from terminal.page import Row, cell, console, local_time, number, pairs, say, short_time, table

FAULT_WORDS: Final = {"open": "発生中", "resolved": "解消", "cleared": "削除済み"}


def errors(rows: Sequence[Row]) -> None:
    """`errors list`."""
    page = console()
    if not rows:
        page.print("エラーはありません。 / There are no errors.")
        return
    made = table(
        page, "番号", "Lv", "モール", "対象", "コード", "内容", "状態", "回数", "最終",
        right=("番号", "Lv", "回数"), fold=("対象", "コード", "内容"),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            str(row["id"]),
            Text(str(row["level"]), style="bold red" if row["level"] == 9 else "yellow"),
            cell(row["mall"]),
            cell(row["subject"]),
            cell(row["code"]),
            cell(row["message"]),
            cell(FAULT_WORDS.get(row["state"], row["state"])),
            number(row["count"]),
            cell(short_time(row["last_seen"])),
        )
    page.print(made)


def error(row: Row) -> None:
    """`errors show`."""
    page = console()
    lines = (
        ("番号", row["id"]),
        ("レベル", row["level"]),
        ("モール", row["mall"]),
        ("対象", row["subject"]),
        ("コード", row["code"]),
        ("状態", FAULT_WORDS.get(row["state"], row["state"])),
        ("回数", row["count"]),
        ("初回", local_time(row["first_seen"])),
        ("最終", local_time(row["last_seen"])),
        ("原因", row["message"]),
        ("対処", row["hint"]),
        ("cause", row["message_en"]),
        ("what to do", row["hint_en"]),
        ("差異の一覧 / differences", row.get("differences")),
    )
    pairs(page, lines)


def summary(rows: Sequence[Row]) -> None:
    """`errors summary`: how many each mall has."""
    page = console()
    made = table(
        page, "モール", "レベル9", "レベル8", "解消", "最古", "連携",
        right=("レベル9", "レベル8", "解消"), fold=("モール",),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            cell(row["mall"] or "(全体 / house)", "bold"),
            Text(f"{row['level9']:,}", style="bold red" if row["level9"] else ""),
            Text(f"{row['level8']:,}", style="yellow" if row["level8"] else ""),
            number(row["resolved"]),
            cell(short_time(row["oldest"])),
            Text("停止", style="bold red") if row["is_halted"] else cell("継続"),
        )
    page.print(made)


def cleared(body: Row) -> None:
    """`errors clear`."""
    count = len(body["cleared"])
    say(f"エラーを {count} 件削除しました。", f"{count} errors are cleared.")
    for name in body["resumed"]:
        say(f"{name} の連携を再開しました。", f"{name} is in step again.")
