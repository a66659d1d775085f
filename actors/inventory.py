"""The inventory actor: the only opener of the database, and where every letter is answered.

    letters at the door --batch--> Desk.serve (one transaction) --commit--> replies, wake-ups
    lists ------------------------> threads with read-only connections ---> replies

Started as `python -P -m actors.inventory --config F`. Decisions are the desk's; this shell owns the
socket, the clock and the process.
"""

import argparse
import asyncio
import contextlib
import functools
import gc
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import structlog
from msgspec import Raw

from actors.desk.answers import Answers, NotThere, Question
from actors.desk.desk import Desk, Incoming, Outgoing
from actors.desk.leases import House
from actors.desk.turn import BODY_ENCODER
from actors.keys import KeyUnreadable, StoredKey, read_key, rotate_key
from actors.parent import News, house_token, say_ready, watch_parent
from actors.store import Engine
from actors.store.database import SchemaError, is_disk_trouble, open_reader
from actors.store.store import Store
from actors.wire import Bulletin, Door
from config.load import load_settings
from config.logs import set_up_logs
from config.search import find_settings
from config.settings import Settings, SettingsError
from config.state import StateDir
from engine.fault_questions import AskErrorSummary, AskNotices
from engine.messages import (
    Drain,
)
from engine.questions import (
    Answer,
    AskConflicts,
    AskErrors,
    AskHistory,
    AskImport,
    AskImportChanges,
    AskMalls,
    AskOffer,
    AskOfferChange,
    AskOffers,
    AskReflectJobs,
    AskRules,
    AskRuleTest,
    AskSets,
    AskSettings,
    AskShadow,
    AskStatus,
    AskStock,
    AskTotal,
    AskWaiting,
    Denied,
)
from malls.registry import card_of

INVENTORY: Final = "inventory"
"""Short name of the local socket letters go to."""
EVENTS: Final = "events"
"""Short name of the local socket live events come from."""
TICK_S: Final = 1.0
"""How often what only time brings is looked for, and the write-ahead log is written back."""
WALK_REST_S: Final = 0.01
"""Between two pages of an operator's file or reflect: what arrived meanwhile is served."""
READERS: Final = 2
"""Threads that answer lists."""
READS_WAITING_MAX: Final = 100
"""Lists that may wait for a thread; a further one is refused."""

LISTS = (
    AskStatus,
    AskMalls,
    AskErrors,
    AskErrorSummary,
    AskNotices,
    AskConflicts,
    AskSets,
    AskRules,
    AskRuleTest,
    AskStock,
    AskHistory,
    AskTotal,
    AskImport,
    AskWaiting,
    AskShadow,
    AskImportChanges,
    AskSettings,
    AskOffers,
    AskOffer,
    AskOfferChange,
    AskReflectJobs,
)

UNLOGGED: Final = frozenset({"order", "push", "settled"})
"""Events of single listings: the lanes log them by the call, one line a unit of work."""

LOG = structlog.get_logger()


class KeyFolder:
    """The credentials in `state_dir/keys`."""

    def __init__(self, state: StateDir) -> None:
        self._state = state

    def read(self, mall: str) -> StoredKey | None:
        """The stored key; a file that is none is as good as none, and is told of."""
        try:
            return read_key(self._state.key_file(mall))
        except KeyUnreadable as error:
            LOG.error("key unreadable", action="key_unreadable", mall=mall, reason=str(error))
            return None

    def rotate(self, mall: str, credentials: Mapping[str, str], version: int) -> bool:
        """Stores durably what the mall rotated."""
        return rotate_key(self._state.key_file(mall), credentials, version)


def database_path(settings: Settings) -> Path:
    """The embedded database's file."""
    return Path(settings.database.removeprefix("sqlite:///"))


