"""Offer rules and what comes of them, as tables and sentences."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final

from rich.text import Text

from terminal.page import CHUNK_ROWS, NONE, Row, cell, console, number, say, short_time, table

SOURCES: Final[Mapping[str, str]] = {
    "mall+sku": "モール+SKU", "sku": "SKU", "mall": "モール", "settings": "設定",
}  # fmt: skip
EVERY: Final = "すべて"


def rules(rows: Iterable[Row], hits: int) -> None:
    """`offers list`, in chunks; hits: how many there are."""
    page = console()
    left, shown = iter(rows), 0
    while chunk := list(islice(left, CHUNK_ROWS)):
        shown += len(chunk)
        made = table(
            page, "モール", "SKU", "安全在庫", "上限", "下限", "配分率", "設定日時", "担当",
            fold=("SKU", "担当"),
        )  # fmt: skip
        for row in chunk:
            made.add_row(
                cell(EVERY if row["mall"] is None else row["mall"]),
                cell(EVERY if row["sku"] is None else row["sku"]),
                number(row["buffer"]),
                _cap(row["cap"]),
                number(row["floor"]),
                _percent(row["share"]),
                cell(short_time(row["at"])),
                cell(row["actor"]),
            )
        page.print(made)
    if hits == 0:
        say("反映条件はありません。", "There are no offer rules.")
    elif shown < hits:
        say(f"{hits:,} 件中 {shown:,} 件を表示しています。", f"{shown:,} of {hits:,} are shown.")


def offer(body: Row) -> None:
    """`offers show`."""
    page = console()
    total = NONE if body["total"] is None else f"{body['total']:,}"
    say(f"SKU {body['sku']}: 総在庫数 {total}", f"SKU {body['sku']}: total {total}")
    if not body["rows"]:
        say("紐づいた商品はありません。", "No listing is linked to it.")
        return
    made = table(
        page, "モール", "商品コード", "安全在庫", "上限", "下限", "配分率", "個数", "反映数",
        fold=("商品コード",),
    )  # fmt: skip
    for row in body["rows"]:
        made.add_row(
            cell(row["mall"]),
            cell(f"{row['code']} {row['sub_code']}".strip()),
            *(_told(row[name], name) for name in ("buffer", "cap", "floor", "share")),
            number(row["units"]),
            number(row["offer"]),
        )
    page.print(made)
    for row in body["rows"]:
        if row["components"] > 1 and row["allows"] != row["offer"]:
            subject = f"{row['mall']} {row['code']} {row['sub_code']}".strip()
            allows = NONE if row["allows"] is None else f"{row['allows']:,}"
            say(
                f"{subject} はセット商品です。この SKU だけなら {allows} 個です。",
                f"{subject} is a set; this SKU alone would let it show {allows}.",
            )


def was_set(body: Row) -> None:
    """`offers set`."""
    if not body["changed"]:
        say("すでにその条件です。何も変えていません。", "It was so already; nothing changed.")
        return
    say(
        "反映条件を変更しました。対象の商品を順に見直しています。",
        "The rule is set; the listings it is about are looked at again.",
    )


def was_removed(_: Row) -> None:
    """`offers remove`."""
    say(
        "反映条件を削除しました。対象の商品を順に見直しています。",
        "The rule is removed; the listings it was about are looked at again.",
    )


def would_change(body: Row) -> None:
    """Either with --dry-run."""
    say(
        f"対象 {body['listings']:,} 件のうち {body['changed']:,} 件の反映数が変わり、"
        f"うち {body['to_zero']:,} 件が 0 になります。",
        f"Of {body['listings']:,} listings {body['changed']:,} would show another quantity, "
        f"{body['to_zero']:,} of them zero. Nothing was changed.",
    )


def _cap(value: object) -> Text:
    return cell("なし") if value == "none" else cell(value)


def _percent(value: object) -> Text:
    return cell(NONE if value is None else f"{value}%")


def _told(one: Row, name: str) -> Text:
    """A number with what gave it."""
    value = one["value"]
    text = "なし" if value is None else f"{value:,}{'%' if name == 'share' else ''}"
    return cell(f"{text} ({SOURCES[one['source']]})")
