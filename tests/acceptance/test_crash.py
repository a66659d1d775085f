"""One run of `crash` with 300 orders: what it found, how long it took, and what it left lying."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.crash import VICTIMS, run
from tests.acceptance.house import House
from tests.acceptance.seen import files_open_to_others, leaks_of_files

pytestmark = pytest.mark.slow

ORDERS = 300
RESTART_S = 10.0
"""Three times the goal: a loaded machine must not make the suite red."""


@pytest.fixture(scope="module")
def aftermath(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, dict[str, Any]]:
    return run(tmp_path_factory.mktemp("crash"), ORDERS)


def test_after_every_kill_totals_equal_the_truth_and_no_line_is_lost_or_counted_twice(
    aftermath: tuple[House, dict[str, Any]],
) -> None:
    _, result = aftermath
    assert result["differences"] == []
    assert result["orders"] == ORDERS
    assert min(result[what] for what in ("shipped", "cut", "raised", "restocked")) > 0


def test_every_process_was_killed_and_came_back_in_time(
    aftermath: tuple[House, dict[str, Any]],
) -> None:
    _, result = aftermath
    assert set(result["kills"]) == {name for victims in VICTIMS for name in victims}
    assert {name: took for name, took in result["restart_s"].items() if took > RESTART_S} == {}
    assert result["restart_s"]["orphans_gone"] < RESTART_S


def test_a_house_that_crashed_so_often_still_drains_and_ends_with_0(
    aftermath: tuple[House, dict[str, Any]],
) -> None:
    house, result = aftermath
    assert result["exit_code"] == 0
    assert house.pids() == {}


def test_no_buyer_and_no_credential_lies_anywhere_after_a_busy_run(
    aftermath: tuple[House, dict[str, Any]],
) -> None:
    house, result = aftermath
    # While it ran: processes' arguments and environments, database, write-ahead log, logs, outputs.
    assert result["leaks"] == []
    # After it: the files again, for the write-ahead log has moved into the database.
    assert leaks_of_files(house.directory, house.credentials) == []
    assert house.state.database.stat().st_size > 0
    assert files_open_to_others(house.state.root) == []


def test_the_search_for_leaks_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "state" / "keys").mkdir(parents=True)
    (tmp_path / "state" / "keys" / "a.json").write_text("ZZBUYER-000001 a-secret-of-the-shop")
    (tmp_path / "log").write_text('{"said": "a-secret-of-the-shop"}')
    (tmp_path / "book").write_bytes("ゼットカイテ000001".encode())
    found = leaks_of_files(tmp_path, ["a-secret-of-the-shop", "demo-store"])
    assert sorted(words.rpartition("/")[2] for words in found) == [
        "a.json: a buyer",
        "book: a buyer",
        "log: a credential",
    ]
    # Said outright: another test of this process may have left a umask that hides it.
    (tmp_path / "state" / "keys" / "a.json").chmod(0o644)
    assert len(files_open_to_others(tmp_path / "state")) > 0
