"""What the inventory is told of the families of one mall's calls, and which refusal halts a lane.

Pure: the clock is handed in. Bounded by the closed list of families.
"""

from typing import Final

from engine.faults import Family, Level, MallError

NEEDED: Final = frozenset({Family.ORDERS, Family.STOCK, Family.AUTH})
"""The families a lane cannot do without: a credential refused for one of them halts it."""


def halts_lane(error: MallError) -> bool:
    """Level 9 of a family the lane needs; of another one it is a fault without a halt."""
    return error.spec.level is Level.CREDENTIALS and error.family in NEEDED


class FamilyNews:
    """What the inventory was told of each family of calls: one letter a change, not an attempt.

    A family nothing was told of yet is told its first success too: a fault that an earlier life of
    this actor reported may still stand.
    """

    def __init__(self) -> None:
        self._failing: dict[Family, tuple[str, float]] = {}
        self._good: set[Family] = set()

    @property
    def is_failing(self) -> bool:
        """Whether any family fails now."""
        return bool(self._failing)

    def failed(self, family: Family, code: str, now: float, repeat_s: float) -> bool:
        """A call failed for good; True: tell it (a change, or not told for repeat_s)."""
        self._good.discard(family)
        told_code, told_at = self._failing.get(family, ("", 0.0))
        if family in self._failing and told_code == code and now - told_at < repeat_s:
            return False
        self._failing[family] = (code, now)
        return True

    def succeeded(self, family: Family) -> bool:
        """A unit of work of the family went well; True: tell it."""
        if family in self._good:
            return False
        self._good.add(family)
        self._failing.pop(family, None)
        return True
