"""What happened, for people and for comparing two runs: the last events and a digest of all."""

import zlib
from collections import deque

EVENTS_SHOWN_MAX = 60
"""Events a failure shows."""


class Trace:
    """Every event leaves its mark in the digest; only the last ones are kept as text."""

    def __init__(self, kept: int = EVENTS_SHOWN_MAX) -> None:
        self.digest = 0
        self.count = 0
        self.last: deque[str] = deque(maxlen=kept)

    def say(self, now: float, who: str, what: str) -> None:
        line = f"{now - 1_700_000_000.0:10.3f} {who:<12} {what}"
        self.digest = zlib.crc32(line.encode(), self.digest)
        self.count += 1
        self.last.append(line)
