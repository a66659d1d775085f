"""Stock work and the tick as an operator types them, on a real house with two malls."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.test_releases import UNITS, items
from tests.acceptance.typed import typed as zaiko
from tests.acceptance.waiting import wait_for

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    stock = {name: items(["cup", "pot", "bowl"]) for name in ("rakuten", "yahoo")}
    with furnished(tmp_path_factory.mktemp("stock"), stock) as opened:
        opened.start()
        opened.wait_until_polling()
        for name in opened.shops:
            opened.import_from(name)
        zaiko(opened, "link", "auto")
        opened.wait_until_right("cup", "pot", "bowl")
        yield opened
        assert opened.stop() == 0


def test_a_count_of_a_moment_ago_keeps_what_came_since_and_reaches_both_malls(
    house: House, tmp_path: Path
) -> None:
    counted_at = datetime.now(tz=UTC).isoformat()
    assert zaiko(house, "stock", "receive", "cup", "+4", "--note", "第2便").code == 0
    file = tmp_path / "counts.csv"
    file.write_text("商品コード,数量\ncup,6\n", encoding="cp932")
    words = ("stock", "take", "--file", str(file), "--at", counted_at, "--json")
    looked = zaiko(house, *words, "--dry-run")
    assert (looked.code, house.total("cup")) == (0, 13)
    (row,) = zaiko(house, *words).json
    assert (row["since"], row["before"], row["total"]) == (4, 13, 10)
    then = zaiko(house, "history", "cup", "--at", counted_at, "--json").json
    assert then["total"] == 9
    house.opened["cup"] = 10  # What the operator has said is the truth from here on.
    house.wait_until_equal("cup")


def test_an_unticked_listing_stays_as_it_is_until_it_is_ticked_again(house: House) -> None:
    assert "1 listings" in zaiko(house, "sync", "off", "yahoo", "pot").out
    assert zaiko(house, "stock", "return", "pot", "+1", "--order", "yahoo:y-1").code == 0
    house.opened["pot"] += 1
    assert house.listing("pot", "yahoo")["synced"] is False
    assert house.listing("pot", "yahoo")["state"] == "blocked"
    assert house.listing("pot", "yahoo")["expected"] == 9
    assert zaiko(house, "sync", "on", "yahoo", "pot").code == 0
    house.wait_until_equal("pot")


def test_rules_say_what_each_mall_shows_through_a_sale_and_their_end(house: House) -> None:
    looked = zaiko(house, "offers", "set", "--sku", "bowl", "--buffer", "2", "--dry-run", "--json")
    assert looked.json == {"listings": 2, "changed": 2, "to_zero": 0, "next": None}
    assert zaiko(house, "offers", "set", "--sku", "bowl", "--buffer", "2").code == 0
    halved = zaiko(house, "offers", "set", "--mall", "yahoo", "--sku", "bowl", "--share", "50")
    assert halved.code == 0
    house.shops["rakuten"].sell("bowl")
    wait_for(lambda: house.total("bowl") == UNITS - 1, "the sale to count")
    wait_for(lambda: shown(house) == (6, 3), "the malls to show what the rules say")
    body = zaiko(house, "offers", "show", "bowl", "--json").json
    told = {row["mall"]: (row["buffer"], row["share"], row["offer"]) for row in body["rows"]}
    assert told == {
        "rakuten": (given(2, "sku"), given(100, "settings"), 6),
        "yahoo": (given(2, "sku"), given(50, "mall+sku"), 3),
    }
    for mall in (("--mall", "yahoo"), ()):
        assert zaiko(house, "offers", "remove", *mall, "--sku", "bowl").code == 0
    assert zaiko(house, "offers", "list", "--json").json == []
    wait_for(lambda: shown(house) == (8, 8), "the malls to show the total")


def given(value: int, source: str) -> dict[str, object]:
    return {"value": value, "source": source}


def shown(house: House) -> tuple[int, int]:
    """What the malls truly show of the bowl."""
    return house.shops["rakuten"].quantity("bowl"), house.shops["yahoo"].quantity("bowl")


def test_a_file_sets_all_totals_and_links_or_says_which_line_is_wrong(
    house: House, tmp_path: Path
) -> None:
    file = tmp_path / "数.csv"
    file.write_text("SKU,数量\ncup,12\nnobody,1\npot,x\n", encoding="cp932")
    before = (house.total("cup"), house.total("pot"))
    refused = zaiko(house, "stock", "import", str(file), "--json")
    rows = [(row["line"], row["column"]) for row in refused.json["refused_rows"]]
    assert (refused.code, rows) == (2, [(3, "SKU"), (4, "数量")])
    assert (house.total("cup"), house.total("pot")) == before
    file.write_text("SKU,数量\ncup,12\npot,14\n", encoding="cp932")
    looked = zaiko(house, "stock", "import", str(file), "--dry-run", "--json").json
    assert (looked["changed"], looked["applied"], house.total("cup")) == (2, 0, before[0])
    assert zaiko(house, "stock", "import", str(file)).code == 0
    last = zaiko(house, "history", "cup", "--json").json[-1]
    assert (last["total"], last["note"]) == (12, "stock import 数.csv")
    house.opened.update(cup=12, pot=14)
    house.wait_until_equal("cup")
    listed = tmp_path / "list.csv"
    assert zaiko(house, "stock", "export", str(listed), "--encoding", "cp932").code == 0
    same = zaiko(house, "stock", "import", str(listed), "--dry-run", "--json").json
    assert (same["unchanged"], same["changed"], same["refused"]) == (same["rows"], 0, 0)
    links = tmp_path / "links.tsv"
    links.write_text("mall\tcode\tsub_code\tsku\nyahoo\tcup\t\t\n", encoding="utf-8")
    assert zaiko(house, "link", "import", str(links)).code == 0
    assert "yahoo" not in {one["mall"] for one in house.sku("cup")["listings"]}
    links.write_text("mall\tcode\tsub_code\tsku\nyahoo\tcup\t\tcup\n", encoding="utf-8")
    assert zaiko(house, "link", "import", str(links), "--json").json["applied"] == 1
    house.wait_until_equal("cup")
