"""state_dir belongs to its owner alone, and its sockets stay reachable however deep it lies."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings import SettingsError
from config.state import SOCKET_PATH_BYTES_MAX, StateDir


@pytest.fixture(autouse=True)
def _umask_is_restored() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def socket_path(state: StateDir, name: str) -> str:
    return state.endpoint(name).removeprefix("ipc://")


def test_claim_makes_private_directories_and_later_files_are_private(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "a" / "state")
    state.claim()
    state.claim()
    for directory in (state.root, state.keys, state.logs, state.sockets):
        assert mode(directory) == 0o700
    state.database.touch()
    assert mode(state.database) == 0o600


def test_a_state_dir_that_was_opened_is_closed_again(tmp_path: Path) -> None:
    state = StateDir(tmp_path / "state")
    state.claim()
    state.root.chmod(0o755)
    state.claim()
    assert mode(state.root) == 0o700


def test_a_directory_with_other_files_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(SettingsError, match="holds other files") as caught:
        StateDir(tmp_path).claim()
    assert "state_dir" in caught.value.message_ja
    assert mode(tmp_path) == 0o755


def test_a_file_in_its_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(SettingsError, match="cannot be used"):
        StateDir(tmp_path / "state").claim()


def test_short_socket_paths_stay_in_state_dir(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "s"
    monkeypatch.setattr("config.state.SOCKET_PATH_BYTES_MAX", len(os.fsencode(short)) + 60)
    state = StateDir(short)
    state.claim()
    assert state.sockets == (short / "sockets").resolve()


def test_long_socket_paths_move_and_any_environment_finds_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Path(f"/tmp/zaiko-test-{os.getpid()}")  # noqa: S108  a short path is the point
    run.mkdir(mode=0o700)
    try:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
        state = StateDir(tmp_path / ("deep-" * 20) / "state")
        state.claim()
        assert len(os.fsencode(socket_path(state, "inventory"))) <= SOCKET_PATH_BYTES_MAX
        assert state.sockets.parent == run
        assert mode(state.sockets) == 0o700
        before = state.endpoint("inventory")
        monkeypatch.delenv("XDG_RUNTIME_DIR")
        assert state.endpoint("inventory") == before
        state.claim()
        assert state.endpoint("inventory") == before
        # The run-time directory is emptied when the machine starts.
        state.sockets.rmdir()
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(run))
        state.claim()
        assert state.sockets.is_dir()
    finally:
        for left in run.iterdir():
            left.rmdir()
        run.rmdir()


def test_two_state_dirs_never_share_sockets(tmp_path: Path) -> None:
    deep = tmp_path / ("deep-" * 20)
    first, second = StateDir(deep / "one"), StateDir(deep / "two")
    first.claim()
    second.claim()
    try:
        assert first.sockets != second.sockets
    finally:
        first.sockets.rmdir()
        second.sockets.rmdir()


def test_a_socket_name_that_leaves_no_room_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too long"):
        StateDir(tmp_path).endpoint("x" * 25)
