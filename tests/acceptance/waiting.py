"""Waiting for conditions of running processes: always for something, always with a bound."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

LOOK_S: Final = 0.05
"""Between two looks at a condition, at least."""
LOOK_SHARE: Final = 0.25
"""A look may be a whole command: looking takes this part of the time at most."""
SOON_S: Final = 90.0
"""What needs no settling: a call, a poll, a fault, a restart."""
SETTLE_S: Final = 240.0
"""What needs settled comparisons, one after the other; several times what a calm machine takes."""

T = TypeVar("T")


def wait_for(look: Callable[[], T], words: str, bound_s: float = SOON_S) -> T:
    """The first true value that `look` gives; fails with the words and the last one it gave."""
    end = time.monotonic() + bound_s
    while True:
        began = time.monotonic()
        found = look()
        if found:
            return found
        assert time.monotonic() < end, f"waited {bound_s:g} s for {words}; last: {found!r}"
        _pause(began)


def wait_until_right(
    complaint: Callable[[], object], words: str, bound_s: float = SETTLE_S
) -> None:
    """Waits until `complaint` has nothing to say; fails with what it said last."""
    end = time.monotonic() + bound_s
    while True:
        began = time.monotonic()
        said = complaint()
        if not said:
            return
        assert time.monotonic() < end, f"waited {bound_s:g} s for {words}: {said}"
        _pause(began)


def _pause(began: float) -> None:
    took_s = time.monotonic() - began
    time.sleep(max(LOOK_S, took_s * (1 / LOOK_SHARE - 1)))
