"""The credentials of one mall: `state_dir/keys/NAME.json`, 0600, replaced whole or not at all.

The file holds a version that rises whenever an operator stores other credentials; a token that the
mall itself rotated keeps the version, for it is the same key. A rotation of an older version is
dropped: the operator's newer key wins. Nothing here is ever logged.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct, structs

KEY_BYTES_MAX: Final = 1_000_000
"""A longer key file is none."""


class StoredKey(Struct, frozen=True, kw_only=True):
    """One mall's credentials as stored."""

    version: int
    """Rises with every change by an operator."""
    changed_at: float
    """Wall time of that change: the key-change grace begins here."""
    credentials: Mapping[str, str]
    """Field name -> secret text."""


class KeyUnreadable(Exception):
    """A key file is there, but it is no key file: store the key again."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is not a key file: store the key again with `zaiko key set`.")


def read_key(path: Path) -> StoredKey | None:
    """The stored key; None where there is none. Raises KeyUnreadable for anything else."""
    try:
        with path.open("rb") as file:
            content = file.read(KEY_BYTES_MAX + 1)
    except FileNotFoundError:
        return None
    try:
        return msgspec.json.decode(content, type=StoredKey)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # Without the cause: a decoder's message is about a body full of secrets.
        raise KeyUnreadable(path) from None


def store_key(path: Path, credentials: Mapping[str, str], now: float) -> StoredKey:
    """Stores credentials an operator gave; the same as before change nothing."""
    with _alone(path):
        before = _readable(path)
        if before is not None and dict(before.credentials) == dict(credentials):
            return before
        # From the clock, so that a file deleted and stored anew does not begin at 1 again.
        version = max(int(now * 1000), 1 if before is None else before.version + 1)
        key = StoredKey(version=version, changed_at=now, credentials=dict(credentials))
        _replace(path, key)
        return key


def rotate_key(path: Path, credentials: Mapping[str, str], version: int) -> bool:
    """Stores what the mall rotated, if the stored key is still the one that was rotated."""
    with _alone(path):
        before = _readable(path)
        if before is None or before.version != version:
            return False
        _replace(path, structs.replace(before, credentials=dict(credentials)))
        return True


def _readable(path: Path) -> StoredKey | None:
    """The stored key, or None for a broken file, which is then replaced."""
    try:
        return read_key(path)
    except KeyUnreadable:
        return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time, over processes: an operator's command and the inventory may meet."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path.parent / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _replace(path: Path, key: StoredKey) -> None:
    """Whole or not at all, also over a power cut: file, then name, then directory."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor has no path
            file.write(msgspec.json.encode(key))
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
