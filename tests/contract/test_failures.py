"""What a mall's failures become: the level, what is known of the call, and how often it was made.

A fault is put in the way of the write the moment it leaves, so that no look or read before it
meets it instead.
"""

import pytest

from engine.catalogue import ListingRef
from engine.faults import Done, Family, FaultKind, Level, MallError
from engine.push_state import PushDone, PushNotSent, PushUnknown, ReadingDone, ReadingFailed
from tests.contract.lane import Lane, opened
from tests.contract.shop import Shop

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_walk")]

ONCE = "retry_bound_s = 0\n"
"""A read is made once."""
IMPATIENT = f"{ONCE}http_timeout_s = 0.5\n"
ATTEMPTS_MAX = 20
"""More attempts inside half a second are no back-off."""
FAMILIES = ["orders", "stock", "items"]


@pytest.fixture(autouse=True)
def tea(shop: Shop) -> None:
    shop.item("tea", 10)


async def ref_of(lane: Lane) -> ListingRef:
    (ref,) = await lane.refs(("tea", ""))
    return ref


async def written(lane: Lane, outcome: type[object], quantity: int) -> MallError | None:
    """One push of one unit more: what it became, what the mall has, and that it left once."""
    carried = await lane.push({await ref_of(lane): (1, 11)})
    assert [type(row.outcome) for row in carried.rows] == [outcome]
    assert lane.shop.quantity("tea") == quantity
    assert lane.writes == 1
    return carried.error


async def failed(lane: Lane, family: str, fault: str, **more: object) -> MallError:
    """What a call of that family comes to while the fault is there."""
    async with opened(lane.shop) as patient:
        ref = await ref_of(patient)
    lane.shop.fault(fault, endpoint=lane.shop.endpoint_of(family), **more)
    lane.exchanges.clear()
    error: MallError | None
    match family:
        case "orders":
            error = (await lane.poll()).error
        case "stock":
            carried = await lane.read([ref])
            assert isinstance(carried.rows[0].outcome, ReadingFailed)
            assert not carried.rows[0].is_missing
            error = carried.error
        case _:
            with pytest.raises(MallError) as raised:
                await lane.page(None)
            error = raised.value
    assert error is not None
    return error


async def reads_well(lane: Lane) -> ReadingDone:
    carried = await lane.read([await ref_of(lane)])
    assert carried.error is None
    outcome = carried.rows[0].outcome
    assert isinstance(outcome, ReadingDone)
    return outcome


# --- reads --------------------------------------------------------------------------------------


@pytest.mark.point("failures.maintenance")
@pytest.mark.parametrize("family", FAMILIES)
async def test_maintenance_breaks_a_read_off_at_level_8(shop: Shop, family: str) -> None:
    async with opened(shop, ONCE) as lane:
        error = await failed(lane, family, "maintenance")
        assert (error.spec.level, error.spec.kind) == (Level.TRANSIENT, FaultKind.MAINTENANCE)


@pytest.mark.point("failures.server_error")
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_server_error_breaks_a_read_off_at_level_8(shop: Shop, family: str) -> None:
    async with opened(shop, ONCE) as lane:
        error = await failed(lane, family, "server_error")
        assert (error.spec.level, error.spec.kind) == (Level.TRANSIENT, FaultKind.SERVER)


@pytest.mark.point("failures.garbage")
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_garbled_answer_breaks_a_read_off_at_level_8(shop: Shop, family: str) -> None:
    shop.order("tea")
    async with opened(shop, ONCE) as lane:
        error = await failed(lane, family, "garbage")
        assert (error.spec.level, error.spec.kind) == (Level.TRANSIENT, FaultKind.UNREADABLE)
        assert lane.orders == {}


@pytest.mark.point("failures.rate_limit")
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_refused_rate_breaks_a_read_off_and_waits(shop: Shop, family: str) -> None:
    async with opened(shop, ONCE) as lane:
        error = await failed(lane, family, "rate_limit")
        assert (error.spec.level, error.spec.kind) == (Level.TRANSIENT, FaultKind.RATE_LIMIT)
        assert (error.retry_after_s or 0) > 0
        assert len(lane.exchanges) <= 2  # with the token, where the mall has one


