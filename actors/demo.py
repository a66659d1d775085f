"""`zaiko demo`: a pretend merchant on five pretend malls, kept in step on screen or as figures.

    stage (malls, keys, house) -> import, link, prove -> shoppers -> they stop, settle -> report

Needs nothing but the install. With --json it runs headless and prints one JSON object. Exit codes:
0 every line was applied once and every page shows its offer; 1 not so; 3 the stage did not stand.
Ctrl-C ends the shopping and settles, a second one leaves at once; no process is left behind.
"""

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import httpx
import msgspec

from actors.client import EVENTS, Refusal
from actors.demo_report import Report, all_rows, report, wrong_pages
from actors.demo_screen import Screen
from actors.demo_shop import MALLS, PAGES_LINKED, Page, skus_by_page
from actors.demo_shoppers import Shoppers, Tally
from actors.demo_stage import LOOK_S, Stage, StageError
from actors.demo_truth import Truth
from actors.wire import BulletinReader
from config.state import StateDir
from engine.questions import AskImport, AskStatus, StartImport

EXIT_DONE: Final = 0
EXIT_WRONG: Final = 1
EXIT_NO_STAGE: Final = 3
EXIT_INTERRUPTED: Final = 130

PREPARE_S_MAX: Final = 90.0
"""Import, links and the first comparisons must be done by then."""
SETTLE_S_MAX: Final = 60.0
"""After the shoppers have stopped, everything must be level by then."""
LOOK_SHARE: Final = 0.05
"""Looking at the malls' true quantities may take this share of the time: it grows with them."""
SAMPLE_S: Final = 0.1
"""From one look at the true quantities to the next, at least: how fine lags are measured."""
STATUS_S: Final = 1.0
"""From one look at the house's own status to the next."""
ACTOR: Final = "demo"


class Demo:
    """One run."""

    def __init__(self, stage: Stage, screen: Screen, seconds: float | None, seed: int) -> None:
        self._stage = stage
        self._screen = screen
        self._seconds = seconds
        self._seed = seed
        self._over = asyncio.Event()

    def end_shopping(self) -> bool:
        """The first Ctrl-C while there are shoppers; False if there is nothing to settle."""
        is_shopping = bool(self._screen.seen.began_at) and not self._over.is_set()
        self._over.set()
        return is_shopping

    async def run(self) -> Report:
        """The whole play. Raises StageError and Refusal."""
        screen = self._screen
        screen.say("モールを開いています", "opening the malls")
        await self._stage.open()
        async with asyncio.TaskGroup() as group:
            watchers = [
                group.create_task(act)
                for act in (self._watch_events(), self._watch_house(), self._watch_children())
            ]
            screen.say("商品を取り込み、紐づけています", "importing and linking")
            truth = await self._prepare()
            screen.truth = truth
            watchers.append(group.create_task(self._watch_malls(truth)))
            told = await self._perform(truth)
            for watcher in watchers:
                watcher.cancel()
        return told

    async def _prepare(self) -> Truth:
        """Imports every mall and waits until every page is proven."""
        for mall in MALLS:
            await self._import(mall)
        rows: list[dict[str, Any]] = []

        async def is_proven() -> bool:
            rows[:] = await all_rows(self._stage.caller)
            listings = [listing for row in rows for listing in row["listings"]]
            return len(listings) == PAGES_LINKED and all(
                listing["proven_at"] is not None and listing["expected"] == listing["offer"]
                for listing in listings
            )

        if not await _until(is_proven, PREPARE_S_MAX):
            raise StageError("the listings were not proven in time.")
        self._screen.seen.names = {row["sku"]: row["name"] for row in rows}
        return Truth({row["sku"]: row["total"] for row in rows}, skus_by_page(rows))

    async def _import(self, mall: str) -> None:
        ask = self._stage.caller.ask
        view = await ask(partial(StartImport, mall=mall, actor=ACTOR))

        async def is_done() -> bool:
            told = await ask(partial(AskImport, job=view["job"]))
            return bool(told["state"] == "done")

        if not await _until(is_done, PREPARE_S_MAX):
            raise StageError(f"the import of {mall} did not end.")

    async def _perform(self, truth: Truth) -> Report:
        """Shopping, settling, counting."""
        screen = self._screen
        spelling = {
            Page.of(name, row.code, row.sub_code): Page(name, row.code, row.sub_code)
            for name, shelves in (await self._stage.shelves()).items()
            for row in shelves.items
        }
        shoppers = Shoppers(self._stage, truth, spelling, screen.event, self._seed)
        shoppers.tally = screen.tally
        screen.seen.began_at = time.monotonic()
        screen.seen.seconds = self._seconds
        screen.say("お客さまが注文しています", "shoppers are ordering")
        if self._seconds is not None:
            # Not a time-out: an order that a mall has accepted must be told before they stop.
            asyncio.get_running_loop().call_later(self._seconds, self._over.set)
        await shoppers.shop(self._over)
        return await self._settle(truth)

    async def _settle(self, truth: Truth) -> Report:
        self._screen.say("落ち着くのを待っています", "waiting for everything to settle")

        async def is_level() -> bool:
            quantities = await self._stage.quantities()
            rows = await all_rows(self._stage.caller)
            is_counted = {row["sku"]: row["total"] for row in rows} == truth.totals
            return is_counted and wrong_pages(rows, quantities) == 0

        await _until(is_level, SETTLE_S_MAX)
        return await report(self._stage, truth, self._screen.seen.pushes)

    # --- watching -------------------------------------------------------------------------------

    async def _watch_events(self) -> None:
        reader = BulletinReader(StateDir(self._stage.settings.state_dir).endpoint(EVENTS))
        try:
            while True:
                event = await reader.next()
                self._screen.seen.pushes += event.action == "push"
                self._screen.event(
                    event.action, event.mall, event.subject, event.text, event.quantity
                )
        finally:
            reader.close()

    async def _watch_house(self) -> None:
        while True:
            told = await self._stage.caller.ask(AskStatus)
            self._screen.seen.malls = told["malls"]
            self._screen.tick()
            await asyncio.sleep(STATUS_S)

    async def _watch_children(self) -> None:
        raise StageError(await self._stage.fallen())

    async def _watch_malls(self, truth: Truth) -> None:
        """Looks at what the malls truly show, often, but cheaply: that is how lags are measured."""
        seen = self._screen.seen
        before = dict(truth.totals)
        while True:
            began = time.monotonic()
            for name, sandbox in self._stage.sandboxes.items():
                shelves = await sandbox.shelves()
                now = time.monotonic()
                quantities = {
                    Page.of(name, row.code, row.sub_code): row.quantity for row in shelves.items
                }
                for page in truth.pages:
                    if page.mall == name:
                        truth.see(page, quantities[page], now)
                seen.quantities = {**seen.quantities, **quantities}
                seen.calls = {**seen.calls, name: sum(shelves.calls.values())}
            self._screen.touch(sku for sku, total in truth.totals.items() if before[sku] != total)
            before = dict(truth.totals)
            took = time.monotonic() - began
            await asyncio.sleep(max(SAMPLE_S, took / LOOK_SHARE - took))


