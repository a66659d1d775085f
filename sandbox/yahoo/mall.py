"""The mall itself: which paths there are, whose calls pass, and its own words for every refusal.

    call -> bearer -> calls a day -> order calls: key or 12-hour session -> (the core: pace) -> call

Contract: sections 1 to 4.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Callable, Mapping, Sequence

import msgspec
from starlette.responses import Response

from sandbox.clock import Clock
from sandbox.faults import FaultKind
from sandbox.mall import Call, ConfigValue, Endpoint, Handler, NewCredentials, RefusalKind
from sandbox.pacing import Rate
from sandbox.rules import Key, Rules
from sandbox.shop import Shop
from sandbox.yahoo.consent import Consent, ConsentBook
from sandbox.yahoo.item_calls import ItemCalls
from sandbox.yahoo.knobs import Knobs
from sandbox.yahoo.markup import dressed
from sandbox.yahoo.oauth import AUTHORIZATION_PATH, TOKEN_PATH, IdentityProvider, token_error
from sandbox.yahoo.order_calls import OrderCalls
from sandbox.yahoo.public_key import KeyCabinet
from sandbox.yahoo.reply import (
    XML,
    Reply,
    RequestError,
    bearer_refusal,
    forbidden,
    gateway_refusal,
    no_credentials,
    refused,
    web_page,
)
from sandbox.yahoo.stock_calls import BAD_ITEM_FORMS, StockCalls
from sandbox.yahoo.stock_request import QUANTITY_ABS_MAX

BASE_PATH = "/ShoppingWebService/V1"
SELLER_ID = "demo-store"
ORDER_NUMBER_FIRST = 10_000_000
PACE = Rate(per_s=1.0)  # per URL
DAY_S = 86_400.0
CODE = re.compile(r"[A-Za-z0-9-]{1,99}", re.ASCII)

# What the gateway says to a client that may not, by code: HTTP status and message. The messages of
# px-04303, px-04306 and the two of the business ID are invented (?).
GATEWAY_REFUSALS: Mapping[str, tuple[int, str]] = {
    "px-04102": (
        401,
        "AccessToken has been expired. This API session is shorter than another API.",
    ),
    "px-04303": (403, "Use of this API is not approved for the application."),
    "px-04306": (403, "The IP address is not registered."),
    "px-04307": (403, "Use of API is not permitted."),
    "px-14303": (403, "The business ID is not registered for the seller."),
    "px-14304": (403, "The seller is not permitted for this business ID."),
}
# These speak of order calls only; stock and item calls go on.
ORDER_REFUSALS = frozenset({"px-04102", "px-04303", "px-04306"})


class YahooMall:
    """One store of Yahoo! JAPAN Shopping."""

    kind = "yahoo"

    def __init__(self, clock: Clock) -> None:
        rules = Rules(
            fold=_fold,
            order_id=lambda number, _at: f"{SELLER_ID}-{ORDER_NUMBER_FIRST + number}",
            code_pattern=CODE,
            sub_code_pattern=CODE,
            quantity_min=-QUANTITY_ABS_MAX,
            quantity_max=QUANTITY_ABS_MAX,
            overdraft_goes_negative=True,
        )
        self.shop = Shop(clock, rules)
        self.knobs: msgspec.Struct = Knobs()
        self._keys = KeyCabinet()
        self._book = ConsentBook(clock, self._switches)
        client_id = f"dj00aiZpPX{secrets.token_hex(12)}"
        self._identity = IdentityProvider(client_id, self._book, self.shop.faults)
        self._orders = OrderCalls(self.shop, SELLER_ID, self._switches)
        self._stock = StockCalls(self.shop, SELLER_ID, self._switches)
        self._items = ItemCalls(self.shop, SELLER_ID, self._switches)

    def _switches(self) -> Knobs:
        # The side door only ever puts a struct of the same class there.
        assert isinstance(self.knobs, Knobs), "knobs keep their class"
        return self.knobs

    # -- the paths -----------------------------------------------------------------------------

    def endpoints(self) -> Sequence[Endpoint]:
        """The store API and the identity provider, all under one url."""
        orders, stock, items = self._orders, self._stock, self._items
        return (
            self._order_endpoint("POST", "orderList", orders.order_list),
            self._order_endpoint("POST", "orderInfo", orders.order_info),
            self._order_endpoint("GET", "orderCount", orders.order_count),
            self._order_endpoint("POST", "orderStatusChange", orders.order_status_change),
            Endpoint(
                "POST",
                f"{BASE_PATH}/setStock",
                "stock",
                self._served(stock.set_stock),
                PACE,
                writes_stock=True,
            ),
            Endpoint("POST", f"{BASE_PATH}/getStock", "stock", self._served(stock.get_stock), PACE),
            Endpoint(
                "GET", f"{BASE_PATH}/myItemList", "items", self._served(items.my_item_list), PACE
            ),
            Endpoint("GET", f"{BASE_PATH}/getItem", "items", self._served(items.get_item), PACE),
            Endpoint(
                "GET",
                f"{BASE_PATH}/stCategoryList",
                "items",
                self._served(items.category_list),
                PACE,
            ),
            Endpoint("POST", TOKEN_PATH, "auth", self._served(self._identity.token)),
            *(
                Endpoint(
                    method, AUTHORIZATION_PATH, "auth", self._served(self._identity.authorization)
                )
                for method in ("GET", "POST")
            ),
        )

    def _order_endpoint(self, method: str, name: str, act: Callable[[Call], Reply]) -> Endpoint:
        def handler(call: Call) -> Response:
            response = self._response(act(call))
            response.headers["X-SWS-Authorize-Status"] = self._verdict(call)
            return response

        return Endpoint(method, f"{BASE_PATH}/{name}", "orders", handler, PACE)

    def _served(self, act: Callable[[Call], Reply]) -> Handler:
        return lambda call: self._response(act(call))

    def _response(self, reply: Reply) -> Response:
        body = reply.body.encode("utf-8")
        if "xml" in reply.media_type:
            body = dressed(reply.body, self._switches().dressing)
        return Response(body, reply.status, dict(reply.headers), reply.media_type)

    # -- whose calls pass ----------------------------------------------------------------------

    def authorise(self, call: Call) -> Response | None:
        """The bearer, the day's calls, and for order calls the key or the fresh consent."""
        if call.family == "auth":
            return None  # the token endpoint checks the client itself
        consent = self._bearer(call)
        if isinstance(consent, Reply):
            return self._response(consent)
        if self._is_over_quota():
            return self._response(forbidden())
        if call.family != "orders" or self._book.is_in_order_session(consent):
            return None
        verdict = self._verdict(call)
        if verdict == "authorized":
            return None
        response = self._gateway("px-04102")
        response.headers["X-SWS-Authorize-Status"] = verdict
        return response

    def _bearer(self, call: Call) -> Consent | Reply:
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return no_credentials()
        found = self._book.find(token.strip())
        return found if isinstance(found, Consent) else bearer_refusal(401, "invalid_token", found)

    def _verdict(self, call: Call) -> str:
        switches = self._switches()
        if switches.authorize_status:
            return switches.authorize_status
        now, window_s = self.shop.clock.now(), switches.signature_window_s
        return self._keys.verdict(call.headers, SELLER_ID, now, window_s)

    def _is_over_quota(self) -> bool:
        daily = self._switches().calls_per_day
        if not daily:
            return False
        # A bucket that fills in a day; the speed shortens the day.
        rate = Rate(per_s=daily / DAY_S, burst=float(daily))
        return self.shop.buckets.take("calls a day", rate) > 0

    # -- its words for a refusal ---------------------------------------------------------------

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """How each answer may look; the first of rate_limit is also the answer to a broken pace."""
        pace = self._switches().pace_answer
        others = [form for form in ("403", "429", "503") if form != pace]
        return {
            "maintenance": ("ed-00002", "html"),
            "rate_limit": (pace, *others),
            "server_error": ("ed-00001", "st-02999", "od91001", "ed-00006", "html", "empty"),
            "expired_key": ("token", "access_token", "insufficient_scope", *GATEWAY_REFUSALS),
            "bad_item": BAD_ITEM_FORMS,
        }

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """The mall's answer to a call that an injected fault or the pace refuses."""
        if kind == "expired_key":
            return self._refuse_key(form, call)
        if kind == "rate_limit":
            return self._refuse_pace(form, call)
        if call.path == TOKEN_PATH and form != "html":
            status = 503 if kind == "maintenance" else 500
            return self._response(token_error(status, "server_error", "try again later."))
        if form == "html":
            page = web_page(503, "メンテナンス中") if kind == "maintenance" else _BAD_GATEWAY
            return self._response(page)
        return self._response(_broken(form))

    def _refuse_pace(self, form: str, call: Call) -> Response:
        if form == "429":
            wait_s = max(1, math.ceil(call.retry_s))
            return self._response(Reply("", 429, XML, {"Retry-After": str(wait_s)}))
        return self._response(forbidden() if form == "403" else web_page(503, "Busy"))

    def _refuse_key(self, form: str, call: Call) -> Response:
        if call.family == "auth":
            is_refresh = call.path == TOKEN_PATH and not self._identity.is_redemption(call)
            if form == "token" and is_refresh:
                error = token_error(400, "invalid_grant", "refresh token is expired.")
                return self._response(error)
            return self._passed(call)
        if form in ("token", "access_token"):
            return self._response(bearer_refusal(401, "invalid_token", "expired token"))
        if form == "insufficient_scope":
            return self._response(bearer_refusal(403, form, "insufficient scope"))
        if form in ORDER_REFUSALS and call.family != "orders":
            return self._passed(call)
        return self._gateway(form)

    def _passed(self, call: Call) -> Response:
        """The call as if nothing were wrong: this refusal does not speak of it."""
        assert call.endpoint is not None, "faults strike known paths only"
        return self.authorise(call) or call.endpoint.handler(call)

    def _gateway(self, code: str) -> Response:
        status, message = GATEWAY_REFUSALS[code]
        return self._response(gateway_refusal(status, code, message))

    def unknown_path(self, call: Call) -> Response:
        """No such URL."""
        return self._response(gateway_refusal(404, "px-04400", f"No such API : {call.path}"))

    def reply_headers(self, _call: Call) -> Mapping[str, str]:
        """Nothing that every reply has; what order calls add, they add themselves."""
        return {}

    # -- what zaiko is told --------------------------------------------------------------------

    def urls(self, base_url: str) -> Mapping[str, str]:
        """The identity provider, which the real mall has on another host."""
        return {
            "authorization_url": base_url + AUTHORIZATION_PATH,
            "token_url": base_url + TOKEN_PATH,
        }

    def config(self) -> Mapping[str, ConfigValue]:
        """What a relative fall below 0 does here; on the real mall that is not known."""
        return {"below_zero": self._switches().below_zero}

    def credentials(self) -> Mapping[str, str]:
        """The working set; the consent behind it is as old as the sandbox."""
        key = self._keys.newest
        return {
            "seller_id": SELLER_ID,
            "client_id": self._identity.client_id,
            "client_secret": self._book.client_secret,
            "refresh_token": self._book.consent.refresh_token,
            "public_key": key.public_pem,
            "public_key_version": str(key.version),
        }

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """A new secret, consent and key; store and app keep their names."""
        self._book.start_over(wish)
        self._keys.issue()
        return self.credentials()


_BAD_GATEWAY = web_page(502, "Bad Gateway")


def open_mall(clock: Clock) -> YahooMall:
    """An empty store."""
    return YahooMall(clock)


def _fold(code: str, sub_code: str) -> Key:
    # Whether the real mall ignores case here is not known (?): the stricter reading.
    return code, sub_code


def _broken(form: str) -> Reply:
    """A mall that is down, in the form asked for."""
    match form:
        case "ed-00002":
            return refused(RequestError(503, form, "システムメンテナンス中です。"))
        case "ed-00006":
            return refused(RequestError(400, form, "反映処理中のため、更新できません。"))
        case "st-02999" | "od91001" | "ed-00001":
            return refused(RequestError(500, form, "System Error"))
        case _:
            return Reply("", 200, XML)
