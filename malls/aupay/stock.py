"""Quantities at au PAY: read with searchStocks, written with updateStock, absolute only.

The lane guards a write by a read (push rule O2), so a read of the rows that are due must be quick.
Where an import saw the item says where to look: one call reads the part of the list that holds
most of them. That place is a hint only; a row that is not there is read by its own number or code,
and a row that no call reached is left out of the answer: neither read nor missing, never 0.
Facts: docs/malls/aupay.md.
"""

from collections.abc import Iterable, Sequence

from engine.catalogue import ListingRef
from engine.connector import (
    Reply,
    RowOutcome,
    RowResult,
    StockRead,
    StockRow,
    StockWrite,
    WriteResult,
)
from engine.faults import Family, FaultKind, MallError
from malls.aupay import errors, shelf
from malls.aupay.card import (
    ABSENT_AXIS,
    CARD,
    QUANTITY_MAX,
    STOCK_PAGE_MAX,
    choice_quantity_max,
)
from malls.aupay.credentials import Door, not_done
from malls.aupay.shelf import Item, handle_of
from malls.aupay.wire import Node, element, is_sendable, whole

READ_CALLS_MAX = 3
"""Calls of one read: at one a second more would outlive the command that asked for it."""
FEW = 2
"""So many items due are read one by one rather than by a page."""

_READ = "searchStocks"
_WRITE = "updateStock"
_WRITE_KEEP = frozenset({"updateResult", "itemCode", "lotNumber"})


class _Search:
    """One read under way: the calls made, and what they told."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.calls = 0
        self.start = self.end = door.now()
        self.found: dict[str, Item] = {}
        """By the item code asked for."""
        self.gone: set[str] = set()
        """Item codes the mall does not have, by an answer that would have shown them."""

    @property
    def is_spent(self) -> bool:
        return self.calls >= READ_CALLS_MAX

    async def by_item(self, ref: ListingRef) -> None:
        """Reads one item by its number, else by its code, which also finds longer codes."""
        lot = handle_of(ref).lot
        if lot:
            items, _ = await self._call((("lotNumber", lot),), 1)
            if self._take([ref.code], items, lot):
                return
            # The number may be an old one; the code decides whether the item is gone.
        first = 1
        while not self.is_spent:
            items, total = await self._call((("itemCode", ref.code),), first)
            if self._take([ref.code], items, lot):
                return
            first += len(items)
            if not items or first > total:
                self.gone.add(ref.code)
                return

    async def by_place(self, codes: Sequence[str], first: int, rows: int) -> None:
        """Reads a part of the list; what is not in it has moved, or is gone."""
        items, _ = await self._call((), first, rows)
        self._take(codes, items, "")

    def _take(self, codes: Sequence[str], items: Sequence[Item], lot: str) -> bool:
        """Keeps the items of those codes; whether all were there."""
        by_fold: dict[str, list[Item]] = {}
        for item in items:
            by_fold.setdefault(item.code.lower(), []).append(item)
        for code in codes:
            own = shelf.of_code(by_fold.get(code.lower(), ()), code, lot)
            if own is not None:
                self.found[code] = own
        return all(code in self.found for code in codes)

    async def _call(
        self, query: Sequence[tuple[str, str]], first: int, rows: int = STOCK_PAGE_MAX
    ) -> tuple[list[Item], int]:
        reply, items, total = await search(self._door, query, first, rows, Family.STOCK)
        if not self.calls:
            self.start = reply.sent_at
        self.calls += 1
        self.end = max(self.end, reply.received_at)
        return items, total


async def search(
    door: Door, query: Sequence[tuple[str, str]], first: int, rows: int, family: Family
) -> tuple[Reply, list[Item], int]:
    """One searchStocks call: the items of the page in the mall's order, and how many in all."""
    params = (("totalCount", str(rows)), ("startCount", str(first)), *query)
    reply, root = await door.get(_READ, params, family, shelf.KEEP)
    result = root.first("searchResult")
    total = None if result is None else whole(result.text_of("maxCount"))
    shown = [] if result is None else list(result.all("resultStocks"))
    if total is None:
        if shown or result is None or whole(result.text_of("resultCount")):
            raise errors.refuse(errors.UNREADABLE_CODE, family)
        total = 0  # an empty searchResult is how this mall says "none"
    items = [item for item in map(shelf.item_of, shown) if item is not None]
    if len(items) < len(shown) or (not shown and total >= first):
        # Rows without a code, or promised and not there: "missing" must not be read out of it.
        raise errors.refuse(errors.UNREADABLE_CODE, family)
    return reply, items, total


