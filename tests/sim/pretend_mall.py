"""A pretend mall as it is: true quantities, orders, writes that land late, reads that are old.

It knows what zaiko cannot and has no opinion on what zaiko does. Everything is in true time, but
for the stamps it puts on orders.
"""

import math
import random
from bisect import bisect_right
from dataclasses import dataclass, field

from engine.connector import WriteKind
from tests.sim.clock import Clock
from tests.sim.pretend_order import Change, Habits, Line, MallOrder, Version
from tests.sim.scenario import STAMP_ERROR_S, MallPlan


@dataclass
class Shelf:
    """One listing's true quantity and all that moved it."""

    code: str
    q: int
    times: list[float] = field(default_factory=list)
    shown: list[int] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """Those that are not seen yet."""
    edits: list[tuple[float, int]] = field(default_factory=list)
    """Hand edits that no settled comparison has taken in."""
    landing: int = 0
    """Accepted writes that are not live yet."""
    strays: dict[int, int] = field(default_factory=dict)
    """call id -> delta of writes that land after their caller gave up."""
    is_bad: bool = False
    is_missing: bool = False
    was_edited: bool = False
    """By hand, ever: a held difference may stand."""
    is_reborn: bool = False
    """Its SKU was deleted and imported again, and what becomes of older orders is not known to
    the new listing: a comparison finds it as a difference."""

    def show(self, now: float, quantity: int) -> None:
        self.q = quantity
        self.times.append(now)
        self.shown.append(quantity)

    def shown_at(self, moment: float) -> int:
        return self.shown[max(0, bisect_right(self.times, moment) - 1)]

    @property
    def unseen(self) -> int:
        """What changes that expected does not have yet are in q."""
        return sum(change.amount for change in self.changes if change.in_q)

    def forget_seen(self) -> None:
        self.changes = [change for change in self.changes if not change.is_seen]


@dataclass(frozen=True)
class Row:
    """One row of a write as it arrives."""

    call_id: int
    code: str
    delta: int
    value: int | None
    """Absolute: guarded and anchored."""
    guarded_at: float = 0.0
    """True moment of the guard's read."""


@dataclass(frozen=True)
class RowSaid:
    """What the mall says of one row: done | refused | bad | unknown."""

    verdict: str
    answered: int | None = None


