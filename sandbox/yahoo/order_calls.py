"""The order calls: orderList, orderInfo, orderCount and orderStatusChange.

Each takes a read request and answers a `Reply`; the gate's checks are done before. Contract:
sections 5.1 to 5.7.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from sandbox.mall import Call, page_shift
from sandbox.orders import Order, Status
from sandbox.shop import Shop
from sandbox.yahoo.knobs import Knobs
from sandbox.yahoo.markup import document, leaf, result_set
from sandbox.yahoo.order_request import (
    OrderSearch,
    StatusChange,
    parameter_error,
    read_search,
    read_status_change,
    read_target,
)
from sandbox.yahoo.order_view import CANCELLED, DONE, IN_PROCESS, ON_HOLD, OrderView, is_split
from sandbox.yahoo.reply import Reply, RequestError, refused

REASON_OUT_OF_STOCK = 210
REASON_OF_STORE_MIN = 200

# From each status the ones it may become. A pre-order's release date is never in the future here.
TRANSITIONS: dict[int, frozenset[int]] = {
    IN_PROCESS: frozenset({ON_HOLD, CANCELLED, DONE}),
    ON_HOLD: frozenset({IN_PROCESS, CANCELLED, DONE}),
    CANCELLED: frozenset(),
    DONE: frozenset({IN_PROCESS, CANCELLED}),
}

# Every order here is paid and unsuspected, and none comes from an auction.
_SAME_FOR_ALL = {"PayStatus": "1", "SettleStatus": "5", "Suspect": "0"}
_NEVER_TRUE = ("IsYahooAuctionOrder", "ExistMultiReleaseDate")
_NEVER_SAID = {"YahooAuctionId", "ItemYahooAucId"}

Test = Callable[[Order], bool]


class OrderCalls:
    """The order side of one store."""

    def __init__(self, shop: Shop, seller_id: str, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._seller_id = seller_id
        self._knobs = knobs
        self._view = OrderView(shop.clock, seller_id)

    # -- reading -------------------------------------------------------------------------------

    def order_list(self, call: Call) -> Reply:
        """注文検索: one page of a search, the asked fields only."""
        search = read_search(call.body)
        if isinstance(search, RequestError):
            return refused(search)
        if error := self._check_seller(search.seller_id):
            return refused(error)
        found = self._found(search)
        offset = search.start - 1
        if shifted := page_shift(self._shop, call, offset):
            found = found[shifted:]
        page = found[offset : offset + search.size]
        rows = "".join(self._view.flat(order, search.fields) for order in page)
        inside = f"{leaf('TotalCount', len(found))}{rows}"
        return Reply(
            document(f"<Result>{leaf('Status', 'OK')}<Search>{inside}</Search></Result>"),
        )

    def order_info(self, call: Call) -> Reply:
        """注文詳細: one order, in groups, the asked fields only."""
        target = read_target(call.body)
        if isinstance(target, RequestError):
            return refused(target)
        if error := self._check_seller(target.seller_id):
            return refused(error)
        order = self._shop.orders.visible(target.order_id)
        if order is None:
            return refused(_not_exists(target.order_id))
        inside = leaf("Status", "OK") + self._view.grouped(order, target.fields)
        return _one_result(inside)

    def order_count(self, call: Call) -> Reply:
        """The counters of the store's front page."""
        seller_id = call.query.get("sellerId")
        if not seller_id:
            return refused(RequestError(400, "px-04001", '"sellerId" is not specified'))
        if error := self._check_seller(seller_id):
            return refused(error)
        held = self._view.held_count()
        # An order on hold has been opened by the store, so that none of them is "new".
        counts = (
            leaf("NewOrder", self._shop.orders.count("new"))
            + leaf("NewReserve", 0)
            + leaf("Holding", held)
        )
        return _one_result(f"{leaf('Status', 'OK')}<Count>{counts}</Count>")

    # -- changing ------------------------------------------------------------------------------

    def order_status_change(self, call: Call) -> Reply:
        """注文ステータス変更: along the published table only."""
        change = read_status_change(call.body)
        if isinstance(change, RequestError):
            return refused(change)
        if error := self._check_seller(change.seller_id):
            return refused(error)
        order = self._shop.orders.visible(change.order_id)
        if order is None:
            return refused(_not_exists(change.order_id))
        if change.order_status not in TRANSITIONS[self._view.status(order)]:
            return refused(_forbidden_move(change))
        if not self._move(order, change):
            return refused(_forbidden_move(change))
        return Reply(document(f"<ResultSet><Result>{leaf('Status', 'OK')}</Result></ResultSet>"))

    def _move(self, order: Order, change: StatusChange) -> bool:
        orders = self._shop.orders
        if change.order_status == CANCELLED:
            return self._cancel(order, change)
        core_status: Status = "shipped" if change.order_status == DONE else "confirmed"
        if orders.move(order, core_status) is not None:
            return False
        if change.order_status == ON_HOLD:
            self._view.hold(order)
        else:
            self._view.release(order)
        return True

    def _cancel(self, order: Order, change: StatusChange) -> bool:
        knobs = self._knobs()
        is_stores_own = REASON_OF_STORE_MIN <= change.cancel_reason < 2 * REASON_OF_STORE_MIN
        restock = knobs.store_cancel_restocks if is_stores_own else knobs.keep_stock
        if self._shop.orders.cancel(order, restock=restock) is not None:
            return False
        self._view.note_cancel(order, change.cancel_reason, change.cancel_detail)
        if change.cancel_reason == REASON_OUT_OF_STOCK:
            for line in order.lines:
                row = self._shop.shelf.row(*line.key)
                if row is not None:
                    row.closed = True
        return True

    # -- finding -------------------------------------------------------------------------------

    def _found(self, search: OrderSearch) -> Sequence[Order]:
        """The matching orders in the asked direction.

        The window and the read-only rule are two cuts of an ordered list; only the other
        conditions have to look at each order.
        """
        start, end = _window(search)
        match search.digits.get("ReadOnlyMode", frozenset({"0"})):
            case modes if "2" in modes:
                pass
            case modes if "1" in modes:
                start = max(start, math.nextafter(self._view.editable_until(), math.inf))
            case _:
                end = min(end, math.nextafter(self._view.editable_until(), math.inf))
        if order_id := search.words.get("OrderId"):
            order = self._shop.orders.visible(order_id)
            is_inside = order is not None and start <= order.placed_at < end
            found = [order] if order is not None and is_inside else []
        else:
            found = self._shop.orders.window(start, end)
        for test in self._tests(search):
            found = [order for order in found if test(order)]
        return found[::-1] if search.is_newest_first else found

    def _tests(self, search: OrderSearch) -> list[Test]:
        view, tests = self._view, list[Test]()
        since = search.stamps.get("PublicationTimeFrom", -math.inf)
        until = search.stamps.get("PublicationTimeTo", math.inf)
        if since > -math.inf or until < math.inf:
            tests.append(lambda order: since <= view.published_at(order) < until + 1)
        if statuses := search.digits.get("OrderStatus"):
            tests.append(lambda order: str(view.status(order)) in statuses)
        if ships := search.digits.get("ShipStatus"):
            tests.append(lambda order: str(view.ship_status(order)) in ships)
        if "IsSeen" in search.flags:
            tests.append(lambda order: view.is_seen(order) == search.flags["IsSeen"])
        if "IsSplit" in search.flags:
            tests.append(lambda order: is_split(order) == search.flags["IsSplit"])
        for name in ("ItemId", "SubCode", "Title"):
            if word := search.words.get(name):
                tests.append(_line_test(name, word))
        if _asks_for_none(search):
            tests.append(lambda _order: False)
        return tests

    def _check_seller(self, seller_id: str) -> RequestError | None:
        if seller_id == self._seller_id:
            return None
        message = "The seller is not permitted for this business ID."
        return RequestError(403, "px-14304", message)


