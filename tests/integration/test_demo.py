"""`zaiko demo` as a user starts it: it proves what it says, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BOUND_S = 180.0

pytestmark = pytest.mark.slow


def start(directory: Path, *words: str) -> "subprocess.Popen[str]":
    """The demo with temporary files of its own, from a directory with a stray config."""
    (directory / "tmp").mkdir()
    (directory / "config").mkdir()
    (directory / "config" / "__init__.py").write_text("raise SystemExit('stray')")
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "cli", "demo", *words],
        cwd=directory,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(directory / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def left(directory: Path) -> list[str]:
    """Living processes that have this demo's directory in their environment."""
    mark = f"TMPDIR={directory / 'tmp'}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environ = (process / "environ").read_bytes()
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            state = (process / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark in environ and state != "Z":
            found.append(words)
    return found


def wait_for(condition: Callable[[], object], bound_s: float) -> bool:
    end = time.monotonic() + bound_s
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


def test_a_short_demo_counts_every_line_once_and_leaves_every_page_right(tmp_path: Path) -> None:
    demo = start(tmp_path, "--seconds", "15", "--json")
    out, error = demo.communicate(timeout=BOUND_S)
    assert demo.returncode == 0, (out, error)
    assert error == ""
    told = json.loads(out)
    assert set(told) == {
        "orders", "order_lines", "applied_lines", "duplicate_lines", "pushes", "api_calls",
        "oversold_units", "wrong_listings", "lag_ms", "faults",
    }  # fmt: skip
    assert told["order_lines"] == told["applied_lines"] >= 10
    assert told["duplicate_lines"] == told["wrong_listings"] == 0
    assert told["pushes"] > 0
    assert 0 < told["lag_ms"]["p50"] <= told["lag_ms"]["p99"]
    assert list((tmp_path / "tmp").iterdir()) == []


@needs_proc
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_however_the_demo_ends_no_process_is_left(tmp_path: Path, number: signal.Signals) -> None:
    demo = start(tmp_path, "--json")
    # The demo, the pretend malls, the supervisor, the inventory and five malls.
    assert wait_for(lambda: len(left(tmp_path)) >= 9, BOUND_S), left(tmp_path)
    demo.send_signal(number)
    out, error = demo.communicate(timeout=BOUND_S)
    assert out == ""
    assert "Traceback" not in error
    assert wait_for(lambda: left(tmp_path) == [], 30.0), left(tmp_path)
    if number != signal.SIGKILL:
        assert list((tmp_path / "tmp").iterdir()) == []
