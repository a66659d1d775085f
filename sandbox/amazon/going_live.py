"""Accepted is not live: a push takes effect a while after its answer, and reads lag as well.

The quantity that becomes live is the one that was pushed, whatever was sold in between: that sale
is undone, as on the real mall. Several pushes of one SKU may become live out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.amazon.knobs import Knobs
from sandbox.amazon.submission import Change, apply
from sandbox.shelf import Row
from sandbox.shop import Shop

SHARES = (0.2, 0.9)  # of live_s: when an accepted push becomes live, at random


class GoingLive:
    """The pushes on their way, and the age of what reads show."""

    def __init__(self, shop: Shop, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._knobs = knobs
        self._last_due: dict[str, float] = {}  # by SKU, only while a push is on its way

    def accept(self, sku: str, changes: Sequence[Change], moment: float | None = None) -> None:
        """Make these changes live later; `moment` is when they were taken (monotonic)."""
        clock, knobs = self._shop.clock, self._knobs()
        taken = clock.monotonic() if moment is None else moment
        share = 1.0 if knobs.exact_lags else self._shop.faults.dice.uniform(*SHARES)
        due = taken + clock.sped(knobs.live_s) * share
        if knobs.live_in_order:
            due = max(due, self._last_due.get(sku, due))
        self._last_due[sku] = max(due, self._last_due.get(sku, due))
        self._shop.agenda.add(due, lambda: self._go_live(sku, changes, due))
        self._shop.agenda.catch_up()  # at once when live_s is 0

    def quantity(self, row: Row) -> int:
        """Return the quantity that a read shows."""
        knobs = self._knobs()
        share = 1.0 if knobs.exact_lags else self._shop.faults.dice.random()
        age_s = self._shop.clock.sped(knobs.stale_s) * share
        return self._shop.shelf.quantity_before(row, age_s)

    def _go_live(self, sku: str, changes: Sequence[Change], due: float) -> None:
        if self._last_due.get(sku) == due:
            del self._last_due[sku]
        shelf = self._shop.shelf
        # A SKU that does not exist becomes an incomplete listing, without anybody being told.
        row = shelf.named(sku) or shelf.park((sku, ""), 0)
        for change in changes:
            apply(shelf, row, change, due)
