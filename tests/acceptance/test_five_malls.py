"""Five malls of five kinds in one house: what sells on any, lowers the others, whatever happens."""

import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
import pytest

from engine.questions import Answer, AskStatus
from tests.acceptance.calm import UNITS, item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.shop import Shop
from tests.acceptance.waiting import SETTLE_S, SOON_S, wait_for, wait_until_right

pytestmark = pytest.mark.slow

MALLS = ("rakuten", "yahoo", "amazon", "aupay", "makeshop")
SPEED = 240.0
HOUR_S = 3_600 / SPEED
"""A mall's hour on the wall."""
STATUS_S = 2.0
"""`status` waits for no mall: this is less than the time-out of one call to a mall."""
TIME_OUT_S = 10
"""How long a mall that stands still keeps a call waiting; it is polled each second."""
POLLS_LATER_MAX = TIME_OUT_S // 2
"""A call that is not answered costs ten polls of the others, if they wait for it."""
SALES = 3
"""The quickest of so many sales is looked at: the machine may be busy in one of them."""
WRITE_HELD_S = 1.0
"""Longer than a sale at the side door takes, and shorter than the time-out."""

TODAY: Final = datetime.now(UTC).date()
SIDE: Final[Mapping[str, Any]] = {
    "lead_time_days": 4,
    "restock_date": str(TODAY + timedelta(40)),
}
"""What is registered: what the mall showed when it was imported."""
EDITED: Final[Mapping[str, Any]] = {
    "lead_time_days": 9,
    "restock_date": str(TODAY + timedelta(60)),
}
"""What staff wrote in the mall's own screens since."""

CODES = ("between", *(f"from-{mall}" for mall in MALLS), "still-amazon", "still-makeshop")
ITEMS = {mall: [*map(item, CODES)] for mall in MALLS}
ITEMS["amazon"] += [item("sided", **SIDE), item("warehouse", fba=True)]
ITEMS["rakuten"] += [item("sided"), item("warehouse")]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("five")
    with furnished(directory, ITEMS, speed=SPEED, settings={"http_timeout_s": TIME_OUT_S}) as house:
        open_up(house)
        yield house
        assert house.stop() == 0


def others(house: House, *names: str) -> dict[str, Shop]:
    """Every mall but these."""
    return {name: shop for name, shop in house.shops.items() if name not in names}


def wait_until_shown(shops: dict[str, Shop], code: str, quantity: int) -> None:
    """Each of these malls truly shows this quantity."""

    def rest() -> dict[str, int]:
        shown = {name: shop.quantity(code) for name, shop in shops.items()}
        return {name: number for name, number in shown.items() if number != quantity}

    wait_until_right(rest, f"{code} to be {quantity} everywhere", SETTLE_S)


@pytest.mark.parametrize("mall", MALLS)
def test_a_sale_on_any_of_the_five_lowers_the_four_others(house: House, mall: str) -> None:
    code = f"from-{mall}"
    house.shops[mall].sell(code, 3)
    wait_until_shown(others(house, mall), code, UNITS - 3)
    house.wait_until_equal(code)
    assert house.total(code) == UNITS - 3
    assert house.shops[mall].quantity(code) == UNITS - 3
    sales = [row for row in house.history(code) if row["mall"] is not None and row["delta"] < 0]
    assert [(row["mall"], row["delta"]) for row in sales] == [(mall, -3)]


def test_a_sale_between_read_and_write_of_a_guarded_push_is_not_erased(house: House) -> None:
    aupay = house.shops["aupay"]
    house.wait_until_equal("between")
    aupay.fault("slow", endpoint="stock", delay_s=WRITE_HELD_S)
    house.shops["rakuten"].sell("between", 2)
    written = aupay.calls("updateStock")
    wait_for(lambda: aupay.calls("updateStock") > written, "the write to be under way", SETTLE_S)
    assert aupay.quantity("between") == UNITS
    aupay.sell("between", 1)
    assert aupay.quantity("between") == UNITS - 1
    # The mall takes the write as it is told: what was sold since the read is back on its shelf.
    wait_for(lambda: aupay.quantity("between") == UNITS - 2, "the write to land")
    aupay.heal()
    wait_until_shown(house.shops, "between", UNITS - 3)
    house.wait_until_proven("between")
    assert house.total("between") == UNITS - 3
    assert house.faults("aupay") == []


def side_of(shop: Shop, code: str) -> dict[str, Any]:
    """Lead time and restock date as the mall has them."""
    row = next(row for row in shop.state()["items"] if row["code"] == code)
    return {name: row[name] for name in SIDE}


