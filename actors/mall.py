"""One mall actor as a process: `python -P -m actors.mall NAME --config F`.

Reads the settings, joins the house, and lets `actors.mall_lane` work until it is told to leave.
SIGTERM and SIGINT drain (stop taking, finish, goodbye, 0); SIGHUP reads the intervals again. A mall
that somebody else holds is left alone: one sentence, code 4.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import structlog

from actors.mall_account import kind_of
from actors.mall_lane import MallLane
from actors.mall_lease import LeaseRefused
from actors.parent import house_token, say_ready, watch_parent
from config.load import load_settings
from config.logs import set_up_logs
from config.search import find_settings
from config.settings import MallSettings, Settings, SettingsError
from config.state import StateDir
from engine.connector import Kind

EXIT_DONE: Final = 0
EXIT_SETTINGS: Final = 2
EXIT_HELD: Final = 4
INVENTORY: Final = "inventory"
"""The name of the inventory's socket."""

log = structlog.get_logger()


def main(words: Sequence[str] | None = None) -> int:
    """The process; the exit code."""
    parser = argparse.ArgumentParser(prog="zaiko mall")
    parser.add_argument("name")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--endpoint", help="the inventory's address, if not this house's own")
    told = parser.parse_args(words)
    watch_parent()
    try:
        house = load_settings(find_settings(told.config))
        settings = settings_of(house, told.name)
        kind = kind_of(settings)
        state = StateDir(house.state_dir)
        state.claim()
    except SettingsError as error:
        return _refuse(str(error), EXIT_SETTINGS)
    set_up_logs(
        f"mall-{settings.name}",
        state.logs,
        file_bytes_max=house.log_file_mib * 1024 * 1024,
        files_max=house.log_files_max,
    )
    endpoint = told.endpoint or state.endpoint(INVENTORY)
    try:
        asyncio.run(_live(house, settings, kind, endpoint))
    except LeaseRefused as refused:
        return _refuse(str(refused), EXIT_HELD if refused.reason == "held" else EXIT_SETTINGS)
    return EXIT_DONE


def settings_of(house: Settings, name: str) -> MallSettings:
    """The settings of the mall of that name."""
    settings = house.mall(name)
    if settings is None:
        names = ", ".join(mall.name for mall in house.malls)
        raise SettingsError(
            f"there is no mall named {name} in {house.source}; there are: {names}.",
            f"モール {name} は設定にありません(設定済み: {names})。",
        )
    return settings


async def _live(house: Settings, settings: MallSettings, kind: Kind, endpoint: str) -> None:
    lane = MallLane(house, settings, kind, endpoint=endpoint, token=house_token())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lane.drain)
    loop.add_signal_handler(signal.SIGHUP, _reload, lane, house.source)
    await lane.run(say_ready)


def _reload(lane: MallLane, source: Path) -> None:
    """The settings anew; refused ones change nothing."""
    try:
        house = load_settings(source)
        lane.reload(house, settings_of(house, lane.name))
    except SettingsError as error:
        log.error("settings refused, the old ones stay", action="reload_refused", reason=str(error))


def _refuse(sentence: str, code: int) -> int:
    sys.stderr.write(f"{sentence}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
