"""Links: the default rule, conflicts, claims and releases."""

from engine.links import (
    Conflict,
    Linked,
    NoMatch,
    NotClaimed,
    Unlinked,
    auto_link,
    claim,
    fold,
    release,
)


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


def test_a_code_that_names_two_skus_makes_conflicts_and_never_a_merge() -> None:
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
