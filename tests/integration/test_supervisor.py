"""The supervisor with real processes: order, restarts, drains, deaths, giving up, reloads."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from actors.child import ChildPlan
from actors.house_lock import HouseLock
from actors.supervisor import HousePlan
from config.state import StateDir
from engine.supervision import RestartLimits

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
WAIT_S = 20.0

HOUSE = """
import asyncio, pathlib, sys
import msgspec
from actors.supervisor import HousePlan, Supervisor
from config.logs import set_up_logs

file, logs = map(pathlib.Path, sys.argv[1:])
set_up_logs("house", logs, file_bytes_max=10**7, files_max=1, stderr=None)
read = lambda: msgspec.json.decode(file.read_bytes(), type=HousePlan)
sys.exit(asyncio.run(Supervisor(read).run()))
"""

CHILD = """
import os, pathlib, signal, sys, threading
from actors.parent import house_token, say_ready, watch_parent

name, mode, journal = sys.argv[1:]

def note(word):
    with open(journal, "a") as file:
        file.write(f"{name} {word} {os.getpid()}\\n")

watch_parent(lambda news: note(f"heard-{news.child}-{news.limit}"))
note("start")
over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: (note("term"), mode == "stubborn" or over.set()))
signal.signal(signal.SIGHUP, lambda *_: note("reload"))
if mode == "crash":
    sys.exit(3)
if mode == "crash-unless-mended" and not pathlib.Path(journal + ".mended").exists():
    sys.exit(3)
if mode != "never-ready":
    assert house_token()
    note("ready")
    say_ready()
while not over.wait(0.02):
    pass
