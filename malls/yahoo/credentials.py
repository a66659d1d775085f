"""Access to Yahoo: the token, the public-key header, and the consent that renews both.

`Access` sends every store call. It keeps the access token in memory, refreshes it before its end
and once when a call answers that it was not taken; that call is then repeated once, a write too,
because a 401 is known not done. A new refresh token is stored before it is used. No secret enters
an error or leaves this module but in a request. Facts: docs/malls/yahoo.md.
"""

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key
from msgspec import Struct, structs

from engine.connector import Credentials, Reply, Request, Session
from engine.faults import Done, Family, MallError
from malls.yahoo import errors
from malls.yahoo.card import (
    AUTH_URL,
    CARD,
    CONSENT_LIFE_S,
    FORBIDDEN_PAUSE_S,
    REDIRECT_URI,
    YAHOO_HOST_END,
    speed_of,
)
from malls.yahoo.wire import JST, Node, form

TOKEN_MARGIN_S = 60.0
"""An access token is renewed this long before its end, or a tenth of its life if that is less."""

FORM_TYPE = "application/x-www-form-urlencoded;charset=UTF-8"

CONSENTED_AT = "consented_at"
"""The credential entry that remembers when consent was given: Yahoo does not tell."""

PUBLIC_KEY_ENDS = "public_key_expires_on"
"""The credential field that tells the public key's last day: Yahoo's calls do not."""

_ARMOUR = re.compile(r"-----[A-Z ]*-----|\\[nr]|\s")

KEY_STATUSES: Mapping[str, tuple[str, str]] = {
    "none": ("公開鍵が送られていません", "no public key was sent"),
    "expired-key-version": ("公開鍵の有効期限が切れています", "the public key has expired"),
    "invalid-key-version": ("公開鍵バージョンの形式が不正です", "the key version is malformed"),
    "not-found-key-version": ("その公開鍵バージョンはありません", "there is no such key version"),
    "invalid-key-status": ("公開鍵が無効になっています", "the public key is disabled"),
    "expired-timestamp": ("時計がずれています", "the clock is too far off"),
    "invalid-timestamp": ("時刻が数値ではありません", "the time sent is not a number"),
    "invalid-sellerid": ("ストアアカウントが一致しません", "the store account differs"),
    "invalid-authorize-value": ("署名の値の形式が不正です", "the signed value is malformed"),
    "unauthorized": ("公開鍵で復号できません", "the value could not be decrypted"),
}
"""X-SWS-Authorize-Status beside `authorized`: what it says in Japanese and English."""


class Answer(Struct, frozen=True):
    """A good answer: what was kept of its body, and when the call was under way."""

    root: Node
    sent_at: float
    received_at: float


class _TokenBody(Struct):
    """The token endpoint's answer; its id_token, which names a person, is not read."""

    access_token: str
    expires_in: float
    refresh_token: str = ""


class _TokenError(Struct):
    error: str


