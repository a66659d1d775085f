"""Pushes that wait for somebody's word, as an operator's commands see them: approve, shadow, live.

One house: `rakuten` is the base, `yahoo` is live, `annex` (a second Yahoo account) is in shadow,
and `outlet` (a third) adopts what staff edit there.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pytest

from tests.acceptance.house import House, furnished
from tests.acceptance.typed import typed as zaiko
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = pytest.mark.slow

CUPS: Final = tuple(f"cup-{number:02}" for number in range(25))
UNITS: Final = 9
SETTINGS: Final[Mapping[str, Mapping[str, object]]] = {
    "annex": {"mode": "shadow"},
    "outlet": {"on_difference": "adopt"},
}
KINDS: Final = {"annex": "yahoo", "outlet": "yahoo"}
WRITES: Final = ("setStock", "updateItems", "inventories")


def items(codes: Sequence[str], quantity: int = UNITS) -> list[dict[str, Any]]:
    return [{"code": code, "name": f"湯のみ {code}", "quantity": quantity} for code in codes]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    stock = {
        "rakuten": items([*CUPS, "pot", "bowl"]),
        "yahoo": items([*CUPS, "bowl"]),
        "annex": items([*CUPS, "pot"], 7),
        "outlet": items(["bowl"]),
    }
    directory = tmp_path_factory.mktemp("releases")
    with furnished(directory, stock, per_mall=SETTINGS, kinds=KINDS) as opened:
        opened.start()
        opened.wait_until_polling()
        for name in opened.shops:
            opened.import_from(name)
        wait_for(lambda: known(opened, "annex") == len(CUPS) + 1, "annex to be compared", SETTLE_S)
        opened.wait_until_right("bowl")
        yield opened
        assert opened.stop() == 0


def known(house: House, mall: str) -> int:
    """How many listings of a mall were compared, and their SKUs opened."""
    rows = zaiko(house, "shadow", "--mall", mall, "--all", "--json").json
    return sum(row["delta"] is not None for row in rows)


def quantities(house: House, mall: str) -> dict[str, int]:
    return {row["code"]: row["quantity"] for row in house.shops[mall].state()["items"]}


def wait_until_shown(house: House, mall: str, quantity: int) -> None:
    """Until a mall truly shows so many bowls."""
    wait_for(
        lambda: quantities(house, mall)["bowl"] == quantity, f"{quantity} bowls on {mall}", SETTLE_S
    )


def test_a_mall_in_shadow_is_read_and_never_written(house: House) -> None:
    rows = {row["code"]: row for row in zaiko(house, "shadow", "--json").json}
    assert set(rows) == {*CUPS, "pot"}
    pot = rows["pot"]
    assert (pot["mall"], pot["offer"], pot["quantity"], pot["delta"]) == ("annex", UNITS, 7, 2)
    house.shops["rakuten"].sell("pot", 4)
    wait_for(lambda: house.total("pot") == UNITS - 4, "the sale to count")
    house.shops["annex"].sell("pot", 1)
    wait_for(lambda: house.total("pot") == UNITS - 5, "the sale in shadow to count")
    wait_for(
        lambda: house.listing("pot", "annex")["expected"] == 6, "what annex shows to be followed"
    )
    house.wait_until_polled("annex")
    told = zaiko(house, "shadow", "--mall", "annex", "--json").json
    assert {row["code"]: row["delta"] for row in told}["pot"] == -2
    shop = house.shops["annex"]
    assert shop.calls("setStock") == 0
    assert quantities(house, "annex") == {**dict.fromkeys(CUPS, 7), "pot": 6}
    status = {row["name"]: row for row in zaiko(house, "status", "--json").json["malls"]}
    assert (status["annex"]["mode"], status["yahoo"]["mode"]) == ("shadow", "live")
    assert "シャドー" in zaiko(house, "status").out


def test_a_loop_that_empties_the_shop_waits_until_it_is_approved(house: House) -> None:
    for code in CUPS:
        house.set_stock(code, 0)
    fault = house.wait_for_fault("yahoo", SETTLE_S)
    assert "approve yahoo" in fault["hint_en"]
    (row,) = [row for row in zaiko(house, "approve", "--json").json if row["mall"] == "yahoo"]
    assert row["waits"]
    assert row["to_zero"] == row["listings"] >= len(CUPS) - 19
    gone = [code for code, left in quantities(house, "yahoo").items() if left == 0]
    assert len(gone) <= 19

    # An order goes on while the rest waits, also for a listing that waits.
    house.shops["rakuten"].sell("bowl", 2)
    wait_for(lambda: quantities(house, "yahoo")["bowl"] == UNITS - 2, "an order's push")
    shown = zaiko(house, "approve", "yahoo")
    assert shown.code == 0
    assert "--yes" in shown.out
    assert "yahoo" in zaiko(house, "status").out

    # Another plan than the one that waits is refused.
    refused = zaiko(house, "approve", "yahoo", "--plan", "0-0", "--yes")
    assert (refused.code, refused.out) == (3, "")
    (view,) = [row for row in zaiko(house, "approve", "--json").json if row["mall"] == "yahoo"]
    assert view["listings"] == row["listings"]
    done = zaiko(house, "approve", "yahoo", "--plan", view["plan"], "--yes", "--json")
    assert done.json == {
        "mall": "yahoo", "listings": view["listings"], "to_zero": view["to_zero"],
    }  # fmt: skip
    wait_for(
        lambda: all(quantities(house, "yahoo")[code] == 0 for code in CUPS),
        "the approved change",
        SETTLE_S,
    )
    house.wait_until_healed(fault["id"])
    assert zaiko(house, "approve", "yahoo", "--yes").code == 3
    assert zaiko(house, "approve", "--yes").code == 2
    # The base mall is a mall like any other.
    assert zaiko(house, "approve", "rakuten", "--yes").code == 0
    assert zaiko(house, "approve", "--json").json == []


def test_going_live_shows_its_plan_first_and_lasts(house: House) -> None:
    plan = zaiko(house, "live", "annex", "--json").json
    assert (plan["mode"], plan["changing"], plan["to_zero"]) == ("shadow", 26, 25)
    assert house.shops["annex"].calls("setStock") == 0
    assert "--yes" in zaiko(house, "live", "annex").out
    done = zaiko(house, "live", "annex", "--yes", "--json").json
    assert done == {"mall": "annex", "mode": "live", "listings": 26, "to_zero": 25}
    wait_for(
        lambda: all(quantities(house, "annex")[code] == 0 for code in CUPS),
        "the plan to be pushed",
        SETTLE_S,
    )
    assert house.stop() == 0
    house.start()
    house.wait_until_polling()
    house.shops["rakuten"].sell("pot", 1)
    wait_for(lambda: quantities(house, "annex")["pot"] == UNITS - 6, "a push after the restart")
    assert zaiko(house, "live", "annex", "--yes").code == 3
    assert zaiko(house, "shadow", "--json").json == []


def test_m16_an_edit_is_adopted_pushed_to_the_others_and_undone_once(house: House) -> None:
    house.wait_until_proven("bowl")
    before = house.total("bowl")
    assert before is not None
    house.shops["outlet"].edit_by_hand("bowl", before + 5)
    for mall in ("yahoo", "rakuten"):
        wait_until_shown(house, mall, before + 5)
    (moved,) = [
        row for row in zaiko(house, "history", "bowl", "--json").json if row["reason"] == "adopt"
    ]
    assert (moved["delta"], moved["mall"], moved["note"]) == (5, "outlet", "bowl")
    for undone in (True, False):
        told = zaiko(house, "stock", "undo", str(moved["seq"]), "--json").json
        assert (told["total"], told["undone"]) == (before, undone)
    for mall in ("rakuten", "yahoo", "outlet"):
        wait_until_shown(house, mall, before)
    for wrong in ("1", "999999"):
        refused = zaiko(house, "stock", "undo", wrong)
        assert (refused.code, refused.out) == (2, "")
    assert house.total("bowl") == before
