"""Orders in: what a new snapshot of an order counts, and what the order did to a mall's quantity.

An order line counts exactly once (invariant 2). Stored per line is the quantity *counted*; a new
snapshot moves the totals by the difference, so that seeing an order again, late, twice or out of
order changes nothing. Two things follow from a line and are kept apart: *movements* of the totals
(by what counts, F1 and E6) and *own effects* on the quantity its listing shows (by what the mall
did, E1 and T2, whatever counts). Both are values; the shell writes them in one transaction.

    line, listing     not linked     linked, SKU not opened      linked, SKU opened
    counted           0 (history)    0 (history)                 booked: shares are fixed
    own effects       none           yes                         yes

A split order (a child names its parent) counts like any other: each order counts what it shows
now, so the sum over parent and child is what both show, in whatever order they arrive. A child
seen first counts twice, at worst too few, until the parent is read again, which the change asks
for; a parent seen first has given its units back when the child takes them, so the shell puts
children first within a poll (`children_first`). What a child did to the mall is only ever a maybe:
its units were taken with the parent's, but a parent first seen after the split cannot say so.
"""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from engine.ledger import Movement, Reason, order_key
from engine.links import LinkedListing
from engine.opening import OpeningRule, cut_rule, opening_rule, raise_rule
from engine.order_effect import OwnEffects, change_bracket, placing
from engine.order_state import (
    HISTORY_MAX,
    Booking,
    Count,
    LineChange,
    Links,
    OrderChange,
    Outcome,
    Restock,
    Share,
    StoredLine,
    StoredOrder,
)
from engine.plain_order import plain_order
from engine.push_state import MallRules, Span
from engine.snapshot import OrderLine, OrderMark, OrderSnapshot

_OLDER = OrderChange(Outcome.OLDER)
_REPEATED = OrderChange(Outcome.REPEATED)


class _Work:
    """One comparison under way: what it needs all along, and what it has found so far."""

    __slots__ = (
        "booking", "bracket", "cancelled", "changes", "counts", "effects", "eps_s", "movements",
        "order",
    )  # fmt: skip

    def __init__(
        self, order: OrderSnapshot | StoredOrder, bracket: Span, rules: MallRules, booking: Booking
    ) -> None:
        self.order = order.order
        self.cancelled = order.cancelled
        self.counts = order.counts
        self.bracket = bracket
        self.eps_s = rules.eps_s
        self.booking = booking
        self.effects = OwnEffects(order.stamp, bracket, rules)
        self.changes: list[LineChange] = []
        self.movements: list[Movement] = []


def compare(
    stored: StoredOrder | None,
    snapshot: OrderSnapshot,
    links: Links,
    rules: MallRules,
    booking: Booking,
    rechecked_at: float = 0.0,
) -> OrderChange:
    """What a snapshot changes against what is stored.

    `rechecked_at`: when the call left that last showed the order with its stored mark, where the
    shell keeps that apart from the order; it counts as a snapshot (T1). `links` holds at least the
    listings the stored and the new lines name. Called by the inventory for every order read.
    """
    if stored is None:
        plain = plain_order(snapshot, links, rules, booking)
        return _first_seen(snapshot, links, rules, booking) if plain is None else plain
    known_at = max(stored.read_from, rechecked_at)
    if snapshot.read_from < known_at:
        return _OLDER
    if snapshot.read_from == stored.read_from and snapshot.read_until <= stored.read_until:
        return _REPEATED if snapshot.read_until == stored.read_until else _OLDER
    since = max(known_at - rules.lag_s, stored.stamp)
    work = _Work(snapshot, change_bracket(snapshot, since, rules), rules, booking)
    by_line = {line.line: line for line in stored.lines}
    lines: list[StoredLine] = []
    is_same = True
    for line in _distinct(snapshot.lines):
        old = by_line.pop(line.line, None)
        listing = links.get((line.code, line.sub_code))
        if old is None:
            new = _first(work, line, listing, snapshot, added=work.bracket)
        elif old.code == line.code and old.sub_code == line.sub_code:
            new = _again(work, stored, old, line, listing)
        else:
            # Staff swapped the product under one key: the old one vanishes, a new one is added.
            gone = _again(work, stored, old, None, links.get((old.code, old.sub_code)))
            new = _first(work, line, listing, snapshot, added=work.bracket, after=gone.sequence)
        is_same = is_same and new is old
        lines.append(new)
    for old in by_line.values():
        new = _again(work, stored, old, None, links.get((old.code, old.sub_code)))
        is_same = is_same and new is old
        lines.append(new)
    is_same = is_same and (stored.mark, stored.status, stored.cancelled, stored.counts) == (
        snapshot.mark, snapshot.status, snapshot.cancelled, snapshot.counts
    )  # fmt: skip
    outcome = Outcome.UNCHANGED if is_same else Outcome.CHANGED
    # The first stamp stays: a moment that moved could pass an opening or an anchor unseen.
    return _result(work, outcome, _stored(snapshot, stored.stamp, stored.moment, lines))


