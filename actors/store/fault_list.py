"""Faults as operators and the notifier look at them: filtered, by mall, and what is new.

Read-only statements for the threads that answer lists.
"""

from collections.abc import Collection, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Select, case, func, or_, select

from actors.store.schema import FAULT
from engine.faults import Level
from engine.notices import ALWAYS_TOLD

FAULTS_MAX: Final = 1_000
"""Records `errors list` shows; the rest are older."""
NEW_NOTICES_MAX: Final = 200
"""New records of one look of the notifier; the rest come with the next."""


class FaultFilter(Struct, frozen=True, kw_only=True):
    """The filters of `errors list`, as the table knows them."""

    fault_id: int | None = None
    mall_id: int | None = None
    level: int | None = None
    state: str | None = None
    search: str = ""
    """Part of a subject, a code or a sentence."""
    with_cleared: bool = False


class FaultFigures(Struct, frozen=True):
    """How many faults one mall has, None being the house; the order is the columns'."""

    mall_id: int | None
    level9: int
    level8: int
    resolved: int
    oldest: float | None
    """First sight of the oldest open one."""


def fault_list(connection: Connection, chosen: FaultFilter) -> list[Any]:
    """Fault rows, newest first, at most FAULTS_MAX."""
    query = select(FAULT).order_by(FAULT.c.last_seen.desc(), FAULT.c.id.desc()).limit(FAULTS_MAX)
    if chosen.fault_id is not None:
        return list(connection.execute(query.where(FAULT.c.id == chosen.fault_id)))
    if chosen.state is not None:
        query = query.where(FAULT.c.state == chosen.state)
    elif not chosen.with_cleared:
        query = query.where(FAULT.c.state != "cleared")
    if chosen.mall_id is not None:
        query = query.where(FAULT.c.mall_id == chosen.mall_id)
    if chosen.level is not None:
        query = query.where(FAULT.c.level == chosen.level)
    return list(connection.execute(_searched(query, chosen.search)))


def _searched(query: Select[Any], search: str) -> Select[Any]:
    if not search:
        return query
    columns = (FAULT.c.subject, FAULT.c.code, FAULT.c.message, FAULT.c.message_en)
    return query.where(or_(*(column.icontains(search, autoescape=True) for column in columns)))


def fault_figures(connection: Connection) -> list[FaultFigures]:
    """The figures of every mall that has a fault which is not cleared."""
    is_open = FAULT.c.state == "open"
    is_heavy = FAULT.c.level == int(Level.CREDENTIALS)
    rows = connection.execute(
        select(
            FAULT.c.mall_id,
            func.sum(case((is_open & is_heavy, 1), else_=0)),
            func.sum(case((is_open & ~is_heavy, 1), else_=0)),
            func.sum(case((FAULT.c.state == "resolved", 1), else_=0)),
            func.min(case((is_open, FAULT.c.first_seen))),
        )
        .where(FAULT.c.state != "cleared")
        .group_by(FAULT.c.mall_id)
    )
    return [FaultFigures(*row) for row in rows]


def faults_after(connection: Connection, after: int, *, with_transient: bool) -> list[Any]:
    """Records that the notifier may have to tell of, oldest first, at most NEW_NOTICES_MAX."""
    query = select(FAULT).where(FAULT.c.id > after).order_by(FAULT.c.id).limit(NEW_NOTICES_MAX)
    if not with_transient:
        query = query.where(
            or_(
                FAULT.c.level == int(Level.CREDENTIALS),
                FAULT.c.kind.in_(sorted(ALWAYS_TOLD)),
                # One of a mall as a whole may rise to level 9.
                FAULT.c.subject == "",
            )
        )
    return list(connection.execute(query))


def newest_fault(connection: Connection) -> int:
    """The highest number given out; 0 for none."""
    return int(connection.execute(select(func.max(FAULT.c.id))).scalar_one() or 0)


def faults_with(connection: Connection, ids: Collection[int]) -> Sequence[Any]:
    """These records."""
    return list(connection.execute(select(FAULT).where(FAULT.c.id.in_(sorted(ids)))))
