"""Notifications from outside: a webhook, a real house, and what dies in between."""

import signal
import time
from collections.abc import Iterator

import pytest

from actors.channels import write_channels
from engine.questions import Answer
from tests.acceptance.calm import item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.receiver import Receiver, receiving
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = pytest.mark.slow

CODES = ("cup", "bowl", "dish", "plate")
WORD = "a-secret-word-of-the-webhook"
QUIET_S = 6.0
"""Longer than the notifier gathers and looks: nothing more is to come."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("notices")
    items = {"rakuten": [*map(item, CODES)], "yahoo": [*map(item, CODES)]}
    settings = {"notify_quiet_s": 0, "notify_per_hour_max": 1000}
    with furnished(directory, items, settings=settings) as house:
        house.state.claim()
        write_channels(house.state.channels, {"hook": receiver.address(WORD)})
        open_up(house)
        wait_for(lambda: "notifier" in house.pids(), "the notifier")
        yield house
        told = "\n".join("\n".join(message) for message in receiver.taken)
        assert [secret for secret in house.secrets() if secret in told] == []


def oversell(house: House, code: str) -> None:
    house.adjust(code, -1_000)


def replenish(house: House, code: str) -> None:
    house.adjust(code, 1_000)


def wait_until_quiet() -> None:
    end = time.monotonic() + QUIET_S
    wait_for(lambda: time.monotonic() > end, "the quiet time to pass")


def test_a_refused_key_is_told_once_and_its_clear_once(house: House, receiver: Receiver) -> None:
    shop = house.shops["yahoo"]
    shop.fault("expired_key")
    fault = house.wait_for_fault("yahoo", level=9)
    opened = ("【発生】", "Lv9 yahoo", fault["message"], fault["message_en"], f"show {fault['id']}")
    wait_for(lambda: receiver.with_text(*opened), "the message")
    shop.renew()
    house.store_key("yahoo")
    house.key_changed("yahoo")
    assert isinstance(house.clear(mall="yahoo"), Answer)
    over = ("【削除】", "Lv9 yahoo", "zaiko stock list --diff --mall yahoo")
    wait_for(lambda: receiver.with_text(*over), "the message of its end")
    wait_until_quiet()
    assert len(receiver.with_text(*opened)) == 1
    assert len(receiver.with_text(*over)) == 1


def test_what_opens_at_once_is_one_message(house: House, receiver: Receiver) -> None:
    before = len(receiver.taken)
    for code in ("cup", "bowl"):
        oversell(house, code)
    wait_for(lambda: receiver.with_text("【発生】", "cup", "bowl"), "one message of both")
    for code in ("cup", "bowl"):
        replenish(house, code)
    wait_for(lambda: receiver.with_text("【解消】", "cup", "bowl"), "one message of both ends")
    # Both came in the same message, so none of them was told in one of its own.
    for word in ("【発生】", "【解消】"):
        both = receiver.with_text(word, "cup", "bowl")
        of_cup = [one for one in receiver.with_text(word, "cup") if one in receiver.taken[before:]]
        assert of_cup == both


def test_a_service_that_is_away_gets_the_message_once_it_is_back(
    house: House, receiver: Receiver
) -> None:
    receiver.status = 503
    before = receiver.arrived
    oversell(house, "dish")
    wait_for(lambda: receiver.arrived > before, "a try")
    assert receiver.with_text("【発生】", "dish") == []
    receiver.status = 200
    wait_for(lambda: receiver.with_text("【発生】", "dish"), "the message", SETTLE_S)
    replenish(house, "dish")
    wait_for(lambda: receiver.with_text("【解消】", "dish"), "the message of its end")
    wait_until_quiet()
    assert len(receiver.with_text("【発生】", "dish")) == 1


def test_a_notifier_that_dies_while_it_sends_loses_nothing_and_repeats_once(
    house: House, receiver: Receiver
) -> None:
    receiver.may_answer.clear()
    before = receiver.arrived
    oversell(house, "plate")
    wait_for(lambda: receiver.arrived > before, "the message to be on its way")
    old = house.send("notifier", signal.SIGKILL)
    wait_for(lambda: house.pids().get("notifier", old) != old, "another notifier")
    receiver.may_answer.set()
    wait_for(lambda: len(receiver.with_text("【発生】", "plate")) == 2, "the repetition")
    house.send("notifier", signal.SIGKILL)
    house.send("inventory", signal.SIGKILL)
    house.wait_until_polling()
    replenish(house, "plate")
    wait_for(lambda: receiver.with_text("【解消】", "plate"), "the message of its end")
    wait_until_quiet()
    # Once more for each death, if the second one came before the answer was noted.
    assert len(receiver.with_text("【発生】", "plate")) in (2, 3)
    assert len(receiver.with_text("【解消】", "plate")) == 1


def test_what_opens_while_no_notifier_runs_is_told_by_the_next(
    house: House, receiver: Receiver
) -> None:
    assert house.stop() == 0
    house.start()
    house.wait_until_polling()
    wait_for(lambda: "notifier" in house.pids(), "the notifier")
    stopped = house.send("notifier", signal.SIGSTOP)
    oversell(house, "cup")
    replenish(house, "cup")
    oversell(house, "cup")
    assert house.send("notifier", signal.SIGKILL) == stopped
    before = len(receiver.with_text("【発生】", "cup"))
    wait_for(lambda: len(receiver.with_text("【発生】", "cup")) > before, "the message")
    replenish(house, "cup")
    wait_for(lambda: receiver.with_text("【解消】", "cup"), "the message of its end")


def test_a_service_that_hangs_holds_up_neither_the_malls_nor_the_end(
    house: House, receiver: Receiver
) -> None:
    receiver.may_answer.clear()
    before = receiver.arrived
    oversell(house, "bowl")
    wait_for(lambda: receiver.arrived > before, "the message to be on its way")
    house.shops["rakuten"].sell("dish", 1)
    house.wait_until_equal("dish")
    assert house.stop() == 0
    receiver.may_answer.set()
    wait_for(lambda: receiver.held == 0, "the service to be done with those who left")
    told = len(receiver.with_text("【発生】", "bowl"))
    over = len(receiver.with_text("【解消】", "bowl"))
    house.start()
    house.wait_until_polling()
    # What ends before it was told for sure is not told: the opening must have been sent again.
    wait_for(lambda: len(receiver.with_text("【発生】", "bowl")) > told, "it again", SETTLE_S)
    replenish(house, "bowl")
    wait_for(lambda: len(receiver.with_text("【解消】", "bowl")) > over, "its end", SETTLE_S)
