"""What a reflect would do as a CSV file: a row a listing."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from terminal.page import Row
from terminal.reflect_tables import REFLECT_WORDS
from terminal.stock_sheet import safe
from terminal.whole_file import whole_file

_HEAD: Final = (
    "SKU", "モール", "商品コード", "枝番", "在庫", "反映数", "増減", "結果", "理由",
)  # fmt: skip


def write(target: Path, rows: Iterable[Row]) -> int:
    """Writes every row; how many. Raises UsageRefused where the file cannot be."""
    count = 0
    with whole_file(target) as file:
        writer = csv.writer(file)
        writer.writerow(_HEAD)
        for row in rows:
            texts = (row["sku"], row["mall"], row["code"], row["sub_code"])
            numbers = (row["before"], row["offer"], row["delta"])
            result = REFLECT_WORDS[row["result"]][0]
            writer.writerow([*map(safe, texts), *numbers, result, row["reason"]])
            count += 1
    return count
