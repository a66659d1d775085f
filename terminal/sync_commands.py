"""`zaiko sync`: which listings are kept in step (連携)."""

from typing import Annotated

import typer

from actors.client import StockFilter
from terminal import usage
from terminal.asking import SETTINGS, Name, Search, SubCode, answer
from terminal.page import Row, say

sync_app = typer.Typer(help="Tick and untick listings (連携).", **SETTINGS)
Code = Annotated[str | None, typer.Argument(metavar="[CODE]", help="Item code (商品コード).")]
Skus = Annotated[list[str] | None, typer.Option("--sku", metavar="SKU", help="By SKU.")]
All = Annotated[bool, typer.Option("--all", help="All of the mall (すべて).")]


@sync_app.command("on")
def sync_on(
    name: Name,
    code: Code = None,
    sub_code: SubCode = "",
    sku: Skus = None,
    search: Search = "",
    everything: All = False,
) -> None:
    """Keep listings in step again: read first, then pushed (連携オン)."""
    _set(name, (code, sub_code), _chosen(code, sku, search, everything=everything), is_on=True)


@sync_app.command("off")
def sync_off(
    name: Name,
    code: Code = None,
    sub_code: SubCode = "",
    sku: Skus = None,
    search: Search = "",
    everything: All = False,
) -> None:
    """Leave listings alone; their orders still count (連携オフ)."""
    _set(name, (code, sub_code), _chosen(code, sku, search, everything=everything), is_on=False)


def _chosen(
    code: str | None, skus: list[str] | None, search: str, *, everything: bool
) -> StockFilter:
    """The filter; exactly one way of naming listings must be given."""
    ways = [code is not None, bool(skus) or bool(search), everything]
    if ways.count(True) != 1:
        raise usage.UsageRefused(
            "Name a listing by its code, or use --sku, --search or --all.",
            "商品コード、または --sku、--search、--all のどれかを指定してください。",
        )
    return StockFilter(skus=tuple(skus or ()), search=search)


def _set(name: str, listing: tuple[str | None, str], chosen: StockFilter, *, is_on: bool) -> None:
    answer(lambda house: house.stock.sync(name, listing, chosen, is_on=is_on), _changed)


def _changed(told: Row) -> None:
    count = told["changed"]
    say(f"{count:,} 件を変更しました。", f"{count:,} listings were changed.")
