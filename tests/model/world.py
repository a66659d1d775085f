"""One mall with one listing as it really is, beside what zaiko keeps of it.

Every method is one step: a shopper, the staff, the mall, the actor or the inventory does something.
After each, zaiko's state is held against the truth, which only the model knows:

    truth    q without the own changes zaiko has not seen, and without a push it has not heard of
    contain  truth lies in expected, unless somebody edited by hand or a bound was broken
    rise     a rise never leads above the target, whatever is seen or lands later
    prove    a proof is only made when truth is the offer

What must come of it when faults stop is `converge.py`.
"""

from dataclasses import dataclass, field

import msgspec
from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push import (
    apply,
    call_lost_at,
    decide,
    next_wake,
    plain_shift,
    target,
    wants_reading,
)
from engine.push_state import (
    Adopt,
    AuditDue,
    Dropped,
    Effect,
    Event,
    Forget,
    ListingPush,
    MallRestocks,
    MallRules,
    OwnEffect,
    ParkedMaybe,
    PushCall,
    PushDone,
    PushNotSent,
    PushRefused,
    PushUnknown,
    ReadCall,
    ReadingDone,
    ReadingFailed,
    Reflect,
    Settle,
    Settled,
    Span,
    Want,
    plus,
)
from engine.slot import CallLost, TakePush, TakeReading
from tests.model.feeds import check_feed, lose_feed
from tests.model.mall import FeedFlight, Flight, Mall, Order, Stray

DECODER = msgspec.msgpack.Decoder(ListingPush)
ENCODER = msgspec.msgpack.Encoder()


