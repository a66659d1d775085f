"""The demo's merchant: what is for sale on both pretend malls, and which page is which SKU.

Twenty SKUs, as real shops have them: single items, variations, an item sold as two pages of one
mall, codes written in another case on the other mall, and a page that is linked to nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

RAKUTEN: Final = "rakuten"
YAHOO: Final = "yahoo"
MALLS: Final = (RAKUTEN, YAHOO)


class Page(NamedTuple):
    """One listing of one mall, case aside."""

    mall: str
    code: str
    sub_code: str

    @classmethod
    def of(cls, mall: str, code: str, sub_code: str) -> "Page":
        """However the mall writes its codes."""
        return cls(mall, code.casefold(), sub_code.casefold())


class Product(NamedTuple):
    """What is sold, with a number of units for each variation."""

    code: str
    name: str
    quantities: Mapping[str, int]
    """Variation's code -> units; "" alone for an item without variations."""


PRODUCTS: Final = (
    Product("tee-white", "Tシャツ 白", {"": 120}),
    Product("tee-black", "Tシャツ 黒", {"": 90}),
    Product("tote", "帆布トートバッグ", {"": 60}),
    Product("mug", "マグカップ", {"": 45}),
    Product("plate", "波佐見焼の皿", {"": 30}),
    Product("candle", "和ろうそく", {"": 12}),
    Product("incense", "線香 白檀", {"": 80}),
    Product("fan", "京扇子", {"": 7}),
    Product("towel", "今治タオル", {"towel-s": 70, "towel-m": 50, "towel-l": 25}),
    Product("cap", "帽子", {"cap-bk": 40, "cap-nv": 22, "cap-rd": 9}),
    Product("sock", "足袋ソックス", {"sock-22": 18, "sock-24": 100, "sock-26": 64, "sock-28": 11}),
    Product("umbrella", "和傘", {"umb-a": 16, "umb-b": 5}),
)
COPY: Final = ("mug-gift", "mug")
"""The mug's second page on Yahoo: an item of its own whose variation has the mug's code."""
UNLINKED: Final = ("pouch", "がま口ポーチ", 15)
"""Sold on Yahoo only: its page is linked to no SKU, and nothing happens to it."""
OTHER_CASE: Final = frozenset({"cap", "towel"})
"""Variations that Yahoo's pages write in capitals."""


def items_of(mall: str) -> list[dict[str, Any]]:
    """What the mall's side door is filled with."""
    items = [
        {
            "code": product.code,
            "sub_code": _written(mall, product.code, sub_code),
            "name": product.name,
            "quantity": quantity,
            **({"axes": {"種類": sub_code}} if sub_code else {}),
        }
        for product in PRODUCTS
        for sub_code, quantity in product.quantities.items()
    ]
    if mall == YAHOO:
        code, sub_code = COPY
        mugs = next(p for p in PRODUCTS if p.code == sub_code).quantities[""]
        items.append(
            {
                "code": code,
                "sub_code": sub_code,
                "name": "マグカップ(ギフト包装)",
                "quantity": mugs,
                "axes": {"種類": "ギフト"},
            }
        )
        code, name, quantity = UNLINKED
        items.append({"code": code, "sub_code": "", "name": name, "quantity": quantity})
    return items


def _written(mall: str, code: str, sub_code: str) -> str:
    return sub_code.upper() if mall == YAHOO and code in OTHER_CASE else sub_code


def skus_by_page(rows: Sequence[Mapping[str, Any]]) -> dict[Page, str]:
    """Page -> SKU, as the house has linked them (rows of `stock list`)."""
    return {
        Page.of(listing["mall"], listing["code"], listing["sub_code"]): row["sku"]
        for row in rows
        for listing in row["listings"]
        if listing["linked"]
    }


PAGES_LINKED: Final = sum(len(product.quantities) for product in PRODUCTS) * len(MALLS) + 1
"""Every SKU on both malls, and the mug's second page."""
