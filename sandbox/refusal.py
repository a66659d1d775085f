"""The expected "no" of a pretend shop: a value with an HTTP status and a sentence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """Nothing was changed, and this is why."""

    status: int  # 400 malformed · 404 unknown · 409 not in this state
    sentence: str
