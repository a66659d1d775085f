"""The docs agree with the tree: links, commands, settings, rules, stories, tests and decisions.

Undocumented means unbuilt, and what is told must be there.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import typer

import cli
from actors.store.schema import METADATA
from config.settings import MallSettings, Settings
from config.values import fields_of
from malls.registry import KINDS, card_of
from tests.house.tree import ROOT, files, modules

PAGES = tuple(name for name in files() if name == "README.md" or name.startswith("docs/"))
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```", re.DOTALL)
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
INLINE = re.compile(r"`([^`\n]+)`")
RULE = re.compile(r"\b([TCDOESF][1-9])\b")
STORIES = range(1, 43)
COLUMNS_MAX = 165
"""Of prose; a table's row is as long as it is."""


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


# --- links ------------------------------------------------------------------------------------


def anchors_of(text: str) -> set[str]:
    """The anchors of a page's headings: lower case, no signs, hyphens for blanks."""
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", text), re.MULTILINE)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def broken_links(name: str) -> Iterator[str]:
    for target in LINK.findall(CODE.sub("", text_of(name))):
        if "://" in target:
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        if not file.exists():
            yield f"{name}: {target}"
        elif anchor and anchor not in anchors_of(file.read_text(encoding="utf-8")):
            yield f"{name}: {target}: no such heading"


@pytest.mark.parametrize("name", [*PAGES, "sandbox/README.md"])
def test_every_link_leads_somewhere(name: str) -> None:
    assert list(broken_links(name)) == []


def test_every_page_is_reached_from_the_readme() -> None:
    reached, left = set(), ["README.md"]
    while left:
        name = left.pop()
        if name in reached or not name.endswith(".md"):
            continue
        reached.add(name)
        for target in LINK.findall(CODE.sub("", text_of(name))):
            path = target.partition("#")[0]
            if path and "://" not in path:
                file = ((ROOT / name).parent / path).resolve()
                left.append(file.relative_to(ROOT.resolve()).as_posix())
    assert set(PAGES) - reached == set()


@pytest.mark.parametrize("name", PAGES)
def test_no_line_of_prose_is_too_long(name: str) -> None:
    long = [line for line in text_of(name).splitlines() if len(line) > COLUMNS_MAX]
    assert [line for line in long if not line.startswith("|")] == []


# --- commands ---------------------------------------------------------------------------------


def options_of(command: Any) -> set[str]:
    names = {name for param in command.params for name in (*param.opts, *param.secondary_opts)}
    return {name for name in names if name.startswith("--")} | {"--help"}


def command_tree() -> dict[tuple[str, ...], set[str]]:
    """Every command's words -> its options, those of all commands with them."""
    found: dict[tuple[str, ...], set[str]] = {}

    def walk(command: Any, path: tuple[str, ...], above: set[str]) -> None:
        own = options_of(command) | above
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*path, name), above)
        if path:
            found[path] = own

    root = typer.main.get_command(cli.app)
    walk(root, (), options_of(root))
    return found


TREE = command_tree()


def commands_told(text: str) -> Iterator[str]:
    """The zaiko commands of a page, from shell blocks and from running text."""
    lines = [line for block in SHELL_BLOCK.findall(text) for line in block.splitlines()]
    for line in [*lines, *INLINE.findall(CODE.sub("", text))]:
        plain = line.split(" #")[0].strip().removeprefix("$ ").removeprefix("scripts/")
        if plain.startswith("zaiko ") and not plain.startswith(("zaiko <", "zaiko X")):
            yield plain


def blocks_of(text: str) -> list[str]:
    """The shell blocks of a page, with their fences."""
    return [f"```sh\n{block}```" for block in SHELL_BLOCK.findall(text)]


def path_of(words: list[str]) -> tuple[str, ...]:
    """The command's own words: a group's command is one where the group has it."""
    for length in (3, 2, 1):
        if tuple(words[:length]) in TREE:
            return tuple(words[:length])
    return ()


@pytest.mark.parametrize("name", PAGES)
def test_every_command_and_option_that_is_told_is_there(name: str) -> None:
    wrong = []
    for told in commands_told(text_of(name)):
        words = told.split()[1:]
        if words[0].startswith("--"):
            continue
        path = path_of(words)
        options = {word.partition("=")[0] for word in words if word.startswith("--")}
        if not path or options - TREE[path]:
            wrong.append(told)
    assert wrong == []


def test_every_command_is_told_in_the_readme_or_the_operators_guide() -> None:
    told = {
        path_of(command.split()[1:])
        for name in ("README.md", "docs/operating.md")
        for command in commands_told(text_of(name))
    }
    groups = {path[:-1] for path in TREE}
    # Started by hand on rare days only, and a list that `status` shows as well.
    spared = {("mall",), ("malls", "list")}
    assert set(TREE) - groups - told - spared == set()


def test_both_halves_of_the_operators_guide_have_the_same_parts() -> None:
    _, japanese, english = re.split(
        r"^# (?:日本語|English)$", text_of("docs/operating.md"), flags=re.MULTILINE
    )
    for part in (r"^## ", r"^\|", r"^- "):
        counts = [len(re.findall(part, half, re.MULTILINE)) for half in (japanese, english)]
        assert counts[0] == counts[1], part
    told = [
        [path_of(command.split()[1:]) for command in commands_told("\n".join(blocks_of(half)))]
        for half in (japanese, english)
    ]
    assert told[0] == told[1]


