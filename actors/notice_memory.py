"""What the notifier remembers over its own death: `state_dir/notices.json`, replaced whole.

Written after each delivery and before the next: a crash in between repeats that one message once.
"""

import os
import tempfile
from pathlib import Path

import msgspec
from msgspec import Struct

from engine.notices import ChannelMemory


class NoticeMemory(Struct, kw_only=True):
    """The notifier's memory."""

    cursor: int = 0
    """The last fault record that was looked at."""
    level: int = 9
    """The `notify_level` it was looked at with."""
    watched: list[int] = []
    """Records up to the cursor that a channel may still have to be told of."""
    channels: dict[str, ChannelMemory] = {}
    """By the channel's name."""


def read_memory(path: Path) -> NoticeMemory:
    """The memory; a file that is not there or none of ours is an empty one."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=NoticeMemory)
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return NoticeMemory()


def write_memory(path: Path, content: bytes) -> None:
    """Replaces the file durably: old or new, never half."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor has no path
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
