"""One order of the shop as Yahoo! tells it: its numbers of status, its stamps, its fields.

The core keeps orders in words that fit every mall. What only Yahoo! knows of an order - on hold,
the reason of a cancel, the moment it became visible - is kept here beside them. Contract: sections
5.1 to 5.3.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.clock import Clock, jst
from sandbox.orders import Line, Order
from sandbox.yahoo.markup import leaf, text
from sandbox.yahoo.order_fields import GROUPS, ITEM, ORDER

# Buyers may cancel by themselves this long; until then the store can only read the order.
READ_ONLY_S = 600.0
# The shop has no prices of its own.
UNIT_PRICE = 1_980

IN_PROCESS, ON_HOLD, CANCELLED, DONE = 2, 3, 4, 5
REASON_BUYER, REASON_SHOP = 100, 230

_STATUSES = {"new": IN_PROCESS, "confirmed": IN_PROCESS, "cancelled": CANCELLED, "shipped": DONE}
_SHIP_STATUSES = {"new": 1, "confirmed": 1, "cancelled": 0, "shipped": 3}


@dataclass(slots=True)
class Mark:
    """What was done to one order through the API and has no word in the core."""

    is_held: bool = False
    cancel_reason: int = 0
    cancel_detail: str = ""


class OrderView:
    """Answers every field of every order of one shop."""

    def __init__(self, clock: Clock, seller_id: str) -> None:
        self._clock = clock
        self._seller_id = seller_id
        self._marks: dict[str, Mark] = {}
        self._published: dict[str, float] = {}
        self._held: dict[str, Order] = {}
        self._order_values = self._order_table()

    # -- what Yahoo! alone keeps ---------------------------------------------------------------

    def hold(self, order: Order) -> None:
        """Puts the order on hold (保留) until its status moves."""
        self._mark(order).is_held = True
        self._held[order.order_id] = order

    def release(self, order: Order) -> None:
        """Ends a hold."""
        self._mark(order).is_held = False
        self._held.pop(order.order_id, None)

    def note_cancel(self, order: Order, reason: int, detail: str) -> None:
        """Keeps why the order was cancelled."""
        mark = self._mark(order)
        mark.cancel_reason, mark.cancel_detail = reason, detail

    def held_count(self) -> int:
        """How many orders are on hold."""
        return sum(1 for order in self._held.values() if self.status(order) == ON_HOLD)

    def _mark(self, order: Order) -> Mark:
        return self._marks.setdefault(order.order_id, Mark())

    # -- what a search compares ----------------------------------------------------------------

    def status(self, order: Order) -> int:
        """1 to 5; a pre-order (1) does not happen here."""
        mark = self._marks.get(order.order_id)
        if mark is not None and mark.is_held and order.status in ("new", "confirmed"):
            return ON_HOLD
        return _STATUSES[order.status]

    def is_seen(self, order: Order) -> bool:
        """Whether the store has opened or changed the order."""
        return order.status != "new"

    def ship_status(self, order: Order) -> int:
        """0 not shippable, 1 shippable, 3 shipped."""
        return _SHIP_STATUSES[order.status]

    def editable_until(self) -> float:
        """Orders stamped later than this are still inside the buyer's cancel window."""
        return self._clock.now() - self._clock.sped(READ_ONLY_S)

    def published_at(self, order: Order) -> float:
        """When the order became visible to the API; the same moment at every reading."""
        found = self._published.get(order.order_id)
        if found is None:
            ahead_s = order.visible_from - self._clock.monotonic()
            # An order shown early, because its delay was ended, is published now.
            found = self._clock.now() + min(0.0, ahead_s)
            if abs(found - order.placed_at) < 1.0:
                found = order.placed_at
            self._published[order.order_id] = found
        return found

    # -- fields --------------------------------------------------------------------------------

    def flat(self, order: Order, names: tuple[str, ...]) -> str:
        """The order as `orderList` writes it: the asked fields, in the asked order."""
        values = self._order_values
        inside = []
        for name in names:
            value = values.get(name)
            inside.append(_element(name, value(order) if value else ""))
        return f"<OrderInfo>{''.join(inside)}</OrderInfo>"

    def grouped(self, order: Order, names: frozenset[str]) -> str:
        """The order as `orderInfo` writes it: order-level fields, groups, one group per line."""
        parts = [self._fields(order, names & ORDER)]
        for group, members in GROUPS:
            if asked := names & members:
                parts.append(f"<{group}>{self._fields(order, asked)}</{group}>")
        if asked := names & ITEM:
            parts += [_item(line, asked) for line in order.lines]
        return f"<OrderInfo>{''.join(parts)}</OrderInfo>"

    def _fields(self, order: Order, names: frozenset[str]) -> str:
        values = self._order_values
        # Sorted, so that the same question has the same answer.
        return "".join(
            _element(name, values[name](order) if name in values else "") for name in sorted(names)
        )

    def _cancel_reason(self, order: Order) -> str:
        if order.status != "cancelled":
            return ""
        mark = self._marks.get(order.order_id)
        if mark is not None and mark.cancel_reason:
            return str(mark.cancel_reason)
        by = next((change.by for change in reversed(order.changes)), "shop")
        return str(REASON_BUYER if by == "buyer" else REASON_SHOP)

    def _cancel_detail(self, order: Order) -> str:
        mark = self._marks.get(order.order_id)
        return mark.cancel_detail if mark is not None else ""

    def _order_table(self) -> dict[str, Callable[[Order], str]]:
        table: dict[str, Callable[[Order], str]] = {
            "OrderId": lambda order: order.order_id,
            "Version": lambda order: str(order.version),
            "HistoryId": lambda order: str(order.version),
            "ParentOrderId": lambda order: order.parent_id,
            "ChildOrderId": lambda order: ",".join(order.child_ids),
            "IsSplit": lambda order: _flag(is_true=is_split(order)),
            "IsSeen": lambda order: _flag(is_true=self.is_seen(order)),
            "OrderTime": lambda order: stamp(order.placed_at),
            "LastUpdateTime": lambda order: stamp(order.changed_at),
            "PublicationTime": lambda order: stamp(self.published_at(order)),
            "OrderStatus": lambda order: str(self.status(order)),
            "IsReadOnly": lambda order: _flag(is_true=order.placed_at > self.editable_until()),
            "CancelReason": self._cancel_reason,
            "CancelReasonDetail": self._cancel_detail,
            "PayStatus": lambda _order: "1",
            "SettleStatus": lambda _order: "5",
            "ShipStatus": lambda order: str(self.ship_status(order)),
            "ShipDate": lambda order: day(order.shipped_at),
            "SellerId": lambda _order: self._seller_id,
            "TotalPrice": lambda order: str(_total(order)),
        }
        for name in ("ExistMultiReleaseDate", "IsYahooAuctionOrder", "IsLineGiftOrder"):
            table[name] = lambda _order: "false"
        for name in ("IsSubscription", "IsAffiliate", "IsMultiShip"):
            table[name] = lambda _order: "false"
        for name in ("Suspect", "FraudHoldStatus"):
            table[name] = lambda _order: "0"
        for name in ("PayCharge", "ShipCharge", "GiftWrapCharge", "Discount", "UsePoint"):
            table[name] = lambda _order: "0"
        return table | _buyer_table()


