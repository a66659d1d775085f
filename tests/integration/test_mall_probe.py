"""A mall actor told to probe: a fake inventory on one side, a pretend MakeShop on the other."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.mall_account import kind_of
from actors.mall_lane import MallLane
from config.load import parse_settings
from engine.catalogue import ListingRef, SideSettings
from engine.faults import FaultKind
from engine.lane import LaneState
from engine.messages import (
    Drain,
    FaultSeen,
    LaneOrder,
    Outcomes,
    PollEnded,
    Probed,
    ProbeWork,
    Pull,
    PushRow,
    PushWork,
)
from engine.push_state import PushDone, PushNotSent
from sandbox.server import running
from tests.integration.fake_inventory import AnyWork, FakeInventory

SPEED = 60
ITEM = "try-me"
TRIAL = f"1 {ITEM}"
SHIRT = ListingRef("shirt", "", "")

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shop:
    """A pretend MakeShop and its side door."""

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self.url = url
        self.credentials = credentials
        self._client = httpx.Client(
            base_url=url,
            verify=False,  # noqa: S501  without TLS there is nothing to verify
        )

    def post(self, path: str, body: object) -> None:
        self._client.post(f"/_sandbox/{path}", json=body).raise_for_status()

    def quantity(self, code: str) -> int:
        items = self._client.get("/_sandbox/state").json()["items"]
        return int(next(item["quantity"] for item in items if item["code"] == code))

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with running("makeshop", speed=SPEED) as serving:
        shop = Shop(serving.url, dict(serving.credentials))
        items = [("shirt", 10), (ITEM, 4)]
        shop.post("items", [{"code": code, "quantity": number} for code, number in items])
        yield shop
        shop.close()


@asynccontextmanager
async def acting(
    shop: Shop,
    tmp_path: Path,
    *,
    inventory: Callable[[str], FakeInventory] = FakeInventory,
    **more: object,
) -> AsyncIterator[tuple[FakeInventory, MallLane, "asyncio.Task[None]"]]:
    """A lane at work, after its first poll."""
    extra = "".join(f"{name} = {value}\n" for name, value in more.items())
    text = (
        'state_dir = "state"\nbase_mall = "shop"\nheartbeat_interval_s = 0.1\n'
        f'[[malls]]\nname = "shop"\nkind = "makeshop"\nbase_url = "{shop.url}"\n'
        f'speed = {SPEED}\npoll_interval_s = 60\nprobe_item = "{ITEM}"\n{extra}'
    )
    house = parse_settings(text.encode(), tmp_path / "zaiko.toml")
    fake = inventory(f"ipc://{tmp_path}/i")
    fake.credentials = shop.credentials
    mall = house.malls[0]
    lane = MallLane(house, mall, kind_of(mall), endpoint=fake.endpoint, token="t")
    task = asyncio.create_task(lane.run(lambda: None))
    try:
        await fake.until(lambda: any(ended.is_complete for ended in fake.of(PollEnded)))
        yield fake, lane, task
    finally:
        lane.drain()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 8)
        await fake.close()


def give(inventory: FakeInventory, *works: AnyWork) -> None:
    inventory.works += works
    inventory.wake()


def push(delta: int, number: int = 1) -> PushWork:
    row = PushRow(number, number, SHIRT, delta, None, SideSettings())
    return PushWork((row,), time.time() + 5)


def outcomes(inventory: FakeInventory) -> list[Any]:
    return [row.outcome for letter in inventory.of(Outcomes) for row in letter.rows]


def manner(inventory: FakeInventory) -> str | None:
    return inventory.of(Pull)[-1].manner


@pytest.mark.parametrize(
    ("does", "mode", "way"),
    [("add", "relative", "relative"), ("overwrite", "absolute", "guarded")],
)
async def test_what_a_probe_finds_is_how_pushes_are_written_from_then_on(
    shop: Shop, tmp_path: Path, does: str, mode: str, way: str
) -> None:
    shop.post("knobs", {"quantity_calculation": does})
    async with acting(shop, tmp_path) as (inventory, _, _):
        assert manner(inventory) == ""
        give(inventory, ProbeWork(7, TRIAL))
        await inventory.until(lambda: inventory.of(Probed))
        (told,) = inventory.of(Probed)
        assert told.probe == 7
        assert (told.finding.switches, told.finding.is_restored) == ({"quantity_mode": mode}, True)
        assert shop.quantity(ITEM) == 4
        await inventory.until(lambda: manner(inventory) == f"{way} {TRIAL}")
        give(inventory, push(-3))
        await inventory.until(lambda: outcomes(inventory))
        assert isinstance(outcomes(inventory)[0], PushDone)
        assert shop.quantity("shirt") == 7


async def test_a_finding_is_told_until_it_is_answered_and_the_lease_brings_it_back(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mall_lease.ANSWER_S", 0.3)
    async with acting(shop, tmp_path) as (inventory, _, _):
        inventory.is_silent = lambda letter: (
            isinstance(letter, Probed) and len(inventory.of(Probed)) < 3
        )
        give(inventory, ProbeWork(1, TRIAL))
        await inventory.until(lambda: len(inventory.of(Probed)) == 3)
        assert len({letter.finding.item for letter in inventory.of(Probed)}) == 1
        assert shop.quantity(ITEM) == 4
        await inventory.until(lambda: manner(inventory) == f"relative {TRIAL}")
        inventory.epoch += 1
        seen = len(inventory.letters)
        await inventory.until(
            lambda: any(isinstance(letter, Pull) for letter in inventory.letters[seen:])
        )
        assert manner(inventory) == f"relative {TRIAL}"


async def test_a_probe_that_a_lost_call_breaks_says_what_it_may_have_left(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, http_timeout_s=0.3) as (inventory, _, _):
        shop.post("faults", {"kind": "timeout_after", "endpoint": "stock", "count": 1})
        give(inventory, ProbeWork(1, TRIAL))
        await inventory.until(lambda: inventory.of(FaultSeen))
        (broken,) = inventory.of(Probed)
        assert (broken.finding.switches, broken.finding.is_restored) == ({}, False)
        assert broken.finding.fault is None
        assert inventory.of(FaultSeen)[0].spec.kind is FaultKind.TIMEOUT
        assert manner(inventory) == ""
        give(inventory, ProbeWork(2, TRIAL))
        await inventory.until(lambda: len(inventory.of(Probed)) == 2)
        assert inventory.of(Probed)[1].finding.switches == {"quantity_mode": "relative"}


async def test_a_probe_that_fails_before_it_writes_has_left_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, retry_bound_s=0.1) as (inventory, _, _):
        shop.post("faults", {"kind": "maintenance", "endpoint": "items"})
        give(inventory, ProbeWork(1, TRIAL))
        await inventory.until(lambda: inventory.of(Probed))
        (broken,) = inventory.of(Probed)
        assert (broken.finding.switches, broken.finding.is_restored) == ({}, True)
        assert shop.quantity(ITEM) == 4


async def test_a_lane_that_leaves_in_the_middle_of_a_probe_puts_the_item_back(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path) as (inventory, _, task):
        shop.post("faults", {"kind": "slow", "endpoint": "stock", "count": 4, "delay_s": 0.3})
        give(inventory, ProbeWork(1, TRIAL))
        async with asyncio.timeout(5):
            # Looking is what waits: the shop is in another thread.
            while await asyncio.to_thread(shop.quantity, ITEM) == 4:
                pass
        inventory.tell(Drain(0))
        await asyncio.wait_for(task, 8)
        assert shop.quantity(ITEM) == 4
        assert inventory.of(Probed)[0].finding.switches == {"quantity_mode": "relative"}


async def test_a_trial_of_other_settings_is_not_made(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        give(inventory, ProbeWork(1, "1 another-item"))
        await inventory.until(lambda: inventory.of(Probed))
        finding = inventory.of(Probed)[0].finding
        assert (finding.switches, finding.is_restored, finding.fault) == ({}, True, None)
        assert shop.quantity(ITEM) == 4


class Turncoat(FakeInventory):
    """Tells of another finding between the pull of a push and its answer."""

    def _work(self, pull: Pull) -> Any:
        work = super()._work(pull)
        if isinstance(work, PushWork):
            self.found = {"quantity_mode": "relative"}
            self.tell(LaneOrder(0, LaneState.RUNNING, None, self.version, 0, self.found))
        return work


async def test_a_push_that_was_decided_for_another_way_of_writing_is_not_sent(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, inventory=Turncoat) as (inventory, _, _):
        give(inventory, push(-3))
        await inventory.until(lambda: outcomes(inventory))
        assert outcomes(inventory) == [PushNotSent(1)]
        give(inventory, push(-3, 2))
        await inventory.until(lambda: len(outcomes(inventory)) == 2)
        assert isinstance(outcomes(inventory)[1], PushDone)
        assert shop.quantity("shirt") == 7


async def test_a_reload_brings_another_way_of_writing_without_a_restart(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path) as (inventory, lane, _):
        text = (
            'state_dir = "state"\nbase_mall = "shop"\nheartbeat_interval_s = 0.1\n'
            f'[[malls]]\nname = "shop"\nkind = "makeshop"\nbase_url = "{shop.url}"\n'
            f'speed = {SPEED}\nquantity_mode = "relative"\n'
        )
        house = parse_settings(text.encode(), tmp_path / "zaiko.toml")
        lane.reload(house, house.malls[0])
        await inventory.until(lambda: manner(inventory) == "relative 1")
        give(inventory, push(-3))
        await inventory.until(lambda: outcomes(inventory))
        assert isinstance(outcomes(inventory)[0], PushDone)
        assert shop.quantity("shirt") == 7
