"""An instant an operator writes: a date and time, in this machine's zone unless it names another.

2026-11-28T18:00 · 2026-11-28T18:00:00+09:00 · 2026-11-28 18:00 · 2026-11-28 (its first moment)
"""

from datetime import datetime

from terminal.usage import UsageRefused


def instant(text: str) -> float:
    """Seconds since the epoch; raises UsageRefused for a text that is no date and time."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageRefused(
            f"{text} is no date and time; write it as 2026-11-28T18:00 or with +09:00 behind it.",
            f"{text} は日時ではありません。2026-11-28T18:00 のように書いてください。",
        ) from None
