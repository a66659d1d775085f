"""Token buckets: how often a mall lets one function be called.

The published rate is multiplied by the sandbox's speed. A bucket holds the published burst, or one
second's worth of the sped-up rate if that is more, so that a caller who keeps to the average is
not refused for a few milliseconds of jitter.
"""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.clock import Clock

TOKEN_SLACK = 1e-6  # float rounding must not refuse a caller who waited exactly long enough


@dataclass(frozen=True, slots=True)
class Rate:
    """A published rate. Endpoints that share `bucket` share one allowance."""

    per_s: float
    burst: float = 1.0
    bucket: str = ""  # "" means: the endpoint's own


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Buckets:
    """One mall's buckets, by name."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, name: str, rate: Rate) -> float:
        """Take one call: 0.0 when it is allowed, else the seconds until it would be."""
        per_s = rate.per_s * self._clock.speed
        capacity = max(rate.burst, per_s)
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(name, _Bucket(capacity, now))
        filled = bucket.tokens + (now - bucket.filled_at) * per_s
        bucket.tokens = min(capacity, filled)
        bucket.filled_at = now
        if bucket.tokens >= 1.0 - TOKEN_SLACK:
            bucket.tokens -= 1.0
            return 0.0
        return (1.0 - bucket.tokens) / per_s
