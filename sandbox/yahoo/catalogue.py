"""The item codes of one shop in alphabetical order, for prefix queries.

The core lists items by their order of creation; this index takes in what is new since it was last
asked, so that a query costs what it finds and not the whole catalogue.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from sandbox.shelf import Item, Shelf

TAKEN_IN_MAX = 10_000  # new items read from the shelf at a time
_AFTER_ALL = "\U0010ffff"


class Catalogue:
    """Finds the items whose code begins so, and keeps the last finding: pages follow each other."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._last_number = 0
        self._known: set[str] = set()
        self._exact: list[str] = []
        self._folded: list[tuple[str, str]] = []  # (lower case, code)
        self._asked: tuple[int, str, bool] | None = None
        self._found: Sequence[Item] = ()

    def beginning(self, prefix: str, *, ignores_case: bool) -> Sequence[Item]:
        """Items by code whose code begins with the prefix; removed ones are left out."""
        asked = (self._shelf.revision, prefix, ignores_case)
        if asked != self._asked:
            self._take_in()
            codes = self._codes(prefix, ignores_case=ignores_case)
            items = self._shelf.items
            self._found = [item for code in codes if not (item := items[code]).gone]
            self._asked = asked
        return self._found

    def _codes(self, prefix: str, *, ignores_case: bool) -> list[str]:
        if not ignores_case:
            low = bisect_left(self._exact, prefix)
            return self._exact[low : bisect_left(self._exact, prefix + _AFTER_ALL)]
        folded = prefix.lower()
        low = bisect_left(self._folded, (folded, ""))
        high = bisect_left(self._folded, (folded + _AFTER_ALL, ""))
        return [code for _folded, code in self._folded[low:high]]

    def _take_in(self) -> None:
        while new := self._shelf.items_after(self._last_number, TAKEN_IN_MAX):
            self._last_number = new[-1].number
            # A code that was removed and came back has a new number but is listed already.
            for code in [item.code for item in new if item.code not in self._known]:
                self._known.add(code)
                self._exact.append(code)
                self._folded.append((code.lower(), code))
            # Sorting what is nearly sorted is a merge.
            self._exact.sort()
            self._folded.sort()