def _window(search: OrderSearch) -> tuple[float, float]:
    """The asked order times as [start, end). Both ends are whole seconds and belong to it."""
    start = search.stamps.get("OrderTimeFrom", -math.inf)
    end = search.stamps.get("OrderTimeTo", math.inf) + 1
    if (exact := search.stamps.get("OrderTime")) is not None:
        start, end = max(start, exact), min(end, exact + 1)
    return start, end


def _asks_for_none(search: OrderSearch) -> bool:
    """Whether a condition asks for something that no order of this shop is or has."""
    digits = search.digits
    return (
        any(value not in digits.get(name, {value}) for name, value in _SAME_FOR_ALL.items())
        or "StoreStatus" in digits
        or any(search.flags.get(name) for name in _NEVER_TRUE)
        or bool(_NEVER_SAID & search.words.keys())
    )


def _line_test(name: str, word: str) -> Test:
    if name == "ItemId":
        return lambda order: any(line.key[0] == word for line in order.lines)
    if name == "SubCode":
        return lambda order: any(line.key[1] == word for line in order.lines)
    return lambda order: any(word in line.name for line in order.lines)


def _one_result(inside: str) -> Reply:
    return Reply(result_set(f"<Result>{inside}</Result>", available=1, returned=1))


def _not_exists(order_id: str) -> RequestError:
    return RequestError(404, "od91801", f"Not Exists : {order_id}")


def _forbidden_move(change: StatusChange) -> RequestError:
    what = "CancelOrder" if change.order_status == CANCELLED else "ChangeOrder"
    return parameter_error(f"Cannot Be Operated : {what} OrderStatus")
