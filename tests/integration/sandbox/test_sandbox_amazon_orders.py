"""The pretend Amazon against its contract: both Orders APIs."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest

from sandbox.buyers import BUYER_MARKS
from tests.contract.amazon import model as schema
from tests.integration.sandbox.amazon_caller import (
    MARKET,
    ORDERS,
    ORDERS_V0,
    Caller,
    Json,
    error,
    pretend_amazon,
    stamp,
)

EVERYTHING = (
    "BUYER,RECIPIENT,PROCEEDS,EXPENSE,PROMOTION,CANCELLATION,FULFILLMENT,PACKAGES,TAX,PAYMENT,"
    "FULFILLMENT_ORDERS"
)


@pytest.fixture
def mall() -> Iterator[Caller]:
    with pretend_amazon(lag_s=0) as caller:
        caller.item("TEA-100", 50)
        caller.item("MUG-RED/L", 50)
        caller.item("TEA-FBA", 0, fba=True)
        yield caller


@pytest.fixture(scope="module")
def worn_mall() -> Iterator[Caller]:
    """One for all whose calls are refused."""
    with pretend_amazon() as caller:
        yield caller


def v0_items(mall: Caller, order_id: str) -> list[Json]:
    reply = mall.call("GET", f"{ORDERS_V0}/{order_id}/orderItems", schema.V0_ITEMS)
    return list(reply.json()["payload"]["OrderItems"])


# -- what an order looks like ----------------------------------------------------------------------


def test_an_order_walks_from_pending_to_shipped(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 2)

    seen = [mall.one(order_id)]
    for status in ("confirmed", "shipped"):
        mall.change(order_id, status=status)
        seen.append(mall.one(order_id))

    kinds = [order["fulfillment"]["fulfillmentStatus"] for order in seen]
    assert kinds == ["PENDING", "UNSHIPPED", "SHIPPED"]
    numbers = [order["orderItems"][0]["fulfillment"] for order in seen]
    assert [(part["quantityFulfilled"], part["quantityUnfulfilled"]) for part in numbers] == [
        (0, 2),
        (0, 2),
        (2, 0),
    ]
    item = seen[0]["orderItems"][0]
    assert (item["product"]["sellerSku"], item["quantityOrdered"]) == ("TEA-100", 2)
    assert [len(part) for part in order_id.split("-")] == [3, 7, 7]
    assert mall.quantity("TEA-100") == 48


def test_without_included_data_there_is_no_status_no_channel_and_no_cancel(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 1)
    mall.change(order_id, cancel=True)

    order = mall.one(order_id, included="")

    assert "fulfillment" not in order
    assert not {"fulfillment", "cancellation"} & set(order["orderItems"][0])


def test_buyers_are_given_out_when_asked_for_and_not_while_pending(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 1)
    assert not {"buyer", "recipient"} & set(mall.one(order_id, EVERYTHING))

    mall.change(order_id, status="shipped")
    shown = mall.one(order_id, EVERYTHING)

    address = shown["recipient"]["deliveryAddress"]
    for text in (*shown["buyer"].values(), address["name"], address["city"], address["phone"]):
        assert any(mark in text for mark in BUYER_MARKS)
    assert not any(mark in str(mall.one(order_id)) for mark in BUYER_MARKS)


def test_without_the_role_buyers_are_refused(mall: Caller) -> None:
    mall.knob(buyer_role=False)

    assert error(mall.search(includedData="BUYER")) == (403, "Unauthorized", "")
    assert mall.search(includedData="FULFILLMENT").status_code == 200


def test_orders_of_the_warehouse_are_afn_and_leave_merchant_stock_alone(mall: Caller) -> None:
    order_id = mall.order("TEA-FBA", 3)

    assert mall.one(order_id)["fulfillment"]["fulfilledBy"] == "AMAZON"
    assert mall.order_ids(fulfilledBy="AMAZON") == [order_id]
    assert mall.order_ids(fulfilledBy="MERCHANT") == []
    assert [row["quantity"] for row in mall.state()["items"]] == [50, 50, 0]
    mixed = [{"code": "TEA-FBA", "quantity": 1}, {"code": "TEA-100", "quantity": 1}]
    mall.door("orders", {"lines": mixed}, status=409)
    mall.door(f"orders/{order_id}", {"lines": mixed}, status=409)


def test_a_cancel_shows_who_did_it_and_0_units_by_its_knob(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 2, status="confirmed")
    mall.change(order_id, cancel=True, by="buyer")

    item = mall.one(order_id)["orderItems"][0]
    assert item["quantityOrdered"] == 0
    assert item["cancellation"]["cancellationExecution"]["cancelledBy"] == "BUYER"
    assert mall.quantity("TEA-100") == 50

    mall.knob(cancelled_is_zero=False)
    item = mall.one(order_id)["orderItems"][0]
    assert (item["quantityOrdered"], item["fulfillment"]["quantityUnfulfilled"]) == (2, 0)
    mall.door(f"orders/{order_id}", {"status": "confirmed"}, status=409)


def test_a_buyers_wish_to_cancel_moves_the_order_and_nothing_else(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 1, status="confirmed")
    before = mall.one(order_id)
    time.sleep(0.002)
    mall.change(order_id, status="confirmed", by="buyer")

    after = mall.one(order_id)
    assert after["fulfillment"]["fulfillmentStatus"] == "UNSHIPPED"
    assert after["lastUpdatedTime"] > before["lastUpdatedTime"]
    request = after["orderItems"][0]["cancellation"]["cancellationRequest"]
    assert request["requester"] == "BUYER"
    assert v0_items(mall, order_id)[0]["BuyerRequestedCancel"]["IsBuyerRequestedCancel"] == "true"
    assert mall.quantity("TEA-100") == 49


def test_a_partial_cancel_comes_in_two_flavours(mall: Caller) -> None:
    lines = [{"code": "TEA-100", "quantity": 3}, {"code": "MUG-RED/L", "quantity": 1}]
    order_id = mall.door("orders", {"lines": lines, "status": "confirmed"})["order_id"]
    mall.change(order_id, lines=[{"code": "TEA-100", "quantity": 1}])

    def numbers() -> list[tuple[int, int]]:
        return [
            (item["quantityOrdered"], item["fulfillment"]["quantityUnfulfilled"])
            for item in mall.one(order_id)["orderItems"]
        ]

    assert numbers() == [(1, 1), (0, 0)]
    mall.knob(partial_cancel="unfulfilled")
    assert numbers() == [(3, 1), (1, 0)]
    assert (mall.quantity("TEA-100"), mall.quantity("MUG-RED/L")) == (49, 50)


def test_an_order_item_may_come_without_its_sku(mall: Caller) -> None:
    order_id = mall.order("TEA-100", 1)
    mall.knob(unnamed_sku="TEA-100")

    assert "sellerSku" not in mall.one(order_id)["orderItems"][0]["product"]
    assert "SellerSKU" not in v0_items(mall, order_id)[0]


# -- when it shows ---------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_change_shows_after_the_lag_and_the_old_state_until_then() -> None:
    with pretend_amazon(lag_s=300) as mall:  # 0.5 s here
        mall.item("TEA-100", 5)
        order_id = mall.order("TEA-100", 1)
        assert mall.order_ids() == []
        assert mall.status(order_id) == ""
        placed = mall.shown(order_id, "PENDING")
        mall.change(order_id, status="shipped")
        assert mall.one(order_id) == placed
        shipped = mall.shown(order_id, "SHIPPED")

    assert shipped["lastUpdatedTime"] > placed["lastUpdatedTime"]
    assert shipped["createdTime"] == placed["createdTime"]


def test_an_updated_order_leaves_its_old_place_in_the_list(mall: Caller) -> None:
    first, second = mall.order("TEA-100"), mall.order("TEA-100")
    assert mall.order_ids() == [first, second]
    time.sleep(0.002)
    mall.change(first, status="confirmed")

    assert mall.order_ids() == [second, first]
    later = mall.one(first)["lastUpdatedTime"]
    assert mall.order_ids(lastUpdatedAfter=later) == [first]
    assert mall.order_ids(createdAfter=stamp(time.time() - 60)) == [first, second]


def test_the_bound_of_an_answer_is_where_the_next_search_may_begin(mall: Caller) -> None:
    bound = mall.search().json()["lastUpdatedBefore"]
    order_id = mall.order("TEA-100")

    assert mall.order_ids(lastUpdatedAfter=bound) == [order_id]
    assert "createdBefore" in mall.search(createdAfter=bound).json()


@pytest.mark.slow
def test_late_orders_keep_their_stamp(mall: Caller) -> None:
    mall.fault("late_orders", seconds=0.4, count=1)
    late, prompt = mall.order("TEA-100"), mall.order("TEA-100")

    assert mall.order_ids() == [prompt]
    mall.shown(late, "PENDING")
    assert mall.order_ids() == [late, prompt]


def test_statuses_filter_by_both_spellings(mall: Caller) -> None:
    pending, shipped = mall.order("TEA-100"), mall.order("TEA-100", status="shipped")

    assert mall.order_ids(fulfillmentStatuses="SHIPPED,CANCELLED") == [shipped]
    assert mall.order_ids(fulfillmentStatuses="PENDING") == [pending]
    found = mall.v0(OrderStatuses="Pending").json()["payload"]["Orders"]
    assert [order["AmazonOrderId"] for order in found] == [pending]


# -- paging ----------------------------------------------------------------------------------------


def walk(mall: Caller, **query: object) -> list[str]:
    ids: list[str] = []
    while True:
        body = mall.search(maxResultsPerPage=2, **query).json()
        ids += [order["orderId"] for order in body["orders"]]
        if "pagination" not in body:
            return ids
        query["paginationToken"] = body["pagination"]["nextToken"]


@pytest.mark.parametrize("name", ["lastUpdatedAfter", "createdAfter"])
def test_pages_hold_every_order_once(mall: Caller, name: str) -> None:
    placed = [mall.order("TEA-100") for _ in range(5)]

    assert walk(mall, **{name: stamp(time.time() - 60)}) == placed


def test_page_shift_loses_an_order_for_a_naive_reader(mall: Caller) -> None:
    placed = [mall.order("TEA-100") for _ in range(5)]
    since = stamp(time.time() - 60)
    mall.fault("page_shift", count=1)

    assert walk(mall, lastUpdatedAfter=since) == [*placed[:2], *placed[3:]]
    assert walk(mall, lastUpdatedAfter=since) == placed


def test_a_page_token_belongs_to_its_search(mall: Caller) -> None:
    for _ in range(3):
        mall.order("TEA-100")
    since = stamp(time.time() - 60)
    body = mall.search(lastUpdatedAfter=since, maxResultsPerPage=1).json()
    token = body["pagination"]["nextToken"]

    other = mall.search(lastUpdatedAfter=since, fulfilledBy="AMAZON", paginationToken=token)
    assert error(other)[:2] == (400, "InvalidInput")
    for nonsense in ("x", token[:-4], "é", "W10", "x" * 5_000):
        reply = mall.search(lastUpdatedAfter=since, paginationToken=nonsense)
        assert reply.status_code == 400
    more = mall.search(
        lastUpdatedAfter=since, includedData="", maxResultsPerPage=50, paginationToken=token
    )
    assert len(more.json()["orders"]) == 2
    mall.fault("skew", seconds=145)  # a day at this speed is 144 s
    mall.use(mall.credentials)
    assert mall.search(lastUpdatedAfter=since, paginationToken=token).status_code == 400


# -- refusals --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "",
        "createdAfter=2026-01-01T00:00:00Z&lastUpdatedAfter=2026-01-01T00:00:00Z",
        "lastUpdatedBefore=2020-01-01T00:00:00Z",
        "lastUpdatedAfter=2020-01-02T00:00:00Z&lastUpdatedBefore=2020-01-01T00:00:00Z",
        "lastUpdatedAfter=2020-01-02T00:00:00Z&createdBefore=2020-01-01T00:00:00Z",
        "lastUpdatedAfter=2020-01-01T00:00:00Z&lastUpdatedBefore=2999-01-01T00:00:00Z",
        "lastUpdatedAfter=2999-01-01T00:00:00Z",
        "lastUpdatedAfter=2020-01-01T00:00:00+09:00",  # the plus becomes a blank
        "lastUpdatedAfter=yesterday",
        "lastUpdatedAfter=2020-01-01&fulfillmentStatuses=CANCELED",
        "lastUpdatedAfter=2020-01-01&fulfilledBy=MFN",
        "lastUpdatedAfter=2020-01-01&includedData=NAMES",
        "lastUpdatedAfter=2020-01-01&maxResultsPerPage=101",
        "lastUpdatedAfter=2020-01-01&maxResultsPerPage=x",
        "lastUpdatedAfter=2020-01-01&marketplaceIds=ATVPDKIKX0DER",
    ],
)
def test_a_search_that_makes_no_sense_is_400(worn_mall: Caller, query: str) -> None:
    assert error(worn_mall.call("GET", f"{ORDERS}?{query}"))[:2] == (400, "InvalidInput")


def test_parameters_it_does_not_know_are_ignored(worn_mall: Caller) -> None:
    query = {"lastUpdatedAfter": "2020-01-01", "MarketplaceIds": "x", "marketplaceIds": MARKET}

    assert worn_mall.call("GET", ORDERS, schema.SEARCH_ORDERS, params=query).status_code == 200


def test_unknown_orders_are_404(worn_mall: Caller) -> None:
    for path in (f"{ORDERS}/1", f"{ORDERS_V0}/1", f"{ORDERS_V0}/1/orderItems"):
        assert error(worn_mall.call("GET", path))[:2] == (404, "NotFound")


# -- v0 --------------------------------------------------------------------------------------------


def test_v0_shows_the_same_orders_in_its_own_words(mall: Caller) -> None:
    order_id = mall.order("MUG-RED/L", 2)
    fba = mall.order("TEA-FBA", 1)
    mall.change(order_id, status="confirmed")

    orders = {o["AmazonOrderId"]: o for o in mall.v0().json()["payload"]["Orders"]}

    assert orders[fba]["FulfillmentChannel"] == "AFN"
    shown = orders[order_id]
    assert (shown["OrderStatus"], shown["FulfillmentChannel"]) == ("Unshipped", "MFN")
    assert shown["OrderTotal"] == {"CurrencyCode": "JPY", "Amount": "3960"}
    assert "Name" not in shown["ShippingAddress"]
    item = v0_items(mall, order_id)[0]
    assert (item["SellerSKU"], item["QuantityOrdered"]) == ("MUG-RED/L", 2)
    one = mall.call("GET", f"{ORDERS_V0}/{order_id}", schema.V0_ORDER).json()["payload"]
    assert one == shown
    only = mall.v0(FulfillmentChannels="MFN").json()["payload"]["Orders"]
    assert [order["AmazonOrderId"] for order in only] == [order_id]


def test_v0_pending_orders_show_items_and_no_money(mall: Caller) -> None:
    order_id = mall.order("TEA-100")

    order = mall.v0().json()["payload"]["Orders"][0]
    assert (order["OrderStatus"], order["PaymentMethod"]) == ("Pending", "CVS")
    assert not {"OrderTotal", "ShippingAddress", "BuyerInfo"} & set(order)
    assert "ItemPrice" not in v0_items(mall, order_id)[0]


def test_v0_next_tokens_work_with_and_without_the_filters(mall: Caller) -> None:
    placed = [mall.order("TEA-100") for _ in range(3)]
    since = stamp(time.time() - 60)
    first = mall.v0(CreatedAfter=since, MaxResultsPerPage=2).json()["payload"]
    assert [order["AmazonOrderId"] for order in first["Orders"]] == placed[:2]

    alone = mall.v0(NextToken=first["NextToken"]).json()["payload"]
    again = mall.v0(NextToken=first["NextToken"], CreatedAfter=since).json()["payload"]
    assert alone["Orders"] == again["Orders"]
    assert [order["AmazonOrderId"] for order in alone["Orders"]] == placed[2:]
    assert "NextToken" not in alone
    named = mall.v0(AmazonOrderIds=f"{placed[1]},1").json()["payload"]["Orders"]
    assert [order["AmazonOrderId"] for order in named] == [placed[1]]


@pytest.mark.parametrize(
    "query",
    [
        "LastUpdatedAfter=2020-01-01",
        f"MarketplaceIds={MARKET}",
        f"MarketplaceIds={MARKET}&LastUpdatedAfter=2020-01-01&OrderStatuses=Cancelled",
        f"MarketplaceIds={MARKET}&LastUpdatedAfter=2020-01-01&FulfillmentChannels=AMAZON",
        f"MarketplaceIds={MARKET}&NextToken=x",
        f"MarketplaceIds={MARKET}&AmazonOrderIds={','.join(['1'] * 51)}",
    ],
)
def test_v0_refuses_what_makes_no_sense(worn_mall: Caller, query: str) -> None:
    reply: httpx.Response = worn_mall.call("GET", f"{ORDERS_V0}?{query}")

    assert error(reply)[:2] == (400, "InvalidInput")
