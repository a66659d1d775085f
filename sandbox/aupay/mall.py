"""The mall itself: which methods there are, whose calls pass, and its words for every refusal.

    call -> IP list -> key -> (the core: pace) -> shopId -> method

Contract: sections 1, 2 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from sandbox.aupay import replies
from sandbox.aupay.access import ApiKey
from sandbox.aupay.catalogue import Catalogue
from sandbox.aupay.item_calls import ItemCalls
from sandbox.aupay.knobs import Knobs
from sandbox.aupay.order_calls import OrderCalls
from sandbox.aupay.replies import failed, web_page
from sandbox.aupay.stock_calls import BAD_ITEM_FORMS, COUNT_MAX, StockCalls
from sandbox.clock import Clock
from sandbox.faults import Family, FaultKind
from sandbox.mall import Call, ConfigValue, Endpoint, Handler, NewCredentials, RefusalKind
from sandbox.pacing import Rate
from sandbox.rules import Key, Rules
from sandbox.shop import Shop

BASE_PATH = "/wmshopapi"
SHOP_ID = "50001234"
ORDER_FIRST = 331_000_000
# Nothing is published; the fastest client seen at work pauses 0.9 s between its calls (?).
PACE = Rate(per_s=1.1, burst=2.0, bucket="shop")
REMEMBERED_S_MIN = 1.0  # former quantities are kept a little longer than they are shown

# At most 256 bytes of anything that XML can carry and that trimming leaves alone.
_VISIBLE = r"\x21-\x7e\u00a1-\ud7ff\ue000-\ufefe\uff01-\ufffd\U00010000-\U0010ffff"
CODE = re.compile(
    rf"(?!\s)(?=.*\S\Z)(?:[\x20-\x7e]{{1,256}}|[ \u3000{_VISIBLE}]{{1,64}})",
)
# A hyphen alone is the mark of an axis that is not there.
SUB_CODE = re.compile(rf"(?!-\Z){CODE.pattern}")

EXPIRED_FORMS = ("expired", "key", "ip", "in_body")


class AuPay:
    """One shop of au PAY Market."""

    kind = "aupay"

    def __init__(self, clock: Clock) -> None:
        rules = Rules(
            fold=_fold,
            order_id=lambda number, _at: str(ORDER_FIRST + number),
            code_pattern=CODE,
            sub_code_pattern=SUB_CODE,
            quantity_max=COUNT_MAX,
        )
        self.shop = Shop(clock, rules)
        self._switches = Knobs()
        self._key = ApiKey(clock)
        catalogue = Catalogue(self.shop.shelf)
        self._orders = OrderCalls(self.shop, SHOP_ID, self._now)
        self._stock = StockCalls(self.shop, catalogue, SHOP_ID, self._now)
        self._items = ItemCalls(self.shop, catalogue, SHOP_ID, self._now)

    def _now(self) -> Knobs:
        return self._switches

    @property
    def knobs(self) -> msgspec.Struct:
        """The switches; turning `stale_s` also says how much of the past must be kept."""
        return self._switches

    @knobs.setter
    def knobs(self, knobs: msgspec.Struct) -> None:
        # The side door only ever puts a struct of the same class there.
        assert isinstance(knobs, Knobs), "knobs keep their class"
        self._switches = knobs
        stale_s = self.shop.clock.sped(knobs.stale_s)
        self.shop.shelf.remembers_s = stale_s + REMEMBERED_S_MIN if stale_s else 0.0

    # -- the methods ---------------------------------------------------------------------------

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every method; the real server takes a doubled slash before the name as well."""
        orders, stock, items = self._orders, self._stock, self._items
        table: list[tuple[str, str, Family, Handler]] = [
            ("GET", "searchTradeInfoListProc", "orders", orders.search_infos),
            ("GET", "searchTradeNoListProc", "orders", orders.search_numbers),
            ("GET", "searchTradeInfoProc", "orders", orders.search_info),
            ("GET", "searchStocks", "stock", stock.search_stocks),
            ("POST", "updateStock", "stock", stock.update_stock),
            ("GET", "searchItemInfos", "items", items.search_item_infos),
            ("GET", "searchItemInfo", "items", items.search_item_info),
        ]
        return [
            Endpoint(
                method,
                f"{BASE_PATH}{slash}{name}",
                family,
                handler,
                PACE,
                writes_stock=method == "POST",
            )
            for method, name, family, handler in table
            for slash in ("/", "//")
        ]

    def authorise(self, call: Call) -> Response | None:
        """Check where the call comes from and its key; the shopId is the methods' matter."""
        if not self._switches.ip_registered:
            return failed(403, replies.BAD_IP)
        problem = self._key.problem(call.headers.get("authorization", ""))
        return None if problem is None else failed(401, problem)

    # -- its words for a refusal ---------------------------------------------------------------

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """Return the forms; the first of each is the default."""
        return {
            "maintenance": ("page", "xml", "in_body"),
            "rate_limit": ("xml", "page", "in_body"),
            "server_error": ("xml", "page", "empty", "in_body"),
            "expired_key": EXPIRED_FORMS,
            "bad_item": BAD_ITEM_FORMS,
        }

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """Answer a fault or a broken pace; `in_body` is HTTP 200 with status 1."""
        del call
        if kind == "expired_key":
            match form:
                case "ip":
                    return failed(403, replies.BAD_IP)
                case "key":
                    return failed(401, replies.BAD_KEY)
                case _:
                    return failed(200 if form == "in_body" else 401, replies.EXPIRED_KEY)
        if form == "empty":
            return Response(b"", 200, media_type=replies.MEDIA_TYPE)
        status, title, error = {
            "maintenance": (503, "メンテナンス中", replies.MAINTENANCE),
            "rate_limit": (429, "Too Many Requests", replies.BUSY),
            "server_error": (500, "Internal Server Error", replies.SYSTEM_ERROR),
        }[kind]
        if form == "page":
            return web_page(status, title)
        return failed(200 if form == "in_body" else status, error)

    def unknown_path(self, call: Call) -> Response:
        """Answer a method that is not there."""
        if call.path.startswith(f"{BASE_PATH}/"):
            return failed(404, replies.NO_METHOD)
        return web_page(404, "Not Found")

    def reply_headers(self, call: Call) -> Mapping[str, str]:
        """Return nothing that every reply has."""
        del call
        return {}

    # -- what zaiko is told --------------------------------------------------------------------

    def urls(self, base_url: str) -> Mapping[str, str]:
        """Return where the methods are."""
        return {"api_url": f"{base_url}{BASE_PATH}/"}

    def config(self) -> Mapping[str, ConfigValue]:
        """Return nothing: the base URL is enough, and reads are live as zaiko expects them."""
        return {}

    def credentials(self) -> Mapping[str, str]:
        """Return the working pair."""
        return {"shop_id": SHOP_ID, "api_key": self._key.text}

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """Issue a new key; the shop keeps its number."""
        self._key.issue(wish)
        return self.credentials()


def open_mall(clock: Clock) -> AuPay:
    """Open an empty shop."""
    return AuPay(clock)


def _fold(code: str, sub_code: str) -> Key:
    return code, sub_code  # the mall keeps the case; whether it ignores it is not known (?)
