"""Link rules are kept as they were given, in the order they are tried."""

from msgspec.structs import replace

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


def test_rules_come_back_in_order_and_a_removed_ones_id_is_never_given_again() -> None:
    store = Store(None)
    with store.transaction() as connection:
        yahoo = store.malls.add(connection, "yahoo", "yahoo", 0).id
        amazon = store.malls.add(connection, "amazon", "amazon", 0).id
        late = store.rules.add(connection, yahoo, RULE)
        early = store.rules.add(connection, yahoo, replace(RULE, position=1, folds=frozenset()))
        other = store.rules.add(connection, amazon, RULE)
        assert store.rules.of_mall(connection, yahoo) == [
            replace(RULE, id=early, position=1, folds=frozenset()),
            replace(RULE, id=late),
        ]
        assert [one.id for one in store.rules.everywhere(connection)] == [early, late, other]
        assert store.rules.remove(connection, other)
        assert not store.rules.remove(connection, other)
        assert store.rules.of_mall(connection, amazon) == []
        assert store.rules.add(connection, amazon, RULE) > other
    store.close()
