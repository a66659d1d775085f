"""Where a house keeps its state, and that nobody else can read it.

    state_dir/            0700
      zaiko.db            the database (and its write-ahead log)
      keys/NAME.json      credentials, one file a mall, replaced atomically
      keys/notify.channels.json   addresses of notification channels, kept like credentials
      notices.json        what each channel was told
      sockets/            local sockets; a link to the run-time directory where paths get too long
      logs/NAME.jsonl     one log a process
      lock                held by the running house, with its process id

Every process calls `claim()` first: from then on each file it makes is 0600.
"""

import errno
import hashlib
import os
import stat
import tempfile
from pathlib import Path
from typing import Final

from msgspec import Struct

from config.settings import SettingsError

SOCKET_PATH_BYTES_MAX: Final = 100
"""Unix socket paths end at 104 bytes on some systems and 108 on others."""
SOCKET_NAME_BYTES_MAX: Final = 24
"""The longest socket name; the directory must leave room for it."""
OWN_NAMES: Final = frozenset({"zaiko.db", "keys", "logs", "sockets", "lock"})
"""A directory that holds one of these is a state_dir already."""


class StateDir(Struct, frozen=True):
    """The paths below one state_dir."""

    root: Path
    """state_dir itself, absolute."""

    @property
    def database(self) -> Path:
        """The embedded database."""
        return self.root / "zaiko.db"

    @property
    def keys(self) -> Path:
        """The credentials' directory."""
        return self.root / "keys"

    @property
    def logs(self) -> Path:
        """The logs' directory."""
        return self.root / "logs"

    @property
    def lock(self) -> Path:
        """The file a running house holds locked."""
        return self.root / "lock"

    @property
    def sockets(self) -> Path:
        """The directory of the local sockets, behind the link where there is one."""
        return Path(os.path.realpath(self.root / "sockets"))

    def key_file(self, mall: str) -> Path:
        """One mall's credentials."""
        return self.keys / f"{mall}.json"

    @property
    def channels(self) -> Path:
        """The addresses of the notification channels; no mall's name has a dot."""
        return self.keys / "notify.channels.json"

    @property
    def notices(self) -> Path:
        """What each channel was told."""
        return self.root / "notices.json"

    def endpoint(self, name: str) -> str:
        """The ZeroMQ address of the local socket with that short name."""
        if len(os.fsencode(name)) > SOCKET_NAME_BYTES_MAX:
            raise ValueError(f"socket name {name!r} is too long")
        return f"ipc://{self.sockets / name}"

    def claim(self) -> None:
        """Makes what is missing, closes it to others, and lets new files of this process be 0600.

        Idempotent; raises `SettingsError` where the directory cannot be used.
        """
        os.umask(0o077)
        try:
            for directory in (self.root, self.keys, self.logs):
                _private(directory)
            self._make_sockets()
        except OSError as error:
            raise SettingsError(
                f"state_dir {self.root} cannot be used: {error.strerror}: "
                "name a directory of your own.",
                f"state_dir({self.root})を使えません({error.strerror})。"
                "自分のディレクトリを指定してください。",
            ) from error

    def _make_sockets(self) -> None:
        sockets = self.root / "sockets"
        room = SOCKET_PATH_BYTES_MAX - SOCKET_NAME_BYTES_MAX - 1
        if len(os.fsencode(sockets)) <= room and not sockets.is_symlink():
            _private(sockets)
            return
        if sockets.is_symlink() and sockets.is_dir():
            _private(sockets.resolve())
            return
        # The link is kept here, so that a command with another environment finds the same place.
        target = _runtime_directory(self.root, room)
        if target.is_symlink():
            raise OSError(errno.EEXIST, f"{target} was put there by somebody else")
        _private(target)
        sockets.unlink(missing_ok=True)
        sockets.symlink_to(target)


def _runtime_directory(root: Path, room: int) -> Path:
    """A short private directory that belongs to this state_dir alone."""
    mark = hashlib.sha256(os.fsencode(root)).hexdigest()[:12]
    places = [os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"]  # noqa: S108  last resort: 0700 and checked for its owner
    for place in places:
        target = Path(place) / f"zaiko-{os.getuid()}-{mark}"
        if place.startswith("/") and Path(place).is_dir() and len(os.fsencode(target)) <= room:
            return target
    raise OSError(errno.ENAMETOOLONG, "no directory is short enough for local sockets")


def _private(directory: Path) -> None:
    """Makes the directory 0700, and refuses one that is not ours alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    status = directory.stat()
    if status.st_uid != os.getuid():
        raise OSError(errno.EPERM, "it belongs to another user")
    if stat.S_IMODE(status.st_mode) == 0o700:
        return
    # A directory that was there before is closed only if nobody else can be using it: `state_dir`
    # may have been set to a home or a temporary directory by mistake.
    content = {entry.name for entry in directory.iterdir()}
    if content and not content & OWN_NAMES:
        raise OSError(errno.EEXIST, "it is open to others and holds other files")
    directory.chmod(0o700)
