"""The command line on a real house, as an operator types it."""

from typing import Any

from tests.acceptance.house import House
from tests.acceptance.typed import Said
from tests.acceptance.typed import typed as zaiko

__all__ = ["Said", "told", "zaiko"]


def told(house: House, *words: object) -> Any:
    """The JSON of a command that must be done."""
    said = zaiko(house, *words, "--json")
    assert said.code == 0, said.err
    return said.json
