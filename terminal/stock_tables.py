"""Totals, listings and movements as tables and sentences."""

from collections.abc import Iterable
from itertools import islice
from typing import Any, Final

from rich.text import Text

from terminal.page import (
    CHUNK_ROWS,
    Row,
    cell,
    console,
    local_time,
    number,
    say,
    short_time,
    table,
    word,
)

LISTING_WORDS: Final = {
    "unknown": ("未照合", "dim"),
    "level": ("一致", "green"),
    "due": ("反映待ち", "cyan"),
    "calling": ("反映中", "cyan"),
    "suspect": ("照合待ち", "yellow"),
    "blocked": ("停止中", "red"),
    "unlinked": ("未紐づけ", "dim"),
}
REASON_WORDS: Final = {
    "order": "受注",
    "order_cancel": "キャンセル",
    "order_edit": "受注変更",
    "opening": "開始在庫",
    "stocktake": "棚卸",
    "adjustment": "在庫調整",
    "receipt": "入荷",
    "customer_return": "返品",
    "adopt": "差異の取込",
    "restock_correction": "訂正",
}


def stock(rows: Iterable[Row]) -> int:
    """`stock list`, a table for each piece of a long list; how many rows there were."""
    page = console()
    shown = 0
    left = iter(rows)
    while chunk := list(islice(left, CHUNK_ROWS)):
        shown += len(chunk)
        made = table(
            page, "SKU", "商品名", "総在庫", "モール", "商品コード", "反映数", "在庫",
            "状態", "照合", right=("総在庫", "反映数", "在庫"),
            fold=("SKU", "商品名", "商品コード"),
        )  # fmt: skip
        for row in chunk:
            _stock_row(made.add_row, row)
        page.print(made)
    return shown


def _stock_row(add_row: Any, row: Row) -> None:
    """One SKU: a line for each of its listings, the SKU on the first."""
    total = row["total"]
    head = [
        cell(row["sku"], "bold"),
        cell(row["name"]),
        Text("—" if total is None else f"{total:,}", style="red" if (total or 0) < 0 else ""),
    ]
    if not row["listings"]:
        add_row(*head, *([Text("—")] * 6))
    for listing in row["listings"]:
        add_row(
            *head,
            cell(listing["mall"]),
            cell(f"{listing['code']} {listing['sub_code']}".strip()),
            number(listing["offer"]),
            _shown(listing),
            _listing_state(listing),
            cell(short_time(listing["proven_at"])),
        )
        head = [Text(""), Text(""), Text("")]


def _shown(listing: Row) -> Text:
    """What the mall is taken to show: a number, a span while in doubt, or nothing known."""
    expected = listing["expected"]
    if expected is None:
        return Text("?", style="dim")
    if isinstance(expected, list | tuple):
        low, high = expected
        return Text(f"{'?' if low is None else low}〜{high}", style="yellow")
    return number(expected)


def _listing_state(listing: Row) -> Text:
    if listing.get("is_gone"):
        return Text("モールに無し", style="red")
    if not listing["linked"] and listing["state"] != "unlinked":
        return Text("複数紐づき", style="bold red")
    if listing["linked"] and listing["offer"] is None:
        return Text("開始待ち", style="dim")
    if not listing.get("synced", True):
        return Text("連携オフ", style="dim")
    held = listing.get("held", 0)
    if held:
        return Text(f"差異 {held:+d}", style="bold yellow")
    return word(LISTING_WORDS, listing["state"])


def stock_row(row: Row) -> None:
    """`stock show`, `set`, `adjust`."""
    stock([row])


def stock_found(shown: int, hits: int) -> None:
    """How many of the hits a list showed."""
    if shown < hits:
        say(
            f"{hits:,} 件中 {shown:,} 件を表示しました。--all ですべて表示します。",
            f"{shown:,} of {hits:,} are shown; --all shows all.",
        )
    else:
        say(f"{hits:,} 件。", f"{hits:,} found.")


def taken(rows: Iterable[Row], *, is_dry: bool) -> None:
    """`stock take`: what each count does to a total."""
    page = console()
    left = iter(rows)
    shown = 0
    while chunk := list(islice(left, CHUNK_ROWS)):
        shown += len(chunk)
        made = table(
            page, "SKU", "数えた数", "日時", "以後の増減", "前の総在庫", "総在庫", "増減",
            right=("数えた数", "以後の増減", "前の総在庫", "総在庫", "増減"), fold=("SKU",),
        )  # fmt: skip
        for row in chunk:
            made.add_row(
                cell(row["sku"], "bold"),
                number(row["quantity"]),
                local_time(row["at"]),
                Text(f"{row['since']:+,}"),
                number(row["before"]),
                number(row["total"]),
                Text(f"{row['delta']:+,}", style="red" if row["delta"] < 0 else "green"),
            )
        page.print(made)
    if is_dry:
        say(f"{shown:,} 件(確認のみ、変更なし)。", f"{shown:,} looked at; nothing was changed.")
    else:
        say(f"{shown:,} 件の棚卸を記録しました。", f"{shown:,} counts were booked.")


def total_then(row: Row) -> None:
    """`history --at`."""
    page = console()
    made = table(page, "SKU", "日時", "総在庫", "番号", right=("総在庫", "番号"), fold=("SKU",))
    made.add_row(
        cell(row["sku"], "bold"),
        local_time(row["at"]),
        number(row["total"]),
        number(row["seq"] or None),
    )
    page.print(made)


def history(rows: Iterable[Row]) -> None:
    """`history`, oldest first."""
    page = console()
    left = iter(rows)
    while chunk := list(islice(left, CHUNK_ROWS)):
        made = table(
            page, "番号", "日時", "増減", "総在庫", "理由", "モール", "注文", "明細", "担当",
            "備考", right=("番号", "増減", "総在庫"), fold=("注文", "明細", "担当", "備考"),
        )  # fmt: skip
        for row in chunk:
            made.add_row(
                number(row.get("seq")),
                local_time(row["at"]),
                Text(f"{row['delta']:+,}", style="red" if row["delta"] < 0 else "green"),
                number(row["total"]),
                cell(REASON_WORDS.get(row["reason"], row["reason"])),
                cell(row["mall"]),
                cell(row["order"]),
                cell(row["line"]),
                cell(row["actor"]),
                cell(row.get("note")),
            )
        page.print(made)
