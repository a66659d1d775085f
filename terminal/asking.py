"""What the commands share: the options everywhere, common arguments, and one question's way.

A command that is one question is `answer`; one that has its answer already is `show`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors import client
from actors.client import House
from terminal import page
from terminal.typed_number import NUMBER_MAX, typed

EXIT_NOT_NOW: Final = 3
"""Refused: not possible now."""

Config = Annotated[
    Path | None,
    typer.Option("--config", metavar="F", help="Settings file (設定ファイル)."),
]
Json = Annotated[bool, typer.Option("--json", help="JSON for programs.")]
Mall = Annotated[str | None, typer.Option("--mall", metavar="NAME", help="One mall (モール).")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A mall's name (モールの名前).")]
Sku = Annotated[str, typer.Argument(metavar="SKU")]
Code = Annotated[str, typer.Argument(metavar="CODE", help="The mall's item code (商品コード).")]
SubCode = Annotated[str, typer.Argument(metavar="[SUB]", help="Its variation (枝番).")]
Search = Annotated[str, typer.Option("--search", metavar="TEXT", help="Code, name, JAN (検索).")]
TotalMax = Annotated[
    int | None,
    typer.Option("--max", metavar="N", parser=typed(-NUMBER_MAX), help="Total at most N (N 以下)."),
]
Linked = Annotated[bool | None, typer.Option("--linked/--unlinked", help="紐づけの有無.")]
Diff = Annotated[bool, typer.Option("--diff", help="Differing products (差異商品).")]
Synced = Annotated[bool | None, typer.Option("--synced/--unsynced", help="連携の有無.")]
Error = Annotated[bool, typer.Option("--error", help="With an open error (エラーあり).")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")]

SETTINGS: Final[dict[str, Any]] = {
    "rich_markup_mode": None,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
"""What every group of commands is made with."""


class Asked:
    """The options every command takes."""

    config: Path | None = None
    as_json = False


ASKED = Asked()
"""What the command line of this process gave."""


def answer(ask: Callable[[House], Any], write: Callable[[Any], object]) -> None:
    """Asks the running house once and shows its answer."""
    with client.open_house(ASKED.config) as house:
        show(ask(house), write)


def show(body: Any, write: Callable[[Any], object]) -> None:
    """An answer's body as JSON where that was asked for, else as `write` prints it."""
    if ASKED.as_json:
        page.write_json(body)
    else:
        write(body)
