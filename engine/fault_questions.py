"""Letters about faults beside the plain list: figures by mall, and what the notifier looks at."""

from msgspec import Struct

from engine.notices import NoticeView


class AskErrorSummary(Struct, frozen=True, tag=True):
    """Reply body: list of ErrorSummaryRow, every mall of the settings, then the house."""

    id: int


class AskNotices(Struct, frozen=True, tag=True):
    """What the notifier has not seen yet, and what it watches. Reply body: NoticesView."""

    id: int
    after: int
    """The last record it has seen."""
    watched: tuple[int, ...]
    """Records whose state it wants to know."""
    with_transient: bool
    """Level 8 of single listings and orders too, not only what is heavy or of a whole mall."""


# --- shapes of the answers' bodies --------------------------------------------------------------


class ErrorSummaryRow(Struct, frozen=True, kw_only=True):
    """One mall in `errors summary`."""

    mall: str
    """"": the house (a SKU that is oversold belongs to no mall)."""
    level9: int
    """Open ones of level 9."""
    level8: int
    """Open ones of level 8."""
    resolved: int
    """Over by themselves, and not deleted yet."""
    oldest: float | None
    """First sight of the oldest open one."""
    is_halted: bool
    """The mall's sync is stopped."""


class NoticesView(Struct, frozen=True, kw_only=True):
    """One look of the notifier, from one snapshot."""

    new: tuple[NoticeView, ...]
    """Oldest first, a bounded number."""
    watched: tuple[NoticeView, ...]
    reached: int
    """The last record that was looked at: the next look's `after`."""
