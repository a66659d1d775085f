"""Reading and writing quantities."""

from typing import Any

import pytest

from engine.catalogue import ListingRef, SideSettings
from engine.connector import Reply, Request, RowOutcome, RowResult, StockRow, StockWrite
from engine.faults import Done, Level, MallError
from malls.amazon import card
from malls.amazon.stock import patch_of
from tests.contract.amazon.model import fits
from tests.unit.malls.amazon.pretend import (
    NOW,
    Desk,
    failed,
    listing,
    listing_reply,
    listings_reply,
    reply,
    submission,
    unauthorized,
)
from tests.unit.malls.amazon.test_errors import SECRET

REF = ListingRef("TEA-100-GRN", "")
GHOST: Any = {"sku": "TEA-100-GRN", "summaries": [], "fulfillmentAvailability": []}


def write(value: int = 7, **settings: Any) -> StockWrite:
    return StockWrite(REF, None, value, SideSettings(**settings))


def two(name: str) -> ListingRef:
    return ListingRef(name, "")


# --- reading ------------------------------------------------------------------------------------


def test_twenty_listings_are_read_in_one_call(desk: Desk) -> None:
    connection = desk.open(listings_reply(listing("A", 3), listing("B/ +①", 0)))
    read = desk.run(connection.read_stock([two("A"), two("B/ +①"), two("C")]))
    request = desk.transport.requests[0]
    assert request.path == "/listings/2021-08-01/items/A2EXAMPLE0SELLR"
    assert (request.bucket, request.is_safe) == (card.SEARCH_LISTINGS, True)
    assert desk.transport.params() == {
        "marketplaceIds": "A1VC38T7YXB528",
        "identifiersType": "SKU",
        "identifiers": "A,B/ +①,C",
        "includedData": "summaries,fulfillmentAvailability",
        "pageSize": "20",
    }
    assert read.rows == (StockRow(two("A"), 3), StockRow(two("B/ +①"), 0))
    assert read.missing == (two("C"),)
    assert (read.start, read.end) == (NOW, NOW + 0.5)


@pytest.mark.parametrize(
    "body",
    [
        listing(quantity=None, channel="AMAZON_JP"),
        listing(
            fulfillmentAvailability=[
                {"fulfillmentChannelCode": "DEFAULT", "quantity": 5},
                {"fulfillmentChannelCode": "AMAZON_JP"},
            ]
        ),
        listing(quantity=None),
        listing(fulfillmentAvailability=[]),
    ],
)
def test_a_listing_without_a_number_of_ours_tells_none(desk: Desk, body: Any) -> None:
    read = desk.run(desk.open(listings_reply(body)).read_stock([REF]))
    assert read.rows == (StockRow(REF, None),)


def test_a_ghost_is_missing_and_not_zero(desk: Desk) -> None:
    ghost = fits("listings", "Item", GHOST)
    read = desk.run(desk.open(listings_reply(ghost)).read_stock([REF]))
    assert (read.rows, read.missing) == ((), (REF,))


def test_a_short_page_is_no_proof_that_a_listing_is_missing(desk: Desk) -> None:
    connection = desk.open(listings_reply(listing("A"), token="more", found=2))
    with pytest.raises(MallError) as caught:
        desk.run(connection.read_stock([two("A"), two("B")]))
    assert caught.value.code == "short-page"


def test_a_sku_with_a_comma_is_read_by_itself(desk: Desk) -> None:
    def answer(request: Request) -> Reply:
        if request.path.endswith("/a%2Cb"):
            return listing_reply(listing("a,b", 4))
        if "%2C" in request.path:
            return failed(404, "NOT_FOUND", "SKU 'c,d' not found")
        return listings_reply(listing("A", 3))

    refs = [two("A"), two("a,b"), two("c,d")]
    read = desk.run(desk.open(answer).read_stock(refs))
    assert read.rows == (StockRow(two("A"), 3), StockRow(two("a,b"), 4))
    assert read.missing == (two("c,d"),)
    assert desk.transport.params(0)["identifiers"] == "A"


def test_more_listings_than_the_card_says_are_a_bug(desk: Desk) -> None:
    for refs in ([], [two(str(n)) for n in range(21)]):
        with pytest.raises(ValueError, match="read_rows_max"):
            desk.run(desk.open().read_stock(refs))


# --- writing ------------------------------------------------------------------------------------


