"""A real desk behind a real door, in process, and the command line that talks to it.

    cli.main --> actors.client --> letter (bytes, a socket) --> Desk.serve or look_up --> database

Two malls are linked, some totals are open, one is not. `rewind` puts everything back.
"""

import contextlib
import io
import os
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from sqlalchemy import text

import cli
from actors.desk.desk import Incoming
from actors.inventory import LISTS, look_up
from actors.store.database import open_reader
from actors.store.store import Store
from config.state import StateDir
from engine.questions import Answer, Denied
from tests.unit.actors.desk.desk_house import DeskHouse
from tests.unit.fake_door import answering

SETTINGS: Final = """\
state_dir = "state"
base_mall = "rakuten"
request_timeout_s = 5
[[malls]]
name = "rakuten"
kind = "rakuten"
[[malls]]
name = "yahoo"
kind = "yahoo"
"""
NOW: Final = 1_000_000.0
OPEN: Final = {"TEE": 20, "cap": 0, "-5": 7, "--json": 3, "帽子🎩": 12, "１２": 4}
"""Totals at the start. Some codes look like options and numbers."""
UNOPENED: Final = "later"
"""A SKU whose opening reading has not settled."""
FREE: Final = "solo"
"""A listing of yahoo that nothing is linked to."""
TABLES: Final = {
    "totals": "SELECT code, total FROM sku ORDER BY code",
    "skus": "SELECT id, code, folded, name, jan, started_at, opened_end, counted_at FROM sku",
    "movements": "SELECT * FROM movement ORDER BY seq",
    "links": "SELECT listing_id, sku_id, mall_id, units FROM link ORDER BY listing_id, sku_id",
    "offers": "SELECT * FROM offer_rule ORDER BY id",
    "rules": "SELECT id, mall_id, position, fields, separator, base_fields, base_separator, folds "
    "FROM link_rule WHERE NOT is_removed ORDER BY id",
    "ticks": "SELECT mall_id, ref, is_synced FROM listing ORDER BY mall_id, ref",
    "settings": "SELECT mall_id, ref, overdraft, lead_time_days, restock_date FROM listing "
    "ORDER BY mall_id, ref",
}  # fmt: skip
Rows = dict[str, list[tuple[Any, ...]]]


class Told(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


class DeskDoor:
    """The desk's house, its files, and commands run against it."""

    def __init__(self, directory: Path, house: DeskHouse) -> None:
        self.directory = directory
        self.house = house
        self.bugs: list[Any] = []
        assert house.store.path is not None
        self._reader = open_reader(house.store.path)
        self._template = sqlite3.connect(":memory:", check_same_thread=False)
        self._raw: sqlite3.Connection = house.store._writer.connection.driver_connection  # type: ignore[assignment]
        self._raw.backup(self._template)
        self._began = house.now
        self.rewind()

    def rewind(self) -> None:
        """Database, clock, desk and working directory as they were at first."""
        self._template.backup(self._raw)
        self.house.now = self._began
        self.house.restarted()
        for left in Path.cwd().iterdir():
            left.unlink()
        self.bugs.clear()

    def serve(self, letter: Any) -> Answer | Denied:
        """What the inventory does with an operator's letter."""
        if isinstance(letter, LISTS):
            try:
                return look_up(self._reader, self.house.desk.answers, letter, self.house.now)
            except Exception as error:  # noqa: BLE001  as the inventory does
                self.bugs.append((type(letter).__name__, error))
                return Denied(letter.id, 1, "", "")
        outgoing = self.house.desk.serve([Incoming(b"operator", letter)], self.house.now)
        self.bugs += outgoing.bugs
        has_more = True
        while has_more:
            # A file that is being applied goes on by itself, page by page.
            walked, has_more = self.house.desk.walk(self.house.now)
            self.bugs += walked.bugs
        (reply,) = [one for to, one in outgoing.letters if to == b"operator" and one.id != 0]
        assert isinstance(reply, Answer | Denied)
        return reply

    def rows(self) -> Rows:
        """Everything that an operator's command could harm, as it is committed."""
        with self._reader.begin() as connection:
            return {
                name: [tuple(row) for row in connection.execute(text(said))]
                for name, said in TABLES.items()
            }

    def run(self, *words: str) -> Told:
        """One command, some time after the one before."""
        self.house.now += 10.0
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        before, sys.stdin = sys.stdin, io.StringIO("")
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                code = cli.main(["--config", str(self.directory / "zaiko.toml"), *words])
        finally:
            sys.stdin = before
        return Told(code, *(_told(stream) for stream in (out, err)))

    def close(self) -> None:
        """Closes the reading side."""
        self._reader.dispose()
        self._template.close()


def _told(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()  # type: ignore[attr-defined,no-any-return]


@contextmanager
def desk_door(directory: Path) -> Iterator[DeskDoor]:
    """Settings, state and a working directory of its own, until the block ends."""
    (directory / "work").mkdir()
    (directory / "zaiko.toml").write_text(SETTINGS)
    state = StateDir(directory / "state")
    state.root.mkdir(mode=0o700)
    state.claim()
    before = Path.cwd()
    store = Store(directory / "state" / "zaiko.db")
    try:
        os.chdir(directory / "work")
        door = DeskDoor(directory, _furnished(DeskHouse(store, "rakuten", "yahoo")))
        with answering(state.endpoint("inventory"), state.endpoint("events")) as fake:
            fake.serve = door.serve
            yield door
        door.close()
    finally:
        os.chdir(before)
        store.close()


def _furnished(house: DeskHouse) -> DeskHouse:
    for mall in ("rakuten", "yahoo"):
        house.hello(mall)
        house.poll(mall)
    codes = list(OPEN)
    house.import_rows("rakuten", *((code, "") for code in codes))
    shown = {code.replace("-", "_"): total for code, total in OPEN.items()}
    house.settle("rakuten", **shown)
    house.import_rows("yahoo", *((code, "") for code in ("TEE", "cap", FREE)))
    house.import_rows("rakuten", *((code, "") for code in (*codes, UNOPENED)))
    return house
