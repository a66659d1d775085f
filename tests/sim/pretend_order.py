"""Orders of a pretend mall: every version there ever was, when it was readable, and its snapshot.

Times inside are true time; only what the mall tells (stamps, `changed_at`) is in its own clock.
"""

from dataclasses import dataclass, field

from engine.snapshot import OrderLine, OrderMark, OrderSnapshot, UnreadableOrder


@dataclass
class Change:
    """What a placing, a cut or a raise did to a shelf's quantity."""

    at: float
    amount: int
    in_q: bool = True
    """False: an absolute write erased it."""
    is_seen: bool = False
    """Expected has it: its snapshot was applied, or a settled reading took it in."""
    order: str = ""


@dataclass
class Line:
    """One line in one version."""

    code: str
    quantity: int
    original: int
    """What the mall took at the placing; 0 for a line added later."""
    restocks: bool
    """Whether the mall puts cut units of it back."""


@dataclass
class Version:
    """The order between two edits."""

    number: int
    at: float
    readable_at: float
    lines: dict[str, Line]
    cancelled: bool
    counts: bool
    edited: bool
    raised: bool
    """A raise or an added line is in its history."""
    is_raise: bool
    """This version takes more than the one before."""
    changed_at: float | None
    """The mall's stamp of the last edit or cancel."""
    changes: list[Change] = field(default_factory=list)

    def counting(self, key: str) -> int:
        """Units of a line that take stock in this version."""
        line = self.lines.get(key)
        if line is None or self.cancelled or not self.counts:
            return 0
        return line.quantity


@dataclass
class MallOrder:
    """One order with its whole life."""

    number: str
    stamp: float
    placed: float
    versions: list[Version]
    poison: tuple[float, float] = (0.0, 0.0)
    """[from, until): it cannot be read."""
    poison_names: bool = True
    poison_units: bool = True
    is_late: bool = False
    """It broke the bound on its lag."""
    parent: str = ""
    """The order it was split from: its units left with that one's."""

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def readable(self, now: float) -> Version | None:
        """The version the mall's API shows."""
        for version in reversed(self.versions):
            if version.readable_at <= now:
                return version
        return None

    def is_poison(self, now: float) -> bool:
        return self.poison[0] <= now < self.poison[1]


@dataclass(frozen=True)
class Habits:
    """What a mall tells of its orders."""

    tells_original: bool
    tells_restocks: bool
    tells_changed_at: bool
    tells_marks: bool
    zeroes_cancelled: bool
    """A cancelled order shows its lines with 0; else as they were."""


def mark_of(order: MallOrder, version: Version, habits: Habits) -> OrderMark:
    """The order in the mall's list."""
    return OrderMark(order.number, order.stamp, _mark(version, habits))


def _mark(version: Version, habits: Habits) -> str:
    return f"v{version.number}" if habits.tells_marks else ""


def snapshot_of(
    order: MallOrder, version: Version, habits: Habits, read_from: float, read_until: float
) -> OrderSnapshot:
    """The order as one call read it."""
    lines = tuple(
        OrderLine(
            key,
            line.code,
            "",
            0 if version.cancelled and habits.zeroes_cancelled else line.quantity,
            line.original if habits.tells_original else None,
            line.restocks if habits.tells_restocks else None,
        )
        for key, line in version.lines.items()
    )
    return OrderSnapshot(
        order=order.number,
        stamp=order.stamp,
        mark=_mark(version, habits),
        status="cancelled" if version.cancelled else "open",
        cancelled=version.cancelled,
        edited=version.edited,
        cut_only=not version.raised,
        counts=version.counts,
        read_from=read_from,
        read_until=read_until,
        lines=lines,
        changed_at=version.changed_at if habits.tells_changed_at else None,
        parent=order.parent,
    )


def unreadable_of(order: MallOrder, version: Version) -> UnreadableOrder:
    """The order as a parser that gave up tells of it."""
    named = [(line.code, "", line.quantity) for line in version.lines.values()]
    return UnreadableOrder(
        order.number,
        order.stamp,
        "a made-up reason",
        tuple((code, sub, units if order.poison_units else None) for code, sub, units in named)
        if order.poison_names
        else (),
    )
