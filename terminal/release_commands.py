"""`zaiko approve`, `shadow` and `live`: pushes that wait for somebody's word."""

from itertools import chain
from typing import Annotated

import typer

from actors import client
from terminal import page, release_tables, usage
from terminal.asking import ASKED, Mall, Name, show

Yes = Annotated[bool, typer.Option("--yes", help="Do it (実行).")]


def approve(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None,
    yes: Yes = False,
    plan: Annotated[
        str | None, typer.Option("--plan", metavar="PLAN", help="Only this plan (この計画だけ).")
    ] = None,
) -> None:
    """Show bulk changes that wait, and let one go (一括変更の承認)."""
    if name is None and (yes or plan is not None):
        raise usage.UsageRefused(
            "Name the mall whose change is approved.", "承認するモールの名前を指定してください。"
        )
    with client.open_house(ASKED.config) as house:
        if name is None:
            show(house.releases.waiting(), release_tables.waiting)
            return
        (view,) = house.releases.waiting(name)
        if not yes:
            show(view, release_tables.waiting_plan)
            return
        if plan is None and view["waits"] and not ASKED.as_json:
            release_tables.plan_rows(view["rows"], view["listings"])
        # What is approved is what this command has just shown, or what an earlier one had.
        body = house.releases.approve(name, plan or view["plan"])
        show(body, release_tables.approved)


def shadow(
    mall: Mall = None,
    everything: Annotated[bool, typer.Option("--all", help="Also what is equal.")] = False,
) -> None:
    """What would be pushed beside what the malls show (シャドー)."""
    with client.open_house(ASKED.config) as house:
        names = house.releases.in_shadow() if mall is None else [mall]
        pages = chain.from_iterable(
            house.releases.shadow(name, everything=everything) for name in names
        )
        if ASKED.as_json:
            page.write_json_list(page.rows_of(pages))
        else:
            release_tables.shadow(pages, names)


def live(name: Name, yes: Yes = False) -> None:
    """Show what going live would push; with --yes go live (本番への切り替え)."""
    with client.open_house(ASKED.config) as house:
        plan = house.releases.plan(name)
        if not yes:
            show(plan, release_tables.live_plan)
            return
        if not ASKED.as_json and plan["mode"] == "shadow":
            release_tables.plan_rows(plan["rows"], plan["changing"])
        body = house.releases.go_live(name, plan["changing"], plan["to_zero"])
        show(body, release_tables.gone_live)
