"""The catalogue: one row a SKU, tombstones, wandering types, paging by mark."""

from typing import Any

import pytest

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef
from engine.faults import MallError
from tests.unit.malls.rakuten.pretend import Desk

IMAGE = [{"type": "CABINET", "location": "/apparel/tee-01.jpg", "alt": "front"}]
TEE: dict[str, object] = {
    "manageNumber": "tee-01",
    "itemNumber": "TEE-01",
    "title": " cotton tee ",
    "images": IMAGE,
    "unlimitedInventoryFlag": False,
    "variantSelectors": [
        {"key": "size", "displayName": "サイズ", "values": [{"displayValue": "M"}]},
        {"key": "color", "displayName": None, "values": None},
    ],
    "variants": {
        "blk-M": {
            "merchantDefinedSkuId": "ZK-TEE-BLK-M",
            "selectorValues": {"color": "black", "size": "M"},
            "images": [{"type": "GOLD", "location": "/tee-blk.jpg"}],
            "articleNumber": {"value": "4901234567894"},
        },
        "blk-L": {
            "selectorValues": {"color": "black"},
            "articleNumber": {"exemptionReason": "3"},
        },
    },
}
RICE: dict[str, object] = {
    "manageNumber": "RICE5",
    "title": "rice 5kg",
    "images": [],
    "unlimitedInventoryFlag": True,
    "variants": {"normal-inventory": {"articleNumber": None}},
}


def page_of(*items: object, mark: object = "next", found: int = 2) -> dict[str, object]:
    results = [{"item": item} for item in items]
    return {"numFound": found, "offset": 0, "nextCursorMark": mark, "results": results}


def rows_of(
    desk: Desk, *items: object, switches: dict[str, str] | None = None
) -> tuple[CatalogueRow, ...]:
    return desk.run(desk.open(desk.reply(page_of(*items)), switches).read_catalogue(None)).rows


def test_each_sku_is_a_row_and_a_single_sku_item_has_no_sub_code(desk: Desk) -> None:
    switches = {"shop_url": "zaiko-shop"}
    assert rows_of(desk, TEE, RICE, switches=switches) == (
        CatalogueRow(
            ListingRef("tee-01", "blk-M", "blk-M"),
            "cotton tee",
            "blk-M",
            jan="4901234567894",
            image="https://www.rakuten.ne.jp/gold/zaiko-shop/tee-blk.jpg",
            axes=(Axis("サイズ", "M"), Axis("color", "black")),
        ),
        CatalogueRow(
            ListingRef("tee-01", "blk-L", "blk-L"),
            "cotton tee",
            "blk-L",
            image="https://image.rakuten.co.jp/zaiko-shop/cabinet/apparel/tee-01.jpg",
            axes=(Axis("color", "black"),),
        ),
        CatalogueRow(
            ListingRef("rice5", "", "normal-inventory"), "rice 5kg", "rice5", tracked=False
        ),
    )


def test_pages_follow_the_malls_mark_without_a_sort(desk: Desk) -> None:
    connection = desk.open(
        [
            desk.reply(page_of(TEE, mark="m1==")),
            desk.reply(page_of(RICE, mark="m2")),
            desk.reply(page_of(mark="m2")),
        ]
    )
    cursors = []
    cursor = None
    for _ in range(3):
        cursor = desk.run(connection.read_catalogue(cursor)).cursor
        cursors.append(cursor)
    assert cursors == ["m1==", "m2", None]
    sent = [dict(request.params) for request in desk.transport.requests]
    assert sent == [{"hits": "100", "cursorMark": mark} for mark in ("*", "m1==", "m2")]


@pytest.mark.parametrize("mark", ["m1", None, "", 5])
def test_the_same_mark_or_none_is_the_end_even_of_a_full_page(desk: Desk, mark: Any) -> None:
    page = desk.run(desk.open(desk.reply(page_of(RICE, mark=mark))).read_catalogue("m1"))
    assert page.cursor is None
    assert len(page.rows) == 1


def test_an_empty_page_is_the_end(desk: Desk) -> None:
    assert desk.run(
        desk.open(desk.reply(page_of(mark="another"))).read_catalogue("m1")
    ) == CataloguePage((), None)


def test_a_tombstone_is_passed_over(desk: Desk) -> None:
    assert (
        rows_of(desk, {"manageNumber": "gone"}, {"manageNumber": "gone2", "variants": None}) == ()
    )


def test_images_need_the_shops_name_and_absolute_ones_do_not(desk: Desk) -> None:
    absolute = {**RICE, "images": [{"type": "ABSOLUTE", "location": "https://example.invalid/a"}]}
    script = {**RICE, "images": [{"type": "ABSOLUTE", "location": "javascript:alert(1)"}]}
    rows = rows_of(desk, TEE, absolute, script)
    assert [row.image for row in rows] == ["", "", "https://example.invalid/a", ""]


def test_types_that_wander_are_read_all_the_same(desk: Desk) -> None:
    item = {
        "manageNumber": "odd",
        "title": None,
        "images": {"type": "CABINET"},
        "variantSelectors": [None, {"key": "size", "displayName": 5}],
        "variants": [
            {"variantId": "a", "articleNumber": {"value": 4901234567894}, "selectorValues": {}},
            {"variantId": "b", "articleNumber": "x", "selectorValues": {"size": 24.5}},
        ],
    }
    first, second = rows_of(desk, item)
    assert (first.jan, first.name, first.axes) == ("4901234567894", "", ())
    assert (second.jan, second.axes) == ("", (Axis("5", "24.5"),))


def test_several_skus_without_axes_keep_their_own_names(desk: Desk) -> None:
    rows = rows_of(desk, {"manageNumber": "x", "variants": {"a": {}, "b": None}})
    assert [row.ref.sub_code for row in rows] == ["a", "b"]


@pytest.mark.parametrize(
    "result",
    [
        {"item": {"manageNumber": "x", "variants": 5}},
        {"item": {"manageNumber": "x", "variants": {"": {}}}},
        {"item": {"manageNumber": "x", "variants": [5]}},
        {"item": {"title": "no number"}},
        {"item": None},
        None,
    ],
)
def test_an_item_whose_skus_cannot_be_told_stops_the_import_loudly(desk: Desk, result: Any) -> None:
    body = {"results": [result], "nextCursorMark": "n"}
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(desk.reply(body)).read_catalogue(None))
    assert caught.value.spec.kind == "unreadable"


@pytest.mark.parametrize("body", [{}, {"results": None}, {"results": {}}, b"<html>", b""])
def test_a_page_that_is_none_is_unreadable_and_not_the_end(desk: Desk, body: Any) -> None:
    with pytest.raises(MallError):
        desk.run(desk.open(desk.reply(body)).read_catalogue(None))
