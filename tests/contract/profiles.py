"""What the suite must know of each mall to drive its sandbox: data, and nothing that decides.

A page's size is a constant of the connector; the tests make it small so that a few rows are many
pages. A write is known by its request, because faults are put in its way the moment it leaves.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

ODD_CODES: Final = (
    "with space",
    "with/slash",
    "plus+sign",
    "percent%2Fsign",
    "a&b=c?d#e",
    "quote\"'<x>",
    "comma,inside",
    "ＦＵＬＬ幅",
    "半角ｶﾅ-№①",
    "emoji-\U0001f375",
    "Case",
    "case",
)
"""Codes a merchant may have where the mall takes anything that can be seen."""


class Profile(NamedTuple):
    """One mall."""

    is_write: Callable[[str, str, bytes], bool]
    """(method, path, body) -> whether it is the request that writes stock."""
    order_page: Mapping[str, int]
    """Where the connector's size of an order page stands, and a small one."""
    item_page: Mapping[str, int]
    """The same of a catalogue page."""
    knobs: Mapping[str, Any] = {}
    """How its sandbox is set."""
    settings: str = ""
    """Lines of its table in the settings, beside those its sandbox gives."""
    stock_read: str = "stock"
    """Which of the sandbox's endpoints its stock read asks."""
    item_read: str = "items"
    """Which of them its catalogue call asks."""
    tells_edits: bool = False
    """Whether an edit leaves a sign in the order: elsewhere its quantities are just others."""
    unlimited: Mapping[str, Any] = {}
    """What makes a listing at the side door one that the mall keeps no number for."""
    registered: Mapping[str, Any] = {}
    """Side settings that ride along with a push."""
    guarded: str = ""
    """Settings under which an absolute write is guarded, if not always."""
    anchored: str = ""
    """Settings under which an absolute write is anchored, if not always."""
    guarded_knobs: Mapping[str, Any] = {}
    """How the sandbox is set for them."""
    told_wait: Mapping[str, Any] = {}
    """The fault rate_limit in the form that tells how long to wait, and the knobs for it."""
    told_wait_knobs: Mapping[str, Any] = {}
    short_walk: Mapping[str, str] = {}
    """A constant of the connector that makes an import of a few listings shorter."""
    rotating: Mapping[str, Any] = {}
    """Knobs under which a token changes as it is used."""
    needs_import: bool = True
    """Whether a listing's handle comes from an import."""


PROFILES: Final[Mapping[str, Profile]] = {
    "rakuten": Profile(
        is_write=lambda _method, path, _body: path.endswith("/bulk-upsert"),
        order_page={"malls.rakuten.card.ORDER_ROWS_MAX": 3, "malls.rakuten.orders.WINDOW_FILL": 2},
        item_page={"malls.rakuten.catalogue.HITS_MAX": 3},
        settings='shop_url = "tea"\n',
        told_wait_knobs={"retry_after": True},
        tells_edits=True,
    ),
    "yahoo": Profile(
        is_write=lambda _method, path, _body: path.endswith("/setStock"),
        order_page={"malls.yahoo.orders.PAGE_MAX": 3},
        item_page={"malls.yahoo.catalogue.PAGE_ITEMS": 2},
        settings='import_details = "all"\n',
        registered={"overdraft": True},
        told_wait={"form": "429"},
        short_walk={"malls.yahoo.catalogue.PREFIXES": "0MTegmnpst"},
        rotating={"rotates_refresh_token": True},
        tells_edits=True,
        needs_import=False,
    ),
    "amazon": Profile(
        is_write=lambda method, path, _body: method == "PATCH" and "/items/" in path,
        order_page={"malls.amazon.card.ORDERS_PAGE_MAX": 3},
        item_page={"malls.amazon.card.LISTINGS_PAGE_MAX": 3},
        # Its lags have tests of their own: here what was placed or written shows at once.
        knobs={"lag_s": 0, "live_s": 0, "stale_s": 0},
        stock_read="items",
        unlimited={"fba": True},
        registered={"lead_time_days": 6, "restock_date": "2099-01-31"},
        needs_import=False,
    ),
    "aupay": Profile(
        is_write=lambda _method, path, _body: path.endswith("/updateStock"),
        order_page={"malls.aupay.orders.ORDER_PAGE_MAX": 3},
        item_page={"malls.aupay.catalogue.PAGE_ITEMS": 3},
        item_read="stock",
        anchored='reads = "stale"\n',
    ),
    "makeshop": Profile(
        is_write=lambda _method, _path, body: b"mutation " in body,
        order_page={"malls.makeshop.orders.PAGE_MAX": 3},
        item_page={"malls.makeshop.catalogue.PAGE_MAX": 3},
        unlimited={"overdraft": True},
        guarded='quantity_mode = "absolute"\n',
        guarded_knobs={"quantity_calculation": "overwrite"},
    ),
}
