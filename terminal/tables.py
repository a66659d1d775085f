"""The answers of the house as tables and sentences: malls, errors, stock, history, keys, doctor.

Every function takes the answer's body as it came and prints it on stdout.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from rich.console import Console
from rich.text import Text

from terminal.page import (
    age,
    cell,
    clean,
    console,
    local_time,
    note,
    number,
    say,
    short_time,
    table,
)

Row = Mapping[str, Any]

LANE_WORDS: Final = {
    "starting": ("起動中", "cyan"),
    "running": ("連携中", "green"),
    "degraded": ("一部エラー", "yellow"),
    "halted": ("停止(レベル9)", "bold red"),
    "paused": ("一時停止", "yellow"),
    "stopped": ("未起動", "red"),
}
LISTING_WORDS: Final = {
    "unknown": ("未照合", "dim"),
    "level": ("一致", "green"),
    "due": ("反映待ち", "cyan"),
    "calling": ("反映中", "cyan"),
    "suspect": ("照合待ち", "yellow"),
    "blocked": ("停止中", "red"),
    "unlinked": ("未紐づけ", "dim"),
}
FAULT_WORDS: Final = {"open": "発生中", "resolved": "解消", "cleared": "削除済み"}
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
REFLECT_WORDS: Final = {
    "pushed": ("反映", "green"),
    "waiting": ("照合待ち", "yellow"),
    "level": ("差異なし", "dim"),
    "blocked": ("反映不可", "red"),
}
FINDING_WORDS: Final = {
    "good": ("良好", "green"),
    "warning": ("注意", "yellow"),
    "bad": ("要対応", "bold red"),
}
CHUNK_ROWS: Final = 500
"""Rows of one table: a longer list is printed as several, so that only so many are held."""


def _word(words: Mapping[str, tuple[str, str]], name: str) -> Text:
    text, style = words.get(name, (name, ""))
    return Text(text, style=style)


# --- malls --------------------------------------------------------------------------------------


def status(body: Row) -> None:
    """`status`: the house and its malls."""
    malls(body["malls"])
    halted = [mall["name"] for mall in body["malls"] if mall["state"] == "halted"]
    for name in halted:
        say(
            f"{name}: zaiko key set {name} でキーを更新し、zaiko errors clear --mall {name} を。",
            f"{name} is halted: store a new key, then clear its error with these commands.",
        )


def malls(rows: Sequence[Row]) -> None:
    """The malls, one a line."""
    page = console()
    made = table(
        page, "モール", "状態", "受注取得", "最終反映", "エラー", "反映待ち", "未照合", "キー期限",
        right=("エラー", "反映待ち", "未照合"), fold=("モール",),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            _mall(row),
            _word(LANE_WORDS, row["state"]),
            cell(age(row["orders_age_s"])),
            cell(short_time(row["last_push_at"])),
            Text(f"{row['open_faults']:,}", style="red" if row["open_faults"] else ""),
            number(row["pending_pushes"]),
            number(row.get("unproven")),
            cell(local_time(row.get("key_expires_at")).split()[0]),
        )
    page.print(made)


def _mall(row: Row) -> Text:
    """An account's name, with its kind where the name does not say it."""
    is_plain = row["name"] == row["kind"]
    return cell(row["name"] if is_plain else f"{row['name']} ({row['kind']})", "bold")


# --- errors -------------------------------------------------------------------------------------


def errors(rows: Sequence[Row]) -> None:
    """`errors list`."""
    page = console()
    if not rows:
        page.print("エラーはありません。 / There are no errors.")
        return
    made = table(
        page, "番号", "Lv", "モール", "対象", "コード", "内容", "状態", "回数", "最終",
        right=("番号", "Lv", "回数"), fold=("対象", "コード", "内容"),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            str(row["id"]),
            Text(str(row["level"]), style="bold red" if row["level"] == 9 else "yellow"),
            cell(row["mall"]),
            cell(row["subject"]),
            cell(row["code"]),
            cell(row["message"]),
            cell(FAULT_WORDS.get(row["state"], row["state"])),
            number(row["count"]),
            cell(short_time(row["last_seen"])),
        )
    page.print(made)


def error(row: Row) -> None:
    """`errors show`."""
    page = console()
    lines = (
        ("番号", row["id"]),
        ("レベル", row["level"]),
        ("モール", row["mall"]),
        ("対象", row["subject"]),
        ("コード", row["code"]),
        ("状態", FAULT_WORDS.get(row["state"], row["state"])),
        ("回数", row["count"]),
        ("初回", local_time(row["first_seen"])),
        ("最終", local_time(row["last_seen"])),
        ("内容", row["message"]),
        ("対処", row["hint"]),
        ("message", row["message_en"]),
        ("hint", row["hint_en"]),
    )
    _pairs(page, lines)


def _pairs(page: Console, lines: Iterable[tuple[str, object]]) -> None:
    made = table(page, "", " ", fold=(" ",))
    made.show_header = False
    for name, value in lines:
        made.add_row(Text(name, style="bold"), cell(value))
    page.print(made)


# --- stock --------------------------------------------------------------------------------------


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
    held = listing.get("held", 0)
    if held:
        return Text(f"差異 {held:+d}", style="bold yellow")
    return _word(LISTING_WORDS, listing["state"])


