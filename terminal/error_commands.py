"""`zaiko errors`: errors of level 8 and 9."""

from typing import Annotated, Final

import typer

from terminal import error_tables, usage
from terminal.asking import SETTINGS, Mall, answer
from terminal.typed_number import typed

STATES: Final = ("open", "resolved", "cleared")

errors_app = typer.Typer(help="Errors of level 8 and 9 (エラー).", **SETTINGS)


@errors_app.command("list")
def errors_list(
    mall: Mall = None,
    level: Annotated[
        int | None, typer.Option("--level", metavar="8|9", parser=typed(8, 9), help="レベル.")
    ] = None,
    state: Annotated[
        str | None, typer.Option("--state", metavar="|".join(STATES), help="状態.")
    ] = None,
    search: Annotated[
        str, typer.Option("--search", metavar="TEXT", help="Subject, code, message (検索).")
    ] = "",
    everything: Annotated[bool, typer.Option("--all", help="Cleared ones too.")] = False,
) -> None:
    """List errors, newest first (一覧)."""
    if state is not None and state not in STATES:
        raise usage.UsageRefused(
            f"--state takes one of {', '.join(STATES)}.",
            f"--state には {', '.join(STATES)} のいずれかを指定してください。",
        )
    answer(
        lambda house: house.errors.list(
            mall, level=level, state=state, search=search, with_cleared=everything
        ),
        error_tables.errors,
    )


@errors_app.command("summary")
def errors_summary() -> None:
    """How many errors each mall has (モールごとの件数)."""
    answer(lambda house: house.errors.summary(), error_tables.summary)


@errors_app.command("show")
def errors_show(
    fault_id: Annotated[int, typer.Argument(metavar="ID", parser=typed(1))],
) -> None:
    """Show one error with its hint (詳細)."""
    answer(lambda house: house.errors.show(fault_id), error_tables.error)


@errors_app.command("clear")
def errors_clear(
    fault_ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", parser=typed(1))] = None,
    mall: Mall = None,
) -> None:
    """Clear errors; a level 9 only with a key that works (エラー削除)."""
    if bool(fault_ids) == (mall is not None):
        raise usage.UsageRefused(
            "Name the errors' numbers, or --mall NAME.",
            "エラーの番号か --mall モール名 のどちらかを指定してください。",
        )
    answer(lambda house: house.errors.clear(fault_ids or (), mall), error_tables.cleared)
