"""Quantities read and written, one listing or a whole batch, by every connector."""

from collections.abc import Iterable

import pytest
from msgspec import structs

from engine.catalogue import ListingRef, SideSettings
from engine.faults import Level
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)
from tests.contract.lane import Lane, opened, reading_of
from tests.contract.profiles import ODD_CODES
from tests.contract.shop import Shop

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_walk")]

PLAIN_CODES = ("tea-01", "TEA-02", "0-cup")


def keys_of(shop: Shop) -> dict[tuple[str, str], int]:
    """What the mall truly has, by listing."""
    return {(row["code"], row["sub_code"]): row["quantity"] for row in shop.state()["items"]}


def fill(shop: Shop) -> None:
    """A shelf with whatever codes the mall takes; every quantity is another."""
    codes = PLAIN_CODES if shop.card_of("catalogue.odd_codes") is not None else ODD_CODES
    for place, code in enumerate(codes):
        shop.item(code, 3 + place)
    if shop.card_of("catalogue.variations") is None:
        for place, sub_code in enumerate(("-bk-m", "-wh-l")):
            shop.item("tee-07", 40 + place, sub_code, axes={"色": f"c{place}", "形": f"s{place}"})
    shop.item("sold-out", 0)


def push_of(
    refs: Iterable[ListingRef], delta: int, offer: int
) -> dict[ListingRef, tuple[int, int]]:
    return dict.fromkeys(refs, (delta, offer))


# --- reading ------------------------------------------------------------------------------------


@pytest.mark.point("stock.values")
async def test_every_listing_reads_as_it_is(shop: Shop) -> None:
    fill(shop)
    truth = keys_of(shop)
    async with opened(shop) as lane:
        refs = await lane.refs(*truth)
        shown: dict[tuple[str, str], int] = {}
        # As many calls as it takes: a connector may leave out what a few calls do not reach.
        for _ in range(len(refs)):
            left = [ref for ref in refs if (ref.code, ref.sub_code) not in shown]
            carried = await lane.read(left) if left else None
            if carried is None:
                break
            assert carried.error is None
            for ref, row in zip(left, carried.rows, strict=True):
                assert not row.is_missing
                if isinstance(row.outcome, ReadingDone):
                    assert row.outcome.start <= row.outcome.end
                    shown[ref.code, ref.sub_code] = row.outcome.quantity
    assert shown == truth


@pytest.mark.point("stock.missing")
async def test_a_listing_that_is_not_there_is_missing_and_not_zero(shop: Shop) -> None:
    shop.item("tea", 7)
    shop.item("gone", 3)
    async with opened(shop) as lane:
        here, gone = await lane.refs(("tea", ""), ("gone", ""))
        shop.post("items", [{"code": "gone", "gone": True}])
        # A connector may leave to the next read what a few calls do not reach: at least one is.
        for ref in (gone, ListingRef("never-was", "")):
            carried = await lane.read([ref])
            assert carried.error is None
            assert isinstance(carried.rows[0].outcome, ReadingFailed)
            assert carried.rows[0].is_missing
        carried = await lane.read([gone, here])
        assert carried.error is None
        assert isinstance(carried.rows[0].outcome, ReadingFailed)
        assert (carried.rows[1].is_missing, reading_of(carried.rows[1]).quantity) == (False, 7)


@pytest.mark.point("stock.unlimited")
async def test_a_listing_without_a_number_is_not_zero(shop: Shop) -> None:
    shop.item("tea", 7)
    shop.item("endless", 0, **shop.profile.unlimited)
    async with opened(shop) as lane:
        tea, endless = await lane.refs(("tea", ""), ("endless", ""))
        read = await lane.connection.read_stock([tea, endless])
        assert {row.ref: row.quantity for row in read.rows} == {tea: 7, endless: None}
        assert read.missing == ()
        carried = await lane.read([endless])
        assert isinstance(carried.rows[0].outcome, ReadingFailed)
        assert not carried.rows[0].is_missing
        assert not (await lane.catalogue())["endless", ""].tracked


