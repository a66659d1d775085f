"""Every bench runs in its smallest size and prints one JSON object. No time is asserted here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
RUN_S_MAX = 300

SMALLEST = {
    "intake": ("--lines", "100", "--skus", "20", "--rounds", "1"),
    "latency": ("--orders", "2", "--commits", "5", "--skus", "20"),
    "memory": ("--skus", "20", "40", "--lines", "20", "--orders", "5"),
    "cold_start": ("--rounds", "1", "--skus", "20"),
    "bulk": ("--listings", "400", "--malls", "rakuten", "--speed", "50"),
    "full_path": ("--orders", "20", "--skus", "20"),
    "sheets": ("--rows", "100"),
}
WORDS = {
    "intake": {"batches", "ratio", "goal", "floor", "is_reached"},
    "latency": {"unit", "push", "commit", "commit_under_load", "goals", "is_reached"},
    "memory": {"m1", "m2", "inventory", "malls", "ratios", "goals", "is_reached"},
    "cold_start": {"m2_start_s", "start_s", "ratio", "goal", "is_reached"},
    "bulk": {"malls", "median_ratio", "goals", "is_reached"},
    "sheets": {"rows", "small", "whole", "growth", "goals", "is_reached"},
    "full_path": {"l2_lines_per_s", "placed_at", "ratio", "goal", "is_reached"},
}


def test_every_bench_is_tried() -> None:
    benches = {
        path.stem
        for path in (ROOT / "bench").glob("*.py")
        if '__name__ == "__main__"' in path.read_text(encoding="utf-8")
    }
    assert benches == set(SMALLEST)


@pytest.mark.parametrize("bench", sorted(SMALLEST))
def test_a_bench_prints_its_figures(bench: str) -> None:
    done = subprocess.run(
        [sys.executable, f"bench/{bench}.py", *SMALLEST[bench]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=RUN_S_MAX,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bench"] == bench
    assert set(told) > WORDS[bench]
