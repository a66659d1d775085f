"""What both Orders APIs' searches share: the window, the filters, and the page tokens.

A token says where the last page ended and carries the whole search, so that it can be refused when
it is presented with another one. Contract: sections 2.1 and 3.1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import msgspec
from starlette.datastructures import QueryParams

from sandbox.amazon.answers import Problem
from sandbox.amazon.order_index import Channel, OrderIndex, Position, Version
from sandbox.amazon.stamps import read_stamp
from sandbox.clock import Clock
from sandbox.mall import Call, page_shift
from sandbox.orders import Status
from sandbox.shop import Shop

BEFORE_AGE_S = 120.0  # `...Before` must be so old
TOKEN_LIFE_S = 86_400.0
PAGE_MAX = 100
TOKEN_LENGTH_MAX = 4_000

STATUSES: Mapping[Status, tuple[str, str]] = {  # as the newer and the older API spell them
    "new": ("PENDING", "Pending"),
    "confirmed": ("UNSHIPPED", "Unshipped"),
    "shipped": ("SHIPPED", "Shipped"),
    "cancelled": ("CANCELLED", "Canceled"),
}


class Search(msgspec.Struct, frozen=True, array_like=True):
    """One search; empty filters let everything pass."""

    by: Literal["updated", "created"]
    after: float
    before: float | None
    statuses: tuple[str, ...]  # as asked, in the API's own spelling
    channels: tuple[Channel, ...]


class _Cursor(msgspec.Struct, frozen=True, array_like=True):
    """What a page token holds."""

    issued_at: float
    end: float  # the upper bound of the first page, which all pages keep
    position: Position
    search: Search


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search."""

    versions: Sequence[Version]
    end: float
    token: str | None


def read_window(
    query: QueryParams, clock: Clock, updated: tuple[str, str], created: tuple[str, str]
) -> tuple[Literal["updated", "created"], float, float | None] | Problem:
    """Read the two pairs of bounds, of which exactly one may be given."""
    names = [*updated, *created]
    moments: dict[str, float] = {}
    for name in names:
        text = query.get(name)
        if not text:
            continue
        moment = read_stamp(text)
        if moment is None:
            return Problem(f"{name} is not a date in ISO 8601 format: {text}.")
        moments[name] = moment
    of_updated = any(name in moments for name in updated)
    of_created = any(name in moments for name in created)
    if of_updated and of_created:
        return Problem(f"{created[0]} and {updated[0]} cannot be combined.")
    after_name, before_name = created if of_created else updated
    if after_name not in moments:
        return Problem(f"Either {created[0]} or {updated[0]} must be specified.")
    now, after, before = clock.now(), moments[after_name], moments.get(before_name)
    if after > now:
        return Problem(f"{after_name} lies in the future.")
    if before is not None and before < after:
        return Problem(f"{before_name} must not be earlier than {after_name}.")
    if before is not None and before > now - clock.sped(BEFORE_AGE_S):
        return Problem(f"{before_name} must be at least two minutes before the current time.")
    return ("created" if of_created else "updated"), after, before


def find_page(
    shop: Shop, index: OrderIndex, call: Call, search: Search, token: str | None, limit: int
) -> Page | Problem:
    """Return one page, or say what is wrong with the token."""
    cursor: _Cursor | None = None
    if token is not None:
        read = _read_cursor(token, shop.clock)
        if isinstance(read, Problem):
            return read
        if read.search != search:
            return Problem("The page token does not belong to these parameters.")
        cursor = read
    if cursor is not None:
        end = cursor.end
    else:
        end = index.horizon() if search.before is None else search.before
    position = cursor.position if cursor else None
    walk = index.updated if search.by == "updated" else index.created
    matching = (v for v in walk(search.after, end, position) if _matches(search, v))
    lost = page_shift(shop, call, 1 if cursor else 0)
    found = list(islice(matching, lost, lost + limit + 1))
    if len(found) <= limit:
        return Page(found, end, None)
    last = found[limit - 1]
    stopped = last.position
    if search.by == "created":
        stopped = (last.order.placed_at, last.order.number)
    issued = cursor.issued_at if cursor else shop.clock.now()
    return Page(found[:limit], end, _token(_Cursor(issued, end, stopped, search)))


def search_of(token: str, clock: Clock) -> Search | Problem:
    """Return the search behind a token, for the API whose callers may leave the rest out."""
    cursor = _read_cursor(token, clock)
    return cursor if isinstance(cursor, Problem) else cursor.search


def _matches(search: Search, version: Version) -> bool:
    if search.channels and version.channel not in search.channels:
        return False
    return not search.statuses or not set(STATUSES[version.status]).isdisjoint(search.statuses)


def _token(cursor: _Cursor) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).rstrip(b"=").decode("ascii")


def _read_cursor(token: str, clock: Clock) -> _Cursor | Problem:
    invalid = Problem("The page token is invalid.")
    if len(token) > TOKEN_LENGTH_MAX:
        return invalid
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        cursor = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Cursor)
    except (UnicodeError, binascii.Error, msgspec.DecodeError, ValueError, RecursionError):
        return invalid
    if clock.now() - cursor.issued_at > clock.sped(TOKEN_LIFE_S):
        return Problem("The page token has expired.")
    return cursor
