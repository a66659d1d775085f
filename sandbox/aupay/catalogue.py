"""The items of one shop in the order of registration, for paged lists and substring filters.

Lists are pages of an offset, and itemCode filters match inside the code. Both are prepared once per
change of the catalogue: a call costs what it finds and not a walk through all items.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from sandbox.shelf import ITEMS_MAX, Item, Shelf

LOT_FIRST = 700_000_000  # lotNumber of the item with number 0


def lot_number(item: Item) -> int:
    """The mall's own number of an item."""
    return LOT_FIRST + item.number


class Catalogue:
    """Finds items by position, lot number, and part of the code."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._revision = -1
        self._items: list[Item] = []
        self._codes = ""  # one code a line
        self._starts: list[int] = []  # where each line begins
        self._asked: tuple[int, str] | None = None
        self._found: Sequence[Item] = ()

    def all(self) -> Sequence[Item]:
        """Every item that is there."""
        if self._revision != self._shelf.revision:
            self._revision = self._shelf.revision
            found = self._shelf.items_after(0, ITEMS_MAX)
            self._items = [item for item in found if not item.gone]
            self._codes = "\n".join(item.code for item in self._items)
            self._starts = []
            at = 0
            for item in self._items:
                self._starts.append(at)
                at += len(item.code) + 1
        return self._items

    def holding(self, part: str) -> Sequence[Item]:
        """The items whose code holds this text; pages of one question are found once."""
        items = self.all()
        if self._asked != (self._revision, part):
            self._found = self._search(part) if "\n" not in part else ()
            self._asked = (self._revision, part)
        return items if not part else self._found

    def of_lot(self, said: str) -> Item | None:
        """The item with this lotNumber."""
        if not (said.isascii() and said.isdigit() and len(said) <= 18):
            return None
        number = int(said) - LOT_FIRST
        found = self._shelf.items_after(number - 1, 1)
        return found[0] if found and found[0].number == number and not found[0].gone else None

    def _search(self, part: str) -> list[Item]:
        found: list[Item] = []
        at = self._codes.find(part) if part else -1
        while at >= 0:
            index = bisect_right(self._starts, at) - 1
            found.append(self._items[index])
            if index + 1 == len(self._items):
                break
            at = self._codes.find(part, self._starts[index + 1])
        return found
