"""Short words for the tests of orders: lines, snapshots, links and what came of them."""

from collections.abc import Mapping

from msgspec.structs import replace

from engine.connector import WriteKind
from engine.links import Component, LinkedListing
from engine.opening import instant
from engine.order_state import Booking, OrderChange, Restock, StoredOrder
from engine.orders import compare
from engine.push_state import MallRestocks, MallRules, OwnEffect, Span
from engine.snapshot import OrderLine, OrderSnapshot

RULES = MallRules(write_kind=WriteKind.RELATIVE)
YES = replace(RULES, mall_restocks=MallRestocks.YES)
NO = replace(RULES, mall_restocks=MallRestocks.NO)
MINUTES = replace(RULES, stamp_resolution_s=60.0)
BOOKING = Booking(mall="rakuten", at=5000.0)
NEVER = Booking(mall="rakuten", at=5000.0, restock=Restock.NEVER)
LONG_AGO = instant(0.0)
STAMP = 1000.0

TEE = LinkedListing(1, (Component(11, 1, LONG_AGO),))
PAIR = LinkedListing(2, (Component(11, 2, LONG_AGO),))
SET = LinkedListing(3, (Component(11, 1, LONG_AGO), Component(12, 3, LONG_AGO)))
LINKS = {("tee", ""): TEE, ("pair", ""): PAIR, ("set", ""): SET}


def line(
    quantity: int,
    code: str = "tee",
    *,
    key: str = "1",
    original: int | None = None,
    restocks: bool | None = None,
) -> OrderLine:
    return OrderLine(key, code, "", quantity, original, restocks)


def order(
    *lines: OrderLine,
    at: float = 1010.0,
    stamp: float = STAMP,
    cancelled: bool = False,
    edited: bool = False,
    cut_only: bool = False,
    counts: bool = True,
    changed_at: float | None = None,
    number: str = "o-1",
    parent: str = "",
    mark: str = "new",
) -> OrderSnapshot:
    return OrderSnapshot(
        order=number,
        stamp=stamp,
        mark="cancelled" if cancelled else mark,
        status="cancelled" if cancelled else "new",
        cancelled=cancelled,
        edited=edited,
        cut_only=cut_only,
        counts=counts,
        read_from=at,
        read_until=at + 1,
        lines=lines,
        changed_at=changed_at,
        parent=parent,
    )


def stored(change: OrderChange) -> StoredOrder:
    assert change.stored is not None
    return change.stored


def first(
    snapshot: OrderSnapshot,
    rules: MallRules = RULES,
    links: Mapping[tuple[str, str], LinkedListing] = LINKS,
) -> StoredOrder:
    return stored(compare(None, snapshot, links, rules, BOOKING))


def events(change: OrderChange) -> list[OwnEffect]:
    return [effect.event for effect in change.effects]


def deltas(change: OrderChange) -> list[tuple[int, int]]:
    return [(movement.sku_id, movement.delta) for movement in change.movements]


def certain(effect: int, start: float, end: float) -> OwnEffect:
    return OwnEffect(effect=effect, moment=Span(start, end), stamp=STAMP)


def maybe(effect: int, start: float, end: float) -> OwnEffect:
    return OwnEffect(effect=effect, moment=Span(start, end), is_maybe=True, stamp=STAMP)


def opened(effect: int, start: float, end: float, *, spares_high: bool) -> OwnEffect:
    return OwnEffect(
        effect=effect, moment=Span(start, end), is_open=True, spares_high=spares_high, stamp=STAMP
    )


OPEN_AT = 2000.0


def linked(opening: Span) -> dict[tuple[str, str], LinkedListing]:
    return {("tee", ""): LinkedListing(1, (Component(11, 1, opening),))}
