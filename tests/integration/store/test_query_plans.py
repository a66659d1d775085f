"""Every statement of the hot path is answered by an index: no plan reads a whole table."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from actors.store.statement import Lookup, Statement
from actors.store.store import Store

SMALL = {"counter", "mall", "import_job", "link_rule"}
"""Tables with a handful of rows, where reading all of them is no harm."""

ON_PURPOSE = {"pushes._audit", "pushes._decide", "breakers._shelf"}
"""After a halt, or with other terms, every listing of the mall is made due: rare, and all meant.
The breaker counts a mall's listings where a change is large, once a minute at most."""


def _statements(store: Store) -> Iterator[tuple[str, str]]:
    rooms = (
        "malls", "listings", "pushes", "offers", "feeds", "breakers", "orders", "movements",
        "faults", "rules", "rule_keys", "sheets",
    )  # fmt: skip
    for room in rooms:
        for name, value in vars(getattr(store, room)).items():
            if isinstance(value, Statement):
                yield f"{room}.{name}", value.sql
            elif isinstance(value, Lookup):
                for size, sql in value._sized.items():
                    yield f"{room}.{name}[{size}]", sql


def _plan(connection: Connection, sql: str) -> list[str]:
    values: tuple[Any, ...] = (1,) * sql.count("?")
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)
    return [row[3] for row in rows]


def whole_tables(plan: list[str]) -> list[str]:
    """The steps of a plan that read a whole table or sort without an index."""
    return [
        step
        for step in plan
        if step.startswith("SCAN") and "CONSTANT ROW" not in step and step.split()[1] not in SMALL
    ]


@pytest.fixture
def store() -> Iterator[Store]:
    opened = Store(None)
    yield opened
    opened.close()


def test_no_prepared_statement_reads_a_whole_table(store: Store) -> None:
    found: dict[str, list[str]] = {}
    with store.engine.begin() as connection:
        for name, sql in _statements(store):
            steps = whole_tables(_plan(connection, sql))
            if steps and name not in ON_PURPOSE:
                found[name] = steps
    assert found == {}


def test_the_check_sees_a_whole_table_read(store: Store) -> None:
    with store.engine.begin() as connection:
        rows = connection.exec_driver_sql("EXPLAIN QUERY PLAN SELECT * FROM movement WHERE delta=1")
        assert whole_tables([row[3] for row in rows]) == ["SCAN movement"]
