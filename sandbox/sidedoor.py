"""The side door: how tests, the demo and shoppers move a pretend shop. The same for every mall.

Every body is decoded into a typed struct; a bad one is answered 400 with one sentence and changes
nothing. Answers of refusals are `{"error": "..."}`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Literal, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.faults import Family, FaultKind, FaultWish
from sandbox.mall import Mall, NewCredentials
from sandbox.orders import AGE_S_MAX, By, Order, Wanted
from sandbox.refusal import Refusal
from sandbox.shelf import Row, Wish

BODY_BYTES_MAX = 64 * 1024 * 1024
ITEMS_PER_CALL_MAX = 100_000
ORDERS_PER_CALL_MAX = 20_000
SHUT_S_MAX = 1e9  # largest grace_s and life_s

T = TypeVar("T")


class _Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body of the side door: unknown fields are mistakes."""


class ItemBody(_Body, frozen=True):
    """One row to add or change; fields left out stay as they are."""

    code: str
    sub_code: str = ""
    jan: str | None = None
    name: str | None = None
    quantity: int | None = None
    image: str | None = None
    overdraft: bool | None = None
    lead_time_days: int | None = None
    restock_date: date | None = None
    fba: bool | None = None
    axes: dict[str, str] | None = None
    gone: bool = False  # removes the whole item from the mall's catalogue


class LineBody(_Body, frozen=True):
    """One line of an order."""

    code: str
    quantity: int
    sub_code: str = ""


class OrderBody(_Body, frozen=True):
    """One order to place."""

    lines: list[LineBody]
    status: Literal["new", "confirmed", "shipped"] = "new"
    age_s: float = 0.0  # stamped this long ago


class PlacingBody(_Body, frozen=True):
    """One order to place, or many at once, each placed or refused by itself."""

    lines: list[LineBody] | None = None
    status: Literal["new", "confirmed", "shipped"] = "new"
    age_s: float = 0.0
    orders: list[OrderBody] | None = None


class ChangeBody(_Body, frozen=True):
    """Exactly one of status, cancel, lines, split."""

    status: Literal["new", "confirmed", "shipped"] | None = None
    cancel: bool = False
    lines: list[LineBody] | None = None
    split: list[LineBody] | None = None  # these units go into an order of their own
    restock: bool | None = None
    by: By = "shop"


class StockBody(_Body, frozen=True):
    """A hand edit of one quantity."""

    code: str
    quantity: int
    sub_code: str = ""


class FaultBody(_Body, frozen=True):
    """See `faults.FaultWish`."""

    kind: FaultKind
    endpoint: Family | None = None
    count: int | None = None
    seconds: float | None = None
    rate: float = 1.0
    code: str | None = None
    sub_code: str = ""
    delay_s: float | None = None
    form: str = ""


