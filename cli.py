"""The `zaiko` command: reads the words, asks, prints. It decides nothing itself.

    words --arranged--> Typer --> actors.client (asks the house, keys, doctor) --> terminal (prints)

Options are taken before and after the words, and a word that is a signed number is a value:
`terminal.words` arranges that. Every command takes --config and --json. Exit codes: 0 done, 1 a
bug, 2 usage or settings, 3 not possible now, 4 no daemon. Whatever is refused is one sentence on
stderr, in English and Japanese.
"""

import os
import sys
from collections.abc import Sequence
from functools import cache
from typing import Annotated, Any, Final

import typer

from actors import client
from actors.client import Refusal
from config.load import KINDS
from config.settings import SettingsError
from terminal import doctor_tables, mall_tables, page, usage, words
from terminal.asking import ASKED, SETTINGS, Config, Json, Name, answer, show
from terminal.error_commands import errors_app
from terminal.key_commands import key_app
from terminal.link_commands import link_app
from terminal.mall_commands import malls_app
from terminal.notify_commands import notify_app
from terminal.offer_commands import offers_app
from terminal.product_commands import delete, import_
from terminal.reflect_commands import reflect
from terminal.release_commands import approve, live, shadow
from terminal.settings_commands import settings_app
from terminal.stock_commands import history, stock_app
from terminal.sync_commands import sync_app
from terminal.typed_number import typed

EXIT_BUG: Final = 1
EXIT_USAGE: Final = 2
EXIT_INTERRUPTED: Final = 130
INTERRUPTED: Final = "Interrupted. / 中断しました。"

DEFAULTS: Final = {
    "errors": "list", "malls": "list", "stock": "list", "link": "conflicts", "key": "list",
    "notify": "list", "sets": "list", "offers": "list", "rules": "list",
}  # fmt: skip

app = typer.Typer(
    help="zaiko: keeps one merchant's stock in step across malls (在庫連携).",
    pretty_exceptions_enable=False,
    **SETTINGS,
)
app.add_typer(malls_app, name="malls")
app.add_typer(key_app, name="key")
app.add_typer(errors_app, name="errors")
app.add_typer(link_app, name="link")
app.add_typer(stock_app, name="stock")
app.add_typer(offers_app, name="offers")
app.add_typer(notify_app, name="notify")
app.add_typer(settings_app, name="settings")
app.add_typer(sync_app, name="sync")


@app.callback()
def everywhere(config: Config = None, as_json: Json = False) -> None:
    """zaiko: keeps one merchant's stock in step across malls (在庫連携)."""
    ASKED.config, ASKED.as_json = config, as_json


# --- processes ------------------------------------------------------------------------------------


@app.command()
def run() -> None:
    """Run the house: the inventory and the malls (連携を開始)."""
    client.become(["actors.supervisor", *_config()])


@app.command()
def mall(name: Name) -> None:
    """Run one mall's actor by hand (モール 1 つを手動で起動)."""
    client.become(["actors.mall", name, *_config()])


@app.command()
def demo(
    seconds: Annotated[int | None, typer.Option("--seconds", metavar="N", parser=typed(1))] = None,
) -> None:
    """Watch a pretend shop on pretend malls (デモ)."""
    bound = [] if seconds is None else ["--seconds", str(seconds)]
    client.become(["actors.demo", *bound, *(["--json"] if ASKED.as_json else [])])


@app.command()
def sandbox(
    kind: Annotated[str, typer.Argument(metavar="MALL|all")],
    port: Annotated[int, typer.Option("--port", metavar="P", parser=typed(0, 65_535))] = 0,
    speed: Annotated[float, typer.Option("--speed", metavar="N", min=0.001, max=10_000)] = 1.0,
) -> None:
    """Serve a pretend mall on loopback (サンドボックス)."""
    if kind not in (*KINDS, "all"):
        raise usage.no_such_mall(kind, (*KINDS, "all"))
    client.become(["sandbox", kind, "--port", str(port), "--speed", f"{speed:g}"])


# --- the house ------------------------------------------------------------------------------------


@app.command()
def status() -> None:
    """How the malls are (状態)."""
    answer(lambda house: house.malls.status(), mall_tables.status)


@app.command()
def watch() -> None:
    """Live events until Ctrl-C (ライブ表示)."""
    screen = page.console()
    with client.open_house(ASKED.config) as house:
        try:
            for event in house.events():
                if ASKED.as_json:
                    page.write_json(event)
                else:
                    mall_tables.event(screen, event)
        except KeyboardInterrupt:
            return


@app.command()
def doctor() -> None:
    """Look at everything a house needs (診断)."""
    code, report = client.doctor(ASKED.config)
    show(report, doctor_tables.doctor)
    raise typer.Exit(code)


# --- commands with a module of their own ---------------------------------------------------------

app.command("import")(import_)
app.command()(reflect)
app.command()(history)
app.command()(approve)
app.command()(shadow)
app.command()(live)
app.command()(delete)


# --- one command --------------------------------------------------------------------------------


def _config() -> list[str]:
    return [] if ASKED.config is None else ["--config", str(ASKED.config)]


@cache
def _root() -> Any:
    """All commands as they are parsed: reading them off their functions takes longer than most."""
    return typer.main.get_command(app)


def _perform(arguments: Sequence[str]) -> int:
    """Runs one command; raises what it was refused with."""
    root = _root()
    path: list[str] = []
    try:
        ordered = words.arranged(root, arguments, DEFAULTS, path)
        code = root.main(ordered, prog_name="zaiko", standalone_mode=False)
    except typer.TyperException as error:
        raise words.refused(error, path) from None
    return code if isinstance(code, int) else 0


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; its exit code."""
    page.prepare()
    try:
        code = _perform(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
        if code == EXIT_INTERRUPTED:
            # The command reader turns Ctrl-C into this code, without a word.
            return page.refuse(INTERRUPTED, code)
    except (usage.UsageRefused, SettingsError) as error:
        return page.refuse(str(error), EXIT_USAGE)
    except Refusal as refusal:
        return page.refuse(str(refusal), refusal.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return page.refuse(INTERRUPTED, EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has seen enough; the flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  a bug: told in one sentence, without its traceback
        return page.refuse(page.bug(error), EXIT_BUG)
    return code


if __name__ == "__main__":
    sys.exit(main())
