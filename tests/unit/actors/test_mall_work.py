"""Carrying out work: each way a call can end, and the outcome it is answered with."""

import itertools
from collections.abc import Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from actors.mall_http import ERRAND, Errand, Withheld
from actors.mall_lease import Letter
from actors.mall_work import (
    CATALOGUE_ROWS_MAX,
    carry_out_import,
    carry_out_push,
    carry_out_reading,
    not_sent,
)
from engine.catalogue import CataloguePage, CatalogueRow, ListingRef, SideSettings
from engine.connector import (
    RowOutcome,
    RowResult,
    StockRead,
    StockRow,
    StockWrite,
    WriteKind,
    WriteResult,
)
from engine.faults import UNCLASSIFIED, UNLIMITED_LISTING, Done, Family, MallError
from engine.messages import ImportWork, PushRow, ReadRow
from engine.push_state import (
    PushBadItem,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadingDone,
    ReadingFailed,
)
from malls.rakuten.card import CARD
from malls.rakuten.connection import KIND

pytestmark = pytest.mark.anyio

A, B, C = (ListingRef(code, "") for code in "abc")
ROWS = tuple(PushRow(n, 10 + n, ref, -1, None, SideSettings()) for n, ref in enumerate((A, B, C)))
READS = tuple(ReadRow(n, 10 + n, ref) for n, ref in enumerate((A, B, C)))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Mall:
    """A connection that answers as told."""

    def __init__(self, *results: RowResult | Exception, shows: dict[ListingRef, Any]) -> None:
        self.results = results
        self.shows = shows
        self.reads: list[tuple[ListingRef, ...]] = []
        self.errands: list[Errand] = []
        self.written: list[StockWrite] = []
        self.unreached: set[ListingRef] = set()

    async def write_stock(self, rows: Sequence[StockWrite]) -> WriteResult:
        self.errands.append(ERRAND.get())
        self.written.extend(rows)
        error = next((result for result in self.results if isinstance(result, Exception)), None)
        if error is not None:
            raise error
        results = [result for result in self.results if isinstance(result, RowResult)]
        return WriteResult(tuple(results), 1.0, 2.0)

    async def read_stock(self, refs: Sequence[ListingRef]) -> StockRead:
        self.errands.append(ERRAND.get())
        self.reads.append(tuple(refs))
        for ref in refs:
            if isinstance(self.shows.get(ref), Exception):
                raise self.shows[ref]
        rows = tuple(StockRow(ref, self.shows[ref]) for ref in refs if ref in self.shows)
        known = {*self.shows, *self.unreached}
        return StockRead(rows, tuple(ref for ref in refs if ref not in known), 3.0, 4.0)


def mall_error(done: Done, *, subject: str = "", is_row: bool = False) -> MallError:
    spec = replace(UNCLASSIFIED, is_row=is_row)
    return MallError(spec, family=Family.STOCK, code="E", subject=subject, done=done)


async def pushed(mall: Mall) -> Any:
    return await carry_out_push(ROWS, 99.0, mall, KIND)  # type: ignore[arg-type]


async def read(mall: Mall, *, rows_max: int = 100, is_audit: bool = False) -> Any:
    card = replace(CARD, read_rows_max=rows_max)
    return await carry_out_reading(READS, 99.0, mall, card, is_audit=is_audit)  # type: ignore[arg-type]


def outcomes(carried: Any) -> list[Any]:
    assert [row.listing_id for row in carried.rows] == [0, 1, 2]
    return [row.outcome for row in carried.rows]


async def test_each_row_is_answered_by_what_became_of_it() -> None:
    mall = Mall(
        RowResult(A, RowOutcome.DONE, answered=4),
        RowResult(B, RowOutcome.BAD_ITEM, code="IE1"),
        RowResult(C, RowOutcome.UNKNOWN, code="IE1"),
        shows={},
    )
    carried = await pushed(mall)
    assert outcomes(carried) == [PushDone(10, 1.0, 2.0, 4), PushBadItem(11, "IE1"), PushUnknown(12)]
    assert carried.rows[1].code == "IE1"
    assert carried.error is None
    assert mall.errands == [Errand(send_by=99.0)]
    assert mall.reads == []


