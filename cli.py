"""The `zaiko` command: reads the words, asks, prints. It decides nothing itself.

    words --arranged--> Typer --> actors.client (asks the house, keys, doctor) --> terminal (prints)

Options are taken before and after the words, and a word that is a signed number is a value:
`terminal.words` arranges that. Every command takes --config and --json. Exit codes: 0 done, 1 a
bug, 2 usage or settings, 3 not possible now, 4 no daemon. Whatever is refused is one sentence on
stderr, in English and Japanese.
"""

import os
import sys
from collections.abc import Callable, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from actors import client
from actors.client import House, KeyCabinet, Refusal, StockFilter
from config.load import KINDS
from config.settings import SettingsError
from terminal import page, progress, tables, usage, words

ROWS_SHOWN: Final = 50
"""Rows `stock list` shows a person who gave neither --limit nor --all."""
REFLECT_ROUNDS_MAX: Final = 200
"""Looks at a reflect's listings before the command leaves the rest to the house: a minute."""
REFLECT_FOLLOWED_MAX: Final = 500
"""Listings a reflect is followed for; the others go on unseen."""
EXIT_BUG: Final = 1
EXIT_USAGE: Final = 2
EXIT_NOT_NOW: Final = 3
EXIT_INTERRUPTED: Final = 130

DEFAULTS: Final = {
    "errors": "list", "malls": "list", "stock": "list", "link": "conflicts", "key": "list",
}  # fmt: skip
NOT_YET: Final = {("link", "rules"), ("stock", "export")}

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
    int | None, typer.Option("--max", metavar="N", help="Total at most N (総在庫 N 以下).")
]
Linked = Annotated[bool | None, typer.Option("--linked/--unlinked", help="紐づけの有無.")]
Diff = Annotated[bool, typer.Option("--diff", help="Differing products (差異商品).")]
Csv = Annotated[str | None, typer.Option("--csv", hidden=True)]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Do not wait for the end.")]

SETTINGS: Final[dict[str, Any]] = {
    "rich_markup_mode": None,
    "add_completion": False,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(
    help="zaiko: keeps one merchant's stock in step across malls (在庫連携).",
    pretty_exceptions_enable=False,
    **SETTINGS,
)
malls_app = typer.Typer(help="The malls (モール).", **SETTINGS)
key_app = typer.Typer(help="The malls' keys (API キー).", **SETTINGS)
errors_app = typer.Typer(help="Errors of level 8 and 9 (エラー).", **SETTINGS)
link_app = typer.Typer(help="Which listing is which SKU (紐づけ).", **SETTINGS)
stock_app = typer.Typer(help="Totals and listings (在庫).", **SETTINGS)
app.add_typer(malls_app, name="malls")
app.add_typer(key_app, name="key")
app.add_typer(errors_app, name="errors")
app.add_typer(link_app, name="link")
app.add_typer(stock_app, name="stock")


class _Asked:
    """The options every command takes."""

    config: Path | None = None
    as_json = False


ASKED = _Asked()


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
    seconds: Annotated[int | None, typer.Option("--seconds", metavar="N", min=1)] = None,
) -> None:
    """Watch a pretend shop on pretend malls (デモ)."""
    bound = [] if seconds is None else ["--seconds", str(seconds)]
    client.become(["actors.demo", *bound, *(["--json"] if ASKED.as_json else [])])


@app.command()
def sandbox(
    kind: Annotated[str, typer.Argument(metavar="MALL|all")],
    port: Annotated[int, typer.Option("--port", metavar="P", min=0, max=65_535)] = 0,
    speed: Annotated[float, typer.Option("--speed", metavar="N", min=0.001, max=10_000)] = 1.0,
) -> None:
    """Serve a pretend mall on loopback (サンドボックス)."""
    if kind not in (*KINDS, "all"):
        raise usage.no_such_mall(kind, (*KINDS, "all"))
    client.become(["sandbox", kind, "--port", str(port), "--speed", f"{speed:g}"])


# --- malls, keys, errors --------------------------------------------------------------------------


@app.command()
def status() -> None:
    """How the malls are (状態)."""
    _answer(lambda house: house.status(), tables.status)


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
                    tables.event(screen, event)
        except KeyboardInterrupt:
            return


@app.command()
def doctor() -> None:
    """Look at everything a house needs (診断)."""
    code, report = client.doctor(ASKED.config)
    _show(report, tables.doctor)
    raise typer.Exit(code)


@malls_app.command("list")
def malls_list() -> None:
    """List the malls (一覧)."""
    _answer(lambda house: house.status()["malls"], tables.malls)


def _control(name: str, verb: str) -> None:
    _answer(lambda house: house.control(name, verb), tables.status)


