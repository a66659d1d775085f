"""M19 and M20: what link conditions match is linked as it is registered, and more can be added."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.waiting import wait_for
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

UNITS: Final = 6
JOINED: Final = (
    "--fields", "code,axis1", "--join", "-", "--base", "sku_code", "--fold", "case,width,hyphen",
)  # fmt: skip


def item(code: str, **more: Any) -> dict[str, Any]:
    return {"code": code, "quantity": UNITS, "name": f"商品 {code}"} | more


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The base mall is imported, a rule is added, and then the other mall is imported."""
    items = {
        "rakuten": [
            item("tee-red-l"),
            item("tee-blue-m"),
            item("belt_9"),
            item("duo", sub_code="duo-a", axes={"色": "白"}),
            item("duo", sub_code="duo-b", axes={"色": "黒"}),
            item("mug"),
        ],
        "yahoo": [
            item("tee", sub_code="t1", axes={"色": "Red－L"}),
            item("tee", sub_code="t2", axes={"色": "ＢＬＵＥ‐m"}),
            item("tee", sub_code="t3", axes={"色": "緑"}),
            item("belt", sub_code="9", axes={"色": "黒"}),
            item("duo"),
            item("MUG"),
        ],
    }
    with furnished(tmp_path_factory.mktemp("rules"), items) as house:
        house.start()
        house.wait_until_polling()
        told(house, "import", "rakuten")
        assert told(house, "link", "rules", "add", "yahoo", *JOINED)["added"] == 1
        done = told(house, "import", "yahoo")
        assert (done["added"], done["linked"], done["conflicts"]) == (6, 3, 0)
        house.wait_until_equal("tee-red-l", "tee-blue-m", "mug")
        yield house
        assert house.stop() == 0


def codes(house: House, sku: str) -> list[str]:
    """What of yahoo is linked to a SKU."""
    rows = house.sku(sku)["listings"]
    return sorted(
        f"{row['code']} {row['sub_code']}".strip()
        for row in rows
        if row["mall"] == "yahoo" and row["linked"]
    )


def test_m19_codes_that_differ_by_hyphen_width_and_axis_are_linked_as_they_are_imported(
    house: House,
) -> None:
    assert codes(house, "tee-red-l") == ["tee t1"]
    assert codes(house, "tee-blue-m") == ["tee t2"]
    assert codes(house, "mug") == ["MUG"]
    house.shops["rakuten"].sell("tee-red-l", 2)
    yahoo = house.shops["yahoo"]
    wait_for(lambda: yahoo.quantity("tee", "t1") == UNITS - 2, "the linked choice to be pushed")
    assert yahoo.quantity("tee", "t3") == UNITS


def test_m20_a_rule_is_tested_then_added_and_link_auto_links_by_it(house: House) -> None:
    tried = ("--fields", "code,sub_code", "--join", "_", "--base", "code", "--position", 1)
    seen = told(house, "link", "rules", "test", "yahoo", *tried)
    belts = [row for row in seen["link_rows"] if row["code"] == "belt"]
    assert [(row["key"], row["skus"], row["rule"]) for row in belts] == [("belt_9", ["belt_9"], 0)]
    assert "t3" in [row["sub_code"] for row in seen["unmatched_rows"]]
    assert codes(house, "belt_9") == []

    first = told(house, "link", "rules", "add", "yahoo", *tried)["rules"][0]
    assert (first["fields"], first["is_ready"]) == (["code", "sub_code"], True)
    assert codes(house, "belt_9") == []
    assert told(house, "link", "auto", "--mall", "yahoo")["linked"] == 1
    assert codes(house, "belt_9") == ["belt 9"]
    house.shops["yahoo"].sell("belt", 1, sub_code="9")
    rakuten = house.shops["rakuten"]
    wait_for(lambda: rakuten.quantity("belt_9") == UNITS - 1, "its sale to reach the base mall")

    assert told(house, "link", "rules", "remove", first["id"])["id"] == first["id"]
    assert codes(house, "belt_9") == ["belt 9"]
    again = zaiko(house, "link", "rules", "remove", first["id"])
    assert (again.code, again.out) == (2, "")


def test_m15_m20_what_a_rule_finds_twice_is_named_and_settled_by_one_command(
    house: House, tmp_path: Path
) -> None:
    file = tmp_path / "rules.csv"
    file.write_text(
        "mall,position,fields,join,base_fields,base_join,fold\n"
        "yahoo,,code,,code,,\nyahoo,,ean,,jan,,\n"
    )
    refused = zaiko(house, "link", "rules", "import", file)
    assert (refused.code, "line 3, fields" in refused.err) == (2, True)
    file.write_text(file.read_text().rpartition("yahoo")[0])
    assert told(house, "link", "rules", "import", file, "--dry-run")["added"] == 1
    assert told(house, "link", "rules", "import", file)["added"] == 1

    (twice,) = told(house, "link", "auto")["conflicts"]
    assert (twice["code"], twice["skus"]) == ("duo", ["duo-a", "duo-b"])
    assert "複数の商品が紐づいています" in twice["message"]
    fault = house.wait_for_fault("yahoo", level=8, subject="duo")
    assert "duo-a / duo-b" in zaiko(house, "link", "conflicts").out
    told(house, "link", "set", "yahoo", "duo", "duo-b=1")
    house.wait_until_healed(fault["id"])
    assert codes(house, "duo-b") == ["duo"]
