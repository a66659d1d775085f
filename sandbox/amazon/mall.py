"""The pretend Amazon.co.jp behind the core's seam: paths, tokens, refusals, headers.

    call -> token (403 by its state) -> (the core: rate) -> handler -> rate header on 20x, 400, 404

Contract: sections 1, 9 and 11.
"""

from __future__ import annotations

import re
import secrets
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace

import msgspec
from starlette.responses import Response

from sandbox.amazon.answers import (
    INCIDENT,
    MARKETPLACE_ID,
    SECRET_EXPIRED,
    TOKEN_EXPIRED,
    TOKEN_MISSING,
    TOKEN_REVOKED,
    denied,
    json_reply,
    over_quota,
    page,
    refused,
    storage_refused,
)
from sandbox.amazon.catalogue import sku_of
from sandbox.amazon.documents import DOWNLOADS, UPLOADS, Documents
from sandbox.amazon.feed_work import FeedWork
from sandbox.amazon.feeds import Feeds
from sandbox.amazon.going_live import GoingLive
from sandbox.amazon.knobs import Knobs
from sandbox.amazon.listings import BAD_ITEM_FORMS, SKU_LENGTH_MAX, Listings, Merchant
from sandbox.amazon.lwa import NOT_GRANTED, TOKEN_PATH, Login, login_error
from sandbox.amazon.order_index import OrderIndex
from sandbox.amazon.orders_2026 import Orders2026
from sandbox.amazon.orders_v0 import OrdersV0
from sandbox.amazon.reports import Reports
from sandbox.amazon.submission import QUANTITY_MAX
from sandbox.clock import Clock
from sandbox.faults import FaultKind
from sandbox.mall import Call, ConfigValue, Endpoint, Handler, NewCredentials, RefusalKind
from sandbox.pacing import Rate
from sandbox.rules import Key, Rules
from sandbox.shop import Shop

PARTICIPATIONS_PATH = "/sellers/v1/marketplaceParticipations"
TOLD = frozenset({200, 201, 202, 204, 400, 404})  # answers that tell the rate
REMEMBERED_S_MIN = 1.0

# Visible on both ends: a code of blanks, or with a tab in it, could not be told from another.
_SKU = re.compile(rf"(?!\s)[^\x00-\x1f\x7f]{{1,{SKU_LENGTH_MAX}}}(?<!\s)")
# expired_key, by form: what an API call is told, and what the token endpoint answers (or None).
_KEYS: Mapping[str, tuple[str | None, tuple[int, str, str] | None]] = {
    "invalid_grant": (TOKEN_REVOKED, (400, "invalid_grant", NOT_GRANTED)),
    "invalid_client": (
        TOKEN_EXPIRED,
        (401, "invalid_client", "Client authentication failed"),
    ),
    "secret_expired": (SECRET_EXPIRED, None),
    "access_token": (TOKEN_EXPIRED, None),
    "revoked_token": (TOKEN_REVOKED, None),
    "missing_role": ("", None),
    "incident": (INCIDENT, None),
}


def _order_id(number: int, _at: float) -> str:
    # 3-7-7 digits; the middle part is scattered, so that ids do not look like a sequence.
    return f"250-{number * 7_919_317 % 10_000_000:07d}-{number:07d}"


def _fold(code: str, sub_code: str) -> Key:
    return code, sub_code  # case-sensitive (?)


