"""The demo's stage: five pretend malls and a house in a temporary directory, always torn down.

Every process is a child that dies with this one (`actors.demo_child`), in a group of its own so
that Ctrl-C reaches the demo alone. The pretend malls share one of them: they are not what is shown,
and a process each would take the machine's memory from the house's own.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct

from actors.client import Caller, is_up
from actors.client_keys import child_environment
from actors.demo_shop import MALLS, RAKUTEN, Page, items_of
from actors.keys import store_key
from actors.parent import PARENT_FD
from config.load import load_settings
from config.settings import Settings
from config.state import StateDir

SPEED: Final = 60
"""How many times faster the pretend malls live."""
START_S_MAX: Final = 60.0
"""How long a process of the demo may take to start."""
STOP_S_MAX: Final = 20.0
"""How long it may take to stop before it is killed."""
CALL_S_MAX: Final = 10.0
"""How long a call through a side door may take."""
LOOK_S: Final = 0.05
"""Between two looks at something that is awaited."""
TOLD_BYTES_MAX: Final = 2_000
"""What is shown of the log of a process that failed."""
LINE_BYTES_MAX: Final = 1_000_000
"""A longer ready line of a pretend mall is none."""
TEMPO: Final = """\
poll_interval_s = 3
reread_interval_s = 5
compare_interval_s = 30
breaker_window_s = 60
"""


class StageError(Exception):
    """The demo cannot be shown: one sentence says why."""


class Row(Struct, frozen=True):
    """What is looked at of a mall's item."""

    code: str
    sub_code: str
    quantity: int


class Line(Struct, frozen=True):
    """One line of an order."""

    code: str
    sub_code: str
    quantity: int


class Order(Struct, frozen=True):
    """What is looked at of a mall's order."""

    order_id: str
    status: str
    lines: tuple[Line, ...]


class Shelves(Struct, frozen=True):
    """A mall's true quantities and its calls; its orders are skipped unread."""

    items: tuple[Row, ...]
    calls: Mapping[str, int]


class Books(Struct, frozen=True):
    """A mall's true orders."""

    orders: tuple[Order, ...]


SHELVES: Final = msgspec.json.Decoder(Shelves)
BOOKS: Final = msgspec.json.Decoder(Books)


class Sandbox:
    """One pretend mall and its side door."""

    def __init__(self, line: Mapping[str, Any]) -> None:
        self.name: str = line["mall"]
        self.credentials: Mapping[str, str] = line["credentials"]
        self.config: str = line["config"]
        self._http = httpx.AsyncClient(
            base_url=f"{line['url']}/_sandbox/", timeout=CALL_S_MAX, trust_env=False
        )

    async def post(self, path: str, body: object) -> httpx.Response:
        """One call through the side door; any answer is returned."""
        return await self._http.post(path, json=body)

    async def shelves(self) -> Shelves:
        """The true quantities now."""
        return SHELVES.decode((await self._http.get("state")).content)

    async def books(self) -> Books:
        """The true orders now."""
        return BOOKS.decode((await self._http.get("state")).content)

    async def close(self) -> None:
        """Closes the line."""
        await self._http.aclose()


class Process:
    """A child of the demo."""

    def __init__(self, child: asyncio.subprocess.Process, parent_end: int, log: Path) -> None:
        self.child = child
        self._parent_end = parent_end
        self._log = log

    @classmethod
    async def start(cls, words: Sequence[str], log: Path) -> "Process":
        """Starts a module of ours; what it says on stderr goes to `log`."""
        child_end, parent_end = os.pipe()
        try:
            with log.open("wb") as opened:
                child = await asyncio.create_subprocess_exec(
                    sys.executable, "-P", "-m", "actors.demo_child", *words,
                    env={**child_environment(), PARENT_FD: str(child_end)},
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=asyncio.subprocess.PIPE,
                    stderr=opened,
                    pass_fds=(child_end,),
                    process_group=0,
                    limit=LINE_BYTES_MAX,
                )  # fmt: skip
        except BaseException:
            os.close(parent_end)
            raise
        finally:
            os.close(child_end)
        return cls(child, parent_end, log)

    async def next_line(self) -> bytes:
        """The next line it says while it starts."""
        assert self.child.stdout is not None
        async with asyncio.timeout(START_S_MAX):
            line = await self.child.stdout.readline()
        if not line:
            raise StageError(self.last_words())
        return line

    def last_words(self) -> str:
        """The end of its log, for a sentence about why it failed."""
        with contextlib.suppress(OSError):
            text = self._log.read_bytes()[-TOLD_BYTES_MAX:].decode("utf-8", "replace").strip()
            return f"it ended: {text.splitlines()[-1]}" if text else "it ended."
        return "it ended."

    async def stop(self) -> None:
        """SIGTERM, a bounded wait, SIGKILL."""
        if self.child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.child.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.child.wait(), STOP_S_MAX)
            except TimeoutError:
                self.child.kill()
                await self.child.wait()
        with contextlib.suppress(OSError):
            os.close(self._parent_end)


