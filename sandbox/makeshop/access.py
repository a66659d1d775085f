"""Who may call: the bearer token, the app's API key, and a time stamp that is not stale.

A permanent token has no end; `life_s` makes one that expires, as the temporary ones do. Contract:
section 2.
"""

from __future__ import annotations

import math
import re
import secrets

from starlette.datastructures import Headers

from sandbox.clock import Clock
from sandbox.makeshop.replies import BAD_TIMESTAMP, EXPIRED_TOKEN, UNAUTHENTICATED, GraphError
from sandbox.mall import NewCredentials

STAMP_LIFE_S = 3_600.0  # wall time: callers make a stamp for each call


class Keys:
    """The one pair that works."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.token = ""
        self.api_key = ""
        self._works_from = 0.0  # by the monotonic clock: a skew does not change the grace
        self._expires_at = math.inf
        self.issue(NewCredentials())

    def issue(self, wish: NewCredentials) -> None:
        """Make a new pair; the old one is refused from now on."""
        self.token = f"PAT.{secrets.token_hex(32)}"
        self.api_key = secrets.token_hex(32)
        self._works_from = self._clock.monotonic() + wish.grace_s
        self._expires_at = math.inf if wish.life_s is None else self._clock.now() + wish.life_s

    def problem(self, headers: Headers) -> GraphError | None:
        """Say why a call with these headers does not pass, or None."""
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or token != self.token:
            return UNAUTHENTICATED
        if headers.get("x-api-key") != self.api_key:
            return UNAUTHENTICATED
        if self._clock.monotonic() < self._works_from:
            return UNAUTHENTICATED
        if self._clock.now() > self._expires_at:
            return EXPIRED_TOKEN
        stamp = headers.get("x-timestamp", "")
        if not re.fullmatch(r"[0-9]{1,12}", stamp):
            return BAD_TIMESTAMP
        return BAD_TIMESTAMP if abs(self._clock.now() - int(stamp)) > STAMP_LIFE_S else None
