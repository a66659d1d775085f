"""docs/limits.md: every limit has a line, with its true default, and every setting is used."""

import ast
import re

import msgspec
import pytest

from config.settings import KINDS_OF_SWITCH, Bounds, MallSettings, Settings
from config.values import fields_of
from tests.house.rules import limits_of, undescribed_fields
from tests.house.tree import ROOT, modules

LIMITS = (ROOT / "docs" / "limits.md").read_text(encoding="utf-8")
ROWS = {
    name.group(1): [cell.strip() for cell in line.split("|")[2:-1]]
    for line in LIMITS.splitlines()
    if (name := re.match(r"\| `(\w+)`", line))
}


def numbers(struct: type[msgspec.Struct]) -> list[tuple[str, str]]:
    """(name, default as the table writes it) of every setting that is a number."""
    found = []
    for name, field in fields_of(struct).items():
        kinds = [field.type]
        if isinstance(field.type, msgspec.inspect.UnionType):
            kinds = list(field.type.types)
        if any(isinstance(k, msgspec.inspect.IntType | msgspec.inspect.FloatType) for k in kinds):
            found.append((name, "none" if field.default is None else f"{field.default:g}"))
    return found


@pytest.mark.parametrize(("name", "default"), [*numbers(Settings), *numbers(MallSettings)])
def test_every_number_in_the_settings_is_described_with_its_default(
    name: str, default: str
) -> None:
    assert name in ROWS, f"docs/limits.md has no row for {name}"
    unit, told, at_the_bound, where = ROWS[name]
    assert told.split()[0] == default
    assert unit
    assert at_the_bound
    assert where


def test_every_limit_in_the_code_is_described() -> None:
    # What a mall limits is a fact about that mall: docs/malls/ tells it, with its source.
    rooms = ("engine/", "actors/", "config/", "terminal/", "cli.py")
    missing = [
        f"{module.path}: {name}"
        for module in modules()
        if module.path.startswith(rooms)
        for name in limits_of(module)
        if name not in ROWS
    ]
    assert missing == []


def test_no_row_describes_what_is_not_there() -> None:
    code = {name for module in modules() for name in re.findall(r"\b\w+\b", module.text)}
    assert set(ROWS) - code == set()


def test_every_setting_has_a_line_of_its_own() -> None:
    config = [module for module in modules() if module.path.startswith("config/")]
    assert config
    assert [words for module in config for words in undescribed_fields(module)] == []


def test_every_setting_is_read_somewhere() -> None:
    if not (ROOT / "actors" / "inventory.py").exists() or not (ROOT / "cli.py").exists():
        pytest.skip("the actors that read the settings are not there yet")
    read = {
        node.attr
        for module in modules()
        if module.is_product
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
    }
    known = {*fields_of(Settings), *fields_of(MallSettings), *fields_of(Bounds)}
    # Switches go to the connectors by name, which is where they are read.
    words = {
        node.value
        for module in modules()
        if module.room == "malls"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant)
    }
    read |= {name for name in KINDS_OF_SWITCH if name in words}
    assert known - read - {"malls"} == set()
