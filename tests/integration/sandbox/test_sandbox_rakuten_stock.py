"""The pretend Rakuten against its wire contract: InventoryAPI 2.0 and 2.1."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.integration.sandbox.rakuten_caller import (
    Caller,
    Json,
    absolute,
    calling,
    codes,
    relative,
)

UPSERT = "/es/2.0/inventories/bulk-upsert"


@pytest.fixture
def mall() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


@pytest.fixture(scope="module")
def worn_mall() -> Iterator[Caller]:
    """One for all whose calls are refused."""
    with calling() as caller:
        caller.item("rice5", 5)
        yield caller


def paths(reply: httpx.Response) -> list[tuple[str, str | None]]:
    return [
        (error["code"], error.get("metadata", {}).get("propertyPath"))
        for error in reply.json()["errors"]
    ]


def rows(reply: httpx.Response) -> list[tuple[str, str, int]]:
    return [
        (row["manageNumber"], row["variantId"], row["quantity"])
        for row in reply.json()["inventories"]
    ]


# -- stock -----------------------------------------------------------------------------------------


def test_bulk_get_finds_rows_by_key_and_leaves_unknown_ones_out(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M")
    mall.item("rice5", 5)

    reply = mall.read(("TEE-01", "blk-M"), ("ghost", "x"), ("rice5", "normal-inventory"))

    assert rows(reply) == [("tee-01", "blk-M", 3), ("rice5", "normal-inventory", 5)]
    stamp = reply.json()["inventories"][0]["updated"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+09:00", stamp)


def test_variant_ids_keep_their_case(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M")

    assert rows(mall.read(("tee-01", "BLK-M"))) == []


def test_bulk_get_of_unknown_pairs_is_empty_or_404_by_its_knob(mall: Caller) -> None:
    assert (mall.read(("ghost", "x")).status_code, rows(mall.read(("ghost", "x")))) == (200, [])

    mall.door("knobs", {"unknown_is_404": True})

    refused = mall.read(("ghost", "x"))
    assert (refused.status_code, codes(refused)) == (404, ["GE0014"])


def test_a_good_write_answers_204_without_a_body(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M")
    mall.item("rice5", 5)

    reply = mall.push(relative("tee-01", -2, "blk-M"), absolute("RICE5", 7))

    assert (reply.status_code, reply.content) == (204, b"")
    assert (mall.quantity("tee-01", "blk-M"), mall.quantity("rice5")) == (1, 7)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (relative("rice5", -6), ("IE0117", "inventories[1].quantity")),
        (relative("rice5", 99_995), ("IE0117", "inventories[1].quantity")),
        (relative("ghost", 1), ("IE0500", "inventories[1]")),
        (absolute("rice5", -1), ("IE0003", "inventories[1].quantity")),
        (absolute("rice5", 100_000), ("IE0003", "inventories[1].quantity")),
        (relative("rice5", 10**30), ("IE0003", "inventories[1].quantity")),
        (absolute("x" * 33, 1), ("IE0004", "inventories[1].manageNumber")),
        (absolute("a b", 1), ("IE0002", "inventories[1].manageNumber")),
        ({**absolute("rice5", 1), "quantity": 1.5}, ("IE0002", "inventories[1].quantity")),
        ({**absolute("rice5", 1), "quantity": True}, ("IE0002", "inventories[1].quantity")),
        ({**absolute("rice5", 1), "mode": None}, ("IE0001", "inventories[1].mode")),
        ({**absolute("rice5", 1), "mode": "ADD"}, ("IE0002", "inventories[1].mode")),
        ({**absolute("rice5", 1), "shipFromIds": [1]}, ("IE0002", "inventories[1].shipFromIds")),
        ({**absolute("rice5", 1), "price": 3}, ("IE0002", "inventories[1].price")),
        (absolute("SOAP", 1), ("IE1102", "inventories[1]")),
    ],
)
def test_one_bad_row_refuses_the_whole_write(
    mall: Caller, row: dict[str, object], expected: tuple[str, str]
) -> None:
    mall.item("soap", 3)
    mall.item("rice5", 5)

    reply = mall.push(relative("soap", 1), row)

    assert reply.status_code == 400
    assert paths(reply) == [expected]
    assert (mall.quantity("soap"), mall.quantity("rice5")) == (3, 5)


def test_every_bad_row_is_named(mall: Caller) -> None:
    mall.item("soap", 3)

    reply = mall.push(relative("ghost", 1), relative("soap", 1), relative("soap2", 1))

    assert paths(reply) == [("IE0500", "inventories[0]"), ("IE0500", "inventories[2]")]


def test_good_rows_are_applied_with_the_partial_knob(mall: Caller) -> None:
    mall.item("soap", 3)
    mall.item("rice5", 5)
    mall.door("knobs", {"partial": True})

    reply = mall.push(relative("soap", 1), relative("rice5", -6))

    assert reply.status_code == 400
    assert (mall.quantity("soap"), mall.quantity("rice5")) == (4, 5)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"inventories": []}, ("IE0001", "inventories")),
        ({}, ("IE0001", "inventories")),
        ({"inventories": {"a": 1}}, ("IE0002", "inventories")),
        ({"inventories": [7]}, ("IE0002", "inventories[0]")),
        ({"inventory": []}, ("IE0002", "inventory")),
        ({"inventories": [absolute(f"i{n}", 1) for n in range(401)]}, ("IE1101", "inventories")),
    ],
)
def test_a_malformed_write_is_refused(
    worn_mall: Caller, body: object, expected: tuple[str, str]
) -> None:
    reply = worn_mall.client.post(UPSERT, json=body)

    assert reply.status_code == 400
    assert paths(reply) == [expected]


def test_an_empty_body_and_too_many_pairs_are_refused(worn_mall: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    empty = worn_mall.client.post(UPSERT, headers=headers)
    many = worn_mall.read(*[(f"i{n}", "x") for n in range(1_001)])
    twice = worn_mall.read(("rice5", "x"), ("RICE5", "x"))

    assert codes(empty) == ["GE0011"]
    assert codes(many) == ["IE1101"]
    assert paths(twice) == [("IE1102", "inventories[1]")]


def test_an_absolute_write_to_nothing_is_silent_and_makes_an_orphan(mall: Caller) -> None:
    assert mall.push(absolute("ghost", 4, "x")).status_code == 204

    assert rows(mall.read(("ghost", "x"))) == [("ghost", "x", 4)]
    assert mall.state()["items"] == []
    assert mall.client.get("/es/2.0/items/search").json()["numFound"] == 0
    assert mall.push(relative("ghost", 1, "x")).status_code == 204


def test_an_orphan_is_gone_a_day_after_its_last_change() -> None:
    with calling(speed=10_000) as mall:  # a day lasts 8.64 s
        mall.push(absolute("ghost", 4, "x"))
        assert rows(mall.read(("ghost", "x"))) == [("ghost", "x", 4)]
        mall.fault("skew", seconds=8)
        assert rows(mall.read(("ghost", "x"))) == [("ghost", "x", 4)]
        mall.fault("skew", seconds=20)
        assert rows(mall.read(("ghost", "x"))) == []


def test_a_401st_variant_is_refused(mall: Caller) -> None:
    mall.push(*[absolute("big", 1, f"v{n}") for n in range(400)])

    assert codes(mall.push(absolute("big", 1, "one-more"))) == ["IE0121"]


def test_a_2_1_write_wipes_lead_times_that_it_leaves_out(mall: Caller) -> None:
    mall.item("rice5", 5, lead_time_days=4)
    pair = ("rice5", "normal-inventory")

    def row(version: str) -> Json:
        return mall.read(pair, version=version).json()["inventories"][0]

    assert row("2.1")["operationLeadTime"] == {"normalDeliveryTimeId": 4}
    assert "operationLeadTime" not in row("2.0")
    mall.push(absolute("rice5", 6), version="2.0")
    assert row("2.1")["operationLeadTime"] == {"normalDeliveryTimeId": 4}
    echoed = {"operationLeadTime": {"normalDeliveryTimeId": 5}, "shipFromIds": [3]}
    assert mall.push({**absolute("rice5", 7), **echoed}, version="2.1").status_code == 204
    assert row("2.1") | echoed == row("2.1")
    mall.push(absolute("rice5", 8), version="2.1")
    assert "operationLeadTime" not in row("2.1")
    assert "shipFromIds" not in row("2.1")


def test_an_undefined_lead_time_is_refused(mall: Caller) -> None:
    mall.item("rice5", 5)
    row = {**absolute("rice5", 7), "operationLeadTime": {"normalDeliveryTimeId": 1_000}}

    assert codes(mall.push(row, version="2.1")) == ["IE0118"]


def test_a_bad_item_is_the_row_that_was_named(mall: Caller) -> None:
    mall.item("soap", 3)
    mall.item("rice5", 5)
    mall.fault("bad_item", code="rice5", count=1)
    assert mall.push(relative("soap", 1)).status_code == 204  # the row is not in it

    refused = mall.push(relative("soap", 1), relative("rice5", 1))

    assert paths(refused) == [("IE0121", "inventories[1]")]
    assert (mall.quantity("soap"), mall.quantity("rice5")) == (4, 5)
    assert mall.push(relative("rice5", 1)).status_code == 204


def test_a_bad_item_is_the_first_row_by_default(mall: Caller) -> None:
    mall.item("soap", 3)
    mall.fault("bad_item", count=1, form="IE0500")

    assert paths(mall.push(relative("soap", 1))) == [("IE0500", "inventories[0]")]


def test_a_range_shows_the_newest_first(mall: Caller) -> None:
    for code, quantity in (("a", 1), ("b", 2), ("c", 3)):
        mall.item(code, quantity)
    mall.door("stock", {"code": "a", "quantity": 2})
    path = "/es/2.0/inventories/bulk-get/range"

    found = mall.client.get(path, params={"minQuantity": 2, "maxQuantity": 2})

    assert [row[0] for row in rows(found)] == ["a", "b"]
    assert len(rows(mall.client.get(path, params={"minQuantity": 0}))) == 3


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({}, "IE0105"),
        ({"minQuantity": "3", "maxQuantity": "2"}, "IE0113"),
        ({"minQuantity": "-1"}, "IE0003"),
        ({"minQuantity": "many"}, "IE0002"),
    ],
)
def test_a_bad_range_is_refused(worn_mall: Caller, params: dict[str, str], code: str) -> None:
    reply = worn_mall.client.get("/es/2.0/inventories/bulk-get/range", params=params)

    assert (reply.status_code, codes(reply)) == (400, [code])


def test_a_range_of_more_than_1000_is_refused(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}", "quantity": 1} for n in range(1_001)])

    reply = mall.client.get("/es/2.0/inventories/bulk-get/range", params={"minQuantity": 1})

    assert codes(reply) == ["IE0116"]


def test_single_rows_are_read_and_written(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M")
    path = "/es/2.0/inventories/manage-numbers/TEE-01/variants/blk-M"

    written = mall.client.put(path, json={"mode": "RELATIVE", "quantity": -1})
    refused = mall.client.put(path, json={"mode": "RELATIVE", "quantity": -3})
    unknown = mall.client.get("/es/2.0/inventories/manage-numbers/tee-01/variants/x")

    assert written.status_code == 204
    assert paths(refused) == [("IE0117", "quantity")]
    assert mall.client.get(path).json()["quantity"] == 2
    assert (unknown.status_code, codes(unknown)) == (404, ["GE0014"])


def test_a_variant_list_holds_what_the_stock_holds(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M")
    mall.push(absolute("tee-01", 1, "orphan"))
    path = "/es/2.1/inventories/variant-lists/manage-numbers/tee-01"

    assert mall.client.get(path).json()["variantList"] == ["blk-M", "orphan"]
    assert mall.client.get(f"{path}x").status_code == 404


def test_back_order_items_sell_at_zero_and_stay_there(mall: Caller) -> None:
    mall.item("rice5", 1, overdraft=True)

    number = mall.order("rice5", 3)

    assert mall.quantity("rice5") == 0
    mall.door(f"orders/{number}", {"cancel": True})
    assert mall.quantity("rice5") == 1  # only what had really come off
