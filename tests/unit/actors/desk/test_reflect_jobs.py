"""Reflect jobs at the desk: walked page by page, stopped, resumed, overtaken by orders."""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from actors.desk import reflect_jobs
from engine.messages import NoWork, OrdersRead, OutcomeRow, Outcomes, PushWork
from engine.push_state import PushDone, ReadingDone
from engine.questions import (
    Approve,
    AskReflectJobs,
    AskStock,
    AskWaiting,
    Denied,
    ResumeReflect,
    SetSync,
    StartReflect,
    StartReflectJob,
    StockFilter,
    StopReflect,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, open_house

SHOWN, TYPED = 9, 12
FEW = 6


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflect_jobs, "REFLECT_PAGE_MAX", 4)


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """Yahoo shows 12 of each of six SKUs, typed by hand; their totals are 9."""
    with open_house("rakuten", "yahoo") as opened:
        stock_up(opened, FEW)
        yield opened


def codes(count: int) -> list[str]:
    return [f"item-{number}" for number in range(count)]


def stock_up(house: DeskHouse, count: int) -> None:
    for mall in ("rakuten", "yahoo"):
        house.import_rows(mall, *((code, "") for code in codes(count)))
        while read_all(house, mall, SHOWN):
            pass
    house.now += 100_000
    for mall in ("rakuten", "yahoo"):
        house.poll(mall)
        while read_all(house, mall, SHOWN if mall == "rakuten" else TYPED):
            pass
    assert [row["held"] for row in listings(house)] == [TYPED - SHOWN] * count


def read_all(house: DeskHouse, mall: str, shown: int) -> bool:
    work = house.pull(mall, reading=True)
    if isinstance(work, NoWork):
        return False
    rows = tuple(
        OutcomeRow(row.listing_id, ReadingDone(row.call_id, shown, house.now, house.now + 1))
        for row in work.rows
    )
    house.now += 1
    house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, rows))
    house.now += 100
    house.poll(mall)
    return True


def listings(house: DeskHouse) -> list[Any]:
    """Yahoo's, in the order of their codes."""
    rows = house.body(AskStock(next(house.ids), StockFilter(), None, 100))["rows"]
    return [one for row in rows for one in row["listings"] if one["mall"] == "yahoo"]


def start(house: DeskHouse, mall: str | None = None, *skus: str, diff: bool = False) -> Any:
    return house.body(StartReflectJob(next(house.ids), mall, skus, diff, "staff"))


def job(house: DeskHouse, number: int = 1) -> Any:
    (view,) = house.body(AskReflectJobs(next(house.ids), number))
    return view


def walk(house: DeskHouse, pages: int = 1_000) -> int:
    """How many pages there were, at most so many."""
    for done in range(pages):
        outgoing, is_more = house.desk.walk(house.now)
        assert not outgoing.bugs, outgoing.bugs
        if not is_more:
            return done
    return pages


def given(house: DeskHouse, mall: str = "yahoo") -> dict[str, int]:
    """Every push the mall is given now, each of them done: code -> delta."""
    pushed: dict[str, int] = {}
    while isinstance(work := house.pull(mall, push=True), PushWork):
        pushed |= {row.ref.code: row.delta for row in work.rows}
        rows = tuple(
            OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now, answered=5))
            for row in work.rows
        )
        house.ask(f"{mall}-one", Outcomes(next(house.ids), 1, rows))
    return pushed


def order(house: DeskHouse, code: str, units: int) -> None:
    snapshot = OrderSnapshot(
        order=f"order-{next(house.ids)}", stamp=house.now, mark="", status="new", cancelled=False,
        edited=False, cut_only=False, counts=True, read_from=house.now, read_until=house.now + 1,
        lines=(OrderLine("1", code, "", units),),
    )  # fmt: skip
    house.now += 1
    house.ask("rakuten-one", OrdersRead(next(house.ids), 1, (snapshot,)))


