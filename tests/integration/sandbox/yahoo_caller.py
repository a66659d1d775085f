"""A plain caller of the pretend Yahoo!: no connector code, only the wire."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree.ElementTree import Element

import httpx
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from defusedxml.ElementTree import fromstring

from sandbox.server import Running, running

JST = timezone(timedelta(hours=9))
FAST = 600.0  # rates do not matter, the read-only window is a second, the keyless session 72
BASE = "/ShoppingWebService/V1/"
CALLBACK = "http://127.0.0.1:9/callback"
LIST_FIELDS = "OrderId,Version,OrderTime,LastUpdateTime,PublicationTime,OrderStatus,IsSeen"

Json = Any


class Caller:
    """One HTTP client of one pretend Yahoo!."""

    def __init__(self, mall: Running) -> None:
        self.mall = mall
        # Without TLS there is nothing to verify, and loading the certificates takes 35 ms.
        self.client = httpx.Client(
            base_url=mall.url,
            trust_env=False,
            verify=False,  # noqa: S501
            timeout=10,
        )
        self.credentials: Mapping[str, str] = {}
        self.access_token = ""
        self.use(mall.credentials)

    def use(self, credentials: Mapping[str, str]) -> None:
        """Log in with these from now on."""
        self.credentials = credentials
        self.access_token = self.refresh().json()["access_token"]

    # -- side door -----------------------------------------------------------------------------

    def door(self, path: str, body: object, status: int = 200) -> Json:
        """Post to the side door and expect a status."""
        reply = self.client.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def item(self, code: str, quantity: int, sub_code: str = "", **more: object) -> None:
        """Put one row on the shelf."""
        self.door("items", [{"code": code, "sub_code": sub_code, "quantity": quantity, **more}])

    def quantity(self, code: str, sub_code: str = "") -> int:
        """Return the true quantity."""
        state = self.client.get("/_sandbox/state").json()
        rows = {(row["code"], row["sub_code"]): row["quantity"] for row in state["items"]}
        return int(rows[code, sub_code])

    def order(self, code: str, units: int = 1, sub_code: str = "", **more: object) -> str:
        """Let a shopper order one line."""
        line = {"code": code, "sub_code": sub_code, "quantity": units}
        return str(self.door("orders", {"lines": [line], **more})["order_id"])

    def fault(self, kind: str, **more: object) -> None:
        """Queue a fault."""
        self.door("faults", {"kind": kind, **more})

    def knob(self, **knobs: object) -> None:
        """Turn a switch of the mall."""
        self.door("knobs", knobs)

    # -- the identity provider -----------------------------------------------------------------

    def token(self, **form: str) -> httpx.Response:
        """Call the token endpoint with Basic credentials."""
        pair = (self.credentials["client_id"], self.credentials["client_secret"])
        return self.client.post("/yconnect/v2/token", data=form, auth=pair)

    def refresh(self) -> httpx.Response:
        """Ask for an access token."""
        return self.token(
            grant_type="refresh_token", refresh_token=self.credentials["refresh_token"]
        )

    def consent(self, **more: str) -> httpx.Response:
        """Open the consent page."""
        query = {
            "response_type": "code",
            "client_id": self.credentials["client_id"],
            "redirect_uri": CALLBACK,
            "scope": "openid profile",
            "state": "s1",
            **more,
        }
        return self.client.get("/yconnect/v2/authorization", params=query)

    def code(self, **more: str) -> str:
        """Say yes and return the code."""
        reply = self.consent(**more)
        assert reply.status_code == 302, reply.text
        return parse_qs(urlsplit(reply.headers["location"]).query)["code"][0]

    # -- the store API -------------------------------------------------------------------------

    def signature(self, text: str | None = None) -> dict[str, str]:
        """Return fresh public-key headers."""
        key = load_pem_public_key(self.credentials["public_key"].encode())
        assert isinstance(key, rsa.RSAPublicKey)
        said = text or f"{self.credentials['seller_id']}:{int(time.time())}"
        sealed = key.encrypt(said.encode(), padding.PKCS1v15())
        return {
            "X-sws-signature": base64.b64encode(sealed).decode(),
            "X-sws-signature-version": self.credentials["public_key_version"],
        }

    def get(self, name: str, **query: str) -> httpx.Response:
        """Call a query API."""
        return self.client.get(BASE + name, params=query, headers=self.bearer())

    def form(self, name: str, **form: str) -> httpx.Response:
        """Call a form API of this store."""
        whole = {"seller_id": self.credentials["seller_id"], **form}
        return self.client.post(BASE + name, data=whole, headers=self.bearer())

    def xml(
        self, name: str, body: str | bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Call an order API, signed unless other headers are given."""
        signed = self.signature() if headers is None else headers
        content = body.encode() if isinstance(body, str) else body
        whole = {**self.bearer(), **signed, "Content-Type": "application/xml; charset=UTF-8"}
        return self.client.post(BASE + name, content=content, headers=whole)

    def bearer(self) -> dict[str, str]:
        """Return the header of every store call."""
        return {"Authorization": f"Bearer {self.access_token}"}

    def order_list(self, condition: str = "", head: str = "", mode: int | None = 2) -> Element:
        """Search the orders of the last ten days."""
        since = stamp(time.time() - 10 * 86_400)
        shown = "" if mode is None else f"<ReadOnlyMode>{mode}</ReadOnlyMode>"
        body = (
            f"<Req><Search>{head}<Condition><OrderTimeFrom>{since}</OrderTimeFrom>{shown}"
            f"{condition}</Condition><Field>{LIST_FIELDS}</Field></Search>"
            f"<SellerId>{self.credentials['seller_id']}</SellerId></Req>"
        )
        reply = self.xml("orderList", body)
        assert reply.status_code == 200, reply.text
        return parsed(reply)

    def order_ids(self, condition: str = "", head: str = "", mode: int | None = 2) -> list[str]:
        """Return the ids that a search shows."""
        rows = self.order_list(condition, head, mode).iter("OrderInfo")
        return [row.findtext("OrderId", "") for row in rows]

    def order_info(self, order_id: str, fields: str) -> httpx.Response:
        """Ask for one order."""
        return self.xml(
            "orderInfo",
            f"<Req><Target><OrderId>{order_id}</OrderId><Field>{fields}</Field></Target>"
            f"<SellerId>{self.credentials['seller_id']}</SellerId></Req>",
        )

    def field(self, order_id: str, name: str) -> str:
        """Return one field of one order."""
        return parsed(self.order_info(order_id, name)).findtext(f".//{name}", "(absent)")

    def change_status(self, order_id: str, order: str, fix: str = "false") -> httpx.Response:
        """Change an order as the store's own tools do."""
        return self.xml(
            "orderStatusChange",
            f"<Req><Target><OrderId>{order_id}</OrderId><IsPointFix>{fix}</IsPointFix></Target>"
            f"<Order>{order}</Order><SellerId>{self.credentials['seller_id']}</SellerId></Req>",
        )

    def push(self, item_code: str, quantity: str, **more: str) -> httpx.Response:
        """Call setStock."""
        return self.form("setStock", item_code=item_code, quantity=quantity, **more)

    def read(self, item_code: str) -> Element:
        """Call getStock."""
        return parsed(self.form("getStock", item_code=item_code))


def parsed(reply: httpx.Response) -> Element:
    """Parse a reply's document."""
    root: Element = fromstring(reply.content)
    return root


def error_code(reply: httpx.Response) -> str:
    """Return the Code of an Error document, in any namespace."""
    root = parsed(reply)
    assert root.tag.rpartition("}")[2] == "Error", reply.text
    return next(((e.text or "") for e in root.iter() if e.tag.rpartition("}")[2] == "Code"), "")


def stamp(at: float) -> str:
    """Write a moment as requests do."""
    return datetime.fromtimestamp(at, JST).strftime("%Y%m%d%H%M%S")


@contextmanager
def pretend_yahoo(speed: float = FAST) -> Iterator[Caller]:
    """Open an empty store and a caller who is logged in."""
    with running("yahoo", speed=speed) as mall:
        caller = Caller(mall)
        try:
            yield caller
        finally:
            caller.client.close()
