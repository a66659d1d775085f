"""A disk that takes nothing: whoever asked is told, nothing is half done, and it goes on later."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from actors.desk.desk import Incoming
from actors.store.store import Store
from engine.messages import Goodbye, OrdersRead, Refused
from engine.questions import (
    AdjustStock,
    AskHistory,
    AskReflectJobs,
    AskStock,
    Denied,
    StartReflectJob,
    StockFilter,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse

OPENING = 9
LETTERS_MAX = 2_000
"""Sooner than this a database without room for another page is full."""
NOTE = "x" * 900


@pytest.fixture
def house(tmp_path: Path) -> Iterator[DeskHouse]:
    """One SKU of 9 in a database file."""
    store = Store(tmp_path / "zaiko.db")
    try:
        opened = DeskHouse(store, "rakuten")
        opened.hello("rakuten")
        opened.poll("rakuten")
        opened.import_rows("rakuten", ("tea", ""))
        opened.settle("rakuten", tea=OPENING)
        yield opened
    finally:
        store.close()


def raw(house: DeskHouse) -> sqlite3.Connection:
    """The driver's own connection of the writer."""
    connection = house.store._writer.connection.driver_connection
    assert isinstance(connection, sqlite3.Connection)
    return connection


def grow(house: DeskHouse, pages: int) -> None:
    """So many pages more, and the disk is full."""
    (now,) = raw(house).execute("PRAGMA page_count").fetchone()
    raw(house).execute(f"PRAGMA max_page_count = {now + pages}")


def adjusted(house: DeskHouse, number: int) -> AdjustStock:
    return AdjustStock(next(house.ids), "tea", 1, NOTE, "staff", f"key-{number}")


def sent(house: DeskHouse, letter: Any, sender: bytes = b"operator") -> Any:
    """What is answered to a letter."""
    outgoing = house.desk.serve([Incoming(sender, letter)], house.now)
    (reply,) = [one for to, one in outgoing.letters if to == sender and one.id == letter.id]
    return reply


def total(house: DeskHouse) -> int:
    (row,) = house.body(AskStock(next(house.ids), StockFilter(), None, 100))["rows"]
    return int(row["total"])


def summed(house: DeskHouse) -> int:
    (count,) = raw(house).execute("SELECT sum(delta) FROM movement").fetchone()
    return int(count)


def test_a_full_disk_is_told_with_its_name_and_what_was_refused_can_be_asked_again(
    house: DeskHouse,
) -> None:
    grow(house, 0)
    booked = 0
    reply: Any = None
    for number in range(LETTERS_MAX):
        reply = sent(house, adjusted(house, number))
        if isinstance(reply, Denied):
            break
        booked += 1
    assert isinstance(reply, Denied)
    assert reply.exit_code == 3
    assert str(house.store.path) in reply.message
    assert str(house.store.path) in reply.message_en
    assert total(house) == summed(house) == OPENING + booked
    grow(house, 1_000)
    assert not isinstance(sent(house, adjusted(house, booked)), Denied)
    assert total(house) == summed(house) == OPENING + booked + 1
    assert len(house.body(AskHistory(next(house.ids), "tea", 0, 5_000))["rows"]) == booked + 2


def test_a_mall_repeats_its_orders_until_the_disk_takes_them(house: DeskHouse) -> None:
    order = OrderSnapshot(
        order="1", stamp=house.now, mark="", status="new", cancelled=False, edited=False,
        cut_only=False, counts=True, read_from=house.now, read_until=house.now,
        lines=(OrderLine("1", "tea", "", 2),),
    )  # fmt: skip
    raw(house).execute("PRAGMA query_only = ON")
    letters = (OrdersRead(next(house.ids), 1, (order,)), Goodbye(next(house.ids), 1))
    batch = [Incoming(b"rakuten-one", letters[0]), Incoming(b"rakuten-one", letters[1])]
    refused = house.desk.serve(batch, house.now)
    reasons = [one.reason for _, one in refused.letters if isinstance(one, Refused)]
    assert reasons == ["internal", "internal"]
    assert len(refused.bugs) == 1
    raw(house).execute("PRAGMA query_only = OFF")
    house.desk.serve(batch[:1], house.now)
    house.desk.serve(batch[:1], house.now)
    assert total(house) == OPENING - 2


def test_what_time_brings_and_a_job_s_pages_wait_for_the_disk(house: DeskHouse) -> None:
    job = house.body(StartReflectJob(next(house.ids), None, (), diff=False, actor="staff"))["job"]
    raw(house).execute("PRAGMA query_only = ON")
    walked, is_more = house.desk.walk(house.now)
    assert (len(walked.bugs), is_more) == (1, False)
    house.now += 1_000  # Its actor was silent for long.
    assert [name for name, _ in house.desk.tick(house.now).bugs] == ["tick"]
    unsaid = house.desk.given_up("mall:rakuten", 5, house.now)
    assert [name for name, _ in unsaid.bugs] == ["given_up"]
    raw(house).execute("PRAGMA query_only = OFF")
    (view,) = house.body(AskReflectJobs(next(house.ids), job))
    assert (view["state"], view["looked_at"]) == ("running", 0)
    walked, _ = house.desk.walk(house.now)
    assert not walked.bugs
    (view,) = house.body(AskReflectJobs(next(house.ids), job))
    assert (view["state"], view["looked_at"]) == ("running", 1)
    assert not house.desk.tick(house.now).bugs