@pytest.mark.point("failures.retry_after")
async def test_a_told_wait_is_kept_to_however_often_it_is_told(shop: Shop) -> None:
    shop.knob(**shop.profile.told_wait_knobs)
    async with opened(shop, ONCE) as lane:
        ref = await ref_of(lane)
        shop.fault("rate_limit", endpoint=shop.profile.stock_read, **shop.profile.told_wait)
        waits = []
        for _ in range(2):
            with pytest.raises(MallError) as refused:
                await lane.connection.read_stock([ref])
            waits.append(refused.value.retry_after_s)
        # Untold, the second wait would be twice as long.
        assert waits == [1.0, 1.0]


@pytest.mark.point("failures.retried")
@pytest.mark.parametrize(
    ("family", "fault"),
    [
        ("orders", "maintenance"),
        ("orders", "garbage"),
        ("stock", "server_error"),
        ("items", "garbage"),
    ],
)
async def test_a_read_that_fails_once_is_made_again(shop: Shop, family: str, fault: str) -> None:
    async with opened(shop, "retry_bound_s = 5\n") as lane:
        await ref_of(lane)
        shop.fault(fault, endpoint=shop.endpoint_of(family), count=1)
        match family:
            case "orders":
                assert (await lane.poll()).is_complete
            case "stock":
                assert (await reads_well(lane)).quantity == 10
            case _:
                assert [row.ref.code for row in (await lane.catalogue()).values()] == ["tea"]
        assert shop.state()["faults"] == []


@pytest.mark.point("failures.retried")
async def test_a_read_that_stays_broken_is_given_up(shop: Shop) -> None:
    async with opened(shop, "retry_bound_s = 0.6\n") as lane:
        error = await failed(lane, "stock", "server_error")
        assert error.spec.kind is FaultKind.SERVER
        assert 1 < len(lane.exchanges) <= ATTEMPTS_MAX


@pytest.mark.point("failures.slow")
async def test_a_slow_answer_is_an_answer_and_its_interval_is_long(shop: Shop) -> None:
    async with opened(shop, ONCE) as lane:
        ref = await ref_of(lane)
        shop.fault("slow", endpoint=shop.profile.stock_read, count=1, delay_s=0.3)
        (row,) = (await lane.read([ref])).rows
        assert isinstance(row.outcome, ReadingDone)
        assert row.outcome.quantity == 10
        assert row.outcome.end - row.outcome.start >= 0.3


@pytest.mark.point("failures.timed_out")
@pytest.mark.parametrize("family", ["orders", "stock"])
async def test_an_answer_that_comes_too_late_is_a_time_out(shop: Shop, family: str) -> None:
    async with opened(shop, IMPATIENT) as lane:
        error = await failed(lane, family, "slow", delay_s=1.0)
        assert (error.spec.level, error.spec.kind) == (Level.TRANSIENT, FaultKind.TIMEOUT)


# --- writes -------------------------------------------------------------------------------------


