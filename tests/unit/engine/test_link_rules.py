"""Link rules: keys of both sides, folding, and which rule decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.catalogue import CatalogueRow, ListingRef
from engine.link_rules import Field, Fold, LinkRule, Side, decide, fold_key, in_order, key_of
from engine.links import Conflict, Linked, NoMatch

ALL = frozenset(Fold)
RULE = LinkRule(
    id=1,
    mall="yahoo",
    position=1,
    fields=(Field.CODE, Field.SUB_CODE),
    join="-",
    base_fields=(Field.SKU_CODE,),
    base_join="",
    folds=ALL,
)
ROW = CatalogueRow(
    ListingRef("tee", "07"), "Tee", "07", jan="4900000000017", axes=(("色", "赤"), ("号", "L"))
)


def test_fields_joined_on_one_side_equal_one_field_of_the_other() -> None:
    base = CatalogueRow(ListingRef("T", ""), "Tee", "ＴＥＥ\u221207")
    assert key_of(RULE, Side.MALL, ROW) == key_of(RULE, Side.BASE, base) == "tee-07"


def test_each_side_has_its_own_separator() -> None:
    rule = replace(RULE, join="", base_fields=(Field.CODE, Field.SUB_CODE), base_join="_")
    assert key_of(rule, Side.MALL, ROW) == "tee07"
    assert key_of(rule, Side.BASE, ROW) == "tee_07"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (Field.CODE, "tee"),
        (Field.SUB_CODE, "07"),
        (Field.SKU_CODE, "07"),
        (Field.JAN, "4900000000017"),
        (Field.AXIS1, "赤"),
        (Field.AXIS2, "l"),
    ],
)
def test_each_field_can_be_named(field: Field, value: str) -> None:
    assert key_of(replace(RULE, fields=(field,)), Side.MALL, ROW) == value


@pytest.mark.parametrize("field", [Field.SUB_CODE, Field.JAN, Field.AXIS1, Field.AXIS2])
def test_an_empty_field_makes_an_empty_key(field: Field) -> None:
    bare = CatalogueRow(ListingRef("tee", " "), "Tee", "tee")
    assert key_of(replace(RULE, fields=(Field.CODE, field)), Side.MALL, bare) == ""


def test_only_what_is_named_is_folded() -> None:
    assert fold_key("Ｔ\u2010a", frozenset()) == "Ｔ\u2010a"
    assert fold_key("T\u2010A", frozenset({Fold.CASE})) == "t\u2010a"
    assert fold_key("Ｔ－A", frozenset({Fold.WIDTH})) == "T-A"
    assert fold_key("Ｔ－A\u2014B", frozenset({Fold.HYPHEN})) == "Ｔ-A-B"


def test_the_long_vowel_mark_is_a_letter_and_no_hyphen() -> None:
    assert fold_key("タオル", ALL) != fold_key("タオール", ALL)
    assert fold_key("ｺｰﾄ", ALL) == "コート"


@given(st.text(), st.frozensets(st.sampled_from(Fold)))
def test_folding_twice_changes_nothing_more(text: str, folds: frozenset[Fold]) -> None:
    once = fold_key(text, folds)
    assert fold_key(once, folds) == once


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_case_and_width_of_a_code_make_no_difference(code: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in code)
    folded = {fold_key(one, ALL) for one in (code, code.upper(), code.lower(), wide, wide.upper())}
    assert folded == {code.lower()}


def test_the_first_rule_that_finds_anything_decides() -> None:
    assert decide(9, [(), (4, 4), (5,)]) == Linked(9, 4)
    assert decide(9, [(), (5, 4), (4,)]) == Conflict(9, (4, 5))
    assert decide(9, [(), ()]) == NoMatch(9)


def test_rules_are_tried_by_position_and_then_by_age() -> None:
    rules = [replace(RULE, id=3, position=2), replace(RULE, id=2, position=2), RULE]
    assert [rule.id for rule in in_order(rules)] == [1, 2, 3]
