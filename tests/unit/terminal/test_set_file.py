"""Files of sets: read back as written, in either encoding, and refused by line and column."""

import io
from pathlib import Path
from typing import Any

import pytest

from actors.client import Refusal, table_rows
from terminal.set_file import Listed, read_sets, write_sets
from terminal.usage import UsageRefused

HEAD = "mall,code,sub_code,sku,units\n"


def file_of(directory: Path, text: str, encoding: str = "utf-8") -> Path:
    path = directory / "sets.csv"
    path.write_bytes(text.encode(encoding))
    return path


def read(path: Path) -> tuple[list[Listed], list[dict[str, Any]]]:
    return read_sets(path, table_rows(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_the_rows_of_a_listing_are_one_set_wherever_they_stand(
    tmp_path: Path, encoding: str
) -> None:
    text = HEAD + "yahoo,箱,赤,tee,2\nyahoo,bag,,tee,1\n\nyahoo,箱,赤,帽子,1\n"
    wishes, refusals = read(file_of(tmp_path, text, encoding))
    assert refusals == []
    assert wishes == [
        ("yahoo", "箱", "赤", [("tee", 2, 2), ("帽子", 1, 5)], 2),
        ("yahoo", "bag", "", [("tee", 1, 3)], 3),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",box,,tee,1", "mall"),
        ("yahoo,,,tee,1", "code"),
        ("yahoo,box,,,1", "sku"),
        ("yahoo,box,,tee,", "units"),
        ("yahoo,box,,tee,-1", "units"),
        ("yahoo,box,,tee,1.5", "units"),
        ("yahoo,box,,tee,1_0", "units"),
        ("yahoo,box,,tee,9999999999", "units"),
        ("yahoo,box,tee", "sku"),
        ("yahoo,box,,tee,1,more", "units"),
    ],
)
def test_a_row_that_is_no_component_names_its_line_and_column(
    tmp_path: Path, row: str, column: str
) -> None:
    wishes, refusals = read(file_of(tmp_path, f"{HEAD}yahoo,bag,,tee,1\n{row}\n"))
    assert [(one["line"], one["column"]) for one in refusals] == [(3, column)]
    assert [one[1] for one in wishes] == ["bag"]


@pytest.mark.parametrize("text", ["", "mall,code\n", HEAD + '"yahoo,box,,tee,1\n'])
def test_what_is_no_file_of_sets_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises((UsageRefused, Refusal)):
        read(file_of(tmp_path, text))
    with pytest.raises((UsageRefused, Refusal)):
        read(tmp_path / "nothing.csv")


def test_what_was_written_is_read_back_and_no_cell_is_a_formula(tmp_path: Path) -> None:
    part = {"sku": "-1,5", "units": 2}
    row = {"mall": "yahoo", "code": "=box", "sub_code": "", "parts": [part]}
    file = io.StringIO(newline="")
    write_sets([row], file)
    assert "'=box" in file.getvalue()
    wishes, refusals = read(file_of(tmp_path, file.getvalue()))
    assert refusals == []
    assert wishes == [("yahoo", "=box", "", [("-1,5", 2, 2)], 2)]
