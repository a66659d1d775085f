"""`zaiko stock` and `zaiko history`: totals, listings and movements."""

from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from actors import client
from actors.client import StockFilter
from terminal import page, release_tables, stock_sheet, stock_tables, usage
from terminal.asking import (
    ASKED,
    SETTINGS,
    Diff,
    Error,
    Linked,
    Mall,
    Search,
    Sku,
    TotalMax,
    answer,
)

Sort = Annotated[
    Literal["code", "name", "total", "-code", "-name", "-total"],
    typer.Option("--sort", help="With - the greatest first (並べ替え)."),
]
Csv = Annotated[
    Path | None, typer.Option("--csv", metavar="F", help="Write a CSV file (CSV 出力).")
]
Encoding = Annotated[
    Literal["utf-8", "cp932", "shift_jis"],
    typer.Option("--encoding", help="Of the file (文字コード)."),
]
ROWS_SHOWN: Final = 50
"""Rows `stock list` shows a person who gave neither --limit nor --all."""
stock_app = typer.Typer(help="Totals and listings (在庫).", **SETTINGS)


@stock_app.command("list")
def stock_list(
    mall: Mall = None,
    diff: Diff = False,
    search: Search = "",
    total_max: TotalMax = None,
    linked: Linked = None,
    error: Error = False,
    sort: Sort = "code",
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows.")] = False,
    csv: Csv = None,
    encoding: Encoding = "utf-8",
) -> None:
    """List totals and what the malls show (在庫一覧)."""
    chosen = StockFilter(
        mall=mall, has_difference=diff, search=search, total_max=total_max, linked=linked,
        has_error=error,
    )  # fmt: skip
    if linked is False and (diff or total_max is not None or sort != "code"):
        raise usage.UsageRefused(
            "--unlinked goes with --mall, --search and --error only.",
            "--unlinked と一緒に使えるのは --mall、--search、--error だけです。",
        )
    if csv is not None:
        _write_sheet(csv, encoding, chosen, limit, sort)
        return
    rows_max = None if everything or (ASKED.as_json and limit is None) else limit or ROWS_SHOWN
    with client.open_house(ASKED.config) as house:
        pages = house.stock.pages(chosen, rows_max, sort)
        first = next(pages)
        rows = page.rows_of(chain([first], pages))
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            stock_tables.stock_found(stock_tables.stock(rows), first["hits"])


@stock_app.command("export")
def stock_export(
    file: Annotated[Path, typer.Argument(metavar="F", help="Where to write (書き出し先).")],
    mall: Mall = None,
    search: Search = "",
    sort: Sort = "code",
    encoding: Encoding = "utf-8",
) -> None:
    """Write totals and listings to a CSV file (CSV 出力)."""
    _write_sheet(file, encoding, StockFilter(mall=mall, search=search), None, sort)


def _write_sheet(
    file: Path, encoding: str, chosen: StockFilter, limit: int | None, sort: Sort
) -> None:
    with client.open_house(ASKED.config) as house:
        settings = house.settings
        rows = page.rows_of(house.stock.pages(chosen, limit, sort))
        count = stock_sheet.write(file, rows, settings.malls, settings.base_mall, encoding)
    if ASKED.as_json:
        page.write_json({"file": str(file), "rows": count})
    else:
        page.say(f"{count:,} 件を {file} に書き出しました。", f"{count:,} rows written to {file}.")


@stock_app.command("show")
def stock_show(sku: Sku) -> None:
    """Show one SKU (詳細)."""
    answer(lambda house: house.stock.row(sku), stock_tables.stock_row)


@stock_app.command("set")
def stock_set(sku: Sku, quantity: Annotated[int, typer.Argument(metavar="N", min=0)]) -> None:
    """Set a total to a count as of now (棚卸)."""
    answer(lambda house: house.stock.set(sku, quantity), stock_tables.stock_row)


@stock_app.command("adjust")
def stock_adjust(
    sku: Sku,
    delta: Annotated[int, typer.Argument(metavar="+N|-N")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由.")] = "",
) -> None:
    """Correct a total by a difference (在庫調整)."""
    answer(lambda house: house.stock.adjust(sku, delta, reason), stock_tables.stock_row)


@stock_app.command("undo")
def stock_undo(
    number: Annotated[int, typer.Argument(metavar="SEQ", help="Of `history` (履歴番号).", min=1)],
) -> None:
    """Take back an adopted difference (差異の取り込みの取り消し)."""
    answer(lambda house: house.releases.undo(number), release_tables.undone)


def history(
    sku: Sku, limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1)] = None
) -> None:
    """Every movement of a SKU's total (履歴)."""
    with client.open_house(ASKED.config) as house:
        rows = islice(house.stock.history(sku), limit)
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            stock_tables.history(rows)
