"""An import of a mall's catalogue, page by page, by every connector."""

from collections import Counter

import pytest

from engine.faults import Level, MallError
from tests.contract.lane import opened
from tests.contract.profiles import ODD_CODES
from tests.contract.shop import Shop

pytestmark = pytest.mark.anyio

CODES = (*(f"tea-{number:02d}" for number in range(7)), "Mug-A", "mug-z", "0-cup")
IMAGE = "https://image.invalid/tea.jpg"
JAN = "4900000000017"


@pytest.fixture
def small_pages(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, size in shop.profile.item_page.items():
        monkeypatch.setattr(name, size)


def codes_of(shop: Shop) -> set[str]:
    """Codes as the mall has them: some fold them."""
    return {row["code"] for row in shop.state()["items"]}


@pytest.mark.point("catalogue.once")
@pytest.mark.usefixtures("small_pages")
async def test_every_listing_is_read_once_over_many_pages(shop: Shop) -> None:
    shop.items(CODES)
    async with opened(shop) as lane:
        seen: list[str] = []
        cursor, pages = None, 0
        while pages == 0 or cursor is not None:
            rows, cursor = await lane.page(cursor)
            seen += [row.ref.code for row in rows]
            pages += 1
            assert pages < 200
        assert set(seen) == codes_of(shop)
        # A walk by key may show again what stood at the instant where it went on, but once.
        assert max(Counter(seen).values()) <= 2
        assert pages > 2


@pytest.mark.point("catalogue.resumed")
@pytest.mark.usefixtures("short_walk")
@pytest.mark.usefixtures("small_pages")
async def test_an_import_goes_on_from_its_cursor_in_another_connection(shop: Shop) -> None:
    shop.items(CODES)
    seen: set[str] = set()
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        async with opened(shop) as lane:
            rows, cursor = await lane.page(cursor)
            seen |= {row.ref.code for row in rows}
        pages += 1
        assert pages < 200
    assert seen == codes_of(shop)


@pytest.mark.point("catalogue.odd_codes")
async def test_odd_codes_come_as_they_are(shop: Shop) -> None:
    shop.items(ODD_CODES)
    async with opened(shop) as lane:
        found = await lane.catalogue()
    assert set(found) == {(code, "") for code in ODD_CODES}
    assert {row.sku_code for row in found.values()} == set(ODD_CODES)


@pytest.mark.point("catalogue.variations")
@pytest.mark.usefixtures("short_walk")
async def test_variations_come_with_their_axes(shop: Shop) -> None:
    for sub_code, colour, size in (("-bk-m", "黒", "M"), ("-wh-l", "白", "L")):
        axes = {"色": colour, "サイズ": size}
        shop.item("tee-07", 4, sub_code, axes=axes, name="Tシャツ")
    shop.item("plain", 3, name="無地")
    async with opened(shop) as lane:
        found = await lane.catalogue()
        assert set(found) == {("tee-07", "-bk-m"), ("tee-07", "-wh-l"), ("plain", "")}
        axes_of = {key: {a.name: a.item for a in row.axes} for key, row in found.items()}
        assert axes_of["plain", ""] == {}
        assert set(axes_of["tee-07", "-bk-m"].values()) == {"黒", "M"}
        assert set(axes_of["tee-07", "-wh-l"].values()) == {"白", "L"}
        assert all(row.tracked and row.name for row in found.values())
        # The handle an import gave finds the quantity.
        read = await lane.connection.read_stock([row.ref for row in found.values()])
    quantities = {(row.ref.code, row.ref.sub_code): row.quantity for row in read.rows}
    assert quantities == {("tee-07", "-bk-m"): 4, ("tee-07", "-wh-l"): 4, ("plain", ""): 3}


@pytest.mark.point("catalogue.jan")
@pytest.mark.usefixtures("short_walk")
async def test_a_jan_comes_with_its_listing(shop: Shop) -> None:
    shop.item("tea-01", jan=JAN)
    shop.item("tea-02")
    async with opened(shop) as lane:
        found = await lane.catalogue()
    assert {key[0]: row.jan for key, row in found.items()} == {"tea-01": JAN, "tea-02": ""}


@pytest.mark.point("catalogue.image")
@pytest.mark.usefixtures("short_walk")
async def test_a_picture_comes_with_its_listing(shop: Shop) -> None:
    shop.item("tea-01", image=IMAGE)
    shop.item("tea-02")
    async with opened(shop) as lane:
        found = await lane.catalogue()
    assert {key[0]: row.image for key, row in found.items()} == {"tea-01": IMAGE, "tea-02": ""}


@pytest.mark.parametrize("code", ["with space", "with/slash", "plus+sign", "幅", "\U0001f375"])
@pytest.mark.exempt("catalogue.odd_codes")
def test_a_mall_that_is_exempt_from_odd_codes_cannot_have_them(shop: Shop, code: str) -> None:
    shop.post("items", [{"code": code, "quantity": 1}], status=400)
    assert code not in {item["code"] for item in shop.state()["items"]}


@pytest.mark.point("catalogue.once")
@pytest.mark.usefixtures("short_walk")
async def test_an_import_that_fails_says_so_and_goes_on_later(shop: Shop) -> None:
    shop.items(CODES)
    async with opened(shop, "retry_bound_s = 0\n") as lane:
        shop.fault("server_error", endpoint=shop.profile.item_read)
        with pytest.raises(MallError) as broken:
            await lane.catalogue()
        assert broken.value.spec.level is Level.TRANSIENT
        shop.heal()
        assert {key[0] for key in await lane.catalogue()} == codes_of(shop)
