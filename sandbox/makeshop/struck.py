"""Injected faults of one function of the API, where all functions share one path.

The core finds faults by path. Here the path tells nothing: the operation is known only after the
document was read. Faults without an endpoint, or of `auth`, are the core's: they strike every call.
Those of orders, stock and items, and those that only writes can have, are done here in its manner.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from sandbox.faults import WRITES_ONLY, Family, Fault
from sandbox.gate import HOLD_S, LATE_S, SLOW_S
from sandbox.mall import Call
from sandbox.shop import Shop

Act = Callable[[], Response]
TIME_OUTS = frozenset({"timeout_before", "timeout_after", "late_apply"})
LATE_SHARES = (0.2, 0.9)  # of LATE_S: when a late write lands


def fault_for(shop: Shop, family: Family, *, is_write: bool) -> Fault | None:
    """The fault that strikes this operation and that the core has not dealt with."""
    fault = shop.faults.head(family)
    if fault is None or family == "auth":
        return None
    kind = fault.wish.kind
    if fault.wish.endpoint is None and kind not in WRITES_ONLY and kind != "page_shift":
        return None
    if kind in TIME_OUTS and not is_write:
        return None
    return fault if shop.faults.strikes(fault) else None


def struck(shop: Shop, fault: Fault, call: Call, act: Act) -> Response:
    """Do the call as this fault lets it; refusals are the mall's own matter."""
    clock, wish = shop.clock, fault.wish
    match wish.kind:
        case "slow":
            shop.faults.spend(fault)
            delay_s = clock.sped(SLOW_S) if wish.delay_s is None else wish.delay_s
            return Slow(delay_s, _caught_up(shop, act))
        case "timeout_before":
            shop.faults.spend(fault)
            return Dropped(clock.sped(HOLD_S))
        case "timeout_after":
            shop.faults.spend(fault)
            act()
            return Dropped(clock.sped(HOLD_S))
        case "late_apply":
            shop.faults.spend(fault)
            latest_s = clock.sped(LATE_S)
            wanted_s = latest_s * shop.faults.dice.uniform(*LATE_SHARES)
            wait_s = wanted_s if wish.delay_s is None else min(wish.delay_s, latest_s)

            def land() -> None:
                shop.agenda.add(clock.monotonic() + wait_s, lambda: void(act))

            return Dropped(clock.sped(HOLD_S), land)
        case "garbage":
            shop.faults.spend(fault)
            body = bytes(act().body)
            return Response(body[: max(1, len(body) // 2)], media_type="application/json")
        case _:
            call.fault = fault  # bad_item, page_shift: the handler knows its rows and pages
            return act()


def void(act: Act) -> None:
    """Do it; nobody is there to hear the answer."""
    act()


def _caught_up(shop: Shop, act: Act) -> Act:
    def later() -> Response:
        shop.agenda.catch_up()  # what became due while the call waited
        return act()

    return later


class Slow(Response):
    """Does the call only after a while."""

    def __init__(self, delay_s: float, act: Act) -> None:
        super().__init__()
        self._delay_s = delay_s
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, act, answer."""
        try:
            await asyncio.sleep(self._delay_s)
        except asyncio.CancelledError:  # the sandbox stops
            await _cut(scope, receive)
            return
        response = self._act()
        response.headers["Date"] = self.headers.get("date", "")
        await response(scope, receive, send)


class Dropped(Response):
    """No answer: the connection is held until its time is up or the caller leaves, then cut."""

    def __init__(self, hold_s: float, after: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._hold_s = hold_s
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hold and drop."""
        del send
        try:
            await asyncio.wait_for(_until_left(receive), self._hold_s)
        except TimeoutError:
            pass
        except asyncio.CancelledError:  # the sandbox stops: nothing lands any more
            await _cut(scope, receive)
            return
        if self._after is not None:
            self._after()
        await _cut(scope, receive)


async def _cut(scope: Scope, receive: Receive) -> None:
    """Drop the connection, and stay until the server knows it: it would miss an answer."""
    transport: asyncio.Transport = scope["state"]["transport"]
    transport.abort()
    await _until_left(receive)


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
