"""A file's rows at the desk: a dry run, quantities that are only shown, and what stays."""

from collections.abc import Iterator
from typing import Any

import pytest

from engine.catalogue import CatalogueRow, ListingRef, SideSettings
from engine.product_file import FileRow
from engine.questions import (
    AskSettings,
    AskStock,
    Denied,
    ImportFileRows,
    SetSettings,
    StockFilter,
)
from tests.unit.actors.desk.desk_house import DeskHouse, open_house


@pytest.fixture
def house() -> Iterator[DeskHouse]:
    """Rakuten, the base, and Amazon sell `a` and `b`; both are opened with 10."""
    with open_house("rakuten", "amazon") as house:
        house.import_rows("rakuten", ("a", ""), ("b", ""))
        house.settle("rakuten", a=10, b=10)
        house.settle("rakuten", a=10, b=10)
        yield house


def row(code: str, quantity: int | None = None, name: str = "from a file") -> FileRow:
    return FileRow(2, CatalogueRow(ListingRef(code, ""), name, code), quantity)


def import_file(house: DeskHouse, mall: str, *rows: FileRow, **more: Any) -> Any:
    given = {"job": None, "refused": 0, "is_last": True, "is_dry": False} | more
    return house.body(ImportFileRows(next(house.ids), mall, "test", rows=rows, **given))


def stock(house: DeskHouse) -> dict[str, Any]:
    page = house.body(AskStock(next(house.ids), StockFilter(), None, 100))
    return {one["sku"]: one for one in page["rows"]}


def test_a_dry_run_tells_the_same_and_writes_nothing(house: DeskHouse) -> None:
    before = stock(house)
    tried = import_file(house, "amazon", row("a"), row("x"), is_dry=True, lead_time_days=3)
    assert stock(house) == before
    done = import_file(house, "amazon", row("a"), row("x"), lead_time_days=3)
    for name in ("read", "added", "updated", "unchanged", "linked", "conflicts"):
        assert tried["view"][name] == done["view"][name], name
    assert (done["view"]["added"], done["view"]["linked"]) == (2, 1)


def test_a_page_that_comes_twice_adds_nothing(house: DeskHouse) -> None:
    import_file(house, "amazon", row("a"), row("b"))
    again = import_file(house, "amazon", row("a"), row("b"))["view"]
    assert (again["added"], again["updated"], again["unchanged"]) == (0, 0, 2)
    assert [len(one["listings"]) for one in stock(house).values()] == [2, 2]


def test_a_base_malls_file_defines_skus_and_opens_no_total(house: DeskHouse) -> None:
    done = import_file(house, "rakuten", row("c", 7), shown_at=house.now)
    assert done["view"]["linked"] == 1
    assert stock(house)["c"]["total"] is None
    house.settle("rakuten", a=10, b=10, c=5)
    assert stock(house)["c"]["total"] == 5


def test_a_files_quantity_moves_no_total_and_no_expectation(house: DeskHouse) -> None:
    before = stock(house)
    import_file(house, "rakuten", row("a", 3), row("b", 10), shown_at=house.now + 1_000)
    after = stock(house)
    for sku in ("a", "b"):
        assert after[sku]["total"] == before[sku]["total"] == 10
        (was,), (now,) = before[sku]["listings"], after[sku]["listings"]
        assert (now["expected"], now["offer"]) == (was["expected"], was["offer"])
    told = house.body(AskSettings(next(house.ids), "rakuten", "a", ""))
    assert told["file_quantity"] == 3


def wanted_again(house: DeskHouse, mall: str) -> list[str]:
    """Listings of which a reading is wanted whatever their state."""
    (mall_id,) = [one.id for one in house.desk.accounts.values() if one.name == mall]
    with house.store.transaction() as connection:
        refs = [f"{code}\x1f" for code in ("a", "b")]
        listings = house.store.listings.by_ref(connection, mall_id, refs)
        records = house.store.pushes.by_id(connection, list(listings))
    return sorted(
        listings[listing_id].code
        for listing_id, record in records.items()
        if record.state.audit_due
    )


def test_a_quantity_that_is_not_expected_is_read_from_the_mall_and_one_that_is_is_not(
    house: DeskHouse,
) -> None:
    assert wanted_again(house, "rakuten") == []
    import_file(house, "rakuten", row("a", 3), row("b", 10), shown_at=house.now)
    assert wanted_again(house, "rakuten") == ["a"]
    assert [one.ref.code for one in house.pull("rakuten", reading=True).rows].count("a") == 1


def test_an_older_file_starts_no_reading(house: DeskHouse) -> None:
    import_file(house, "rakuten", row("a", 3), shown_at=house.now - 1_000_000)
    assert wanted_again(house, "rakuten") == []


def test_a_listing_a_file_does_not_name_is_not_gone(house: DeskHouse) -> None:
    import_file(house, "rakuten", row("a"))
    assert stock(house)["b"]["listings"][0]["is_gone"] is False


def test_settings_are_refused_while_a_push_that_carries_the_old_ones_is_under_way(
    house: DeskHouse,
) -> None:
    import_file(house, "amazon", row("a"))
    letter = SetSettings(
        next(house.ids), "amazon", "a", "", SideSettings(lead_time_days=2),
        ("lead_time_days",), "test",
    )  # fmt: skip
    assert house.body(letter)["settings"][0]["registered"] == 2
    house.settle("amazon", a=4)
    assert house.pull("amazon", push=True).rows[0].settings.lead_time_days == 2
    denied = house.ask("operator", letter)
    assert isinstance(denied, Denied)
    assert denied.exit_code == 3
