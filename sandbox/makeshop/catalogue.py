"""The products of one shop in the order of registration, and how their variations are named.

A product's systemCode is its number with 12 digits. Lists are prepared once per change of the
catalogue. Contract: section 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.shelf import ITEMS_MAX, Item, Row, Shelf

SYSTEM_CODE_DIGITS = 12


def system_code(item: Item) -> str:
    """The mall's own code of a product."""
    return f"{item.number:0{SYSTEM_CODE_DIGITS}d}"


class Catalogue:
    """Finds products by position and by either code."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._revision = -1
        self._items: list[Item] = []

    def all(self) -> Sequence[Item]:
        """Every product that is there."""
        if self._revision != self._shelf.revision:
            self._revision = self._shelf.revision
            found = self._shelf.items_after(0, ITEMS_MAX)
            self._items = [item for item in found if not item.gone]
        return self._items

    def of_system_code(self, said: object) -> Item | None:
        """The product with this systemCode."""
        if not isinstance(said, str) or len(said) != SYSTEM_CODE_DIGITS:
            return None
        if not (said.isascii() and said.isdigit()):
            return None
        found = self._shelf.items_after(int(said) - 1, 1)
        return found[0] if found and system_code(found[0]) == said and not found[0].gone else None

    def of_custom_code(self, said: object) -> Item | None:
        """The product with the merchant's own code."""
        return self._shelf.item(said) if isinstance(said, str) else None

    def told_code(self, code: str) -> str:
        """The systemCode that an order tells, also of a product that is gone."""
        item = self._shelf.items.get(code)
        return system_code(item) if item is not None else ""


@dataclass(frozen=True, slots=True)
class Variation:
    """One variation as the mall knows it: two names, and two numbers within the product."""

    row: Row
    names: tuple[str, str]
    ids: tuple[int, int | None]


def variations_of(item: Item) -> list[Variation]:
    """The variations of a product in the order of their making; none for a plain one."""
    if "" in item.rows:
        return []
    seen: tuple[dict[str, int], dict[str, int]] = ({}, {})
    found = []
    for sub_code, row in item.rows.items():
        choices = [*row.axes.values()]
        first = choices[0] if choices else sub_code
        second = " ".join(choices[1:])
        first_id = seen[0].setdefault(first, len(seen[0]) + 1)
        second_id = seen[1].setdefault(second, len(seen[1]) + 1) if second else None
        found.append(Variation(row, (first, second), (first_id, second_id)))
    return found


def variation_text(row_axes: dict[str, str]) -> str:
    """The variation as order lines tell it: `axis : choice axis : choice`."""
    return " ".join(f"{axis} : {choice}" for axis, choice in row_axes.items())
