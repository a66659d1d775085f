"""One pretend mall served over HTTP, and its side door: what shoppers, staff and fate do there."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

import httpx

from sandbox.server import Running, running
from tests.contract.cards import CARDS, Exempt
from tests.contract.profiles import PROFILES, Profile

SPEED: Final = 2_400.0
"""A held call is dropped after 0.05 s, and no published rate is felt."""

Key = tuple[str, str]
"""(code, sub_code) of a listing."""


class Shop:
    """An empty shop at first."""

    def __init__(self, kind: str, mall: Running, http: httpx.Client) -> None:
        self.kind = kind
        self.profile: Profile = PROFILES[kind]
        self.credentials = dict(mall.credentials)
        self.url = mall.url
        self._ready: Mapping[str, Any] = httpx.Response(200, text=mall.ready_line).json()
        self._http = http
        self.flaws: list[str] = []
        """What Amazon's models have against the calls and answers so far."""
        self.is_garbling = False
        """Whether answers are cut in half on purpose."""

    def card_of(self, point: str) -> str | None:
        """Why the mall is exempt from a point; None if it is not."""
        mark = CARDS[self.kind][point]
        return mark.reason if isinstance(mark, Exempt) else None

    def endpoint_of(self, family: str) -> str:
        """Which of the sandbox's endpoints the connector asks for a family's reads."""
        return {"stock": self.profile.stock_read, "items": self.profile.item_read}.get(
            family, family
        )

    # --- looking ------------------------------------------------------------------------------

    @property
    def config(self) -> str:
        """The table of settings that points zaiko at it."""
        return f"{self._ready['config']}{self.profile.settings}"

    def state(self) -> Any:
        """The truth."""
        return self._http.get("/_sandbox/state").json()

    def row(self, code: str, sub_code: str = "") -> Any:
        """One listing as it truly is."""
        key = (code, sub_code)
        return next(row for row in self.state()["items"] if (row["code"], row["sub_code"]) == key)

    def quantity(self, code: str, sub_code: str = "") -> int:
        """What buyers can truly buy."""
        return int(self.row(code, sub_code)["quantity"])

    def orders(self) -> dict[str, Any]:
        """Every order as it truly is, by number."""
        return {order["order_id"]: order for order in self.state()["orders"]}

    # --- doing --------------------------------------------------------------------------------

    def post(self, path: str, body: object, status: int = 200) -> Any:
        """Through the side door, and as expected."""
        reply = self._http.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def item(self, code: str, quantity: int = 10, sub_code: str = "", **more: object) -> Key:
        """Puts a listing on the shelf."""
        self.post("items", [{"code": code, "sub_code": sub_code, "quantity": quantity, **more}])
        return code, sub_code

    def items(self, codes: Sequence[str], quantity: int = 10) -> None:
        """Puts many on the shelf."""
        self.post("items", [{"code": code, "quantity": quantity, "name": code} for code in codes])

    def order(self, code: str, units: int = 1, sub_code: str = "", **more: object) -> str:
        """A shopper orders."""
        lines = [{"code": code, "sub_code": sub_code, "quantity": units}]
        return str(self.post("orders", {"lines": lines, **more})["order_id"])

    def change(self, order: str, **change: object) -> None:
        """Staff or the buyer change an order."""
        self.post(f"orders/{order}", change)

    def sell(self, code: str, *ages_s: float) -> list[str]:
        """An order of one unit for each age."""
        lines = [{"code": code, "quantity": 1}]
        placed = self.post("orders", {"orders": [{"lines": lines, "age_s": age} for age in ages_s]})
        return [str(order["order_id"]) for order in placed["orders"]]

    def fault(self, kind: str, **more: object) -> None:
        """Something goes wrong from now on."""
        self.is_garbling = self.is_garbling or kind == "garbage"
        self.post("faults", {"kind": kind, **more})

    def heal(self) -> None:
        """Everything goes right again."""
        self._http.delete("/_sandbox/faults").raise_for_status()

    def knob(self, **knobs: object) -> None:
        """Turns the mall's switches."""
        self.post("knobs", knobs)


def _client(url: str) -> httpx.Client:
    # Without TLS there is nothing to verify, and loading the certificates takes 35 ms.
    return httpx.Client(base_url=url, timeout=30, trust_env=False, verify=False)  # noqa: S501


@contextmanager
def opened(kind: str) -> Iterator[Shop]:
    """Serves an empty shop of that kind while the block runs."""
    with running(kind, speed=SPEED) as mall, _client(mall.url) as http:
        shop = Shop(kind, mall, http)
        if shop.profile.knobs:
            shop.knob(**shop.profile.knobs)
        yield shop
        assert shop.flaws == []
