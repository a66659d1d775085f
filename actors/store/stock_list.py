"""The queries behind `stock list`, `reflect` and `history`: pages by a cursor, never all at once.

A *difference* is a settled one: `held` is not 0, or what the mall is taken to show is not the offer
while nothing is in flight. A listing that never settled is no difference.
"""

import json
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, tuple_

from actors.store.offer_rows import offered
from actors.store.schema import FAULT, LINK, LISTING, MOVEMENT, PUSH, SKU
from engine.catalogue import Axis
from engine.offer import Terms
from engine.questions import StockFilter, StockSort

Cursor = tuple[str | int, int] | None
"""The sorted value and the id of the last row of the page before; None: the first page."""
_UNKNOWN: Final = -(2**40)
"""Where a SKU without a total stands among totals: before all."""
_WIDE: Final = {sign: sign + 0xFEE0 for sign in range(0x21, 0x7F)} | {0x20: 0x3000}
"""Each ASCII sign's full-width form."""

MallTerms = Mapping[int, Terms]
"""Mall id -> its terms where no rule names a SKU, of every mall of the settings."""


def _spellings(text: str) -> list[str]:
    """The text as typed, in plain and in full width, in either case where SQL folds ASCII only."""
    plain = unicodedata.normalize("NFKC", text)
    wide = plain.translate(_WIDE)
    return list(dict.fromkeys((text, plain, wide, wide.lower(), wide.upper())))


