"""`zaiko link set` and `zaiko link sets`: listings that take several SKUs (セット商品)."""

from pathlib import Path
from typing import Annotated, Any

import typer

from actors import client
from actors.client import set_wish
from engine.whole_number import whole_number
from terminal import link_tables, page
from terminal.asking import ASKED, SETTINGS, Code, Name, show
from terminal.set_file import UNITS_MAX, read_sets, write_sets
from terminal.usage import UsageRefused
from terminal.whole_file import whole_file

EXIT_USAGE = 2
"""Refused: something that was given is wrong."""

sets_app = typer.Typer(help="Listings that take several SKUs (セット商品).", **SETTINGS)


def link_set(
    name: Name,
    code: Code,
    parts: Annotated[
        list[str] | None,
        typer.Argument(metavar="SKU=UNITS...", help="What one unit takes (構成)."),
    ] = None,
    sub_code: Annotated[
        str, typer.Option("--sub", metavar="SUB", help="Its variation (枝番).")
    ] = "",
    none: Annotated[bool, typer.Option("--none", help="Dissolve the set (解除).")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look (確認だけ).")] = False,
) -> None:
    """Say all that one unit of a listing takes (セット商品)."""
    if bool(parts) is none:
        raise UsageRefused(
            "Give the components as SKU=UNITS, or --none to dissolve the set.",
            "構成を SKU=個数 で指定するか、解除するなら --none を付けてください。",
        )
    found = [(*_part(word), 0) for word in parts or ()]
    with client.open_house(ASKED.config) as house:
        body = house.links.make_sets([set_wish(name, code, sub_code, found)], dry_run=dry_run)
    _tell(body, dry_run=dry_run)


@sets_app.command("list")
def sets_list(
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="F", help="Write a file (CSV 出力).")
    ] = None,
) -> None:
    """Show every set there is (一覧)."""
    with client.open_house(ASKED.config) as house:
        rows = house.links.sets()
        if csv is not None:
            with whole_file(csv) as file:
                count = write_sets(rows, file)
            page.wrote(csv, count, as_json=ASKED.as_json)
        elif ASKED.as_json:
            page.write_json_list(rows)
        else:
            link_tables.sets(rows)


@sets_app.command("import")
def sets_import(
    csv: Annotated[Path, typer.Option("--csv", metavar="F", help="The file (CSV 取り込み).")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only look (確認だけ).")] = False,
) -> None:
    """Make the sets of a file, all of them or none (CSV 取り込み)."""
    wishes, refusals = read_sets(csv, client.table_rows(csv))
    with client.open_house(ASKED.config) as house:
        body = house.links.make_sets(
            [set_wish(*one) for one in wishes], dry_run=dry_run or bool(refusals)
        )
    body["refusals"] = sorted([*refusals, *body["refusals"]], key=lambda row: int(row["line"]))
    _tell(body, dry_run=dry_run)


def _part(word: str) -> tuple[str, int]:
    """SKU=UNITS as its two halves; the last `=` divides, since a code may have one."""
    sku, sign, units = word.rpartition("=")
    number = whole_number(units)
    if not (sign and sku) or number is None or not 0 <= number <= UNITS_MAX:
        raise UsageRefused(
            f"{word} is no component; write SKU=UNITS, such as TEE=2.",
            f"{word} は構成ではありません。TEE=2 のように SKU=個数 で指定してください。",
        )
    return sku, number


def _tell(body: Any, *, dry_run: bool) -> None:
    if body["refusals"]:
        body = {**body, "changed": 0, "unchanged": 0}
    show(body, link_tables.would_set if dry_run else link_tables.were_set)
    if body["refusals"]:
        raise typer.Exit(EXIT_USAGE)
