"""Injected faults: what goes wrong at a pretend mall, in which order, and for how long.

Each endpoint family has its queue; only the fault at its head acts, and the next one begins when
that one is over. A fault without an endpoint stands in the queue of every family and is over for
all of them at once. `late_orders` and `skew` are states of the shop, not queued.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Literal, get_args

from sandbox.clock import Clock
from sandbox.refusal import Refusal

Family = Literal["orders", "stock", "items", "auth"]
FAMILIES: tuple[Family, ...] = get_args(Family)

FaultKind = Literal[
    "maintenance",
    "rate_limit",
    "server_error",
    "timeout_before",
    "timeout_after",
    "late_apply",
    "slow",
    "expired_key",
    "bad_item",
    "garbage",
    "page_shift",
    "late_orders",
    "skew",
]
# Answered in the mall's own words, before the key is looked at.
REFUSING = frozenset({"maintenance", "rate_limit", "server_error", "expired_key"})
# Act on stock writes only, so they live in the stock queue.
WRITES_ONLY = frozenset({"timeout_before", "timeout_after", "late_apply", "bad_item"})

FAULTS_MAX = 1_000  # faults waiting in one mall
COUNT_MAX = 1_000_000
SECONDS_MAX = 1_000_000.0  # also the largest skew


@dataclass(frozen=True, slots=True)
class FaultWish:
    """A fault as the side door asks for it. Seconds are wall time."""

    kind: FaultKind
    endpoint: Family | None = None
    count: int | None = None  # calls (page_shift: pages, late_orders: orders)
    seconds: float | None = None  # how long (late_orders: the delay; skew: how far ahead)
    rate: float = 1.0  # share of the calls that are hit
    code: str | None = None  # bad_item: the row the mall refuses
    sub_code: str = ""
    delay_s: float | None = None  # slow: the delay; late_apply: from the drop to the landing
    form: str = ""  # which of the mall's forms of this answer


@dataclass(slots=True, eq=False)
class Fault:
    """A queued fault and how much of it is left."""

    wish: FaultWish
    left: int | None
    began_at: float | None = None
    dismissed: bool = False
    struck: int = 0

    def over_at(self) -> float | None:
        """Return when its time is up, if it has one and has begun."""
        if self.wish.seconds is None or self.began_at is None:
            return None
        return self.began_at + self.wish.seconds

    def is_over(self, now: float) -> bool:
        """Tell whether it acts no more."""
        over_at = self.over_at()
        return self.dismissed or self.left == 0 or (over_at is not None and now >= over_at)


@dataclass(slots=True)
class _Delay:
    """How late the next placed orders become visible."""

    seconds: float
    left: int | None
    rate: float


@dataclass(slots=True)
class Faults:
    """One mall's faults. The seed makes `rate` reproducible."""

    clock: Clock
    dice: random.Random = field(default_factory=lambda: random.Random(17))
    _queues: dict[Family, deque[Fault]] = field(
        default_factory=lambda: {family: deque() for family in FAMILIES}
    )
    _delay: _Delay | None = None

    def add(self, wish: FaultWish) -> Refusal | None:
        """Queue a fault, or say why it makes no sense."""
        if refusal := _check(wish):
            return refusal
        if wish.kind == "skew":
            self.clock.skew_s = wish.seconds or 0.0
        elif wish.kind == "late_orders":
            self._delay = _Delay(wish.seconds or 0.0, wish.count, wish.rate)
        else:
            if len(self.waiting()) >= FAULTS_MAX:
                return Refusal(409, f"there are already {FAULTS_MAX} faults waiting.")
            fault = Fault(wish, left=wish.count)
            for family in _families(wish):
                self._queues[family].append(fault)
            self._begin_heads()
        return None

    def head(self, family: Family) -> Fault | None:
        """Return the fault that acts on this family now, its dice not yet thrown."""
        now = self.clock.monotonic()
        queue = self._queues[family]
        while queue:
            fault = queue[0]
            if fault.began_at is None:
                fault.began_at = now
            if not fault.is_over(now):
                return fault
            queue.popleft()
            if queue and queue[0].began_at is None:
                queue[0].began_at = fault.over_at() if fault.left != 0 else now
        return None

    def strikes(self, fault: Fault) -> bool:
        """Throw the dice of a fault that hits only a share of the calls."""
        return fault.wish.rate >= 1.0 or self.dice.random() < fault.wish.rate

    def spend(self, fault: Fault) -> None:
        """Count one call as hit."""
        fault.struck += 1
        if fault.left is not None:
            fault.left -= 1
            if fault.left == 0:
                self._begin_heads()

    def order_delay_s(self) -> float:
        """Return how long the order being placed now stays invisible to the API."""
        delay = self._delay
        if delay is None or (delay.rate < 1.0 and self.dice.random() >= delay.rate):
            return 0.0
        if delay.left is not None:
            delay.left -= 1
            if delay.left == 0:
                self._delay = None
        return delay.seconds

    def end_expiry(self) -> None:
        """End every expired_key: new credentials were issued."""
        for fault in self.waiting():
            if fault.wish.kind == "expired_key":
                fault.dismissed = True
        self._begin_heads()

    def clear(self) -> None:
        """Make everything work again, and set the clock right."""
        for queue in self._queues.values():
            queue.clear()
        self._delay = None
        self.clock.skew_s = 0.0

    def waiting(self) -> list[Fault]:
        """Return every fault that is not over, once."""
        now = self.clock.monotonic()
        found: dict[int, Fault] = {}
        for queue in self._queues.values():
            found.update({id(fault): fault for fault in queue if not fault.is_over(now)})
        return list(found.values())

    def _begin_heads(self) -> None:
        # The clock of a timed fault starts when it reaches a head, not at the next call.
        for family in FAMILIES:
            self.head(family)


def _families(wish: FaultWish) -> tuple[Family, ...]:
    if wish.endpoint is not None:
        return (wish.endpoint,)
    if wish.kind in WRITES_ONLY:
        return ("stock",)
    if wish.kind == "page_shift":
        return ("orders",)
    return FAMILIES


def _check(wish: FaultWish) -> Refusal | None:
    kind = wish.kind
    if wish.count is not None and not 1 <= wish.count <= COUNT_MAX:
        return Refusal(400, f"count must lie in 1..{COUNT_MAX}.")
    if not 0 < wish.rate <= 1:
        return Refusal(400, "rate must lie above 0 and up to 1.")
    if kind == "skew":
        if wish.seconds is None or not -SECONDS_MAX <= wish.seconds <= SECONDS_MAX:
            return Refusal(400, f"skew needs seconds in -{SECONDS_MAX:g}..{SECONDS_MAX:g}.")
        return None
    if wish.seconds is not None and not 0 < wish.seconds <= SECONDS_MAX:
        return Refusal(400, f"seconds must lie above 0 and up to {SECONDS_MAX:g}.")
    if wish.delay_s is not None and not 0 <= wish.delay_s <= SECONDS_MAX:
        return Refusal(400, f"delay_s must lie in 0..{SECONDS_MAX:g}.")
    if kind == "late_orders":
        if wish.seconds is None:
            return Refusal(400, "late_orders needs seconds: how late new orders become visible.")
        if wish.endpoint not in (None, "orders"):
            return Refusal(400, "late_orders acts on the endpoint orders only.")
    if kind in WRITES_ONLY and wish.endpoint not in (None, "stock"):
        return Refusal(400, f"{kind} acts on stock writes only: leave endpoint out or say stock.")
    return None
