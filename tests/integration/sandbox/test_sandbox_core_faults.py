"""Faults, clock, rates and call counts of the pretend malls, seen through one of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import httpx
import pytest

from tests.integration.sandbox.rakuten_caller import Caller, calling, relative, until


@pytest.fixture
def mall() -> Iterator[Caller]:
    with calling() as caller:
        yield caller


# -- calls -----------------------------------------------------------------------------------------


def test_calls_count_api_calls_and_not_the_side_door(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.search()
    mall.client.post("/es/2.0/order/searchOrder", json={})
    mall.client.get("/es/2.0/inventories/manage-numbers/rice5/variants/normal-inventory")
    mall.client.get("/nowhere")

    assert mall.state()["calls"] == {
        "POST /es/2.0/order/searchOrder": 2,
        "GET /es/2.0/inventories/manage-numbers/{manageNumber}/variants/{variantId}": 1,
        "ANY (unknown)": 1,
    }


# -- faults ----------------------------------------------------------------------------------------


def test_faults_of_one_endpoint_queue_in_order(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("maintenance", endpoint="stock", count=2)
    mall.fault("server_error", endpoint="stock", count=1)
    mall.fault("rate_limit", endpoint="orders", count=1)

    stock = [mall.read(("rice5", "normal-inventory")).status_code for _ in range(4)]

    assert stock == [503, 503, 500, 200]
    assert [mall.search().status_code for _ in range(2)] == [429, 200]
    assert mall.state()["faults"] == []


def test_a_fault_without_an_endpoint_hits_all_of_them(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("maintenance", count=2)

    found = [
        mall.search().status_code,
        mall.read(("rice5", "normal-inventory")).status_code,
        mall.search().status_code,
    ]

    assert found == [503, 503, 200]


def test_a_fault_without_an_end_lasts_until_it_is_deleted(mall: Caller) -> None:
    mall.fault("server_error", endpoint="orders")
    assert {mall.search().status_code for _ in range(5)} == {500}

    mall.client.delete("/_sandbox/faults").raise_for_status()

    assert mall.search().status_code == 200


@pytest.mark.slow
def test_a_timed_fault_ends_by_itself_and_the_next_one_begins(mall: Caller) -> None:
    mall.fault("maintenance", endpoint="orders", seconds=0.2)
    mall.fault("server_error", endpoint="orders", seconds=0.2)
    assert mall.search().status_code == 503

    until(lambda: mall.search().status_code == 500)
    until(lambda: mall.search().status_code == 200)

    assert mall.state()["faults"] == []


def test_a_rate_hits_a_share_of_the_calls(mall: Caller) -> None:
    mall.fault("server_error", endpoint="orders", rate=0.3)

    hit = sum(mall.search().status_code == 500 for _ in range(200))

    assert 30 < hit < 90


def test_a_timeout_before_drops_the_connection_and_does_nothing(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("timeout_before", count=1)
    assert mall.read(("rice5", "normal-inventory")).status_code == 200  # reads pass it by

    with pytest.raises(httpx.RemoteProtocolError):
        mall.push(relative("rice5", 1))

    assert mall.quantity("rice5") == 3
    assert mall.push(relative("rice5", 1)).status_code == 204


def test_a_timeout_after_is_done_although_the_reply_is_lost(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("timeout_after", count=1)

    with pytest.raises(httpx.RemoteProtocolError):
        mall.push(relative("rice5", 1))

    assert mall.quantity("rice5") == 4


def test_a_late_write_lands_after_the_drop(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("late_apply", count=1, delay_s=0.1)

    with pytest.raises(httpx.RemoteProtocolError):
        mall.push(relative("rice5", 1))

    assert mall.quantity("rice5") == 3
    until(lambda: mall.quantity("rice5") == 4)


@pytest.mark.slow
def test_a_late_write_lands_although_the_caller_left() -> None:
    with calling(speed=60) as mall:  # held for 2 s: the caller leaves first
        mall.item("rice5", 3)
        mall.fault("late_apply", count=1, delay_s=0.1)

        with pytest.raises(httpx.ReadTimeout):
            mall.push(relative("rice5", 1), timeout=0.1)

        until(lambda: mall.quantity("rice5") == 4)


def test_a_held_connection_lasts_120_seconds_divided_by_the_speed(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("timeout_before", count=1)
    began = time.monotonic()

    with pytest.raises(httpx.RemoteProtocolError):
        mall.push(relative("rice5", 1))

    assert 0.15 < time.monotonic() - began < 2.0


def test_a_slow_call_is_answered_late_and_done(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("slow", endpoint="stock", count=1, delay_s=0.2)
    began = time.monotonic()

    assert mall.push(relative("rice5", 1)).status_code == 204
    assert time.monotonic() - began > 0.19
    assert mall.quantity("rice5") == 4


def test_a_garbled_reply_cannot_be_read(mall: Caller) -> None:
    mall.item("rice5", 3)
    mall.fault("garbage", count=2)

    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        mall.read(("rice5", "normal-inventory")).json()
    written = mall.push(relative("rice5", 1))

    assert written.status_code == 200
    with pytest.raises(ValueError, match=r"codec|Expecting"):
        json.loads(written.content)
    assert mall.quantity("rice5") == 4


def test_an_expired_key_works_again_when_the_fault_is_over(mall: Caller) -> None:
    mall.fault("expired_key")
    assert mall.search().status_code == 401

    mall.use(mall.door("credentials", {}))

    assert mall.search().status_code == 200


@pytest.mark.slow
def test_late_orders_show_after_their_delay(mall: Caller) -> None:
    mall.item("rice5", 9)
    mall.fault("late_orders", seconds=0.3, count=1)
    late = mall.order("rice5")
    prompt = mall.order("rice5")

    assert mall.quantity("rice5") == 7
    assert mall.numbers() == [prompt]
    assert mall.get([late]).json()["OrderModelList"] == []
    until(lambda: mall.numbers() == [late, prompt])


def test_deleting_the_faults_shows_late_orders(mall: Caller) -> None:
    mall.item("rice5", 9)
    mall.fault("late_orders", seconds=3_600)
    late = mall.order("rice5")
    assert mall.numbers() == []

    mall.client.delete("/_sandbox/faults")

    assert mall.numbers() == [late]


def test_a_page_shift_makes_a_naive_reader_lose_an_order(mall: Caller) -> None:
    mall.item("rice5", 9)
    orders = [mall.order("rice5") for _ in range(6)]
    mall.fault("page_shift", count=2)

    naive = [number for page in (1, 2, 3) for number in mall.numbers(size=2, page=page)]

    assert naive == [*orders[:2], *orders[3:]]
    assert [number for page in (1, 2, 3) for number in mall.numbers(size=2, page=page)] == orders


def test_a_skewed_clock_shows_in_the_date_and_the_stamps(mall: Caller) -> None:
    mall.item("rice5", 9)
    mall.fault("skew", seconds=-600)
    order = mall.order("rice5")

    date = parsedate_to_datetime(mall.search().headers["Date"]).timestamp()

    assert abs(date - (time.time() - 600)) < 3
    assert abs(mall.state()["orders"][0]["placed_at"] - (time.time() - 600)) < 3
    assert mall.numbers() == [order]
    mall.client.delete("/_sandbox/faults")
    date = parsedate_to_datetime(mall.search().headers["Date"]).timestamp()
    assert abs(date - time.time()) < 3


# -- rates -----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_published_rate_is_enforced_times_the_speed() -> None:
    with calling(speed=1) as slow:
        assert [slow.search().status_code for _ in range(2)] == [200, 429]
        until(lambda: slow.search().status_code == 200)
    with calling(speed=20) as fast:
        found = [fast.search().status_code for _ in range(60)]
    assert found[:20] == [200] * 20
    assert 429 in found


# -- size ------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_thousands_of_orders_stay_fast(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}", "quantity": 100} for n in range(5_000)])
    orders = [{"lines": [{"code": f"i{n % 5_000}", "quantity": 1}]} for n in range(10_000)]
    began = time.monotonic()

    mall.door("orders", {"orders": orders})
    read = [number for page in range(1, 11) for number in mall.numbers(page=page)]

    assert len(set(read)) == 10_000
    assert time.monotonic() - began < 5.0
