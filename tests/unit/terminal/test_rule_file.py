"""Files of link rules: read back as written, in either encoding, and refused by line and column."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.client import Refusal, table_rows
from terminal.rule_file import RULE_FILE_BYTES_MAX, Worded, read_rules, write_rules
from terminal.usage import UsageRefused

HEAD = "mall,position,fields,join,base_fields,base_join,fold\n"
FIELDS = st.lists(st.sampled_from(["code", "sub_code", "jan"]), min_size=1, max_size=3)
JOIN = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), max_size=3)


def file_of(directory: Path, text: str, encoding: str = "utf-8") -> Path:
    path = directory / "rules.csv"
    path.write_bytes(text.encode(encoding))
    return path


def rules_of(path: Path) -> tuple[list[Worded], list[dict[str, Any]]]:
    return read_rules(path, table_rows(path))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_row_is_a_rule(tmp_path: Path, encoding: str) -> None:
    text = HEAD + 'ヤフー,2,"Code, axis1",／,sku_code,,"case,width"\n\nヤフー,,jan,,jan,,\n'
    rules, refusals = rules_of(file_of(tmp_path, text, encoding))
    assert refusals == []
    assert rules == [
        ("ヤフー", (("code", "axis1"), "／"), (("sku_code",), ""), ("case", "width"), 2, 2),
        ("ヤフー", (("jan",), ""), (("jan",), ""), (), None, 4),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",1,jan,,jan,,", "mall"),
        ("yahoo,1,,,jan,,", "fields"),
        ("yahoo,1,jan,, ,,", "base_fields"),
        ("yahoo,first,jan,,jan,,", "position"),
        ("yahoo,-1,jan,,jan,,", "position"),
        ("yahoo,1234567,jan,,jan,,", "position"),
        ("yahoo,1,jan", "join"),
        ("yahoo,1,jan,,jan,,,more", "fold"),
    ],
)
def test_a_row_that_is_no_rule_names_its_line_and_column(
    tmp_path: Path, row: str, column: str
) -> None:
    rules, refusals = rules_of(file_of(tmp_path, f"{HEAD}yahoo,,jan,,jan,,\n{row}\n"))
    assert [(one["line"], one["column"]) for one in refusals] == [(3, column)]
    assert [one.line for one in rules] == [2]


@pytest.mark.parametrize(
    "text",
    ["", "mall,fields\n", HEAD + '"yahoo,1,jan\n', HEAD + "\n" * RULE_FILE_BYTES_MAX],
    ids=["empty", "other columns", "open quote", "too long"],
)
def test_what_is_no_file_of_rules_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises((UsageRefused, Refusal)):
        rules_of(file_of(tmp_path, text))


@given(FIELDS, JOIN, FIELDS, JOIN, st.lists(st.sampled_from(["case", "hyphen"]), max_size=2))
def test_what_is_written_is_read_back(
    fields: list[str], join: str, base_fields: list[str], base_join: str, folds: list[str]
) -> None:
    row: dict[str, Any] = {
        "mall": "yahoo", "position": 3, "fields": fields, "join": join,
        "base_fields": base_fields, "base_join": base_join, "folds": folds,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "rules.csv"
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            write_rules([row], file)
        rules, refusals = rules_of(path)
    assert refusals == []
    told = ("yahoo", (tuple(fields), join), (tuple(base_fields), base_join), tuple(folds), 3, 2)
    assert rules == [told]
