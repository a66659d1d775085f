"""A Core statement compiled once for its dialect and run with plain tuples.

SQLAlchemy writes the SQL; the hot path then pays only the driver. `many` is one executemany.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement, Connection, bindparam
from sqlalchemy.engine import Dialect

CHUNK_SIZES = (1, 8, 64, 512)
"""Lengths of IN lists that are compiled; a longer list is asked in pieces."""


class Statement:
    """One statement with named binds, called with tuples in the order of `names`."""

    def __init__(self, clause: ClauseElement, names: Sequence[str], dialect: Dialect) -> None:
        compiled = clause.compile(dialect=dialect)
        self.sql = str(compiled)
        wanted = list(compiled.positiontup or names)  # type: ignore[attr-defined]
        fixed: Mapping[str, Any] = compiled.params
        self._order = [names.index(name) if name in names else -1 for name in wanted]
        self._fixed = [fixed.get(name) for name in wanted]
        self._is_plain = self._order == list(range(len(names)))

    def _tuple(self, row: Sequence[Any]) -> tuple[Any, ...]:
        if self._is_plain:
            return tuple(row)
        return tuple(
            row[place] if place >= 0 else self._fixed[index]
            for index, place in enumerate(self._order)
        )

    def rows(self, connection: Connection, *values: Any) -> Sequence[Any]:
        """All rows of a query."""
        return connection.exec_driver_sql(self.sql, self._tuple(values)).fetchall()

    def first(self, connection: Connection, *values: Any) -> Any:
        """The first row of a query, or None."""
        return connection.exec_driver_sql(self.sql, self._tuple(values)).fetchone()

    def run(self, connection: Connection, *values: Any) -> int:
        """Executes once; how many rows it touched."""
        return connection.exec_driver_sql(self.sql, self._tuple(values)).rowcount

    def many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Executes for every tuple, as one executemany."""
        if rows:
            connection.exec_driver_sql(
                self.sql,
                list(rows) if self._is_plain else [self._tuple(row) for row in rows],
            )


class Lookup:
    """A query with one IN list of any length, besides fixed leading values."""

    def __init__(
        self,
        build: Callable[[list[Any]], ClauseElement],
        leading: Sequence[str],
        dialect: Dialect,
    ) -> None:
        self._sized = {
            size: Statement(
                build([bindparam(f"in{index}") for index in range(size)]),
                [*leading, *(f"in{index}" for index in range(size))],
                dialect,
            )
            for size in CHUNK_SIZES
        }

    def rows(
        self, connection: Connection, leading: Sequence[Any], keys: Sequence[Any]
    ) -> Iterator[Any]:
        """The rows of every key, in no order."""
        largest = CHUNK_SIZES[-1]
        for start in range(0, len(keys), largest):
            part = list(keys[start : start + largest])
            size = next(size for size in CHUNK_SIZES if size >= len(part))
            # The list is filled up with its last key: a repeated key adds no row.
            part += [part[-1]] * (size - len(part))
            yield from self._sized[size].rows(connection, *leading, *part)
