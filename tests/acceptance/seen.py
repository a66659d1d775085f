"""What anybody on the machine could see: processes, their arguments, environments, and files."""

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from sandbox.buyers import BUYER_MARKS

KEY_FILES: Final = "state/keys/*.json"
"""The only place where credentials may lie."""
CREDENTIAL_WORDS: Final = (b"Bearer ", b"access_token", b"ESA ", b"Basic ", b"client_secret=")
"""What stands before a credential on the wire: malls make up access tokens at any time."""
SECRET_LENGTH_MIN: Final = 12
"""A shorter value (`demo-store`, a key's version) is a name, not a secret."""


def pids_with(argument: str) -> dict[int, list[str]]:
    """Every process one of whose arguments is this one, with its command line."""
    found = {}
    for pid in _pids():
        words = _text(pid, "cmdline").split("\0")
        if argument in words and _is_alive(pid):
            found[pid] = words
    return found


def leaks_of_processes(pids: Iterable[int], secrets: Iterable[str]) -> list[str]:
    """Where a process shows a secret or a buyer to whoever lists processes."""
    wanted = [*long_enough(secrets), *BUYER_MARKS]
    return [
        f"{place} of {pid}"
        for pid in pids
        for place in ("cmdline", "environ")
        if any(word in _text(pid, place) for word in wanted)
    ]


def leaks_of_files(root: Path, secrets: Iterable[str]) -> list[str]:
    """`file: what` of every buyer and every credential found below a directory, as bytes.

    A credential may be written as it is, or escaped as in JSON; key files may hold credentials and
    no buyer.
    """
    keys = set(root.glob(KEY_FILES))
    marks = [mark.encode() for mark in BUYER_MARKS]
    marks += [mark.encode("unicode_escape") for mark in BUYER_MARKS if not mark.isascii()]
    hidden = [spelt for secret in long_enough(secrets) for spelt in _spellings(secret)]
    found = []
    for path in _files(root):
        content = path.read_bytes()
        found += [f"{path}: a buyer" for mark in marks if mark in content]
        if path not in keys:
            found += [f"{path}: a credential" for secret in hidden if secret in content]
            found += [f"{path}: {word!r}" for word in CREDENTIAL_WORDS if word in content]
    return found


def files_open_to_others(root: Path) -> list[str]:
    """Files that are not 0600 and directories that are not 0700."""
    found = []
    for path in [root, *root.rglob("*")]:
        if path.is_symlink():
            continue
        wanted = 0o700 if path.is_dir() else 0o600
        mode = stat.S_IMODE(path.stat().st_mode)
        if path.is_socket():
            mode &= 0o077
            wanted = 0
        if mode != wanted:
            found.append(f"{path}: {mode:o}")
    return found


def long_enough(secrets: Iterable[str]) -> list[str]:
    """Those that are secrets and no mere names."""
    return [secret for secret in secrets if len(secret) >= SECRET_LENGTH_MIN]


def _spellings(secret: str) -> set[bytes]:
    """As it is, as JSON writes it, and, of a key of several lines, its longest line."""
    longest = max(secret.splitlines(), key=len)
    return {secret.encode(), secret.replace("\n", "\\n").encode(), longest.encode()}


def _files(root: Path) -> Iterator[Path]:
    return (path for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def _pids() -> Iterator[int]:
    return (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())


def _text(pid: int, place: str) -> str:
    try:
        return Path(f"/proc/{pid}/{place}").read_bytes().decode("utf-8", "replace")
    except OSError:
        return ""


def _is_alive(pid: int) -> bool:
    try:
        return _text(pid, "stat").rpartition(")")[2].split()[0] not in {"Z", "X"}
    except IndexError:
        return False


def kill(pid: int, number: int) -> None:
    """Sends a signal to a process that may be gone."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
