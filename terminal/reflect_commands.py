"""`zaiko reflect`: totals to the malls.

A few chosen listings are answered one by one; all of a mall, or its differences, are a job that the
house walks itself: `reflect list`, `reflect stop` and `reflect resume` are about jobs.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors import client
from actors.client import House, StockFilter
from engine.whole_number import whole_number
from terminal import page, progress, reflect_sheet, reflect_tables, usage
from terminal.asking import (
    ASKED,
    EXIT_NOT_NOW,
    Diff,
    Linked,
    Mall,
    NoWait,
    Search,
    TotalMax,
    show,
)
from terminal.typed_number import NUMBER_MAX

REFLECT_ROUNDS_MAX: Final = 200
"""Looks at chosen listings before the command leaves the rest to the house: a minute."""
REFLECT_FOLLOWED_MAX: Final = 500
"""Chosen listings that are followed; the others go on unseen."""
REFLECT_NAMED_MAX: Final = 100
"""SKUs that are answered one by one; more of them are a job."""
EXIT_INTERRUPTED: Final = 130

WORDS: Final = ("list", "stop", "resume")
"""What is about jobs in the place of a SKU; `--search` finds a SKU of such a name."""


def reflect(
    skus: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SKU...|list|stop [ID]|resume ID]"),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Every linked listing, or every one of --mall (全件).")
    ] = False,
    mall: Mall = None,
    diff: Diff = False,
    search: Search = "",
    total_max: TotalMax = None,
    linked: Linked = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show only.")] = False,
    no_wait: NoWait = False,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", metavar="F", help="With --dry-run: write a file (CSV 出力)."),
    ] = None,
) -> None:
    """Push totals to the malls (反映); list, stop or resume what runs."""
    named = tuple(skus or ())
    chosen = StockFilter(
        mall=mall, has_difference=diff, search=search, total_max=total_max, linked=linked,
        skus=named,
    )  # fmt: skip
    if named and named[0] in WORDS:
        if chosen != StockFilter(skus=named) or everything or dry_run or csv is not None:
            raise usage.UsageRefused(
                f"reflect {named[0]} takes a job's number only.",
                f"reflect {named[0]} に付けられるのは番号だけです。",
            )
        _of_jobs(named[0], named[1:])
        return
    if chosen == StockFilter() and not everything:
        raise usage.UsageRefused(
            "Name SKUs or a filter, or --all for every listing (of --mall NAME).",
            "SKU か絞り込み、または全件なら --all(--mall でモールごと)を指定してください。",
        )
    if everything and chosen != StockFilter(mall=mall):
        raise usage.UsageRefused(
            "--all goes with --mall only.", "--all と一緒に使えるのは --mall だけです。"
        )
    if csv is not None and not dry_run:
        raise usage.UsageRefused(
            "--csv goes with --dry-run only.", "--csv は --dry-run と一緒に使ってください。"
        )
    is_wide = StockFilter(mall=mall, has_difference=diff, skus=named) == chosen
    with client.open_house(ASKED.config) as house:
        if csv is not None:
            _write(house, csv, chosen, is_all=everything)
        elif is_wide and not dry_run and not 0 < len(named) <= REFLECT_NAMED_MAX:
            _follow(house, house.reflect.begin(mall, named, is_diff=diff), no_wait=no_wait)
        else:
            _chosen(house, chosen, everything, dry_run=dry_run, no_wait=no_wait)


def _chosen(
    house: House, chosen: StockFilter, everything: bool, *, dry_run: bool, no_wait: bool
) -> None:
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


def _write(house: House, file: Path, chosen: StockFilter, *, is_all: bool) -> None:
    count = reflect_sheet.write(file, house.reflect.start(chosen, is_all=is_all, is_dry=True))
    page.wrote(file, count, as_json=ASKED.as_json)


# --- jobs -----------------------------------------------------------------------------------------


def _of_jobs(verb: str, words: tuple[str, ...]) -> None:
    number = _number(verb, words)
    with client.open_house(ASKED.config) as house:
        if verb == "list":
            show(house.reflect.jobs(), reflect_tables.jobs)
        elif verb == "stop":
            show(house.reflect.stop(number), reflect_tables.job)
        elif number is not None:
            show(house.reflect.resume(number), reflect_tables.job)


def _number(verb: str, words: tuple[str, ...]) -> int | None:
    takes = {"list": (0,), "stop": (0, 1), "resume": (1,)}[verb]
    numbers = [whole_number(word) or 0 for word in words]
    is_number = all(0 < number <= NUMBER_MAX for number in numbers)
    if len(words) not in takes or not is_number:
        said = {"list": "reflect list", "stop": "reflect stop [ID]", "resume": "reflect resume ID"}
        raise usage.UsageRefused(
            f"Say zaiko {said[verb]}; zaiko reflect list shows the numbers.",
            f"zaiko {said[verb]} と入力してください。番号は zaiko reflect list で分かります。",
        )
    return numbers[0] if numbers else None


def _follow(house: House, view: Any, *, no_wait: bool) -> None:
    if not no_wait:
        try:
            view = progress.follow_job(house.reflect.follow(view))
        except KeyboardInterrupt:
            reflect_tables.goes_on(view["job"])
            raise typer.Exit(EXIT_INTERRUPTED) from None
    show(view, reflect_tables.job)
    if no_wait:
        return
    if view["blocked"]:
        reflect_tables.blocked(view["blocked"])
    if view["blocked"] or view["state"] != "done":
        raise typer.Exit(EXIT_NOT_NOW)
