"""What is true in the demo: every SKU's total by the orders the malls accepted, and how long each
order took to show on the other malls.

A page shows the truth when its quantity is the total. While it does not, the difference is what of
the latest changes has not reached it yet: they arrive in their order, so the changes before those
are there. Pure: moments and quantities are handed in.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from actors.demo_shop import Page

LAGS_MAX = 100_000
"""Orders whose lag is kept; of a longer demo the oldest are forgotten."""
BEHIND_MAX = 1_000
"""Changes a page may be behind; past that the oldest is no longer measured."""


@dataclass(slots=True)
class Measured:
    """An order whose way is measured."""

    accepted_at: float
    missing: set[Page] = field(default_factory=set)
    """Pages of other malls that do not show it yet."""
    shown_at: float = 0.0


@dataclass(slots=True, frozen=True)
class Change:
    """One change of a total that a page must come to show."""

    units: int
    order: Measured | None


class Truth:
    """Totals, and what each page is behind."""

    def __init__(self, totals: Mapping[str, int], pages: Mapping[Page, str]) -> None:
        self.totals = dict(totals)
        self.pages = dict(pages)
        self._of_sku: dict[str, list[Page]] = {}
        for page, sku in pages.items():
            self._of_sku.setdefault(sku, []).append(page)
        self._behind: dict[Page, deque[Change]] = {page: deque(maxlen=BEHIND_MAX) for page in pages}
        self.lags_s: deque[float] = deque(maxlen=LAGS_MAX)
        """Until every other mall showed an order."""
        self._lags_of: dict[str, deque[float]] = {
            page.mall: deque(maxlen=LAGS_MAX) for page in pages
        }
        """Until this one mall's page showed another mall's order."""

    def move(
        self, sku: str, units: int, own: Page | None = None, order: Measured | None = None
    ) -> None:
        """A total moved. `own` is the page where the mall has done the same to its quantity."""
        self.totals[sku] += units
        for page in self._of_sku[sku]:
            if page == own:
                continue
            measured = order if own is not None and page.mall != own.mall else None
            if measured is not None:
                measured.missing.add(page)
            self._behind[page].append(Change(units, measured))

    def see(self, page: Page, quantity: int, now: float) -> None:
        """A page's true quantity at a moment."""
        behind = self._behind[page]
        if not behind:
            return
        left = max(0, self.totals[self.pages[page]]) - quantity
        kept = 0
        for change in reversed(behind):
            if left == 0:
                break
            left -= change.units
            kept += 1
        if left != 0:
            return  # an order is under way, or the page was clamped: the next look tells
        while len(behind) > kept:
            self._arrived(behind.popleft().order, page, now)

    def _arrived(self, order: Measured | None, page: Page, now: float) -> None:
        if order is None:
            return
        self._lags_of[page.mall].append(now - order.accepted_at)
        order.missing.discard(page)
        if not order.missing:
            self.lags_s.append(now - order.accepted_at)

    def shows_truth(self, quantities: Mapping[Page, int]) -> bool:
        """Whether every linked page shows its SKU's total."""
        return all(
            quantities.get(page) == max(0, self.totals[sku]) for page, sku in self.pages.items()
        )

    def lag_ms(self, share: float) -> int | None:
        """The lag that this share of the orders did not exceed, until all other malls showed it."""
        return _share_of(self.lags_s, share)

    def lag_ms_of(self, mall: str, share: float) -> int | None:
        """The same, until this mall showed it."""
        return _share_of(self._lags_of[mall], share)


def _share_of(lags_s: Iterable[float], share: float) -> int | None:
    lags = sorted(lags_s)
    if not lags:
        return None
    return round(1000 * lags[min(len(lags) - 1, int(share * len(lags)))])
