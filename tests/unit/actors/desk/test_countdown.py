"""A key's countdown at the desk: said 14, 7, 3 and 1 days ahead, once each, until it is renewed."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from actors.keys import StoredKey
from engine.messages import CredentialsChecked
from engine.questions import AskErrors, AskStatus, KeyChanged
from tests.unit.actors.desk.desk_house import DeskHouse, desk_house

DAY_S = 86_400.0


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    with desk_house("rakuten") as house:
        house.hello("rakuten")
        yield house


def prove(house: DeskHouse, days: float | None) -> None:
    """The mall's actor has proven the key, and knows when it ends."""
    ends = None if days is None else house.now + days * DAY_S
    letter = CredentialsChecked(next(house.ids), 1, 0, True, None, "", None, ends)
    house.ask("rakuten-one", letter)


def pass_days(house: DeskHouse, days: float) -> None:
    house.now += days * DAY_S
    house.desk.tick(house.now)


def warnings(house: DeskHouse) -> list[dict[str, Any]]:
    rows = house.body(AskErrors(next(house.ids), with_cleared=True))
    return [row for row in rows if row["kind"] == "key_expiry"]


def key_end(house: DeskHouse) -> float | None:
    end: float | None = house.body(AskStatus(next(house.ids)))["malls"][0]["key_expires_at"]
    return end


def test_it_is_said_at_each_mark_and_not_in_between(house: DeskHouse) -> None:
    prove(house, 20)
    said = []
    for _ in range(40):
        pass_days(house, 0.5)
        said.append([(row["code"], row["state"]) for row in warnings(house)])
    marks = [
        row for index, row in enumerate(said) if row and (index == 0 or row != said[index - 1])
    ]
    assert marks == [[(f"expires-{days}", "open")] for days in (14, 7, 3, 1)]
    (row,) = warnings(house)
    assert (row["level"], row["count"]) == (8, 4)
    assert "あと 1 日" in row["message"]
    assert "1 day" in row["message_en"]


def test_an_inventory_that_was_started_again_does_not_say_a_mark_twice(house: DeskHouse) -> None:
    prove(house, 5)
    pass_days(house, 0)
    assert [row["count"] for row in warnings(house)] == [1]
    house.restarted()
    pass_days(house, 0.1)
    assert [(row["code"], row["count"]) for row in warnings(house)] == [("expires-7", 1)]


def test_another_key_ends_the_countdown_at_once_and_its_own_end_is_learnt_anew(
    house: DeskHouse,
) -> None:
    prove(house, 2)
    pass_days(house, 0)
    house.keys.stored["rakuten"] = StoredKey(version=2, changed_at=house.now, credentials={})
    house.body(KeyChanged(next(house.ids), "rakuten"))
    pass_days(house, 0)
    assert [row["state"] for row in warnings(house)] == ["resolved"]
    assert key_end(house) is None
    prove(house, 90)
    pass_days(house, 0)
    assert key_end(house) == pytest.approx(house.now + 90 * DAY_S)
    pass_days(house, 80)
    assert [(row["code"], row["state"]) for row in warnings(house)] == [
        ("expires-14", "open"), ("expires-3", "resolved"),
    ]  # fmt: skip


def test_a_key_whose_end_was_put_off_at_the_mall_warns_no_more(house: DeskHouse) -> None:
    prove(house, 2)
    pass_days(house, 0)
    prove(house, 60)
    pass_days(house, 0)
    assert [row["state"] for row in warnings(house)] == ["resolved"]


def test_a_key_whose_end_nobody_knows_never_warns(house: DeskHouse) -> None:
    prove(house, None)
    pass_days(house, 400)
    assert warnings(house) == []


def test_a_mark_that_was_deleted_by_the_operator_does_not_come_back_before_the_next(
    house: DeskHouse,
) -> None:
    prove(house, 6)
    pass_days(house, 0)
    (row,) = warnings(house)
    with house.store.transaction() as connection:
        house.store.faults.set_state(connection, [row["id"]], "cleared", house.now)
    pass_days(house, 1)
    assert [one["state"] for one in warnings(house)] == ["cleared"]
    pass_days(house, 2.5)
    assert [one["state"] for one in warnings(house)] == ["open", "cleared"]
    assert msgspec.structs.asdict(house.desk.accounts[1].row)["warned_days"] == 3