async def read_stock(door: Door, refs: Sequence[ListingRef]) -> StockRead:
    """The quantities that READ_CALLS_MAX calls reach, most at once first."""
    work = _Search(door)
    due = {ref.code: ref for ref in refs if is_sendable(ref.code)}
    if len(due) > FEW:
        await _by_places(work, due)
    for code, ref in due.items():
        if work.is_spent:
            break
        if code not in work.found:
            await work.by_item(ref)
    rows: list[StockRow] = []
    missing: list[ListingRef] = []
    for ref in refs:
        item = work.found.get(ref.code)
        if item is None:
            if ref.code in work.gone or ref.code not in due:
                missing.append(ref)
            continue
        read = _row_of(ref, item)
        if read is None:
            missing.append(ref)
        else:
            rows.append(read)
    return StockRead(tuple(rows), tuple(missing), work.start, work.end)


async def prove(door: Door) -> None:
    """The cheapest stock call: one row of the list."""
    await search(door, (), 1, 1, Family.STOCK)


async def _by_places(work: _Search, due: dict[str, ListingRef]) -> None:
    """Reads the parts of the list that hold most of the due items, as the import saw it."""
    places = sorted((handle_of(ref).row, code) for code, ref in due.items() if handle_of(ref).row)
    # A call is left over for a row that is not where the import saw it.
    while work.calls < READ_CALLS_MAX - 1:
        places = [place for place in places if place[1] not in work.found]
        fullest = max(_spans(places), key=len, default=[])
        if len(fullest) < 2:
            return
        first, last = fullest[0][0], fullest[-1][0]
        await work.by_place([code for _, code in fullest], first, last - first + 1)
        places = [place for place in places if place not in fullest]


def _spans(places: Sequence[tuple[int, str]]) -> Iterable[list[tuple[int, str]]]:
    """The places cut into parts that one page holds, from the first on."""
    part: list[tuple[int, str]] = []
    for place in places:
        if part and place[0] - part[0][0] >= STOCK_PAGE_MAX:
            yield part
            part = []
        part.append(place)
    if part:
        yield part


def _row_of(ref: ListingRef, item: Item) -> StockRow | None:
    """One listing's quantity in its item; None if the item has no such choice any more."""
    if not ref.sub_code:
        if item.choices:
            return None
        return StockRow(ref, item.quantity)
    choice = item.choices.get(ref.sub_code)
    if choice is None:
        return None
    # Choices that cannot be told apart have no quantity that could be believed.
    return StockRow(ref, None if choice.is_ambiguous else choice.quantity)


# --- writing ----------------------------------------------------------------------------------


async def write_stock(door: Door, rows: Sequence[StockWrite]) -> WriteResult:
    """Sets at most 200 listings in one request that is sent once; one element an item."""
    if not 0 < len(rows) <= CARD.push_rows_max:
        raise ValueError("a stock write takes one to push_rows_max rows")
    results: dict[ListingRef, RowResult] = {}
    axes = await _axes_of(door, [row.ref for row in rows], results)
    due: list[StockWrite] = []
    most = choice_quantity_max(door.switches)
    for row in rows:
        if row.value is None:
            raise ValueError("au PAY takes absolute quantities only")
        limit = most if row.ref.sub_code else QUANTITY_MAX
        if row.ref in results:
            continue
        if not all(is_sendable(text) for text in (row.ref.code, *axes.get(row.ref, ()))):
            results[row.ref] = _bad(row.ref, errors.BAD_CODE_CODE)
        elif not 0 <= row.value <= limit:
            results[row.ref] = _bad(row.ref, errors.BAD_QUANTITY_CODE)
        else:
            due.append(row)
    start = end = door.now()
    if due:
        start, end, sent = await _write(door, due, axes)
        results.update((result.ref, result) for result in sent)
    return WriteResult(tuple(results[row.ref] for row in rows), start, end)


async def _axes_of(
    door: Door, refs: Sequence[ListingRef], results: dict[ListingRef, RowResult]
) -> dict[ListingRef, tuple[str, str]]:
    """The pair of choice codes of each choice: as imported, else read now.

    A listing without choices is not in the answer; one whose pair cannot be told gets its result.
    """
    axes: dict[ListingRef, tuple[str, str]] = {}
    unknown: list[ListingRef] = []
    for ref in refs:
        known = handle_of(ref).axes
        if known is not None and shelf.joined(*known) == ref.sub_code:
            axes[ref] = known
        elif ref.sub_code:
            unknown.append(ref)
    if not unknown:
        return axes
    work = _Search(door)
    for ref in unknown:
        try:
            if ref.code not in work.found and not work.is_spent:
                await work.by_item(ref)
        except MallError as failed:
            raise not_done(failed) from failed
        item = work.found.get(ref.code)
        choice = None if item is None else item.choices.get(ref.sub_code)
        if choice is not None and not choice.is_ambiguous:
            axes[ref] = (choice.horizontal, choice.vertical)
        elif choice is not None:
            results[ref] = _bad(ref, errors.AMBIGUOUS_CODE)
        elif item is not None or ref.code in work.gone:
            results[ref] = _bad(ref, errors.NO_CHOICE_CODE)
        else:
            # No call was left for it: certainly not written, and due again.
            results[ref] = RowResult(ref, RowOutcome.NOT_DONE)
    return axes


