"""In which order the suite runs: at random, but for what shares a running house, and long first."""

from itertools import groupby

import pytest

LONG_FIRST = ("acceptance", "manual", "integration", "sim", "house", "model", "contract")
"""Directories whose files take long: begun last, one of them alone would be waited for."""
IN_ORDER = frozenset({"acceptance", "manual"})
"""Directories whose tests share running houses: what one leaves behind, the next begins with."""


def _directory(item: pytest.Item) -> str:
    return item.nodeid.split("/")[1]


def _rank(item: pytest.Item) -> int:
    name = _directory(item)
    return LONG_FIRST.index(name) if name in LONG_FIRST else len(LONG_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the files, and the tests of some; the sort is stable, so the rest stays as it is."""
    files = [list(tests) for _, tests in groupby(items, lambda item: item.path)]
    for tests in files:
        if _directory(tests[0]) in IN_ORDER:
            tests.sort(key=lambda item: item.reportinfo()[1] or 0)
    files.sort(key=lambda tests: _rank(tests[0]))
    items[:] = [item for tests in files for item in tests]
