"""The rows of a stock write: validation that collects every error, then the change.

Nothing is applied when one row is bad, unless the knob `partial` says that good rows are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.mall import Call, refused_row
from sandbox.rakuten.replies import WireError, decoded, is_integer, is_integers
from sandbox.rules import Key
from sandbox.shelf import ROWS_PER_ITEM_MAX, Row
from sandbox.shop import Shop

ROWS_MAX = 400
QUANTITY_MAX = 99_999
ID_BYTES_MAX = 32
LEAD_TIME_IDS = range(1, 100)  # the delivery times this shop has defined
SHIP_FROM_IDS = range(1, 10)  # its warehouses
BAD_ITEM_FORMS = ("IE0121", "IE0500", "IE0117", "IE0118", "IE0004")

ID_PATTERN = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_FIELDS = frozenset({"manageNumber", "variantId", "mode", "quantity"})
_FIELDS_2_1 = _FIELDS | {"operationLeadTime", "shipFromIds"}


@dataclass(frozen=True, slots=True)
class Write:
    """One good row of a write."""

    index: int
    key: Key
    is_relative: bool
    quantity: int
    lead_time: int | None = None
    back_order_lead_time: int | None = None
    ship_from: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a write's validation found."""

    good: list[Write]
    errors: list[WireError]


def check_id(value: object, path: str) -> WireError | None:
    """Say what is wrong with a manageNumber or a variantId."""
    if value is None:
        return WireError("IE0001", "a mandatory field is missing", path)
    if not isinstance(value, str) or not ID_PATTERN.fullmatch(value):
        return WireError("IE0002", "the value is not recognised", path)
    if len(value) > ID_BYTES_MAX:
        return WireError("IE0004", f"longer than {ID_BYTES_MAX} bytes", path)
    return None


def row_list(body: bytes, rows_max: int) -> list[object] | WireError:
    """Return the `inventories` of a request, or what is wrong with it as a whole."""
    if not body.strip():
        return WireError("GE0011", "the request body is missing")
    request = decoded(body)
    if not isinstance(request, dict):
        return WireError("IE0002", "the request body is not recognised")
    for name in request:
        if name != "inventories":
            return WireError("IE0002", "the field is not recognised", str(name)[:64])
    rows = request.get("inventories")
    if not rows:
        return WireError("IE0001", "a mandatory field is missing", "inventories")
    if not isinstance(rows, list):
        return WireError("IE0002", "the value is not recognised", "inventories")
    if len(rows) > rows_max:
        return WireError("IE1101", f"more than {rows_max} entries", "inventories")
    return rows


def judge(shop: Shop, call: Call, rows: list[object], *, has_lead_time: bool) -> Verdict:
    """Check the rows of a bulk write against their format, each other and the shelf."""
    errors: list[WireError] = []
    writes: list[Write] = []
    seen: set[Key] = set()
    for index, fields in enumerate(rows):
        write = read_row(shop, fields, index, f"inventories[{index}]", has_lead_time=has_lead_time)
        if isinstance(write, list):
            errors += write
        elif write.key in seen:
            errors.append(WireError("IE1102", "the same pair twice", f"inventories[{index}]"))
        else:
            seen.add(write.key)
            writes.append(write)
    refused = refused_row(shop, call, [write.key for write in writes])
    if refused is not None:
        bad = writes.pop(refused.place)
        code = refused.form or BAD_ITEM_FORMS[0]
        errors.append(WireError(code, "the row is refused", f"inventories[{bad.index}]"))
    good: list[Write] = []
    new_rows: Counter[str] = Counter()
    for write in writes:
        path = f"inventories[{write.index}]"
        if error := check_write(shop, write, path, new_rows):
            errors.append(error)
        else:
            good.append(write)
    return Verdict(good, errors)


