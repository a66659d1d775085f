"""The auditor's own books of the totals: what was sold, cancelled, counted and adjusted.

It is told which version of an order each snapshot showed, and works out from that alone what the
movements of every line must add up to. It never asks the engine. Where the protocol itself cannot
tell (an order or an edit too close to the opening, F1), the sum may lie in a range.

All moments are true time.
"""

from dataclasses import dataclass, field

from tests.sim.pretend_order import MallOrder
from tests.sim.scenario import EPS_S, MallPlan


@dataclass(frozen=True)
class Opening:
    """When a SKU's total began, or was counted anew: [start, end]."""

    start: float
    end: float


@dataclass
class Applied:
    """One snapshot of an order that was applied."""

    version: int
    since: float
    """No change of it can be older: the snapshot before, less the mall's lag."""
    until: float


@dataclass
class OrderBook:
    """What was applied of one order, and where its lines were booked."""

    order: MallOrder
    plan: MallPlan
    applied: list[Applied] = field(default_factory=list)
    read_from: float = 0.0
    """Of the last applied snapshot, in the mall's clock as the actor told it."""
    read_until: float = 0.0
    openings: dict[tuple[str, int], Opening] = field(default_factory=dict)
    """(line, SKU) -> the opening it was booked by."""

    @property
    def version(self) -> int:
        """The last applied one; -1: none."""
        return self.applied[-1].version if self.applied else -1

    def counts(self, line: str) -> list[int]:
        """What the line counted after each applied snapshot, from the first that showed it."""
        found: list[int] = []
        for each in self.applied:
            version = self.order.versions[each.version]
            if not found and line not in version.lines:
                continue
            count = version.counting(line)
            if self.plan.settings.restock == "never" and found:
                count = max(count, found[-1])
            found.append(count)
        return found

    def sum_range(
        self, line: str, sku: int, units: int, recount: Opening | None = None
    ) -> tuple[int, int]:
        """What the movements of one line for one SKU may add up to.

        `recount`: the SKU's opening as it is now; a later count than the line was booked by may
        hold what was cut before it.
        """
        counts = self.counts(line)
        opening = self.openings[line, sku]
        steps = self._steps(line, counts)
        margin_s = 2 * EPS_S + self.plan.card.stamp_resolution_s + 1.5
        placed = self.order.placed
        first = counts[0]
        if self._first_shown(line) > 0:
            # A line added later: its moment is the bracket of the snapshot that showed it.
            bracket = self.applied[self._first_shown(line)]
            if bracket.until < opening.start - margin_s:
                placed = bracket.until
            elif bracket.since > opening.end + margin_s:
                placed = bracket.since
            else:
                placed = opening.start
        if placed > opening.end + margin_s:
            total = -units * counts[-1]
            return total - units * self._held(steps, placed, recount, margin_s), total
        doubt = sum(abs(by) for by, _ in steps)
        # Of a split-off order only the bracket is known: its stamp may be its parent's.
        known_by = self.applied[self._first_shown(line)].until if self.order.parent else placed
        if max(placed, known_by) >= opening.start - margin_s:
            return -units * (first + doubt), units * doubt
        total = vague = 0
        for by, each in steps:
            # F1: a raise of a line counted as inside is always a movement, a cut only if it came
            # after the opening.
            if by < 0 and self._held([(by, each)], placed, recount, margin_s):
                vague -= by * units
            elif by > 0 or each.since > opening.end + margin_s:
                total -= by * units
            elif each.until >= opening.start - margin_s:
                vague -= by * units
        return total, total + vague

    @staticmethod
    def _held(
        steps: list[tuple[int, Applied]], placed: float, recount: Opening | None, margin_s: float
    ) -> int:
        """Units cut before a recount that came after the placing: the count may hold them."""
        if recount is None or placed > recount.start + margin_s:
            return 0
        return -sum(by for by, each in steps if by < 0 and each.since <= recount.end + margin_s)

    def _first_shown(self, line: str) -> int:
        for place, each in enumerate(self.applied):
            if line in self.order.versions[each.version].lines:
                return place
        raise AssertionError(line)

    def _steps(self, line: str, counts: list[int]) -> list[tuple[int, Applied]]:
        first = self._first_shown(line)
        return [
            (after - before, each)
            for before, after, each in zip(
                counts, counts[1:], self.applied[first + 1 :], strict=False
            )
            if after != before
        ]
