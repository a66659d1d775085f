"""`zaiko stock` and `zaiko history`: totals, listings and movements."""

from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Final, Literal

import typer

from actors import client
from actors.client import StockFilter
from terminal import (
    count_files,
    page,
    release_tables,
    sheet_commands,
    stock_sheet,
    stock_tables,
    usage,
)
from terminal.asking import (
    ASKED,
    SETTINGS,
    Diff,
    Error,
    Linked,
    Mall,
    Search,
    Sku,
    Synced,
    TotalMax,
    answer,
)
from terminal.instants import instant
from terminal.typed_number import NUMBER_MAX, typed

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
Units = Annotated[int, typer.Argument(metavar="+N", parser=typed(1, 999_999_999))]
Note = Annotated[str, typer.Option("--note", metavar="TEXT", help="備考.")]
stock_app = typer.Typer(help="Totals and listings (在庫).", **SETTINGS)
stock_app.command("import")(sheet_commands.stock_import)


@stock_app.command("list")
def stock_list(
    mall: Mall = None,
    diff: Diff = False,
    search: Search = "",
    total_max: TotalMax = None,
    linked: Linked = None,
    synced: Synced = None,
    error: Error = False,
    sort: Sort = "code",
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", parser=typed(1))] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows.")] = False,
    csv: Csv = None,
    encoding: Encoding = "utf-8",
) -> None:
    """List totals and what the malls show (在庫一覧)."""
    chosen = StockFilter(
        mall=mall, has_difference=diff, search=search, total_max=total_max, linked=linked,
        has_error=error, synced=synced,
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
        malls = [(mall.name, mall.kind) for mall in settings.malls]
        count = stock_sheet.write(file, rows, malls, settings.base_mall, encoding)
    page.wrote(file, count, as_json=ASKED.as_json)


@stock_app.command("show")
def stock_show(sku: Sku) -> None:
    """Show one SKU (詳細)."""
    answer(lambda house: house.stock.row(sku), stock_tables.stock_row)


@stock_app.command("set")
def stock_set(
    sku: Sku, quantity: Annotated[int, typer.Argument(metavar="N", parser=typed(0))]
) -> None:
    """Set a total to a count as of now (棚卸)."""
    answer(lambda house: house.stock.set(sku, quantity), stock_tables.stock_row)


@stock_app.command("adjust")
def stock_adjust(
    sku: Sku,
    delta: Annotated[int, typer.Argument(metavar="+N|-N", parser=typed(-NUMBER_MAX))],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由.")] = "",
) -> None:
    """Correct a total by a difference (在庫調整)."""
    answer(lambda house: house.stock.adjust(sku, delta, reason), stock_tables.stock_row)


@stock_app.command("undo")
def stock_undo(
    number: Annotated[
        int,
        typer.Argument(metavar="SEQ", help="Of `history` (履歴番号).", parser=typed(1)),
    ],
) -> None:
    """Take back an adopted difference (差異の取り込みの取り消し)."""
    answer(lambda house: house.releases.undo(number), release_tables.undone)


@stock_app.command("receive")
def stock_receive(sku: Sku, units: Units, note: Note = "") -> None:
    """Add units that arrived (入荷)."""
    answer(lambda house: house.stock.receive(sku, units, note), stock_tables.stock_row)


@stock_app.command("return")
def stock_return(
    sku: Sku,
    units: Units,
    order: Annotated[
        str | None, typer.Option("--order", metavar="MALL:NUMBER", help="Bought with (注文).")
    ] = None,
    note: Note = "",
) -> None:
    """Add units a buyer sent back (返品)."""
    named = None if order is None else _order(order)
    answer(lambda house: house.stock.give_back(sku, units, named, note), stock_tables.stock_row)


@stock_app.command("take")
def stock_take(
    sku: Annotated[str | None, typer.Argument(metavar="[SKU]")] = None,
    quantity: Annotated[int | None, typer.Argument(metavar="[N]", parser=typed(0))] = None,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="F", help="CSV/TSV: sku, quantity[, at].")
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="ISO8601", help="When it was counted (日時).")
    ] = None,
    note: Note = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show (確認のみ).")] = False,
) -> None:
    """Book counted quantities as of an instant (棚卸)."""
    moment = None if at is None else instant(at)
    counts, lines = _counts(sku, quantity, file, moment)
    with client.open_house(ASKED.config) as house:
        rows = house.stock.take(counts, note, dry_run=dry_run, lines=lines)
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            stock_tables.taken(rows, is_dry=dry_run)


def _counts(
    sku: str | None, quantity: int | None, file: Path | None, at: float | None
) -> tuple[list[client.CountedSku], list[int]]:
    """The counts, and the line each stands in where they come from a file."""
    if file is not None and sku is None:
        found = count_files.counted(file, client.table_rows(file), at)
        counts = [client.CountedSku(one.sku, one.quantity, one.at) for one in found]
        return counts, [one.line for one in found]
    if file is None and sku is not None and quantity is not None:
        return [client.CountedSku(sku, quantity, at)], []
    raise usage.UsageRefused(
        "Name one SKU with its quantity, or a file with --file.",
        "SKU と数量、または --file でファイルを指定してください。",
    )


def _order(text: str) -> tuple[str, str]:
    mall, colon, number = text.partition(":")
    if not (mall and colon and number):
        raise usage.UsageRefused(
            f"{text} is no order; write it as MALL:NUMBER.",
            f"{text} は注文ではありません。モール:注文番号 と書いてください。",
        )
    return mall, number


def history(
    sku: Sku,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", parser=typed(1))] = None,
    at: Annotated[
        str | None, typer.Option("--at", metavar="ISO8601", help="The total then (その時の総在庫).")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="ISO8601")] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="ISO8601")] = None,
) -> None:
    """Every movement of a SKU's total, or the total at an instant (履歴)."""
    if at is not None:
        moment = instant(at)
        answer(lambda house: house.stock.total_at(sku, moment), stock_tables.total_then)
        return
    span = tuple(None if text is None else instant(text) for text in (since, until))
    with client.open_house(ASKED.config) as house:
        rows = islice(house.stock.history(sku, *span), limit)
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            stock_tables.history(rows)
