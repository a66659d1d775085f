"""One house for each state_dir: the lock that a running supervisor holds, with its process id.

The system drops the lock with the process, however it ends, so there is nothing to clean up.
"""

import fcntl
import os
from pathlib import Path

from msgspec import Struct


class Held(Struct, frozen=True):
    """Another process holds the house."""

    pid: int | None
    """That process; None in the instant before it has written its id."""


def holder_of(path: Path) -> int | None:
    """The process that holds the lock; None where nobody does, or has not written its id yet."""
    try:
        number = os.open(path, os.O_RDONLY)
    except OSError:
        return None
    said = os.read(number, 32).strip()
    try:
        # Without an id in it the lock is free: a supervisor about to take it must not find ours.
        if said.isdigit():
            fcntl.flock(number, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return int(said)
    finally:
        os.close(number)
    return None


class HouseLock:
    """Holds the lock until `release` or the end of the process."""

    def __init__(self, number: int) -> None:
        self._number = number

    @classmethod
    def take(cls, path: Path) -> "HouseLock | Held":
        """The lock, or who holds it. Never waits."""
        number = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            said = os.read(number, 32).strip()
            os.close(number)
            return Held(int(said) if said.isdigit() else None)
        os.ftruncate(number, 0)
        os.write(number, f"{os.getpid()}\n".encode())
        return cls(number)

    def release(self) -> None:
        """Gives the house free; the file stays."""
        os.ftruncate(self._number, 0)
        os.close(self._number)
