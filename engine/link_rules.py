"""Link rules (紐づけ条件): which joined fields of a listing equal which of a base listing.

A rule names fields of a mall's listing in order and a separator, and likewise of the base mall's
listing. Both sides are joined to a key, folded alike, and compared. Rules are tried in order; the
first that finds any candidate decides, so that a later, looser rule never overrules it. After them
the default rule is tried: the same SKU code, case aside.
"""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from engine.catalogue import CatalogueRow
from engine.links import Claimed, NoMatch, auto_link, fold

RULES_MAX = 20
"""Link rules of one mall."""
RULE_CANDIDATES_MAX = 20
"""SKUs that one key names; further ones are not told."""
JOIN_CHARACTERS_MAX = 10
"""Characters of a separator."""
KEYS_MADE = f"1/{unicodedata.unidata_version}"
"""How keys are made, by this code and its Unicode tables: keys made otherwise do not compare."""

_HYPHENS = dict.fromkeys(
    map(
        ord, "\u00ad\u02d7\u058a\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d"
    ),
    "-",
)
"""Hyphens, dashes and the minus sign. The long vowel mark ー is a letter and stays."""


class Field(StrEnum):
    """A field of a listing that a rule may name."""

    CODE = "code"
    SUB_CODE = "sub_code"
    SKU_CODE = "sku_code"
    JAN = "jan"
    AXIS1 = "axis1"
    AXIS2 = "axis2"


class Side(StrEnum):
    """Whose listing a key is made of."""

    MALL = "mall"
    BASE = "base"


class Fold(StrEnum):
    """A difference that a rule does not see."""

    CASE = "case"
    WIDTH = "width"
    """Full and half width, and what else Unicode calls compatible (NFKC)."""
    HYPHEN = "hyphen"


class LinkRule(Struct, frozen=True):
    """One rule of one mall."""

    id: int
    mall: str
    position: int
    """Rules are tried in rising order of position, then of id."""
    fields: tuple[Field, ...]
    join: str
    base_fields: tuple[Field, ...]
    base_join: str
    folds: frozenset[Fold]


def fold_key(text: str, folds: frozenset[Fold]) -> str:
    """The text without the differences that `folds` names; folding twice changes nothing more."""
    is_wide = Fold.WIDTH in folds
    if is_wide and Fold.CASE in folds:
        # Unicode's own order for both at once: either alone may undo what the other did.
        text = unicodedata.normalize("NFD", text).casefold()
        text = unicodedata.normalize("NFKC", text).casefold()
    elif Fold.CASE in folds:
        text = text.casefold()
    if is_wide:
        text = unicodedata.normalize("NFKC", text)
    return text.translate(_HYPHENS) if Fold.HYPHEN in folds else text


def key_of(rule: LinkRule, side: Side, row: CatalogueRow) -> str:
    """The folded key of a listing; "" where a named field is empty, and "" never matches."""
    is_base = side is Side.BASE
    fields = rule.base_fields if is_base else rule.fields
    parts = [_value(field, row).strip() for field in fields]
    if not all(parts):
        return ""
    return fold_key((rule.base_join if is_base else rule.join).join(parts), rule.folds)


def is_same(one: LinkRule, other: LinkRule) -> bool:
    """Whether two rules match the same, whatever their ids and positions."""
    return _compared(one) == _compared(other)


def _compared(rule: LinkRule) -> tuple[object, ...]:
    # Of a single field there is nothing to join.
    join = rule.join if len(rule.fields) > 1 else ""
    base_join = rule.base_join if len(rule.base_fields) > 1 else ""
    return (rule.mall, rule.fields, join, rule.base_fields, base_join, rule.folds)


def placed(rules: Sequence[LinkRule], rule: LinkRule, position: int | None) -> list[LinkRule]:
    """A mall's rules in order with this one at its position, from 1; None: the last."""
    others = [one for one in rules if one is not rule]
    place = len(others) if position is None else position - 1
    return [*others[:place], rule, *others[place:]]


class Match(Struct, frozen=True):
    """What decided on one listing."""

    verdict: Claimed
    rule: LinkRule | None
    """None: the default rule."""
    key: str


Find = Callable[[LinkRule | None, Sequence[str]], Mapping[str, Sequence[int]]]
"""(rule or None for the default one, keys) -> key -> ids of the SKUs it names on the base mall."""


def judge(
    rows: Iterable[tuple[int, CatalogueRow]], rules: Sequence[LinkRule], find: Find
) -> dict[int, Match]:
    """What becomes of a page of listings, by id; those that nothing matches are left out."""
    left = dict(rows)
    matches: dict[int, Match] = {}
    for rule in (*rules, None):
        keys = {listing_id: _key(rule, row) for listing_id, row in left.items()}
        found = find(rule, sorted({key for key in keys.values() if key}))
        for verdict in auto_link(keys.items(), found):
            if isinstance(verdict, NoMatch):
                continue
            listing_id = verdict.listing_id
            matches[listing_id] = Match(verdict, rule, keys[listing_id])
            del left[listing_id]
    return matches


def _key(rule: LinkRule | None, row: CatalogueRow) -> str:
    return fold(row.sku_code) if rule is None else key_of(rule, Side.MALL, row)


def _value(field: Field, row: CatalogueRow) -> str:
    match field:
        case Field.CODE:
            return row.ref.code
        case Field.SUB_CODE:
            return row.ref.sub_code
        case Field.SKU_CODE:
            return row.sku_code
        case Field.JAN:
            return row.jan
        case Field.AXIS1:
            return row.axes[0].item if row.axes else ""
        case Field.AXIS2:
            return row.axes[1].item if len(row.axes) > 1 else ""
