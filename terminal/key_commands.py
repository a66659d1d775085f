"""`zaiko key`: the malls' keys."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from actors import client
from actors.client import KeyCabinet
from terminal import key_tables, page
from terminal.asking import ASKED, SETTINGS, Name, show

key_app = typer.Typer(help="The malls' keys (API キー).", **SETTINGS)


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
    show(told, key_tables.key_stored)


@key_app.command("check")
def key_check(name: Name) -> None:
    """Ask the mall whether the stored key works (キーを確認)."""
    code, told = KeyCabinet(ASKED.config).check(name)
    if ASKED.as_json:
        page.write_json(told)
    if code:
        page.refuse(key_tables.key_refused(told))
        raise typer.Exit(code)
    if not ASKED.as_json:
        key_tables.key_works(told)


@key_app.command("renew")
def key_renew(
    name: Name,
    code: Annotated[str | None, typer.Option("--code", help="From the consent page.")] = None,
) -> None:
    """Renew a mall's key, or say where a new one is issued (キーを更新)."""
    cabinet = KeyCabinet(ASKED.config)
    told = cabinet.consent(name)
    if told["url"] is None or code is None:
        show(told, key_tables.renewal)
    if told["url"] is None:
        return
    if code is None:
        code = page.ask("コード / Code")
    if not code:
        return
    done = cabinet.redeem(name, code)
    done["announced"] = client.announce_key(cabinet.settings, name)
    show(done, key_tables.key_stored)


@key_app.command("list")
def key_list(name: Annotated[str | None, typer.Argument(metavar="[NAME]")] = None) -> None:
    """Which keys are stored; never a secret (一覧)."""
    cabinet = KeyCabinet(ASKED.config)
    show(cabinet.list(name, client.key_ends(cabinet.settings)), key_tables.keys)
