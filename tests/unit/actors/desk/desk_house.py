"""A desk over a store in memory, and letters as malls and operators write them."""

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from actors.desk.desk import Desk, Incoming
from actors.desk.leases import House
from actors.keys import StoredKey
from actors.store.schema import METADATA
from actors.store.store import Store
from config.settings import MallSettings
from engine.catalogue import CatalogueRow, ListingRef
from engine.messages import (
    PROTOCOL,
    CatalogueRead,
    Hello,
    OutcomeRow,
    Outcomes,
    PollEnded,
    Pull,
    ReadWork,
)
from engine.push_state import ReadingDone
from engine.questions import Answer, StartImport
from malls.registry import card_of

TOKEN = "token-of-this-house"

_SPARE: list[Store] = []
"""Stores that nobody uses: compiling a store's statements takes longer than most tests."""


class Keys:
    """Keys in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredKey] = {}

    def read(self, mall: str) -> StoredKey | None:
        return self.stored.get(mall)

    def rotate(self, mall: str, credentials: Mapping[str, str], version: int) -> bool:
        before = self.stored.get(mall)
        if before is None or before.version != version:
            return False
        self.stored[mall] = msgspec.structs.replace(before, credentials=credentials)
        return True


class DeskHouse:
    """One desk with a clock of its own; senders are named after malls."""

    def __init__(self, store: Store, *kinds: str) -> None:
        self.store = store
        self.keys = Keys()
        self.settings = [MallSettings(name=kind, kind=kind) for kind in kinds]  # type: ignore[arg-type]
        for kind in kinds:
            self.keys.stored[kind] = StoredKey(version=1, changed_at=0.0, credentials={})
        self.now = 1_000_000.0
        self.ids = itertools.count(1)
        self.last_call_id = 0
        self.epoch, self.instance = 1, "one"
        """Of the actor that pulls."""
        self.desk = self.restarted()

    def restarted(self) -> Desk:
        """A desk as a new inventory process would build it."""
        malls = [(mall, card_of(mall.kind, mall.switches)) for mall in self.settings]
        self.desk = Desk(self.store, malls, self.settings[0].name, House(TOKEN, 10.0, self.keys))
        return self.desk

    def ask(self, sender: str, letter: Any) -> Any:
        """Hands in one letter; the reply to it."""
        outgoing = self.desk.serve([Incoming(sender.encode(), letter)], self.now)
        assert not outgoing.bugs, outgoing.bugs
        replies = [one for to, one in outgoing.letters if to == sender.encode() and one.id != 0]
        assert len(replies) == 1, replies
        return replies[0]

    def body(self, letter: Any) -> Any:
        """An operator's question answered; the body."""
        reply = self.ask("operator", letter)
        assert isinstance(reply, Answer), reply
        return msgspec.msgpack.decode(reply.body)

    def hello(self, mall: str, *, instance: str = "one", token: str = TOKEN) -> Any:
        """A hello of a mall's actor."""
        letter = Hello(next(self.ids), PROTOCOL, mall, mall, instance, token, 0.0, 1)
        return self.ask(f"{mall}-{instance}", letter)

    def poll(self, mall: str, instance: str = "one", epoch: int = 1) -> Any:
        """A complete poll and re-read of a mall's orders that ended now."""
        began, self.now = self.now, self.now + 1
        letter = PollEnded(
            next(self.ids), epoch, began, self.now, 0.0, is_recheck=True, is_complete=True
        )
        return self.ask(f"{mall}-{instance}", letter)

    def pull(
        self,
        mall: str,
        *,
        push: bool = False,
        reading: bool = False,
        feed: bool = False,
        manner: str | None = None,
    ) -> Any:
        """What a mall is given to do."""
        letter = Pull(
            next(self.ids), self.epoch, self.now, self.last_call_id, takes_push=push,
            takes_reading=reading, takes_import=False, manner=manner, takes_feed=feed,
        )  # fmt: skip
        work = self.ask(f"{mall}-{self.instance}", letter).work
        for row in getattr(work, "rows", ()):
            self.last_call_id = max(self.last_call_id, row.call_id)
        return work

    def import_rows(self, mall: str, *rows: tuple[str, str]) -> Any:
        """A whole catalogue of (code, sub_code)."""
        job = self.body(StartImport(next(self.ids), mall, "test"))["job"]
        listings = tuple(
            CatalogueRow(ListingRef(code, sub), f"item {code}", sub or code) for code, sub in rows
        )
        letter = CatalogueRead(next(self.ids), 1, job, listings, None, None)
        return self.ask(f"{mall}-one", letter)

    def settle(self, mall: str, **shown: int) -> None:
        """Reads every listing that wants it, and polls until the readings settle."""
        self.settle_work(mall, self.pull(mall, reading=True), **shown)

    def settle_work(self, mall: str, work: Any, **shown: int) -> None:
        """The same for readings that were given out already."""
        assert isinstance(work, ReadWork), work
        start, self.now = self.now, self.now + 1
        rows = tuple(
            OutcomeRow(
                row.listing_id,
                ReadingDone(row.call_id, shown[row.ref.code.replace("-", "_")], start, self.now),
            )
            for row in work.rows
        )
        self.ask(f"{mall}-one", Outcomes(next(self.ids), 1, rows))
        self.now += 100
        self.poll(mall)


@contextmanager
def empty_store() -> Iterator[Store]:
    """A store in memory with nothing in it, that nobody else uses meanwhile."""
    store = _SPARE.pop() if _SPARE else Store(None)
    with store.engine.begin() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
    yield store
    _SPARE.append(store)


@contextmanager
def desk_house(*kinds: str) -> Iterator[DeskHouse]:
    """A house of these malls, the first of them the base mall; nobody has said hello."""
    with empty_store() as store:
        yield DeskHouse(store, *kinds)


@contextmanager
def open_house(*kinds: str) -> Iterator[DeskHouse]:
    """A house whose malls have said hello and polled once."""
    with desk_house(*kinds) as house:
        for kind in kinds:
            house.hello(kind)
            house.poll(kind)
        yield house
