"""Rows of `link_rule`: the link rules of each mall."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select

from actors.store.schema import LINK_RULE, MALL
from engine.link_rules import Field, Fold, LinkRule


class RuleRows:
    """Loads, adds and removes rules, as operators do: none of it is on a hot path."""

    def add(self, connection: Connection, mall_id: int, rule: LinkRule) -> int:
        """Adds a rule to a mall; its id. The rule's own id and mall are not looked at."""
        added = connection.execute(
            insert(LINK_RULE).values(
                mall_id=mall_id,
                position=rule.position,
                fields=_joined(rule.fields),
                separator=rule.join,
                base_fields=_joined(rule.base_fields),
                base_separator=rule.base_join,
                folds=_joined(sorted(rule.folds)),
            )
        )
        return int(added.inserted_primary_key[0])  # type: ignore[index]

    def of_mall(self, connection: Connection, mall_id: int) -> list[LinkRule]:
        """A mall's rules, in the order they are tried."""
        chosen = _ordered().where(LINK_RULE.c.mall_id == mall_id)
        return [_rule(row) for row in connection.execute(chosen)]

    def everywhere(self, connection: Connection) -> list[LinkRule]:
        """Every mall's rules, mall by mall, in the order they are tried."""
        return [_rule(row) for row in connection.execute(_ordered())]

    def remove(self, connection: Connection, rule_id: int) -> bool:
        """Whether there was such a rule."""
        return connection.execute(delete(LINK_RULE).where(LINK_RULE.c.id == rule_id)).rowcount > 0


def _ordered() -> Select[Any]:
    return (
        select(LINK_RULE, MALL.c.name)
        .join(MALL, MALL.c.id == LINK_RULE.c.mall_id)
        .order_by(LINK_RULE.c.mall_id, LINK_RULE.c.position, LINK_RULE.c.id)
    )


def _rule(row: Any) -> LinkRule:
    return LinkRule(
        id=row.id,
        mall=row.name,
        position=row.position,
        fields=tuple(Field(name) for name in row.fields.split(",")),
        join=row.separator,
        base_fields=tuple(Field(name) for name in row.base_fields.split(",")),
        base_join=row.base_separator,
        folds=frozenset(Fold(name) for name in row.folds.split(",") if name),
    )


def _joined(names: Iterable[str]) -> str:
    return ",".join(names)