def apply_link(
    stored: StoredOrder,
    key: tuple[str, str],
    listing: LinkedListing,
    rules: MallRules,
    booking: Booking,
) -> OrderChange:
    """Books the waiting lines of a listing that was linked, or whose SKU was opened (E6, F1).

    Each is booked as if it had been linked all along: older than the opening, no movement. Lines
    booked already are left alone, so it may be repeated.
    """
    work = _Work(stored, Span(stored.read_until, stored.read_until), rules, booking)
    lines: list[StoredLine] = []
    is_same = True
    for line in stored.lines:
        new = line
        if not line.shares and (line.code, line.sub_code) == key:
            new = _link(work, stored, line, listing)
        is_same = is_same and new is line
        lines.append(new)
    if is_same:
        return _REPEATED
    return _result(work, Outcome.CHANGED, replace(stored, lines=tuple(lines)))


def is_unchanged(stored: StoredOrder, mark: OrderMark) -> bool:
    """Whether a list's line shows the order as it is stored: it need not be read again (T1)."""
    return mark.mark != "" and mark.mark == stored.mark


def line_moment(stored: StoredOrder, line: StoredLine) -> Span:
    """When the units of a line left."""
    return stored.moment if line.moment is None else line.moment


def children_first(snapshots: Iterable[OrderSnapshot]) -> list[OrderSnapshot]:
    """The order in which a poll's snapshots are applied: split-off orders before all others.

    So a parent's cut never gives back units whose new owner was not counted yet.
    """
    return sorted(snapshots, key=lambda snapshot: snapshot.parent == "")


def _first_seen(
    snapshot: OrderSnapshot, links: Links, rules: MallRules, booking: Booking
) -> OrderChange:
    stamp = snapshot.stamp
    moment = placing(snapshot, rules)
    work = _Work(snapshot, change_bracket(snapshot, stamp, rules), rules, booking)
    lines = [
        _first(work, line, links.get((line.code, line.sub_code)), snapshot, placed=moment)
        for line in _distinct(snapshot.lines)
    ]
    return _result(
        work, Outcome.FIRST_SEEN, _stored(snapshot, stamp, moment, lines), reread=snapshot.parent
    )


def _first(
    work: _Work,
    line: OrderLine,
    listing: LinkedListing | None,
    snapshot: OrderSnapshot,
    *,
    placed: Span | None = None,
    added: Span | None = None,
    after: int = 0,
) -> StoredLine:
    """A line never seen before, at the order's own moment (`placed`) or added within a bracket."""
    moment = placed or added or work.bracket
    quantity = 0 if work.cancelled else line.quantity
    original = line.original
    if original is None and (
        added is not None or not (snapshot.edited or work.cancelled or quantity == 0)
    ):
        original = quantity
    new = StoredLine(
        line=line.line,
        code=line.code,
        sub_code=line.sub_code,
        quantity=quantity,
        original=original,
        listing_id=None if listing is None else listing.listing_id,
        sequence=after,
        moment=added,
        history=(Count(moment.start, quantity if work.counts else 0),),
    )
    if listing is not None:
        work.effects.line_placed(listing.listing_id, line, new, snapshot, moment)
    return _settle_waiting(work, new, listing, moment)


