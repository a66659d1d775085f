"""A command line's words are put in order before the command reader sees them."""

import pytest
import typer

import cli
from terminal.usage import UsageRefused, nearest
from terminal.words import arranged

ROOT = typer.main.get_command(cli.app)


def order(text: str) -> str:
    return " ".join(arranged(ROOT, text.split(), cli.DEFAULTS, []))


@pytest.mark.parametrize(
    ("typed", "ordered"),
    [
        ("status", "status"),
        ("status --json --config f", "--json --config f status"),
        ("--config=f status", "--config=f status"),
        ("stock", "stock list"),
        ("stock --mall m --diff", "stock list --mall m --diff"),
        ("--mall m stock list", "stock list --mall m"),
        ("stock list --max -3", "stock list --max -3"),
        ("stock adjust TEE -2", "stock adjust -- TEE -2"),
        ("stock -2 --reason -5 adjust TEE", "refused"),
        ("stock adjust TEE --reason -5 +2", "stock adjust --reason -5 -- TEE +2"),
        ("history -- --odd", "history -- --odd"),
        ("key set r - --json", "--json key set -- r -"),
        ("stock --help", "stock --help"),
        ("link", "link conflicts"),
        ("link rules", "link rules list"),
        ("link rules add m --join - --fields a", "link rules add --join - --fields a -- m"),
        ("", "--help"),
    ],
)
def test_words_are_sorted(typed: str, ordered: str) -> None:
    if ordered == "refused":
        with pytest.raises(UsageRefused):
            order(typed)
    else:
        assert order(typed) == ordered


def test_every_option_of_every_command_is_known_by_one_kind() -> None:
    # An option that took a value here and none there could not be sorted without its command.
    kinds: dict[str, set[bool]] = {}

    def walk(command: object) -> None:
        for param in getattr(command, "params", ()):
            for name in (*param.opts, *param.secondary_opts):
                if name.startswith("-"):
                    kinds.setdefault(name, set()).add(bool(param.is_flag))
        for below in getattr(command, "commands", {}).values():
            walk(below)

    walk(ROOT)
    assert {name for name, found in kinds.items() if len(found) > 1} == set()


def test_the_nearest_word_is_suggested_and_a_far_one_is_not() -> None:
    assert nearest("stauts", ["status", "stock"]) == "status"
    assert nearest("xyz", ["status", "stock"]) is None
