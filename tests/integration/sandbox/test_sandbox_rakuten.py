"""The pretend Rakuten against its wire contract: keys, gateway, catalogue."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from tests.integration.sandbox.rakuten_caller import (
    JST,
    Caller,
    Json,
    calling,
    codes,
    relative,
    until,
)

UPSERT = "/es/2.0/inventories/bulk-upsert"
EXPIRY = "/es/1.0/license-management/license-key/expiry-date"


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


def esa(text: str) -> dict[str, str]:
    return {"Authorization": f"ESA {base64.b64encode(text.encode()).decode()}"}


# -- keys ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "status", "code"),
    [
        ({"Authorization": ""}, 400, "GK0001"),
        ({"Authorization": "Bearer x"}, 400, "GK0001"),
        ({"Authorization": "ESA ***"}, 400, "GK0001"),
        (esa("no colon"), 400, "GK0001"),
        (esa("SP1:SL1"), 401, "GA0001"),
    ],
)
@pytest.mark.parametrize("path", [EXPIRY, "/es/2.0/items/search", "/es/2.0/nowhere", "/elsewhere"])
def test_a_bad_key_is_refused_on_every_path(
    worn_mall: Caller, header: dict[str, str], status: int, code: str, path: str
) -> None:
    reply = worn_mall.client.get(path, headers=header)

    assert reply.status_code == status
    assert codes(reply) == [code]


def test_the_legacy_gateway_refuses_in_shape_c(mall: Caller) -> None:
    mall.door("knobs", {"gateway": "legacy"})

    unknown = mall.client.get(EXPIRY, headers=esa("SP1:SL1"))
    broken = mall.client.get(EXPIRY, headers={"Authorization": "x"})

    assert unknown.status_code == 401
    assert unknown.json() == {"Results": {"errorCode": "ES01-01", "message": "Un-Authorised"}}
    assert broken.status_code == 400
    assert broken.json() == {"Results": {"errorCode": "ES04-01", "message": "Bad Request"}}


def test_new_credentials_work_at_once_and_the_old_ones_stop(mall: Caller) -> None:
    new = mall.door("credentials", {})
    assert mall.search().status_code == 401

    mall.use(new)

    assert mall.search().status_code == 200
    assert new["service_secret"].startswith("SP")
    assert new["license_key"].startswith("SL")


@pytest.mark.slow
def test_a_changed_key_is_refused_during_its_grace(mall: Caller) -> None:
    mall.use(mall.door("credentials", {"grace_s": 0.3}))
    assert mall.search().status_code == 401

    until(lambda: mall.search().status_code == 200)


def test_a_key_past_its_life_is_refused(mall: Caller) -> None:
    mall.use(mall.door("credentials", {"life_s": 0.2}))

    until(lambda: mall.search().status_code == 401)
    assert mall.search().status_code == 401


def test_the_expiry_look_up_answers_in_japanese_time_without_a_zone(mall: Caller) -> None:
    key = mall.door("credentials", {})
    mall.use(key)

    reply = mall.client.get(EXPIRY, params={"licenseKey": key["license_key"]})

    expected = (datetime.now(JST) + timedelta(days=90)).strftime("%Y-%m-%dT23:59:59")
    assert reply.json() == {"expiryDate": expected}
    assert mall.client.get(EXPIRY).status_code == 400


# -- the gateway -----------------------------------------------------------------------------------


def test_every_reply_has_the_gateways_headers(worn_mall: Caller) -> None:
    for reply in (worn_mall.search(), worn_mall.client.get("/elsewhere"), worn_mall.push()):
        assert re.fullmatch(r"[0-9a-f-]{36}", reply.headers["RequestId"])
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", reply.headers["Timestamp"])
        assert reply.headers["Server"] == "openresty"
        assert "Date" in reply.headers


def test_an_order_call_needs_a_charset(worn_mall: Caller) -> None:
    headers = {"Content-Type": "application/json"}
    for name in ("searchOrder", "getOrder"):
        reply = worn_mall.client.post(f"/es/2.0/order/{name}", content=b"{}", headers=headers)

        assert reply.status_code == 415
        assert reply.json()["Results"]["errorCode"] == "ES04-03"


def test_an_inventory_call_needs_json(worn_mall: Caller) -> None:
    reply = worn_mall.client.post(UPSERT, content=b"{}", headers={"Content-Type": "text/plain"})

    assert reply.status_code == 415
    assert codes(reply) == ["GE0012"]


@pytest.mark.parametrize("slash", ["", "/"])
def test_paths_work_with_and_without_a_slash_at_the_end(worn_mall: Caller, slash: str) -> None:
    body = {"inventories": [{"manageNumber": "rice5", "variantId": "normal-inventory"}]}
    found = [
        worn_mall.client.get(f"/es/2.0/items/search{slash}"),
        worn_mall.client.post(f"/es/2.1/inventories/bulk-get{slash}", json=body),
        worn_mall.order_call(f"getOrder{slash}", {"orderNumberList": ["x"], "version": 7}),
        worn_mall.client.get(
            "/es/2.0/inventories/manage-numbers/rice5/variants/normal-inventory" + slash
        ),
    ]

    assert [reply.status_code for reply in found] == [200] * 4


def test_an_unknown_path_is_told_apart_by_its_family(worn_mall: Caller) -> None:
    inside = worn_mall.client.get("/es/2.0/inventories/nothing")
    outside = worn_mall.client.get("/es/9.9/else")

    assert (inside.status_code, codes(inside)) == (400, ["GE0007"])
    assert outside.status_code == 404


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "maintenance"}, 503, None),
        ({"kind": "maintenance", "form": "json"}, 503, "X0000"),
        ({"kind": "maintenance", "form": "read_only"}, 400, "GE0017"),
        ({"kind": "server_error"}, 500, "X0000"),
        ({"kind": "server_error", "form": "shop_status"}, 500, "GE0019"),
        ({"kind": "server_error", "form": "conflict"}, 409, "CE0001"),
        ({"kind": "server_error", "form": "html"}, 502, None),
        ({"kind": "rate_limit"}, 429, None),
        ({"kind": "expired_key"}, 401, "GA0001"),
        ({"kind": "expired_key", "form": "not_a_key"}, 400, "GK0001"),
    ],
)
def test_a_fault_speaks_the_malls_words(
    mall: Caller, fault: dict[str, object], status: int, code: str | None
) -> None:
    mall.item("rice5", 5)
    mall.fault(endpoint="stock", count=1, **fault)  # type: ignore[arg-type]

    reply = mall.push(relative("rice5", 1))

    assert reply.status_code == status
    if code is not None:
        assert codes(reply) == [code]
    assert mall.quantity("rice5") == 5


def test_retry_after_comes_with_its_knob(mall: Caller) -> None:
    mall.fault("rate_limit", count=2)
    assert "Retry-After" not in mall.search().headers

    mall.door("knobs", {"retry_after": True})

    assert int(mall.search().headers["Retry-After"]) >= 1


# -- items -----------------------------------------------------------------------------------------


def test_a_search_result_describes_item_and_variants(mall: Caller) -> None:
    axes = {"color": "black", "size": "M"}
    mall.item("tee-01", 3, "blk-M", name="tee", jan="4901234567894", axes=axes, image="/t.jpg")
    mall.item("tee-01", 3, "blk-L", axes={"color": "black", "size": "L"})
    mall.item("rice5", 3, name="rice", overdraft=True)

    reply = mall.client.get("/es/2.0/items/search", params={"sortKey": "created"})

    rice, tee = [result["item"] for result in reply.json()["results"]]
    assert (tee["manageNumber"], tee["title"]) == ("tee-01", "tee")
    assert tee["images"][0] == {"type": "CABINET", "location": "/t.jpg", "alt": "tee"}
    assert [selector["key"] for selector in tee["variantSelectors"]] == ["color", "size"]
    assert tee["variantSelectors"][1]["values"] == [{"displayValue": "M"}, {"displayValue": "L"}]
    assert tee["variants"]["blk-M"]["selectorValues"] == axes
    assert tee["variants"]["blk-M"]["articleNumber"] == {"value": "4901234567894"}
    assert tee["variants"]["blk-L"]["articleNumber"] == {"exemptionReason": 5}
    assert list(rice["variants"]) == ["normal-inventory"]
    assert rice["variants"]["normal-inventory"]["backOrderFlag"] is True
    assert "variantSelectors" not in rice
    assert "quantity" not in reply.text


def test_a_cursor_walks_the_whole_catalogue_and_ends_on_the_same_mark(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}", "quantity": 1} for n in range(25)])
    found: list[str] = []
    marks = ["*"]
    while len(marks) < 10:
        params = {"cursorMark": marks[-1], "hits": "10"}
        page = mall.client.get("/es/2.0/items/search", params=params).json()
        assert page["numFound"] == 25
        found += [result["item"]["manageNumber"] for result in page["results"]]
        marks.append(page["nextCursorMark"])
        if not page["results"]:
            break

    assert found == [f"i{n}" for n in range(25)]
    assert marks[-1] == marks[-2]
    assert len(marks) == 5


def test_offsets_page_through_the_newest_first(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}", "quantity": 1} for n in range(25)])

    def page(offset: int) -> list[str]:
        params = {"offset": str(offset), "hits": "10"}
        reply = mall.client.get("/es/2.0/items/search", params=params).json()
        return [result["item"]["manageNumber"] for result in reply["results"]]

    assert page(0) + page(10) + page(20) == [f"i{n}" for n in range(24, -1, -1)]
    mall.fault("page_shift", endpoint="items", count=1)
    assert page(10)[0] == "i13"
    assert page(10)[0] == "i14"


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"cursorMark": "*", "offset": "0"}, "IE1003"),
        ({"cursorMark": "*", "sortKey": "updated"}, "IE1004"),
        ({"cursorMark": "nonsense"}, "IE1005"),
        ({"hits": "101"}, "IE1005"),
        ({"hits": "0"}, "IE1005"),
        ({"offset": "10001"}, "IE1005"),
        ({"sortKey": "colour"}, "IE1005"),
        ({"sortOrder": "up"}, "IE1005"),
        ({"createdFrom": "yesterday"}, "IE1005"),
        ({"isHiddenItem": "maybe"}, "IE1005"),
    ],
)
def test_a_bad_search_parameter_is_refused(
    worn_mall: Caller, params: dict[str, str], code: str
) -> None:
    reply = worn_mall.client.get("/es/2.0/items/search", params=params)

    assert (reply.status_code, codes(reply)) == (400, [code])


def test_search_filters_match_in_part(mall: Caller) -> None:
    mall.item("tee-01", 3, "blk-M", name="cotton tee")
    mall.item("rice5", 3, name="rice", jan="4901234567894")

    def codes_for(**params: str) -> list[str]:
        reply = mall.client.get("/es/2.0/items/search", params=params).json()
        assert reply["numFound"] == len(reply["results"])
        return [result["item"]["manageNumber"] for result in reply["results"]]

    assert codes_for(title="cotton") == ["tee-01"]
    assert codes_for(variantId="normal") == ["rice5"]
    assert codes_for(articleNumber="49012") == ["rice5"]
    assert codes_for(manageNumber="e", sortKey="manageNumber", sortOrder="asc") == [
        "rice5",
        "tee-01",
    ]
    assert codes_for(isHiddenItem="true") == []
    assert codes_for(updatedTo="2020-01-01") == []


def test_lead_times_come_on_demand_and_quantities_never(mall: Caller) -> None:
    mall.item("rice5", 3, lead_time_days=2)

    params = {"isInventoryIncluded": "true"}
    result = mall.client.get("/es/2.0/items/search", params=params).json()["results"][0]

    assert result["inventory"]["normal-inventory"] == {
        "operationLeadTime": {"normalDeliveryTimeId": 2}
    }
    assert "quantity" not in json.dumps(result)


def test_the_search_index_lags_and_keeps_tombstones_by_their_knobs(mall: Caller) -> None:
    mall.item("old", 3)
    mall.door("items", [{"code": "old", "gone": True}])
    mall.door("knobs", {"search_lag_s": 0.2, "tombstones": True})
    mall.item("new", 3)

    def found() -> list[Json]:
        return [r["item"] for r in mall.client.get("/es/2.0/items/search").json()["results"]]

    until(lambda: {"manageNumber": "old"} in found())
    until(lambda: "new" in [item["manageNumber"] for item in found()])
    mall.door("knobs", {"tombstones": False})
    assert [item["manageNumber"] for item in found()] == ["new"]
