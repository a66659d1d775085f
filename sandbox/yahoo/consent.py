"""Consents, codes and tokens of the pretend Yahoo! JAPAN ID.

A consent is one merchant's yes: it owns one refresh token with a life counted from the yes, and
any number of access tokens. Codes are single-use. Nothing here speaks HTTP: `oauth` shows it, the
mall asks it for every call. Contract: sections 2.2 and 2.3.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sandbox.clock import Clock
from sandbox.mall import NewCredentials
from sandbox.yahoo.knobs import Knobs

ACCESS_LIFE_S = 3600.0
REFRESH_LIFE_S = 28 * 86_400.0
CODE_LIFE_S = 600.0
# Without a good public key the order calls work only this long after the consent.
ORDER_SESSION_S = 12 * 3600.0
# A speed divides the lives, but a token that dies between two polls would test nothing.
LIFE_S_MIN = 60.0
# Tokens and codes kept at most; the oldest go first.
KEPT_MAX = 1_000

OUT_OF_BAND = frozenset({"", "oob", "urn:ietf:wg:oauth:2.0:oob"})

GrantError = Literal["invalid_grant", "invalid_redirect_uri"]
BearerError = Literal["expired token", "invalid token"]


@dataclass(slots=True)
class Consent:
    """One yes of the merchant."""

    refresh_token: str
    given_at: float
    works_from: float  # a change of key may take time
    ends_at: float | None = None  # earlier than its life says
    forgiven_s: float = 0.0  # how much of the knob consent_age_s was turned before this yes
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """One authorization code, waiting to be redeemed."""

    redirect_uri: str
    challenge: str
    challenge_method: str
    expires_at: float


@dataclass(frozen=True, slots=True)
class AccessToken:
    """One access token and the consent behind it."""

    consent: Consent
    expires_at: float


@dataclass(frozen=True, slots=True)
class Grant:
    """What the token endpoint gives out; refresh_token only when there is one to store."""

    access_token: str
    expires_in_s: int
    refresh_token: str | None


class ConsentBook:
    """Every consent, code and token of the one app and the one store."""

    def __init__(self, clock: Clock, knobs: Callable[[], Knobs]) -> None:
        self._clock = clock
        self._knobs = knobs
        self._codes: dict[str, Code] = {}
        self._tokens: dict[str, AccessToken] = {}
        self.client_secret = ""
        self.consent = Consent("", 0.0, 0.0)
        self.start_over(NewCredentials())

    def start_over(self, wish: NewCredentials) -> None:
        """Withdraw everything and consent anew: only the new secret and token work."""
        now = self._clock.now()
        self._codes.clear()
        self._tokens.clear()
        self.client_secret = secrets.token_hex(20)
        self.consent = Consent(_new_refresh_token(), now, now + wish.grace_s)
        self.consent.forgiven_s = self._knobs().consent_age_s
        if wish.life_s is not None:
            self.consent.ends_at = now + wish.grace_s + wish.life_s

    def is_in_order_session(self, consent: Consent) -> bool:
        """Whether the consent is so fresh that order calls pass without a good key."""
        return self._age_s(consent) < self._clock.sped(ORDER_SESSION_S)

    def open_code(self, redirect_uri: str, challenge: str, challenge_method: str) -> str:
        """The merchant says yes in the browser: a code for one redemption."""
        code = secrets.token_urlsafe(9)
        expires_at = self._clock.now() + self._life_s(CODE_LIFE_S)
        self._codes[code] = Code(redirect_uri, challenge, challenge_method, expires_at)
        _keep_newest(self._codes)
        return code

    def redeem_code(
        self, code: str, redirect_uri: str, verifier: str, *, is_key_dead: bool
    ) -> Grant | GrantError:
        """Turn a code into tokens. A second use, a late one or a wrong verifier is refused.

        `is_key_dead` says that an injected fault has ended the key: it stays dead, a new one comes.
        """
        now = self._clock.now()
        opened = self._codes.pop(code, None)
        if opened is None or opened.expires_at <= now:
            return "invalid_grant"
        is_shown = {redirect_uri, opened.redirect_uri} <= OUT_OF_BAND
        if redirect_uri != opened.redirect_uri and not is_shown:
            return "invalid_redirect_uri"
        if opened.challenge and not _matches(verifier, opened):
            return "invalid_grant"
        # A yes before the end prolongs the refresh token, and its string stays the same.
        if self._is_alive(self.consent) and not is_key_dead:
            self.consent.given_at = now
        else:
            self.consent.is_withdrawn = True
            self.consent = Consent(_new_refresh_token(), now, now)
        self.consent.forgiven_s = self._knobs().consent_age_s
        return self._grant(self.consent.refresh_token)

    def refresh(self, refresh_token: str) -> Grant | GrantError:
        """A new access token for the refresh token; its own life is not prolonged."""
        if refresh_token != self.consent.refresh_token or not self._is_alive(self.consent):
            return "invalid_grant"
        if not self._knobs().rotates_refresh_token:
            return self._grant(None)
        self.consent.refresh_token = _new_refresh_token()
        return self._grant(self.consent.refresh_token)

    def find(self, access_token: str) -> Consent | BearerError:
        """The consent behind the bearer of one call."""
        token = self._tokens.get(access_token)
        if token is None:
            return "invalid token"
        if token.expires_at <= self._clock.now() or not self._is_alive(token.consent):
            return "expired token"
        return token.consent

    def _age_s(self, consent: Consent) -> float:
        made_older_s = self._clock.sped(self._knobs().consent_age_s - consent.forgiven_s)
        return self._clock.now() - consent.given_at + made_older_s

    def _is_alive(self, consent: Consent) -> bool:
        now = self._clock.now()
        if consent.is_withdrawn or now < consent.works_from:
            return False
        if consent.ends_at is not None and now >= consent.ends_at:
            return False
        return self._age_s(consent) < self._life_s(REFRESH_LIFE_S)

    def _life_s(self, seconds: float) -> float:
        return max(self._clock.sped(seconds), LIFE_S_MIN)

    def _grant(self, refresh_token: str | None) -> Grant:
        life_s = self._life_s(ACCESS_LIFE_S)
        access_token = secrets.token_urlsafe(48)
        self._tokens[access_token] = AccessToken(self.consent, self._clock.now() + life_s)
        _keep_newest(self._tokens)
        return Grant(access_token, int(life_s), refresh_token)


def _new_refresh_token() -> str:
    return secrets.token_urlsafe(36)


def _keep_newest(kept: dict[str, Code] | dict[str, AccessToken]) -> None:
    while len(kept) > KEPT_MAX:
        del kept[next(iter(kept))]


def _matches(verifier: str, code: Code) -> bool:
    if code.challenge_method in ("", "plain"):
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii") == code.challenge
