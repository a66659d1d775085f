"""M11, M12, M14, M16, B17: an operator's bad day, from the command line alone, told by webhook."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.acceptance.calm import item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.receiver import Receiver, receiving
from tests.acceptance.typed import Said, typed
from tests.acceptance.waiting import SETTLE_S, SOON_S, wait_for

pytestmark = pytest.mark.slow

CODES = ("cup", "bowl", "dish")
WORD = "word-that-nobody-may-see"


class Operator:
    """Someone at a terminal."""

    def __init__(self, house: House) -> None:
        self._house = house

    def run(self, *words: str, stdin: str = "") -> Said:
        return typed(self._house, *words, stdin=stdin)

    def tell(self, *words: str, stdin: str = "") -> str:
        """What a command that is done printed."""
        done = self.run(*words, stdin=stdin)
        assert (done.code, done.err) == (0, ""), (words, done.err, done.out)
        return done.out

    def ask(self, *words: str) -> Any:
        """The same as a program reads it."""
        return json.loads(self.tell(*words, "--json"))

    def fault(self, mall: str, level: int) -> dict[str, Any]:
        """The open error of that level, as soon as it is there."""

        def found() -> dict[str, Any] | None:
            words = ("errors", "list", "--mall", mall, "--level", str(level), "--state", "open")
            rows = [row for row in self.ask(*words) if not row["subject"]]
            return rows[0] if rows else None

        return wait_for(found, f"a level {level} of {mall}", SETTLE_S) or {}

    def lane(self, mall: str) -> str:
        return str({row["name"]: row["state"] for row in self.ask("malls")}[mall])


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("bad-day")
    items = {"rakuten": [*map(item, CODES)], "yahoo": [*map(item, CODES)]}
    with furnished(
        directory, items, settings={"notify_quiet_s": 0, "notify_per_hour_max": 1000}
    ) as house:
        open_up(house)
        yield house


@pytest.fixture(scope="module")
def operator(house: House, receiver: Receiver) -> Operator:
    """The operator, who has set a channel while the house ran."""
    operator = Operator(house)
    assert "notifier" not in house.pids()
    told = operator.tell("notify", "set", "hook", "-", stdin=receiver.address(WORD))
    assert WORD not in told
    wait_for(lambda: "notifier" in house.pids(), "the notifier to be started", SOON_S)
    assert WORD not in operator.tell("notify", "list")
    assert WORD not in operator.tell("notify", "test", "hook")
    assert receiver.with_text("テスト")
    return operator


@pytest.mark.parametrize("mall", ["yahoo", "rakuten"])
def test_m11_m12_m16_b17_level_9_halts_its_mall_alone_until_renewed_and_deleted(
    house: House, operator: Operator, receiver: Receiver, mall: str
) -> None:
    other = "rakuten" if mall == "yahoo" else "yahoo"
    shop = house.shops[mall]
    shop.fault("expired_key")
    fault = operator.fault(mall, 9)
    assert (operator.lane(mall), operator.lane(other)) == ("halted", "running")
    (row,) = [row for row in operator.ask("errors", "summary") if row["mall"] == mall]
    assert (row["level9"], row["is_halted"]) == (1, True)
    wait_for(lambda: receiver.with_text("【発生】", f"Lv9 {mall}"), "the message")

    # What it tells: cause, the mall's own code, what to do, and where differences are listed.
    told = operator.tell("errors", "show", str(fault["id"]))
    for part in ("message", "message_en", "hint", "hint_en", "code"):
        assert " ".join(fault[part].split()) in " ".join(told.split())
    assert fault["differences"] == f"zaiko stock list --diff --mall {mall}"
    assert fault["differences"] in told

    # Sales go on meanwhile; without a key that works, deleting the error changes nothing.
    shop.sell("cup", 2)
    house.shops[other].sell("bowl", 1)
    denied = operator.run("errors", "clear", str(fault["id"]))
    assert denied.code == 3
    assert operator.lane(mall) == "halted"

    # Where the key is renewed is told (M13); Yahoo's is renewed by consent (M12).
    fields = shop.renew()
    house.shops[mall].secrets.update(fields.values())
    operator.tell("key", "set", mall, "-", stdin=json.dumps(fields))
    assert operator.ask("malls", "show", mall)["key_renewal"]
    if mall == "yahoo":
        url = operator.ask("key", "renew", "yahoo")["url"]
        reply = httpx.get(url, trust_env=False)
        landed = reply.headers.get("location") or reply.text
        operator.tell("key", "renew", "yahoo", "--code", landed)
    assert operator.lane(mall) == "halted"

    operator.tell("errors", "clear", str(fault["id"]))
    wait_for(lambda: operator.lane(mall) == "running", "the mall to go on", SETTLE_S)
    wait_for(lambda: receiver.with_text("【削除】", f"Lv9 {mall}"), "the message of its end")
    house.wait_until_right(bound_s=2 * SETTLE_S)
    # M16 by the very command that was told, and B17: it comes back empty.
    words = fault["differences"].split()[1:]
    assert operator.ask(*words) == []


def test_m14_b17_level_8_ends_by_itself_and_its_message_can_be_deleted_afterwards(
    house: House, operator: Operator, receiver: Receiver
) -> None:
    shop = house.shops["rakuten"]
    before = len(receiver.taken)
    shop.fault("maintenance")
    fault = operator.fault("rakuten", 8)
    assert operator.lane("yahoo") == "running"
    shop.sell("dish", 1)
    house.shops["yahoo"].sell("dish", 1)
    shop.heal()
    house.wait_until_healed(fault["id"])
    wait_for(lambda: operator.lane("rakuten") == "running", "the mall to be well", SETTLE_S)
    house.wait_until_right("dish", bound_s=2 * SETTLE_S)
    assert operator.ask("stock", "list", "--diff", "--mall", "rakuten") == []
    resolved = operator.ask("errors", "list", "--state", "resolved", "--mall", "rakuten")
    assert fault["id"] in [row["id"] for row in resolved]
    operator.tell("errors", "clear", str(fault["id"]))
    left = operator.ask("errors", "list", "--mall", "rakuten")
    assert fault["id"] not in [row["id"] for row in left]
    cleared = operator.ask("errors", "list", "--state", "cleared", "--mall", "rakuten")
    assert fault["id"] in [row["id"] for row in cleared]
    # Level 8 needs nobody: by default nothing is told of it.
    assert len(receiver.taken) == before


def test_a_channel_that_is_removed_ends_the_notifier(house: House, operator: Operator) -> None:
    operator.tell("notify", "remove", "hook")
    wait_for(lambda: "notifier" not in house.pids(), "the notifier to end", SOON_S)
    assert {operator.lane(mall) for mall in house.shops} == {"running"}