class SideDoor:
    """The handlers, bound to one mall."""

    def __init__(self, mall: Mall) -> None:
        self._mall = mall
        self._shop = mall.shop

    def routes(self) -> list[Route]:
        """Return them for the mall's Starlette application."""
        table: list[tuple[str, str, Callable[[bytes, str], object]]] = [
            ("GET", "/_sandbox/state", self._state),
            ("POST", "/_sandbox/items", self._items),
            ("POST", "/_sandbox/orders", self._orders),
            ("POST", "/_sandbox/orders/{order_id}", self._change),
            ("POST", "/_sandbox/stock", self._stock),
            ("POST", "/_sandbox/faults", self._fault),
            ("DELETE", "/_sandbox/faults", self._clear),
            ("POST", "/_sandbox/credentials", self._credentials),
            ("GET", "/_sandbox/knobs", self._knobs),
            ("POST", "/_sandbox/knobs", self._turn),
        ]
        return [Route(path, self._served(act), methods=[method]) for method, path, act in table]

    def _served(
        self, act: Callable[[bytes, str], object]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def serve(request: Request) -> Response:
            parts: list[bytes] = []
            size = 0
            async for part in request.stream():
                size += len(part)
                if size > BODY_BYTES_MAX:
                    return _json({"error": f"a body has at most {BODY_BYTES_MAX} bytes."}, 400)
                parts.append(part)
            self._shop.agenda.catch_up()
            answer = act(b"".join(parts), request.path_params.get("order_id", ""))
            if isinstance(answer, Refusal):
                return _json({"error": answer.sentence}, answer.status)
            return _json(answer, 200)

        return serve

    # -- reading -------------------------------------------------------------------------------

    def _state(self, _body: bytes, _order_id: str) -> object:
        shop = self._shop
        return {
            "items": [_row_card(row) for row in shop.shelf.rows() if row.item is not None],
            "orders": [_order_card(order) for order in shop.orders.all()],
            "calls": dict(shop.calls),
            "faults": [
                {"kind": fault.wish.kind, "endpoint": fault.wish.endpoint, "left": fault.left}
                for fault in shop.faults.waiting()
            ],
            "skew_s": shop.clock.skew_s,
        }

    def _knobs(self, _body: bytes, _order_id: str) -> object:
        return self._mall.knobs

    # -- changing ------------------------------------------------------------------------------

    def _items(self, body: bytes, _order_id: str) -> object:
        parsed = _decode(body, list[ItemBody])
        if isinstance(parsed, Refusal):
            return parsed
        if len(parsed) > ITEMS_PER_CALL_MAX:
            return Refusal(400, f"at most {ITEMS_PER_CALL_MAX} items a call.")
        wishes = [_wish(item) for item in parsed]
        if refusal := self._shop.shelf.put_all(wishes):
            return refusal
        return {"items": len(wishes)}

    def _orders(self, body: bytes, _order_id: str) -> object:
        parsed = _decode(body, PlacingBody)
        if isinstance(parsed, Refusal):
            return parsed
        if parsed.orders is not None:
            if parsed.lines is not None:
                return Refusal(400, "name either lines or orders.")
            if len(parsed.orders) > ORDERS_PER_CALL_MAX:
                return Refusal(400, f"at most {ORDERS_PER_CALL_MAX} orders a call.")
            answers = [self._place(order) for order in parsed.orders]
            return {"orders": [_bulk_answer(answer) for answer in answers]}
        answer = self._place(OrderBody(parsed.lines or [], parsed.status, parsed.age_s))
        return answer if isinstance(answer, Refusal) else {"order_id": answer.order_id}

    def _place(self, body: OrderBody) -> Order | Refusal:
        if not 0 <= body.age_s <= AGE_S_MAX:
            return Refusal(400, f"age_s must lie in 0..{AGE_S_MAX:.0f}.")
        return self._shop.orders.place(_wanted(body.lines), body.status, body.age_s)

    def _change(self, body: bytes, order_id: str) -> object:
        order = self._shop.orders.find(order_id)
        if order is None:
            return Refusal(404, f"there is no order {order_id!r}.")
        parsed = _decode(body, ChangeBody)
        if isinstance(parsed, Refusal):
            return parsed
        said = (parsed.status, parsed.lines, parsed.split)
        if sum(part is not None for part in said) + parsed.cancel != 1:
            return Refusal(400, "name exactly one of status, cancel (true), lines and split.")
        if parsed.restock is not None and not (parsed.cancel or parsed.lines is not None):
            return Refusal(400, "restock goes with cancel or lines only.")
        if parsed.split is not None:
            child = self._shop.orders.split(order, _wanted(parsed.split))
            return child if isinstance(child, Refusal) else {"order_id": child.order_id}
        refusal = self._apply(order, parsed)
        return refusal or {"order_id": order.order_id, "status": order.status}

    def _apply(self, order: Order, change: ChangeBody) -> Refusal | None:
        orders = self._shop.orders
        restock = change.restock is not False
        if change.status is not None:
            return orders.move(order, change.status, change.by)
        if change.lines is not None:
            return orders.edit(order, _wanted(change.lines), restock=restock, by=change.by)
        return orders.cancel(order, restock=restock, by=change.by)

    def _stock(self, body: bytes, _order_id: str) -> object:
        parsed = _decode(body, StockBody)
        if isinstance(parsed, Refusal):
            return parsed
        row = self._shop.shelf.row(parsed.code, parsed.sub_code)
        if row is None or row.item is None:
            return Refusal(404, f"there is no item {parsed.code!r} with {parsed.sub_code!r}.")
        if refusal := self._shop.shelf.check_quantity(parsed.quantity):
            return refusal
        self._shop.shelf.set_quantity(row, parsed.quantity)
        return _row_card(row)

    def _fault(self, body: bytes, _order_id: str) -> object:
        parsed = _decode(body, FaultBody)
        if isinstance(parsed, Refusal):
            return parsed
        forms = self._mall.forms().get(parsed.kind, ())
        if parsed.form and parsed.form not in forms:
            known = ", ".join(forms) or "none"
            return Refusal(400, f"{parsed.kind} has no form {parsed.form!r}; known: {known}.")
        wish = FaultWish(**msgspec.structs.asdict(parsed))
        return self._shop.faults.add(wish) or {"waiting": len(self._shop.faults.waiting())}

    def _clear(self, _body: bytes, _order_id: str) -> object:
        self._shop.faults.clear()
        self._shop.orders.reveal_all()
        return {"waiting": 0}

    def _credentials(self, body: bytes, _order_id: str) -> object:
        parsed = _decode(body or b"{}", NewCredentials)
        if isinstance(parsed, Refusal):
            return parsed
        life_s = parsed.life_s
        if not 0 <= parsed.grace_s <= SHUT_S_MAX or not 0 <= (life_s or 0.0) <= SHUT_S_MAX:
            return Refusal(400, f"grace_s and life_s must lie in 0..{SHUT_S_MAX:.0f}.")
        self._shop.faults.end_expiry()
        return dict(self._mall.renew(parsed))

    def _turn(self, body: bytes, _order_id: str) -> object:
        patch = _decode(body, dict[str, object])
        if isinstance(patch, Refusal):
            return patch
        whole = {**msgspec.structs.asdict(self._mall.knobs), **patch}
        try:
            self._mall.knobs = msgspec.convert(whole, type(self._mall.knobs))
        except msgspec.ValidationError as error:
            return Refusal(400, f"no such knob, or not its kind of value: {error}.")
        return self._mall.knobs


def _json(answer: object, status: int) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")


def _decode(body: bytes, kind: type[T]) -> T | Refusal:
    if not body:
        return Refusal(400, "the body is empty; send JSON.")
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        return Refusal(400, f"{error}.")


def _wish(item: ItemBody) -> Wish:
    fields = msgspec.structs.asdict(item)
    if item.restock_date is not None:
        fields["restock_date"] = item.restock_date.isoformat()
    return Wish(**fields)


def _wanted(lines: list[LineBody]) -> list[Wanted]:
    return [Wanted(line.code, line.quantity, line.sub_code) for line in lines]


def _bulk_answer(answer: Order | Refusal) -> dict[str, object]:
    if isinstance(answer, Refusal):
        return {"status": answer.status, "error": answer.sentence}
    return {"order_id": answer.order_id}


def _row_card(row: Row) -> dict[str, object]:
    code, sub_code = row.key
    return {
        "code": code,
        "sub_code": sub_code,
        "name": row.name,
        "jan": row.jan,
        "quantity": row.quantity,
        "overdraft": row.overdraft,
        "closed": row.closed,
        "lead_time_days": row.lead_time_days,
        "restock_date": row.restock_date,
        "fba": row.fba,
    }


def _order_card(order: Order) -> dict[str, object]:
    return {
        "order_id": order.order_id,
        "status": order.status,
        "buyer": order.buyer.card(),
        "placed_at": order.placed_at,
        "lines": [
            {"code": line.key[0], "sub_code": line.key[1], "quantity": line.quantity}
            for line in order.lines
        ],
    }