@dataclass
class World:
    """See the module's text. One clock: its errors are in the stamps."""

    rules: MallRules
    tells_original: bool = True
    answers_quantity: bool = True
    mall: Mall = field(init=False)
    total: int = 3
    epoch: int = 1
    calls: int = 0
    complete: float = 0.0
    window_poll_end: float = 1000.0
    last_poll_ok: bool = True
    is_honest: bool = True
    """False: a bound was broken, and only convergence is asked for."""
    state: ListingPush = field(init=False)
    flight: Flight | None = None
    feed: FeedFlight | None = None
    strays: list[Stray] = field(default_factory=list)
    outcomes: list[Event] = field(default_factory=list)
    """Every outcome told so far, to be told again."""
    edits: list[tuple[int, int]] = field(default_factory=list)
    """(place, amount) of hand edits that no comparison has taken in."""
    beside: int | None = None
    """What was last written, for sure, beside the open feed."""
    read_place: int = 0
    """What the open reading shows, as a place in the mall's history."""
    proofs: int = 0

    def __post_init__(self) -> None:
        self.mall = Mall(self.rules)
        self.state = ListingPush(known=True, low=3, high=3, anchor=Span(0, 1), first_settled=True)

    # --- the truth ------------------------------------------------------------------------------

    @property
    def now(self) -> float:
        return self.mall.now

    @property
    def offer(self) -> int:
        return max(0, self.total)

    @property
    def is_anchored(self) -> bool:
        return self.rules.write_kind is WriteKind.ANCHORED

    @property
    def truth(self) -> int:
        unheard = 0
        if self.flight is not None and self.flight.is_executed:
            unheard = self.flight.done or 0
        return self.mall.q - self.mall.unseen - unheard

    @property
    def is_comparable(self) -> bool:
        """Whether expected must hold the truth now."""
        if not self.is_honest or self.edits or not self.state.known:
            return False
        if not self.is_anchored:
            return True
        if self.state.low is None:
            return False  # There it says "write once more": high is no measure (E1).
        is_writing = isinstance(self.state.call, PushCall) or bool(self.mall.landing)
        is_writing = is_writing or self.state.feed is not None
        return not (is_writing or self.strays or self.state.doubtful or self.state.again)

    def check(self) -> None:
        """What must hold after every step."""
        state, rules = self.state, self.rules
        assert len(state.doubtful) <= (1 if rules.write_kind is not WriteKind.RELATIVE else 2)
        assert len(state.windows) <= (1 if self.is_anchored else rules.windows_max)
        assert (state.call is None) == (self.flight is None)
        assert (state.feed is None) == (self.feed is None)
        check_feed(self)
        if self.is_comparable:
            low = state.low
            assert low is None or low <= self.truth, f"truth {self.truth} below {low}"
            assert self.truth <= state.high, f"truth {self.truth} above {state.high}"
        self._check_wake()

    def _check_wake(self) -> None:
        """Before `next_wake`, time alone changes nothing."""
        want = self.want
        wake = next_wake(self.state, want, self.rules)
        if wake is None or self.state.call is not None:
            return
        assert wake >= self.now
        for moment in (self.now, (self.now + wake) / 2, wake - 0.001):
            if self.now <= moment < wake:
                then = replace(want, now=moment, window_poll_end=moment)
                assert decide(self.state, then, self.rules) is None
                assert not wants_reading(self.state, then, self.rules)

    # --- the inventory --------------------------------------------------------------------------

    @property
    def want(self) -> Want:
        return Want(
            offer=self.offer,
            now=self.now,
            rises_allowed=not any(order.is_parked_told for order in self.mall.orders),
            last_poll_ok=self.last_poll_ok,
            window_poll_end=self.window_poll_end,
        )

    def apply(self, event: Event) -> tuple[Effect, ...]:
        """Applies an event and stores the row as a database would."""
        before = self.state
        step = apply(before, event, self.rules)
        self.state = DECODER.decode(ENCODER.encode(step.state))
        assert self.state == step.state
        if isinstance(event, OwnEffect) and not event.is_maybe and not event.is_open:
            self._check_plain(before, event)
        return step.effects

    def _check_plain(self, before: ListingPush, event: OwnEffect) -> None:
        """A plain shift is nothing but arithmetic on low and high."""
        if plain_shift(before, event.moment, self.rules):
            low, high = plus(before.low, event.effect), before.high + event.effect
            assert self.state == replace(before, low=low, high=high)

    def pull(self) -> None:
        """The actor asks for work."""
        if self.flight is not None:
            return
        want, send_by = self.want, self.now + self.rules.send_within_s
        decision = decide(self.state, want, self.rules)
        if decision is not None:
            if decision.value is None and decision.delta > 0 and self.is_comparable:
                rises = sum(max(0, stray.call.delta) for stray in self.strays)
                assert decision.delta <= target(self.state, self.offer), "counted from below zero"
                reached = self.truth + rises + decision.delta
                assert reached <= target(self.state, self.offer), "a rise above the target"
            self.calls += 1
            self.apply(TakePush(self.calls, self.epoch, decision, self.now, send_by))
        elif wants_reading(self.state, want, self.rules):
            self.calls += 1
            self.apply(TakeReading(self.calls, self.epoch, self.now, send_by))
        if self.state.call is not None:
            self.flight = Flight(self.state.call)

    def poll(self, fresh: int, *, rereads: bool) -> None:
        """A window poll, with the re-read of changeable orders or without.

        It shows what is older than lag_s, and of later things what the bits of `fresh` say, order
        by order.
        """
        for place, order in enumerate(self.mall.orders):
            view = self.now if fresh >> (place % 8) & 1 else self.now - self.rules.lag_s
            view = max(view, order.view)
            # The list goes by stamps, which may be later than the moment the units left.
            if order.is_hidden or max(order.placed.at, order.stamp) > view:
                continue
            if order.is_poison:
                order.parked_at = self.now if order.parked_at is None else order.parked_at
            elif order.seen_at is None:
                self._first_seen(order, view)
            elif rereads:
                self._seen_again(order, view)
        for order in self.mall.orders:
            self._tell_parked(order)
        self.window_poll_end = self.now
        self.last_poll_ok = True
        if rereads:
            self.complete = max(self.complete, self.now - self.rules.lag_s)

    def _tell_parked(self, order: Order) -> None:
        if order.parked_at is None or order.is_parked_told:
            return
        if self.now - order.parked_at >= self.rules.park_block_s:
            order.is_parked_told = True
            self.apply(ParkedMaybe(order.original if order.original % 2 else None))

    def _first_seen(self, order: Order, view: float) -> None:
        """E1 for an order never seen before, with whatever had become of it by `view`."""
        change = order.change
        if change is not None and change.at > view:
            change = None
        current = order.quantity if order.change is change else order.original
        end = max(order.stamp, min(order.stamp + self.rules.stamp_resolution_s, self.now))
        seen = Span(order.stamp, max(order.stamp, self.now))
        if change is not None and not self.tells_original:
            effect = OwnEffect(
                -current,
                seen,
                is_open=True,
                spares_high=current > order.original,
                stamp=order.stamp,
            )
            self.apply(effect)
        else:
            self.apply(OwnEffect(-order.original, Span(order.stamp, end)))
            self._shift(order.original - current, seen)
        self._count(order, current)
        order.placed.is_seen = True
        self._snapshot(order, view)

    def _seen_again(self, order: Order, view: float) -> None:
        assert order.seen_at is not None
        change = order.change
        if change is not None and change.at <= view:
            since = max(order.seen_at - self.rules.lag_s, order.stamp)
            self._shift(order.counted - order.quantity, Span(since, max(since, self.now)))
            self._count(order, order.quantity)
        self._snapshot(order, view)

    def _shift(self, by: int, moment: Span) -> None:
        """E1 for a cut (by > 0) or a raise."""
        restocks = self.rules.mall_restocks
        if by < 0:
            self.apply(OwnEffect(by, moment, is_maybe=True))
        elif by > 0 and restocks is not MallRestocks.NO:
            self.apply(OwnEffect(by, moment, is_maybe=restocks is MallRestocks.UNKNOWN))

    def _count(self, order: Order, quantity: int) -> None:
        self.total -= quantity - order.counted
        order.counted = quantity

    def _snapshot(self, order: Order, view: float) -> None:
        order.seen_at, order.view = self.now, view
        if order.change is not None and order.change.at <= view:
            order.change.is_seen = True
            order.change = None

    def settle(self) -> None:
        """The inventory tries to settle the open reading."""
        reading = self.state.reading
        blocking = reading is not None and any(
            order.parked_at is not None
            and not order.is_parked_told
            and order.stamp <= reading.end + self.rules.eps_s
            for order in self.mall.orders
        )
        parked = any(order.parked_at is not None for order in self.mall.orders)
        for effect in self.apply(Settle(self.complete, blocking, parked, self.want)):
            if isinstance(effect, Settled):
                self._settled(effect)
            if isinstance(effect, Adopt):
                self.total += effect.delta

    def _settled(self, settled: Settled) -> None:
        for order in self.mall.orders:
            for change in (order.placed, order.change):
                if change is None or change.is_seen or change.place > self.read_place:
                    continue
                if self.is_honest:
                    assert order.is_parked_told, "settled without an order that explains it"
                change.is_seen = True
        self.edits = [edit for edit in self.edits if edit[0] > self.read_place]
        if settled.proven:
            self.proofs += 1
        if settled.proven and self.is_honest and self.rules.on_difference != "adopt":
            edited_since = sum(amount for _, amount in self.edits)
            assert self.truth - edited_since == self.offer, "proven, and it is not so"

    def audit(self, *, is_fresh: bool = False) -> None:
        self.apply(AuditDue(is_fresh))

    def reflect(self) -> None:
        self.apply(Reflect())

    def forget(self, *, is_new_link: bool) -> None:
        self.apply(Forget(is_new_link))

    def lose_call(self, lands: float | None = None) -> None:
        """C3: a new hello, or the call's time is over."""
        flight = self.flight
        if flight is None:
            return
        self.flight = self.beside = None
        self.epoch += 1
        self._stray(flight, lands)
        ghost = self._outcome(flight) if flight.is_executed else None
        self.apply(CallLost(self.now))
        if ghost is not None:
            self.outcomes.append(ghost)

    # --- the actor ------------------------------------------------------------------------------

    def start(self) -> None:
        """The actor begins the call, or finds that it is too late (C2)."""
        flight = self.flight
        if flight is None or flight.started is not None:
            return
        if self.now > flight.call.send_by:
            self.hand_back()
            return
        flight.started = self.now
        flight.guarded = (self.mall.q, len(self.mall.changes))

    def hand_back(self) -> None:
        """Not sent, or known not done."""
        flight = self.flight
        if flight is None or flight.is_executed:
            return
        self.flight = None
        is_push = isinstance(flight.call, PushCall)
        self.hear(PushNotSent(flight.call.id) if is_push else ReadingFailed(flight.call.id))

    def execute(self, delay: float = 0.0, age: float = 0.0) -> None:
        """The call reaches the mall. `delay` and `age` are shares of live_s and stale_s."""
        flight = self.flight
        if flight is None or flight.started is None or flight.is_executed:
            return
        flight.is_executed = True
        if isinstance(flight.call, ReadCall):
            flight.found, flight.place = self.mall.read(age * self.rules.stale_s)
        else:
            flight.done = self.mall.write(flight.call, flight.guarded, delay)
            flight.found = self.mall.q

    def answer(self) -> None:
        """The answer is heard."""
        flight = self.flight
        if flight is None or not flight.is_executed:
            return
        self.flight = None
        self.hear(self._outcome(flight))
        if self.feed is not None and isinstance(flight.call, PushCall):
            self.beside = flight.call.value
        if isinstance(flight.call, ReadCall) and self.state.reading is not None:
            self.read_place = flight.place

    def lose(self, lands: float | None = None) -> None:
        """The answer is lost. `lands`: when an unfinished write lands, as a share of what is left
        of its limit; None: never."""
        flight = self.flight
        if flight is None or flight.started is None:
            return
        self.flight = self.beside = None
        self._stray(flight, lands)
        is_push = isinstance(flight.call, PushCall)
        self.hear(PushUnknown(flight.call.id) if is_push else ReadingFailed(flight.call.id))

    def repeat(self, place: int) -> None:
        """An old outcome is told once more."""
        if self.outcomes:
            before = self.state
            assert self.apply(self.outcomes[place % len(self.outcomes)]) == (Dropped(),)
            assert self.state == before

    def hear(self, outcome: Event) -> None:
        """The inventory applies an outcome, which may be told again later."""
        self.apply(outcome)
        self.outcomes.append(outcome)

    def _stray(self, flight: Flight, lands: float | None) -> None:
        call = flight.call
        if lands is None or flight.started is None or flight.is_executed:
            return
        if isinstance(call, PushCall):
            left = max(0.0, call.send_by + self.rules.late_s - self.now)
            self.strays.append(Stray(self.now + lands * left, call, flight.guarded))

    def _outcome(self, flight: Flight) -> Event:
        call, start = flight.call, flight.started
        assert start is not None
        if isinstance(call, ReadCall):
            return ReadingDone(call.id, flight.found, start, self.now)
        if flight.done is None:
            return PushRefused(call.id, self.mall.q)
        answered = flight.found if self.answers_quantity else None
        guard = None if flight.guarded is None else flight.guarded[0]
        return PushDone(call.id, start, self.now, answered, guard)

    # --- everybody else -------------------------------------------------------------------------

    def wait(self, seconds: float) -> None:
        """Time passes; strays land, accepted writes become live, a call that hangs is lost."""
        end = self.now + seconds
        lost_at = call_lost_at(self.state, self.rules)
        if lost_at is not None and lost_at <= end:
            self._pass(max(self.now, lost_at))
            self.lose_call(lands=0.5)
        if self.feed is not None and self.feed.call.until <= end:
            self._pass(max(self.now, self.feed.call.until))
            lose_feed(self, lands=0.0)
        self._pass(end)

    def _pass(self, end: float) -> None:
        for stray in sorted(self.strays, key=lambda stray: stray.lands_at):
            if stray.lands_at <= end:
                self.mall.go_live(max(self.now, stray.lands_at))
                self.mall.write(stray.call, stray.guarded, 1.0)
        self.strays = [stray for stray in self.strays if stray.lands_at > end]
        self.mall.go_live(end)

    def buy(self, units: int, skew: float, *, is_poison: bool = False) -> None:
        order = self.mall.buy(units, skew)
        if order is not None:
            order.is_poison = is_poison

    def hide(self, place: int) -> None:
        """A broken bound: an order that is not listed when it should be."""
        unseen = [order for order in self.mall.orders if order.seen_at is None]
        if unseen:
            unseen[place % len(unseen)].is_hidden = True
            self.is_honest = False

    def alter(self, place: int, quantity: int, *, mall_follows: bool) -> None:
        if self.mall.orders:
            order = self.mall.orders[place % len(self.mall.orders)]
            self.mall.alter(order, quantity, mall_follows=mall_follows)

    def cure(self) -> None:
        """Parked orders are read after all, and applied with their stamps in the same step."""
        for order in self.mall.orders:
            order.is_poison = False
            if order.parked_at is not None:
                order.parked_at, order.is_parked_told = None, False
                self._first_seen(order, self.now)

    def edit(self, amount: int) -> None:
        """Staff edits the quantity by hand."""
        quantity = max(0, self.mall.q + amount)
        if quantity != self.mall.q:
            amount = quantity - self.mall.q
            self.mall.show(quantity)
            self.edits.append((len(self.mall.history) - 1, amount))

    def move_total(self, amount: int) -> None:
        """Goods come in, or another mall sells."""
        self.total += amount
