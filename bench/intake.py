"""Intake: order lines a second from a mall actor's line to the acknowledgement of their commit.

A real inventory process is handed OrdersRead letters as a poll hands them over. L2 and L3 are
measured before each round, on the same machine in the same minutes; goal: half of L2 at batch 100.
"""

import argparse
import asyncio
import json
import statistics
from typing import Any

from bench.house import MallPlan, house_of, started
from bench.lane import Lane, in_batches, snapshots
from bench.limit import BATCHES, lines_for, made_lines, rate_of_l2, rate_of_l3, rounded

MALLS = (MallPlan("one", "rakuten"), MallPlan("two", "rakuten"))
GOAL = 0.5
FLOOR = 0.4


async def _hand_over(lane: Lane, first: int, told: argparse.Namespace, batch_size: int) -> float:
    count = lines_for(batch_size, told.lines)
    lines = made_lines(count, told.skus, seed=first, first=first)
    batches = in_batches(snapshots(lines), batch_size)
    return count / await lane.hand_over(batches)


async def _measure(lane: Lane, told: argparse.Namespace) -> dict[str, Any]:
    await lane.begin()
    sizes = [size for size in BATCHES if size <= 100]
    first = 1
    found: dict[int, dict[str, list[float]]] = {
        size: {"l2": [], "l3": [], "zaiko": []} for size in sizes
    }
    for place in range(told.rounds + 1):
        for size in sizes:
            rates = found[size]
            count = lines_for(size, told.lines)
            zaiko = await _hand_over(lane, first, told, size)
            first += count
            if place == 0:
                continue  # The first round warms up.
            rates["zaiko"].append(zaiko)
            rates["l2"].append(await asyncio.to_thread(rate_of_l2, size, count, told.skus))
            rates["l3"].append(await asyncio.to_thread(rate_of_l3, size, count, told.skus))
    return {
        str(size): {
            "lines": lines_for(size, told.lines),
            "l2_lines_per_s": statistics.median(rates["l2"]),
            "l3_lines_per_s": statistics.median(rates["l3"]),
            "zaiko_lines_per_s": statistics.median(rates["zaiko"]),
            "zaiko_of_l2": statistics.median(
                mine / bare for mine, bare in zip(rates["zaiko"], rates["l2"], strict=True)
            ),
        }
        for size, rates in found.items()
    }


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    with house_of(MALLS) as house:
        house.fill(told.skus)

        async def measure() -> dict[str, Any]:
            lane = Lane(house, MALLS[0].name)
            try:
                return await _measure(lane, told)
            finally:
                lane.close()

        with started(house, "actors.inventory"):
            batches = asyncio.run(measure())
    ratio = batches["100"]["zaiko_of_l2"]
    return {
        "bench": "intake",
        "skus": told.skus,
        "rounds": told.rounds,
        "batches": batches,
        "ratio": ratio,
        "goal": GOAL,
        "floor": FLOOR,
        "is_reached": ratio >= GOAL,
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000, help="lines of a round, at most")
    parser.add_argument("--skus", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
