"""A Core statement compiled once for its dialect and run with plain tuples on the driver itself.

SQLAlchemy writes the SQL and begins and ends the transaction; in between the hot path pays only the
driver. `many` is one executemany. Rows are plain tuples.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import BindParameter, ClauseElement, Connection, bindparam
from sqlalchemy.engine import Dialect

CHUNK_SIZES = (1, 8, 32, 128, 512)
"""Lengths of IN lists; a longer list is asked in pieces."""
KEYS = "keys"
"""The bind that a Lookup's list takes the place of."""


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

    def _tuple(self, row: Sequence[Any]) -> Sequence[Any]:
        if self._is_plain:
            return row
        return [
            row[place] if place >= 0 else self._fixed[index]
            for index, place in enumerate(self._order)
        ]

    def rows(self, connection: Connection, *values: Any) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return _run(connection, self.sql, self._tuple(values)).fetchall()  # type: ignore[no-any-return]

    def first(self, connection: Connection, *values: Any) -> tuple[Any, ...] | None:
        """The first row of a query, or None."""
        return _run(connection, self.sql, self._tuple(values)).fetchone()  # type: ignore[no-any-return]

    def run(self, connection: Connection, *values: Any) -> int:
        """Executes once; how many rows it touched."""
        return int(_run(connection, self.sql, self._tuple(values)).rowcount)

    def many(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Executes for every tuple, as one executemany."""
        if rows:
            wanted = rows if self._is_plain else [self._tuple(row) for row in rows]
            connection.connection.cursor().executemany(self.sql, wanted)


class Lookup:
    """A query with one IN list of any length, besides fixed leading values.

    `build` is given the bind that stands for the list. The SQL is compiled once; a list of another
    length only changes its text.
    """

    def __init__(
        self,
        build: Callable[[BindParameter[Any]], ClauseElement],
        leading: Sequence[str],
        dialect: Dialect,
    ) -> None:
        compiled = build(bindparam(KEYS, expanding=True)).compile(dialect=dialect)
        before, _, after = str(compiled).partition(f"__[POSTCOMPILE_{KEYS}]")
        wanted = list(compiled.positiontup or (*leading, KEYS))  # type: ignore[attr-defined]
        fixed: Mapping[str, Any] = compiled.params
        place = wanted.index(KEYS)
        self._first = [(name, fixed.get(name)) for name in wanted[:place]]
        self._last = [(name, fixed.get(name)) for name in wanted[place + 1 :]]
        self._leading = {name: index for index, name in enumerate(leading)}
        self._sized = {size: f"{before}{', '.join('?' * size)}{after}" for size in CHUNK_SIZES}

    def rows(
        self, connection: Connection, leading: Sequence[Any], keys: Sequence[Any]
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of every key, in no order."""
        largest = CHUNK_SIZES[-1]
        first, last = self._values(self._first, leading), self._values(self._last, leading)
        for start in range(0, len(keys), largest):
            part = keys[start : start + largest]
            size = next(size for size in CHUNK_SIZES if size >= len(part))
            # The list is filled up with its last key: a repeated key adds no row.
            filling = [part[-1]] * (size - len(part))
            yield from _run(connection, self._sized[size], [*first, *part, *filling, *last])

    def _values(self, wanted: Sequence[tuple[str, Any]], leading: Sequence[Any]) -> list[Any]:
        places = self._leading
        return [leading[places[name]] if name in places else value for name, value in wanted]


def _run(connection: Connection, sql: str, values: Sequence[Any]) -> Any:
    cursor = connection.connection.cursor()
    cursor.execute(sql, values)
    return cursor
