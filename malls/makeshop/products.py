"""Products: how a listing is named, how numbered pages are walked, and one product looked up.

Listings are named by the merchant's own codes; writes and reads use MakeShop's system code, which
an import keeps in the listing's handle. Facts: docs/malls/makeshop.md.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from engine.catalogue import ListingRef
from engine.faults import Family
from malls.makeshop import errors
from malls.makeshop.card import LISTING_CODE, PAGE_MAX
from malls.makeshop.credentials import Call, Door
from malls.makeshop.wire import Product, ProductsReply, text

_SEARCH = (
    "query searchProduct($input:SearchProductRequest!){searchProduct(input:$input){searchedCount"
    " page products{systemCode customCode productName janCode quantity variationShowType"
    " variations{variation1ItemName variation2ItemName variationCustomCode janCode}}}}"
)


class Handle(Struct, frozen=True, array_like=True):
    """What an import keeps of a listing beside its codes; travels as ListingRef.native."""

    system_code: str = ""
    variation_code: str = ""
    """The variation's own code exactly as the mall has it, blanks included."""


class Place(Struct, frozen=True, array_like=True):
    """Where a walk over numbered pages goes on."""

    page: int = 1
    collected: int = 0
    first: str = ""
    """The first row of the page before."""

    @staticmethod
    def of(cursor: str | None) -> "Place":
        """Where a cursor points; one that cannot be read begins again, which loses nothing."""
        if cursor is None:
            return Place()
        try:
            place = msgspec.json.decode(cursor, type=Place)
        except (msgspec.MsgspecError, UnicodeError):
            return Place()
        return place if place.page > 0 and place.collected >= 0 else Place()


def following(at: Place, rows: int, first: str, total: int, *, family: Family) -> str | None:
    """The cursor after a page; None when the list is whole.

    A list that stops, or repeats itself, before what it counts would lose rows: that is an error.
    Fewer rows than asked are no end: a live shop gives 200 however many are asked for.
    """
    collected = at.collected + rows
    if collected >= total:
        return None
    if rows == 0 or (at.page > 1 and first == at.first):
        raise errors.refuse(errors.UNREADABLE_CODE, family)
    return msgspec.json.encode(Place(at.page + 1, collected, first)).decode()


def listing_code(system_code: str, custom_code: str, switches: Mapping[str, str]) -> str:
    """The code that names a product's listings."""
    if switches.get(LISTING_CODE, "").strip().lower() == "system":
        return system_code
    return custom_code or system_code


def handle_of(ref: ListingRef) -> Handle:
    """What an import kept of a listing; nothing if it is not ours to read."""
    if not ref.native:
        return Handle()
    try:
        return msgspec.json.decode(ref.native, type=Handle)
    except (msgspec.MsgspecError, UnicodeError):
        return Handle()


def native_of(handle: Handle) -> str:
    """The text an import keeps of a listing."""
    return msgspec.json.encode(handle).decode()


async def search(door: Door, given: Mapping[str, Any], family: Family) -> ProductsReply:
    """One searchProduct call."""
    call = Call("searchProduct", _SEARCH, family=family, shape=ProductsReply)
    return (await door.ask(call, given))[1]


async def find(door: Door, code: str, family: Family) -> Product | None:
    """The one product of that code; None if there is none, or several."""
    is_system = not listing_code("", code, door.switches)
    # A product without an own code is named by MakeShop's, so that both are tried.
    for key in ("systemCode",) if is_system else ("customCode", "systemCode"):
        answer = await search(door, {key: code, "page": 1, "limit": PAGE_MAX}, family)
        if answer.products is None:
            raise errors.refuse(errors.UNREADABLE_CODE, family)
        own = [product for product in answer.products if code == _code_of(product, door.switches)]
        if own:
            return own[0] if len(own) == 1 else None
    return None


def _code_of(product: Product, switches: Mapping[str, str]) -> str:
    return listing_code(text(product.system_code), text(product.custom_code), switches)
