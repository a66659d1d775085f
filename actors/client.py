"""The operator's side: puts questions to the running house and gives back the answers' bodies.

    Caller   one line, asynchronous: a question in, its body out (the demo, the page)
    House    the same for a command, synchronous, page by page (the CLI)

A body is plain JSON-ready data in the shapes of `engine.questions`. A "no" is a `Refusal` with its
exit code and a sentence in Japanese and English; a house that does not run is one of them (4), and
is found out at once: no one listens at the inventory's socket.
"""

import asyncio
import fcntl
import getpass
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from actors.client_doctor import examine
from actors.client_keys import KeyCabinet, child_environment, read_fields
from actors.client_refusal import Refusal
from actors.keys import KEY_BYTES_MAX
from actors.wire import CLIENT_SIDE, BulletinReader, Line, NoAnswer
from config.load import load_settings
from config.search import find_settings
from config.settings import Settings
from config.state import StateDir
from engine.questions import (
    AdjustStock,
    AskConflicts,
    AskErrors,
    AskHistory,
    AskImport,
    AskReflect,
    AskStatus,
    AskStock,
    ClearErrors,
    ControlMall,
    DeleteSkus,
    Denied,
    FromClient,
    KeyChanged,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    SetStock,
    StartImport,
    StartReflect,
    StockFilter,
)

__all__ = [
    "KEY_BYTES_MAX",
    "Caller",
    "House",
    "KeyCabinet",
    "Refusal",
    "StockFilter",
    "announce_key",
    "become",
    "doctor",
    "is_up",
    "open_house",
    "read_fields",
]

INVENTORY: Final = "inventory"
"""The name of the socket that questions go to."""
EVENTS: Final = "events"
"""The name of the socket that live events come from."""
ROWS_PER_PAGE: Final = 500
"""Rows a list asks for at once: memory holds one page, however long the list is."""
STARTING_WAIT_S_MAX: Final = 5.0
"""How long a command waits for a house that is just starting."""
CLEAR_WAIT_S: Final = 60.0
"""`errors clear` asks the mall whether its key works: its answer may take this long."""
ASK_AGAIN_S: Final = 0.3
"""From one look at an import or a reflect to the next."""
IMPORT_STILL_S: Final = 5.0
"""Without a row for so long, `import` looks whether its mall is at work."""
SILENCE_S: Final = 2.0
"""Without an event for so long, `watch` looks whether the house still stands."""
NEXT_TRY_S: Final = 0.05
"""Between two looks at a socket nobody listens at yet."""

Body = Any
"""What msgpack holds: maps, lists, numbers, texts."""


# --- does a house run? --------------------------------------------------------------------------


def is_up(state: StateDir) -> bool:
    """Whether an inventory listens. Local and immediate."""
    path = state.endpoint(INVENTORY).removeprefix("ipc://")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _is_held(lock: Path) -> bool:
    """Whether a supervisor holds the house, though its inventory may be starting."""
    try:
        number = os.open(lock, os.O_RDONLY)
    except OSError:
        return False
    try:
        # Without a process id in it the lock is free, and a supervisor that is about to take it
        # must not find ours.
        if not os.read(number, 32).strip().isdigit():
            return False
        fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(number)
    return False


def find_house(state: StateDir) -> None:
    """Returns when an inventory listens; raises the refusal with exit code 4 when none will."""
    end = time.monotonic() + STARTING_WAIT_S_MAX
    while not is_up(state):
        if not _is_held(state.lock):
            raise Refusal(
                4,
                f"zaiko は稼働していません({state.root})。zaiko run で起動してください。",
                f"No zaiko runs with {state.root}; start it with: zaiko run",
            )
        if time.monotonic() > end:
            raise Refusal(
                4,
                "zaiko は起動中で、まだ応答できません。少し待ってからもう一度お試しください。",
                "zaiko is starting and does not answer yet; try again in a moment.",
            )
        time.sleep(NEXT_TRY_S)


# --- one line -----------------------------------------------------------------------------------


class Caller:
    """One line to the inventory of a running house; made inside a running event loop."""

    def __init__(self, endpoint: str, timeout_s: float) -> None:
        self._line = Line(endpoint, CLIENT_SIDE)
        self._timeout_s = timeout_s

    @classmethod
    def of(cls, settings: Settings) -> "Caller":
        """The line to the house of these settings."""
        state = StateDir(settings.state_dir)
        return cls(state.endpoint(INVENTORY), settings.request_timeout_s)

    async def ask(self, question: Callable[[int], FromClient], timeout_s: float = 0.0) -> Body:
        """The body of the answer; raises Refusal, also when none comes in time."""
        bound_s = max(timeout_s, self._timeout_s)
        try:
            answer = await self._line.ask(question, bound_s)
        except NoAnswer:
            raise Refusal(
                4,
                f"zaiko が {bound_s:g} 秒以内に応答しませんでした。"
                "zaiko status で確かめてからもう一度お試しください。",
                f"zaiko did not answer within {bound_s:g} s; "
                "look at zaiko status before you try again.",
            ) from None
        if isinstance(answer, Denied):
            raise Refusal(answer.exit_code, answer.message, answer.message_en)
        return msgspec.msgpack.decode(answer.body)

    def close(self) -> None:
        """Closes the line."""
        self._line.close()


