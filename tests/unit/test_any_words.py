"""Nothing an operator can type corrupts a total: fuzzed command lines against a real desk.

A command line either ends with 2, 3 or 4 and one sentence, and nothing at all is changed; or it
ends with 0 and what it says is done, to that SKU and to no other.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st

import cli
from tests.unit.actors.desk.desk_door import FREE, OPEN, UNOPENED, DeskDoor, Rows, desk_door

TOTAL_MAX: Final = 999_999_999
SKUS: Final = [*OPEN, UNOPENED]
NO_SKUS: Final = ["", " ", "NOPE", "TEE ", "t e e", "-", "--", "-x", "--help", "\udcff", "\x1b[2J"]
NUMBERS: Final = [
    "0", "1", "5", "+5", "-5", "-0", "999999999", "1000000000", "-999999999", "007", "1_0",
    "9223372036854775807", "9223372036854775808", "18446744073709551616", "1" + "0" * 30,
    "-1" + "0" * 30, "9" * 5_000, "1e3", "1.5", "1.0", "NaN", "inf", "0x10", "１２", "٣", "²",
    "", " ", " 5", "1,000", "--", "5\n", "\udcff", "🎩",
]  # fmt: skip
ODD: Final = [
    *NUMBERS, *SKUS, *NO_SKUS, FREE, "rakuten", "yahoo", "Yahoo", "amazon", "none", "on", "x=1",
    "TEE=2", "cap=0", "TEE=" + "9" * 9, "=", "rakuten:1", ":", "jan", "code", "case", "./x.csv",
    "x/y", "../work", "a" * 300, "2026-11-28T18:00", "0001-01-01", "9999-12-31T23:59:59",
    "1970-01-12T13:50:00Z", "24:00", "%", "'; DROP TABLE sku; --", "\u202e", "𩸽", "--mall",
]  # fmt: skip
LEFT_OUT: Final = {
    ("run",), ("mall",), ("demo",), ("sandbox",), ("watch",), ("doctor",), ("key",), ("notify",),
}  # fmt: skip
"""These become another process, wait for Ctrl-C, or talk to a mall or to a service."""
MODELLED: Final = {
    ("stock", name) for name in ("set", "adjust", "receive", "return", "take", "undo")
} | {("delete",)}
MAY_CHANGE: Final = {
    ("link", "add"): {"links"}, ("link", "remove"): {"links"}, ("link", "auto"): {"links"},
    ("link", "set"): {"links"}, ("link", "sets", "import"): {"links"},
    ("link", "rules", "add"): {"rules"}, ("link", "rules", "remove"): {"rules"},
    ("link", "rules", "import"): {"rules"}, ("offers", "set"): {"offers"},
    ("offers", "remove"): {"offers"}, ("sync", "on"): {"ticks"}, ("sync", "off"): {"ticks"},
    ("settings", "set"): {"settings"},
}  # fmt: skip
"""What each command that changes something is for; every other one changes none of it."""


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDoor]:
    with desk_door(tmp_path_factory.mktemp("words")) as made:
        yield made


# --- every command there is, with any words ---------------------------------------------------


class Command(NamedTuple):
    """One command of the parser."""

    path: tuple[str, ...]
    options: dict[str, bool]
    """Whether it takes a value."""


def commands(found: Any, path: tuple[str, ...] = ()) -> Iterator[Command]:
    if path in LEFT_OUT:
        return
    for name, below in getattr(found, "commands", {}).items():
        yield from commands(below, (*path, name))
    if not hasattr(found, "commands"):
        own = [param for param in found.params if hasattr(param, "is_flag")]
        told = {name: not param.is_flag for param in own for name in param.opts}
        yield Command(path, {name: takes for name, takes in told.items() if name[0] == "-"})


COMMANDS: Final = list(commands(typer.main.get_command(cli.app)))


@st.composite
def any_lines(draw: st.DrawFn) -> tuple[Command, list[str]]:
    """A command with any values and options of its own, perhaps twice, in any order."""
    command = draw(st.sampled_from([one for one in COMMANDS if one.path not in MODELLED]))
    values = st.one_of(
        st.sampled_from(ODD), st.text(max_size=8).filter(lambda text: "\0" not in text)
    )
    parts = [[draw(values)] for _ in range(draw(st.integers(0, 4)))]
    if command.options:
        names = draw(st.lists(st.sampled_from(sorted(command.options)), max_size=4))
        parts += [[name, draw(values)] if command.options[name] else [name] for name in names]
    words = [word for part in draw(st.permutations(parts)) for word in part]
    if command.path == ("import",):
        # Without a mall's actor an import never ends.
        words.append("--no-wait")
    return command, [*command.path, *words]


def sums(rows: Rows) -> dict[int, int]:
    found: Counter[int] = Counter()
    for row in rows["movements"]:
        found[row[1]] += row[2]
    return found


def check_sums(rows: Rows) -> None:
    """Every total is the sum of its movements, and the last of them says so."""
    ids = {row[1]: row[0] for row in rows["skus"]}
    summed = sums(rows)
    last = {row[1]: row[3] for row in rows["movements"]}
    for code, total in rows["totals"]:
        assert (total or 0) == summed.get(ids[code], 0), code
        assert (total or 0) == last.get(ids[code], 0), code


def check_told(door: DeskDoor, words: list[str], told: Any) -> None:
    assert door.bugs == [], (words, door.bugs)
    assert told.code in {0, 2, 3, 4}, (words, told)
    assert "Traceback" not in told.err, words
    if told.code:
        assert told.err or told.out, words


@settings(max_examples=30, deadline=None)
@given(lines=st.lists(any_lines(), min_size=1, max_size=4))
def test_any_command_line_changes_no_total_and_nothing_it_is_not_for(
    door: DeskDoor, lines: list[tuple[Command, list[str]]]
) -> None:
    door.rewind()
    for command, words in lines:
        before = door.rows()
        told = door.run(*words)
        check_told(door, words, told)
        after = door.rows()
        may = set() if told.code or "--dry-run" in words else MAY_CHANGE.get(command.path, set())
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= may, (words, told)
        check_sums(after)


@pytest.mark.parametrize(
    "words",
    [
        ("stock", "set", "TEE", "1" + "0" * 30),
        ("stock", "adjust", "TEE", "-1" + "0" * 30),
        ("stock", "set", "TEE", "1_0"),
        ("stock", "receive", "TEE", "1,0"),
        ("stock", "adjust", "TEE", "1", "--reason", "\udcff"),
        ("stock", "show", "\udcff"),
        ("stock", "undo", str(2**63)),
        ("stock", "list", "--max", str(2**63)),
        ("stock", "list", "--search", "\udcff", "--json"),
        ("errors", "show", str(2**64 - 1)),
        ("errors", "clear", "1", str(2**63)),
        ("import", "rakuten", "--file", "x.csv", "--as-of", "0001-01-01"),
        ("history", "NOPE", "--json"),
        ("stock", "export", "."),
        ("delete", "TEE", "NOPE"),
    ],
)
def test_what_no_house_can_take_is_refused_in_one_sentence(
    door: DeskDoor, words: tuple[str, ...]
) -> None:
    door.rewind()
    before = door.rows()
    told = door.run(*words)
    check_told(door, list(words), told)
    assert (told.code, told.out, told.err.count("\n")) == (2, "", 1), told
    assert " / " in told.err
    assert door.rows() == before


def test_full_width_digits_and_thousands_are_numbers(door: DeskDoor) -> None:
    door.rewind()
    assert door.run("stock", "set", "TEE", "１，２３４").code == 0
    assert door.run("stock", "adjust", "TEE", "-1,000").code == 0
    assert ("TEE", 234) in door.rows()["totals"]


def test_a_file_of_stock_is_never_moved_onto_a_device(door: DeskDoor) -> None:
    os.mkfifo("pipe")
    told = door.run("stock", "export", "pipe")
    assert told.code == 2
    assert Path("pipe").is_fifo()


# --- stock commands against a model --------------------------------------------------------------


class Work(NamedTuple):
    """A stock command as it is meant."""

    name: str
    sku: str
    number: str
    more: list[str]
    """Options that move no total."""
    at: float | None
    """Seconds before now at which it was counted."""
    shape: int
    """How the words are put."""


INERT: Final = [["--json"], ["--json", "--json"], ["--config", "../zaiko.toml"]]
NOTES: Final = ["", "破損", "--", "-1", "🎩", "a" * 3_000, "\x1b[2J", "\udcff"]
WORKS: Final = st.builds(
    Work,
    st.sampled_from(["set", "adjust", "receive", "return", "take", "delete"]),
    st.one_of(st.sampled_from([*SKUS, "tee", "CAP"]), st.sampled_from([*SKUS, *NO_SKUS])),
    st.one_of(
        st.integers(-30, 30).map(str), st.integers(0, 10**9).map(str), st.sampled_from(NUMBERS)
    ),
    st.lists(st.sampled_from(INERT), max_size=2).map(lambda found: list(chain(*found))),
    st.none() | st.sampled_from([0.0, 5.0, 10.0, 15.0, 25.0, -1.0, -1e9, 1e6]),
    st.integers(0, 3),
)


def line(work: Work, note: str, now: float) -> list[str]:
    """The command line that says it."""
    options = list(work.more)
    if work.name == "adjust":
        options += ["--reason", "first", "--reason", note]
    elif work.name in {"receive", "return", "take"}:
        options += ["--note", note]
    if work.name == "take" and work.at is not None:
        options += ["--at", datetime.fromtimestamp(now - work.at, UTC).isoformat()]
    path = ["delete"] if work.name == "delete" else ["stock", work.name]
    values = [work.sku] if work.name == "delete" else [work.sku, work.number]
    # Behind a -- whatever follows is a value: --json would be a SKU, and there is one of that name.
    if work.shape == 0 or work.sku == "--":
        return [*options, *path, "--", *values]
    if work.shape == 1:
        return [*path, *options, "--", *values]
    if work.shape == 2:
        return [*path, *values, *options]
    return [*options, *path, *values]


def meant(text: str) -> int | None:
    """What number a text is, to a person; None: none that can be a quantity."""
    text = unicodedata.normalize("NFKC", text.strip()).replace(",", "")
    found = re.fullmatch(r"([+-]?[0-9]{1,9})(\.0+)?", text.lstrip("0") or "0")
    return int(found[1]) if found else None


class Model:
    """The totals as the commands say, from the movements booked so far."""

    def __init__(self, rows: Rows) -> None:
        self.codes = {row[1].casefold(): row[1] for row in rows["skus"]}
        self.totals: dict[str, int | None] = dict(rows["totals"])
        self.moves: dict[str, list[tuple[float, int]]] = {code: [] for code in self.totals}

    def do(self, work: Work, now: float) -> None:
        code = self.codes[work.sku.casefold()]
        if work.name == "delete":
            del self.totals[code], self.codes[code.casefold()], self.moves[code]
            return
        number = meant(work.number)
        assert number is not None, work
        before, at = self.totals[code], now
        if work.name in {"set", "take"}:
            assert 0 <= number <= TOTAL_MAX, work
            at = now - (work.at or 0.0) if work.name == "take" else now
            assert at <= now, work
            since = 0 if before is None else sum(one for then, one in self.moves[code] if then > at)
            total = number + since
        else:
            assert before is not None, work
            assert work.name == "adjust" or number > 0, work
            total = before + number
        assert abs(total) <= TOTAL_MAX, work
        self.totals[code] = total
        self.moves[code].append((at, total - (before or 0)))


@settings(max_examples=25, deadline=None)
@given(works=st.lists(st.tuples(WORKS, st.sampled_from(NOTES)), min_size=1, max_size=6))
def test_stock_commands_do_exactly_what_they_say_or_nothing(
    door: DeskDoor, works: list[tuple[Work, str]]
) -> None:
    door.rewind()
    model = Model(door.rows())
    for work, note in works:
        before = door.rows()
        words = line(work, note, door.house.now + 10.0)
        told = door.run(*words)
        check_told(door, words, told)
        after = door.rows()
        is_help = not told.code and "--help" in words
        if told.code or is_help:
            assert after == before, (words, told)
            continue
        model.do(work, door.house.now)
        assert dict(after["totals"]) == model.totals, (words, told)
        if work.name != "delete":
            assert len(after["movements"]) == len(before["movements"]) + 1
            kept = ("links", "offers", "rules", "ticks", "settings")
            assert all(after[name] == before[name] for name in kept), words
        check_sums(after)
