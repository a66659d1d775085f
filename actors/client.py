"""The operator's side: puts questions to the running house and gives back the answers' bodies.

    Caller   one line, asynchronous: a question in, its body out (the demo, the page)
    House    the same for a command, synchronous, page by page (the CLI): `house.malls`,
             `house.stock` and so on ask about one subject each, in `client_<subject>.py`

A body is plain JSON-ready data in the shapes of `engine.questions`. A "no" is a `Refusal` with its
exit code and a sentence in Japanese and English; a house that does not run is one of them (4), and
is found out at once: no one listens at the inventory's socket.
"""

import asyncio
import fcntl
import getpass
import os
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from actors.client_asking import Body
from actors.client_doctor import examine
from actors.client_errors import Errors
from actors.client_files import table_rows
from actors.client_keys import KeyCabinet, child_environment, read_fields
from actors.client_links import Links, rule_wish, set_wish
from actors.client_malls import Malls
from actors.client_notify import Channels
from actors.client_offers import Offers, offer_rule
from actors.client_products import FileImport, Products
from actors.client_reflect import Reflects
from actors.client_refusal import Refusal
from actors.client_releases import Releases
from actors.client_sheets import Sheets
from actors.client_stock import Stock
from actors.keys import KEY_BYTES_MAX
from actors.wire import CLIENT_SIDE, BulletinReader, Line, NoAnswer, Unwritable
from config.load import load_settings
from config.search import find_settings
from config.settings import Settings
from config.state import StateDir
from engine.questions import CountedSku, Denied, FromClient, StockFilter

__all__ = [
    "KEY_BYTES_MAX",
    "Caller",
    "Channels",
    "CountedSku",
    "FileImport",
    "House",
    "KeyCabinet",
    "Refusal",
    "StockFilter",
    "announce_key",
    "become",
    "doctor",
    "is_up",
    "key_ends",
    "offer_rule",
    "open_house",
    "read_fields",
    "rule_wish",
    "set_wish",
    "table_rows",
]

INVENTORY: Final = "inventory"
"""The name of the socket that questions go to."""
EVENTS: Final = "events"
"""The name of the socket that live events come from."""
STARTING_WAIT_S_MAX: Final = 5.0
"""How long a command waits for a house that is just starting."""
SILENCE_S: Final = 2.0
"""Without an event for so long, `watch` looks whether the house still stands."""
NEXT_TRY_S: Final = 0.05
"""Between two looks at a socket nobody listens at yet."""


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
        except Unwritable:
            raise Refusal(
                2,
                "読み取れない文字か、大きすぎる数が含まれています。書き直してください。",
                "There is a character that cannot be read or a number that is too large; "
                "write it again.",
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
    """What a command asks of a running house, by subject. Use it as a context."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.actor = operator()
        self.malls = Malls(self)
        self.errors = Errors(self)
        self.products = Products(self)
        self.links = Links(self)
        self.stock = Stock(self)
        self.offers = Offers(self)
        self.reflect = Reflects(self)
        self.releases = Releases(self)
        self.sheets = Sheets(self)
        self._runner = asyncio.Runner()
        self._caller: Caller | None = None

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

    def ask(self, question: Callable[[int], FromClient], timeout_s: float = 0.0) -> Body:
        """The body of the answer; raises Refusal, also when none comes in time."""
        return self._runner.run(self._ask_there(question, timeout_s))

    def rest(self, seconds: float) -> None:
        """Waits before the next question."""
        self._runner.run(asyncio.sleep(seconds))

    async def _ask_there(self, question: Callable[[int], FromClient], timeout_s: float) -> Body:
        if self._caller is None:
            self._caller = Caller.of(self.settings)
        return await self._caller.ask(question, timeout_s)

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
        house.malls.key_changed(mall)
    return True


def key_ends(settings: Settings) -> dict[str, float | None]:
    """When each mall's key ends, as a running house has learnt it; {} where none runs."""
    try:
        find_house(StateDir(settings.state_dir))
        with House(settings) as house:
            malls = house.malls.status()["malls"]
    except Refusal:
        return {}
    return {mall["name"]: mall["key_expires_at"] for mall in malls}


def doctor(config: Path | None) -> tuple[int, Body]:
    """(exit code, report): see `client_doctor.examine`."""

    def status(settings: Settings) -> Body:
        find_house(StateDir(settings.state_dir))
        with House(settings) as house:
            return house.malls.status()

    return examine(config, status)


def become(words: list[str]) -> None:
    """Replaces this process by one of our own modules; returns only by failing."""
    command = [sys.executable, "-P", "-m", *words]
    os.execve(sys.executable, command, child_environment())  # noqa: S606  no shell