def restart(house: DeskHouse) -> None:
    house.restarted()
    for mall in ("rakuten", "yahoo"):
        house.hello(mall)
        house.poll(mall)


def test_a_job_pushes_every_difference_and_ends(house: DeskHouse) -> None:
    assert given(house) == {}
    view = start(house)
    assert (view["state"], view["step"], view["placed"]) == ("running", "placing", 0)
    assert walk(house) == 3
    view = job(house)
    assert (view["step"], view["placed"], view["waiting"]) == ("pushing", FEW, FEW)
    assert (view["looked_at"], view["level"]) == (2 * FEW, FEW)
    assert given(house) == dict.fromkeys(codes(FEW), SHOWN - TYPED)
    assert (job(house)["pushed"], job(house)["waiting"]) == (FEW, 0)
    walk(house)
    assert (job(house)["state"], job(house)["ended_at"]) == ("done", house.now)
    assert [row["held"] for row in listings(house)] == [0] * FEW


def test_only_the_differences_of_a_mall(house: DeskHouse) -> None:
    start(house, "yahoo", "item-0")
    walk(house)
    assert given(house) == {"item-0": SHOWN - TYPED}
    walk(house)
    start(house, "yahoo", diff=True)
    walk(house)
    view = job(house, 2)
    assert (view["mall"], view["looked_at"], view["placed"]) == ("yahoo", FEW - 1, FEW - 1)
    assert sorted(given(house)) == codes(FEW)[1:]


def test_a_dry_run_shows_each_change_and_changes_nothing(house: DeskHouse) -> None:
    chosen = StockFilter(mall="yahoo", has_difference=True)
    rows = house.body(StartReflect(next(house.ids), chosen, False, True, "me"))["rows"]
    assert [(row["sku"], row["before"], row["delta"]) for row in rows] == [
        (code, TYPED, SHOWN - TYPED) for code in codes(FEW)
    ]
    assert given(house) == {}
    assert [row["held"] for row in listings(house)] == [TYPED - SHOWN] * FEW


def test_nothing_leaves_before_all_is_placed_but_what_orders_drive(house: DeskHouse) -> None:
    start(house)
    assert walk(house, 2) == 2
    assert given(house) == {}
    order(house, "item-5", 2)
    assert given(house) == {"item-5": -2}
    order(house, "item-0", 2)
    assert given(house) == {"item-0": SHOWN - 2 - TYPED}
    assert job(house)["step"] == "placing"
    walk(house)
    left = given(house)
    assert (len(left), left["item-5"]) == (FEW - 1, SHOWN - TYPED)


@pytest.mark.parametrize("pages", [0, 1, 2, 3])
def test_a_restart_in_the_middle_goes_on_where_it_was(house: DeskHouse, pages: int) -> None:
    start(house)
    walk(house, pages)
    restart(house)
    assert walk(house) == 3 - pages
    assert job(house)["looked_at"] == 2 * FEW
    assert given(house) == dict.fromkeys(codes(FEW), SHOWN - TYPED)
    walk(house)
    assert (job(house)["state"], job(house)["pushed"]) == ("done", FEW)


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "restarted"])
@pytest.mark.parametrize("pages", [0, 2, 3])
def test_a_stop_takes_back_what_has_not_left(
    house: DeskHouse, pages: int, is_restarted: bool
) -> None:
    start(house)
    walk(house, pages)
    stopped = house.body(StopReflect(next(house.ids), None, "staff"))
    assert stopped["state"] == "stopped"
    if is_restarted:
        restart(house)
    assert given(house) == {}
    walk(house)
    view = job(house)
    assert (view["step"], view["placed"], view["waiting"]) == ("stopped", 0, 0)
    assert [row["held"] for row in listings(house)] == [TYPED - SHOWN] * FEW
    assert given(house) == {}


