"""Notification channels as a table and sentences; never an address."""

from collections.abc import Sequence

from rich.text import Text

from terminal.page import Row, cell, console, note, number, say, short_time, table


def channels(rows: Sequence[Row]) -> None:
    """`notify list`."""
    page = console()
    if not rows:
        page.print("通知先はありません。 / There are no channels.")
        return
    made = table(
        page, "通知先", "サービス", "使用", "最終送信", "失敗", "内容",
        right=("失敗",), fold=("内容",),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            cell(row["channel"], "bold"),
            cell(row["service"]),
            Text("あり", style="green") if row["used"] else Text("なし", style="yellow"),
            cell(short_time(row["last_good_at"])),
            number(row["failures"]),
            cell(f"{row['message']} / {row['message_en']}" if row["reason"] else "", "red"),
        )
    page.print(made)


def channel_stored(body: Row) -> None:
    """`notify set`."""
    name = body["channel"]
    say(
        f"通知先 {name} を登録しました。zaiko notify test {name} で確かめられます。",
        f"The channel {name} is stored; try it with: zaiko notify test {name}",
    )
    if not body["used"]:
        note(
            f"設定の notify_channels に {name} がないため、まだ使われません。",
            f"It is not used yet: notify_channels in the settings does not name {name}.",
        )


def channel_works(body: Row) -> None:
    """`notify test`."""
    say(
        f"{body['channel']} にテストの通知を送りました。",
        f"A test message went to {body['channel']}.",
    )


def channel_removed(body: Row) -> None:
    """`notify remove`."""
    say(f"通知先 {body['channel']} を削除しました。", f"The channel {body['channel']} is removed.")
