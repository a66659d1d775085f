"""Level 8 from outside: a mall that is away, slow or unreadable heals by itself, others go on."""

from collections.abc import Iterator

import pytest

from engine.questions import Answer, StartImport
from tests.acceptance.calm import UNITS, item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.waiting import wait_for, wait_until_right

pytestmark = pytest.mark.slow

KINDS = ("maintenance", "rate_limit", "server_error", "garbage", "slow")
MALLS = ("rakuten", "yahoo")
CASES = [*((kind, "rakuten") for kind in KINDS), ("server_error", "yahoo"), ("garbage", "yahoo")]
"""Yahoo meets every kind at its token endpoint."""
TIMEOUT_S = 1.0
SLOW_S = 2.0
"""Longer than the time-out: a slow mall is one that does not answer in time."""
CODES = [f"{kind}-{mall}".replace("_", "-") for kind, mall in CASES]
ROWS = ("good-1", "bad", "good-2")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("level8")
    codes = [*CODES, *ROWS, "outage"]
    items = {mall: [*map(item, codes)] for mall in MALLS}
    settings = {"http_timeout_s": TIMEOUT_S, "send_within_s": 1}
    with furnished(directory, items, settings=settings) as house:
        open_up(house)
        yield house
        # Whatever was lost, cut off or done unseen: all of it ends right, and nothing is open.
        house.wait_until_right()
        assert [row["message_en"] for row in house.faults()] == []


@pytest.fixture(autouse=True)
def healed(house: House) -> Iterator[None]:
    """Whatever a test leaves broken is no matter of the next one's."""
    yield
    for shop in house.shops.values():
        shop.heal()


def other_than(mall: str) -> str:
    return MALLS[1 - MALLS.index(mall)]


def ids_of(house: House, mall: str) -> set[int]:
    return {row["id"] for row in house.faults(mall) if row["level"] == 8 and not row["subject"]}


@pytest.mark.parametrize(("kind", "mall"), CASES)
def test_a_mall_that_fails_at_orders_stock_and_items_heals_alone_and_leaves_the_other_be(
    house: House, kind: str, mall: str
) -> None:
    other = other_than(mall)
    sku = f"{kind}-{mall}".replace("_", "-")
    more = {"delay_s": SLOW_S} if kind == "slow" else {}
    for endpoint in ("stock", "items"):
        house.shops[mall].fault(kind, endpoint=endpoint, **more)
    house.ask(lambda number: StartImport(number, mall, "acceptance"))
    house.shops[other].sell(sku, 2)
    wait_for(lambda: len(ids_of(house, mall)) >= 2, f"faults of stock and items of {mall}")
    # Only now: nothing is pushed to a mall whose orders cannot be read.
    house.shops[mall].fault(kind, endpoint="orders", **more)
    faults = wait_for(
        lambda: ids if len(ids := ids_of(house, mall)) >= 3 else set(),
        f"faults of three families of {mall}",
    )
    assert house.lane(mall) == "degraded"

    # The other mall is unaffected: its sales count and its listing shows them.
    assert house.lane(other) == "running"
    assert house.faults(other) == []
    house.shops[other].sell(sku, 1)
    wait_for(lambda: house.total(sku) == UNITS - 3, "the other mall's sale to count")

    house.shops[mall].heal()
    for fault in faults:
        house.wait_until_healed(fault)
    wait_until_right(lambda: ids_of(house, mall), f"{mall} to be well")
    assert house.lane(mall) == "running"


@pytest.mark.parametrize("kind", KINDS)
def test_a_token_endpoint_that_fails_is_level_8_and_heals_by_itself(
    house: House, kind: str
) -> None:
    shop = house.shops["yahoo"]
    more = {"delay_s": SLOW_S} if kind == "slow" else {}
    shop.fault(kind, endpoint="auth", **more)
    # The access token is refused everywhere, so that a new one must be asked for.
    for endpoint in ("orders", "stock", "items"):
        shop.fault("expired_key", endpoint=endpoint, form="access_token")
    fault = house.wait_for_fault("yahoo", level=8, subject="")
    assert house.lane("rakuten") == "running"
    shop.heal()
    house.wait_until_healed(fault["id"])
    wait_until_right(lambda: ids_of(house, "yahoo"), "yahoo to be well")
    assert house.lane("yahoo") == "running"


def test_a_listing_its_mall_refuses_is_named_and_quarantined_and_the_rest_go_on(
    house: House,
) -> None:
    house.wait_until_equal(*ROWS)
    level = house.shops["yahoo"].quantity("bad")
    for mall in MALLS:
        house.shops[mall].fault("bad_item", code="bad")
    for code in ROWS:
        house.adjust(code, -2)
    faults = [house.wait_for_fault(mall, level=8, subject="bad") for mall in MALLS]
    house.wait_until_equal("good-1", "good-2")
    assert [house.shops[mall].quantity("good-1") for mall in MALLS] == [level - 2, level - 2]
    assert [house.shops[mall].quantity("bad") for mall in MALLS] == [level, level]
    for mall in MALLS:
        house.shops[mall].heal()
    house.wait_until_equal("bad")
    assert [house.shops[mall].quantity("bad") for mall in MALLS] == [level - 2, level - 2]
    for fault in faults:
        house.wait_until_healed(fault["id"])


def test_m14_m16_b17_after_an_outage_there_is_no_difference_left_and_the_record_can_be_deleted(
    house: House,
) -> None:
    rakuten, yahoo = house.shops["rakuten"], house.shops["yahoo"]
    rakuten.fault("maintenance")
    fault = house.wait_for_fault("rakuten", level=8, subject="")
    rakuten.sell("outage", 2)
    yahoo.sell("outage", 3)
    cancelled = yahoo.sell("outage", 4)
    wait_for(lambda: house.total("outage") == UNITS - 7, "yahoo's orders to count")
    yahoo.change(cancelled, cancel=True)
    rakuten.heal()
    house.wait_until_healed(fault["id"])
    house.wait_until_right("outage")
    assert rakuten.quantity("outage") == UNITS - 5
    # M16 is then a check that comes back empty.
    assert house.stock(mall="rakuten", has_difference=True, search="outage") == []
    assert isinstance(house.clear(fault["id"]), Answer)
    assert fault["id"] in [row["id"] for row in house.faults("rakuten", state="cleared")]