def stock_row(row: Row) -> None:
    """`stock show`, `set`, `adjust`."""
    stock([row])


def history(rows: Iterable[Row]) -> None:
    """`history`, oldest first."""
    page = console()
    left = iter(rows)
    while chunk := list(islice(left, CHUNK_ROWS)):
        made = table(
            page, "日時", "増減", "総在庫", "理由", "モール", "注文", "明細", "担当", "備考",
            right=("増減", "総在庫"), fold=("注文", "明細", "担当", "備考"),
        )  # fmt: skip
        for row in chunk:
            made.add_row(
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


def reflect(rows: Iterable[Row]) -> int:
    """`reflect`: what it did to each listing; how many there were."""
    page = console()
    shown = 0
    left = iter(rows)
    while chunk := list(islice(left, CHUNK_ROWS)):
        shown += len(chunk)
        made = table(
            page, "SKU", "モール", "商品コード", "在庫", "反映数", "増減", "結果", "理由",
            right=("在庫", "反映数", "増減"), fold=("SKU", "商品コード", "理由"),
        )  # fmt: skip
        for row in chunk:
            delta = row["delta"]
            made.add_row(
                cell(row["sku"], "bold"),
                cell(row["mall"]),
                cell(f"{row['code']} {row['sub_code']}".strip()),
                number(row["before"]),
                number(row["offer"]),
                Text("—" if delta is None else f"{delta:+,}"),
                _word(REFLECT_WORDS, row["result"]),
                cell(row["reason"]),
            )
        page.print(made)
    return shown


# --- links --------------------------------------------------------------------------------------


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


# --- keys and doctor ----------------------------------------------------------------------------


def keys(rows: Sequence[Row]) -> None:
    """`key list`: what is stored, never a value of it."""
    page = console()
    made = table(page, "モール", "キー", "項目", "更新日時", fold=("モール", "項目"))
    for row in rows:
        word = Text("あり", style="green") if row["stored"] else Text("なし", style="red")
        if row["unreadable"]:
            word = Text("破損", style="bold red")
        made.add_row(
            _mall({"name": row["mall"], "kind": row["kind"]}),
            word,
            cell(", ".join(row["fields"])),
            cell(short_time(row["changed_at"])),
        )
    page.print(made)


def doctor(body: Row) -> None:
    """`doctor`: every finding in both languages."""
    page = console()
    made = table(page, "項目", "対象", "結果", "内容", fold=("内容",))
    between = "\n" if page.is_terminal else " / "
    for row in body["checks"]:
        made.add_row(
            cell(row["check"]),
            cell(row["subject"]),
            _word(FINDING_WORDS, row["state"]),
            Text(between.join((clean(row["message"]), clean(row["message_en"])))),
        )
    page.print(made)


# --- live ---------------------------------------------------------------------------------------

EVENT_STYLES: Final = {
    "order": "green",
    "push": "cyan",
    "fault": "bold red",
    "healed": "green",
    "difference": "yellow",
    "oversold": "bold red",
    "mall": "bold",
}


def event(page: Console, row: Row) -> None:
    """`watch`: one event, one line."""
    parts = [local_time(row["at"])[11:], row["action"], row["mall"], row["subject"]]
    if row["quantity"] is not None:
        parts.append(f"{row['quantity']:+d}" if row["action"] != "import" else str(row["quantity"]))
    parts.append(f"{row['text']} / {row['text_en']}" if row["text"] != row["text_en"] else "")
    line = "  ".join(clean(part) for part in parts if part)
    page.print(Text(line, style=EVENT_STYLES.get(row["action"], "")), soft_wrap=True)


# --- what a command did -------------------------------------------------------------------------


def cleared(body: Row) -> None:
    """`errors clear`."""
    count = len(body["cleared"])
    say(f"エラーを {count} 件削除しました。", f"{count} errors are cleared.")
    for name in body["resumed"]:
        say(f"{name} の連携を再開しました。", f"{name} is in step again.")


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


def stock_found(shown: int, hits: int) -> None:
    """How many of the hits a list showed."""
    if shown < hits:
        say(
            f"{hits:,} 件中 {shown:,} 件を表示しました。--all ですべて表示します。",
            f"{shown:,} of {hits:,} are shown; --all shows all.",
        )
    else:
        say(f"{hits:,} 件。", f"{hits:,} found.")


def reflected(shown: int) -> None:
    """A reflect that found nothing to do says so."""
    if not shown:
        say("対象の商品はありません。", "There is nothing to reflect.")


def followed(waiting: int) -> None:
    """How a reflect came out."""
    if waiting:
        say(f"{waiting} 件は照合を待っています。", f"{waiting} listings still wait.")
    else:
        say("すべて反映しました。", "All are in step.")


def blocked(count: int) -> None:
    """The sentence of a reflect that could not do everything, on stderr."""
    note(f"{count} 件は反映できません。", f"{count} listings are blocked; the reasons are listed.")


def deleted(body: Row) -> None:
    """`delete`."""
    names = ", ".join(body["deleted"])
    say(f"{names} を削除しました(モールの商品はそのままです)。", "Deleted here only.")


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