async def _until(condition: Callable[[], Awaitable[bool]], bound_s: float) -> bool:
    """Asks again until it is so; False if it was not in time."""
    end = time.monotonic() + bound_s
    while not await condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(10 * LOOK_S)
    return True


async def play(seconds: float | None, seed: int, *, is_json: bool) -> Report:
    """The demo from the first process to the last; whatever happens, nothing is left behind."""
    stage = Stage()
    screen = Screen(Tally(), is_quiet=is_json)
    demo = Demo(stage, screen, seconds, seed)
    task = asyncio.current_task()
    assert task is not None
    loop = asyncio.get_running_loop()

    def leave() -> None:
        # Once: the stage is being taken down then, and must be let.
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, lambda: None)
        task.cancel()

    def interrupt() -> None:
        if not demo.end_shopping():
            leave()

    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGTERM, leave)
    try:
        with screen:
            told = await demo.run()
    finally:
        await stage.close()
    if not is_json:
        screen.close_with(told)
    return told


def main(words: Sequence[str] | None = None) -> int:
    """`python -P -m actors.demo [--seconds N] [--json]`; the exit code."""
    parser = argparse.ArgumentParser(prog="zaiko demo")
    parser.add_argument("--seconds", type=float, default=None)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=None, help="the shoppers' dice")
    asked = parser.parse_args(words)
    seed = int(time.time()) if asked.seed is None else asked.seed
    try:
        told = asyncio.run(play(asked.seconds, seed, is_json=asked.json))
    except asyncio.CancelledError:
        return EXIT_INTERRUPTED
    except (StageError, Refusal, OSError, httpx.HTTPError, ExceptionGroup) as error:
        return _refuse(error)
    if asked.json:
        sys.stdout.write(msgspec.json.encode(told).decode() + "\n")
    return EXIT_DONE if told.is_good else EXIT_WRONG


def _refuse(error: Exception) -> int:
    """One sentence about why the stage did not stand; a bug goes on as it is."""
    while isinstance(error, ExceptionGroup):  # a group of tasks wraps what ended it
        error = error.exceptions[0]
    if not isinstance(error, StageError | Refusal | OSError | httpx.HTTPError):
        raise error
    sys.stderr.write(f"The demo could not go on: {error} / デモを続けられません。\n")
    return EXIT_NO_STAGE


if __name__ == "__main__":
    sys.exit(main())