class Access:
    """One store's access, for one connection. Sends, signs, renews; see the module."""

    def __init__(self, session: Session) -> None:
        self._transport = session.transport
        self._session = session
        self._credentials = dict(session.credentials)
        self._token = ""
        self._token_until = 0.0
        self._renewal = asyncio.Lock()
        self._key: rsa.RSAPublicKey | None = None
        self._key_status = ""
        self._pause_s = FORBIDDEN_PAUSE_S / speed_of(session.switches)
        self.was_good = False
        """Whether any store call of this connection was answered well."""

    @property
    def seller_id(self) -> str:
        """The store account every call names."""
        return self._credentials.get("seller_id", "").strip()

    def now(self) -> float:
        """Mall time now."""
        return self._transport.now()

    @property
    def warnings(self) -> tuple[tuple[str, str], ...]:
        """What the last order call said of the public key, if that was not `authorized`."""
        if not self._key_status:
            return ()
        why, why_en = KEY_STATUSES.get(self._key_status, ("理由不明です", "reason unknown"))
        return (
            (
                f"公開鍵の確認に失敗しています（{why}）。同意から12時間で注文を取得できなくなります。",
                f"The public-key check fails ({why_en}): order calls stop 12 hours after consent.",
            ),
        )

    @property
    def expires_at(self) -> float | None:
        """When the consent or the public key ends, whichever is first; None if neither is known."""
        ends = [end for end in (self._consent_ends_at(), self._key_ends_at()) if end is not None]
        return min(ends, default=None)

    def _consent_ends_at(self) -> float | None:
        """When the refresh token ends by itself; None if the consent's moment is not known."""
        try:
            consented_at = float(self._credentials.get(CONSENTED_AT, ""))
        except ValueError:
            return None
        return consented_at + CONSENT_LIFE_S / speed_of(self._session.switches)

    def _key_ends_at(self) -> float | None:
        """The beginning of the public key's last day in Japan, if an operator stored it."""
        text = self._credentials.get(PUBLIC_KEY_ENDS, "").strip().replace("/", "-")
        try:
            return datetime.fromisoformat(text).replace(tzinfo=JST).timestamp()
        except (ValueError, OverflowError):
            return None

    async def call(
        self, request: Request, keep: frozenset[str], *, is_signed: bool = False
    ) -> Answer:
        """Sends one store call and returns its good answer; anything else raises `MallError`."""
        token = await self._valid_token()
        root: Node | None = None

        def judge(reply: Reply) -> None:
            nonlocal root
            root = errors.read_reply(reply, request.family, keep, self._pause_s)

        def judge_first(reply: Reply) -> None:
            # A token that is not taken is no fault yet: it is renewed and the call repeated.
            if not errors.token_expired(reply):
                judge(reply)

        reply = await self._transport.send(
            self._dressed(request, token, is_signed=is_signed), judge_first
        )
        if root is None:
            token = await self._renewed_token(token)
            reply = await self._transport.send(
                self._dressed(request, token, is_signed=is_signed), judge
            )
        if root is None:
            raise errors.fault(reply, request.family, errors.UNREADABLE_CODE, self._pause_s)
        self.was_good = True
        if is_signed:
            self._note_key_status(reply)
        return Answer(root, reply.sent_at, reply.received_at)

    async def refresh(self) -> None:
        """Proves the refresh token by using it."""
        await self._renewed_token(self._token)

    async def _valid_token(self) -> str:
        if self._token and self._transport.now() < self._token_until:
            return self._token
        return await self._renewed_token(self._token)

    async def _renewed_token(self, refused: str) -> str:
        """A token other than the one refused; one refresh at a time serves all who wait."""
        async with self._renewal:
            if self._token == refused:
                await self._refresh()
            return self._token

    async def _refresh(self) -> None:
        self._require("seller_id", "client_id", "client_secret", "refresh_token")
        fields = (
            ("grant_type", "refresh_token"),
            ("refresh_token", self._credentials["refresh_token"]),
        )
        try:
            body = await _ask_token(self._session, self._credentials, fields, is_safe=True)
        except MallError as failed:
            # Whatever became of the refresh, the call it was for has not been sent.
            raise MallError(
                failed.spec,
                family=failed.family,
                code=failed.code,
                retry_after_s=failed.retry_after_s,
                done=Done.NOT_DONE,
            ) from failed
        if body.refresh_token and body.refresh_token != self._credentials["refresh_token"]:
            rotated = {**self._credentials, "refresh_token": body.refresh_token}
            await self._session.save_credentials(rotated)
            self._credentials = rotated
        self._token = body.access_token
        life_s = max(body.expires_in, 0.0)
        margin_s = min(TOKEN_MARGIN_S, life_s / 10)
        self._token_until = self._transport.now() + life_s - margin_s

    def _require(self, *names: str) -> None:
        if not all(self._credentials.get(name, "").strip() for name in names):
            raise errors.refuse(errors.NO_CREDENTIALS_CODE, Family.AUTH)

    def _dressed(self, request: Request, token: str, *, is_signed: bool) -> Request:
        headers = {**request.headers, "Authorization": f"Bearer {token}"}
        # Without a key the order calls still work for 12 hours; the mall then says `none`.
        if is_signed and self._credentials.get("public_key", "").strip():
            if self._key is None:
                self._key = read_key(self._credentials["public_key"])
            told = f"{self.seller_id}:{int(self._transport.now())}"
            headers["X-sws-signature"] = sealed(self._key, told)
            headers["X-sws-signature-version"] = self._credentials.get(
                "public_key_version", ""
            ).strip()
        return structs.replace(request, headers=headers)

    def _note_key_status(self, reply: Reply) -> None:
        status = reply.headers.get("x-sws-authorize-status", "").strip()
        if status:
            self._key_status = "" if status == "authorized" else status


def read_key(text: str) -> rsa.RSAPublicKey:
    """The store's public key from PEM, also on one line, or from its bare base64 body."""
    try:
        key = load_der_public_key(base64.b64decode(_ARMOUR.sub("", text), validate=True))
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise errors.refuse(errors.BAD_KEY_CODE, Family.ORDERS) from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise errors.refuse(errors.BAD_KEY_CODE, Family.ORDERS)
    return key


