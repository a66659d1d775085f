"""Each promise of the operator's manual has a test whose name carries its number."""

import ast
import re
from typing import Final

import pytest

from tests.house.tree import ROOT, files

PROMISES: Final = (
    "m1", "m2", "b3", "m4", "m5", "m6", "m7", "m8", "m9", "b10", "m11", "m12", "m13", "m14",
    "m15", "m16", "b17", "m18", "m19", "m20", "m21", "m22", "m23", "m24",
)  # fmt: skip
"""M: what the manual says. B: what it warns of, and zaiko does better (numbers 3, 10 and 17)."""
NUMBER: Final = re.compile(r"(?<=_)([mb])0?(\d+)(?=_)")
PLACES: Final = ("tests/manual/", "tests/acceptance/")


def numbers_of(name: str) -> set[str]:
    """The promises a test's name carries."""
    return {letter + number for letter, number in NUMBER.findall(name)}


def names_in(path: str) -> list[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return [
        node.name
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


def carried() -> set[str]:
    named = [name for path in files() if path.startswith(PLACES) for name in names_in(path)
             if path.endswith(".py")]  # fmt: skip
    return {number for name in named for number in numbers_of(name)}


def test_numbers_are_read_off_a_name() -> None:
    assert numbers_of("test_m07_m10x_b17_m1_an_m2") == {"m7", "b17", "m1"}


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_has_a_test_named_after_it(promise: str) -> None:
    assert promise in carried()


def test_no_test_is_named_after_a_promise_nobody_made() -> None:
    assert carried() <= set(PROMISES)
