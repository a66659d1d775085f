"""A mall with one listing as it really is: the true quantity and everything that moved it.

It knows what zaiko cannot: which orders a write erased, when an accepted write becomes live, what
an old read shows. It has no opinion on what zaiko does.
"""

from dataclasses import dataclass, field

from engine.connector import WriteKind
from engine.push_state import BelowZero, MallRestocks, MallRules, PushCall, ReadCall
from engine.slot import FeedCall


@dataclass
class Change:
    """What an order, a cut or a raise did to q."""

    at: float
    amount: int
    place: int
    """Its place in the mall's history: moments may be equal."""
    in_q: bool = True
    """False: a write erased it."""
    is_seen: bool = False
    """Expected has it: its order was applied, or a settled comparison took it in."""


@dataclass
class Order:
    """One order: its life at the mall, and what the last snapshot showed of it."""

    placed: Change
    stamp: float
    original: int
    quantity: int
    is_poison: bool = False
    """It cannot be read for now."""
    is_hidden: bool = False
    """A broken bound: the mall does not list it for now."""
    change: Change | None = None
    """The one change since the last snapshot that showed the order."""
    was_edited: bool = False
    was_raised: bool = False
    seen_at: float | None = None
    """Mall time of that snapshot."""
    view: float = 0.0
    """The moment that snapshot showed."""
    counted: int = 0
    """What the total was moved by."""
    parked_at: float | None = None
    is_parked_told: bool = False
    """S2's maybe was applied."""


@dataclass
class Flight:
    """The call in the slot as the actor has it."""

    call: PushCall | ReadCall
    started: float | None = None
    guarded: tuple[int, int] | None = None
    is_executed: bool = False
    done: int | None = 0
    """What the push did to q; None: refused."""
    found: int = 0
    """q as read, or as the mall tells it right after a write."""
    place: int = 0
    """What a reading shows, as a place in the mall's history."""


@dataclass
class FeedFlight:
    """The listing's row of an open feed, as the actor and the mall have it."""

    call: FeedCall
    handed: float | None = None
    is_worked: bool = False


@dataclass
class Stray:
    """A write that zaiko has given up and that lands all the same."""

    lands_at: float
    call: PushCall | FeedCall
    guarded: tuple[int, int] | None


@dataclass
class Mall:
    """The truth."""

    rules: MallRules
    now: float = 1000.0
    q: int = 3
    orders: list[Order] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    """In the order they happened."""
    landing: list[tuple[float, int]] = field(default_factory=list)
    """(when live, value) of accepted anchored writes."""
    history: list[tuple[float, int]] = field(default_factory=lambda: [(0.0, 3)])

    def show(self, quantity: int) -> None:
        self.q = quantity
        self.history.append((self.now, quantity))

    def read(self, age_s: float) -> tuple[int, int]:
        """What a read shows that is so old, and its place in the history."""
        place = len(self.history) - 1
        while age_s > 0 and self.history[place][0] > self.now - age_s:
            place -= 1
        return self.history[place][1], place

    def happen(self, amount: int) -> Change:
        self.show(self.q + amount)
        change = Change(self.now, amount, len(self.history) - 1)
        self.changes.append(change)
        return change

    def buy(self, units: int, skew: float) -> Order | None:
        """A shopper takes units; the stamp is off by the clock's error."""
        if self.q < units:
            return None
        order = Order(self.happen(-units), self.now + skew, units, units)
        self.orders.append(order)
        return order

    def alter(self, order: Order, quantity: int, *, mall_follows: bool) -> bool:
        """A cut, a cancel (0) or a raise; the mall moves q along or not."""
        by = order.quantity - quantity
        if order.change is not None or by == 0:
            return False
        restocks = self.rules.mall_restocks
        if by > 0 and restocks is not MallRestocks.UNKNOWN:
            mall_follows = restocks is MallRestocks.YES
        if by < 0 and self.q < -by:
            mall_follows = False
        order.change = self.happen(by if mall_follows else 0)
        order.quantity = quantity
        order.was_edited = True
        order.was_raised = order.was_raised or by < 0
        return True

    # --- writes ---------------------------------------------------------------------------------

    def write(
        self, call: PushCall | FeedCall, guarded: tuple[int, int] | None, delay: float
    ) -> int | None:
        """Takes a write; returns what it did to q, or None where the mall refuses it.

        `guarded`: what the guard read, and how many changes had happened then.
        """
        if call.value is not None:
            if self.rules.live_s == 0:
                self._overwrite(call.value, 0)
            else:
                self.landing.append((self.now + delay * self.rules.live_s, call.value))
            return 0
        if self.rules.write_kind is WriteKind.GUARDED:
            assert guarded is not None
            quantity, happened = guarded
            written = max(0, quantity + call.delta)
            if written != quantity:
                self._overwrite(written, happened)
            return written - quantity
        after = self.q + call.delta
        if after < 0 and self.rules.below_zero is BelowZero.REFUSES:
            return None
        if after < 0 and self.rules.below_zero is not BelowZero.NEGATIVE:
            after = 0
        done = after - self.q
        self.show(after)
        return done

    def _overwrite(self, quantity: int, happened: int) -> None:
        """An absolute value: changes since the writer looked are erased."""
        for change in self.changes[happened:]:
            change.in_q = False
        self.show(quantity)

    def go_live(self, until: float) -> None:
        """Accepted writes become live up to `until`, which becomes now."""
        for live_at, value in sorted(write for write in self.landing if write[0] <= until):
            self.now = max(self.now, live_at)
            self._overwrite(value, 0)
        self.landing = [write for write in self.landing if write[0] > until]
        self.now = until

    @property
    def unseen(self) -> int:
        """What changes that expected does not have are in q."""
        return sum(change.amount for change in self.changes if change.in_q and not change.is_seen)
