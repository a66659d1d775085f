"""A listing's side settings as a table."""

from typing import Any, Final

from terminal.page import NONE, Row, cell, console, local_time, say, table

LABELS: Final = {
    "overdraft": "超過購入設定",
    "lead_time_days": "リードタイム(日)",
    "restock_date": "入荷予定日",
}


def settings(body: Row) -> None:
    """`settings show` and `settings set`."""
    subject = f"{body['mall']} {body['code']} {body['sub_code']}".strip()
    page = console()
    page.print(cell(f"{subject} {body['name']}"))
    if not body["settings"]:
        say(
            "このモールには、反映とともに送る設定がありません。",
            "This mall has no settings that go with a push.",
        )
    else:
        made = table(page, "設定", "登録値", "モールの値")
        for row in body["settings"]:
            made.add_row(
                cell(LABELS.get(row["field"], row["field"])),
                cell(_told(row["registered"])),
                cell(_told(row["mall"])),
            )
        page.print(made)
        if body["is_pushed"]:
            say(
                "登録値は次の反映で送られます。", "The next push takes the registered values along."
            )
        else:
            say(
                'settings_on_push = "mall" のため、反映してもモールの値のままです。',
                "By settings_on_push a push leaves the mall's values as they are.",
            )
    if body["file_quantity"] is not None:
        when = local_time(body["file_at"])
        say(
            f"ファイルの数量: {body['file_quantity']}({when} 時点)",
            f"the file's quantity was {body['file_quantity']}",
        )


def _told(value: Any) -> str:
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)