GUARDED = replace(KIND, card=replace(CARD, write_kind=WriteKind.GUARDED))


async def guarded(mall: Mall) -> Any:
    return await carry_out_push(ROWS, 99.0, mall, GUARDED)  # type: ignore[arg-type]


async def test_a_guarded_row_is_written_from_what_the_guard_read() -> None:
    mall = Mall(RowResult(A, RowOutcome.DONE), RowResult(C, RowOutcome.UNKNOWN), shows={
        A: 5, B: 0, C: 3,
    })  # fmt: skip
    carried = await guarded(mall)
    found = {row.listing_id: row.outcome for row in carried.rows}
    assert found == {
        0: PushDone(10, 3.0, 2.0, quantity_read=5),
        1: PushDone(11, 3.0, 4.0, quantity_read=0),  # story 14: nothing left, nothing written
        2: PushUnknown(12),
    }
    assert mall.reads == [(A, B, C)]
    assert mall.written == [StockWrite(A, None, 4), StockWrite(C, None, 2)]


async def test_a_guarded_row_that_is_missing_is_a_bad_item_and_never_zero() -> None:
    mall = Mall(RowResult(A, RowOutcome.DONE), RowResult(C, RowOutcome.DONE), shows={A: 5, C: 1})
    carried = await guarded(mall)
    found = {row.listing_id: row.outcome for row in carried.rows}
    assert found[1] == PushBadItem(11, "missing")
    assert mall.written == [StockWrite(A, None, 4), StockWrite(C, None, 0)]


async def test_a_guarded_row_the_read_did_not_reach_is_not_written_and_not_blamed() -> None:
    mall = Mall(RowResult(A, RowOutcome.DONE), shows={A: 5, C: None})
    mall.unreached = {B}
    carried = await guarded(mall)
    found = {row.listing_id: row for row in carried.rows}
    assert found[1].outcome == PushNotSent(11)
    assert found[2].outcome == PushBadItem(12, "unlimited")
    assert found[2].spec == UNLIMITED_LISTING
    assert mall.written == [StockWrite(A, None, 4)]


@pytest.mark.parametrize("broken", [mall_error(Done.UNKNOWN), Withheld("closed")])
async def test_nothing_is_written_behind_a_guard_that_could_not_be_read(broken: Exception) -> None:
    mall = Mall(shows={A: broken})
    carried = await guarded(mall)
    assert outcomes(carried) == [PushNotSent(10), PushNotSent(11), PushNotSent(12)]
    assert mall.written == []


async def test_an_anchored_row_is_written_as_the_value_it_was_decided_as() -> None:
    kind = replace(KIND, card=replace(CARD, write_kind=WriteKind.ANCHORED))
    rows = (PushRow(0, 10, A, -1, 7, SideSettings()),)
    mall = Mall(RowResult(A, RowOutcome.DONE), shows={})
    carried = await carry_out_push(rows, 99.0, mall, kind)  # type: ignore[arg-type]
    assert carried.rows[0].outcome == PushDone(10, 1.0, 2.0)
    assert mall.written == [StockWrite(A, None, 7)]
    assert mall.reads == []


async def test_refused_rows_are_read_in_the_same_turn() -> None:
    mall = Mall(
        RowResult(A, RowOutcome.REFUSED),
        RowResult(B, RowOutcome.NOT_DONE),
        RowResult(C, RowOutcome.REFUSED),
        shows={A: 3},
    )
    carried = await pushed(mall)
    assert outcomes(carried) == [PushRefused(10, 3), PushNotSent(11), PushRefused(12, None)]
    assert mall.reads == [(A, C)]
    assert mall.errands[-1] == Errand(), "the read after a refusal is not held to send_by"


@pytest.mark.parametrize("broken", [mall_error(Done.UNKNOWN), Withheld("closed")])
async def test_what_is_left_stays_unknown_if_the_read_fails(broken: Exception) -> None:
    mall = Mall(*(RowResult(ref, RowOutcome.REFUSED) for ref in (A, B, C)), shows={A: broken})
    carried = await pushed(mall)
    assert outcomes(carried) == [PushRefused(10 + n, None) for n in range(3)]
    assert carried.error is (broken if isinstance(broken, MallError) else None)


