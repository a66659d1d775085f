"""Links: the default rule, conflicts, claims and releases."""

import pytest

from engine.links import (
    DEFAULT_RULE,
    Component,
    Conflict,
    Linked,
    LinkField,
    LinkRule,
    NoMatch,
    NotClaimed,
    Unlinked,
    auto_link,
    claim,
    flatten,
    fold,
    link_code,
    release,
)
from engine.push_state import Span

JOINED = LinkRule((LinkField.CODE, LinkField.SUB_CODE))


@pytest.mark.parametrize(
    ("rule", "code", "sub_code", "jan", "expected"),
    [
        pytest.param(DEFAULT_RULE, "TEE-07", "", "", "tee-07", id="the code, case aside"),
        pytest.param(DEFAULT_RULE, "TEE-07", "BK-M", "", "bk-m", id="the sub-code comes first"),
        pytest.param(JOINED, "tee-07", "-bk-m", "", "tee-07-bk-m", id="joined"),
        pytest.param(JOINED, "tee-07", "", "", "", id="a missing field matches nothing"),
        pytest.param(
            LinkRule((LinkField.JAN, LinkField.CODE), "/"), "A", "", "49", "49/a", id="joiner"
        ),
        pytest.param(LinkRule((LinkField.JAN,)), "A", "", "", "", id="no jan"),
    ],
)
def test_a_rule_makes_one_folded_code(
    rule: LinkRule, code: str, sub_code: str, jan: str, expected: str
) -> None:
    assert link_code(rule, code, sub_code, jan) == expected


def test_folding_puts_case_aside_and_nothing_else() -> None:
    assert fold("Tee-07") == fold("TEE-07")
    assert fold("tee 07") != fold("tee-07")
    assert fold("ＴＥＥ") != fold("TEE")


def test_a_batch_is_decided_one_result_a_listing() -> None:
    candidates = {"tee": [1], "mug": [2, 3]}
    assert auto_link([(10, "tee"), (11, "mug"), (12, "cap"), (13, "")], candidates) == [
        Linked(10, 1),
        Conflict(11, (2, 3)),
        NoMatch(12),
        NoMatch(13),
    ]


def test_one_sku_named_twice_by_the_lookup_is_one_claim() -> None:
    assert auto_link([(10, "tee")], {"tee": [1, 1]}) == [Linked(10, 1)]


def test_two_base_listings_of_one_code_are_conflicts_and_never_merged() -> None:
    # Each base listing made a SKU of its own; the code names both, for them and for other malls.
    results = auto_link([(1, "tee"), (2, "tee"), (30, "tee")], {"tee": [102, 101]})
    assert results == [Conflict(listing, (101, 102)) for listing in (1, 2, 30)]
    assert "複数の商品が紐づいています" in Conflict(1, (101, 102)).message


def test_a_second_claim_is_kept_as_a_conflict() -> None:
    assert claim(5, (), 1) == Linked(5, 1)
    assert claim(5, (1,), 1) == Linked(5, 1)
    assert claim(5, (1,), 2) == Conflict(5, (1, 2))
    assert claim(5, (1, 2), 2) == Conflict(5, (1, 2))


def test_a_conflict_ends_when_one_claim_is_left() -> None:
    assert release(5, (1, 2, 3), 3) == Conflict(5, (1, 2))
    assert release(5, (1, 2), 1) == Linked(5, 2)
    assert release(5, (2,), 2) == Unlinked(5)
    assert release(5, (2,), 9) == NotClaimed(5, 9)


def test_a_bundle_names_each_sku_once() -> None:
    opened = Span(1.0, 2.0)
    parts = [Component(1, 2, opened), Component(2), Component(1, 3, opened)]
    assert flatten(parts) == (Component(1, 5, opened), Component(2))