def test_a_write_merges_the_quantity_and_nothing_else(desk: Desk) -> None:
    connection = desk.open([listing_reply(), submission()])
    result = desk.run(connection.write_stock([write()]))
    look, request = desk.transport.requests
    assert (look.method, look.is_safe, look.bucket) == ("GET", True, card.GET_LISTING)
    assert (request.method, request.is_safe, request.bucket) == (
        "PATCH",
        False,
        card.PATCH_LISTING,
    )
    assert request.path == "/listings/2021-08-01/items/A2EXAMPLE0SELLR/TEA-100-GRN"
    assert desk.transport.params() == {
        "marketplaceIds": "A1VC38T7YXB528",
        "includedData": "issues",
        "issueLocale": "ja_JP",
    }
    value = {"fulfillment_channel_code": "DEFAULT", "quantity": 7}
    assert fits("listings", "ListingsItemPatchRequest", desk.transport.body()) == {
        "productType": "PRODUCT",
        "patches": [
            {"op": "merge", "path": "/attributes/fulfillment_availability", "value": [value]}
        ],
    }
    assert result.rows == (RowResult(REF, RowOutcome.DONE),)
    assert (result.start, result.end) == (NOW, NOW + 0.5)


def test_a_sku_is_escaped_whole_and_once(desk: Desk) -> None:
    sku = "MUG-RED/L #1 +①%20"
    connection = desk.open([listing_reply(listing(sku)), submission("ACCEPTED", sku)])
    desk.run(connection.write_stock([StockWrite(two(sku), None, 1)]))
    for request in desk.transport.requests:
        assert request.path.endswith("/MUG-RED%2FL%20%231%20%2B%E2%91%A0%2520")


TODAY = "2026-11-20"
CASES = [
    ({}, {}),
    ({"lead_time_days": 3}, {"lead_time_to_ship_max_days": 3}),
    ({"lead_time_days": 0}, {"lead_time_to_ship_max_days": 0}),
    ({"lead_time_days": 30}, {"lead_time_to_ship_max_days": 30}),
    ({"lead_time_days": 31}, {}),
    ({"restock_date": "2026-12-10"}, {"restock_date": "2026-12-10"}),
    ({"restock_date": TODAY}, {"restock_date": TODAY}),
    ({"restock_date": "2026-11-19"}, {}),
    ({"restock_date": "soon"}, {}),
    ({"overdraft": True}, {}),
]


@pytest.mark.parametrize(("settings", "riding"), CASES)
def test_registered_settings_ride_along(settings: Any, riding: Any) -> None:
    patch: Any = patch_of(write(0, **settings), NOW)
    expected = {"fulfillment_channel_code": "DEFAULT", "quantity": 0, **riding}
    assert (patch["op"], patch["value"]) == ("merge", [expected])
    fits("listings", "PatchOperation", patch)


@pytest.mark.parametrize(
    "row", [StockWrite(REF, -1, None), StockWrite(REF, None, -1), StockWrite(REF, 1, 1)]
)
def test_only_absolute_quantities_are_written(desk: Desk, row: StockWrite) -> None:
    with pytest.raises(ValueError, match="absolute"):
        desk.run(desk.open().write_stock([row]))
    assert desk.transport.requests == []


def test_a_write_takes_one_row(desk: Desk) -> None:
    for rows in ([], [write(), write()]):
        with pytest.raises(ValueError, match="one row"):
            desk.run(desk.open().write_stock(rows))


@pytest.mark.parametrize(
    ("look", "code"),
    [
        (listing_reply(listing(quantity=None, channel="AMAZON_JP")), "fba"),
        (
            listing_reply(
                listing(
                    fulfillmentAvailability=[
                        {"fulfillmentChannelCode": "DEFAULT", "quantity": 5},
                        {"fulfillmentChannelCode": "AMAZON_JP"},
                    ]
                )
            ),
            "fba",
        ),
        (failed(404, "NOT_FOUND", "SKU 'X' not found in marketplace"), "NOT_FOUND"),
        (reply(GHOST), "NOT_FOUND"),
        (failed(400, "InvalidInput"), "InvalidInput"),
        (reply(b"<html>Bad Request</html>", 400), "http-400"),
    ],
)
def test_a_listing_that_must_not_be_written_to_is_not(desk: Desk, look: Reply, code: str) -> None:
    result = desk.run(desk.open([look]).write_stock([write()]))
    assert result.rows == (RowResult(REF, RowOutcome.BAD_ITEM, None, code),)
    assert [request.method for request in desk.transport.requests] == ["GET"]


