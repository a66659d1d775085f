"""The staff's guide: both languages show the same, and no command is left out.

That each command does what stands after it is tried in tests/acceptance/test_guide.py.
"""

import re
import shlex
from collections.abc import Iterator
from typing import Any, Final

import typer

import cli
from tests.house.tree import ROOT

GUIDES: Final = ("docs/guide.ja.md", "docs/guide.md")
BLOCK: Final = re.compile(r"^```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMAND: Final = re.compile(r"^```sh\nzaiko (.*)\n```$", re.MULTILINE)
TOLD_ELSEWHERE: Final = {("run",), ("mall",), ("demo",), ("sandbox",), ("watch",)}
"""For whoever runs the daemon: README.md and docs/operating.md."""
ALONE: Final = re.compile(r"^```sh\n([^`]*)```\n\n(?!```text\n(?!```))", re.MULTILINE)
"""A command without an output."""


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command of the parser that is no group."""
    below = getattr(command, "commands", None)
    if below is None:
        yield path
        return
    for name, one in below.items():
        yield from leaves(one, (*path, name))


def test_both_languages_show_the_same_commands_files_and_outputs() -> None:
    shown = [BLOCK.findall(read(guide)) for guide in GUIDES]
    assert shown[0] == shown[1]


def test_each_command_has_its_output() -> None:
    assert [ALONE.findall(read(guide)) for guide in GUIDES] == [[], []]


def test_every_command_is_told_here_or_in_the_operators_reference() -> None:
    every = set(leaves(typer.main.get_command(cli.app)))
    typed = [tuple(shlex.split(words)) for words in COMMAND.findall(read(GUIDES[0]))]
    told = {leaf for leaf in every for words in typed if words[: len(leaf)] == leaf}
    assert every - told == TOLD_ELSEWHERE
    reference = read("README.md") + read("docs/operating.md")
    assert [path for path in TOLD_ELSEWHERE if f"zaiko {path[0]}" not in reference] == []


def test_the_words_of_reflect_are_told() -> None:
    typed = COMMAND.findall(read(GUIDES[0]))
    for word in ("list", "stop", "resume"):
        assert any(words.startswith(f"reflect {word}") for words in typed), word
