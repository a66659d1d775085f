"""Many quantities as one feed: its file, its way in, its end."""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest

from engine.catalogue import ListingRef, SideSettings
from engine.connector import Reply, Request, RowOutcome, StockWrite
from engine.faults import Done, Level, MallError
from malls.amazon import card, feeds
from malls.amazon.connection import AmazonConnection
from tests.contract.amazon.model import fits
from tests.unit.malls.amazon.pretend import (
    NOW,
    Desk,
    failed,
    listing,
    listings_reply,
    reply,
    unauthorized,
)

REFS = (ListingRef("TEA-100-GRN", ""), ListingRef("MUG-RED/L", ""))
ROWS = [
    (1, StockWrite(REFS[0], None, 7, SideSettings(lead_time_days=3))),
    (2, StockWrite(REFS[1], None, 0)),
]
TICKET = json.dumps(["292253019980", 2, 2, NOW], separators=(",", ":"))
UPLOAD = "https://tortuga-prod-fe.s3.example/0?X-Amz-Expires=300&X-Amz-Signature=a%2Fb"
DOCUMENT = {"feedDocumentId": "amzn1.tortuga.4.fe.1.T0", "url": UPLOAD}


def document(**changes: object) -> Reply:
    return reply(fits("feeds", "FeedDocument", {**DOCUMENT, **changes}))


def way_in(request: Request) -> Reply:
    match request.bucket:
        case card.CREATE_FEED_DOCUMENT:
            return reply(fits("feeds", "CreateFeedDocumentResponse", DOCUMENT), 201)
        case card.FEED_FILE:
            return reply(b"", 200)
        case card.CREATE_FEED:
            return reply(fits("feeds", "CreateFeedResponse", {"feedId": "292253019980"}), 202)
        case _:
            raise AssertionError(request.bucket)


def feed(status: str, **changes: object) -> Reply:
    body = {
        "feedId": "292253019980",
        "feedType": "JSON_LISTINGS_FEED",
        "createdTime": "2026-11-20T03:20:00+00:00",
        "processingStatus": status,
        **changes,
    }
    return reply(fits("feeds", "Feed", body))


def report(*issues: Any, accepted: int = 2, invalid: int = 0, processed: int = 2) -> Any:
    body = {
        "header": {"sellerId": "A2EXAMPLE0SELLR", "version": "2.0", "feedId": "292253019980"},
        "issues": list(issues),
        "summary": {
            "errors": len(issues),
            "warnings": 0,
            "messagesProcessed": processed,
            "messagesAccepted": accepted,
            "messagesInvalid": invalid,
        },
    }
    return fits("report", "Report", body)


def issue(message: int | None = 2, severity: str = "ERROR", **changes: object) -> Any:
    body = {"code": "90000900", "severity": severity, "message": "invalid", **changes}
    return body if message is None else {**body, "messageId": message}


def way_out(file: bytes, **changes: object) -> Callable[[Request], Reply]:
    def answer(request: Request) -> Reply:
        match request.bucket:
            case card.GET_FEED:
                return feed("DONE", resultFeedDocumentId="amzn1.tortuga.4.fe.2.T0")
            case card.GET_FEED_DOCUMENT:
                return document(**changes)
            case _:
                return reply(file)

    return answer


def test_the_file_is_what_amazons_schema_says() -> None:
    body = json.loads(feeds.feed_body("A2EXAMPLE0SELLR", ROWS, NOW))
    fits("feed", "Feed", body)
    assert body["header"] == {
        "sellerId": "A2EXAMPLE0SELLR",
        "version": "2.0",
        "issueLocale": "ja_JP",
    }
    first, second = body["messages"]
    assert (first["messageId"], first["sku"], first["operationType"]) == (1, "TEA-100-GRN", "PATCH")
    assert first["patches"] == [
        {
            "op": "merge",
            "path": "/attributes/fulfillment_availability",
            "value": [
                {
                    "fulfillment_channel_code": "DEFAULT",
                    "quantity": 7,
                    "lead_time_to_ship_max_days": 3,
                }
            ],
        }
    ]
    assert (second["messageId"], second["patches"][0]["value"][0]["quantity"]) == (2, 0)


