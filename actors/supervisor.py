"""`zaiko run`: the house. Locks state_dir, starts the inventory and the malls, keeps them running.

Order: stages start from the lowest and each is ready before the next begins, but for children that
wait by themselves: they start along with the first. They stop from the highest. Within a stage
children start in order and do not wait for one another, so a mall that hangs delays no other.
SIGTERM and SIGINT drain and end with 0; a second one kills. SIGHUP reads the settings again: new
malls start, gone ones stop, given-up ones get another try, and the rest are told to reload. A vital
child that is given up ends the house with 1, loudly.
"""

import argparse
import asyncio
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import structlog
from msgspec import Struct

from actors.channels import chosen_channels
from actors.child import ChildPlan
from actors.house_lock import Held, HouseLock
from actors.keeper import Keeper
from actors.keys import KeyUnreadable
from actors.parent import HOUSE_TOKEN, GivenUp
from config.load import load_settings
from config.logs import set_up_logs
from config.search import find_settings
from config.settings import Settings, SettingsError
from config.state import StateDir
from engine.supervision import RestartLimits

log = structlog.get_logger()

EXIT_DONE: Final = 0
EXIT_GIVEN_UP: Final = 1
EXIT_SETTINGS: Final = 2
EXIT_NOT_NOW: Final = 3
EXIT_HELD: Final = 4

INVENTORY: Final = "inventory"
NOTIFIER: Final = "notifier"


class HousePlan(Struct, frozen=True):
    """What a house consists of, and the bounds it is kept by."""

    children: tuple[ChildPlan, ...]
    """In the order they start."""
    limits: RestartLimits
    """For each child on its own."""
    ready_s_max: float
    """How long a child may take to start."""
    drain_s_max: float
    """How long a child may take to stop."""


def plan_of(settings: Settings) -> HousePlan:
    """The inventory first, then a process for each mall, then the notifier if it has a channel."""
    python = (sys.executable, "-P", "-m", "actors.lean")
    file = ("--config", str(settings.source))
    inventory = ChildPlan(INVENTORY, (*python, "inventory", *file), stage=0, is_vital=True)
    malls = (
        ChildPlan(
            f"mall:{mall.name}", (*python, "mall", mall.name, *file), stage=1, is_patient=True
        )
        for mall in settings.malls
    )
    # Last, and on its own: its library takes a while to load, and no mall is to wait for that.
    notifier = ChildPlan(NOTIFIER, (*python, NOTIFIER, *file), stage=2)
    return HousePlan(
        (inventory, *malls, *([notifier] if _has_channel(settings) else [])),
        settings.restart_limits,
        settings.ready_s_max,
        settings.drain_s_max,
    )


def _has_channel(settings: Settings) -> bool:
    try:
        return bool(chosen_channels(StateDir(settings.state_dir).channels, settings))
    except (KeyUnreadable, OSError) as error:
        log.error("channels unreadable", action="channels_unreadable", reason=str(error))
        return False


