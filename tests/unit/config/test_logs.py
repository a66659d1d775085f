"""Logs are private, rotated, structured, and blind to secrets and buyers."""

import io
import json
import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from config.logs import DROPPED, drop_secrets, looks_secret, set_up_logs


@pytest.fixture(autouse=True)
def _logging_is_restored() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []
    yield
    for handler in root.handlers[:]:
        root.removeHandler(handler)
        handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def set_up(directory: Path, stderr: io.StringIO | None, *, file_bytes_max: int = 10**6) -> Path:
    set_up_logs(
        "mall-rakuten", directory, file_bytes_max=file_bytes_max, files_max=2, stderr=stderr
    )
    return directory / "mall-rakuten.jsonl"


def test_a_line_is_json_with_time_level_process_and_the_file_is_private(tmp_path: Path) -> None:
    file = set_up(tmp_path, None)
    structlog.get_logger().info("poll", action="poll", orders=3, mall="楽天")
    line = json.loads(file.read_text(encoding="utf-8"))
    assert line["action"] == "poll"
    assert line["orders"] == 3
    assert line["level"] == "info"
    assert line["process"] == "mall-rakuten"
    assert line["timestamp"].endswith("Z")
    assert "楽天" in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_terminal_gets_human_lines_and_no_terminal_gets_warnings_as_json(tmp_path: Path) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    set_up(tmp_path, terminal)
    structlog.get_logger().info("poll", action="poll")
    assert "poll" in terminal.getvalue()
    set_up(tmp_path, pipe)
    structlog.get_logger().info("quiet")
    structlog.get_logger().warning("loud")
    assert [json.loads(line)["event"] for line in pipe.getvalue().splitlines()] == ["loud"]


def test_an_exception_is_logged_without_the_values_of_its_variables(tmp_path: Path) -> None:
    file = set_up(tmp_path, None)
    inner = "s3cr3t-value"
    try:
        [][len(inner)]
    except IndexError:
        structlog.get_logger().exception("crashed")
    text = file.read_text()
    assert "IndexError" in text
    assert "s3cr3t-value" not in text


def test_files_are_rotated_at_their_size_and_only_so_many_kept(tmp_path: Path) -> None:
    file = set_up(tmp_path, None, file_bytes_max=2000)
    for number in range(100):
        structlog.get_logger().info("line", number=number)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        file.name,
        f"{file.name}.1",
        f"{file.name}.2",
    ]
    assert all(path.stat().st_size <= 2000 for path in tmp_path.iterdir())
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in tmp_path.iterdir())


def test_a_librarys_log_takes_the_same_way_and_addresses_are_not_logged(tmp_path: Path) -> None:
    file = set_up(tmp_path, None)
    logging.getLogger("somelibrary").warning("warned with %s", "reason")
    logging.getLogger("httpx").info("HTTP Request: GET https://mall.example/?code=abc")
    text = file.read_text()
    assert "warned with reason" in text
    assert "code=abc" not in text


@pytest.mark.parametrize(
    "name",
    "license_key licence_key service_secret client_secret refresh_token accessToken api_key"
    " public_key Authorization house_token password credentials Cookie headers buyer buyer_name"
    " email phone X-Api-Key".split(),
)
def test_a_name_that_looks_secret_is_dropped(name: str) -> None:
    assert looks_secret(name)
    assert drop_secrets(None, "info", {name: "x"}) == {name: DROPPED}


@pytest.mark.parametrize(
    "name", "key listing_key movement_key key_days_left sku mall code subject orders id at".split()
)
def test_an_ordinary_name_is_kept(name: str) -> None:
    assert not looks_secret(name)


def test_secrets_are_found_at_any_depth_and_in_running_text() -> None:
    event = {
        "event": "refused: ESA U1AxMjM0NTY3ODkw was not accepted",
        "call": {"path": "/x", "headers": {"a": "b"}, "rows": [{"token": "t"}]},
    }
    assert drop_secrets(None, "info", event) == {
        "event": f"refused: ESA {DROPPED} was not accepted",
        "call": {"path": "/x", "headers": DROPPED, "rows": [{"token": DROPPED}]},
    }


def test_a_value_that_is_too_deep_is_dropped_unseen() -> None:
    value: object = "deep"
    for _ in range(20):
        value = {"inner": value}
    assert "deep" not in str(drop_secrets(None, "info", {"value": value}))
