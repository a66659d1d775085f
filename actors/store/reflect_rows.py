"""Rows of `reflect_job`, and the pages of listings that a job walks."""

import json

from msgspec import Struct, structs
from sqlalchemy import Connection, bindparam, delete, insert, or_, select, update
from sqlalchemy.engine import Dialect

from actors.store.schema import LINK, REFLECT_JOB
from actors.store.statement import Statement
from engine.reflect_questions import ReflectStep

REFLECT_JOBS_MAX = 100
"""Reflect jobs that are kept; when another starts, the oldest that have ended are forgotten."""
REFLECT_SCAN_MAX = 2_000
"""Links one page of a job looks through for listings of its mall."""
_ENDED = (ReflectStep.DONE, ReflectStep.STOPPED)
_MOVING = (ReflectStep.PLACING, ReflectStep.RETURNING)


class ReflectJob(Struct, frozen=True):
    """One reflect job."""

    id: int
    mall_id: int | None
    skus: tuple[str, ...]
    is_diff: bool
    step: ReflectStep
    cursor: int
    looked_at: int
    placed: int
    level: int
    unsynced: int
    shadow: int
    blocked: int
    actor: str
    started_at: float
    ended_at: float | None


class JobPage(Struct, frozen=True):
    """Listings a job looks at in one transaction."""

    ids: list[int]
    cursor: int
    """The last that was looked through, of whatever mall."""
    is_last: bool


class ReflectRows:
    """Opens, advances and ends reflect jobs. `is_moving` is on a hot path: each pull."""

    def __init__(self, dialect: Dialect) -> None:
        job = REFLECT_JOB.c
        self._is_moving = Statement(
            select(job.id)
            .where(or_(job.step == _MOVING[0], job.step == _MOVING[1]))
            .where(or_(job.mall_id.is_(None), job.mall_id == bindparam("mall")))
            .limit(1),
            ["mall"],
            dialect,
        )
        self._linked = Statement(
            select(LINK.c.listing_id, LINK.c.mall_id)
            .where(LINK.c.listing_id > bindparam("after"))
            .order_by(LINK.c.listing_id)
            .limit(bindparam("most")),
            ["after", "most"],
            dialect,
        )

    def open(self, connection: Connection, job: ReflectJob) -> ReflectJob:
        """A new job of this wording, with its id; older ones may be forgotten."""
        kept = select(REFLECT_JOB.c.id).order_by(REFLECT_JOB.c.id.desc()).limit(REFLECT_JOBS_MAX)
        connection.execute(
            delete(REFLECT_JOB).where(REFLECT_JOB.c.step.in_(_ENDED), REFLECT_JOB.c.id.not_in(kept))
        )
        added = connection.execute(insert(REFLECT_JOB).values(**_columns(job)))
        return structs.replace(job, id=int(added.inserted_primary_key[0]))  # type: ignore[index]

    def save(self, connection: Connection, job: ReflectJob) -> None:
        """Writes how far a job is."""
        connection.execute(
            update(REFLECT_JOB).where(REFLECT_JOB.c.id == job.id).values(**_columns(job))
        )

    def load(self, connection: Connection, job: int) -> ReflectJob | None:
        """One job."""
        row = connection.execute(select(REFLECT_JOB).where(REFLECT_JOB.c.id == job)).fetchone()
        return None if row is None else _job(row)

    def kept(self, connection: Connection) -> list[ReflectJob]:
        """All of them, the newest first."""
        rows = connection.execute(select(REFLECT_JOB).order_by(REFLECT_JOB.c.id.desc()))
        return [_job(row) for row in rows]

    def unfinished(self, connection: Connection) -> list[ReflectJob]:
        """Those with something left to do, the oldest first."""
        rows = connection.execute(
            select(REFLECT_JOB).where(REFLECT_JOB.c.step.not_in(_ENDED)).order_by(REFLECT_JOB.c.id)
        )
        return [_job(row) for row in rows]

    def is_moving(self, connection: Connection, mall_id: int) -> bool:
        """Whether listings of the mall are being placed or taken back page by page."""
        return self._is_moving.first(connection, mall_id) is not None

    def page(self, connection: Connection, mall_id: int | None, after: int, most: int) -> JobPage:
        """The next linked listings of a mall, or of all, at most so many."""
        rows = self._linked.rows(connection, after, REFLECT_SCAN_MAX)
        ids: list[int] = []
        cursor = after
        for listing_id, owner in rows:
            is_new = listing_id != cursor and (mall_id is None or owner == mall_id)
            if is_new and len(ids) == most:
                return JobPage(ids, cursor, is_last=False)
            if is_new:
                ids.append(listing_id)
            cursor = listing_id
        return JobPage(ids, cursor, is_last=len(rows) < REFLECT_SCAN_MAX)


def _columns(job: ReflectJob) -> dict[str, object]:
    columns = structs.asdict(job)
    del columns["id"]
    return {**columns, "skus": json.dumps(job.skus), "step": str(job.step)}


def _job(row: object) -> ReflectJob:
    columns = dict(row._mapping)  # type: ignore[attr-defined]  # noqa: SLF001
    skus = tuple(json.loads(columns.pop("skus")))
    step = ReflectStep(columns.pop("step"))
    return ReflectJob(**columns, skus=skus, step=step)