@pytest.mark.parametrize(("way", "kept"), [("mall", EDITED), ("registered", SIDE)])
def test_a_push_to_amazon_leaves_or_writes_lead_time_and_restock_date(
    house: House, way: str, kept: Mapping[str, Any]
) -> None:
    amazon = house.shops["amazon"]
    house.per_mall["amazon"] = {"settings_on_push": way}
    house.write_settings()
    log = house.state.logs / "inventory.jsonl"
    taken_over = log.read_text().count('"reloaded"')
    house.send("supervisor", signal.SIGHUP)
    wait_for(lambda: log.read_text().count('"reloaded"') > taken_over, "the settings to count")
    house.wait_until_equal("sided")
    amazon.stock_up([{"code": "sided", **EDITED}])
    assert side_of(amazon, "sided") == EDITED
    left = amazon.quantity("sided") - 2
    house.shops["rakuten"].sell("sided", 2)
    wait_until_shown({"amazon": amazon}, "sided", left)
    house.wait_until_equal("sided")
    assert side_of(amazon, "sided") == kept


def test_what_amazon_itself_sends_is_neither_counted_nor_written(house: House) -> None:
    amazon = house.shops["amazon"]
    house.wait_until_equal("sided")
    left = (house.total("sided") or 0) - 1
    before = amazon.quantity("warehouse")
    amazon.sell("warehouse", 5)
    amazon.sell("sided", 1)
    house.shops["rakuten"].sell("warehouse", 2)
    wait_for(lambda: house.total("sided") == left, "the later order to count", SETTLE_S)
    wait_for(lambda: house.total("warehouse") == UNITS - 2, "Rakuten's order to count", SETTLE_S)
    # A push of one listing is not held up by the one that is never written to.
    wait_until_shown({"rakuten": house.shops["rakuten"]}, "sided", left)
    assert "amazon" not in {row["mall"] for row in house.history("warehouse")}
    row = next(row for row in amazon.state()["items"] if row["code"] == "warehouse")
    assert (row["quantity"], row["fba"]) == (before, True)


@contextmanager
def not_answering(shop: Shop) -> Iterator[None]:
    """The mall's process stands still: it takes calls, and answers none."""
    shop.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        shop.process.send_signal(signal.SIGCONT)


def polls_until_shown(house: House, shops: dict[str, Shop], code: str) -> int:
    """How many calls Rakuten got about orders from a sale there until these malls show it."""
    rakuten = house.shops["rakuten"]
    polls = rakuten.calls("searchOrder")
    rakuten.sell(code, 1)
    wait_until_shown(shops, code, rakuten.quantity(code))
    return rakuten.calls("searchOrder") - polls


def quickest(house: House, shops: dict[str, Shop], code: str) -> int:
    """The fewest polls of some sales."""
    return min(polls_until_shown(house, shops, code) for _ in range(SALES))


def malls_told_at_once(house: House) -> Sequence[dict[str, Any]]:
    """`status` from an inventory that waits for nobody."""
    reply = house.put(AskStatus, STATUS_S)
    assert isinstance(reply, Answer), reply
    rows: Sequence[dict[str, Any]] = msgspec.msgpack.decode(reply.body)["malls"]
    return rows


@pytest.mark.parametrize("mall", ["amazon", "makeshop"])
def test_a_mall_that_does_not_answer_for_an_hour_delays_nobody_and_catches_up(
    house: House, mall: str
) -> None:
    code = f"still-{mall}"
    shop = house.shops[mall]
    # Amazon shows a push only minutes later, so that its polls would say little of the others.
    quick = others(house, mall, "amazon")
    house.wait_until_equal(code)
    before = quickest(house, quick, code)
    house.wait_until_equal(code)
    with not_answering(shop):
        end = time.monotonic() + HOUR_S
        fault = house.wait_for_fault(mall, SETTLE_S, level=8)
        during = quickest(house, quick, code)
        assert during <= before + POLLS_LATER_MAX
        house.shops["aupay"].sell(code, 1)
        wait_until_shown(quick, code, UNITS - 2 * SALES - 1)
        assert [row["name"] for row in malls_told_at_once(house)] == list(MALLS)
        wait_for(lambda: time.monotonic() > end, "the hour to pass", HOUR_S + SOON_S)
        assert [row["name"] for row in malls_told_at_once(house)] == list(MALLS)
        assert fault["id"] in {row["id"] for row in house.faults(mall)}
    house.wait_until_healed(fault["id"])
    wait_until_shown({mall: shop}, code, UNITS - 2 * SALES - 1)
    house.wait_until_equal(code)
    assert house.total(code) == UNITS - 2 * SALES - 1
