"""A file that is written whole or not at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.usage import UsageRefused
from terminal.whole_file import whole_file


def broken_off() -> Iterator[str]:
    yield "half"
    raise KeyError("the house is gone")


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path: Path) -> None:
    target = tmp_path / "rules.csv"
    target.write_text("old")
    with pytest.raises(KeyError), whole_file(target) as file:
        file.writelines(broken_off())
    assert (target.read_text(), list(tmp_path.iterdir())) == ("old", [target])
    with whole_file(target) as file:
        file.write("new")
    assert target.read_text(encoding="utf-8-sig") == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("name", [".", "no/such/rules.csv"])
def test_where_no_file_can_be_is_one_sentence(tmp_path: Path, name: str) -> None:
    with (
        pytest.raises(UsageRefused, match=r"is no file|cannot be written"),
        whole_file(tmp_path / name),
    ):
        pytest.fail("it was opened")
