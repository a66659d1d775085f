"""The pretend MakeShop against its wire contract, over real HTTP."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from sandbox.buyers import BUYER_MARKS
from sandbox.server import Running, running

JST = timezone(timedelta(hours=9))
FAST = 600.0  # holds last 0.2 s, late writes land within 0.1 s, rates do not matter
WAIT_S_MAX = 5.0
PATH = "/v1/graphql"

ORDERS = """query searchOrder($input: SearchOrderRequest!) { searchOrder(input: $input) {
  searchedCount page orders { systemOrderNumber displayOrderNumber orderDate paymentStatusCode
    senderName deliveryInfos { deliveryId deliveryStatus deliveryDate receiverName receiverTel
      receiverPost receiverAddress
      basketInfos { productCode productCustomCode variationCustomCode variationName productName
        janCode amount price } } } } }"""
PRODUCTS = """query($input: SearchProductRequest!) { searchProduct(input: $input) {
  searchedCount page limit products { systemCode customCode productName quantity
    variationShowType display janCode variations { variation1ItemName variation2ItemName
      productSystemCode variationCustomCode janCode } } } }"""
QUANTITIES = """query($input: SearchProductQuantityRequest!) {
  searchProductQuantity(input: $input) {
    page limit productQuantities { systemCode customCode productName quantity
    variationQuantities { variationQuantity variationCustomCode } } } }"""
SET_PRODUCTS = """mutation($input: UpdateProductQuantityRequest!) {
  updateProductQuantity(input: $input) { failResult { systemCode customCode message } } }"""
SET_VARIATIONS = """mutation($input: UpdateVariationQuantityRequest!) {
  updateVariationQuantity(input: $input) { failResult { systemCode customCode variation1ItemId
    variation2ItemId variationCustomCode message } } }"""
GET_SHOP = "query { getShop { shop { shopName shopUrl settingOriginalDomain openCondition } } }"

Json = Any


class Caller:
    """One HTTP client of one pretend shop."""

    def __init__(self, mall: Running) -> None:
        self.mall = mall
        self.client = httpx.Client(
            base_url=mall.url,
            trust_env=False,
            verify=False,  # noqa: S501 - without TLS there is nothing to verify
            timeout=WAIT_S_MAX,
        )
        self.credentials: Mapping[str, str] = mall.credentials

    def door(self, path: str, body: object, status: int = 200) -> Json:
        reply = self.client.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def state(self) -> Json:
        return self.client.get("/_sandbox/state").json()

    def item(self, code: str, quantity: int, sub_code: str = "", **more: object) -> None:
        self.door("items", [{"code": code, "sub_code": sub_code, "quantity": quantity, **more}])

    def quantity(self, code: str, sub_code: str = "") -> int:
        rows = {(row["code"], row["sub_code"]): row["quantity"] for row in self.state()["items"]}
        return int(rows[code, sub_code])

    def order(self, code: str, units: int = 1, sub_code: str = "", **more: object) -> str:
        line = {"code": code, "sub_code": sub_code, "quantity": units}
        return str(self.door("orders", {"lines": [line], **more})["order_id"])

    def headers(self, **more: str) -> dict[str, str]:
        return {
            "authorization": f"Bearer {self.credentials['token']}",
            "x-api-key": self.credentials["api_key"],
            "x-timestamp": str(int(time.time())),
            "content-type": "application/json",
            **{name.replace("_", "-"): value for name, value in more.items()},
        }

    def ask(self, query: str, asked: object = None, timeout: float = WAIT_S_MAX) -> httpx.Response:
        body: dict[str, object] = {"query": query, "operationName": None}
        if asked is not None:
            body["variables"] = {"input": asked}
        return self.client.post(PATH, json=body, headers=self.headers(), timeout=timeout)

    def data(self, query: str, asked: object = None) -> Json:
        reply = self.ask(query, asked)
        assert reply.status_code == 200, reply.text
        assert "errors" not in reply.json(), reply.text
        [answer] = reply.json()["data"].values()
        return answer

    def orders(self, **asked: object) -> list[Json]:
        return list(self.data(ORDERS, {"sortOrder": "ASC", "limit": 200, **asked})["orders"])

    def order_ids(self, **asked: object) -> list[str]:
        return [order["systemOrderNumber"] for order in self.orders(**asked)]

    def one(self, order_id: str) -> Json:
        return next(order for order in self.orders() if order["systemOrderNumber"] == order_id)

    def set_plain(self, *rows: Mapping[str, object]) -> list[Json]:
        return list(self.data(SET_PRODUCTS, {"productQuantities": list(rows)})["failResult"])

    def set_variations(self, code: str, *details: Mapping[str, object]) -> list[Json]:
        row = {"productKeyType": 1, "customCode": code, "variationQuantityDetails": list(details)}
        return list(self.data(SET_VARIATIONS, {"variationQuantities": [row]})["failResult"])


def plain(code: str, quantity: int, kind: int = 1) -> dict[str, object]:
    return {
        "productKeyType": 1,
        "customCode": code,
        "quantityCalculationType": kind,
        "quantity": quantity,
    }


def detail(code: str, quantity: int, kind: int = 1) -> dict[str, object]:
    return {
        "variationKeyType": 1,
        "variationCustomCode": code,
        "quantityCalculationType": kind,
        "quantity": quantity,
    }


def code_of(reply: httpx.Response) -> tuple[int, str]:
    body = reply.json()
    assert body["data"] is None
    return reply.status_code, body["errors"][0]["extensions"]["code"]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.005)


@contextmanager
def calling(speed: float = FAST) -> Iterator[Caller]:
    with running("makeshop", speed=speed) as mall:
        caller = Caller(mall)
        with caller.client:
            yield caller


@pytest.fixture
def mall() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """For tables of refusals, which leave nothing behind."""
    with calling() as caller:
        caller.item("mug-01", 5)
        yield caller


def tee(mall: Caller) -> None:
    axes = {"カラー": "黒", "サイズ": "M"}
    mall.item("tee-07", 5, "tee-07-bk-m", name="Tシャツ", axes=axes, jan="4900000000017")
    mall.item("tee-07", 7, "tee-07-bk-l", axes={**axes, "サイズ": "L"}, jan="4900000000024")


# -- access ----------------------------------------------------------------------------------------


def test_the_ready_line_tells_the_keys_and_a_table_that_drives_it(shared: Caller) -> None:
    line = json.loads(shared.mall.ready_line)

    assert set(line["credentials"]) == {"token", "api_key"}
    assert re.fullmatch(r"PAT\.[0-9a-f]{64}", line["credentials"]["token"])
    [table] = tomllib.loads(line["config"])["malls"]
    assert (table["kind"], table["base_url"]) == ("makeshop", line["url"])
    assert table["quantity_mode"] == "relative"
    assert line["graphql_url"] == line["url"] + PATH


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": ""},
        {"authorization": "Bearer PAT.0"},
        {"x_api_key": "0"},
        {"x_timestamp": ""},
        {"x_timestamp": "soon"},
        {"x_timestamp": "1600000000"},
        {"x_timestamp": "99999999999"},
    ],
)
def test_each_of_the_three_headers_is_checked(shared: Caller, headers: dict[str, str]) -> None:
    body = {"query": GET_SHOP}
    reply = shared.client.post(PATH, json=body, headers=shared.headers(**headers))

    assert code_of(reply) == (401, "UNAUTHENTICATED")


def test_a_stamp_is_good_for_an_hour(shared: Caller) -> None:
    for age_s, status in ((3_500, 200), (3_700, 401)):
        headers = shared.headers(x_timestamp=str(int(time.time()) - age_s))
        reply = shared.client.post(PATH, json={"query": GET_SHOP}, headers=headers)
        assert reply.status_code == status


def test_new_credentials_stop_the_old_and_may_expire(mall: Caller) -> None:
    new = mall.door("credentials", {"life_s": 60})
    assert code_of(mall.ask(GET_SHOP))[0] == 401
    mall.credentials = new
    assert mall.data(GET_SHOP)["shop"]["shopName"]
    mall.door("faults", {"kind": "skew", "seconds": 61})
    assert code_of(mall.ask(GET_SHOP)) == (401, "UNAUTHENTICATED")
    mall.credentials = mall.door("credentials", {"grace_s": 60})
    assert code_of(mall.ask(GET_SHOP))[0] == 401


def test_operations_that_were_not_granted_are_forbidden(mall: Caller) -> None:
    mall.door("knobs", {"forbidden": ["searchProduct"]})
    assert code_of(mall.ask(PRODUCTS, {})) == (200, "FORBIDDEN")
    assert mall.orders() == []
    assert code_of(mall.ask("{ __schema { types { name } } }")) == (200, "FORBIDDEN")
    mall.door("knobs", {"forbidden_status": 403})
    assert code_of(mall.ask(PRODUCTS, {})) == (403, "FORBIDDEN")


def test_another_url_is_a_web_page(shared: Caller) -> None:
    for reply in (shared.client.post("/v1/graph", json={}), shared.client.get(PATH)):
        assert reply.status_code in (404, 405)
        assert reply.headers["content-type"].startswith("text/html")


def test_more_than_about_one_call_a_second_is_429() -> None:
    with calling(speed=1) as mall:
        statuses = [mall.ask(GET_SHOP).status_code for _ in range(4)]

    assert (statuses[0], statuses[-1]) == (200, 429)


# -- the language ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "GRAPHQL_PARSE_FAILED"),
        ("{", "GRAPHQL_PARSE_FAILED"),
        ("{ getShop }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ getShop { } }", "GRAPHQL_PARSE_FAILED"),
        ("{ getShop { shop { foo } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ getShop { shop { shopName { x } } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ getShop(a: 1) { shop { shopName } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ getShop { shop(a: 1) { shopName } } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ ...F } fragment F on Query { x }", "GRAPHQL_PARSE_FAILED"),
        ("subscription { x }", "GRAPHQL_PARSE_FAILED"),
        ("query A { getShop { shop { shopName } } } query B { x }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ a(b: " + "[" * 5_000, "GRAPHQL_PARSE_FAILED"),
        ("{ a" * 5_000, "GRAPHQL_PARSE_FAILED"),
        ('{ searchProduct(input: {customCode: "\\ud800"}) { page } }', "GRAPHQL_PARSE_FAILED"),
        ("{ searchProduct(input: {page: " + "9" * 5_000 + "}) { page } }", "GRAPHQL_PARSE_FAILED"),
        ("{ searchProduct { page } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{ searchProduct(input: $x) { page } }", "GRAPHQL_VALIDATION_FAILED"),
        ("query($x: Int) { searchProduct(input: $x) { page } }", "GRAPHQL_VALIDATION_FAILED"),
        ("{" + " a: getShop { shop { shopName } }" * 21 + "}", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_a_bad_document_is_422(shared: Caller, query: str, code: str) -> None:
    assert code_of(shared.ask(query)) == (422, code)


@pytest.mark.parametrize(
    ("asked", "path"),
    [
        ({"updatedAfter": "1"}, ["variable", "input", "updatedAfter"]),
        ({"page": "1"}, ["variable", "input", "page"]),
        ({"page": True}, ["variable", "input", "page"]),
        ({"page": 1.5}, ["variable", "input", "page"]),
        ({"page": 2**40}, ["variable", "input", "page"]),
        ({"startOrderDate": 20261001000000}, ["variable", "input", "startOrderDate"]),
        ([], ["variable", "input"]),
    ],
)
def test_a_bad_input_is_named_by_its_path(shared: Caller, asked: object, path: object) -> None:
    reply = shared.ask(ORDERS, asked)

    assert code_of(reply) == (422, "GRAPHQL_VALIDATION_FAILED")
    assert reply.json()["errors"][0]["path"] == path


def test_literals_aliases_and_comments_are_understood(shared: Caller) -> None:
    query = """# all of it
    query One { first: searchProduct(input: {customCode: "mug-01", sortOrder: ASC}) {
      n: searchedCount, __typename products { customCode } } }"""
    reply = shared.ask(query)

    assert reply.json() == {
        "data": {
            "first": {
                "n": 1,
                "__typename": "SearchProductResponse",
                "products": [{"customCode": "mug-01"}],
            }
        }
    }


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{", b'{"query": 1}', b'{"query":"{a}","variables":1}']
)
def test_a_body_that_is_no_request_is_400(shared: Caller, body: bytes) -> None:
    reply = shared.client.post(PATH, content=body, headers=shared.headers())
    assert code_of(reply) == (400, "BAD_REQUEST")


def test_five_megabytes_are_too_much(shared: Caller) -> None:
    reply = shared.client.post(PATH, content=b" " * 5_000_000, headers=shared.headers())
    assert code_of(reply)[0] == 413


# -- orders ----------------------------------------------------------------------------------------


def test_an_order_is_told_with_its_lines_and_takes_its_units(mall: Caller) -> None:
    tee(mall)
    mall.item("mug-01", 9, name="マグカップ")
    lines = [
        {"code": "mug-01", "quantity": 1},
        {"code": "tee-07", "sub_code": "tee-07-bk-m", "quantity": 2},
    ]
    order_id = mall.door("orders", {"lines": lines})["order_id"]

    [order] = mall.orders()

    assert re.fullmatch(r"P\d{18}", order_id)
    assert (order["systemOrderNumber"], order["paymentStatusCode"]) == (order_id, "0004")
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", order["orderDate"])
    [delivery] = order["deliveryInfos"]
    assert delivery["deliveryStatus"] == "N"
    first, second = delivery["basketInfos"]
    assert (first["productCustomCode"], first["variationCustomCode"], first["amount"]) == (
        "mug-01",
        "",
        1,
    )
    assert second == {
        "productCode": "000000000001",
        "productCustomCode": "tee-07",
        "variationCustomCode": "tee-07-bk-m",
        "variationName": "カラー : 黒 サイズ : M",
        "productName": "Tシャツ",
        "janCode": "4900000000017",
        "amount": 2,
        "price": 1980,
    }
    assert (mall.quantity("mug-01"), mall.quantity("tee-07", "tee-07-bk-m")) == (8, 3)
    text = json.dumps(order, ensure_ascii=False)
    assert sum(mark in text for mark in BUYER_MARKS) >= 5


def test_windows_are_seconds_and_filters_and_directions_work(mall: Caller) -> None:
    mall.item("mug-01", 99)
    old = mall.order("mug-01", age_s=3_600)
    new = mall.order("mug-01", status="shipped")
    cut = f"{datetime.now(JST) - timedelta(minutes=30):%Y%m%d%H%M%S}"

    assert mall.order_ids() == [old, new]
    assert mall.order_ids(sortOrder="DESC") == [new, old]
    assert mall.order_ids(startOrderDate=cut) == [new]
    assert mall.order_ids(endOrderDate=cut) == [old]
    assert mall.order_ids(deliveryStatus="Y") == [new]
    assert mall.order_ids(startPaymentDate=cut) == [new]
    assert mall.order_ids(startPaymentDate=cut, endOrderDate=cut) == []
    stamp = mall.one(new)["orderDate"].translate(str.maketrans("", "", "- :"))
    assert mall.order_ids(startOrderDate=stamp, endOrderDate=stamp) == [new]
    assert re.fullmatch(r"\d{14}", mall.one(new)["deliveryInfos"][0]["deliveryDate"])


@pytest.mark.parametrize(
    "asked",
    [
        {"startOrderDate": "2026-10-01"},
        {"endOrderDate": "20261301000000"},
        {"deliveryStatus": "X"},
        {"sortOrder": "UP"},
        {"page": 0},
        {"limit": 1001},
    ],
)
def test_a_bad_value_is_an_error(shared: Caller, asked: Mapping[str, object]) -> None:
    assert code_of(shared.ask(ORDERS, asked)) == (200, "BAD_USER_INPUT")


def test_pages_are_shorter_than_asked_and_may_shift(mall: Caller) -> None:
    mall.item("mug-01", 99)
    placed = [mall.order("mug-01") for _ in range(5)]
    mall.door("knobs", {"order_page_max": 2})

    def page(number: int) -> list[str]:
        return mall.order_ids(page=number, limit=1000)

    assert [page(1), page(2), page(3), page(4)] == [placed[:2], placed[2:4], placed[4:], []]
    assert mall.data(ORDERS, {"limit": 1})["searchedCount"] == 5
    mall.door("faults", {"kind": "page_shift", "count": 1})
    assert (page(1), page(2), page(2)) == (placed[:2], placed[3:], placed[2:4])


@pytest.mark.parametrize(
    ("shows", "expected"),
    [("both", ("C", "0003")), ("delivery", ("C", "0004")), ("payment", ("N", "0003"))],
)
def test_a_cancel_is_told_in_place(mall: Caller, shows: str, expected: object) -> None:
    mall.item("mug-01", 9)
    kept, lost = mall.order("mug-01", 2), mall.order("mug-01", 3)
    mall.door("knobs", {"cancel_shows": shows})
    mall.door(f"orders/{kept}", {"cancel": True})
    mall.door(f"orders/{lost}", {"cancel": True, "restock": False})

    order = mall.one(kept)

    assert (order["deliveryInfos"][0]["deliveryStatus"], order["paymentStatusCode"]) == expected
    assert mall.quantity("mug-01") == 6


def test_returned_provisional_split_and_padded_orders(mall: Caller) -> None:
    tee(mall)
    knobs = {"shipped_cancel": "R", "failed_payment_vanishes": True, "split_deliveries": True}
    mall.door("knobs", {**knobs, "padded_codes": True})
    both = [
        {"code": "tee-07", "sub_code": "tee-07-bk-m", "quantity": 1},
        {"code": "tee-07", "sub_code": "tee-07-bk-l", "quantity": 2},
    ]
    returned = mall.door("orders", {"lines": both, "status": "shipped"})["order_id"]
    lost = mall.order("tee-07", 1, "tee-07-bk-l")
    mall.door(f"orders/{returned}", {"cancel": True})
    assert mall.order_ids() == [returned, lost]
    mall.door(f"orders/{lost}", {"cancel": True, "by": "buyer"})

    [order] = mall.orders()

    first, second = order["deliveryInfos"]
    assert (first["deliveryStatus"], first["deliveryId"], second["deliveryId"]) == ("R", 1, 2)
    assert second["basketInfos"][0]["variationCustomCode"] == "tee-07-bk-l  "


def test_late_orders_appear_later(mall: Caller) -> None:
    mall.item("mug-01", 9)
    mall.door("faults", {"kind": "late_orders", "seconds": 60, "count": 1})
    order_id = mall.order("mug-01")
    assert mall.order_ids() == []
    mall.client.delete("/_sandbox/faults")
    assert mall.order_ids() == [order_id]


# -- products --------------------------------------------------------------------------------------


def test_products_and_quantities_are_told(mall: Caller) -> None:
    mall.item("mug-01", 15, name="マグカップ")
    tee(mall)

    found = mall.data(PRODUCTS, {"page": 1, "limit": 200})

    assert (found["searchedCount"], found["page"], found["limit"]) == (2, 1, 200)
    mug, shirt = found["products"]
    assert (mug["systemCode"], mug["variationShowType"], mug["variations"]) == (
        "000000000001",
        0,
        [],
    )
    assert (shirt["variationShowType"], shirt["quantity"]) == (1, 12)
    assert shirt["variations"][1] == {
        "variation1ItemName": "黒",
        "variation2ItemName": "L",
        "productSystemCode": "000000000002",
        "variationCustomCode": "tee-07-bk-l",
        "janCode": "4900000000024",
    }
    rows = mall.data(QUANTITIES, {"systemCodes": "000000000002"})["productQuantities"]
    assert [row["customCode"] for row in rows] == ["tee-07"]
    assert rows[0]["variationQuantities"] == [
        {"variationQuantity": 5, "variationCustomCode": "tee-07-bk-m"},
        {"variationQuantity": 7, "variationCustomCode": "tee-07-bk-l"},
    ]
    rows = mall.data(QUANTITIES, {})["productQuantities"]
    assert [row["quantity"] for row in rows] == [15, 12]
    mall.door("knobs", {"uncoded_products": ["tee-07"]})
    [shirt] = mall.data(PRODUCTS, {"customCode": "tee-07"})["products"]
    assert [one["variationCustomCode"] for one in shirt["variations"]] == ["", ""]


def test_product_filters_and_the_page_cap(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}"} for n in range(201)])

    def codes(**asked: object) -> list[str]:
        return [one["customCode"] for one in mall.data(PRODUCTS, asked)["products"]]

    assert len(codes(limit=1000)) == 200
    assert codes(limit=1000, page=2) == ["i200"]
    assert codes(systemCode="000000000003") == ["i2"]
    assert codes(systemCode="3") == codes(customCode="ghost") == []
    assert codes(sortOrder="DESC", limit=1) == ["i200"]
    soon = f"{datetime.now(JST) + timedelta(hours=1):%Y%m%d%H%M%S}"
    assert codes(lastUpdateFrom=soon) == []
    assert len(codes(lastUpdateTo=soon, limit=500)) == 200


# -- writing stock ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("calculation", "adding"), [("add", 1), ("overwrite", 0)])
def test_both_readings_of_the_calculation_type(mall: Caller, calculation: str, adding: int) -> None:
    mall.door("knobs", {"quantity_calculation": calculation})
    mall.item("mug-01", 5)
    tee(mall)

    assert mall.set_plain(plain("mug-01", -2, adding)) == []
    assert mall.set_variations("tee-07", detail("tee-07-bk-m", 3, adding)) == []
    assert (mall.quantity("mug-01"), mall.quantity("tee-07", "tee-07-bk-m")) == (3, 8)
    assert mall.set_plain(plain("mug-01", 9, 1 - adding)) == []
    assert mall.set_variations("tee-07", detail("tee-07-bk-m", 0, 1 - adding)) == []
    assert (mall.quantity("mug-01"), mall.quantity("tee-07", "tee-07-bk-m")) == (9, 0)
    assert mall.quantity("tee-07", "tee-07-bk-l") == 7


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (plain("ghost", 1), "該当する商品が存在しません"),
        ({**plain("mug-01", 1), "productKeyType": 0}, "該当する商品が存在しません"),
        ({**plain("mug-01", 1), "productKeyType": 7}, "キー区分が不正です"),
        (plain("tee-07", 1), "バリエーションのある商品です"),
        (plain("mug-01", -6), "在庫数が不正です"),
        (plain("mug-01", 1_000_000, 0), "在庫数が不正です"),
        (plain("mug-01", -1, 0), "在庫数が不正です"),
        (plain("mug-01", 1, 5), "在庫数が不正です"),
    ],
)
def test_one_bad_row_is_told_and_the_others_are_written(
    mall: Caller, row: Mapping[str, object], message: str
) -> None:
    mall.item("mug-01", 5)
    mall.item("tray", 5)
    tee(mall)

    [failure] = mall.set_plain(row, plain("tray", 1))

    assert (failure["customCode"], failure["message"]) == (row["customCode"], message)
    assert (mall.quantity("mug-01"), mall.quantity("tray")) == (5, 6)


def test_variations_are_named_by_code_or_by_numbers(mall: Caller) -> None:
    tee(mall)
    mall.item("mug-01", 5)
    by_ids = {**detail("", 1), "variationKeyType": 0, "variation1ItemId": 1, "variation2ItemId": 2}

    failures = mall.set_variations(
        "tee-07", by_ids, detail("tee-07-bk-x", 1), detail("tee-07-bk-m ", 1)
    )

    assert failures == [
        {
            "systemCode": "000000000001",
            "customCode": "tee-07",
            "variation1ItemId": None,
            "variation2ItemId": None,
            "variationCustomCode": "tee-07-bk-x",
            "message": "該当するバリエーションが存在しません",
        }
    ]
    assert mall.quantity("tee-07", "tee-07-bk-l") == 8
    assert mall.quantity("tee-07", "tee-07-bk-m") == 6
    [failure] = mall.set_variations("mug-01", detail("x", 1))
    assert failure["message"] == "バリエーションのない商品です"


def test_a_fall_below_zero_may_stop_at_zero_and_no_failure_may_be_null(mall: Caller) -> None:
    mall.item("mug-01", 5)
    mall.door("knobs", {"below_zero": "clamps", "nothing_failed": "null"})
    answer = mall.data(SET_PRODUCTS, {"productQuantities": plain("mug-01", -7)})
    assert (answer["failResult"], mall.quantity("mug-01")) == (None, 0)


def test_unlimited_products_are_shown_and_left_by_a_real_figure(mall: Caller) -> None:
    mall.item("mug-01", 0, overdraft=True)

    def shown() -> object:
        return mall.data(QUANTITIES, {})["productQuantities"][0]["quantity"]

    assert shown() == -1
    mall.door("knobs", {"unlimited_shows": "null", "quantity_calculation": "overwrite"})
    assert shown() is None
    assert mall.set_plain(plain("mug-01", 4)) == []
    assert shown() == 4
    assert mall.set_plain(plain("mug-01", -1)) == []
    assert shown() is None


def test_rows_have_a_limit(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}"} for n in range(101)])
    rows = [plain(f"i{n}", 1) for n in range(101)]

    assert mall.set_plain(*rows[:100]) == []
    assert code_of(mall.ask(SET_PRODUCTS, {"productQuantities": rows}))[1] == "BAD_USER_INPUT"
    assert code_of(mall.ask(SET_PRODUCTS, {"productQuantities": []}))[1] == "BAD_USER_INPUT"


@pytest.mark.parametrize("code", ["a b", "a/b+c?&<", "ＡＢ　１", "棚-1", "👕tee", "x" * 98])
def test_codes_of_any_kind_go_round(mall: Caller, code: str) -> None:
    mall.item(code, 5, f"{code}-M")
    assert mall.set_variations(code, detail(f"{code}-M", 2)) == []
    mall.order(code, 1, f"{code}-M")

    [line] = mall.orders()[0]["deliveryInfos"][0]["basketInfos"]
    assert (line["productCustomCode"], line["variationCustomCode"]) == (code, f"{code}-M")
    assert mall.quantity(code, f"{code}-M") == 6


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("endpoint", [None, "stock"])
@pytest.mark.parametrize(
    ("kind", "form", "status", "code"),
    [
        ("maintenance", "", 503, ""),
        ("maintenance", "json", 503, "SERVICE_UNAVAILABLE"),
        ("maintenance", "in_body", 200, "SERVICE_UNAVAILABLE"),
        ("rate_limit", "", 429, "TOO_MANY_REQUESTS"),
        ("server_error", "", 500, "INTERNAL_SERVER_ERROR"),
        ("server_error", "page", 500, ""),
        ("expired_key", "", 401, "UNAUTHENTICATED"),
        ("expired_key", "forbidden", 403, "FORBIDDEN"),
        ("expired_key", "in_body", 200, "UNAUTHENTICATED"),
    ],
)
def test_refusals_come_in_their_forms_and_to_their_operations(
    shared: Caller, kind: str, form: str, status: int, code: str, endpoint: str | None
) -> None:
    shared.door("faults", {"kind": kind, "form": form, "count": 1, "endpoint": endpoint})
    if endpoint:
        assert shared.ask(ORDERS, {}).status_code == 200
    reply = shared.ask(QUANTITIES, {})

    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("application/json" if code else "text/html")
    if code:
        assert code_of(reply) == (status, code)
    assert shared.ask(QUANTITIES, {}).status_code == 200
    assert shared.state()["faults"] == []


def test_bad_items_and_broken_replies(mall: Caller) -> None:
    mall.item("mug-01", 5)
    tee(mall)
    mall.door(
        "faults", {"kind": "bad_item", "code": "tee-07", "sub_code": "tee-07-bk-l", "count": 1}
    )
    mall.door("faults", {"kind": "bad_item", "form": "whole", "count": 1})
    mall.door("faults", {"kind": "garbage", "endpoint": "stock", "count": 1})

    assert mall.set_plain(plain("mug-01", 1)) == []  # the row is not in it
    failures = mall.set_variations("tee-07", detail("tee-07-bk-m", 1), detail("tee-07-bk-l", 1))
    assert [failure["variationCustomCode"] for failure in failures] == ["tee-07-bk-l"]
    assert mall.quantity("tee-07", "tee-07-bk-m") == 6
    refused = mall.ask(SET_PRODUCTS, {"productQuantities": plain("mug-01", 1)})
    assert (code_of(refused)[0], mall.quantity("mug-01")) == (200, 6)
    with pytest.raises(json.JSONDecodeError):
        mall.ask(SET_PRODUCTS, {"productQuantities": plain("mug-01", 1)}).json()
    assert mall.quantity("mug-01") == 7


@pytest.mark.parametrize(("kind", "left"), [("timeout_before", 5), ("timeout_after", 6)])
def test_a_time_out_drops_writes_and_lets_reads_pass(mall: Caller, kind: str, left: int) -> None:
    mall.item("mug-01", 5)
    mall.door("faults", {"kind": kind, "count": 1})
    assert mall.data(QUANTITIES, {})["productQuantities"][0]["quantity"] == 5
    with pytest.raises(httpx.TransportError):
        mall.set_plain(plain("mug-01", 1))
    assert mall.quantity("mug-01") == left
    assert mall.set_plain(plain("mug-01", 1)) == []


@pytest.mark.slow
def test_a_late_write_lands_after_the_drop_also_when_the_caller_left(mall: Caller) -> None:
    mall.item("mug-01", 5)
    mall.door("faults", {"kind": "late_apply", "count": 2, "delay_s": 0.05})
    asked = {"productQuantities": plain("mug-01", 1)}
    for timeout, after in ((WAIT_S_MAX, 6), (0.05, 7)):
        with pytest.raises(httpx.TransportError):
            mall.ask(SET_PRODUCTS, asked, timeout)
        until(lambda after=after: mall.quantity("mug-01") == after)  # type: ignore[misc]


@pytest.mark.parametrize("endpoint", [None, "orders"])
def test_a_slow_answer_comes_late_and_delays_nobody_else(
    mall: Caller, endpoint: str | None
) -> None:
    mall.item("mug-01", 5)
    mall.door("faults", {"kind": "slow", "endpoint": endpoint, "count": 1, "delay_s": 0.1})
    began = time.monotonic()
    if endpoint:
        assert mall.ask(QUANTITIES, {}).status_code == 200
    reply = mall.ask(ORDERS, {})
    assert (reply.status_code, time.monotonic() - began >= 0.1) == (200, True)
    assert reply.headers["date"]


def test_a_held_call_does_not_keep_the_sandbox_from_stopping() -> None:
    began = time.monotonic()
    with calling(speed=1) as mall:
        mall.item("mug-01", 5)
        mall.door("faults", {"kind": "timeout_before", "count": 1})
        with pytest.raises(httpx.TransportError):
            mall.ask(SET_PRODUCTS, {"productQuantities": plain("mug-01", 1)}, timeout=0.1)
    assert time.monotonic() - began < WAIT_S_MAX
