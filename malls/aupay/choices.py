"""Which choice of an item an order line means.

A line's itemManagementId is the ordered choice's codes joined. But the same field exists for an
item as the shop's own free text (?), and the order of joining is told by two sources only, so the
line is compared with the choices that the item has: as it stands, vertical code first, with
doubled hyphens as one; of an item without choices it is the item itself. A line that fits nothing
is left as it came: it then names no listing, is kept and shown, and nothing is guessed.
"""

from collections import Counter
from collections.abc import Sequence

from msgspec import structs

from engine.faults import Family, MallError
from engine.snapshot import OrderLine, OrderSnapshot
from malls.aupay import shelf
from malls.aupay.card import ORDER_CHOICES, STOCK_PAGE_MAX
from malls.aupay.credentials import Door
from malls.aupay.shelf import Item

ITEMS_MAX = 2000
"""Items whose choice codes are remembered; the one first met is forgotten first."""
REST_S = 60.0
"""After a look-up failed, lines are taken as they stand for this long: orders do not wait."""

Names = dict[str, str]
"""What a line may carry -> the sub_code it means; empty: the item has no choices."""


class Choices:
    """Remembers the choice codes of the items that orders named."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._is_on = door.switches.get(ORDER_CHOICES, "").strip().lower() != "suffix"
        self._known: dict[str, Names | None] = {}
        self._rests_until = 0.0

    async def resolve(self, orders: Sequence[OrderSnapshot]) -> tuple[OrderSnapshot, ...]:
        """The orders with each line's sub_code as its listing has it."""
        if not self._is_on:
            return tuple(orders)
        return tuple([await self._resolve(order) for order in orders])

    async def _resolve(self, order: OrderSnapshot) -> OrderSnapshot:
        lines: list[OrderLine] = []
        is_sure = True
        for line in order.lines:
            if not line.sub_code:
                lines.append(line)
                continue
            try:
                sub_code = await self._sub_code(line.code, line.sub_code)
            except _Resting:
                # Without a mark the order is read again by the next poll that lists it.
                is_sure = False
                sub_code = line.sub_code
            lines.append(structs.replace(line, sub_code=sub_code))
        mark = order.mark if is_sure else ""
        return structs.replace(order, lines=tuple(lines), mark=mark)

    async def _sub_code(self, code: str, carried: str) -> str:
        if code in self._known:
            names = self._known[code]
            # A choice that is not among those remembered may be newer than they.
            if names is not None and (not names or _meant(names, carried)):
                return _meant(names, carried)
        names = await self._look_up(code)
        if names is None:
            return carried
        return _meant(names, carried) or carried if names else ""

    async def _look_up(self, code: str) -> Names | None:
        if self._door.now() < self._rests_until:
            raise _Resting
        params = (("totalCount", str(STOCK_PAGE_MAX)), ("startCount", "1"), ("itemCode", code))
        try:
            _, root = await self._door.get("searchStocks", params, Family.STOCK, shelf.KEEP)
        except MallError:
            # The lane's own stock calls tell the operator; an order must not wait for them.
            self._rests_until = self._door.now() + REST_S
            raise _Resting from None
        found = root.first("searchResult")
        rows = () if found is None else tuple(found.all("resultStocks"))
        items = [item for item in map(shelf.item_of, rows) if item is not None]
        item = shelf.of_code(items, code)
        names = None if item is None else _names(item)
        while len(self._known) >= ITEMS_MAX:
            del self._known[next(iter(self._known))]
        self._known[code] = names
        return names


class _Resting(Exception):
    """The item's choices cannot be looked up now."""


def _meant(names: Names, carried: str) -> str:
    """The sub_code that a line's text means; "" for none."""
    return names.get(carried) or names.get(carried.replace("--", "-"), "")


def _names(item: Item) -> Names:
    """Everything a line of this item may carry, the surest reading last so that it wins."""
    names: Names = {}
    for spelt in (_plain_hyphens, _vertical_first, _as_is):
        read = [(spelt(sub_code, choice), sub_code) for sub_code, choice in item.choices.items()]
        often = Counter(text for text, _ in read)
        # A text that could be two choices of this reading says nothing.
        names.update((text, sub_code) for text, sub_code in read if often[text] == 1)
    return names


def _as_is(sub_code: str, choice: shelf.Choice) -> str:
    del choice
    return sub_code


def _vertical_first(sub_code: str, choice: shelf.Choice) -> str:
    del sub_code
    return shelf.joined(choice.vertical, choice.horizontal)


def _plain_hyphens(sub_code: str, choice: shelf.Choice) -> str:
    del choice
    return sub_code.replace("--", "-")
