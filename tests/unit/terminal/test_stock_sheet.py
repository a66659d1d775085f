"""The sheet of totals: what a variation is on its two axes stands in columns of its own."""

import csv
from pathlib import Path
from typing import Any

import pytest

from terminal import stock_sheet

AXES = ("横軸名", "横軸項目番号", "横軸項目名", "縦軸名", "縦軸項目番号", "縦軸項目名")


def row(*axes: list[str]) -> dict[str, Any]:
    listing = {
        "mall": "aupay", "code": "tee", "sub_code": "-bk-m", "axes": list(axes), "image": "",
        "linked": True, "synced": True, "expected": 3,
    }  # fmt: skip
    return {"sku": "TEE", "name": "Tシャツ", "jan": "", "total": 3, "listings": [listing]}


@pytest.mark.parametrize(
    ("axes", "cells"),
    [
        ((), ["", "", "", "", "", ""]),
        ((["色", "黒", ""],), ["色", "", "黒", "", "", ""]),
        ((["色", "黒", "-bk"], ["号", "M", "-m"]), ["色", "'-bk", "黒", "号", "'-m", "M"]),
        (
            (["色", "黒", "1"], ["号", "M", "2"], ["丈", "長", "3"]),
            ["色", "1", "黒", "号", "2", "M"],
        ),
    ],
)
def test_an_axis_has_its_name_its_items_number_and_its_items_name(
    tmp_path: Path, axes: tuple[list[str], ...], cells: list[str]
) -> None:
    file = tmp_path / "stock.csv"
    written = stock_sheet.write(file, [row(*axes)], [("aupay", "aupay")], "aupay", "utf-8")
    assert written == 1
    with file.open(encoding="utf-8-sig", newline="") as opened:
        (told,) = csv.DictReader(opened)
    assert [told[name] for name in AXES] == cells
