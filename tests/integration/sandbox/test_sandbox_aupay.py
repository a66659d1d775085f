"""The pretend au PAY Market against its wire contract, over real HTTP."""

from __future__ import annotations

import json
import re
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from xml.etree.ElementTree import Element
from xml.sax.saxutils import escape

import httpx
import pytest
from defusedxml.ElementTree import fromstring

from sandbox.buyers import BUYER_MARKS
from sandbox.server import Running, running

JST = timezone(timedelta(hours=9))
FAST = 600.0  # holds last 0.2 s, late writes land within 0.1 s, rates do not matter
WAIT_S_MAX = 5.0
BASE = "/wmshopapi/"


class Caller:
    """One HTTP client of one pretend shop."""

    def __init__(self, mall: Running) -> None:
        self.mall = mall
        self.shop_id = mall.credentials["shop_id"]
        self.client = httpx.Client(
            base_url=mall.url,
            trust_env=False,
            verify=False,  # noqa: S501 - without TLS there is nothing to verify
            timeout=WAIT_S_MAX,
            headers={"Authorization": f"Bearer {mall.credentials['api_key']}"},
        )

    def door(self, path: str, body: object, status: int = 200) -> Any:
        reply = self.client.post(f"/_sandbox/{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json()

    def state(self) -> Any:
        return self.client.get("/_sandbox/state").json()

    def item(self, code: str, quantity: int, sub_code: str = "", **more: object) -> None:
        self.door("items", [{"code": code, "sub_code": sub_code, "quantity": quantity, **more}])

    def quantity(self, code: str, sub_code: str = "") -> int:
        rows = {(row["code"], row["sub_code"]): row["quantity"] for row in self.state()["items"]}
        return int(rows[code, sub_code])

    def order(self, code: str, units: int = 1, sub_code: str = "", **more: object) -> str:
        line = {"code": code, "sub_code": sub_code, "quantity": units}
        return str(self.door("orders", {"lines": [line], **more})["order_id"])

    def get(self, name: str, **query: object) -> httpx.Response:
        params = {"shopId": self.shop_id, **{key: str(value) for key, value in query.items()}}
        return self.client.get(BASE + name, params=params)

    def orders(self, **query: object) -> Element:
        """Search the orders of yesterday, today and tomorrow."""
        return parsed(self.get("searchTradeInfoListProc", **days(), totalCount=1000, **query))

    def order_ids(self, **query: object) -> list[str]:
        return [row.findtext("orderId", "") for row in self.orders(**query).iter("orderInfo")]

    def one(self, order_id: str) -> Element:
        found = parsed(self.get("searchTradeInfoProc", orderId=order_id)).find("orderInfo")
        assert found is not None
        return found

    def push(self, *items: str, timeout: float = WAIT_S_MAX) -> httpx.Response:
        inside = f"<shopId>{self.shop_id}</shopId>{''.join(items)}"
        return self.post(f"<request>{inside}</request>", timeout)

    def post(self, body: str | bytes, timeout: float = WAIT_S_MAX) -> httpx.Response:
        content = body.encode() if isinstance(body, str) else body
        headers = {"Content-Type": "application/xml; charset=UTF-8"}
        url = f"{BASE}updateStock"
        return self.client.post(url, content=content, headers=headers, timeout=timeout)

    def stocks(self, **query: object) -> list[Element]:
        return list(parsed(self.get("searchStocks", **query)).iter("resultStocks"))


def parsed(reply: httpx.Response) -> Element:
    root: Element = fromstring(reply.content)
    assert root.tag == "response"
    return root


def plain(code: str, count: object) -> str:
    return (
        f"<stockUpdateItem><itemCode>{escape(code)}</itemCode><stockSegment>1</stockSegment>"
        f"<stockCount>{count}</stockCount></stockUpdateItem>"
    )


def choices(code: str, *rows: tuple[str | None, str | None, object]) -> str:
    inside = ""
    for horizontal, vertical, count in rows:
        parts = [("Horizontal", horizontal), ("Vertical", vertical)]
        codes = "".join(
            f"<choicesStock{side}Code>{escape(said)}</choicesStock{side}Code>"
            for side, said in parts
            if said is not None
        )
        count_node = f"<choicesStockCount>{count}</choicesStockCount>"
        inside += f"<choicesStocks>{codes}{count_node}</choicesStocks>"
    head = f"<itemCode>{escape(code)}</itemCode><stockSegment>2</stockSegment>"
    return f"<stockUpdateItem>{head}{inside}</stockUpdateItem>"


def days(back: int = 1, ahead: int = 1) -> dict[str, str]:
    today = datetime.now(JST)
    start, end = today - timedelta(days=back), today + timedelta(days=ahead)
    return {"startDate": f"{start:%Y%m%d}", "endDate": f"{end:%Y-%m-%d}"}


def verdict(reply: httpx.Response) -> tuple[int, str, list[str]]:
    """Return the HTTP status, the result's status and its codes."""
    root = parsed(reply)
    found = [code.text or "" for code in root.findall("result/error/code")]
    return reply.status_code, root.findtext("result/status", ""), found


def results(reply: httpx.Response) -> list[tuple[str, str]]:
    return [
        (row.findtext("itemCode", ""), row.findtext("error/code", ""))
        for row in parsed(reply).findall("updateResult")
    ]


def shown(row: Element) -> list[tuple[str, str, str]]:
    names = ("choicesStockHorizontalCode", "choicesStockVerticalCode", "choicesStockCount")
    return [
        (
            choice.findtext(names[0], "?"),
            choice.findtext(names[1], "?"),
            choice.findtext(names[2], "?"),
        )
        for choice in row.findall("choicesStocks")
    ]


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S_MAX
    while not condition():
        assert time.monotonic() < end, "the condition did not come true in time"
        time.sleep(0.005)


@contextmanager
def calling(speed: float = FAST) -> Iterator[Caller]:
    with running("aupay", speed=speed) as mall:
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
        caller.item("tee-07", 3, "-bk-m")
        yield caller


def tee(mall: Caller) -> None:
    axes = {"カラー": "黒", "サイズ": "M"}
    mall.item("tee-07", 5, "-bk-m", name="Tシャツ", axes=axes)
    mall.item("tee-07", 7, "-bk-l", axes={**axes, "サイズ": "L"})


# -- access ----------------------------------------------------------------------------------------


def test_the_ready_line_tells_the_shop_and_a_table_that_drives_it(shared: Caller) -> None:
    line = json.loads(shared.mall.ready_line)

    assert line["mall"] == "aupay"
    assert set(line["credentials"]) == {"shop_id", "api_key"}
    assert re.fullmatch("[0-9a-f]{64}", line["credentials"]["api_key"])
    [table] = tomllib.loads(line["config"])["malls"]
    assert (table["name"], table["kind"], table["base_url"]) == ("aupay", "aupay", line["url"])


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer x", "ESA x", "Bearer  {key}", "bearer {key}x"]
)
def test_a_wrong_key_is_401_with_an_xml_body(shared: Caller, header: str) -> None:
    key = shared.mall.credentials["api_key"]
    headers = {"Authorization": header.format(key=key)}
    reply = shared.client.get(f"{BASE}searchStocks", headers=headers)

    assert verdict(reply) == (401, "1", ["CME9001"])
    assert "認証" in reply.text


