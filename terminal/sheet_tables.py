"""What became of a file of totals or links, as tables and sentences."""

from collections.abc import Sequence
from typing import Final

from terminal.page import Row, cell, console, note, say, table

ERRORS_SHOWN_MAX: Final = 20
"""Refused rows of a file that are shown; --json has them all."""


def imported(body: Row) -> None:
    """`stock import` and `link import`."""
    if body["refused"]:
        _rows(body["refused_rows"], body["refused"])
        note(
            f"{body['name']}: {body['refused']:,} 行を取り込めないため、何も変更していません。",
            f"{body['refused']:,} rows cannot be taken; nothing was changed.",
        )
        return
    counts = f"変更 {body['changed']:,}、変更なし {body['unchanged']:,}"
    counts_en = f"{body['changed']:,} changed, {body['unchanged']:,} unchanged"
    if body["kind"] == "totals":
        counts += f"、在庫 0 になる {body['to_zero']:,}"
        counts_en += f", {body['to_zero']:,} to zero"
    if body["blank"]:
        counts += f"、数量なし {body['blank']:,}"
        counts_en += f", {body['blank']:,} without a quantity"
    if body["is_dry"]:
        say(
            f"{body['name']}: {body['rows']:,} 行を確認しました({counts})。何も変更していません。",
            f"{body['rows']:,} rows looked at ({counts_en}); nothing was changed.",
        )
        return
    say(
        f"{body['name']}: {body['applied']:,} 行を取り込みました({counts})。",
        f"{body['applied']:,} rows were taken ({counts_en}).",
    )
    if body["lost"]:
        _rows(body["lost_rows"], body["lost"])
        note(
            f"{body['lost']:,} 行は取り込みの途中で変更されたため、そのままにしました。",
            f"{body['lost']:,} rows were left: somebody changed them meanwhile.",
        )


def _rows(rows: Sequence[Row], count: int) -> None:
    page = console()
    made = table(page, "行", "列", "内容", right=("行",), fold=("内容",))
    for row in rows[:ERRORS_SHOWN_MAX]:
        made.add_row(
            cell(str(row["line"])),
            cell(row["column"]),
            cell(f"{row['message']} / {row['message_en']}", "yellow"),
        )
    page.print(made)
    if count > ERRORS_SHOWN_MAX:
        say(
            f"ほかに {count - ERRORS_SHOWN_MAX:,} 行あります(--json で全件)。",
            f"There are {count - ERRORS_SHOWN_MAX:,} more; --json has them.",
        )
