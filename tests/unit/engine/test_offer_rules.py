"""Offer rules: which rule gives which number, beside a plain reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.offer import Stock, Terms, bundle_offer, cap_of, follows_total
from engine.offer_rules import (
    EVERY,
    NO_CAP,
    NUMBERS,
    OFFER_RULES_MAX,
    OFFER_UNITS_MAX,
    OfferRule,
    RuleBook,
    merged,
    wrong_number,
)

MALLS = (1, 2)
SKUS = (10, 11)
KEYS = [(mall, sku) for mall in (EVERY, *MALLS) for sku in (EVERY, *SKUS) if (mall, sku) != (0, 0)]

units = st.integers(0, 20)
some_rules = st.builds(
    OfferRule,
    buffer=st.none() | units,
    cap=st.none() | st.just(NO_CAP) | units,
    floor=st.none() | units,
    share=st.none() | st.integers(0, 100),
)
some_terms = st.builds(Terms, units, st.none() | units, units, st.integers(0, 100))
books = st.dictionaries(st.sampled_from(KEYS), some_rules)


def by_reference(
    rules: dict[tuple[int, int], OfferRule], mall: int, sku: int, settings: Terms, number: str
) -> tuple[int | None, str]:
    """The rule of precedence as the operator's guide tells it, number by number."""
    for source, key in (("mall+sku", (mall, sku)), ("sku", (0, sku)), ("mall", (mall, 0))):
        said = getattr(rules.get(key, OfferRule()), number)
        if said is not None:
            return (None if number == "cap" and said == NO_CAP else said), source
    return getattr(settings, number), "settings"


@given(books, st.sampled_from(MALLS), st.sampled_from(SKUS), some_terms)
def test_each_number_comes_from_the_closest_rule_that_says_it(
    rules: dict[tuple[int, int], OfferRule], mall: int, sku: int, settings: Terms
) -> None:
    book = RuleBook(rules)
    terms, sources = book.terms(mall, sku, settings), book.sources(mall, sku)
    told = {number: (getattr(terms, number), sources[number]) for number in NUMBERS}
    wanted = {number: by_reference(rules, mall, sku, settings, number) for number in NUMBERS}
    assert told == wanted


@given(books, st.sampled_from(MALLS), some_terms)
def test_what_holds_for_a_whole_mall_is_what_a_sku_without_a_rule_has(
    rules: dict[tuple[int, int], OfferRule], mall: int, settings: Terms
) -> None:
    book = RuleBook(rules)
    assert book.terms(mall, EVERY, settings) == book.terms(mall, 99, settings)


@given(books, st.sampled_from(KEYS), st.none() | some_rules)
def test_a_look_at_another_rule_changes_that_one_and_leaves_the_book(
    rules: dict[tuple[int, int], OfferRule], key: tuple[int, int], rule: OfferRule | None
) -> None:
    book = RuleBook(rules)
    other = book.with_rule(key, rule)
    assert {one: book.get(one) for one in KEYS} == {one: rules.get(one) for one in KEYS}
    assert {one: other.get(one) for one in KEYS} == {
        one: rule if one == key else rules.get(one) for one in KEYS
    }


@given(some_rules, some_rules)
def test_a_rule_set_again_keeps_the_numbers_that_were_not_named(
    before: OfferRule, given: OfferRule
) -> None:
    after = merged(before, given)
    for number in NUMBERS:
        said = getattr(given, number)
        assert getattr(after, number) == (getattr(before, number) if said is None else said)
    assert merged(None, given) == given


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (OfferRule(), None),
        (OfferRule(0, 0, 0, 0), None),
        (OfferRule(OFFER_UNITS_MAX, OFFER_UNITS_MAX, OFFER_UNITS_MAX, 100), None),
        (OfferRule(cap=NO_CAP), None),
        (OfferRule(buffer=-1), "buffer"),
        (OfferRule(buffer=OFFER_UNITS_MAX + 1), "buffer"),
        (OfferRule(cap=-2), "cap"),
        (OfferRule(floor=-1), "floor"),
        (OfferRule(share=101), "share"),
        (OfferRule(share=-1), "share"),
    ],
)
def test_a_number_is_refused_beyond_its_bounds(rule: OfferRule, wrong: str | None) -> None:
    assert wrong_number(rule) == wrong


def test_a_full_book_takes_no_further_rule() -> None:
    rules = {(EVERY, sku): OfferRule(1) for sku in range(1, OFFER_RULES_MAX)}
    book = RuleBook(rules)
    full = [book.is_full]
    for rule in (OfferRule(1), None):
        book.put((1, EVERY), rule)
        full.append(book.is_full)
    assert full == [False, True, False]
    assert len(book) == OFFER_RULES_MAX - 1


# --- what the protocol assumes of an offer ------------------------------------------------------

stocks = st.lists(
    st.builds(Stock, st.integers(-5, 40), st.integers(1, 3), some_terms), min_size=1, max_size=3
)


@given(stocks, st.integers(0, 2))
def test_a_set_shows_what_its_scarcest_component_allows_and_more_stock_never_lowers_it(
    held: list[Stock], place: int
) -> None:
    shown = bundle_offer(held)
    assert shown is not None
    assert shown == min(bundle_offer([one]) or 0 for one in held)
    cap = cap_of(held)
    assert cap is None or shown <= cap
    at = place % len(held)
    more = [*held]
    more[at] = Stock((held[at].total or 0) + 1, held[at].units, held[at].terms)
    after = bundle_offer(more)
    assert after is not None
    assert shown <= after


@given(st.integers(-5, 40), books, some_terms)
def test_what_may_be_adopted_moves_by_one_with_its_total_whatever_the_rules_are(
    total: int, rules: dict[tuple[int, int], OfferRule], settings: Terms
) -> None:
    terms = RuleBook(rules).terms(1, 10, settings)
    held = [Stock(total, 1, terms)]
    shown, less = bundle_offer(held), bundle_offer([Stock(total - 1, 1, terms)])
    assert shown is not None
    assert less is not None
    cap = cap_of(held)
    if follows_total(held) and shown > 0 and (cap is None or shown < cap):
        assert shown - less == 1


@pytest.mark.parametrize(
    "rule", [OfferRule(share=50), OfferRule(floor=2), OfferRule(share=99), OfferRule(floor=9)]
)
@pytest.mark.parametrize("key", [(1, 10), (EVERY, 10), (1, EVERY)])
def test_no_rule_lets_an_offer_be_adopted_that_does_not_follow_its_total(
    key: tuple[int, int], rule: OfferRule
) -> None:
    # The settings alone would allow it: only the terms under the rules may be asked.
    terms = RuleBook({key: rule}).terms(1, 10, Terms())
    assert follows_total([Stock(10, 1, Terms())])
    assert not follows_total([Stock(10, 1, terms)])


def test_the_cap_of_a_rule_and_not_the_settings_cap_ends_adopting() -> None:
    settings = Terms(cap=5)
    capped = RuleBook({(EVERY, 10): OfferRule(cap=3)}).terms(1, 10, settings)
    free = RuleBook({(EVERY, 10): OfferRule(cap=NO_CAP)}).terms(1, 10, settings)
    assert cap_of([Stock(9, 1, capped)]) == 3
    assert cap_of([Stock(9, 1, free)]) is None
    assert bundle_offer([Stock(9, 1, free)]) == 9