def test_new_credentials_stop_the_old_key_and_end(mall: Caller) -> None:
    new = mall.door("credentials", {"life_s": 60})
    assert verdict(mall.get("searchStocks"))[0] == 401
    mall.client.headers["Authorization"] = f"Bearer {new['api_key']}"
    assert verdict(mall.get("searchStocks")) == (200, "0", [])
    mall.door("faults", {"kind": "skew", "seconds": 61})
    assert verdict(mall.get("searchStocks")) == (401, "1", ["CME9002"])
    new = mall.door("credentials", {"grace_s": 60})
    mall.client.headers["Authorization"] = f"Bearer {new['api_key']}"
    assert verdict(mall.get("searchStocks"))[0] == 401


def test_a_keys_ninety_days_are_not_sped_up(mall: Caller) -> None:
    mall.door("faults", {"kind": "skew", "seconds": 11 * 86_400})
    assert verdict(mall.get("searchStocks"))[0] == 200


def test_an_address_that_is_not_on_the_list_is_403(mall: Caller) -> None:
    mall.door("knobs", {"ip_registered": False})

    reply = mall.get("searchStocks")

    assert verdict(reply) == (403, "1", ["CME9003"])
    assert "IPアドレス" in reply.text


def test_the_shop_id_belongs_to_every_call(shared: Caller) -> None:
    names = ("searchTradeInfoListProc", "searchTradeInfoProc", "searchStocks", "searchItemInfos")
    for name in names:
        assert "CME0021" in verdict(shared.client.get(BASE + name))[2]
        assert "CME9004" in verdict(shared.client.get(BASE + name, params={"shopId": "1"}))[2]
    assert verdict(shared.post("<request></request>")) == (200, "1", ["CME0021"])


def test_a_doubled_slash_is_accepted_and_unknown_methods_are_not(shared: Caller) -> None:
    params = {"shopId": shared.shop_id}
    doubled = shared.client.get("/wmshopapi//searchStocks", params=params)
    assert verdict(doubled) == (200, "0", [])
    assert verdict(shared.client.get("/wmshopapi/searchStock", params=params))[0] == 404
    assert shared.client.get("/elsewhere").headers["content-type"].startswith("text/html")


