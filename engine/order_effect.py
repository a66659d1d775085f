"""E1 and T2: what an own order did to the quantity its mall shows, and when.

Whether an order counts for the totals is `orders.py`'s affair and no matter here, with one
exception: a status that does not count says nothing of whether the mall took the units, so that
everything of such an order is a maybe. The events are applied by `own_effect.py` (E2-E5).
"""

from engine.order_state import ListingEffect, StoredLine, StoredOrder
from engine.push_state import MallRestocks, MallRules, OwnEffect, Span
from engine.snapshot import OrderLine, OrderSnapshot


def placing(snapshot: OrderSnapshot, rules: MallRules) -> Span:
    """T2: the moment of an order first seen.

    Its stamp, as long as the stamp's resolution and no longer than the snapshot. Of a split-off
    order only the bracket is known: its stamp may be the split's or the parent's.
    """
    end = snapshot.read_until
    if not snapshot.parent:
        end = min(end, snapshot.stamp + rules.stamp_resolution_s)
    return Span(snapshot.stamp, max(snapshot.stamp, end))


def change_bracket(snapshot: OrderSnapshot, since: float, rules: MallRules) -> Span:
    """T2: when a change of the order happened: after `since`, at the latest at the snapshot.

    The mall's own stamp is that of the *last* change. It bounds the bracket from above; it is the
    moment itself only where there can have been one change: a cancel of an order never edited.
    """
    start, end = since, snapshot.read_until
    changed_at = snapshot.changed_at
    if changed_at is not None and changed_at >= since:
        end = min(end, changed_at + rules.stamp_resolution_s)
        if snapshot.cancelled and not snapshot.edited:
            start = changed_at
    return Span(start, max(start, end))


class OwnEffects:
    """Collects the effects of one order, in the order they are to be applied."""

    __slots__ = ("_mall_restocks", "_stamp", "bracket", "found")

    def __init__(self, stamp: float, bracket: Span, rules: MallRules) -> None:
        """`bracket`: when whatever changed since the last snapshot did so."""
        self._stamp = stamp
        self._mall_restocks = rules.mall_restocks
        self.bracket = bracket
        self.found: list[ListingEffect] = []

    def line_placed(
        self,
        listing_id: int,
        line: OrderLine,
        new: StoredLine,
        snapshot: OrderSnapshot,
        moment: Span,
    ) -> None:
        """A line first seen: the units originally taken, then what was cut since."""
        is_uncounted = not snapshot.counts
        # What a child took was taken with its parent, and an added line is a raise: maybes.
        is_maybe = is_uncounted or snapshot.parent != "" or new.moment is not None
        if new.original is None:
            end = max(self._stamp, snapshot.read_until)
            spares_high = is_maybe or (snapshot.edited and not snapshot.cut_only)
            self._open(listing_id, new.quantity, Span(self._stamp, end), spares_high=spares_high)
            return
        if new.original:
            self._move(listing_id, -new.original, moment, is_maybe=is_maybe)
        cut = new.original - new.quantity
        if cut:
            self._cut(listing_id, cut, line, is_maybe=is_uncounted)

    def line_changed(
        self,
        listing_id: int,
        line: OrderLine | None,
        cut: int,
        *,
        kept: int,
        counted: bool,
        counts: bool,
    ) -> None:
        """A line seen before shows `cut` units fewer (more, when negative) and `kept` as before.

        `counted` and `counts`: whether the order's status counted before, and does now.
        """
        self._cut(listing_id, cut, line, is_maybe=not counted)
        if counts != counted:
            # A status that begins or ends to count may be where this mall moves its quantity.
            self._cut(listing_id, -kept if counts else kept, line, is_maybe=True)

    def line_linked(
        self, listing_id: int, order: StoredOrder, line: StoredLine, moment: Span
    ) -> None:
        """E6: a listing linked later is told of the whole line at once.

        The flags of the snapshots are gone, so a change since the placing is only a maybe.
        """
        since = Span(moment.start, max(moment.start, order.read_until))
        if line.original is None:
            self._open(listing_id, line.quantity, since, spares_high=True)
            return
        is_maybe = line.moment is not None or order.parent != "" or not order.counts
        if line.original:
            self._move(listing_id, -line.original, moment, is_maybe=is_maybe)
        if line.original != line.quantity:
            self._move(listing_id, line.original - line.quantity, since, is_maybe=True)

    def _move(self, listing_id: int, effect: int, moment: Span, *, is_maybe: bool) -> None:
        event = OwnEffect(effect=effect, moment=moment, is_maybe=is_maybe, stamp=self._stamp)
        self.found.append(ListingEffect(listing_id, event))

    def _open(self, listing_id: int, quantity: int, moment: Span, *, spares_high: bool) -> None:
        event = OwnEffect(
            effect=-quantity,
            moment=moment,
            is_open=True,
            spares_high=spares_high,
            stamp=self._stamp,
        )
        self.found.append(ListingEffect(listing_id, event))

    def _cut(self, listing_id: int, cut: int, line: OrderLine | None, *, is_maybe: bool) -> None:
        """E1: a raise is a maybe; a cut is what the line's flag says, else the mall's setting."""
        if cut < 0:
            self._move(listing_id, cut, self.bracket, is_maybe=True)
            return
        restocks = None if line is None else line.restocks
        if restocks is None and self._mall_restocks is not MallRestocks.UNKNOWN:
            restocks = self._mall_restocks is MallRestocks.YES
        if cut == 0 or restocks is False:
            return
        self._move(listing_id, cut, self.bracket, is_maybe=is_maybe or restocks is None)
