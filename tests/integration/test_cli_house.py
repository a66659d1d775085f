"""The command against a real house on pretend malls: a merchant's first day, and a bad one.

Commands run as processes of their own (`zaiko`) where that is what is tested: how one begins, reads
a pipe, and ends, done, refused or with nobody there. Those that look are typed in this process.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.server import Running, running
from tests.acceptance.typed import Said, typed
from tests.acceptance.waiting import wait_for

ROOT = Path(__file__).parents[2]
SPEED = 60
BOUND_S = 60.0

pytestmark = pytest.mark.slow

ITEMS: Sequence[dict[str, Any]] = (
    {"code": "tee", "sub_code": "", "name": "Tシャツ", "quantity": 50},
    {"code": "cap", "sub_code": "cap-bk", "name": "帽子", "quantity": 20, "axes": {"色": "黒"}},
    {"code": "cap", "sub_code": "cap-wh", "name": "帽子", "quantity": 8, "axes": {"色": "白"}},
)


class House:
    """A house and its malls, driven through the command alone."""

    def __init__(self, directory: Path, malls: dict[str, Running], http: httpx.Client) -> None:
        self.directory = directory
        self.http = http
        self.malls = malls
        tables = "".join(json.loads(mall.ready_line)["config"] for mall in malls.values())
        self.config = directory / "zaiko.toml"
        self.config.write_text(
            'state_dir = "state"\nbase_mall = "rakuten"\npoll_interval_s = 1\n'
            f"reread_interval_s = 2\ncompare_interval_s = 2\nretry_bound_s = 1\n{tables}"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def zaiko(self, *words: str, stdin: str = "") -> Said:
        """A command as a process of its own, which finds its settings by itself."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "cli", *words],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            input=stdin,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def typed(self, *words: str, stdin: str = "") -> Said:
        """The same in this process."""
        return typed(self, *words, stdin=stdin)

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli", "run"],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )
        self.until(lambda: self.typed("status", "--json").code == 0)

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(BOUND_S)

    def until(self, condition: Callable[[], object]) -> None:
        wait_for(condition, "it to come", BOUND_S)

    def post(self, mall: str, path: str, body: object) -> Any:
        reply = self.http.post(f"{self.malls[mall].url}/_sandbox/{path}", json=body)
        reply.raise_for_status()
        return reply.json()

    def quantity(self, mall: str, code: str, sub_code: str = "") -> int:
        state = self.http.get(f"{self.malls[mall].url}/_sandbox/state").json()
        (row,) = [
            item for item in state["items"]
            if (item["code"], item["sub_code"]) == (code, sub_code)
        ]  # fmt: skip
        return int(row["quantity"])

    def listings(self, sku: str) -> list[dict[str, Any]]:
        told = self.typed("stock", "show", sku, "--json")
        return list(told.json["listings"]) if told.code == 0 else []

    def is_proven(self, sku: str) -> bool:
        found = self.listings(sku)
        return len(found) == 2 and all(
            row["proven_at"] is not None and row["expected"] == row["offer"] for row in found
        )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    with (
        running("rakuten", speed=SPEED) as rakuten,
        running("yahoo", speed=SPEED) as yahoo,
        httpx.Client(
            trust_env=False,
            verify=False,  # noqa: S501  without TLS there is nothing to verify
        ) as http,
    ):
        house = House(tmp_path, {"rakuten": rakuten, "yahoo": yahoo}, http)
        house.post("rakuten", "items", ITEMS)
        house.post("yahoo", "items", [*ITEMS, {"code": "pouch", "name": "袋", "quantity": 3}])
        yield house
        if house.process is not None and house.process.poll() is None:
            house.process.kill()
            house.process.wait(BOUND_S)


def store_keys(house: House) -> None:
    for name, mall in house.malls.items():
        told = house.typed("key", "set", name, "-", stdin=json.dumps(dict(mall.credentials)))
        assert told.code == 0, told.err


