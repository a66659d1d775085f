"""A bulk of more than 300 listings goes to Amazon by feed, whoever dies or fails meanwhile.

One house, one story after the other: each brings all listings to another buffer by a reload, which
makes them due at once, and ends with every listing as it should be, at the mall as well.
"""

import itertools
import signal
from collections.abc import Iterator

import pytest

from tests.acceptance.calm import UNITS, item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.seen import kill
from tests.acceptance.waiting import SETTLE_S, wait_for, wait_until_right

pytestmark = pytest.mark.slow

COUNT = 360
"""So many more than a feed asks for that a reading under way keeps none from being made."""
SPEED = 600.0
CODES = [f"sku-{number:03d}" for number in range(COUNT)]
CREATE, REPORT, PATCH = "POST /feeds/2021-06-30/feeds", "feedDocumentId}", "PATCH"
SLOWLY = {"feed_queue_s": 600, "feed_s": 2400}
"""A feed is in its queue for a second, and ends after five."""
QUICKLY = {"feed_queue_s": 8, "feed_s": 92, "feed_end": "DONE"}
BULK_S = 120.0
"""All listings one by one, on a loaded machine."""


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    directory = tmp_path_factory.mktemp("feeds")
    items = {mall: [item(code) for code in CODES] for mall in ("rakuten", "amazon")}
    # Another buffer for all is meant here: the breaker would ask first.
    settings = {
        "breaker_listings_share": 1, "breaker_zero_share": 1, "compare_interval_s": 5,
    }  # fmt: skip
    with furnished(directory, items, settings=settings, speed=SPEED) as house:
        open_up(house)
        yield house
        assert house.stop() == 0


BUFFERS = itertools.count(1)


@pytest.fixture
def house(opened: House) -> House:
    """The house with nothing open about any listing: else single writes would end that first."""
    shop = opened.shops["amazon"]
    shop.heal()
    shop.turn(**QUICKLY)
    opened.wait_until_proven(bound_s=BULK_S)
    return opened


def is_feed_open(house: House) -> bool | None:
    """More than half of Amazon's listings are in a call; None: nobody answered."""
    found = [row["state"] for row in states(house).values()]
    return found.count("calling") > COUNT / 2 if found else None


def states(house: House) -> dict[str, dict[str, object]]:
    rows = house.stock(mall="amazon")
    return {
        row["sku"]: listing
        for row in rows
        for listing in row["listings"]
        if listing["mall"] == "amazon"
    }


def reload(house: House) -> int:
    """Another buffer for Amazon: all its listings are due. The quantity they will show."""
    buffer = next(BUFFERS)
    house.per_mall["amazon"] = {"buffer": buffer}
    house.write_settings()
    house.send("supervisor", signal.SIGHUP)
    return UNITS - buffer


def wait_until_shown(house: House, quantity: int, *but: str) -> None:
    """Amazon truly shows this quantity of every listing but those."""
    shop = house.shops["amazon"]

    def wrong() -> list[str]:
        rows = shop.state()["items"]
        return [
            f"{row['code']}: {row['quantity']}"
            for row in rows
            if row["quantity"] != quantity and row["code"] not in but
        ]

    wait_until_right(wrong, f"Amazon to show {quantity}", BULK_S)


def made(house: House) -> int:
    """How many feeds there are so far."""
    return house.shops["amazon"].calls(CREATE)


def test_a_sale_elsewhere_during_the_feed_lowers_at_once_and_for_good(house: House) -> None:
    shop, code = house.shops["amazon"], CODES[7]
    shop.turn(**SLOWLY)
    feeds, reports, singles = made(house), shop.calls(REPORT), shop.calls(PATCH)
    quantity = reload(house)
    wait_for(lambda: made(house) > feeds, "the feed")
    patches = shop.calls(PATCH)
    # Single writes begin beside it, for what the feed has not taken yet.
    assert patches - singles < COUNT - 300
    house.shops["rakuten"].sell(code, 2)
    wait_for(lambda: shop.calls(PATCH) > patches, "the single write")
    assert shop.calls(REPORT) == reports  # The feed was still open.
    wait_until_shown(house, quantity, code)
    wait_for(lambda: is_feed_open(house) is False, "the feed's end", SETTLE_S)
    house.wait_until_proven(code)
    assert shop.quantity(code) == quantity - 2
    assert shop.calls(PATCH) >= patches + 2  # Once more after the feed's end.
    assert made(house) == feeds + 1
    house.adjust(code, 2)  # As many as before, for the stories that follow.
    house.wait_until_equal(code)


def test_a_feed_outlives_whoever_dies(house: House) -> None:
    house.shops["amazon"].turn(**SLOWLY)
    feeds = made(house)
    quantity = reload(house)
    wait_for(lambda: made(house) > feeds, "the feed")
    wait_for(lambda: is_feed_open(house), "the ticket")
    pids = house.pids()
    for victim in ("amazon", "inventory"):
        kill(pids[victim], signal.SIGKILL)
    wait_until_shown(house, quantity)
    wait_for(lambda: house.malls() and is_feed_open(house) is False, "the feed's end", SETTLE_S)
    house.wait_until_equal(*CODES[:5])
    assert made(house) == feeds + 1


def test_a_feed_that_broke_off_is_ended_by_single_writes(house: House) -> None:
    house.shops["amazon"].turn(feed_end="HALF")
    feeds = made(house)
    quantity = reload(house)
    wait_until_shown(house, quantity)
    house.wait_until_equal(*CODES[:5])
    assert made(house) == feeds + 1


def test_a_refused_row_and_one_amazon_fulfils_by_now_are_faults_that_heal(house: House) -> None:
    shop, refused, taken = house.shops["amazon"], CODES[11], CODES[13]
    before = shop.quantity(taken)
    shop.fault("bad_item", endpoint="stock", code=refused)
    shop.stock_up([item(taken, before, fba=True)])
    quantity = reload(house)
    faults = [house.wait_for_fault("amazon", SETTLE_S, subject=code) for code in (refused, taken)]
    assert faults[1]["code"] == "fba"
    wait_until_shown(house, quantity, refused, taken)
    assert shop.quantity(refused) != quantity
    row = next(row for row in shop.state()["items"] if row["code"] == taken)
    assert (row["quantity"], row["fba"]) == (before, True)
    shop.heal()
    shop.stock_up([item(taken, before, fba=False)])
    for fault in faults:
        house.wait_until_healed(fault["id"])
    wait_until_shown(house, quantity)


def test_a_lost_reply_to_the_hand_in_is_never_followed_by_a_second_feed(house: House) -> None:
    shop = house.shops["amazon"]
    shop.fault("timeout_after", endpoint="stock")
    feeds, patches = made(house), shop.calls(PATCH)
    quantity = reload(house)
    wait_for(lambda: made(house) > feeds, "the feed")
    wait_for(lambda: is_feed_open(house) is False, "all rows to be unknown", SETTLE_S)
    shop.heal()
    # What nobody knows the outcome of is written one by one, whether it was done or not.
    wait_for(lambda: shop.calls(PATCH) - patches > 60, "single writes", SETTLE_S)
    wait_until_shown(house, quantity)
    house.wait_until_equal(*CODES[:5])
    assert made(house) == feeds + 1
