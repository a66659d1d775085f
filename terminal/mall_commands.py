"""`zaiko malls`: how the malls are, and their control."""

import typer

from terminal import mall_tables
from terminal.asking import SETTINGS, Name, answer

malls_app = typer.Typer(help="The malls (モール).", **SETTINGS)


@malls_app.command("list")
def malls_list() -> None:
    """List the malls (一覧)."""
    answer(lambda house: house.malls.list(), mall_tables.malls)


@malls_app.command("show")
def malls_show(name: Name) -> None:
    """Which orders a mall takes, where its key is renewed (詳細)."""
    answer(lambda house: house.malls.show(name), mall_tables.mall)


def _control(name: str, verb: str) -> None:
    answer(lambda house: house.malls.control(name, verb), mall_tables.status)


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
