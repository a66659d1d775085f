"""The full path: order lines a second from placed at one mall until shown right by every mall.

The real supervisor, inventory and mall actors work on pretend malls over HTTP, all on the same
cores. A sandbox's speed opens the malls' published rates wide. Each mall in turn is the one where
the orders are placed. Compared with L2 (goal: a quarter), with how many bare HTTP calls this
machine makes to the same pretend mall, and with what the mall's published rate allows.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from typing import Any

import httpx

from actors.wire import CLIENT_SIDE, Line
from bench.house import TOTAL, House, code_of, house_of, stop
from bench.limit import Line as OrderedLine
from bench.limit import made_lines, median_of, rate_of_l2, rounded
from bench.pretend import Pretend, pretend_malls
from engine.questions import ControlMall
from malls.registry import card_of

SPEED = 10_000
GOAL = 0.25
BATCH = 100
LOOK_S = 0.1
DONE_S_MAX = 120.0
BARE_CALLS = 300
TOP = "compare_interval_s = 3600\npoll_interval_s = 60\nlag_s = 86400"
"""With that lag, divided by the speed, a poll's window reaches back over all that was placed."""
ORDERS_PER_S = 400
"""A mall lists no more than 1,000 orders of two seconds: the stamps are spread."""
ANSWER_S = 10.0


Malls = dict[str, Pretend]
Left = dict[str, int]
"""What is left of every SKU, by its code."""


def _is_right(malls: Malls, left: Left) -> bool:
    """Whether every mall shows what is left of every SKU."""
    for pretend in malls.values():
        for item in pretend.state()["items"]:
            if item["quantity"] != left[item["code"]]:
                return False
    return True


async def _poll_now(house: House, mall: str) -> None:
    """What `zaiko malls poll NAME` says."""
    line = Line(house.endpoint, CLIENT_SIDE)
    try:
        await line.ask(lambda number: ControlMall(number, mall, "poll", "bench"), ANSWER_S)
    finally:
        line.close()


def _path(house: House, malls: Malls, origin: str, orders: list[OrderedLine], left: Left) -> float:
    """Lines a second of orders that are placed at `origin`, from the last one's placing."""
    for _, sku, units in orders:
        left[code_of(sku)] -= units
    over_s = len(orders) / ORDERS_PER_S
    malls[origin].order([(sku, units) for _, sku, units in orders], over_s)
    began = time.perf_counter()
    asyncio.run(_poll_now(house, origin))
    while not _is_right(malls, left):
        if time.perf_counter() - began > DONE_S_MAX:
            raise TimeoutError(f"orders of {origin} were not pushed within {DONE_S_MAX} s")
        time.sleep(LOOK_S)
    return len(orders) / (time.perf_counter() - began)


def _bare_calls(pretend: Pretend) -> float:
    """Calls a second of a bare client to the pretend mall, one after another."""
    with httpx.Client(base_url=pretend.url) as client:
        began = time.perf_counter()
        for _ in range(BARE_CALLS):
            client.get("/nothing-here")
        return BARE_CALLS / (time.perf_counter() - began)


def _published(kind: str) -> float:
    """Orders a second that the mall's published rate of reading orders allows."""
    card = card_of(kind, {})
    bucket = "orders" if kind == "rakuten" else "orderInfo"
    rate = next(rate for rate in card.rates if rate.bucket == bucket)
    return rate.calls / rate.per_s * (card.fetch_orders_max if card.fetch_is_bulk else 1)


def _calls(pretend: Pretend) -> Counter[str]:
    return Counter(pretend.state()["calls"])


def _measure(house: House, malls: Malls, told: argparse.Namespace) -> dict[str, Any]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "actors.supervisor", "--config", str(house.file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    left = {code_of(sku): TOTAL for sku in range(1, told.skus + 1)}
    found: dict[str, Any] = {}
    try:
        # The first order of each mall waits for the house to stand.
        for kind in malls:
            _path(house, malls, kind, made_lines(1, told.skus, seed=1), left)
        for kind, pretend in malls.items():
            count = told.orders if kind == "rakuten" else told.orders // told.slow_share
            before = {name: _calls(mall) for name, mall in malls.items()}
            rate = _path(house, malls, kind, made_lines(count, told.skus, seed=2), left)
            calls = {name: (_calls(mall) - before[name]).total() for name, mall in malls.items()}
            found[kind] = {
                "orders": count,
                "lines_per_s": rate,
                "of_published_rate": rate / _published(kind),
                "http_calls": calls,
                "http_calls_per_s": sum(calls.values()) * rate / count,
                "bare_http_calls_per_s": _bare_calls(pretend),
            }
    finally:
        stop(process)
    return found


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    l2 = median_of(lambda: rate_of_l2(BATCH, 10_000, told.skus), 3)
    with pretend_malls(SPEED) as malls:
        for pretend in malls.values():
            pretend.fill(told.skus)
        plans = [pretend.plan(kind, SPEED) for kind, pretend in malls.items()]
        with house_of(plans, TOP) as house:
            house.fill(told.skus)
            found = _measure(house, malls, told)
    for part in found.values():
        part["of_l2"] = part["lines_per_s"] / l2
    ratio = max(part["of_l2"] for part in found.values())
    return {
        "bench": "full_path",
        "skus": told.skus,
        "l2_lines_per_s": l2,
        "placed_at": found,
        "ratio": ratio,
        "goal": GOAL,
        "is_reached": ratio >= GOAL,
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=3_000, help="orders of one line each")
    parser.add_argument(
        "--slow-share", type=int, default=5, help="one in so many where each order is a call"
    )
    parser.add_argument("--skus", type=int, default=1_000)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
