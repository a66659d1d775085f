"""Tokens, the public-key header, consent, and what each refusal of them means."""

import asyncio
import base64
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from engine.connector import Connection, Credentials, Reply, Request
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, Level, MallError
from malls.yahoo import errors
from malls.yahoo.connection import KIND, connect
from malls.yahoo.credentials import CONSENTED_AT, auth_base, read_key
from tests.unit.malls.yahoo.pretend import (
    CREDENTIALS,
    EXPIRED,
    NOW,
    XML,
    FakeTransport,
    Vault,
    answer,
    error,
    session,
    token,
)

COUNT = (
    f"{XML}<ResultSet><Result><Status>OK</Status><Count><NewOrder>3</NewOrder></Count></Result>"
    "</ResultSet>"
)
NO_ITEMS = f'{XML}<ResultSet totalResultsAvailable="0"></ResultSet>'
PRIVATE = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
BARE = "".join(PEM.split("\n")[1:-2])
SIGNED = {**CREDENTIALS, "public_key": PEM, "public_key_version": "5"}


def laid(**more: Reply | list[Reply | Exception]) -> FakeTransport:
    return FakeTransport(**{"orderCount": answer(COUNT), "myItemList": answer(NO_ITEMS), **more})


def check(connection: Connection) -> None:
    asyncio.run(connection.check_credentials())


def refused(transport: FakeTransport, credentials: Credentials = CREDENTIALS) -> MallError:
    with pytest.raises(MallError) as caught:
        check(connect(session(transport, credentials)))
    return caught.value


def test_the_refresh_is_asked_for_as_documented() -> None:
    transport = laid()
    check(connect(session(transport)))
    request = transport.calls("token")[0]
    assert request.path == "https://auth.login.yahoo.co.jp/yconnect/v2/token"
    assert request.headers["Authorization"] == "Basic Y2xpZW50LTE6czNjcjN0"
    assert request.body == b"grant_type=refresh_token&refresh_token=RT-1"
    assert (request.family, request.is_safe) == (Family.AUTH, True)
    assert transport.calls("orderCount")[0].headers["Authorization"] == "Bearer AT-1"


def test_a_sandbox_serves_its_own_tokens() -> None:
    transport = laid()
    check(connect(session(transport, switches={"auth_url": "http://127.0.0.1:9/"})))
    assert transport.calls("token")[0].path == "http://127.0.0.1:9/yconnect/v2/token"


def test_a_token_is_kept_until_shortly_before_its_end() -> None:
    transport = laid(token=[token("AT-1"), token("AT-2")])
    connection = connect(session(transport))

    async def story() -> None:
        await connection.read_catalogue(None)
        transport.at += 3_500
        await connection.read_catalogue(None)
        assert len(transport.calls("token")) == 1
        transport.at += 50
        await connection.read_catalogue(None)

    asyncio.run(story())
    assert transport.calls("myItemList")[-1].headers["Authorization"] == "Bearer AT-2"


def test_one_refresh_serves_all_who_wait_for_it() -> None:
    class Slow(FakeTransport):
        async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
            await asyncio.sleep(0)
            return await super().send(request, judge)

    transport = Slow(myItemList=answer(NO_ITEMS))
    connection = connect(session(transport))

    async def story() -> None:
        await asyncio.gather(*(connection.read_catalogue(None) for _ in range(5)))

    asyncio.run(story())
    assert len(transport.calls("token")) == 1


def test_a_token_that_is_not_taken_is_renewed_and_the_call_repeated_once() -> None:
    transport = laid(
        token=[token("AT-1"), token("AT-2")],
        orderCount=[answer(EXPIRED, 401), answer(COUNT)],
    )
    check(connect(session(transport)))
    used = [call.headers["Authorization"] for call in transport.calls("orderCount")]
    assert used == ["Bearer AT-1", "Bearer AT-2"]


def test_a_token_that_is_not_taken_twice_is_level_nine() -> None:
    transport = laid(orderCount=answer(EXPIRED, 401))
    failed = refused(transport)
    assert (failed.code, failed.spec.level) == ("invalid_token", Level.CREDENTIALS)
    assert len(transport.calls("orderCount")) == 2


def test_a_new_refresh_token_is_stored_before_it_is_used() -> None:
    vault = Vault()
    transport = laid(
        token=[token("AT-1", refresh_token="RT-2"), token("AT-2", refresh_token="RT-2")]
    )
    connection = connect(session(transport, vault=vault))

    async def story() -> None:
        await connection.check_credentials()
        assert vault.saved == [{**CREDENTIALS, "refresh_token": "RT-2"}]
        await connection.check_credentials()

    asyncio.run(story())
    assert transport.calls("token")[1].body.endswith(b"refresh_token=RT-2")
    assert len(vault.saved) == 1


