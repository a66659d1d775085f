"""The one HTTP client, against a small server on real sockets."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import formatdate

import pytest

from actors.mall_clock import MallClock
from actors.mall_http import ERRAND, Errand, GatedTransport, MallHttp, Withheld
from engine.connector import Rate, Reply, Request
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, FaultSpec, Level, MallError
from engine.pacing import Pacing

pytestmark = pytest.mark.anyio

MAINTENANCE = FaultSpec(
    level=Level.TRANSIENT, kind=FaultKind.MAINTENANCE, done=Done.NOT_DONE,
    message="メンテナンス", hint="待つ", message_en="Maintenance", hint_en="Wait",
)  # fmt: skip
EXPIRED = FaultSpec(
    level=Level.CREDENTIALS, kind=FaultKind.CREDENTIALS, done=Done.NOT_DONE,
    message="期限切れ", hint="更新", message_en="Expired", hint_en="Renew",
)  # fmt: skip
WRONG = FaultSpec(
    level=Level.TRANSIENT, kind=FaultKind.REQUEST,
    message="誤り", hint="報告", message_en="Wrong", hint_en="Report",
)  # fmt: skip
SPECS = {401: EXPIRED, 400: WRONG, 503: MAINTENANCE, 429: UNCLASSIFIED, 500: UNCLASSIFIED}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each call with the next of its answers, the last one for ever."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.requests: list[bytes] = []
        self.times: list[float] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                self.times.append(time.monotonic())
                answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                await answer(reader, writer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """A whole reply."""

    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = {"Content-Length": str(len(body)), **headers}
        head = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in lines.items())
        writer.write(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + body)

    return answer


async def hangs(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """No reply until the caller leaves."""
    await reader.read()


async def hangs_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Drops the connection without a reply."""
    writer.transport.abort()


