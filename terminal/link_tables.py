"""Links and their conflicts as tables and sentences."""

from collections.abc import Sequence

from terminal.page import Row, cell, console, say, table


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


def linked(body: Row) -> None:
    """`link auto` and `link add`."""
    say(f"{body['linked']} 件を紐づけました。", f"{body['linked']} listings are linked.")
    if body["unmatched"]:
        say(
            f"{body['unmatched']} 件は一致する SKU がありません。",
            f"{body['unmatched']} match no SKU.",
        )
    if body["conflicts"]:
        conflicts(body["conflicts"])


def unlinked(body: Row) -> None:
    """`link remove`."""
    say("紐づけを解除しました。", "The link is removed.")
    if body["conflicts"]:
        conflicts(body["conflicts"])