def test_a_token_that_could_not_be_stored_is_not_used() -> None:
    class Full(Vault):
        async def save(self, credentials: Credentials) -> None:
            raise OSError("disk full")

    transport = laid(token=token("AT-1", refresh_token="RT-2"))
    with pytest.raises(OSError, match="disk full"):
        check(connect(session(transport, vault=Full())))
    assert not transport.calls("orderCount")


@pytest.mark.parametrize(
    ("body", "status", "code", "level", "kind"),
    [
        ('{"error":"invalid_grant"}', 400, "invalid_grant", 9, FaultKind.CREDENTIALS),
        ('{"error":"invalid_client"}', 401, "invalid_client", 9, FaultKind.CREDENTIALS),
        ("Unauthorized", 401, "http-401", 9, FaultKind.CREDENTIALS),
        ('{"error":"access_denied"}', 400, "access_denied", 9, FaultKind.CREDENTIALS),
        ('{"error":"invalid_scope"}', 400, "invalid_scope", 9, FaultKind.CREDENTIALS),
        ('{"error":"invalid_token"}', 400, "invalid_token", 9, FaultKind.CREDENTIALS),
        ('{"error":"invalid_redirect_uri"}', 400, "invalid_redirect_uri", 9, "configuration"),
        ('{"error":"invalid_request"}', 400, "invalid_request", 8, FaultKind.REQUEST),
        ('{"error":"unsupported_grant_type"}', 400, "unsupported_grant_type", 8, "request"),
        ('{"error":"server_error"}', 500, "server_error", 8, FaultKind.SERVER),
        ("<html>", 502, "http-502", 8, FaultKind.SERVER),
        ("", 503, "http-503", 8, FaultKind.MAINTENANCE),
        ("", 429, "http-429", 8, FaultKind.RATE_LIMIT),
        ("", 403, "forbidden", 8, FaultKind.RATE_LIMIT),
        ("{}", 400, "http-400", 8, FaultKind.UNCLASSIFIED),
        ("{}", 200, "unreadable", 8, FaultKind.UNREADABLE),
        ("<html>", 200, "unreadable", 8, FaultKind.UNREADABLE),
    ],
)
def test_each_refusal_of_the_token_endpoint(
    body: str, status: int, code: str, level: int, kind: str
) -> None:
    transport = laid(token=answer(body, status))
    failed = refused(transport)
    assert (failed.code, failed.spec.level, failed.spec.kind) == (code, level, kind)
    assert (failed.family, failed.done) == (Family.AUTH, Done.NOT_DONE)
    assert not transport.calls("orderCount")


def test_a_lost_refresh_leaves_the_call_not_done() -> None:
    lost = MallError(UNCLASSIFIED, family=Family.AUTH, code="time-out", done=Done.UNKNOWN)
    assert refused(laid(token=[lost])).done is Done.NOT_DONE


@given(st.binary(), st.sampled_from([200, 400, 401, 403, 500]))
def test_no_token_answer_raises_anything_but_a_mall_error(body: bytes, status: int) -> None:
    assert isinstance(refused(laid(token=answer(body, status))), MallError)


@pytest.mark.parametrize("name", ["seller_id", "client_id", "client_secret", "refresh_token"])
def test_a_missing_credential_is_said_before_any_call(name: str) -> None:
    transport = laid()
    failed = refused(transport, {**CREDENTIALS, name: " "})
    assert failed.spec.kind is FaultKind.NO_CREDENTIALS
    assert not transport.sent


@pytest.mark.parametrize(
    "text", [PEM, BARE, PEM.replace("\n", " "), PEM.replace("\n", "\\n"), f"  {BARE}\n"]
)
def test_order_calls_carry_the_store_and_the_time_encrypted(text: str) -> None:
    transport = laid()
    check(connect(session(transport, {**SIGNED, "public_key": text})))
    headers = transport.calls("orderCount")[0].headers
    told = PRIVATE.decrypt(base64.b64decode(headers["X-sws-signature"]), padding.PKCS1v15())
    assert told == f"demo-store:{int(NOW)}".encode()
    assert headers["X-sws-signature-version"] == "5"
    assert "X-sws-signature" not in transport.calls("myItemList")[0].headers


def test_without_a_key_the_order_call_goes_unsigned() -> None:
    transport = laid()
    check(connect(session(transport)))
    assert "X-sws-signature" not in transport.calls("orderCount")[0].headers


def test_a_key_that_cannot_be_read_is_level_nine_and_not_quoted() -> None:
    curve = ec.generate_private_key(ec.SECP256R1()).public_key()
    other = curve.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    for text in ("secret nonsense", "QUJD", other):
        failed = refused(laid(), {**SIGNED, "public_key": text})
        assert (failed.code, failed.spec.level) == (errors.BAD_KEY_CODE, Level.CREDENTIALS)
        assert "nonsense" not in str(failed)


