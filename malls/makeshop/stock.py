"""Quantities at MakeShop: read with searchProductQuantity, written with one of two mutations.

What a written number means (added or overwriting) is not public; `quantity_mode` says it, and as
long as it says `probe` nothing is written. A product with variations takes another mutation than
one without, and one request carries one of them: rows of the other kind are answered as not done,
and are due again at once. Facts: docs/malls/makeshop.md.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from engine.catalogue import ListingRef
from engine.connector import (
    RowOutcome,
    RowResult,
    StockRead,
    StockRow,
    StockWrite,
    WriteResult,
)
from engine.faults import Family
from malls.makeshop import errors, products
from malls.makeshop.card import (
    CARD,
    LIST_INPUTS,
    PAGE_MAX,
    PROBE,
    RELATIVE,
    quantity_mode,
    quantity_type,
)
from malls.makeshop.credentials import Call, Door
from malls.makeshop.products import handle_of
from malls.makeshop.wire import (
    UNITS_MAX,
    Failed,
    ProductQuantity,
    QuantitiesReply,
    WriteReply,
    text,
    units,
)

READ_CALLS_MAX = 3
"""Calls of one read: at one a second more would outlive the command that asked for it."""
LOOK_UPS_MAX = 2
"""Products of one read that are looked up by their own code, because no import told the other."""
NO_PRODUCT = "000000000000"
"""A system code no product has."""

QUANTITIES = Call(
    "searchProductQuantity",
    "query searchProductQuantity($input:SearchProductQuantityRequest!){searchProductQuantity"
    "(input:$input){productQuantities{systemCode customCode quantity"
    " variationQuantities{variationQuantity variationCustomCode}} page limit}}",
    family=Family.STOCK,
    shape=QuantitiesReply,
)
PLAIN = Call(
    "updateProductQuantity",
    "mutation updateProductQuantity($input:UpdateProductQuantityRequest!){updateProductQuantity"
    "(input:$input){failResult{systemCode customCode message}}}",
    family=Family.STOCK,
    shape=WriteReply,
    is_safe=False,
)
VARIED = Call(
    "updateVariationQuantity",
    "mutation updateVariationQuantity($input:UpdateVariationQuantityRequest!)"
    "{updateVariationQuantity(input:$input){failResult{systemCode customCode variation1ItemId"
    " variation2ItemId variationCustomCode message}}}",
    family=Family.STOCK,
    shape=WriteReply,
    is_safe=False,
)

_BY_SYSTEM, _BY_CUSTOM = 0, 1
_BY_VARIATION_CODE = 1


def _is_single(door: Door) -> bool:
    return door.switches.get(LIST_INPUTS, "").strip().lower() == "single"


# --- reading ----------------------------------------------------------------------------------


class _Search:
    """One read under way."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self.calls = 0
        self.start = self.end = door.now()
        self.found: dict[str, ProductQuantity] = {}
        """By system code."""
        self.gone: set[str] = set()
        """System codes the mall does not have, by an answer that would have shown them."""

    @property
    def is_spent(self) -> bool:
        return self.calls >= READ_CALLS_MAX

    async def read(self, codes: Sequence[str]) -> None:
        """Reads products by system code, page after page until all are there or none follows."""
        first, page = "", 1
        while not self.is_spent:
            given = {
                "systemCodes": codes[0] if _is_single(self._door) else list(codes),
                "page": page,
                "limit": PAGE_MAX,
            }
            reply, answer = await self._door.ask(QUANTITIES, given)
            if not self.calls:
                self.start = reply.sent_at
            self.calls += 1
            self.end = reply.received_at
            if answer.product_quantities is None:
                raise errors.refuse(errors.UNREADABLE_CODE, Family.STOCK)
            shown = [(text(row.system_code), row) for row in answer.product_quantities]
            self.found.update(shown)
            left = [code for code in codes if code not in self.found]
            if not shown or not left or shown[0][0] == first:
                self.gone.update(left)
                return
            first, page = shown[0][0], page + 1


