"""One Rakuten order: from the body getOrder gives to what stock needs of it.

A line is keyed by itemDetailId alone: it is the mall's key of a line inside its order, and the
package it travels in (basketId) may be another after an edit. Invariants 2 and 10.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from msgspec import Raw

from engine.snapshot import OrderLine, OrderSnapshot, UnreadableOrder
from malls.rakuten.wire import (
    Change,
    Item,
    LooseItem,
    LooseOrder,
    LoosePackage,
    Order,
    Package,
    Sku,
    Unreadable,
    decoded,
    moment,
)

STATUSES: Final[Mapping[int, str]] = {
    100: "注文確認待ち",
    200: "楽天処理中",
    300: "発送待ち",
    400: "変更確定待ち",
    500: "発送済",
    600: "支払手続き中",
    700: "支払手続き済",
    800: "キャンセル確定待ち",
    900: "キャンセル確定",
}
CANCELLED: Final = 900

GROUPS: Final[tuple[tuple[str, tuple[int, ...]], ...]] = (
    # Orders move down this list, so one that moves while it is read is shown twice, not missed.
    ("", (100, 200, 300, 400, 800)),
    ("shipped", (500, 600, 700)),
    ("cancelled", (CANCELLED,)),
)
"""(mark, statuses): "" must be read again each time, the others only when the mark differs."""

_CANCELS = frozenset({0, 1, 2, 3})
_EDITS = frozenset({4, 5, 6})
_EDIT_COMPLETED = 6
_EDIT_REVOKED = 7
_ONE_MOMENT_S = 2.0
"""Stamps of one change this close together tell one moment; farther apart, none."""
_NAMED_MAX = 200
"""Listings an unreadable order is searched for: no shop's order has more lines."""

T = TypeVar("T")


def mark_of(progress: int) -> str:
    """The mark the list shows for a status; "" for one nobody has heard of."""
    return next((mark for mark, statuses in GROUPS if progress in statuses), "")


def snapshot_of(
    raw: Raw, read_from: float, read_until: float, uncounted: frozenset[int]
) -> OrderSnapshot:
    """The order as read; raises Unreadable, with a reason that repeats nothing of the body."""
    order = decoded(raw, Order)
    cancelled = order.progress == CANCELLED
    edits = _edits(order.changes or ())
    removed = any(
        _is_removed(package, item) for package in order.packages for item in package.items
    )
    edited = bool(edits) or order.modified == 1 or removed
    return OrderSnapshot(
        order=order.number,
        stamp=moment(order.placed),
        mark=mark_of(order.progress),
        status=STATUSES.get(order.progress, str(order.progress)),
        cancelled=cancelled,
        edited=edited,
        # The mall's "decrease" is of the amount (減額): an item may have been added in exchange.
        # So no sign it gives excludes a raise.
        cut_only=False,
        counts=order.progress not in uncounted,
        read_from=read_from,
        read_until=read_until,
        lines=_lines(order.packages, cancelled=cancelled, edited=edited),
        changed_at=_changed_at(order.changes or ()),
    )


def _is_removed(package: Package, item: Item) -> bool:
    return package.deleted == 1 or item.deleted == 1


def _lines(packages: Sequence[Package], *, cancelled: bool, edited: bool) -> tuple[OrderLine, ...]:
    lines: dict[str, OrderLine] = {}
    for package in packages:
        for item in package.items:
            if item.inventory_type == 0:
                # An item without stock setting takes nothing off any quantity.
                continue
            key = str(item.detail)
            if key in lines:
                raise Unreadable("two lines have the same itemDetailId")
            lines[key] = OrderLine(
                line=key,
                code=item.code.lower(),
                sub_code=_sub_code(item.skus),
                quantity=0 if cancelled or _is_removed(package, item) else item.units,
                # units is the current value: the one at the placing only if nothing was edited.
                original=None if edited else item.units,
                restocks={1: True, 2: False}.get(item.restore or 0),
            )
    return tuple(lines.values())


def _sub_code(skus: Sequence[Sku] | None) -> str:
    """The variantId, or "" for a single-SKU item: those have no skuInfo."""
    if not skus:
        return ""
    if len(skus) > 1:
        raise Unreadable("a line has several SKUs")
    return (skus[0].variant or "") if skus[0].choices else ""


def _edits(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The entries that are a sign of changed lines; a change revoked before completion is none."""
    completed = {change.id for change in changes if change.type == _EDIT_COMPLETED}
    revoked = {
        change.id
        for change in changes
        if change.type == _EDIT_REVOKED and change.id is not None and change.id not in completed
    }
    return tuple(change for change in changes if change.type in _EDITS and change.id not in revoked)


def _changed_at(changes: Sequence[Change]) -> float | None:
    """The moment of the order's one change or cancel; None where the stamps tell no one moment.

    Between application, fixing and completion nobody knows when the units moved, and of several
    changes nobody knows which one a reader has seen: the bracket of two snapshots is right then.
    """
    stamps: list[float] = []
    for change in changes:
        if change.type not in _CANCELS | _EDITS | {_EDIT_REVOKED}:
            continue
        texts = (change.applied, change.fixed, change.completed)
        stamps += [moment(text) for text in texts if text]
        if not change.completed:
            return None
    if not stamps or max(stamps) - min(stamps) > _ONE_MOMENT_S:
        return None
    return max(stamps)


def number_of(raw: Raw) -> str:
    """The order's number, "" where there is none to be read."""
    try:
        number = decoded(raw, LooseOrder).number
    except Unreadable:
        return ""
    return number if isinstance(number, str) else ""


def unreadable_order(raw: Raw, number: str, reason: str) -> UnreadableOrder:
    """An odd order with whatever can be read of its date and its listings."""
    stamp = 0.0
    named: dict[tuple[str, str], int | None] = {}
    try:
        loose = decoded(raw, LooseOrder)
    except Unreadable:
        return UnreadableOrder(number, stamp, reason)
    if isinstance(loose.placed, str):
        try:
            stamp = moment(loose.placed)
        except Unreadable:
            stamp = 0.0
    for item in _loose_items(loose.packages)[:_NAMED_MAX]:
        if isinstance(item.code, str) and 0 < len(item.code) <= 64:
            listing = (item.code.lower(), _loose_sub_code(item.skus))
            known = named.get(listing, 0)
            named[listing] = (
                None if known is None or not _is_units(item.units) else (known + item.units)
            )
    listings = tuple((code, sub_code, units) for (code, sub_code), units in named.items())
    return UnreadableOrder(number, stamp, reason, listings)


def _is_units(units: Any) -> bool:
    return isinstance(units, int) and not isinstance(units, bool) and units >= 0


def _loose_items(packages: Raw) -> list[LooseItem]:
    return [
        item
        for package in _loose_list(packages, LoosePackage)
        for item in _loose_list(package.items, LooseItem)
    ]


def _loose_list(raw: Raw, shape: type[T]) -> list[T]:
    """The entries of a list that can be read; the others are passed over."""
    entries: list[T] = []
    try:
        parts = decoded(raw, list[Raw])
    except Unreadable:
        return entries
    for part in parts:
        try:
            entries.append(decoded(part, shape))
        except Unreadable:
            continue
    return entries


def _loose_sub_code(skus: Raw) -> str:
    read = _loose_list(skus, Sku)
    return (read[0].variant or "") if read and read[0].choices else ""
