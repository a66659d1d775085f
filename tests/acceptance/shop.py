"""One pretend mall as a process of its own, and its side door: what shoppers and staff do there."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import httpx

ROOT: Final = Path(__file__).parents[2]
CALL_S: Final = 30.0
"""How long one call at the side door may take."""
STOP_S: Final = 15.0
"""How long a sandbox may take to stop."""

Key = tuple[str, str]
"""(code, sub_code) of a listing."""


class Shop:
    """A sandbox process; `credentials` are those that work now, `secrets` all there ever were."""

    def __init__(self, kind: str, speed: float, name: str = "") -> None:
        self.kind = kind
        self.name = name or kind
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "sandbox", kind, "--port", "0", "--speed", str(speed)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.ready: dict[str, Any] = json.loads(self.process.stdout.readline())
        self.credentials: dict[str, str] = self.ready["credentials"]
        self.secrets = set(self.credentials.values())
        self.config = str(self.ready["config"]).replace(f'"{kind}"', f'"{self.name}"', 1)
        self._http = httpx.Client(
            base_url=self.ready["url"],
            verify=False,  # noqa: S501  without TLS there is nothing to verify
            timeout=CALL_S,
        )

    # --- looking ------------------------------------------------------------------------------

    def state(self) -> dict[str, Any]:
        """All there is: items, orders, calls, faults."""
        state: dict[str, Any] = self._json(self._http.get("/_sandbox/state"))
        return state

    def quantity(self, code: str, sub_code: str = "") -> int:
        """The true quantity of one listing."""
        return int(self._row(code, sub_code)["quantity"])

    def overdraft(self, code: str, sub_code: str = "") -> bool:
        """Whether buyers may order beyond the quantity."""
        return bool(self._row(code, sub_code)["overdraft"])

    def calls(self, *parts: str) -> int:
        """How many calls zaiko has made, all or those whose name holds one of the parts."""
        calls: Mapping[str, int] = self.state()["calls"]
        return sum(
            count
            for name, count in calls.items()
            if not parts or any(part in name for part in parts)
        )

    def _row(self, code: str, sub_code: str) -> dict[str, Any]:
        rows = self.state()["items"]
        return next(row for row in rows if (row["code"], row["sub_code"]) == (code, sub_code))

    # --- moving -------------------------------------------------------------------------------

    def stock_up(self, items: Sequence[Mapping[str, object]]) -> None:
        """Adds or changes items."""
        self._json(self._http.post("/_sandbox/items", json=list(items)))

    def sell(self, code: str, quantity: int = 1, sub_code: str = "", **more: object) -> str:
        """One order of one line; its number."""
        return self.sell_lines([(code, sub_code, quantity)], **more)

    def sell_lines(self, lines: Sequence[tuple[str, str, int]], **more: object) -> str:
        """One order; its number."""
        body = {"lines": _lines(lines), **more}
        return str(self._json(self._http.post("/_sandbox/orders", json=body))["order_id"])

    def sell_many(self, orders: Sequence[Sequence[tuple[str, str, int]]]) -> list[str]:
        """Many orders at once; their numbers."""
        body = {"orders": [{"lines": _lines(lines)} for lines in orders]}
        placed = self._json(self._http.post("/_sandbox/orders", json=body))["orders"]
        return [str(answer["order_id"]) for answer in placed]

    def change(self, order: str, **change: object) -> None:
        """Staff or the buyer change an order; see sandbox/README.md."""
        self._json(self._http.post(f"/_sandbox/orders/{order}", json=change))

    def edit_lines(self, order: str, lines: Sequence[tuple[str, str, int]], **more: object) -> None:
        """The order's whole new list of lines."""
        self.change(order, lines=_lines(lines), **more)

    def edit_by_hand(self, code: str, quantity: int, sub_code: str = "") -> None:
        """Staff write a quantity in the mall's own screens."""
        body = {"code": code, "sub_code": sub_code, "quantity": quantity}
        self._json(self._http.post("/_sandbox/stock", json=body))

    # --- going wrong --------------------------------------------------------------------------

    def fault(self, kind: str, **more: object) -> None:
        """Queues a fault; without count and seconds until `heal`."""
        self._json(self._http.post("/_sandbox/faults", json={"kind": kind, **more}))

    def faults(self) -> list[dict[str, Any]]:
        """What is waiting to go wrong."""
        return list(self.state()["faults"])

    def heal(self) -> None:
        """Everything works again."""
        self._json(self._http.delete("/_sandbox/faults"))

    def turn(self, **knobs: object) -> None:
        """The mall's own switches."""
        self._json(self._http.post("/_sandbox/knobs", json=knobs))

    def renew(self) -> dict[str, str]:
        """New credentials; the old ones stop."""
        self.credentials = self._json(self._http.post("/_sandbox/credentials", json={}))
        self.secrets.update(self.credentials.values())
        return self.credentials

    def stop(self) -> None:
        """Ends the process in order."""
        self._http.close()
        self.process.terminate()
        assert self.process.wait(STOP_S) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()

    @staticmethod
    def _json(reply: httpx.Response) -> Any:
        assert reply.status_code == 200, f"{reply.request.url}: {reply.text}"
        return reply.json()


def _lines(lines: Sequence[tuple[str, str, int]]) -> list[dict[str, object]]:
    return [{"code": code, "sub_code": sub, "quantity": number} for code, sub, number in lines]
