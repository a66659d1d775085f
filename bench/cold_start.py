"""Cold start: from `zaiko run` until every mall has answered its first poll, against M2's start.

M2 is an idle process that imports what the inventory needs of others, started in the same run. The
house is the real supervisor with its children on pretend malls; its database is there already, as
it is whenever a house that was set up is started again. Goal: at most twice M2.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.house import House, MallPlan, house_of, stop
from bench.limit import M2_IMPORTS, idle_process, rounded
from bench.pretend import pretend_malls

SPEED = 60
GOAL = 2.0
LOOK_S = 0.002
START_S_MAX = 60.0


def _has_polled(log: Path) -> bool:
    if not log.exists():
        return False
    lines = (json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if line)
    return any(line.get("action") == "poll" and line["is_complete"] for line in lines)


def _start(house: House) -> float:
    """Seconds until every mall was polled."""
    logs = [house.state.logs / f"mall-{mall.name}.jsonl" for mall in house.malls]
    for log in logs:
        log.unlink(missing_ok=True)
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "actors.supervisor", "--config", str(house.file)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        waiting = logs
        while waiting:
            if time.perf_counter() - began > START_S_MAX:
                raise TimeoutError(f"no poll within {START_S_MAX} s: {waiting[0].name}")
            time.sleep(LOOK_S)
            waiting = [log for log in waiting if not _has_polled(log)]
        return time.perf_counter() - began
    finally:
        stop(process)


def run(told: argparse.Namespace) -> dict[str, Any]:
    """The bench's result."""
    starts: list[float] = []
    bare: list[float] = []
    with pretend_malls(SPEED) as malls:
        kinds = [malls["rakuten"], malls["yahoo"]]
        plans: list[MallPlan] = [
            kinds[place % 2].plan(f"mall{place + 1}", SPEED) for place in range(told.malls)
        ]
        with house_of(plans) as house:
            house.fill(told.skus)
            for _ in range(told.rounds):
                bare.append(idle_process(M2_IMPORTS, 1)["start_s"])
                starts.append(_start(house))
    m2_s, start_s = statistics.median(bare), statistics.median(starts)
    ratio = statistics.median(mine / m2 for mine, m2 in zip(starts, bare, strict=True))
    return {
        "bench": "cold_start",
        "malls": told.malls,
        "skus": told.skus,
        "rounds": told.rounds,
        "m2_start_s": m2_s,
        "start_s": start_s,
        "ratio": ratio,
        "goal": GOAL,
        "is_reached": ratio <= GOAL,
    }


def main() -> None:
    """Prints one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--malls", type=int, default=2)
    parser.add_argument("--skus", type=int, default=1_000)
    parser.add_argument("--rounds", type=int, default=5)
    print(json.dumps(rounded(run(parser.parse_args())), indent=1))


if __name__ == "__main__":
    main()
