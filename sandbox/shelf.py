"""The items of one pretend shop and their true quantities.

An `Item` is a product page, a `Row` one buyable line of it. A row without an item is *parked*: some
malls accept a quantity for a code that does not exist and keep it for later. Everything is found by
key; nothing here scans the catalogue.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sandbox.clock import Clock
from sandbox.refusal import Refusal
from sandbox.rules import Key, Rules

ITEMS_MAX = 500_000  # product pages in one shop
ROWS_PER_ITEM_MAX = 400  # variations of one page
PAST_MAX = 1_000  # former quantities remembered of one row
PARKED_MAX = 100_000  # rows without an item; the oldest goes first


@dataclass(slots=True)
class Row:
    """One buyable line and what the mall knows of it."""

    key: Key
    quantity: int
    created: float
    updated: float
    item: Item | None = None  # None: parked
    jan: str = ""
    name: str = ""
    overdraft: bool = False  # may buyers order beyond the quantity
    closed: bool = False  # sold out whatever the quantity (Yahoo's stock close)
    lead_time_days: int | None = None
    restock_date: str | None = None
    fba: bool = False  # sold from the mall's own warehouse: orders leave the quantity alone
    axes: dict[str, str] = field(default_factory=dict)  # variation axis -> choice
    extra: dict[str, object] = field(default_factory=dict)  # what only this mall keeps
    # Former quantities, each with the monotonic moment it ended: for malls whose reads are stale.
    past: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=PAST_MAX))


@dataclass(slots=True)
class Item:
    """One product page; `number` grows in the order of creation and is never reused."""

    number: int
    code: str
    name: str
    created: float
    updated: float
    image: str = ""
    rows: dict[str, Row] = field(default_factory=dict)  # by sub_code
    gone: bool = False  # removed from the catalogue; kept as a tombstone


@dataclass(frozen=True, slots=True)
class Wish:
    """What the side door asks an item to be; None keeps what is there."""

    code: str
    sub_code: str = ""
    jan: str | None = None
    name: str | None = None
    quantity: int | None = None
    image: str | None = None
    overdraft: bool | None = None
    lead_time_days: int | None = None
    restock_date: str | None = None
    fba: bool | None = None
    axes: dict[str, str] | None = None
    gone: bool = False


class Shelf:
    """All rows of one shop."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self._clock = clock
        self._rules = rules
        self.items: dict[str, Item] = {}  # by code, tombstones included
        self.items_there = 0  # of these, how many are not gone
        self._by_number: list[Item] = []  # ascending, for keyset paging
        self._numbers = 0  # given out so far
        self._rows: dict[Key, Row] = {}
        self._by_code: dict[str, dict[str, Row]] = {}
        self._by_name: dict[str, Row] = {}  # where the mall has names of its own
        self.parked: dict[Key, Row] = {}
        self.remembers_s = 0.0  # how long former quantities are kept; 0: not at all
        self.revision = 0  # grows whenever an item comes or goes

    # -- finding -------------------------------------------------------------------------------

    def row(self, code: str, sub_code: str) -> Row | None:
        """Return the row of this pair as the mall folds it, parked ones included."""
        return self._rows.get(self._rules.fold(code, sub_code))

    def named(self, name: str) -> Row | None:
        """Return the row with the mall's own name, parked ones included."""
        return self._by_name.get(name)

    def known(self, code: str, sub_code: str) -> Row:
        """Return the row of a pair that is on the shelf for certain."""
        return self._rows[self._rules.fold(code, sub_code)]

    def rows(self) -> Iterator[Row]:
        """Return every row, parked ones included, oldest first."""
        return iter(self._rows.values())

    def rows_of(self, code: str) -> dict[str, Row]:
        """Return the rows of one code by sub_code, parked ones included."""
        return self._by_code.get(self._rules.fold(code, "")[0], {})

    def item(self, code: str) -> Item | None:
        """Return the product page of this code, unless it is gone."""
        item = self.items.get(self._rules.fold(code, "")[0])
        return None if item is None or item.gone else item

    def items_after(self, number: int, limit: int) -> list[Item]:
        """Return the next pages in order of creation, tombstones included: for cursors."""
        start = bisect_right(self._by_number, number, key=lambda item: item.number)
        return self._by_number[start : start + limit]

    # -- changing ------------------------------------------------------------------------------

    def check(self, wish: Wish) -> Refusal | None:
        """Say why this wish cannot be put on the shelf, or None."""
        rules = self._rules
        code, sub_code = rules.fold(wish.code, wish.sub_code)
        if not rules.code_pattern.fullmatch(code):
            return Refusal(400, f"this mall cannot have the code {wish.code!r}.")
        if sub_code and not rules.sub_code_pattern.fullmatch(sub_code):
            return Refusal(400, f"this mall cannot have the sub_code {wish.sub_code!r}.")
        if wish.quantity is not None and (refusal := self.check_quantity(wish.quantity)):
            return refusal
        if wish.gone:
            return None if self.item(code) else Refusal(404, f"there is no item {code!r}.")
        if (namesake := self._namesake((code, sub_code))) and namesake.item is not None:
            return _taken(code, sub_code)
        held = [row for row in self.rows_of(code).values() if row.item is not None]
        if any((row.key[1] == "") != (sub_code == "") for row in held):
            return _mixed(code)
        if (code, sub_code) not in self._rows and len(held) >= ROWS_PER_ITEM_MAX:
            return _too_many(code)
        if code not in self.items and len(self.items) >= ITEMS_MAX:
            return Refusal(409, f"the shop already has {ITEMS_MAX} items.")
        return None

    def check_quantity(self, quantity: int) -> Refusal | None:
        """Say why this cannot be a quantity here, or None."""
        if self._rules.quantity_min <= quantity <= self._rules.quantity_max:
            return None
        bounds = f"{self._rules.quantity_min}..{self._rules.quantity_max}"
        return Refusal(400, f"quantity must lie in {bounds}, got {quantity}.")

    def put(self, wish: Wish) -> Refusal | None:
        """Add or change one row as a person would in the mall's own screens."""
        if refusal := self.check(wish):
            return refusal
        code, sub_code = self._rules.fold(wish.code, wish.sub_code)
        if wish.gone:
            self._remove(self.items[code])
            return None
        now = self._clock.now()
        item = self._item_for(code, wish, now)
        if namesake := self._namesake((code, sub_code)):
            self.drop_parked(namesake.key)  # check() has made sure that it is parked
        row = self._rows.get((code, sub_code)) or self.park((code, sub_code), 0)
        if row.item is not None:  # a new row has no past worth keeping
            self._remember(row)
        self.parked.pop(row.key, None)
        row.item = item
        item.rows[sub_code] = row
        _apply(wish, row)
        row.updated = item.updated = now
        return None

    def put_all(self, wishes: Sequence[Wish]) -> Refusal | None:
        """Add or change many rows: all or none."""
        asked: dict[str, set[str]] = {}
        names: dict[str, Key] = {}
        for wish in wishes:
            if refusal := self.check(wish):
                return refusal
            code, sub_code = self._rules.fold(wish.code, wish.sub_code)
            if wish.gone:
                continue
            asked.setdefault(code, set()).add(sub_code)
            name = self._rules.name((code, sub_code)) if self._rules.name else ""
            if name and names.setdefault(name, (code, sub_code)) != (code, sub_code):
                return _taken(code, sub_code)
        # Each fits the shelf as it is; together they must fit each other as well.
        for code, sub_codes in asked.items():
            if "" in sub_codes and len(sub_codes) > 1:
                return _mixed(code)
            if len(sub_codes | self.rows_of(code).keys()) > ROWS_PER_ITEM_MAX:
                return _too_many(code)
        for wish in wishes:
            if refusal := self.put(wish):
                return refusal
        return None

    def park(self, key: Key, quantity: int) -> Row:
        """Make a row without an item; the caller has made sure that there is none."""
        now = self._clock.now()
        row = Row(key=key, quantity=quantity, created=now, updated=now)
        self._rows[key] = row
        self._by_code.setdefault(key[0], {})[key[1]] = row
        self.parked[key] = row
        if self._rules.name:
            self._by_name[self._rules.name(key)] = row
        if len(self.parked) > PARKED_MAX:
            self.drop_parked(next(iter(self.parked)))
        return row

    def drop_parked(self, key: Key) -> None:
        """Forget a parked row."""
        del self.parked[key]
        self._forget(key)

    def set_quantity(self, row: Row, quantity: int, moment: float | None = None) -> None:
        """Write an absolute quantity; the caller has checked the bounds.

        `moment` is the monotonic moment it takes effect: for what was due before anybody looked.
        """
        self._remember(row, moment)
        row.quantity = quantity
        row.updated = self._clock.now()

    def quantity_before(self, row: Row, age_s: float) -> int:
        """Return the quantity the row had so many seconds ago, as far as it is remembered."""
        moment = self._clock.monotonic() - age_s
        return next((units for ended, units in row.past if ended > moment), row.quantity)

    def take(self, row: Row, units: int) -> int:
        """Take an order's units off; returns how many really came off the quantity."""
        if row.fba:
            return 0
        taken = units
        if not self._rules.overdraft_goes_negative:
            taken = min(units, max(0, row.quantity))
        self.set_quantity(row, row.quantity - taken)
        return taken

    def put_back(self, row: Row, units: int) -> None:
        """Give units back, up to what the mall can count."""
        self.set_quantity(row, min(self._rules.quantity_max, row.quantity + units))

    # -- inside --------------------------------------------------------------------------------

    def _namesake(self, key: Key) -> Row | None:
        """Return another row that has this pair's name."""
        row = self._by_name.get(self._rules.name(key)) if self._rules.name else None
        return None if row is None or row.key == key else row

    def _remember(self, row: Row, moment: float | None = None) -> None:
        if self.remembers_s <= 0:
            return
        now = self._clock.monotonic() if moment is None else moment
        while row.past and row.past[0][0] < now - self.remembers_s:
            row.past.popleft()
        row.past.append((now, row.quantity))

    def _item_for(self, code: str, wish: Wish, now: float) -> Item:
        item = self.items.get(code)
        if item is not None and item.gone:
            self._by_number.remove(item)
            item = None
        if item is None:
            self._numbers += 1
            item = Item(self._numbers, code, wish.name or wish.code, now, now)
            self.items[code] = item
            self.revision += 1
            self._by_number.append(item)
            self.items_there += 1
        if wish.name is not None and not (wish.sub_code and item.rows):
            item.name = wish.name
        if wish.image is not None:
            item.image = wish.image
        return item

    def _remove(self, item: Item) -> None:
        item.gone = True
        self.revision += 1
        self.items_there -= 1
        item.updated = self._clock.now()
        for row in item.rows.values():
            row.item = None
            self._forget(row.key)
        item.rows.clear()

    def _forget(self, key: Key) -> None:
        del self._rows[key]
        if self._rules.name:
            del self._by_name[self._rules.name(key)]
        siblings = self._by_code[key[0]]
        del siblings[key[1]]
        if not siblings:
            del self._by_code[key[0]]


def _mixed(code: str) -> Refusal:
    return Refusal(409, f"{code!r}: a row without a sub_code cannot sit beside others.")


def _taken(code: str, sub_code: str) -> Refusal:
    return Refusal(409, f"{code!r} with {sub_code!r}: another row has this name.")


def _too_many(code: str) -> Refusal:
    return Refusal(409, f"{code!r} cannot have more than {ROWS_PER_ITEM_MAX} variations.")


def _apply(wish: Wish, row: Row) -> None:
    row.name = row.name or wish.code
    fields = ("jan", "name", "quantity", "overdraft", "lead_time_days", "restock_date", "fba")
    for name in fields:
        value = getattr(wish, name)
        if value is not None:
            setattr(row, name, value)
    if wish.axes is not None:
        row.axes = dict(wish.axes)
