"""The switches of the pretend Rakuten: what its contract leaves open."""

from __future__ import annotations

from typing import Literal

import msgspec


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Defaults are the contract's best guess. Seconds are wall time."""

    gateway: Literal["present", "legacy"] = "present"  # legacy: shape C for refused keys
    partial: bool = False  # a failed bulk-upsert applies its good rows before it answers 400
    unknown_is_404: bool = False  # bulk-get of unknown pairs only: 404 instead of an empty list
    retry_after: bool = False  # a 429 carries Retry-After
    search_lag_s: float = 0.0  # new items show in items/search only after this
    tombstones: bool = False  # removed items still show there, with their manageNumber only
    change_pending_s: float = 0.0  # an edit shows 400 and a cancel 800 for so long first
