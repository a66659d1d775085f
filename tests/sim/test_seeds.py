"""A hundred seeds, and that a seed is a run: the same events every time, in any process."""

import os
import subprocess
import sys

import pytest

from tests.house.tree import ROOT
from tests.sim.__main__ import told
from tests.sim.house import simulate

CHUNKS = 10
SEEDS_EACH = 10

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_nothing_wrong_happens_and_everything_converges(chunk: int) -> None:
    for seed in range(chunk * SEEDS_EACH, (chunk + 1) * SEEDS_EACH):
        ran = simulate(seed)
        if ran.error is not None:
            pytest.fail(told(ran), pytrace=False)
        assert ran.proofs > 0


def test_the_same_seed_is_the_same_run() -> None:
    first, second = simulate(4), simulate(4)
    assert (first.digest, first.events) == (second.digest, second.events)
    assert simulate(3).digest != first.digest


def test_a_seed_is_the_same_run_in_every_process() -> None:
    code = "from tests.sim.house import simulate; print(simulate(2).digest)"
    digests = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(digests) == 1


def test_the_command_runs_seeds_and_says_how_they_went() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.sim", "--seeds", "1", "--start", "7"],
        cwd=ROOT,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 seeds, 0 failed" in done.stdout
