"""Rakuten's three ways to write a moment; see "Date formats differ" in its contract."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from sandbox.clock import JST, jst

_ORDER_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0900", re.ASCII)


def order_stamp(at: float) -> str:
    """Write as the order API does: `2026-03-10T09:00:00+0900`, no colon in the zone."""
    return jst(at).strftime("%Y-%m-%dT%H:%M:%S+0900")


def optional_order_stamp(at: float | None) -> str | None:
    """Write a moment that may not have come yet."""
    return None if at is None else order_stamp(at)


def catalogue_stamp(at: float) -> str:
    """Write as the inventory and item APIs do: `...+09:00`."""
    return jst(at).strftime("%Y-%m-%dT%H:%M:%S+09:00")


def licence_stamp(at: float) -> str:
    """Write as the licence look-up does: Japanese time without a zone."""
    return jst(at).strftime("%Y-%m-%dT%H:%M:%S")


def header_stamp(at: float) -> str:
    """Write as the `Timestamp` header does: UTC without a zone."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def read_order_stamp(text: object) -> float | None:
    """Return the moment, or None for anything but the order API's own format."""
    if not isinstance(text, str) or not _ORDER_STAMP.fullmatch(text):
        return None
    try:
        naive = datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")  # noqa: DTZ007 - zone below
        return naive.replace(tzinfo=JST).timestamp()
    except (ValueError, OverflowError):
        return None
