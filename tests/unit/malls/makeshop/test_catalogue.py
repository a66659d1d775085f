"""The import: products and variations, and those that can be seen and never synced."""

from typing import Any

import pytest

from engine.catalogue import Axis
from engine.faults import MallError
from malls.makeshop.products import handle_of
from tests.unit.malls.makeshop.pretend import (
    FakeTransport,
    connect,
    good,
    product,
    products,
    run,
    variation,
)


def rows(*some: dict[str, object], switches: dict[str, str] | None = None) -> Any:
    transport = FakeTransport(searchProduct=products(*some))
    page = run(connect(transport, switches).read_catalogue(None))
    assert page.cursor is None
    return page.rows


def test_a_product_is_a_listing_of_its_own_code() -> None:
    (mug,) = rows(product())
    assert (mug.ref.code, mug.ref.sub_code, mug.sku_code, mug.name, mug.jan, mug.tracked) == (
        "mug-01", "", "mug-01", "マグカップ", "49", True,
    )  # fmt: skip
    assert handle_of(mug.ref).system_code == "000000000011"
    (bare,) = rows(product("", "9"))
    assert (bare.ref.code, bare.sku_code) == ("9", "9")
    (by_system,) = rows(product(), switches={"listing_code": "system"})
    assert (by_system.ref.code, by_system.sku_code) == ("000000000011", "mug-01")


def test_variations_are_listings_of_their_own_codes() -> None:
    medium, small = rows(
        product("tee-07", variations=[variation("tee-m "), variation("tee-s", "黒", "")])
    )
    assert (medium.ref.code, medium.ref.sub_code, medium.sku_code) == ("tee-07", "tee-m", "tee-m")
    assert medium.axes == (Axis("バリエーション1", "黒"), Axis("バリエーション2", "M"))
    assert small.axes == (Axis("バリエーション1", "黒"),)
    assert handle_of(medium.ref).variation_code == "tee-m "
    assert medium.jan == "4900000000017"
    assert medium.tracked


@pytest.mark.parametrize(
    "some",
    [
        product(quantity=None),
        product(quantity=-1),
        product(variationShowType=1),
        product(variations=[variation(None)]),
        product(variations=[variation("twin"), variation("twin", "白")]),
    ],
)
def test_what_no_call_could_write_is_shown_and_never_synced(some: dict[str, object]) -> None:
    (row,) = rows(some)
    assert not row.tracked


def test_variations_without_codes_stay_apart_and_link_to_nothing() -> None:
    black, white = rows(product(variations=[variation(""), variation("", "白")]))
    assert [row.ref.sub_code for row in (black, white)] == ["黒/M", "白/M"]
    assert black.sku_code == white.sku_code == ""


def test_a_walk_goes_on_until_all_that_is_counted_came() -> None:
    transport = FakeTransport(
        searchProduct=[products(product(), total=2), products(product("b", "2"), total=2)]
    )
    connection = connect(transport)

    async def work() -> None:
        first = await connection.read_catalogue(None)
        last = await connection.read_catalogue(first.cursor)
        assert [page.rows[0].ref.code for page in (first, last)] == ["mug-01", "b"]
        assert last.cursor is None

    run(work())
    assert [(one["page"], one["limit"]) for one in transport.inputs("searchProduct")] == [
        (1, 200), (2, 200),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "content",
    [
        {"searchedCount": 3, "products": []},
        {"searchedCount": None, "products": []},
        {"searchedCount": 0, "products": None},
        {"searchedCount": 1, "products": [{"customCode": "x"}]},
        {"searchedCount": 1, "products": [{"systemCode": "1", "variations": 4}]},
    ],
)
def test_a_page_that_would_look_like_gone_stops_the_import(content: object) -> None:
    transport = FakeTransport(searchProduct=good("searchProduct", content))
    with pytest.raises(MallError, match="unreadable"):
        run(connect(transport).read_catalogue("{nonsense"))
