"""The one place that builds the HTTP client: a mall's calls leave here, paced, bounded, judged.

    request -> lane open? -> bucket's turn -> lane open? -> one HTTP call -> clock, bucket, judge
                  |              |                              |
               Withheld   Withheld (past send_by)        MallError (done: not_done | unknown)

Safe reads are repeated within the retry bound on a transient fault; a write is sent once. Before
any call leaves, the lane is asked once more (F3), and the command's send_by is looked at (C2).
Nothing of a request or a reply is logged: paths and headers carry keys, bodies carry buyers.
"""

import asyncio
import contextvars
import re
import ssl
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import httpx
import tenacity
from msgspec import Struct

from actors.mall_clock import MallClock, retry_after_s
from engine.connector import Reply, Request
from engine.faults import Done, Family, FaultKind, FaultSpec, Level, MallError
from engine.pacing import Pacing

CONNECTIONS_MAX: Final = 8
"""Connections to one mall at once; a further call waits inside its time-out."""
REPLY_BYTES_MAX: Final = 32_000_000
"""A longer reply is unreadable (protects memory)."""
RETRY_WAIT_S: Final = 0.2
"""Before the first repeat of a safe read, at most; doubles, jittered."""
RETRY_WAIT_S_MAX: Final = 4.0
"""Before any repeat, at most, but for what the mall itself asked for."""
TURN_LOOK_S: Final = 1.0
"""A call that waits for its bucket looks this often whether its lane is still open."""
RATE_TOLD: Final = re.compile(r"[0-9]{1,6}(\.[0-9]{1,12})?")
USER_AGENT: Final = "zaiko"
RETRIED: Final = frozenset(
    {
        FaultKind.MAINTENANCE,
        FaultKind.RATE_LIMIT,
        FaultKind.SERVER,
        FaultKind.TIMEOUT,
        FaultKind.NETWORK,
        FaultKind.UNREADABLE,
        FaultKind.UNCLASSIFIED,
    }
)
"""What may look different a second later; a wrong request or a missing item does not."""

NETWORK = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.NETWORK,
    message="モールに接続できません。",
    hint="ネットワークとモールの稼働状況を確認してください。回復すると自動で再開します。",
    message_en="The mall could not be reached.",
    hint_en="Check the network and the mall's own status; zaiko goes on by itself.",
)
TIMEOUT = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.TIMEOUT,
    message="モールの応答が時間内に返りませんでした。",
    hint="一時的な混雑であれば自動で回復します。続くときは http_timeout_s を延ばしてください。",
    message_en="The mall did not answer in time.",
    hint_en="It heals by itself if the mall is busy; if it stays, raise http_timeout_s.",
)
BAD_CHARACTER = FaultSpec(
    level=Level.CREDENTIALS,
    kind=FaultKind.CREDENTIALS,
    message="認証情報に使えない文字が含まれています。",
    hint="キーを半角文字で登録し直してください(zaiko key set)。",
    message_en="The credentials hold a character that cannot be sent.",
    hint_en="Store the key again with `zaiko key set`, in plain ASCII.",
    done=Done.NOT_DONE,
)
TOO_LONG = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.UNREADABLE,
    message="モールの応答を読み取れません。",
    hint="自動で再試行します。続くときは開発元へ知らせてください。",
    message_en="The mall's reply could not be read.",
    hint_en="It is tried again by itself; if it stays, tell the makers.",
)


class Withheld(Exception):
    """The call did not leave: the lane closed, or its moment had passed. Certainly not done."""

    def __init__(self, reason: str, wait_s: float = 0.0) -> None:
        super().__init__(reason)
        self.reason = reason
        """closed | late."""
        self.wait_s = wait_s
        """How long the call's bucket stays shut."""


class Errand(Struct, frozen=True):
    """What the calls of the current task are for."""

    send_by: float | None = None
    """Mall time after which none of them may leave; None: whenever its turn comes."""
    is_audit: bool = False
    """They use the audits' share of the rate only."""


