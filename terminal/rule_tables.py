"""Link rules and their tests as tables and sentences."""

from collections.abc import Sequence

from terminal.link_tables import told_refusals
from terminal.page import Row, cell, console, say, table


def rules(rows: Sequence[Row]) -> None:
    """`link rules list`."""
    if not rows:
        say(
            "紐づけ条件はありません。SKU コードが同じ商品だけが紐づきます。",
            "There are no link rules: only the same SKU code links.",
        )
        return
    page = console()
    made = table(
        page, "番号", "モール", "順番", "項目", "基本モールの項目", "区別しない", "状態",
        right=("番号", "順番"), fold=("項目", "基本モールの項目"),
    )  # fmt: skip
    for row in rows:
        made.add_row(
            cell(row["id"] or None),
            cell(row["mall"]),
            cell(row["position"]),
            cell(_joined(row["fields"], row["join"])),
            cell(_joined(row["base_fields"], row["base_join"])),
            cell(",".join(row["folds"])),
            cell("有効" if row["is_ready"] else "準備中", "" if row["is_ready"] else "yellow"),
        )
    page.print(made)


def removed(row: Row) -> None:
    """`link rules remove`."""
    say(
        f"紐づけ条件 {row['id']}({row['mall']})を削除しました。紐づけはそのままです。",
        f"The link rule {row['id']} of {row['mall']} is removed; links stay.",
    )


def were_made(body: Row) -> None:
    """`link rules add` and `import`."""
    if told_refusals(body):
        return
    say(
        f"紐づけ条件を {body['added']} 件追加し、{body['moved']} 件の順番を変えました"
        f"(変更なし {body['unchanged']} 件)。",
        f"{body['added']} link rules were added and {body['moved']} moved; "
        f"{body['unchanged']} were so already.",
    )
    rules(body["rules"])
    if body["added"]:
        say(
            "すでに取り込んだ商品は zaiko link auto で紐づけます。",
            "What was imported before is linked by: zaiko link auto",
        )


def would_be(body: Row) -> None:
    """`link rules import --dry-run`."""
    if told_refusals(body):
        return
    say(
        f"紐づけ条件が {body['added']} 件追加され、{body['moved']} 件の順番が変わります"
        f"(変更なし {body['unchanged']} 件)。",
        f"{body['added']} link rules would be added and {body['moved']} moved; "
        f"{body['unchanged']} are so already.",
    )


def tested(body: Row) -> None:
    """`link rules test`."""
    say(
        f"{body['mall']}: {body['links']} 件が紐づき、{body['ambiguous']} 件は候補が複数、"
        f"{body['unmatched']} 件は一致なしです。何も変更していません。",
        f"{body['mall']}: {body['links']} would be linked, {body['ambiguous']} have several "
        f"candidates, {body['unmatched']} match nothing; nothing was changed.",
    )
    if body["not_ready"]:
        say(
            f"準備中の条件 {body['not_ready']} 件は使っていません。",
            f"{body['not_ready']} rules are not ready and were left out.",
        )
    _tried("候補が複数 / several candidates", body["ambiguous"], body["ambiguous_rows"], "yellow")
    _tried("紐づく / would be linked", body["links"], body["link_rows"])
    _tried("一致なし / no match", body["unmatched"], body["unmatched_rows"])
    if body["ambiguous"]:
        say(
            "候補が複数の商品は連携しません。"
            "zaiko link set モール 商品コード SKU=1 で 1 つに決めるか、"
            "条件を直して zaiko link auto を実行してください。",
            "With several candidates nothing syncs: name one with zaiko link set NAME CODE SKU=1, "
            "or mend the rules and run zaiko link auto.",
        )


def _tried(title: str, count: int, rows: Sequence[Row], style: str = "") -> None:
    if not rows:
        return
    page = console()
    page.print()
    page.print(cell(f"{title} ({len(rows)} / {count})", style))
    made = table(page, "商品コード", "商品名", "条件", "比べた値", "SKU", fold=("商品名", "SKU"))
    for row in rows:
        made.add_row(
            cell(f"{row['code']} {row['sub_code']}".strip()),
            cell(row["name"]),
            cell(_rule(row)),
            cell(row["key"]),
            cell(" / ".join(row["skus"]), style),
        )
    page.print(made)


def _rule(row: Row) -> str:
    """Which rule decided."""
    if not row["skus"]:
        return ""
    if row["rule"] is None:
        return "既定 / default"
    return str(row["rule"]) if row["rule"] else "試す条件 / tried"


def _joined(fields: Sequence[str], join: str) -> str:
    return (f' "{join}" ' if join else " + ").join(fields)
