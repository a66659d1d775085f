"""Link rules are kept as they were given, in the order they are tried."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from sqlalchemy import select

from actors.store.schema import RULE_KEY
from actors.store.store import Store
from engine.link_rules import Field, Fold, LinkRule

RULE = LinkRule(
    id=0,
    mall="yahoo",
    position=2,
    fields=(Field.SUB_CODE, Field.CODE),
    join=",",
    base_fields=(Field.SKU_CODE,),
    base_join="",
    folds=frozenset({Fold.WIDTH, Fold.CASE}),
)


@pytest.fixture
def store() -> Iterator[Store]:
    store = Store(None)
    yield store
    store.close()


def test_rules_come_back_in_order_and_a_removed_ones_id_is_never_given_again(store: Store) -> None:
    with store.transaction() as connection:
        yahoo = store.malls.add(connection, "yahoo", "yahoo", 0).id
        amazon = store.malls.add(connection, "amazon", "amazon", 0).id
        late = store.rules.add(connection, yahoo, RULE, "x")
        early = store.rules.add(connection, yahoo, replace(RULE, folds=frozenset()), "x")
        other = store.rules.add(connection, amazon, replace(RULE, mall="amazon"), "x")
        store.rules.place(connection, [early, late])
        assert store.rules.of_mall(connection, yahoo) == [
            replace(RULE, id=early, position=1, folds=frozenset()),
            replace(RULE, id=late, position=2),
        ]
        assert [one.rule.id for one in store.rules.kept(connection)] == [early, late, other]
        store.rules.retire(connection, other)
        assert store.rules.of_mall(connection, amazon) == []
        assert other in [one.rule.id for one in store.rules.due(connection, "x")]
        store.rules.forget(connection, other)
        assert store.rules.add(connection, amazon, RULE, "x") > other


def test_a_rule_is_ready_once_its_keys_are_made_of_what_they_are_compared_with(
    store: Store,
) -> None:
    with store.transaction() as connection:
        yahoo = store.malls.add(connection, "yahoo", "yahoo", 0).id
        rule_id = store.rules.add(connection, yahoo, RULE, "x")
        (kept,) = store.rules.due(connection, "x")
        assert (kept.keyed, kept.is_ready("x")) == (0, False)
        store.rules.note_keys(connection, rule_id, "x", None)
        assert store.rules.due(connection, "x") == []
        (kept,) = store.rules.kept(connection)
        assert (kept.is_ready("x"), kept.is_ready("y")) == (True, False)
        assert [one.rule.id for one in store.rules.due(connection, "y")] == [rule_id]


def test_keys_are_dropped_bit_by_bit_and_those_of_other_rules_stay(store: Store) -> None:
    def left() -> list[tuple[int, str, int]]:
        return sorted(tuple(row) for row in connection.execute(select(RULE_KEY)))

    with store.transaction() as connection:
        keys = store.rule_keys
        rows = [(1, "a", 1), (1, "b", 2), (1, "b", 3), (1, "c", 4), (2, "a", 1), (2, "b", 2)]
        keys.add(connection, [*rows, (1, "b", 3)])
        assert left() == rows
        assert keys.drop(connection, 1, 2) == 2
        assert left() == rows[2:]
        keys.forget(connection, [1])
        assert left() == [(1, "b", 3), (1, "c", 4), (2, "b", 2)]
        assert keys.drop(connection, 1, 5) == 2
        assert (keys.drop(connection, 1, 5), left()) == (0, [(2, "b", 2)])
