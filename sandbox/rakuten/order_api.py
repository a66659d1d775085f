"""The two order functions as endpoints: Content-Type check, searchOrder, getOrder."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from sandbox.mall import Call, Endpoint
from sandbox.orders import Order
from sandbox.pacing import Rate
from sandbox.rakuten.knobs import Knobs
from sandbox.rakuten.order_model import Progress, order_model
from sandbox.rakuten.order_search import search_order
from sandbox.rakuten.replies import decoded, is_integer, order_message, order_reply, results
from sandbox.shop import Shop

NUMBERS_MAX = 100  # orders of one getOrder
VERSIONS = range(3, 11)
RATE = Rate(1.0)  # each function its own; none is documented, practice says one a second

_CODE = "ORDER_EXT_API_GET_ORDER_"
_MISSING = f"{_CODE}ERROR_009"
_FORMAT = f"{_CODE}ERROR_011"
# The real numbers of these refusals are not public; this one is invented.
_INVENTED = f"{_CODE}ERROR_099"

Problem = tuple[str, str]


class OrderApi:
    """RakutenPayOrderAPI 2.0, reading only."""

    def __init__(self, shop: Shop, knobs: Callable[[], Knobs]) -> None:
        self._shop = shop
        self._progress = Progress(shop.clock, knobs)

    def endpoints(self) -> list[Endpoint]:
        """Return its paths."""
        base = "/es/2.0/order"
        table = [("searchOrder", self._search), ("getOrder", self._get)]
        return [
            Endpoint("POST", f"{base}/{name}", "orders", handler, RATE, trailing_slash=True)
            for name, handler in table
        ]

    def _search(self, call: Call) -> Response:
        return _wrong_type(call) or search_order(self._shop, self._progress, call)

    def _get(self, call: Call) -> Response:
        if refused := _wrong_type(call):
            return refused
        asked = _read_get(call.body)
        if isinstance(asked, list):
            messages = [order_message("ERROR", code, text) for code, text in asked]
            return order_reply({"MessageModelList": messages, "OrderModelList": []}, 400)
        numbers, version = asked
        found: list[Order] = []
        missing: list[str] = []
        for number in dict.fromkeys(numbers):
            order = self._shop.orders.visible(number)
            if order is None:
                missing.append(number)
            else:
                found.append(order)
        messages = []
        if found:
            text = f"{len(found)} order read"
            messages.append(order_message("INFO", f"{_CODE}INFO_101", text))
        for number in missing:
            nothing = order_message("INFO", f"{_CODE}INFO_102", "no such order")
            messages.append(nothing | {"orderNumber": number})
        body: dict[str, object] = {"MessageModelList": messages}
        if version >= 6:
            body["version"] = version
        body["OrderModelList"] = [
            order_model(self._shop, self._progress, order, version) for order in found
        ]
        return order_reply(body)


def _wrong_type(call: Call) -> Response | None:
    media_type = call.headers.get("content-type", "").lower()
    if media_type.startswith("application/json") and "charset" in media_type:
        return None
    return results(415, "ES04-03", "Unsupported Media Type")


def _read_get(body: bytes) -> tuple[list[str], int] | list[Problem]:
    request = decoded(body)
    if not isinstance(request, dict):
        return [(_FORMAT, "request body format")]
    problems: list[Problem] = []
    numbers = request.get("orderNumberList")
    if not numbers:
        problems.append((_MISSING, "orderNumberList is mandatory"))
    elif not isinstance(numbers, list) or not all(isinstance(part, str) for part in numbers):
        problems.append((_FORMAT, "orderNumberList format"))
    elif len(numbers) > NUMBERS_MAX:
        problems.append((_INVENTED, f"orderNumberList holds more than {NUMBERS_MAX}"))
    version = request.get("version")
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 4:
        version = int(version)  # one shipping client sends it as a string
    if version is None:
        problems.append((_MISSING, "version is mandatory"))
    elif not is_integer(version):
        problems.append((_FORMAT, "version format"))
    elif version not in VERSIONS:
        problems.append((_INVENTED, f"version {version} is not served"))
    if problems or not isinstance(numbers, list) or not isinstance(version, int):
        return problems
    return numbers, version