def test_every_setting_that_is_told_is_one() -> None:
    known = {*fields_of(Settings), *fields_of(MallSettings)}
    # What `key set` asks for is told beside the settings.
    known |= {field.name for kind in KINDS for field in card_of(kind, {}).credential_fields}
    told = {
        name
        for page in ("README.md", "docs/operating.md")
        for name in re.findall(r"`([a-z]+(?:_[a-z]+)+)(?: = [^`]*)?`", text_of(page))
    }
    assert told - known == set()


# --- the protocol -----------------------------------------------------------------------------


def rules_told() -> set[str]:
    return set(re.findall(r"^\*\*([TCDOESF]\d)\*\*", text_of("docs/protocol.md"), re.MULTILINE))


def test_every_rule_that_the_code_names_is_told() -> None:
    rooms = ("engine", "actors")
    named = {
        rule for module in modules() if module.room in rooms for rule in RULE.findall(module.text)
    }
    assert named - rules_told() == set()


def test_every_story_is_told_and_has_a_test_of_its_name() -> None:
    told = {
        int(number)
        for number in re.findall(r"^\| (\d+) \|", text_of("docs/protocol.md"), re.MULTILINE)
    }
    tested = {
        int(number)
        for module in modules()
        for number in re.findall(r"def test_story_(\d\d)_", module.text)
    }
    assert told == set(STORIES)
    assert set(STORIES) - tested == set()


# --- the invariants ---------------------------------------------------------------------------

INVARIANTS = text_of("docs/invariants.md")


def test_the_ten_invariants_are_all_there_with_code_and_tests() -> None:
    parts = re.split(r"^## (\d+)\. ", INVARIANTS, flags=re.MULTILINE)
    assert [int(number) for number in parts[1::2]] == list(range(1, 11))
    for number, part in zip(parts[1::2], parts[2::2], strict=True):
        assert "- Kept:" in part, number
        assert re.search(r"^- (Unit|Model|Integration|Acceptance):.*`test_", part, re.MULTILINE), (
            number
        )


def test_every_test_that_is_named_exists() -> None:
    there = {
        name
        for module in modules()
        if module.path.startswith("tests/")
        for name in re.findall(r"def (test_\w+)", module.text)
    }
    pages = [name for name in PAGES if name.endswith(".md")]
    named = {test for page in pages for test in re.findall(r"`(test_\w+)`", text_of(page))}
    assert named - there == set()


def test_every_method_of_a_test_that_is_named_exists() -> None:
    for owner, method in re.findall(r"`([A-Z]\w+)\.(\w+)`", INVARIANTS):
        held = [m for m in modules() if re.search(rf"^class {owner}\b", m.text, re.MULTILINE)]
        found = any(re.search(rf"\b{method}\b", module.text) for module in held)
        assert found, f"{owner}.{method}"


# --- the architecture -------------------------------------------------------------------------

ARCHITECTURE = text_of("docs/architecture.md")


def test_every_module_of_engine_and_actors_is_told() -> None:
    told = re.findall(r"`([\w/*]+\.py)`", ARCHITECTURE)
    missing = []
    for name in files():
        path = PurePosixPath(name)
        if path.suffix != ".py" or path.name == "__init__.py" or "migrations" in path.parts:
            continue
        if path.parts[0] in {"engine", "actors"}:
            inside = "/".join(path.parts[1:])
            if not any(fnmatch(inside, pattern) for pattern in told):
                missing.append(name)
    assert missing == []


def test_no_module_is_told_that_is_not_there() -> None:
    there = [name for name in files() if name.endswith(".py")]
    for page in PAGES:
        for told in re.findall(r"`((?:\w+/)*[\w*]+\.py)`", text_of(page)):
            found = any(fnmatch(f"/{name}", f"*/{told}") for name in there)
            assert found, f"{page}: {told}"


def test_every_table_is_told_and_every_told_one_exists() -> None:
    _, _, after = ARCHITECTURE.partition("### Tables")
    rows, _, _ = after.partition("###")
    assert set(re.findall(r"^\| `(\w+)` \|", rows, re.MULTILINE)) == set(METADATA.tables)


# --- decisions --------------------------------------------------------------------------------

DECISIONS = tuple(name for name in files() if re.match(r"docs/adr/\d{4}-", name))


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(Path(name).name[:4]) for name in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_listed_and_says_context_decision_and_consequence(name: str) -> None:
    text, file = text_of(name), Path(name).name
    title = re.match(r"# (\d+)\. (.+)\n", text)
    assert title is not None
    assert int(title.group(1)) == int(file[:4])
    assert f"| {title.group(1)} | [{title.group(2)}]({file}) |" in text_of("docs/adr/README.md")
    places = [text.find(f"**{part}.**") for part in ("Context", "Decision", "Consequence")]
    assert -1 not in places
    assert places == sorted(places)
