"""How far a mall's clock is from this machine's, learnt from the `Date` headers of its replies.

`Date` tells whole seconds only, so one reply gives an interval for the offset: a reply generated at
mall time D..D+1 was generated between our sending and our receiving. Each reply narrows what the
earlier ones left; the middle is used. When a reply contradicts them (a clock was set, or crept
away), the earlier ones are forgotten. Nothing is read here: the moments are handed in.
"""

from email.utils import parsedate_to_datetime
from typing import Final

DATE_RESOLUTION_S: Final = 1.0
"""What a Date header cannot tell."""


class MallClock:
    """The offset of one mall's clock. Wall seconds in, mall seconds out."""

    def __init__(self) -> None:
        self._low: float | None = None
        self._high = 0.0

    @property
    def is_known(self) -> bool:
        """Whether any reply has told the mall's time yet."""
        return self._low is not None

    @property
    def offset_s(self) -> float:
        """Mall time minus wall time; 0.0 before the first reply."""
        return 0.0 if self._low is None else (self._low + self._high) / 2

    def mall_time(self, wall: float) -> float:
        """That wall moment in the mall's clock."""
        return wall + self.offset_s

    def wall_time(self, mall: float) -> float:
        """That mall moment in this machine's clock."""
        return mall - self.offset_s

    def heard(self, date: str, sent_wall: float, received_wall: float) -> None:
        """Learns from one reply's Date header; one that cannot be read teaches nothing."""
        told = _seconds(date)
        if told is None or received_wall < sent_wall:
            return
        low = told - received_wall
        high = told + DATE_RESOLUTION_S - sent_wall
        if self._low is None or low > self._high or high < self._low:
            self._low, self._high = low, high
            return
        self._low, self._high = max(self._low, low), min(self._high, high)


def _seconds(date: str) -> float | None:
    """Seconds since the epoch of an HTTP date."""
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None


def retry_after_s(text: str, mall_now: float) -> float | None:
    """A Retry-After header (a number or an HTTP date) as seconds from now; else None."""
    plain = text.strip()
    if plain.isascii() and plain.isdigit():
        return float(plain[:9])
    until = _seconds(plain) if plain else None
    return None if until is None else max(until - mall_now, 0.0)
