"""A pretend mall: a transport that answers from a list, and bodies composed for these tests."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, TypeVar

from engine.connector import Connection, Credentials, Reply, Request, Session
from malls.rakuten.connection import connect

T = TypeVar("T")


def reply(body: object = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(
        status=status, headers=dict(headers or {}), body=raw, sent_at=1000.0, received_at=1001.5
    )


class FakeTransport:
    """Answers each request with the next reply, or by a function of the request."""

    def __init__(self, answers: Sequence[Reply] | Callable[[Request], Reply]) -> None:
        self.requests: list[Request] = []
        self._answers = answers if callable(answers) else iter(answers)

    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        self.requests.append(request)
        answers = self._answers
        answer = answers(request) if callable(answers) else next(answers)
        judge(answer)
        return answer

    def now(self) -> float:
        return 1_773_100_000.0

    def body(self, place: int = -1) -> Any:
        return json.loads(self.requests[place].body)


CREDENTIALS = {"service_secret": "SP000_secret", "license_key": "SL000_licence"}


class Desk:
    """Opens connections whose mall answers as told."""

    reply = staticmethod(reply)

    def __init__(self) -> None:
        self.transport = FakeTransport(())

    def open(
        self,
        answers: Reply | Sequence[Reply] | Callable[[Request], Reply],
        switches: Mapping[str, str] | None = None,
        credentials: Credentials | None = None,
    ) -> Connection:
        async def save(_: Credentials) -> None:
            raise AssertionError("Rakuten rotates no keys")

        self.transport = FakeTransport((answers,) if isinstance(answers, Reply) else answers)
        return connect(
            Session(
                transport=self.transport,
                credentials=CREDENTIALS if credentials is None else credentials,
                switches=switches or {},
                save_credentials=save,
            )
        )

    @staticmethod
    def run(work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(work)


def line(detail: int = 20311001, **changes: object) -> dict[str, object]:
    return {
        "itemDetailId": detail,
        "itemName": "cotton tee",
        "itemNumber": "TEE-01",
        "manageNumber": "tee-01",
        "price": 1980,
        "units": 2,
        "inventoryType": 2,
        "restoreInventoryFlag": 0,
        "deleteItemFlag": 0,
        "selectedChoice": None,
        "SkuModelList": [
            {"variantId": "blk-M", "merchantDefinedSkuId": "ZK", "skuInfo": "color:black\nsize:M"}
        ],
        **changes,
    }


def order(number: str = "402117-20260310-0000000312", **changes: object) -> dict[str, object]:
    person = {"familyName": "KAIMONO-HANAKO", "phoneNumber1": "090", "city": "X"}
    return {
        "orderNumber": number,
        "orderProgress": 300,
        "orderDatetime": "2026-03-10T08:41:07+0900",
        "modifyFlag": 0,
        "remarks": "KAIMONO-HANAKO",
        "OrdererModel": {**person, "emailAddress": "masked@example.invalid"},
        "PackageModelList": [
            {
                "basketId": 20311001,
                "packageDeleteFlag": 0,
                "SenderModel": person,
                "ItemModelList": [line()],
            }
        ],
        "ChangeReasonModelList": None,
        **changes,
    }


def orders_reply(*orders: object, messages: Sequence[object] = ()) -> Reply:
    info = {"messageType": "INFO", "messageCode": "ORDER_EXT_API_GET_ORDER_INFO_101"}
    return reply(
        {"MessageModelList": [info, *messages], "version": 10, "OrderModelList": list(orders)}
    )
