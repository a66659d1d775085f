"""A tiny model of one mall with one listing, driven step by step by the stories.

Nothing happens here by itself: a story says when a shopper buys, when a call reaches the mall and
when its answer is heard. `q` is the truth; `state` is what zaiko keeps; `total` is what the ledger
says. Time moves only by `wait`, except that a call takes `CALL_S` on each way.
"""

from dataclasses import dataclass, field

from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push import apply, call_lost_at, decide, decide_feed, name_of, wants_reading
from engine.push_state import (
    AuditDue,
    Effect,
    Event,
    ListingPush,
    MallRules,
    OwnEffect,
    PushCall,
    PushDone,
    PushNotSent,
    PushRefused,
    PushStateName,
    PushUnknown,
    ReadCall,
    ReadingDone,
    Settle,
    Settled,
    Span,
    Want,
)
from engine.slot import CallLost, FeedCall, PushDecision, TakeFeed, TakePush, TakeReading

START = 1000.0
CALL_S = 0.125
"""One way of a call."""


@dataclass(frozen=True)
class Sale:
    """An order at this mall: `units` left q at `stamp`."""

    stamp: float
    units: int


@dataclass
class Shop:
    """One mall, one listing and what zaiko keeps of it."""

    rules: MallRules
    total: int = 2
    cap: int | None = None
    now: float = START
    epoch: int = 1
    calls: int = 0
    is_blocked: bool = False
    rises_allowed: bool = True
    last_poll_ok: bool = True
    q: int = field(init=False)
    state: ListingPush = field(init=False)
    history: list[tuple[float, int]] = field(init=False)
    landing: list[tuple[float, int]] = field(default_factory=list)
    """(when live, value) of accepted anchored writes."""
    guard_began: float = 0.0
    """a of the last guard's read."""

    def __post_init__(self) -> None:
        self.q = self.offer
        self.state = ListingPush(
            known=True, low=self.q, high=self.q, anchor=Span(0, 1), first_settled=True
        )
        self.history = [(0.0, self.q)]

    # --- what the inventory knows -----------------------------------------------------------

    @property
    def offer(self) -> int:
        offer = max(0, self.total)
        return offer if self.cap is None else min(offer, self.cap)

    @property
    def want(self) -> Want:
        return Want(
            offer=self.offer,
            now=self.now,
            is_blocked=self.is_blocked,
            rises_allowed=self.rises_allowed,
            last_poll_ok=self.last_poll_ok,
            window_poll_end=self.now,
            cap=self.cap,
        )

    def expected(self) -> tuple[int | None, int]:
        assert self.state.known
        return self.state.low, self.state.high

    def name(self) -> PushStateName:
        return name_of(self.state, self.want, self.rules)

    @property
    def decision(self) -> PushDecision | None:
        return decide(self.state, self.want, self.rules)

    @property
    def wants_reading(self) -> bool:
        return wants_reading(self.state, self.want, self.rules)

    def apply(self, event: Event) -> tuple[Effect, ...]:
        step = apply(self.state, event, self.rules)
        self.state = step.state
        return step.effects

    # --- the mall and its shoppers ----------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Time passes, and accepted writes become live."""
        self.now += seconds
        due = sorted(write for write in self.landing if write[0] <= self.now)
        self.landing = [write for write in self.landing if write[0] > self.now]
        for live_at, value in due:
            self._show(value, live_at)

    def _show(self, quantity: int, at: float | None = None) -> None:
        self.q = quantity
        self.history.append((self.now if at is None else at, quantity))

    def shown_before(self, age_s: float) -> int:
        """What a read that is `age_s` old shows."""
        return [quantity for at, quantity in self.history if at <= self.now - age_s][-1]

    def buy(self, units: int = 1) -> Sale:
        """A shopper's order, not seen yet; its moment lies apart from whatever else happens."""
        self.wait(10)
        assert self.q >= units
        self._show(self.q - units)
        sale = Sale(self.now, units)
        self.wait(10)
        return sale

    def edit(self, quantity: int) -> None:
        """Staff edits q by hand, or the mall puts units back."""
        self._show(quantity)

    def sell_elsewhere(self, units: int) -> None:
        self.total -= units

    def see(self, sale: Sale) -> tuple[Effect, ...]:
        """The poll shows the order: the total moves (E6) and its effect is applied."""
        self.total -= sale.units
        return self.apply(OwnEffect(-sale.units, Span(sale.stamp, sale.stamp)))

    def see_cancel(self, units: int, since: float, *, is_maybe: bool = True) -> tuple[Effect, ...]:
        """A re-read shows a cancel somewhere in [since, now]."""
        self.total += units
        return self.apply(OwnEffect(units, Span(since, self.now), is_maybe=is_maybe))

    # --- pushes -----------------------------------------------------------------------------

    def pull(self) -> PushCall:
        """The actor pulls: the decision is taken and committed."""
        decision = self.decision
        assert decision is not None, "nothing to push"
        self.calls += 1
        send_by = self.now + self.rules.send_within_s
        self.apply(TakePush(self.calls, self.epoch, decision, self.now, send_by))
        call = self.state.call
        assert isinstance(call, PushCall)
        return call

    def guard(self) -> int:
        """The guarded write's own read, where a story wants something between it and the write."""
        self.guard_began = self.now
        self.wait(CALL_S)
        return self.q

    def send(self, call: PushCall, guard: int | None = None) -> PushDone | PushRefused:
        """The write reaches the mall; returns the answer, which may get lost."""
        if self.rules.write_kind is WriteKind.GUARDED:
            return self._send_guarded(call, self.guard() if guard is None else guard)
        start = self.now
        self.wait(CALL_S)
        if self.rules.write_kind is WriteKind.ANCHORED:
            assert call.value is not None
            if self.rules.live_s:
                self.landing.append((self.now + self.rules.live_s, call.value))
            else:
                self._show(call.value)
        elif self.q + call.delta < 0:
            return PushRefused(call.id, self.q)
        else:
            self._show(self.q + call.delta)
        self.wait(CALL_S)
        return PushDone(call.id, start, self.now)

    def push(self) -> PushCall:
        """A push without trouble, from the pull to the acknowledged outcome."""
        call = self.pull()
        self.apply(self.send(call))
        return call

    def _send_guarded(self, call: PushCall, quantity: int) -> PushDone:
        written = max(0, quantity + call.delta)
        self.wait(CALL_S)
        if written != quantity:
            self._show(written)
        self.wait(CALL_S)
        return PushDone(call.id, self.guard_began, self.now, quantity_read=quantity)

    def lose(self, *, done: bool) -> PushCall:
        """A push whose answer is lost, after it was done or before."""
        call = self.pull()
        if done:
            self.send(call)
        self.apply(PushUnknown(call.id))
        return call

    def crash(self) -> None:
        """The actor dies; the next hello has a new epoch (C3)."""
        assert call_lost_at(self.state, self.rules) is not None
        self.epoch += 1
        self.apply(CallLost(self.now))

    def hand_back(self, call: PushCall) -> None:
        self.apply(PushNotSent(call.id))

    # --- feeds ------------------------------------------------------------------------------

    def join_feed(self) -> FeedCall:
        """The listing's row of a feed is decided and committed."""
        decision = decide_feed(self.state, self.want, self.rules)
        assert decision is not None, "nothing for a feed"
        self.calls += 1
        self.apply(TakeFeed(self.calls, decision, self.now))
        assert self.state.feed is not None
        return self.state.feed

    def work_off(self, feed: FeedCall) -> None:
        """The mall takes the row's value; it becomes live like that of a single write."""
        if self.rules.live_s:
            self.landing.append((self.now + self.rules.live_s, feed.value))
        else:
            self._show(feed.value)

    def end_feed(self, feed: FeedCall) -> None:
        """The feed is seen to have ended well."""
        self.apply(PushDone(feed.id, feed.t0, self.now))

    # --- readings ---------------------------------------------------------------------------

    def take_reading(self) -> ReadCall:
        assert self.wants_reading, "no reading is wanted"
        self.calls += 1
        send_by = self.now + self.rules.send_within_s
        self.apply(TakeReading(self.calls, self.epoch, self.now, send_by))
        call = self.state.call
        assert isinstance(call, ReadCall)
        return call

    def read(self, quantity: int | None = None) -> tuple[Effect, ...]:
        """A reading without trouble; `quantity` where a stale read shows another one than q."""
        call = self.take_reading()
        start = self.now
        self.wait(CALL_S)
        found = self.q if quantity is None else quantity
        self.wait(CALL_S)
        return self.apply(ReadingDone(call.id, found, start, self.now))

    def pass_doubts(self) -> None:
        """Time goes on until a reading may begin."""
        limits = [doubt.until for doubt in self.state.doubtful]
        self.wait(max(0.0, max(limits, default=self.now) - self.now))

    def settle(
        self,
        *,
        complete: float | None = None,
        is_parked_blocking: bool = False,
        is_mall_parked: bool = False,
        want: Want | None = None,
    ) -> Settled | None:
        """Tries to settle the open reading, by default with every order seen well past it."""
        if complete is None:
            assert self.state.reading is not None, "no reading is open"
            self.wait(self.rules.lag_s)
            complete = self.state.reading.end + 2 * self.rules.eps_s + 1
        effects = self.apply(
            Settle(complete, is_parked_blocking, is_mall_parked, want or self.want)
        )
        return next((effect for effect in effects if isinstance(effect, Settled)), None)

    def compare(self) -> Settled:
        """A whole settled comparison, from the wait for doubts to its verdict."""
        self.pass_doubts()
        self.read()
        settled = self.settle()
        assert settled is not None
        return settled

    def audit(self) -> Settled:
        self.wait(self.rules.live_s + 2 * self.rules.stale_s + self.rules.eps_s + 1)
        self.apply(AuditDue())
        return self.compare()

    def assert_proven(self, quantity: int) -> None:
        """The end of a story: mall, expected and offer are one number, and an audit proves it."""
        assert self.q == quantity == self.offer
        if self.state.proven_at is None or self.name() is not PushStateName.LEVEL:
            assert self.audit().proven
        assert self.expected() == (quantity, quantity)
        assert self.name() is PushStateName.LEVEL
        assert self.state.proven_at is not None
        assert self.decision is None


def relative(**changes: object) -> Shop:
    """R of the stories."""
    return Shop(replace(MallRules(write_kind=WriteKind.RELATIVE), **changes))


def guarded(**changes: object) -> Shop:
    """G of the stories."""
    return Shop(replace(MallRules(write_kind=WriteKind.GUARDED), **changes))


def anchored(**changes: object) -> Shop:
    """A of the stories, with live reads and writes unless said."""
    return Shop(replace(MallRules(write_kind=WriteKind.ANCHORED), **changes))
