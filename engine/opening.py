"""F1: whether an order is inside a SKU's opening total, or a movement after it.

    order's moment      [a - eps            b + eps]
    ---- INSIDE --------|---- the margin ----|------- MOVEMENT ------>
                         READ_AGAIN while the opening is settling,
                         MOVEMENT_LISTED ever after (at worst too few)

The opening of a SKU is a span in the clock of the order's own mall: on the base mall the settled
opening reading [a, b]; on every other mall the starting instant a0 twice, which is persisted with
the SKU's first opening read and never moved. A stocktake starts the SKU again: orders stamped
before it and not seen yet are inside the count, so its instant takes the place of a0 for them.
"""

import enum
from collections.abc import Iterable

from engine.push_state import Span


class OpeningRule(enum.Enum):
    """Where an order, or a change of one, stands to the opening; closed list."""

    INSIDE = "inside"
    """The opening total already lacks the units: counted, no movement."""
    MOVEMENT = "movement"
    """Certainly after the opening."""
    MOVEMENT_LISTED = "movement_listed"
    """Too close to tell: a movement, named in the opening report; at worst too few are shown."""
    INSIDE_LISTED = "inside_listed"
    """A cut too close to tell: no movement, named in the opening report; at worst too few."""
    READ_AGAIN = "read_again"
    """Too close to the base mall's reading, which can still be made again."""


def instant(at: float) -> Span:
    """The opening as malls other than the base mall see it: the starting instant in their clock."""
    return Span(at, at)


def opening_rule(
    moment: Span, opening: Span, eps_s: float, *, is_settling: bool = False
) -> OpeningRule:
    """Where an order stands; `is_settling` while the base mall's reading is not booked yet.

    Equal stamps are within the margin: neither before nor after (T3, story 18).
    """
    if moment.end < opening.start - eps_s:
        return OpeningRule.INSIDE
    if moment.start > opening.end + eps_s:
        return OpeningRule.MOVEMENT
    return OpeningRule.READ_AGAIN if is_settling else OpeningRule.MOVEMENT_LISTED


def cut_rule(began: float, opening_end: float, eps_s: float) -> OpeningRule:
    """Whether a cut or cancel of an order counted as inside gives its units back.

    `began` is the start of its bracket. Only a change that certainly came after the opening is a
    movement: an earlier one may be in the quantity the opening read.
    """
    if began > opening_end + eps_s:
        return OpeningRule.MOVEMENT
    return OpeningRule.INSIDE_LISTED


def raise_rule(began: float, opening_end: float, eps_s: float) -> OpeningRule:
    """A raise of an order counted as inside is always a movement: doubt never adds a unit."""
    if began > opening_end + eps_s:
        return OpeningRule.MOVEMENT
    return OpeningRule.MOVEMENT_LISTED


def is_clear(moments: Iterable[Span], reading: Span, eps_s: float) -> bool:
    """Whether the base mall's reading can open the SKU: no order or change lies in its margin."""
    return all(
        opening_rule(moment, reading, eps_s, is_settling=True) is not OpeningRule.READ_AGAIN
        for moment in moments
    )


def opening_total(quantity: int, units: int) -> int:
    """The opening of a SKU whose base listing takes `units` of it and shows `quantity`."""
    return quantity * units