def _like(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    return or_(*(column.icontains(each, autoescape=True) for each in _spellings(text)))


def _has_open_fault() -> ColumnElement[bool]:
    """Whether an open fault names the listing of the row."""
    subject = case(
        (LISTING.c.sub_code == "", LISTING.c.code),
        else_=LISTING.c.code + "/" + LISTING.c.sub_code,
    )
    return (
        select(FAULT.c.id)
        .where(
            FAULT.c.state == "open",
            FAULT.c.mall_id == LISTING.c.mall_id,
            FAULT.c.subject == subject,
        )
        .exists()
    )


def differing(mall_ids: Sequence[int], terms: MallTerms) -> Select[Any]:
    """Listing ids with a difference, in these malls."""
    parts = []
    for mall_id in mall_ids:
        tables, one = offered(
            PUSH.join(LISTING, LISTING.c.id == PUSH.c.listing_id)
            .join(LINK, LINK.c.listing_id == PUSH.c.listing_id)
            .join(SKU, SKU.c.id == LINK.c.sku_id),
            mall_id,
            terms[mall_id],
        )
        offer = func.min(one)
        parts.append(
            select(PUSH.c.listing_id)
            .select_from(tables)
            .where(
                PUSH.c.mall_id == mall_id,
                PUSH.c.settled_at.is_not(None),
                LISTING.c.is_conflict.is_(False),
                LISTING.c.is_synced.is_(True),
                SKU.c.total.is_not(None),
            )
            .group_by(
                PUSH.c.listing_id,
                PUSH.c.held,
                PUSH.c.low,
                PUSH.c.high,
                PUSH.c.call_id,
                PUSH.c.feed_call,
            )
            .having(
                or_(
                    PUSH.c.held != 0,
                    and_(
                        PUSH.c.call_id == 0,
                        PUSH.c.feed_call == 0,
                        PUSH.c.low == PUSH.c.high,
                        case((PUSH.c.low < 0, 0), else_=PUSH.c.low) != offer,
                    ),
                )
            )
        )
    first, *rest = parts
    return first.union_all(*rest) if rest else first  # type: ignore[return-value]


def _malls_of(chosen: StockFilter, names: Mapping[str, int], terms: MallTerms) -> list[int]:
    return [names[chosen.mall]] if chosen.mall is not None else list(terms)


def _sku_conditions(
    chosen: StockFilter, names: Mapping[str, int], terms: MallTerms
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    linked = select(LINK.c.sku_id).join(LISTING, LISTING.c.id == LINK.c.listing_id)
    if chosen.skus:
        conditions.append(SKU.c.folded.in_([sku.casefold() for sku in chosen.skus]))
    if chosen.mall is not None:
        conditions.append(SKU.c.id.in_(linked.where(LINK.c.mall_id == names[chosen.mall])))
    elif chosen.linked:
        conditions.append(SKU.c.id.in_(linked))
    if chosen.synced is not None:
        of = LINK.c.mall_id.in_(_malls_of(chosen, names, terms))
        ticked = LISTING.c.is_synced.is_(chosen.synced)
        conditions.append(SKU.c.id.in_(linked.where(of, ticked)))
    if chosen.has_error:
        of = LINK.c.mall_id.in_(_malls_of(chosen, names, terms))
        conditions.append(SKU.c.id.in_(linked.where(of, _has_open_fault())))
    if chosen.search:
        text = chosen.search
        conditions.append(
            or_(
                *(_like(column, text) for column in (SKU.c.code, SKU.c.name, SKU.c.jan)),
                SKU.c.id.in_(
                    linked.where(
                        or_(
                            *(
                                _like(column, text)
                                for column in (LISTING.c.code, LISTING.c.sub_code, LISTING.c.name)
                            )
                        )
                    )
                ),
            )
        )
    if chosen.total_max is not None:
        conditions.append(SKU.c.total <= chosen.total_max)
    if chosen.has_difference:
        listings = differing(_malls_of(chosen, names, terms), terms)
        conditions.append(SKU.c.id.in_(linked.where(LINK.c.listing_id.in_(listings))))
    return conditions


def sku_page(
    connection: Connection,
    chosen: StockFilter,
    names: Mapping[str, int],
    terms: MallTerms,
    page: tuple[Cursor, int],
    sort: StockSort = "code",
) -> tuple[int, list[tuple[int, str | int]]]:
    """(hits, [(SKU id, sorted value)]) of the SKUs after a cursor, at most so many."""
    after, limit = page
    value = _SORTED[sort.removeprefix("-")]
    is_falling = sort.startswith("-")
    # With the id behind it every place is one SKU's alone: no page repeats or leaves out any.
    order = [value, SKU.c.id]
    conditions = _sku_conditions(chosen, names, terms)
    hits = connection.execute(select(func.count()).select_from(SKU).where(*conditions)).scalar_one()
    query = select(SKU.c.id, value).where(*conditions).limit(limit)
    query = query.order_by(*(key.desc() if is_falling else key for key in order))
    if after is not None:
        place, last = tuple_(*order), tuple_(*after)
        query = query.where(place < last if is_falling else place > last)
    rows = connection.execute(query)
    return int(hits), [(row[0], row[1]) for row in rows]


_SORTED: Final[Mapping[str, ColumnElement[Any]]] = {
    "code": SKU.c.folded,
    "name": SKU.c.name,
    "total": func.coalesce(SKU.c.total, _UNKNOWN),
}


class Look(Struct, frozen=True):
    """What a mall shows of a listing beside its name."""

    image: str
    axes: tuple[Axis, ...]


def looks(connection: Connection, listing_ids: Sequence[int]) -> dict[int, Look]:
    """The looks of listings, by id."""
    found: dict[int, Look] = {}
    for start in range(0, len(listing_ids), LOOKS_MAX):
        rows = connection.execute(
            select(LISTING.c.id, LISTING.c.image, LISTING.c.axes).where(
                LISTING.c.id.in_(listing_ids[start : start + LOOKS_MAX])
            )
        )
        for listing_id, image, axes in rows:
            pairs = tuple(Axis(*axis) for axis in json.loads(axes or "[]"))
            found[listing_id] = Look(image, pairs)
    return found


LOOKS_MAX = 500
"""Listings whose looks one statement reads; a further one does the rest."""


def unlinked_page(
    connection: Connection,
    chosen: StockFilter,
    names: Mapping[str, int],
    page: tuple[int, int],
) -> tuple[int, list[int]]:
    """(hits, listing ids) of listings nobody claims, after an id, at most so many."""
    after, limit = page
    conditions: list[ColumnElement[bool]] = [LINK.c.listing_id.is_(None)]
    if chosen.mall is not None:
        conditions.append(LISTING.c.mall_id == names[chosen.mall])
    if chosen.search:
        columns = (LISTING.c.code, LISTING.c.sub_code, LISTING.c.name, LISTING.c.jan)
        conditions.append(or_(*(_like(column, chosen.search) for column in columns)))
    if chosen.has_error:
        conditions.append(_has_open_fault())
    joined = LISTING.outerjoin(LINK, LINK.c.listing_id == LISTING.c.id)
    hits = connection.execute(
        select(func.count()).select_from(joined).where(*conditions)
    ).scalar_one()
    rows = connection.execute(
        select(LISTING.c.id)
        .select_from(joined)
        .where(*conditions, LISTING.c.id > after)
        .order_by(LISTING.c.id)
        .limit(limit)
    )
    return int(hits), [row[0] for row in rows]


def reflect_page(
    connection: Connection,
    chosen: StockFilter,
    names: Mapping[str, int],
    terms: MallTerms,
    page: tuple[int, int],
) -> list[int]:
    """Linked listings the filter names, after an id, at most so many."""
    after, limit = page
    wanted = select(SKU.c.id).where(*_sku_conditions(chosen, names, terms))
    query = (
        select(LINK.c.listing_id)
        .where(LINK.c.listing_id > after, LINK.c.sku_id.in_(wanted))
        .where(LINK.c.mall_id.in_(_malls_of(chosen, names, terms)))
    )
    if chosen.has_difference:
        query = query.where(
            LINK.c.listing_id.in_(differing(_malls_of(chosen, names, terms), terms))
        )
    rows = connection.execute(query.distinct().order_by(LINK.c.listing_id).limit(limit))
    return [row[0] for row in rows]


def history_page(
    connection: Connection,
    sku_id: int,
    after: int,
    limit: int,
    span: tuple[float | None, float | None] = (None, None),
) -> list[tuple[Any, ...]]:
    """A SKU's movements after a number and booked within the span, oldest first.

    (seq, at, delta, total, reason, mall id, order, line, actor, note, moment).
    """
    since, until = span
    booked = [] if since is None else [MOVEMENT.c.at >= since]
    if until is not None:
        booked.append(MOVEMENT.c.at <= until)
    rows = connection.execute(
        select(
            MOVEMENT.c.seq,
            MOVEMENT.c.at,
            MOVEMENT.c.delta,
            MOVEMENT.c.total,
            MOVEMENT.c.reason,
            MOVEMENT.c.mall_id,
            MOVEMENT.c.number,
            MOVEMENT.c.line,
            MOVEMENT.c.actor,
            MOVEMENT.c.note,
            MOVEMENT.c.moment,
        )
        .where(MOVEMENT.c.sku_id == sku_id, MOVEMENT.c.seq > after, *booked)
        .order_by(MOVEMENT.c.seq)
        .limit(limit)
    )
    return [tuple(row) for row in rows]


def total_at(connection: Connection, sku_id: int, at: float) -> tuple[int, int | None]:
    """(number of the last movement booked by then, the total after it); (0, None) before any."""
    row = connection.execute(
        select(MOVEMENT.c.seq, MOVEMENT.c.total)
        .where(MOVEMENT.c.sku_id == sku_id, MOVEMENT.c.at <= at)
        .order_by(MOVEMENT.c.seq.desc())
        .limit(1)
    ).first()
    return (0, None) if row is None else (int(row[0]), int(row[1]))


CONFLICTS_SHOWN = 1_000
"""Listings `link conflicts` shows."""


class MallFigures(Struct, frozen=True):
    """What is counted of a mall."""

    faults: int
    """Open ones."""
    pending: int
    """Pushes waiting or in flight."""
    linked: int
    """Linked listings."""
    unproven: int
    """Linked listings never proven, or not since their last change."""
    oldest_proof: float | None
    """Mall time."""


def mall_figures(connection: Connection, mall_id: int) -> MallFigures:
    """The figures of a mall in `status`."""
    faults = connection.execute(
        select(func.count()).where(FAULT.c.state == "open", FAULT.c.mall_id == mall_id)
    ).scalar_one()
    pending = connection.execute(
        select(func.count()).where(
            PUSH.c.mall_id == mall_id,
            or_(PUSH.c.push_at.is_not(None), PUSH.c.call_id != 0, PUSH.c.feed_call != 0),
        )
    ).scalar_one()
    compared = (
        select(LINK.c.listing_id)
        .join(LISTING, LISTING.c.id == LINK.c.listing_id)
        .where(LISTING.c.is_synced.is_(True))
    )
    linked, unproven, oldest = connection.execute(
        select(
            func.count(),
            func.sum(case((PUSH.c.proven_at.is_(None), 1), else_=0)),
            func.min(PUSH.c.proven_at),
        )
        .select_from(PUSH)
        # A listing whose link was ended keeps its row for what may still land; it proves nothing.
        .where(PUSH.c.mall_id == mall_id, PUSH.c.listing_id.in_(compared))
    ).one()
    return MallFigures(int(faults), int(pending), int(linked), int(unproven or 0), oldest)


def set_page(connection: Connection, after: int, limit: int) -> list[int]:
    """A page of ids of listings that take several SKUs or several units of one, by id."""
    rows = connection.execute(
        select(LINK.c.listing_id)
        .select_from(LINK.join(LISTING, LISTING.c.id == LINK.c.listing_id))
        .where(LINK.c.listing_id > after, LISTING.c.is_conflict.is_(False))
        .group_by(LINK.c.listing_id)
        .having(or_(func.count() > 1, func.max(LINK.c.units) > 1))
        .order_by(LINK.c.listing_id)
        .limit(limit)
    )
    return [int(row[0]) for row in rows]


def conflicting(connection: Connection) -> list[tuple[int, int]]:
    """(mall id, listing id) of every listing in conflict, at most CONFLICTS_SHOWN."""
    rows = connection.execute(
        select(LISTING.c.mall_id, LISTING.c.id)
        .where(LISTING.c.is_conflict.is_(True))
        .order_by(LISTING.c.id)
        .limit(CONFLICTS_SHOWN)
    )
    return [(row[0], row[1]) for row in rows]