@pytest.mark.slow
def test_a_full_feed_of_long_skus_stays_below_the_files_limit() -> None:
    settings = SideSettings(lead_time_days=30, restock_date="2026-12-31")
    rows = [
        (n, StockWrite(ListingRef(f"{n:040d}", ""), None, 999_999, settings))
        for n in range(1, card.FEED_ROWS_MAX + 1)
    ]
    assert len(feeds.feed_body("A2EXAMPLE0SELLR", rows, NOW)) < card.FEED_BYTES_MAX


def test_limits_of_a_feed() -> None:
    with pytest.raises(ValueError, match="FEED_ROWS_MAX"):
        feeds.feed_body("A", [], NOW)
    with pytest.raises(ValueError, match="twice"):
        feeds.feed_body("A", [ROWS[0], ROWS[0]], NOW)
    refs = [ListingRef(f"{n}" + "x" * 2000, "") for n in range(1, 5300)]
    long = [(n, StockWrite(ref, None, 1)) for n, ref in enumerate(refs, 1)]
    with pytest.raises(ValueError, match="FEED_BYTES_MAX"):
        feeds.feed_body("A", long, NOW)


def test_the_way_in(desk: Desk) -> None:
    connection = desk.open(way_in)
    ticket = desk.run(connection.submit_feed(ROWS))
    assert ticket == TICKET
    made, upload, create = desk.transport.requests
    assert (made.path, made.is_safe) == ("/feeds/2021-06-30/documents", True)
    fits("feeds", "CreateFeedDocumentSpecification", json.loads(made.body))
    assert (upload.method, upload.path, upload.is_safe) == ("PUT", UPLOAD, True)
    assert upload.headers == {"content-type": "application/json; charset=UTF-8"}
    assert json.loads(made.body)["contentType"] == upload.headers["content-type"]
    assert upload.body == feeds.feed_body("A2EXAMPLE0SELLR", ROWS, NOW)
    assert (create.path, create.is_safe) == ("/feeds/2021-06-30/feeds", False)
    assert fits("feeds", "CreateFeedSpecification", json.loads(create.body)) == {
        "feedType": "JSON_LISTINGS_FEED",
        "marketplaceIds": ["A1VC38T7YXB528"],
        "inputFeedDocumentId": "amzn1.tortuga.4.fe.1.T0",
    }


@pytest.mark.parametrize(
    ("bucket", "answer", "done"),
    [
        (card.CREATE_FEED_DOCUMENT, failed(500, "InternalFailure"), Done.NOT_DONE),
        (card.CREATE_FEED_DOCUMENT, reply(b"<html>"), Done.NOT_DONE),
        (card.FEED_FILE, reply(b"<Error/>", 403), Done.NOT_DONE),
        (card.FEED_FILE, reply(b"", 503), Done.NOT_DONE),
        (card.CREATE_FEED, failed(500, "InternalFailure"), Done.UNKNOWN),
        (card.CREATE_FEED, reply(b"<html>", 202), Done.UNKNOWN),
        (card.CREATE_FEED, failed(429, "QuotaExceeded"), Done.NOT_DONE),
        (card.CREATE_FEED, unauthorized(), Done.NOT_DONE),
    ],
)
def test_what_is_known_of_a_feed_that_was_not_taken(
    desk: Desk, bucket: str, answer: Reply, done: Done
) -> None:
    connection = desk.open(lambda request: answer if request.bucket == bucket else way_in(request))
    with pytest.raises(MallError) as caught:
        desk.run(connection.submit_feed(ROWS))
    assert caught.value.done is done
    assert caught.value.spec.level is Level.TRANSIENT
    assert "Signature" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["http://plain.example/x", "ftp://x/y", "https://", "https://a:b/", "x", "https://あ/"]
)
def test_an_address_that_cannot_be_called_is_unreadable(desk: Desk, url: str) -> None:
    odd = reply({**DOCUMENT, "url": url}, 201)
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(lambda _: odd).submit_feed(ROWS))
    assert caught.value.code == "unreadable"


def test_a_sandboxes_files_may_lie_on_plain_http(desk: Desk) -> None:
    def answer(request: Request) -> Reply:
        if request.bucket == card.CREATE_FEED_DOCUMENT:
            return reply({**DOCUMENT, "url": "http://127.0.0.1:9003/f?x=1"}, 201)
        return way_in(request)

    connection = desk.open(answer, {"auth_url": "http://127.0.0.1:9003"})
    assert desk.run(connection.submit_feed(ROWS)) == TICKET


