"""Rows of `link_rule`: the link rules of each mall, and how far their keys are made."""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import LINK_RULE, MALL
from actors.store.statement import Statement
from engine.link_rules import Field, Fold, LinkRule

_COLUMNS = (
    "id", "mall_id", "position", "fields", "separator", "base_fields", "base_separator", "folds",
    "made_of", "keyed", "is_removed",
)  # fmt: skip
_ORDERED = (
    select(*(LINK_RULE.c[name] for name in _COLUMNS), MALL.c.name)
    .join(MALL, MALL.c.id == LINK_RULE.c.mall_id)
    .order_by(LINK_RULE.c.mall_id, LINK_RULE.c.position, LINK_RULE.c.id)
)


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
    """Adds and removes rules, as operators do; loads them, as ticks and pages of imports do."""

    def __init__(self, dialect: Dialect) -> None:
        self._all = Statement(_ORDERED.where(LINK_RULE.c.is_removed.is_(False)), [], dialect)
        is_due = or_(
            LINK_RULE.c.is_removed.is_(True),
            LINK_RULE.c.made_of != bindparam("basis"),
            LINK_RULE.c.keyed.is_not(None),
        )
        self._due = Statement(
            _ORDERED.where(is_due).order_by(None).order_by(LINK_RULE.c.id), ["basis"], dialect
        )

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
        return [_kept(row) for row in self._all.rows(connection)]

    def due(self, connection: Connection, made_of: str) -> list[KeptRule]:
        """Rules whose keys are to be made or to go, the oldest first."""
        return [_kept(row) for row in self._due.rows(connection, made_of)]

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


def _kept(row: Sequence[Any]) -> KeptRule:
    rule_id, mall_id, position, fields, join, base_fields, base_join, folds = row[:8]
    made_of, keyed, is_removed, mall = row[8:]
    rule = LinkRule(
        id=rule_id,
        mall=mall,
        position=position,
        fields=tuple(Field(name) for name in fields.split(",")),
        join=join,
        base_fields=tuple(Field(name) for name in base_fields.split(",")),
        base_join=base_join,
        folds=frozenset(Fold(name) for name in folds.split(",") if name),
    )
    return KeptRule(rule, mall_id, made_of, keyed, bool(is_removed))


def _joined(names: Iterable[str]) -> str:
    return ",".join(names)
