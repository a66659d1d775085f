"""What an import and a delete did, as sentences."""

from rich.text import Text

from terminal.page import Row, clean, console, say


def import_done(view: Row) -> None:
    """What an import did."""
    if view["state"] != "done":
        console().print(
            Text(
                clean(
                    f"{view['mall']} の取り込みを受け付けました(番号 {view['job']})。 / "
                    f"The import of {view['mall']} was opened (job {view['job']})."
                )
            )
        )
        return
    console().print(
        Text(
            clean(
                f"{view['mall']}: {view['read']} 件を取り込みました(新規 {view['added']}、"
                f"更新 {view['updated']}、削除済み {view['gone']}、紐づけ {view['linked']}、"
                f"重複 {view['conflicts']})。 / {view['read']} listings were read: {view['added']} "
                f"new, {view['updated']} changed, {view['gone']} gone, {view['linked']} linked, "
                f"{view['conflicts']} in conflict."
            )
        )
    )


def deleted(body: Row) -> None:
    """`delete`."""
    names = ", ".join(body["deleted"])
    say(f"{names} を削除しました(モールの商品はそのままです)。", "Deleted here only.")
