"""One mall actor as a whole: a fake inventory on one side, a pretend Rakuten on the other."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from actors.mall_account import kind_of
from actors.mall_lane import MallLane
from actors.mall_lease import LeaseRefused
from config.load import parse_settings
from config.settings import Settings
from engine.catalogue import ListingRef, SideSettings
from engine.faults import FaultKind, Level
from engine.lane import LaneState
from engine.messages import (
    CatalogueRead,
    CheckWork,
    CredentialsChecked,
    Drain,
    FamilyGood,
    FaultSeen,
    Goodbye,
    Heartbeat,
    Hello,
    ImportWork,
    OrdersRead,
    Outcomes,
    PollEnded,
    Pull,
    PushRow,
    PushWork,
    ReadRow,
    ReadWork,
    Refused,
)
from engine.push_state import (
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)
from sandbox.server import running
from tests.integration.fake_inventory import FakeInventory

SHIRT = ListingRef("shirt", "", "")
SPEED = 60

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Shop:
    """A pretend Rakuten and its side door."""

    def __init__(self, url: str, credentials: dict[str, str]) -> None:
        self.url = url
        self.credentials = credentials
        self._client = httpx.Client(
            base_url=url,
            verify=False,  # noqa: S501  without TLS there is nothing to verify
        )

    def post(self, path: str, body: object) -> Any:
        reply = self._client.post(f"/_sandbox/{path}", json=body)
        reply.raise_for_status()
        return reply.json()

    def order(self, quantity: int = 1) -> str:
        line = {"code": "shirt", "sub_code": "", "quantity": quantity}
        return str(self.post("orders", {"lines": [line]})["order_id"])

    def fault(self, **fault: object) -> None:
        self.post("faults", fault)

    @property
    def state(self) -> Any:
        return self._client.get("/_sandbox/state").json()

    @property
    def quantity(self) -> int:
        return int(self.state["items"][0]["quantity"])

    def calls(self) -> int:
        return sum(self.state["calls"].values())

    def close(self) -> None:
        self._client.close()


@pytest.fixture
def shop() -> Iterator[Shop]:
    with running("rakuten", speed=SPEED) as serving:
        shop = Shop(serving.url, dict(serving.credentials))
        shop.post("items", [{"code": "shirt", "sub_code": "", "name": "シャツ", "quantity": 10}])
        yield shop
        shop.close()


def settings_text(shop: Shop, **more: object) -> str:
    extra = "".join(f"{name} = {value}\n" for name, value in more.items())
    return (
        'state_dir = "state"\nbase_mall = "rakuten"\nheartbeat_interval_s = 0.1\n'
        f'[[malls]]\nname = "rakuten"\nkind = "rakuten"\nbase_url = "{shop.url}"\n'
        f"speed = {SPEED}\n{extra}"
    )


def settings_for(shop: Shop, tmp_path: Path, **more: object) -> Settings:
    return parse_settings(settings_text(shop, **more).encode(), tmp_path / "zaiko.toml")


@asynccontextmanager
async def acting(
    shop: Shop,
    tmp_path: Path,
    *,
    prepare: Callable[[FakeInventory], None] = lambda inventory: None,
    **more: object,
) -> AsyncIterator[tuple[FakeInventory, MallLane, "asyncio.Task[None]"]]:
    """A lane at work."""
    house = settings_for(shop, tmp_path, **{"poll_interval_s": 60, **more})
    inventory = FakeInventory(f"ipc://{tmp_path}/i")
    inventory.credentials = shop.credentials
    prepare(inventory)
    mall = house.malls[0]
    lane = MallLane(house, mall, kind_of(mall), endpoint=inventory.endpoint, token="t")
    task = asyncio.create_task(lane.run(lambda: None))
    try:
        yield inventory, lane, task
    finally:
        lane.drain()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 8)
        await inventory.close()


def push(
    *deltas: int, first_id: int = 1, send_in_s: float = 5.0, ref: ListingRef = SHIRT
) -> PushWork:
    rows = tuple(
        PushRow(number, number, ref, delta, None, SideSettings())
        for number, delta in enumerate(deltas, first_id)
    )
    return PushWork(rows, time.time() + send_in_s)


def completed(inventory: FakeInventory) -> bool:
    return any(ended.is_complete for ended in inventory.of(PollEnded))


def outcomes(inventory: FakeInventory) -> list[Any]:
    return [row.outcome for letter in inventory.of(Outcomes) for row in letter.rows]


async def test_orders_are_polled_and_handed_over_before_anything_is_pushed(
    shop: Shop, tmp_path: Path
) -> None:
    numbers = {shop.order(), shop.order(2)}

    def prepare(inventory: FakeInventory) -> None:
        inventory.works.append(push(-1))

    async with acting(shop, tmp_path, prepare=prepare) as (inventory, _, _):
        await inventory.until(lambda: outcomes(inventory))
        read = [order for letter in inventory.of(OrdersRead) for order in letter.orders]
        assert {order.order for order in read} == numbers
        kinds = [type(letter) for letter in inventory.letters]
        ended = kinds.index(PollEnded)
        assert kinds.index(OrdersRead) < ended < kinds.index(Outcomes)
        first = inventory.of(PollEnded)[0]
        assert first.is_complete
        assert first.is_recheck
        assert abs(first.began - time.time()) < 10
        assert not any(
            letter.takes_push for letter in inventory.letters[:ended] if isinstance(letter, Pull)
        )
        done = outcomes(inventory)[0]
        assert isinstance(done, PushDone)
        assert done.start <= done.end
        assert shop.quantity == 6


async def test_a_refused_fall_is_answered_with_what_is_left(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.works.append(push(-11))
        inventory.wake()
        await inventory.until(lambda: outcomes(inventory))
        assert outcomes(inventory) == [PushRefused(1, 10)]


async def test_a_push_past_its_send_by_is_not_sent(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.works.append(push(-1, send_in_s=-1.0))
        inventory.wake()
        await inventory.until(lambda: outcomes(inventory))
        assert outcomes(inventory) == [PushNotSent(1)]
        assert shop.quantity == 10


async def test_an_id_that_is_not_newer_is_never_started(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.works += [push(-1, first_id=7), push(-1, first_id=7), push(-1, first_id=3)]
        inventory.wake()
        await inventory.until(lambda: len(outcomes(inventory)) == 3)
        assert [type(outcome) for outcome in outcomes(inventory)] == [
            PushDone, PushNotSent, PushNotSent,
        ]  # fmt: skip
        assert shop.quantity == 9
        assert inventory.of(Pull)[-1].last_call_id == 7


async def test_a_lost_reply_is_unknown_and_is_not_repeated(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path, http_timeout_s=0.3) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        shop.fault(kind="timeout_after", endpoint="stock", count=1)
        inventory.works.append(push(-1))
        inventory.wake()
        await inventory.until(lambda: inventory.of(FaultSeen))
        assert outcomes(inventory) == [PushUnknown(1)]
        assert shop.quantity == 9
        fault = inventory.of(FaultSeen)[0]
        assert (fault.spec.level, fault.spec.kind) == (Level.TRANSIENT, FaultKind.TIMEOUT)
        assert not fault.halts


async def test_an_outcome_is_repeated_until_it_is_acknowledged(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mall_lease.ANSWER_S", 0.2)
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        deaf_to = 2
        inventory.is_silent = lambda letter: (
            isinstance(letter, Outcomes) and len(inventory.of(Outcomes)) <= deaf_to
        )
        inventory.works.append(push(-1))
        inventory.wake()
        await inventory.until(lambda: len(inventory.of(Outcomes)) == deaf_to + 1)
        assert len(set(inventory.of(Outcomes)[0].rows)) == 1
        assert len({letter.rows for letter in inventory.of(Outcomes)}) == 1
        assert shop.quantity == 9


async def test_readings_tell_what_is_shown_and_what_is_missing(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        rows = (ReadRow(1, 1, SHIRT), ReadRow(2, 2, ListingRef("nothing", "", "")))
        inventory.works.append(ReadWork(rows, time.time() + 5, is_audit=True))
        inventory.wake()
        await inventory.until(lambda: outcomes(inventory))
        shown, missing = inventory.of(Outcomes)[0].rows
        assert isinstance(shown.outcome, ReadingDone)
        assert shown.outcome.quantity == 10
        assert missing.outcome == ReadingFailed(2)
        assert missing.is_missing


async def test_an_import_page_is_handed_over_with_its_cursor(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        inventory.works.append(ImportWork(5, None))
        inventory.wake()
        await inventory.until(lambda: inventory.of(CatalogueRead))
        page = inventory.of(CatalogueRead)[0]
        assert page.job == 5
        assert [row.ref.code for row in page.rows] == ["shirt"]


async def test_level_9_halts_at_once_and_only_a_check_calls_until_the_key_works(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, poll_interval_s=1) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        renewed = shop.post("credentials", {})
        await inventory.until(lambda: inventory.of(FaultSeen))
        fault = inventory.of(FaultSeen)[0]
        assert fault.halts
        assert fault.spec.level is Level.CREDENTIALS
        calls = shop.calls()
        beats = len(inventory.of(Heartbeat))
        await inventory.until(lambda: len(inventory.of(Heartbeat)) > beats + 12)
        assert inventory.of(Heartbeat)[-1].lane is LaneState.HALTED
        assert shop.calls() == calls

        inventory.works.append(CheckWork(3, shop.credentials))
        inventory.wake()
        await inventory.until(lambda: inventory.of(CredentialsChecked))
        refused = inventory.of(CredentialsChecked)[0]
        assert (refused.check, refused.is_good) == (3, False)

        inventory.works.append(CheckWork(4, renewed))
        inventory.wake()
        await inventory.until(lambda: len(inventory.of(CredentialsChecked)) == 2)
        good = inventory.of(CredentialsChecked)[1]
        assert (good.check, good.is_good) == (4, True)
        assert good.expires_at is not None
        polls = len(inventory.of(PollEnded))
        inventory.credentials, inventory.version = renewed, 2
        inventory.lane = LaneState.RUNNING
        await inventory.until(lambda: len(inventory.of(PollEnded)) > polls)
        assert inventory.of(PollEnded)[-1].is_complete


async def test_a_changed_key_that_is_refused_is_tried_again_while_its_grace_lasts(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mall_account.GRACE_INTERVAL_S", 0.3 * SPEED)
    renewed = shop.post("credentials", {"grace_s": 1.0})

    def prepare(inventory: FakeInventory) -> None:
        inventory.credentials = renewed
        inventory.lane = LaneState.HALTED
        inventory.grace_s = 60.0

    async with acting(shop, tmp_path, prepare=prepare) as (inventory, _, _):
        await inventory.until(lambda: any(c.is_good for c in inventory.of(CredentialsChecked)))
        checks = inventory.of(CredentialsChecked)
        assert len(checks) > 1
        assert [check.is_good for check in checks[:-1]] == [False] * (len(checks) - 1)
        assert not inventory.of(PollEnded)


async def test_a_transient_fault_is_told_once_and_heals_by_itself(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, poll_interval_s=1, retry_bound_s=0.1) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        shop.fault(kind="maintenance", endpoint="orders", count=4)
        await inventory.until(lambda: inventory.of(FaultSeen))
        good = len(inventory.of(FamilyGood))
        await inventory.until(lambda: len(inventory.of(FamilyGood)) > good)
        await inventory.until(lambda: inventory.of(PollEnded)[-1].is_complete)
        ended = inventory.of(PollEnded)
        failed = [poll for poll in ended if not poll.is_complete]
        assert failed
        assert len(inventory.of(FaultSeen)) <= len(failed)


async def test_no_relative_push_is_pulled_while_the_last_poll_failed(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, poll_interval_s=1, retry_bound_s=0.1) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        shop.fault(kind="server_error", endpoint="orders")
        await inventory.until(lambda: not inventory.of(PollEnded)[-1].is_complete)
        seen = len(inventory.letters)
        inventory.wake()
        await inventory.until(
            lambda: any(isinstance(letter, Pull) for letter in inventory.letters[seen + 1 :])
        )
        pulls = [letter for letter in inventory.letters[seen + 1 :] if isinstance(letter, Pull)]
        assert not any(pull.takes_push for pull in pulls)
        assert any(pull.takes_reading for pull in pulls)


async def test_a_paused_mall_makes_no_call_and_polls_first_when_resumed(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path, poll_interval_s=1) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.lane = LaneState.PAUSED
        await inventory.until(lambda: inventory.of(Heartbeat)[-1].lane is LaneState.PAUSED)
        polls, calls = len(inventory.of(PollEnded)), shop.calls()
        inventory.poll_now += 1
        beats = len(inventory.of(Heartbeat))
        await inventory.until(lambda: len(inventory.of(Heartbeat)) > beats + 12)
        assert (len(inventory.of(PollEnded)), shop.calls()) == (polls, calls)
        inventory.lane = LaneState.RUNNING
        await inventory.until(lambda: len(inventory.of(PollEnded)) > polls)


async def test_the_operators_poll_and_a_wake_up_poll_at_once(shop: Shop, tmp_path: Path) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.poll_now = 1
        await inventory.until(lambda: len(inventory.of(PollEnded)) == 2)
        assert not inventory.of(PollEnded)[1].is_recheck
        inventory.wake(poll=True)
        await inventory.until(lambda: len(inventory.of(PollEnded)) == 3)


async def test_an_old_epoch_voids_all_work_and_a_new_instance_asks_again(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path) as (inventory, _, _):
        await inventory.until(lambda: completed(inventory))
        inventory.epoch += 1
        await inventory.until(lambda: len(inventory.of(Hello)) == 2)
        first, second = inventory.of(Hello)
        assert first.instance != second.instance
        polls = len(inventory.of(PollEnded))
        await inventory.until(lambda: len(inventory.of(PollEnded)) > polls)
        assert inventory.of(PollEnded)[-1].epoch == inventory.epoch


async def test_a_silent_inventory_is_greeted_again_by_the_same_instance(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mall_lease.ANSWER_S", 0.2)
    async with acting(shop, tmp_path) as (inventory, lane, _):
        await inventory.until(lambda: completed(inventory))
        lane._mall.tempo = type(lane._mall.tempo)(
            **{f: getattr(lane._mall.tempo, f) for f in lane._mall.tempo.__struct_fields__}
            | {"lease_fresh_s": 0.5}
        )
        inventory.is_silent = lambda letter: not isinstance(letter, Hello)
        await inventory.until(lambda: len(inventory.of(Hello)) >= 2)
        inventory.is_silent = lambda letter: False
        assert len({hello.instance for hello in inventory.of(Hello)}) == 1
        beats = len(inventory.of(Heartbeat))
        await inventory.until(lambda: len(inventory.of(Heartbeat)) > beats + 3)
        assert inventory.epoch == 1


async def test_a_mall_that_is_held_is_left_alone(shop: Shop, tmp_path: Path) -> None:
    def prepare(inventory: FakeInventory) -> None:
        inventory.refuses = Refused(0, "held", "別のプロセス", "held by another process")

    async with acting(shop, tmp_path, prepare=prepare) as (_, _, task):
        with pytest.raises(LeaseRefused, match="held by another process"):
            await asyncio.wait_for(asyncio.shield(task), 5)


async def test_a_mall_without_a_key_makes_no_call(shop: Shop, tmp_path: Path) -> None:
    def prepare(inventory: FakeInventory) -> None:
        inventory.credentials = None

    calls = shop.calls()
    async with acting(shop, tmp_path, prepare=prepare) as (inventory, _, _):
        await inventory.until(lambda: len(inventory.of(Heartbeat)) > 5)
        assert inventory.of(Heartbeat)[-1].lane is LaneState.HALTED
        assert shop.calls() == calls


async def test_a_drain_finishes_what_is_under_way_and_says_goodbye(
    shop: Shop, tmp_path: Path
) -> None:
    async with acting(shop, tmp_path) as (inventory, _, task):
        await inventory.until(lambda: completed(inventory))
        shop.fault(kind="slow", endpoint="stock", count=1, delay_s=0.5)
        inventory.works.append(push(-1))
        inventory.wake()
        async with asyncio.timeout(5):
            # Looking is what waits: the shop is in another thread.
            while not shop.state["calls"].get("POST /es/2.0/inventories/bulk-upsert"):
                await asyncio.to_thread(lambda: None)
        inventory.tell(Drain(0))
        await asyncio.wait_for(task, 5)
        assert [type(outcome) for outcome in outcomes(inventory)] == [PushDone]
        assert isinstance(inventory.letters[-1], Goodbye)


async def test_the_process_says_that_it_is_ready_and_leaves_with_0_on_sigterm(
    shop: Shop, tmp_path: Path
) -> None:
    file = tmp_path / "zaiko.toml"
    file.write_text(settings_text(shop, poll_interval_s=60))
    inventory = FakeInventory(f"ipc://{tmp_path}/i")
    inventory.credentials = shop.credentials
    ready, ready_child = os.pipe()
    words = ("-P", "-m", "actors.mall", "rakuten", "--config", str(file))
    process = await asyncio.create_subprocess_exec(
        sys.executable, *words, "--endpoint", inventory.endpoint,
        pass_fds=(ready_child,), env={**os.environ, "ZAIKO_READY_FD": str(ready_child)},
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    os.close(ready_child)
    try:
        await inventory.until(lambda: completed(inventory))
        assert os.read(ready, 100) == b"ready\n"
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        _, told = await asyncio.wait_for(process.communicate(), 8)
        assert (process.returncode, told) == (0, b"")
        assert isinstance(inventory.letters[-1], Goodbye)
        log = (tmp_path / "state" / "logs" / "mall-rakuten.jsonl").read_text()
        assert '"action": "poll"' in log
        assert not any(secret in log for secret in shop.credentials.values())
    finally:
        os.close(ready)
        if process.returncode is None:
            process.kill()
            await process.wait()
        await inventory.close()
