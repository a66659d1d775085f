"""M5 and M6: Yahoo's over-purchase setting, read in, registered, edited and pushed."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.waiting import SETTLE_S, wait_for
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

UNITS: Final = 9
CODES: Final = ("over-a", "over-b", "over-c", "over-d")


def item(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "quantity": UNITS, "name": f"商品 {code}", "jan": "4901234567894"} | more


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Rakuten is the base mall; Yahoo's listings allow over-purchase."""
    items = {
        "rakuten": [item(code) for code in CODES],
        "yahoo": [item(code, overdraft=True) for code in CODES],
    }
    with furnished(tmp_path_factory.mktemp("over"), items) as house:
        house.start()
        house.wait_until_polling()
        told(house, "import", "rakuten")
        told(house, "import", "yahoo")
        house.wait_until_equal()
        yield house
        assert house.stop() == 0


def overdraft(house: House, code: str) -> tuple[Any, Any]:
    """(registered, the mall's as last told)."""
    (row,) = told(house, "settings", "show", "yahoo", code)["settings"]
    return row["registered"], row["mall"]


def test_m05_the_setting_is_read_in_with_the_products_and_a_push_writes_it(house: House) -> None:
    assert overdraft(house, "over-a") == (True, True)
    house.shops["yahoo"].stock_up([{"code": "over-a", "overdraft": False}])
    house.shops["rakuten"].sell("over-a", 1)
    house.wait_until_equal("over-a")
    assert house.shops["yahoo"].overdraft("over-a") is True


def test_m06_importing_again_registers_what_was_changed_at_the_mall_and_says_so(
    house: House,
) -> None:
    house.shops["yahoo"].stock_up([{"code": "over-b", "overdraft": False}])
    again = told(house, "import", "yahoo")
    (change,) = [one for one in again["changes"] if one["code"] == "over-b"]
    assert (change["field"], change["old"], change["new"]) == ("overdraft", "on", "off")
    assert again["added"] == 0
    assert overdraft(house, "over-b") == (False, False)
    assert len(house.stock(mall="yahoo", search="over-b")) == 1
    assert "変更前" in zaiko(house, "import", "yahoo", "--file", quantity_file(house)).out


def quantity_file(house: House) -> str:
    path = house.directory / "quantity.csv"
    path.write_text("code,sub-code,name,quantity\nover-b,,新しい名前,3\n", encoding="cp932")
    return str(path)


def test_m06_a_file_tells_the_setting_as_well(house: House) -> None:
    path = house.directory / "flags.csv"
    path.write_text("code,sub-code,quantity,allow-overdraft\nover-c,,3,0\n", encoding="cp932")
    done = told(house, "import", "yahoo", "--file", path)
    assert [(one["field"], one["new"]) for one in done["changes"]] == [("overdraft", "off")]
    assert overdraft(house, "over-c") == (False, False)
    assert house.shops["yahoo"].overdraft("over-c") is True
    house.shops["rakuten"].sell("over-c", 2)
    wait_for(lambda: not house.shops["yahoo"].overdraft("over-c"), "the push", SETTLE_S)
    house.wait_until_equal("over-c")


def test_m05_an_edited_setting_reaches_the_mall_with_the_next_push_and_not_before(
    house: House,
) -> None:
    said = zaiko(house, "settings", "set", "yahoo", "over-d", "--overdraft", "off")
    assert said.code == 0, said.err
    assert overdraft(house, "over-d") == (False, True)
    assert house.shops["yahoo"].overdraft("over-d") is True
    house.shops["rakuten"].sell("over-d", 1)
    wait_for(lambda: not house.shops["yahoo"].overdraft("over-d"), "the push", SETTLE_S)
    wait_for(lambda: overdraft(house, "over-d") == (False, False), "the push to be known")
    # Set again by staff: that is news, although an import had told the same once before.
    house.shops["yahoo"].stock_up([{"code": "over-d", "overdraft": True}])
    told(house, "import", "yahoo")
    assert overdraft(house, "over-d") == (True, True)
