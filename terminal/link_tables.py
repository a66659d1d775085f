"""Links and their conflicts as tables and sentences."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final

from terminal.page import CHUNK_ROWS, Row, cell, console, note, say, table

CONFLICTS_SHOWN_MAX: Final = 50
"""Conflicts that `link auto` shows on a screen; --json has all."""


def conflicts(rows: Sequence[Row]) -> None:
    """`link conflicts`."""
    page = console()
    if not rows:
        page.print("紐づけの重複はありません。 / There are no link conflicts.")
        return
    made = table(page, "モール", "商品コード", "SKU", "内容", fold=("商品コード", "SKU"))
    for row in rows:
        made.add_row(
            cell(row["mall"]),
            cell(f"{row['code']} {row['sub_code']}".strip()),
            cell(" / ".join(row["skus"])),
            cell(row["message"], "yellow"),
        )
    page.print(made)
    say(
        "zaiko link remove SKU モール 商品コード [枝番] で 1 つだけ残すか、"
        "zaiko link set モール 商品コード [--sub 枝番] SKU=1 で決めてください"
        "(セット商品なら構成を指定)。",
        "Leave one with zaiko link remove SKU NAME CODE [SUB], or name it with "
        "zaiko link set NAME CODE [--sub SUB] SKU=1 (of a set, all its components).",
    )


def linked(body: Row) -> None:
    """`link auto` and `link add`."""
    say(f"{body['linked']} 件を紐づけました。", f"{body['linked']} listings are linked.")
    if body["unmatched"]:
        say(
            f"{body['unmatched']} 件は一致する SKU がありません。",
            f"{body['unmatched']} match no SKU.",
        )
    count = len(body["conflicts"])
    if count:
        say(
            f"{count} 件は複数の SKU が候補のため、連携しません。",
            f"{count} have several SKUs as candidates and do not sync.",
        )
        conflicts(body["conflicts"][:CONFLICTS_SHOWN_MAX])
    if count > CONFLICTS_SHOWN_MAX:
        say("ほかにもあります(--json で全件)。", "There are more; --json has them all.")


def unlinked(body: Row) -> None:
    """`link remove`."""
    say("紐づけを解除しました。", "The link is removed.")
    if body["conflicts"]:
        conflicts(body["conflicts"])


def sets(rows: Iterable[Row]) -> None:
    """`link sets`, in chunks."""
    page = console()
    left = iter(rows)
    is_empty = True
    while chunk := list(islice(left, CHUNK_ROWS)):
        is_empty = False
        made = table(page, "モール", "商品コード", "構成", fold=("商品コード", "構成"))
        for row in chunk:
            parts = " + ".join(f"{part['sku']} × {part['units']}" for part in row["parts"])
            subject = f"{row['code']} {row['sub_code']}".strip()
            made.add_row(cell(row["mall"]), cell(subject), cell(parts))
        page.print(made)
    if is_empty:
        say("セット商品はありません。", "There are no sets.")


def were_set(body: Row) -> None:
    """`link set` and `link sets import`."""
    if told_refusals(body):
        return
    say(
        f"{body['changed']} 件の構成を変えました(変更なし {body['unchanged']} 件)。",
        f"{body['changed']} listings take other SKUs now; {body['unchanged']} did already.",
    )


def would_set(body: Row) -> None:
    """The same with --dry-run."""
    if told_refusals(body):
        return
    say(
        f"{body['changed']} 件の構成が変わります(変更なし {body['unchanged']} 件)。",
        f"{body['changed']} listings would take other SKUs; {body['unchanged']} do already.",
    )


def told_refusals(body: Row) -> bool:
    """Tells what a file or command was refused for; whether it was."""
    for row in body["refusals"]:
        where = f"{row['line']} 行目 {row['column']}: " if row["line"] else ""
        where_en = f"line {row['line']}, {row['column']}: " if row["line"] else ""
        note(where + row["message"], where_en + row["message_en"])
    if body["refusals"]:
        note("何も変えていません。", "Nothing was changed.")
    return bool(body["refusals"])
