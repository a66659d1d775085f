"""M7 to M10: Amazon's inventory file, lead times and restock dates, on real processes."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.waiting import SETTLE_S, wait_for
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

CODES: Final = ("tea-1", "tea-2", "tea-3", "tea-4", "tea-5", "tea-6")
HEAD: Final = "商品名\t出品者SKU\t数量\t商品IDタイプ\t商品ID\t在庫数\tフルフィルメント・チャンネル"
UNITS: Final = 20
KEPT: Final = {"lead_time_days": 5, "restock_date": "2027-01-15"}
"""What the mall has of each listing."""


def stock() -> list[dict[str, Any]]:
    return [{"code": code, "quantity": UNITS, "name": f"緑茶 {code}"} for code in CODES]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Rakuten is the base; of three Amazon accounts one is imported from its API."""
    items = {
        "rakuten": [*stock(), {"code": "tried", "quantity": 1, "name": "試し"}],
        "amazon": [one | KEPT for one in stock()],
        "amazon-c": [one | KEPT for one in stock()[2:3]],
        "amazon-b": [one | KEPT for one in stock()[4:5]],
    }
    with furnished(
        tmp_path_factory.mktemp("file"),
        items,
        per_mall={"amazon-b": {"settings_on_push": "mall"}},
        kinds={"amazon-b": "amazon", "amazon-c": "amazon"},
    ) as house:
        house.start()
        house.wait_until_polling()
        house.import_from("rakuten")
        house.import_from("amazon-b")
        yield house
        assert house.stop() == 0


def inventory_file(house: House, *rows: str, encoding: str = "cp932", age_s: float = 0.0) -> Path:
    path = house.directory / "amazon+11-28-2026.txt"
    path.write_bytes("\r\n".join([HEAD, *rows, ""]).encode(encoding))
    made = time.time() - age_s
    os.utime(path, (made, made))
    return path


def row(code: str, quantity: object = UNITS, name: str = "") -> str:
    return f"{name or f'緑茶 {code} ①髙'}\t{code}\t{quantity}\t4\t4901234567894\t99\tDEFAULT"


def setting(house: House, mall: str, code: str, field: str) -> tuple[Any, Any]:
    """(registered, the mall's)."""
    rows = told(house, "settings", "show", mall, code)["settings"]
    (found,) = [one for one in rows if one["field"] == field]
    return found["registered"], found["mall"]


def at_mall(house: House, mall: str, code: str) -> dict[str, Any]:
    rows = house.shops[mall].state()["items"]
    return next(one for one in rows if one["code"] == code)


def test_m07_a_dry_run_tells_what_the_import_would_do_and_writes_nothing(house: House) -> None:
    file = inventory_file(house, row("tried"), row("tea-2", "many"))
    before = house.shops["amazon"].state()["items"]
    tried = told(house, "import", "amazon", "--file", file, "--lead-time", 3, "--dry-run")
    assert (tried["state"], tried["added"], tried["linked"], tried["refused"]) == ("tried", 1, 1, 1)
    (bad,) = tried["refused_rows"]
    assert (bad["line"], bad["column"], bad["subject"]) == (3, "数量", "tea-2")
    assert house.listing("tried", "amazon") == {}
    assert zaiko(house, "settings", "show", "amazon", "tried").code == 2
    assert house.shops["amazon"].state()["items"] == before


@pytest.fixture(scope="module")
def imported(house: House) -> House:
    """The file is imported with a lead time of 3 days, its quantities not taken."""
    file = inventory_file(house, *(row(code) for code in CODES[:4]))
    said = zaiko(house, "import", "amazon", "--file", file, "--lead-time", 3)
    assert said.code == 0, said.err
    assert "4 new, 0 changed, 0 unchanged, 4 linked" in said.out
    house.wait_until_equal(*CODES[:4])
    return house


def test_m07_the_file_registers_and_links_with_the_given_lead_time(imported: House) -> None:
    listing = imported.listing("tea-1", "amazon")
    assert (listing["linked"], listing["name"]) == (True, "緑茶 tea-1 ①髙")
    assert setting(imported, "amazon", "tea-1", "lead_time_days")[0] == 3


def test_m08_the_import_changes_nothing_at_the_mall_and_the_next_push_takes_the_lead_time(
    imported: House,
) -> None:
    assert at_mall(imported, "amazon", "tea-1")["lead_time_days"] == 5
    imported.shops["rakuten"].sell("tea-1", 1)
    wait_for(
        lambda: at_mall(imported, "amazon", "tea-1")["lead_time_days"] == 3, "the push", SETTLE_S
    )
    imported.wait_until_equal("tea-1")
    assert at_mall(imported, "amazon", "tea-1")["quantity"] == UNITS - 1
    assert at_mall(imported, "amazon", "tea-2")["lead_time_days"] == 5
    wait_for(
        lambda: setting(imported, "amazon", "tea-1", "lead_time_days") == (3, 3),
        "the push to be known",
    )


def test_m08_a_registered_listing_keeps_its_lead_time(imported: House) -> None:
    file = inventory_file(imported, row("tea-2", name="新しい名前"), row("tea-5"), encoding="utf-8")
    again = told(imported, "import", "amazon", "--file", file, "--lead-time", 7)
    assert (again["added"], again["updated"]) == (1, 1)
    assert again["changes"] == [
        {"code": "tea-2", "sub_code": "", "field": "name", "old": "緑茶 tea-2 ①髙",
         "new": "新しい名前"}
    ]  # fmt: skip
    assert setting(imported, "amazon", "tea-2", "lead_time_days")[0] == 3
    assert setting(imported, "amazon", "tea-5", "lead_time_days")[0] == 7
    twice = told(imported, "import", "amazon", "--file", file, "--lead-time", 7)
    assert (twice["added"], twice["updated"], twice["unchanged"]) == (0, 0, 2)
    assert len(imported.stock(mall="amazon", search="tea-2")) == 1


