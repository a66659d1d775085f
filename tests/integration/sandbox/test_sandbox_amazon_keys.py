"""The pretend Amazon against its contract: login, the 403 table, rates, faults, the ready line."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator

import pytest

from sandbox.server import running
from tests.contract.amazon import model as schema
from tests.integration.sandbox.amazon_caller import (
    FAST,
    MARKET,
    ORDERS,
    Caller,
    availability,
    error,
    pretend_amazon,
)
from tests.integration.sandbox.rakuten_caller import until

PROBE = "/sellers/v1/marketplaceParticipations"


@pytest.fixture
def mall() -> Iterator[Caller]:
    with pretend_amazon() as caller:
        yield caller


@pytest.fixture(scope="module")
def worn_mall() -> Iterator[Caller]:
    """One for all whose calls are refused."""
    with pretend_amazon() as caller:
        caller.item("TEA-100", 5)
        yield caller


# -- the ready line --------------------------------------------------------------------------------


def test_the_ready_line_says_how_to_reach_and_drive_it() -> None:
    with running("amazon", speed=FAST) as served:
        line = json.loads(served.ready_line)

    assert tomllib.loads(line["config"])["malls"] == [
        {"name": "amazon", "kind": "amazon", "base_url": line["url"], "speed": 600}
    ]
    assert line["token_url"] == f"{line['url']}/auth/o2/token"
    assert sorted(line["credentials"]) == [
        "client_id",
        "client_secret",
        "marketplace_id",
        "refresh_token",
        "seller_id",
    ]
    assert line["credentials"]["marketplace_id"] == MARKET


# -- login -----------------------------------------------------------------------------------------


def test_a_refresh_token_buys_an_access_token_of_at_least_a_minute(mall: Caller) -> None:
    reply = mall.token()

    body = reply.json()
    assert (reply.status_code, body["token_type"], body["expires_in"]) == (200, "bearer", 60)
    assert body["refresh_token"] == mall.credentials["refresh_token"]
    assert reply.headers["cache-control"] == "no-cache, no-store, must-revalidate"
    probe = mall.call("GET", PROBE, schema.PARTICIPATIONS)
    assert probe.json()["payload"][0]["marketplace"]["id"] == MARKET


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"refresh_token": "Atzr|other"}, (400, "invalid_grant")),
        ({"refresh_token": ""}, (400, "invalid_request")),
        ({"client_secret": "other"}, (401, "invalid_client")),
        ({"client_id": "other"}, (401, "invalid_client")),
        ({"client_id": ""}, (400, "invalid_request")),
        ({"grant_type": "password"}, (400, "unsupported_grant_type")),
        ({"grant_type": ""}, (400, "unsupported_grant_type")),
        ({"grant_type": "client_credentials", "scope": "all"}, (400, "invalid_scope")),
    ],
)
def test_the_token_endpoint_refuses_in_the_oauth_shape(
    worn_mall: Caller, form: dict[str, str], expected: tuple[int, str]
) -> None:
    reply = worn_mall.token(**form)

    assert (reply.status_code, reply.json()["error"]) == expected


def test_a_token_request_may_be_json_and_nonsense_is_refused(worn_mall: Caller) -> None:
    whole = {"grant_type": "refresh_token", **worn_mall.credentials}
    assert worn_mall.client.post("/auth/o2/token", json=whole).status_code == 200

    headers = {"Content-Type": "application/json"}
    for body in (b"", b"[1]", b"\xff", b'{"grant_type": 3}'):
        reply = worn_mall.client.post("/auth/o2/token", content=body, headers=headers)
        assert reply.json()["error"] == "unsupported_grant_type"


def test_a_grantless_token_opens_no_sellers_call(mall: Caller) -> None:
    scope = "sellingpartnerapi::notifications"
    granted = mall.token(grant_type="client_credentials", scope=scope).json()
    assert granted["scope"] == scope

    mall.access_token = granted["access_token"]
    assert error(mall.call("GET", PROBE)) == (403, "Unauthorized", "")


# -- who may call ----------------------------------------------------------------------------------


def test_calls_without_a_good_token_are_403_and_say_why(mall: Caller) -> None:
    refused = mall.client.get(PROBE)
    assert error(refused)[2] == "Access token is missing in the request header."
    assert "x-amzn-ratelimit-limit" not in refused.headers
    assert refused.headers["x-amzn-requestid"]

    mall.access_token = "Atza|other"
    revoked = "The access token you provided is revoked, malformed or invalid."
    assert error(mall.call("GET", PROBE)) == (403, "Unauthorized", revoked)


def test_an_old_access_token_is_expired(mall: Caller) -> None:
    mall.fault("skew", seconds=61)

    reply = mall.call("GET", PROBE)

    assert error(reply)[2] == "The access token you provided has expired."
    mall.use(mall.credentials)
    assert mall.call("GET", PROBE).status_code == 200


def test_new_credentials_stop_the_old_ones(mall: Caller) -> None:
    old = mall.credentials
    new = mall.door("credentials", {})

    assert mall.call("GET", PROBE).status_code == 403
    assert mall.token().json()["error"] == "invalid_client"
    assert mall.token(client_secret=new["client_secret"]).json()["error"] == "invalid_grant"
    mall.use(new)
    assert mall.call("GET", PROBE).status_code == 200
    assert (new["seller_id"], new["client_id"]) == (old["seller_id"], old["client_id"])


def test_credentials_may_work_later_and_end(mall: Caller) -> None:
    mall.use(mall.door("credentials", {"grace_s": 1_000}))
    assert mall.token().json()["error"] == "invalid_client"

    mall.use(mall.door("credentials", {"life_s": 30}))
    assert mall.call("GET", PROBE).status_code == 200
    mall.fault("skew", seconds=31)
    assert "revoked" in error(mall.call("GET", PROBE))[2]
    assert mall.token().json()["error"] == "invalid_grant"


@pytest.mark.parametrize(
    ("form", "details", "login"),
    [
        ("invalid_grant", "is revoked, malformed or invalid.", "invalid_grant"),
        ("invalid_client", "access token you provided has expired.", "invalid_client"),
        ("secret_expired", "The LWA secret token you provided has expired.", None),
        ("access_token", "access token you provided has expired.", None),
        ("revoked_token", "is revoked, malformed or invalid.", None),
        ("missing_role", "", None),
        ("incident", "The security token included in the request is expired", None),
    ],
)
def test_each_line_of_the_403_table_can_be_provoked_and_ends_with_new_credentials(
    worn_mall: Caller, form: str, details: str, login: str | None
) -> None:
    worn_mall.fault("expired_key", form=form)

    status, code, said = error(worn_mall.search())
    assert (status, code) == (403, "Unauthorized")
    assert said.endswith(details)
    assert worn_mall.token().json().get("error") == login

    worn_mall.use(worn_mall.door("credentials", {}))
    assert worn_mall.search().status_code == 200


def test_another_sellers_listings_and_unknown_paths_are_403(worn_mall: Caller) -> None:
    query = {"marketplaceIds": MARKET}
    for path in (
        "/listings/2021-08-01/items/AOTHER/TEA-100",
        f"/listings/2021-08-01/items/{worn_mall.credentials['seller_id']}/MUG/L",
        "/nowhere",
    ):
        assert error(worn_mall.call("GET", path, params=query)) == (403, "Unauthorized", "")


# -- rates and faults ------------------------------------------------------------------------------


def test_beyond_the_burst_the_answer_is_429_and_tells_no_rate() -> None:
    with pretend_amazon(speed=1) as mall:
        replies = [mall.search() for _ in range(21)]

    assert {reply.status_code for reply in replies[:20]} == {200}
    assert {reply.headers["x-amzn-ratelimit-limit"] for reply in replies[:20]} == {"0.0056"}
    message = "You exceeded your quota for the requested resource."
    assert error(replies[20])[:2] == (429, "QuotaExceeded")
    assert replies[20].json()["errors"][0]["message"] == message
    assert "x-amzn-ratelimit-limit" not in replies[20].headers
    assert "retry-after" not in replies[20].headers


def test_a_400_and_a_404_tell_the_rate(worn_mall: Caller) -> None:
    refused = worn_mall.call("GET", ORDERS)
    missing = worn_mall.listing("NO-SUCH")

    assert (refused.status_code, missing.status_code) == (400, 404)
    assert refused.headers["x-amzn-ratelimit-limit"] == "3.36"
    assert missing.headers["x-amzn-ratelimit-limit"] == "3000.0"


@pytest.mark.parametrize(
    ("kind", "form", "status", "api", "login"),
    [
        ("maintenance", "503", 503, "ServiceUnavailable", "temporarily_unavailable"),
        ("maintenance", "504", 504, "ServiceUnavailable", "temporarily_unavailable"),
        ("maintenance", "html", 503, "<html>", None),
        ("rate_limit", "QuotaExceeded", 429, "QuotaExceeded", "temporarily_unavailable"),
        ("rate_limit", "application", 429, "for the application", "temporarily_unavailable"),
        ("server_error", "InternalFailure", 500, "InternalFailure", "server_error"),
        ("server_error", "html", 502, "<html>", None),
        ("server_error", "html_400", 400, "<html>", None),
    ],
)
def test_every_form_of_a_refusal(
    worn_mall: Caller, kind: str, form: str, status: int, api: str, login: str | None
) -> None:
    worn_mall.fault(kind, form=form, endpoint="orders", count=1)
    worn_mall.fault(kind, form=form, endpoint="auth", count=1)

    reply, token = worn_mall.search(), worn_mall.token()

    assert reply.status_code == status
    assert api in reply.text
    if login is not None:
        assert token.json()["error"] == login
    assert worn_mall.search().status_code == 200


def test_garbage_is_half_an_answer(worn_mall: Caller) -> None:
    worn_mall.fault("garbage", endpoint="auth", count=1)

    reply = worn_mall.client.get(PROBE, headers={"x-amz-access-token": worn_mall.access_token})

    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()


def test_bad_items_come_in_three_forms(worn_mall: Caller) -> None:
    seen = []
    for form in ("INVALID", "InvalidInput", "Unauthorized"):
        worn_mall.fault("bad_item", form=form, count=1)
        seen.append(worn_mall.push("TEA-100", 4))

    assert [reply.status_code for reply in seen] == [200, 400, 403]
    assert seen[0].json()["status"] == "INVALID"
    assert seen[0].json()["issues"][0]["severity"] == "ERROR"


@pytest.mark.slow
def test_lost_and_late_answers_of_a_push_act_on_the_listing(mall: Caller) -> None:
    mall.knob(live_s=0)
    mall.item("TEA-100", 5)
    path, headers = mall.path("TEA-100"), {"x-amz-access-token": mall.access_token}

    def lost(kind: str, quantity: int) -> None:
        mall.fault(kind, count=1)
        body = {"productType": "PRODUCT", "patches": [availability("merge", quantity=quantity)]}
        with pytest.raises(Exception, match="disconnected"):
            mall.client.patch(path, json=body, params={"marketplaceIds": MARKET}, headers=headers)

    lost("timeout_before", 1)
    assert mall.quantity("TEA-100") == 5
    lost("timeout_after", 2)
    assert mall.quantity("TEA-100") == 2
    lost("late_apply", 3)
    until(lambda: mall.quantity("TEA-100") == 3)


def test_calls_are_counted_by_endpoint(mall: Caller) -> None:
    mall.listing("A/B C")
    mall.search()

    calls = mall.state()["calls"]
    assert calls["GET /listings/2021-08-01/items/{sellerId}/{sku}"] == 1
    assert calls[f"GET {ORDERS}"] == 1
