"""Plans that wait for somebody's word, as tables and sentences."""

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from terminal.page import (
    NONE,
    Row,
    cell,
    console,
    local_time,
    number,
    say,
    table,
)


def waiting(rows: Sequence[Row]) -> None:
    """`approve`: every mall whose bulk change waits."""
    if not rows:
        say("承認待ちの変更はありません。", "No change waits for an approval.")
        return
    page = console()
    made = table(
        page, "モール", "停止時刻", "対象", "うち在庫0", "連携中の出品", "計画",
        right=("対象", "うち在庫0", "連携中の出品"), fold=("モール",),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            cell(row["mall"], "bold"),
            cell(local_time(row["since"])),
            number(row["listings"]),
            number(row["to_zero"]),
            number(row["linked"]),
            cell(row["plan"]),
        )
    page.print(made)
    for row in rows:
        say(
            f"内容は zaiko approve {row['mall']}、反映するには --yes を付けます。",
            f"See it with zaiko approve {row['mall']}; add --yes to let it go.",
        )


def waiting_plan(row: Row) -> None:
    """`approve NAME`: what waits at one mall."""
    name = row["mall"]
    if not row["waits"]:
        say(f"{name} には承認待ちの変更はありません。", f"No change of {name} waits.")
        return
    plan_rows(row["rows"], row["listings"])
    say(
        f"{name}: 出品 {row['linked']:,} 件中 {row['listings']:,} 件を変更し、"
        f"うち {row['to_zero']:,} 件が在庫0になります。",
        f"{name}: {row['listings']:,} of {row['linked']:,} listings would change, "
        f"{row['to_zero']:,} of them to zero.",
    )
    say(
        f"反映するには zaiko approve {name} --plan {row['plan']} --yes。"
        "誤りなら在庫や紐づけを元に直してください。",
        f"To let it go: zaiko approve {name} --plan {row['plan']} --yes. "
        "If it is wrong, put stock or links right.",
    )


def approved(row: Row) -> None:
    """`approve NAME --yes`: what was let go."""
    say(
        f"{row['mall']}: {row['listings']:,} 件を反映します（うち在庫0 {row['to_zero']:,} 件）。",
        f"{row['mall']}: {row['listings']:,} changes go, {row['to_zero']:,} of them to zero.",
    )


def plan_rows(rows: Iterable[Row], listings: int) -> None:
    """The rows of a plan, and how many there are besides."""
    page = console()
    made = _plan_table()
    shown = 0
    for row in rows:
        shown += 1
        _add(made, row)
    if shown:
        page.print(made)
    if shown < listings:
        say(f"ほか {listings - shown:,} 件。", f"{listings - shown:,} more.")


def _plan_table() -> Table:
    return table(
        console(), "モール", "SKU", "商品コード", "商品名", "照合済", "予定", "反映数", "増減",
        right=("照合済", "予定", "反映数", "増減"), fold=("SKU", "商品コード", "商品名"),
    )  # fmt: skip


def _add(made: Table, row: Row) -> None:
    delta = row["delta"]
    style = "bold red" if row["to_zero"] else ""
    made.add_row(
        cell(row["mall"]),
        cell(row["sku"], "bold"),
        cell(f"{row['code']} {row['sub_code']}".strip()),
        cell(row["name"]),
        number(row["quantity"]),
        _expected(row["expected"]),
        number(row["offer"]),
        Text(NONE if delta is None else f"{delta:+,}", style=style),
    )


def _expected(expected: object) -> Text:
    if isinstance(expected, list | tuple):
        low, high = expected
        return Text(f"{'?' if low is None else low}〜{high}", style="yellow")
    return cell(expected) if expected is None else Text(f"{expected:,}")


# --- shadow and live --------------------------------------------------------------------------


def shadow(pages: Iterable[Row], names: Sequence[str]) -> None:
    """`shadow`: what would be pushed, page by page, and how much of it there is."""
    if not names:
        say(
            '書き込みを止めているモールはありません（mode = "shadow"）。',
            'No mall is in shadow (mode = "shadow").',
        )
        return
    page = console()
    changing = looked_at = unknown = 0
    for part in pages:
        looked_at += part["looked_at"]
        changing += part["changing"]
        unknown += part["unknown"]
        if part["rows"]:
            made = _plan_table()
            for row in part["rows"]:
                _add(made, row)
            page.print(made)
    say(
        f"{looked_at:,} 件中 {changing:,} 件に反映する予定です。未照合は {unknown:,} 件です。",
        f"{changing:,} of {looked_at:,} listings would be pushed; {unknown:,} are not compared.",
    )


def live_plan(row: Row) -> None:
    """`live NAME`: what going live would push."""
    name = row["mall"]
    if row["mode"] != "shadow":
        say(f"{name} はすでに本番です。", f"{name} is live already.")
        return
    plan_rows(row["rows"], row["changing"])
    say(
        f"{name}: 本番にすると {row['looked_at']:,} 件中 {row['changing']:,} 件に反映し、"
        f"うち {row['to_zero']:,} 件が在庫0になります。未照合は {row['unknown']:,} 件です。",
        f"{name}: going live pushes {row['changing']:,} of {row['looked_at']:,} listings, "
        f"{row['to_zero']:,} of them to zero; {row['unknown']:,} are not compared yet.",
    )
    say(f"切り替えるには zaiko live {name} --yes。", f"To do it: zaiko live {name} --yes.")


def gone_live(row: Row) -> None:
    """`live NAME --yes`: the mall writes from now on."""
    say(
        f"{row['mall']} を本番に切り替えました。{row['listings']:,} 件を反映します。",
        f"{row['mall']} is live; {row['listings']:,} listings are pushed.",
    )


def undone(row: Row) -> None:
    """`stock undo`: an adopted difference taken back."""
    if row["undone"]:
        say(
            f"{row['sku']}: 取り込みを取り消し、{row['delta']:+,} しました。"
            f"総在庫数は {row['total']:,} です。",
            f"{row['sku']}: taken back by {row['delta']:+,}; the total is {row['total']:,}.",
        )
    else:
        say(
            f"履歴 {row['seq']} はすでに取り消されています。総在庫数は {row['total']:,} です。",
            f"Movement {row['seq']} was taken back before; the total is {row['total']:,}.",
        )
