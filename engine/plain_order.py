"""The short way of a plain order first seen: what `orders.compare` says, without its questions.

Nearly every order is plain: placed after its SKUs were opened, not edited, cancelled or split, each
line of a listing with one component. A line of it is one movement and one certain effect. Whatever
else an order is, `plain_order` says None and `orders.py` decides; a test holds the two together.
"""

from engine.ledger import Movement, Reason, order_key
from engine.links import LinkedListing
from engine.order_state import (
    Booking,
    LineChange,
    Links,
    ListingEffect,
    OrderChange,
    Outcome,
    Share,
    StoredLine,
    StoredOrder,
)
from engine.push_state import MallRules, OwnEffect, Span
from engine.snapshot import OrderLine, OrderSnapshot


def plain_order(
    snapshot: OrderSnapshot, links: Links, rules: MallRules, booking: Booking
) -> OrderChange | None:
    """What to write for a plain order first seen; None: it takes the long way."""
    if snapshot.cancelled or snapshot.edited or snapshot.parent or not snapshot.counts:
        return None
    shown = snapshot.lines
    if len(shown) > 1 and len({line.line for line in shown}) < len(shown):
        return None
    stamp, order = snapshot.stamp, snapshot.order
    moment = Span(stamp, max(stamp, min(snapshot.read_until, stamp + rules.stamp_resolution_s)))
    eps_s = rules.eps_s
    lines: list[StoredLine] = []
    changes: list[LineChange] = []
    movements: list[Movement] = []
    effects: list[ListingEffect] = []
    for line in shown:
        listing = links.get((line.code, line.sub_code))
        if listing is None or not _is_plain(line, listing, stamp, eps_s):
            return None
        listing_id, quantity = listing.listing_id, line.quantity
        component = listing.components[0]
        sku_id, units = component.sku_id, component.units
        key = line.line
        lines.append(
            StoredLine(
                key, line.code, line.sub_code, quantity, quantity, quantity, listing_id, 1,
                (Share(sku_id, units),),
            )
        )  # fmt: skip
        changes.append(LineChange(key, listing_id, 0, quantity))
        movements.append(
            Movement(
                sku_id, -quantity * units, Reason.ORDER, booking.at,
                order_key(booking.mall, order, key, sku_id, 1), booking.mall, order, key,
                moment=moment.end,
            )
        )  # fmt: skip
        effect = OwnEffect(effect=-quantity, moment=moment, stamp=stamp)
        effects.append(ListingEffect(listing_id, effect))
    stored = StoredOrder(
        order, stamp, moment, snapshot.mark, snapshot.status, snapshot.cancelled, snapshot.counts,
        snapshot.parent, snapshot.read_from, snapshot.read_until, tuple(lines),
    )  # fmt: skip
    return OrderChange(Outcome.FIRST_SEEN, stored, tuple(changes), tuple(movements), tuple(effects))


def _is_plain(line: OrderLine, listing: LinkedListing, stamp: float, eps_s: float) -> bool:
    """Units as placed, of one SKU that was certainly opened before (F1: a movement)."""
    if line.quantity <= 0 or (line.original is not None and line.original != line.quantity):
        return False
    components = listing.components
    if len(components) != 1:
        return False
    opening = components[0].opening
    return opening is not None and stamp > opening.end + eps_s