def read_row(
    shop: Shop, fields: object, index: int, path: str, *, has_lead_time: bool
) -> Write | list[WireError]:
    """Return one row of a write, or everything that is wrong with its format."""
    if not isinstance(fields, dict):
        return [WireError("IE0002", "the value is not recognised", path)]
    prefix = f"{path}." if path else ""
    known = _FIELDS_2_1 if has_lead_time else _FIELDS
    errors = [
        WireError("IE0002", "the field is not recognised", f"{prefix}{str(name)[:64]}")
        for name in fields
        if name not in known
    ]
    ids = ("manageNumber", "variantId")
    errors += [bad for name in ids if (bad := check_id(fields.get(name), f"{prefix}{name}"))]
    mode, quantity = fields.get("mode"), fields.get("quantity")
    if mode is None:
        errors.append(WireError("IE0001", "a mandatory field is missing", f"{prefix}mode"))
    elif mode not in ("ABSOLUTE", "RELATIVE"):
        errors.append(WireError("IE0002", "the value is not recognised", f"{prefix}mode"))
    if error := _check_quantity(mode, quantity, f"{prefix}quantity"):
        errors.append(error)
    errors += _check_lead_time(fields, prefix)
    if errors or not isinstance(quantity, int):
        return errors
    lead_time = fields.get("operationLeadTime") or {}
    return Write(
        index=index,
        key=shop.rules.fold(fields["manageNumber"], fields["variantId"]),
        is_relative=mode == "RELATIVE",
        quantity=quantity,
        lead_time=lead_time.get("normalDeliveryTimeId"),
        back_order_lead_time=lead_time.get("backOrderDeliveryTimeId"),
        ship_from=tuple(fields.get("shipFromIds") or ()),
    )


def check_write(shop: Shop, write: Write, path: str, new_rows: Counter[str]) -> WireError | None:
    """Say why the shelf refuses a well-formed row; counts the rows it would add."""
    row = shop.shelf.row(*write.key)
    if write.is_relative:
        if row is None:
            return WireError("IE0500", "there is no such inventory", path)
        if not 0 <= row.quantity + write.quantity <= QUANTITY_MAX:
            return WireError("IE0117", f"the result leaves 0..{QUANTITY_MAX}", f"{path}.quantity")
        return None
    if row is None:
        code = write.key[0]
        if len(shop.shelf.rows_of(code)) + new_rows[code] >= ROWS_PER_ITEM_MAX:
            return WireError("IE0121", f"more than {ROWS_PER_ITEM_MAX} variants", path)
        new_rows[code] += 1
    return None


def apply(shop: Shop, write: Write, *, has_lead_time: bool) -> None:
    """Change the shelf by one checked row."""
    row = shop.shelf.row(*write.key)
    if row is None:
        # An absolute quantity for a pair without a product is accepted in silence.
        row = shop.shelf.park(write.key, 0)
    base = row.quantity if write.is_relative else 0
    shop.shelf.set_quantity(row, base + write.quantity)
    if has_lead_time:
        # 2.1 replaces the whole row: what is left out is deleted. 2.0 leaves it alone.
        row.lead_time_days = write.lead_time
        _put(row, "back_order_lead_time", write.back_order_lead_time)
        _put(row, "ship_from", write.ship_from or None)


def _put(row: Row, name: str, value: object) -> None:
    row.extra.pop(name, None)
    if value is not None:
        row.extra[name] = value


def _check_quantity(mode: object, quantity: object, path: str) -> WireError | None:
    if quantity is None:
        return WireError("IE0001", "a mandatory field is missing", path)
    if not isinstance(quantity, int) or not is_integer(quantity):
        return WireError("IE0002", "the value is not recognised", path)
    lowest = -QUANTITY_MAX if mode == "RELATIVE" else 0
    if not lowest <= quantity <= QUANTITY_MAX:
        return WireError("IE0003", f"quantity must lie in {lowest}..{QUANTITY_MAX}", path)
    return None


def _check_lead_time(fields: Mapping[str, object], prefix: str) -> list[WireError]:
    errors: list[WireError] = []
    lead_time = fields.get("operationLeadTime")
    if lead_time is not None:
        path = f"{prefix}operationLeadTime"
        names = {"normalDeliveryTimeId", "backOrderDeliveryTimeId"}
        if not isinstance(lead_time, dict) or not (
            set(lead_time) <= names and is_integers(list(lead_time.values()))
        ):
            errors.append(WireError("IE0002", "the value is not recognised", path))
        elif not all(value in LEAD_TIME_IDS for value in lead_time.values()):
            errors.append(WireError("IE0118", "the id is not defined in the shop", path))
    ship_from = fields.get("shipFromIds")
    if ship_from is not None:
        path = f"{prefix}shipFromIds"
        if not isinstance(ship_from, list) or not is_integers(ship_from):
            errors.append(WireError("IE0002", "the value is not recognised", path))
        elif not all(value in SHIP_FROM_IDS for value in ship_from):
            errors.append(WireError("IE0118", "the id is not defined in the shop", path))
    return errors
