"""The staff's guide is true: its commands, typed in their order, do and print what it shows."""

import re
from pathlib import Path

import pytest

from tests.acceptance.guide import GUIDES, replayed, shop_of_the_guide, steps_of

pytestmark = pytest.mark.slow


def shape_of(output: str) -> str:
    """The first line without what differs from day to day: numbers, times, how wide a column is."""
    first = output.partition("\n")[0]
    return re.sub(r"[\d:.-]+", "0", " ".join(first.split()))


def test_each_command_of_the_guide_ends_and_begins_as_shown(tmp_path: Path) -> None:
    steps = steps_of(GUIDES[0].read_text(encoding="utf-8"))
    assert len(steps) > 60
    with shop_of_the_guide(tmp_path) as day:
        for told in replayed(day, steps):
            said = told.said
            assert (said.code, "") == (told.exits, said.err * (not told.exits)), told.words
            assert shape_of(told.shown) == shape_of(told.step.output), told.words
