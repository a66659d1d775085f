"""Everybody around zaiko: shoppers, staff with their hands in the mall, operators, and bad luck.

Each acts at random moments until the run grows calm; what a scenario has switched off never comes.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from engine.questions import (
    AdjustStock,
    ClearErrors,
    ControlMall,
    DeleteSkus,
    KeyChanged,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    SetStock,
    StartImport,
    StartReflect,
    StockFilter,
)
from tests.sim.pretend_mall import PretendMall

if TYPE_CHECKING:
    from tests.sim.house import House

EDITS_MAX = 5
"""Edits of one order; the engine merges the history of a line that waits beyond eight."""


class People:
    """All of them."""

    def __init__(self, house: "House", rng: random.Random) -> None:
        self.house = house
        self.rng = rng
        self.is_calm = False
        self._letters = 0
        scenario, clock = house.scenario, house.clock
        self.faults = scenario.faults
        for mall in house.malls:
            self._every(1.0 / mall.plan.shoppers_per_s, partial(self._shop, mall))
        self._every(10.0 * scenario.pace, self._deliver)
        self._every_if("edits", 9.0, self._edit_order)
        self._every_if("splits", 15.0, self._split)
        self._every_if("touches", 15.0, self._touch)
        self._every_if("hands", 50.0, self._edit_by_hand)
        self._every_if("operator", 30.0, self._operate)
        self._every_if("links", 20.0, self._relink)
        self._every_if("deletes", 100.0, self._delete)
        self._every_if("desk", 40.0, self._crash_desk)
        self._every_if("actors", 40.0, self._trouble_actor)
        self._every_if("outages", 60.0, self._outage)
        self._every_if("keys", 120.0, self._expire_key)
        self._every_if("items", 60.0, self._spoil_item)
        self._every_if("poison", 60.0, self._poison)
        if "calls" in self.faults:
            for mall in house.malls:
                mall.trouble_share = self.rng.choice((0.03, 0.15, 0.4))
                mall.slow_share = self.rng.choice((0.0, 0.1))
        if "overdue" in self.faults:
            for mall in house.malls:
                mall.overdue_share = 0.3
        if "bus" in self.faults:
            house.bus.loss = self.rng.choice((0.0, 0.02, 0.1))
            house.bus.doubling = self.rng.choice((0.0, 0.1))
            house.bus.slow = self.rng.choice((0.0, 0.02, 0.1))
        for place, mall in enumerate(house.malls):
            clock.after(scenario.import_at_s[place], partial(self._import, mall))
        for plan in scenario.listings:
            if plan.link_at_s is not None:
                clock.after(plan.link_at_s, partial(self._link, plan))

    # --- the rhythm ---------------------------------------------------------------------------

    def _every(self, mean_s: float, act: Callable[[], None]) -> None:
        def again() -> None:
            if self.is_calm:
                return
            act()
            self.house.clock.after(self.rng.expovariate(1 / mean_s), again)

        self.house.clock.after(self.rng.expovariate(1 / mean_s), again)

    def _every_if(self, fault: str, mean_s: float, act: Callable[[], None]) -> None:
        if fault in self.faults:
            self._every(mean_s * self.house.scenario.pace, act)

    def _say(self, what: str) -> None:
        self.house.trace.say(self.house.clock.now, "people", what)

    def number(self) -> int:
        self._letters += 1
        return self._letters

    # --- shoppers and staff -----------------------------------------------------------------------

    def _shop(self, mall: PretendMall) -> None:
        on_sale = [shelf.code for shelf in mall.shelves.values() if shelf.q > 0]
        if not on_sale:
            return
        codes = [self.rng.choice(on_sale) for _ in range(self.rng.choice((1, 1, 1, 2)))]
        wanted = [(code, self.rng.choice((1, 1, 1, 2, 3))) for code in codes]
        counts = "uncounted" not in self.faults or self.rng.random() < 0.7
        late_s = 0.0
        if "late_orders" in self.faults and self.rng.random() < 0.1:
            late_s = self.rng.uniform(1.0, 60.0)
        order = mall.buy(wanted, counts=counts, late_s=late_s)
        if order is None:
            return
        if "poison" in self.faults and self.rng.random() < 0.08:
            self._make_poison(mall, order.number)
        self.house.auditor.order_placed(mall, order.number)
        late = " late" if late_s else ""
        self._say(f"buy {order.number} {wanted}{late}{'' if counts else ' uncounted'}")

    def _some_order(self) -> tuple[PretendMall, str] | None:
        mall = self.rng.choice(self.house.malls)
        numbers = list(mall.orders)[-12:]
        return (mall, self.rng.choice(numbers)) if numbers else None

    def _edit_order(self) -> None:
        found = self._some_order()
        if found is None:
            return
        mall, number = found
        order = mall.orders[number]
        old = order.latest
        if old.cancelled or old.number >= EDITS_MAX:
            return
        unseen = old.number > self.house.auditor.books[number].version
        if self.rng.random() < 0.4:
            if unseen and old.is_raise:
                return
            mall.cancel(order)
            self._say(f"cancel {number}")
            return
        lines = {key: (line.code, line.quantity) for key, line in old.lines.items()}
        what = self.rng.choice(("cut", "raise", "add", "remove"))
        if unseen and old.number and old.is_raise is not (what in ("raise", "add")):
            # A raise and a cut between two looks at an order hide each other: nobody can know.
            return
        if what == "add":
            key = str(10 * (old.number + 1))
            lines[key] = (self.rng.choice(list(mall.shelves)), 1)
        elif lines:
            key = self.rng.choice(list(lines))
            code, quantity = lines[key]
            if what == "remove" and self._may_vanish(number, key):
                del lines[key]
            elif what == "remove":
                lines[key] = (code, 0)
            else:
                by = 1 if what == "raise" else -min(1, quantity)
                lines[key] = (code, quantity + by)
        mall.edit(order, lines)
        self._say(f"edit {number} {what} -> {lines}")

    def _may_vanish(self, number: str, key: str) -> bool:
        """A line that goes without a trace before anybody saw it is beyond what can be known."""
        book = self.house.auditor.books[number]
        is_seen = book.applied and key in book.order.versions[book.version].lines
        return bool(is_seen) and self.rng.random() < 0.5

    def _split(self) -> None:
        """Where a mall has orders with parents, staff splits one now and then."""
        found = self._some_order()
        if found is None or not found[0].plan.splits:
            return
        mall, number = found
        order = mall.orders[number]
        latest = order.latest
        if latest.cancelled or latest.number >= EDITS_MAX:
            return
        if latest.number > self.house.auditor.books[number].version and latest.is_raise:
            return
        keys = [key for key, line in latest.lines.items() if line.quantity]
        if not keys:
            return
        key = self.rng.choice(keys)
        child = mall.split(order, key, self.rng.randint(1, latest.lines[key].quantity))
        self.house.auditor.order_placed(mall, child.number)
        self._say(f"split {number} -> {child.number}")

    def _touch(self) -> None:
        found = self._some_order()
        if found is not None:
            mall, number = found
            order = mall.orders[number]
            if not order.latest.cancelled and order.latest.number < EDITS_MAX:
                mall.touch(order, counts=True)
                self._say(f"touch {number}")

    def _edit_by_hand(self) -> None:
        mall = self.rng.choice(self.house.malls)
        code = self.rng.choice(list(mall.shelves))
        quantity = max(0, mall.shelves[code].q + self.rng.choice((-2, -1, 1, 2)))
        mall.edit_by_hand(code, quantity)
        self._say(f"hand {mall.name} {code} = {quantity}")

    def _deliver(self) -> None:
        """Goods come in, some are found broken: totals that move both ways keep pushes coming."""
        sku = self.rng.choice(self.house.scenario.skus)
        self.house.adjust(sku, self.rng.choice((1, 1, 2, 4, -1)), is_twice=False)

    # --- bad luck -----------------------------------------------------------------------------

    def _make_poison(self, mall: PretendMall, number: str) -> None:
        order = mall.orders[number]
        now = self.house.clock.now
        order.poison = (now, now + self.rng.choice((20.0, 100.0, 1e9)))
        order.poison_names = self.rng.random() < 0.7
        order.poison_units = self.rng.random() < 0.6

    def _poison(self) -> None:
        found = self._some_order()
        if found is not None:
            self._make_poison(*found)
            self._say(f"poison {found[1]}")

    def _crash_desk(self) -> None:
        self.house.inventory.crash_next = self.rng.choice(("inside", "after", "between"))

    def _trouble_actor(self) -> None:
        place = self.rng.randrange(len(self.house.malls))
        what = self.rng.choice(("crash", "crash", "hang", "hang", "leave", "zombie"))
        self._say(f"{what} {self.house.malls[place].name}")
        self.house.trouble(place, what, self.rng.uniform(1.0, 20.0))

    def _outage(self) -> None:
        mall = self.rng.choice(self.house.malls)
        mall.down_until = self.house.clock.now + self.rng.uniform(2.0, 40.0)
        mall.down_as = self.rng.choice(("503", "500", "lost", "garbage"))
        self._say(f"outage {mall.name} {mall.down_as}")

    def _spoil_item(self) -> None:
        mall = self.rng.choice(self.house.malls)
        shelf = mall.shelves[self.rng.choice(list(mall.shelves))]
        if self.rng.random() < 0.6:
            shelf.is_bad = not shelf.is_bad
        else:
            shelf.is_missing = not shelf.is_missing
        self._say(f"{mall.name} {shelf.code} bad={shelf.is_bad} missing={shelf.is_missing}")

    def _expire_key(self) -> None:
        mall = self.rng.choice(self.house.malls)
        mall.key += 1
        if "grace" in self.faults and mall.plan.key_grace_s:
            grace_s = self.rng.uniform(0.0, mall.plan.key_grace_s)
            mall.key_works_at = self.house.clock.now + grace_s
        self._say(f"key of {mall.name} expired")
        self.house.clock.after(self.rng.uniform(5.0, 60.0), lambda: self.renew(mall))

    # --- operators ----------------------------------------------------------------------------

    def renew(self, mall: PretendMall) -> None:
        """A new key, and then clears until the mall runs again."""
        inventory = self.house.inventory
        inventory.keys.store(mall.name, mall.key, self.house.clock.now)
        inventory.ask(KeyChanged(self.number(), mall.name))
        inventory.ask(ClearErrors(self.number(), (), mall.name, "sim"))

    def _import(self, mall: PretendMall) -> None:
        self.house.inventory.ask(StartImport(self.number(), mall.name, "sim"))

    def _link(self, plan: object) -> None:
        self.house.link(plan)

    def _operate(self) -> None:
        house = self.house
        sku = self.rng.choice(house.scenario.skus)
        mall = self.rng.choice(house.malls)
        what = self.rng.choice(("adjust", "adjust", "set", "pause", "poll", "reflect", "import"))
        self._say(f"operator {what} {sku} {mall.name}")
        if what == "adjust":
            house.adjust(sku, self.rng.choice((-3, -1, 1, 2, 5)), is_twice=self.rng.random() < 0.5)
        elif what == "set":
            house.count(sku, self.rng.randint(0, 10))
        elif what == "pause":
            house.inventory.ask(ControlMall(self.number(), mall.name, "pause", "sim"))
            house.clock.after(
                self.rng.uniform(1.0, 30.0),
                lambda: house.inventory.ask(ControlMall(self.number(), mall.name, "resume", "sim")),
            )
        elif what == "poll":
            house.inventory.ask(ControlMall(self.number(), mall.name, "poll", "sim"))
        elif what == "import":
            self._import(mall)
        else:
            house.inventory.ask(
                StartReflect(
                    self.number(),
                    StockFilter(mall=mall.name),
                    all=True,
                    dry_run=False,
                    actor="sim",
                )
            )

    def _delete(self) -> None:
        """An operator deletes a SKU by mistake and imports it again."""
        house = self.house
        sku = self.rng.choice(house.scenario.skus)
        self._say(f"delete {sku}")
        for listing in house.auditor.listings.values():
            codes = [house.auditor.sku_codes[each] for each, _ in listing.links]
            if sku in codes or listing.shelf.code.startswith("set"):
                listing.shelf.is_reborn = listing.shelf.was_edited = True
        house.inventory.ask(DeleteSkus(self.number(), (sku,), "sim"))
        for mall in house.malls:
            house.clock.after(self.rng.uniform(1.0, 20.0), partial(self._import, mall))

    def _relink(self) -> None:
        house = self.house
        plan = self.rng.choice(house.scenario.listings)
        mall = house.malls[plan.mall]
        if mall.plan.is_base or len(plan.links) > 1 or plan.code.startswith("set"):
            return
        own = plan.code.split("-at-")[0]
        other = self.rng.choice(house.scenario.skus)
        what = self.rng.choice(("again", "conflict"))
        self._say(f"relink {mall.name} {plan.code} {what} {other}")
        if what == "again":
            house.relink(mall.name, plan.code, own, pause_s=self.rng.choice((0.0, 2.0, 30.0)))
        elif other != own:
            house.conflict(mall.name, plan.code, other, pause_s=self.rng.uniform(1.0, 40.0))

    # --- calm ---------------------------------------------------------------------------------

    def calm(self) -> None:
        """No more faults, orders or hands; what was broken is mended."""
        self.is_calm = True
        house = self.house
        house.bus.calm()
        house.inventory.crash_next = ""
        for mall in house.malls:
            mall.trouble_share = mall.slow_share = 0.0
            mall.down_until = 0.0
            for shelf in mall.shelves.values():
                shelf.is_bad = shelf.is_missing = False
            for order in mall.orders.values():
                order.poison = (0.0, 0.0)

    def mend(self) -> None:
        """What an operator does about whatever is still wrong: asked again until it works."""
        house = self.house
        for mall in house.malls:
            has_all = len(house.auditor.totals) == len(house.scenario.skus)
            if not house.is_imported(mall) or not has_all:
                self._import(mall)
            if house.inventory.keys.versions.get(mall.name, 1) != mall.key or house.is_halted(mall):
                self.renew(mall)
            if house.is_paused(mall):
                house.inventory.ask(ControlMall(self.number(), mall.name, "resume", "sim"))
        house.inventory.ask(LinkAuto(self.number(), None, "sim"))

    def link_letter(self, mall: str, sku: str, code: str, *, is_add: bool) -> None:
        letter = LinkAdd if is_add else LinkRemove
        self.house.inventory.ask(letter(self.number(), sku, mall, code, "", "sim"))

    def set_letter(self, sku: str, quantity: int) -> None:
        self.house.inventory.ask(SetStock(self.number(), sku, quantity, "sim"))

    def adjust_letter(self, sku: str, delta: int, key: str) -> None:
        self.house.inventory.ask(AdjustStock(self.number(), sku, delta, "sim", "sim", key))
