"""`zaiko offers`: what a mall shows of a total, by rules for malls and SKUs (反映条件)."""

from itertools import chain
from typing import Annotated, Final

import typer

from actors import client
from actors.client import offer_rule
from engine.whole_number import whole_number
from terminal import offer_tables, page, usage
from terminal.asking import ASKED, SETTINGS, Mall, Sku, answer
from terminal.typed_number import typed

NO_CAP: Final = "none"
"""What a rule's cap is set to where it shall have none."""
ROWS_SHOWN: Final = 50
"""Rules `offers list` shows a person who gave neither --limit nor --all."""

OneSku = Annotated[str | None, typer.Option("--sku", metavar="SKU", help="One SKU.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only count (確認のみ).")]
UNITS_MAX: Final = 1_000_000_000
"""Of a buffer, a cap or a floor, as in the settings."""
Buffer = Annotated[
    int | None,
    typer.Option("--buffer", metavar="N", parser=typed(0, UNITS_MAX), help="Kept back (安全在庫)."),
]
Cap = Annotated[
    str | None, typer.Option("--cap", metavar="N|none", help="Shown at most (上限在庫数).")
]
Floor = Annotated[
    int | None,
    typer.Option(
        "--floor", metavar="N", parser=typed(0, UNITS_MAX), help="Below it 0 (下限在庫数)."
    ),
]
Share = Annotated[
    int | None,
    typer.Option(
        "--share", metavar="P", parser=typed(0, 100), help="Percent of the stock (配分率)."
    ),
]

offers_app = typer.Typer(help="What malls show of a total (反映条件).", **SETTINGS)


@offers_app.command("set")
def offers_set(
    mall: Mall = None,
    sku: OneSku = None,
    buffer: Buffer = None,
    cap: Cap = None,
    floor: Floor = None,
    share: Share = None,
    dry_run: DryRun = False,
) -> None:
    """Set numbers of the rule for a mall, a SKU, or both (条件の設定)."""
    named = _named(mall, sku)
    rule = offer_rule(buffer, None if cap is None else _cap(cap), floor, share)
    if rule.is_empty:
        raise usage.UsageRefused(
            "Give --buffer, --cap, --floor or --share.",
            "--buffer、--cap、--floor、--share のいずれかを指定してください。",
        )
    if dry_run:
        answer(lambda house: house.offers.look(named, rule), offer_tables.would_change)
    else:
        answer(lambda house: house.offers.set(named, rule), offer_tables.was_set)


@offers_app.command("remove")
def offers_remove(mall: Mall = None, sku: OneSku = None, dry_run: DryRun = False) -> None:
    """Remove the rule for exactly this (条件の削除)."""
    named = _named(mall, sku)
    if dry_run:
        answer(lambda house: house.offers.look(named, None), offer_tables.would_change)
    else:
        answer(lambda house: house.offers.remove(named), offer_tables.was_removed)


@offers_app.command("list")
def offers_list(
    mall: Mall = None,
    sku: OneSku = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", parser=typed(1))] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows.")] = False,
) -> None:
    """List the rules (条件の一覧)."""
    rows_max = None if everything or (ASKED.as_json and limit is None) else limit or ROWS_SHOWN
    with client.open_house(ASKED.config) as house:
        pages = house.offers.pages((mall, sku), rows_max)
        first = next(pages)
        rows = page.rows_of(chain([first], pages))
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            offer_tables.rules(rows, first["hits"])


@offers_app.command("show")
def offers_show(sku: Sku) -> None:
    """Which rule gives which number of a SKU, and what comes out (条件の確認)."""
    answer(lambda house: house.offers.show(sku), offer_tables.offer)


def _named(mall: str | None, sku: str | None) -> tuple[str | None, str | None]:
    if mall is None and sku is None:
        raise usage.UsageRefused(
            "Name a mall, a SKU or both with --mall and --sku; "
            "what holds for all malls stands in the settings file.",
            "--mall か --sku(または両方)を指定してください。共通の値は設定ファイルに書きます。",
        )
    return mall, sku


def _cap(text: str) -> int | str:
    if text == NO_CAP:
        return text
    number = whole_number(text)
    if number is None or not 0 <= number <= UNITS_MAX:
        raise usage.UsageRefused(
            f"--cap {text} is no quantity; write a whole number up to {UNITS_MAX:,}, or none.",
            f"--cap {text} は数量ではありません。{UNITS_MAX:,} までの整数か none にしてください。",
        )
    return number
