"""M18 and M21: what the list shows of a product, and that deleting is done here alone."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

UNITS: Final = 6
WRITES: Final = (
    "DELETE",
    "delete",
    "edit",
    "update",
    "upsert",
    "setStock",
    "submit",
    "PATCH",
    "PUT",
)


def item(code: str, name: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "quantity": UNITS, "name": name} | more


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Yahoo is imported before the base mall, so that it is the first."""
    codes = ("tee", "cap", "bag")
    items = {
        "rakuten": [item(code, f"楽天の {code}") for code in codes],
        "yahoo": [item(code, f"ヤフーの {code}") for code in codes],
    }
    with furnished(tmp_path_factory.mktemp("list"), items) as house:
        house.start()
        house.wait_until_polling()
        told(house, "import", "yahoo")
        told(house, "import", "rakuten")
        told(house, "link", "auto")
        house.wait_until_equal()
        yield house
        assert house.stop() == 0


def name(house: House, sku: str, **chosen: str) -> str:
    (row,) = [row for row in house.stock(skus=(sku,), **chosen) if row["sku"] == sku]
    return str(row["name"])


def test_m18_the_list_shows_what_the_mall_imported_first_says(house: House) -> None:
    assert name(house, "tee") == "ヤフーの tee"


def test_m18_asking_for_a_mall_shows_what_that_mall_says(house: House) -> None:
    assert name(house, "tee", mall="rakuten") == "楽天の tee"
    assert name(house, "tee", mall="yahoo") == "ヤフーの tee"
    assert "楽天の tee" in zaiko(house, "stock", "list", "--mall", "rakuten").out


def test_m18_a_name_that_changed_shows_once_it_is_imported_again(house: House) -> None:
    house.shops["yahoo"].stock_up([{"code": "cap", "name": "新しい帽子"}])
    assert name(house, "cap") == "ヤフーの cap"
    again = told(house, "import", "yahoo")
    assert [(one["code"], one["field"], one["new"]) for one in again["changes"]] == [
        ("cap", "name", "新しい帽子")
    ]
    assert name(house, "cap") == "新しい帽子"
    assert name(house, "cap", mall="rakuten") == "楽天の cap"


def test_m21_deleting_removes_a_product_here_and_calls_no_mall(house: House) -> None:
    house.wait_until_right("bag")
    before = {shop: mall.calls(*WRITES) for shop, mall in house.shops.items()}
    assert told(house, "delete", "bag") == {"deleted": ["bag"]}
    assert house.sku("bag") == {}
    house.wait_until_polled()
    assert {shop: mall.calls(*WRITES) for shop, mall in house.shops.items()} == before
    assert [mall.quantity("bag") for mall in house.shops.values()] == [UNITS, UNITS]
    missing = zaiko(house, "delete", "bag")
    assert (missing.code, missing.out) == (2, "")