class Supervisor:
    """Runs a house until it is told to stop. `read_plan` is called at the start and on SIGHUP."""

    def __init__(self, read_plan: Callable[[], HousePlan]) -> None:
        self._read_plan = read_plan
        self._keepers: dict[str, tuple[Keeper, asyncio.Task[None]]] = {}
        self._given_up: dict[str, GivenUp] = {}
        self._environ = {**os.environ, HOUSE_TOKEN: secrets.token_hex(16)}
        self._over = asyncio.Event()
        self._reload = asyncio.Event()
        self._exit = EXIT_DONE

    async def run(self) -> int:
        """The house from its first start to its last stop; the exit code."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._hear_stop)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
        async with asyncio.TaskGroup() as group:
            await self._start(self._read_plan(), group)
            while not self._over.is_set():
                await _first(self._over, self._reload)
                if self._reload.is_set() and not self._over.is_set():
                    self._reload.clear()
                    await self._change(group)
            await self._stop()
        return self._exit

    async def _start(self, plan: HousePlan, group: asyncio.TaskGroup) -> None:
        """Starts what does not run yet, stage by stage."""
        stages = sorted({child.stage for child in plan.children})
        for stage in stages:
            for child in plan.children:
                is_due = child.stage == stage or (stage == stages[0] and child.is_patient)
                if is_due and child.name not in self._keepers:
                    self._keep(child, plan, group)
            started = [keeper for keeper, _ in self._keepers.values() if keeper.plan.stage == stage]
            for keeper in started:
                await _first(self._over, keeper.settled)
            if self._over.is_set():
                return
        standing = [name for name in self._keepers if name not in self._given_up]
        log.info("house stands", action="house_stands", children=standing)

    def _keep(self, child: ChildPlan, plan: HousePlan, group: asyncio.TaskGroup) -> Keeper:
        keeper = Keeper(
            child,
            plan.limits,
            environ=self._environ,
            ready_s_max=plan.ready_s_max,
            drain_s_max=plan.drain_s_max,
            on_ready=self._hear_ready,
            on_given_up=self._hear_given_up,
        )
        self._keepers[child.name] = (keeper, group.create_task(keeper.run(), name=child.name))
        return keeper

    async def _change(self, group: asyncio.TaskGroup) -> None:
        """Makes the running house what the settings say now."""
        try:
            plan = self._read_plan()
        except SettingsError as error:
            log.error("settings refused, the old ones stay", action="reload_refused",
                      reason=error.message, reason_ja=error.message_ja)  # fmt: skip
            return
        log.info("reloading", action="reload")
        wanted = {child.name: child for child in plan.children}
        gone = [
            keeper for name, (keeper, _) in self._keepers.items() if wanted.get(name) != keeper.plan
        ]
        await self._end(gone)
        for keeper, _ in self._keepers.values():
            keeper.limits = plan.limits
            self._given_up.pop(keeper.plan.name, None)
            keeper.reload()
        await self._start(plan, group)

    async def _stop(self) -> None:
        log.info("house stops", action="house_stops")
        for stage in sorted({k.plan.stage for k, _ in self._keepers.values()}, reverse=True):
            await self._end([k for k, _ in self._keepers.values() if k.plan.stage == stage])

    async def _end(self, keepers: Sequence[Keeper]) -> None:
        """Stops these together, in the reverse order of their start, and forgets them."""
        await asyncio.gather(*(keeper.stop() for keeper in reversed(keepers)))
        for keeper in keepers:
            _, task = self._keepers.pop(keeper.plan.name)
            self._given_up.pop(keeper.plan.name, None)
            await task

    def _hear_stop(self) -> None:
        if self._over.is_set():
            for keeper, _ in self._keepers.values():
                keeper.kill()
        self._over.set()

    def _hear_ready(self, keeper: Keeper) -> None:
        """An inventory that was started again has not heard what happened meanwhile."""
        if keeper.plan.is_vital:
            for news in self._given_up.values():
                keeper.tell(news)

    def _hear_given_up(self, keeper: Keeper, news: GivenUp) -> None:
        if keeper.plan.is_vital:
            self._exit = EXIT_GIVEN_UP
            self._over.set()
            return
        self._given_up[keeper.plan.name] = news
        for other, _ in self._keepers.values():
            if other.plan.is_vital:
                other.tell(news)


async def _first(*events: asyncio.Event) -> None:
    """Waits until one of these is set."""
    waits = {asyncio.create_task(event.wait()) for event in events}
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


def main(arguments: Sequence[str] | None = None) -> int:
    """`python -P -m actors.supervisor --config F`: runs the house; the exit code."""
    parser = argparse.ArgumentParser(prog="zaiko run")
    parser.add_argument("--config", type=Path, default=None)
    given = parser.parse_args(arguments)
    try:
        settings = load_settings(find_settings(given.config))
        state = StateDir(settings.state_dir)
        state.claim()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SETTINGS
    # Whoever finds the lock held may send a SIGHUP before the loop can hear one: nothing is lost by
    # that, for the settings are not read for the last time yet.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        lock = HouseLock.take(state.lock)
    except OSError as error:
        sys.stderr.write(f"{_unwritable(state.lock, error)}\n")
        return EXIT_NOT_NOW
    if isinstance(lock, Held):
        sys.stderr.write(f"{_held(settings.state_dir, lock)}\n")
        return EXIT_HELD
    set_up_logs(
        "supervisor",
        state.logs,
        file_bytes_max=settings.log_file_mib * 1024 * 1024,
        files_max=settings.log_files_max,
    )
    try:
        return asyncio.run(Supervisor(lambda: plan_of(_read_again(settings))).run())
    finally:
        lock.release()


def _read_again(first: Settings) -> Settings:
    """The settings as the file has them now. What the lock was taken for cannot change."""
    now = load_settings(first.source)
    if (now.state_dir, now.database) != (first.state_dir, first.database):
        raise SettingsError(
            f"{first.source}: state_dir and database change only when zaiko is restarted.",
            "state_dir と database の変更は zaiko の再起動後に有効になります。",
        )
    return now


def _held(state_dir: Path, held: Held) -> str:
    who = "another process" if held.pid is None else f"process {held.pid}"
    who_ja = "別のプロセス" if held.pid is None else f"プロセス {held.pid}"
    return (
        f"zaiko already runs with {state_dir}: {who} holds it; stop it first. / "
        f"{state_dir} の zaiko は{who_ja}で稼働中です。先に停止してください。"
    )


def _unwritable(file: Path, error: OSError) -> str:
    why = error.strerror or str(error)
    return (
        f"{file} cannot be written ({why}): make room on its disk, or look at its permissions. / "
        f"{file} に書き込めません({why})。ディスクの空きと権限を確かめてください。"
    )


if __name__ == "__main__":
    sys.exit(main())
