"""What an import and a delete did, as sentences."""

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from terminal.page import Row, cell, clean, console, note, say, table

CHANGES_SHOWN_MAX: Final = 20
"""Changes an import shows on a screen; --json has all."""
REFUSED_SHOWN_MAX: Final = 50
"""Refused rows of a file that are shown on a screen; --json has all."""

FIELDS: Final = {
    "name": "商品名",
    "jan": "JAN",
    "image": "画像",
    "axes": "選択肢",
    "sku_code": "SKU コード",
    "tracked": "在庫管理",
    "gone": "削除済み",
    "overdraft": "超過購入設定",
    "lead_time_days": "リードタイム",
    "restock_date": "入荷予定日",
}
"""What a changed field is called."""


def import_done(view: Row) -> None:
    """What an import did."""
    if view["state"] != "done":
        say(
            f"{view['mall']} の取り込みを受け付けました(番号 {view['job']})。",
            f"The import of {view['mall']} was opened (job {view['job']}).",
        )
        return
    console().print(
        Text(
            clean(
                f"{view['mall']}: {view['read']} 件を取り込みました(新規 {view['added']}、"
                f"更新 {view['updated']}、変更なし {view['unchanged']}、削除済み {view['gone']}、"
                f"紐づけ {view['linked']}、重複 {view['conflicts']})。 / "
                f"{view['read']} listings were read: {view['added']} "
                f"new, {view['updated']} changed, {view['unchanged']} unchanged, {view['gone']} "
                f"gone, {view['linked']} linked, {view['conflicts']} in conflict."
            )
        )
    )
    _conflicts(view)
    _changes(view.get("changes", ()))


def file_done(view: Row) -> None:
    """What a file's import did, or would do."""
    for japanese, english in view["warnings"]:
        note(japanese, english)
    is_tried = view["state"] == "tried"
    done, done_en = "取り込みました", "read"
    if is_tried:
        done, done_en = "確認しました(書き込みなし)", "looked at, and nothing was written"
    console().print(
        Text(
            clean(
                f"{view['mall']}: ファイルの {view['read']} 行を{done}(新規 {view['added']}、"
                f"更新 {view['updated']}、変更なし {view['unchanged']}、紐づけ {view['linked']}、"
                f"重複 {view['conflicts']}、不可 {view['refused']})。 / "
                f"{view['read']} rows of the file were {done_en}: {view['added']} new, "
                f"{view['updated']} changed, {view['unchanged']} unchanged, {view['linked']} "
                f"linked, {view['conflicts']} in conflict, {view['refused']} refused."
            )
        )
    )
    _conflicts(view)
    _changes(view["changes"])
    _refused(view["refused_rows"])


def _conflicts(view: Row) -> None:
    if view["conflicts"]:
        say(
            "複数の商品が候補になった出品は連携しません。zaiko link conflicts で確認してください。",
            "What several SKUs claim does not sync; see: zaiko link conflicts",
        )


def _changes(rows: Sequence[Row]) -> None:
    if not rows:
        return
    page = console()
    made = table(page, "商品コード", "項目", "変更前", "変更後", fold=("変更前", "変更後"))
    for row in rows[:CHANGES_SHOWN_MAX]:
        made.add_row(
            cell(f"{row['code']} {row['sub_code']}".strip()),
            cell(FIELDS.get(row["field"], row["field"])),
            cell(row["old"]),
            cell(row["new"]),
        )
    page.print(made)
    if len(rows) > CHANGES_SHOWN_MAX:
        say("ほかにも変更があります(--json で全件)。", "There are more; --json has them all.")


def _refused(rows: Sequence[Row]) -> None:
    if not rows:
        return
    page = console()
    made = table(page, "行", "列", "商品コード", "内容", right=("行",), fold=("内容",))
    for row in rows[:REFUSED_SHOWN_MAX]:
        made.add_row(
            cell(str(row["line"])),
            cell(row["column"]),
            cell(row["subject"]),
            cell(f"{row['message']} / {row['message_en']}", "yellow"),
        )
    page.print(made)
    if len(rows) > REFUSED_SHOWN_MAX:
        say("ほかにも読めない行があります(--json で全件)。", "There are more; --json has them all.")


def deleted(body: Row) -> None:
    """`delete`."""
    names = ", ".join(body["deleted"])
    say(f"{names} を削除しました(モールの商品はそのままです)。", "Deleted here only.")
