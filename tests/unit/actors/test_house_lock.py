"""One house for each state_dir."""

import os
import subprocess
import sys
from pathlib import Path

from actors.house_lock import Held, HouseLock

HOLD = """
import sys, pathlib
from actors.house_lock import HouseLock
lock = HouseLock.take(pathlib.Path(sys.argv[1]))
print(type(lock).__name__, flush=True)
sys.stdin.read()
"""


def test_a_second_taker_learns_who_holds_it_and_a_released_house_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = HouseLock.take(path)
    assert isinstance(lock, HouseLock)
    assert HouseLock.take(path) == Held(os.getpid())
    lock.release()
    again = HouseLock.take(path)
    assert isinstance(again, HouseLock)
    again.release()


def test_a_holder_that_was_killed_leaves_the_house_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(
        [sys.executable, "-P", "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"HouseLock\n"
        assert HouseLock.take(path) == Held(holder.pid)
        holder.kill()
    lock = HouseLock.take(path)
    assert isinstance(lock, HouseLock)
    lock.release()


def test_a_holder_that_has_not_written_its_id_yet_is_still_a_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    lock = HouseLock.take(path)
    assert isinstance(lock, HouseLock)
    path.write_text("")
    assert HouseLock.take(path) == Held(None)
    lock.release()
