"""M1, M2, M13: intervals, conditions and renewal are told the same by command and page."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.store.store import Store
from config.load import parse_settings
from engine.questions import AskMalls
from malls.registry import KINDS, card_of
from tests.unit.actors.desk.desk_house import DeskHouse

DOCS = Path(__file__).parents[2] / "docs" / "malls"
TOP = 'base_mall = "a"\n'
MALL = '[[malls]]\nname = "a"\nkind = "rakuten"\n'


def told_of(kind: str) -> dict[str, str]:
    """The table "at a glance" of a mall's page."""
    text = (DOCS / f"{kind}.md").read_text(encoding="utf-8")
    _, _, after = text.partition("### At a glance")
    table = after.partition("\n\n**")[0].partition("\n### ")[0]
    rows = [line.strip("| ").split(" | ", 1) for line in table.splitlines() if line[:1] == "|"]
    return {row[0]: row[1] for row in rows if len(row) == 2}


@pytest.fixture(scope="module")
def malls() -> Iterator[dict[str, Any]]:
    """`malls --json` of a house with one mall of each kind, by kind."""
    store = Store(None)
    house = DeskHouse(store, *KINDS)
    yield {row["kind"]: row for row in house.body(AskMalls(next(house.ids)))}
    store.close()


@pytest.mark.parametrize("kind", KINDS)
def test_m2_which_orders_are_taken_is_told_the_same_by_the_command_and_the_page(
    malls: dict[str, Any], kind: str
) -> None:
    told = told_of(kind)
    assert malls[kind]["order_conditions"] == told["受注の条件"]
    assert malls[kind]["order_conditions_en"] == told["orders taken"]
    assert malls[kind]["title"] == told["what"]


@pytest.mark.parametrize("kind", KINDS)
def test_m13_where_a_key_is_renewed_is_told_the_same_by_the_command_and_the_page(
    malls: dict[str, Any], kind: str
) -> None:
    told = told_of(kind)
    assert malls[kind]["key_renewal"] == told["キーの更新"]
    assert malls[kind]["key_renewal_en"] == told["key renewal"]
    assert "zaiko key" in malls[kind]["key_renewal"]


@pytest.mark.parametrize("kind", KINDS)
def test_how_a_mall_takes_quantities_and_how_often_it_is_polled_is_told(
    malls: dict[str, Any], kind: str
) -> None:
    told = told_of(kind)
    # MakeShop's is not known before a probe has told (and none is told as if it were).
    is_known = not card_of(kind, {}).needs_probe
    assert malls[kind]["write_kind"] == (told["writes"] if is_known else None)
    assert malls[kind]["poll_interval_s"] == 180.0
    assert told["polls"] == "every 180 s; every 60 s with `speed_up`"


@pytest.mark.parametrize(
    ("top", "mall", "seconds"),
    [
        ("", "", 180.0),
        ("", "speed_up = true\n", 60.0),
        ("speed_up = true\n", "", 60.0),
        ("speed_up = true\n", "speed_up = false\n", 180.0),
        ("", "poll_interval_s = 90\n", 90.0),
    ],
)
def test_m1_orders_are_taken_every_3_minutes_or_every_minute_with_the_speed_up(
    tmp_path: Path, top: str, mall: str, seconds: float
) -> None:
    text = f'state_dir = "state"\n{TOP}{top}{MALL}{mall}'
    settings = parse_settings(text.encode(), tmp_path / "zaiko.toml")
    assert settings.malls[0].poll_interval_s == seconds
    store = Store(None)
    house = DeskHouse(store, "rakuten")
    house.settings = [msgspec.structs.replace(settings.malls[0], name="rakuten")]
    house.restarted()
    (row,) = house.body(AskMalls(next(house.ids)))
    store.close()
    assert row["poll_interval_s"] == seconds
