"""Carrying out feeds: what is told of the rows, in which order, however the calls end."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar, cast

import pytest

from actors.mall_feed import carry_out_feed
from actors.mall_http import ERRAND, Withheld
from actors.mall_lease import Letter
from actors.mall_work import Carried
from engine.catalogue import ListingRef, SideSettings
from engine.connector import Connection, FeedConnection, FeedEnd, RowOutcome, StockWrite
from engine.faults import UNCLASSIFIED, Done, Family, MallError
from engine.messages import (
    FEED_ENDED_ROWS_MAX,
    FeedEnded,
    FeedHanded,
    FeedLookWork,
    FeedWork,
    Outcomes,
    PushRow,
)
from engine.push_state import PushBadItem
from malls.amazon.connection import KIND

pytestmark = pytest.mark.anyio

T = TypeVar("T")

FEED = 101
REFS = [ListingRef(f"sku-{number}", "") for number in range(3)]
ROWS = tuple(
    PushRow(number, FEED + number, ref, -1, 7, SideSettings()) for number, ref in enumerate(REFS)
)
WORK = FeedWork(FEED, ROWS, send_by=50.0)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Mall:
    """A connection that answers as told; nothing but feeds is asked of it."""

    def __init__(
        self,
        *,
        refused: Mapping[ListingRef, str] | Exception | None = None,
        taken: str | Exception = "ticket",
        end: FeedEnd | Exception | None = None,
    ) -> None:
        self.refused, self.taken, self.end = refused or {}, taken, end
        self.calls: list[Any] = []

    async def refused_by_look(self, refs: Sequence[ListingRef]) -> Mapping[ListingRef, str]:
        self.calls.append(("look", list(refs), ERRAND.get().send_by))
        return _said(self.refused)

    async def submit_feed(self, rows: Sequence[tuple[int, StockWrite]]) -> str:
        self.calls.append(("submit", [(number, row.ref, row.value) for number, row in rows]))
        return _said(self.taken)

    async def look_at_feed(self, ticket: str) -> FeedEnd | None:
        self.calls.append(("end", ticket))
        return _said(self.end)


def _said(answer: T | Exception) -> T:
    if isinstance(answer, Exception):
        raise answer
    return answer


def broken(done: Done) -> MallError:
    return MallError(UNCLASSIFIED, family=Family.STOCK, code="InternalFailure", done=done)


async def carried_out(
    mall: Mall, work: FeedWork | FeedLookWork = WORK, taken: Sequence[PushRow] = ROWS
) -> tuple[Carried, list[Any]]:
    letters: list[Any] = []
    numbers = itertools.count(1)

    async def ask(letter: Letter) -> None:
        letters.append(letter(next(numbers), 1))

    assert isinstance(mall, FeedConnection)
    carried = await carry_out_feed(work, taken, cast(Connection, mall), KIND, ask)
    assert carried.rows == ()
    return carried, letters


async def test_rows_are_looked_at_handed_in_and_the_ticket_told() -> None:
    mall = Mall()
    carried, letters = await carried_out(mall)
    assert mall.calls == [
        ("look", REFS, WORK.send_by),
        ("submit", [(1, REFS[0], 7), (2, REFS[1], 7), (3, REFS[2], 7)]),
    ]
    assert letters == [FeedHanded(1, 1, FEED, "ticket")]
    assert (carried.error, carried.is_called) == (None, True)


async def test_a_refused_row_is_answered_before_the_others_are_handed_in_by_their_numbers() -> None:
    mall = Mall(refused={REFS[1]: "fba"})
    _, letters = await carried_out(mall)
    assert mall.calls[1] == ("submit", [(1, REFS[0], 7), (3, REFS[2], 7)])
    refused, handed = letters
    assert isinstance(refused, Outcomes)
    (row,) = refused.rows
    assert (row.listing_id, row.outcome) == (1, PushBadItem(FEED + 1, "fba"))
    assert row.spec == KIND.errors[Family.STOCK, "fba"]
    assert isinstance(handed, FeedHanded)


async def test_a_feed_whose_rows_are_all_refused_is_closed_and_never_handed_in() -> None:
    mall = Mall(refused=dict.fromkeys(REFS, "NOT_FOUND"))
    _, letters = await carried_out(mall)
    assert [type(letter) for letter in letters] == [Outcomes, FeedEnded]
    assert letters[1].is_last
    assert [call[0] for call in mall.calls] == ["look"]


@pytest.mark.parametrize(
    ("mall", "outcome", "code"),
    [
        # Whatever became of a look, nothing was handed in.
        (Mall(refused=broken(Done.UNKNOWN)), RowOutcome.NOT_DONE, ""),
        (Mall(refused=Withheld("late")), RowOutcome.NOT_DONE, ""),
        (Mall(taken=Withheld("closed")), RowOutcome.NOT_DONE, ""),
        (Mall(taken=broken(Done.NOT_DONE)), RowOutcome.NOT_DONE, "InternalFailure"),
        (Mall(taken=broken(Done.UNKNOWN)), RowOutcome.UNKNOWN, "InternalFailure"),
    ],
)
async def test_what_is_known_of_a_feed_that_was_not_taken(
    mall: Mall, outcome: RowOutcome, code: str
) -> None:
    carried, letters = await carried_out(mall)
    (ended,) = letters
    assert isinstance(ended, FeedEnded)
    assert (ended.outcome, ended.code, ended.end) == (outcome, code, None)
    assert (ended.first, ended.last, ended.is_last) == (1, 3, True)
    assert (carried.error is None) is (not carried.is_called)


@pytest.mark.parametrize("taken", [(), ROWS[:2]], ids=["none", "some"])
async def test_a_feed_with_a_row_that_must_not_be_started_is_not_handed_in(
    taken: tuple[PushRow, ...],
) -> None:
    mall = Mall()
    carried, letters = await carried_out(mall, taken=taken)
    assert mall.calls == []
    assert [letter.outcome for letter in letters] == [RowOutcome.NOT_DONE]
    assert not carried.is_called


async def test_a_feed_under_way_tells_nothing() -> None:
    mall = Mall()
    carried, letters = await carried_out(mall, FeedLookWork(FEED, "ticket", 3), ())
    assert (mall.calls, letters) == ([("end", "ticket")], [])
    assert carried.error is None


@pytest.mark.parametrize("wrong", [broken(Done.UNKNOWN), Withheld("closed")])
async def test_a_look_that_failed_tells_nothing_of_the_rows(wrong: Exception) -> None:
    carried, letters = await carried_out(Mall(end=wrong), FeedLookWork(FEED, "ticket", 3), ())
    assert letters == []
    assert (carried.error is wrong) is isinstance(wrong, MallError)


async def test_the_end_is_told_page_by_page_and_each_page_names_its_own_bad_rows() -> None:
    last = 2 * FEED_ENDED_ROWS_MAX + 1
    bad = ((1, "90220"), (last, "90220"))
    mall = Mall(end=FeedEnd(RowOutcome.DONE, "", bad, 10.0, 20.0))
    _, letters = await carried_out(mall, FeedLookWork(FEED, "ticket", last), ())
    assert [(letter.first, letter.last, letter.is_last) for letter in letters] == [
        (1, FEED_ENDED_ROWS_MAX, False),
        (FEED_ENDED_ROWS_MAX + 1, last - 1, False),
        (last, last, True),
    ]
    assert [[row.number for row in letter.bad] for letter in letters] == [[1], [], [last]]
    assert letters[0].bad[0].spec.is_row
    assert {(letter.start, letter.end) for letter in letters} == {(10.0, 20.0)}
