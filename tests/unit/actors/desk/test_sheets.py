"""A file of totals or links at the desk: all of it or nothing, whatever happens in between."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.desk import sheets
from actors.desk.sheet_totals import TotalSheet
from actors.store.store import Store
from engine.messages import OrdersRead, PushWork
from engine.questions import (
    AdjustStock,
    Answer,
    ApplySheet,
    AskErrors,
    AskHistory,
    AskSheet,
    AskStock,
    DeleteSkus,
    Denied,
    DropSheet,
    LinkAdd,
    OpenSheet,
    SendSheet,
    SetStock,
    SheetKind,
    SheetRow,
    StockFilter,
)
from engine.snapshot import OrderLine, OrderSnapshot
from tests.unit.actors.desk.desk_house import DeskHouse, open_house

CODES = tuple(f"item-{number}" for number in range(25))
OPENING = 9
MANY = 4
"""Pages of the small size the tests apply with."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "SHEET_APPLY_ROWS_MAX", len(CODES) // MANY)
    monkeypatch.setattr(sheets, "SHEET_DROP_ROWS_MAX", 10)


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """25 SKUs of 9 with a level listing on each of two malls."""
    with open_house("rakuten", "yahoo") as opened:
        for mall in ("rakuten", "yahoo"):
            opened.import_rows(mall, *((code, "") for code in CODES))
            shown = {code.replace("-", "_"): OPENING for code in CODES}
            while hasattr(work := opened.pull(mall, reading=True), "rows"):
                opened.settle_work(mall, work, **shown)
        opened.now += 1_000
        yield opened


def begin(
    house: DeskHouse, kind: SheetKind = "totals", key: str = "k", as_of: float | None = None
) -> Any:
    letter = OpenSheet(next(house.ids), kind, "counts.csv", as_of, "staff", key)
    return house.ask("operator", letter)


def job_of(house: DeskHouse, kind: SheetKind = "totals", **more: Any) -> int:
    reply = begin(house, kind, **more)
    assert isinstance(reply, Answer), reply
    return int(msgspec.msgpack.decode(reply.body)["job"])


def send(house: DeskHouse, job: int, rows: Sequence[SheetRow]) -> Any:
    return house.body(SendSheet(next(house.ids), job, tuple(rows)))


def confirm(house: DeskHouse, job: int, rows: int) -> Any:
    return house.ask("operator", ApplySheet(next(house.ids), job, rows))


def look(house: DeskHouse, job: int) -> Any:
    return house.body(AskSheet(next(house.ids), job))


def walk(house: DeskHouse) -> None:
    """All pages that are to be done."""
    is_more = True
    while is_more:
        outgoing, is_more = house.desk.walk(house.now)
        assert not outgoing.bugs


def totals_as(quantity: int, codes: Sequence[str] = CODES) -> list[SheetRow]:
    return [SheetRow(line, code, quantity) for line, code in enumerate(codes, 2)]


def totals(house: DeskHouse) -> dict[str, int | None]:
    page = house.body(AskStock(next(house.ids), StockFilter(), None, 100))
    return {row["sku"]: row["total"] for row in page["rows"] if row["sku"]}


def history(house: DeskHouse, sku: str) -> list[Any]:
    return list(house.body(AskHistory(next(house.ids), sku, 0, 100))["rows"])


def sell(house: DeskHouse, number: str, code: str, units: int) -> None:
    order = OrderSnapshot(
        order=number, stamp=house.now, mark="", status="new", cancelled=False, edited=False,
        cut_only=False, counts=True, read_from=house.now, read_until=house.now + 1,
        lines=(OrderLine("1", code, "", units),),
    )  # fmt: skip
    house.ask("rakuten-one", OrdersRead(next(house.ids), 1, (order,)))


def linked(house: DeskHouse, mall: str = "yahoo") -> dict[str, list[str]]:
    page = house.body(AskStock(next(house.ids), StockFilter(), None, 100))
    return {
        row["sku"]: [one["code"] for one in row["listings"] if one["mall"] == mall]
        for row in page["rows"]
        if row["sku"]
    }


# --- totals ---------------------------------------------------------------------------------------