@pytest.mark.parametrize("status", ["IN_QUEUE", "IN_PROGRESS"])
def test_a_feed_under_way_tells_nothing_yet(desk: Desk, status: str) -> None:
    connection = desk.open(feed(status))
    assert desk.run(connection.look_at_feed(TICKET)) is None
    assert desk.transport.requests[0].path == "/feeds/2021-06-30/feeds/292253019980"


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("CANCELLED", RowOutcome.NOT_DONE),
        ("FATAL", RowOutcome.UNKNOWN),
        # Done without a report: nobody says what was taken.
        ("DONE", RowOutcome.UNKNOWN),
    ],
)
def test_a_feed_that_ended_without_a_report(desk: Desk, status: str, outcome: RowOutcome) -> None:
    result = desk.run(desk.open(feed(status)).look_at_feed(TICKET))
    assert result is not None
    assert (result.outcome, result.bad) == (outcome, ())
    assert (result.start, result.end) == (NOW, NOW + 0.5)


DONE, BAD, UNKNOWN = RowOutcome.DONE, RowOutcome.BAD_ITEM, RowOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (report(), [DONE, DONE]),
        (report(issue(severity="WARNING")), [DONE, DONE]),
        (report(issue(), accepted=1, invalid=1), [DONE, BAD]),
        (report(issue(), issue(code="8541"), accepted=1, invalid=1), [DONE, BAD]),
        # An error of the feed as a whole, a number nobody sent, counts that do not add up.
        (report(issue(None), accepted=0, invalid=2), [UNKNOWN, UNKNOWN]),
        (report(issue(99), accepted=1, invalid=1), [UNKNOWN, UNKNOWN]),
        (report(issue(), accepted=2), [UNKNOWN, BAD]),
        (report(accepted=1), [UNKNOWN, UNKNOWN]),
        (report(accepted=2, processed=1), [UNKNOWN, UNKNOWN]),
    ],
)
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_report_says_what_became_of_each_row(
    desk: Desk, told: Any, expected: list[RowOutcome], is_packed: bool
) -> None:
    raw = json.dumps(told).encode()
    file = gzip.compress(raw) if is_packed else raw
    changes = {"compressionAlgorithm": "GZIP"} if is_packed else {}
    result = desk.run(desk.open(way_out(file, **changes)).look_at_feed(TICKET))
    assert result is not None
    named = dict(result.bad)
    assert [BAD if number in named else result.outcome for number in (1, 2)] == expected
    assert set(named.values()) <= {"90000900"}
    download = desk.transport.requests[-1]
    assert (download.path, dict(download.headers)) == (UPLOAD, {})


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"<html>",
        b"\x1f\x8bnot really",
        gzip.compress(b"{}"),
        gzip.compress(json.dumps(report()).encode())[:-9],
        gzip.compress(b" " * (feeds.REPORT_BYTES_MAX + 1)),
    ],
    ids=["empty", "html", "broken", "other", "cut", "huge"],
)
def test_a_report_that_cannot_be_read(desk: Desk, file: bytes) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(way_out(file)).look_at_feed(TICKET))
    assert caught.value.code == "unreadable"


def test_another_feeds_answer_is_unreadable(desk: Desk) -> None:
    other = reply({"feedId": "1", "processingStatus": "DONE"})
    with pytest.raises(MallError):
        desk.run(desk.open(other).look_at_feed(TICKET))


def test_rows_are_looked_at_twenty_a_call_before_they_go_into_a_feed(desk: Desk) -> None:
    refs = [ListingRef(f"S{n}", "") for n in range(45)]

    def answer(request: Request) -> Reply:
        asked = dict(request.params)["identifiers"].split(",")
        bodies = [
            listing(sku, None, "AMAZON_JP") if sku == "S7" else listing(sku)
            for sku in asked
            if sku != "S30"
        ]
        return listings_reply(*bodies)

    connection: AmazonConnection = desk.open(answer)
    refused = desk.run(connection.refused_by_look(refs))
    assert refused == {refs[7]: "fba", refs[30]: "NOT_FOUND"}
    assert len(desk.transport.requests) == 3