def test_more_than_about_one_call_a_second_is_429() -> None:
    with calling(speed=1) as mall:
        statuses = [mall.get("searchStocks").status_code for _ in range(4)]

    assert statuses[0] == 200
    assert statuses[-1] == 429


# -- orders ----------------------------------------------------------------------------------------


def test_an_order_is_told_with_its_lines_and_takes_its_units(mall: Caller) -> None:
    tee(mall)
    mall.item("mug-01", 9, name="マグ & <皿>")
    lines = [
        {"code": "mug-01", "quantity": 1},
        {"code": "tee-07", "sub_code": "-bk-m", "quantity": 2},
    ]
    order_id = mall.door("orders", {"lines": lines})["order_id"]

    found = mall.orders().find("orderInfo")

    assert found is not None
    assert re.fullmatch(r"\d{9}", order_id)
    assert found.findtext("orderId") == order_id
    assert re.fullmatch(r"\d{4}/\d\d/\d\d \d\d:\d\d", found.findtext("orderDate", ""))
    assert found.findtext("orderStatus") == "新規受付"
    fields = ("itemCode", "itemManagementId", "unit", "itemName", "itemOption", "itemCancelStatus")
    assert [tuple(row.findtext(name, "?") for name in fields) for row in found.iter("detail")] == [
        ("mug-01", "", "1", "マグ & <皿>", "", "N"),
        ("tee-07", "-bk-m", "2", "Tシャツ", "カラー=黒 サイズ=M", "N"),
    ]
    ids = {row.findtext("orderDetailId") for row in found.iter("detail")}
    assert len(ids) == 2
    assert (mall.quantity("mug-01"), mall.quantity("tee-07", "-bk-m")) == (8, 3)


def test_buyers_are_given_out(mall: Caller) -> None:
    mall.item("mug-01", 9)
    mall.order("mug-01")

    text = mall.get("searchTradeInfoListProc", **days()).text

    assert sum(mark in text for mark in BUYER_MARKS) >= 6
    assert mall.state()["orders"][0]["buyer"]["name"] in text


def test_pages_count_from_one_and_tell_their_own_rows(mall: Caller) -> None:
    mall.item("mug-01", 99)
    placed = [mall.order("mug-01") for _ in range(5)]

    def page(start: int) -> tuple[str, list[str]]:
        reply = mall.get("searchTradeInfoListProc", **days(), totalCount=2, startCount=start)
        root = parsed(reply)
        ids = [row.findtext("orderId", "") for row in root.iter("orderInfo")]
        return root.findtext("resultCount", ""), ids

    assert [page(1), page(3), page(5), page(7)] == [
        ("2", placed[:2]),
        ("2", placed[2:4]),
        ("1", placed[4:]),
        ("0", []),
    ]
    mall.door("faults", {"kind": "page_shift", "count": 1})
    assert (page(1)[1], page(3)[1]) == (placed[:2], placed[3:])
    assert page(3)[1] == placed[2:4]
    mall.door("knobs", {"newest_first": True})
    assert page(1)[1] == placed[:2:-1]


def test_windows_are_whole_days_and_both_ends_belong_to_them(mall: Caller) -> None:
    mall.item("mug-01", 99)
    now = datetime.now(JST)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since_midnight = (now - midnight).total_seconds()
    early = mall.order("mug-01", age_s=since_midnight - 1 if since_midnight > 1 else 0)
    before = mall.order("mug-01", age_s=since_midnight + 5)

    today, yesterday = f"{midnight:%Y%m%d}", f"{midnight - timedelta(days=1):%Y-%m-%d}"

    def ids(start: str, end: str) -> list[str]:
        root = parsed(mall.get("searchTradeInfoListProc", startDate=start, endDate=end))
        return [row.findtext("orderId", "") for row in root.iter("orderInfo")]

    assert ids(today, today) == [early]
    assert ids(yesterday, yesterday) == [before]
    assert ids(yesterday, today) == [before, early]


def test_statuses_are_texts_and_filters_are_or_ed(mall: Caller) -> None:
    mall.item("mug-01", 99)
    new, ready = mall.order("mug-01"), mall.order("mug-01", status="confirmed")
    done = mall.order("mug-01", status="shipped")

    assert [mall.one(one).findtext("orderStatus") for one in (new, ready, done)] == [
        "新規受付",
        "発送待ち",
        "完了",
    ]
    assert mall.order_ids(orderStatus="新規受付", orderStatus2="完了") == [new, done]
    assert mall.order_ids(orderStatus="特別") == []
    mall.door("knobs", {"confirmed_status": "特別"})
    assert mall.order_ids(orderStatus="特別") == [ready]


