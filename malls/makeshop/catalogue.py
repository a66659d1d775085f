"""The catalogue import: searchProduct, page by page, a product's variations with it.

It tells no image. A variation without a code of its own cannot be addressed by any call: it is
imported as one that no quantity is kept for, so that it is seen and never synced. So is a product
with unlimited stock. Facts: docs/malls/makeshop.md.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef
from engine.faults import Family
from malls.makeshop import errors, products
from malls.makeshop.card import PAGE_MAX
from malls.makeshop.credentials import Door
from malls.makeshop.products import Handle, Place, following, listing_code, native_of
from malls.makeshop.wire import Product, Variation, raw_text, text, units

_AXES = ("バリエーション1", "バリエーション2")
"""searchProduct tells the values of the axes, not their names."""


async def read_page(door: Door, cursor: str | None) -> CataloguePage:
    """A page of the walk: a product's listings are always on one page."""
    at = Place.of(cursor)
    answer = await products.search(door, {"page": at.page, "limit": PAGE_MAX}, Family.ITEMS)
    total = units(answer.searched_count)
    if answer.products is None or total is None:
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ITEMS)
    systems = [text(product.system_code) for product in answer.products]
    if not all(systems):
        # Passing a product over would look like "gone".
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ITEMS)
    onward = following(at, len(systems), systems[0] if systems else "", total, family=Family.ITEMS)
    rows = [row for product in answer.products for row in _rows(product, door.switches)]
    # searchedCount counts products, not listings, so it would mislead as a total.
    return CataloguePage(tuple(rows), onward)


async def prove(door: Door) -> None:
    """The cheapest catalogue call: one product."""
    await products.search(door, {"page": 1, "limit": 1}, Family.ITEMS)


def _rows(product: Product, switches: Mapping[str, str]) -> Sequence[CatalogueRow]:
    system, custom = text(product.system_code), text(product.custom_code)
    code = listing_code(system, custom, switches)
    name = text(product.product_name) or code
    variations = product.variations or []
    if not variations:
        is_plain = text(product.variation_show_type) in {"", "0"}
        return [
            CatalogueRow(
                ref=ListingRef(code, "", native_of(Handle(system))),
                name=name,
                sku_code=custom or system,
                jan=text(product.jan_code),
                # A product that has variations but does not tell them cannot be written to.
                tracked=is_plain and units(product.quantity) is not None,
            )
        ]
    often = Counter(text(variation.variation_custom_code) for variation in variations)
    rows: dict[str, CatalogueRow] = {}
    for variation in variations:
        own = text(variation.variation_custom_code)
        sub_code = own or "/".join(axis.item for axis in _axes(variation))
        handle = Handle(system, raw_text(variation.variation_custom_code))
        rows[sub_code] = CatalogueRow(
            ref=ListingRef(code, sub_code, native_of(handle)),
            name=name,
            sku_code=own,
            jan=text(variation.jan_code),
            axes=_axes(variation),
            tracked=bool(own) and often[own] == 1,
        )
    return list(rows.values())


def _axes(variation: Variation) -> tuple[Axis, ...]:
    values = (text(variation.variation1_item_name), text(variation.variation2_item_name))
    return tuple(Axis(axis, value) for axis, value in zip(_AXES, values, strict=True) if value)