@malls_app.command()
def pause(name: Name) -> None:
    """Pause a mall (一時停止)."""
    _control(name, "pause")


@malls_app.command()
def resume(name: Name) -> None:
    """Resume a paused mall (再開)."""
    _control(name, "resume")


@malls_app.command()
def poll(name: Name) -> None:
    """Take a mall's orders now (受注を今すぐ取得)."""
    _control(name, "poll")


@key_app.command("set")
def key_set(
    name: Name,
    fields: Annotated[list[str] | None, typer.Argument(metavar="[FIELD=VALUE...|-]")] = None,
    file: Annotated[Path | None, typer.Option("--file", metavar="F", help="JSON, TOML.")] = None,
) -> None:
    """Store a mall's key; without fields they are asked for (キーを保存)."""
    cabinet = KeyCabinet(ASKED.config)
    if file is None and not fields and sys.stdin.isatty():
        values = page.ask_fields(cabinet.fields(name))
    else:
        piped = sys.stdin.read(client.KEY_BYTES_MAX) if "-" in (fields or []) else None
        given = [word for word in fields or [] if word != "-"]
        values = client.read_fields(given, file, piped)
    told = cabinet.store(name, values)
    told["announced"] = client.announce_key(cabinet.settings, name)
    _show(told, tables.key_stored)


@key_app.command("check")
def key_check(name: Name) -> None:
    """Ask the mall whether the stored key works (キーを確認)."""
    code, told = KeyCabinet(ASKED.config).check(name)
    if ASKED.as_json:
        page.write_json(told)
    if code:
        page.refuse(tables.key_refused(told))
        raise typer.Exit(code)
    if not ASKED.as_json:
        tables.key_works(told)


@key_app.command("renew")
def key_renew(
    name: Name,
    code: Annotated[str | None, typer.Option("--code", help="From the consent page.")] = None,
) -> None:
    """Renew a mall's key, or say where a new one is issued (キーを更新)."""
    cabinet = KeyCabinet(ASKED.config)
    told = cabinet.consent(name)
    if told["url"] is None or code is None:
        _show(told, tables.renewal)
    if told["url"] is None:
        return
    if code is None:
        code = page.ask("コード / Code")
    if not code:
        return
    done = cabinet.redeem(name, code)
    done["announced"] = client.announce_key(cabinet.settings, name)
    _show(done, tables.key_stored)


@key_app.command("list")
def key_list(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> None:
    """Which keys are stored; never a secret (一覧)."""
    _show(KeyCabinet(ASKED.config).list(name), tables.keys)


@errors_app.command("list")
def errors_list(
    mall: Mall = None,
    everything: Annotated[bool, typer.Option("--all", help="Cleared ones too.")] = False,
) -> None:
    """List errors, newest first (一覧)."""
    _answer(lambda house: house.errors(mall, with_cleared=everything), tables.errors)


@errors_app.command("show")
def errors_show(fault_id: Annotated[int, typer.Argument(metavar="ID", min=1)]) -> None:
    """Show one error with its hint (詳細)."""
    _answer(lambda house: house.error(fault_id), tables.error)


@errors_app.command("clear")
def errors_clear(
    fault_ids: Annotated[list[int] | None, typer.Argument(metavar="ID...", min=1)] = None,
    mall: Mall = None,
) -> None:
    """Clear errors; a level 9 only with a key that works (エラー削除)."""
    if bool(fault_ids) == (mall is not None):
        raise usage.UsageRefused(
            "Name the errors' numbers, or --mall NAME.",
            "エラーの番号か --mall モール名 のどちらかを指定してください。",
        )
    _answer(lambda house: house.clear_errors(fault_ids or (), mall), tables.cleared)


# --- catalogue and links --------------------------------------------------------------------------


@app.command("import")
def import_(
    name: Name,
    no_wait: NoWait = False,
    file: Annotated[str | None, typer.Option("--file", hidden=True)] = None,
) -> None:
    """Read a mall's products in (商品の取り込み)."""
    if file is not None:
        raise usage.not_yet("import --file")
    with client.open_house(ASKED.config) as house:
        views = house.imports(name)
        view = next(views) if no_wait else progress.follow_import(views)
        _show(view, progress.import_done)


@link_app.command("auto")
def link_auto(mall: Mall = None) -> None:
    """Link what the codes match (自動紐づけ)."""
    _answer(lambda house: house.link_auto(mall), tables.linked)


@link_app.command("add")
def link_add(sku: Sku, name: Name, code: Code, sub_code: SubCode = "") -> None:
    """Link a listing to a SKU (紐づけ)."""
    _answer(lambda house: house.link_add(sku, name, code, sub_code), tables.linked)


@link_app.command("remove")
def link_remove(sku: Sku, name: Name, code: Code, sub_code: SubCode = "") -> None:
    """End a link (紐づけ解除)."""
    _answer(lambda house: house.link_remove(sku, name, code, sub_code), tables.unlinked)


@link_app.command("conflicts")
def link_conflicts() -> None:
    """Listings that several SKUs claim (複数の商品が紐づいています)."""
    _answer(lambda house: house.conflicts(), tables.conflicts)


# --- stock ----------------------------------------------------------------------------------------


@stock_app.command("list")
def stock_list(
    mall: Mall = None,
    diff: Diff = False,
    search: Search = "",
    total_max: TotalMax = None,
    linked: Linked = None,
    limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All rows.")] = False,
    csv: Csv = None,
) -> None:
    """List totals and what the malls show (在庫一覧)."""
    if csv is not None:
        raise usage.not_yet("--csv")
    chosen = StockFilter(
        mall=mall, has_difference=diff, search=search, total_max=total_max, linked=linked
    )
    rows_max = None if everything or (ASKED.as_json and limit is None) else limit or ROWS_SHOWN
    with client.open_house(ASKED.config) as house:
        pages = house.stock(chosen, rows_max)
        first = next(pages)
        rows = page.rows_of(chain([first], pages))
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            tables.stock_found(tables.stock(rows), first["hits"])


@stock_app.command("show")
def stock_show(sku: Sku) -> None:
    """Show one SKU (詳細)."""
    _answer(lambda house: house.stock_row(sku), tables.stock_row)


@stock_app.command("set")
def stock_set(sku: Sku, quantity: Annotated[int, typer.Argument(metavar="N", min=0)]) -> None:
    """Set a total to a count as of now (棚卸)."""
    _answer(lambda house: house.set_stock(sku, quantity), tables.stock_row)


@stock_app.command("adjust")
def stock_adjust(
    sku: Sku,
    delta: Annotated[int, typer.Argument(metavar="+N|-N")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="理由.")] = "",
) -> None:
    """Correct a total by a difference (在庫調整)."""
    _answer(lambda house: house.adjust_stock(sku, delta, reason), tables.stock_row)