def test_other_dates_are_found_without_their_order_date(mall: Caller) -> None:
    mall.item("mug-01", 99)
    old = mall.order("mug-01", age_s=20 * 86_400)
    mall.order("mug-01")
    assert len(mall.order_ids()) == 1
    assert mall.order_ids(dateType=1) == []
    mall.door(f"orders/{old}", {"status": "shipped"})
    mall.door(f"orders/{old}", {"status": "shipped"})

    assert mall.order_ids(dateType=1) == [old]
    paid = mall.order("mug-01", age_s=30 * 86_400, status="confirmed")
    assert mall.order_ids(dateType=2) == [old, paid]
    assert (mall.order_ids(dateType=3), mall.order_ids(dateType=4)) == ([], [])


def test_a_cancel_flips_the_status_and_keeps_the_date(mall: Caller) -> None:
    mall.item("mug-01", 9)
    kept, lost = mall.order("mug-01", 2), mall.order("mug-01", 3)
    stamp = mall.one(kept).findtext("orderDate")
    mall.door("knobs", {"cancel_pending_s": 60 * FAST})
    mall.door(f"orders/{kept}", {"cancel": True})
    mall.door(f"orders/{lost}", {"cancel": True, "restock": False})
    assert mall.one(kept).findtext("orderStatus") == "キャンセル受付中"
    mall.door("knobs", {"cancel_pending_s": 0})

    order = mall.one(kept)

    assert (order.findtext("orderStatus"), order.findtext("orderDate")) == ("キャンセル", stamp)
    assert order.findtext("detail/itemCancelStatus") == "Y"
    assert mall.quantity("mug-01") == 6


def test_a_line_taken_out_stays_with_its_flag_or_is_gone(mall: Caller) -> None:
    tee(mall)
    mall.item("mug-01", 9)
    both = [
        {"code": "mug-01", "quantity": 2},
        {"code": "tee-07", "sub_code": "-bk-m", "quantity": 3},
    ]
    order_id = mall.door("orders", {"lines": both})["order_id"]
    mall.door(f"orders/{order_id}", {"lines": [{"code": "mug-01", "quantity": 1}]})

    def lines() -> list[tuple[str, str, str]]:
        names = ("itemCode", "unit", "itemCancelStatus")
        rows = mall.one(order_id).iter("detail")
        return [
            (r.findtext(names[0], ""), r.findtext(names[1], ""), r.findtext(names[2], ""))
            for r in rows
        ]

    assert lines() == [("mug-01", "1", "N"), ("tee-07", "3", "Y")]
    mall.door("knobs", {"cut_lines": "gone"})
    assert lines() == [("mug-01", "1", "N")]


def test_what_a_split_moves_is_not_shown_as_cancelled(mall: Caller) -> None:
    tee(mall)
    lines = [
        {"code": "tee-07", "sub_code": "-bk-m", "quantity": 1},
        {"code": "tee-07", "sub_code": "-bk-l", "quantity": 2},
    ]
    order_id = mall.door("orders", {"lines": lines})["order_id"]
    child = mall.door(f"orders/{order_id}", {"split": lines[1:]})["order_id"]

    def units(one: str) -> list[str]:
        return [row.findtext("unit", "") for row in mall.one(one).iter("detail")]

    assert (units(order_id), units(child)) == (["1"], ["2"])
    assert mall.order_ids() == [order_id, child]


def test_order_numbers_come_in_both_nestings(mall: Caller) -> None:
    mall.item("mug-01", 9)
    placed = [mall.order("mug-01"), mall.order("mug-01")]
    for nested, rows in (("each", 2), ("one", 1)):
        mall.door("knobs", {"numbers_nested": nested})
        root = parsed(mall.get("searchTradeNoListProc", **days()))
        assert root.findtext("resultCount") == "2"
        assert len(root.findall("orderInfo")) == rows
        assert [one.text for one in root.iter("orderId")] == placed