def _again(
    work: _Work,
    stored: StoredOrder,
    old: StoredLine,
    line: OrderLine | None,
    listing: LinkedListing | None,
) -> StoredLine:
    """A line seen before; `line` None: it vanished. Returns `old` itself when nothing changed."""
    quantity = 0 if line is None or work.cancelled else line.quantity
    if listing is not None:
        if old.listing_id is None:
            moment = line_moment(stored, old)
            work.effects.line_linked(listing.listing_id, stored, old, moment)
            old = replace(old, listing_id=listing.listing_id)
        if quantity != old.quantity or work.counts != stored.counts:
            work.effects.line_changed(
                listing.listing_id,
                line,
                old.quantity - quantity,
                kept=min(old.quantity, quantity),
                counted=stored.counts,
                counts=work.counts,
            )
    counting = quantity if work.counts else 0
    if not old.shares:
        history = old.history
        if not history or history[-1].quantity != counting:
            history = _remember(history, Count(work.bracket.start, counting))
            old = replace(old, history=history)
        if quantity != old.quantity:
            old = replace(old, quantity=quantity)
        return _settle_waiting(work, old, listing, line_moment(stored, old))
    if quantity == old.quantity and counting == old.counted:
        return old
    before = len(work.movements)
    counts = (Count(work.bracket.start, counting),)
    shares = _counted_since(work, stored, old, listing)
    counted, is_listed = _book(work, old, shares, counts)
    if counted == old.counted and len(work.movements) == before:
        return old if quantity == old.quantity else replace(old, quantity=quantity)
    work.changes.append(LineChange(old.line, old.listing_id, old.counted, counted, is_listed))
    return replace(old, quantity=quantity, counted=counted, sequence=old.sequence + 1)


def _counted_since(
    work: _Work, stored: StoredOrder, line: StoredLine, listing: LinkedListing | None
) -> tuple[Share, ...]:
    """The line's shares as a later stocktake sees them: units that left before it are inside it.

    A cut that came before the count is in the counted quantity, and must not be given back again.
    """
    if listing is None:
        return line.shares
    openings = {component.sku_id: component.opening for component in listing.components}
    left = line_moment(stored, line)

    def seen(share: Share) -> Share:
        opening = openings.get(share.sku_id)
        if opening is None or left.end >= opening.start - work.eps_s:
            return share
        inside = opening.end if share.inside is None else max(share.inside, opening.end)
        return replace(share, inside=inside)

    return tuple(seen(share) for share in line.shares)


def _link(work: _Work, stored: StoredOrder, line: StoredLine, listing: LinkedListing) -> StoredLine:
    if line.listing_id is None:
        work.effects.line_linked(listing.listing_id, stored, line, line_moment(stored, line))
        line = replace(line, listing_id=listing.listing_id)
    return _settle_waiting(work, line, listing, line_moment(stored, line))


def _settle_waiting(
    work: _Work, line: StoredLine, listing: LinkedListing | None, moment: Span
) -> StoredLine:
    """Books a line that waits, if its listing is linked to opened SKUs; else returns it as is."""
    if listing is None or not listing.components:
        return line
    shares: list[Share] = []
    is_near = False
    for component in listing.components:
        opening = component.opening
        if opening is None:
            return line
        rule = opening_rule(moment, opening, work.eps_s)
        inside = opening.end if rule is OpeningRule.INSIDE else None
        is_near = is_near or rule is OpeningRule.MOVEMENT_LISTED
        shares.append(Share(component.sku_id, component.units, inside))
    booked = tuple(shares)
    left = Span(moment.start, moment.end if len(line.history) <= 1 else work.bracket.end)
    counted, is_listed = _book(work, line, booked, line.history, placed=left)
    is_listed = is_listed or (is_near and counted > 0)
    work.changes.append(LineChange(line.line, line.listing_id, 0, counted, is_listed))
    return replace(line, counted=counted, sequence=line.sequence + 1, shares=booked, history=())


