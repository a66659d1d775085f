"""How long a call must wait so that a mall's published rates are kept.

One token bucket for each pacing bucket a connector declares, as data, in its card. Decided purely:
the clock is handed in, and the wait is returned, never slept. A wait takes nothing: the caller
asks again when it is over, so a bucket that a refusal closed meanwhile stays closed for everyone.
Audits have a second, slower bucket, so that they never use more than half of a rate.

Invariants: in any window a bucket grants at most `burst` calls plus the rate's share of the window;
no call is granted before a closed bucket opens again.
"""

from collections.abc import Iterable
from typing import Final

from engine.connector import Rate

AUDIT_SHARE: Final = 0.5
"""What audits may use of a rate, at most."""

REFUSED_WAIT_S: Final = 1.0
"""A bucket's first wait after a 429 without Retry-After; doubles while refusals go on."""


TOLD_FACTOR_MAX: Final = 10.0
"""A mall's reply may make a rate so many times faster or slower than the published one."""


class _Turns:
    """One bucket, kept as the instant at which it would be full again (the GCRA form)."""

    def __init__(self, interval_s: float, burst: int) -> None:
        self.published_s = interval_s
        self.more = max(1, burst) - 1
        self.beat(interval_s)
        self.full_at = float("-inf")
        self.opens_at = float("-inf")

    def beat(self, interval_s: float) -> None:
        """From now on a turn comes back after so long, within bounds of the published rate."""
        least_s, most_s = self.published_s / TOLD_FACTOR_MAX, self.published_s * TOLD_FACTOR_MAX
        self.interval_s = min(max(interval_s, least_s), most_s)
        self.slack_s = self.interval_s * self.more

    def next_at(self, now: float) -> float:
        """The instant of the next turn, not before now."""
        return max(now, self.full_at - self.slack_s, self.opens_at)

    def take(self, now: float) -> None:
        """Uses up the turn that is free now."""
        self.full_at = max(now, self.full_at) + self.interval_s

    def close(self, until: float) -> None:
        """Grants nothing before that instant, and no burst right after it."""
        self.opens_at = max(self.opens_at, until)
        self.full_at = max(self.full_at, until + self.slack_s)


class Pacing:
    """The buckets of one mall account. Every instant handed in is of one monotonic clock."""

    def __init__(self, rates: Iterable[Rate], *, speed: float, wait_s_max: float) -> None:
        """Speed multiplies every rate (sandboxes); wait_s_max cuts what a refusal may ask for."""
        self._whole: dict[str, _Turns] = {}
        self._audit: dict[str, _Turns] = {}
        self._refusals: dict[str, int] = {}
        self._wait_s_max = wait_s_max
        for rate in rates:
            interval_s = rate.per_s / (rate.calls * speed)
            self._whole[rate.bucket] = _Turns(interval_s, rate.burst)
            self._audit[rate.bucket] = _Turns(interval_s / AUDIT_SHARE, 1)

    def take(self, bucket: str, now: float, *, is_audit: bool = False) -> float:
        """Take a turn if one is free now: 0 means go. Else the seconds until asking again.

        A bucket that no rate names is a bug of the connector, and raises KeyError.
        """
        whole, audit = self._whole[bucket], self._audit[bucket]
        wait_s = whole.next_at(now) - now
        if is_audit:
            wait_s = max(wait_s, audit.next_at(now) - now)
        if wait_s > 0:
            return wait_s
        whole.take(now)
        if is_audit:
            audit.take(now)
        return 0.0

    def refused(self, bucket: str, now: float, *, retry_after_s: float | None) -> float:
        """The mall answered 429 or the like: close the bucket and say for how many seconds.

        The mall's own Retry-After counts where it gave one; else the wait doubles with each
        refusal in a row. Either is cut to wait_s_max.
        """
        in_a_row = self._refusals.get(bucket, 0)
        self._refusals[bucket] = min(in_a_row + 1, 30)
        own_s = REFUSED_WAIT_S * float(2**in_a_row)
        wanted_s = own_s if retry_after_s is None else max(retry_after_s, 0.0)
        wait_s = min(wanted_s, self._wait_s_max)
        self._whole[bucket].close(now + wait_s)
        return wait_s

    def told(self, bucket: str, calls_per_s: float) -> None:
        """A reply told the rate of its bucket: it counts from now on, in place of the card's."""
        if calls_per_s > 0:
            self._whole[bucket].beat(1 / calls_per_s)
            self._audit[bucket].beat(1 / calls_per_s / AUDIT_SHARE)

    def answered(self, bucket: str) -> None:
        """The mall took a call of this bucket: refusals in a row end."""
        self._refusals.pop(bucket, None)