class Amazon:
    """One merchant on Amazon.co.jp."""

    kind = "amazon"

    def __init__(self, clock: Clock) -> None:
        rules = Rules(
            fold=_fold,
            order_id=_order_id,
            code_pattern=_SKU,
            sub_code_pattern=_SKU,
            name=sku_of,
            quantity_max=QUANTITY_MAX,
        )
        self.shop = Shop(clock, rules)
        self._merchant = Merchant(f"A{secrets.token_hex(6).upper()}")
        self._login = Login(clock)
        self._switches = Knobs()
        self.knobs = self._switches
        index = OrderIndex(self.shop, self._now)
        live = GoingLive(self.shop, self._now)
        work = FeedWork(self.shop, self._merchant.seller_id, live, self._now)
        uploads = Documents(clock, UPLOADS, "amzn1.tortuga.4")
        downloads = Documents(clock, DOWNLOADS, "amzn1.spdoc.1.4")
        self._documents = (uploads, downloads)
        self._parts = (
            Orders2026(self.shop, index, self._now),
            OrdersV0(self.shop, index, self._now),
            Listings(self.shop, self._merchant, live, self._now),
            Feeds(self.shop, uploads, work, self._now),
            Reports(self.shop, downloads, self._now),
        )

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

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every path it serves."""
        table = [endpoint for part in self._parts for endpoint in part.endpoints()]
        probe = Rate(0.016, 15)
        table += [
            Endpoint("GET", PARTICIPATIONS_PATH, "auth", self._participations, probe),
            Endpoint("POST", TOKEN_PATH, "auth", self._login.token),
        ]
        return [replace(endpoint, handler=self._telling_rate(endpoint)) for endpoint in table]

    def _telling_rate(self, endpoint: Endpoint) -> Handler:
        if endpoint.rate is None:
            return endpoint.handler
        limit = f"{endpoint.rate.per_s * self.shop.clock.speed:.4f}".rstrip("0")
        limit += "0" if limit.endswith(".") else ""

        def handler(call: Call) -> Response:
            response = endpoint.handler(call)
            if response.status_code in TOLD:
                response.headers["x-amzn-RateLimit-Limit"] = limit
            return response

        return handler

    def _participations(self, _call: Call) -> Response:
        marketplace = {
            "id": MARKETPLACE_ID,
            "name": "Amazon.co.jp",
            "countryCode": "JP",
            "defaultCurrencyCode": "JPY",
            "defaultLanguageCode": "ja_JP",
            "domainName": "www.amazon.co.jp",
        }
        entry = {
            "marketplace": marketplace,
            "participation": {"isParticipating": True, "hasSuspendedListings": False},
            "storeName": "zaiko sandbox",
        }
        return json_reply({"payload": [entry]})

    # -- whose calls pass ----------------------------------------------------------------------

    def authorise(self, call: Call) -> Response | None:
        """Check the access token; the token endpoint and documents do without one."""
        if call.path == TOKEN_PATH or _is_document(call):
            return None
        token = call.headers.get("x-amz-access-token")
        if not token:
            return denied(TOKEN_MISSING)
        match self._login.verdict(token):
            case "good":
                return None
            case "expired":
                return denied(TOKEN_EXPIRED)
            case "revoked":
                return denied(TOKEN_REVOKED)
            case "grantless":
                return denied()

    # -- its words for a refusal ---------------------------------------------------------------

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """Return the forms; the first of each is the default."""
        return {
            "maintenance": ("503", "504", "html"),
            "rate_limit": ("QuotaExceeded", "application"),
            "server_error": ("InternalFailure", "html", "html_400"),
            "expired_key": tuple(_KEYS),
            "bad_item": BAD_ITEM_FORMS,
        }

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """Answer a fault, or a broken rate, in the words of the part that is called."""
        if kind == "expired_key":
            return self._refuse_key(form, call)
        if form == "html_400":
            return page(400, "Bad Request")
        if form == "html":
            return page(502 if kind == "server_error" else 503, "Service Unavailable")
        status = {"maintenance": 503, "rate_limit": 429, "server_error": 500}[kind]
        if call.path == TOKEN_PATH:
            error = "server_error" if kind == "server_error" else "temporarily_unavailable"
            return login_error(status, error, "Please try again later.")
        if _is_document(call):
            return storage_refused(503, "SlowDown", "Please reduce your request rate.")
        match kind:
            case "rate_limit":
                return over_quota(form)
            case "maintenance":
                text = "The service is temporarily unavailable."
                return refused(504 if form == "504" else 503, "ServiceUnavailable", text)
            case _:
                text = "We encountered an internal error. Please try again."
                return refused(500, "InternalFailure", text)

    def _refuse_key(self, form: str, call: Call) -> Response:
        details, login = _KEYS[form]
        if call.path == TOKEN_PATH and login is not None:
            return login_error(*login)
        if call.path != TOKEN_PATH and not _is_document(call) and details is not None:
            return denied(details)
        # This refusal does not speak of the call.
        assert call.endpoint is not None, "faults strike known paths only"
        return call.endpoint.handler(call)

    def unknown_path(self, call: Call) -> Response:
        """Answer what the gateway does not know, a badly encoded SKU among it."""
        del call
        return denied()

    def reply_headers(self, call: Call) -> Mapping[str, str]:
        """Return what every reply carries."""
        del call
        request_id = str(uuid.uuid4())
        return {"x-amzn-RequestId": request_id, "x-amz-apigw-id": secrets.token_urlsafe(11)}

    # -- what zaiko is told --------------------------------------------------------------------

    def urls(self, base_url: str) -> Mapping[str, str]:
        """Return the token endpoint, which the real mall has on another host.

        Asked once before the mall is served: from here it knows where its documents are.
        """
        for documents in self._documents:
            documents.base_url = base_url
        return {"token_url": base_url + TOKEN_PATH}

    def config(self) -> Mapping[str, ConfigValue]:
        """Return nothing: the base URL is enough."""
        return {}

    def credentials(self) -> Mapping[str, str]:
        """Return the working set."""
        return {
            "seller_id": self._merchant.seller_id,
            "marketplace_id": MARKETPLACE_ID,
            "client_id": self._login.client_id,
            "client_secret": self._login.client_secret,
            "refresh_token": self._login.refresh_token,
        }

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """Issue a new secret and refresh token; merchant and application keep their names."""
        self._login.issue(wish)
        return self.credentials()


def open_mall(clock: Clock) -> Amazon:
    """Open an empty shop."""
    return Amazon(clock)


def _is_document(call: Call) -> bool:
    return call.path.startswith((UPLOADS.partition("{")[0], DOWNLOADS.partition("{")[0]))