# --- a command's house --------------------------------------------------------------------------


def open_house(config: Path | None) -> "House":
    """The running house of a settings file. Raises SettingsError, or Refusal where none runs."""
    settings = load_settings(find_settings(config))
    find_house(StateDir(settings.state_dir))
    return House(settings)


class House:
    """What a command asks of a running house. Use it as a context."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._runner = asyncio.Runner()
        self._caller: Caller | None = None
        self._actor = operator()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._caller is not None:
            self._caller.close()
        self._runner.close()

    def _ask(self, question: Callable[[int], FromClient], timeout_s: float = 0.0) -> Body:
        return self._runner.run(self._ask_there(question, timeout_s))

    async def _ask_there(self, question: Callable[[int], FromClient], timeout_s: float) -> Body:
        if self._caller is None:
            self._caller = Caller.of(self.settings)
        return await self._caller.ask(question, timeout_s)

    # --- malls and errors -----------------------------------------------------------------------

    def status(self) -> Body:
        """`status`: StatusView."""
        return self._ask(AskStatus)

    def control(self, mall: str, verb: str) -> Body:
        """`malls pause|resume|poll NAME`: StatusView."""
        return self._ask(lambda number: ControlMall(number, mall, verb, self._actor))

    def errors(self, mall: str | None = None, *, with_cleared: bool = False) -> Body:
        """`errors list`: FaultViews, newest first."""
        return self._ask(lambda number: AskErrors(number, None, mall, with_cleared))

    def error(self, fault_id: int) -> Body:
        """`errors show`: one FaultView."""
        (fault,) = self._ask(lambda number: AskErrors(number, fault_id))
        return fault

    def clear_errors(self, fault_ids: Iterable[int], mall: str | None) -> Body:
        """`errors clear`: ClearedView."""
        chosen = tuple(fault_ids)
        return self._ask(
            lambda number: ClearErrors(number, chosen, mall, self._actor), CLEAR_WAIT_S
        )

    def key_changed(self, mall: str) -> Body:
        """Tells the inventory that a key file was replaced."""
        return self._ask(lambda number: KeyChanged(number, mall))

    # --- catalogue and links --------------------------------------------------------------------

    def imports(self, mall: str) -> Iterator[Body]:
        """`import`: opens or joins the job, then its ImportView now and again until it is done."""
        view = self._ask(lambda number: StartImport(number, mall, self._actor))
        job = int(view["job"])
        yield view
        moved_at = time.monotonic()
        while view["state"] != "done":
            self._runner.run(asyncio.sleep(ASK_AGAIN_S))
            before, view = view, self._ask(lambda number: AskImport(number, job))
            if view["read"] != before["read"]:
                moved_at = time.monotonic()
            elif time.monotonic() - moved_at > IMPORT_STILL_S:
                view["reason"] = view["reason"] or self._why_still(mall)
            yield view

    def _why_still(self, name: str) -> str:
        """Why an import does not begin; raises Refusal where it will not without an operator."""
        (mall,) = (mall for mall in self.status()["malls"] if mall["name"] == name)
        state = mall["state"]
        if state in {"halted", "paused", "stopped"}:
            raise Refusal(
                3,
                f"{name} は連携していないため({state})、取り込みは再開後に始まります。",
                f"{name} is {state}: the import begins by itself once it runs again.",
            )
        return "" if state == "running" else f"{name}: {state}"

    def link_auto(self, mall: str | None) -> Body:
        """`link auto`, all pages: LinkedView."""
        told: dict[str, Any] = {"linked": 0, "unmatched": 0, "conflicts": [], "next": 0}
        while told["next"] is not None:
            after = int(told["next"])
            page = self._ask(partial(LinkAuto, mall=mall, actor=self._actor, after=after))
            told["linked"] += page["linked"]
            told["unmatched"] += page["unmatched"]
            told["conflicts"] += page["conflicts"]
            told["next"] = page["next"]
        return told

    def link_add(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link add`: LinkedView."""
        return self._ask(lambda number: LinkAdd(number, sku, mall, code, sub_code, self._actor))

    def link_remove(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link remove`: LinkedView."""
        return self._ask(lambda number: LinkRemove(number, sku, mall, code, sub_code, self._actor))

    def conflicts(self) -> Body:
        """`link conflicts`: ConflictViews."""
        return self._ask(AskConflicts)

    # --- stock ----------------------------------------------------------------------------------

    def stock(self, chosen: StockFilter, rows_max: int | None = None) -> Iterator[Body]:
        """`stock list`: StockPages, until all rows or `rows_max` of them were given."""
        after: str | None = None
        left = rows_max
        while True:
            limit = ROWS_PER_PAGE if left is None else min(left, ROWS_PER_PAGE)
            page = self._ask(partial(AskStock, filter=chosen, after=after, limit=limit))
            yield page
            after = page["next"]
            left = None if left is None else left - len(page["rows"])
            if after is None or left == 0:
                return

    def stock_row(self, sku: str) -> Body:
        """`stock show`: one StockRowView."""
        rows = self._ask(lambda number: AskStock(number, StockFilter(skus=(sku,)), None, 1))["rows"]
        if not rows:
            raise Refusal(
                2,
                f"SKU {sku} はありません。zaiko stock list で確かめてください。",
                f"There is no SKU {sku}; look it up with: zaiko stock list",
            )
        return rows[0]

    def set_stock(self, sku: str, quantity: int) -> Body:
        """`stock set`: StockRowView."""
        return self._ask(lambda number: SetStock(number, sku, quantity, self._actor))

    def adjust_stock(self, sku: str, delta: int, reason: str) -> Body:
        """`stock adjust`: StockRowView."""
        key = secrets.token_hex(16)
        return self._ask(lambda number: AdjustStock(number, sku, delta, reason, self._actor, key))

    def history(self, sku: str) -> Iterator[Body]:
        """`history`: HistoryRows, oldest first."""
        after: int | None = 0
        while after is not None:
            page = self._ask(partial(AskHistory, sku=sku, after=after, limit=ROWS_PER_PAGE))
            yield from page["rows"]
            after = page["next"]

    def delete(self, skus: Iterable[str]) -> Body:
        """`delete`: {deleted: [...]}."""
        chosen = tuple(skus)
        return self._ask(lambda number: DeleteSkus(number, chosen, self._actor))

    def reflect(
        self, chosen: StockFilter, *, is_all: bool = False, is_dry: bool = False
    ) -> Iterator[Body]:
        """`reflect`: ReflectRows, page by page."""
        after: int | None = 0
        while after is not None:
            page = self._ask(
                partial(
                    StartReflect,
                    filter=chosen,
                    all=is_all,
                    dry_run=is_dry,
                    actor=self._actor,
                    after=after,
                )
            )
            yield from page["rows"]
            after = page["next"]

    def reflected(self, listing_ids: Iterable[int]) -> Body:
        """How far the listings of a reflect have come: ReflectRows (a page of them at most)."""
        chosen = tuple(listing_ids)
        self._runner.run(asyncio.sleep(ASK_AGAIN_S))
        return self._ask(lambda number: AskReflect(number, chosen))["rows"]

    # --- live events ----------------------------------------------------------------------------

    def events(self) -> Iterator[Body]:
        """`watch`: Events as they come, until the house is gone (then the refusal)."""
        state = StateDir(self.settings.state_dir)
        reader = self._runner.run(_reader(state.endpoint(EVENTS)))
        try:
            while True:
                event = self._runner.run(_next(reader))
                if event is not None:
                    yield event
                elif not is_up(state):
                    find_house(state)
        finally:
            self._runner.run(_closed(reader))


async def _reader(endpoint: str) -> BulletinReader:
    return BulletinReader(endpoint)


async def _closed(reader: BulletinReader) -> None:
    reader.close()


async def _next(reader: BulletinReader) -> Mapping[str, Any] | None:
    try:
        event = await asyncio.wait_for(reader.next(), SILENCE_S)
    except TimeoutError:
        return None
    return msgspec.structs.asdict(event)


def operator() -> str:
    """Who does it, as `history` shows it."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):
        return "cli"


# --- beside the questions -----------------------------------------------------------------------


def announce_key(settings: Settings, mall: str) -> bool:
    """Tells a running house that a key was replaced; False where none runs."""
    try:
        find_house(StateDir(settings.state_dir))
    except Refusal:
        return False
    with House(settings) as house:
        house.key_changed(mall)
    return True


def doctor(config: Path | None) -> tuple[int, Body]:
    """(exit code, report): see `client_doctor.examine`."""

    def status(settings: Settings) -> Body:
        find_house(StateDir(settings.state_dir))
        with House(settings) as house:
            return house.status()

    return examine(config, status)


def become(words: list[str]) -> None:
    """Replaces this process by one of our own modules; returns only by failing."""
    command = [sys.executable, "-P", "-m", *words]
    os.execve(sys.executable, command, child_environment())  # noqa: S606  no shell