def _book(
    work: _Work,
    line: StoredLine,
    shares: tuple[Share, ...],
    counts: Sequence[Count],
    *,
    placed: Span | None = None,
) -> tuple[int, bool]:
    """Moves the totals along the counts; returns what is counted now and whether to list it.

    `placed`: the first count is the line's own placing, inside the opening or not, and when its
    units left. One movement a SKU at most, keyed by the line's next sequence.
    """
    is_first = placed is not None
    when = work.bracket if placed is None else placed
    keeps = work.booking.restock is Restock.NEVER
    deltas = [0] * len(shares)
    counted = line.counted
    is_listed = False
    for count in counts:
        after = max(counted, count.quantity) if keeps else count.quantity
        change = after - counted
        if not change:
            is_first = False
            continue
        for index, share in enumerate(shares):
            if share.inside is not None:
                if is_first:
                    continue
                judge = raise_rule if change > 0 else cut_rule
                rule = judge(count.since, share.inside, work.eps_s)
                is_listed = is_listed or rule is not OpeningRule.MOVEMENT
                if rule is OpeningRule.INSIDE_LISTED:
                    continue
            deltas[index] -= change * share.units
        counted = after
        is_first = False
    for share, delta in zip(shares, deltas, strict=True):
        if delta:
            moment = when.start if delta > 0 else when.end
            _move(work, line, (share.sku_id, delta), moment, is_gone=counts[-1].quantity == 0)
    return counted, is_listed


def _move(
    work: _Work, line: StoredLine, change: tuple[int, int], moment: float, *, is_gone: bool
) -> None:
    sku_id, delta = change
    if delta > 0:
        reason = Reason.ORDER_CANCEL if is_gone else Reason.ORDER_EDIT
    else:
        reason = Reason.ORDER_EDIT if line.shares else Reason.ORDER
    booking = work.booking
    work.movements.append(
        Movement(
            sku_id=sku_id,
            delta=delta,
            reason=reason,
            at=booking.at,
            key=order_key(booking.mall, work.order, line.line, sku_id, line.sequence + 1),
            mall=booking.mall,
            order=work.order,
            line=line.line,
            moment=moment,
        )
    )


def _remember(history: tuple[Count, ...], count: Count) -> tuple[Count, ...]:
    return (*_merged(history), count) if len(history) >= HISTORY_MAX else (*history, count)


def _merged(history: tuple[Count, ...]) -> tuple[Count, ...]:
    """One change fewer: two neighbours become one that began with the first.

    Never a cut with the raise after it: were the cut inside the opening and the raise not, the
    raise would be lost. All other pairs err towards too few, and of three changes one is such.
    """
    for index in range(1, len(history) - 1):
        before, first, second = history[index - 1 : index + 2]
        if first.quantity > before.quantity or second.quantity < first.quantity:
            merged = Count(first.since, second.quantity)
            return (*history[:index], merged, *history[index + 2 :])
    return history


def _distinct(lines: tuple[OrderLine, ...]) -> Sequence[OrderLine]:
    """The lines with every key once. Two lines under one key must never count as one."""
    if len(lines) < 2 or len({line.line for line in lines}) == len(lines):
        return lines
    merged: dict[str, OrderLine] = {}
    for line in lines:
        key = line.line
        other = merged.get(key)
        if other is not None and (other.code, other.sub_code) != (line.code, line.sub_code):
            key = f"{line.line}/{line.code}/{line.sub_code}"
            other = merged.get(key)
        if other is None:
            merged[key] = replace(line, line=key)
            continue
        is_told = other.original is not None and line.original is not None
        merged[key] = replace(
            other,
            quantity=other.quantity + line.quantity,
            original=(other.original or 0) + (line.original or 0) if is_told else None,
            restocks=other.restocks if other.restocks == line.restocks else None,
        )
    return tuple(merged.values())


def _stored(
    snapshot: OrderSnapshot, stamp: float, moment: Span, lines: list[StoredLine]
) -> StoredOrder:
    return StoredOrder(
        order=snapshot.order,
        stamp=stamp,
        moment=moment,
        mark=snapshot.mark,
        status=snapshot.status,
        cancelled=snapshot.cancelled,
        counts=snapshot.counts,
        parent=snapshot.parent,
        read_from=snapshot.read_from,
        read_until=snapshot.read_until,
        lines=tuple(lines),
    )


def _result(work: _Work, outcome: Outcome, stored: StoredOrder, *, reread: str = "") -> OrderChange:
    return OrderChange(
        outcome=outcome,
        stored=stored,
        changes=tuple(work.changes),
        movements=tuple(work.movements),
        effects=tuple(work.effects.found),
        reread=reread,
    )
