"""Rows of `rule_key`, and the pages of listings that link rules are tried on.

A key names base listings; which SKUs those are is looked up anew each time, so that links and
deletes of base listings need not touch it. A base listing that takes several SKUs, or several units
of one, names none: a set is no SKU.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    exists,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Dialect

from actors.store.schema import LINK, LISTING, RULE_KEY
from actors.store.statement import Statement
from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.link_rules import RULE_CANDIDATES_MAX

_FIELDS = (
    LISTING.c.id, LISTING.c.code, LISTING.c.sub_code, LISTING.c.name, LISTING.c.sku_code,
    LISTING.c.jan, LISTING.c.axes,
)  # fmt: skip
STREAM_ROWS = 1_000
"""Base listings that a stream of all of them holds at once."""


class OpenListing(Struct, frozen=True):
    """A listing that is linked to nothing by anybody's word."""

    id: int
    mall_id: int
    is_conflict: bool
    """Link rules found several candidates for it before."""
    row: CatalogueRow
    """What rules look at: its codes, name, JAN and axes."""


class RuleKeyRows:
    """Makes, drops and looks up keys."""

    def __init__(self, dialect: Dialect) -> None:
        names = ["rule_id", "key", "listing_id"]
        values: dict[str, Any] = {name: bindparam(name) for name in names}
        self._add = Statement(
            insert(RULE_KEY).values(values).on_conflict_do_nothing(), names, dialect
        )
        self._forget = Statement(
            delete(RULE_KEY).where(RULE_KEY.c.listing_id == bindparam("listing")),
            ["listing"],
            dialect,
        )
        self._find = Statement(
            select(LINK.c.sku_id)
            .select_from(
                RULE_KEY.join(LISTING, LISTING.c.id == RULE_KEY.c.listing_id).join(
                    LINK, LINK.c.listing_id == LISTING.c.id
                )
            )
            .where(
                RULE_KEY.c.rule_id == bindparam("rule"),
                RULE_KEY.c.key == bindparam("name"),
                LISTING.c.mall_id == bindparam("base"),
                _is_one_sku(),
            )
            .distinct()
            .limit(literal(RULE_CANDIDATES_MAX)),
            ["rule", "name", "base"],
            dialect,
        )

    def add(self, connection: Connection, rows: Sequence[tuple[int, str, int]]) -> None:
        """Keys (rule, key, base listing); one that is there already stays."""
        self._add.many(connection, rows)

    def forget(self, connection: Connection, listing_ids: Sequence[int]) -> None:
        """Drops every key of these base listings."""
        self._forget.many(connection, [(listing_id,) for listing_id in listing_ids])

    def drop(self, connection: Connection, rule_id: int, most: int) -> int:
        """Drops some keys of a rule; how many there were."""
        chosen = (
            select(RULE_KEY.c.key, RULE_KEY.c.listing_id)
            .where(RULE_KEY.c.rule_id == rule_id)
            .order_by(RULE_KEY.c.key, RULE_KEY.c.listing_id)
            .limit(most)
        )
        rows = connection.execute(chosen).all()
        if rows:
            key, listing_id = rows[-1]
            last = RULE_KEY.c.key == key
            connection.execute(
                delete(RULE_KEY).where(
                    RULE_KEY.c.rule_id == rule_id,
                    or_(RULE_KEY.c.key < key, last & (RULE_KEY.c.listing_id <= listing_id)),
                )
            )
        return len(rows)

    def candidates(
        self, connection: Connection, rule_id: int, base_id: int, keys: Sequence[str]
    ) -> dict[str, list[int]]:
        """The SKUs that each key names by a rule, at most RULE_CANDIDATES_MAX."""
        found = {
            key: [int(row[0]) for row in self._find.rows(connection, rule_id, key, base_id)]
            for key in keys
        }
        return {key: sku_ids for key, sku_ids in found.items() if sku_ids}


def base_page(
    connection: Connection, base_id: int, after: int, most: int
) -> list[tuple[int, CatalogueRow]]:
    """Some listings of the base mall, by id."""
    chosen = (
        select(*_FIELDS)
        .where(LISTING.c.mall_id == base_id, LISTING.c.id > after)
        .order_by(LISTING.c.id)
        .limit(most)
    )
    return [(row[0], _row(row)) for row in connection.execute(chosen)]


def base_skus(connection: Connection, base_id: int) -> Iterator[tuple[CatalogueRow, int]]:
    """Every listing of the base mall with each SKU it names."""
    chosen = (
        select(*_FIELDS, LINK.c.sku_id)
        .select_from(LISTING.join(LINK, LINK.c.listing_id == LISTING.c.id))
        .where(LISTING.c.mall_id == base_id, _is_one_sku())
        .execution_options(yield_per=STREAM_ROWS)
    )
    for row in connection.execute(chosen):
        yield _row(row), row[-1]


def count_of(connection: Connection, mall_id: int) -> int:
    """How many listings a mall has here."""
    chosen = select(func.count()).select_from(LISTING).where(LISTING.c.mall_id == mall_id)
    return int(connection.execute(chosen).scalar_one())


def open_page(
    connection: Connection, mall_ids: Sequence[int], after: int, most: int
) -> list[OpenListing]:
    """Some listings that nobody has linked, by id; candidates of a link rule are nobody's word."""
    is_somebodys = exists().where(
        LINK.c.listing_id == LISTING.c.id,
        or_(LISTING.c.is_conflict.is_(False), LINK.c.rule_id == 0),
    )
    chosen = (
        select(*_FIELDS, LISTING.c.mall_id, LISTING.c.is_conflict)
        .where(LISTING.c.mall_id.in_(mall_ids), LISTING.c.id > after, ~is_somebodys)
        .order_by(LISTING.c.id)
        .limit(most)
    )
    return [
        OpenListing(row[0], row[-2], bool(row[-1]), _row(row)) for row in connection.execute(chosen)
    ]


def _is_one_sku() -> ColumnElement[bool]:
    """Of a base listing and one of its links: whether it names a SKU. A conflict names several."""
    other = LINK.alias()
    has_others = exists().where(
        other.c.listing_id == LINK.c.listing_id, other.c.sku_id != LINK.c.sku_id
    )
    return or_(LISTING.c.is_conflict.is_(True), (LINK.c.units == 1) & ~has_others)


def _row(row: Sequence[Any]) -> CatalogueRow:
    _, code, sub_code, name, sku_code, jan, axes = row[:7]
    return CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=name,
        sku_code=sku_code,
        jan=jan,
        axes=tuple(Axis(*axis) for axis in json.loads(axes)) if axes != "[]" else (),
    )
