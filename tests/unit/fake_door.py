"""An inventory that is none, in a thread: a Door that answers operators' questions by a table."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Raw

from actors.wire import Bulletin, Door
from engine.questions import Answer, Denied, Event

Reply = Callable[[Any], Any]
"""Question -> body, or a Denied of any id, or None for silence."""


class FakeDoor:
    """What came, and what is answered."""

    def __init__(self) -> None:
        self.letters: list[Any] = []
        self.replies: dict[type, Reply] = {}
        self.events: list[Event] = []
        self.serve: Callable[[Any], Any] = self._by_table
        """Question -> Answer or Denied, or None for silence."""

    def on(self, kind: type, body: Any) -> None:
        """Answers questions of this kind with a body, or with what a function makes of them."""
        self.replies[kind] = body if callable(body) else lambda _: body

    def _by_table(self, letter: Any) -> Any:
        reply = self.replies.get(type(letter), _nothing)(letter)
        if reply is None or isinstance(reply, Denied):
            return None if reply is None else msgspec.structs.replace(reply, id=letter.id)
        return Answer(letter.id, Raw(msgspec.msgpack.encode(reply)))

    @property
    def last(self) -> Any:
        return self.letters[-1]


def _nothing(_: Any) -> Any:
    return {}


@contextmanager
def answering(endpoint: str, events: str) -> Iterator[FakeDoor]:
    """Serves until the block ends."""
    fake = FakeDoor()
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    over = asyncio.Event()

    async def serve() -> None:
        door, bulletin = Door(endpoint), Bulletin(events)
        ready.set()
        served = asyncio.create_task(receive(door))
        told = asyncio.create_task(publish(bulletin))
        await over.wait()
        for task in (served, told):
            task.cancel()
        await asyncio.gather(served, told, return_exceptions=True)
        door.close()
        bulletin.close()

    async def receive(door: Door) -> None:
        while True:
            for received in await door.receive(10):
                letter: Any = received.letter
                fake.letters.append(letter)
                reply = fake.serve(letter)
                if reply is not None:
                    door.send(received.sender, reply)

    async def publish(bulletin: Bulletin) -> None:
        while True:
            for event in fake.events:
                bulletin.publish(event)
            await asyncio.sleep(0.02)

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(5)
        loop.close()
