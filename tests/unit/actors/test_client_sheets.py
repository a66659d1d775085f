"""A file of totals or links is read for exactly what it says, or refused by line and column."""

import csv
import io
import re
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors.client_files import LINE_LENGTH_MAX
from actors.client_refusal import Refusal
from actors.client_sheets import QUANTITY_MAX, SheetFile
from engine.questions import SheetKind, SheetRow
from engine.sheet import RefusedRow
from terminal.stock_sheet import write

HEAD = "sku,quantity\n"
TRIES = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def read(
    directory: Path, data: str | bytes, kind: SheetKind = "totals", encoding: str = "utf-8"
) -> list[SheetRow | RefusedRow]:
    path = directory / "sheet.csv"
    path.write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
    with closing(SheetFile(path, kind)) as file:
        return list(file.rows())


def places(rows: list[SheetRow | RefusedRow]) -> list[tuple[int, str]]:
    return [(row.line, row.column) for row in rows if isinstance(row, RefusedRow)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("sign", [",", "\t"])
@pytest.mark.parametrize("head", ["SKU,数量,備考", "商品コード,在庫数,備考", "note,x,sku,total"])
def test_encoding_signs_and_headings_are_told_by_looking(
    tmp_path: Path, encoding: str, sign: str, head: str
) -> None:
    row = "帽子,1200,棚" if not head.startswith("note") else "棚,?,帽子,1200"
    text = f"{head}\r\n{row}\r\n".replace(",", sign)
    assert read(tmp_path, text, encoding=encoding) == [SheetRow(2, "帽子", 1200, "棚")]


@pytest.mark.parametrize(
    ("cell", "quantity"),
    [
        ("0", 0),
        ("007", 7),
        ("1,234", 1234),
        ("１２", 12),
        (" 5 ", 5),
        ("999,999,999", QUANTITY_MAX),
    ],
)
def test_a_quantity_is_read_as_people_write_it(tmp_path: Path, cell: str, quantity: int) -> None:
    assert read(tmp_path, f'{HEAD}cup,"{cell}"\n') == [SheetRow(2, "cup", quantity)]


@pytest.mark.parametrize(
    "cell", ["", "-1", "1.0", "1,2", "12,34", "1e3", "x", "9" * 10, "²", "①", "+1", "1,000,000,000"]
)
def test_what_is_no_quantity_is_refused_with_its_line_and_column(tmp_path: Path, cell: str) -> None:
    rows = read(tmp_path, f'SKU,在庫数\na,1\nb,"{cell}"\nc,2\n')
    assert places(rows) == [(3, "在庫数")]
    assert [row.sku for row in rows if isinstance(row, SheetRow)] == ["a", "c"]


def test_lines_are_right_after_breaks_inside_quotes_and_blank_rows(tmp_path: Path) -> None:
    text = 'sku,quantity,note\na,1,"two\nlines"\n\n,,\nb,x,\n"c\n",2,\nd,4,z\n'
    rows = read(tmp_path, text)
    assert rows[0] == SheetRow(2, "a", 1, "two\nlines")
    assert places(rows) == [(6, "quantity")]
    assert rows[2:] == [SheetRow(7, "c", 2), SheetRow(9, "d", 4, "z")]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a,1\n"b,2\nc,3\n', 3),
        ('a,1\nb"",2\n"c"d,3\n', 4),
        ("a,1\nb,2,3\n", 3),
        ("a,1\n,2\n", 3),
        (f"a,1\n{'x' * 101},2\n", 3),
    ],
)
def test_a_row_that_cannot_be_told_apart_is_refused(tmp_path: Path, text: str, line: int) -> None:
    assert [row[0] for row in places(read(tmp_path, HEAD + text))] == [line]


@pytest.mark.parametrize(
    "text",
    ["", "\n\n", "a,b\ncup,1\n", "sku\ncup\n", "quantity\n1\n", "sku" + ",x" * 1001 + "\n"],
)
def test_a_file_without_its_headings_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Refusal) as refused:
        read(tmp_path, text)
    assert refused.value.exit_code == 2


def test_a_line_without_an_end_is_refused_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="Line 3 "):
        read(tmp_path, HEAD + "a,1\n" + "x" * (LINE_LENGTH_MAX + 1))


def test_a_sign_no_encoding_knows_refuses_its_row(tmp_path: Path) -> None:
    rows = read(tmp_path, b"sku,quantity\na,1\nb\x81,2\nc,3\n")
    assert places(rows) == [(3, "sku")]


def test_the_list_of_products_is_taken_as_it_was_written(tmp_path: Path) -> None:
    def row(sku: str | None, total: int | None) -> dict[str, object]:
        return {"sku": sku, "name": "A, B", "jan": "", "total": total, "listings": ()}

    path = tmp_path / "list.csv"
    rows = [row("=cup", 3), row("'x", 0), row("new", None), row(None, None), row("-7", 12)]
    write(path, rows, [("rakuten", "rakuten"), ("yahoo", "yahoo")], "rakuten", "cp932")
    with closing(SheetFile(path, "totals")) as file:
        assert list(file.rows()) == [
            SheetRow(2, "=cup", 3), SheetRow(3, "'x", 0), SheetRow(6, "-7", 12),
        ]  # fmt: skip
        assert file.blank == 2


def test_a_link_is_released_by_an_empty_cell_but_not_by_a_row_that_was_cut_off(
    tmp_path: Path,
) -> None:
    text = "モール,商品コード,枝番,SKU\nyahoo,a,1,cup\nyahoo,b,,\nyahoo,c\n,d,,x\nyahoo,,,x\n"
    rows = read(tmp_path, text, "links", "cp932")
    assert rows[:2] == [
        SheetRow(2, "cup", mall="yahoo", code="a", sub_code="1"),
        SheetRow(3, "", mall="yahoo", code="b"),
    ]
    assert places(rows) == [(4, "SKU"), (5, "モール"), (6, "商品コード")]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=200) | st.text(max_size=120).map(str.encode))
def test_any_bytes_are_refused_or_read_for_what_they_say(tmp_path: Path, body: bytes) -> None:
    data = HEAD.encode() + body
    try:
        rows = read(tmp_path, data)
    except Refusal:  # the file as a whole, in one sentence
        rows = []
    for row in rows:
        assert 2 <= row.line <= 2 + len(re.findall(rb"[\r\n]", data)) + data.count(b"\x85")
        if isinstance(row, RefusedRow):
            assert row.message
            assert row.message_en
        else:
            assert 0 <= row.quantity <= QUANTITY_MAX
            assert row.sku.encode("utf-8", "replace") in data or not data.isascii()


CODES = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=20
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    told=st.lists(
        st.tuples(CODES, st.integers(0, QUANTITY_MAX), st.text('ab ,"\n\t', max_size=8)),
        max_size=8,
    ),
    sign=st.sampled_from(",\t"),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_is_written_is_what_is_read(
    tmp_path: Path, told: list[tuple[str, int, str]], sign: str, end: str
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=sign, lineterminator=end)
    writer.writerows([("sku", "quantity", "note"), *told])
    rows = read(tmp_path, file.getvalue())
    said = [(row.sku, row.quantity, row.note) for row in rows if isinstance(row, SheetRow)]
    signs = ("'=", "'+", "'-", "'@", "''")
    wanted = [
        (sku[1:] if sku.startswith(signs) else sku, number, note.strip())
        for sku, number, note in told
    ]
    assert said == wanted
