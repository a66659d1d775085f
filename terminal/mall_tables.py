"""The malls as a table, and live events as lines."""

from collections.abc import Sequence
from typing import Final

from rich.console import Console
from rich.text import Text

from terminal.page import (
    Row,
    age,
    cell,
    clean,
    console,
    local_time,
    number,
    pairs,
    say,
    short_time,
    table,
    word,
)

LANE_WORDS: Final = {
    "starting": ("起動中", "cyan"),
    "running": ("連携中", "green"),
    "degraded": ("一部エラー", "yellow"),
    "halted": ("停止(レベル9)", "bold red"),
    "paused": ("一時停止", "yellow"),
    "stopped": ("未起動", "red"),
}
COUNTDOWN_DAYS: Final = 14
"""A key that ends within so many days is shown with its countdown."""
EVENT_STYLES: Final = {
    "order": "green",
    "push": "cyan",
    "fault": "bold red",
    "healed": "green",
    "difference": "yellow",
    "adopted": "yellow",
    "breaker": "bold red",
    "approved": "bold",
    "oversold": "bold red",
    "mall": "bold",
}


def status(body: Row) -> None:
    """`status`: the house and its malls."""
    malls(body["malls"])
    halted = [mall["name"] for mall in body["malls"] if mall["state"] == "halted"]
    for row in body["malls"]:
        if row.get("waiting"):
            say(
                f"{row['name']}: {row['waiting']:,} 件の一括変更が承認待ちです。",
                f"{row['name']}: {row['waiting']:,} changes wait for zaiko approve {row['name']}.",
            )
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
            mall_cell(row),
            lane_cell(row),
            cell(age(row["orders_age_s"])),
            cell(short_time(row["last_push_at"])),
            Text(f"{row['open_faults']:,}", style="red" if row["open_faults"] else ""),
            number(row["pending_pushes"]),
            number(row.get("unproven")),
            countdown(row.get("key_expires_at"), row.get("key_days_left")),
        )
    page.print(made)
    for row in rows:
        _pace(row)


def _pace(row: Row) -> None:
    """Where the mall's rates allow less than the settings ask: what happens instead."""
    name = row["name"]
    interval_s, allowed_s = row.get("poll_interval_s"), row.get("poll_allowed_s")
    if interval_s is not None and allowed_s is not None and allowed_s > interval_s:
        say(
            f"{name}: 受注取得の設定は {interval_s:g} 秒ごとですが、モールの上限により約"
            f" {allowed_s:.3g} 秒ごとになります。詳しくは zaiko doctor。",
            f"{name} is polled about every {allowed_s:.3g} s, not every {interval_s:g} s: its rates"
            " allow no more. See zaiko doctor.",
        )
    interval_s, takes_s = row.get("compare_interval_s"), row.get("compare_all_s")
    if interval_s is not None and takes_s is not None and takes_s > interval_s:
        linked, takes = f"{row['linked']:,}", f"{takes_s:,.0f}"
        say(
            f"{name}: 全 {linked} 出品の照合に最短 {takes} 秒かかり、{interval_s:g} 秒ごとには"
            "なりません。",
            f"Comparing all {linked} listings of {name} takes {takes} s at least, longer"
            f" than the {interval_s:g} s that are set.",
        )


def lane_cell(row: Row) -> Text:
    """A lane's state, and whether its mall is in shadow."""
    told = word(LANE_WORDS, row["state"])
    return told + Text("・シャドー", style="magenta") if row.get("mode") == "shadow" else told


def countdown(ends_at: float | None, days_left: int | None) -> Text:
    """The day a key ends, and, when it is near, how many days are left."""
    day = local_time(ends_at).split()[0]
    if days_left is None or days_left > COUNTDOWN_DAYS:
        return cell(day)
    return Text(f"{day} (あと {days_left} 日)", style="bold red" if days_left <= 3 else "yellow")


def mall(row: Row) -> None:
    """`malls show`: one mall, what is taken from it and where its key is renewed."""
    interval = f"{row['poll_interval_s']:g} 秒ごと / every {row['poll_interval_s']:g} s"
    pairs(
        console(),
        (
            ("モール", f"{row['name']} ({row['title']})"),
            ("状態", lane_cell(row)),
            ("受注取得", interval),
            ("数量の送り方", row["write_kind"]),
            ("キー期限", countdown(row["key_expires_at"], row["key_days_left"])),
            ("受注の条件", row["order_conditions"]),
            ("orders taken", row["order_conditions_en"]),
            ("キーの更新", row["key_renewal"]),
            ("key renewal", row["key_renewal_en"]),
        ),
    )


def mall_cell(row: Row) -> Text:
    """An account's name, with its kind where the name does not say it."""
    is_plain = row["name"] == row["kind"]
    return cell(row["name"] if is_plain else f"{row['name']} ({row['kind']})", "bold")


def event(page: Console, row: Row) -> None:
    """`watch`: one event, one line."""
    parts = [local_time(row["at"])[11:], row["action"], row["mall"], row["subject"]]
    if row["quantity"] is not None:
        parts.append(f"{row['quantity']:+d}" if row["action"] != "import" else str(row["quantity"]))
    parts.append(f"{row['text']} / {row['text_en']}" if row["text"] != row["text_en"] else "")
    line = "  ".join(clean(part) for part in parts if part)
    page.print(Text(line, style=EVENT_STYLES.get(row["action"], "")), soft_wrap=True)