def test_late_orders_appear_later_with_their_stamp(mall: Caller) -> None:
    mall.item("mug-01", 9)
    mall.door("faults", {"kind": "late_orders", "seconds": 60, "count": 1})
    order_id = mall.order("mug-01")
    assert mall.order_ids() == []
    assert parsed(mall.get("searchTradeInfoProc", orderId=order_id)).findtext("resultCount") == "0"
    assert mall.quantity("mug-01") == 8
    mall.client.delete("/_sandbox/faults")
    assert mall.order_ids() == [order_id]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ({}, ["CME9011", "CME9011"]),
        ({**days(), "startDate": "2026/10/01"}, ["CME9012"]),
        ({**days(), "startDate": "20261301"}, ["CME9012"]),
        ({**days(), "startDate": "2026-1001"}, ["CME9012"]),
        ({**days(), "startDate": "２０２６１００１"}, ["CME9012"]),
        ({**days(), "endDate": "20200101"}, ["CME9012"]),
        ({**days(), "totalCount": "1001"}, ["CME9012"]),
        ({**days(), "totalCount": "0"}, ["CME9012"]),
        ({**days(), "startCount": "0"}, ["CME9012"]),
        ({**days(), "startCount": "9" * 30}, ["CME9012"]),
        ({**days(), "dateType": "5"}, ["CME9012"]),
    ],
)
def test_a_bad_order_search_is_named(
    shared: Caller, query: Mapping[str, str], codes: Sequence[str]
) -> None:
    assert verdict(shared.get("searchTradeInfoListProc", **query)) == (200, "1", codes)


# -- reading stock ---------------------------------------------------------------------------------


def test_stock_is_listed_plain_and_by_choice(mall: Caller) -> None:
    mall.item("mug-01", 14)
    tee(mall)
    mall.item("cap", 2, "-wt", axes={"カラー": "白"})
    mall.item("bag", 3, "-a-b", axes={"柄": "縞"})

    rows = mall.stocks()

    assert [row.findtext("itemCode") for row in rows] == ["mug-01", "tee-07", "cap", "bag"]
    assert [row.findtext("stockSegment") for row in rows] == ["1", "2", "2", "2"]
    assert (rows[0].findtext("stockCount"), rows[0].find("choicesStocks")) == ("14", None)
    assert shown(rows[1]) == [("-bk", "-m", "5"), ("-bk", "-l", "7")]
    assert shown(rows[2]) == [("-", "-wt", "2")]
    assert shown(rows[3]) == [("-", "-a-b", "3")]
    mall.door("knobs", {"absent_axis": "", "lone_axis": "horizontal", "twin_codes": ["tee-07"]})
    rows = mall.stocks(itemCode="e")
    assert shown(rows[0]) == [("-bk", "-m", "5"), ("-bk", "-l", "7"), ("-bk-", "m", "5")]
    assert shown(mall.stocks(itemCode="cap")[0]) == [("-wt", "", "2")]


def test_the_code_filter_matches_inside_and_pages_follow(mall: Caller) -> None:
    codes = [f"mug-{n:02}" for n in range(12)] + ["x\u3000y/+&", "MUG-3", "😀"]
    mall.door("items", [{"code": code, "quantity": n} for n, code in enumerate(codes)])

    def found(**query: object) -> tuple[str, list[str]]:
        root = parsed(mall.get("searchStocks", **query))
        rows = [row.findtext("itemCode", "") for row in root.iter("resultStocks")]
        return root.findtext("searchResult/maxCount", ""), rows

    assert found() == ("15", codes[:10])  # ten is the default
    assert found(startCount=11) == ("15", codes[10:])
    assert found(itemCode="ug-1") == ("2", ["mug-10", "mug-11"])
    assert found(itemCode="mug-1", totalCount=1, startCount=2) == ("2", ["mug-11"])
    assert found(itemCode="y/+&") == ("1", ["x\u3000y/+&"])
    assert found(itemCode="😀") == ("1", ["😀"])
    assert found(itemCode="ghost") == ("0", [])
    assert found(itemCode="a\nb") == ("0", [])
    assert found(stockCountFrom=3, stockCountTo=4) == ("2", ["mug-03", "mug-04"])
    lot = mall.stocks(itemCode="mug-05")[0].findtext("lotNumber")
    assert found(lotNumber=lot) == ("1", ["mug-05"])
    assert found(lotNumber="7") == ("0", [])
    mall.door("items", [{"code": "mug-10", "gone": True}])
    assert found(itemCode="ug-1") == ("1", ["mug-11"])


@pytest.mark.slow
def test_reads_may_be_stale_while_the_truth_is_not(mall: Caller) -> None:
    mall.item("mug-01", 14)
    mall.door("knobs", {"stale_s": 0.3 * FAST})
    mall.order("mug-01", 4)

    def count() -> str | None:
        return mall.stocks()[0].findtext("stockCount")

    assert (count(), mall.quantity("mug-01")) == ("14", 10)
    until(lambda: count() == "10")


@pytest.mark.parametrize(
    "query",
    [
        {"totalCount": "501"},
        {"totalCount": "x"},
        {"startCount": "-1"},
        {"stockCountFrom": "100000"},
        {"stockCountTo": "a"},
    ],
)
def test_a_bad_stock_search_is_named(shared: Caller, query: Mapping[str, str]) -> None:
    assert verdict(shared.get("searchStocks", **query)) == (200, "1", ["CME9012"])


