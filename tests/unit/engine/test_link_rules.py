"""Link rules: keys of both sides, folding, and which rule decides."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from engine.catalogue import Axis, CatalogueRow, ListingRef
from engine.link_rules import (
    Field,
    Fold,
    LinkRule,
    Side,
    fold_key,
    is_same,
    judge,
    key_of,
    placed,
)
from engine.links import Conflict, Linked

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
    ListingRef("tee", "07"),
    "Tee",
    "07",
    jan="4900000000017",
    axes=(Axis("色", "赤"), Axis("号", "L")),
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


STRICT = replace(RULE, id=1, folds=frozenset())
LOOSE = replace(RULE, id=2, fields=(Field.JAN,))


def test_the_first_rule_that_finds_anything_decides_and_the_default_one_is_the_last() -> None:
    shop: dict[int | None, dict[str, list[int]]] = {
        1: {"tee-07": [4, 4], "cap-1": [5, 6]},
        2: {"4900000000017": [7], "77": [8]},
        None: {"07": [9], "mug": [10]},
    }
    rows = [
        (1, ROW),
        (2, CatalogueRow(ListingRef("cap", "1"), "", "1", jan="77")),
        (3, CatalogueRow(ListingRef("bag", "1"), "", "1", jan="77")),
        (4, CatalogueRow(ListingRef("mug", ""), "", "MUG")),
        (5, CatalogueRow(ListingRef("ghost", ""), "", "")),
    ]
    matches = judge(rows, [STRICT, LOOSE], lambda rule, _: shop[None if rule is None else rule.id])
    assert {one: match.verdict for one, match in matches.items()} == {
        1: Linked(1, 4),
        2: Conflict(2, (5, 6)),
        3: Linked(3, 8),
        4: Linked(4, 10),
    }
    assert [match.rule for match in matches.values()] == [STRICT, STRICT, LOOSE, None]
    assert matches[3].key == "77"


def test_an_empty_key_is_never_looked_up() -> None:
    asked: list[str] = []
    bare = CatalogueRow(ListingRef("tee", ""), "", "")

    def find(_: LinkRule | None, keys: Sequence[str]) -> dict[str, list[int]]:
        asked.extend(keys)
        return {"": [1]}

    assert judge([(1, bare)], [STRICT, LOOSE], find) == {}
    assert asked == []


def test_a_rule_is_put_in_its_place_among_the_others() -> None:
    first, second = replace(RULE, id=1), replace(RULE, id=2)
    new = replace(RULE, id=3)
    for position, ids in ((1, [3, 1, 2]), (2, [1, 3, 2]), (None, [1, 2, 3]), (99, [1, 2, 3])):
        assert [rule.id for rule in placed([first, second], new, position)] == ids
    moved = [rule.id for rule in placed([first, second], second, 1)]
    assert moved == [2, 1]


def test_two_rules_are_the_same_where_nothing_tells_them_apart() -> None:
    assert is_same(RULE, replace(RULE, id=9, position=4, base_join="/"))
    assert not is_same(RULE, replace(RULE, join="/"))
    assert not is_same(RULE, replace(RULE, folds=frozenset()))
    assert not is_same(RULE, replace(RULE, mall="amazon"))
