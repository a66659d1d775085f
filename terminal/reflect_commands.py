"""`zaiko reflect`: totals to the malls."""

import sys
from typing import Annotated, Final

import typer

from actors import client
from actors.client import StockFilter
from terminal import page, progress, reflect_tables, usage
from terminal.asking import ASKED, EXIT_NOT_NOW, Csv, Diff, Linked, Mall, NoWait, Search, TotalMax

REFLECT_ROUNDS_MAX: Final = 200
"""Looks at a reflect's listings before the command leaves the rest to the house: a minute."""
REFLECT_FOLLOWED_MAX: Final = 500
"""Listings a reflect is followed for; the others go on unseen."""


def reflect(
    skus: Annotated[list[str] | None, typer.Argument(metavar="[SKU...]")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every linked listing.")] = False,
    mall: Mall = None,
    diff: Diff = False,
    search: Search = "",
    total_max: TotalMax = None,
    linked: Linked = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show only.")] = False,
    no_wait: NoWait = False,
    csv: Csv = None,
) -> None:
    """Push totals to the malls (反映)."""
    if csv is not None:
        raise usage.not_yet("--csv")
    chosen = StockFilter(
        mall=mall, has_difference=diff, search=search, total_max=total_max, linked=linked,
        skus=tuple(skus or ()),
    )  # fmt: skip
    if (chosen == StockFilter()) != everything:
        raise usage.UsageRefused(
            "Name SKUs or a filter, or --all alone for every listing.",
            "SKU か絞り込み、または全件なら --all だけを指定してください。",
        )
    with client.open_house(ASKED.config) as house:
        seen = progress.Seen(REFLECT_FOLLOWED_MAX)
        rows = seen.note(house.reflect.start(chosen, is_all=everything, is_dry=dry_run))
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            reflect_tables.reflected(reflect_tables.reflect(rows))
        if seen.moving and not (ASKED.as_json or dry_run or no_wait) and sys.stderr.isatty():
            rounds = (house.reflect.progress(seen.moving) for _ in range(REFLECT_ROUNDS_MAX))
            reflect_tables.followed(progress.follow_reflect(rounds, len(seen.moving)))
    if seen.blocked:
        reflect_tables.blocked(seen.blocked)
        raise typer.Exit(EXIT_NOT_NOW)
