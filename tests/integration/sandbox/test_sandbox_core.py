"""The side door, the same for every pretend mall: items, orders, stock, bad bodies."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from sandbox.buyers import BUYER_MARKS
from sandbox.kinds import OPENERS
from sandbox.server import running

TEE = {"code": "tee-01", "sub_code": "blk-M"}


def _client(url: str) -> httpx.Client:
    return httpx.Client(
        base_url=f"{url}/_sandbox",
        trust_env=False,
        verify=False,  # noqa: S501  without TLS there is nothing to verify
    )


@pytest.fixture(params=sorted(OPENERS), scope="module")
def worn_door(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """One for all that changes nothing."""
    with (
        running(request.param, speed=60) as serving,
        _client(serving.url) as client,
    ):
        yield client


@pytest.fixture(params=sorted(OPENERS))
def door(request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    with (
        running(request.param, speed=60) as serving,
        _client(serving.url) as client,
    ):
        yield client


def test_a_shop_starts_empty(door: httpx.Client) -> None:
    state = door.get("/state").json()

    assert (state["items"], state["orders"], state["calls"]) == ([], [], {})


def test_an_order_takes_its_units_off_at_once(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "name": "tee", "jan": "4901234567894", "quantity": 5}])

    placed = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]})

    state = door.get("/state").json()
    assert placed.status_code == 200
    assert [order["order_id"] for order in state["orders"]] == [placed.json()["order_id"]]
    assert state["orders"][0]["lines"] == [{**TEE, "quantity": 2}]
    assert state["items"][0]["quantity"] == 3
    assert state["items"][0]["jan"] == "4901234567894"


def test_an_order_beyond_the_stock_changes_nothing(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 2}, {"code": "rice5", "quantity": 9}])
    lines = [{"code": "rice5", "quantity": 1}, {**TEE, "quantity": 1}, {**TEE, "quantity": 2}]

    refused = door.post("/orders", json={"lines": lines})

    state = door.get("/state").json()
    assert refused.status_code == 409
    assert "out of stock" in refused.json()["error"]
    assert [row["quantity"] for row in state["items"]] == [2, 9]
    assert state["orders"] == []


def test_an_unknown_item_cannot_be_ordered(door: httpx.Client) -> None:
    refused = door.post("/orders", json={"lines": [{"code": "ghost", "quantity": 1}]})

    assert refused.status_code == 404
    assert "ghost" in refused.json()["error"]


@pytest.mark.parametrize(("restock", "left"), [(None, 5), (True, 5), (False, 3)])
def test_a_cancel_puts_units_back_unless_told_not_to(
    door: httpx.Client, restock: bool | None, left: int
) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])
    order = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]}).json()["order_id"]
    body = {"cancel": True} if restock is None else {"cancel": True, "restock": restock}

    door.post(f"/orders/{order}", json=body).raise_for_status()

    state = door.get("/state").json()
    assert state["orders"][0]["status"] == "cancelled"
    assert state["items"][0]["quantity"] == left
    assert door.post(f"/orders/{order}", json={"cancel": True}).status_code == 409


@pytest.mark.parametrize(
    ("units", "restock", "left"), [(4, True, 1), (1, True, 4), (1, False, 3), (5, True, 0)]
)
def test_an_edit_moves_the_malls_own_stock(
    door: httpx.Client, units: int, restock: bool, left: int
) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])
    order = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]}).json()["order_id"]

    edit = {"lines": [{**TEE, "quantity": units}], "restock": restock}
    door.post(f"/orders/{order}", json=edit).raise_for_status()

    state = door.get("/state").json()
    assert state["items"][0]["quantity"] == left
    assert state["orders"][0]["lines"][0]["quantity"] == units


def test_an_edit_beyond_the_stock_changes_nothing(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}, {"code": "rice5", "quantity": 1}])
    order = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]}).json()["order_id"]
    lines = [{**TEE, "quantity": 1}, {"code": "rice5", "quantity": 2}]

    refused = door.post(f"/orders/{order}", json={"lines": lines})

    state = door.get("/state").json()
    assert refused.status_code == 409
    assert [row["quantity"] for row in state["items"]] == [3, 1]
    assert state["orders"][0]["lines"] == [{**TEE, "quantity": 2}]


def test_an_edit_may_replace_one_line_by_another(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}, {"code": "rice5", "quantity": 1}])
    order = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]}).json()["order_id"]

    lines = [{"code": "rice5", "quantity": 1}]
    door.post(f"/orders/{order}", json={"lines": lines}).raise_for_status()

    assert [row["quantity"] for row in door.get("/state").json()["items"]] == [5, 0]


def test_a_hand_edit_sets_the_quantity(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])

    assert door.post("/stock", json={**TEE, "quantity": 7}).status_code == 200
    assert door.get("/state").json()["items"][0]["quantity"] == 7
    assert door.post("/stock", json={"code": "ghost", "quantity": 7}).status_code == 404


def test_an_upsert_keeps_what_it_does_not_name(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "name": "tee", "quantity": 5, "lead_time_days": 3}])

    door.post("/items", json=[{**TEE, "jan": "4901234567894"}]).raise_for_status()

    row = door.get("/state").json()["items"][0]
    assert (row["name"], row["quantity"], row["lead_time_days"]) == ("tee", 5, 3)
    assert row["jan"] == "4901234567894"


def test_a_gone_item_leaves_the_shelf(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}, {"code": "rice5", "quantity": 1}])

    door.post("/items", json=[{"code": "tee-01", "gone": True}]).raise_for_status()

    assert [row["code"] for row in door.get("/state").json()["items"]] == ["rice5"]
    assert door.post("/orders", json={"lines": [{**TEE, "quantity": 1}]}).status_code == 404
    assert door.post("/items", json=[{**TEE, "quantity": 2}]).status_code == 200


def test_many_orders_go_in_one_call_each_by_itself(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 2}])
    one = {"lines": [{**TEE, "quantity": 1}]}

    answers = door.post("/orders", json={"orders": [one, one, one]}).json()["orders"]

    assert ["order_id" in answer for answer in answers] == [True, True, False]
    assert answers[2]["status"] == 409
    assert door.get("/state").json()["items"][0]["quantity"] == 0


def test_every_buyer_is_unmistakable(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 2}])
    one = {"lines": [{**TEE, "quantity": 1}]}
    door.post("/orders", json={"orders": [one, one]})

    buyers = [order["buyer"] for order in door.get("/state").json()["orders"]]

    assert buyers[0]["name"] != buyers[1]["name"]
    for field in ("name", "kana", "zip", "city", "street", "phone", "mail"):
        assert any(mark in buyers[0][field] for mark in BUYER_MARKS), field


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/items", {"code": "x"}),
        ("/items", [{"code": "x", "quantity": "many"}]),
        ("/items", [{"code": "x", "colour": "red"}]),
        ("/items", [{"code": "", "quantity": 1}]),
        ("/items", [{"code": "x", "quantity": -(10**30)}]),
        ("/items", [{"code": "x", "quantity": 1, "restock_date": "tomorrow"}]),
        ("/orders", {"lines": []}),
        ("/orders", {}),
        ("/orders", {"lines": [{"code": "x", "quantity": 0}]}),
        ("/orders", {"lines": [{"code": "x", "quantity": 1}], "status": "lost"}),
        ("/orders", {"lines": [{"code": "x", "quantity": 1}], "age_s": -1}),
        ("/orders", {"orders": "many"}),
        ("/stock", {"code": "x"}),
        ("/stock", []),
        ("/faults", {"kind": "earthquake"}),
        ("/faults", {"kind": "slow", "count": 0}),
        ("/faults", {"kind": "slow", "rate": 1.5}),
        ("/faults", {"kind": "slow", "seconds": 0}),
        ("/faults", {"kind": "maintenance", "form": "flood"}),
        ("/faults", {"kind": "timeout_after", "endpoint": "orders"}),
        ("/faults", {"kind": "late_orders"}),
        ("/faults", {"kind": "skew"}),
        ("/credentials", {"grace_s": "long"}),
        ("/credentials", {"life_s": -1}),
        ("/knobs", {"no_such_knob": True}),
    ],
)
def test_a_bad_body_gets_400_and_a_sentence(
    worn_door: httpx.Client, path: str, body: object
) -> None:
    reply = worn_door.post(path, json=body)

    assert reply.status_code == 400, reply.text
    assert reply.json()["error"].endswith(".")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[" * 20_000, b"null", b"7"])
def test_what_is_no_json_gets_400(worn_door: httpx.Client, body: bytes) -> None:
    for path in ("/items", "/orders", "/stock", "/faults", "/knobs"):
        assert worn_door.post(path, content=body).status_code == 400, path


def test_a_change_names_exactly_one_thing(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])
    order = door.post("/orders", json={"lines": [{**TEE, "quantity": 2}]}).json()["order_id"]

    for body in ({}, {"status": "new", "cancel": True}, {"status": "new", "restock": True}):
        assert door.post(f"/orders/{order}", json=body).status_code == 400
    assert door.post("/orders/nobody", json={"cancel": True}).status_code == 404


def test_status_moves_show_in_the_state(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])
    lines = [{**TEE, "quantity": 1}]
    order = door.post("/orders", json={"lines": lines, "status": "confirmed"}).json()["order_id"]

    assert door.get("/state").json()["orders"][0]["status"] == "confirmed"
    door.post(f"/orders/{order}", json={"status": "shipped"}).raise_for_status()
    assert door.get("/state").json()["orders"][0]["status"] == "shipped"
    assert door.get("/state").json()["items"][0]["quantity"] == 4


def test_a_row_without_sub_code_cannot_sit_beside_others(door: httpx.Client) -> None:
    door.post("/items", json=[{**TEE, "quantity": 5}])

    assert door.post("/items", json=[{"code": "tee-01", "quantity": 1}]).status_code == 409


def test_items_of_one_body_go_on_the_shelf_all_or_none(door: httpx.Client) -> None:
    mixed = [{"code": "soap", "quantity": 1}, {**TEE, "quantity": 5}, {"code": "tee-01"}]
    many = [{"code": "big", "sub_code": f"v{n}"} for n in range(401)]

    for body in (mixed, many):
        assert door.post("/items", json=body).status_code == 409

    assert door.get("/state").json()["items"] == []
