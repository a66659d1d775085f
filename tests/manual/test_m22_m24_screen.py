"""M22 to M24: the screen's content, here as list, filters and CSV."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

UNITS: Final = {"tee": 6, "cap": 2, "bag": 9, "-sum": 4}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Rakuten is the base; `bag` is not sold on Yahoo, whose `extra` is nobody's."""
    items: dict[str, list[dict[str, Any]]] = {
        "rakuten": [
            {
                "code": code,
                "quantity": units,
                "name": f"名前 {code}",
                "jan": f"49012345678{at:02}",
            }
            for at, (code, units) in enumerate(UNITS.items())
        ],
        "yahoo": [
            {"code": code, "quantity": UNITS[code], "name": f"ヤフーの {code}", "overdraft": True}
            for code in ("tee", "cap")
        ]
        + [{"code": "extra", "quantity": 1, "name": "余分"}],
    }
    with furnished(tmp_path_factory.mktemp("screen"), items) as house:
        house.start()
        house.wait_until_polling()
        told(house, "import", "rakuten")
        told(house, "import", "yahoo")
        house.wait_until_right(*UNITS)
        yield house
        assert house.stop() == 0


def found(house: House, *words: str) -> list[str | None]:
    return [row["sku"] for row in told(house, "stock", "list", *words)]


@pytest.mark.parametrize(
    ("words", "skus"),
    [
        ((), ["-sum", "bag", "cap", "tee"]),
        (("--mall", "yahoo"), ["cap", "tee"]),
        (("--search", "BAG"), ["bag"]),
        (("--search", "４９０１２３４５６７８０１"), ["cap"]),
        (("--search", "ヤフーの tee"), ["tee"]),
        (("--max", "4"), ["-sum", "cap"]),
        (("--mall", "yahoo", "--max", "4"), ["cap"]),
        (("--diff",), []),
        (("--error",), []),
        (("--sort", "total"), ["cap", "-sum", "tee", "bag"]),
        (("--sort", "-total", "--limit", "2"), ["bag", "tee"]),
        (("--sort", "-name", "--limit", "1"), ["tee"]),
        (("--synced",), ["-sum", "bag", "cap", "tee"]),
        (("--unsynced",), []),
        (("--unlinked",), [None]),
    ],
    ids=str,
)
def test_m22_search_by_mall_text_total_link_sync_and_difference(
    house: House, words: tuple[str, ...], skus: list[str | None]
) -> None:
    assert found(house, *words) == skus


def test_m22_the_number_of_hits_is_shown(house: House) -> None:
    shown = zaiko(house, "stock", "list", "--max", "6", "--limit", "1")
    assert "3" in shown.out.splitlines()[-1]


def test_m22_what_is_unticked_is_found(house: House) -> None:
    told(house, "sync", "off", "yahoo", "cap")
    assert found(house, "--unsynced") == ["cap"]
    told(house, "sync", "on", "yahoo", "cap")


@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_m23_m24_the_file_has_the_screens_columns(
    house: House, tmp_path: Path, encoding: str
) -> None:
    target = tmp_path / "在庫.csv"
    done = told(house, "stock", "list", "--csv", target, "--encoding", encoding)
    assert done["rows"] == len(UNITS)
    with target.open(encoding="utf-8-sig" if encoding == "utf-8" else encoding, newline="") as file:
        rows = {row["SKU"]: row for row in csv.DictReader(file)}
    assert set(rows) == {"tee", "cap", "bag", "'-sum"}  # No spreadsheet takes it for a formula.
    tee = rows["tee"]
    assert (tee["商品名"], tee["基本コード"], tee["総在庫数"]) == ("名前 tee", "tee", "6")
    assert tee["JAN"].startswith("4901234")
    assert (tee["rakuten(基本) 連携"], tee["rakuten(基本) 在庫数"]) == ("連携", "6")
    assert (tee["yahoo 連携"], tee["yahoo 在庫数"], tee["yahoo 超過購入"]) == ("連携", "6", "する")
    assert (rows["bag"]["yahoo 連携"], rows["bag"]["yahoo 在庫数"]) == ("", "")
    axes = {f"{axis}軸{word}" for axis in "横縦" for word in ("名", "項目番号", "項目名")}
    assert {"商品画像", "枝番", *axes} <= set(tee)


def test_m24_a_file_that_cannot_be_written_is_refused_and_leaves_nothing(
    house: House, tmp_path: Path
) -> None:
    done = zaiko(house, "stock", "export", tmp_path / "no" / "where.csv")
    assert done.code == 2
    assert "cannot be written" in done.err
    assert list(tmp_path.iterdir()) == []


def test_m24_reflect_chosen_rows_and_all(house: House) -> None:
    rows = told(house, "reflect", "tee", "cap")
    assert {row["sku"] for row in rows} == {"tee", "cap"}
    done = told(house, "reflect", "--all")
    assert (done["state"], done["waiting"], done["blocked"]) == ("done", 0, 0)
    assert done["looked_at"] == done["level"] + done["placed"]