note("left")
"""

LIMITS = RestartLimits(
    delay_s=0.1,
    delay_s_max=0.4,
    stable_s=30,
    burst_max=3,
    burst_window_s=30,
    sustained_max=50,
    sustained_window_s=3600,
)


class House:
    """A supervisor in a process of its own, whose children note what happens in a journal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.journal = directory / "journal"
        self.journal.touch()
        (directory / "house.py").write_text(HOUSE)
        (directory / "child.py").write_text(CHILD)
        self.process: subprocess.Popen[bytes] | None = None

    def child(
        self, name: str, mode: str = "good", *, stage: int = 1, is_vital: bool = False
    ) -> ChildPlan:
        command = (sys.executable, "-P", str(self.directory / "child.py"), name, mode)
        return ChildPlan(name, (*command, str(self.journal)), stage, is_vital)

    def write_plan(
        self, *children: ChildPlan, ready_s_max: float = 15.0, drain_s_max: float = 15.0
    ) -> None:
        plan = HousePlan(children, LIMITS, ready_s_max, drain_s_max)
        (self.directory / "plan.new").write_bytes(msgspec.json.encode(plan))
        (self.directory / "plan.new").rename(self.directory / "plan.json")

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-P", "house.py", "plan.json", "."],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def exit_code(self) -> int:
        assert self.process is not None
        return self.process.wait(WAIT_S)

    def notes(self, name: str | None = None) -> list[str]:
        """`name word` of every note, or the words of one child."""
        found = [line.split() for line in self.journal.read_text().splitlines()]
        if name is None:
            return [f"{line[0]} {line[1]}" for line in found]
        return [line[1] for line in found if line[0] == name]

    def pid(self, name: str) -> int:
        """The process id of a child's latest start."""
        found = [line.split() for line in self.journal.read_text().splitlines()]
        return int([line[2] for line in found if line[0] == name][-1])

    def pids(self) -> set[int]:
        return {int(line.split()[2]) for line in self.journal.read_text().splitlines()}

    def log(self) -> list[dict[str, object]]:
        """Every log line."""
        text = (self.directory / "house.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def actions(self) -> list[tuple[str, str]]:
        """(action, child) of every log line."""
        return [(str(line["action"]), str(line.get("child", ""))) for line in self.log()]

    def stands(self) -> bool:
        log = self.directory / "house.jsonl"
        return log.exists() and ("house_stands", "") in self.actions()


def is_alive(pid: int) -> bool:
    """Whether it runs; one that only waits to be reaped does not."""
    status = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            return status.read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
        except (FileNotFoundError, ProcessLookupError):
            return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_for(what: Callable[[], bool], words: str) -> None:
    until = time.monotonic() + WAIT_S
    while not what():
        assert time.monotonic() < until, f"waited too long for: {words}"
        time.sleep(0.01)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    built = House(tmp_path)
    yield built
    if built.process is not None and built.process.poll() is None:
        built.process.kill()
        built.process.wait()
    wait_for(lambda: not any(map(is_alive, built.pids())), "no orphan")


def family(house: House, mall_a: str = "good", mall_b: str = "good") -> tuple[ChildPlan, ...]:
    return (
        house.child("inventory", stage=0, is_vital=True),
        house.child("mall:a", mall_a),
        house.child("mall:b", mall_b),
    )


def standing(house: House, *children: ChildPlan) -> House:
    house.write_plan(*children)
    house.start()
    wait_for(house.stands, "the house to stand")
    return house


def test_the_inventory_is_ready_before_a_mall_starts(house: House) -> None:
    notes = standing(house, *family(house)).notes()
    assert notes[:2] == ["inventory start", "inventory ready"]
    assert sorted(notes[2:]) == ["mall:a ready", "mall:a start", "mall:b ready", "mall:b start"]


def test_sigterm_drains_the_malls_before_the_inventory_and_ends_with_0(house: House) -> None:
    standing(house, *family(house)).signal(signal.SIGTERM)
    assert house.exit_code() == 0
    notes = house.notes()
    last_mall = max(notes.index("mall:a left"), notes.index("mall:b left"))
    assert last_mall < notes.index("inventory term") < notes.index("inventory left")


@pytest.mark.parametrize("victim", ["inventory", "mall:a"])
def test_a_killed_child_is_back_within_three_seconds_and_disturbs_nobody(
    house: House, victim: str
) -> None:
    standing(house, *family(house))
    others = {name: house.pid(name) for name in ("inventory", "mall:a", "mall:b")}
    old = others.pop(victim)
    os.kill(old, signal.SIGKILL)
    began = time.monotonic()
    wait_for(lambda: house.notes(victim).count("ready") == 2, "the restart")
    assert time.monotonic() - began < 3
    assert house.pid(victim) != old
    assert {name: house.pid(name) for name in others} == others


def test_every_child_killed_at_once_comes_back(house: House) -> None:
    standing(house, *family(house))
    killed = set(house.pids())
    for pid in killed:
        os.kill(pid, signal.SIGKILL)
    for name in ("inventory", "mall:a", "mall:b"):
        wait_for(lambda name=name: house.notes(name).count("ready") == 2, f"{name} again")  # type: ignore[misc]
    assert len(house.pids() - killed) >= 3


@pytest.mark.parametrize("moment", ["standing", "starting"])
def test_no_child_outlives_a_supervisor_that_was_killed(house: House, moment: str) -> None:
    house.write_plan(*family(house, mall_a="never-ready" if moment == "starting" else "good"))
    house.start()
    wait_for(lambda: "mall:a start" in house.notes(), "the malls' start")
    house.signal(signal.SIGKILL)
    house.exit_code()
    wait_for(lambda: not any(map(is_alive, house.pids())), "the children's end")
    assert "term" not in house.notes("mall:a")


def test_a_child_that_does_not_drain_is_killed_after_the_bound(house: House) -> None:
    house.write_plan(*family(house, mall_a="stubborn"), drain_s_max=0.5)
    house.start()
    wait_for(house.stands, "the house to stand")
    house.signal(signal.SIGTERM)
    assert house.exit_code() == 0
    assert ("child_killed", "mall:a") in house.actions()
    assert house.notes("mall:a")[-1] == "term"
    assert house.notes("inventory")[-1] == "left"


def test_a_second_sigterm_does_not_wait(house: House) -> None:
    standing(house, *family(house, mall_a="stubborn")).signal(signal.SIGTERM)
    wait_for(lambda: "term" in house.notes("mall:a"), "the drain")
    began = time.monotonic()
    house.signal(signal.SIGTERM)
    assert house.exit_code() == 0
    assert time.monotonic() - began < 10


def test_a_mall_that_cannot_run_is_given_up_told_to_the_inventory_and_tried_again_on_reload(
    house: House,
) -> None:
    standing(house, *family(house, mall_a="crash-unless-mended"))
    assert ("child_given_up", "mall:a") in house.actions()
    assert house.notes("mall:a") == ["start"] * (LIMITS.burst_max + 1)
    wait_for(lambda: "heard-mall:a-burst" in house.notes("inventory"), "the news")
    assert house.notes("mall:b") == ["start", "ready"]
    # An inventory that is started again hears it again.
    os.kill(house.pid("inventory"), signal.SIGKILL)
    wait_for(lambda: house.notes("inventory").count("heard-mall:a-burst") == 2, "the news again")
    Path(f"{house.journal}.mended").touch()
    house.signal(signal.SIGHUP)
    wait_for(lambda: "ready" in house.notes("mall:a"), "another try")
    wait_for(lambda: "reload" in house.notes("mall:b"), "the reload")


def test_a_house_whose_inventory_cannot_run_ends_with_1(house: House) -> None:
    inventory = house.child("inventory", "crash", stage=0, is_vital=True)
    house.write_plan(inventory, house.child("mall:a"))
    house.start()
    assert house.exit_code() == 1
    assert ("child_given_up", "inventory") in house.actions()
    assert ("child_not_ready", "inventory") not in house.actions()
    crashes = [line for line in house.log() if line["action"] == "child_crashed"]
    assert [line["code"] for line in crashes] == [3] * LIMITS.burst_max
    assert house.notes("mall:a") == []


def test_a_program_that_is_not_there_is_given_up_like_any_crash(house: House) -> None:
    broken = ChildPlan("mall:a", (str(house.directory / "nothing"),), 1)
    standing(house, house.child("inventory", stage=0, is_vital=True), broken)
    assert ("child_given_up", "mall:a") in house.actions()


def test_a_child_that_is_never_ready_is_killed_and_delays_nobody_for_longer(house: House) -> None:
    house.write_plan(*family(house, mall_a="never-ready"), ready_s_max=1.0)
    house.start()
    wait_for(lambda: house.notes("mall:a").count("start") >= 2, "the second try")
    assert ("child_not_ready", "mall:a") in house.actions()
    wait_for(lambda: "ready" in house.notes("mall:b"), "the other mall")


def test_a_reload_starts_new_malls_and_stops_those_that_are_gone(house: House) -> None:
    inventory, mall_a, mall_b = family(house)
    standing(house, inventory, mall_a)
    house.write_plan(inventory, mall_b)
    house.signal(signal.SIGHUP)
    wait_for(lambda: "ready" in house.notes("mall:b"), "the new mall")
    wait_for(lambda: "left" in house.notes("mall:a"), "the drain of the one that is gone")
    wait_for(lambda: "reload" in house.notes("inventory"), "the inventory's reload")
    house.signal(signal.SIGTERM)
    assert house.exit_code() == 0


SETTINGS = """
base_mall = "rakuten"
[[malls]]
name = "rakuten"
kind = "rakuten"
"""


def run_supervisor(directory: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "actors.supervisor", "--config", "zaiko.toml"],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def test_a_second_house_says_which_process_holds_the_state_and_ends_with_4(tmp_path: Path) -> None:
    (tmp_path / "zaiko.toml").write_text(SETTINGS)
    before = os.umask(0o077)
    try:
        state = StateDir(tmp_path / "state")
        state.claim()
    finally:
        os.umask(before)
    lock = HouseLock.take(state.lock)
    assert isinstance(lock, HouseLock)
    done = run_supervisor(tmp_path)
    lock.release()
    assert done.returncode == 4
    assert done.stdout == ""
    assert f"process {os.getpid()} holds it" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_state_that_cannot_be_written_is_told_in_one_sentence_and_ends_with_3(
    tmp_path: Path,
) -> None:
    (tmp_path / "zaiko.toml").write_text(SETTINGS)
    lock = StateDir(tmp_path / "state").lock
    lock.mkdir(parents=True)
    done = run_supervisor(tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    assert str(lock) in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_settings_that_cannot_be_used_end_with_2_and_leave_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "zaiko.toml").write_text(SETTINGS + "buffr = 1\n")
    done = run_supervisor(tmp_path)
    assert done.returncode == 2
    assert "did you mean buffer?" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["zaiko.toml"]
