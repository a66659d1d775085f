"""Pretend malls for benches: the sandboxes in a process of their own, filled by their side door."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from msgspec import Struct

from bench.house import TOTAL, MallPlan, code_of

PAGE = 5_000
ANSWER_S = 60.0


class Pretend(Struct, frozen=True):
    """One pretend mall that serves."""

    kind: str
    url: str
    credentials: Mapping[str, str]

    def fill(self, skus: int, quantity: int = TOTAL) -> None:
        """Puts a listing for every SKU on sale."""
        for first in range(1, skus + 1, PAGE):
            rows = range(first, min(first + PAGE, skus + 1))
            self.post("items", [{"code": code_of(row), "quantity": quantity} for row in rows])

    def order(self, lines: Sequence[tuple[int, int]], over_s: float = 0.0) -> None:
        """Places orders of one line each, (SKU, units), stamped evenly over the last seconds."""
        for at in range(0, len(lines), PAGE):
            orders = [
                {
                    "lines": [{"code": code_of(sku), "quantity": units}],
                    "age_s": over_s * (1 - place / len(lines)),
                }
                for place, (sku, units) in enumerate(lines[at : at + PAGE], at)
            ]
            self.post("orders", {"orders": orders})

    def post(self, path: str, body: Any) -> Any:
        """One call of the side door."""
        reply = httpx.post(f"{self.url}/_sandbox/{path}", json=body, timeout=ANSWER_S)
        reply.raise_for_status()
        return reply.json()

    def state(self) -> Any:
        """What the pretend mall truly holds."""
        reply = httpx.get(f"{self.url}/_sandbox/state", timeout=ANSWER_S)
        reply.raise_for_status()
        return reply.json()

    def plan(self, name: str, speed: float, fields: str = "") -> MallPlan:
        """An account on it."""
        return MallPlan(name, self.kind, self.url, speed, dict(self.credentials), fields)


@contextmanager
def pretend_malls(speed: float, *kinds: str) -> Iterator[dict[str, Pretend]]:
    """Pretend malls, by kind, for the length of a block; without kinds, Rakuten and Yahoo."""
    served = kinds[0] if len(kinds) == 1 else "all"
    wanted = kinds or ("rakuten", "yahoo")
    command = [sys.executable, "-P", "-m", "sandbox", served, "--speed", f"{speed:g}"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            if process.stdout is None:
                raise AssertionError("a process without its pipe")
            malls: dict[str, Pretend] = {}
            while set(malls) < set(wanted):
                told = json.loads(process.stdout.readline())
                if told["mall"] in wanted:
                    malls[told["mall"]] = Pretend(told["mall"], told["url"], told["credentials"])
            yield malls
        finally:
            process.terminate()
            process.wait(10)
