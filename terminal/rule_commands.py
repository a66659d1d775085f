"""`zaiko link rules`: which fields must equal which of the base mall's (紐づけ条件)."""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors import client
from actors.client import rule_wish
from terminal import page, rule_tables
from terminal.asking import ASKED, SETTINGS, Name, answer, show
from terminal.rule_file import names_of, read_rules, write_rules
from terminal.typed_number import typed
from terminal.usage import UsageRefused
from terminal.whole_file import whole_file

EXIT_USAGE: Final = 2
"""Refused: something that was given is wrong."""

RULE_ID_MAX: Final = 1_000_000_000
"""A larger number is no rule's."""
PLACE_MAX: Final = 999_999
"""A larger position is refused."""

rules_app = typer.Typer(help="What links by itself (紐づけ条件).", **SETTINGS)

KNOWN: Final = "code, sub_code, sku_code, jan, axis1, axis2"
Fields = Annotated[str, typer.Option("--fields", metavar="A,B", help=f"Of: {KNOWN} (項目).")]
Base = Annotated[
    str, typer.Option("--base", metavar="A,B", help="Of the base mall (基本モールの項目).")
]
Join = Annotated[str, typer.Option("--join", metavar="TEXT", help="Between fields (つなぎ).")]
BaseJoin = Annotated[
    str, typer.Option("--base-join", metavar="TEXT", help="The same of --base (つなぎ).")
]
Folds = Annotated[
    str, typer.Option("--fold", metavar="F,G", help="Of: case, width, hyphen (区別しない).")
]
Position = Annotated[
    int | None,
    typer.Option("--position", metavar="N", parser=typed(1, PLACE_MAX), help="Its place (順番)."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look (確認だけ).")]
Csv = Annotated[Path, typer.Argument(metavar="FILE", help="The file (CSV).")]


@rules_app.command("add")
def rules_add(
    name: Name,
    fields: Fields,
    base: Base,
    join: Join = "",
    base_join: BaseJoin = "",
    fold: Folds = "",
    position: Position = None,
) -> None:
    """Add a rule, or move the same one to its place (追加)."""
    wish = rule_wish(
        name, (names_of(fields), join), (names_of(base), base_join), names_of(fold), position
    )
    with client.open_house(ASKED.config) as house:
        body = house.links.make_rules([wish], dry_run=False)
    if body["refusals"]:
        wrong = body["refusals"][0]
        raise UsageRefused(wrong["message_en"], wrong["message"])
    show(body, rule_tables.were_made)


@rules_app.command("list")
def rules_list(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One mall (モール).")] = None,
) -> None:
    """Show the rules in the order they are tried (一覧)."""
    answer(lambda house: house.links.rules(name), rule_tables.rules)


@rules_app.command("remove")
def rules_remove(
    rule: Annotated[int, typer.Argument(metavar="ID", parser=typed(1, RULE_ID_MAX))],
) -> None:
    """Remove a rule; what it linked stays linked (削除)."""
    answer(lambda house: house.links.remove_rule(rule), rule_tables.removed)


@rules_app.command("test")
def rules_test(
    name: Name,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", parser=typed(1, 1_000), help="Rows shown (件数).")
    ] = 20,
    fields: Fields = "",
    base: Base = "",
    join: Join = "",
    base_join: BaseJoin = "",
    fold: Folds = "",
    position: Position = None,
) -> None:
    """Show what would be linked, with a rule that is not there yet or without (確認だけ)."""
    wish = None
    if fields or base:
        if not (fields and base):
            raise UsageRefused(
                "To try a rule, give both --fields and --base.",
                "条件を試すには --fields と --base の両方を指定してください。",
            )
        wish = rule_wish(
            name, (names_of(fields), join), (names_of(base), base_join), names_of(fold), position
        )
    elif join or base_join or fold or position is not None:
        raise UsageRefused(
            "--join, --base-join, --fold and --position go with --fields and --base.",
            "--join、--base-join、--fold、--position は --fields と --base と一緒に使います。",
        )
    answer(lambda house: house.links.test_rules(name, limit, wish), rule_tables.tested)


@rules_app.command("import")
def rules_import(file: Csv, dry_run: DryRun = False) -> None:
    """Add the rules of a file, all of them or none (CSV 取り込み)."""
    worded, refusals = read_rules(file, client.table_rows(file))
    with client.open_house(ASKED.config) as house:
        body = house.links.make_rules(
            [rule_wish(*one) for one in worded], dry_run=dry_run or bool(refusals)
        )
    found = sorted([*refusals, *body["refusals"]], key=lambda row: int(row["line"]))
    if found:
        body = {"added": 0, "moved": 0, "unchanged": 0, "rules": []}
    show({**body, "refusals": found}, rule_tables.would_be if dry_run else rule_tables.were_made)
    if found:
        raise typer.Exit(EXIT_USAGE)


@rules_app.command("export")
def rules_export(
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help="Else the screen (CSV 出力).")
    ] = None,
) -> None:
    """Write all rules as a file that `import` reads (CSV 出力)."""
    with client.open_house(ASKED.config) as house:
        rows: list[Any] = house.links.rules(None)
    if file is not None:
        with whole_file(file) as opened:
            write_rules(rows, opened)
        page.wrote(file, len(rows), as_json=ASKED.as_json)
    elif ASKED.as_json:
        page.write_json(rows)
    else:
        write_rules(rows, sys.stdout)
