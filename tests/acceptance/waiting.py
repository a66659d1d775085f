"""Waiting for conditions of running processes: always for something, always with a bound."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

LOOK_S: Final = 0.05
"""Between two looks at a condition, at least."""
LOOK_S_MAX: Final = 0.2
"""Between two looks in a long wait. Less than any state lasts that a test waits to see."""
WAITED_SHARE: Final = 0.1
"""The longer a wait has lasted, the rarer the looks: a look costs the house as much as the test."""
LOOK_SHARE: Final = 0.125
"""A look may be a whole command: looking takes this part of the time at most."""
SOON_S: Final = 90.0
"""What needs no settling: a call, a poll, a fault, a restart."""
SETTLE_S: Final = 240.0
"""What needs settled comparisons, one after the other; several times what a calm machine takes."""

T = TypeVar("T")


def wait_for(look: Callable[[], T], words: str, bound_s: float = SOON_S) -> T:
    """The first true value that `look` gives; fails with the words and the last one it gave."""
    start = time.monotonic()
    while True:
        began = time.monotonic()
        found = look()
        if found:
            return found
        assert time.monotonic() < start + bound_s, (
            f"waited {bound_s:g} s for {words}; last: {found!r}"
        )
        _pause(start, began)


def wait_until_right(
    complaint: Callable[[], object], words: str, bound_s: float = SETTLE_S
) -> None:
    """Waits until `complaint` has nothing to say; fails with what it said last."""
    start = time.monotonic()
    while True:
        began = time.monotonic()
        said = complaint()
        if not said:
            return
        assert time.monotonic() < start + bound_s, f"waited {bound_s:g} s for {words}: {said}"
        _pause(start, began)


def _pause(start: float, began: float) -> None:
    now = time.monotonic()
    patience_s = min((now - start) * WAITED_SHARE, LOOK_S_MAX)
    time.sleep(max(LOOK_S, patience_s, (now - began) * (1 / LOOK_SHARE - 1)))
