"""A plain caller of the pretend Rakuten for these tests: no connector code, only the wire."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx

from sandbox.server import running

JST = timezone(timedelta(hours=9))
WAIT_S_MAX = 5.0
FAST = 600.0  # holds last 0.2 s, late writes land within 0.1 s, rates do not matter

Json = Any
Row = Mapping[str, object]


def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, with a bound."""
    end = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.005)


class Caller:
    """One HTTP client of one pretend Rakuten."""

    def __init__(self, url: str, credentials: Mapping[str, str]) -> None:
        self.client = httpx.Client(
            base_url=url,
            trust_env=False,
            verify=False,  # noqa: S501  without TLS there is nothing to verify
            timeout=WAIT_S_MAX,
        )
        self.use(credentials)

    def use(self, credentials: Mapping[str, str]) -> None:
        """Sign with these from now on."""
        pair = f"{credentials['service_secret']}:{credentials['license_key']}"
        self.client.headers["Authorization"] = f"ESA {base64.b64encode(pair.encode()).decode()}"

    # -- side door -----------------------------------------------------------------------------

    def door(self, path: str, body: object, status: int = 200) -> Json:
        """Post to the side door and expect a status."""
        reply = self.client.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def state(self) -> Json:
        """Return the true state."""
        return self.client.get("/_sandbox/state").json()

    def item(self, code: str, quantity: int, sub_code: str = "", **more: object) -> None:
        """Put one row on the shelf."""
        self.door("items", [{"code": code, "sub_code": sub_code, "quantity": quantity, **more}])

    def quantity(self, code: str, sub_code: str = "") -> int:
        """Return the true quantity."""
        rows = {(row["code"], row["sub_code"]): row["quantity"] for row in self.state()["items"]}
        return int(rows[code, sub_code])

    def order(self, code: str, units: int = 1, sub_code: str = "", **more: object) -> str:
        """Let a shopper order one line."""
        line = {"code": code, "sub_code": sub_code, "quantity": units}
        return str(self.door("orders", {"lines": [line], **more})["order_id"])

    def fault(self, kind: str, **more: object) -> None:
        """Queue a fault."""
        self.door("faults", {"kind": kind, **more})

    # -- the mall's API ------------------------------------------------------------------------

    def search(self, size: int = 1_000, page: int = 1, **more: object) -> httpx.Response:
        """Call searchOrder over the last hour."""
        now = time.time()
        body = {
            "dateType": 1,
            "startDatetime": order_stamp(now - 3_600),
            "endDatetime": order_stamp(now + 60),
            "PaginationRequestModel": {
                "requestRecordsAmount": size,
                "requestPage": page,
                "SortModelList": [{"sortColumn": 1, "sortDirection": 1}],
            },
            **more,
        }
        return self.order_call("searchOrder/", body)

    def numbers(self, **more: object) -> list[str]:
        """Return the order numbers that searchOrder shows."""
        return list(self.search(**more).json()["orderNumberList"])  # type: ignore[arg-type]

    def get(self, numbers: Sequence[str], version: object = 10) -> httpx.Response:
        """Call getOrder."""
        return self.order_call("getOrder/", {"orderNumberList": list(numbers), "version": version})

    def one(self, number: str) -> Json:
        """Return one order model."""
        return self.get([number]).json()["OrderModelList"][0]

    def order_call(self, name: str, body: object) -> httpx.Response:
        """Post to an order function with the charset it insists on."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return self.client.post(f"/es/2.0/order/{name}", json=body, headers=headers)

    def push(self, *rows: Row, version: str = "2.0", timeout: float = WAIT_S_MAX) -> httpx.Response:
        """Call bulk-upsert."""
        path = f"/es/{version}/inventories/bulk-upsert"
        return self.client.post(path, json={"inventories": list(rows)}, timeout=timeout)

    def read(self, *pairs: tuple[str, str], version: str = "2.0") -> httpx.Response:
        """Call bulk-get."""
        rows = [{"manageNumber": code, "variantId": variant} for code, variant in pairs]
        return self.client.post(f"/es/{version}/inventories/bulk-get", json={"inventories": rows})


def order_stamp(at: float) -> str:
    """Write a moment as the order API wants it."""
    return datetime.fromtimestamp(at, JST).strftime("%Y-%m-%dT%H:%M:%S+0900")


def relative(code: str, delta: int, variant: str = "normal-inventory") -> Row:
    """One row of a write that adds."""
    return {"manageNumber": code, "variantId": variant, "mode": "RELATIVE", "quantity": delta}


def absolute(code: str, quantity: int, variant: str = "normal-inventory") -> Row:
    """One row of a write that sets."""
    return {"manageNumber": code, "variantId": variant, "mode": "ABSOLUTE", "quantity": quantity}


@contextmanager
def calling(speed: float = FAST) -> Iterator[Caller]:
    """Serve a Rakuten and call it."""
    with running("rakuten", speed=speed) as mall:
        caller = Caller(mall.url, mall.credentials)
        with caller.client:
            yield caller


def codes(reply: httpx.Response) -> list[str]:
    """Return the codes of an error reply of shape A."""
    return [error["code"] for error in reply.json()["errors"]]
