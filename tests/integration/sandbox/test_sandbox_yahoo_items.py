"""The item calls, and what every path has in common: pace, the day's calls, faults, bad queries."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator

import pytest

from tests.integration.sandbox.yahoo_caller import BASE, Caller, error_code, parsed, pretend_yahoo

LIST_ALL = {"seller_id": "demo-store", "stcat_key": "all-items"}


@pytest.fixture
def yahoo() -> Iterator[Caller]:
    with pretend_yahoo() as caller:
        yield caller


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """For tables of refusals, which leave nothing behind."""
    with pretend_yahoo() as caller:
        yield caller


def item_codes(yahoo: Caller, **query: str) -> list[str]:
    root = parsed(yahoo.get("myItemList", seller_id="demo-store", **query))
    return [result.findtext("ItemCode", "") for result in root.iter("Result")]


def test_items_are_listed_by_prefix_in_pages(yahoo: Caller) -> None:
    names = ("mug-1", "MUG-2", "tray", "mug-3")
    yahoo.door("items", [{"code": code, "name": f"品{code}"} for code in names])

    assert item_codes(yahoo, query="mug") == ["mug-1", "MUG-2", "mug-3"]
    assert item_codes(yahoo, query="mug", start="2", results="1") == ["MUG-2"]
    assert item_codes(yahoo, query="m mug-3") == ["mug-3"]
    assert item_codes(yahoo, query="品m 1", type="name") == ["mug-1"]
    assert item_codes(yahoo, stcat_key="all-items", sort="-item_code")[0] == "tray"
    assert item_codes(yahoo, stcat_key="nowhere") == []
    yahoo.knob(prefix_ignores_case=False)
    assert item_codes(yahoo, query="mug") == ["mug-1", "mug-3"]


def test_a_list_shows_stock_only_when_asked_and_no_sub_codes(yahoo: Caller) -> None:
    yahoo.item("mug", 5, "mug-bl", name="琺瑯マグ & ふた")
    yahoo.item("mug", 9, "mug-rd")

    def rows(**query: str) -> list[tuple[str, str]]:
        root = parsed(yahoo.get("myItemList", seller_id="demo-store", query="m", **query))
        return [(child.tag, child.text or "") for child in root.find("Result") or ()]

    plain = [("ItemCode", "mug"), ("Name", "琺瑯マグ & ふた"), ("Price", "1980")]
    assert rows() == [*plain, ("HasSubCode", "1")]
    assert rows(stock="true") == [*plain, ("Quantity", "14"), ("HasSubCode", "1")]


def test_removed_and_returned_items_are_listed_rightly(yahoo: Caller) -> None:
    yahoo.item("a", 1)
    yahoo.item("b", 1)
    assert item_codes(yahoo, query="a") == ["a"]
    yahoo.door("items", [{"code": "a", "gone": True}])
    assert item_codes(yahoo, query="a") == []
    assert error_code(yahoo.get("getItem", seller_id="demo-store", item_code="a")) == "it-05002"
    yahoo.item("a", 3)
    assert item_codes(yahoo, stcat_key="all-items") == ["a", "b"]


def test_an_item_tells_its_sub_codes_as_attributes(yahoo: Caller) -> None:
    yahoo.item("mug", 5, "mug-bl", axes={"カラー": 'ブ"ルー'}, jan="4900000000017", image="x.jpg")
    yahoo.item("mug", 9, "mug-rd", axes={"カラー": "レッド"}, jan="4900000000017")
    result = parsed(yahoo.get("getItem", seller_id="demo-store", item_code="mug")).find("Result")

    assert result is not None
    codes = [dict(code.attrib) for code in result.iter("SubCode")]
    assert codes == [
        {"code": "mug-bl", "quantity": "5", "stockClose": "0"},
        {"code": "mug-rd", "quantity": "9", "stockClose": "0"},
    ]
    option = result.find("SubCodes/SubCode/Option")
    assert option is not None
    assert dict(option.attrib) == {"name": "カラー", "value": 'ブ"ルー'}
    assert [value.text for value in result.iter("Value")] == ['ブ"ルー', "レッド"]
    assert (result.findtext("Quantity"), result.findtext("Jan")) == ("", "4900000000017")


def test_a_single_item_has_its_stock_and_no_sub_codes(yahoo: Caller) -> None:
    yahoo.item("tray", 4, name="]]> & <木>\x01")
    reply = yahoo.get("getItem", seller_id="demo-store", item_code="tray")
    result = parsed(reply).find("Result")

    assert result is not None
    assert (result.findtext("Quantity"), result.find("SubCodes")) == ("4", None)
    assert result.findtext("Name") == "]]> & <木>"
    yahoo.knob(dressing="plain")
    plain = yahoo.get("getItem", seller_id="demo-store", item_code="tray")
    assert "CDATA" not in plain.text
    assert parsed(plain).findtext("Result/Name") == "]]> & <木>"


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [
        ("getItem", {"seller_id": "demo-store"}, "px-04001"),
        ("getItem", {"item_code": "a"}, "px-04001"),
        ("getItem", {"seller_id": "other", "item_code": "a"}, "ed-00004"),
        ("getItem", {"seller_id": "demo-store", "item_code": "あ"}, "it-05002"),
        ("myItemList", {"seller_id": "demo-store"}, "px-04001"),
        ("myItemList", {**LIST_ALL, "results": "0"}, "it-01001"),
        ("myItemList", {**LIST_ALL, "start": "１"}, "it-01001"),
        ("myItemList", {**LIST_ALL, "sort": "+price"}, "it-01001"),
        ("myItemList", {**LIST_ALL, "type": "jan"}, "it-01001"),
        ("stCategoryList", {}, "px-04001"),
        ("orderCount", {"seller_id": "demo-store"}, "px-04001"),
    ],
)
def test_a_bad_query_is_named(shared: Caller, name: str, query: dict[str, str], code: str) -> None:
    reply = shared.get(name, **query)

    assert (reply.status_code, error_code(reply)) == (400, code)


def test_the_store_has_one_category(yahoo: Caller) -> None:
    root = parsed(yahoo.get("stCategoryList", seller_id="demo-store"))
    assert [key.text for key in root.iter("PageKey")] == ["all-items"]
    below = parsed(yahoo.get("stCategoryList", seller_id="demo-store", page_key="all-items"))
    assert below.get("totalResultsAvailable") == "0"


def test_an_unknown_path_is_the_gateways_404(yahoo: Caller) -> None:
    for reply in (yahoo.get("setStock"), yahoo.get("noSuchCall")):
        assert (reply.status_code, error_code(reply)) == (404, "px-04400")


@pytest.mark.parametrize("answer", ["403", "429", "503"])
def test_a_second_call_within_a_second_is_cut_off(answer: str) -> None:
    with pretend_yahoo(speed=1) as yahoo:
        yahoo.knob(pace_answer=answer)
        query = {"seller_id": "demo-store", "query": "a"}
        replies = [yahoo.get("myItemList", **query) for _ in range(2)]

        assert [str(reply.status_code) for reply in replies] == ["200", answer]
        if answer == "403":
            assert error_code(replies[1]) == ""
            assert "Your Request was Forbidden" in parsed(replies[1]).findtext("Message", "")
        # Every URL has its own clock.
        assert yahoo.read("a").get("ng") == "1"


def test_over_the_days_calls_everything_is_forbidden(yahoo: Caller) -> None:
    yahoo.knob(calls_per_day=2)
    statuses = [yahoo.form("getStock", item_code="a").status_code for _ in range(8)]

    assert statuses[:2] == [200, 200]
    assert 403 in statuses
    yahoo.knob(calls_per_day=0)
    assert yahoo.read("a").get("ng") == "1"


@pytest.mark.parametrize(
    ("kind", "form", "status", "code"),
    [
        ("maintenance", "", 503, "ed-00002"),
        ("server_error", "", 500, "ed-00001"),
        ("server_error", "st-02999", 500, "st-02999"),
        ("server_error", "od91001", 500, "od91001"),
        ("server_error", "ed-00006", 400, "ed-00006"),
        ("rate_limit", "", 403, ""),
    ],
)
def test_faults_speak_the_malls_words(
    shared: Caller, kind: str, form: str, status: int, code: str
) -> None:
    shared.fault(kind, endpoint="stock", count=1, form=form)
    reply = shared.form("getStock", item_code="a")

    assert (reply.status_code, error_code(reply)) == (status, code)
    assert shared.read("a").get("ng") == "1"


@pytest.mark.parametrize(
    ("kind", "form", "status", "text"),
    [
        ("maintenance", "html", 503, "<html>"),
        ("server_error", "html", 502, "<html>"),
        ("server_error", "empty", 200, ""),
        ("rate_limit", "429", 429, ""),
        ("rate_limit", "503", 503, "<html>"),
    ],
)
def test_faults_may_be_no_xml_at_all(
    shared: Caller, kind: str, form: str, status: int, text: str
) -> None:
    shared.fault(kind, endpoint="stock", count=1, form=form)
    reply = shared.form("getStock", item_code="a")

    assert reply.status_code == status
    assert reply.text.startswith(text)
    assert bool(reply.text) == bool(text)


def test_garbage_is_half_a_document_after_the_work_is_done(yahoo: Caller) -> None:
    yahoo.item("a", 1)
    yahoo.fault("garbage", endpoint="stock", count=1)
    reply = yahoo.push("a", "7")

    assert reply.status_code == 200
    assert "</ResultSet>" not in reply.text
    assert yahoo.quantity("a") == 7


@pytest.mark.parametrize(
    ("kind", "status"), [("maintenance", 503), ("server_error", 500), ("rate_limit", 403)]
)
def test_the_token_endpoint_fails_in_its_own_way(shared: Caller, kind: str, status: int) -> None:
    shared.fault(kind, endpoint="auth", count=1)
    reply = shared.refresh()

    assert reply.status_code == status
    if kind != "rate_limit":
        assert reply.json()["error"] == "server_error"
    assert shared.refresh().status_code == 200


def test_the_ready_line_points_zaiko_at_this_store(yahoo: Caller) -> None:
    line = json.loads(yahoo.mall.ready_line)
    table = tomllib.loads(line["config"])["malls"][0]

    assert table == {
        "name": "yahoo",
        "kind": "yahoo",
        "base_url": line["url"],
        "speed": 600,
        "below_zero": "clamps",
    }
    assert line["token_url"] == line["url"] + "/yconnect/v2/token"
    assert line["authorization_url"] == line["url"] + "/yconnect/v2/authorization"
    assert set(line["credentials"]) == {
        "seller_id",
        "client_id",
        "client_secret",
        "refresh_token",
        "public_key",
        "public_key_version",
    }


def test_calls_are_counted_by_endpoint(yahoo: Caller) -> None:
    yahoo.form("getStock", item_code="a")
    calls = yahoo.client.get("/_sandbox/state").json()["calls"]

    assert calls == {"POST /yconnect/v2/token": 1, f"POST {BASE}getStock": 1}


@pytest.mark.parametrize(
    "knobs", [{"below_zero": "maybe"}, {"no_such": 1}, {"partial_status": 300}, {"dressing": ""}]
)
def test_a_switch_takes_its_own_values_only(shared: Caller, knobs: dict[str, object]) -> None:
    shared.door("knobs", knobs, 400)
    assert shared.client.get("/_sandbox/knobs").json()["below_zero"] == "clamps"
