"""The consent page and the token endpoint of the pretend Yahoo! JAPAN ID.

The merchant of the sandbox always says yes: the page redirects at once with a fresh code, or shows
it when there is nowhere to go. With `prompt=consent` it asks first, with one button. Contract:
sections 2.2 and 2.3.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from html import escape
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from sandbox.faults import Faults
from sandbox.mall import Call
from sandbox.yahoo.consent import OUT_OF_BAND, ConsentBook, Grant
from sandbox.yahoo.reply import HTML, Reply

AUTHORIZATION_PATH = "/yconnect/v2/authorization"
TOKEN_PATH = "/yconnect/v2/token"  # noqa: S105 - a path, not a secret
JSON = "application/json; charset=UTF-8"
FORM_FIELDS_MAX = 100
REDIRECT_URL_LENGTH_MAX = 2_000

# The field exists on the real mall, the numbers are invented (?): decide on `error` only.
ERROR_NUMBERS = {
    "invalid_request": 1001,
    "invalid_grant": 1002,
    "invalid_client": 1003,
    "unsupported_grant_type": 1004,
    "invalid_redirect_uri": 1005,
    "server_error": 1010,
}


def form_fields(body: bytes) -> dict[str, str]:
    """A form's fields; of a repeated name the last counts. What is no form has none."""
    text = body.decode("utf-8", "replace")
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX))
    except ValueError:
        return {}


class IdentityProvider:
    """Both pages, for one app with one client ID."""

    def __init__(self, client_id: str, book: ConsentBook, faults: Faults) -> None:
        self.client_id = client_id
        self._book = book
        self._faults = faults

    def authorization(self, call: Call) -> Reply:
        """The consent page."""
        query = call.query
        if query.get("client_id") != self.client_id:
            return _page(400, "クライアントIDが正しくありません。(invalid client_id)")
        address = query.get("redirect_uri", "")
        if address not in OUT_OF_BAND and not _is_web_address(address):
            return _page(400, "リダイレクト先が正しくありません。(invalid redirect_uri)")
        if query.get("response_type") != "code":
            return self._send_back(call, {"error": "unsupported_response_type"})
        method = query.get("code_challenge_method", "")
        if method not in ("", "plain", "S256"):
            return self._send_back(call, {"error": "invalid_request"})
        if call.method == "GET" and "consent" in query.get("prompt", "").split():
            button = '<form method="post"><button type="submit">同意する</button></form>'
            return _page(200, "ストアへのアクセスに同意しますか。", button)
        code = self._book.open_code(address, query.get("code_challenge", ""), method)
        return self._send_back(call, {"code": code})

    def token(self, call: Call) -> Reply:
        """The token endpoint."""
        form = form_fields(call.body)
        if not self._is_client(call, form):
            return token_error(401, "invalid_client", "client authentication failed.")
        kind = form.get("grant_type", "")
        if kind == "authorization_code":
            return self._redeem(form)
        if kind == "refresh_token":
            if not form.get("refresh_token"):
                return token_error(400, "invalid_request", "refresh_token is required.")
            granted = self._book.refresh(form["refresh_token"])
            if isinstance(granted, Grant):
                return _granted(granted, with_id=False)
            return token_error(400, granted, "refresh token is expired.")
        if not kind:
            return token_error(400, "invalid_request", "grant_type is required.")
        return token_error(400, "unsupported_grant_type", "grant_type is not supported.")

    def is_redemption(self, call: Call) -> bool:
        """Whether this token call brings a code, which is how a dead consent is renewed."""
        return form_fields(call.body).get("grant_type") == "authorization_code"

    def _redeem(self, form: dict[str, str]) -> Reply:
        if not form.get("code"):
            return token_error(400, "invalid_request", "code is required.")
        granted = self._book.redeem_code(
            form["code"],
            form.get("redirect_uri", ""),
            form.get("code_verifier", ""),
            is_key_dead=any(f.wish.kind == "expired_key" for f in self._faults.waiting()),
        )
        if not isinstance(granted, Grant):
            return token_error(400, granted, "code is expired, used, or not for this client.")
        self._faults.end_expiry()
        return _granted(granted, with_id=True)

    def _is_client(self, call: Call, form: dict[str, str]) -> bool:
        client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
        scheme, _, value = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                said = base64.b64decode(value.strip(), validate=True).decode("utf-8")
            except (binascii.Error, ValueError):
                return False
            client_id, _, secret = said.partition(":")
        return client_id == self.client_id and secret == self._book.client_secret

    def _send_back(self, call: Call, said: dict[str, str]) -> Reply:
        address = call.query.get("redirect_uri", "")
        if address in OUT_OF_BAND:
            if "code" not in said:
                return _page(400, said["error"])
            return _page(200, "認可コード", f'<code id="code">{escape(said["code"])}</code>')
        if state := call.query.get("state"):
            said = {**said, "state": state}
        parts = urlsplit(address)
        query = "&".join(filter(None, [parts.query, urlencode(said)]))
        location = urlunsplit(parts._replace(query=query))
        # A header carries ASCII only.
        location = quote(location, safe=":/?#[]@!$&'()*+,;=%~")
        return Reply("", 302, HTML, {"Location": location})


def token_error(status: int, error: str, description: str) -> Reply:
    """A refusal of the token endpoint."""
    body = {
        "error": error,
        "error_description": description,
        "error_code": ERROR_NUMBERS.get(error, 1000),
    }
    return Reply(json.dumps(body), status, JSON, {"Cache-Control": "no-store"})


def _granted(grant: Grant, *, with_id: bool) -> Reply:
    body: dict[str, object] = {
        "access_token": grant.access_token,
        "token_type": "Bearer",
        "expires_in": grant.expires_in_s,
    }
    if grant.refresh_token is not None:
        body["refresh_token"] = grant.refresh_token
    if with_id:
        body["id_token"] = _id_token()
    return Reply(json.dumps(body), 200, JSON, {"Cache-Control": "no-store"})


def _id_token() -> str:
    """Three parts like a signed token; nobody here checks the signature."""
    parts = (b'{"typ":"JWT","alg":"RS256"}', b'{"sub":"DEMOMERCHANT"}', secrets.token_bytes(64))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def _is_web_address(address: str) -> bool:
    if len(address) > REDIRECT_URL_LENGTH_MAX or not address.isprintable():
        return False
    try:
        parts = urlsplit(address)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return is_port and parts.scheme in ("http", "https") and bool(parts.hostname)


def _page(status: int, sentence: str, more: str = "") -> Reply:
    body = (
        '<!DOCTYPE html><html lang="ja"><head><meta charset="UTF-8"><title>Yahoo! JAPAN ID'
        f"（サンドボックス）</title></head><body><p>{escape(sentence)}</p>{more}</body></html>"
    )
    return Reply(body, status, HTML)