async def read_stock(door: Door, refs: Sequence[ListingRef]) -> StockRead:
    """The quantities that READ_CALLS_MAX calls reach; a row not reached is in neither list."""
    work = _Search(door)
    systems = {ref: handle_of(ref).system_code for ref in refs}
    lost = await _look_up(door, systems)
    codes = list(dict.fromkeys(code for code in systems.values() if code))
    parts = [[code] for code in codes] if _is_single(door) else [codes] if codes else []
    for part in parts:
        await work.read(part)
    rows: list[StockRow] = []
    missing: list[ListingRef] = []
    for ref in refs:
        product = work.found.get(systems[ref])
        read = None if product is None else _row_of(ref, product)
        if read is not None:
            rows.append(read)
        elif product is not None or systems[ref] in work.gone or ref.code in lost:
            missing.append(ref)
    return StockRead(tuple(rows), tuple(missing), work.start, work.end)


async def _look_up(door: Door, systems: dict[ListingRef, str]) -> set[str]:
    """Fills in the system codes that no import told, as far as LOOK_UPS_MAX goes; unknown ones."""
    known: dict[str, str] = {}
    for ref, system in systems.items():
        if system:
            continue
        if ref.code not in known:
            if len(known) >= LOOK_UPS_MAX:
                continue
            product = await products.find(door, ref.code, Family.STOCK)
            known[ref.code] = "" if product is None else text(product.system_code)
        systems[ref] = known[ref.code]
    return {code for code, system in known.items() if not system}


async def prove(door: Door) -> None:
    """One read of a product no shop has: the answer is empty, and only a refusal is an error.

    Whether the call may be made without codes is not known (?), so one is named.
    """
    codes = NO_PRODUCT if _is_single(door) else [NO_PRODUCT]
    await door.ask(QUANTITIES, {"systemCodes": codes, "page": 1, "limit": 1})


def _row_of(ref: ListingRef, product: ProductQuantity) -> StockRow | None:
    """One listing's quantity in its product; None if the product has no such variation."""
    varied = product.variation_quantities or []
    if not ref.sub_code:
        # None: unlimited, or however the mall says that it keeps no number (?).
        return None if varied else StockRow(ref, units(product.quantity))
    own = [row for row in varied if text(row.variation_custom_code) == ref.sub_code]
    if not own:
        return None
    # Two variations of one code cannot be told apart: no quantity of theirs is believed.
    return StockRow(ref, units(own[0].variation_quantity) if len(own) == 1 else None)


# --- writing ----------------------------------------------------------------------------------


class Entry(Struct, frozen=True):
    """One row as it is sent."""

    ref: ListingRef
    number: int
    """The difference or the quantity, as the mall's mode wants it."""


async def write_stock(door: Door, rows: Sequence[StockWrite]) -> WriteResult:
    """Writes the rows of one mutation in one request, sent once; the other kind is not done."""
    if not 0 < len(rows) <= CARD.push_rows_max:
        raise ValueError("a stock write takes one to push_rows_max rows")
    mode = quantity_mode(door.switches)
    if mode == PROBE:
        raise errors.refuse(errors.NO_MODE_CODE, Family.STOCK)
    results: dict[ListingRef, RowResult] = {}
    entries: list[Entry] = []
    for row in rows:
        number = row.delta if mode == RELATIVE else row.value
        if number is None:
            raise ValueError("a stock write of another kind than quantity_mode says")
        if (mode != RELATIVE and number < 0) or abs(number) > UNITS_MAX:
            # An absolute -1 may mean "unlimited" here: it never leaves.
            results[row.ref] = RowResult(
                row.ref, RowOutcome.BAD_ITEM, code=errors.BAD_QUANTITY_CODE
            )
        else:
            entries.append(Entry(row.ref, number))
    start = end = door.now()
    if entries:
        is_varied = bool(entries[0].ref.sub_code)
        due = [entry for entry in entries if bool(entry.ref.sub_code) is is_varied]
        start, end, sent = await send(door, due, quantity_type(door.switches))
        results.update((result.ref, result) for result in sent)
    told = tuple(results.get(row.ref) or RowResult(row.ref, RowOutcome.NOT_DONE) for row in rows)
    return WriteResult(told, start, end)


