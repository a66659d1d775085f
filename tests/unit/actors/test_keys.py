"""Key files: private, whole, and never behind an operator's newer key."""

import stat
from pathlib import Path

import pytest

from actors.keys import KeyUnreadable, read_key, rotate_key, store_key

SECRET = {"service_secret": "SP1", "license_key": "SL1"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "rakuten.json"


def test_where_nothing_is_stored_there_is_no_key(path: Path) -> None:
    assert read_key(path) is None


def test_what_is_stored_is_read_again_and_nobody_else_can_read_it(path: Path) -> None:
    stored = store_key(path, SECRET, 100.0)
    assert read_key(path) == stored
    assert dict(stored.credentials) == SECRET
    assert stored.changed_at == 100.0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {file.name for file in path.parent.iterdir()} == {".lock", "rakuten.json"}


def test_another_key_raises_the_version_and_the_same_one_does_not(path: Path) -> None:
    first = store_key(path, SECRET, 100.0)
    assert store_key(path, dict(SECRET), 200.0) == first
    second = store_key(path, SECRET | {"license_key": "SL2"}, 50.0)
    assert second.version > first.version


def test_a_key_stored_after_a_deletion_has_a_version_of_its_own(path: Path) -> None:
    first = store_key(path, SECRET, 100.0)
    path.unlink()
    assert store_key(path, SECRET, 101.0).version > first.version


def test_a_rotation_keeps_the_version_and_the_moment_of_the_change(path: Path) -> None:
    stored = store_key(path, SECRET, 100.0)
    assert rotate_key(path, SECRET | {"refresh_token": "R2"}, stored.version)
    found = read_key(path)
    assert found is not None
    assert found.credentials["refresh_token"] == "R2"
    assert (found.version, found.changed_at) == (stored.version, 100.0)


def test_a_rotation_of_an_older_key_does_not_undo_the_newer_one(path: Path) -> None:
    old = store_key(path, SECRET, 100.0)
    new = store_key(path, SECRET | {"license_key": "SL2"}, 200.0)
    assert not rotate_key(path, SECRET | {"refresh_token": "R2"}, old.version)
    assert read_key(path) == new


@pytest.mark.parametrize("content", [b"", b"{", b'{"version": "one"}', b"\xff\xfe"])
def test_a_broken_file_is_said_without_its_content_and_can_be_replaced(
    path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(KeyUnreadable, match="is not a key file: store the key again"):
        read_key(path)
    store_key(path, SECRET, 100.0)
    assert read_key(path) is not None


def test_a_write_that_fails_leaves_the_old_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = store_key(path, SECRET, 100.0)

    def broken(_descriptor: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("actors.keys.os.fsync", broken)
    with pytest.raises(OSError, match="disk full"):
        store_key(path, {"license_key": "SL3"}, 200.0)
    assert read_key(path) == stored
    assert {file.name for file in path.parent.iterdir()} == {".lock", "rakuten.json"}
