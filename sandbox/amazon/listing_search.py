"""searchListingsItems: filters, order, and pages of one search. Contract: section 5.5.

The first page looks at the catalogue once and remembers which listings it found; the pages after
it only look those up. As on the real mall, one search pages through 1,000 listings at most.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from starlette.datastructures import QueryParams

from sandbox.amazon.answers import Problem, bounded, chosen, csv
from sandbox.amazon.catalogue import asin, is_buyable, sku_of
from sandbox.amazon.stamps import in_ms, read_stamp
from sandbox.mall import Call, page_shift
from sandbox.shelf import Row
from sandbox.shop import Shop

FOUND_MAX = 1_000  # listings of one search that can be paged through
PAGE_MAX = 20
PAGE_DEFAULT = 10
IDENTIFIERS_MAX = 20
SEARCHES_MAX = 200  # searches remembered; the oldest go first
STATES = ("BUYABLE", "DISCOVERABLE")
IDENTIFIER_TYPES = ("ASIN", "EAN", "FNSKU", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC")
FILTERS = (
    "identifiers",
    "identifiersType",
    "variationParentSku",
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "withIssueSeverity",
    "withStatus",
    "withoutStatus",
    "sortBy",
    "sortOrder",
)
SORTS: Mapping[str, Callable[[Row], tuple[object, ...]]] = {
    "sku": lambda row: (sku_of(row.key),),
    "createdDate": lambda row: (row.created, row.key),
    "lastUpdatedDate": lambda row: (row.updated, row.key),
}

_TOKEN = re.compile(r"([0-9a-f]{16})-(\d{1,4})", re.ASCII)

Test = Callable[[Row], bool]


@dataclass(frozen=True, slots=True)
class Found:
    """One page."""

    total: int
    rows: list[Row]
    tokens: dict[str, str]


@dataclass(frozen=True, slots=True)
class _Search:
    """What a first page has found."""

    filters: tuple[tuple[str, str], ...]
    total: int
    skus: list[str]


class ListingSearch:
    """The searches under way."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._searches: dict[str, _Search] = {}

    def page(self, call: Call, flawed_skus: Collection[str]) -> Found | Problem:
        """Return one page of a search, new or continued."""
        size = bounded(call.query, "pageSize", PAGE_DEFAULT, PAGE_MAX)
        if isinstance(size, Problem):
            return size
        filters = tuple((name, call.query.get(name, "")) for name in FILTERS)
        token = call.query.get("pageToken")
        if token:
            read = _TOKEN.fullmatch(token)
            name, start = (read[1], int(read[2])) if read else ("", 0)
            search = self._searches.get(name)
            if search is None or search.filters != filters:
                return Problem("pageToken is invalid.")
        else:
            rows = self._find(call.query, flawed_skus)
            if isinstance(rows, Problem):
                return rows
            skus = [sku_of(row.key) for row in rows[:FOUND_MAX]]
            name, start, search = secrets.token_hex(8), 0, _Search(filters, len(rows), skus)
            if len(skus) > size:
                self._remember(name, search)
        shift = page_shift(self._shop, call, start)
        end = start + size
        tokens: dict[str, str] = {}
        if end < len(search.skus):
            tokens["nextToken"] = f"{name}-{end}"
        if start > 0:
            tokens["previousToken"] = f"{name}-{max(0, start - size)}"
        page = [self._shop.shelf.named(sku) for sku in search.skus[start + shift : end + shift]]
        there = [row for row in page if row is not None and row.item is not None]
        return Found(search.total, there, tokens)

    def _remember(self, name: str, search: _Search) -> None:
        self._searches[name] = search
        if len(self._searches) > SEARCHES_MAX:
            del self._searches[next(iter(self._searches))]

    def _find(self, query: QueryParams, flawed_skus: Collection[str]) -> list[Row] | Problem:
        rows = self._candidates(query)
        if isinstance(rows, Problem):
            return rows
        tests = _tests(query, flawed_skus)
        if isinstance(tests, Problem):
            return tests
        sort, order = query.get("sortBy") or "lastUpdatedDate", query.get("sortOrder") or "DESC"
        if sort not in SORTS:
            return Problem("sortBy has an invalid value.")
        if order not in ("ASC", "DESC"):
            return Problem("sortOrder has an invalid value.")
        found = [row for row in rows if all(test(row) for test in tests)]
        found.sort(key=SORTS[sort], reverse=order == "DESC")
        return found

    def _candidates(self, query: QueryParams) -> Iterator[Row] | Problem:
        identifiers, kind = csv(query, "identifiers"), query.get("identifiersType")
        if bool(identifiers) != bool(kind):
            return Problem("identifiers and identifiersType need each other.")
        if len(identifiers) > IDENTIFIERS_MAX:
            return Problem(f"identifiers takes at most {IDENTIFIERS_MAX}.")
        if kind and kind not in IDENTIFIER_TYPES:
            return Problem("identifiersType has an invalid value.")
        shelf = self._shop.shelf
        if parent := query.get("variationParentSku"):
            if kind:
                return Problem("identifiers and variationParentSku exclude each other.")
            children = shelf.rows_of(parent).values()
            return (row for row in children if row.key[1] and row.item is not None)
        if kind == "SKU":
            named = (shelf.named(sku) for sku in dict.fromkeys(identifiers))
            return (row for row in named if row is not None and row.item is not None)
        there = (row for row in shelf.rows() if row.item is not None)
        if not kind:
            return there
        wanted = set(identifiers)
        if kind == "ASIN":
            return (row for row in there if asin(sku_of(row.key)) in wanted)
        return (row for row in there if row.jan and row.jan in wanted)


def _tests(query: QueryParams, flawed_skus: Collection[str]) -> list[Test] | Problem:
    tests: list[Test] = []
    bounds: list[tuple[str, Callable[[Row], float], bool]] = [
        ("createdAfter", lambda row: row.created, True),
        ("createdBefore", lambda row: row.created, False),
        ("lastUpdatedAfter", lambda row: row.updated, True),
        ("lastUpdatedBefore", lambda row: row.updated, False),
    ]
    for name, read_at, is_after in bounds:
        text = query.get(name)
        if not text:
            continue
        moment = read_stamp(text)
        if moment is None:
            return Problem(f"{name} is not a date in ISO 8601 format.")
        tests.append(_on_side(read_at, moment, is_after=is_after))
    for name, is_wanted in (("withStatus", True), ("withoutStatus", False)):
        states = chosen(query, name, STATES)
        if isinstance(states, Problem):
            return states
        tests += [_in_state(state, is_wanted=is_wanted) for state in states]
    severities = chosen(query, "withIssueSeverity", ("WARNING", "ERROR"))
    if isinstance(severities, Problem):
        return severities
    if severities:
        tests.append(lambda row: "ERROR" in severities and sku_of(row.key) in flawed_skus)
    return tests


def _on_side(read_at: Callable[[Row], float], moment: float, *, is_after: bool) -> Test:
    if is_after:
        return lambda row: in_ms(read_at(row)) >= moment
    return lambda row: in_ms(read_at(row)) <= moment


def _in_state(state: str, *, is_wanted: bool) -> Test:
    if state == "DISCOVERABLE":
        return lambda _row: is_wanted  # every listing with a product page can be found
    return lambda row: is_buyable(row, row.quantity) == is_wanted
