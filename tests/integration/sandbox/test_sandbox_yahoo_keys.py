"""Consents, tokens, the public key, and what happens when any of them is not good."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import padding

from sandbox.yahoo.public_key import KeyCabinet
from tests.integration.sandbox.yahoo_caller import (
    BASE,
    CALLBACK,
    Caller,
    error_code,
    parsed,
    pretend_yahoo,
    stamp,
)

EXPIRED = 'Bearer realm="yahooapis.jp", error="invalid_token", error_description="expired token"'


@pytest.fixture
def yahoo() -> Iterator[Caller]:
    with pretend_yahoo() as caller:
        yield caller


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """For tables of refusals, which leave nothing behind."""
    with pretend_yahoo() as caller:
        yield caller


def test_a_refresh_answers_an_access_token_and_no_new_refresh_token(yahoo: Caller) -> None:
    reply = yahoo.refresh()

    assert reply.status_code == 200
    assert reply.json().keys() == {"access_token", "token_type", "expires_in"}
    assert reply.json()["expires_in"] == 60  # 3600 s at this speed would be too short


def test_credentials_in_the_body_work_like_those_in_the_header(yahoo: Caller) -> None:
    form = {name: yahoo.credentials[name] for name in ("client_id", "client_secret")}
    form |= {"grant_type": "refresh_token", "refresh_token": yahoo.credentials["refresh_token"]}

    assert yahoo.client.post("/yconnect/v2/token", data=form).status_code == 200


def test_a_rotated_refresh_token_ends_the_old_one(yahoo: Caller) -> None:
    yahoo.knob(rotates_refresh_token=True)
    rotated = yahoo.refresh().json()["refresh_token"]

    assert yahoo.refresh().json()["error"] == "invalid_grant"
    again = yahoo.token(grant_type="refresh_token", refresh_token=rotated)
    assert again.status_code == 200


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "refresh_token"}, 400, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "あ"}, 400, "invalid_grant"),
        ({"grant_type": "authorization_code"}, 400, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_grant"),
    ],
)
def test_a_bad_token_request_is_named(
    shared: Caller, form: dict[str, str], status: int, error: str
) -> None:
    reply = shared.token(**form)

    assert (reply.status_code, reply.json()["error"]) == (status, error)


@pytest.mark.parametrize("header", ["Basic !!", "Basic eDp5", "Basic", ""])
def test_an_unknown_client_is_refused(shared: Caller, header: str) -> None:
    reply = shared.client.post("/yconnect/v2/token", headers={"Authorization": header})

    assert (reply.status_code, reply.json()["error"]) == (401, "invalid_client")


def test_a_consent_redirects_with_a_code_that_works_once(yahoo: Caller) -> None:
    reply = yahoo.consent(redirect_uri=CALLBACK + "?a=1")
    assert reply.headers["location"].startswith(CALLBACK + "?a=1&code=")
    assert reply.headers["location"].endswith("&state=s1")

    code = yahoo.code()
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    granted = yahoo.token(**form).json()
    # The old consent was alive: it is prolonged, and its string stays the same.
    assert granted["refresh_token"] == yahoo.credentials["refresh_token"]
    assert granted["id_token"].count(".") == 2
    assert yahoo.token(**form).json()["error"] == "invalid_grant"


def test_a_code_without_a_place_to_go_is_shown(yahoo: Caller) -> None:
    page = yahoo.consent(redirect_uri="oob")
    code = page.text.split('<code id="code">')[1].split("</code>")[0]

    reply = yahoo.token(grant_type="authorization_code", code=code, redirect_uri="oob")
    assert (page.status_code, reply.status_code) == (200, 200)


def test_a_merchant_who_is_asked_says_yes_with_one_button(yahoo: Caller) -> None:
    page = yahoo.consent(prompt="login consent")
    assert "<button" in page.text

    reply = yahoo.client.post(str(page.url))
    assert (reply.status_code, "code=" in reply.headers["location"]) == (302, True)


def test_a_code_is_for_one_address_and_one_verifier(yahoo: Caller) -> None:
    elsewhere = yahoo.token(grant_type="authorization_code", code=yahoo.code(), redirect_uri="oob")
    assert elsewhere.json()["error"] == "invalid_redirect_uri"

    verifier = "v" * 43
    digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
    challenge = digest.rstrip(b"=").decode()
    for said, status in ((verifier, 200), ("w" * 43, 400)):
        code = yahoo.code(code_challenge=challenge, code_challenge_method="S256")
        reply = yahoo.token(
            grant_type="authorization_code", code=code, redirect_uri=CALLBACK, code_verifier=said
        )
        assert reply.status_code == status


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"client_id": "other"}, 400),
        ({"redirect_uri": "javascript:alert(1)"}, 400),
        ({"redirect_uri": "http://[bad/"}, 400),
        ({"redirect_uri": "http://a:b/"}, 400),
        ({"redirect_uri": "http://a/\r\nX: y"}, 400),
        ({"response_type": "token"}, 302),
        ({"code_challenge_method": "S512"}, 302),
    ],
)
def test_a_bad_consent_request_gives_no_code(
    shared: Caller, query: dict[str, str], status: int
) -> None:
    reply = shared.consent(**query)

    assert reply.status_code == status
    assert "code=" not in reply.headers.get("location", "")


def test_a_refresh_token_dies_after_28_days_and_a_new_consent_makes_another(yahoo: Caller) -> None:
    yahoo.knob(consent_age_s=28 * 86_400)
    assert yahoo.refresh().json()["error"] == "invalid_grant"
    assert yahoo.get("getItem").headers["www-authenticate"] == EXPIRED

    form = {"grant_type": "authorization_code", "code": yahoo.code(), "redirect_uri": CALLBACK}
    renewed = yahoo.token(**form).json()["refresh_token"]
    assert renewed != yahoo.credentials["refresh_token"]
    assert yahoo.token(grant_type="refresh_token", refresh_token=renewed).status_code == 200


@pytest.mark.parametrize(
    ("header", "status", "described"),
    [("Bearer nobody", 401, "invalid token"), ("Bearer", 401, None), ("Basic eDp5", 401, None)],
)
def test_a_wrong_bearer_is_401_without_a_code(
    shared: Caller, header: str, status: int, described: str | None
) -> None:
    reply = shared.client.post(BASE + "getStock", headers={"Authorization": header})

    assert reply.status_code == status
    if described is None:
        assert reply.text == "Service Requires Authentication"
    else:
        assert f'error_description="{described}"' in reply.headers["www-authenticate"]
        assert error_code(reply) == ""
        assert reply.headers["www-authenticate"] in parsed(reply).findtext("Message", "")


@pytest.mark.parametrize(
    ("text", "change", "verdict"),
    [
        (None, {}, "authorized"),
        (None, {"X-sws-signature": ""}, "none"),
        (None, {"X-sws-signature-version": "one"}, "invalid-key-version"),
        (None, {"X-sws-signature-version": "7"}, "not-found-key-version"),
        (None, {"X-sws-signature": "%%%"}, "unauthorized"),
        ("demo-store:1600000000", {}, "expired-timestamp"),
        ("demo-store:soon", {}, "invalid-timestamp"),
        ("other-store:1600000000", {}, "invalid-sellerid"),
        ("demo-store", {}, "invalid-authorize-value"),
    ],
)
def test_a_bad_key_shows_in_a_header_while_the_call_still_works(
    shared: Caller, text: str | None, change: dict[str, str], verdict: str
) -> None:
    reply = shared.xml("orderList", search(shared), {**shared.signature(text), **change})

    assert reply.status_code == 200
    assert reply.headers["x-sws-authorize-status"] == verdict


def test_a_value_sealed_with_another_key_is_unauthorized() -> None:
    cabinet, other = KeyCabinet(), KeyCabinet()
    sealing = other.newest.private_key.public_key()
    sealed = base64.b64encode(sealing.encrypt(b"demo-store:1", padding.PKCS1v15())).decode()
    headers = {"x-sws-signature": sealed, "x-sws-signature-version": "1"}

    assert cabinet.verdict(headers, "demo-store", 1.0, 300.0) == "unauthorized"


def test_twelve_hours_after_the_consent_order_calls_need_the_key(yahoo: Caller) -> None:
    yahoo.knob(consent_age_s=12 * 3600)

    keyless = yahoo.xml("orderList", search(yahoo), {})
    assert (keyless.status_code, error_code(keyless)) == (401, "px-04102")
    assert keyless.headers["x-sws-authorize-status"] == "none"
    assert yahoo.xml("orderList", search(yahoo)).status_code == 200
    # Stock and item calls never needed it.
    assert yahoo.read("ghost").get("ng") == "1"


def test_a_knob_makes_the_key_expire_while_it_signs_well(yahoo: Caller) -> None:
    yahoo.knob(authorize_status="expired-key-version")

    reply = yahoo.xml("orderList", search(yahoo))
    assert reply.headers["x-sws-authorize-status"] == "expired-key-version"


def test_new_credentials_work_and_the_old_ones_stop(yahoo: Caller) -> None:
    old = yahoo.credentials
    old_key, old_token = yahoo.signature(), yahoo.access_token
    new = yahoo.door("credentials", {})

    assert yahoo.refresh().json()["error"] == "invalid_client"
    assert yahoo.get("orderCount").status_code == 401
    yahoo.use(new)
    assert {name for name in new if new[name] == old[name]} == {"seller_id", "client_id"}
    stale = yahoo.xml("orderList", search(yahoo), old_key)
    assert stale.headers["x-sws-authorize-status"] == "invalid-key-status"
    assert yahoo.access_token != old_token


def test_new_credentials_may_come_late_and_end_early(yahoo: Caller) -> None:
    new = yahoo.door("credentials", {"grace_s": 3600})
    yahoo.credentials = new
    assert yahoo.refresh().json()["error"] == "invalid_grant"

    yahoo.use(yahoo.door("credentials", {"life_s": 3600}))
    yahoo.fault("skew", seconds=3601)
    assert yahoo.refresh().json()["error"] == "invalid_grant"


def test_an_expired_key_refuses_every_token_until_a_new_consent(yahoo: Caller) -> None:
    yahoo.fault("expired_key")
    refused = yahoo.get("getItem", seller_id="demo-store", item_code="a")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, EXPIRED)
    assert yahoo.refresh().json()["error"] == "invalid_grant"

    form = {"grant_type": "authorization_code", "code": yahoo.code(), "redirect_uri": CALLBACK}
    granted = yahoo.token(**form).json()
    assert granted["refresh_token"] != yahoo.credentials["refresh_token"]
    yahoo.use({**yahoo.credentials, "refresh_token": granted["refresh_token"]})
    assert yahoo.read("ghost").get("ng") == "1"


def test_new_credentials_end_an_expired_key(yahoo: Caller) -> None:
    yahoo.fault("expired_key")
    yahoo.use(yahoo.door("credentials", {}))

    assert yahoo.read("ghost").get("ng") == "1"


@pytest.mark.parametrize(
    ("form", "orders", "stock"),
    [
        ("access_token", 401, 401),
        ("insufficient_scope", 403, 403),
        ("px-04102", 401, 200),
        ("px-04303", 403, 200),
        ("px-04306", 403, 200),
        ("px-04307", 403, 403),
        ("px-14303", 403, 403),
        ("px-14304", 403, 403),
    ],
)
def test_each_form_of_a_refused_key_hits_the_calls_it_speaks_of(
    yahoo: Caller, form: str, orders: int, stock: int
) -> None:
    yahoo.fault("expired_key", form=form)

    refused = yahoo.xml("orderList", search(yahoo))
    assert refused.status_code == orders
    if form.startswith("px-"):
        assert error_code(refused) == form
    assert yahoo.form("getStock", item_code="a").status_code == stock
    assert yahoo.refresh().status_code == 200


def search(yahoo: Caller) -> str:
    """A search that finds nothing new."""
    since = stamp(time.time())
    return (
        f"<Req><Search><Condition><OrderTimeFrom>{since}</OrderTimeFrom></Condition>"
        "<Field>OrderId</Field></Search>"
        f"<SellerId>{yahoo.credentials['seller_id']}</SellerId></Req>"
    )
