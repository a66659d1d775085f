"""Level 9 from outside: a refused key halts that mall and nothing else, until key and clear."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from actors.keys import read_key
from engine.questions import Answer, Denied
from tests.acceptance.calm import item
from tests.acceptance.house import House, furnished
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = pytest.mark.slow

CODES = ("cup", "bowl", "dish", "plate", "tray")
QUIET_S = 2.5
"""How long a halted mall is watched for calls: more than two poll intervals."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Yahoo's key is not stored at first."""
    directory = tmp_path_factory.mktemp("level9")
    items = {"rakuten": [*map(item, CODES)], "yahoo": [*map(item, CODES)]}
    with furnished(directory, items, keys=("rakuten",)) as house:
        house.shops["yahoo"].turn(rotates_refresh_token=True)
        yield house


@dataclass(frozen=True)
class Keyless:
    """What was seen of Yahoo while it had no key."""

    lanes: dict[str, str]
    faults: list[dict[str, Any]]
    calls: int
    denied: Answer | Denied


@pytest.fixture(scope="module")
def keyless(house: House) -> Keyless:
    """Started: Rakuten opens its SKUs while Yahoo has no key."""
    house.start()
    house.wait_until_polling("rakuten")
    house.import_from("rakuten")
    house.wait_until_equal()
    faults = house.faults("yahoo")
    return Keyless(
        lanes={mall: house.lane(mall) for mall in house.shops},
        faults=faults,
        calls=calls_while_quiet(house, "yahoo"),
        denied=house.clear(faults[0]["id"]),
    )


@pytest.fixture(scope="module")
def standing(house: House, keyless: Keyless) -> House:
    """Both malls in step, once Yahoo's key was stored and its error cleared."""
    house.store_key("yahoo")
    house.key_changed("yahoo")
    reply = house.clear(mall="yahoo")
    assert isinstance(reply, Answer), reply
    house.wait_until_polling("yahoo")
    house.import_from("yahoo")
    house.wait_until_equal()
    return house


def calls_while_quiet(house: House, mall: str) -> int:
    """How many calls a mall gets while the other one is polled on."""
    before = house.shops[mall].calls()
    end = time.monotonic() + QUIET_S
    wait_for(lambda: time.monotonic() > end, "the quiet time to pass")
    return house.shops[mall].calls() - before


def test_a_mall_without_a_key_starts_halted_with_one_level_9_fault_and_the_rest_works(
    keyless: Keyless,
) -> None:
    assert keyless.lanes == {"rakuten": "running", "yahoo": "halted"}
    assert [(row["level"], row["code"]) for row in keyless.faults] == [(9, "no-key")]
    assert keyless.calls == 0
    assert isinstance(keyless.denied, Denied)
    assert keyless.denied.exit_code == 3


@pytest.mark.parametrize("mall", ["rakuten", "yahoo"])
def test_m11_a_refused_key_halts_its_mall_until_key_and_clear_and_all_is_caught_up(
    standing: House, mall: str
) -> None:
    house = standing
    other = "yahoo" if mall == "rakuten" else "rakuten"
    shop = house.shops[mall]
    house.wait_until_equal()
    began = time.monotonic()
    shop.fault("expired_key")
    wait_for(lambda: house.lane(mall) == "halted", "the halt")
    halted_s = time.monotonic() - began
    assert halted_s < 5, f"polled every second, it halted after {halted_s:.1f} s"
    fault = house.wait_for_fault(mall, level=9)
    assert fault["state"] == "open"

    # Orders on both malls and a hand edit while it is halted; it makes no call at all.
    shop.sell("cup", 2)
    house.shops[other].sell("cup", 1)
    house.shops[other].sell("bowl", 5)
    order = shop.sell("dish", 4)
    shop.change(order, cancel=True)
    shop.sell("plate", 1)
    shown = shop.quantity("tray")
    shop.edit_by_hand("tray", shown + 3)
    assert calls_while_quiet(house, mall) == 0
    assert house.lane(other) == "running"
    wait_for(lambda: house.history("bowl")[-1]["mall"] == other, "the other mall's order to count")

    # A clear without a working key does not resume.
    denied = house.clear(fault["id"])
    assert isinstance(denied, Denied), denied
    assert denied.exit_code == 3
    assert house.lane(mall) == "halted"
    assert [row["id"] for row in house.faults(mall) if row["level"] == 9] == [fault["id"]]

    # New credentials at the mall, stored and told: still halted, and no call.
    shop.renew()
    house.store_key(mall)
    house.key_changed(mall)
    assert house.lane(mall) == "halted"

    resumed = time.time()
    reply = house.clear(fault["id"])
    assert isinstance(reply, Answer), reply
    house.wait_until_polling(mall)
    # The audit of a mall that was halted compares every listing: a hand edit shows by itself.
    difference = house.wait_for_fault(mall, SETTLE_S, subject="tray", code="3")
    assert "差異" in difference["message"]
    rest = [code for code in CODES if code != "tray"]
    house.wait_until_proven(*rest, since=resumed)
    house.reflect("tray")
    house.wait_until_equal()
    assert shop.quantity("tray") == shown
    assert [row for row in house.faults() if row["level"] == 9] == []
    for code in CODES:
        assert house.shops["rakuten"].quantity(code) == house.shops["yahoo"].quantity(code)


def test_a_refresh_token_the_mall_rotates_is_stored_and_goes_on_working(standing: House) -> None:
    given = standing.shops["yahoo"].credentials["refresh_token"]
    stored = read_key(standing.state.key_file("yahoo"))
    assert stored is not None
    assert stored.credentials["refresh_token"] != given
    assert standing.lane("yahoo") == "running"
    standing.send("yahoo", signal.SIGTERM)
    standing.wait_until_polled("yahoo")
    assert [row for row in standing.faults("yahoo") if row["level"] == 9] == []


def test_the_credential_of_a_halted_mall_is_not_tried_again_by_a_restart(standing: House) -> None:
    house = standing
    house.wait_until_equal()
    house.shops["yahoo"].fault("expired_key", form="insufficient_scope")
    wait_for(lambda: house.lane("yahoo") == "halted", "the halt")
    assert house.stop() == 0
    before = house.shops["yahoo"].calls()
    house.start()
    house.wait_until_polling("rakuten")
    wait_for(lambda: house.lane("yahoo") == "halted", "the halt to be remembered")
    assert calls_while_quiet(house, "yahoo") == 0
    assert house.shops["yahoo"].calls() == before
    house.shops["yahoo"].renew()
    house.store_key("yahoo")
    house.key_changed("yahoo")
    assert isinstance(house.clear(mall="yahoo"), Answer)
    house.wait_until_polling("yahoo")
