"""Checks of keys, and the one thing that may not go wrong with a token that changes."""

import asyncio

import pytest

from actors.mall_work import carry_out_check
from engine.connector import Credentials
from engine.faults import Level, MallError
from tests.contract.lane import Lane, opened
from tests.contract.shop import Shop

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("short_walk")]


@pytest.mark.point("keys.good")
async def test_a_working_key_is_proven_for_orders_and_stock(shop: Shop) -> None:
    shop.item("tea", 10)
    async with opened(shop) as lane:
        report, error = await carry_out_check(lane.connection)
        assert error is None
        assert report.expires_at is None or report.expires_at > lane.http.now()
        assert all(japanese and english for japanese, english in report.warnings)
        # A check changes nothing.
        assert lane.writes == 0
        assert shop.quantity("tea") == 10


@pytest.mark.point("keys.good")
async def test_a_check_is_no_proof_while_the_mall_is_down(shop: Shop) -> None:
    async with opened(shop, "retry_bound_s = 0\n") as lane:
        shop.fault("maintenance")
        _, error = await carry_out_check(lane.connection)
        assert isinstance(error, MallError)
        assert error.spec.level is Level.TRANSIENT


@pytest.mark.point("keys.refused")
async def test_a_key_that_was_replaced_is_refused_at_level_9(shop: Shop) -> None:
    async with opened(shop) as lane:
        assert (await carry_out_check(lane.connection))[1] is None
        keys = shop.post("credentials", {})
        _, error = await carry_out_check(lane.connection)
        assert_refused(error, shop)
    async with opened(shop) as lane:
        _, error = await carry_out_check(lane.connection)
        assert_refused(error, shop)
    async with opened(shop, credentials=keys) as lane:
        assert (await carry_out_check(lane.connection))[1] is None


@pytest.mark.point("keys.refused")
async def test_every_missing_field_is_refused_or_warned_of(shop: Shop) -> None:
    async with opened(shop) as lane:
        needed = [field.name for field in lane.card.credential_fields if field.is_required]
    for name in needed:
        keys = {**shop.credentials, name: ""}
        async with opened(shop, credentials=keys) as lane:
            report, error = await carry_out_check(lane.connection)
            if error is None:
                # One that only some calls will need, later: the operator is told.
                assert report.warnings
            else:
                assert_refused(error, shop)


def assert_refused(error: object, shop: Shop) -> None:
    assert isinstance(error, MallError)
    assert error.spec.level is Level.CREDENTIALS
    assert error.spec.message
    assert error.spec.hint
    told = f"{error!r} {error} {error.code} {error.subject}"
    assert not [
        secret for secret in shop.credentials.values() if len(secret) > 8 and secret in told
    ]


@pytest.mark.point("keys.rotated")
async def test_a_rotated_token_is_stored_before_any_call_with_it(shop: Shop) -> None:
    shop.item("tea", 10)
    shop.knob(**shop.profile.rotating)
    async with opened(shop) as lane:
        calls_at_saving: list[int] = []

        async def save(credentials: Credentials) -> None:
            calls_at_saving.append(len(lane.exchanges))
            await asyncio.sleep(0)
            lane.saved.append(dict(credentials))

        lane.save = save
        assert (await lane.read(await lane.refs(("tea", "")))).error is None
        assert calls_at_saving == [1]
        assert len(lane.exchanges) > 1
        rotated = lane.saved[-1]
    changed = {name for name in rotated if rotated[name] != shop.credentials.get(name)}
    assert changed == {"refresh_token"}
    # The old one has ended; the stored one works.
    async with opened(shop) as lane:
        assert_refused((await carry_out_check(lane.connection))[1], shop)
    async with opened(shop, credentials=rotated) as lane:
        assert (await carry_out_check(lane.connection))[1] is None


@pytest.mark.point("keys.rotated")
async def test_a_rotated_token_that_cannot_be_stored_is_not_used(shop: Shop) -> None:
    shop.item("tea", 10)
    shop.knob(**shop.profile.rotating)
    async with opened(shop) as lane:

        async def refuse(credentials: Credentials) -> None:
            raise OSError(f"no place for {sorted(credentials)}")

        lane.save = refuse
        with pytest.raises(OSError, match="no place for"):
            await use(lane)
        assert len(lane.exchanges) == 1


async def use(lane: Lane) -> None:
    await lane.read(await lane.refs(("tea", "")))
