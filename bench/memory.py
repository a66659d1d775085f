"""Memory: what each process holds at 1,000 and 100,000 SKUs, and the intake there.

    M1   an idle process with the libraries every mall actor needs: a mall actor holds <= 1.2 M1
    M2   the same of the inventory

A kind of mall may need a further library; `mall_of_own_libraries` counts it with M1.

Resident memory is read after work: orders were handed over, pushes were pulled and answered. At the
larger catalogue the inventory may hold at most 1.05 times as much, at half of the intake or more.
The page cache of the database is part of it (`database_cache_mib`): it fills with the catalogue.
"""

import argparse
import asyncio
import json
import statistics
import time
from typing import Any

from bench.house import House, MallPlan, house_of, started
from bench.lane import Lane, in_batches, snapshots
from bench.limit import (
    LIBRARIES,
    M1_IMPORTS,
    M2_IMPORTS,
    idle_process,
    made_lines,
    memory_of,
    rounded,
)
from bench.pretend import Pretend, pretend_malls

SPEED = 10_000
BATCH = 100
ROUNDS = 4
QUIET_S = 2.0
"""After the work, before the memory is read."""
ORDER_CALL = "POST /ShoppingWebService/V1/orderInfo"
GOALS = {"mall_of_m1": 1.2, "inventory_growth": 1.05, "intake_kept": 0.5}


async def _intake(house: House, told: argparse.Namespace, skus: int) -> float:
    """Lines a second, the median of some rounds."""
    lane = Lane(house, house.malls[0].name)
    rates: list[float] = []
    try:
        await lane.begin()
        for place in range(ROUNDS + 1):
            lines = made_lines(told.lines, skus, seed=place, first=1 + place * told.lines)
            rates.append(told.lines / await lane.hand_over(in_batches(snapshots(lines), BATCH)))
    finally:
        lane.close()
    return statistics.median(rates[1:])


def _inventory(told: argparse.Namespace, skus: int) -> dict[str, Any]:
    """The inventory after an intake on a catalogue of this size."""
    malls = (MallPlan("one", "rakuten"), MallPlan("two", "rakuten"))
    with house_of(malls, f"database_cache_mib = {told.cache_mib}") as house:
        house.fill(skus)
        with started(house, "actors.inventory") as process:
            fresh = memory_of(process.pid)
            rate = asyncio.run(_intake(house, told, skus))
            time.sleep(QUIET_S)
            worked = memory_of(process.pid)
    return {"skus": skus, "lines_per_s": rate, "fresh": fresh, "after_work": worked}


def _wait_for_orders(pretend: Pretend, path: str, calls: int) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if pretend.state()["calls"].get(path, 0) >= calls:
            return
        time.sleep(0.05)


def _malls(skus: int, orders: int) -> dict[str, Any]:
    """The mall actors after polls and pushes on pretend malls."""
    with pretend_malls(SPEED) as malls:
        for pretend in malls.values():
            pretend.fill(skus)
        plans = [mall.plan(kind, SPEED, "poll_interval_s = 1") for kind, mall in malls.items()]
        with house_of(plans) as house:
            house.fill(skus)
            with (
                started(house, "actors.inventory"),
                started(house, "actors.mall", "rakuten") as one,
                started(house, "actors.mall", "yahoo") as two,
            ):
                for pretend in malls.values():
                    pretend.order([(1 + at % skus, 1) for at in range(orders)])
                _wait_for_orders(malls["yahoo"], ORDER_CALL, orders)
                time.sleep(QUIET_S)
                return {"rakuten": memory_of(one.pid), "yahoo": memory_of(two.pid)}


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    m1, m2 = idle_process(M1_IMPORTS), idle_process(M2_IMPORTS)
    sizes = [_inventory(told, skus) for skus in told.skus]
    malls = _malls(told.skus[0], told.orders)
    first, last = sizes[0], sizes[-1]
    own = {kind: idle_process(LIBRARIES[kind])["rss_mib"] for kind in malls}
    ratios: dict[str, Any] = {
        "mall_of_m1": {kind: mall["rss_mib"] / m1["rss_mib"] for kind, mall in malls.items()},
        "mall_of_own_libraries": max(malls[kind]["rss_mib"] / own[kind] for kind in malls),
        "inventory_of_m2": first["after_work"]["rss_mib"] / m2["rss_mib"],
        "inventory_growth": last["after_work"]["rss_mib"] / first["after_work"]["rss_mib"],
        "intake_kept": last["lines_per_s"] / first["lines_per_s"],
    }
    return {
        "bench": "memory",
        "database_cache_mib": told.cache_mib,
        "m1": m1,
        "m2": m2,
        "inventory": sizes,
        "malls": malls,
        "ratios": ratios,
        "goals": GOALS,
        "is_reached": {
            "mall_of_m1": max(ratios["mall_of_m1"].values()) <= GOALS["mall_of_m1"],
            "inventory_growth": ratios["inventory_growth"] <= GOALS["inventory_growth"],
            "intake_kept": ratios["intake_kept"] >= GOALS["intake_kept"],
        },
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skus", type=int, nargs="+", default=[1_000, 100_000])
    parser.add_argument("--lines", type=int, default=10_000, help="lines of a round of intake")
    parser.add_argument(
        "--orders", type=int, default=500, help="placed at each mall, and pushed to the other"
    )
    parser.add_argument("--cache-mib", type=int, default=16)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