def test_what_was_handed_out_before_the_stop_stays_whole(house: DeskHouse) -> None:
    start(house)
    walk(house)
    work = house.pull("yahoo", push=True)
    assert isinstance(work, PushWork)
    sent = [row.ref.code for row in work.rows]
    house.body(StopReflect(next(house.ids), 1, "staff"))
    walk(house)
    rows = tuple(
        OutcomeRow(row.listing_id, PushDone(row.call_id, house.now, house.now, answered=5))
        for row in work.rows
    )
    house.ask("yahoo-one", Outcomes(next(house.ids), 1, rows))
    assert given(house) == {}
    assert job(house)["pushed"] == len(sent)
    for row in listings(house):
        is_sent = row["code"] in sent
        assert (row["expected"], row["held"]) == ((SHOWN, 0) if is_sent else (TYPED, 3))


def test_a_total_that_moved_meanwhile_is_pushed_around_what_was_taken_back(
    house: DeskHouse,
) -> None:
    start(house)
    walk(house)
    house.body(StopReflect(next(house.ids), 1, "staff"))
    walk(house)
    order(house, "item-1", 2)
    assert given(house) == {"item-1": -2}


def test_a_stopped_job_is_resumed(house: DeskHouse) -> None:
    start(house)
    walk(house, 2)
    house.body(StopReflect(next(house.ids), 1, "staff"))
    walk(house)
    resumed = house.body(ResumeReflect(next(house.ids), 1, "staff"))
    assert (resumed["state"], resumed["looked_at"]) == ("running", 0)
    walk(house)
    assert given(house) == dict.fromkeys(codes(FEW), SHOWN - TYPED)
    walk(house)
    assert (job(house)["state"], job(house)["pushed"]) == ("done", FEW)


def test_a_job_resumed_before_all_is_back_forgets_no_difference(house: DeskHouse) -> None:
    start(house)
    walk(house)
    house.body(StopReflect(next(house.ids), 1, "staff"))
    walk(house, 1)
    house.body(ResumeReflect(next(house.ids), 1, "staff"))
    walk(house, 2)
    house.body(StopReflect(next(house.ids), 1, "staff"))
    walk(house)
    assert [row["held"] for row in listings(house)] == [TYPED - SHOWN] * FEW
    assert job(house)["placed"] == 0


def test_what_is_not_pushed_is_skipped_and_counted(house: DeskHouse) -> None:
    tick = SetSync(next(house.ids), False, "yahoo", "item-2", "", StockFilter(), "me")
    house.body(tick)
    start(house)
    walk(house)
    view = job(house)
    assert (view["unsynced"], view["placed"], view["shadow"]) == (1, FEW - 1, 0)
    assert "item-2" not in given(house)


def test_a_mall_in_shadow_is_not_touched(house: DeskHouse) -> None:
    house.settings[1] = msgspec.structs.replace(house.settings[1], mode="shadow")
    restart(house)
    start(house)
    walk(house)
    assert (job(house)["shadow"], job(house)["state"]) == (FEW, "done")
    assert [row["held"] for row in listings(house)] == [TYPED - SHOWN] * FEW


def test_the_breaker_holds_the_whole_of_it_until_it_is_approved() -> None:
    with open_house("rakuten", "yahoo") as house:
        stock_up(house, 25)
        start(house)
        walk(house)
        assert given(house) == {}
        view = job(house)
        assert (view["approve"], view["waiting"]) == (["yahoo"], 25)
        (held,) = house.body(AskWaiting(next(house.ids), "yahoo"))
        assert held["listings"] == 25
        house.body(Approve(next(house.ids), "yahoo", held["plan"], "owner"))
        assert len(given(house)) == 25
        walk(house)
        assert (job(house)["state"], job(house)["approve"]) == ("done", [])


