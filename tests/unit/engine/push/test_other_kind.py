"""Another kind of write from one moment to the next: what a probe found, or other settings."""

from collections.abc import Callable
from itertools import permutations

import pytest
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push_state import PushStateName
from tests.unit.engine.push.shop import Shop, anchored, guarded, relative

SHOPS: dict[WriteKind, Callable[[], Shop]] = {
    WriteKind.RELATIVE: relative,
    WriteKind.GUARDED: guarded,
    WriteKind.ANCHORED: anchored,
}


def become(shop: Shop, kind: WriteKind) -> None:
    """The mall is written another way from now on."""
    shop.rules = replace(SHOPS[kind]().rules, write_kind=kind)


def test_what_was_expected_before_a_probe_holds_after_it() -> None:
    shop = guarded()
    sale = shop.buy()
    shop.see(sale)
    shop.sell_elsewhere(1)
    before = shop.state
    become(shop, WriteKind.RELATIVE)
    assert shop.state == before
    assert shop.push().delta == -1
    assert (shop.q, shop.expected()) == (0, (0, 0))
    shop.assert_proven(0)


def test_a_reading_that_was_open_during_a_probe_settles_after_it() -> None:
    shop = guarded()
    shop.state = replace(shop.state, known=False)
    shop.read()
    become(shop, WriteKind.RELATIVE)
    shop.settle()
    assert shop.expected() == (2, 2)
    shop.sell_elsewhere(1)
    assert shop.push().delta == -1
    shop.assert_proven(1)


@pytest.mark.parametrize(("before", "after"), list(permutations(SHOPS, 2)))
def test_a_write_that_was_out_while_its_mall_became_another_kind_is_compared_anew(
    before: WriteKind, after: WriteKind
) -> None:
    shop = SHOPS[before]()
    shop.sell_elsewhere(1)
    done = shop.send(shop.pull())
    become(shop, after)
    shop.apply(done)
    assert shop.name() is PushStateName.UNKNOWN
    assert shop.decision is None
    shop.wait(1_000)
    assert shop.compare().proven
    shop.assert_proven(1)