# -- writing stock ---------------------------------------------------------------------------------


def test_a_write_sets_figures_and_leaves_other_choices_alone(mall: Caller) -> None:
    mall.item("mug-01", 14)
    tee(mall)

    reply = mall.push(plain("mug-01", 3), choices("tee-07", ("-bk", "-m", 0)))

    assert verdict(reply) == (200, "0", [])
    assert results(reply) == [("mug-01", ""), ("tee-07", "")]
    assert parsed(reply).findtext("updateResult/lotNumber", "").isdigit()
    assert mall.quantity("mug-01") == 3
    assert (mall.quantity("tee-07", "-bk-m"), mall.quantity("tee-07", "-bk-l")) == (0, 7)
    mall.door("knobs", {"choices_left_out": "zeroed", "results_reversed": True})
    reply = mall.push(choices("tee-07", ("-bk", "-m", 4)), plain("mug-01", 1))
    assert results(reply) == [("mug-01", ""), ("tee-07", "")]
    assert (mall.quantity("tee-07", "-bk-m"), mall.quantity("tee-07", "-bk-l")) == (4, 0)


@pytest.mark.parametrize(
    ("row", "code"),
    [
        (plain("ghost-99", 1), "PME9999"),
        ("<stockUpdateItem><stockSegment>1</stockSegment></stockUpdateItem>", "PME9999"),
        (plain("tee-07", 1), "PME9998"),
        (choices("mug-01", ("-bk", "-m", 1)), "PME9998"),
        (plain("mug-01", 100_000), "PME9997"),
        (plain("mug-01", -1), "PME9997"),
        (plain("mug-01", "1.0"), "PME9997"),
        (plain("mug-01", ""), "PME9997"),
        (plain("mug-01", "９"), "PME9997"),
        (choices("tee-07", ("-bk", "-m", "x")), "PME9997"),
        (choices("tee-07", ("-bk", "-x", 1)), "PME9996"),
        (choices("tee-07", ("-bk-", "m", 1)), "PME9996"),
        (choices("tee-07", ("-bk", "-m", 1), ("-bk", None, 1)), "PME9996"),
        (choices("tee-07"), "PME9996"),
        (
            plain("mug-01", 1).replace(
                "</stockUpdateItem>", "<saleStatus>3</saleStatus></stockUpdateItem>"
            ),
            "PME9995",
        ),
    ],
)
def test_one_bad_item_is_named_and_the_others_are_written(
    mall: Caller, row: str, code: str
) -> None:
    mall.item("mug-01", 5)
    mall.item("tray", 5)
    tee(mall)

    reply = mall.push(row, plain("tray", 8))

    assert verdict(reply) == (200, "1", [])
    assert [error for _, error in results(reply)] == [code, ""]
    assert mall.quantity("tray") == 8
    assert (mall.quantity("mug-01"), mall.quantity("tee-07", "-bk-m")) == (5, 5)


def test_the_axis_that_is_not_there_may_be_echoed_or_left_out(mall: Caller) -> None:
    mall.item("cap", 2, "-wt")
    for horizontal in (None, "", "-"):
        assert verdict(mall.push(choices("cap", (horizontal, "-wt", 4))))[1] == "0"
    mall.door("knobs", {"axis_echo": True, "choices_count_max": 999})
    assert results(mall.push(choices("cap", (None, "-wt", 5)))) == [("cap", "PME9996")]
    assert results(mall.push(choices("cap", ("-", "-wt", 1_000)))) == [("cap", "PME9997")]
    assert verdict(mall.push(choices("cap", ("-", "-wt", 999))))[1] == "0"


@pytest.mark.parametrize("code", ["a b", "a/b+c?&<", "ＡＢ　１", "棚-1", "👕tee", "x" * 256])
def test_codes_of_any_kind_go_round(mall: Caller, code: str) -> None:
    mall.item(code, 5, "-あ-😀")
    assert verdict(mall.push(choices(code, ("-あ", "-😀", 3))))[1] == "0"
    mall.order(code, 1, "-あ-😀")

    [row] = mall.stocks(itemCode=code)
    assert (row.findtext("itemCode"), shown(row)) == (code, [("-あ", "-😀", "2")])
    detail = mall.orders().find("orderInfo/detail")
    assert detail is not None
    assert (detail.findtext("itemCode"), detail.findtext("itemManagementId")) == (code, "-あ-😀")