@pytest.mark.parametrize(
    ("done", "outcome"), [(Done.UNKNOWN, PushUnknown), (Done.NOT_DONE, PushNotSent)]
)
async def test_a_call_that_failed_as_a_whole_is_as_far_done_as_told(
    done: Done, outcome: type[Any]
) -> None:
    error = mall_error(done)
    carried = await pushed(Mall(error, shows={}))
    assert outcomes(carried) == [outcome(10), outcome(11), outcome(12)]
    assert carried.error is error


async def test_the_row_a_failed_call_names_is_bad_and_the_rest_are_unknown() -> None:
    error = mall_error(Done.UNKNOWN, subject="b/", is_row=True)
    carried = await pushed(Mall(error, shows={}))
    assert outcomes(carried) == [PushUnknown(10), PushBadItem(11, "E"), PushUnknown(12)]
    assert carried.error is None, "a bad row is no fault of the mall"


async def test_a_call_that_did_not_leave_is_not_sent() -> None:
    carried = await pushed(Mall(Withheld("late", 7.0), shows={}))
    assert outcomes(carried) == [PushNotSent(10), PushNotSent(11), PushNotSent(12)]
    assert (carried.is_called, carried.wait_s) == (False, 7.0)
    assert not_sent(ROWS).rows == carried.rows


async def test_missing_is_not_zero_and_untracked_is_not_missing() -> None:
    mall = Mall(shows={A: 0, B: None})
    carried = await read(mall, is_audit=True)
    assert outcomes(carried) == [ReadingDone(10, 0, 3.0, 4.0), ReadingFailed(11), ReadingFailed(12)]
    assert [row.is_missing for row in carried.rows] == [False, False, True]
    assert mall.errands == [Errand(send_by=99.0, is_audit=True)]


@pytest.mark.parametrize("broken", [mall_error(Done.UNKNOWN), Withheld("late", 7.0)])
async def test_a_reading_that_breaks_off_keeps_what_was_read(broken: Exception) -> None:
    carried = await read(Mall(shows={A: 5, B: broken, C: 5}), rows_max=1)
    assert outcomes(carried) == [ReadingDone(10, 5, 3.0, 4.0), ReadingFailed(11), ReadingFailed(12)]
    assert carried.error is (broken if isinstance(broken, MallError) else None)


class Catalogue:
    """One page of many rows."""

    def __init__(self, rows: int, cursor: str | None) -> None:
        self.page = CataloguePage(
            tuple(CatalogueRow(ListingRef(str(n), ""), "", str(n)) for n in range(rows)), cursor, 9
        )
        self.asked: list[str | None] = []

    async def read_catalogue(self, cursor: str | None) -> CataloguePage:
        self.asked.append(cursor)
        return self.page


@pytest.mark.parametrize(
    ("begins", "rows", "cursors"),
    [
        (None, 0, ["next"]),
        (None, CATALOGUE_ROWS_MAX, ["next"]),
        (None, CATALOGUE_ROWS_MAX + 1, ["", "next"]),
        ("here", 2 * CATALOGUE_ROWS_MAX + 1, ["here", "here", "next"]),
        ("", 1, ["next"]),
    ],
)
async def test_a_large_page_goes_out_in_parts_that_resume_at_its_own_beginning(
    begins: str | None, rows: int, cursors: list[str | None]
) -> None:
    letters: list[Any] = []
    ids = itertools.count(1)

    async def ask(letter: Letter) -> None:
        letters.append(letter(next(ids), 1))

    mall = Catalogue(rows, "next")
    told = await carry_out_import(ImportWork(3, begins), mall, ask)  # type: ignore[arg-type]
    assert told == (rows, None)
    assert [letter.cursor for letter in letters] == cursors
    assert sum(len(letter.rows) for letter in letters) == rows
    assert mall.asked == [begins or None]
