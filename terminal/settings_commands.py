"""`zaiko settings`: side settings that ride along with pushes."""

import datetime as dt
from typing import Annotated, Any, Final

import typer

from engine.whole_number import whole_number
from terminal import settings_tables, usage
from terminal.asking import SETTINGS, Code, Name, SubCode, answer

settings_app = typer.Typer(help="Settings that go with a push (超過購入・納期の設定).", **SETTINGS)

DAYS_MAX: Final = 999
"""A longer lead time is a typing error; each mall's own limit is lower."""
NONE = "none"
"""What unregisters a setting."""
FLAGS = {"on": True, "off": False, NONE: None}


@settings_app.command("show")
def settings_show(name: Name, code: Code, sub_code: SubCode = "") -> None:
    """The registered settings of a listing, and the mall's (設定の表示)."""
    answer(lambda house: house.products.settings(name, code, sub_code), settings_tables.settings)


@settings_app.command("set")
def settings_set(
    name: Name,
    code: Code,
    sub_code: SubCode = "",
    lead_time: Annotated[
        str | None, typer.Option("--lead-time", metavar="N|none", help="Days (リードタイム).")
    ] = None,
    restock_date: Annotated[
        str | None,
        typer.Option("--restock-date", metavar="D|none", help="YYYY-MM-DD (入荷予定日)."),
    ] = None,
    overdraft: Annotated[
        str | None,
        typer.Option("--overdraft", metavar="on|off|none", help="Over-purchase (超過購入設定)."),
    ] = None,
) -> None:
    """Register settings; the next push takes them along (設定の変更)."""
    values: dict[str, Any] = {}
    if lead_time is not None:
        values["lead_time_days"] = _days(lead_time)
    if restock_date is not None:
        values["restock_date"] = _day(restock_date)
    if overdraft is not None:
        values["overdraft"] = _flag(overdraft)
    if not values:
        raise usage.UsageRefused(
            "Give --lead-time, --restock-date or --overdraft.",
            "--lead-time、--restock-date、--overdraft のいずれかを指定してください。",
        )
    answer(
        lambda house: house.products.set_settings(name, code, sub_code, values),
        settings_tables.settings,
    )


def _days(text: str) -> int | None:
    if text == NONE:
        return None
    number = whole_number(text)
    if number is None or not 0 <= number <= DAYS_MAX:
        raise usage.UsageRefused(
            f"--lead-time {text} is no number of days; write a whole number or none.",
            f"--lead-time {text} は日数ではありません。整数か none を指定してください。",
        )
    return number


def _day(text: str) -> str | None:
    if text == NONE:
        return None
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError:
        raise usage.UsageRefused(
            f"--restock-date {text} is no day; write it as 2026-12-01, or none.",
            f"--restock-date {text} は日付ではありません。2026-12-01 の形か none にしてください。",
        ) from None


def _flag(text: str) -> bool | None:
    if text not in FLAGS:
        raise usage.UsageRefused(
            f"--overdraft {text} is not known; write on, off or none.",
            f"--overdraft {text} は指定できません。on、off、none のいずれかを指定してください。",
        )
    return FLAGS[text]
