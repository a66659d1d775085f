"""A transport with answers laid ready, and the bodies the tests lay there."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from engine.connector import Credentials, Reply, Request, Session
from malls.aupay.connection import AupayConnection

T = TypeVar("T")
CREDENTIALS = {"shop_id": "50001234", "api_key": "0123456789abcdef" * 4}
NOW = 1_790_900_000.0  # 2026-10-02 09:13:20 in Japan
STAMP = NOW - 20 - 59 * 60  # 08:14, as `order` writes it
XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
OK = "<result><status>0</status></result>"


def answer(body: str | bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    raw = body.encode() if isinstance(body, str) else body
    return Reply(status=status, headers=headers or {}, body=raw, sent_at=NOW, received_at=NOW + 1)


def good(inside: str = "") -> Reply:
    return answer(f"{XML}<response>{OK}{inside}</response>")


def bad(code: str, message: str = "no", status: int = 200) -> Reply:
    error = f"<error><code>{code}</code><message>{message}</message></error>"
    return answer(f"<response><result><status>1</status>{error}</result></response>", status)


class FakeTransport:
    """Answers each call by its method's replies in turn (the last one stays), or by a function."""

    def __init__(self, **replies: Any) -> None:
        self.sent: list[Request] = []
        self.at = NOW
        self._replies = replies

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        self.sent.append(request)
        laid = self._replies[request.path.rpartition("/")[2]]
        reply: Reply | Exception
        if isinstance(laid, list):
            reply = laid.pop(0) if len(laid) > 1 else laid[0]
        else:
            reply = laid if isinstance(laid, Reply) else laid(request)
        if isinstance(reply, Exception):
            raise reply
        judge(reply)
        return reply

    def now(self) -> float:
        return self.at

    def calls(self, name: str) -> list[dict[str, str]]:
        return [dict(one.params) for one in self.sent if one.path.endswith("/" + name)]

    def bodies(self, name: str) -> list[str]:
        return [one.body.decode() for one in self.sent if one.path.endswith("/" + name)]


async def _save(_: Credentials) -> None:
    raise AssertionError("au PAY rotates no keys")


def connect(
    transport: FakeTransport,
    switches: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
) -> AupayConnection:
    return AupayConnection(
        Session(
            transport=transport,
            credentials=CREDENTIALS if credentials is None else credentials,
            switches=switches or {},
            save_credentials=_save,
        )
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def line(key: str = "880000201", code: str = "mug-01", sub: str = "", **more: str) -> str:
    fields = {"orderDetailId": key, "itemManagementId": sub, "itemCode": code, "unit": "1", **more}
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<detail>{inside}<itemName>x</itemName></detail>"


def order(number: str = "331000101", *lines: str, **more: str) -> str:
    fields = {
        "orderId": number,
        "orderDate": "2026/10/02 08:14",
        "ordererName": "KAIMONO HANAKO",
        "mailAddress": "hanako@example.invalid",
        "orderStatus": "発送待ち",
        **more,
    }
    inside = "".join(f"<{name}>{text}</{name}>" for name, text in fields.items())
    return f"<orderInfo>{inside}{''.join(lines) or line()}</orderInfo>"


def orders(*some: str, told: int | None = None) -> Reply:
    count = len(some) if told is None else told
    return good(f"<resultCount>{count}</resultCount>{''.join(some)}")


def pair(across: str, down: str, count: int | str = 5) -> str:
    return (
        f"<choicesStocks><choicesStockHorizontalCode>{across}</choicesStockHorizontalCode>"
        f"<choicesStockVerticalCode>{down}</choicesStockVerticalCode>"
        f"<choicesStockCount>{count}</choicesStockCount></choicesStocks>"
    )


def shelf_row(code: str, count: int | str = 14, *pairs: str, lot: str = "") -> str:
    segment = 2 if pairs else 1
    stock = "".join(pairs) or f"<stockCount>{count}</stockCount>"
    number = f"<lotNumber>{lot}</lotNumber>" if lot else ""
    return (
        f"<resultStocks>{number}<itemCode>{code}</itemCode>"
        f"<stockSegment>{segment}</stockSegment>{stock}</resultStocks>"
    )


TEE = shelf_row("tee-07", 0, pair("-bk", "-m", 5), pair("-bk", "-l", 0), lot="700000012")
MUG = shelf_row("mug-01", 14, lot="700000011")


def stocks(*rows: str, total: int | None = None) -> Reply:
    count = len(rows) if total is None else total
    return good(
        f"<searchResult><maxCount>{count}</maxCount><resultCount>{len(rows)}</resultCount>"
        f"{''.join(rows)}</searchResult>"
    )


def shop(rows: Mapping[str, str], codes: Sequence[str] = ()) -> Callable[[Request], Reply]:
    """A searchStocks that filters by code or number and pages, as the contract says."""
    order_of = list(codes or rows)

    def look(request: Request) -> Reply:
        asked = dict(request.params)
        found = [rows[code] for code in order_of]
        if "lotNumber" in asked:
            found = [row for row in found if f"<lotNumber>{asked['lotNumber']}<" in row]
        if "itemCode" in asked:
            found = [rows[code] for code in order_of if asked["itemCode"] in code]
        first, size = int(asked["startCount"]), int(asked["totalCount"])
        return stocks(*found[first - 1 : first - 1 + size], total=len(found))

    return look
