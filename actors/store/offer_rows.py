"""Rows of `offer_rule`: what operators set of offers, and which listings a rule is about."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Join, and_, bindparam, case, delete, func, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.engine import Dialect

from actors.store.schema import LINK, OFFER_RULE, SKU
from actors.store.statement import Statement
from engine.offer import Terms
from engine.offer_rules import EVERY, NO_CAP, NUMBERS, Key, OfferRule

_COLUMNS: Final = tuple(OFFER_RULE.c[name] for name in NUMBERS)


class OfferRow(Struct, frozen=True):
    """One rule as it is stored."""

    id: int
    key: Key
    """(mall id, SKU id), EVERY in the place of the one that is not named."""
    rule: OfferRule
    at: float
    """When it was set, by this machine's clock."""
    actor: str


class OfferRows:
    """Loads and saves rules."""

    def __init__(self, dialect: Dialect) -> None:
        names = ["mall_id", "sku_id", *NUMBERS, "at", "actor"]
        stored = insert(OFFER_RULE).values({name: bindparam(name) for name in names})
        self._write = Statement(
            stored.on_conflict_do_update(
                index_elements=["sku_id", "mall_id"],
                set_={name: stored.excluded[name] for name in names[2:]},
            ),
            names,
            dialect,
        )
        self._delete = Statement(
            delete(OFFER_RULE).where(
                OFFER_RULE.c.sku_id == bindparam("sku"), OFFER_RULE.c.mall_id == bindparam("mall")
            ),
            ["mall", "sku"],
            dialect,
        )
        self._one = Statement(
            select(OFFER_RULE).where(
                OFFER_RULE.c.sku_id == bindparam("sku"), OFFER_RULE.c.mall_id == bindparam("mall")
            ),
            ["mall", "sku"],
            dialect,
        )
        self._of_sku = Statement(
            select(OFFER_RULE.c.mall_id).where(OFFER_RULE.c.sku_id == bindparam("sku")),
            ["sku"],
            dialect,
        )

    def load_all(self, connection: Connection) -> dict[Key, OfferRule]:
        """Every rule there is."""
        rows = connection.execute(select(OFFER_RULE.c.mall_id, OFFER_RULE.c.sku_id, *_COLUMNS))
        return {(row[0], row[1]): OfferRule(*row[2:]) for row in rows}

    def one(self, connection: Connection, key: Key) -> OfferRow | None:
        """The rule for exactly this."""
        row = self._one.first(connection, *key)
        return None if row is None else _row(row)

    def write(
        self, connection: Connection, key: Key, rule: OfferRule, at: float, actor: str
    ) -> None:
        """Sets a rule, in the place of the one there was."""
        numbers = (getattr(rule, name) for name in NUMBERS)
        self._write.run(connection, *key, *numbers, at, actor)

    def remove(self, connection: Connection, key: Key) -> None:
        """Removes a rule."""
        self._delete.run(connection, *key)

    def keys_of_sku(self, connection: Connection, sku_id: int) -> list[Key]:
        """What the SKU has rules for: on every mall, on one."""
        return [(row[0], sku_id) for row in self._of_sku.rows(connection, sku_id)]

    def page(
        self, connection: Connection, key: Key, after: int, limit: int
    ) -> tuple[int, list[OfferRow]]:
        """(hits, rules after an id) of those that name this mall and this SKU, as far as given."""
        named = zip((OFFER_RULE.c.mall_id, OFFER_RULE.c.sku_id), key, strict=True)
        conditions: list[ColumnElement[bool]] = [
            column == wanted for column, wanted in named if wanted != EVERY
        ]
        count = select(func.count()).select_from(OFFER_RULE).where(*conditions)
        rows = connection.execute(
            select(OFFER_RULE)
            .where(*conditions, OFFER_RULE.c.id > after)
            .order_by(OFFER_RULE.c.id)
            .limit(limit)
        )
        return int(connection.execute(count).scalar_one()), [_row(row) for row in rows]


def listings_under(connection: Connection, key: Key, after: int, limit: int) -> list[int]:
    """Ids of linked listings that a rule for this is about, after an id, at most so many."""
    mall_id, sku_id = key
    query = select(LINK.c.listing_id).where(LINK.c.listing_id > after).distinct()
    if mall_id != EVERY:
        query = query.where(LINK.c.mall_id == mall_id)
    if sku_id != EVERY:
        query = query.where(LINK.c.sku_id == sku_id)
    rows = connection.execute(query.order_by(LINK.c.listing_id).limit(limit))
    return [row[0] for row in rows]


def offered(tables: Join, mall_id: int, terms: Terms) -> tuple[Join, ColumnElement[int]]:
    """(the tables with the rules of their SKUs, what each component allows): `engine.offer` in SQL.

    The tables are LINK and SKU of one mall and what else is asked of them; `terms` are those of its
    SKUs without a rule.
    """
    here, everywhere = OFFER_RULE.alias(), OFFER_RULE.alias()
    for rule, place in ((here, mall_id), (everywhere, EVERY)):
        tables = tables.outerjoin(rule, and_(rule.c.sku_id == SKU.c.id, rule.c.mall_id == place))

    def number(name: str, else_: int) -> ColumnElement[int]:
        return func.coalesce(here.c[name], everywhere.c[name], else_)

    cap = number("cap", NO_CAP if terms.cap is None else terms.cap)
    spare = func.floor(
        (SKU.c.total - number("buffer", terms.buffer)) * number("share", terms.share) / 100
    )
    # Below zero the offer is 0, so the division never sees a negative number.
    shown: ColumnElement[int] = case((spare > 0, spare / LINK.c.units), else_=0)
    shown = func.floor(shown)
    shown = case((and_(cap != NO_CAP, shown > cap), cap), else_=shown)
    return tables, case((shown >= number("floor", terms.floor), shown), else_=0)


def _row(row: Sequence[Any]) -> OfferRow:
    row_id, mall_id, sku_id, *numbers, at, actor = row
    return OfferRow(row_id, (mall_id, sku_id), OfferRule(*numbers), at, actor)
