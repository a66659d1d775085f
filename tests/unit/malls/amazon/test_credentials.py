"""The access token, refusals, and the credential check."""

import asyncio
from typing import Any

import pytest

from engine.catalogue import ListingRef
from engine.connector import Reply, Request
from engine.faults import Done, Family, Level, MallError
from malls.amazon.connection import KIND
from tests.unit.malls.amazon.pretend import (
    CREDENTIALS,
    NOW,
    Desk,
    failed,
    listings_reply,
    orders_reply,
    reply,
    unauthorized,
)
from tests.unit.malls.amazon.test_errors import EXPIRED, INCIDENT, INVALID, SECRET

REF = ListingRef("TEA-100-GRN", "")


def read(desk: Desk, connection: Any) -> Any:
    return desk.run(connection.read_stock([REF]))


def test_a_token_is_asked_for_once_and_used_until_its_end(desk: Desk) -> None:
    connection = desk.open(lambda _: listings_reply())
    read(desk, connection)
    read(desk, connection)
    transport = desk.transport
    assert len(transport.token_requests) == 1
    assert transport.form() == {
        "grant_type": "refresh_token",
        "refresh_token": CREDENTIALS["refresh_token"],
        "client_id": CREDENTIALS["client_id"],
        "client_secret": CREDENTIALS["client_secret"],
    }
    assert transport.token_requests[0].path == "https://api.amazon.com/auth/o2/token"
    assert transport.requests[0].headers["x-amz-access-token"] == "Atza|1"
    assert transport.requests[0].headers["user-agent"].startswith("zaiko/1.0 (Language=Python/")
    transport.time = NOW + 3541
    read(desk, connection)
    assert transport.requests[-1].headers["x-amz-access-token"] == "Atza|2"


def test_a_sandbox_serves_its_own_tokens(desk: Desk) -> None:
    connection = desk.open(lambda _: listings_reply(), {"auth_url": "http://127.0.0.1:9003/"})
    read(desk, connection)
    assert desk.transport.token_requests[0].path == "http://127.0.0.1:9003/auth/o2/token"


def test_several_calls_at_once_share_one_renewal(desk: Desk) -> None:
    connection = desk.open(lambda _: listings_reply())

    async def three() -> None:
        await asyncio.gather(*(connection.read_stock([REF]) for _ in range(3)))

    desk.run(three())
    assert len(desk.transport.token_requests) == 1


@pytest.mark.parametrize("refused", [unauthorized(EXPIRED), unauthorized(INVALID), reply(b"", 401)])
def test_a_refused_token_is_renewed_once_and_the_call_repeated(desk: Desk, refused: Reply) -> None:
    connection = desk.open([refused, listings_reply()])
    read(desk, connection)
    tokens = [request.headers["x-amz-access-token"] for request in desk.transport.requests]
    assert tokens == ["Atza|1", "Atza|2"]


@pytest.mark.parametrize("details", [EXPIRED, INVALID])
def test_a_token_refused_twice_is_level_9(desk: Desk, details: str) -> None:
    connection = desk.open(lambda _: unauthorized(details))
    with pytest.raises(MallError) as caught:
        read(desk, connection)
    assert caught.value.spec.level is Level.CREDENTIALS
    assert len(desk.transport.requests) == 2


def test_an_ended_secret_is_level_9_at_once(desk: Desk) -> None:
    connection = desk.open([unauthorized(SECRET)])
    with pytest.raises(MallError) as caught:
        read(desk, connection)
    assert caught.value.code == "client-secret-expired"
    assert len(desk.transport.token_requests) == 1


@pytest.mark.parametrize("details", ["", INCIDENT])
def test_a_403_without_a_reason_halts_only_when_it_stays(desk: Desk, details: str) -> None:
    def answer(_: Request) -> Reply:
        told = unauthorized(details)
        return Reply(
            status=told.status,
            headers={},
            body=told.body,
            sent_at=desk.transport.time,
            received_at=desk.transport.time,
        )

    connection = desk.open(answer)
    levels = []
    for after_s in (0, 600, 1500, 1799, 1800):
        desk.transport.time = NOW + after_s
        with pytest.raises(MallError) as caught:
            read(desk, connection)
        levels.append(int(caught.value.spec.level))
        assert caught.value.done is Done.NOT_DONE
    assert levels == [8, 8, 8, 8, 9]


def test_a_good_answer_forgives_a_403(desk: Desk) -> None:
    connection = desk.open([unauthorized(), listings_reply(), unauthorized(), unauthorized()])
    for is_good in (False, True, False, False):
        desk.transport.time += 1700
        if is_good:
            read(desk, connection)
            continue
        with pytest.raises(MallError) as caught:
            read(desk, connection)
        assert caught.value.spec.level is Level.TRANSIENT


