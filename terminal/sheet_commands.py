"""`zaiko stock import` and `zaiko link import`: totals and links from a CSV or TSV file."""

from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer

from actors import client
from terminal import progress, sheet_tables
from terminal.asking import ASKED, EXIT_NOT_NOW, show
from terminal.instants import instant

EXIT_USAGE: Final = 2
"""Refused: something in the file is wrong."""

File = Annotated[Path, typer.Argument(metavar="FILE", help="CSV/TSV, UTF-8 / Shift_JIS.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only look (確認だけ).")]


def stock_import(
    file: File,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="ISO8601", help="When it was true (日時).")
    ] = None,
    dry_run: DryRun = False,
) -> None:
    """Set totals from a file, all or none (総在庫数の CSV 取り込み)."""
    _import("totals", file, None if as_of is None else instant(as_of), dry_run=dry_run)


def link_import(file: File, dry_run: DryRun = False) -> None:
    """Link and release listings from a file, all or none (紐づけの CSV 取り込み)."""
    _import("links", file, None, dry_run=dry_run)


def _import(
    kind: Literal["totals", "links"], file: Path, as_of: float | None, *, dry_run: bool
) -> None:
    refused: list[Any] = []
    told: Any = {}
    with client.open_house(ASKED.config) as house:
        views = house.sheets.import_file(kind, file, as_of, is_dry=dry_run)
        for told in progress.follow_sheet(views):
            left = None if ASKED.as_json else sheet_tables.ERRORS_SHOWN_MAX - len(refused)
            refused += told["refused_rows"][:left]
    view = told["view"]
    lost = view["refusals"] if view["state"] == "done" else []
    names = ("job", "kind", "name", "as_of", "rows", "changed", "unchanged", "to_zero", "refused")
    body = {name: view[name] for name in (*names, "applied", "lost")} | {
        "blank": told["blank"],
        "is_dry": dry_run,
        "refused_rows": refused,
        "lost_rows": lost,
    }
    show(body, sheet_tables.imported)
    if body["refused"]:
        raise typer.Exit(EXIT_USAGE)
    if body["lost"]:
        raise typer.Exit(EXIT_NOT_NOW)
