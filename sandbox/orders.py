"""The orders of one pretend shop: placing, staff's and buyers' changes, and finding them by time.

The mall takes its own units off the moment an order is placed and, on a cancel or a cut, puts them
back unless told not to. An order may be invisible to the API for a while (`late_orders`); its
stamp and its units are those of the placing all the same.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from sandbox.buyers import Buyer, buyer
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.refusal import Refusal
from sandbox.rules import Key, Rules
from sandbox.shelf import Shelf

Status = Literal["new", "confirmed", "shipped", "cancelled"]
ChangeKind = Literal["confirmed", "shipped", "cancelled", "revoked", "edited", "split"]
By = Literal["shop", "buyer"]

ORDERS_MAX = 500_000  # orders in one shop
LINES_MAX = 500  # lines one order ever had
UNITS_MAX = 99_999  # units of one line
CHANGES_MAX = 1_000  # recorded changes of one order
AGE_S_MAX = 800 * 86_400.0  # how old an order may be made


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line as a shopper or the staff asks for it."""

    code: str
    quantity: int
    sub_code: str = ""


@dataclass(slots=True)
class Line:
    """One line of an order; `line_id` is never reused within it."""

    line_id: int
    key: Key
    name: str
    jan: str
    quantity: int
    original: int  # as first ordered
    taken: int  # units that are off the mall's quantity because of this line
    axes: dict[str, str]
    restocked: bool | None = None  # set by a cancel: were the units put back


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to an order after it was placed."""

    at: float
    kind: ChangeKind
    by: By = "shop"
    increased: bool = False
    decreased: bool = False


@dataclass(slots=True)
class Order:
    """One order with everything a mall may tell of it."""

    number: int
    order_id: str
    placed_at: float
    visible_from: float  # by the monotonic clock
    changed_at: float
    status: Status
    buyer: Buyer
    lines: list[Line]
    version: int = 1
    lines_made: int = 0
    confirmed_at: float | None = None
    shipped_at: float | None = None
    cancelled_at: float | None = None
    changes: list[Change] = field(default_factory=list)
    parent_id: str = ""  # the order that this one was split off
    child_ids: list[str] = field(default_factory=list)


class OrderBook:
    """All orders of one shop."""

    def __init__(self, clock: Clock, shelf: Shelf, rules: Rules, faults: Faults) -> None:
        self._clock = clock
        self._shelf = shelf
        self._rules = rules
        self._faults = faults
        self._by_id: dict[str, Order] = {}
        self._by_time: list[Order] = []  # by placed_at
        self._hidden: dict[str, Order] = {}  # not yet visible to the API
        self._counts: Counter[Status] = Counter()  # all orders by status
        # Told of every order as it is placed, split off or changed: for malls with an index of
        # their own.
        self.on_change: Callable[[Order], None] = lambda _order: None

    # -- finding -------------------------------------------------------------------------------

    def all(self) -> Sequence[Order]:
        """Return every order by its stamp, invisible ones included."""
        return self._by_time

    def find(self, order_id: str) -> Order | None:
        """Return the order, invisible or not: for the side door."""
        return self._by_id.get(order_id)

    def visible(self, order_id: str) -> Order | None:
        """Return the order as the mall's API finds it."""
        self._reveal()
        return None if order_id in self._hidden else self._by_id.get(order_id)

    def window(self, start: float, end: float) -> list[Order]:
        """Return the visible orders stamped in [start, end), oldest first."""
        self._reveal()
        low = bisect_left(self._by_time, start, key=_stamp)
        high = bisect_left(self._by_time, end, key=_stamp)
        found = self._by_time[low:high]
        if self._hidden:
            found = [order for order in found if order.order_id not in self._hidden]
        return found

    def count(self, status: Status) -> int:
        """How many visible orders have this status, without looking at them all."""
        self._reveal()
        hidden = sum(1 for order in self._hidden.values() if order.status == status)
        return self._counts[status] - hidden

    def reveal_all(self) -> None:
        """End every delay of `late_orders`."""
        self._hidden.clear()

    def _reveal(self) -> None:
        now = self._clock.monotonic()
        due = [order for order in self._hidden.values() if order.visible_from <= now]
        for order in due:
            del self._hidden[order.order_id]

    # -- changing ------------------------------------------------------------------------------

    def place(
        self, wanted: Sequence[Wanted], status: Status = "new", age_s: float = 0.0
    ) -> Order | Refusal:
        """Place a shopper's order: all lines or none."""
        if refusal := _check_lines(wanted):
            return refusal
        if len(self._by_time) >= ORDERS_MAX:
            return Refusal(409, f"the shop already has {ORDERS_MAX} orders.")
        needed: Counter[Key] = Counter()
        for want in wanted:
            needed[self._rules.fold(want.code, want.sub_code)] += want.quantity
        if refusal := self._check_stock(needed) or self._check_warehouse(needed):
            return refusal
        now = self._clock.now() - age_s
        number = len(self._by_time) + 1
        delay_s = self._faults.order_delay_s()
        order = Order(
            number=number,
            order_id=self._rules.order_id(number, now),
            placed_at=now,
            visible_from=self._clock.monotonic() + delay_s,
            changed_at=now,
            status="new",
            buyer=buyer(number),
            lines=[],
        )
        order.lines = [self._new_line(order, want) for want in wanted]
        self._by_id[order.order_id] = order
        self._counts["new"] += 1
        insort(self._by_time, order, key=_stamp)
        if delay_s:
            self._hidden[order.order_id] = order
        self.on_change(order)
        if status != "new":
            self.move(order, status)
            order.version = 1
        return order

    def move(self, order: Order, status: Status, by: By = "shop") -> Refusal | None:
        """Set a status, as the staff does; on some malls this revokes a cancel."""
        if status == "cancelled":
            return self.cancel(order, by=by)
        if order.status == "cancelled" and (refusal := self._revoke(order, by)):
            return refusal
        if refusal := _check_room(order):
            return refusal
        now = self._clock.now()
        self._set_status(order, status)
        if status == "confirmed":
            order.confirmed_at = order.confirmed_at or now
            self._record(order, Change(now, "confirmed", by))
        elif status == "shipped":
            order.confirmed_at = order.confirmed_at or now
            order.shipped_at = order.shipped_at or now
            self._record(order, Change(now, "shipped", by))
        else:
            self._touch(order, now)
        return None

    def cancel(self, order: Order, *, restock: bool = True, by: By = "shop") -> Refusal | None:
        """Cancel the whole order; `restock` says whether the mall puts the units back."""
        if order.status == "cancelled":
            return Refusal(409, f"{order.order_id} is cancelled already.")
        if refusal := _check_room(order):
            return refusal
        now = self._clock.now()
        for line in order.lines:
            line.restocked = restock
            if restock:
                self._give_back(line, line.taken)
        self._set_status(order, "cancelled")
        order.cancelled_at = now
        self._record(order, Change(now, "cancelled", by))
        return None

    def edit(
        self, order: Order, wanted: Sequence[Wanted], *, restock: bool = True, by: By = "shop"
    ) -> Refusal | None:
        """Make the order's lines these: same keys keep their line, others go, new ones come.

        A raise takes units, a cut puts them back unless `restock` is false.
        """
        refusal = _check_lines(wanted) or _check_room(order)
        if refusal is None and order.status == "cancelled":
            refusal = Refusal(409, f"{order.order_id} is cancelled: its lines stay as they are.")
        if refusal is not None:
            return refusal
        old_by_key: dict[Key, list[Line]] = {}
        for line in order.lines:
            old_by_key.setdefault(line.key, []).append(line)
        kept: list[tuple[Wanted, Line | None]] = []
        for want in wanted:
            siblings = old_by_key.get(self._rules.fold(want.code, want.sub_code))
            kept.append((want, siblings.pop(0) if siblings else None))
        removed = [line for siblings in old_by_key.values() for line in siblings]
        if refusal := self._check_edit(order, kept, removed, restock=restock):
            return refusal
        self._apply_edit(order, kept, removed, restock=restock, by=by)
        return None

    def split(self, order: Order, wanted: Sequence[Wanted]) -> Order | Refusal:
        """Moves units into an order of their own; the stock does not move.

        The new order has its parent's stamp, so that it appears late among old ones.
        """
        refusal = _check_lines(wanted) or _check_room(order)
        if refusal is None and order.status == "cancelled":
            refusal = Refusal(409, f"{order.order_id} is cancelled: it cannot be split.")
        if refusal is None and len(self._by_time) >= ORDERS_MAX:
            refusal = Refusal(409, f"the shop already has {ORDERS_MAX} orders.")
        moved: Counter[Key] = Counter()
        for want in wanted:
            moved[self._rules.fold(want.code, want.sub_code)] += want.quantity
        parted = [(line, min(line.quantity, moved[line.key])) for line in order.lines]
        if refusal is None and (len({line.key for line in order.lines}) < len(order.lines)):
            refusal = Refusal(409, f"{order.order_id} has two lines of one item: not split.")
        if refusal is None and sum(units for _line, units in parted) < moved.total():
            refusal = Refusal(409, f"{order.order_id} has not so many units of these items.")
        if refusal is None and all(line.quantity == units for line, units in parted):
            refusal = Refusal(409, f"{order.order_id} must keep a unit of its own.")
        return refusal or self._part(order, [(line, units) for line, units in parted if units])

    # -- inside --------------------------------------------------------------------------------

    def _part(self, order: Order, parted: Sequence[tuple[Line, int]]) -> Order:
        now = self._clock.now()
        number = len(self._by_time) + 1
        child = replace(
            order,
            number=number,
            order_id=self._rules.order_id(number, now),
            visible_from=self._clock.monotonic(),
            changed_at=now,
            lines=[],
            version=1,
            lines_made=0,
            changes=[],
            parent_id=order.order_id,
            child_ids=[],
        )
        for line, units in parted:
            child.lines_made += 1
            taken = min(line.taken, units)
            child.lines.append(replace(line, line_id=child.lines_made, quantity=units, taken=taken))
            line.quantity -= units
            line.taken -= taken
        order.lines = [line for line in order.lines if line.quantity]
        order.child_ids.append(child.order_id)
        self._record(order, Change(now, "split", decreased=True))
        self._by_id[child.order_id] = child
        self._counts[child.status] += 1
        insort(self._by_time, child, key=_stamp)
        self.on_change(child)
        return child

    def _check_warehouse(self, keys: Iterable[Key]) -> Refusal | None:
        rows = [row for key in keys if (row := self._shelf.row(*key)) is not None]
        if len({row.fba for row in rows}) > 1:
            sentence = "an order leaves either the shop or the mall's own warehouse (fba)."
            return Refusal(409, sentence)
        return None

    def _check_stock(self, needed: Counter[Key]) -> Refusal | None:
        for (code, sub_code), units in needed.items():
            row = self._shelf.row(code, sub_code)
            label = f"{code}/{sub_code}" if sub_code else code
            if row is None or row.item is None:
                return Refusal(404, f"there is no item {label!r}.")
            if row.closed and units > 0:
                return Refusal(409, f"{label!r} is closed: sold out whatever its quantity.")
            if row.fba:
                continue
            if units > 0 and not row.overdraft and row.quantity < units:
                return Refusal(409, f"{label!r} is out of stock: {row.quantity} of {units}.")
            lowest = self._rules.quantity_min
            if self._rules.overdraft_goes_negative and row.quantity - units < lowest:
                return Refusal(409, f"{label!r} cannot go below {lowest}.")
        return None

    def _check_edit(
        self,
        order: Order,
        kept: list[tuple[Wanted, Line | None]],
        removed: list[Line],
        *,
        restock: bool,
    ) -> Refusal | None:
        keys = {line.key for line in order.lines}
        keys |= {self._rules.fold(want.code, want.sub_code) for want, _line in kept}
        if refusal := self._check_warehouse(keys):
            return refusal
        added = sum(1 for _want, line in kept if line is None)
        if order.lines_made + added > LINES_MAX:
            return Refusal(409, f"{order.order_id} cannot have more than {LINES_MAX} lines.")
        needed: Counter[Key] = Counter()
        for want, line in kept:
            raised = want.quantity - (line.quantity if line else 0)
            if raised > 0 or restock:
                needed[self._rules.fold(want.code, want.sub_code)] += raised
        if restock:
            for line in removed:
                needed[line.key] -= line.quantity
        # Rows that only get units back need no check: they may be gone from the shelf.
        return self._check_stock(Counter({key: n for key, n in needed.items() if n > 0}))

    def _apply_edit(
        self,
        order: Order,
        kept: list[tuple[Wanted, Line | None]],
        removed: list[Line],
        *,
        restock: bool,
        by: By,
    ) -> None:
        # Cuts first: a raise of the same row may use what they put back.
        decreased = bool(removed)
        for line in removed:
            self._cut(line, 0, restock=restock)
        for want, held in kept:
            if held is not None and want.quantity < held.quantity:
                decreased = True
                self._cut(held, want.quantity, restock=restock)
        increased = False
        lines: list[Line] = []
        for want, held in kept:
            if held is None:
                increased = True
                held = self._new_line(order, want)  # noqa: PLW2901 - the pair is done with
            elif want.quantity > held.quantity:
                increased = True
                row = self._shelf.row(*held.key)
                if row is not None:
                    held.taken += self._shelf.take(row, want.quantity - held.quantity)
                held.quantity = want.quantity
            lines.append(held)
        order.lines = lines
        self._record(order, Change(self._clock.now(), "edited", by, increased, decreased))

    def _cut(self, line: Line, quantity: int, *, restock: bool) -> None:
        freed = line.taken - min(line.taken, quantity)
        line.quantity = quantity
        if restock:
            self._give_back(line, freed)
        else:
            line.taken -= freed

    def _give_back(self, line: Line, units: int) -> None:
        row = self._shelf.row(*line.key)
        if row is not None and units > 0:
            self._shelf.put_back(row, units)
        line.taken -= units

    def _revoke(self, order: Order, by: By) -> Refusal | None:
        if self._rules.cancel_is_final:
            return Refusal(409, f"{order.order_id} is cancelled, and here that is final.")
        if refusal := _check_room(order):
            return refusal
        needed: Counter[Key] = Counter()
        for line in order.lines:
            if line.restocked:
                needed[line.key] += line.quantity
        if refusal := self._check_stock(needed):
            return refusal
        for line in order.lines:
            row = self._shelf.row(*line.key)
            if line.restocked and row is not None:
                line.taken += self._shelf.take(row, line.quantity)
            line.restocked = None
        order.cancelled_at = None
        self._record(order, Change(self._clock.now(), "revoked", by))
        return None

    def _new_line(self, order: Order, want: Wanted) -> Line:
        row = self._shelf.known(want.code, want.sub_code)
        order.lines_made += 1
        return Line(
            line_id=order.lines_made,
            key=row.key,
            name=row.name,
            jan=row.jan,
            quantity=want.quantity,
            original=want.quantity,
            taken=self._shelf.take(row, want.quantity),
            axes=row.axes,
        )

    def _set_status(self, order: Order, status: Status) -> None:
        self._counts[order.status] -= 1
        self._counts[status] += 1
        order.status = status

    def _record(self, order: Order, change: Change) -> None:
        order.changes.append(change)
        self._touch(order, change.at)

    def _touch(self, order: Order, at: float) -> None:
        order.changed_at = at
        order.version += 1
        self.on_change(order)


def _stamp(order: Order) -> float:
    return order.placed_at


def _check_lines(wanted: Sequence[Wanted]) -> Refusal | None:
    if not 1 <= len(wanted) <= LINES_MAX:
        return Refusal(400, f"an order has 1 to {LINES_MAX} lines.")
    for want in wanted:
        if not 1 <= want.quantity <= UNITS_MAX:
            return Refusal(400, f"a line's quantity must lie in 1..{UNITS_MAX}.")
    return None


def _check_room(order: Order) -> Refusal | None:
    # A revoke with its status makes two records.
    if len(order.changes) + 2 > CHANGES_MAX:
        return Refusal(409, f"{order.order_id} was changed {CHANGES_MAX} times: enough.")
    return None
