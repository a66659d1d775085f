"""Moments as this mall writes and reads them: ISO 8601, UTC."""

from __future__ import annotations

import math
from datetime import UTC, datetime

from sandbox.clock import jst


def _whole_ms(at: float) -> int:
    # A little on top: what is cut to milliseconds already must not lose another to rounding.
    return math.floor(at * 1000 + 0.001)


def in_ms(at: float) -> float:
    """Return the moment cut to the milliseconds that the APIs show."""
    return _whole_ms(at) / 1000


def fine(at: float) -> str:
    """Return `2026-11-20T03:12:44.118Z`."""
    seconds, ms = divmod(_whole_ms(at), 1000)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{ms:03d}Z"


def coarse(at: float) -> str:
    """Return `2026-11-20T03:12:44Z`, as Orders v0 does."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def offset(at: float) -> str:
    """Return `2026-11-20T03:20:00+00:00`, as feeds and reports do."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def open_date(at: float) -> str:
    """Return `2019/12/23 10:11:12 JST`, as listing reports do."""
    return f"{jst(at):%Y/%m/%d %H:%M:%S} JST"


def read_stamp(text: str) -> float | None:
    """Return the moment, or None when it is none; without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
