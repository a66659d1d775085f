"""The notifier: tells operators what opened and what is over, in a process of its own.

    inventory <--AskNotices-- watch --engine.notices--> digest --thread--> actors.channel_post
                                |                          |
                                +------ notices.json <-----+   what each channel was told

Started as `python -P -m actors.notifier --config F` by the supervisor when a channel is stored. It
reads fault records and nothing else, and nobody waits for it: a service that hangs, or the memory
of the library that speaks to it, touches neither the inventory nor a mall.
"""

import argparse
import asyncio
import signal
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog

from actors.channel_post import NoSuchService, Post
from actors.channels import chosen_channels
from actors.keys import KeyUnreadable
from actors.notice_memory import NoticeMemory, read_memory, write_memory
from actors.parent import say_ready, watch_parent
from actors.wire import CLIENT_SIDE, Line, NoAnswer
from config.load import load_settings
from config.logs import set_up_logs
from config.search import find_settings
from config.settings import Settings, SettingsError
from config.state import StateDir
from engine.fault_questions import AskNotices, NoticesView
from engine.faults import Level
from engine.notice_text import message_of
from engine.notices import (
    WATCHED_MAX,
    ChannelMemory,
    Digest,
    NoticeView,
    delivered,
    digest_due,
    failed,
    forget,
    is_done,
    newest,
)
from engine.questions import Answer

INVENTORY: Final = "inventory"
"""The name of the inventory's socket."""
LOOK_S: Final = 1.0
"""From one look at the fault records to the next."""
LEAVE_S_MAX: Final = 5.0
"""How long a message under way may hold up the end; it is repeated at the next start if it does."""
EXIT_SETTINGS: Final = 2
NO_SERVICE: Final = "no-service"
"""Why a message was not delivered: its channel's address is none."""

LOG = structlog.get_logger()