ERRAND: contextvars.ContextVar[Errand] = contextvars.ContextVar("errand", default=Errand())  # noqa: B039  frozen
"""Set by the task that carries out a command, read when one of its calls is to leave."""


class MallHttp:
    """One mall account's HTTP client, clock and buckets."""

    def __init__(
        self,
        *,
        base_url: str,
        timeout_s: float,
        retry_bound_s: float,
        pacing: Pacing,
        clock: MallClock,
        rate_header: str = "",
    ) -> None:
        """See `Card.rate_header`; no call is made."""
        self.clock = clock
        self._rate_header = rate_header
        self._pacing = pacing
        self._timeout_s = timeout_s
        self._retry_bound_s = retry_bound_s
        # A sandbox speaks plain HTTP: no certificates are loaded, and TLS would trust nobody.
        is_plain = base_url.startswith("http://")
        self._client = httpx.AsyncClient(
            base_url=base_url,
            timeout=timeout_s,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX
            ),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT},
            verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if is_plain else True,
        )

    async def close(self) -> None:
        """Closes all connections."""
        await self._client.aclose()

    def now(self) -> float:
        """Mall time now."""
        return self.clock.mall_time(time.time())

    @property
    def offset_s(self) -> float:
        """Mall time minus wall time, as far as it is known."""
        return self.clock.offset_s

    async def send(
        self, request: Request, judge: Callable[[Reply], None], is_open: Callable[[], bool]
    ) -> Reply:
        """The reply that judge let pass; see `engine.connector.Transport`, and `Withheld`."""
        if not request.is_safe:
            return await self._attempt(request, judge, is_open)
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_is_passing),
            wait=_retry_wait_s,
            stop=tenacity.stop_before_delay(self._retry_bound_s),
            sleep=asyncio.sleep,
            reraise=True,
        ):
            with attempt:
                return await self._attempt(request, judge, is_open)
        raise AssertionError("a retry that neither returned nor raised")

    async def _attempt(
        self, request: Request, judge: Callable[[Reply], None], is_open: Callable[[], bool]
    ) -> Reply:
        await self._turn(request.bucket, is_open)
        reply = await self._call(request)
        try:
            judge(reply)
        except MallError as error:
            self._learn_refusal(request.bucket, reply, error)
            raise
        if reply.status == 429:
            self._learn_refusal(request.bucket, reply, None)
        else:
            self._pacing.answered(request.bucket)
            self._learn_rate(request.bucket, reply)
        return reply

    def _learn_rate(self, bucket: str, reply: Reply) -> None:
        told = reply.headers.get(self._rate_header, "") if self._rate_header else ""
        if RATE_TOLD.fullmatch(told):
            self._pacing.told(bucket, float(told))

    async def _turn(self, bucket: str, is_open: Callable[[], bool]) -> None:
        """Waits for the bucket; the lane and send_by are looked at after each wait (F3, C2)."""
        errand = ERRAND.get()
        while True:
            if not is_open():
                raise Withheld("closed")
            mall_now = self.now()
            if errand.send_by is not None and mall_now > errand.send_by:
                raise Withheld("late")
            wait_s = self._pacing.take(bucket, time.monotonic(), is_audit=errand.is_audit)
            if wait_s <= 0:
                return
            if errand.send_by is not None and mall_now + wait_s > errand.send_by:
                raise Withheld("late", wait_s)
            await asyncio.sleep(min(wait_s, TURN_LOOK_S))

    def _learn_refusal(self, bucket: str, reply: Reply, error: MallError | None) -> None:
        told_s = None if error is None else error.retry_after_s
        if told_s is None:
            told_s = retry_after_s(reply.headers.get("retry-after", ""), reply.received_at)
        is_rate = reply.status == 429 or (
            error is not None and error.spec.kind is FaultKind.RATE_LIMIT
        )
        if not is_rate and told_s is None:
            self._pacing.answered(bucket)
            return
        wait_s = self._pacing.refused(bucket, time.monotonic(), retry_after_s=told_s)
        if error is not None:
            error.retry_after_s = wait_s

    async def _call(self, request: Request) -> Reply:
        """One HTTP exchange, bounded as a whole: a reply that drips is no reply."""
        if not all(text.isascii() and text.isprintable() for text in request.headers.values()):
            # Only a pasted key can bring such a character into a header.
            raise MallError(BAD_CHARACTER, family=request.family, code="bad-character")
        leaving = _Leaving()
        sent_wall = time.time()
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._client.stream(
                    request.method,
                    request.path,
                    params=tuple(request.params) or None,
                    content=request.body or None,
                    headers=dict(request.headers),
                    extensions={"trace": leaving.trace},
                ) as response:
                    body = await _body(response, request.family)
        except (TimeoutError, httpx.TimeoutException):
            raise leaving.error(TIMEOUT, request.family, "timeout") from None
        except httpx.TransportError as error:
            # Only the kind of error is kept: its text may quote the address, which may hold a key.
            code = type(error).__name__
            raise leaving.error(NETWORK, request.family, code) from None
        except httpx.DecodingError:
            raise leaving.error(TOO_LONG, request.family, "undecodable") from None
        received_wall = time.time()
        # The mall's cookies are none of its API; kept, they would only grow.
        self._client.cookies.clear()
        headers = dict(response.headers)
        self.clock.heard(headers.get("date", ""), sent_wall, received_wall)
        return Reply(
            status=response.status_code,
            headers=headers,
            body=body,
            sent_at=self.clock.mall_time(sent_wall),
            received_at=self.clock.mall_time(received_wall),
        )


