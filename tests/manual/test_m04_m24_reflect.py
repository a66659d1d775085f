"""M4 and M24: what orders took and what the operator reflects is pushed, also all at once."""

import signal
from collections.abc import Iterator
from typing import Any, Final

import pytest

from engine.questions import AskReflectJobs
from tests.acceptance.house import House, furnished
from tests.acceptance.seen import kill
from tests.acceptance.waiting import wait_for
from tests.manual.commands import told, zaiko

pytestmark = pytest.mark.slow

UNITS, TYPED = 20, 27
CODES: Final = [f"item-{number:02}" for number in range(60)]
OFF: Final = {"breaker_listings_share": 1.0, "breaker_zero_share": 1.0}
"""All of a mall is changed at once here, over and over, and nobody is asked."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Sixty listings on two malls, level."""
    items = [{"code": code, "quantity": UNITS, "name": f"商品 {code}"} for code in CODES]
    directory = tmp_path_factory.mktemp("reflect")
    with furnished(directory, {"rakuten": items, "yahoo": items}, settings=OFF) as house:
        house.start()
        house.wait_until_polling()
        told(house, "import", "rakuten")
        told(house, "import", "yahoo")
        house.wait_until_right()
        yield house
        assert house.stop() == 0


@pytest.fixture
def edited(house: House) -> House:
    """Somebody typed other quantities at Yahoo, and each comparison found its difference."""
    yahoo = house.shops["yahoo"]
    totals = {row["sku"]: row["total"] for row in house.stock()}
    for code in CODES:
        yahoo.edit_by_hand(code, totals[code] + TYPED - UNITS)
    wait_for(lambda: len(differences(house)) == len(CODES), "the differences to be found")
    return house


def differences(house: House) -> list[dict[str, Any]]:
    return house.stock(mall="yahoo", has_difference=True)


def job(house: House, number: int) -> dict[str, Any]:
    """How far a job is; {} while the house does not answer."""
    rows = house.look(lambda question: AskReflectJobs(question, number)) or [{}]
    return dict(rows[0])


def test_m4_m24_all_that_differs_is_reflected_at_once_and_followed(edited: House) -> None:
    shown = told(edited, "reflect", "--diff", "--mall", "yahoo", "--dry-run")
    assert [row["delta"] for row in shown] == [UNITS - TYPED] * len(CODES)
    done = told(edited, "reflect", "--diff", "--mall", "yahoo")
    assert (done["state"], done["placed"], done["pushed"]) == ("done", len(CODES), len(CODES))
    assert differences(edited) == []
    edited.wait_until_right()


def test_m4_an_order_taken_while_all_is_reflected_is_pushed_too(edited: House) -> None:
    number = told(edited, "reflect", "--all", "--no-wait")["job"]
    edited.shops["rakuten"].sell(CODES[-1], 3)
    edited.wait_until_right()
    wait_for(lambda: job(edited, number).get("state") == "done", "the job to be done")
    yahoo = edited.shops["yahoo"]
    assert yahoo.quantity(CODES[-1]) == edited.total(CODES[-1])


def test_m24_a_reflect_is_stopped_and_resumed(edited: House) -> None:
    edited.send("yahoo", signal.SIGSTOP)
    try:
        number = told(edited, "reflect", "--mall", "yahoo", "--no-wait")["job"]
        wait_for(lambda: job(edited, number).get("step") == "pushing", "all to be placed")
        told(edited, "reflect", "stop", number)
        wait_for(lambda: job(edited, number).get("step") == "stopped", "all to be taken back")
    finally:
        edited.send("yahoo", signal.SIGCONT)
    left = job(edited, number)
    assert left["waiting"] == 0
    assert len(differences(edited)) == len(CODES) - left["pushed"]
    assert told(edited, "reflect", "resume", number)["state"] == "running"
    wait_for(lambda: job(edited, number).get("state") == "done", "the job to be done")
    assert told(edited, "reflect", "list")[0]["job"] == number
    assert zaiko(edited, "reflect", "resume", number).code == 3


def test_m24_a_reflect_ends_by_itself_after_the_inventory_was_killed(edited: House) -> None:
    number = told(edited, "reflect", "--all", "--no-wait")["job"]
    kill(edited.pids()["inventory"], signal.SIGKILL)
    wait_for(lambda: job(edited, number).get("state") == "done", "the job to end by itself")
    edited.wait_until_right()
    assert differences(edited) == []
