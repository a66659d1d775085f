"""The house as a whole: one per state_dir, drained by SIGTERM, reloaded by SIGHUP, private."""

import json
import signal
import subprocess
from collections.abc import Iterator

import pytest

from sandbox.buyers import BUYER_MARKS
from tests.acceptance.calm import item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.seen import files_open_to_others
from tests.acceptance.shop import Shop
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = pytest.mark.slow

MALLS = ("rakuten", "yahoo")
CODES = ("pen", "ink", "nib")
LISTS = (
    ("status",),
    ("stock", "list"),
    ("stock", "show", "nib"),
    ("history", "nib"),
    ("key", "list"),
)
"""Commands that print all they know."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("house")
    items = {mall: [*map(item, CODES)] for mall in MALLS}
    with furnished(directory, items) as house:
        open_up(house)
        yield house


@pytest.fixture(autouse=True)
def standing(house: House) -> House:
    """A test that stopped the house does not leave it down for the next one."""
    if house.process is None:
        house.start()
    house.wait_until_polling()
    return house


def run(house: House, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=house.directory,
        env=house.environ,
        capture_output=True,
        text=True,
        timeout=SETTLE_S,
        check=False,
    )


def test_a_second_house_on_one_state_dir_names_the_holder_and_ends_with_4(house: House) -> None:
    holder = house.pids()["supervisor"]
    done = run(house, *house.command("actors.supervisor"))
    assert done.returncode == 4
    assert f"process {holder} holds it" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert house.pids()["supervisor"] == holder


def test_a_stranger_is_refused_a_mall_while_its_holder_is_fresh(house: House) -> None:
    before = house.pids()["yahoo"]
    done = run(house, *house.command("actors.mall", "yahoo"))
    assert done.returncode == 4
    assert "yahoo is already being run by another process" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert house.pids()["yahoo"] == before
    assert house.lane("yahoo") == "running"


def test_what_commands_print_is_json_and_holds_no_buyer_and_no_credential(house: House) -> None:
    house.shops["yahoo"].sell("nib", 1)
    house.wait_until_polled("yahoo")
    for words in LISTS:
        done = run(house, *house.command("cli", *words, "--json"))
        assert (done.returncode, done.stderr) == (0, ""), words
        assert json.loads(done.stdout), words
        assert [mark for mark in (*BUYER_MARKS, *house.secrets()) if mark in done.stdout] == []


def test_everything_in_state_dir_is_closed_to_others(house: House) -> None:
    assert house.state.database.exists()
    assert files_open_to_others(house.state.root) == []


def test_sigterm_drains_in_the_middle_of_pushes_and_loses_none(house: House) -> None:
    rakuten, yahoo = (house.shops[mall] for mall in MALLS)
    house.wait_until_equal()
    level = [yahoo.quantity(code) for code in CODES]
    # The reply is on its way while the house is told to stop.
    yahoo.fault("slow", endpoint="stock", delay_s=1.0, count=4)
    rakuten.sell("pen", 2)
    called = yahoo.calls("setStock")
    wait_for(lambda: yahoo.calls("setStock") > called, "the push to be under way")
    rakuten.sell("ink", 3)
    assert house.stop() == 0
    yahoo.heal()
    rakuten.sell("nib", 1)
    house.start()
    house.wait_until_polling()
    house.wait_until_right()
    fallen = [before - yahoo.quantity(code) for before, code in zip(level, CODES, strict=True)]
    assert fallen == [2, 3, 1]


def test_sighup_takes_over_settings_without_a_restart_of_the_house(house: House) -> None:
    holder = house.pids()["supervisor"]
    house.wait_until_equal()
    wanted = (house.total("pen") or 0) - 2
    house.settings["buffer"] = 2
    house.write_settings()
    house.send("supervisor", signal.SIGHUP)
    wait_for(lambda: house.listing("pen", "yahoo").get("offer") == wanted, "the buffer to count")
    wait_for(
        lambda: house.shops["yahoo"].quantity("pen") == wanted, "the mall to show it", SETTLE_S
    )
    assert house.pids()["supervisor"] == holder
    del house.settings["buffer"]
    house.write_settings()
    house.send("supervisor", signal.SIGHUP)
    house.wait_until_equal()


def test_sighup_with_bad_settings_changes_nothing(house: House) -> None:
    good = house.config.read_text()
    pids = house.pids()
    house.config.write_text(good.replace("poll_interval_s = 1", "poll_intervall_s = 1"))
    house.send("supervisor", signal.SIGHUP)
    log = house.state.logs / "supervisor.jsonl"
    wait_for(lambda: "did you mean poll_interval_s" in log.read_text(), "the refusal")
    house.config.write_text(good)
    assert house.pids() == pids
    house.wait_until_polled()


def test_sighup_starts_a_mall_that_was_added_and_stops_one_that_is_gone(
    house: House,
) -> None:
    annex = Shop("yahoo", 60, "annex")
    try:
        annex.stock_up([item("pen")])
        house.shops["annex"] = annex
        house.store_key("annex")
        house.write_settings()
        house.send("supervisor", signal.SIGHUP)
        house.wait_until_polling("annex")
        house.import_from("annex")
        wait_for(lambda: annex.quantity("pen") == house.total("pen"), "the new mall to be in step")
        assert house.pids().keys() == {"supervisor", "inventory", *MALLS, "annex"}
    finally:
        house.shops.pop("annex", None)
        house.write_settings()
        house.send("supervisor", signal.SIGHUP)
        wait_for(lambda: "annex" not in house.pids(), "the mall that is gone to stop")
        annex.stop()
    assert annex.process.returncode == 0
    house.wait_until_equal()
    assert [row["mall"] for row in house.sku("pen")["listings"]] == list(MALLS)