def sealed(key: rsa.RSAPublicKey, told: str) -> str:
    """Text encrypted with the mall's key as the signature header wants it."""
    try:
        return base64.b64encode(key.encrypt(told.encode(), padding.PKCS1v15())).decode("ascii")
    except ValueError:  # a key too short for the text
        raise errors.refuse(errors.BAD_KEY_CODE, Family.ORDERS) from None


async def _ask_token(
    session: Session,
    credentials: Credentials,
    fields: tuple[tuple[str, str], ...],
    *,
    is_safe: bool,
) -> _TokenBody:
    """One call of the token endpoint."""
    pair = f"{credentials['client_id'].strip()}:{credentials['client_secret'].strip()}"
    request = Request(
        method="POST",
        path=f"{session.switches.get('auth_url', '').rstrip('/') or AUTH_URL}/yconnect/v2/token",
        family=Family.AUTH,
        bucket="token",
        is_safe=is_safe,
        headers={
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode("ascii"),
            "Content-Type": FORM_TYPE,
        },
        body=form([(name, value.strip()) for name, value in fields]),
    )
    body: _TokenBody | None = None

    def judge(reply: Reply) -> None:
        nonlocal body
        body = _read_token(reply, FORBIDDEN_PAUSE_S / speed_of(session.switches))

    reply = await session.transport.send(request, judge)
    if body is None:
        raise errors.fault(reply, Family.AUTH, errors.UNREADABLE_CODE, FORBIDDEN_PAUSE_S)
    return body


def _read_token(reply: Reply, pause_s: float) -> _TokenBody:
    code = errors.UNREADABLE_CODE
    try:
        if reply.status == 200:
            body = msgspec.json.decode(reply.body, type=_TokenBody, strict=False)
            if body.access_token:
                return body
        else:
            code = errors.code_text(msgspec.json.decode(reply.body, type=_TokenError).error)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        if reply.status != 200:
            code = errors.FORBIDDEN_CODE if reply.status == 403 else f"http-{reply.status}"
    # Without the cause: a decoder's message is about a body full of secrets.
    raise errors.fault(reply, Family.AUTH, code, pause_s) from None


class ConsentRenewal:
    """`key renew` for Yahoo: the operator opens the consent page and brings the code back (M12)."""

    def consent_url(self, credentials: Credentials, base_url: str) -> str:
        """The consent page; of the sandbox if the mall's base_url is one."""
        query = urlencode(
            {
                "response_type": "code",
                "client_id": credentials.get("client_id", "").strip(),
                "redirect_uri": _redirect_uri(credentials),
                "scope": "openid profile",
                "bail": "1",
                "state": secrets.token_urlsafe(16),
                "nonce": secrets.token_urlsafe(16),
            },
            quote_via=quote,
        )
        return f"{auth_base(base_url)}/yconnect/v2/authorization?{query}"

    async def redeem(self, session: Session, code: str) -> Credentials:
        """Trades the code, or the whole address the browser was sent to, for new credentials."""
        credentials = session.credentials
        if not all(credentials.get(name, "").strip() for name in ("client_id", "client_secret")):
            raise errors.refuse(errors.NO_CREDENTIALS_CODE, Family.AUTH)
        fields = (
            ("grant_type", "authorization_code"),
            ("code", _bare_code(code)),
            ("redirect_uri", _redirect_uri(credentials)),
        )
        # Not safe to repeat: a code works once.
        body = await _ask_token(session, credentials, fields, is_safe=False)
        if not body.refresh_token:
            raise errors.refuse(errors.UNREADABLE_CODE, Family.AUTH)
        return {
            **credentials,
            "refresh_token": body.refresh_token,
            CONSENTED_AT: str(int(session.transport.now())),
        }


def auth_base(base_url: str) -> str:
    """Where consent and tokens are: at Yahoo's own login host, or beside a sandbox's calls."""
    base = base_url.rstrip("/")
    host = urlsplit(base).hostname or ""
    return AUTH_URL if base in {"", CARD.base_url} or host.endswith(YAHOO_HOST_END) else base


def _redirect_uri(credentials: Credentials) -> str:
    return credentials.get("redirect_uri", "").strip() or REDIRECT_URI


def _bare_code(text: str) -> str:
    text = text.strip()
    found = parse_qs(urlsplit(text).query).get("code") if "code=" in text else None
    return found[0] if found else text


def forbidden_at_check(failed: MallError, access: Access) -> MallError:
    """A 403 without a code is the daily limit, unless this client ID was never once good."""
    if failed.code != errors.FORBIDDEN_CODE or access.was_good:
        return failed
    return MallError(errors.CLIENT_UNPROVEN, family=failed.family, code=failed.code)
