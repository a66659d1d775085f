"""The stock calls: setStock and getStock.

A setStock writes what it can and names what it cannot; a figure for a code that does not exist is
parked without a word. Contract: sections 6.1 and 6.2.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.mall import Call, refused_row
from sandbox.shelf import Row
from sandbox.shop import Shop
from sandbox.yahoo.knobs import Knobs
from sandbox.yahoo.markup import leaf, result_set
from sandbox.yahoo.oauth import form_fields
from sandbox.yahoo.order_view import stamp
from sandbox.yahoo.reply import TEXT_XML, Reply, RequestError, refused
from sandbox.yahoo.stock_request import (
    GET_STOCK,
    QUANTITY_ABS_MAX,
    StockRow,
    read_changes,
    read_codes,
)

# How the fault `bad_item` shows: as a row's code, or as a whole request that names no row.
BAD_ITEM_FORMS = ("st-02101", "st-02104", "ed-10002", "whole")
READ_BACK_FAILED = "ed-10002"  # the stock is written, only the answer could not be read back

MESSAGES = {
    "101": "item_code() is invalid format.",
    "104": "quantity() is invalid value",
}


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of one row of a setStock."""

    row: StockRow
    error: str
    quantity: int = 0


class StockCalls:
    """The stock side of one store."""

    def __init__(self, shop: Shop, seller_id: str, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._seller_id = seller_id
        self._knobs = knobs

    # -- setStock ------------------------------------------------------------------------------

    def set_stock(self, call: Call) -> Reply:
        """在庫更新: absolute and relative figures, up to 1000 codes."""
        form = form_fields(call.body)
        if error := self._check_seller(form):
            return refused(error)
        changes = read_changes(form)
        if isinstance(changes, RequestError):
            return refused(changes)
        keys = [(change.code, change.sub_code) for change in changes]
        struck = refused_row(self._shop, call, keys)
        struck_index, fault = (-1, "")
        if struck is not None:
            struck_index, form_name = struck
            fault = form_name or BAD_ITEM_FORMS[0]
        if fault == "whole" or any(self._leaves_range(change) for change in changes):
            return refused(RequestError(400, "st-02104", MESSAGES["104"]))
        outcomes = [
            self._outcome(change, fault if index == struck_index else "")
            for index, change in enumerate(changes)
        ]
        return self._told(outcomes)

    def _leaves_range(self, change: StockRow) -> bool:
        if change.error or not change.is_relative:
            return False
        row = self._shop.shelf.row(change.code, change.sub_code)
        return abs((row.quantity if row else 0) + change.quantity) > QUANTITY_ABS_MAX

    def _outcome(self, change: StockRow, fault: str) -> _Outcome:
        error = change.error or (fault if fault != READ_BACK_FAILED else "")
        if error:
            return _Outcome(change, error)
        row = self._shop.shelf.row(change.code, change.sub_code)
        quantity = self._quantity_after(change, row.quantity if row else 0)
        if quantity is None:
            return _Outcome(change, "st-02104")
        if row is None:
            row = self._shop.shelf.park((change.code, change.sub_code), quantity)
        self._shop.shelf.set_quantity(row, quantity)
        # Left out, the setting of the code is lost: the store-wide one is written over it.
        is_default = change.overdraft is None
        row.overdraft = self._knobs().store_overdraft if is_default else bool(change.overdraft)
        if change.reopens:
            row.closed = False
        return _Outcome(change, fault, quantity)

    def _quantity_after(self, change: StockRow, quantity: int) -> int | None:
        """The resulting figure; None when a fall is refused."""
        if not change.is_relative:
            return change.quantity
        after = quantity + change.quantity
        if change.quantity >= 0 or after >= 0:
            return after
        match self._knobs().below_zero:
            case "negative":
                return after
            case "refuses":
                return None
            case _:
                # Over-purchase may have led below 0 before: a fall never raises.
                return min(quantity, 0)

    def _told(self, outcomes: list[_Outcome]) -> Reply:
        bad = [outcome for outcome in outcomes if outcome.error]
        if bad and len(outcomes) == 1 and bad[0].error != READ_BACK_FAILED:
            return refused(RequestError(400, bad[0].error, MESSAGES[bad[0].error[-3:]]))
        parts = []
        for outcome in outcomes:
            row = outcome.row
            said = (
                leaf("ErrorCode", outcome.error)
                if outcome.error
                else leaf("Quantity", outcome.quantity)
            )
            parts.append(_result(row.code, row.sub_code, said))
        is_read_back = all(outcome.error != READ_BACK_FAILED for outcome in bad)
        status = 200
        if bad:
            status = self._knobs().partial_status if is_read_back else 207
        return _results(parts, ng=len(bad), status=status)

    # -- getStock ------------------------------------------------------------------------------

    def get_stock(self, call: Call) -> Reply:
        """在庫参照: up to 1000 codes."""
        form = form_fields(call.body)
        if error := self._check_seller(form):
            return refused(error)
        rows = read_codes(form, GET_STOCK)
        if isinstance(rows, RequestError):
            return refused(rows)
        if len(rows) == 1 and rows[0].error:
            return refused(RequestError(400, rows[0].error, MESSAGES["101"]))
        parts, ng = [], 0
        for asked in rows:
            row = None if asked.error else self._shop.shelf.row(asked.code, asked.sub_code)
            if row is None or (row.item is None and not self._knobs().parked_is_found):
                ng += 1
                parts.append(_result(asked.code, asked.sub_code, leaf("Status", 0)))
            else:
                parts.append(_result(asked.code, asked.sub_code, _stock(row)))
        return _results(parts, ng=ng, status=200)

    def _check_seller(self, form: dict[str, str]) -> RequestError | None:
        if not form.get("seller_id"):
            return RequestError(400, "px-04001", '"seller_id" is not specified')
        if form["seller_id"] != self._seller_id:
            return RequestError(400, "st-02100", "seller_id() is invalid.")
        return None


def _stock(row: Row) -> str:
    return (
        "<Status>1</Status>"
        f"<Quantity>{row.quantity}</Quantity>"
        f"<AllowOverdraft>{int(row.overdraft)}</AllowOverdraft>"
        f"<IsPublished>{int(row.item is not None)}</IsPublished>"
        f"<StockClose>{int(row.closed)}</StockClose>"
        f"<UpdateTime>{stamp(row.updated)}</UpdateTime>"
    )


def _result(code: str, sub_code: str, said: str) -> str:
    return f"<Result>{leaf('ItemCode', code)}{leaf('SubCode', sub_code)}{said}</Result>"


def _results(parts: list[str], *, ng: int, status: int) -> Reply:
    count = len(parts)
    body = result_set(
        "".join(parts), available=count, returned=count, more=f' ok="{count - ng}" ng="{ng}"'
    )
    return Reply(body, status, TEXT_XML)
