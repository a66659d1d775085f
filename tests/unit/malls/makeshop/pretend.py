"""A pretend MakeShop: answers laid ready, and a shop of one product that counts for itself."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from engine.connector import Credentials, Reply, Request, Session
from malls.makeshop.connection import MakeshopConnection

T = TypeVar("T")
CREDENTIALS = {"token": "PAT." + "ab" * 32, "api_key": "cd" * 32}
NOW = 1_790_900_000.0  # 2026-10-02 09:13:20 in Japan


def answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None, at: float = NOW
) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=status, headers=headers or {}, body=raw, sent_at=at, received_at=at + 1)


def good(name: str, content: object) -> Reply:
    return answer({"data": {name: content}})


def bad(code: str, message: str = "no", status: int = 200) -> Reply:
    error: dict[str, Any] = {"message": message}
    if code:
        error["extensions"] = {"code": code}
    return answer({"errors": [error], "data": None}, status)


class FakeTransport:
    """Answers each operation by its replies in turn (the last one stays), or by a function."""

    def __init__(self, **replies: Any) -> None:
        self.sent: list[Request] = []
        self.at = NOW
        self._replies = replies

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        self.sent.append(request)
        laid = self._replies[operation(request)]
        reply: Reply | Exception
        if isinstance(laid, list):
            reply = laid.pop(0) if len(laid) > 1 else laid[0]
        else:
            reply = laid if isinstance(laid, Reply) else laid(request)
        if isinstance(reply, Exception):
            raise reply
        self.at = max(self.at, reply.sent_at)
        judge(reply)
        return reply

    def now(self) -> float:
        return self.at

    def inputs(self, name: str) -> list[Any]:
        return [
            json.loads(one.body)["variables"].get("input")
            for one in self.sent
            if operation(one) == name
        ]


def operation(request: Request) -> str:
    query: str = json.loads(request.body)["query"]
    return query.partition("{")[0].partition("(")[0].split()[1]


async def _save(_: Credentials) -> None:
    raise AssertionError("MakeShop rotates no keys")


def connect(
    transport: FakeTransport,
    switches: Mapping[str, str] | None = None,
    credentials: Mapping[str, str] | None = None,
) -> MakeshopConnection:
    return MakeshopConnection(
        Session(
            transport=transport,
            credentials=CREDENTIALS if credentials is None else credentials,
            switches=switches or {},
            save_credentials=_save,
        )
    )


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def basket(code: str = "mug-01", sub: str = "", amount: object = 1, **more: object) -> object:
    system = {"mug-01": "000000000011", "tee-07": "000000000012"}.get(code, "000000000099")
    return {
        "productCode": system,
        "productCustomCode": code,
        "variationCustomCode": sub,
        "amount": amount,
        **more,
    }


def delivery(*baskets: object, status: str = "N", number: object = 1) -> object:
    return {
        "deliveryId": number,
        "deliveryStatus": status,
        "receiverName": "KAIMONO HANAKO",
        "basketInfos": list(baskets) or [basket()],
    }


def order(number: object = "P190000000000000101", *deliveries: object, **more: object) -> Any:
    return {
        "systemOrderNumber": number,
        "orderDate": "2026-10-02 09:10:00",
        "paymentStatusCode": "0004",
        "senderName": "KAIMONO HANAKO",
        "deliveryInfos": list(deliveries) or [delivery()],
        **more,
    }


def orders(*some: object, total: int | None = None) -> Reply:
    count = len(some) if total is None else total
    return good("searchOrder", {"searchedCount": count, "page": 1, "orders": list(some)})


MUG = {"systemCode": "000000000011", "customCode": "mug-01", "quantity": 15,
       "variationQuantities": []}  # fmt: skip
TEE = {
    "systemCode": "000000000012", "customCode": "tee-07", "quantity": 12,
    "variationQuantities": [
        {"variationCustomCode": "tee-07-bk-m ", "variationQuantity": 5},
        {"variationCustomCode": "tee-07-bk-l", "variationQuantity": 0},
    ],
}  # fmt: skip


def quantities(*products: object) -> Reply:
    return good("searchProductQuantity", {"productQuantities": list(products)})


def products(*some: Mapping[str, object], total: int | None = None) -> Reply:
    count = len(some) if total is None else total
    return good("searchProduct", {"searchedCount": count, "page": 1, "products": list(some)})


def product(
    code: str = "mug-01", system: str = "000000000011", **more: object
) -> dict[str, object]:
    return {
        "systemCode": system,
        "customCode": code,
        "productName": "マグカップ",
        "janCode": "49",
        "quantity": 15,
        "variationShowType": 0,
        "variations": [],
        **more,
    }


def variation(code: object, one: str = "黒", two: str = "M") -> dict[str, object]:
    return {
        "variation1ItemName": one,
        "variation2ItemName": two,
        "variationCustomCode": code,
        "janCode": "4900000000017",
    }


class OneProduct:
    """A shop of one test product that reads quantityCalculationType 1 one way or the other."""

    def __init__(self, quantity: int, *, adds: bool, sub_code: str = "") -> None:
        self.quantity = quantity
        self.shown: list[int] = []
        self._adds = adds
        self._sub_code = sub_code

    def transport(self) -> FakeTransport:
        return FakeTransport(
            searchProduct=self._find,
            searchProductQuantity=lambda _: quantities(self._stock()),
            updateProductQuantity=self._write,
            updateVariationQuantity=self._write,
        )

    def _find(self, request: Request) -> Reply:
        given = json.loads(request.body)["variables"]["input"]
        if given.get("customCode") != "probe/me":
            return products()
        varied = [variation(self._sub_code)] if self._sub_code else []
        return products(product("probe/me", "7", variations=varied))

    def _stock(self) -> Mapping[str, object]:
        varied = [{"variationCustomCode": self._sub_code, "variationQuantity": self.quantity}]
        return {
            "systemCode": "7", "customCode": "probe/me", "quantity": self.quantity,
            "variationQuantities": varied if self._sub_code else [],
        }  # fmt: skip

    def _write(self, request: Request) -> Reply:
        given = json.loads(request.body)["variables"]["input"]
        name = operation(request)
        rows: Sequence[Any] = given.get("productQuantities") or given["variationQuantities"]
        row = rows[0].get("variationQuantityDetails", rows)[0]
        assert row["quantityCalculationType"] == 1
        self.quantity = row["quantity"] + (self.quantity if self._adds else 0)
        self.shown.append(self.quantity)
        return good(name, {"failResult": []})
