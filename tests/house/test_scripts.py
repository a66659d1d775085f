"""scripts/zaiko sets itself up, once, quietly, from any directory. Its lock is empty here."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT

CLI = """
import config, os, sys
print("config from", os.path.dirname(config.__file__))
print("arguments", sys.argv[1:])
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout with spaces in its name, a command, and a lock that asks for nothing."""
    top = tmp_path / "my shop"
    (top / "config").mkdir(parents=True)
    (top / "config" / "__init__.py").touch()
    (top / "cli.py").write_text(CLI)
    (top / "requirements.lock").write_text("# nothing\n")
    shutil.copytree(ROOT / "scripts", top / "scripts")
    return top


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A working directory whose modules have our names."""
    (tmp_path / "elsewhere" / "config").mkdir(parents=True)
    (tmp_path / "elsewhere" / "config" / "__init__.py").write_text("raise SystemExit('stray')")
    (tmp_path / "elsewhere" / "cli.py").write_text("raise SystemExit('stray')")
    return tmp_path / "elsewhere"


def path_without(name: str, directory: Path) -> str:
    """A PATH that holds the same programs but one."""
    directory.mkdir()
    for place in reversed(os.environ["PATH"].split(os.pathsep)):
        if not Path(place).is_dir():
            continue
        for program in Path(place).iterdir():
            link = directory / program.name
            link.unlink(missing_ok=True)
            if program.name != name:
                link.symlink_to(program)
    return str(directory)


def run(checkout: Path, directory: Path, *words: str, path: str = "") -> subprocess.Popen[str]:
    environ = {**os.environ, "PATH": path or os.environ["PATH"], "PYTHONPATH": str(directory)}
    return subprocess.Popen(
        [str(checkout / "scripts" / "zaiko"), *words],
        cwd=directory,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def both(checkout: Path, elsewhere: Path, path: str = "") -> list[tuple[int, str, str]]:
    """Two commands at once: exit code, output and errors of each."""
    at_once = [run(checkout, elsewhere, "watch", "a b", path=path) for _ in range(2)]
    told = [process.communicate(timeout=120) for process in at_once]
    return [
        (process.returncode, out, error)
        for process, (out, error) in zip(at_once, told, strict=True)
    ]


def assert_one_set_up(checkout: Path, told: list[tuple[int, str, str]]) -> None:
    wanted = f"config from {checkout.resolve() / 'config'}\narguments ['watch', 'a b']\n"
    assert [(code, out) for code, out, _ in told] == [(0, wanted), (0, wanted)], told
    assert sum("setting up" in error for _, _, error in told) == 1
    assert not (checkout / ".venv.lock.d").exists()


def test_two_at_once_wait_for_one_set_up_and_their_output_stays_clean(
    checkout: Path, elsewhere: Path
) -> None:
    assert_one_set_up(checkout, both(checkout, elsewhere))
    # Set up: silent from now on.
    assert run(checkout, elsewhere).communicate(timeout=60)[1] == ""


def test_a_lock_that_changed_or_failed_is_set_up_anew_also_without_flock(
    checkout: Path, elsewhere: Path, tmp_path: Path
) -> None:
    path = path_without("flock", tmp_path / "bin")
    (checkout / "requirements.lock").write_text("this is no requirement ===\n")
    broken = run(checkout, elsewhere, path=path)
    out, error = broken.communicate(timeout=120)
    assert broken.returncode != 0
    assert out == ""
    assert error
    (checkout / "requirements.lock").write_text("# nothing\n")
    assert_one_set_up(checkout, both(checkout, elsewhere, path))
