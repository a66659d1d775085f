"""What each subject of a command's house needs of it: to ask, to rest, and who asks."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from config.settings import Settings
from engine.questions import FromClient

ROWS_PER_PAGE: Final = 500
"""Rows a list asks for at once: memory holds one page, however long the list is."""
ASK_AGAIN_S: Final = 0.3
"""From one look at an import or a reflect to the next."""

Body = Any
"""What msgpack holds: maps, lists, numbers, texts."""


class Asking(Protocol):
    """A running house that can be asked."""

    settings: Settings
    """Of the house that is asked."""
    actor: str
    """Who asks, as `history` shows it."""

    def ask(self, question: Callable[[int], FromClient], timeout_s: float = 0.0) -> Body:
        """The body of the answer; raises Refusal, also when none comes in time."""

    def rest(self, seconds: float) -> None:
        """Waits before the next question."""