def test_a_stop_of_what_the_breaker_holds_closes_it() -> None:
    with open_house("rakuten", "yahoo") as house:
        stock_up(house, 25)
        start(house)
        walk(house)
        assert given(house) == {}
        house.body(StopReflect(next(house.ids), 1, "staff"))
        walk(house)
        assert given(house) == {}
        (held,) = house.body(AskWaiting(next(house.ids), "yahoo"))
        assert (held["waits"], held["listings"]) == (False, 0)


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [(None, None, True), (None, "yahoo", True), ("yahoo", None, True), ("yahoo", "rakuten", False)],
    ids=str,
)
def test_one_job_a_mall_runs(
    house: DeskHouse, first: str | None, second: str | None, is_refused: bool
) -> None:
    start(house, first)
    reply = house.ask("operator", StartReflectJob(next(house.ids), second, (), False, "staff"))
    assert isinstance(reply, Denied) is is_refused
    assert len(house.body(AskReflectJobs(next(house.ids), None))) == 2 - is_refused
    if is_refused:
        assert (reply.exit_code, "reflect stop 1" in reply.message_en) == (3, True)


def test_what_cannot_be_is_refused_and_changes_nothing(house: DeskHouse) -> None:
    def refused(letter: Any) -> int:
        reply = house.ask("operator", letter)
        assert isinstance(reply, Denied)
        return reply.exit_code

    assert refused(StopReflect(next(house.ids), None, "staff")) == 3
    assert refused(StopReflect(next(house.ids), 7, "staff")) == 2
    assert refused(ResumeReflect(next(house.ids), 7, "staff")) == 2
    assert refused(AskReflectJobs(next(house.ids), 7)) == 2
    assert refused(StartReflectJob(next(house.ids), "nobody", (), False, "staff")) == 2
    assert refused(StartReflectJob(next(house.ids), None, ("nothing",), False, "staff")) == 2
    assert refused(StartReflectJob(next(house.ids), None, ("a",) * 1_001, False, "staff")) == 2
    start(house, "yahoo")
    start(house, "rakuten")
    assert refused(StopReflect(next(house.ids), None, "staff")) == 3
    walk(house)
    given(house)
    walk(house)
    assert refused(ResumeReflect(next(house.ids), 1, "staff")) == 3
    assert [job["state"] for job in house.body(AskReflectJobs(next(house.ids), None))] == [
        "done", "done",
    ]  # fmt: skip


# --- a page that fails --------------------------------------------------------------------------


def body_of(house: DeskHouse, code: str, body: bytes | None = None) -> bytes:
    """A listing's push record as it is stored; with `body` it is overwritten."""
    names = {"code": code, "body": body}
    with house.store.transaction() as connection:
        listing, found = connection.execute(
            text(
                "SELECT listing_id, body FROM listing_push WHERE listing_id = (SELECT id FROM "
                "listing WHERE code = :code AND mall_id = "
                "(SELECT id FROM mall WHERE name = 'yahoo'))"
            ),
            names,
        ).one()
        if body is not None:
            connection.execute(
                text("UPDATE listing_push SET body = :body WHERE listing_id = :listing"),
                {**names, "listing": listing},
            )
    return bytes(found)


@pytest.mark.parametrize("is_returning", [False, True], ids=["placing", "returning"])
def test_a_page_that_cannot_be_read_ends_its_job_and_nothing_else(
    house: DeskHouse, *, is_returning: bool
) -> None:
    start(house)
    if is_returning:
        walk(house)
        house.body(StopReflect(next(house.ids), 1, "staff"))
    good = body_of(house, "item-4", b"\xc1")
    bugs = [name for _ in range(10) for name, _ in house.desk.walk(house.now)[0].bugs]
    assert bugs == ["a page of a job"]
    assert job(house)["step"] == "stopped"
    body_of(house, "item-4", good)
    order(house, "item-1", 2)
    assert given(house)["item-1"] in {-2, SHOWN - TYPED - 2}
    resumed = house.body(ResumeReflect(next(house.ids), 1, "staff"))
    assert resumed["state"] == "running"
    walk(house)
    given(house)
    walk(house)
    assert (job(house)["state"], job(house)["waiting"]) == ("done", 0)
    assert {row["code"]: (row["expected"], row["held"]) for row in listings(house)} == {
        code: (SHOWN - 2 if code == "item-1" else SHOWN, 0) for code in codes(FEW)
    }
