"""The mall itself: its one path, whose calls pass, and its own words for every refusal.

    call -> fault of every call -> keys -> pace -> document -> granted? -> fault of the operation
         -> operation, operation ...

Contract: sections 2, 3 and 10.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.faults import REFUSING, FaultKind
from sandbox.makeshop import replies
from sandbox.makeshop.access import Keys
from sandbox.makeshop.catalogue import Catalogue
from sandbox.makeshop.knobs import Knobs
from sandbox.makeshop.order_search import OrderSearch, order_number
from sandbox.makeshop.product_calls import ProductCalls
from sandbox.makeshop.replies import GraphError, done, failed, web_page
from sandbox.makeshop.request import Input, Wanted, read_request, shaped
from sandbox.makeshop.schema import FAMILIES, OUTPUTS
from sandbox.makeshop.stock_calls import BAD_ITEM_FORMS, StockCalls
from sandbox.makeshop.struck import fault_for, struck
from sandbox.mall import Call, ConfigValue, Endpoint, NewCredentials, RefusalKind
from sandbox.pacing import Rate
from sandbox.rules import Key, Rules
from sandbox.shop import Shop

PATH = "/v1/graphql"
BODY_BYTES_MAX = 5_000_000
QUANTITY_MAX = 999_999
# Nothing is published for this API; its forerunner allowed one call a second (?).
PACE = Rate(per_s=1.1, burst=2.0)

_VISIBLE = r"\x21-\x7e\u00a1-\ud7ff\ue000-\ufefe\uff01-\ufffd\U00010000-\U0010ffff"
CODE = re.compile(rf"(?!\s)(?=.*\S\Z)[ \u3000{_VISIBLE}]{{1,100}}")

Done = Callable[[Call, Input], object | GraphError]


class MakeShop:
    """One shop of MakeShop."""

    kind = "makeshop"

    def __init__(self, clock: Clock) -> None:
        rules = Rules(
            fold=_fold,
            order_id=order_number,
            code_pattern=CODE,
            sub_code_pattern=CODE,
            quantity_max=QUANTITY_MAX,
        )
        self.shop = Shop(clock, rules)
        self.knobs: msgspec.Struct = Knobs()
        self._keys = Keys(clock)
        catalogue = Catalogue(self.shop.shelf)
        products = ProductCalls(self.shop, catalogue, self._now)
        stock = StockCalls(self.shop, catalogue, self._now)
        self._operations: Mapping[str, Done] = {
            "searchOrder": OrderSearch(self.shop, catalogue, self._now).search,
            "searchProduct": products.search,
            "searchProductQuantity": products.quantities,
            "updateProductQuantity": stock.update_products,
            "updateVariationQuantity": stock.update_variations,
            "getShop": _get_shop,
        }

    def _now(self) -> Knobs:
        # The side door only ever puts a struct of the same class there.
        assert isinstance(self.knobs, Knobs), "knobs keep their class"
        return self.knobs

    # -- the path ------------------------------------------------------------------------------

    def endpoints(self) -> Sequence[Endpoint]:
        """Return the one path; what the core knows of it holds for every operation."""
        return [Endpoint("POST", PATH, "auth", self._serve, PACE)]

    def _serve(self, call: Call) -> Response:
        if len(call.body) >= BODY_BYTES_MAX:
            return failed(replies.TOO_LARGE)
        wanted = read_request(call.body)
        if isinstance(wanted, GraphError):
            is_plain = wanted is replies.FORBIDDEN
            return failed(wanted, self._now().forbidden_status if is_plain else None)
        if any(one.name in self._now().forbidden for one in wanted):
            return failed(replies.FORBIDDEN, self._now().forbidden_status)
        if not wanted:
            return done({"__typename": "Query"})
        is_write = any(one.name in OUTPUTS["Mutation"] for one in wanted)
        fault = fault_for(self.shop, FAMILIES[wanted[0].name], is_write=is_write)
        if fault is None:
            return self._do(call, wanted)
        kind = fault.wish.kind
        if kind in REFUSING:
            self.shop.faults.spend(fault)
            return self._refuse(kind, fault.wish.form or self.forms()[kind][0])
        return struck(self.shop, fault, call, lambda: self._do(call, wanted))

    def _do(self, call: Call, wanted: list[Wanted]) -> Response:
        data: dict[str, object] = {}
        for one in wanted:
            root = "Mutation" if one.name in OUTPUTS["Mutation"] else "Query"
            found = self._operations[one.name](call, one.input)
            if isinstance(found, GraphError):
                return failed(found)
            kind = OUTPUTS[root][one.name]
            data[one.field.alias] = shaped(one.field.fields, kind, found)
        return done(data)

    def authorise(self, call: Call) -> Response | None:
        """Check the three headers; another path is no matter of keys."""
        if call.endpoint is None:
            return None
        problem = self._keys.problem(call.headers)
        return None if problem is None else failed(problem)

    # -- its words for a refusal ---------------------------------------------------------------

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """Return the forms; the first of each is the default."""
        return {
            "maintenance": ("page", "json", "in_body"),
            "rate_limit": ("json", "page", "in_body"),
            "server_error": ("json", "page", "in_body", "empty"),
            "expired_key": ("token", "forbidden", "page", "in_body"),
            "bad_item": BAD_ITEM_FORMS,
        }

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """Answer a fault or a broken pace; `in_body` is HTTP 200 with errors."""
        del call
        return self._refuse(kind, form)

    def _refuse(self, kind: FaultKind, form: str) -> Response:
        if form == "empty":
            return Response(b"", 200, media_type=replies.JSON)
        error, title = {
            "maintenance": (replies.MAINTENANCE, "メンテナンス中"),
            "rate_limit": (replies.TOO_MANY_CALLS, "Too Many Requests"),
            "server_error": (replies.SYSTEM_ERROR, "Internal Server Error"),
        }.get(kind, (replies.UNAUTHENTICATED, "Unauthorized"))
        if form == "forbidden":
            error = replies.FORBIDDEN
        if form == "page":
            return web_page(error.status, title)
        return failed(error, 200 if form == "in_body" else None)

    def unknown_path(self, call: Call) -> Response:
        """Answer any other URL with a web page."""
        return web_page(405 if call.path == PATH else 404, "Not Found")

    def reply_headers(self, call: Call) -> Mapping[str, str]:
        """Return nothing that every reply has."""
        del call
        return {}

    # -- what zaiko is told --------------------------------------------------------------------

    def urls(self, base_url: str) -> Mapping[str, str]:
        """Return the endpoint as MakeShop mails it."""
        return {"graphql_url": base_url + PATH}

    def config(self) -> Mapping[str, ConfigValue]:
        """What a write does here; on the real mall a probe has to find out."""
        adds = self._now().quantity_calculation == "add"
        return {"quantity_mode": "relative" if adds else "absolute"}

    def credentials(self) -> Mapping[str, str]:
        """Return the working pair."""
        return {"token": self._keys.token, "api_key": self._keys.api_key}

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """Issue a new pair."""
        self._keys.issue(wish)
        return self.credentials()


def open_mall(clock: Clock) -> MakeShop:
    """Open an empty shop."""
    return MakeShop(clock)


def _fold(code: str, sub_code: str) -> Key:
    return code, sub_code


def _get_shop(_call: Call, _asked: Input) -> object:
    shop = {
        "shopName": "zaiko sandbox",
        "shopUrl": "https://shop.invalid/",
        "settingOriginalDomain": "",
        "openCondition": "OPEN",
    }
    return {"shop": shop}
