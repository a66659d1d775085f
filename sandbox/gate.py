"""Where every API call comes in: counted, struck by faults, checked, paced, answered.

    call -> count -> refusing fault? -> key -> rate -> other faults -> handler -> headers
              maintenance, rate_limit,                 slow, timeout_*, late_apply, garbage
              server_error, expired_key                (bad_item, page_shift: by the handler)

A time-out is real: the connection is held and then dropped without a byte of an answer.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import unquote

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.faults import REFUSING, Fault
from sandbox.mall import Call, Endpoint, Mall, RefusalKind

BODY_BYTES_MAX = 16 * 1024 * 1024  # a larger body is refused unread
HOLD_S = 120.0  # a timed-out call is held this long, divided by the speed
LATE_S = 60.0  # a late write lands this long after the drop at the latest, divided by the speed
SLOW_S = 3.0  # the fault `slow` without delay_s, divided by the speed
LATE_WRITES_MAX = 10_000  # writes waiting to land late; more are dropped as never done


class Paths:
    """Finds the endpoint of a method and a path."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._plain: dict[tuple[str, str], Endpoint] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Endpoint]] = []
        for endpoint in endpoints:
            slash = "/?" if endpoint.trailing_slash else ""
            if "{" in endpoint.path:
                parts = re.split(r"\{(\w+)\}", endpoint.path)
                pattern = "".join(
                    f"(?P<{part}>[^/]+)" if index % 2 else re.escape(part)
                    for index, part in enumerate(parts)
                )
                compiled = re.compile(pattern + slash)
                self._patterns.append((endpoint.method, compiled, endpoint))
                continue
            self._plain[endpoint.method, endpoint.path] = endpoint
            if endpoint.trailing_slash:
                self._plain[endpoint.method, endpoint.path + "/"] = endpoint

    def find(self, method: str, path: str, raw: str) -> tuple[Endpoint | None, dict[str, str]]:
        """Return the endpoint and the named parts of the path.

        Parts are cut out of the raw path and decoded once: an encoded slash belongs to its part.
        """
        if endpoint := self._plain.get((method, path)):
            return endpoint, {}
        for served, pattern, endpoint in self._patterns:
            if served == method and (match := pattern.fullmatch(raw)):
                parts = match.groupdict()
                return endpoint, {name: unquote(part) for name, part in parts.items()}
        return None, {}


