"""What one mall's shop allows, as data: how its rows and orders are named and bounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

# (code, sub_code) as the side door and zaiko speak them; sub_code is "" without variations.
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """Handed to `Shop` by the mall's opener."""

    # Folds a pair the way the mall does before it looks a row up (case, ids of single items).
    fold: Callable[[str, str], Key]
    # The mall's order id for the running number and the moment of placing.
    order_id: Callable[[int, float], str]
    code_pattern: re.Pattern[str]
    sub_code_pattern: re.Pattern[str]  # for sub-codes other than ""
    # The one name by which the mall itself knows a pair, unique in the shop; None: it has none.
    name: Callable[[Key], str] | None = None
    quantity_min: int = 0
    quantity_max: int = 99_999
    # True: an over-purchase (overdraft) leads below zero. False: the quantity stops at 0.
    overdraft_goes_negative: bool = False
    # True: a cancelled order stays cancelled. False: a new status revokes the cancel.
    cancel_is_final: bool = True
