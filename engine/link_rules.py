"""Link rules (紐づけ条件): which joined fields of a listing equal which of a base listing.

A rule names fields of a mall's listing in order and a separator, and likewise of the base mall's
listing. Both sides are joined to a key, folded alike, and compared. Rules are tried in order; the
first that finds any candidate decides, so that a later, looser rule never overrules it.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from engine.catalogue import CatalogueRow
from engine.links import AutoLink, Conflict, Linked, NoMatch

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


def in_order(rules: Iterable[LinkRule]) -> list[LinkRule]:
    """Rules as they are tried."""
    return sorted(rules, key=lambda rule: (rule.position, rule.id))


def decide(listing_id: int, found: Iterable[Sequence[int]]) -> AutoLink:
    """What becomes of a listing, of the SKUs that each rule found, in the rules' order."""
    for sku_ids in found:
        distinct = tuple(sorted(set(sku_ids)))
        if len(distinct) == 1:
            return Linked(listing_id, distinct[0])
        if distinct:
            return Conflict(listing_id, distinct)
    return NoMatch(listing_id)


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
            return row.axes[0][1] if row.axes else ""
        case Field.AXIS2:
            return row.axes[1][1] if len(row.axes) > 1 else ""
