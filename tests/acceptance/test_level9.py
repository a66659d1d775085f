"""Level 9 from outside: a refused key halts that mall and nothing else, until key and clear."""

import time
from collections.abc import Iterator

import pytest

from engine.questions import Answer, Denied
from tests.acceptance.calm import item
from tests.acceptance.house import House, furnished
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("keys")]

CODES = ("cup", "bowl", "dish", "plate")
QUIET_S = 2.5
"""How long a halted mall is watched for calls: more than two poll intervals."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Yahoo's key is not stored at first."""
    directory = tmp_path_factory.mktemp("level9")
    items = {"rakuten": [*map(item, CODES)], "yahoo": [*map(item, CODES)]}
    with furnished(directory, items, keys=("rakuten",)) as house:
        yield house


@pytest.fixture(scope="module")
def keyless(house: House) -> House:
    """Started: Rakuten opens its SKUs while Yahoo has no key."""
    house.start()
    house.wait_until_polling("rakuten")
    house.import_from("rakuten")
    house.wait_until_equal()
    return house


@pytest.fixture(scope="module")
def standing(keyless: House) -> House:
    """Both malls in step, once Yahoo's key was stored and its error cleared."""
    keyless.store_key("yahoo")
    keyless.key_changed("yahoo")
    reply = keyless.clear(mall="yahoo")
    assert isinstance(reply, Answer), reply
    keyless.wait_until_polling("yahoo")
    keyless.import_from("yahoo")
    keyless.wait_until_equal()
    return keyless


def calls_while_quiet(house: House, mall: str) -> int:
    """How many calls a mall gets while the other one is polled on."""
    before = house.shops[mall].calls()
    end = time.monotonic() + QUIET_S
    wait_for(lambda: time.monotonic() > end, "the quiet time to pass")
    return house.shops[mall].calls() - before


def test_a_mall_without_a_key_starts_halted_with_one_level_9_fault_and_the_rest_works(
    keyless: House,
) -> None:
    assert keyless.lane("rakuten") == "running"
    if keyless.state.key_file("yahoo").exists():
        pytest.skip("another test has stored the key already")
    assert keyless.lane("yahoo") == "halted"
    faults = keyless.faults("yahoo")
    assert [(row["level"], row["code"]) for row in faults] == [(9, "no-key")]
    assert calls_while_quiet(keyless, "yahoo") == 0
    denied = keyless.clear(faults[0]["id"])
    assert isinstance(denied, Denied)
    assert denied.exit_code == 3


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

    reply = house.clear(fault["id"])
    assert isinstance(reply, Answer), reply
    house.wait_until_polling(mall)
    # The audit of a mall that was halted proves every listing anew.
    house.wait_until_proven()
    assert [row for row in house.faults() if row["level"] == 9] == []
    for code in CODES:
        assert house.shops["rakuten"].quantity(code) == house.shops["yahoo"].quantity(code)


def test_a_hand_edit_made_while_halted_is_found_without_anyone_comparing(standing: House) -> None:
    house = standing
    shop = house.shops["rakuten"]
    house.wait_until_equal()
    shop.fault("expired_key", endpoint="orders")
    wait_for(lambda: house.lane("rakuten") == "halted", "the halt")
    shown = shop.quantity("bowl")
    shop.edit_by_hand("bowl", shown + 3)
    shop.renew()
    house.store_key("rakuten")
    house.key_changed("rakuten")
    reply = house.clear(mall="rakuten")
    assert isinstance(reply, Answer), reply
    fault = house.wait_for_fault("rakuten", SETTLE_S, subject="bowl", code="3")
    assert "差異" in fault["message"]
    house.reflect("bowl")
    house.wait_until_right("bowl")
    assert shop.quantity("bowl") == shown
    house.wait_until_healed(fault["id"])


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
