"""The pretend Rakuten behind the core's seam: paths, key check, refusals, headers."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence

import msgspec
from starlette.responses import Response

from sandbox.clock import Clock, jst
from sandbox.faults import FaultKind
from sandbox.mall import Call, ConfigValue, Endpoint, NewCredentials, RefusalKind
from sandbox.rakuten.inventory_api import InventoryApi
from sandbox.rakuten.item_api import ItemApi
from sandbox.rakuten.knobs import Knobs
from sandbox.rakuten.licence import Licence, header_pair
from sandbox.rakuten.order_api import OrderApi
from sandbox.rakuten.order_model import SINGLE_VARIANT
from sandbox.rakuten.replies import WireError, errors, html, results
from sandbox.rakuten.stamps import header_stamp
from sandbox.rakuten.upsert import BAD_ITEM_FORMS, ID_BYTES_MAX, ID_PATTERN, QUANTITY_MAX
from sandbox.rules import Key, Rules
from sandbox.shop import Shop

SHOP_NUMBER = 402_117
LICENCE_PATH = "/es/1.0/license-management/license-key/expiry-date"

_ID = re.compile(rf"(?=.{{1,{ID_BYTES_MAX}}}\Z){ID_PATTERN.pattern}", re.ASCII)
_API_PATH = re.compile(r"/es/2\.[01]/(inventories|items)(/.*)?")


def fold(code: str, sub_code: str) -> Key:
    """Fold a pair as the server does: manageNumber has no case, single items no sub_code."""
    return code.lower(), "" if sub_code == SINGLE_VARIANT else sub_code


def order_number(number: int, placed_at: float) -> str:
    """Return `{shop}-{yyyymmdd}-{10 digits}`."""
    return f"{SHOP_NUMBER}-{jst(placed_at):%Y%m%d}-{number:010d}"


RULES = Rules(
    fold=fold,
    order_id=order_number,
    code_pattern=_ID,
    sub_code_pattern=_ID,
    quantity_min=0,
    quantity_max=QUANTITY_MAX,
    overdraft_goes_negative=False,
    cancel_is_final=False,
)


class Rakuten:
    """One shop on Rakuten Ichiba."""

    kind = "rakuten"

    def __init__(self, clock: Clock) -> None:
        self.shop = Shop(clock, RULES)
        self.knobs: msgspec.Struct = Knobs()
        self._licence = Licence(clock)

    def _knobs(self) -> Knobs:
        knobs = self.knobs
        return knobs if isinstance(knobs, Knobs) else Knobs()

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every path it serves."""
        return [
            *OrderApi(self.shop, self._knobs).endpoints(),
            *InventoryApi(self.shop, self._knobs).endpoints(),
            *ItemApi(self.shop, self._knobs).endpoints(),
            Endpoint("GET", LICENCE_PATH, "auth", self._licence.look_up, trailing_slash=True),
        ]

    def authorise(self, call: Call) -> Response | None:
        """Check the key pair: 400 for what is no key, 401 for one that does not work."""
        pair = header_pair(call.headers.get("authorization"))
        if pair is None:
            return self._not_a_key()
        return None if self._licence.accepts(pair) else self._unauthorised()

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """Answer a fault in one of the forms its contract knows."""
        match kind, form:
            case "maintenance", "json":
                return errors(503, WireError("X0000", "Service Unavailable"))
            case "maintenance", "read_only":
                return errors(400, WireError("GE0017", "read only"))
            case "maintenance", _:
                return html(503, "Service Unavailable")
            case "rate_limit", _:
                response = html(429, "Too Many Requests") if form == "html" else Response(b"", 429)
                if self._knobs().retry_after:
                    response.headers["Retry-After"] = str(max(1, round(call.retry_s)))
                return response
            case "server_error", "shop_status":
                return errors(500, WireError("GE0019", "shop status look-up failed"))
            case "server_error", "conflict":
                return errors(409, WireError("CE0001", "conflicting update"))
            case "server_error", "html":
                return html(502, "Bad Gateway")
            case "server_error", _:
                return errors(500, WireError("X0000", "unexpected error"))
            case _, "not_a_key":
                return self._not_a_key()
            case _:
                return self._unauthorised()

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """Return the forms; the first of each is the default."""
        return {
            "maintenance": ("page", "json", "read_only"),
            "rate_limit": ("empty", "html"),
            "server_error": ("unexpected", "shop_status", "conflict", "html"),
            "expired_key": ("unauthorised", "not_a_key"),
            "bad_item": BAD_ITEM_FORMS,
        }

    def unknown_path(self, call: Call) -> Response:
        """Answer inside the API with its own code, elsewhere as the gateway."""
        if _API_PATH.fullmatch(call.path):
            return errors(400, WireError("GE0007", "the path is unknown"))
        return html(404, "Not Found")

    def reply_headers(self, call: Call) -> Mapping[str, str]:
        """Return what the gateway adds to every reply."""
        return {
            "RequestId": str(uuid.uuid4()),
            "Timestamp": header_stamp(self.shop.clock.now()),
            "Server": "openresty",
            "http.method": call.method,
            "http.version": "1.1",
            "Cache-Control": "no-cache,no-store",
        }

    def urls(self, base_url: str) -> Mapping[str, str]:
        """Return nothing: there is one host."""
        del base_url
        return {}

    def config(self) -> Mapping[str, ConfigValue]:
        """Return nothing: the base URL is enough."""
        return {}

    def credentials(self) -> Mapping[str, str]:
        """Return the working key pair."""
        return {
            "service_secret": self._licence.service_secret,
            "license_key": self._licence.license_key,
        }

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """Issue a new licence key."""
        self._licence.issue(wish)
        return self.credentials()

    def _unauthorised(self) -> Response:
        if self._knobs().gateway == "legacy":
            return results(401, "ES01-01", "Un-Authorised")
        return errors(401, WireError("GA0001", "Un-Authorised"))

    def _not_a_key(self) -> Response:
        if self._knobs().gateway == "legacy":
            return results(400, "ES04-01", "Bad Request")
        return errors(400, WireError("GK0001", "Bad Request"))


def open_mall(clock: Clock) -> Rakuten:
    """Open an empty shop."""
    return Rakuten(clock)
