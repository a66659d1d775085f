"""The command line on a real house, as an operator's shell runs it."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from tests.acceptance.house import House

COMMAND_S_MAX = 120.0


@dataclass(frozen=True)
class Said:
    """What a command printed and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed with --json."""
        return json.loads(self.out)


def zaiko(house: House, *words: object) -> Said:
    """One command."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "cli", *map(str, words), "--config", str(house.config)],
        cwd=house.directory,
        env=house.environ,
        capture_output=True,
        text=True,
        timeout=COMMAND_S_MAX,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def told(house: House, *words: object) -> Any:
    """The JSON of a command that must be done."""
    said = zaiko(house, *words, "--json")
    assert said.code == 0, said.err
    return said.json