class PretendMall:
    """One mall."""

    def __init__(self, plan: MallPlan, clock: Clock, rng: random.Random) -> None:
        self.plan = plan
        self.clock = clock
        self.rng = rng
        self.name = plan.settings.name
        self.shelves: dict[str, Shelf] = {}
        self.catalogue: list[tuple[str, str]] = []
        """(code, SKU code) in the order an import reads them."""
        self.orders: dict[str, MallOrder] = {}
        self.revision = 0
        """Counts whatever may move a truth."""
        self.executed: dict[int, int] = {}
        """call id -> what the write did to q."""
        self.key = 1
        """The version of the key that works."""
        self.key_works_at = 0.0
        """A new key is refused until then."""
        self.down_until = 0.0
        self.down_as = ""
        self.trouble_share = 0.0
        """Share of calls that fail in some way."""
        self.slow_share = 0.0
        self.overdue_share = 0.0
        """Share of late writes that land after late_s."""
        self.habits = Habits(
            plan.tells_original,
            plan.tells_restocks,
            plan.tells_changed_at,
            plan.tells_marks,
            rng.random() < 0.5,
        )

    @property
    def time(self) -> float:
        """The mall's own clock."""
        return self.clock.now + self.plan.offset_s

    def add_shelf(self, code: str, sku_code: str, quantity: int) -> None:
        shelf = Shelf(code, quantity)
        shelf.show(self.clock.now, quantity)
        self.shelves[code] = shelf
        self.catalogue.append((code, sku_code))

    # --- orders -----------------------------------------------------------------------------

    def stamp(self) -> float:
        moment = self.time + self.rng.uniform(-STAMP_ERROR_S, STAMP_ERROR_S)
        resolution_s = self.plan.card.stamp_resolution_s
        return math.floor(moment / resolution_s) * resolution_s if resolution_s > 1 else moment

    def _readable_at(self, since: float = 0.0, late_s: float = 0.0) -> float:
        lag_s = self.plan.lag_s
        lag = lag_s + late_s if late_s else self.rng.uniform(self.plan.lag_s_min, lag_s)
        return max(since, self.clock.now + lag)

    def buy(
        self, wanted: list[tuple[str, int]], *, counts: bool = True, late_s: float = 0.0
    ) -> MallOrder | None:
        """A shopper's order; None where the shelves do not hold it."""
        lines: dict[str, Line] = {}
        taken: dict[str, int] = {}
        for key, (code, units) in enumerate(wanted, 1):
            taken[code] = taken.get(code, 0) + units
            lines[str(key)] = Line(code, units, units, self._restocks())
        if any(self.shelves[code].q < units for code, units in taken.items()):
            return None
        number = f"{self.name}-{len(self.orders) + 1}"
        version = Version(
            0, self.clock.now, self._readable_at(late_s=late_s), lines,
            cancelled=False, counts=counts, edited=False, raised=False,
            is_raise=False, changed_at=None,
        )  # fmt: skip
        version.changes = [self._move(line.code, -line.quantity, number) for line in lines.values()]
        order = MallOrder(number, self.stamp(), self.clock.now, [version], is_late=late_s > 0)
        self.orders[number] = order
        return order

    def _restocks(self) -> bool:
        if self.plan.restocks == "mixed":
            return self.rng.random() < 0.5
        return self.plan.restocks == "yes"

    def _move(self, code: str, amount: int, order: str) -> Change:
        shelf = self.shelves[code]
        self.revision += 1
        change = Change(self.clock.now, amount, order=order)
        if amount:
            shelf.changes.append(change)
            shelf.show(self.clock.now, shelf.q + amount)
        return change

    def edit(self, order: MallOrder, quantities: dict[str, tuple[str, int]]) -> None:
        """Lines get these (code, quantity); one that is missing is removed."""
        old = order.latest
        lines: dict[str, Line] = {}
        changes: list[Change] = []
        is_raise = False
        for key, (code, quantity) in quantities.items():
            line = old.lines.get(key)
            if line is None:
                line = Line(code, 0, 0, self._restocks())
            changes += self._shift(line, quantity, order.number)
            is_raise = is_raise or quantity > line.quantity
            lines[key] = Line(code, quantity, line.original, line.restocks)
        for key, line in old.lines.items():
            if key not in quantities:
                changes += self._shift(line, 0, order.number)
        raised = old.raised or is_raise
        self._append(order, lines, changes, edited=True, raised=raised, is_raise=is_raise)

    def cancel(self, order: MallOrder) -> None:
        old = order.latest
        changes = [
            change for line in old.lines.values() for change in self._shift(line, 0, order.number)
        ]
        self._append(order, old.lines, changes, edited=old.edited, raised=old.raised)
        order.latest.cancelled = True

    def split(self, order: MallOrder, key: str, units: int) -> MallOrder:
        """Staff moves units of a line to an order of its own; no quantity of the mall moves.

        Both show at one moment.
        """
        old, line = order.latest, order.latest.lines[key]
        lines = dict(old.lines)
        lines[key] = Line(line.code, line.quantity - units, line.original, line.restocks)
        self._append(order, lines, [], edited=True, raised=old.raised)
        child = Version(
            0, self.clock.now, order.latest.readable_at,
            {"1": Line(line.code, units, units, line.restocks)},
            cancelled=False, counts=old.counts, edited=False, raised=False,
            is_raise=False, changed_at=None,
        )  # fmt: skip
        number = f"{self.name}-{len(self.orders) + 1}"
        # A parent that nobody can read yet hides its child as well.
        is_late = child.readable_at > self.clock.now + self.plan.lag_s
        found = MallOrder(
            number, self.stamp(), self.clock.now, [child], is_late=is_late, parent=order.number
        )
        self.orders[number] = found
        return found

    def touch(self, order: MallOrder, *, counts: bool) -> None:
        """A step that changes the mark and perhaps the status, and no line."""
        old = order.latest
        self._append(order, old.lines, [], edited=old.edited, raised=old.raised)
        order.latest.changed_at = old.changed_at
        order.latest.is_raise = old.is_raise
        order.latest.counts = counts

    def _shift(self, line: Line, quantity: int, order: str) -> list[Change]:
        by = line.quantity - quantity
        if by > 0:
            return [self._move(line.code, by if line.restocks else 0, order)]
        if by < 0 and self.shelves[line.code].q >= -by and self.rng.random() < 0.7:
            return [self._move(line.code, by, order)]
        return []

    def _append(
        self,
        order: MallOrder,
        lines: dict[str, Line],
        changes: list[Change],
        *,
        edited: bool,
        raised: bool,
        is_raise: bool = False,
    ) -> None:
        old = order.latest
        order.versions.append(
            Version(
                old.number + 1,
                self.clock.now,
                self._readable_at(old.readable_at),
                lines,
                cancelled=False,
                counts=old.counts,
                edited=edited,
                raised=raised,
                is_raise=is_raise,
                changed_at=self.stamp(),
                changes=changes,
            )
        )

    def edit_by_hand(self, code: str, quantity: int) -> None:
        shelf = self.shelves[code]
        self.revision += 1
        if quantity != shelf.q:
            shelf.edits.append((self.clock.now, quantity - shelf.q))
            shelf.was_edited = True
            shelf.show(self.clock.now, quantity)

    # --- how calls fare -----------------------------------------------------------------------

    def latency_s(self) -> float:
        """One way."""
        if self.slow_share and self.rng.random() < self.slow_share:
            return self.rng.uniform(0.5, self.plan.settings.http_timeout_s * 0.7)
        return self.rng.uniform(0.01, self.plan.latency_s_max)

    def trouble(self, key: int, *, is_write: bool) -> str:
        """How a call that arrives now ends: "" is well.

        401, 503: refused, nothing done. 500: nothing done, but nobody can know. garbage: done, and
        the reply says nothing. lost, deaf: no reply, not done and done. late: done after its
        caller has given up.
        """
        if key != self.key or self.clock.now < self.key_works_at:
            return "401"
        if self.clock.now < self.down_until:
            return self.down_as
        if self.trouble_share and self.rng.random() < self.trouble_share:
            kinds = ("503", "500", "lost", "garbage")
            return self.rng.choice((*kinds, "deaf", "late") if is_write else kinds)
        return ""

    # --- what calls find ----------------------------------------------------------------------

    def list_orders(
        self, start: float, end: float, *, by_change: bool = False
    ) -> list[tuple[MallOrder, Version]]:
        """Readable orders placed in [start, end] by their stamp, oldest first.

        by_change: also those whose readable version is of `start` or later.
        """
        found = []
        for order in self.orders.values():
            version = order.readable(self.clock.now)
            if version is None:
                continue
            is_changed = by_change and version.at + self.plan.offset_s >= start
            if start <= order.stamp <= end or is_changed:
                found.append((order, version))
        return sorted(found, key=lambda pair: (pair[0].stamp, pair[0].number))

    def read(self, code: str) -> tuple[float, int] | None:
        """(true moment, quantity); None: the listing is not there."""
        shelf = self.shelves[code]
        if shelf.is_missing:
            return None
        stale_s = self.plan.stale_s
        moment = self.clock.now - (self.rng.uniform(0.0, stale_s) if stale_s else 0.0)
        return moment, shelf.shown_at(moment)

    # --- writes -------------------------------------------------------------------------------

    def write(self, rows: list[Row]) -> tuple[list[RowSaid], str]:
        """Takes a write call: what became of each row, and how the call as a whole ended.

        "" is a reply row by row. "named" fails the call with the name of the first bad row,
        "unnamed" without; what the rows say then is the truth, which the reply does not tell.
        """
        self.revision += 1
        for row in rows:
            self.shelves[row.code].strays.pop(row.call_id, None)
        wrong = next((place for place, row in enumerate(rows) if self._is_wrong(row)), None)
        if self.plan.bulk == "rows" or wrong is None:
            return [self._write_row(row) for row in rows], ""
        for row in rows[: 0 if self.plan.is_atomic else wrong]:
            self._write_row(row)
        if self.plan.bulk == "unnamed" and len(rows) > 1:
            return [RowSaid("unknown") for _ in rows], "unnamed"
        shelf = self.shelves[rows[wrong].code]
        named = RowSaid("bad" if shelf.is_bad or shelf.is_missing else "refused")
        return [named if place == wrong else RowSaid("unknown") for place in range(len(rows))], (
            "named"
        )

    def _is_wrong(self, row: Row) -> bool:
        shelf = self.shelves[row.code]
        if shelf.is_bad or shelf.is_missing:
            return True
        return row.value is None and self.plan.below_zero == "refuses" and shelf.q + row.delta < 0

    def _write_row(self, row: Row) -> RowSaid:
        shelf = self.shelves[row.code]
        if shelf.is_bad or shelf.is_missing:
            return RowSaid("bad")
        kind = self.plan.card.write_kind
        if kind is WriteKind.ANCHORED:
            assert row.value is not None
            self._accept(shelf, row)
            return RowSaid("done")
        before = shelf.q
        if kind is WriteKind.GUARDED:
            assert row.value is not None
            self._overwrite(shelf, row.value, row.guarded_at)
            # What the guard allowed to be erased is the orders' affair; the push did the rest.
            self.executed[row.call_id] = row.delta
            return RowSaid("done", shelf.q)
        after = before + row.delta
        if after < 0 and self.plan.below_zero == "refuses":
            return RowSaid("refused")
        if after < 0 and self.plan.below_zero == "clamps":
            after = 0
        shelf.show(self.clock.now, after)
        self.executed[row.call_id] = after - before
        return RowSaid("done", after if self.plan.answers_quantity else None)

    def write_overdue(self, rows: list[Row]) -> None:
        """A write that lands after late_s, which nobody waits for any more: as good as a hand."""
        self.revision += 1
        for row in rows:
            shelf = self.shelves[row.code]
            if shelf.is_bad or shelf.is_missing:
                continue
            before = shelf.q - shelf.unseen
            if row.value is None:
                bad = self.plan.below_zero == "refuses" and shelf.q + row.delta < 0
                floor = -math.inf if self.plan.below_zero == "negative" else 0
                after = shelf.q if bad else max(int(shelf.q + row.delta), floor)
                shelf.show(self.clock.now, int(after))
            else:
                self._overwrite(shelf, row.value, row.guarded_at or -math.inf)
            moved = shelf.q - shelf.unseen - before
            if moved:
                shelf.edits.append((self.clock.now, moved))
                shelf.was_edited = True

    def _accept(self, shelf: Shelf, row: Row) -> None:
        value = row.value
        assert value is not None
        live_s = self.plan.live_s
        shelf.landing += 1

        def land() -> None:
            shelf.landing -= 1
            self._overwrite(shelf, value, -math.inf)

        if live_s == 0:
            land()
        else:
            self.clock.after(self.rng.uniform(0.0, live_s), land)

    def _overwrite(self, shelf: Shelf, value: int, since: float) -> None:
        """An absolute value: orders that came since the writer looked are erased."""
        self.revision += 1
        for change in shelf.changes:
            if change.at >= since:
                change.in_q = False
        shelf.show(self.clock.now, value)
