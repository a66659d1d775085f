"""The walk over the catalogue."""

import json
from typing import Any

import pytest

from engine.catalogue import SideSettings
from engine.connector import Reply, Request
from engine.faults import MallError
from tests.unit.malls.amazon.pretend import Desk, failed, listing, listings_reply, reply


def made(sku: str, second: int) -> Any:
    body = listing(sku)
    body["summaries"][0]["createdDate"] = f"2024-05-01T02:{second // 60:02d}:{second % 60:02d}Z"
    return body


class Shop:
    """A mall with listings, sorted and paged as Amazon does it."""

    def __init__(self, listings: list[Any]) -> None:
        self.listings = sorted(listings, key=self._created)
        self.calls = 0

    @staticmethod
    def _created(body: Any) -> str:
        return str(body["summaries"][0]["createdDate"])[:19]

    def __call__(self, request: Request) -> Reply:
        self.calls += 1
        asked = dict(request.params)
        assert asked["sortBy"] == "createdDate"
        assert asked["sortOrder"] == "ASC"
        after = asked.get("createdAfter", "")[:19]
        found = [body for body in self.listings if self._created(body) >= after]
        begin = int(asked.get("pageToken", "0"))
        if begin >= 1000:
            return failed(400, "InvalidInput")
        end = begin + int(asked["pageSize"])
        token = str(end) if end < len(found) else ""
        return listings_reply(*found[begin:end], token=token, found=len(found))


def walk(desk: Desk, shop: Any) -> list[str]:
    """Every SKU the walk told, each page by a connection of its own: the cursor is all there is."""
    cursor: str | None = None
    skus: list[str] = []
    for _ in range(2000):
        page = desk.run(desk.open(shop).read_catalogue(cursor))
        skus += [row.ref.code for row in page.rows]
        cursor = page.cursor
        if cursor is None:
            return skus
    raise AssertionError("the walk does not end")


def test_a_row(desk: Desk) -> None:
    body = listing()
    body["summaries"][0]["mainImage"] = {"link": "https://m.example/1.jpg", "height": 1, "width": 1}
    body["attributes"] = {
        "fulfillment_availability": [
            {"fulfillment_channel_code": "AMAZON_JP", "lead_time_to_ship_max_days": 9},
            {
                "fulfillment_channel_code": "DEFAULT",
                "quantity": 7,
                "lead_time_to_ship_max_days": 3,
                "restock_date": "2026-12-10T00:00:00Z",
            },
        ],
        "externally_assigned_product_identifier": [
            {"type": "upc", "value": "012345678905"},
            {"type": "ean", "value": "4901234567894", "marketplace_id": "A1VC38T7YXB528"},
        ],
    }
    page = desk.run(desk.open(listings_reply(body)).read_catalogue(None))
    (row,) = page.rows
    assert (row.ref.code, row.ref.sub_code, row.sku_code) == ("TEA-100-GRN", "", "TEA-100-GRN")
    assert (row.name, row.jan, row.image) == (
        "緑茶 100g",
        "4901234567894",
        "https://m.example/1.jpg",
    )
    assert row.settings == SideSettings(lead_time_days=3, restock_date="2026-12-10")
    assert row.tracked
    assert (page.cursor, page.total) == (None, 1)


@pytest.mark.parametrize(
    ("body", "tracked"),
    [
        (listing(quantity=0), True),
        (listing(quantity=None), True),
        (listing(quantity=None, channel="AMAZON_JP"), False),
        (listing(fulfillmentAvailability=[]), False),
        (
            listing(
                attributes={
                    "fulfillment_availability": [
                        {"fulfillment_channel_code": "DEFAULT", "is_inventory_available": True}
                    ]
                }
            ),
            False,
        ),
        (listing(attributes={"fulfillment_availability": "odd", "x": 1}), True),
    ],
)
def test_what_is_synced(desk: Desk, body: Any, tracked: bool) -> None:
    page = desk.run(desk.open(listings_reply(body)).read_catalogue(None))
    assert page.rows[0].tracked is tracked


def test_a_ghost_is_not_imported(desk: Desk) -> None:
    ghost = {"sku": "GHOST", "summaries": [], "fulfillmentAvailability": []}
    page = desk.run(desk.open(listings_reply(ghost, listing())).read_catalogue(None))
    assert [row.ref.code for row in page.rows] == ["TEA-100-GRN"]


def test_the_walk_tells_every_listing_beyond_the_thousand_of_one_search(desk: Desk) -> None:
    shop = Shop([made(f"S{n}", n // 3) for n in range(1200)])
    assert set(walk(desk, shop)) == {f"S{n}" for n in range(1200)}
    assert shop.calls < 80


def test_an_instant_with_more_listings_than_a_page_goes_on_by_token(desk: Desk) -> None:
    shop = Shop([made(f"S{n}", 5 if 30 <= n < 130 else n) for n in range(200)])
    assert set(walk(desk, shop)) == {f"S{n}" for n in range(200)}


def test_a_listing_deleted_meanwhile_hides_no_other(desk: Desk) -> None:
    shop = Shop([made(f"S{n}", n) for n in range(60)])
    first = desk.run(desk.open(shop).read_catalogue(None))
    del shop.listings[:5]
    skus = {row.ref.code for row in first.rows}
    cursor = first.cursor
    while cursor is not None:
        page = desk.run(desk.open(shop).read_catalogue(cursor))
        skus |= {row.ref.code for row in page.rows}
        cursor = page.cursor
    assert skus == {f"S{n}" for n in range(60)}


@pytest.mark.slow
def test_an_instant_with_more_than_a_search_shows_is_told_loudly(desk: Desk) -> None:
    shop = Shop([made(f"S{n}", 5) for n in range(1100)])
    with pytest.raises(MallError) as caught:
        walk(desk, shop)
    assert caught.value.code == "listings-too-dense"
    assert "--file" in caught.value.spec.hint


def test_a_token_that_did_not_survive_begins_its_search_again(desk: Desk) -> None:
    def answer(request: Request) -> Reply:
        has_token = "pageToken" in dict(request.params)
        return failed(400, "InvalidInput") if has_token else listings_reply(listing())

    page = desk.run(desk.open(answer).read_catalogue(json.dumps(["", "stale", 3, 60])))
    assert len(page.rows) == 1
    assert page.cursor is None


def test_an_unsorted_page_stops_the_walk(desk: Desk) -> None:
    connection = desk.open(listings_reply(made("A", 9), made("B", 1)))
    with pytest.raises(MallError) as caught:
        desk.run(connection.read_catalogue(None))
    assert caught.value.code == "unsorted-page"


@pytest.mark.parametrize(
    "body",
    [
        {"numberOfResults": 5, "items": [], "pagination": {"nextToken": "on"}},
        {"numberOfResults": 1, "items": [{}]},
        {"items": []},
    ],
)
def test_an_odd_page_is_unreadable(desk: Desk, body: object) -> None:
    with pytest.raises(MallError):
        desk.run(desk.open(reply(body)).read_catalogue(None))


@pytest.mark.parametrize("cursor", ["", "x", "[1]", "{}"])
def test_a_cursor_that_cannot_be_read_begins_again(desk: Desk, cursor: str) -> None:
    desk.run(desk.open(listings_reply(listing())).read_catalogue(cursor))
    assert "createdAfter" not in desk.transport.params()
