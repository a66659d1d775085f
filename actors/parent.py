"""How a child process knows its parent: it says that it is ready, hears what the parent tells, and
dies with it.

The parent hands every child two pipe ends by number in the environment. On the one the child writes
a line when it is ready. From the other it reads lines of news for as long as the parent lives; the
end of that pipe is the parent's death, on every platform and however it died. A process that was
started by hand has neither, and nothing happens.
"""

import os
import threading
import traceback
from collections.abc import Callable
from typing import Final, Literal

import msgspec
from msgspec import Struct

READY_FD: Final = "ZAIKO_READY_FD"
PARENT_FD: Final = "ZAIKO_PARENT_FD"
HOUSE_TOKEN: Final = "ZAIKO_HOUSE_TOKEN"  # noqa: S105  the variable's name, not its value
"""Proves to the inventory that the supervisor started this child; new with every run."""

READY_LINE: Final = b"ready\n"
ORPHANED_EXIT: Final = 75
"""The exit code of a child whose parent is gone."""
DEAF_EXIT: Final = 1
"""The exit code of a child that could not take its parent's news: a bug."""
NEWS_LINE_BYTES_MAX: Final = 4096
"""A longer line of news is a bug of the parent."""


class GivenUp(Struct, frozen=True, tag="given_up"):
    """News: the parent has given up on a child; nobody restarts it until an operator acts."""

    child: str
    """The child's name: `mall:NAME`."""
    limit: Literal["burst", "sustained"]
    """Which restart limit was reached."""
    restarts: int
    """How many restarts that limit's window held."""
    window_s: float
    """The window's length."""


News = GivenUp
"""Everything a parent may tell, one JSON line each."""


def house_token() -> str:
    """This run's token, or "" where no supervisor started the process."""
    return os.environ.get(HOUSE_TOKEN, "")


def say_ready() -> None:
    """Tells the parent, once, that this child has started. Later calls do nothing."""
    number = os.environ.pop(READY_FD, "")
    if not number:
        return
    try:
        os.write(int(number), READY_LINE)
    except BrokenPipeError:
        return  # the parent is gone: `watch_parent` ends this process
    finally:
        os.close(int(number))


def watch_parent(
    hear: Callable[[News], None] | None = None, *, leave: Callable[[int], None] = os._exit
) -> None:
    """Ends this process at once when its parent dies; hands each news to `hear` until then.

    Called first thing in a child. `hear` is called from another thread. There is no drain: the
    parent is gone, so nobody can be handed anything, and every step is safe to lose.
    """
    number = os.environ.pop(PARENT_FD, "")
    if not number:
        return
    os.set_inheritable(int(number), False)  # noqa: FBT003  its only form
    thread = threading.Thread(
        target=_listen, args=(int(number), hear, leave), name="watch-parent", daemon=True
    )
    thread.start()


def _listen(number: int, hear: Callable[[News], None] | None, leave: Callable[[int], None]) -> None:
    decoder = msgspec.json.Decoder(News)
    line = b""
    try:
        while piece := os.read(number, NEWS_LINE_BYTES_MAX):
            *whole, line = (line + piece).split(b"\n")
            for news in whole:
                if hear is not None:
                    hear(decoder.decode(news))
            assert len(line) <= NEWS_LINE_BYTES_MAX, "the parent's news has no end"
    except Exception:  # noqa: BLE001  a child that no longer listens would outlive its parent
        traceback.print_exc()
        leave(DEAF_EXIT)
        return
    leave(ORPHANED_EXIT)
