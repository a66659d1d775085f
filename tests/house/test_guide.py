"""The staff's guide: both languages show the same commands, and each is one the parser knows."""

import re
import shlex

import pytest
import typer

import cli
from tests.house.tree import ROOT

GUIDES = ("docs/guide.md", "docs/guide.ja.md")
BLOCK = re.compile(r"^```sh\nzaiko (.*)\n```$", re.MULTILINE)
TOLD_ELSEWHERE = {"run", "mall", "demo", "sandbox", "watch"}
"""For whoever runs the daemon: README.md and docs/operating.md."""


def commands_of(guide: str) -> list[str]:
    return BLOCK.findall((ROOT / guide).read_text(encoding="utf-8"))


COMMANDS = commands_of(GUIDES[0])


def test_both_languages_show_the_same_commands_and_outputs() -> None:
    texts = [(ROOT / guide).read_text(encoding="utf-8") for guide in GUIDES]
    shown = [re.findall(r"^```\w+\n(.*?)^```$", text, re.MULTILINE | re.DOTALL) for text in texts]
    assert shown[0] == shown[1]
    assert len(COMMANDS) > 40


def test_every_command_is_told_here_or_in_the_operators_reference() -> None:
    every = set(typer.main.get_command(cli.app).commands)  # type: ignore[attr-defined]
    told = {words.split()[0] for words in COMMANDS}
    assert told == every - TOLD_ELSEWHERE
    references = (ROOT / name for name in ("README.md", "docs/operating.md"))
    reference = "".join(one.read_text(encoding="utf-8") for one in references)
    assert [name for name in TOLD_ELSEWHERE if f"zaiko {name}" not in reference] == []


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_of_the_guide_is_known_with_its_options(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = shlex.split(words)
    assert cli.main([*typed, "--help"]) == 0
    help_text = capsys.readouterr().out
    options = [word for word in typed if re.fullmatch(r"--[a-z-]+", word)]
    assert [option for option in options if option not in help_text] == []
