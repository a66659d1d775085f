"""What a mall tells of its orders: marks (a line of an order list) and snapshots (an order read).

All moments are seconds since the epoch in the clock of the mall that gave them. Nothing here can
hold a buyer: a connector keeps what stock needs and lets the rest go.
"""

from msgspec import Struct


class OrderMark(Struct, frozen=True, array_like=True, gc=False):
    """One order as a mall's own list shows it."""

    order: str
    """The mall's order number."""
    stamp: float
    """When the order was placed, by the mall's own stamp; 0.0 where the list does not tell."""
    mark: str
    """Status, version or update time as one text; "" where the list cannot tell a change, so
    that the order must be read again."""


class OrderLine(Struct, frozen=True, array_like=True, gc=False):
    """One line of an order: how many units of one listing it takes now."""

    line: str
    """The mall's key of the line inside its order; stable over edits."""
    code: str
    sub_code: str
    """"" for a listing without variations."""
    quantity: int
    """Units the line takes now: 0 when the line or the whole order is cancelled."""
    original: int | None = None
    """Units the mall took at the placing, where the mall tells; None where it does not."""
    restocks: bool | None = None
    """Whether the mall itself puts units of this line back on a cancel, where a flag read with
    the order says so; None = unknown."""


class OrderSnapshot(Struct, frozen=True, array_like=True, gc=False):
    """One order as read at one moment."""

    order: str
    stamp: float
    mark: str
    """Equal to the mark the list shows for the same state; "" where the list cannot tell."""
    status: str
    """The mall's own status word, for people."""
    cancelled: bool
    edited: bool
    """The mall shows a sign that quantities or lines were changed since the placing."""
    cut_only: bool
    """With edited: the sign can only have been a cut or a cancel (no raise, no added line)."""
    counts: bool
    """Whether orders of this status take stock at all (settable per mall)."""
    read_from: float
    """Mall time just before the call that read it."""
    read_until: float
    """Mall time when the reply was there."""
    lines: tuple[OrderLine, ...]
    changed_at: float | None = None
    """The mall's own stamp of the last edit or cancel, where it gives one."""
    parent: str = ""
    """The order this one was split from, "" if none: its units were taken with the parent's."""


class UnreadableOrder(Struct, frozen=True, array_like=True):
    """An order that could not be read (poison): it is parked with the reason."""

    order: str
    stamp: float
    reason: str
    """One short sentence without any of the order's own text."""
    listings: tuple[tuple[str, str, int | None], ...] = ()
    """(code, sub_code, units or None) of the listings it can be read to name."""
