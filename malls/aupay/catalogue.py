"""The catalogue import: the stock list for listings, the item list beside it for their names.

The stock list is the one that surely tells an item's choices; the item list tells name, JAN and
the axes' names. Both are read at the same rows and joined by code; an item that the other page
does not hold, or whose axes it does not name, is asked for by itself. A cursor is a row of the
stock list, with the list's length: should that change, rows may have moved past the cursor, so
that the walk begins again. Facts: docs/malls/aupay.md.
"""

from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef
from engine.faults import Family
from malls.aupay import errors, stock
from malls.aupay.credentials import Door
from malls.aupay.shelf import Choice, Handle, Item, has_axis, native_of
from malls.aupay.wire import Node

PAGE_ITEMS = 200
"""Items of one page; each may cost a call more, and a page is what a break loses."""
RESTARTS_MAX = 3
"""A list that kept changing is read on after so many beginnings."""
IMPORT_DETAILS = "import_details"
"""The switch: `variations` (default: an item with choices whose axes the list does not name is
asked for by itself) or `none`."""

_TEXTS = frozenset({"itemCode", "itemName", "jan"})
_AXES = (
    ("横軸", "choicesStockHorizontalItemName", "choicesStockHorizontals",
     "choicesStockHorizontalCode", "choicesStockHorizontalName"),
    ("縦軸", "choicesStockVerticalItemName", "choicesStockVerticals",
     "choicesStockVerticalCode", "choicesStockVerticalName"),
)  # fmt: skip
_KEEP = (
    _TEXTS
    | {"searchResult", "resultItems", "itemInfo", "registerStock"}
    | {name for axis in _AXES for name in axis[1:]}
)


class _Cursor(Struct, frozen=True, array_like=True):
    """Where a walk goes on."""

    row: int = 1
    total: int = 0
    restarts: int = 0


class _Details(Struct, frozen=True):
    """What the item list tells of one item."""

    name: str = ""
    jan: str = ""
    axes: tuple[tuple[str, Mapping[str, str]], ...] = ()
    """(name, {choice code: name}) of the horizontal and the vertical axis; () if not told."""


async def read_page(door: Door, cursor: str | None) -> CataloguePage:
    """A page of the walk: an item's listings are always on one page."""
    at = _place(cursor)
    _, items, total = await stock.search(door, (), at.row, PAGE_ITEMS, Family.ITEMS)
    if at.row > 1 and total != at.total and at.restarts < RESTARTS_MAX:
        at = _Cursor(1, total, at.restarts + 1)
        _, items, total = await stock.search(door, (), at.row, PAGE_ITEMS, Family.ITEMS)
    details = await _list(door, at.row, PAGE_ITEMS) if items else {}
    is_asked = door.switches.get(IMPORT_DETAILS, "").strip().lower() != "none"
    rows: list[CatalogueRow] = []
    for place, item in enumerate(items, at.row):
        told = details.get(item.code.lower())
        if told is None or (is_asked and item.choices and not told.axes):
            told = await _one(door, item.code) or told or _Details()
        rows += _rows(item, place, told)
    following = at.row + len(items)
    if not items or following > total:
        return CataloguePage(tuple(rows), None)
    onward = msgspec.json.encode(_Cursor(following, total, at.restarts)).decode()
    return CataloguePage(tuple(rows), onward)


async def prove(door: Door) -> None:
    """The cheapest catalogue call: one item."""
    await _list(door, 1, 1)


async def _list(door: Door, first: int, rows: int) -> dict[str, _Details]:
    """The item list's page, by folded item code."""
    params = (("totalCount", str(rows)), ("startCount", str(first)))
    _, root = await door.get("searchItemInfos", params, Family.ITEMS, _KEEP)
    result = root.first("searchResult")
    if result is None:
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ITEMS)
    return {
        item.text_of("itemCode").lower(): _details(item, item.first("registerStock"))
        for item in result.all("resultItems")
    }


async def _one(door: Door, code: str) -> _Details | None:
    """One item by its exact code; None if it has gone since the list was read."""
    params = (("itemCode", code),)
    _, root = await door.get("searchItemInfo", params, Family.ITEMS, _KEEP)
    result = root.first("searchResult")
    item = None if result is None else result.first("itemInfo")
    if result is None or item is None or item.text_of("itemCode").lower() != code.lower():
        return None
    # The stock stands beside the item here, not in it.
    return _details(item, result.first("registerStock") or item.first("registerStock"))


def _details(item: Node, register: Node | None) -> _Details:
    axes: tuple[tuple[str, Mapping[str, str]], ...] = ()
    if register is not None:
        axes = tuple(
            (
                register.text_of(title) or fallback,
                {row.text_of(code): row.text_of(name) for row in register.all(rows)},
            )
            for fallback, title, rows, code, name in _AXES
        )
    return _Details(item.text_of("itemName"), item.text_of("jan"), axes)


def _rows(item: Item, place: int, told: _Details) -> Sequence[CatalogueRow]:
    name = told.name or item.code
    if not item.choices:
        handle = Handle(item.lot, place)
        return [
            CatalogueRow(
                ref=ListingRef(item.code, "", native_of(handle)),
                name=name,
                sku_code=item.code,
                jan=told.jan,
                tracked=item.quantity is not None,
            )
        ]
    return [
        CatalogueRow(
            ref=ListingRef(
                item.code,
                sub_code,
                native_of(Handle(item.lot, place, (choice.horizontal, choice.vertical))),
            ),
            name=name,
            sku_code=item.code + sub_code,
            # An item's JAN is of none of its choices in particular, so they get none.
            axes=_axes(choice, told),
            # Choices that join to one text cannot be told apart: they are never synced.
            tracked=not choice.is_ambiguous and choice.quantity is not None,
        )
        for sub_code, choice in item.choices.items()
    ]


def _axes(choice: Choice, told: _Details) -> tuple[Axis, ...]:
    known = told.axes or tuple((axis[0], dict[str, str]()) for axis in _AXES)
    pairs = zip(known, (choice.horizontal, choice.vertical), strict=True)
    return tuple(
        Axis(title, names.get(code) or code, code)
        for (title, names), code in pairs
        if has_axis(code)
    )


def _place(cursor: str | None) -> _Cursor:
    """Where a cursor points; one that cannot be read begins again, which loses nothing."""
    if cursor is None:
        return _Cursor()
    try:
        at = msgspec.json.decode(cursor, type=_Cursor)
    except (msgspec.MsgspecError, UnicodeError):
        return _Cursor()
    return at if at.row > 0 else _Cursor()