def test_m09_the_restock_date_is_read_in_and_an_operator_edits_what_is_registered(
    imported: House,
) -> None:
    file = inventory_file(imported, row("tea-3"))
    told(imported, "import", "amazon-c", "--file", file, "--lead-time", 3)
    imported.import_from("amazon-c")
    assert setting(imported, "amazon-c", "tea-3", "restock_date") == ("2027-01-15", "2027-01-15")
    # The lead time of the form is not overruled by hearing of the mall's for the first time.
    assert setting(imported, "amazon-c", "tea-3", "lead_time_days") == (3, 5)
    edited = told(
        imported, "settings", "set", "amazon-c", "tea-3",
        "--lead-time", "2", "--restock-date", "2027-02-01",
    )  # fmt: skip
    assert {one["field"]: one["registered"] for one in edited["settings"]} == {
        "lead_time_days": 2,
        "restock_date": "2027-02-01",
    }
    assert at_mall(imported, "amazon-c", "tea-3")["restock_date"] == "2027-01-15"
    # The mall changed nothing since, so that importing again leaves the edit alone.
    imported.import_from("amazon-c")
    assert setting(imported, "amazon-c", "tea-3", "restock_date")[0] == "2027-02-01"
    imported.shops["rakuten"].sell("tea-3", 1)
    wait_for(
        lambda: str(at_mall(imported, "amazon-c", "tea-3")["restock_date"]).startswith(
            "2027-02-01"
        ),
        "the push",
        SETTLE_S,
    )
    assert at_mall(imported, "amazon-c", "tea-3")["lead_time_days"] == 2


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("set", "amazon", "tea-1", "--lead-time", "31"), "0 to 30"),
        (("set", "amazon", "tea-1", "--overdraft", "on"), "over-purchase"),
        (("set", "rakuten", "tea-1", "--lead-time", "3"), "lead time"),
        (("set", "amazon", "nothing", "--lead-time", "3"), "import it first"),
        (("show", "nowhere", "tea-1"), "nowhere"),
    ],
)
def test_m09_a_setting_the_mall_does_not_have_is_refused(
    imported: House, words: tuple[str, ...], sentence: str
) -> None:
    said = zaiko(imported, "settings", *words)
    assert said.code == 2
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_b10_by_setting_a_push_leaves_lead_time_and_restock_date_as_the_mall_has_them(
    imported: House,
) -> None:
    told(imported, "settings", "set", "amazon-b", "tea-5", "--lead-time", "1")
    before = imported.total("tea-5")
    assert before is not None
    imported.shops["rakuten"].sell("tea-5", 1)
    wait_for(
        lambda: at_mall(imported, "amazon-b", "tea-5")["quantity"] == before - 1,
        "the push",
        SETTLE_S,
    )
    assert at_mall(imported, "amazon-b", "tea-5")["lead_time_days"] == 5


def test_m07_with_quantity_tells_what_the_mall_showed_and_never_sets_a_total(
    imported: House,
) -> None:
    # A sale the file does not know: had its 20 counted for anything, the unit would be back.
    file = inventory_file(imported, row("tea-4", UNITS), row("tea-6", 3), age_s=5.0)
    imported.shops["rakuten"].sell("tea-4", 1)
    wait_for(lambda: imported.total("tea-4") == UNITS - 1, "the sale to count")
    done = told(imported, "import", "amazon", "--file", file, "--lead-time", 3, "--with-quantity")
    assert (done["read"], done["added"]) == (2, 1)
    shown = told(imported, "settings", "show", "amazon", "tea-6")
    assert shown["file_quantity"] == 3
    imported.wait_until_equal("tea-4", "tea-6")
    assert (imported.total("tea-4"), imported.total("tea-6")) == (UNITS - 1, UNITS)
    assert at_mall(imported, "amazon", "tea-4")["quantity"] == UNITS - 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "headings"),
        (b"name,price\r\na,1\r\n", "seller-sku"),
        (HEAD.replace("数量\t", "").encode(), "--with-quantity"),
    ],
    ids=["empty", "another-file", "no-quantity"],
)
def test_m07_a_file_nobody_can_read_is_one_sentence(
    imported: House, content: bytes, sentence: str
) -> None:
    path = imported.directory / "other.txt"
    path.write_bytes(content)
    said = zaiko(imported, "import", "amazon", "--file", path, "--with-quantity")
    assert (said.code, said.out) == (2, "")
    assert sentence in said.err
    assert said.err.count("\n") == 1


def test_m07_a_lead_time_is_for_malls_that_have_one(imported: House) -> None:
    file = imported.directory / "rakuten.csv"
    file.write_text("商品管理番号（商品URL）,商品名\ntea-1,緑茶\n", encoding="utf-8")
    said = zaiko(imported, "import", "rakuten", "--file", file, "--lead-time", "3")
    assert said.code == 2
    assert "--lead-time" in said.err
    too_long = zaiko(imported, "import", "amazon", "--file", inventory_file(imported, row("x")),
                     "--lead-time", "31")  # fmt: skip
    assert (too_long.code, "0 to 30" in too_long.err) == (2, True)


def test_m07_whatever_a_file_says_the_malls_stay_in_step(imported: House) -> None:
    imported.wait_until_equal(*CODES[:4])
    assert imported.faults("amazon") == []