async def drips(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A reply that comes a byte at a time, each in time."""
    writer.write(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    for _number in range(1000):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    server.url = f"http://127.0.0.1:{port}"
    yield server
    listening.close()


def client(url: str, *, timeout_s: float = 0.2, bound_s: float = 1.0, per_s: float = 0.0001,
           wait_s_max: float = 900.0) -> MallHttp:  # fmt: skip
    rates = (Rate(bucket="all", calls=1, per_s=per_s), Rate(bucket="other", calls=1, per_s=0.001))
    return MallHttp(
        base_url=url,
        timeout_s=timeout_s,
        retry_bound_s=bound_s,
        pacing=Pacing(rates, speed=1, wait_s_max=wait_s_max),
        clock=MallClock(),
    )


def request(*, is_safe: bool = True, bucket: str = "all", path: str = "/x", **more: str) -> Request:
    return Request(
        method="POST", path=path, family=Family.STOCK, bucket=bucket, is_safe=is_safe,
        headers=more, params=(("licenceKey", "SECRET"),), body=b"body",
    )  # fmt: skip


def judge(reply: Reply) -> None:
    if reply.status >= 400:
        spec = SPECS[reply.status]
        raise MallError(spec, family=Family.STOCK, code=str(reply.status))


async def sent(http: MallHttp, asked: Request) -> Reply | MallError:
    try:
        return await http.send(asked, judge, lambda: True)
    except MallError as error:
        return error


async def failed(http: MallHttp, asked: Request) -> MallError:
    error = await sent(http, asked)
    assert isinstance(error, MallError)
    return error


async def test_a_reply_comes_back_with_its_interval_in_the_malls_clock(server: Server) -> None:
    server.answers = [says(200, b"hello", Date=formatdate(time.time() + 3600, usegmt=True))]
    http = client(server.url)
    reply = await http.send(request(X_Own="1"), judge, lambda: True)
    await http.close()
    assert (reply.status, reply.body) == (200, b"hello")
    assert 0 <= reply.received_at - reply.sent_at < 0.2
    assert reply.sent_at - time.time() == pytest.approx(3600, abs=1.5)
    assert http.now() - time.time() == pytest.approx(3600, abs=1.5)
    head = server.requests[0].lower()
    assert b"user-agent: zaiko" in head
    assert b"x_own: 1" in head
    assert b"/x?licencekey=secret" in head


async def test_cookies_and_redirects_are_not_followed(server: Server) -> None:
    server.answers = [says(302, Location="/elsewhere", Set_Cookie="a=b")]
    http = client(server.url)
    reply = await http.send(request(), judge, lambda: True)
    await http.send(request(), judge, lambda: True)
    await http.close()
    assert reply.status == 302
    assert b"cookie" not in server.requests[1].lower()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(hangs, FaultKind.TIMEOUT), (hangs_up, FaultKind.NETWORK), (drips, FaultKind.TIMEOUT)],
)
async def test_a_write_without_an_answer_is_unknown_and_is_sent_once(
    server: Server, answer: Answer, kind: FaultKind
) -> None:
    server.answers = [answer]
    http = client(server.url)
    error = await failed(http, request(is_safe=False))
    await http.close()
    assert (error.spec.kind, error.done) == (kind, Done.UNKNOWN)
    assert len(server.requests) == 1
    assert "SECRET" not in str(error)


async def test_a_write_that_never_left_is_not_done() -> None:
    http = client("http://127.0.0.1:1")
    error = await failed(http, request(is_safe=False))
    await http.close()
    assert (error.spec.kind, error.done) == (FaultKind.NETWORK, Done.NOT_DONE)


async def test_a_refused_write_is_sent_once(server: Server) -> None:
    server.answers = [says(503)]
    http = client(server.url)
    error = await failed(http, request(is_safe=False))
    await http.close()
    assert error.spec is MAINTENANCE
    assert len(server.requests) == 1


async def test_a_safe_read_is_repeated_until_it_succeeds(server: Server) -> None:
    server.answers = [says(503), hangs_up, says(500), says(200, b"at last")]
    http = client(server.url, bound_s=5)
    reply = await http.send(request(), judge, lambda: True)
    await http.close()
    assert reply.body == b"at last"
    assert len(server.requests) == 4


async def test_a_safe_read_gives_up_within_its_bound(server: Server) -> None:
    server.answers = [says(503)]
    http = client(server.url, bound_s=0.4)
    began = time.monotonic()
    error = await failed(http, request())
    await http.close()
    assert error.spec is MAINTENANCE
    assert time.monotonic() - began < 30  # far above the bound, for a slow machine
    assert len(server.requests) > 1


@pytest.mark.parametrize("status", [400, 401])
async def test_what_a_second_try_cannot_change_is_not_tried_twice(
    server: Server, status: int
) -> None:
    server.answers = [says(status)]
    http = client(server.url)
    assert (await failed(http, request())).spec is SPECS[status]
    await http.close()
    assert len(server.requests) == 1


async def test_calls_are_paced_by_their_bucket(server: Server) -> None:
    server.answers = [says(200)]
    http = client(server.url, per_s=0.1)
    began = time.monotonic()
    for _ in range(3):
        await http.send(request(), judge, lambda: True)
    assert time.monotonic() - began >= 2 * 0.1  # a slow machine only makes it longer
    await http.close()


async def test_retry_after_shuts_the_bucket_and_no_other(server: Server) -> None:
    server.answers = [says(429, Retry_After="1"), says(200)]
    http = client(server.url, bound_s=0.1)
    error = await failed(http, request())
    assert error.retry_after_s == 1.0
    began = time.monotonic()
    await http.send(request(bucket="other"), judge, lambda: True)
    assert time.monotonic() - began < 0.5
    await http.send(request(), judge, lambda: True)
    await http.close()
    assert time.monotonic() - began > 0.9


async def test_a_safe_read_waits_out_a_short_retry_after(server: Server) -> None:
    server.answers = [says(429, Retry_After="600"), says(200)]
    http = client(server.url, bound_s=2, wait_s_max=0.3)
    assert (await http.send(request(), judge, lambda: True)).status == 200
    await http.close()
    assert server.times[1] - server.times[0] >= 0.29


async def test_a_closed_lane_lets_nothing_leave(server: Server) -> None:
    server.answers = [says(200)]
    http = client(server.url)
    with pytest.raises(Withheld):
        await GatedTransport(http, lambda: False).send(request(), judge)
    await http.close()
    assert server.requests == []


async def test_a_lane_that_closes_while_a_call_waits_or_is_repeated_keeps_it(
    server: Server,
) -> None:
    server.answers = [says(503), says(200)]
    http = client(server.url, bound_s=5)
    with pytest.raises(Withheld):
        await http.send(request(), judge, lambda: not server.requests)
    await http.close()
    assert len(server.requests) == 1


async def test_a_call_past_its_send_by_or_whose_turn_comes_later_does_not_leave(
    server: Server,
) -> None:
    server.answers = [says(200)]
    http = client(server.url, per_s=60)

    async def late(send_in_s: float) -> Withheld:
        ERRAND.set(Errand(send_by=http.now() + send_in_s))
        with pytest.raises(Withheld) as caught:
            await http.send(request(is_safe=False), judge, lambda: True)
        return caught.value

    assert (await asyncio.create_task(late(-1))).wait_s == 0
    await http.send(request(), judge, lambda: True)
    assert (await asyncio.create_task(late(5))).wait_s == pytest.approx(60, abs=1)
    await http.close()
    assert len(server.requests) == 1


async def test_audits_use_half_of_a_rate(server: Server) -> None:
    server.answers = [says(200)]
    http = client(server.url, per_s=0.1)

    async def audit() -> None:
        ERRAND.set(Errand(is_audit=True))
        for _ in range(3):
            await http.send(request(), judge, lambda: True)

    await asyncio.create_task(audit())
    await http.close()
    assert server.times[2] - server.times[0] > 0.36


async def test_a_key_with_a_character_no_header_can_carry_is_a_credential_fault(
    server: Server,
) -> None:
    http = client(server.url)
    error = await failed(http, request(Authorization="ESA １"))
    await http.close()
    assert (error.spec.level, error.done) == (Level.CREDENTIALS, Done.NOT_DONE)
    assert server.requests == []


async def test_a_reply_without_an_end_is_unreadable(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.mall_http.REPLY_BYTES_MAX", 10)
    server.answers = [says(200, b"x" * 11)]
    http = client(server.url, bound_s=0)
    error = await failed(http, request())
    await http.close()
    assert error.spec.kind is FaultKind.UNREADABLE
