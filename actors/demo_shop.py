"""The demo's merchant: what is for sale on five pretend malls, and which page is which SKU.

A small shop as real ones are: single items, variations of one axis and of two, an item sold as two
pages of one mall, codes written in another case, items that are called otherwise on another mall, a
code of digits alone, and a page that is linked to nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

RAKUTEN: Final = "rakuten"
YAHOO: Final = "yahoo"
AMAZON: Final = "amazon"
AUPAY: Final = "aupay"
MAKESHOP: Final = "makeshop"
MALLS: Final = (RAKUTEN, YAHOO, AMAZON, AUPAY, MAKESHOP)


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
    """What is sold, with a number of units for each SKU."""

    code: str
    name: str
    quantities: Mapping[str, int]
    """SKU -> units; of an item without variations the item's own code alone."""
    axes: tuple[str, ...] = ()
    """The axes of its variations; a SKU's last parts, at the hyphens, are their values."""
    elsewhere: Mapping[str, str] = {}
    """Mall -> what the item is called there, where that is not `code`."""


PRODUCTS: Final = (
    Product("tee-white", "Tシャツ 白", {"tee-white": 120}),
    Product("tee-black", "Tシャツ 黒", {"tee-black": 90}),
    Product("tote", "帆布トートバッグ", {"tote": 60}),
    Product("mug", "マグカップ", {"mug": 45}),
    Product("plate", "波佐見焼の皿", {"plate": 30}),
    Product("candle", "和ろうそく", {"candle": 12}),
    Product("0412", "線香 白檀", {"0412": 80}),
    Product("fan", "京扇子", {"fan": 7}),
    Product("towel", "今治タオル", {"towel-s": 70, "towel-m": 50, "towel-l": 25}, ("サイズ",)),
    Product("cap", "帽子", {"cap-bk": 40, "cap-nv": 22, "cap-rd": 9}, ("色",)),
    Product(
        "sock",
        "足袋ソックス",
        {"sock-22": 18, "sock-24": 100, "sock-26": 64, "sock-28": 11},
        ("サイズ",),
        {MAKESHOP: "足袋/ソックス 22-28cm"},
    ),
    # On au PAY a SKU's code is the item's and the choices' joined, so the item must begin it.
    Product("umbrella", "和傘", {"umb-a": 16, "umb-b": 5}, ("柄",), {AUPAY: "umb"}),
    Product(
        "yukata",
        "浴衣",
        {"yukata-bk-m": 20, "yukata-bk-l": 14, "yukata-wh-m": 6},
        ("色", "サイズ"),
    ),
)
COPY: Final = ("mug-gift", "mug")
"""The mug's second page on Yahoo: an item of its own whose variation has the mug's code."""
UNLINKED: Final = ("pouch", "がま口ポーチ", 15)
"""Sold on Yahoo only: its page is linked to no SKU, and nothing happens to it."""
OTHER_CASE: Final = frozenset({(YAHOO, "cap"), (YAHOO, "towel"), (AMAZON, "sock")})
"""Items whose SKUs that mall's pages write in capitals."""


def items_of(mall: str) -> list[dict[str, Any]]:
    """What the mall's side door is filled with."""
    items = [
        _item(mall, product, sku, quantity)
        for product in PRODUCTS
        for sku, quantity in product.quantities.items()
    ]
    if mall == YAHOO:
        code, sub_code = COPY
        mugs = next(p for p in PRODUCTS if p.code == sub_code).quantities[sub_code]
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


def _item(mall: str, product: Product, sku: str, quantity: int) -> dict[str, Any]:
    """One row of a mall's shop, with the codes that this mall has for it."""
    code = product.elsewhere.get(mall, product.code)
    sub_code = sku.upper() if (mall, product.code) in OTHER_CASE else sku
    if not product.axes:
        code, sub_code = sku, ""
    elif mall == AMAZON:
        code, sub_code = sub_code, ""  # every SKU is a listing of its own there
    elif mall == AUPAY:
        sub_code = sub_code.removeprefix(code)
    values = sku.split("-")[-len(product.axes) :]
    return {
        "code": code,
        "sub_code": sub_code,
        "name": product.name,
        "quantity": quantity,
        **({"axes": dict(zip(product.axes, values, strict=True))} if sub_code else {}),
    }


def skus_by_page(rows: Sequence[Mapping[str, Any]]) -> dict[Page, str]:
    """Page -> SKU, as the house has linked them (rows of `stock list`)."""
    return {
        Page.of(listing["mall"], listing["code"], listing["sub_code"]): row["sku"]
        for row in rows
        for listing in row["listings"]
        if listing["linked"]
    }


PAGES_LINKED: Final = sum(len(product.quantities) for product in PRODUCTS) * len(MALLS) + 1
"""Every SKU on every mall, and the mug's second page."""
