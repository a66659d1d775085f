"""Carrying out feeds: the look at every row, the one hand-in, the looks at what became of it.

    look at all rows -> refused ones answered -> handed in, once -> ticket stored
    look by the ticket -> under way: nothing | ended: its rows answered, page by page

Nothing of a feed is kept here: what it is goes to the inventory with its ticket, and another actor
may see its end. What a letter ends is acknowledged before the next one leaves.
"""

from collections.abc import Mapping, Sequence
from typing import Final

import structlog
from msgspec import Struct

from actors.mall_http import ERRAND, Errand, Withheld
from actors.mall_lease import Ask, Letter
from actors.mall_work import Carried
from engine.catalogue import ListingRef
from engine.connector import Connection, FeedConnection, Kind, RowOutcome, StockWrite
from engine.faults import Done, Family, FaultSpec, MallError, classify
from engine.messages import (
    FEED_ENDED_ROWS_MAX,
    FeedBad,
    FeedEnded,
    FeedHanded,
    FeedLookWork,
    FeedWork,
    OutcomeRow,
    Outcomes,
    PushRow,
)
from engine.push_state import PushBadItem

log = structlog.get_logger()


class _End(Struct, frozen=True):
    """What is told of a feed's rows."""

    outcome: RowOutcome
    code: str = ""
    bad: Mapping[int, FeedBad] = {}
    start: float = 0.0
    end: float | None = None


_NOT_DONE: Final = _End(RowOutcome.NOT_DONE)


async def carry_out_feed(
    work: FeedWork | FeedLookWork,
    taken: Sequence[PushRow],
    connection: Connection,
    kind: Kind,
    ask: Ask,
) -> Carried:
    """Hands a feed in, or looks at one. `taken`: the rows that may be started (C2).

    All outcomes are told and acknowledged here; what is returned has none.
    """
    if not isinstance(connection, FeedConnection):
        raise TypeError("a mall whose card has feeds, and whose connection has none")
    if isinstance(work, FeedLookWork):
        return await _look(work, connection, kind, ask)
    last = max((row.call_id for row in work.rows), default=work.feed) - work.feed + 1
    if not taken or len(taken) < len(work.rows):
        await _tell(ask, work.feed, last, _NOT_DONE)
        return Carried(is_called=False)
    return await _hand_in(work, last, connection, kind, ask)


async def _hand_in(
    work: FeedWork, last: int, connection: FeedConnection, kind: Kind, ask: Ask
) -> Carried:
    ERRAND.set(Errand(send_by=work.send_by))
    end = _NOT_DONE
    carried = Carried()
    ticket = None
    try:
        refused = await connection.refused_by_look([row.ref for row in work.rows])
        # Answered before anything is handed in: they are no part of what the ticket is about.
        await _tell_refused(ask, work.rows, refused, kind)
        left = [row for row in work.rows if row.ref not in refused]
        if left:
            ticket, end, carried = await _submit(work.feed, left, connection)
    except Withheld as withheld:
        carried = Carried(is_called=False, wait_s=withheld.wait_s)
    except MallError as error:
        # Only a look can fail here, and a look changes nothing.
        carried = Carried(error=error, wait_s=error.retry_after_s or 0.0)
    if ticket is None:
        await _tell(ask, work.feed, last, end)
    else:
        await ask(_handed(work.feed, ticket))
    log.info(
        "feed handed in" if ticket is not None else "feed not handed in",
        action="feed_handed",
        feed=work.feed,
        rows=len(work.rows),
        is_taken=ticket is not None,
    )
    return carried


async def _submit(
    feed: int, rows: Sequence[PushRow], connection: FeedConnection
) -> tuple[str | None, _End, Carried]:
    """(the ticket, or None and what is known of the rows then, what broke it)."""
    numbered = [
        (row.call_id - feed + 1, StockWrite(row.ref, None, row.value, row.settings)) for row in rows
    ]
    try:
        return await connection.submit_feed(numbered), _NOT_DONE, Carried()
    except MallError as error:
        is_not_done = error.done is Done.NOT_DONE
        outcome = RowOutcome.NOT_DONE if is_not_done else RowOutcome.UNKNOWN
        carried = Carried(error=error, wait_s=error.retry_after_s or 0.0)
        return None, _End(outcome, error.code), carried


async def _look(work: FeedLookWork, connection: FeedConnection, kind: Kind, ask: Ask) -> Carried:
    ERRAND.set(Errand())
    try:
        told = await connection.look_at_feed(work.ticket)
    except Withheld as withheld:
        return Carried(is_called=False, wait_s=withheld.wait_s)
    except MallError as error:
        return Carried(error=error, wait_s=error.retry_after_s or 0.0)
    if told is not None:
        bad = {number: FeedBad(number, code, _spec(kind, code)) for number, code in told.bad}
        await _tell(
            ask, work.feed, work.last, _End(told.outcome, told.code, bad, told.start, told.end)
        )
        log.info(
            "feed ended",
            action="feed_ended",
            feed=work.feed,
            outcome=str(told.outcome),
            code=told.code,
            bad=len(bad),
        )
    return Carried()


# --- letters --------------------------------------------------------------------------------------


async def _tell(ask: Ask, feed: int, last: int, end: _End) -> None:
    """Every row's outcome, in as many letters as it needs; the last one closes the feed."""
    for first in range(1, last + 1, FEED_ENDED_ROWS_MAX):
        page = range(first, min(first + FEED_ENDED_ROWS_MAX, last + 1))
        await ask(_ended(feed, page, end, is_last=page[-1] == last))


def _ended(feed: int, page: range, end: _End, *, is_last: bool) -> Letter:
    bad = tuple(end.bad[number] for number in page if number in end.bad)
    return lambda number, epoch: FeedEnded(
        number,
        epoch,
        feed,
        page[0],
        page[-1],
        end.outcome,
        end.code,
        bad,
        end.start,
        end.end,
        is_last,
    )


def _handed(feed: int, ticket: str) -> Letter:
    return lambda number, epoch: FeedHanded(number, epoch, feed, ticket)


async def _tell_refused(
    ask: Ask, rows: Sequence[PushRow], refused: Mapping[ListingRef, str], kind: Kind
) -> None:
    outcomes = [
        OutcomeRow(
            row.listing_id,
            PushBadItem(row.call_id, refused[row.ref]),
            refused[row.ref],
            spec=_spec(kind, refused[row.ref]),
        )
        for row in rows
        if row.ref in refused
    ]
    for at in range(0, len(outcomes), FEED_ENDED_ROWS_MAX):
        await ask(_outcomes(tuple(outcomes[at : at + FEED_ENDED_ROWS_MAX])))


def _outcomes(rows: tuple[OutcomeRow, ...]) -> Letter:
    return lambda number, epoch: Outcomes(number, epoch, rows)


def _spec(kind: Kind, code: str) -> FaultSpec:
    return classify(kind.errors, Family.STOCK, code)
