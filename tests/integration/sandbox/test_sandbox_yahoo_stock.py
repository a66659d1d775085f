"""setStock and getStock on the wire: figures, flags, parked codes, and every shape of an error."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.integration.sandbox.yahoo_caller import BASE, Caller, error_code, parsed, pretend_yahoo


@pytest.fixture
def yahoo() -> Iterator[Caller]:
    with pretend_yahoo() as caller:
        yield caller


@pytest.fixture(scope="module")
def shared() -> Iterator[Caller]:
    """For tables of refusals, which leave nothing behind."""
    with pretend_yahoo() as caller:
        yield caller


def test_figures_and_differences_are_written_and_answered(yahoo: Caller) -> None:
    yahoo.item("mug", 3, "mug-bl")
    yahoo.item("mug", 7, "mug-rd")
    yahoo.item("tray", 9)

    reply = yahoo.push("mug:mug-bl,mug:mug-rd,tray", "5,+2,-9", allow_overdraft="0,0,1")

    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("text/xml")
    root = parsed(reply)
    assert root.tag == "ResultSet"
    assert dict(root.attrib) == {
        "totalResultsAvailable": "3",
        "totalResultsReturned": "3",
        "firstResultPosition": "1",
        "ok": "3",
        "ng": "0",
    }
    rows = [[child.text or "" for child in result] for result in root]
    assert rows == [["mug", "mug-bl", "5"], ["mug", "mug-rd", "9"], ["tray", "", "0"]]
    assert yahoo.quantity("mug", "mug-rd") == 9


def test_a_plus_sign_sent_bare_is_no_figure(yahoo: Caller) -> None:
    yahoo.item("tray", 4)
    body = b"seller_id=demo-store&item_code=tray&quantity=+2"
    headers = {**yahoo.bearer(), "Content-Type": "application/x-www-form-urlencoded"}

    bare = yahoo.client.post(BASE + "setStock", content=body, headers=headers)
    sealed = yahoo.client.post(
        BASE + "setStock", content=body.replace(b"+", b"%2B"), headers=headers
    )

    assert (bare.status_code, error_code(bare)) == (400, "st-02104")
    assert (sealed.status_code, yahoo.quantity("tray")) == (200, 6)


def test_overdraft_left_out_writes_the_stores_default(yahoo: Caller) -> None:
    yahoo.item("tray", 1, overdraft=True)
    yahoo.push("tray", "2", allow_overdraft="1")
    assert yahoo.read("tray").findtext("Result/AllowOverdraft") == "1"

    yahoo.push("tray", "2")
    assert yahoo.read("tray").findtext("Result/AllowOverdraft") == "0"

    yahoo.knob(store_overdraft=True)
    yahoo.push("tray", "2")
    assert yahoo.read("tray").findtext("Result/AllowOverdraft") == "1"


def test_over_purchase_lets_orders_go_below_zero(yahoo: Caller) -> None:
    yahoo.item("tray", 1, overdraft=True)
    yahoo.order("tray", 3)

    assert yahoo.read("tray").findtext("Result/Quantity") == "-2"
    yahoo.push("tray", "2", allow_overdraft="0")
    line = {"code": "tray", "quantity": 3}
    assert "out of stock" in yahoo.door("orders", {"lines": [line]}, 409)["error"]


@pytest.mark.parametrize(("mode", "quantity"), [("clamps", 0), ("negative", -3), ("refuses", 2)])
def test_a_fall_below_zero_does_what_the_knob_says(yahoo: Caller, mode: str, quantity: int) -> None:
    yahoo.item("tray", 2)
    yahoo.knob(below_zero=mode)

    alone = yahoo.push("tray", "-5")

    assert yahoo.quantity("tray") == quantity
    if mode == "refuses":
        assert (alone.status_code, error_code(alone)) == (400, "st-02104")
    else:
        assert parsed(alone).findtext("Result/Quantity") == str(quantity)


def test_an_unknown_code_is_parked_and_joins_its_item_later(yahoo: Caller) -> None:
    reply = yahoo.push("ghost,ghost:g-1", "4,+6")

    assert (reply.status_code, parsed(reply).get("ok")) == (200, "2")
    assert yahoo.read("ghost").findtext("Result/IsPublished") == "0"
    yahoo.door("items", [{"code": "ghost", "name": "幽霊"}])
    assert yahoo.quantity("ghost") == 4
    yahoo.knob(parked_is_found=False)
    assert yahoo.read("ghost:g-1").findtext("Result/Status") == "0"


def test_a_bare_code_of_an_item_with_sub_codes_changes_nothing_there(yahoo: Caller) -> None:
    yahoo.item("mug", 3, "mug-bl")

    assert parsed(yahoo.push("mug", "9")).findtext("Result/Quantity") == "9"
    assert yahoo.quantity("mug", "mug-bl") == 3


def test_stock_is_read_with_flags_and_unknown_codes_are_counted(yahoo: Caller) -> None:
    yahoo.item("mug", 5, "mug-bl")
    root = yahoo.read("mug:mug-bl,ghost")

    assert (root.get("ok"), root.get("ng")) == ("1", "1")
    found, missing = root.findall("Result")
    assert [child.tag for child in found] == [
        "ItemCode",
        "SubCode",
        "Status",
        "Quantity",
        "AllowOverdraft",
        "IsPublished",
        "StockClose",
        "UpdateTime",
    ]
    assert found.findtext("UpdateTime", "").endswith("+09:00")
    assert [child.tag for child in missing] == ["ItemCode", "SubCode", "Status"]


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"item_code": "a", "quantity": "33.0"}, "st-02104"),
        ({"item_code": "a", "quantity": "INI"}, "st-02104"),
        ({"item_code": "a", "quantity": "1000000000"}, "st-02104"),
        ({"item_code": "a", "quantity": ""}, "st-02104"),
        ({"item_code": "a", "quantity": "１"}, "st-02104"),
        ({"item_code": "a/b", "quantity": "1"}, "st-02101"),
        ({"item_code": "a:b:c", "quantity": "1"}, "st-02101"),
        ({"item_code": "a,a", "quantity": "1,1"}, "st-02103"),
        ({"item_code": "a,b", "quantity": "1"}, "st-02105"),
        ({"item_code": "a", "quantity": "1", "allow_overdraft": "2"}, "st-02106"),
        ({"item_code": "a,b", "quantity": "1,1", "allow_overdraft": "0"}, "st-02107"),
        ({"item_code": "a", "quantity": "1", "stock_close": "1"}, "st-02108"),
        ({"item_code": ",".join(f"c{n}" for n in range(1001)), "quantity": "1"}, "st-02102"),
        ({"item_code": "a", "quantity": "1", "seller_id": "other"}, "st-02100"),
        ({"item_code": "a"}, "px-04001"),
        ({"quantity": "1"}, "px-04001"),
    ],
)
def test_a_bad_request_is_an_error_document_with_its_code(
    shared: Caller, form: dict[str, str], code: str
) -> None:
    reply = shared.form("setStock", **form)

    assert (reply.status_code, error_code(reply)) == (400, code)


def test_one_bad_row_of_many_is_named_and_the_others_are_written(yahoo: Caller) -> None:
    yahoo.item("a", 1)
    yahoo.item("b", 1)
    reply = yahoo.push("a,b,c/d", "5,x,1")

    assert reply.status_code == 200
    assert (parsed(reply).get("ok"), parsed(reply).get("ng")) == ("1", "2")
    said = [result.findtext("ErrorCode") for result in parsed(reply).findall("Result")]
    assert said == [None, "st-02104", "st-02101"]
    assert (yahoo.quantity("a"), yahoo.quantity("b")) == (5, 1)
    yahoo.knob(partial_status=207)
    assert yahoo.push("a,b", "5,x").status_code == 207


def test_one_difference_out_of_range_fails_the_whole_request(yahoo: Caller) -> None:
    yahoo.item("a", 999_999_999)
    yahoo.item("b", 1)
    reply = yahoo.push("b,a", "7,+1")

    assert (reply.status_code, error_code(reply)) == (400, "st-02104")
    assert yahoo.quantity("b") == 1


def test_a_thousand_codes_go_at_once(yahoo: Caller) -> None:
    yahoo.door("items", [{"code": f"c{n}", "quantity": 0} for n in range(1000)])
    every = ",".join(f"c{n}" for n in range(1000))

    assert parsed(yahoo.push(every, ",".join(["+3"] * 1000))).get("ok") == "1000"
    assert yahoo.read(every).get("ok") == "1000"
    assert yahoo.quantity("c999") == 3


@pytest.mark.parametrize(
    ("form", "status", "said", "quantity"),
    [
        ("", 200, "st-02101", 1),
        ("st-02104", 200, "st-02104", 1),
        ("ed-10002", 207, "ed-10002", 8),
        ("whole", 400, None, 1),
    ],
)
def test_an_injected_bad_item_is_refused_in_each_form(
    yahoo: Caller, form: str, status: int, said: str | None, quantity: int
) -> None:
    yahoo.item("a", 1)
    yahoo.item("b", 1)
    yahoo.fault("bad_item", code="b", count=1, form=form)

    reply = yahoo.push("a,b", "8,8")

    assert reply.status_code == status
    assert parsed(reply).findtext("Result/ErrorCode") == said
    assert yahoo.quantity("b") == quantity
    assert yahoo.push("a,b", "8,8").status_code == 200
    assert yahoo.quantity("b") == 8


def test_a_lost_reply_is_applied_and_an_unsent_one_is_not() -> None:
    with pretend_yahoo(speed=6_000) as yahoo:
        yahoo.item("a", 10)
        yahoo.fault("timeout_after", count=1)
        with pytest.raises(httpx.TransportError):
            yahoo.push("a", "-1")
        assert yahoo.quantity("a") == 9
        yahoo.fault("timeout_before", count=1)
        with pytest.raises(httpx.TransportError):
            yahoo.push("a", "-1")
        assert yahoo.quantity("a") == 9


def test_stock_answers_are_dressed_as_the_knob_says(yahoo: Caller) -> None:
    yahoo.item("a", 1)
    yahoo.knob(dressing="padded")
    assert yahoo.read("a").findtext("Result/ItemCode", "").strip() == "a"
    assert yahoo.read("a").findtext("Result/ItemCode") != "a"
    yahoo.knob(dressing="bom")
    assert yahoo.form("getStock", item_code="a").content.startswith(b"\xef\xbb\xbf<?xml")


@pytest.mark.parametrize("body", [b"", b"\xff\xfe\x00", b"&" * 500, b"item_code=%ff%00", b"<Req/>"])
def test_bodies_that_are_no_form_are_refused(shared: Caller, body: bytes) -> None:
    for name in ("setStock", "getStock"):
        reply = shared.client.post(BASE + name, content=body, headers=shared.bearer())
        assert (reply.status_code, error_code(reply)) == (400, "px-04001")
