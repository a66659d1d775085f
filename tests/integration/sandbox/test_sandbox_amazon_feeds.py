"""The pretend Amazon against its contract: feeds, reports and their documents."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.contract.amazon import model as schema
from tests.integration.sandbox.amazon_caller import (
    CONTENT_TYPE,
    MARKET,
    Caller,
    Json,
    error,
    message,
    pretend_amazon,
)
from tests.integration.sandbox.rakuten_caller import until

FEEDS = "/feeds/2021-06-30/feeds"
REPORTS = "/reports/2021-06-30/reports"
ALL = "GET_MERCHANT_LISTINGS_ALL_DATA"


@pytest.fixture
def mall() -> Iterator[Caller]:
    with pretend_amazon(live_s=0, stale_s=0, report_s=0, feed_queue_s=0, feed_s=3) as caller:
        yield caller


def submit(mall: Caller, *messages: Json, seller_id: str = "", **more: object) -> str:
    header = {"sellerId": seller_id or mall.credentials["seller_id"], "version": "2.0"}
    body = json.dumps({"header": header, "messages": list(messages), **more}).encode()
    reply = mall.create_feed(mall.upload(body))
    assert reply.status_code == 202, reply.text
    return str(reply.json()["feedId"])


def texts(report: Json) -> list[str]:
    return [issue["message"] for issue in report["issues"]]


# -- feeds -----------------------------------------------------------------------------------------


def test_a_feed_pushes_its_good_messages_and_reports_the_bad_ones(mall: Caller) -> None:
    mall.item("A", 5, lead_time_days=2)
    mall.item("B/1", 5)

    feed = mall.finished(submit(mall, message(1, "A", 1), message(2, "B/1", -1)))

    assert feed["processingStatus"] == "DONE"
    report = mall.processing_report(feed)
    assert report["header"]["feedId"] == feed["feedId"]
    assert [(issue["messageId"], issue["sku"]) for issue in report["issues"]] == [(2, "B/1")]
    assert report["summary"] == {
        "errors": 1,
        "warnings": 0,
        "messagesProcessed": 2,
        "messagesAccepted": 1,
        "messagesInvalid": 1,
    }
    assert (mall.quantity("A"), mall.row("A")["lead_time_days"], mall.quantity("B/1")) == (1, 2, 5)


@pytest.mark.slow
def test_feeds_wait_work_and_end_in_the_order_of_their_creation() -> None:
    with pretend_amazon(feed_queue_s=180, feed_s=300) as mall:  # 0.3 and 0.5 s
        mall.item("A", 5)
        first, second = (submit(mall, message(1, "A", units)) for units in (1, 2))
        assert mall.feed(first)["processingStatus"] == "IN_QUEUE"
        until(lambda: mall.feed(first)["processingStatus"] == "IN_PROGRESS")
        assert mall.feed(second)["processingStatus"] == "IN_QUEUE"
        assert mall.finished(first)["processingStatus"] == "DONE"
        assert mall.finished(second)["processingStatus"] == "DONE"


def test_a_feed_can_be_cancelled_only_in_the_queue() -> None:
    with pretend_amazon(feed_queue_s=60_000, live_s=0) as mall:
        mall.item("A", 5)
        feed_id = submit(mall, message(1, "A", 1))

        assert mall.call("DELETE", f"{FEEDS}/{feed_id}").status_code == 200
        assert mall.feed(feed_id)["processingStatus"] == "CANCELLED"
        assert error(mall.call("DELETE", f"{FEEDS}/{feed_id}"))[0] == 400


def test_messages_may_replace_update_and_delete(mall: Caller) -> None:
    for code in "ABC":
        mall.item(code, 5, lead_time_days=2)
    value = [{"fulfillment_channel_code": "DEFAULT", "quantity": 1}]
    partial = {
        "messageId": 1,
        "sku": "A",
        "operationType": "PARTIAL_UPDATE",
        "productType": "PRODUCT",
        "attributes": {"fulfillment_availability": value},
    }
    update = {**partial, "messageId": 2, "sku": "B", "operationType": "UPDATE", "attributes": {}}
    delete = {"messageId": 3, "sku": "C", "operationType": "DELETE"}

    mall.finished(submit(mall, partial, update, delete))

    rows = [(row["code"], row["quantity"], row["lead_time_days"]) for row in mall.state()["items"]]
    assert rows == [("A", 1, None), ("B", 0, None)]


def test_bad_messages_are_named_one_by_one(mall: Caller) -> None:
    mall.item("A", 5)
    good = message(1, "A", 1)
    bad: list[Json] = [
        message(1, "A", 2),
        3,
        {**message(2, "A", 2), "messageId": "2"},
        message(0, "A", 2),
        message(3, "", 2),
        {**message(4, "A", 2), "operationType": "SET"},
        {**message(5, "A", 2), "attributes": {}},
        {**message(6, "A", 2), "operationType": "UPDATE"},
        {**message(7, "A", 2), "productType": None},
    ]

    report = mall.processing_report(mall.finished(submit(mall, good, *bad)))

    assert len(report["issues"]) == len(bad)
    assert report["summary"]["messagesAccepted"] == 1
    assert mall.quantity("A") == 1


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"header":{},"messages":[]}', b"\xff"])
def test_a_feed_that_cannot_be_read_is_fatal(mall: Caller, body: bytes) -> None:
    feed = mall.finished(mall.create_feed(mall.upload(body)).json()["feedId"])

    assert feed["processingStatus"] == "FATAL"
    assert "messageId" not in mall.processing_report(feed)["issues"][0]


def test_a_feed_of_too_many_messages_or_another_seller_is_fatal(mall: Caller) -> None:
    crowd = [{"messageId": n, "sku": "A", "operationType": "DELETE"} for n in range(1, 25_002)]
    report = mall.processing_report(mall.finished(submit(mall, *crowd)))
    assert "beyond the allowed size" in texts(report)[0]

    assert mall.finished(submit(mall, seller_id="AOTHER"))["processingStatus"] == "FATAL"


def test_a_fatal_feed_may_have_done_a_part_of_its_work(mall: Caller) -> None:
    mall.item("A", 5)
    mall.item("B", 5)
    mall.knob(feed_end="HALF")

    feed = mall.finished(submit(mall, message(1, "A", 1), message(2, "B", 1)))

    assert feed["processingStatus"] == "FATAL"
    assert (mall.quantity("A"), mall.quantity("B")) == (1, 5)


def test_legacy_feeds_are_dead(mall: Caller) -> None:
    document_id = mall.upload(b"sku\tquantity\n")

    feed = mall.finished(
        mall.create_feed(document_id, "POST_INVENTORY_AVAILABILITY_DATA").json()["feedId"]
    )

    assert feed["processingStatus"] == "FATAL"
    assert "resultFeedDocumentId" not in feed
    assert error(mall.create_feed(document_id, "POST_NOTHING"))[0] == 400
    assert error(mall.create_feed("none"))[0] == 400


def test_the_sixth_listings_feed_within_five_minutes_is_refused() -> None:
    with pretend_amazon(speed=1) as mall:
        document_id = mall.upload(b"{}")
        replies = [mall.create_feed(document_id) for _ in range(6)]

    assert [reply.status_code for reply in replies] == [202] * 5 + [429]
    assert "x-amzn-ratelimit-limit" not in replies[5].headers


def test_bad_item_refuses_a_message_by_its_sku(mall: Caller) -> None:
    mall.item("A", 5)
    mall.item("B", 5)
    mall.fault("bad_item", count=1, code="B")

    report = mall.processing_report(
        mall.finished(submit(mall, message(1, "A", 1), message(2, "B", 1)))
    )

    assert [issue["sku"] for issue in report["issues"]] == ["B"]
    assert (mall.quantity("A"), mall.quantity("B")) == (1, 5)


def test_feeds_can_be_listed_when_an_answer_was_lost(mall: Caller) -> None:
    made = [submit(mall, message(1, "A", 1)) for _ in range(3)]

    query: dict[str, str] = {"feedTypes": "JSON_LISTINGS_FEED", "pageSize": "2"}
    body = mall.call("GET", FEEDS, schema.FEEDS, params=query).json()
    assert [feed["feedId"] for feed in body["feeds"]] == made[:0:-1]
    more = {"nextToken": body["nextToken"]}
    assert len(mall.call("GET", FEEDS, schema.FEEDS, params=more).json()["feeds"]) == 1
    queries: list[dict[str, str]] = [{}, {**query, "processingStatuses": "X"}, {"nextToken": "x"}]
    for refused in (*queries, {**query, "createdSince": "x"}, {**query, "pageSize": "0"}):
        assert error(mall.call("GET", FEEDS, params=refused))[0] == 400
    assert error(mall.call("GET", f"{FEEDS}/1"))[0] == 404


# -- documents -------------------------------------------------------------------------------------


def test_an_upload_needs_the_declared_type_the_signature_and_haste(mall: Caller) -> None:
    path = "/feeds/2021-06-30/documents"
    made = mall.call("POST", path, schema.NEW_FEED_DOCUMENT, json={"contentType": CONTENT_TYPE})
    url = made.json()["url"]
    headers = {"Content-Type": CONTENT_TYPE}

    def put(address: str, **other: str) -> httpx.Response:
        return mall.client.put(address, content=b"{}", headers={**headers, **other})

    assert url.startswith(mall.mall.url)
    assert "SignatureDoesNotMatch" in put(url, **{"Content-Type": "text/plain"}).text
    assert "SignatureDoesNotMatch" in put(url[:-1]).text
    assert put("/tortuga/none?X-Amz-Signature=x").status_code == 404
    assert mall.client.get(url).status_code == 404
    mall.fault("skew", seconds=61)
    assert "Request has expired" in put(url).text
    for body in ({}, {"contentType": 3}):
        assert error(mall.client.post(path, json=body))[0] == 403
    mall.use(mall.credentials)
    assert error(mall.call("POST", path, json={"contentType": 3}))[0] == 400
    assert error(mall.call("GET", f"{path}/none"))[0] == 404


def test_a_document_comes_packed_or_is_unpacked_by_the_client(mall: Caller) -> None:
    mall.item("A", 5)
    feed = mall.finished(submit(mall, message(1, "A", 1)))
    path = f"/feeds/2021-06-30/documents/{feed['resultFeedDocumentId']}"

    packed = mall.call("GET", path, schema.FEED_DOCUMENT).json()
    plain = mall.call("GET", path, params={"enableContentEncodingUrlHeader": "true"}).json()

    assert packed["compressionAlgorithm"] == "GZIP"
    unpacked = gzip.decompress(mall.client.get(packed["url"]).content)
    assert unpacked == mall.client.get(plain["url"]).content
    mall.knob(gzip_results=False)
    feed = mall.finished(submit(mall, message(1, "A", 1)))
    path = f"/feeds/2021-06-30/documents/{feed['resultFeedDocumentId']}"
    assert "compressionAlgorithm" not in mall.call("GET", path, schema.FEED_DOCUMENT).json()


# -- reports ---------------------------------------------------------------------------------------


def report(
    mall: Caller, kind: str = ALL, locale: str | None = None
) -> tuple[httpx.Response, list[list[str]]]:
    body: dict[str, object] = {"reportType": kind, "marketplaceIds": [MARKET]}
    if locale:
        body["reportOptions"] = {"preferredReportDocumentLocale": locale}
    made = mall.call("POST", REPORTS, schema.NEW_REPORT, json=body)
    path = f"{REPORTS}/{made.json()['reportId']}"
    until(lambda: mall.call("GET", path, schema.REPORT).json()["processingStatus"] == "DONE")
    document_id = mall.call("GET", path).json()["reportDocumentId"]
    found = mall.call(
        "GET", f"/reports/2021-06-30/documents/{document_id}", schema.REPORT_DOCUMENT
    ).json()
    download = mall.client.get(found["url"])
    content = download.content
    if "compressionAlgorithm" in found:
        content = gzip.decompress(content)
    charset = download.headers["content-type"].partition("charset=")[2]
    text = content.decode("utf-8" if charset == "UTF-8" else "cp932")
    return download, [line.split("\t") for line in text.split("\r\n")[:-1]]


def column(rows: list[list[str]], name: str) -> list[str]:
    return [row[rows[0].index(name)] for row in rows[1:]]


def test_a_listing_report_is_japanese_in_cp932(mall: Caller) -> None:
    mall.item("A 1/①", 5, name="髙﨑\tの緑茶")
    mall.item("F", 3, fba=True)
    mall.item("Z", 0)

    download, rows = report(mall)

    assert download.headers["content-type"] == "text/plain; charset=Shift_JIS"
    assert column(rows, "出品者SKU") == ["A 1/①", "F", "Z"]
    assert column(rows, "商品名")[0] == "髙﨑 の緑茶"
    assert column(rows, "数量") == ["5", "", "0"]
    assert column(rows, "在庫数") == ["0", "0", "0"]
    assert column(rows, "フルフィルメント・チャンネル") == ["DEFAULT", "AMAZON_JP", "DEFAULT"]
    assert column(rows, "ステータス") == ["Active", "Active", "Inactive"]


def test_a_listing_report_may_be_english_packed_and_in_utf_8(mall: Caller) -> None:
    mall.item("🍵", 5)
    mall.push("GHOST", 1)
    mall.knob(gzip_reports=True)

    download, rows = report(mall, locale="en_US")

    assert download.headers["content-type"] == "text/plain; charset=UTF-8"
    assert (rows[0][0], len(rows[0]), rows[0][-1]) == ("item-name", 29, "status")
    assert column(rows, "seller-sku") == ["🍵", "GHOST"]
    assert column(rows, "status") == ["Active", "Incomplete"]


def test_other_listing_reports_and_header_knobs(mall: Caller) -> None:
    mall.item("A", 5)
    mall.item("Z", 0)
    mall.knob(report_headers="en", report_charset="unsaid")

    download, rows = report(mall, "GET_MERCHANT_LISTINGS_INACTIVE_DATA", "ja_JP")
    assert download.headers["content-type"] == "text/plain"
    assert column(rows, "seller-sku") == ["Z"]
    assert report(mall, "GET_FLAT_FILE_OPEN_LISTINGS_DATA")[1][0] == [
        "sku",
        "asin",
        "price",
        "quantity",
    ]
    assert column(report(mall, "GET_MERCHANT_LISTINGS_DATA")[1], "seller-sku") == ["A"]


@pytest.mark.slow
def test_a_report_takes_its_time_and_shows_the_catalogue_at_its_end() -> None:
    with pretend_amazon(report_s=120) as mall:  # 0.2 s
        mall.item("A", 5)
        began = time.monotonic()
        made = mall.call("POST", REPORTS, json={"reportType": ALL, "marketplaceIds": [MARKET]})
        view = mall.call("GET", f"{REPORTS}/{made.json()['reportId']}", schema.REPORT).json()
        assert view["processingStatus"] == "IN_QUEUE"
        _download, rows = report(mall)
        assert time.monotonic() - began > 0.2
        assert column(rows, "出品者SKU") == ["A"]


def test_report_requests_that_make_no_sense_are_refused(mall: Caller) -> None:
    bodies: list[Json] = [
        {},
        {"reportType": "GET_NOTHING", "marketplaceIds": [MARKET]},
        {"reportType": ALL},
        {"reportType": ALL, "marketplaceIds": ["ATVPDKIKX0DER"]},
        {"reportType": ALL, "marketplaceIds": [MARKET], "reportOptions": 3},
    ]
    for body in bodies:
        assert error(mall.call("POST", REPORTS, json=body))[0] == 400
    assert error(mall.call("GET", f"{REPORTS}/1"))[0] == 404
    assert error(mall.call("GET", "/reports/2021-06-30/documents/1"))[0] == 404
