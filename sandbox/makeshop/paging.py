"""Pages and stamps of the searches: `page` from 1, `limit`, and 14 digits of Japanese time."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sandbox.clock import JST, jst
from sandbox.makeshop.replies import GraphError, bad_input
from sandbox.makeshop.request import Input
from sandbox.mall import Call, page_shift
from sandbox.shop import Shop

LIMIT_MAX = 1_000  # what may be asked; less is given
LIMIT_DEFAULT = 20
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list; `size` is what is really given."""

    number: int
    limit: int
    size: int

    def cut(self, shop: Shop, call: Call, found: Sequence[T]) -> Sequence[T]:
        """The rows; an injected shift lets the first of the list disappear before."""
        offset = (self.number - 1) * self.size
        offset += page_shift(shop, call, offset)
        return found[offset : offset + self.size]


def read_page(asked: Input, size_max: int) -> Page | GraphError:
    """Read `page` and `limit`."""
    numbers = {}
    for name, default, most in (("page", 1, 10**9), ("limit", LIMIT_DEFAULT, LIMIT_MAX)):
        value = asked[name]
        number = default if value is None else value
        if not isinstance(number, int) or not 1 <= number <= most:
            return bad_input(f"{name} must lie in 1..{most}", name)
        numbers[name] = number
    return Page(numbers["page"], numbers["limit"], min(numbers["limit"], size_max))


def read_stamp(asked: Input, name: str) -> float | GraphError | None:
    """Read `YYYYMMDDHHmmss`; None when it was not sent."""
    text = asked[name]
    if text is None or text == "":
        return None
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{14}", text):
        return bad_input("must be YYYYMMDDHHmmss", name)
    try:
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=JST).timestamp()
    except (ValueError, OverflowError):
        return bad_input("must be YYYYMMDDHHmmss", name)


def read_window(asked: Input, start: str, end: str) -> tuple[float, float] | GraphError:
    """Read two stamps as [start, end): both are whole seconds and belong to the window."""
    low, high = read_stamp(asked, start), read_stamp(asked, end)
    if isinstance(low, GraphError):
        return low
    if isinstance(high, GraphError):
        return high
    return (
        float("-inf") if low is None else low,
        float("inf") if high is None else high + 1,
    )


def digits(at: float | None) -> str:
    """A moment as 14 digits; "" when it has not come."""
    return "" if at is None else jst(at).strftime("%Y%m%d%H%M%S")


def text_stamp(at: float) -> str:
    """A moment as `YYYY-MM-DD HH:MM:SS`."""
    return jst(at).strftime("%Y-%m-%d %H:%M:%S")
