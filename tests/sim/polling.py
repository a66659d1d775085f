"""How an actor polls orders: pages scanned until stable, wanted orders read and handed over.

The same steps as the real shell takes (`actors/poll.py`), one call after the other.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.faults import Family
from engine.mall_action import Poll
from engine.messages import OrdersListed, OrdersRead, OrdersWanted, PollEnded, PollPlan
from engine.snapshot import OrderMark, OrderSnapshot, UnreadableOrder
from tests.sim.clock import Steps
from tests.sim.gateway import Answered, Broken, Gateway
from tests.sim.pretend_order import mark_of, snapshot_of, unreadable_of

if TYPE_CHECKING:
    from tests.sim.actor import Actor

RESCANS_MAX = 5
STABLE_SCANS = 2
CLOCK_STEP_S = 1.0


class Polling:
    """The polls of one actor."""

    def __init__(self, actor: "Actor", gateway: Gateway) -> None:
        self.actor = actor
        self.pretend = actor.pretend
        self._gateway = gateway
        self.snapshot_made: Callable[[OrderSnapshot, int], None] = lambda *_: None
        """Told to the auditor, which knows what each snapshot showed."""

    def poll(self, poll: Poll) -> Steps:
        """As the real shell: pages scanned until stable, wanted orders read and handed over."""
        actor = self.actor
        offset_s = actor.offset_s
        broken = yield from self._scan_until_stable(poll, offset_s)
        if broken == "clock":
            actor.say("poll: the clock was off")
            actor.mall.poll_abandoned(actor.at())
            actor.stir()
            return
        if isinstance(broken, Broken) and not broken.is_withheld:
            yield from actor.fault(broken, Family.ORDERS)
        elif broken is None:
            yield from actor.well(Family.ORDERS, Family.AUTH)
        ended, is_complete = actor.mall_time, broken is None
        actor.say(f"poll recheck={poll.is_recheck} complete={is_complete}")
        plan = yield from actor.ask(
            lambda number, epoch: PollEnded(
                number, epoch, poll.began, ended, poll.window_start, poll.is_recheck, is_complete
            )
        )
        if isinstance(plan, PollPlan):
            actor.mall.planned(plan.watermark, plan.recheck_watermark, plan.recheck_at)
        actor.mall.poll_ended(actor.at(), is_complete=is_complete, jitter=actor.rng.random())
        actor.stir()

    def _scan_until_stable(self, poll: Poll, offset_s: float) -> Steps:
        seen: dict[str, str] = {}
        stable = 0
        for scan in range(RESCANS_MAX + 1):
            result = yield from self._scan(poll, seen, offset_s, is_first=scan == 0)
            if not isinstance(result, tuple):
                return result
            pages, added = result
            if pages == 1 and scan == 0:
                return None
            if scan:
                stable = 0 if added else stable + 1
            if stable == STABLE_SCANS:
                return None
        return Broken("unstable-list")

    def _scan(self, poll: Poll, seen: dict[str, str], offset_s: float, *, is_first: bool) -> Steps:
        """(pages, orders not seen before), a Broken, or "clock"."""
        size = self.actor.plan.page_size
        pages = added = 0
        while True:
            page = pages
            reply = yield from self._gateway.call(
                Family.ORDERS,
                partial(self._page, poll, page * size, size),
            )
            if isinstance(reply, Broken):
                return reply
            if abs(self.actor.offset_s - offset_s) > CLOCK_STEP_S:
                return "clock"
            marks, is_last = reply.value
            news = tuple(mark for mark in marks if seen.get(mark.order) != mark.mark)
            added += sum(1 for mark in news if mark.order not in seen)
            seen.update((mark.order, mark.mark) for mark in news)
            if news or (is_first and page == 0):
                broken = yield from self._take(news)
                if broken is not None:
                    return broken
            pages += 1
            if is_last:
                return pages, added

    def _page(self, poll: Poll, at: int, size: int) -> tuple[list[OrderMark], bool]:
        by_change = poll.is_recheck and self._gateway.card.lists_changes
        found = self.pretend.list_orders(poll.window_start, poll.window_end, by_change=by_change)
        habits = self.pretend.habits
        marks = [mark_of(order, version, habits) for order, version in found[at : at + size]]
        if marks and self.pretend.rng.random() < 0.05:
            marks.append(marks[0])
        return marks, at + size >= len(found)

    def _take(self, marks: tuple[OrderMark, ...]) -> Steps:
        wanted = yield from self.actor.ask(
            lambda number, epoch: OrdersListed(number, epoch, marks, self.actor.offset_s)
        )
        orders = wanted.orders if isinstance(wanted, OrdersWanted) else ()
        size = self._gateway.card.fetch_orders_max
        for at in range(0, len(orders), size):
            part = orders[at : at + size]
            reply = yield from self._gateway.call(
                Family.ORDERS,
                partial(self._fetch, part),
            )
            if isinstance(reply, Broken):
                return reply
            read, unreadable = self._parsed(reply)
            if read or unreadable:
                yield from self.actor.ask(partial(_orders_read, orders=read, unreadable=unreadable))
        return None

    def _fetch(self, numbers: Sequence[str]) -> list[Any]:
        now = self.actor.clock.now
        found = []
        for number in numbers:
            order = self.pretend.orders[number]
            version = order.readable(now)
            if version is not None:
                found.append((order, version, order.is_poison(now)))
        return found

    def _parsed(
        self, reply: Answered
    ) -> tuple[tuple[OrderSnapshot, ...], tuple[UnreadableOrder, ...]]:
        read, unreadable = [], []
        for order, version, is_poison in reply.value:
            if is_poison:
                unreadable.append(unreadable_of(order, version))
                continue
            snapshot = snapshot_of(order, version, self.pretend.habits, reply.start, reply.end)
            self.snapshot_made(snapshot, version.number)
            read.append(snapshot)
        return tuple(read), tuple(unreadable)


def _orders_read(
    number: int,
    epoch: int,
    *,
    orders: tuple[OrderSnapshot, ...],
    unreadable: tuple[UnreadableOrder, ...],
) -> OrdersRead:
    return OrdersRead(number, epoch, orders, unreadable)
