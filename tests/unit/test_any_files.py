"""No file corrupts a total: any bytes, and good files with one broken cell, for every command
that reads one, against a real desk.

A file is refused with its line and column and changes nothing, or it is applied as it says.
"""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.actors.desk.desk_door import FREE, OPEN, DeskDoor, Rows, desk_door

Totals = dict[str, int | None]

FILE: Final = "file.csv"
READERS: Final = {
    "take": ["stock", "take", "--file", FILE],
    "sets": ["link", "sets", "import", "--csv", FILE],
    "rules": ["link", "rules", "import", FILE],
    "totals": ["stock", "import", FILE],
    "links": ["link", "import", FILE],
    "rakuten": ["import", "rakuten", "--file", FILE, "--with-quantity"],
    "yahoo": ["import", "yahoo", "--file", FILE],
}
GOOD: Final[dict[str, list[list[str]]]] = {
    "take": [["sku", "quantity", "at"], ["TEE", "15", ""], ["帽子🎩", "3", ""], ["１２", "0", ""]],
    "sets": [
        ["mall", "code", "sub_code", "sku", "units"],
        ["yahoo", FREE, "", "TEE", "2"],
        ["yahoo", FREE, "", "cap", "1"],
    ],
    "rules": [
        ["mall", "position", "fields", "join", "base_fields", "base_join", "fold"],
        ["yahoo", "1", "jan", "", "jan", "", "case"],
        ["yahoo", "2", "code,axis1", "-", "code", "", "width,hyphen"],
    ],
    "totals": [["sku", "quantity", "note"], ["TEE", "15", "n"], ["１２", "0", ""]],
    "links": [
        ["mall", "code", "sub_code", "sku"],
        ["yahoo", FREE, "", "１２"],
        ["yahoo", "TEE", "", ""],
    ],
    "rakuten": [["商品コード", "商品名", "在庫数"], ["TEE", "T", "99"], ["new", "N", "5"]],
    "yahoo": [["code", "name", "quantity"], ["TEE", "T", "99"], [FREE, "S", "5"]],
}
BROKEN: Final = [
    "", " ", "-1", "1e9", "1_0", "１２", "²", "NaN", "9" * 40, "1.5", "\0", "\x1b[2J", '"', "\r",
    "\n", "NOPE", "TEE", "tee", "0", "24:00", "0001-01-01", "9999-12-31T23:59:59", "a" * 5_000,
    "=1+1", "'", "🎩", "x" * 140_000, "yahoo", "amazon", "jan,jan", ",", "\u202e",
]  # fmt: skip
MAY_CHANGE: Final = {
    "take": {"totals", "movements", "skus"}, "sets": {"links"}, "rules": {"rules"},
    "totals": {"totals", "movements", "skus"}, "links": {"links"},
    "rakuten": {"totals", "skus", "links", "ticks", "settings"},
    "yahoo": {"links", "ticks", "settings"},
}  # fmt: skip


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskDoor]:
    with desk_door(tmp_path_factory.mktemp("files")) as made:
        yield made


def given_to(door: DeskDoor, reader: str, content: bytes) -> tuple[Any, Rows, Rows]:
    """(how the command ended, what was there before it, what is after)."""
    door.rewind()
    Path(FILE).write_bytes(content)
    before = door.rows()
    told = door.run(*READERS[reader], "--json")
    after = door.rows()
    assert door.bugs == [], door.bugs
    assert told.code in {0, 2, 3}, told
    assert "Traceback" not in told.err
    changed = {name for name in before if before[name] != after[name]}
    # A product file's good rows are taken; its refused ones are listed.
    allowed = MAY_CHANGE[reader] if told.code == 0 else set()
    assert changed <= allowed, (told, changed)
    if reader in {"rakuten", "yahoo"}:
        kept: Totals = dict(before["totals"])
        now: Totals = dict(after["totals"])
        assert {code: now[code] for code in kept} == kept
    return told, before, after


