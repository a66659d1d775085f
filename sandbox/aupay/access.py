"""Who may call: the shop's API key, its 90 days, and the list of IP addresses.

Nothing refreshes a key: a person issues a new one on the manager's screen, and the old one is dead.
The 90 days are dates on a calendar and not divided by the speed; `life_s` shortens a key for a
test. Contract: section 1.
"""

from __future__ import annotations

import secrets

from sandbox.aupay.replies import BAD_KEY, EXPIRED_KEY, WireError
from sandbox.clock import Clock
from sandbox.mall import NewCredentials

LIFE_S = 90 * 86_400.0


class ApiKey:
    """The one key that works."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.text = ""
        self._works_from = 0.0  # by the monotonic clock: a skew does not change the grace
        self._expires_at = 0.0
        self.issue(NewCredentials())

    def issue(self, wish: NewCredentials) -> None:
        """Make a new key of 64 hexadecimal digits; the old one is refused from now on."""
        self.text = secrets.token_hex(32)
        self._works_from = self._clock.monotonic() + wish.grace_s
        self._expires_at = self._clock.now() + (LIFE_S if wish.life_s is None else wish.life_s)

    def problem(self, header: str) -> WireError | None:
        """Say why this `Authorization` header does not do, or None."""
        scheme, _, key = header.partition(" ")
        # Compared as it came: stray white space around a key is a known reason for a refusal.
        if scheme.lower() != "bearer" or key != self.text:
            return BAD_KEY
        if self._clock.monotonic() < self._works_from:
            return BAD_KEY
        return EXPIRED_KEY if self._clock.now() > self._expires_at else None