@pytest.mark.parametrize("code", ["", " a", "a ", "a\nb", "x" * 257, "あ" * 65, "\u0007"])
def test_codes_that_the_mall_cannot_have_are_refused(shared: Caller, code: str) -> None:
    shared.door("items", [{"code": code, "quantity": 1}], status=400)
    shared.door("items", [{"code": "ok", "sub_code": "-", "quantity": 1}], status=400)
    assert "ok" not in {item["code"] for item in shared.state()["items"]}


def test_sale_status_rides_along_only_when_it_is_sent(mall: Caller) -> None:
    mall.item("mug-01", 5)
    ended = plain("mug-01", 5).replace("</stockCount>", "</stockCount><saleStatus>2</saleStatus>")
    assert verdict(mall.push(ended))[1] == "0"
    assert verdict(mall.push(plain("mug-01", 6)))[1] == "0"
    info = parsed(mall.get("searchItemInfo", itemCode="mug-01"))
    assert info.findtext("searchResult/itemInfo/saleStatus") == "2"
    mall.door("orders", {"lines": [{"code": "mug-01", "quantity": 1}]}, status=409)
    mall.push(ended.replace("<saleStatus>2", "<saleStatus>1"))
    mall.order("mug-01")


def test_a_lot_number_with_a_code_renames_the_item(mall: Caller) -> None:
    mall.item("mug-01", 5)
    mall.item("tray", 5)
    lot = mall.stocks()[0].findtext("lotNumber")

    def both(code: str) -> str:
        lot_node = f"<stockUpdateItem><lotNumber>{lot}</lotNumber>"
        return plain(code, 7).replace("<stockUpdateItem>", lot_node)

    assert results(mall.push(both("tray"))) == [("tray", "PME0106")]
    assert results(mall.push(both(" " * 3 + "x" * 300))) == [("x" * 300, "PME9994")]
    assert results(mall.push(both("mug-02"))) == [("mug-02", "")]
    assert {row["code"]: row["quantity"] for row in mall.state()["items"]} == {
        "tray": 5,
        "mug-02": 7,
    }


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("", "CME9005"),
        ("<request>", "CME9005"),
        ("<other/>", "CME9005"),
        (b"\xff\xfe\x00", "CME9005"),
        ('<?xml version="1.0" encoding="nope"?><request/>', "CME9005"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><request><shopId>&a;</shopId></request>', "CME9005"),
        ("<request><shopId>50001234</shopId></request>", "CME9011"),
        (f"<request><shopId>50001234</shopId>{plain('a', 1) * 201}</request>", "CME9007"),
        (f"<request><shopId>50001234</shopId><x/>{plain('a', 1)}</request>", "CME9012"),
        (
            "<request><shopId>50001234</shopId>"
            + plain("a", 1).replace("<stockCount>", "<price>3</price><stockCount>")
            + "</request>",
            "CME9012",
        ),
    ],
)
def test_a_malformed_write_is_refused_as_a_whole(
    shared: Caller, body: str | bytes, code: str
) -> None:
    assert verdict(shared.post(body)) == (200, "1", [code])


def test_two_hundred_items_go_at_once(mall: Caller) -> None:
    mall.door("items", [{"code": f"i{n}"} for n in range(200)])

    reply = mall.push(*[plain(f"i{n}", n) for n in range(200)])

    assert (verdict(reply), len(results(reply))) == ((200, "0", []), 200)
    assert mall.quantity("i199") == 199


# -- catalogue -------------------------------------------------------------------------------------


def test_the_catalogue_lists_items_and_one_item_with_its_axes(mall: Caller) -> None:
    mall.item("mug-01", 14, name="マグ]]>", jan="4900000000017", image="https://i.invalid/x.jpg")
    tee(mall)

    root = parsed(mall.get("searchItemInfos"))
    assert root.findtext("searchResult/maxCount") == "2"
    first = root.find("searchResult/resultItems")
    assert first is not None
    said = [first.findtext(name) for name in ("itemCode", "itemName", "jan", "saleStatus")]
    assert said == ["mug-01", "マグ]]>", "4900000000017", "1"]
    assert "<itemCode>not-an-item</itemCode>" in first.findtext("description", "")
    assert first.find("registerStock") is None
    assert (
        len(list(parsed(mall.get("searchItemInfos", itemName="シャツ")).iter("resultItems"))) == 1
    )

    stock = parsed(mall.get("searchItemInfo", itemCode="tee-07")).find("searchResult/registerStock")
    assert stock is not None
    assert stock.findtext("choicesStockHorizontalItemName") == "カラー"
    assert stock.findtext("choicesStockVerticalItemName") == "サイズ"
    names = [
        row.findtext("choicesStockVerticalName") for row in stock.iter("choicesStockVerticals")
    ]
    assert (names, len(stock.findall("choicesStockHorizontals"))) == (["M", "L"], 1)
    assert shown(stock) == [("-bk", "-m", "5"), ("-bk", "-l", "7")]
    mall.door("knobs", {"list_shows_stock": True, "item_management_id": "K-1", "dressing": "bom"})
    first = parsed(mall.get("searchItemInfos")).find("searchResult/resultItems")
    assert first is not None
    assert first.findtext("registerStock/stockCount") == "14"
    assert first.findtext("itemManagementId") == "K-1"
    mall.order("mug-01")
    assert mall.orders().findtext("orderInfo/detail/itemManagementId") == "K-1"


