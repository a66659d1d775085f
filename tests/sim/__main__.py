"""Runs seeds: `python -m tests.sim --seeds 1000 [--start N] [--jobs 2]`; exits 1 if any failed."""

import argparse
import sys
import time
import traceback
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.sim.house import Ran, simulate


def told(ran: Ran) -> str:
    """A failed run for people: the last events, the failure, and how to see it again."""
    assert ran.error is not None
    lines = [*ran.last, "".join(traceback.format_exception(ran.error)).strip()]
    again = f"python -m tests.sim --seeds 1 --start {ran.seed}{' --fleet' if ran.fleet else ''}"
    lines.append(f"seed {ran.seed} failed; again: {again}")
    return "\n".join(lines)


def _one(seed: int, *, fleet: bool) -> tuple[int, str, float]:
    ran = simulate(seed, fleet=fleet)
    return seed, "" if ran.error is None else told(ran), ran.virtual_s


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.sim")
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--short", action="store_true", help="only the failing seeds")
    parser.add_argument("--fleet", action="store_true", help="one mall of each of the five kinds")
    options = parser.parse_args()
    seeds = range(options.start, options.start + options.seeds)
    began = time.perf_counter()
    failed: list[int] = []
    virtual_s = 0.0
    for seed, failure, seconds in _all(seeds, options.jobs, fleet=options.fleet):
        virtual_s += seconds
        if failure:
            failed.append(seed)
            print(failure.splitlines()[-2][:300] if options.short else failure, flush=True)  # noqa: T201
            print(f"FAILED {seed}", flush=True)  # noqa: T201
    took_s = time.perf_counter() - began
    print(  # noqa: T201
        f"{len(seeds)} seeds, {len(failed)} failed {failed[:20]}, {took_s:.1f} s,"
        f" {len(seeds) / took_s:.2f} seeds/s, {virtual_s / 3600:.1f} virtual hours"
    )
    return 1 if failed else 0


def _all(seeds: Iterable[int], jobs: int, *, fleet: bool) -> Iterable[tuple[int, str, float]]:
    one = partial(_one, fleet=fleet)
    if jobs <= 1:
        yield from map(one, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(one, seeds, chunksize=2)


if __name__ == "__main__":
    sys.exit(main())