# --- writing ------------------------------------------------------------------------------------


@pytest.mark.point("write.relative")
async def test_a_difference_commutes_with_an_order_not_seen_yet(shop: Shop) -> None:
    shop.item("tea", 10)
    async with opened(shop) as lane:
        (ref,) = await lane.refs(("tea", ""))

        def buy() -> None:
            lane.before_write = lambda: None
            shop.order("tea", 2)

        lane.before_write = buy
        carried = await lane.push({ref: (-3, 7)})
        assert [type(row.outcome) for row in carried.rows] == [PushDone]
        assert shop.quantity("tea") == 5
        await lane.push({ref: (4, 11)})
        assert shop.quantity("tea") == 9
        assert lane.writes == 2


@pytest.mark.point("write.relative")
async def test_a_fall_below_zero_is_never_a_rise(shop: Shop) -> None:
    shop.item("tea", 2)
    async with opened(shop) as lane:
        (ref,) = await lane.refs(("tea", ""))
        carried = await lane.push({ref: (-5, 0)})
        assert isinstance(carried.rows[0].outcome, PushRefused | PushDone | PushBadItem)
        if isinstance(carried.rows[0].outcome, PushRefused):
            assert carried.rows[0].outcome.left == 2
        assert shop.quantity("tea") <= 2


@pytest.mark.point("write.guarded")
async def test_a_guarded_write_adds_to_what_its_read_shows(shop: Shop) -> None:
    shop.knob(**shop.profile.guarded_knobs)
    shop.item("tea", 10)
    shop.item("level", 4)
    async with opened(shop, shop.profile.guarded) as lane:
        tea, level = await lane.refs(("tea", ""), ("level", ""))
        shop.order("tea", 2)
        carried = await lane.push({tea: (-3, 7), level: (0, 4)})
        done, nothing = (row.outcome for row in carried.rows)
        assert isinstance(done, PushDone)
        assert isinstance(nothing, PushDone)
        assert (done.quantity_read, nothing.quantity_read) == (8, 4)
        assert done.start <= done.end
        assert (shop.quantity("tea"), shop.quantity("level")) == (5, 4)
        # A fall beyond zero ends at zero, and what is not there is not written.
        carried = await lane.push({tea: (-50, 0), ListingRef("never-was", ""): (5, 5)})
        assert [type(row.outcome) for row in carried.rows] == [PushDone, PushBadItem]
        assert shop.quantity("tea") == 0
        assert ("never-was", "") not in keys_of(shop)


@pytest.mark.point("write.anchored")
async def test_an_anchored_write_puts_the_offer_itself(shop: Shop) -> None:
    shop.item("tea", 10)
    async with opened(shop, shop.profile.anchored) as lane:
        (ref,) = await lane.refs(("tea", ""))
        carried = await lane.push({ref: (-3, 6)})
        assert [type(row.outcome) for row in carried.rows] == [PushDone]
        assert shop.quantity("tea") == 6
        # Whatever was sold in between: the inventory writes again once it has seen the order.
        shop.order("tea", 1)
        await lane.push({ref: (0, 6)})
        assert shop.quantity("tea") == 6