def test_an_unknown_item_is_an_empty_result(shared: Caller) -> None:
    result = parsed(shared.get("searchItemInfo", itemCode="ghost")).find("searchResult")
    assert result is not None
    assert len(result) == 0
    assert verdict(shared.get("searchItemInfo"))[2] == ["CME9011"]


# -- faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "form", "status", "is_xml"),
    [
        ("maintenance", "", 503, False),
        ("maintenance", "xml", 503, True),
        ("maintenance", "in_body", 200, True),
        ("rate_limit", "", 429, True),
        ("rate_limit", "page", 429, False),
        ("server_error", "", 500, True),
        ("server_error", "page", 500, False),
        ("expired_key", "", 401, True),
        ("expired_key", "key", 401, True),
        ("expired_key", "ip", 403, True),
        ("expired_key", "in_body", 200, True),
    ],
)
def test_refusals_come_in_their_forms(
    shared: Caller, kind: str, form: str, status: int, is_xml: bool
) -> None:
    shared.door("faults", {"kind": kind, "form": form, "count": 1})
    reply = shared.get("searchStocks")
    assert reply.status_code == status
    assert reply.headers["content-type"].startswith("application/xml" if is_xml else "text/html")
    if is_xml:
        assert verdict(reply)[1] == "1"
    assert verdict(shared.get("searchStocks"))[1] == "0"


def test_the_status_of_refusals_is_a_knob(mall: Caller) -> None:
    mall.door("knobs", {"error_status": 400})
    assert verdict(mall.post("<x/>")) == (400, "1", ["CME9005"])
    assert mall.push(plain("ghost", 1)).status_code == 400


def test_bad_items_and_broken_replies(mall: Caller) -> None:
    mall.item("mug-01", 5)
    tee(mall)
    both = (plain("mug-01", 1), choices("tee-07", ("-bk", "-m", 1), ("-bk", "-l", 1)))
    mall.door("faults", {"kind": "bad_item", "code": "tee-07", "sub_code": "-bk-l", "count": 1})
    mall.door("faults", {"kind": "bad_item", "form": "left_out", "count": 1})
    mall.door("faults", {"kind": "bad_item", "form": "whole", "count": 1})
    mall.door("faults", {"kind": "garbage", "endpoint": "stock", "count": 1})

    assert results(mall.push(*both)) == [("mug-01", ""), ("tee-07", "PME9999")]
    assert mall.quantity("tee-07", "-bk-m") == 5
    reply = mall.push(plain("mug-01", 2), both[1])
    assert (verdict(reply)[1], results(reply)) == ("0", [("tee-07", "")])
    assert mall.quantity("mug-01") == 1
    reply = mall.push(plain("mug-01", 3))
    assert (verdict(reply)[2], mall.quantity("mug-01")) == (["PME9990"], 1)
    with pytest.raises(Exception, match=r"no element|not well-formed|unclosed|mismatched"):
        parsed(mall.push(plain("mug-01", 4)))
    assert mall.quantity("mug-01") == 4
    mall.door("faults", {"kind": "server_error", "form": "empty", "count": 1})
    assert mall.get("searchStocks").content == b""


@pytest.mark.parametrize(("kind", "left"), [("timeout_before", 5), ("timeout_after", 1)])
def test_a_time_out_drops_writes_and_lets_reads_pass(mall: Caller, kind: str, left: int) -> None:
    mall.item("mug-01", 5)
    mall.door("faults", {"kind": kind, "count": 1})
    assert mall.stocks()[0].findtext("stockCount") == "5"
    with pytest.raises(httpx.TransportError):
        mall.push(plain("mug-01", 1))
    assert mall.quantity("mug-01") == left


@pytest.mark.slow
def test_a_late_write_lands_after_the_drop(mall: Caller) -> None:
    mall.item("mug-01", 5)
    mall.door("faults", {"kind": "late_apply", "count": 1, "delay_s": 0.05})
    with pytest.raises(httpx.TransportError):
        mall.push(plain("mug-01", 1))
    until(lambda: mall.quantity("mug-01") == 1)
