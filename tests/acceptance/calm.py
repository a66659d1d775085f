"""What the calm house sells, and what happened to it before zaiko was first started."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Final

from tests.acceptance.house import House

Items = list[dict[str, Any]]

MALLS: Final = ("rakuten", "yahoo")
WHENS: Final = ("before", "after")
"""The poll."""
CHANGES: Final = (
    "shipped", "cut", "raised", "added", "removed", "restocked", "written_off",
)  # fmt: skip
"""What staff or a buyer do to an order."""
UNITS: Final = 20
"""Every listing's quantity, unless said."""
BEFORE_START_S: Final = 30.0
"""How old the orders are that were placed before the first start."""

ANNEX: Final[Mapping[str, Mapping[str, object]]] = {
    "annex": {"on_difference": "repair", "settings_on_push": "mall"}
}


def story(mall: str, when: str, change: str) -> str:
    """The SKU of one order story."""
    return f"{mall}-{when}-{change}".replace("_", "-")


def beside(sku: str) -> str:
    """The SKU of the line that is added to or removed from that story's order."""
    return f"{sku}-too"


def item(code: str, quantity: int = UNITS, **more: object) -> dict[str, Any]:
    """One item as the side door takes it."""
    return {
        "code": code,
        "quantity": quantity,
        "name": f"商品 {code}",
        "jan": "4901234567894",
    } | more


STORIES: Final = [story(*names) for names in product(MALLS, WHENS, CHANGES)]
EVERYWHERE: Final = [
    *STORIES,
    *(beside(sku) for sku in STORIES if sku.endswith(("-added", "-removed"))),
    "early-rakuten", "knot-a", "knot-b", "hand-report", "late-link", "drop-me", "driven",
    "reflected",
]  # fmt: skip
"""SKUs that the base mall and `yahoo` sell under one code."""
WITH_ANNEX: Final = ["hand-repair", "annex-over"]

ITEMS: Final[Mapping[str, Items]] = {
    "rakuten": [
        *map(item, (*EVERYWHERE, *WITH_ANNEX)),
        item("early-yahoo", UNITS - 3),
        item("over", UNITS),
        item("tee", sub_code="tee-red", axes={"色": "赤"}),
        item("tee", sub_code="tee-blue", axes={"色": "青"}),
    ],
    "yahoo": [
        *map(item, (*EVERYWHERE, "early-yahoo", "stray-page")),
        item("over", overdraft=True),
        item("tee", sub_code="tee-red", axes={"色": "赤"}),
        item("tee", sub_code="tee-blue", axes={"色": "青"}),
    ],
    "annex": [item("hand-repair"), item("annex-over", overdraft=True)],
}


@dataclass
class Early:
    """Numbers of the orders that were there before the first start."""

    orders: dict[str, str] = field(default_factory=dict)


def sell_before_start(house: House, early: Early) -> None:
    """Orders the opening totals already lack: 2 units at the base mall, 3 at another."""
    for mall, units in (("rakuten", 2), ("yahoo", 3)):
        early.orders[mall] = house.shops[mall].sell(f"early-{mall}", units, age_s=BEFORE_START_S)
    # The merchant had kept the malls in step by hand: the base mall's 17 are what is left of 20.
    house.opened["early-yahoo"] = UNITS
