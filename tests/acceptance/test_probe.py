"""MakeShop from before it is known what a written quantity does there: probed, then pushed to."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from actors.client_doctor import examine
from engine.questions import AskStatus
from tests.acceptance.calm import UNITS, item
from tests.acceptance.house import House, furnished, open_up
from tests.acceptance.waiting import wait_for, wait_until_right

pytestmark = pytest.mark.slow

SHOP = "makeshop"
TRY = "try-me"
TRY_UNITS = 4
ITEMS = {"rakuten": [item("mug")], SHOP: [item("mug"), item(TRY, TRY_UNITS)]}


@contextmanager
def unprobed(directory: Path, does: str, **switches: str) -> Iterator[House]:
    """A house in step whose MakeShop reads a written quantity so, which the settings do not say."""
    with furnished(directory, ITEMS) as house:
        shop = house.shops[SHOP]
        shop.turn(quantity_calculation=does)
        lines = shop.config.splitlines(keepends=True)
        shop.config = "".join(line for line in lines if "quantity_mode" not in line)
        assert shop.config.count("\n") == len(lines) - 1
        tell(house, quantity_mode="probe", **switches)
        yield house
        assert house.stop() == 0


def tell(house: House, **switches: str) -> None:
    """Writes these switches into the settings of MakeShop."""
    house.per_mall[SHOP] = {**house.per_mall.get(SHOP, {}), **switches}
    house.write_settings()


def manner(house: House) -> tuple[object, bool]:
    """(how MakeShop is written, whether a probe told it)."""
    row: dict[str, Any] = house.malls().get(SHOP, {})
    return row.get("write_kind"), bool(row.get("is_probed"))


def probe_fault(house: House, state: str = "open") -> dict[str, Any]:
    """The fault of a probe that found nothing; {} while there is none."""
    rows = house.faults(SHOP, state)
    return next((row for row in rows if row["code"] == "probe" and not row["subject"]), {})


def doctor(house: House) -> list[str]:
    """What `doctor` says of how MakeShop is written."""
    _, report = examine(house.config, lambda _: house.ask(AskStatus))
    return [one["message_en"] for one in report["checks"] if one["check"] == "write_kind"]


@pytest.mark.parametrize(("does", "way"), [("add", "relative"), ("overwrite", "guarded")])
def test_nothing_is_pushed_before_an_item_is_named_and_the_probe_has_told(
    tmp_path: Path, does: str, way: str
) -> None:
    with unprobed(tmp_path, does) as house:
        open_up(house)
        shop, base = house.shops[SHOP], house.shops["rakuten"]
        base.sell("mug", 3)
        wait_for(lambda: house.total("mug") == UNITS - 3, "the sale to be booked")
        told = wait_for(lambda: probe_fault(house), "the fault of the probe")
        wait_for(lambda: probe_fault(house).get("count", 0) > told["count"], "another try")
        assert (told["level"], "probe_item" in told["hint"]) == (8, True)
        assert shop.quantity("mug") == UNITS
        assert manner(house) == (None, False)
        assert [words[:18] for words in doctor(house)] == ["How quantities are"]

        tell(house, probe_item=TRY)
        house.send("supervisor", signal.SIGHUP)
        house.wait_until_equal("mug")
        assert manner(house) == (way, True)
        assert doctor(house) == [f"Quantities are written {way}, by the probe."]
        wait_until_right(lambda: probe_fault(house), "the probe's fault to heal")
        assert probe_fault(house, "resolved")["id"] == told["id"]
        assert house.faults(SHOP) == []
        assert shop.quantity(TRY) == TRY_UNITS

        base.sell("mug", 2)
        shop.sell("mug", 1)
        house.wait_until_proven("mug")
        assert shop.quantity("mug") == base.quantity("mug") == UNITS - 6
        assert shop.quantity(TRY) == TRY_UNITS


def test_a_mall_that_dies_in_its_probe_is_probed_again_before_any_push(tmp_path: Path) -> None:
    with unprobed(tmp_path, "add", probe_item=TRY) as house:
        shop, base = house.shops[SHOP], house.shops["rakuten"]
        house.start()
        house.wait_until_polling()
        house.import_from("rakuten")
        wait_for(lambda: house.total("mug") == UNITS, "the SKU to be opened")
        # The links come with the import, and then a probe that is slow enough to be killed.
        shop.fault("slow", endpoint="stock", delay_s=1.5)
        house.import_from(SHOP)
        base.sell("mug", 3)
        written = 2 * TRY_UNITS + 1
        wait_for(lambda: shop.quantity(TRY) == written, "the probe to write")
        house.send(SHOP, signal.SIGKILL)
        shop.heal()
        assert shop.quantity("mug") == UNITS
        wait_for(lambda: manner(house) == ("relative", True), "the probe to be made again")
        # The broken one left what it wrote; the second put back what it found, and says so.
        assert shop.quantity(TRY) == written
        fault = house.wait_for_fault(SHOP, code="probe", subject=TRY)
        house.wait_until_equal("mug")
        shop.edit_by_hand(TRY, TRY_UNITS)
        house.clear(fault["id"])
        assert house.faults(SHOP) == []


def test_what_was_found_holds_though_mall_and_inventory_die_before_the_first_push(
    tmp_path: Path,
) -> None:
    with unprobed(tmp_path, "overwrite", probe_item=TRY) as house:
        open_up(house)
        shop, base = house.shops[SHOP], house.shops["rakuten"]
        wait_for(lambda: manner(house) == ("guarded", True), "the probe")
        assert house.ask(AskStatus)["malls"][1]["last_push_at"] is None
        for name in ("inventory", SHOP):
            house.send(name, signal.SIGKILL)
        base.sell("mug", 3)
        house.wait_until_proven("mug")
        assert manner(house) == ("guarded", True)
        assert shop.quantity("mug") == UNITS - 3
        assert shop.quantity(TRY) == TRY_UNITS
        assert house.faults(SHOP) == []