def _bad(ref: ListingRef, code: str) -> RowResult:
    return RowResult(ref, RowOutcome.BAD_ITEM, code=code)


async def _write(
    door: Door, rows: Sequence[StockWrite], axes: dict[ListingRef, tuple[str, str]]
) -> tuple[float, float, list[RowResult]]:
    by_code: dict[str, list[StockWrite]] = {}
    for row in rows:
        by_code.setdefault(row.ref.code, []).append(row)
    omits = door.switches.get(ABSENT_AXIS, "").strip().lower() == "omit"
    body = "".join(_item(code, part, axes, omits=omits) for code, part in by_code.items())
    sent_at = door.now()
    try:
        reply, root = await door.post(_WRITE, body, Family.STOCK, _WRITE_KEEP)
    except MallError as failed:
        if len(by_code) > 1 or not _is_of_item(failed):
            raise
        # One item, and refused: the mall may tell of the call what it would tell of a row (?).
        return sent_at, door.now(), [_bad(row.ref, failed.code) for row in rows]
    told = _Told(root)
    return reply.sent_at, reply.received_at, [told.of(row.ref) for row in rows]


def _is_of_item(failed: MallError) -> bool:
    """Whether a call's error is about an item: the P of its code is taken for product (?)."""
    is_told = failed.spec.kind in {FaultKind.UNCLASSIFIED, FaultKind.BAD_ITEM}
    return is_told and failed.code.startswith("PME")


def _item(
    code: str,
    rows: Sequence[StockWrite],
    axes: dict[ListingRef, tuple[str, str]],
    *,
    omits: bool,
) -> str:
    """One stockUpdateItem. Its saleStatus is never sent: it would reopen what a merchant closed.

    Nor is the lotNumber: beside it the mall takes the itemCode for the item's new code.
    """
    plain = [row for row in rows if not row.ref.sub_code]
    if plain:
        count = element("stockCount", plain[0].value or 0)
        inside = element("stockSegment", 1) + count
    else:
        pairs = "".join(_pair(axes[row.ref], row.value or 0, omits=omits) for row in rows)
        inside = element("stockSegment", 2) + pairs
    return f"<stockUpdateItem>{element('itemCode', code)}{inside}</stockUpdateItem>"


def _pair(axes: tuple[str, str], quantity: int, *, omits: bool) -> str:
    names = ("choicesStockHorizontalCode", "choicesStockVerticalCode")
    codes = "".join(
        element(name, code)
        for name, code in zip(names, axes, strict=True)
        if not omits or shelf.has_axis(code)
    )
    return f"<choicesStocks>{codes}{element('choicesStockCount', quantity)}</choicesStocks>"


class _Told:
    """What updateStock said of each item, by the code it names; never by position."""

    def __init__(self, root: Node) -> None:
        self._by_code: dict[str, Node] = {}
        self._by_fold: dict[str, Node | None] = {}
        for told in root.all("updateResult"):
            code = told.text_of("itemCode")
            # Should an item be told of twice, an error counts: it says that something was refused.
            if code not in self._by_code or told.first("error") is not None:
                self._by_code[code] = told
            folded = code.lower()
            is_same = folded not in self._by_fold or code in self._by_code
            self._by_fold[folded] = self._by_code[code] if is_same else None

    def of(self, ref: ListingRef) -> RowResult:
        told = self._by_code.get(ref.code) or self._by_fold.get(ref.code.lower())
        if told is None:
            return RowResult(ref, RowOutcome.UNKNOWN, code=errors.UNREADABLE_CODE)
        if told.first("error") is None:
            return RowResult(ref, RowOutcome.DONE)
        native, words = errors.errors_of(told)
        code = native or errors.ITEM_ERROR_CODE
        spec = errors.spec_of(Family.STOCK, code, words)
        if spec.kind is FaultKind.MAINTENANCE:
            return RowResult(ref, RowOutcome.NOT_DONE, code=code)
        return _bad(ref, code)
