"""The clock of one pretend mall: real wall time, a skew for tests, and the speed of its lags.

Order stamps, token lives and the `Date` header all come from here, so that a skewed mall is skewed
everywhere at once. Durations that the *side door* names are wall time; durations that the *mall*
owns (lags, lives, grace) go through `sped`.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone
from email.utils import formatdate

JST = timezone(timedelta(hours=9), "JST")
SPEED_MAX = 10_000.0  # beyond this the lags are shorter than a request takes


class Clock:
    """Tells the mall's time. `skew_s` is how far it runs ahead of the real time."""

    def __init__(self, speed: float = 1.0) -> None:
        if not 0 < speed <= SPEED_MAX:
            msg = f"speed must lie above 0 and up to {SPEED_MAX:g}, got {speed:g}"
            raise ValueError(msg)
        self.speed = speed
        self.skew_s = 0.0

    def now(self) -> float:
        """Return the seconds since the epoch as this mall sees them."""
        return time.time() + self.skew_s

    def monotonic(self) -> float:
        """Return seconds that only grow: for rates, fault durations and visibility lags."""
        return time.monotonic()

    def sped(self, seconds: float) -> float:
        """Return how long a duration that the mall owns lasts in this sandbox."""
        return seconds / self.speed

    def http_date(self) -> str:
        """Return the `Date` header."""
        return formatdate(self.now(), usegmt=True)


def jst(at: float) -> datetime:
    """Return the moment as Japanese wall time."""
    return datetime.fromtimestamp(at, JST)