class Notifier:
    """One running notifier."""

    def __init__(self, settings: Settings, state: StateDir) -> None:
        self._settings = settings
        self._terms = settings.notice_terms
        self._state = state
        self._memory: NoticeMemory = read_memory(state.notices)
        self._saved = b""
        self._faults: dict[int, NoticeView] = {}
        """The watched records as last seen."""
        self._posts: dict[str, tuple[str, Post]] = {}
        """By channel: the address and what delivers to it."""
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._over = asyncio.Event()
        self._is_deaf = False
        """The stored channels could not be read; told once."""

    def leave(self) -> None:
        """Takes nothing more and ends."""
        self._over.set()

    def reload(self) -> None:
        """SIGHUP: other terms; settings that are refused change nothing."""
        try:
            self._settings = load_settings(self._settings.source)
        except SettingsError as error:
            LOG.error("settings refused", action="reload_refused", reason=str(error))
            return
        self._terms = self._settings.notice_terms

    async def run(self) -> None:
        """Looks and tells until `leave`."""
        line = Line(self._state.endpoint(INVENTORY), CLIENT_SIDE)
        say_ready()
        LOG.info("notifier up", action="notifier_up")
        try:
            while not self._over.is_set():
                await self._look(line)
                try:
                    await asyncio.wait_for(self._over.wait(), LOOK_S)
                except TimeoutError:
                    continue
            if self._sending:
                await asyncio.wait(self._sending.values(), timeout=LEAVE_S_MAX)
        finally:
            line.close()
        LOG.info("notifier down", action="notifier_down")

    # --- looking ------------------------------------------------------------------------------

    async def _look(self, line: Line) -> None:
        channels = self._channels()
        now = time.time()
        self._meet(channels, now)
        if not channels:
            return
        seen = await self._ask(line)
        if seen is None:
            return
        self._admit(seen)
        faults = newest(list(self._faults.values()))
        for name, address in channels.items():
            memory = self._memory.channels[name]
            if name in self._sending:
                continue
            digest = digest_due(faults, memory, self._terms, now)
            if digest is not None:
                task = asyncio.create_task(self._tell(name, address, memory, digest))
                self._sending[name] = task
                task.add_done_callback(partial(self._told, name))
            forget(memory, faults, self._terms, now)
        self._drop_done(faults)
        self._save()

    def _channels(self) -> dict[str, str]:
        try:
            channels = chosen_channels(self._state.channels, self._settings)
        except (KeyUnreadable, OSError) as error:
            if not self._is_deaf:
                LOG.error("channels unreadable", action="channels_unreadable", reason=str(error))
            self._is_deaf = True
            return {}
        self._is_deaf = False
        return channels

    def _meet(self, channels: dict[str, str], now: float) -> None:
        """Channels that are new begin now; those that are gone are forgotten."""
        memory = self._memory
        kept = {name: memory.channels[name] for name in channels if name in memory.channels}
        new = {name: ChannelMemory(since=now) for name in channels if name not in kept}
        memory.channels = kept | new
        if memory.level != self._terms.level:
            # Other faults count now: all that are open are looked at again, what is over is not.
            memory.level, memory.cursor = self._terms.level, 0
            for channel in memory.channels.values():
                channel.since = now

    async def _ask(self, line: Line) -> NoticesView | None:
        """The records that are new and those that are watched; None while nobody answers."""
        memory = self._memory
        question = partial(
            AskNotices,
            after=memory.cursor,
            watched=tuple(memory.watched),
            with_transient=memory.level == Level.TRANSIENT,
        )
        try:
            reply: Any = await line.ask(question, self._settings.request_timeout_s)
        except NoAnswer:
            return None
        if not isinstance(reply, Answer):
            return None
        return msgspec.msgpack.decode(reply.body, type=NoticesView)

    def _admit(self, seen: NoticesView) -> None:
        """Takes up what came; of light ones beyond the bound only the number is kept."""
        memory = self._memory
        self._faults = {row.id: row for row in seen.watched}
        channels = list(memory.channels.values())
        for row in seen.new:
            if is_done(row, channels, self._terms):
                continue
            if len(self._faults) < WATCHED_MAX or row.level == Level.CREDENTIALS:
                self._faults[row.id] = row
            elif row.is_heavy or memory.level == Level.TRANSIENT:
                for channel in channels:
                    channel.passed += 1
        memory.cursor = seen.reached
        memory.watched = sorted(self._faults)

    def _drop_done(self, faults: dict[str, NoticeView]) -> None:
        """An older record of a trouble is done with by the newest; so is what all were told."""
        channels = list(self._memory.channels.values())
        self._faults = {
            fault.id: fault
            for fault in faults.values()
            if not is_done(fault, channels, self._terms)
        }
        self._memory.watched = sorted(self._faults)

    # --- telling ------------------------------------------------------------------------------

    async def _tell(self, name: str, address: str, memory: ChannelMemory, digest: Digest) -> None:
        until = digest.gathers_until
        clock = "" if until is None else time.strftime("%H:%M", time.localtime(until))
        reason = await self._deliver(name, address, message_of(digest, clock))
        if reason:
            if not memory.failures:
                LOG.warning("channel down", action="channel_down", channel=name, reason=reason)
            failed(memory, reason, time.time())
            return
        if memory.failures:
            LOG.info("channel back", action="channel_back", channel=name)
        delivered(memory, digest, time.time())
        LOG.info("told", action="notice", channel=name, news=len(digest.news) + digest.passed)

    async def _deliver(self, name: str, address: str, message: tuple[str, str]) -> str:
        known, post = self._posts.get(name, ("", None))
        if post is None or known != address:
            try:
                post = Post(address)
            except NoSuchService:
                return NO_SERVICE
            self._posts[name] = (address, post)
        return await _in_thread(post, message)

    def _told(self, name: str, task: asyncio.Task[None]) -> None:
        """A message has come to its end: what was told is kept before anything else is done."""
        self._sending.pop(name, None)
        if not task.cancelled():
            task.result()
        self._save()

    def _save(self) -> None:
        content = msgspec.json.encode(self._memory)
        if content != self._saved:
            write_memory(self._state.notices, content)
            self._saved = content


async def _in_thread(post: Post, message: tuple[str, str]) -> str:
    """Delivers in a thread that does not hold up the end of the process."""
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[str] = loop.create_future()

    def settle(reason: str) -> None:
        if not outcome.done():
            outcome.set_result(reason)

    def work() -> None:
        try:
            reason = post.deliver(*message)
        except Exception as error:  # noqa: BLE001  the library's own failure: its words are not kept
            reason = type(error).__name__
        loop.call_soon_threadsafe(settle, reason)

    threading.Thread(target=work, name="delivery", daemon=True).start()
    return await outcome


async def serve(settings: Settings, state: StateDir) -> None:
    """Runs the notifier in this process until SIGTERM."""
    notifier = Notifier(settings, state)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, notifier.leave)
    loop.add_signal_handler(signal.SIGHUP, notifier.reload)
    await notifier.run()


def main(words: Sequence[str] | None = None) -> int:
    """The process; its exit code."""
    parser = argparse.ArgumentParser(prog="notifier")
    parser.add_argument("--config", type=Path)
    told = parser.parse_args(words)
    watch_parent()
    try:
        settings = load_settings(find_settings(told.config))
        state = StateDir(settings.state_dir)
        state.claim()
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return EXIT_SETTINGS
    set_up_logs(
        "notifier",
        state.logs,
        file_bytes_max=settings.log_file_mib * 1024 * 1024,
        files_max=settings.log_files_max,
    )
    asyncio.run(serve(settings, state))
    return 0


if __name__ == "__main__":
    sys.exit(main())