@given(st.text(max_size=80))
def test_no_key_text_raises_anything_but_a_mall_error(text: str) -> None:
    with pytest.raises(MallError):
        read_key(text)


def test_a_failed_key_check_is_a_warning_until_it_is_good_again() -> None:
    status = "X-SWS-Authorize-Status".lower()
    transport = laid(
        orderCount=[
            answer(COUNT, 200, {status: "expired-key-version"}),
            answer(COUNT, 200, {status: "surprise"}),
            answer(COUNT),
            answer(COUNT, 200, {status: "authorized"}),
        ]
    )
    connection = connect(session(transport))

    async def story() -> list[int]:
        return [len((await connection.check_credentials()).warnings) for _ in range(4)]

    assert asyncio.run(story()) == [1, 1, 1, 0]


def test_the_end_of_the_consent_is_known_only_if_its_beginning_was_noted() -> None:
    async def ends(credentials: Credentials, **switches: str) -> float | None:
        opened = connect(session(laid(), credentials, switches))
        return (await opened.check_credentials()).expires_at

    noted = {**CREDENTIALS, CONSENTED_AT: "1000000"}
    assert asyncio.run(ends(CREDENTIALS)) is None
    assert asyncio.run(ends({**CREDENTIALS, CONSENTED_AT: "?"})) is None
    assert asyncio.run(ends(noted)) == 1_000_000 + 28 * 86_400
    assert asyncio.run(ends(noted, speed="60")) == 1_000_000 + 28 * 86_400 / 60
    assert asyncio.run(ends(noted, speed="fast")) == 1_000_000 + 28 * 86_400


def test_a_bare_403_at_the_check_is_level_nine_only_if_nothing_was_ever_good() -> None:
    assert refused(laid(orderCount=answer("", 403))).spec.level is Level.CREDENTIALS
    later = refused(laid(myItemList=answer("", 403)))
    assert (later.spec.level, later.spec.kind) == (Level.TRANSIENT, FaultKind.RATE_LIMIT)


def test_an_order_session_that_is_over_is_level_nine_at_once() -> None:
    transport = laid(orderCount=answer(error("px-04102"), 401))
    assert refused(transport).spec.level is Level.CREDENTIALS
    assert len(transport.calls("orderCount")) == 1


def test_the_consent_page_is_the_malls_or_the_sandboxs() -> None:
    assert KIND.renewal is not None
    url = KIND.renewal.consent_url({**CREDENTIALS, "redirect_uri": "https://me.example/cb"}, "")
    query = parse_qs(urlsplit(url).query)
    assert url.startswith("https://auth.login.yahoo.co.jp/yconnect/v2/authorization?")
    assert query["redirect_uri"] == ["https://me.example/cb"]
    assert (query["client_id"], query["scope"]) == (["client-1"], ["openid profile"])
    assert query["state"] != query["nonce"]
    assert "s3cr3t" not in url
    assert auth_base("http://127.0.0.1:9/") == "http://127.0.0.1:9"
    assert auth_base(KIND.card.base_url) == "https://auth.login.yahoo.co.jp"
    assert auth_base("https://test.circus.shopping.yahooapis.jp").endswith("login.yahoo.co.jp")


@pytest.mark.parametrize("code", ["q7Hs", " q7Hs\n", "http://localhost/zaiko?state=x&code=q7Hs"])
def test_a_code_is_traded_for_the_whole_new_set(code: str) -> None:
    assert KIND.renewal is not None
    transport = FakeTransport(token=token("AT-9", refresh_token="RT-9"))
    before = {**CREDENTIALS, "refresh_token": ""}
    after = asyncio.run(KIND.renewal.redeem(session(transport, before), code))
    assert after == {**CREDENTIALS, "refresh_token": "RT-9", CONSENTED_AT: str(int(NOW))}
    request = transport.sent[0]
    assert b"grant_type=authorization_code&code=q7Hs&redirect_uri=" in request.body
    assert not request.is_safe


def test_a_code_that_brings_no_refresh_token_is_unreadable() -> None:
    assert KIND.renewal is not None
    with pytest.raises(MallError) as caught:
        asyncio.run(KIND.renewal.redeem(session(FakeTransport()), "q7Hs"))
    assert caught.value.code == errors.UNREADABLE_CODE
    with pytest.raises(MallError) as caught:
        asyncio.run(KIND.renewal.redeem(session(FakeTransport(), {}), "q7Hs"))
    assert caught.value.code == errors.NO_CREDENTIALS_CODE
