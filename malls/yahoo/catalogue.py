"""The catalogue import: items by one-letter prefix, their sub-codes, and the over-purchase flags.

Yahoo has no "everything" query, so the items are walked by the first character of their code. A
cursor is the character and the next row, so that a walk resumes anywhere and needs no memory of
what it read: an item belongs to the page of its own first character only, whatever else the
prefix search finds. Facts: docs/malls/yahoo.md.
"""

import string
from collections.abc import Mapping, Sequence

from engine.catalogue import Axis, CataloguePage, CatalogueRow, ListingRef, SideSettings
from engine.connector import Request
from engine.faults import Family, FaultKind, MallError
from malls.yahoo import errors, stock
from malls.yahoo.card import CALLS, CARD
from malls.yahoo.credentials import Access
from malls.yahoo.wire import Node, whole

PREFIXES = string.digits + string.ascii_lowercase + string.ascii_uppercase + "-"

PAGE_ITEMS = 50
"""Items of one page; each may cost a getItem of 1.1 s, and a page is what a break loses."""

IMPORT_DETAILS = "import_details"
"""The switch: `variations` (default: getItem only for items with sub-codes) or `all`, which also
brings JAN and image of the others at the price of a call each."""

_LIST_KEEP = frozenset({"Result", "Status", "Error", "ItemCode", "Name", "HasSubCode"})
_ITEM_KEEP = frozenset(
    {"Result", "Status", "Error", "ItemCode", "Name", "Jan", "Image", "SubCodes", "SubCode"}
    | {"Option"}
)


async def read_page(
    access: Access, cursor: str | None, switches: Mapping[str, str]
) -> CataloguePage:
    """A page of the walk: rows with their flags, and where to go on."""
    prefix, first = _place(cursor)
    items, following = await _list_items(access, prefix, first)
    wants_all = switches.get(IMPORT_DETAILS) == "all"
    rows: list[CatalogueRow] = []
    for item in items:
        # The list may leave HasSubCode out: only a told 0 saves the look at the item.
        if wants_all or item.text_of("HasSubCode") != "0":
            rows += await _item_rows(access, item)
        else:
            rows.append(_row(item.text_of("ItemCode"), item.text_of("Name")))
    return CataloguePage(tuple(await _with_flags(access, rows)), following)


async def probe(access: Access) -> None:
    """The cheapest item call: proves the token and the right to the store."""
    await access.call(_list_request(access, PREFIXES[0], 1, 1), _LIST_KEEP)


async def _list_items(access: Access, prefix: str, first: int) -> tuple[list[Node], str | None]:
    """The page's own items and the cursor after it."""
    try:
        answer = await access.call(_list_request(access, prefix, first, PAGE_ITEMS), _LIST_KEEP)
    except MallError as failed:
        # A lone hyphen may be no query to the mall's search (?); nothing is known to start so.
        odd = {FaultKind.REQUEST, FaultKind.UNCLASSIFIED, FaultKind.BAD_ITEM, FaultKind.GONE}
        if prefix == "-" and failed.spec.kind in odd:
            return [], None
        raise
    total = whole(answer.root.attributes.get("totalResultsAvailable", ""))
    found = list(answer.root.all("Result"))
    if total is None or (not found and total >= first):
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ITEMS)
    # Whether the search minds case is not known (?): what it finds of the other case is left to
    # that case's own page.
    own = [item for item in found if item.text_of("ItemCode").startswith(prefix)]
    following = first + len(found)
    if following <= total:
        return own, f"{prefix}:{following}"
    after = PREFIXES.index(prefix) + 1
    return own, f"{PREFIXES[after]}:1" if after < len(PREFIXES) else None


async def _item_rows(access: Access, item: Node) -> list[CatalogueRow]:
    """An item's listings: its sub-codes, or itself. None if it has gone since it was listed."""
    code = item.text_of("ItemCode")
    request = _get("getItem", access, (("item_code", code),))
    try:
        answer = await access.call(request, _ITEM_KEEP)
    except MallError as failed:
        if failed.spec.kind is FaultKind.GONE:
            return []
        raise
    result = answer.root.first("Result")
    if result is None or result.text_of("ItemCode").lower() != code.lower():
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ITEMS, subject=code)
    name = result.text_of("Name") or item.text_of("Name")
    jan, image = result.text_of("Jan"), result.text_of("Image")
    block = result.first("SubCodes")
    found = () if block is None else tuple(block.all("SubCode"))
    subs = [sub for sub in found if sub.attributes.get("code", "").strip()]
    if not subs:
        return [_row(code, name, jan=jan, image=image)]
    # The item's own JAN is of none of its variations in particular (?), and it is all there is.
    return [
        _row(code, name, sub_code=sub.attributes["code"].strip(), jan=jan, image=image, of=sub)
        for sub in subs
    ]


def _row(
    code: str,
    name: str,
    *,
    sub_code: str = "",
    jan: str = "",
    image: str = "",
    of: Node | None = None,
) -> CatalogueRow:
    axes = () if of is None else tuple(_axis(option) for option in of.all("Option"))
    return CatalogueRow(
        ref=ListingRef(code, sub_code),
        name=name,
        sku_code=sub_code or code,
        jan=jan,
        image=image,
        axes=axes,
    )


def _axis(option: Node) -> Axis:
    told = option.attributes
    return Axis(told.get("name", "").strip(), told.get("value", "").strip())


async def _with_flags(access: Access, rows: Sequence[CatalogueRow]) -> list[CatalogueRow]:
    """The rows with the mall's over-purchase setting, to be registered and sent back (M5)."""
    flagged: list[CatalogueRow] = []
    for begin in range(0, len(rows), CARD.read_rows_max):
        block = rows[begin : begin + CARD.read_rows_max]
        flags = await stock.read_flags(access, [row.ref for row in block])
        for row in block:
            overdraft, tracked = flags.get(row.ref, (None, True))
            flagged.append(
                CatalogueRow(
                    ref=row.ref,
                    name=row.name,
                    sku_code=row.sku_code,
                    jan=row.jan,
                    image=row.image,
                    axes=row.axes,
                    settings=SideSettings(overdraft=overdraft),
                    tracked=tracked,
                )
            )
    return flagged


def _place(cursor: str | None) -> tuple[str, int]:
    """Where a cursor points; one that cannot be read begins again, which repeats but loses none."""
    prefix, _, row = (cursor or "").partition(":")
    first = whole(row)
    if len(prefix) != 1 or prefix not in PREFIXES or first is None or first < 1:
        return PREFIXES[0], 1
    return prefix, first


def _list_request(access: Access, prefix: str, first: int, rows: int) -> Request:
    params = (
        ("query", prefix),
        ("type", "item_code"),
        ("start", str(first)),
        ("results", str(rows)),
        ("sort", "+item_code"),
    )
    return _get("myItemList", access, params)


def _get(name: str, access: Access, params: Sequence[tuple[str, str]]) -> Request:
    return Request(
        method="GET",
        path=CALLS + name,
        family=Family.ITEMS,
        bucket=name,
        is_safe=True,
        params=(("seller_id", access.seller_id), *params),
    )
