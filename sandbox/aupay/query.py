"""What the reads are asked: the shop, the page, and days, read or refused.

Every answer to a bad parameter is a value; several of them are told together.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sandbox.aupay.replies import NO_SHOP, WRONG_SHOP, WireError, malformed, missing
from sandbox.clock import JST
from sandbox.mall import Call, page_shift
from sandbox.shop import Shop

PAGE_SIZE_DEFAULT = 10
DAY_S = 86_400.0
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)", re.ASCII)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a list; `start` counts from 1."""

    start: int
    size: int


def check_shop(said: str, shop_id: str) -> list[WireError]:
    """Say what is wrong with the shopId of a call."""
    if not said:
        return [NO_SHOP]
    return [] if said == shop_id else [WRONG_SHOP]


def read_page(query: Mapping[str, str], size_max: int, problems: list[WireError]) -> Page:
    """Read `totalCount` (the page's size) and `startCount`."""
    numbers: list[int] = []
    for name, default, most in (
        ("totalCount", PAGE_SIZE_DEFAULT, size_max),
        ("startCount", 1, 999_999_999),
    ):
        number = whole_number(query[name]) if query.get(name) else default
        if number is None or not 1 <= number <= most:
            problems.append(malformed(name))
            number = default
        numbers.append(number)
    return Page(start=numbers[1], size=numbers[0])


def whole_number(text: str) -> int | None:
    """A number of 1 to 9 plain digits."""
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def read_day(query: Mapping[str, str], name: str, problems: list[WireError]) -> float:
    """Read `YYYYMMDD` or `YYYY-MM-DD` as the first moment of that day in Japan."""
    text = query.get(name, "")
    if not text:
        problems.append(missing(name))
        return 0.0
    match = _DAY.fullmatch(text)
    if match is None or text.count("-") == 1:
        problems.append(malformed(name))
        return 0.0
    try:
        year, month, day = (int(part) for part in match.groups())
        return datetime(year, month, day, tzinfo=JST).timestamp()
    except (ValueError, OverflowError):
        problems.append(malformed(name))
        return 0.0


def page_of(shop: Shop, call: Call, found: Sequence[T], page: Page) -> Sequence[T]:
    """Cut the asked page; an injected shift lets the first row of the list disappear before."""
    offset = page.start - 1 + page_shift(shop, call, page.start - 1)
    return found[offset : offset + page.size]