class Gate:
    """The ASGI application of a mall's own paths."""

    def __init__(self, mall: Mall, stopping: asyncio.Event) -> None:
        self._mall = mall
        self._shop = mall.shop
        self._stopping = stopping
        self._paths = Paths(mall.endpoints())
        self._late_writes: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, or drop it."""
        body = await _read_body(receive)
        call = self._call(scope, body or b"")
        self._count(call)
        if body is None:
            response: Response | None = Response(status_code=413, headers={"connection": "close"})
        else:
            response = await self._answer(call, scope, receive)
        if response is None:
            return  # dropped
        for name, value in self._mall.reply_headers(call).items():
            response.headers[name] = value
        response.headers["Date"] = self._shop.clock.http_date()
        await response(scope, receive, send)

    async def close(self) -> None:
        """Forget the writes that have not landed."""
        for task in list(self._late_writes):
            task.cancel()
        await asyncio.gather(*self._late_writes, return_exceptions=True)

    # -- one call ------------------------------------------------------------------------------

    def _call(self, scope: Scope, body: bytes) -> Call:
        path: str = scope["path"]
        raw = scope["raw_path"].decode("latin-1")
        endpoint, captures = self._paths.find(scope["method"], path, raw)
        return Call(
            method=scope["method"],
            path=path,
            headers=Headers(scope=scope),
            query=QueryParams(scope["query_string"]),
            body=body,
            endpoint=endpoint,
            captures=captures,
        )

    def _count(self, call: Call) -> None:
        # Unknown paths share one entry: the table must not grow with what callers invent.
        name = call.endpoint.path if call.endpoint else "(unknown)"
        method = call.endpoint.method if call.endpoint else "ANY"
        self._shop.calls[f"{method} {name}"] += 1

    async def _answer(self, call: Call, scope: Scope, receive: Receive) -> Response | None:
        fault = self._fault_for(call)
        if fault is not None and (kind := _refusing(fault)) is not None:
            self._shop.faults.spend(fault)
            return self._mall.refuse(kind, self._form(kind, fault), call)
        if (refused := self._admit(call)) is not None:
            return refused
        endpoint = call.endpoint
        if endpoint is None:
            return self._mall.unknown_path(call)
        if fault is None:
            return self._handle(endpoint, call)
        return await self._struck(fault, endpoint, call, scope, receive)

    def _handle(self, endpoint: Endpoint, call: Call) -> Response:
        self._shop.agenda.catch_up()
        return endpoint.handler(call)

    def _fault_for(self, call: Call) -> Fault | None:
        if call.endpoint is None:
            return None
        fault = self._shop.faults.head(call.family)
        if fault is None or not self._shop.faults.strikes(fault):
            return None
        writes_only = fault.wish.kind in ("timeout_before", "timeout_after", "late_apply")
        if writes_only and not call.endpoint.writes_stock:
            return None
        return fault

    def _form(self, kind: RefusalKind, fault: Fault | None) -> str:
        if fault is not None and fault.wish.form:
            return fault.wish.form  # the side door has checked it
        return self._mall.forms()[kind][0]

    def _admit(self, call: Call) -> Response | None:
        if (refused := self._mall.authorise(call)) is not None:
            return refused
        rate = call.endpoint.rate if call.endpoint else None
        if call.endpoint is None or rate is None:
            return None
        name = rate.bucket or f"{call.endpoint.method} {call.endpoint.path}"
        call.retry_s = self._shop.buckets.take(name, rate)
        if call.retry_s > 0:
            return self._mall.refuse("rate_limit", self._form("rate_limit", None), call)
        return None

    async def _struck(
        self, fault: Fault, endpoint: Endpoint, call: Call, scope: Scope, receive: Receive
    ) -> Response | None:
        clock, faults, wish = self._shop.clock, self._shop.faults, fault.wish
        match wish.kind:
            case "slow":
                faults.spend(fault)
                delay_s = clock.sped(SLOW_S) if wish.delay_s is None else wish.delay_s
                if not await self._pause(delay_s):
                    self._drop(scope)
                    return None
                return self._handle(endpoint, call)  # also when the caller has left: it was taken
            case "timeout_before":
                faults.spend(fault)
            case "timeout_after":
                faults.spend(fault)
                self._handle(endpoint, call)
            case "late_apply":
                faults.spend(fault)
                await self._hold_and_drop(scope, receive)
                self._land_later(endpoint, call, wish.delay_s)
                return None
            case "garbage":
                faults.spend(fault)
                return _garbled(self._handle(endpoint, call))
            case _:
                call.fault = fault  # bad_item, page_shift: the handler knows its rows and pages
                return self._handle(endpoint, call)
        await self._hold_and_drop(scope, receive)
        return None

    # -- time-outs -----------------------------------------------------------------------------

    async def _pause(self, seconds: float) -> bool:
        """Wait; False when the sandbox stops meanwhile."""
        try:
            await asyncio.wait_for(self._stopping.wait(), timeout=seconds)
        except TimeoutError:
            return True
        return False

    async def _hold_and_drop(self, scope: Scope, receive: Receive) -> None:
        """Hold the connection until its time is up, the caller leaves, or the sandbox stops."""
        left = asyncio.ensure_future(_until_left(receive))
        stopped = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait(
                (left, stopped),
                timeout=self._shop.clock.sped(HOLD_S),
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            left.cancel()
            stopped.cancel()
        self._drop(scope)
        await _until_left(receive)

    def _drop(self, scope: Scope) -> None:
        transport: asyncio.Transport = scope["state"]["transport"]
        transport.abort()

    def _land_later(self, endpoint: Endpoint, call: Call, delay_s: float | None) -> None:
        if self._stopping.is_set() or len(self._late_writes) >= LATE_WRITES_MAX:
            return
        latest_s = self._shop.clock.sped(LATE_S)
        wanted_s = latest_s * self._shop.faults.dice.uniform(0.2, 0.9)
        wait_s = wanted_s if delay_s is None else min(delay_s, latest_s)

        async def land() -> None:
            await asyncio.sleep(wait_s)
            self._handle(endpoint, call)

        task = asyncio.create_task(land())
        self._late_writes.add(task)
        task.add_done_callback(self._late_writes.discard)


def _refusing(fault: Fault) -> RefusalKind | None:
    kind = fault.wish.kind
    if kind not in REFUSING:
        return None
    kinds: dict[str, RefusalKind] = {
        "maintenance": "maintenance",
        "rate_limit": "rate_limit",
        "server_error": "server_error",
        "expired_key": "expired_key",
    }
    return kinds[kind]


def _garbled(response: Response) -> Response:
    """Cut the reply in the middle; one without a body becomes a page of nonsense."""
    body = bytes(response.body)
    media_type = response.headers.get("content-type", "text/html")
    if not body:
        return Response(b"<html><body>\xe3\x81", status_code=200, media_type="text/html")
    return Response(body[: max(1, len(body) // 2)], status_code=200, media_type=media_type)


async def _read_body(receive: Receive) -> bytes | None:
    """Return the whole body, or None when it is too large (or the caller left sending it)."""
    parts: list[bytes] = []
    size = 0
    while True:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            return None
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > BODY_BYTES_MAX:
            return None
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