@pytest.mark.parametrize(
    ("answer", "code", "level"),
    [
        (reply({"error": "invalid_grant", "error_description": "hush"}, 400), "invalid_grant", 9),
        (reply({"error": "invalid_client"}, 401), "invalid_client", 9),
        (reply(b"", 503), "http-503", 8),
        (reply(b"", 429), "http-429", 8),
        (reply({"access_token": ""}), "unreadable", 8),
        (reply({"access_token": "あ"}), "unreadable", 8),
        (reply(b"<html>"), "unreadable", 8),
    ],
)
def test_a_renewal_that_fails_leaves_the_call_unsent(
    desk: Desk, answer: Reply, code: str, level: int
) -> None:
    connection = desk.open()
    desk.transport.token_reply = lambda _: answer
    with pytest.raises(MallError) as caught:
        read(desk, connection)
    error = caught.value
    assert (error.code, int(error.spec.level), error.family) == (code, level, Family.AUTH)
    assert error.done is Done.NOT_DONE
    assert desk.transport.requests == []
    assert "hush" not in str(error)


def test_a_changed_refresh_token_is_stored_before_it_is_used(desk: Desk) -> None:
    connection = desk.open(lambda _: listings_reply())
    desk.transport.token_reply = lambda number: reply(
        {"access_token": f"Atza|{number}", "refresh_token": "Atzr|new", "expires_in": 0}
    )
    read(desk, connection)
    read(desk, connection)
    assert desk.saved == [{**CREDENTIALS, "refresh_token": "Atzr|new"}]
    assert desk.transport.form()["refresh_token"] == "Atzr|new"


@pytest.mark.parametrize("missing", sorted(CREDENTIALS))
def test_incomplete_credentials_make_no_call(desk: Desk, missing: str) -> None:
    connection = desk.open(credentials={**CREDENTIALS, missing: " "})
    with pytest.raises(MallError) as caught:
        read(desk, connection)
    assert caught.value.code == "no-credentials"
    assert desk.transport.token_requests == []


def test_the_pause_after_a_429_is_one_turn_of_the_published_rate(desk: Desk) -> None:
    connection = desk.open(lambda _: failed(429, "QuotaExceeded"))
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert caught.value.retry_after_s == pytest.approx(178.6, abs=0.1)
    connection = desk.open(lambda _: failed(429, "QuotaExceeded"), {"speed": "60"})
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert caught.value.retry_after_s == pytest.approx(178.6 / 60, abs=0.1)


def test_the_pause_after_a_429_goes_by_the_rate_the_mall_told(desk: Desk) -> None:
    good = orders_reply()
    told = Reply(
        status=200,
        headers={"x-amzn-ratelimit-limit": "0.05"},
        body=good.body,
        sent_at=NOW,
        received_at=NOW,
    )
    connection = desk.open([told, failed(429, "QuotaExceeded")])
    desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    with pytest.raises(MallError) as caught:
        desk.run(connection.list_orders(NOW - 600, NOW, None, recheck=False))
    assert caught.value.retry_after_s == 20.0


def test_a_check_proves_token_orders_and_listings_without_a_list_call(desk: Desk) -> None:
    connection = desk.open([failed(404, "NotFound"), listings_reply()])
    report = desk.run(connection.check_credentials())
    paths = [request.path for request in desk.transport.requests]
    assert paths == [
        "/orders/2026-01-01/orders/000-0000000-0000000",
        "/listings/2021-08-01/items/A2EXAMPLE0SELLR",
    ]
    assert report.expires_at is None
    assert "180" in report.warnings[0][1]


def test_a_check_tells_a_403_without_a_reason_as_level_9(desk: Desk) -> None:
    connection = desk.open([failed(404, "NotFound"), unauthorized()])
    with pytest.raises(MallError) as caught:
        desk.run(connection.check_credentials())
    assert (caught.value.code, caught.value.family) == ("forbidden-stays", Family.STOCK)


def test_the_secrets_end_is_known_where_its_day_is_stored(desk: Desk) -> None:
    credentials = {**CREDENTIALS, "secret_issued_on": "2026-11-01"}
    connection = desk.open([failed(404, "NotFound"), listings_reply()], credentials=credentials)
    report = desk.run(connection.check_credentials())
    assert report.expires_at == 1_793_491_200.0 + 180 * 86_400
    assert report.warnings == ()


def test_every_bucket_a_call_names_has_a_rate() -> None:
    assert {field.name for field in KIND.card.credential_fields} >= set(CREDENTIALS)
    assert len({rate.bucket for rate in KIND.card.rates}) == len(KIND.card.rates)