def test_a_403_on_one_sku_is_of_that_sku_if_another_call_is_taken(desk: Desk) -> None:
    connection = desk.open([unauthorized(), listings_reply()])
    result = desk.run(connection.write_stock([write()]))
    assert result.rows == (RowResult(REF, RowOutcome.BAD_ITEM, None, "forbidden"),)


def test_a_403_on_one_sku_is_of_the_mall_if_no_call_is_taken(desk: Desk) -> None:
    connection = desk.open([unauthorized(), unauthorized()])
    with pytest.raises(MallError) as caught:
        desk.run(connection.write_stock([write()]))
    assert (caught.value.code, caught.value.done) == ("forbidden", Done.NOT_DONE)
    assert not caught.value.spec.is_row


@pytest.mark.parametrize(
    "look",
    [reply(b"<html>"), failed(500, "InternalFailure"), reply(b"", 504), unauthorized(SECRET)],
)
def test_a_look_that_fails_leaves_the_write_undone(desk: Desk, look: Reply) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open([look]).write_stock([write()]))
    assert caught.value.done is Done.NOT_DONE


INVALID: Any = {
    "code": "90000900",
    "message": "The attributes are invalid.",
    "severity": "ERROR",
    "categories": ["INVALID_ATTRIBUTE"],
}
WARNING = {**INVALID, "code": "18", "severity": "WARNING"}


@pytest.mark.parametrize(
    ("answer", "outcome", "code"),
    [
        (submission("ACCEPTED", "TEA-100-GRN", WARNING), RowOutcome.DONE, ""),
        (submission("INVALID", "TEA-100-GRN", WARNING, INVALID), RowOutcome.BAD_ITEM, "90000900"),
        (submission("INVALID"), RowOutcome.BAD_ITEM, "INVALID"),
        (failed(400, "InvalidInput"), RowOutcome.BAD_ITEM, "InvalidInput"),
        (failed(404, "NOT_FOUND"), RowOutcome.BAD_ITEM, "NOT_FOUND"),
        (reply(b"<html>", 400), RowOutcome.BAD_ITEM, "http-400"),
    ],
)
def test_what_becomes_of_a_write(desk: Desk, answer: Reply, outcome: RowOutcome, code: str) -> None:
    result = desk.run(desk.open([listing_reply(), answer]).write_stock([write()]))
    assert result.rows == (RowResult(REF, outcome, None, code),)


@pytest.mark.parametrize(
    ("answer", "done"),
    [
        (reply(b"<html>"), Done.UNKNOWN),
        (reply({"sku": "TEA-100-GRN"}), Done.UNKNOWN),
        (submission("ACCEPTED", "ANOTHER"), Done.UNKNOWN),
        (submission("VALID"), Done.UNKNOWN),
        (failed(500, "InternalFailure"), Done.UNKNOWN),
        (reply(b"", 502), Done.UNKNOWN),
        (reply(b"", 504), Done.UNKNOWN),
        (failed(418, "NewCode"), Done.UNKNOWN),
        (failed(429, "QuotaExceeded"), Done.NOT_DONE),
        (reply(b"", 503), Done.NOT_DONE),
        (unauthorized(), Done.NOT_DONE),
        (unauthorized(SECRET), Done.NOT_DONE),
        (reply(b"", 413), Done.NOT_DONE),
    ],
)
def test_what_is_known_of_a_write_that_failed(desk: Desk, answer: Reply, done: Done) -> None:
    connection = desk.open(lambda request: listing_reply() if request.is_safe else answer)
    with pytest.raises(MallError) as caught:
        desk.run(connection.write_stock([write()]))
    assert caught.value.done is done
    assert [request.method for request in desk.transport.requests] == ["GET", "PATCH"]


def test_a_write_refused_for_its_token_is_repeated_once(desk: Desk) -> None:
    connection = desk.open([listing_reply(), reply(b"", 401), submission()])
    result = desk.run(connection.write_stock([write()]))
    assert result.rows[0].outcome is RowOutcome.DONE
    connection = desk.open([listing_reply(), reply(b"", 401), reply(b"", 401)])
    with pytest.raises(MallError) as caught:
        desk.run(connection.write_stock([write()]))
    assert caught.value.spec.level is Level.CREDENTIALS
