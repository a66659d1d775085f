"""`zaiko notify`: where operators are told what opened and what is over."""

import sys
from typing import Annotated, Final

import typer

from actors.client import Channels
from terminal import notify_tables, page
from terminal.asking import ASKED, SETTINGS, show

ADDRESS_READ_MAX: Final = 10_000
"""Characters read of an address; a longer one is none."""
Channel = Annotated[str, typer.Argument(metavar="NAME", help="A channel's name (通知先の名前).")]

notify_app = typer.Typer(help="Notifications by mail, Slack, LINE, webhook (通知).", **SETTINGS)


@notify_app.command("set")
def notify_set(
    name: Channel,
    address: Annotated[str | None, typer.Argument(metavar="[ADDRESS|-]")] = None,
) -> None:
    """Store a channel's address; without it, it is asked for (通知先を登録)."""
    channels = Channels(ASKED.config)
    if address is None:
        address = page.ask("宛先 / Address", is_secret=True)
    elif address == "-":
        address = sys.stdin.read(ADDRESS_READ_MAX)
    show(channels.set(name, address), notify_tables.channel_stored)


@notify_app.command("list")
def notify_list() -> None:
    """Which channels are stored; never an address (一覧)."""
    show(Channels(ASKED.config).list(), notify_tables.channels)


@notify_app.command("test")
def notify_test(name: Channel) -> None:
    """Send a test message (テスト送信)."""
    show(Channels(ASKED.config).try_out(name), notify_tables.channel_works)


@notify_app.command("remove")
def notify_remove(name: Channel) -> None:
    """Forget a channel (通知先を削除)."""
    show(Channels(ASKED.config).remove(name), notify_tables.channel_removed)
