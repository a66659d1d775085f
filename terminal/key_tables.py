"""The malls' keys as tables and sentences; never a value of one."""

from collections.abc import Sequence

from rich.text import Text

from terminal.mall_tables import countdown, mall_cell
from terminal.page import Row, cell, console, local_time, say, short_time, table


def keys(rows: Sequence[Row]) -> None:
    """`key list`: what is stored, never a value of it."""
    page = console()
    made = table(page, "モール", "キー", "項目", "更新日時", "期限", fold=("モール", "項目"))
    for row in rows:
        word = Text("あり", style="green") if row["stored"] else Text("なし", style="red")
        if row["unreadable"]:
            word = Text("破損", style="bold red")
        made.add_row(
            mall_cell({"name": row["mall"], "kind": row["kind"]}),
            word,
            cell(", ".join(row["fields"])),
            cell(short_time(row["changed_at"])),
            countdown(row["expires_at"], row["days_left"]),
        )
    page.print(made)


def key_stored(body: Row) -> None:
    """`key set` and `key renew`."""
    name = body["mall"]
    say(f"{name} のキーを保存しました。", f"The key of {name} is stored.")
    if body["announced"]:
        say(
            f"停止中なら zaiko errors clear --mall {name} で再開します。",
            f"If it is halted, resume it with: zaiko errors clear --mall {name}",
        )


def key_works(body: Row) -> None:
    """`key check` of a key that works."""
    until = body["expires_at"]
    said = f"(期限 {local_time(until)})" if until else ""
    say(f"{body['mall']} のキーは使えます{said}。", f"The key of {body['mall']} works.")
    for warning in body["warnings"]:
        say(warning["message"], warning["message_en"])


def key_refused(body: Row) -> str:
    """`key check` of a key that does not: the sentence."""
    english = f"{body['mall']}: {body['message_en']} {body['hint_en']}"
    return f"{english} / {body['message']} {body['hint']}"


def renewal(body: Row) -> None:
    """`key renew`: the page to open, or where a new key is issued."""
    page = console()
    if body["url"] is None:
        say(body["where"], body["where_en"])
        return
    say("次のページで同意し、コードを入力してください。", "Open this page, agree, give the code.")
    page.print(Text(body["url"]), soft_wrap=True)
