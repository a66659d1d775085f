"""Links, differences, side settings and deletions from outside, in the calm house."""

import pytest

from engine.questions import DeleteSkus, LinkAuto
from tests.acceptance.calm import UNITS, item
from tests.acceptance.house import WHO, House
from tests.acceptance.waiting import SETTLE_S, wait_for

pytestmark = pytest.mark.slow

CONFLICT = "複数の商品が紐づいています"


def test_m15_a_listing_two_skus_claim_stops_alone_until_a_link_is_released(calm: House) -> None:
    yahoo = calm.shops["yahoo"]
    calm.wait_until_equal("knot-a", "knot-b")
    answer = calm.link("knot-b", "yahoo", "knot-a")
    assert (answer["linked"], len(answer["conflicts"])) == (0, 1)
    assert CONFLICT in answer["conflicts"][0]["message"]
    fault = calm.wait_for_fault("yahoo", level=8, subject="knot-a")
    assert CONFLICT in fault["message"]
    (listing,) = [row for row in calm.sku("knot-b")["listings"] if row["code"] == "knot-a"]
    assert listing["linked"] is False

    # The rest goes on: knot-b's own page follows, the listing in question does not.
    calm.shops["rakuten"].sell("knot-a", 3)
    calm.shops["rakuten"].sell("knot-b", 1)
    wait_for(lambda: yahoo.quantity("knot-b") == UNITS - 1, "knot-b to be pushed")
    wait_for(lambda: calm.total("knot-a") == UNITS - 3, "knot-a to count")
    assert yahoo.quantity("knot-a") == UNITS

    left = calm.unlink("knot-b", "yahoo", "knot-a")
    assert (left["linked"], left["conflicts"]) == (1, [])
    calm.wait_until_equal("knot-a", "knot-b")
    assert yahoo.quantity("knot-a") == UNITS - 3
    calm.wait_until_healed(fault["id"])


def test_two_base_listings_with_one_sku_code_are_a_conflict_and_never_merged(calm: House) -> None:
    rakuten = calm.shops["rakuten"]
    rakuten.stock_up(
        [item("twin-a", 4, sub_code="twin", axes={"色": "赤"}),
         item("twin-b", 9, sub_code="TWIN", axes={"色": "赤"})]
    )  # fmt: skip
    calm.import_from("rakuten")
    for code, sub_code in (("twin-a", "twin"), ("twin-b", "TWIN")):
        fault = calm.wait_for_fault("rakuten", level=8, subject=f"{code}/{sub_code}")
        assert CONFLICT in fault["message"]
    row = calm.sku("twin")
    assert [listing["linked"] for listing in row["listings"]] == [False, False]
    assert row["total"] is None
    calm.unlink("twin", "rakuten", "twin-b", "TWIN")
    wait_for(lambda: calm.total("twin") == 4, "the one that is left to open the SKU")
    assert (rakuten.quantity("twin-a", "twin"), rakuten.quantity("twin-b", "TWIN")) == (4, 9)
    assert [fault for fault in calm.faults("rakuten") if "twin" in fault["subject"]] == []


@pytest.fixture(scope="module")
def edited(calm: House) -> House:
    """Two hand edits at once: one at a mall that reports, one at a mall that repairs."""
    calm.wait_until_equal("hand-report", "hand-repair")
    calm.shops["yahoo"].edit_by_hand("hand-report", UNITS + 5)
    calm.shops["annex"].edit_by_hand("hand-repair", 7)
    return calm


def test_m16_a_hand_edit_shows_as_a_difference_by_itself_and_reflect_repairs_it(
    edited: House,
) -> None:
    yahoo = edited.shops["yahoo"]
    fault = edited.wait_for_fault("yahoo", SETTLE_S, subject="hand-report", code="5")
    assert "差異" in fault["message"]
    (row,) = edited.stock(mall="yahoo", has_difference=True)
    assert row["sku"] == "hand-report"
    assert edited.listing("hand-report", "yahoo")["held"] == 5
    # It is shown and left alone, also while the listing goes on being pushed.
    edited.shops["rakuten"].sell("hand-report", 2)
    wait_for(lambda: yahoo.quantity("hand-report") == UNITS + 3, "the push around it")

    (reflected,) = edited.reflect(mall="yahoo", has_difference=True)
    assert (reflected["sku"], reflected["mall"]) == ("hand-report", "yahoo")
    assert reflected["result"] in ("pushed", "waiting")
    edited.wait_until_equal("hand-report")
    assert yahoo.quantity("hand-report") == UNITS - 2
    assert edited.stock(mall="yahoo", has_difference=True) == []
    edited.wait_until_healed(fault["id"])