def _buyer_table() -> dict[str, Callable[[Order], str]]:
    """The buyer, once as who pays and once as where it goes."""
    table: dict[str, Callable[[Order], str]] = {
        "BillMailAddress": lambda order: order.buyer.mail,
        "IsLogin": lambda _order: "true",
    }
    person: dict[str, Callable[[Order], str]] = {
        "LastName": lambda order: order.buyer.family_name,
        "FirstName": lambda order: order.buyer.first_name,
        "LastNameKana": lambda order: order.buyer.family_kana,
        "FirstNameKana": lambda order: order.buyer.first_kana,
        "ZipCode": lambda order: order.buyer.zip_code.replace("-", ""),
        "Prefecture": lambda order: order.buyer.prefecture,
        "City": lambda order: order.buyer.city,
        "Address1": lambda order: order.buyer.street,
        "PhoneNumber": lambda order: order.buyer.phone,
    }
    for role in ("Bill", "Ship"):
        table |= {f"{role}{name}": value for name, value in person.items()}
    return table


_ITEM_VALUES: dict[str, Callable[[Line], str]] = {
    "LineId": lambda line: str(line.line_id),
    "ItemId": lambda line: line.key[0],
    "Title": lambda line: line.name,
    "SubCode": lambda line: line.key[1],
    "SubCodeOption": lambda line: "#".join(
        f"{axis}:{choice}" for axis, choice in line.axes.items()
    ),
    "Jan": lambda line: line.jan,
    "UnitPrice": lambda _line: str(UNIT_PRICE),
    "OriginalPrice": lambda _line: str(UNIT_PRICE),
    "Quantity": lambda line: str(line.quantity),
    "OriginalNum": lambda line: str(line.original),
    "IsUsed": lambda _line: "false",
    "IsTaxable": lambda _line: "true",
    "ItemTaxRatio": lambda _line: "10",
}


def _item(line: Line, names: frozenset[str]) -> str:
    parts = []
    for name in sorted(names):
        if name == "ItemOption":
            parts += [
                "<ItemOption>"
                f"{leaf('Index', index)}{text('Name', axis)}{text('Value', choice)}"
                "</ItemOption>"
                for index, (axis, choice) in enumerate(line.axes.items(), 1)
            ]
        elif name != "Inscription":  # what a buyer typed; absent when nothing was
            value = _ITEM_VALUES.get(name)
            parts.append(_element(name, value(line) if value else ""))
    return f"<Item>{''.join(parts)}</Item>"


def is_split(order: Order) -> bool:
    """Whether the order is a part of what was one order, parent or child."""
    return bool(order.parent_id or order.child_ids)


def stamp(at: float) -> str:
    """A moment as the answers write it."""
    return jst(at).strftime("%Y-%m-%dT%H:%M:%S+09:00")


def day(at: float | None) -> str:
    """A date of an answer; "" when it has not come."""
    return "" if at is None else jst(at).strftime("%Y-%m-%d")


def _flag(*, is_true: bool) -> str:
    return "true" if is_true else "false"


def _total(order: Order) -> int:
    return sum(line.quantity for line in order.lines) * UNIT_PRICE


_FREE_TEXT = frozenset({"Title", "SubCodeOption", "CancelReasonDetail"}) | {
    f"{role}{name}"
    for role in ("Bill", "Ship")
    for name in ("LastName", "FirstName", "LastNameKana", "FirstNameKana", "City", "Address1")
}


def _element(name: str, value: str) -> str:
    return text(name, value) if name in _FREE_TEXT else leaf(name, value)
