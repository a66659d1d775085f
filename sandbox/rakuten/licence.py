"""The key pair of the pretend Rakuten: its life, its renewal, and its expiry look-up.

A licence key lives 90 days and nothing refreshes it: a person issues a new one, the old one is
dead at once, and the new one may be refused for a while (`grace_s`). The 90 days are dates on a
calendar and not divided by the speed; `life_s` shortens a key for a test.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import timedelta

from starlette.responses import Response

from sandbox.clock import Clock, jst
from sandbox.mall import Call, NewCredentials
from sandbox.rakuten.replies import WireError, errors, json_reply
from sandbox.rakuten.stamps import licence_stamp

LIFE_DAYS = 90


class Licence:
    """The one key pair that works."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.service_secret = f"SP100001_{secrets.token_hex(12)}"
        self.license_key = ""
        self.works_from = 0.0  # by the monotonic clock: a skew does not change a key's life
        self.expires_at = 0.0
        self.issue(NewCredentials())

    def issue(self, wish: NewCredentials) -> None:
        """Make a new licence key; the service secret stays."""
        now = self._clock.now()
        self.license_key = f"SL100001_{secrets.token_hex(12)}"
        self.works_from = self._clock.monotonic() + wish.grace_s
        if wish.life_s is None:
            last_day = jst(now) + timedelta(days=LIFE_DAYS)
            self.expires_at = last_day.replace(
                hour=23, minute=59, second=59, microsecond=0
            ).timestamp()
        else:
            self.expires_at = now + wish.life_s

    def accepts(self, pair: tuple[str, str]) -> bool:
        """Tell whether this pair works now."""
        if pair != (self.service_secret, self.license_key):
            return False
        if self._clock.monotonic() < self.works_from:
            return False
        return self._clock.now() <= self.expires_at

    def look_up(self, call: Call) -> Response:
        """Answer `license.expiryDate.get`."""
        asked = call.query.get("licenseKey")
        if not asked:
            return errors(400, WireError("IE0001", "licenseKey is mandatory", "licenseKey"))
        if asked != self.license_key:
            return errors(404, WireError("GE0014", "license key not found"))
        return json_reply({"expiryDate": licence_stamp(self.expires_at)})


def header_pair(header: str | None) -> tuple[str, str] | None:
    """Return (service secret, licence key) of an `Authorization: ESA ...`, or None."""
    if header is None or not header.startswith("ESA "):
        return None
    try:
        text = base64.b64decode(header[4:], validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    secret, colon, key = text.partition(":")
    return (secret, key) if colon else None