def test_a_confirmed_file_sets_every_total_with_who_and_why(house: DeskHouse) -> None:
    job = job_of(house)
    rows = [*totals_as(0, CODES[:2]), SheetRow(90, "ITEM-2", OPENING), SheetRow(91, "item-3", 7)]
    rows[3] = SheetRow(91, "item-3", 7, "shelf 4")
    view = send(house, job, rows)
    assert (view["rows"], view["changed"], view["unchanged"], view["to_zero"]) == (4, 3, 1, 2)
    assert set(totals(house).values()) == {OPENING}
    confirm(house, job, 4)
    walk(house)
    view = look(house, job)
    assert (view["state"], view["applied"], view["lost"]) == ("done", 4, 0)
    assert {code: total for code, total in totals(house).items() if total != OPENING} == {
        "item-0": 0, "item-1": 0, "item-3": 7,
    }  # fmt: skip
    last = history(house, "item-3")[-1]
    assert (last["actor"], last["note"]) == ("staff", "stock import counts.csv: shelf 4")
    assert (last["reason"], last["delta"]) == ("stocktake", -2)


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (SheetRow(3, "nobody", 1), "sku"),
        (SheetRow(3, "", 1), "sku"),
        (SheetRow(3, "item-1", -1), "quantity"),
        (SheetRow(3, "item-1", 1_000_000_000), "quantity"),
        (SheetRow(3, "item-1", 1, "x" * 201), "note"),
        (SheetRow(3, "Item-0", 1), "sku"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_keeps_all_of_the_file_out(
    house: DeskHouse, row: SheetRow, column: str
) -> None:
    job = job_of(house)
    view = send(house, job, [SheetRow(2, "item-0", 1), row])
    assert [(one["line"], one["column"]) for one in view["refusals"]] == [(3, column)]
    assert view["refused"] == 1
    assert isinstance(confirm(house, job, 1), Denied)
    walk(house)
    assert set(totals(house).values()) == {OPENING}


def test_a_row_given_twice_is_found_over_pages_and_a_page_sent_again_is_not(
    house: DeskHouse,
) -> None:
    job = job_of(house)
    page = totals_as(3, CODES[:5])
    assert send(house, job, page)["rows"] == 5
    assert send(house, job, page)["rows"] == 5
    view = send(house, job, [SheetRow(50, "item-4", 3)])
    assert [row["line"] for row in view["refusals"]] == [50]
    assert "6 行目" in view["refusals"][0]["message"]


def test_a_job_in_the_middle_goes_on_after_a_crash_and_counts_each_row_once(
    house: DeskHouse,
) -> None:
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    house.desk.walk(house.now)
    assert sorted(totals(house).values(), key=str).count(4) == 2 * (len(CODES) // MANY)
    house.restarted()
    walk(house)
    assert look(house, job)["state"] == "done"
    assert set(totals(house).values()) == {4}
    assert all(len(history(house, code)) == 2 for code in CODES)


def test_a_job_is_found_again_in_a_database_that_was_closed(tmp_path: Path) -> None:
    file = tmp_path / "zaiko.db"
    house = DeskHouse(Store(file), "rakuten")
    house.hello("rakuten")
    house.poll("rakuten")
    house.import_rows("rakuten", *((code, "") for code in CODES))
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    house.store.close()
    house.store = Store(file)
    house.restarted()
    walk(house)
    assert look(house, job)["state"] == "done"
    assert set(totals(house).values()) == {4}
    assert all(len(history(house, code)) == 1 for code in CODES)
    house.store.close()


def test_a_page_that_was_cut_off_is_undone_whole(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    done = sorted(totals(house).items())
    apply = TotalSheet.apply

    def cut(self: TotalSheet, rows: Any) -> Any:
        apply(self, rows)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(TotalSheet, "apply", cut)
        with pytest.raises(KeyboardInterrupt):
            house.desk.walk(house.now)
    assert sorted(totals(house).items()) == done
    house.restarted()
    walk(house)
    assert set(totals(house).values()) == {4}


def test_an_order_between_two_pages_comes_off_what_the_file_says(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    house.now += 10
    sell(house, "o1", CODES[0], 1)  # applied already
    sell(house, "o2", CODES[-1], 3)  # not yet
    assert totals(house)[CODES[-1]] == OPENING - 3
    walk(house)
    assert totals(house)[CODES[0]] == 3
    assert totals(house)[CODES[-1]] == 1
    assert totals(house)[CODES[1]] == 4


def test_a_correction_at_the_very_moment_of_the_confirmation_is_not_swallowed(
    house: DeskHouse,
) -> None:
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.body(AdjustStock(next(house.ids), CODES[-1], 2, "found", "me", "a"))
    house.body(AdjustStock(next(house.ids), CODES[-2], -2, "broken", "me", "b"))
    walk(house)
    assert (totals(house)[CODES[-1]], totals(house)[CODES[-2]]) == (6, 2)


def test_a_file_gives_a_sku_its_first_total(house: DeskHouse) -> None:
    house.import_rows("rakuten", *((code, "") for code in (*CODES, "new")))
    assert totals(house)["new"] is None
    job = job_of(house)
    assert send(house, job, [SheetRow(2, "new", 5)])["changed"] == 1
    confirm(house, job, 1)
    walk(house)
    assert totals(house)["new"] == 5


def test_a_total_that_was_oversold_is_healed_by_a_file(house: DeskHouse) -> None:
    sell(house, "o1", CODES[0], OPENING + 3)
    assert [row["subject"] for row in house.body(AskErrors(next(house.ids), state="open"))] == [
        CODES[0]
    ]
    house.now += 1_000
    job = job_of(house)
    send(house, job, totals_as(4, CODES[:3]))
    confirm(house, job, 3)
    walk(house)
    assert totals(house)[CODES[0]] == 4
    assert house.body(AskErrors(next(house.ids), state="open")) == []


def test_a_file_of_an_instant_that_has_passed_allows_for_what_was_sold_since(
    house: DeskHouse,
) -> None:
    counted_at = house.now
    house.now += 1_000
    sell(house, "o1", CODES[3], 2)
    house.now += 1_000
    job = job_of(house, as_of=counted_at)
    view = send(house, job, totals_as(OPENING))
    assert (view["changed"], view["unchanged"]) == (0, len(CODES))
    confirm(house, job, len(CODES))
    walk(house)
    assert totals(house)[CODES[3]] == OPENING - 2
    assert totals(house)[CODES[0]] == OPENING


def test_an_instant_before_the_opening_refuses_its_rows_and_one_to_come_the_file(
    house: DeskHouse,
) -> None:
    job = job_of(house, as_of=5.0)
    assert [row["column"] for row in send(house, job, totals_as(1, CODES[:1]))["refusals"]] == [
        "quantity"
    ]
    house.body(DropSheet(next(house.ids), job))
    assert isinstance(begin(house, key="k2", as_of=house.now + 60), Denied)


def test_what_changed_before_a_rows_turn_is_left_and_told(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(4))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    house.now += 1
    house.body(SetStock(next(house.ids), CODES[-1], 6, "boss"))
    house.body(DeleteSkus(next(house.ids), (CODES[-2],), "boss"))
    walk(house)
    view = look(house, job)
    assert (view["state"], view["applied"], view["lost"]) == ("done", len(CODES) - 2, 2)
    assert {row["line"] for row in view["refusals"]} == {len(CODES), len(CODES) + 1}
    assert totals(house)[CODES[-1]] == 6


def test_bulk_pushes_wait_for_the_last_page_and_the_breaker_judges_the_whole(
    house: DeskHouse,
) -> None:
    job = job_of(house)
    send(house, job, totals_as(0))
    confirm(house, job, len(CODES))
    house.desk.walk(house.now)
    assert not hasattr(house.pull("yahoo", push=True), "rows")
    sell(house, "o1", CODES[-1], 2)
    work = house.pull("yahoo", push=True)
    assert isinstance(work, PushWork)
    assert len(work.rows) == 1, "an order overtakes the file"
    walk(house)
    for _ in range(3):
        assert not hasattr(house.pull("yahoo", push=True), "rows")
    kinds = {row["kind"] for row in house.body(AskErrors(next(house.ids)))}
    assert "breaker" in kinds


def test_a_small_file_is_pushed_once_it_is_applied(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(5, CODES[:3]))
    confirm(house, job, 3)
    walk(house)
    work = house.pull("yahoo", push=True)
    assert isinstance(work, PushWork)
    assert len(work.rows) == 3


# --- the job --------------------------------------------------------------------------------------


def test_a_second_job_is_refused_in_one_sentence_until_the_first_ends(house: DeskHouse) -> None:
    job = job_of(house)
    refused = begin(house, key="other")
    assert isinstance(refused, Denied)
    assert "counts.csv" in refused.message_en
    assert refused.exit_code == 3
    house.body(DropSheet(next(house.ids), job))
    assert not isinstance(begin(house, key="third"), Denied)


def test_a_job_nobody_confirms_is_dropped_with_its_rows(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(1))
    house.now += sheets.SHEET_JOB_AGE_S_MAX + 1
    walk(house)
    assert look(house, job)["state"] == "dropped"
    assert isinstance(confirm(house, job, len(CODES)), Denied)
    with house.store.transaction() as connection:
        assert house.store.sheets.waiting(connection, job, 100) == []
    assert set(totals(house).values()) == {OPENING}


def test_rows_that_never_arrived_keep_a_job_from_being_confirmed(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(1, CODES[:3]))
    assert isinstance(confirm(house, job, 4), Denied)


def test_a_job_confirmed_twice_is_applied_once(house: DeskHouse) -> None:
    job = job_of(house)
    send(house, job, totals_as(1, CODES[:3]))
    confirm(house, job, 3)
    walk(house)
    confirm(house, job, 3)
    walk(house)
    assert len(history(house, CODES[0])) == 2


def test_a_page_that_fails_for_a_bug_ends_its_job_and_holds_nothing_up(
    house: DeskHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = job_of(house)
    send(house, job, totals_as(1))
    confirm(house, job, len(CODES))

    def fail(self: TotalSheet, rows: Any) -> Any:
        raise ZeroDivisionError

    monkeypatch.setattr(TotalSheet, "apply", fail)
    outgoing, is_more = house.desk.walk(house.now)
    assert [type(error) for _, error in outgoing.bugs] == [ZeroDivisionError]
    assert not is_more
    walk(house)
    assert look(house, job)["state"] == "dropped"
    assert set(totals(house).values()) == {OPENING}


# --- links ----------------------------------------------------------------------------------------


def link_rows(*rows: tuple[str, str], mall: str = "yahoo") -> list[SheetRow]:
    return [SheetRow(line, sku, mall=mall, code=code) for line, (code, sku) in enumerate(rows, 2)]


def test_links_are_released_and_made_anew(house: DeskHouse) -> None:
    job = job_of(house, "links")
    view = send(house, job, link_rows(("item-0", ""), ("item-1", "item-1"), ("item-2", "")))
    assert (view["changed"], view["unchanged"]) == (2, 1)
    confirm(house, job, 3)
    walk(house)
    assert linked(house)["item-0"] == []
    assert linked(house)["item-1"] == ["item-1"]
    second = job_of(house, "links", key="k2")
    assert (
        send(house, second, link_rows(("item-0", "item-2"), ("item-2", "ITEM-0")))["changed"] == 2
    )
    confirm(house, second, 2)
    walk(house)
    assert linked(house)["item-0"] == ["item-2"]
    assert linked(house)["item-2"] == ["item-0"]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (SheetRow(2, "item-0", mall="nowhere", code="item-0"), "mall"),
        (SheetRow(2, "item-0", mall="yahoo", code="nothing"), "code"),
        (SheetRow(2, "item-0", mall="yahoo", code="item-0", sub_code="x"), "code"),
        (SheetRow(2, "nobody", mall="yahoo", code="item-0"), "sku"),
        (SheetRow(2, "item-1", mall="yahoo", code="item-0"), "sku"),
    ],
)
def test_a_link_that_cannot_be_is_refused(house: DeskHouse, row: SheetRow, column: str) -> None:
    job = job_of(house, "links")
    view = send(house, job, [row])
    assert [(one["line"], one["column"]) for one in view["refusals"]] == [(2, column)]
    assert linked(house)["item-0"] == ["item-0"]


def test_a_listing_several_skus_claim_is_ambiguous_but_can_be_released(house: DeskHouse) -> None:
    house.body(LinkAdd(next(house.ids), "item-1", "yahoo", "item-0", "", "me"))
    job = job_of(house, "links")
    view = send(house, job, link_rows(("item-0", "item-1")))
    assert "item-0, item-1" in view["refusals"][0]["message_en"]
    house.body(DropSheet(next(house.ids), job))
    second = job_of(house, "links", key="k2")
    send(house, second, link_rows(("item-0", "")))
    confirm(house, second, 1)
    walk(house)
    assert linked(house)["item-0"] == []
    assert house.body(AskErrors(next(house.ids), state="open")) == []
