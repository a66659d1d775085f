"""Stock work and the tick as an operator types them, on a real house with two malls."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.test_releases import items, zaiko

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    stock = {"rakuten": items(["cup", "pot"]), "yahoo": items(["cup", "pot"])}
    with furnished(tmp_path_factory.mktemp("stock"), stock) as opened:
        opened.start()
        opened.wait_until_polling()
        for name in opened.shops:
            opened.import_from(name)
        zaiko(opened, "link", "auto")
        opened.wait_until_right("cup", "pot")
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
