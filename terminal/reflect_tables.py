"""What a reflect did, as tables and sentences."""

from collections.abc import Iterable, Sequence
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


# --- jobs -----------------------------------------------------------------------------------------

STATE_WORDS: Final = {
    "placing": ("実行中(登録)", "yellow"),
    "pushing": ("実行中(反映)", "yellow"),
    "returning": ("取り消し中", "yellow"),
    "stopped": ("停止", "red"),
    "done": ("完了", "green"),
}


def jobs(views: Sequence[Row]) -> None:
    """`reflect list`: the jobs, the newest first."""
    if not views:
        say("反映の記録はありません。", "There is no reflect.")
        return
    page = console()
    made = table(
        page, "番号", "モール", "対象", "状態", "変更", "反映済み", "待ち", "対象外", "承認待ち",
        "実行者", right=("番号", "変更", "反映済み", "待ち", "対象外"),
    )  # fmt: skip
    for view in views:
        made.add_row(
            number(view["job"]),
            cell("すべて" if view["mall"] is None else view["mall"]),
            cell(_what(view)),
            word(STATE_WORDS, view["step"]),
            number(view["placed"]),
            number(view["pushed"]),
            number(view["waiting"]),
            number(view["unsynced"] + view["shadow"] + view["blocked"]),
            cell(", ".join(view["approve"])),
            cell(view["actor"]),
        )
    page.print(made)


def _what(view: Row) -> str:
    if view["skus"]:
        return f"SKU {len(view['skus'])} 件"
    return "差異" if view["diff"] else "全件"


def job(view: Row) -> None:
    """How far one job is, and what is to be done about it."""
    placed, pushed, name = view["placed"], view["pushed"], view["job"]
    words = {
        "running": ("実行中です", "is under way"),
        "stopped": ("停止しました", "is stopped"),
        "done": ("終わりました", "is done"),
    }
    state, state_en = words[view["state"]]
    say(
        f"反映 {name} は{state}。変更 {placed:,} 件、反映済み {pushed:,} 件、"
        f"差異なし {view['level']:,} 件。",
        f"Reflect {name} {state_en}: {placed:,} to change, {pushed:,} pushed, "
        f"{view['level']:,} level.",
    )
    skipped = [
        (view["unsynced"], "連携オフ", "not synced"),
        (view["shadow"], "シャドー", "in shadow"),
    ]
    for count, why, why_en in skipped:
        if count:
            say(f"{why}の {count:,} 件は対象外です。", f"{count:,} were left out: {why_en}.")
    for mall in view["approve"]:
        note(
            f"{mall} の変更は承認を待っています。zaiko approve {mall} で確かめてください。",
            f"The change of {mall} waits; look at it with: zaiko approve {mall}",
        )


def goes_on(number: int) -> None:
    """Whoever waited has left; the house has not."""
    note(
        f"反映 {number} は続いています。止めるには: zaiko reflect stop {number}",
        f"Reflect {number} goes on; to stop it: zaiko reflect stop {number}",
    )