class Inventory:
    """One running inventory actor."""

    def __init__(self, settings: Settings, state: StateDir) -> None:
        self._settings = settings
        path = database_path(settings)
        self._store = Store(path, settings.database_cache_mib * 1024)
        house = House(house_token(), settings.lease_fresh_s, KeyFolder(state))
        malls = [(mall, card_of(mall.kind, mall.switches)) for mall in settings.malls]
        self.desk = Desk(self._store, malls, settings.base_mall, house)
        self._reader: Engine = open_reader(path)
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._reads = 0
        self._door = Door(state.endpoint(INVENTORY))
        self._bulletin = Bulletin(state.endpoint(EVENTS))
        self._is_leaving = asyncio.Event()
        self._left = asyncio.Event()
        """Set when every mall has said goodbye."""
        self._has_served = False
        """Letters were served since the write-ahead log was last moved into the database."""
        self._tasks: set[asyncio.Task[None]] = set()

    # --- letters ------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serves until `leave`."""
        say_ready()
        LOG.info("inventory up", action="inventory_up", malls=len(self.desk.accounts))
        async with asyncio.TaskGroup() as group:
            serving = group.create_task(self._serve())
            ticking = group.create_task(self._tick())
            walking = group.create_task(self._walk())
            await self._is_leaving.wait()
            await self._drain()
            serving.cancel()
            ticking.cancel()
            walking.cancel()
        self._close()

    def leave(self) -> None:
        """Stops taking; the malls are told to finish."""
        self._is_leaving.set()

    def reload(self) -> None:
        """SIGHUP: other malls and other terms; settings that are refused change nothing."""
        try:
            settings = load_settings(self._settings.source)
        except SettingsError as error:
            LOG.error("settings refused", action="reload_refused", reason=str(error))
            return
        self.desk.reload([(mall, card_of(mall.kind, mall.switches)) for mall in settings.malls])
        LOG.info("settings taken over", action="reloaded", malls=len(settings.malls))

    async def _serve(self) -> None:
        limit = self._settings.commit_messages_max
        while True:
            arrived = await self._door.receive(limit)
            batch = []
            for one in arrived:
                if isinstance(one.letter, LISTS):
                    self._read(one.sender, one.letter)
                else:
                    batch.append(Incoming(one.sender, one.letter))
            if batch:
                self._has_served = True
                self._send(self.desk.serve(batch, time.time()))
                if self._is_leaving.is_set() and self.desk.is_deserted:
                    self._left.set()
            # Lists and signals get a turn even while letters never stop.
            await asyncio.sleep(0)

    def _send(self, outgoing: Outgoing) -> None:
        for receiver, letter in outgoing.letters:
            self._door.send(receiver, letter)
        for event in outgoing.events:
            self._bulletin.publish(event)
            if event.action in UNLOGGED:
                continue
            LOG.info(
                event.text_en,
                action=event.action,
                mall=event.mall,
                subject=event.subject,
                quantity=event.quantity,
            )
        for name, error in outgoing.bugs:
            if is_disk_trouble(error):
                LOG.error("the disk takes nothing", action="disk", letter=name, reason=str(error))
            else:
                LOG.error("a letter failed", action="bug", letter=name, exc_info=error)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._send(self.desk.tick(time.time()))
            if self._has_served:
                self._has_served = False
                # Beside the writer, so that hardly any is left to do inside an order's commit.
                await asyncio.to_thread(self._store.checkpoint)

    async def _walk(self) -> None:
        """Walks operators' files and reflects page by page; letters that wait go first."""
        while True:
            outgoing, is_more = self.desk.walk(time.time())
            self._send(outgoing)
            self._has_served = self._has_served or is_more
            await asyncio.sleep(WALK_REST_S if is_more else TICK_S)

    def hear(self, news: News) -> None:
        """The supervisor gave up on a child."""
        self._send(self.desk.given_up(news.child, news.restarts, time.time()))

    # --- lists --------------------------------------------------------------------------------

    def _read(self, sender: bytes, question: Question) -> None:
        if self._reads >= READS_WAITING_MAX:
            sentences = ("混み合っています。もう一度お試しください。", "Busy; try again.")
            self._door.send(sender, Denied(question.id, 3, *sentences))
            return
        self._reads += 1
        task = asyncio.create_task(self._answer(sender, question))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, sender: bytes, question: Question) -> None:
        loop = asyncio.get_running_loop()
        try:
            letter = await loop.run_in_executor(
                self._threads, look_up, self._reader, self.desk.answers, question, time.time()
            )
        except Exception as error:  # a bug: told, and its question refused
            LOG.error("a list failed", action="bug", exc_info=error)
            letter = Denied(
                question.id, 1, "内部エラーが起きました。", "An internal error happened."
            )
        finally:
            self._reads -= 1
        self._door.send(sender, letter)

    # --- leaving ------------------------------------------------------------------------------

    async def _drain(self) -> None:
        """Tells the malls, and waits for their goodbyes within a bound."""
        malls = [row for row in self.desk.accounts.values() if row.sender is not None]
        if not malls:
            return
        for account in malls:
            if account.sender is not None:
                self._door.send(account.sender, Drain(0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s_max / 2):
                await self._left.wait()
        LOG.info("inventory down", action="inventory_down")

    def _close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._door.close()
        self._bulletin.close()
        self._reader.dispose()
        self._store.checkpoint()
        self._store.close()


def look_up(reader: Engine, answers: Answers, question: Question, now: float) -> Answer | Denied:
    """One list, in a thread of its own, from one read-only snapshot."""
    with reader.begin() as connection:
        try:
            body = answers.answer(connection, question, now)
        except NotThere as missing:
            return Denied(question.id, 2, *missing.sentences)
    return Answer(question.id, Raw(BODY_ENCODER.encode(body)))


async def serve(settings: Settings, state: StateDir) -> None:
    """Runs the actor in this process until SIGTERM."""
    inventory = Inventory(settings, state)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, inventory.leave)
    loop.add_signal_handler(signal.SIGHUP, inventory.reload)
    watch_parent(functools.partial(_hand_over, loop, inventory))
    # What is there now stays: a collection that looked at all of it would hold up a commit.
    gc.freeze()
    await inventory.run()


def _hand_over(loop: asyncio.AbstractEventLoop, inventory: Inventory, news: News) -> None:
    """Called from the thread that listens to the parent."""
    loop.call_soon_threadsafe(inventory.hear, news)


def main(arguments: Sequence[str] | None = None) -> int:
    """The process; its exit code."""
    parser = argparse.ArgumentParser(prog="inventory")
    parser.add_argument("--config", type=Path)
    told = parser.parse_args(arguments)
    try:
        settings = load_settings(find_settings(told.config))
        state = StateDir(settings.state_dir)
        state.claim()
        set_up_logs(
            "inventory",
            state.logs,
            file_bytes_max=settings.log_file_mib * 1024 * 1024,
            files_max=settings.log_files_max,
        )
        asyncio.run(serve(settings, state))
    except (SettingsError, SchemaError) as error:
        print(error, file=sys.stderr)  # noqa: T201  the operator started it by hand
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