def written(rows: list[list[str]], encoding: str = "utf-8") -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows(rows)
    return out.getvalue().encode(encoding)


@settings(max_examples=30, deadline=None)
@given(
    reader=st.sampled_from(sorted(READERS)),
    content=st.binary(max_size=200)
    | st.text(alphabet='sku,quantiy\t"\r\n12', max_size=60).map(str.encode)
    | st.sampled_from(sorted(GOOD)).flatmap(
        lambda name: st.binary(max_size=40).map(
            lambda tail: written(GOOD[name][:1], "utf-8-sig") + tail
        )
    ),
)
def test_any_bytes_change_nothing_or_what_they_say(
    door: DeskDoor, reader: str, content: bytes
) -> None:
    told, before, after = given_to(door, reader, content)
    assert told.code == 0 or after == before


@settings(max_examples=45, deadline=None)
@given(
    reader=st.sampled_from(sorted(READERS)),
    row=st.integers(0, 2),
    column=st.integers(0, 7),
    cell=st.sampled_from(BROKEN),
)
def test_one_broken_cell_refuses_the_file_or_means_what_it_says(
    door: DeskDoor, reader: str, row: int, column: int, cell: str
) -> None:
    rows = [list(each) for each in GOOD[reader]]
    broken = rows[row]
    if column < len(broken):
        broken[column] = cell
    else:
        broken.append(cell)
    told, before, after = given_to(door, reader, written(rows))
    if reader in {"take", "totals"} and told.code == 0:
        counts = {code: int(count) for code, count, *_ in rows[1:]}
        folded = {code.casefold(): code for code in OPEN}
        said = {folded[code.strip().casefold()]: count for code, count in counts.items()}
        assert dict(after["totals"]) == dict(before["totals"]) | said
    if told.code == 0 or row == 0:
        return
    # Where it is wrong is told: by line and column, or by its place and its own words.
    shown = told.err + told.out
    place = str(row + 1)
    assert place in shown or str(row + 2) in shown or f"Count {row}" in shown, shown


@pytest.mark.parametrize("reader", sorted(READERS))
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932"])
def test_a_good_file_is_applied_exactly(door: DeskDoor, reader: str, encoding: str) -> None:
    rows = [row for row in GOOD[reader] if not any("🎩" in cell for cell in row)]
    told, before, after = given_to(door, reader, written(rows, encoding))
    assert told.code == 0, told
    totals: Totals = dict(before["totals"])
    if reader in {"take", "totals"}:
        assert dict(after["totals"]) == totals | {"TEE": 15, "１２": 0}
    elif reader == "rakuten":
        assert dict(after["totals"]) == totals | {"new": None}
    else:
        assert after["totals"] == before["totals"]
    if reader == "sets":
        assert sorted(units for *_, units in set(after["links"]) - set(before["links"])) == [1, 2]
    if reader == "links":
        assert len(after["links"]) == len(before["links"])
        assert len(set(after["links"]) & set(before["links"])) == len(before["links"]) - 1
    if reader == "rules":
        assert len(after["rules"]) == len(before["rules"]) + 2


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b'sku,quantity\r\nTEE,5\r\ncap,"5"x\r\n', "3"),
        (b"sku,quantity\nTEE,5\n" + b"x" * 140_000 + b",1\n", "3"),
        (b'sku,quantity\nTEE,5\n"cap,5\n', "3"),
        (b"sku,quantity\nTEE,5\ncap,\xd9\xa5\n", "3"),
        (b"sku,quantity\n\nTEE,5\nNOPE,1\n", "Line 4, column sku: "),
        (b"sku,quantity,at\nTEE,5,2999-01-01\n", "Line 2, column at: "),
    ],
)
def test_a_file_of_counts_that_cannot_be_taken_is_refused_by_its_line(
    door: DeskDoor, content: bytes, place: str
) -> None:
    told, _, _ = given_to(door, "take", content)
    assert told.code == 2
    assert told.err.count("\n") == 1
    assert place in told.err
