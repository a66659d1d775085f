"""One item's stock as searchStocks shows it, and how zaiko names its choices.

An item has one quantity, or one for each pair of a horizontal and a vertical choice code. The
sub_code of a choice is the pair joined, horizontal first, an unused axis left out; that is what an
order line carries too. Two pairs that join to one text cannot be told apart: such a choice is
kept, but never read or written. Facts: docs/malls/aupay.md.
"""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from engine.catalogue import ListingRef
from malls.aupay.wire import Node, whole

KEEP = frozenset(
    "searchResult maxCount resultCount resultStocks lotNumber itemCode stockSegment stockCount"
    " choicesStocks choicesStockHorizontalCode choicesStockVerticalCode choicesStockCount".split()
)
"""What is read of a searchStocks answer."""

_NO_AXIS = frozenset({"", "-", "－"})


class Choice(Struct, frozen=True):
    """One pair of choice codes, exactly as the mall gave them."""

    horizontal: str
    vertical: str
    quantity: int | None
    """None: not a number that can be read."""
    is_ambiguous: bool = False


class Item(Struct, frozen=True):
    """One item's stock."""

    lot: str
    """The mall's own number, "" where it does not tell."""
    code: str
    quantity: int | None
    """Of an item without choices; None: not a number that can be read."""
    choices: dict[str, Choice]
    """By sub_code; empty for an item without choices."""


class Handle(Struct, frozen=True, array_like=True):
    """What an import keeps of a listing beside its codes; travels as ListingRef.native."""

    lot: str = ""
    row: int = 0
    """The item's place in the list at the import: where to look first, nothing more. 0: unknown."""
    axes: tuple[str, str] | None = None
    """The pair of choice codes as read; None for an item without choices."""


def joined(horizontal: str, vertical: str) -> str:
    """The sub_code of a pair of choice codes."""
    return "".join(code for code in (horizontal, vertical) if has_axis(code))


def has_axis(code: str) -> bool:
    """Whether a choice code is one: the unused axis is `-` or empty."""
    return code not in _NO_AXIS


def item_of(row: Node) -> Item | None:
    """The stock of one resultStocks element; None for one without an item code."""
    code = row.text_of("itemCode")
    if not code:
        return None
    choices: dict[str, Choice] = {}
    for pair in row.all("choicesStocks"):
        across = pair.text_of("choicesStockHorizontalCode")
        down = pair.text_of("choicesStockVerticalCode")
        sub_code = joined(across, down)
        is_ambiguous = not sub_code or sub_code in choices
        quantity = whole(pair.text_of("choicesStockCount"))
        choices[sub_code] = Choice(across, down, quantity, is_ambiguous)
    return Item(row.text_of("lotNumber"), code, whole(row.text_of("stockCount")), choices)


def of_code(items: Sequence[Item], code: str, lot: str = "") -> Item | None:
    """The item of that code among rows that may only contain it; case decides where it must."""
    exact = [item for item in items if item.code == code]
    if not exact:
        exact = [item for item in items if item.code.lower() == code.lower()]
    if len(exact) > 1 and lot:
        exact = [item for item in exact if item.lot == lot]
    return exact[0] if len(exact) == 1 else None


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