class Stage:
    """Everything the demo starts. `open` may fail half way: `close` takes down what there is."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="zaiko-demo-"))
        self.sandboxes: dict[str, Sandbox] = {}
        self._processes: list[Process] = []
        self._caller: Caller | None = None
        self._settings: Settings | None = None

    async def open(self) -> None:
        """Malls, settings, keys, house. Raises StageError."""
        await self._open_malls()
        settings = self._write_settings()
        state = StateDir(settings.state_dir)
        state.claim()
        for name, sandbox in self.sandboxes.items():
            store_key(state.key_file(name), sandbox.credentials, time.time())
        words = ["actors.supervisor", "--config", str(settings.source)]
        house = await self._start(words, "house")
        await until(lambda: is_up(state) or house.child.returncode is not None, START_S_MAX)
        if not is_up(state):
            raise StageError(house.last_words())
        self._settings = settings
        self._caller = Caller.of(settings)

    async def _start(self, words: Sequence[str], name: str) -> Process:
        process = await Process.start(words, self.directory / f"{name}.log")
        self._processes.append(process)
        return process

    async def _open_malls(self) -> None:
        process = await self._start(["sandbox", "all", "--speed", str(SPEED)], "malls")
        for _ in MALLS:
            sandbox = Sandbox(msgspec.json.decode(await process.next_line()))
            self.sandboxes[sandbox.name] = sandbox
        for name, sandbox in self.sandboxes.items():
            reply = await sandbox.post("items", items_of(name))
            reply.raise_for_status()

    def _write_settings(self) -> Settings:
        file = self.directory / "zaiko.toml"
        tables = "".join(self.sandboxes[kind].config for kind in MALLS)
        head = f'state_dir = "state"\nbase_mall = "{RAKUTEN}"\n{TEMPO}'
        file.write_text(head + tables, encoding="utf-8")
        return load_settings(file)

    @property
    def caller(self) -> Caller:
        """The line to the house."""
        assert self._caller is not None, "the stage is open"
        return self._caller

    @property
    def settings(self) -> Settings:
        """The house's settings."""
        assert self._settings is not None, "the stage is open"
        return self._settings

    async def fallen(self) -> str:
        """Waits until a process of it ends: why the demo cannot go on then."""
        waits = {asyncio.create_task(one.child.wait()): one for one in self._processes}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return waits[done.pop()].last_words()

    async def quantities(self) -> dict[Page, int]:
        """What every page truly shows."""
        return {
            Page.of(name, row.code, row.sub_code): row.quantity
            for name, shelves in (await self.shelves()).items()
            for row in shelves.items
        }

    async def shelves(self) -> dict[str, Shelves]:
        """Every mall's shelves."""
        names = list(self.sandboxes)
        read = await asyncio.gather(*(self.sandboxes[name].shelves() for name in names))
        return dict(zip(names, read, strict=True))

    async def close(self) -> None:
        """Takes everything down in the reverse order; nothing is left."""
        if self._caller is not None:
            self._caller.close()
        for sandbox in self.sandboxes.values():
            await sandbox.close()
        for process in reversed(self._processes):
            await process.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


async def until(condition: Callable[[], object], bound_s: float) -> bool:
    """Waits for a condition; False if it did not come in time."""
    end = time.monotonic() + bound_s
    while not condition():
        if time.monotonic() > end:
            return False
        await asyncio.sleep(LOOK_S)
    return True
