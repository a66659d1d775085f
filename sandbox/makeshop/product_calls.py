"""searchProduct and searchProductQuantity: the catalogue, and what the shop shows of its stock.

Contract: sections 5.1 and 6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.makeshop.catalogue import Catalogue, Variation, system_code, variations_of
from sandbox.makeshop.knobs import Knobs
from sandbox.makeshop.order_search import UNIT_PRICE
from sandbox.makeshop.paging import read_page, read_window, text_stamp
from sandbox.makeshop.replies import GraphError, bad_input
from sandbox.makeshop.request import Input
from sandbox.mall import Call
from sandbox.shelf import Item, Row
from sandbox.shop import Shop

UNLIMITED = -1


class ProductCalls:
    """The reads of one shop's products."""

    def __init__(self, shop: Shop, catalogue: Catalogue, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._catalogue = catalogue
        self._knobs = knobs

    def search(self, call: Call, asked: Input) -> object | GraphError:
        """Answer searchProduct; fewer than `limit` rows may come although there are more."""
        page = read_page(asked, self._knobs().product_page_max)
        updated = read_window(asked, "lastUpdateFrom", "lastUpdateTo")
        if isinstance(page, GraphError):
            return page
        if isinstance(updated, GraphError):
            return updated
        if asked["sortOrder"] not in (None, "", "ASC", "DESC"):
            return bad_input("must be ASC or DESC", "sortOrder")
        found = self._found(asked)
        if asked["lastUpdateFrom"] or asked["lastUpdateTo"]:
            found = [item for item in found if updated[0] <= item.updated < updated[1]]
        if asked["sortOrder"] == "DESC":
            found = found[::-1]
        rows = page.cut(self._shop, call, found)
        return {
            "searchedCount": len(found),
            "page": page.number,
            "limit": page.limit,
            "products": [self._product(item) for item in rows],
        }

    def _found(self, asked: Input) -> Sequence[Item]:
        if code := asked["systemCode"]:
            item = self._catalogue.of_system_code(code)
            is_it = item is not None and asked["customCode"] in (None, "", item.code)
            return [item] if item is not None and is_it else []
        if code := asked["customCode"]:
            item = self._catalogue.of_custom_code(code)
            return [item] if item is not None else []
        return self._catalogue.all()

    def quantities(self, call: Call, asked: Input) -> object | GraphError:
        """Answer searchProductQuantity."""
        page = read_page(asked, self._knobs().product_page_max)
        if isinstance(page, GraphError):
            return page
        codes = asked["systemCodes"]
        found: Sequence[Item] = self._catalogue.all()
        if isinstance(codes, list):
            several = (self._catalogue.of_system_code(code) for code in dict.fromkeys(codes))
            found = [item for item in several if item is not None]
        rows = page.cut(self._shop, call, found)
        return {
            "page": page.number,
            "limit": page.limit,
            "productQuantities": [self._quantity(item) for item in rows],
        }

    def _quantity(self, item: Item) -> dict[str, object]:
        return {
            "systemCode": system_code(item),
            "customCode": item.code,
            "productName": item.name,
            "quantity": self._sum(item),
            "variationQuantities": [
                {
                    "variationQuantity": self._shown(one.row),
                    "variationCustomCode": self._code(item, one),
                }
                for one in variations_of(item)
            ],
        }

    def _product(self, item: Item) -> dict[str, object]:
        variations = variations_of(item)
        jans = {row.jan for row in item.rows.values()}
        return {
            "uid": str(item.number),
            "systemCode": system_code(item),
            "customCode": item.code,
            "janCode": jans.pop() if len(jans) == 1 and not variations else "",
            "productName": item.name,
            "productGroupCode": "",
            "sellPrice": UNIT_PRICE,
            "consumerPrice": UNIT_PRICE,
            "taxRate": 10,
            "quantity": self._sum(item),
            "display": "Y",
            "maker": "",
            "variationShowType": 1 if variations else 0,
            "variations": [
                {
                    "variation1ItemName": one.names[0],
                    "variation2ItemName": one.names[1],
                    "subImageId": "",
                    "productSystemCode": system_code(item),
                    "variationCustomCode": self._code(item, one),
                    "janCode": one.row.jan,
                }
                for one in variations
            ],
            "categories": [{"categoryName": "すべての商品", "categoryCode": "ct1"}],
            "isSellStart": False,
            "isSellEnd": False,
            "sellStartDateTime": "",
            "sellEndDateTime": "",
            "customCreatedAt": "",
            "createdAt": text_stamp(item.created),
            "updatedAt": text_stamp(item.updated),
        }

    def _code(self, item: Item, variation: Variation) -> str:
        return "" if item.code in self._knobs().uncoded_products else variation.row.key[1]

    def _sum(self, item: Item) -> int | None:
        rows = list(item.rows.values())
        unlimited = next((row for row in rows if row.overdraft), None)
        if unlimited is not None:
            return self._shown(unlimited)
        return sum(row.quantity for row in rows)

    def _shown(self, row: Row) -> int | None:
        if not row.overdraft:
            return row.quantity
        return UNLIMITED if self._knobs().unlimited_shows == "minus_one" else None
