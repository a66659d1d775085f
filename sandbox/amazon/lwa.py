"""Login with Amazon: the client's secret, the merchant's refresh token, the access tokens.

Contract: sections 1.2 and 1.3. Access tokens live an hour, divided by the speed, but never under a
minute. New credentials end the old secret, the old refresh token and their access tokens at once.
"""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

import msgspec
from starlette.responses import Response

from sandbox.amazon.answers import json_reply
from sandbox.clock import Clock
from sandbox.mall import Call, NewCredentials

TOKEN_PATH = "/auth/o2/token"  # noqa: S105 - a path, not a secret
ACCESS_LIFE_S = 3600.0
LIFE_S_MIN = 60.0  # a token that dies between two polls would test nothing
TOKENS_MAX = 1_000  # access tokens remembered; the oldest go first
FORM_FIELDS_MAX = 100
SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::client_credential:rotation",
)
NOT_GRANTED = (
    "The request has an invalid grant parameter : refresh_token. "
    "User may have revoked or didn't grant the permission."
)
_HEADERS = {
    "Cache-Control": "no-cache, no-store, must-revalidate",
    "Pragma": "no-cache",
    "Content-Type": "application/json;charset=UTF-8",
}

Verdict = Literal["good", "expired", "revoked", "grantless"]


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token; its generation is that of the credentials behind it."""

    expires_at: float
    generation: int
    grantless: bool = False


class Login:
    """One application that one merchant has authorised."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._tokens: dict[str, AccessToken] = {}
        self._generation = 0
        self._works_from = 0.0
        self._ends_at: float | None = None
        self.client_id = f"amzn1.application-oa2-client.{secrets.token_hex(16)}"
        self.client_secret = ""
        self.refresh_token = ""
        self.issue(NewCredentials())

    def issue(self, wish: NewCredentials) -> None:
        """Make a new secret and a new refresh token; the old ones stop."""
        now = self._clock.now()
        self._generation += 1
        self._works_from = now + wish.grace_s
        self._ends_at = None if wish.life_s is None else self._works_from + wish.life_s
        self.client_secret = f"amzn1.oa2-cs.v1.{secrets.token_hex(32)}"
        self.refresh_token = f"Atzr|{secrets.token_urlsafe(180)}"

    def verdict(self, access_token: str) -> Verdict:
        """Judge the token of an API call."""
        token = self._tokens.get(access_token)
        if token is None or token.generation != self._generation or not self._is_authorised():
            return "revoked"
        if token.expires_at <= self._clock.now():
            return "expired"
        return "grantless" if token.grantless else "good"

    def token(self, call: Call) -> Response:
        """Answer the token endpoint."""
        form = _form(call)
        kind = form.get("grant_type", "")
        if kind not in ("refresh_token", "client_credentials"):
            text = "The authorization grant type is not supported by the authorization server"
            response = login_error(400, "unsupported_grant_type", text)
            response.headers["X-Amzn-Errortype"] = "OA2UnsupportedGrantTypeException"
            return response
        if not form.get("client_id") or not form.get("client_secret"):
            return login_error(400, "invalid_request", "The request is missing a parameter.")
        if not self._is_client(form):
            return login_error(401, "invalid_client", "Client authentication failed")
        if kind == "client_credentials":
            return self._grantless(form.get("scope", ""))
        if not form.get("refresh_token"):
            text = "The request is missing a required parameter : refresh_token"
            return login_error(400, "invalid_request", text)
        if form["refresh_token"] != self.refresh_token:
            text = "The request has an invalid grant parameter : refresh_token"
            return login_error(400, "invalid_grant", text)
        if not self._is_authorised():
            return login_error(400, "invalid_grant", NOT_GRANTED)
        return self._granted({"refresh_token": self.refresh_token}, grantless=False)

    def _grantless(self, scope: str) -> Response:
        if scope not in SCOPES:
            return login_error(400, "invalid_scope", "The requested scope is invalid.")
        return self._granted({"scope": scope}, grantless=True)

    def _granted(self, more: dict[str, str], *, grantless: bool) -> Response:
        life_s = max(self._clock.sped(ACCESS_LIFE_S), LIFE_S_MIN)
        access_token = f"Atza|{secrets.token_urlsafe(180)}"
        expires_at = self._clock.now() + life_s
        self._tokens[access_token] = AccessToken(expires_at, self._generation, grantless)
        if len(self._tokens) > TOKENS_MAX:
            del self._tokens[next(iter(self._tokens))]
        body = {
            "access_token": access_token,
            **more,
            "token_type": "bearer",
            "expires_in": int(life_s),
        }
        response = json_reply(body)
        response.headers.update(_HEADERS)
        return response

    def _is_client(self, form: dict[str, str]) -> bool:
        if self._clock.now() < self._works_from:
            return False
        said = (form["client_id"], form["client_secret"])
        return said == (self.client_id, self.client_secret)

    def _is_authorised(self) -> bool:
        now = self._clock.now()
        return now >= self._works_from and (self._ends_at is None or now < self._ends_at)


def login_error(status: int, error: str, description: str) -> Response:
    """Refuse at the token endpoint, in the OAuth shape."""
    body = {
        "error_description": description,
        "error": error,
        "request_id": str(uuid.uuid4()),
    }
    response = json_reply(body, status)
    response.headers.update(_HEADERS)
    return response


def _form(call: Call) -> dict[str, str]:
    """Return the fields of a form, or of a JSON object; what is neither has none."""
    if call.headers.get("content-type", "").lower().startswith("application/json"):
        try:
            return msgspec.json.decode(call.body, type=dict[str, str])
        except (msgspec.DecodeError, ValueError, RecursionError):
            return {}
    text = call.body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
    except ValueError:
        return {}