@pytest.mark.point("failures.rate_limit")
async def test_a_write_over_the_rate_is_not_done_and_its_turn_is_later(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("rate_limit")
        error = await written(lane, PushNotSent, 10)
        assert error is not None
        assert (error.spec.kind, error.done) == (FaultKind.RATE_LIMIT, Done.NOT_DONE)
        assert (error.retry_after_s or 0) > 0


@pytest.mark.point("failures.maintenance")
async def test_a_write_that_meets_maintenance_is_not_done(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("maintenance")
        error = await written(lane, PushNotSent, 10)
        assert error is not None
        assert (error.spec.kind, error.done) == (FaultKind.MAINTENANCE, Done.NOT_DONE)


@pytest.mark.point("failures.server_error")
async def test_a_write_that_meets_a_server_error_is_unknown(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("server_error")
        error = await written(lane, PushUnknown, 10)
        assert error is not None
        assert (error.spec.kind, error.done) == (FaultKind.SERVER, Done.UNKNOWN)


@pytest.mark.point("failures.garbage")
async def test_a_write_whose_answer_is_garbled_is_unknown(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("garbage")
        error = await written(lane, PushUnknown, 11)
        assert error is not None
        assert (error.spec.kind, error.done) == (FaultKind.UNREADABLE, Done.UNKNOWN)


@pytest.mark.point("failures.lost_before")
async def test_a_write_lost_before_it_was_done_is_unknown(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("timeout_before")
        error = await written(lane, PushUnknown, 10)
        assert error is not None
        assert (error.spec.level, error.done) == (Level.TRANSIENT, Done.UNKNOWN)


@pytest.mark.point("failures.lost_after")
async def test_a_write_whose_answer_is_lost_is_unknown_although_done(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("timeout_after")
        error = await written(lane, PushUnknown, 11)
        assert error is not None
        assert (error.spec.level, error.done) == (Level.TRANSIENT, Done.UNKNOWN)
        # The next reading tells it.
        assert (await reads_well(lane)).quantity == 11


@pytest.mark.point("failures.lost_after")
async def test_a_write_that_lands_after_its_time_out_is_unknown(shop: Shop) -> None:
    async with opened(shop) as lane:
        lane.strike_write("late_apply", delay_s=0.0)
        carried = await lane.push({await ref_of(lane): (1, 11)})
        assert [type(row.outcome) for row in carried.rows] == [PushUnknown]
        assert lane.writes == 1
        await lane.until(lambda: shop.quantity("tea") == 11)


@pytest.mark.point("failures.timed_out")
async def test_a_write_that_is_answered_too_late_is_unknown(shop: Shop) -> None:
    async with opened(shop) as patient:
        ref = await ref_of(patient)
    async with opened(shop, IMPATIENT) as lane:
        lane.strike_write("slow", delay_s=1.0)
        carried = await lane.push({ref: (1, 11)})
        assert [type(row.outcome) for row in carried.rows] == [PushUnknown]
        assert carried.error is not None
        assert carried.error.spec.kind is FaultKind.TIMEOUT
        assert lane.writes == 1
        await lane.until(lambda: shop.quantity("tea") == 11)


# --- the key ------------------------------------------------------------------------------------


@pytest.mark.point("failures.expired_key")
@pytest.mark.parametrize("family", FAMILIES)
async def test_a_refused_key_is_level_9_at_once(shop: Shop, family: str) -> None:
    # The bound is long: what no repetition cures is not repeated.
    async with opened(shop, "retry_bound_s = 60\n") as lane:
        await ref_of(lane)
        shop.fault("expired_key")
        lane.exchanges.clear()
        match family:
            case "orders":
                error = (await lane.poll()).error
            case "stock":
                error = (await lane.read([ListingRef("tea", "")])).error
            case _:
                with pytest.raises(MallError) as raised:
                    await lane.page(None)
                error = raised.value
        assert error is not None
        assert error.spec.level is Level.CREDENTIALS
        assert error.done is Done.NOT_DONE
        assert error.family in {Family(family), Family.AUTH}
        assert len(lane.exchanges) <= 2  # with the token's renewal, where the mall has one
        # New credentials end it, in a new connection.
        keys = shop.post("credentials", {})
        async with opened(shop, credentials=keys) as renewed:
            assert (await reads_well(renewed)).quantity == 10


@pytest.mark.point("failures.expired_key")
async def test_a_write_with_a_refused_key_is_not_done(shop: Shop) -> None:
    async with opened(shop) as lane:
        ref = await ref_of(lane)

        def expire() -> None:
            lane.before_write = lambda: None
            shop.fault("expired_key")

        lane.before_write = expire
        carried = await lane.push({ref: (1, 11)})
        assert [type(row.outcome) for row in carried.rows] == [PushNotSent]
        assert carried.error is not None
        assert carried.error.spec.level is Level.CREDENTIALS
        assert shop.quantity("tea") == 10
        shop.heal()


@pytest.mark.point("failures.retried")
async def test_a_good_write_leaves_once(shop: Shop) -> None:
    async with opened(shop) as lane:
        assert await written(lane, PushDone, 11) is None
