"""Rows of `link_rule`: the link rules of each mall, and how far their keys are made."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, Select, delete, insert, select, update

from actors.store.schema import LINK_RULE, MALL
from engine.link_rules import Field, Fold, LinkRule


class KeptRule(Struct, frozen=True):
    """A rule and its keys in `rule_key`."""

    rule: LinkRule
    mall_id: int
    made_of: str
    """What the keys were made of; keys of anything else compare to nothing."""
    keyed: int | None
    """They are made up to this base listing; None: of all."""
    is_removed: bool
    """Only its keys are left of it."""

    def is_ready(self, made_of: str) -> bool:
        """Whether it can be tried against keys made of this."""
        return self.keyed is None and self.made_of == made_of and not self.is_removed


class RuleRows:
    """Loads, adds and removes rules, as operators do: none of it is on a hot path."""

    def add(self, connection: Connection, mall_id: int, rule: LinkRule, made_of: str) -> int:
        """Adds a rule without keys to a mall; its id. Its own id and mall are not looked at."""
        added = connection.execute(
            insert(LINK_RULE).values(
                mall_id=mall_id,
                position=rule.position,
                fields=_joined(rule.fields),
                separator=rule.join,
                base_fields=_joined(rule.base_fields),
                base_separator=rule.base_join,
                folds=_joined(sorted(rule.folds)),
                made_of=made_of,
                keyed=0,
                is_removed=False,
            )
        )
        return int(added.inserted_primary_key[0])  # type: ignore[index]

    def of_mall(self, connection: Connection, mall_id: int) -> list[LinkRule]:
        """A mall's rules, in the order they are tried."""
        return [one.rule for one in self.kept(connection) if one.mall_id == mall_id]

    def kept(self, connection: Connection) -> list[KeptRule]:
        """Every mall's rules, mall by mall, in the order they are tried."""
        chosen = _ordered().where(LINK_RULE.c.is_removed.is_(False))
        return [_kept(row) for row in connection.execute(chosen)]

    def due(self, connection: Connection, made_of: str) -> list[KeptRule]:
        """Rules whose keys are to be made or to go, the oldest first."""
        chosen = _ordered().where(
            LINK_RULE.c.is_removed.is_(True)
            | (LINK_RULE.c.made_of != made_of)
            | LINK_RULE.c.keyed.is_not(None)
        )
        return [_kept(row) for row in connection.execute(chosen.order_by(None).order_by("id"))]

    def place(self, connection: Connection, rule_ids: Sequence[int]) -> None:
        """The rules of a mall in the order they are tried from now on."""
        for position, rule_id in enumerate(rule_ids, 1):
            connection.execute(
                update(LINK_RULE).where(LINK_RULE.c.id == rule_id).values(position=position)
            )

    def note_keys(
        self, connection: Connection, rule_id: int, made_of: str, keyed: int | None
    ) -> None:
        """How far a rule's keys are made, and of what."""
        connection.execute(
            update(LINK_RULE).where(LINK_RULE.c.id == rule_id).values(made_of=made_of, keyed=keyed)
        )

    def retire(self, connection: Connection, rule_id: int) -> None:
        """The rule is tried no more; its keys go bit by bit."""
        connection.execute(
            update(LINK_RULE).where(LINK_RULE.c.id == rule_id).values(is_removed=True)
        )

    def forget(self, connection: Connection, rule_id: int) -> None:
        """Its keys are gone: so is the rule."""
        connection.execute(delete(LINK_RULE).where(LINK_RULE.c.id == rule_id))


def _ordered() -> Select[Any]:
    return (
        select(LINK_RULE, MALL.c.name)
        .join(MALL, MALL.c.id == LINK_RULE.c.mall_id)
        .order_by(LINK_RULE.c.mall_id, LINK_RULE.c.position, LINK_RULE.c.id)
    )


def _kept(row: Any) -> KeptRule:
    rule = LinkRule(
        id=row.id,
        mall=row.name,
        position=row.position,
        fields=tuple(Field(name) for name in row.fields.split(",")),
        join=row.separator,
        base_fields=tuple(Field(name) for name in row.base_fields.split(",")),
        base_join=row.base_separator,
        folds=frozenset(Fold(name) for name in row.folds.split(",") if name),
    )
    return KeptRule(rule, row.mall_id, row.made_of, row.keyed, row.is_removed)


def _joined(names: Iterable[str]) -> str:
    return ",".join(names)