class GatedTransport:
    """What a connector is handed: one mall's HTTP behind one lane's gate."""

    def __init__(self, http: MallHttp, is_open: Callable[[], bool]) -> None:
        self._http = http
        self._is_open = is_open
        self.may_have_written = False
        """A write went through it that may have been done: what it left must be told."""

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        """See `engine.connector.Transport`; raises `Withheld` while the gate is shut."""
        try:
            reply = await self._http.send(request, judge, self._is_open)
        except (Withheld, MallError) as broken:
            is_known = isinstance(broken, Withheld) or broken.done is Done.NOT_DONE
            self.may_have_written = self.may_have_written or not (request.is_safe or is_known)
            raise
        self.may_have_written = self.may_have_written or not request.is_safe
        return reply

    def now(self) -> float:
        """Mall time now."""
        return self._http.now()


class _Leaving:
    """Watches one call until the first byte of its request may have left this machine."""

    def __init__(self) -> None:
        self.has_left = False

    async def trace(self, event: str, _details: Mapping[str, Any]) -> None:
        """Called by the HTTP library at each step of a call."""
        if event.endswith("send_request_headers.started"):
            self.has_left = True

    def error(self, spec: FaultSpec, family: Family, code: str) -> MallError:
        """The call's failure; what never left is certainly not done."""
        done = Done.UNKNOWN if self.has_left else Done.NOT_DONE
        return MallError(spec, family=family, code=code, done=done)


async def _body(response: httpx.Response, family: Family) -> bytes:
    body = bytearray()
    async for piece in response.aiter_bytes():
        body += piece
        if len(body) > REPLY_BYTES_MAX:
            raise MallError(TOO_LONG, family=family, code="too-long")
    return bytes(body)


def _is_passing(error: BaseException) -> bool:
    """Whether a safe read may be repeated: a transient fault, never one of the credentials."""
    return (
        isinstance(error, MallError)
        and error.spec.level is Level.TRANSIENT
        and error.spec.kind in RETRIED
        and not error.spec.is_row
    )


_JITTERED = tenacity.wait_random_exponential(multiplier=RETRY_WAIT_S, max=RETRY_WAIT_S_MAX)


def _retry_wait_s(state: tenacity.RetryCallState) -> float:
    """Jittered and doubling, but never less than the mall asked for."""
    error = state.outcome.exception() if state.outcome is not None else None
    asked_s = error.retry_after_s if isinstance(error, MallError) else None
    return max(float(_JITTERED(state)), asked_s or 0.0)
