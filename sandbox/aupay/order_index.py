"""What the mall remembers of its orders beside the core: lines taken out, and days of two events.

Told of every change as it happens, so that no search walks through all orders: those shipped or
paid in a window are cut out of a sorted list.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sandbox.orders import Line, Order
from sandbox.shop import Shop

Event = Literal["shipped", "paid"]


class ShownLine(NamedTuple):
    """One `detail`."""

    line: Line
    units: int
    is_cut: bool  # no longer part of the order


@dataclass(slots=True)
class _Trace:
    """One order: every line it had with its last units, and which events are listed."""

    lines: dict[int, tuple[Line, int]] = field(default_factory=dict)
    listed: set[Event] = field(default_factory=set)


class OrderIndex:
    """Listens to one shop's orders."""

    def __init__(self, shop: Shop) -> None:
        self._orders = shop.orders
        self._traces: dict[str, _Trace] = {}
        self._moments: dict[Event, list[tuple[float, str]]] = {"shipped": [], "paid": []}
        shop.orders.on_change = self._note

    def lines(self, order: Order, *, with_cut: bool) -> Iterator[ShownLine]:
        """The lines of an order in the order of their making."""
        trace = self._traces.get(order.order_id, _Trace())
        present = {line.line_id for line in order.lines}
        for line_id, (line, units) in trace.lines.items():
            if line_id in present:
                yield ShownLine(line, line.quantity, is_cut=False)
            elif with_cut:
                yield ShownLine(line, units, is_cut=True)

    def within(self, event: Event, start: float, end: float) -> list[Order]:
        """The visible orders with this event in [start, end), by its moment."""
        moments = self._moments[event]
        low, high = (bisect_left(moments, (edge, "")) for edge in (start, end))
        found = (self._orders.visible(order_id) for _, order_id in moments[low:high])
        return [order for order in found if order is not None]

    def _note(self, order: Order) -> None:
        trace = self._traces.setdefault(order.order_id, _Trace())
        for line in order.lines:
            trace.lines[line.line_id] = (line, line.quantity)
        if order.changes and order.changes[-1].kind == "split":
            # What moved into an order of its own was not cancelled here.
            present = {line.line_id for line in order.lines}
            trace.lines = {key: kept for key, kept in trace.lines.items() if key in present}
        moments: dict[Event, float | None] = {
            "shipped": order.shipped_at,
            "paid": order.confirmed_at,
        }
        for event, at in moments.items():
            if at is not None and event not in trace.listed:
                trace.listed.add(event)
                insort(self._moments[event], (at, order.order_id))
