"""Serving pretend malls on loopback: the application, the sockets, the stopping.

`running` starts one mall in a thread for tests and the demo; `serve` runs several in the calling
thread until it is told to stop, which is what `python -m sandbox` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from uvicorn.protocols.http.h11_impl import H11Protocol

from sandbox.clock import Clock
from sandbox.gate import Gate
from sandbox.kinds import OPENERS
from sandbox.mall import ConfigValue, Mall
from sandbox.sidedoor import SideDoor

HOST = "127.0.0.1"
BACKLOG = 2_048
KEEP_ALIVE_S = 75  # longer than any polling pause of a caller at work
STOP_S_MAX = 2  # answers still being written get this long
STOP_TICK_S = 0.002
JOIN_S_MAX = 10.0  # a serving thread ends well within this


class _Protocol(H11Protocol):
    """Hands the transport to the application, so that a time-out can drop the connection."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """A server that leaves the signals to its owner and ends when its owner says so."""

    def __init__(self, config: uvicorn.Config, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self._stopping = stopping

    async def main_loop(self) -> None:
        await self._stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # As uvicorn does it, but without its pauses: a test run stops hundreds of malls.
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        end = time.monotonic() + STOP_S_MAX
        while self.server_state.connections or self.server_state.tasks:
            if time.monotonic() > end:
                for task in self.server_state.tasks:
                    task.cancel()
                break
            await asyncio.sleep(STOP_TICK_S)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


@dataclass(slots=True)
class Serving:
    """One mall with its socket."""

    mall: Mall
    listener: socket.socket
    url: str

    def ready_line(self) -> str:
        """Return the JSON line that says where the mall is and how zaiko reaches it."""
        mall = self.mall
        line = {
            "mall": mall.kind,
            "url": self.url,
            **mall.urls(self.url),
            "credentials": dict(mall.credentials()),
            "config": config_table(mall, self.url),
        }
        return json.dumps(line, ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Running:
    """A mall being served by a thread."""

    mall: Mall  # for looking at; change it through the side door only
    url: str
    credentials: Mapping[str, str]
    ready_line: str


def config_table(mall: Mall, url: str) -> str:
    """Return one flat `[[malls]]` table in TOML that points zaiko at this sandbox."""
    speed = mall.shop.clock.speed
    fields: dict[str, ConfigValue] = {
        "name": mall.kind,
        "kind": mall.kind,
        "base_url": url,
        "speed": int(speed) if speed == int(speed) else speed,
        **mall.config(),
    }
    # A JSON string, number or boolean is written the same way in TOML.
    rows = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items()]
    return "\n".join(["[[malls]]", *rows, ""])


def open_mall(kind: str, *, port: int = 0, speed: float = 1.0) -> Serving:
    """Open an empty mall and its socket; raises OSError when the port is taken."""
    mall = OPENERS[kind](Clock(speed))
    # Named as TCP, so that asyncio turns Nagle's algorithm off: a reply goes out in two writes,
    # and the second would wait 40 ms for the caller's delayed acknowledgement.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return Serving(mall, listener, f"http://{HOST}:{listener.getsockname()[1]}")


async def serve_until(stopping: asyncio.Event, malls: Sequence[Serving]) -> None:
    """Serve the malls until `stopping` is set; held connections are dropped then."""
    gates = [Gate(serving.mall, stopping) for serving in malls]
    servers = [
        _server_for(serving.mall, gate, stopping)
        for serving, gate in zip(malls, gates, strict=True)
    ]
    async with asyncio.TaskGroup() as group:
        for server, serving in zip(servers, malls, strict=True):
            group.create_task(server.serve(sockets=[serving.listener]))
    for gate in gates:
        await gate.close()


def serve(malls: Sequence[Serving], announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT; announces each mall's ready line first."""

    async def main() -> None:
        stopping = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stopping.set)
        # The sockets listen already: who reads a line can connect.
        for serving in malls:
            announce(serving.ready_line())
        await serve_until(stopping, malls)

    asyncio.run(main())


@contextlib.contextmanager
def running(kind: str, *, port: int = 0, speed: float = 1.0) -> Iterator[Running]:
    """Serve one mall by a thread of this process while the block runs."""
    serving = open_mall(kind, port=port, speed=speed)
    # Read before the thread starts: from then on the mall belongs to it.
    seen = Running(
        serving.mall, serving.url, dict(serving.mall.credentials()), serving.ready_line()
    )
    stopping = asyncio.Event()
    loop = asyncio.new_event_loop()
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(serve_until(stopping, [serving]))
        except BaseException as failure:  # noqa: BLE001 - raised again by the owner below
            failures.append(failure)

    thread = threading.Thread(target=run, name=f"sandbox-{kind}", daemon=True)
    thread.start()
    try:
        yield seen
    finally:
        with contextlib.suppress(RuntimeError):  # the loop has ended by itself
            loop.call_soon_threadsafe(stopping.set)
        thread.join(JOIN_S_MAX)
        serving.listener.close()
    if failures:
        raise failures[0]


def _server_for(mall: Mall, gate: Gate, stopping: asyncio.Event) -> _Server:
    routes = [*SideDoor(mall).routes(), Mount("/", app=gate)]
    config = uvicorn.Config(
        Starlette(routes=routes),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.ERROR,  # a bug in a handler says so on stderr
        access_log=False,
        server_header=False,
        date_header=False,  # the gate sends the mall's own
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    return _Server(config, stopping)
