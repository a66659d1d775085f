"""Offer rules in the database: what SQL reckons of an offer is what the engine does."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from actors.store.offer_rows import listings_under, offered
from actors.store.schema import LINK, OFFER_RULE, SKU
from actors.store.store import Store
from engine.offer import Stock, Terms, bundle_offer
from engine.offer_rules import EVERY, NO_CAP, OfferRule, RuleBook

MALLS = (1, 2)
SKUS = (10, 11, 12)
KEYS = [(mall, sku) for mall in (EVERY, *MALLS) for sku in (EVERY, *SKUS) if (mall, sku) != (0, 0)]

units = st.integers(0, 12)
some_rules = st.builds(
    OfferRule,
    buffer=st.none() | units,
    cap=st.none() | st.just(NO_CAP) | units,
    floor=st.none() | units,
    share=st.none() | st.integers(0, 100),
)
some_terms = st.builds(Terms, units, st.none() | units, units, st.integers(0, 100))


@pytest.fixture(scope="module")
def store() -> Iterator[Store]:
    """Three SKUs, each linked once on each mall, in lots of 1, 2 and 3."""
    opened = Store(None)
    with opened.transaction() as connection:
        for place, sku in enumerate(SKUS, 1):
            connection.execute(
                insert(SKU).values(id=sku, code=f"s{sku}", folded=f"s{sku}", name="", jan="")
            )
            for mall in MALLS:
                row = {"listing_id": sku * 10 + mall, "sku_id": sku, "mall_id": mall}
                connection.execute(insert(LINK).values(**row, units=place))
    yield opened
    opened.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    rules=st.dictionaries(st.sampled_from(KEYS), some_rules),
    totals=st.tuples(*(st.integers(-5, 40) for _ in SKUS)),
    terms=some_terms,
)
def test_the_list_reckons_offers_as_the_engine_does(
    store: Store, rules: dict[tuple[int, int], OfferRule], totals: tuple[int, ...], terms: Terms
) -> None:
    book = RuleBook(rules)
    with store.transaction() as connection:
        connection.execute(delete(OFFER_RULE))
        for key, rule in rules.items():
            store.offers.write(connection, key, rule, 0.0, "me")
        assert store.offers.load_all(connection) == rules
        for sku, total in zip(SKUS, totals, strict=True):
            connection.execute(SKU.update().where(SKU.c.id == sku).values(total=total))
        for mall in MALLS:
            tables, one = offered(
                LINK.join(SKU, SKU.c.id == LINK.c.sku_id),
                mall,
                book.terms(mall, EVERY, terms),
            )
            found = connection.execute(
                select(SKU.c.id, one).select_from(tables).where(LINK.c.mall_id == mall)
            )
            assert {row[0]: row[1] for row in found} == {
                sku: bundle_offer([Stock(total, place, book.terms(mall, sku, terms))])
                for place, (sku, total) in enumerate(zip(SKUS, totals, strict=True), 1)
            }


def test_a_rule_is_about_the_listings_that_it_names(store: Store) -> None:
    with store.transaction() as connection:
        assert listings_under(connection, (EVERY, 10), 0, 9) == [101, 102]
        assert listings_under(connection, (2, EVERY), 0, 9) == [102, 112, 122]
        assert listings_under(connection, (2, EVERY), 102, 1) == [112]
        assert listings_under(connection, (2, 11), 0, 9) == [112]


def test_a_rule_keeps_its_number_when_it_is_set_again(store: Store) -> None:
    with store.transaction() as connection:
        connection.execute(delete(OFFER_RULE))
        store.offers.write(connection, (1, 10), OfferRule(1), 5.0, "me")
        first = store.offers.one(connection, (1, 10))
        store.offers.write(connection, (1, 10), OfferRule(2, NO_CAP), 6.0, "you")
        again = store.offers.one(connection, (1, 10))
        assert first is not None
        assert again is not None
        assert (first.rule, first.at, first.actor) == (OfferRule(1), 5.0, "me")
        assert (again.id, again.rule, again.actor) == (first.id, OfferRule(2, NO_CAP), "you")
        assert store.offers.page(connection, (EVERY, 10), 0, 9) == (1, [again])
        assert store.offers.keys_of_sku(connection, 10) == [(1, 10)]
        store.offers.remove(connection, (1, 10))
        assert store.offers.one(connection, (1, 10)) is None
