"""The one place that speaks ZeroMQ: Door (ROUTER), Line (DEALER), Bulletin (PUB) and its reader.

The sockets are read through their own file descriptor: one reader callback drains what has come,
which costs a third of a wrapped socket for pipelined letters. The descriptor is edge-triggered, so
every send is followed by a look for letters that came meanwhile. Sockets are local (`ipc://`).
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import msgspec
import zmq
from msgspec import Struct

from engine.messages import (
    ENCODER,
    FromMall,
    ToMall,
)
from engine.questions import (
    Event,
    FromClient,
    ToClient,
)

QUEUE_LETTERS_MAX = 1_000
"""High-water mark of every socket; past it a PUB drops and a ROUTER or DEALER holds back."""
RECONNECT_MS = 10
"""Before a lost connection is tried again, in milliseconds; doubles."""
RECONNECT_MS_MAX = 200
LINE_PENDING_MAX = 64
"""Questions one line may have open; a further one waits."""
LETTER_BYTES_MAX = 8_000_000
"""A longer letter closes its connection (protects memory)."""

FROM_MALL = msgspec.msgpack.Decoder(FromMall)
FROM_CLIENT = msgspec.msgpack.Decoder(FromClient)
TO_MALL = msgspec.msgpack.Decoder(ToMall)
TO_CLIENT = msgspec.msgpack.Decoder(ToClient)
EVENT = msgspec.msgpack.Decoder(Event)

MALL_SIDE = b"M"
CLIENT_SIDE = b"C"


class NoAnswer(Exception):
    """The inventory did not answer within the time given."""


class Unwritable(Exception):
    """A question holds what no letter can: half a character, or a number beyond 64 bits."""


class Received(Struct, frozen=True):
    """One letter at the door."""

    sender: bytes
    side: bytes
    letter: FromMall | FromClient


def _socket(context: zmq.Context[Any], kind: int) -> "zmq.Socket[bytes]":
    socket: zmq.Socket[bytes] = context.socket(kind)
    socket.setsockopt(zmq.LINGER, 0)
    # Whoever starts before the inventory is there, or outlives it, finds it soon.
    socket.setsockopt(zmq.RECONNECT_IVL, RECONNECT_MS)
    socket.setsockopt(zmq.RECONNECT_IVL_MAX, RECONNECT_MS_MAX)
    socket.setsockopt(zmq.SNDHWM, QUEUE_LETTERS_MAX)
    socket.setsockopt(zmq.RCVHWM, QUEUE_LETTERS_MAX)
    socket.setsockopt(zmq.MAXMSGSIZE, LETTER_BYTES_MAX)
    return socket


class _Reader:
    """Calls `drain` whenever letters may have come for a socket."""

    def __init__(self, socket: "zmq.Socket[bytes]", drain: Callable[[], None]) -> None:
        self._socket = socket
        self._drain = drain
        self._loop = asyncio.get_running_loop()
        self._fd = int(socket.getsockopt(zmq.FD))
        self._loop.add_reader(self._fd, self.look)
        self._loop.call_soon(self.look)

    def look(self) -> None:
        """Drains while letters are there; the edge is spent once this returns."""
        while not self._socket.closed and int(self._socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._drain()

    def look_soon(self) -> None:
        """After a send: its own work may have eaten the edge."""
        self._loop.call_soon(self.look)

    def close(self) -> None:
        self._loop.remove_reader(self._fd)
        self._socket.close()


class Door:
    """Where every letter to the inventory arrives. Letters nobody can read are counted, dropped."""

    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = _socket(self._context, zmq.ROUTER)
        self._socket.bind(endpoint)
        self._arrived: list[Received] = []
        self._news = asyncio.Event()
        self._reader = _Reader(self._socket, self._drain)
        self.unreadable = 0

    def _drain(self) -> None:
        frames = self._socket.recv_multipart(zmq.NOBLOCK)
        if len(frames) != 3:
            self.unreadable += 1
            return
        sender, side, payload = frames
        decoder = FROM_MALL if side == MALL_SIDE else FROM_CLIENT
        try:
            letter = decoder.decode(payload)
        except msgspec.DecodeError:
            self.unreadable += 1
            return
        self._arrived.append(Received(sender, side, letter))
        self._news.set()

    async def receive(self, limit: int) -> list[Received]:
        """Everything that waits, at least one letter, at most `limit`."""
        while not self._arrived:
            self._news.clear()
            await self._news.wait()
        batch, self._arrived = self._arrived[:limit], self._arrived[limit:]
        return batch

    def send(self, receiver: bytes, letter: ToMall | ToClient) -> None:
        """Sends without waiting; a receiver that has gone is no error."""
        # A full queue drops the letter: its receiver will ask again, and a wake-up may be lost.
        with contextlib.suppress(zmq.Again):
            self._socket.send_multipart((receiver, ENCODER.encode(letter)), zmq.NOBLOCK)
        self._reader.look_soon()

    def close(self) -> None:
        """Closes the socket; what was not sent is dropped."""
        self._reader.close()
        self._context.term()


def _written(question: Any) -> bytes:
    try:
        return ENCODER.encode(question)
    except (UnicodeEncodeError, OverflowError):
        raise Unwritable from None


class Line:
    """A line to the inventory: questions with ids, and letters nobody asked for."""

    def __init__(
        self, endpoint: str, side: bytes, unasked: Callable[[Any], None] | None = None
    ) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = _socket(self._context, zmq.DEALER)
        # Letters written before the inventory is there wait in the queue and then go out.
        self._socket.connect(endpoint)
        self._side = side
        self._decoder: msgspec.msgpack.Decoder[Any] = TO_MALL if side == MALL_SIDE else TO_CLIENT
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._unasked = unasked
        self._room = asyncio.Semaphore(LINE_PENDING_MAX)
        self._reader = _Reader(self._socket, self._drain)

    def _drain(self) -> None:
        letter = self._decoder.decode(self._socket.recv(zmq.NOBLOCK))
        future = self._waiting.pop(letter.id, None)
        if future is not None:
            if not future.done():
                future.set_result(letter)
        elif letter.id == 0 and self._unasked is not None:
            self._unasked(letter)

    async def ask(self, question: Callable[[int], Any], timeout_s: float) -> Any:
        """Sends question(id) and gives the reply; raises NoAnswer after timeout_s, Unwritable."""
        async with self._room:
            number = next(self._ids)
            future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            self._waiting[number] = future
            try:
                self._socket.send_multipart((self._side, _written(question(number))), zmq.NOBLOCK)
                self._reader.look_soon()
                return await asyncio.wait_for(future, timeout_s)
            except (TimeoutError, zmq.Again):
                raise NoAnswer from None
            finally:
                self._waiting.pop(number, None)

    def close(self) -> None:
        """Closes the line; open questions raise NoAnswer."""
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(NoAnswer())
        self._reader.close()
        self._context.term()


class Bulletin:
    """Publishes events for whoever watches; a slow reader loses some, nobody else is held up."""

    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = _socket(self._context, zmq.PUB)
        self._socket.bind(endpoint)

    def publish(self, event: Event) -> None:
        """Sends one event to all readers."""
        with contextlib.suppress(zmq.Again):  # PUB drops at its bound by design.
            self._socket.send(ENCODER.encode(event), zmq.NOBLOCK)

    def close(self) -> None:
        """Closes the socket."""
        self._socket.close()
        self._context.term()


class BulletinReader:
    """Reads the events of a Bulletin."""

    def __init__(self, endpoint: str) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        self._socket = _socket(self._context, zmq.SUB)
        self._socket.setsockopt(zmq.SUBSCRIBE, b"")
        self._socket.connect(endpoint)
        self._events: asyncio.Queue[Event] = asyncio.Queue(QUEUE_LETTERS_MAX)
        self._reader = _Reader(self._socket, self._drain)

    def _drain(self) -> None:
        event = EVENT.decode(self._socket.recv(zmq.NOBLOCK))
        if not self._events.full():
            self._events.put_nowait(event)

    async def next(self) -> Event:
        """The next event."""
        return await self._events.get()

    def close(self) -> None:
        """Closes the socket."""
        self._reader.close()
        self._context.term()