async def send(
    door: Door, entries: Sequence[Entry], kind: int
) -> tuple[float, float, list[RowResult]]:
    """One mutation with entries of one kind, and what became of each."""
    if entries[0].ref.sub_code:
        call, given = VARIED, {"variationQuantities": _varied(door, entries, kind)}
    else:
        call = PLAIN
        given = {
            "productQuantities": [
                {**_product_key(door, entry.ref), **_quantity(entry, kind)} for entry in entries
            ]
        }
    reply, answer = await door.ask(call, given)
    failed = [row for row in answer.fail_result or [] if row.message is not None]
    return reply.sent_at, reply.received_at, _outcomes(door, entries, failed)


def _varied(door: Door, entries: Sequence[Entry], kind: int) -> list[dict[str, Any]]:
    """The variations, gathered by product unless the schema takes one at a time."""
    details = [
        (
            entry,
            {
                "variationKeyType": _BY_VARIATION_CODE,
                "variationCustomCode": handle_of(entry.ref).variation_code or entry.ref.sub_code,
                **_quantity(entry, kind),
            },
        )
        for entry in entries
    ]
    if _is_single(door):
        return [
            {**_product_key(door, entry.ref), "variationQuantityDetails": detail}
            for entry, detail in details
        ]
    by_product: dict[str, dict[str, Any]] = {}
    for entry, detail in details:
        product = by_product.setdefault(
            handle_of(entry.ref).system_code or entry.ref.code,
            {**_product_key(door, entry.ref), "variationQuantityDetails": []},
        )
        product["variationQuantityDetails"].append(detail)
    return list(by_product.values())


def _quantity(entry: Entry, kind: int) -> dict[str, int]:
    return {"quantityCalculationType": kind, "quantity": entry.number}


def _product_key(door: Door, ref: ListingRef) -> dict[str, Any]:
    system = handle_of(ref).system_code
    if not system and products.listing_code("", ref.code, door.switches):
        return {"productKeyType": _BY_CUSTOM, "customCode": ref.code}
    return {"productKeyType": _BY_SYSTEM, "systemCode": system or ref.code}


def _outcomes(door: Door, entries: Sequence[Entry], failed: Sequence[Failed]) -> list[RowResult]:
    """Rows that failResult names were refused, the others done; if it names none, nobody knows."""
    bad: set[ListingRef] = set()
    is_unnamed = False
    for row in failed:
        named = [entry.ref for entry in entries if _is_named(entry.ref, row)]
        if len(entries) == 1:
            named = [entries[0].ref]
        bad.update(named)
        is_unnamed = is_unnamed or not named
    return [
        _refused(entry, door.switches)
        if entry.ref in bad
        else RowResult(entry.ref, RowOutcome.UNKNOWN, code=errors.ROW_CODE)
        if is_unnamed
        else RowResult(entry.ref, RowOutcome.DONE)
        for entry in entries
    ]


def _is_named(ref: ListingRef, row: Failed) -> bool:
    """Whether a refused row is this listing: its product by either code, and its variation.

    A refusal that names no variation is of the product as a whole.
    """
    system = handle_of(ref).system_code
    told = text(row.system_code)
    is_product = told == system if system and told else ref.code in {told, text(row.custom_code)}
    return is_product and text(row.variation_custom_code) in {"", ref.sub_code}


def _refused(entry: Entry, switches: Mapping[str, str]) -> RowResult:
    """A refused fall is "below zero" only where the operator says that the mall refuses those."""
    is_fall = quantity_mode(switches) == RELATIVE and entry.number < 0
    refuses = switches.get("below_zero", "").strip().lower() == "refuses"
    outcome = RowOutcome.REFUSED if is_fall and refuses else RowOutcome.BAD_ITEM
    return RowResult(entry.ref, outcome, code=errors.ROW_CODE)