@app.command()
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
        rows = seen.note(house.reflect(chosen, is_all=everything, is_dry=dry_run))
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            tables.reflected(tables.reflect(rows))
        if seen.moving and not (ASKED.as_json or dry_run or no_wait) and sys.stderr.isatty():
            rounds = (house.reflected(seen.moving) for _ in range(REFLECT_ROUNDS_MAX))
            tables.followed(progress.follow_reflect(rounds, len(seen.moving)))
    if seen.blocked:
        tables.blocked(seen.blocked)
        raise typer.Exit(EXIT_NOT_NOW)


@app.command()
def history(
    sku: Sku, limit: Annotated[int | None, typer.Option("--limit", metavar="N", min=1)] = None
) -> None:
    """Every movement of a SKU's total (履歴)."""
    with client.open_house(ASKED.config) as house:
        rows = islice(house.history(sku), limit)
        if ASKED.as_json:
            page.write_json_list(rows)
        else:
            tables.history(rows)


@app.command()
def delete(skus: Annotated[list[str], typer.Argument(metavar="SKU...")]) -> None:
    """Delete SKUs here, never at a mall (商品の削除)."""
    _answer(lambda house: house.delete(skus), tables.deleted)


# --- one command --------------------------------------------------------------------------------


def _config() -> list[str]:
    return [] if ASKED.config is None else ["--config", str(ASKED.config)]


def _answer(ask: Callable[[House], Any], show: Callable[[Any], object]) -> None:
    with client.open_house(ASKED.config) as house:
        _show(ask(house), show)


def _show(body: Any, show: Callable[[Any], object]) -> None:
    if ASKED.as_json:
        page.write_json(body)
    else:
        show(body)


def _perform(arguments: Sequence[str]) -> int:
    """Runs one command; raises what it was refused with."""
    root: Any = typer.main.get_command(app)
    path: list[str] = []
    try:
        ordered = words.arranged(root, arguments, DEFAULTS, NOT_YET, path)
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
    except (usage.UsageRefused, SettingsError) as error:
        return page.refuse(str(error), EXIT_USAGE)
    except Refusal as refusal:
        return page.refuse(str(refusal), refusal.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        return page.refuse("Interrupted. / 中断しました。", EXIT_INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has seen enough; the flush at exit must not complain again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:  # noqa: BLE001  a bug: told in one sentence, without its traceback
        return page.refuse(page.bug(error), EXIT_BUG)
    return code


if __name__ == "__main__":
    sys.exit(main())
