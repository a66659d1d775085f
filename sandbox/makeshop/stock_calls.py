"""updateProductQuantity and updateVariationQuantity: rows that are written one by one.

A row that cannot be written is told in `failResult`; the others are written. What
quantityCalculationType means on the real mall is not public: here it is a knob. Contract: sections
5.2 to 5.4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.makeshop.catalogue import Catalogue, Variation, system_code, variations_of
from sandbox.makeshop.knobs import Knobs
from sandbox.makeshop.product_calls import UNLIMITED
from sandbox.makeshop.replies import WHOLE_REFUSED, GraphError, bad_input
from sandbox.makeshop.request import Input
from sandbox.mall import Call, refused_row
from sandbox.rules import Key
from sandbox.shelf import Item, Row
from sandbox.shop import Shop

BY_SYSTEM_CODE, BY_CUSTOM_CODE = 0, 1  # productKeyType
BY_IDS, BY_VARIATION_CODE = 0, 1  # variationKeyType

NO_PRODUCT = "該当する商品が存在しません"
NO_VARIATION = "該当するバリエーションが存在しません"
HAS_VARIATIONS = "バリエーションのある商品です"
HAS_NO_VARIATIONS = "バリエーションのない商品です"
BAD_QUANTITY = "在庫数が不正です"
BAD_KEY_TYPE = "キー区分が不正です"

# How the fault `bad_item` shows: as a row's message, or as errors that name no row.
BAD_ITEM_FORMS = ("missing", "quantity", "whole")
_MESSAGES = {"missing": NO_PRODUCT, "quantity": BAD_QUANTITY}


@dataclass(frozen=True, slots=True)
class _Row:
    """One quantity to be written, and everything that names it."""

    product: Input
    detail: Input | None  # None: a plain product
    item: Item | None
    key: Key

    def told(self, message: str) -> dict[str, object]:
        """As `failResult` tells it."""
        item = self.item
        said = {
            "systemCode": self.product["systemCode"] or (system_code(item) if item else None),
            "customCode": self.product["customCode"] or (item.code if item else None),
            "message": message,
        }
        if self.detail is None:
            return said
        names = ("variation1ItemId", "variation2ItemId", "variationCustomCode")
        return {**said, **{name: self.detail[name] for name in names}}


class StockCalls:
    """The writes of one shop."""

    def __init__(self, shop: Shop, catalogue: Catalogue, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self._knobs = knobs

    def update_products(self, call: Call, asked: Input) -> object | GraphError:
        """Answer updateProductQuantity."""
        rows = []
        for product in _inputs(asked["productQuantities"]):
            item = self._item(product)
            code = item.code if item is not None else str(product["customCode"] or "")
            rows.append(_Row(product, None, item, (code, "")))
        return self._write(call, rows, "productQuantities")

    def update_variations(self, call: Call, asked: Input) -> object | GraphError:
        """Answer updateVariationQuantity."""
        rows: list[_Row] = []
        for product in _inputs(asked["variationQuantities"]):
            item = self._item(product)
            code = item.code if item is not None else str(product["customCode"] or "")
            found = variations_of(item) if item is not None else []
            rows += [
                _Row(product, detail, item, (code, _sub_code(detail, found)))
                for detail in _inputs(product["variationQuantityDetails"])
            ]
        return self._write(call, rows, "variationQuantities")

    def _item(self, product: Input) -> Item | None:
        match product["productKeyType"]:
            case 0:
                return self._catalogue.of_system_code(product["systemCode"])
            case 1:
                return self._catalogue.of_custom_code(product["customCode"])
            case _:
                return None

    def _write(self, call: Call, rows: list[_Row], name: str) -> object | GraphError:
        knobs = self._knobs()
        if not 1 <= len(rows) <= knobs.rows_max:
            return bad_input(f"must have 1 to {knobs.rows_max} rows", name)
        struck = refused_row(self._shop, call, [row.key for row in rows])
        form = (struck.form or BAD_ITEM_FORMS[0]) if struck is not None else ""
        if form == "whole":
            return WHOLE_REFUSED
        failures: list[dict[str, object]] = []
        for place, row in enumerate(rows):
            if struck is not None and place == struck.place:
                failures.append(row.told(_MESSAGES[form]))
            elif message := self._apply(row):
                failures.append(row.told(message))
        return {"failResult": failures or ([] if knobs.nothing_failed == "list" else None)}

    def _apply(self, row: _Row) -> str:
        """Write one row; the reason when it cannot be."""
        if row.product["productKeyType"] not in (BY_SYSTEM_CODE, BY_CUSTOM_CODE):
            return BAD_KEY_TYPE
        if row.item is None:
            return NO_PRODUCT
        is_plain = "" in row.item.rows
        if (row.detail is None) != is_plain:
            return HAS_NO_VARIATIONS if is_plain else HAS_VARIATIONS
        said = row.product if row.detail is None else row.detail
        if row.detail is not None and said["variationKeyType"] not in (BY_IDS, BY_VARIATION_CODE):
            return BAD_KEY_TYPE
        held = row.item.rows.get(row.key[1])
        if held is None:
            return NO_VARIATION
        kind, quantity = said["quantityCalculationType"], said["quantity"]
        if kind not in (0, 1) or not isinstance(quantity, int):
            return BAD_QUANTITY
        if (self._knobs().quantity_calculation == "add") == (kind == 1):
            return self._add(held, quantity)
        return self._overwrite(held, quantity)

    def _add(self, row: Row, difference: int) -> str:
        if row.overdraft:
            return ""  # without a limit there is nothing to add to
        after = row.quantity + difference
        if after < 0 and self._knobs().below_zero == "clamps":
            after = 0
        if self._shop.shelf.check_quantity(after) is not None:
            return BAD_QUANTITY
        self._shop.shelf.set_quantity(row, after)
        return ""

    def _overwrite(self, row: Row, quantity: int) -> str:
        if quantity == UNLIMITED and self._knobs().quantity_calculation == "overwrite":
            row.overdraft = True
            return ""
        if self._shop.shelf.check_quantity(quantity) is not None:
            return BAD_QUANTITY
        row.overdraft = False
        self._shop.shelf.set_quantity(row, quantity)
        return ""


def _inputs(value: object) -> list[Input]:
    """A list of inputs whose types were checked before."""
    assert isinstance(value, list), "the schema asks for a list"
    return value


def _sub_code(detail: Input, found: list[Variation]) -> str:
    """The sub_code that a detail names; "" is never one of a product with variations."""
    if detail["variationKeyType"] == BY_VARIATION_CODE:
        return str(detail["variationCustomCode"] or "").strip()
    ids = (detail["variation1ItemId"], detail["variation2ItemId"])
    return next((one.row.key[1] for one in found if one.ids == ids), "")
