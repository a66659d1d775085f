"""Rakuten's catalogue by items/search: the one item call that needs no paid option.

It tells no quantities. Its index may lag a day behind, and a deleted item may still appear with
nothing but its number. The types of an item's parts wander, so every part is read tolerantly and
only an item whose SKUs cannot be told stops the import: passing over it would look like "gone".
"""

from collections.abc import Mapping
from typing import Any

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef
from engine.connector import Reply, Request
from engine.faults import Family, MallError
from malls.rakuten import card, errors
from malls.rakuten.credentials import Door
from malls.rakuten.wire import ItemsReply

_SEARCH_PATH = "/es/2.0/items/search"
HITS_MAX = 100
FIRST_MARK = "*"


async def read_catalogue(door: Door, cursor: str | None) -> CataloguePage:
    """A page of listings; the cursor is the mall's own mark and keeps no state there."""
    mark = cursor or FIRST_MARK
    body = await _search(door, mark, HITS_MAX)
    shop_url = door.switches.get("shop_url", "").strip()
    rows = tuple(row for result in body.results or () for row in _rows(result, shop_url))
    following = body.next_mark if isinstance(body.next_mark, str) else ""
    is_last = not body.results or following in ("", mark)
    # numFound counts items, not listings, so it would mislead as a total.
    return CataloguePage(rows, None if is_last else following)


async def prove(door: Door) -> None:
    """One search for one item."""
    await _search(door, FIRST_MARK, 1)


async def _search(door: Door, mark: str, hits: int) -> ItemsReply:
    def read(reply: Reply) -> ItemsReply:
        body = door.read(reply, Family.ITEMS, ItemsReply)
        if body.results is None:
            raise errors.unreadable(Family.ITEMS)
        return body

    request = Request(
        method="GET",
        path=_SEARCH_PATH,
        family=Family.ITEMS,
        bucket=card.ITEMS,
        is_safe=True,
        # A sort is refused beside a mark, so none is sent.
        params=(("hits", str(hits)), ("cursorMark", mark)),
    )
    return (await door.send(request, read))[1]


def _rows(result: Any, shop_url: str) -> list[CatalogueRow]:
    item = _object(_object(result).get("item"))
    code = _text(item.get("manageNumber")).lower()
    if not code:
        raise errors.unreadable(Family.ITEMS, "item-without-number")
    if item.get("variants") is None:
        # A tombstone: a deleted item the index still holds.
        return []
    variants = _variants(item["variants"])
    if variants is None:
        raise MallError(
            errors.UNREADABLE, family=Family.ITEMS, code="item-without-skus", subject=code
        )
    selectors = _selectors(item.get("variantSelectors"))
    is_single = not selectors and len(variants) == 1
    rows: list[CatalogueRow] = []
    for variant_id, variant in variants.items():
        sub_code = "" if is_single else variant_id
        rows.append(
            CatalogueRow(
                ref=ListingRef(code, sub_code, variant_id),
                name=_text(item.get("title")),
                sku_code=sub_code or code,
                jan=_text(_object(variant.get("articleNumber")).get("value")),
                image=_image(variant.get("images"), shop_url)
                or _image(item.get("images"), shop_url),
                axes=_axes(selectors, _object(variant.get("selectorValues"))),
                tracked=item.get("unlimitedInventoryFlag") is not True,
            )
        )
    return rows


def _variants(native: Any) -> dict[str, Mapping[str, Any]] | None:
    """Variants by variantId; None for what is neither the documented object nor a list of them."""
    if isinstance(native, list):
        native = {_text(_object(one).get("variantId")): one for one in native}
    if not isinstance(native, dict) or not all(native):
        return None
    return {str(variant_id): _object(variant) for variant_id, variant in native.items()}


def _selectors(native: Any) -> tuple[tuple[str, str], ...]:
    """(key, name for people) of each axis, in the item's own order."""
    entries = [_object(one) for one in native] if isinstance(native, list) else []
    keys = [(_text(entry.get("key")), _text(entry.get("displayName"))) for entry in entries]
    return tuple((key, name or key) for key, name in keys if key)


def _axes(selectors: tuple[tuple[str, str], ...], values: Mapping[str, Any]) -> tuple[Axis, ...]:
    return tuple(Axis(name, _text(values[key])) for key, name in selectors if key in values)


def _image(native: Any, shop_url: str) -> str:
    """The first image's address; CABINET and GOLD need the shop's name in its URLs."""
    first = _object(native[0]) if isinstance(native, list) and native else {}
    location = _text(first.get("location"))
    place = _text(first.get("type"))
    if not location:
        return ""
    if place == "ABSOLUTE":
        return location if location.startswith(("https://", "http://")) else ""
    if place == "CABINET" and shop_url:
        return f"https://image.rakuten.co.jp/{shop_url}/cabinet{location}"
    if place == "GOLD" and shop_url:
        return f"https://www.rakuten.ne.jp/gold/{shop_url}{location}"
    return ""


def _object(native: Any) -> Mapping[str, Any]:
    return native if isinstance(native, dict) else {}


def _text(native: Any) -> str:
    """A text or a number as text; "" for anything else, null included."""
    if isinstance(native, bool) or not isinstance(native, str | int | float):
        return ""
    return str(native).strip()
