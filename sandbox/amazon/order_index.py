"""The orders as the Orders APIs find them: by moment of update, and only after the lag.

Every change of an order leaves a version behind. Until the lag has passed, callers see the version
before it, under that version's own time of update; a new order is not there at all. Nothing here
looks at all orders: windows are cut out of the list of versions, which stays sorted.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from sandbox.amazon.catalogue import sku_of
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.stamps import in_ms
from sandbox.orders import Order, Status
from sandbox.shop import Shop

Channel = Literal["MFN", "AFN"]
Position = tuple[float, int]


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """One line at one moment; a line that was taken out stays, with no units."""

    line_id: int
    sku: str
    title: str
    units: int
    original: int  # as first ordered


@dataclass(frozen=True, slots=True)
class Version:
    """One order between two of its changes."""

    at: float  # cut to milliseconds
    number: int  # grows with every version of any order
    order: Order  # for what never changes: id, buyer, moment of placing
    channel: Channel
    status: Status
    items: tuple[ItemVersion, ...]
    cancel_asked: bool  # the buyer has asked for a cancel
    cancelled_by: Literal["BUYER", "MERCHANT"] | None
    shipped_at: float | None

    @property
    def position(self) -> Position:
        """Where it stands in the list of updates."""
        return self.at, self.number

    @property
    def created_at(self) -> float:
        """When the order was placed."""
        return in_ms(self.order.placed_at)


class OrderIndex:
    """Every version of every order."""

    def __init__(self, shop: Shop, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._knobs = knobs
        self._by_update: list[Version] = []
        self._by_order: dict[str, list[Version]] = {}
        self._numbers = 0
        shop.orders.on_change = self._note

    def horizon(self) -> float:
        """Return the moment up to which changes show."""
        clock = self._shop.clock
        return clock.now() - clock.sped(self._knobs().lag_s)

    def find(self, order_id: str) -> Version | None:
        """Return the order as it shows now."""
        if self._shop.orders.visible(order_id) is None:
            return None
        horizon = self.horizon()
        versions = reversed(self._by_order[order_id])
        return next((version for version in versions if version.at <= horizon), None)

    def updated(self, start: float, end: float, after: Position | None) -> Iterator[Version]:
        """Walk through the orders last updated in [start, end], oldest update first."""
        low = bisect_left(self._by_update, max(after or (start, 0), (start, 0)), key=_position)
        for place in range(low, len(self._by_update)):
            version = self._by_update[place]
            if version.at > end:
                return
            if version.position != after and self.find(version.order.order_id) is version:
                yield version

    def created(self, start: float, end: float, after: Position | None) -> Iterator[Version]:
        """Walk through the orders placed in [start, end], oldest first."""
        low = max(start, after[0]) if after else start
        # Stamps show milliseconds: what shows as `end` was placed up to one later.
        for order in self._shop.orders.window(low, end + 0.001):
            if after is not None and (order.placed_at, order.number) <= after:
                continue
            version = self.find(order.order_id)
            if version is not None:
                yield version

    def _note(self, order: Order) -> None:
        versions = self._by_order.setdefault(order.order_id, [])
        last = versions[-1] if versions else None
        at = in_ms(order.changed_at)
        if last is not None:
            at = max(at, last.at)  # the clock may have been set back meanwhile
        self._numbers += 1
        cancels = [change.by for change in order.changes if change.kind == "cancelled"]
        version = Version(
            at=at,
            number=self._numbers,
            order=order,
            channel=last.channel if last else self._channel(order),
            status=order.status,
            items=_items(order, last),
            # A buyer confirms nothing here: what the side door calls so is the wish to cancel.
            cancel_asked=any(
                change.kind == "confirmed" and change.by == "buyer" for change in order.changes
            ),
            cancelled_by=("BUYER" if cancels[-1] == "buyer" else "MERCHANT") if cancels else None,
            shipped_at=order.shipped_at,
        )
        versions.append(version)
        insort(self._by_update, version, key=_position)

    def _channel(self, order: Order) -> Channel:
        rows = [self._shop.shelf.row(*line.key) for line in order.lines]
        return "AFN" if any(row is not None and row.fba for row in rows) else "MFN"


def _items(order: Order, last: Version | None) -> tuple[ItemVersion, ...]:
    items = [
        ItemVersion(line.line_id, sku_of(line.key), line.name, line.quantity, line.original)
        for line in order.lines
    ]
    there = {item.line_id for item in items}
    if last is not None:
        items += [replace(item, units=0) for item in last.items if item.line_id not in there]
    return tuple(sorted(items, key=lambda item: item.line_id))


def _position(version: Version) -> Position:
    return version.position
