"""The checkout's files as the house tests see them: tracked, or not tracked and not ignored."""

import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from tests.house.rules import Module

ROOT: Final = Path(__file__).parents[2]


@cache
def files() -> tuple[str, ...]:
    """Their paths from the top, with slashes."""
    # The checkout may belong to another user, as in a container.
    command = ["git", "-c", "safe.directory=*", "ls-files", "--cached", "--others"]
    done = subprocess.run(
        [*command, "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    names = {name for name in done.stdout.decode().split("\0") if name}
    return tuple(sorted(name for name in names if (ROOT / name).is_file()))


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file."""
    return tuple(
        Module(name, (ROOT / name).read_text(encoding="utf-8"))
        for name in files()
        if name.endswith(".py")
    )


def complaints(rule: Callable[[Module], Iterator[str]]) -> list[str]:
    """What one rule has against the tree."""
    return [complaint for module in modules() for complaint in rule(module)]


def texts() -> Iterator[tuple[str, str]]:
    """(path, content) of every file that is text."""
    for name in files():
        content = (ROOT / name).read_bytes()
        if b"\0" not in content:
            yield name, content.decode("utf-8", "replace")