@pytest.mark.point("write.bad_row")
@pytest.mark.parametrize("place", [0, 2])
async def test_one_bad_row_is_named_and_the_others_are_not_called_bad(
    shop: Shop, place: int
) -> None:
    codes = [f"tea-{number}" for number in range(4)]
    shop.items(codes)
    async with opened(shop) as lane:
        refs = await lane.refs(*((code, "") for code in codes))
        shop.fault("bad_item", code=codes[place], count=1)
        carried = await lane.push(push_of(refs, 2, 12))
        bad = carried.rows[place]
        assert isinstance(bad.outcome, PushBadItem)
        assert bad.code
        assert bad.spec is not None
        assert bad.spec.level is Level.TRANSIENT
        others = [row for row in carried.rows if row is not bad]
        assert {type(row.outcome) for row in others} <= {PushDone, PushUnknown, PushNotSent}
        for ref, row in zip([ref for ref in refs if ref.code != codes[place]], others, strict=True):
            is_done = isinstance(row.outcome, PushDone)
            if is_done or isinstance(row.outcome, PushNotSent):
                assert shop.quantity(ref.code) == (12 if is_done else 10)
        assert shop.quantity(codes[place]) == 10
        # The rest is done the next time at the latest.
        again = {ref: (12 - shop.quantity(ref.code), 12) for ref in refs}
        again = {ref: change for ref, change in again.items() if change[0]}
        carried = await lane.push(again)
        assert {type(row.outcome) for row in carried.rows} == {PushDone}
        assert {shop.quantity(code) for code in codes} == {12}


@pytest.mark.point("write.bad_row")
async def test_a_listing_that_is_gone_is_a_bad_row_and_is_not_made(shop: Shop) -> None:
    shop.items(["tea", "gone"])
    async with opened(shop) as lane:
        tea, gone = await lane.refs(("tea", ""), ("gone", ""))
        shop.post("items", [{"code": "gone", "gone": True}])
        carried = await lane.push({tea: (1, 11), gone: (1, 11)})
        assert isinstance(carried.rows[1].outcome, PushBadItem)
        assert isinstance(carried.rows[0].outcome, PushDone | PushUnknown | PushNotSent)
        assert [row["code"] for row in shop.state()["items"]] == ["tea"]


@pytest.mark.point("write.whole_batch")
async def test_the_largest_batch_is_done_in_one_request(shop: Shop) -> None:
    async with opened(shop) as lane:
        codes = [f"tea-{number:04d}" for number in range(lane.card.push_rows_max)]
        shop.items(codes)
        refs = await lane.refs(*((code, "") for code in codes))
        carried = await lane.push(push_of(refs, 5, 15))
        assert {type(row.outcome) for row in carried.rows} == {PushDone}
        assert len(carried.rows) == len(codes)
        assert lane.writes == 1
        assert set(keys_of(shop).values()) == {15}


# --- settings -----------------------------------------------------------------------------------

KEPT = ("name", "jan", "overdraft", "closed", "lead_time_days", "restock_date", "fba")


async def other_fields(lane: Lane, shop: Shop, settings: SideSettings) -> list[dict[str, object]]:
    """What the listing has beside its quantity, before and after a push."""
    seen = []
    (ref,) = await lane.refs(("tea", ""))
    for change in ((), (3, 13)):
        if change:
            carried = await lane.push({ref: change}, settings)
            assert [type(row.outcome) for row in carried.rows] == [PushDone]
        row = shop.row("tea")
        seen.append({name: row[name] for name in KEPT})
    assert shop.quantity("tea") == 13
    return seen


@pytest.mark.point("write.settings_kept")
@pytest.mark.parametrize("overdraft", [False, True])
async def test_a_push_leaves_what_is_not_registered_alone(shop: Shop, overdraft: bool) -> None:
    shop.item("tea", 10, lead_time_days=4, restock_date="2099-01-31", name="お茶")
    if overdraft and not shop.profile.unlimited.get("overdraft"):
        shop.item("tea", 10, overdraft=True)
    async with opened(shop) as lane:
        before, after = await other_fields(lane, shop, SideSettings())
    assert after == before
    assert after["lead_time_days"] == 4


@pytest.mark.point("write.settings_sent")
async def test_a_registered_setting_rides_along(shop: Shop) -> None:
    registered = structs.replace(SideSettings(), **shop.profile.registered)
    shop.item("tea", 10)
    async with opened(shop) as lane:
        before, after = await other_fields(lane, shop, registered)
        assert after == {**before, **shop.profile.registered}
        # An import tells it, so that it can be registered.
        assert (await lane.catalogue())["tea", ""].settings == registered