def test_a_merchants_first_day(house: House) -> None:
    assert house.zaiko("status").code == 4
    store_keys(house)
    assert house.zaiko("key", "check", "rakuten").code == 0
    assert house.typed("key", "check", "yahoo", "--json").json["is_good"] is True
    house.start()
    told = house.zaiko("import", "rakuten")
    assert (told.code, told.err) == (0, "")
    assert "3 件を取り込みました" in told.out
    view = house.zaiko("import", "yahoo", "--json").json
    assert (view["state"], view["read"], view["linked"]) == ("done", 4, 3)
    house.until(lambda: all(house.is_proven(sku) for sku in ("tee", "cap-bk", "cap-wh")))

    # Stock: a list, its filters, a correction and a count that reach both malls.
    assert len(house.zaiko("stock", "list", "--json").json) == 3
    assert [row["sku"] for row in house.typed("stock", "--max", "10", "--json").json] == ["cap-wh"]
    (unlinked,) = house.typed("stock", "list", "--unlinked", "--json").json
    assert unlinked["sku"] is None
    assert house.zaiko("stock", "adjust", "TEE", "-2", "--reason", "破損").code == 0
    assert house.typed("stock", "set", "cap-bk", "5").code == 0
    house.until(lambda: {house.quantity(mall, "tee") for mall in house.malls} == {48})
    house.until(lambda: {house.quantity(mall, "cap", "cap-bk") for mall in house.malls} == {5})
    moved = house.zaiko("history", "tee", "--json").json
    assert [row["reason"] for row in moved] == ["opening", "adjustment"]
    assert moved[1]["note"] == "破損"
    assert moved[1]["actor"].startswith("cli")

    # Links: a claim too many is kept as a conflict, and released.
    assert house.zaiko("link", "add", "tee", "yahoo", "pouch").code == 0
    told = house.typed("link", "add", "cap-wh", "yahoo", "pouch")
    assert told.code == 0
    assert "複数の商品が紐づいています" in told.out
    assert house.typed("link", "conflicts", "--json").json[0]["skus"]
    fault = house.typed("errors", "--json").json[0]
    assert "複数の商品が紐づいています" in house.zaiko("errors", "show", str(fault["id"])).out
    assert house.typed("link", "remove", "cap-wh", "yahoo", "pouch").code == 0
    assert house.typed("link", "conflicts", "--json").json == []
    assert house.zaiko("link", "remove", "cap-wh", "yahoo", "pouch").code == 2
    assert house.zaiko("delete", "cap-wh", "--json").json == {"deleted": ["cap-wh"]}
    assert house.quantity("yahoo", "cap", "cap-wh") == 8
    assert house.stop() == 0
    assert house.zaiko("status").code == 4


def test_a_mall_without_a_key_is_halted_until_one_is_stored_and_cleared(house: House) -> None:
    house.start()
    faults = house.typed("errors", "--mall", "rakuten", "--json").json
    house.until(lambda: house.typed("errors", "--mall", "rakuten", "--json").json)
    faults = house.typed("errors", "--mall", "rakuten", "--json").json
    assert [fault["level"] for fault in faults] == [9]
    told = house.zaiko("errors", "clear", "--mall", "rakuten")
    assert told.code == 3
    assert "zaiko key set rakuten" in told.err
    wrong = {"service_secret": "SP1_wrong", "license_key": "SL1_wrong"}
    assert house.zaiko("key", "set", "rakuten", "-", stdin=json.dumps(wrong)).code == 0
    assert house.zaiko("key", "check", "rakuten").code == 3
    assert house.typed("errors", "clear", "--mall", "rakuten").code == 3
    store_keys(house)
    told = house.typed("errors", "clear", "--mall", "rakuten", "--json")
    assert told.code == 0, told.err
    assert told.json["resumed"] == ["rakuten"]

    def states() -> set[str]:
        return {mall["state"] for mall in house.typed("malls", "--json").json
                if mall["name"] == "rakuten"}  # fmt: skip

    house.until(lambda: states() == {"running"})


def test_yahoo_is_renewed_by_consent_and_rakuten_says_where(house: House) -> None:
    store_keys(house)
    told = house.zaiko("key", "renew", "rakuten")
    assert told.code == 0
    assert "RMS" in told.out
    before = (house.directory / "state" / "keys" / "yahoo.json").read_text()
    url = house.typed("key", "renew", "yahoo", "--json").json["url"]
    page = httpx.get(url, trust_env=False, follow_redirects=False)
    code = _consent(house, url, page)
    told = house.zaiko("key", "renew", "yahoo", "--code", code, "--json")
    assert told.code == 0, told.err
    assert told.json["is_stored"] is True
    assert (house.directory / "state" / "keys" / "yahoo.json").read_text() != before
    assert house.typed("key", "check", "yahoo").code == 0
    told = house.typed("key", "renew", "yahoo", "--code", "no-such-code")
    assert told.code == 3
    assert "Traceback" not in told.err


def _consent(house: House, url: str, page: httpx.Response) -> str:
    """What the merchant's browser does: says yes, and is sent to an address with the code."""
    reply = page
    if reply.status_code == 200:
        reply = httpx.post(url, data={"answer": "yes"}, trust_env=False)
    assert reply.status_code in {302, 303}, reply.text
    return reply.headers["location"]
