"""Inner latency of an idle house: an order is seen at one mall, a push call begins at the other.

    OrdersRead leaves mall one -> commit -> wake-up -> mall two pulls -> slot committed -> its call

Mall two is the real lane, in this process, on an HTTP server that notes when the request arrives;
mall one is a bare line. Times are in u, one L3 commit at batch 1 and two zmq.asyncio round trips,
measured in the same run. Goals: p50 <= 4 u, p99 <= 8 u, and no commit over 20 u at p99.9.
"""

import argparse
import asyncio
import json
import random
import time
from collections.abc import Sequence
from typing import Any

import httpx

from actors.mall_account import kind_of
from actors.mall_http import MallHttp
from actors.mall_lane import MallLane
from bench.house import TOKEN, TOTAL, House, MallPlan, code_of, house_of, started
from bench.lane import Lane, snapshot_of, snapshots
from bench.limit import made_lines, rounded, unit
from config.logs import set_up_logs
from engine.connector import Reply, Request
from engine.messages import OrdersRead
from sandbox.server import running

PAUSE_S = 0.03
"""Between two orders, after the first one's push was answered: the house is idle again."""
WARM_UP = 20
ANSWER_S = 20.0
SPEED = 10_000
"""The pacing of a sandbox's pretended rate is opened wide."""
LOAD_BATCH = 100
GOALS = {"p50_u": 4.0, "p99_u": 8.0, "commit_p999_u": 20.0}


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Watch:
    """Notes when the lane's HTTP calls that change stock begin, and when they are answered."""

    def __init__(self) -> None:
        self.began_at = 0.0
        self.began = asyncio.Event()
        self.answered = asyncio.Event()

    def attach(self, http: MallHttp) -> None:
        """Stands between the lane and its client."""
        call = http._call  # noqa: SLF001  the seam that nothing but a call passes

        async def watched(request: Request) -> Reply:
            if request.is_safe:
                return await call(request)
            self.began_at = time.perf_counter()
            self.began.set()
            try:
                return await call(request)
            finally:
                self.answered.set()

        http._call = watched  # type: ignore[method-assign]  # noqa: SLF001

    def reset(self) -> None:
        """Before the next order."""
        self.began.clear()
        self.answered.clear()


async def _hand_over(lane: Lane, number: str, sku: int) -> float:
    """One order of one line; seconds until its commit was acknowledged."""
    orders = (snapshot_of(number, [(sku, 1)], time.time()),)
    began = time.perf_counter()
    await lane.lease.ask(lambda question, epoch: OrdersRead(question, epoch, orders))
    return time.perf_counter() - began


async def _pushes(lane: Lane, watch: Watch, told: argparse.Namespace) -> list[float]:
    """Seconds from the letter's leaving to the beginning of the push, one order at a time."""
    took = []
    chance = random.Random(3)
    for place in range(told.orders + WARM_UP):
        await asyncio.sleep(PAUSE_S)
        watch.reset()
        began = time.perf_counter()
        async with asyncio.timeout(ANSWER_S):
            await _hand_over(lane, f"20260101-{place:08d}", chance.randrange(told.skus) + 1)
            await watch.began.wait()
            took.append(watch.began_at - began)
            await watch.answered.wait()
    return took[WARM_UP:]


async def _commits(lane: Lane, told: argparse.Namespace, mark: str) -> list[float]:
    """Seconds from each single order's leaving to its acknowledgement."""
    chance = random.Random(5)
    return [
        await _hand_over(lane, f"{mark}-{place:08d}", chance.randrange(told.skus) + 1)
        for place in range(told.commits)
    ]


async def _load(lane: Lane, told: argparse.Namespace) -> None:
    """Batches without an end."""
    first = 1
    while True:
        lines = made_lines(LOAD_BATCH, told.skus, seed=first, first=first)
        await lane.hand_over([snapshots(lines)])
        first += LOAD_BATCH


async def _measure(house: House, told: argparse.Namespace) -> dict[str, list[float]]:
    settings = house.settings.mall("two")
    if settings is None:
        raise KeyError("two")
    lane, other = Lane(house, "one"), Lane(house, "three")
    mall = MallLane(
        house.settings, settings, kind_of(settings), endpoint=house.endpoint, token=TOKEN
    )
    set_up_logs("bench", house.state.logs, file_bytes_max=10_000_000, files_max=1, stderr=None)
    watch = Watch()
    watch.attach(mall._http)  # noqa: SLF001
    ready = asyncio.Event()
    running_mall = asyncio.create_task(mall.run(ready.set))
    try:
        await asyncio.wait_for(ready.wait(), ANSWER_S)
        await lane.begin()
        await other.begin()
        pushes = await _pushes(lane, watch, told)
        mall.drain()
        await running_mall
        commits = await _commits(lane, told, "20260102")
        loading = asyncio.create_task(_load(other, told))
        loaded = await _commits(lane, told, "20260103")
        loading.cancel()
        await asyncio.wait({loading})
    finally:
        running_mall.cancel()
        lane.close()
        other.close()
    return {"push": pushes, "commit": commits, "commit_under_load": loaded}


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    measured = unit(told.skus, told.commits)
    with running("rakuten", speed=SPEED) as pretend:
        items = [{"code": code_of(row), "quantity": TOTAL} for row in range(1, told.skus + 1)]
        httpx.post(f"{pretend.url}/_sandbox/items", json=items).raise_for_status()
        malls = (
            MallPlan("one", "rakuten"),
            MallPlan("two", "rakuten", pretend.url, SPEED, dict(pretend.credentials)),
            MallPlan("three", "rakuten"),
        )
        with house_of(malls) as house:
            house.fill(told.skus)
            with started(house, "actors.inventory"):
                found = asyncio.run(_measure(house, told))
    u_s = measured["u_s"]
    result: dict[str, Any] = {"bench": "latency", "skus": told.skus, "unit": measured}
    for name, seconds in found.items():
        shares = {"p50": 0.5, "p99": 0.99, "p999": 0.999}
        result[name] = {"count": len(seconds)} | {
            f"{share}_{kind}": percentile(seconds, part) * factor
            for share, part in shares.items()
            for kind, factor in (("ms", 1000.0), ("u", 1 / u_s))
        }
    result["goals"] = GOALS
    result["is_reached"] = {
        "p50_u": result["push"]["p50_u"] <= GOALS["p50_u"],
        "p99_u": result["push"]["p99_u"] <= GOALS["p99_u"],
        "commit_p999_u": result["commit"]["p999_u"] <= GOALS["commit_p999_u"],
    }
    return result


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=300)
    parser.add_argument("--commits", type=int, default=2_000)
    parser.add_argument("--skus", type=int, default=1_000)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
