"""Adopted differences (S3): booked only where nothing but a hand explains what the mall shows."""

import pytest
from msgspec.structs import replace

from engine.push_state import Adopt, AuditDue, OnDifference, Settle, Settled
from tests.unit.engine.push.shop import Shop, anchored, relative

ADOPTS = {"on_difference": OnDifference.ADOPT}


def settle(shop: Shop, **want: object) -> tuple[Settled, int]:
    """A settled comparison: what it said, and by how much the total moves."""
    shop.wait(shop.rules.live_s + 2 * shop.rules.stale_s + shop.rules.eps_s + 1)
    if shop.state.reading is None:
        shop.apply(AuditDue())
        shop.pass_doubts()
        shop.read()
    shop.wait(100)
    wanted = replace(shop.want, **want)
    effects = shop.apply(
        Settle(shop.now, is_parked_blocking=False, is_mall_parked=False, want=wanted)
    )
    settled = next(effect for effect in effects if isinstance(effect, Settled))
    adopted = sum(effect.delta for effect in effects if isinstance(effect, Adopt))
    shop.total += adopted
    return settled, adopted


@pytest.mark.parametrize("quantity", [1, 5], ids=["fall", "rise"])
def test_an_edit_is_booked_and_level_at_once(quantity: int) -> None:
    shop = relative(**ADOPTS)
    shop.edit(quantity)
    settled, adopted = settle(shop)
    assert (adopted, settled.held) == (quantity - 2, 0)
    assert shop.decision is None
    shop.assert_proven(quantity)


def test_an_edit_after_an_edit_is_booked_too() -> None:
    shop = relative(**ADOPTS)
    for quantity in (5, 3, 9):
        shop.edit(quantity)
        assert settle(shop)[1] != 0
    shop.assert_proven(9)


def test_a_push_that_was_answered_and_never_done_is_not_adopted() -> None:
    """Naive: the unit that was sold elsewhere comes back to the total, and is sold again."""
    shop = relative(**ADOPTS)
    settle(shop)
    shop.sell_elsewhere(1)
    shop.push()
    shop.edit(2)  # The mall said ok and did nothing.
    settled, adopted = settle(shop)
    assert (adopted, settled.difference, settled.held) == (0, 1, 1)
    assert shop.total == 1


def test_a_push_whose_answer_was_lost_is_no_difference() -> None:
    shop = relative(**ADOPTS)
    shop.sell_elsewhere(1)
    shop.lose(done=False)
    settled, adopted = settle(shop)
    assert (adopted, settled.difference, settled.held) == (0, 0, 0)
    assert shop.push().delta == -1
    shop.assert_proven(1)


def test_an_edit_on_top_of_a_lost_push_is_reported() -> None:
    shop = relative(**ADOPTS)
    shop.sell_elsewhere(1)
    shop.lose(done=True)
    shop.edit(7)
    settled, adopted = settle(shop)
    assert (adopted, settled.held) == (0, 5)


def test_an_edit_before_a_push_during_the_reading_is_reported() -> None:
    shop = relative(**ADOPTS)
    shop.edit(4)
    shop.wait(10)
    shop.apply(AuditDue())
    shop.read()
    shop.sell_elsewhere(1)
    shop.push()
    settled, adopted = settle(shop)
    assert (adopted, settled.held) == (0, 2)


def test_one_comparison_after_a_push_the_next_edit_is_adopted() -> None:
    shop = relative(**ADOPTS)
    shop.sell_elsewhere(1)
    shop.push()
    assert settle(shop)[1] == 0
    shop.edit(4)
    assert settle(shop)[1] == 3
    shop.assert_proven(4)


def test_one_count_typed_into_two_malls_is_booked_once() -> None:
    """Staff counts 5 and types it at both; the first to settle is adopted and pushed nowhere."""
    first, second = relative(**ADOPTS), relative(**ADOPTS)
    first.edit(5)
    second.edit(5)
    assert settle(first)[1] == 3
    second.total = first.total
    settled, adopted = settle(second, is_adopted_elsewhere=True)
    assert (adopted, settled.held) == (0, 0)
    assert second.decision is None
    second.assert_proven(5)


def test_another_count_typed_into_the_second_mall_is_reported() -> None:
    shop = relative(**ADOPTS)
    shop.edit(4)
    shop.total = 5  # Adopted from elsewhere meanwhile.
    settled, adopted = settle(shop, is_adopted_elsewhere=True)
    assert (adopted, settled.held) == (0, 2)


@pytest.mark.parametrize(
    "want",
    [
        pytest.param({"has_one_component": False}, id="a bundle"),
        pytest.param({"cap": 2}, id="at the cap"),
        pytest.param({"offer": 0}, id="nothing on offer"),
    ],
)
def test_what_does_not_tell_the_total_is_reported(want: dict[str, object]) -> None:
    shop = relative(**ADOPTS)
    shop.edit(7)
    settled, adopted = settle(shop, **want)
    assert (adopted, settled.held) == (0, 5)


def test_an_anchored_mall_adopts_after_a_comparison_of_its_last_write() -> None:
    shop = anchored(**ADOPTS)
    shop.total = 3
    shop.push()
    assert settle(shop)[1] == 0
    shop.edit(6)
    assert settle(shop)[1] == 3
    shop.assert_proven(6)