def test_a_hand_edit_is_repaired_by_itself_where_the_settings_say_so(edited: House) -> None:
    annex = edited.shops["annex"]
    wait_for(lambda: annex.quantity("hand-repair") == UNITS, "the repair", SETTLE_S)
    edited.wait_until_equal("hand-repair")
    assert edited.total("hand-repair") == UNITS
    assert [row for row in edited.faults("annex") if row["subject"] == "hand-repair"] == []


def test_m4_a_reflect_of_a_listing_that_is_level_pushes_nothing(calm: House) -> None:
    calm.wait_until_right("reflected")
    rows = calm.reflect("reflected")
    assert sorted((row["mall"], row["delta"] or 0) for row in rows) == [
        ("rakuten", 0),
        ("yahoo", 0),
    ]
    calm.set_stock("reflected", UNITS + 8)
    calm.opened["reflected"] = UNITS + 8
    calm.wait_until_right("reflected")
    assert calm.shops["yahoo"].quantity("reflected") == UNITS + 8


def test_m5_m6_the_registered_over_purchase_setting_wins_and_an_import_registers_it_anew(
    calm: House,
) -> None:
    rakuten, yahoo = calm.shops["rakuten"], calm.shops["yahoo"]
    calm.wait_until_equal("over")
    # Changed at the mall behind zaiko's back: the next push writes the registered one over it.
    yahoo.stock_up([{"code": "over", "overdraft": False}])
    rakuten.sell("over", 1)
    calm.wait_until_equal("over")
    assert yahoo.quantity("over") == UNITS - 1
    assert yahoo.overdraft("over") is True

    # Changed at the mall and imported again: updated, no product twice, and the push says so.
    yahoo.stock_up([{"code": "over", "overdraft": False}])
    view = calm.import_from("yahoo")
    assert view["updated"] == 1
    assert len(calm.stock(mall="yahoo", search="over")) == 1
    assert [row["mall"] for row in calm.sku("over")["listings"]] == ["rakuten", "yahoo"]
    rakuten.sell("over", 1)
    calm.wait_until_equal("over")
    assert yahoo.overdraft("over") is False


def test_b10_by_setting_a_push_leaves_the_malls_own_over_purchase_setting(calm: House) -> None:
    annex = calm.shops["annex"]
    calm.wait_until_equal("annex-over")
    annex.stock_up([{"code": "annex-over", "overdraft": False}])
    calm.shops["rakuten"].sell("annex-over", 2)
    calm.wait_until_equal("annex-over")
    assert annex.quantity("annex-over") == UNITS - 2
    assert annex.overdraft("annex-over") is False


def test_m19_products_are_linked_as_they_are_registered_or_afterwards_by_a_button(
    calm: House,
) -> None:
    rakuten, yahoo = calm.shops["rakuten"], calm.shops["yahoo"]
    assert calm.listing("driven", "yahoo")["linked"] is True
    # This one comes to the other mall before the base mall has it: it waits unlinked.
    yahoo.stock_up([item("newcomer", 2)])
    calm.import_from("yahoo")
    (waiting,) = calm.stock(linked=False, mall="yahoo", search="newcomer")
    assert waiting["sku"] is None
    rakuten.stock_up([item("newcomer", 6)])
    calm.import_from("rakuten")
    calm.opened["newcomer"] = 6
    assert calm.listing("newcomer", "yahoo") == {}
    view = calm.ask(lambda number: LinkAuto(number, "yahoo", WHO))
    assert view["linked"] > 0
    assert calm.listing("newcomer", "yahoo")["linked"] is True
    calm.wait_until_equal("newcomer")
    assert yahoo.quantity("newcomer") == 6


def test_m21_a_deleted_product_is_gone_here_and_untouched_at_the_malls(calm: House) -> None:
    calm.wait_until_equal("drop-me")
    assert len(calm.sku("drop-me")["listings"]) == 2
    gone = calm.ask(lambda number: DeleteSkus(number, ("drop-me",), WHO))
    assert gone == {"deleted": ["drop-me"]}
    assert calm.sku("drop-me") == {}
    calm.shops["rakuten"].sell("drop-me", 2)
    calm.wait_until_polled("rakuten", "yahoo")

    def shown() -> dict[str, int]:
        return {mall: calm.shops[mall].quantity("drop-me") for mall in ("rakuten", "yahoo")}

    assert shown() == {"rakuten": UNITS - 2, "yahoo": UNITS}
    called = {name for shop in calm.shops.values() for name in shop.state()["calls"]}
    assert [name for name in called if name.startswith("DELETE") or "delete" in name.lower()] == []
