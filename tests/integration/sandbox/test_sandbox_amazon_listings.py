"""The pretend Amazon against its contract: listings, pushes, and when they become live."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.contract.amazon import model as schema
from tests.integration.sandbox.amazon_caller import (
    MARKET,
    Caller,
    Json,
    availability,
    error,
    pretend_amazon,
)
from tests.integration.sandbox.rakuten_caller import until


@pytest.fixture
def mall() -> Iterator[Caller]:
    """Pushes are live at once and reads are fresh."""
    with pretend_amazon(live_s=0, stale_s=0) as caller:
        yield caller


@pytest.fixture(scope="module")
def worn_mall() -> Iterator[Caller]:
    """One for all whose pushes are refused."""
    with pretend_amazon(live_s=0, stale_s=0) as caller:
        caller.item("TEA-100", 5, lead_time_days=3)
        yield caller


def element(mall: Caller, sku: str) -> Json:
    return mall.listing(sku).json()["attributes"]["fulfillment_availability"][0]


# -- reads -----------------------------------------------------------------------------------------


def test_a_listing_shows_quantity_lead_time_and_restock_date(mall: Caller) -> None:
    mall.item(
        "TEA-100", 7, lead_time_days=3, restock_date="2026-12-10", jan="4900000000001", name="緑茶"
    )

    shown = mall.listing("TEA-100").json()

    assert shown["fulfillmentAvailability"] == [
        {"fulfillmentChannelCode": "DEFAULT", "quantity": 7}
    ]
    assert shown["attributes"]["fulfillment_availability"] == [
        {
            "fulfillment_channel_code": "DEFAULT",
            "quantity": 7,
            "lead_time_to_ship_max_days": 3,
            "restock_date": "2026-12-10",
            "marketplace_id": MARKET,
        }
    ]
    summary = shown["summaries"][0]
    assert (summary["itemName"], summary["status"]) == ("緑茶", ["BUYABLE", "DISCOVERABLE"])
    everything = ",".join(
        "summaries attributes issues offers fulfillmentAvailability procurement relationships "
        "productTypes".split()
    )
    assert len(mall.listing("TEA-100", everything).json()) == 9
    assert set(mall.listing("TEA-100", "").json()) == {"sku", "summaries"}


def test_a_listing_of_the_warehouse_has_no_quantity(mall: Caller) -> None:
    mall.item("TEA-FBA", 5, fba=True)

    shown = mall.listing("TEA-FBA").json()

    assert shown["fulfillmentAvailability"] == [{"fulfillmentChannelCode": "AMAZON_JP"}]
    assert "quantity" not in element(mall, "TEA-FBA")
    assert "fnSku" in shown["summaries"][0]


@pytest.mark.parametrize("sku", ["MUG RED/L", "A+B", "100%25", "テスト①", "a#b?c", "🍵", "x..y"])
def test_every_code_is_found_and_pushed_by_its_encoded_path(mall: Caller, sku: str) -> None:
    mall.item(sku, 3)

    assert mall.listing(sku).json()["sku"] == sku
    assert mall.push(sku, 2).json()["status"] == "ACCEPTED"
    assert mall.quantity(sku) == 2


def test_a_doubly_encoded_code_is_another_one(mall: Caller) -> None:
    mall.item("MUG RED", 3)

    reply = mall.listing("MUG%20RED")

    assert error(reply)[:2] == (404, "NOT_FOUND")
    message = f"SKU 'MUG%20RED' not found in marketplace {MARKET}"
    assert reply.json()["errors"][0]["message"] == message


def test_codes_have_a_case_and_bounds(mall: Caller) -> None:
    mall.item("TEA-100", 3)

    assert mall.listing("tea-100").status_code == 404
    for code in (" A", "A\t", "x" * 41, ""):
        mall.door("items", [{"code": code}], status=400)


def test_the_sub_code_of_a_variation_is_its_sku(mall: Caller) -> None:
    mall.push("TEE-M", 9)  # a ghost that the listing takes the place of
    mall.item("TEE", 3, sub_code="TEE-M")
    mall.item("TEE", 4, sub_code="TEE-L")

    assert (mall.read("TEE-M"), mall.listing("TEE").status_code) == (3, 404)
    shown = mall.listing("TEE-L", "relationships").json()["relationships"][0]["relationships"]
    assert shown == [{"type": "VARIATION", "parentSkus": ["TEE"]}]
    mall.push("TEE-M", 1)
    assert [row["quantity"] for row in mall.state()["items"]] == [1, 4]
    assert skus(mall.listings(variationParentSku="TEE", sortBy="sku").json()) == ["TEE-M", "TEE-L"]


def test_a_sku_is_unique(mall: Caller) -> None:
    mall.item("TEE", 3, sub_code="M")

    for rows in (
        [{"code": "M"}],
        [{"code": "CAP", "sub_code": "M"}],
        [{"code": "CAP", "sub_code": "S"}, {"code": "S"}],
    ):
        mall.door("items", rows, status=409)
    assert len(mall.state()["items"]) == 1
    mall.door("items", [{"code": "TEE", "gone": True}])
    mall.item("M", 1)


# -- pushes ----------------------------------------------------------------------------------------


def test_merge_keeps_lead_time_and_restock_date(mall: Caller) -> None:
    mall.item("TEA-100", 5, lead_time_days=3, restock_date="2026-12-10")

    answer = mall.push("TEA-100", 2).json()

    assert (answer["sku"], answer["status"], answer["issues"]) == ("TEA-100", "ACCEPTED", [])
    row = mall.row("TEA-100")
    assert (row["quantity"], row["lead_time_days"], row["restock_date"]) == (2, 3, "2026-12-10")


@pytest.mark.parametrize("op", ["replace", "add"])
def test_replace_and_add_drop_what_they_do_not_name(mall: Caller, op: str) -> None:
    mall.item("TEA-100", 5, lead_time_days=3, restock_date="2026-12-10")

    mall.push("TEA-100", 2, op, lead_time_to_ship_max_days=1)

    row = mall.row("TEA-100")
    assert (row["quantity"], row["lead_time_days"], row["restock_date"]) == (2, 1, None)


def test_delete_takes_the_element_away_and_needs_its_selector(mall: Caller) -> None:
    mall.item("TEA-100", 5, lead_time_days=3)
    bare = {"op": "delete", "path": "/attributes/fulfillment_availability", "value": [{}]}
    assert mall.patch("TEA-100", bare).json()["status"] == "INVALID"

    assert mall.patch("TEA-100", availability("delete")).json()["status"] == "ACCEPTED"

    row = mall.row("TEA-100")
    assert (row["quantity"], row["lead_time_days"]) == (0, None)


def test_put_replaces_everything(mall: Caller) -> None:
    mall.item("TEA-100", 5, lead_time_days=3)
    query = {"marketplaceIds": MARKET}
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 4}]
    body: dict[str, Any] = {
        "productType": "PRODUCT",
        "attributes": {"fulfillment_availability": value},
    }
    path = mall.path("TEA-100")

    assert mall.call("PUT", path, schema.SUBMISSION, params=query, json=body).status_code == 200
    assert (mall.row("TEA-100")["quantity"], mall.row("TEA-100")["lead_time_days"]) == (4, None)
    mall.call("PUT", path, schema.SUBMISSION, params=query, json={**body, "attributes": {}})
    assert mall.quantity("TEA-100") == 0


def test_always_in_stock_is_no_quantity(mall: Caller) -> None:
    mall.item("TEA-100", 5)

    mall.push("TEA-100", None, is_inventory_available=True)

    assert mall.read("TEA-100") is None
    assert element(mall, "TEA-100")["is_inventory_available"] is True
    mall.push("TEA-100", 3)
    assert mall.read("TEA-100") == 3


def test_an_unknown_sku_is_accepted_and_becomes_a_ghost(mall: Caller) -> None:
    assert mall.push("GHOST", 4).json()["status"] == "ACCEPTED"

    shown = mall.listing("GHOST").json()
    assert (shown["summaries"], mall.read("GHOST")) == ([], 4)
    assert mall.state()["items"] == []
    assert mall.listings().json()["items"] == []


def test_a_push_to_an_fba_listing_makes_it_the_merchants(mall: Caller) -> None:
    mall.item("TEA-FBA", 0, fba=True)

    mall.push("TEA-FBA", 3)

    row = mall.row("TEA-FBA")
    assert (row["fba"], row["quantity"]) == (False, 3)


@pytest.mark.parametrize(
    "fields",
    [
        {"quantity": -1},
        {"quantity": 1.5},
        {"quantity": "3"},
        {"quantity": True},
        {"quantity": 10**30},
        {"quantity": 1, "lead_time_to_ship_max_days": 31},
        {"quantity": 1, "restock_date": "soon"},
        {"quantity": 1, "is_inventory_available": True},
        {"quantity": 1, "channel": "AMAZON_NA"},
        {"quantity": 1, "channel": 3},
        {"lead_time_to_ship_max_days": 3},
    ],
)
def test_bad_content_is_200_invalid_and_changes_nothing(
    worn_mall: Caller, fields: dict[str, Any]
) -> None:
    reply = worn_mall.patch("TEA-100", availability("merge", **fields))

    assert (reply.status_code, reply.json()["status"]) == (200, "INVALID")
    assert reply.json()["issues"][0]["severity"] == "ERROR"
    assert worn_mall.quantity("TEA-100") == 5


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b'{"productType":"PRODUCT"}',
        b'{"productType":"PRODUCT","patches":[]}',
        b'{"productType":"PRODUCT","patches":[3]}',
        b'{"productType":"PRODUCT","patches":[{"op":"set","path":"/attributes/x","value":[]}]}',
        b'{"productType":"PRODUCT","patches":[{"op":["merge"],"path":"/attributes/x","value":[]}]}',
        b'{"productType":"PRODUCT","patches":[{"op":"merge","path":"/x","value":[]}]}',
        b'{"productType":"PRODUCT","patches":[{"op":"merge","path":"/attributes/x","value":{}}]}',
        b'{"productType":"PRODUCT","patches":[{"op":"merge","path":"/attributes/x","value":[3]}]}',
        b'{"patches":[{"op":"merge","path":"/attributes/x","value":[]}]}',
    ],
)
def test_a_bad_shape_is_400(worn_mall: Caller, body: bytes) -> None:
    query = {"marketplaceIds": MARKET}

    reply = worn_mall.call("PATCH", worn_mall.path("TEA-100"), params=query, content=body)

    assert error(reply)[:2] == (400, "InvalidInput")


def test_the_marketplace_must_be_named(worn_mall: Caller) -> None:
    for query in ({}, {"marketplaceIds": "ATVPDKIKX0DER"}):
        assert worn_mall.call("GET", worn_mall.path("TEA-100"), params=query).status_code == 400


def test_a_preview_changes_nothing(worn_mall: Caller) -> None:
    query = {"mode": "VALIDATION_PREVIEW", "includedData": "issues,identifiers"}

    answer = worn_mall.patch("TEA-100", availability("merge", quantity=1), **query).json()

    assert answer["status"] == "VALID"
    assert answer["identifiers"][0]["asin"].startswith("B0")
    assert worn_mall.quantity("TEA-100") == 5


def test_a_flawed_listing_takes_pushes_with_a_warning(mall: Caller) -> None:
    mall.item("TEA-100", 5)
    mall.knob(flawed_skus=["TEA-100"])

    answer = mall.push("TEA-100", 4).json()

    assert (answer["status"], answer["issues"][0]["severity"]) == ("ACCEPTED", "WARNING")
    assert mall.listing("TEA-100").json()["issues"][0]["severity"] == "ERROR"
    assert mall.listings(withIssueSeverity="ERROR").json()["numberOfResults"] == 1


# -- accepted is not live, and reads are stale -----------------------------------------------------


@pytest.mark.slow
def test_an_accepted_quantity_becomes_live_later_and_undoes_sales_in_between() -> None:
    with pretend_amazon(live_s=300, stale_s=0, exact_lags=True) as mall:  # 0.5 s here
        mall.item("TEA-100", 5, lead_time_days=3)
        mall.push("TEA-100", 4)
        assert mall.quantity("TEA-100") == 5
        mall.order("TEA-100", 2)
        assert mall.quantity("TEA-100") == 3
        until(lambda: mall.quantity("TEA-100") == 4)
        assert mall.row("TEA-100")["lead_time_days"] == 3


@pytest.mark.slow
def test_pushes_may_become_live_out_of_order_unless_the_knob_forbids_it() -> None:
    def last(mall: Caller) -> int:
        for quantity in range(1, 13):
            mall.push("TEA-100", quantity)
        time.sleep(0.25)
        return mall.quantity("TEA-100")

    with pretend_amazon(live_s=150, stale_s=0) as mall:  # up to 0.25 s
        mall.item("TEA-100", 0)
        mall.knob(live_in_order=True)
        assert last(mall) == 12
        mall.knob(live_in_order=False)
        assert any(last(mall) != 12 for _ in range(20))


@pytest.mark.slow
def test_a_read_shows_the_quantity_of_a_while_ago() -> None:
    with pretend_amazon(live_s=0, stale_s=300, exact_lags=True) as mall:  # 0.5 s
        mall.item("TEA-100", 5)
        mall.order("TEA-100", 1)
        began = time.monotonic()
        assert (mall.read("TEA-100"), mall.quantity("TEA-100")) == (5, 4)
        until(lambda: mall.read("TEA-100") == 4)

    assert time.monotonic() - began < 2


@pytest.mark.slow
def test_a_read_is_never_older_than_the_bound_when_nobody_looked_meanwhile() -> None:
    # The push became live 0.2 s ago, though nothing happened at the sandbox since it was accepted.
    with pretend_amazon(live_s=60, stale_s=60, exact_lags=True) as mall:  # 0.1 s each
        mall.item("TEA-100", 5)
        mall.push("TEA-100", 2)
        time.sleep(0.3)

        assert mall.read("TEA-100") == 2


# -- search ----------------------------------------------------------------------------------------


def skus(reply: Json) -> list[str]:
    return [item["sku"] for item in reply["items"]]


def test_a_search_pages_through_the_catalogue(mall: Caller) -> None:
    names = [f"S-{number:02d}" for number in range(45)]
    mall.door("items", [{"code": name, "quantity": 1} for name in names])

    found: list[str] = []
    query: dict[str, object] = {"sortBy": "sku", "sortOrder": "ASC", "pageSize": 20}
    while True:
        body = mall.listings(**query).json()
        assert body["numberOfResults"] == 45
        found += skus(body)
        if "nextToken" not in body.get("pagination", {}):
            break
        query["pageToken"] = body["pagination"]["nextToken"]

    assert found == names
    assert "previousToken" in body["pagination"]
    assert skus(mall.listings(sortBy="createdDate", pageSize=2).json()) == ["S-44", "S-43"]


def test_only_a_thousand_listings_can_be_paged_through(mall: Caller) -> None:
    mall.door("items", [{"code": f"S-{number}", "quantity": 1} for number in range(1_030)])

    query: dict[str, object] = {"pageSize": 20}
    pages = 0
    while True:
        body = mall.listings(**query).json()
        pages += 1
        if "nextToken" not in body["pagination"]:
            break
        query["pageToken"] = body["pagination"]["nextToken"]

    assert (pages, body["numberOfResults"]) == (50, 1_030)


def test_a_search_filters(mall: Caller) -> None:
    mall.item("A", 1, jan="4900000000001")
    bound = mall.listing("A").json()["summaries"][0]["createdDate"]
    time.sleep(0.002)
    mall.item("B,C", 0)
    mall.item("FBA", 0, fba=True)

    def found(**query: object) -> list[str]:
        return sorted(skus(mall.listings(**query).json()))

    assert found(identifiers="A,NONE", identifiersType="SKU") == ["A"]
    assert found(identifiers="4900000000001", identifiersType="JAN") == ["A"]
    asin = mall.listing("A").json()["summaries"][0]["asin"]
    assert found(identifiers=asin, identifiersType="ASIN") == ["A"]
    assert found(createdBefore=bound) == ["A"]
    assert found(lastUpdatedAfter=bound) == ["A", "B,C", "FBA"]
    assert found(withStatus="BUYABLE") == ["A", "FBA"]
    assert found(withoutStatus="BUYABLE") == ["B,C"]


@pytest.mark.parametrize(
    "query",
    [
        {"pageSize": 21},
        {"pageSize": "x"},
        {"pageToken": "x"},
        {"identifiers": "A"},
        {"identifiersType": "SKU"},
        {"identifiers": "A", "identifiersType": "NAME"},
        {"identifiers": ",".join("ABCDEFGHIJKLMNOPQRSTU"), "identifiersType": "SKU"},
        {"sortBy": "price"},
        {"sortOrder": "UP"},
        {"createdAfter": "x"},
        {"withStatus": "SOLD"},
        {"includedData": "prices"},
    ],
)
def test_a_search_that_makes_no_sense_is_400(worn_mall: Caller, query: dict[str, object]) -> None:
    assert error(worn_mall.listings(**query))[:2] == (400, "InvalidInput")
