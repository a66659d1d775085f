"""A whole house in one process: desk, actors, malls and people on one virtual clock, from a seed.

First chaos: everything the scenario allows goes wrong while shoppers buy, and the auditor looks
after every step. Then calm: faults and orders stop, time runs on, and all must converge.
"""

import random
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection

from actors.desk.desk import Desk
from actors.desk.linking import begin_links
from actors.desk.turn import Turn
from config.settings import Settings
from engine.push import is_suspect
from engine.push_state import ListingPush, PushCall
from tests.sim.actor import Actor
from tests.sim.auditor import Auditor
from tests.sim.bus import Bus
from tests.sim.clock import START, Clock
from tests.sim.fleet import draw_fleet
from tests.sim.inventory import Inventory
from tests.sim.listing_audit import Listing
from tests.sim.people import People
from tests.sim.pretend_mall import PretendMall
from tests.sim.scenario import ListingPlan, Scenario, draw
from tests.sim.trace import Trace

RESTART_S = 1.5
"""From an actor's death to the next one's start."""
LEASE_FRESH_S = 12.0
HEARTBEAT_S = 4.0
MEND_S = 20.0


@dataclass
class Ran:
    """What a run came to."""

    seed: int
    fleet: bool
    digest: int
    events: int
    turns: int
    virtual_s: float
    proofs: int
    error: BaseException | None = None
    last: tuple[str, ...] = ()


def pulses_of(scenario: Scenario) -> Settings:
    """The house's own settings, as far as a run needs them: heartbeats and leases."""
    return Settings(
        state_dir=Path(),
        base_mall=next(plan.settings.name for plan in scenario.malls if plan.is_base),
        malls=tuple(plan.settings for plan in scenario.malls),
        source=Path(),
        database="",
        heartbeat_interval_s=HEARTBEAT_S * scenario.pace,
        lease_fresh_s=LEASE_FRESH_S * scenario.pace,
    )


class House:
    """See the module's text."""

    def __init__(self, scenario: Scenario, kept: int = 60) -> None:
        self.scenario = scenario
        self.clock = Clock()
        self.trace = Trace(kept)
        self._seeds = random.Random(scenario.seed + 1)
        self.bus = Bus(self.clock, self._random())
        self.malls = [PretendMall(plan, self.clock, self._random()) for plan in scenario.malls]
        for listing in scenario.listings:
            mall = self.malls[listing.mall]
            mall.add_shelf(listing.code, listing.sku_code, listing.quantity)
        self.pulses = pulses_of(scenario)
        self.inventory = Inventory(
            scenario, self.clock, self.bus, self.trace, self._random(), self.pulses
        )
        self.auditor = Auditor(self.inventory, self.malls, self.trace)
        self.actors: list[Actor | None] = [None for _ in self.malls]
        self._processes = 0
        for place, plan in enumerate(scenario.malls):
            self.clock.after(plan.starts_after_s, partial(self._start, place))
        self.people = People(self, self._random())
        self.calm_at: float | None = None
        self.steps = 0

    def _random(self) -> random.Random:
        return random.Random(self._seeds.getrandbits(64))

    # --- actors -------------------------------------------------------------------------------

    def _start(self, place: int) -> None:
        present = self.actors[place]
        if present is not None and present.is_alive:
            return
        self._processes += 1
        mall = self.malls[place]
        name = f"{mall.name}.{self._processes}"
        actor = Actor(
            self.clock,
            self.bus,
            mall,
            self.trace,
            self._random(),
            instance=name,
            pulses=self.pulses,
        )
        actor.gateway.called = self.auditor.called
        actor.gateway.was_read = self.auditor.was_read
        actor.polling.snapshot_made = self.auditor.snapshot_made
        self.actors[place] = actor
        actor.start()
        self._watch(place, actor)

    def _watch(self, place: int, actor: Actor) -> None:
        """The supervisor: a process that left or died is started again."""

        def look() -> None:
            if self.actors[place] is not actor:
                return
            if not actor.is_alive:
                self.clock.after(RESTART_S, lambda: self._start(place))
                return
            self.clock.after(0.7, look)

        self.clock.after(0.7, look)

    def trouble(self, place: int, what: str, seconds: float) -> None:
        actor = self.actors[place]
        if actor is None:
            return
        if what == "crash":
            actor.die()
        elif what == "hang":
            actor.hang(seconds)
        elif what == "leave":
            actor.drain()
        else:
            # The supervisor takes a hanging process for dead, and it wakes up after all.
            actor.hang(seconds)
            self.actors[place] = None
            self._start(place)
            self.clock.after(seconds + 8.0, actor.die)

    # --- operators' work that needs more than a letter -----------------------------------------

    def adjust(self, sku: str, delta: int, *, is_twice: bool) -> None:
        key = f"key-{self.people.number()}"
        self.auditor.adjusted[key] = delta
        for _ in range(2 if is_twice else 1):
            self.people.adjust_letter(sku, delta, key)

    def count(self, sku: str, quantity: int) -> None:
        self.auditor.counted.setdefault(sku, []).append((self.clock.now, quantity))
        self.people.set_letter(sku, quantity)

    def relink(self, mall: str, code: str, sku: str, pause_s: float) -> None:
        self.people.link_letter(mall, sku, code, is_add=False)
        self.clock.after(pause_s, lambda: self.people.link_letter(mall, sku, code, is_add=True))

    def conflict(self, mall: str, code: str, sku: str, pause_s: float) -> None:
        self.people.link_letter(mall, sku, code, is_add=True)
        self.clock.after(pause_s, lambda: self.people.link_letter(mall, sku, code, is_add=False))

    def link(self, plan: Any) -> None:
        """Writes the links of a bundle, for which there is no letter yet; waits for its import."""
        assert isinstance(plan, ListingPlan)
        mall = self.malls[plan.mall]
        if not self._can_link(plan, mall.name):
            self.clock.after(3.0, lambda: self.link(plan))
            return

        def write(desk: Desk, connection: Connection) -> None:
            turn = Turn(self.inventory.store, connection, self.clock.now, desk.accounts)
            skus = desk.store.listings.skus_by_code(connection, [sku for sku, _ in plan.links])
            account = next(each for each in desk.accounts.values() if each.name == mall.name)
            (listing_id,) = [
                row.id for row in self.auditor.listings.values()
                if row.shelf.code == plan.code and row.mall is mall
            ]  # fmt: skip
            desk.store.listings.link(
                connection,
                [(listing_id, skus[sku].id, account.id, units) for sku, units in plan.links],
            )
            begin_links(turn, account, [listing_id])

        self.trace.say(self.clock.now, "people", f"link {mall.name} {plan.code} {plan.links}")
        self.inventory.write(write)

    def _can_link(self, plan: ListingPlan, mall: str) -> bool:
        if self.inventory.desk is None:
            return False
        codes = set(self.auditor.sku_codes.values())
        if not {sku for sku, _ in plan.links} <= codes:
            return False
        rows = self.auditor.query(
            "SELECT l.id FROM listing l JOIN mall m ON m.id = l.mall_id LEFT JOIN link k"
            " ON k.listing_id = l.id WHERE m.name = ? AND l.code = ? AND k.sku_id IS NULL",
            mall,
            plan.code,
        )
        return bool(rows)

    def is_imported(self, mall: PretendMall) -> bool:
        rows = self.auditor.query(
            "SELECT j.id FROM import_job j JOIN mall m ON m.id = j.mall_id WHERE m.name = ?"
            " AND j.state = 'done'",
            mall.name,
        )
        return bool(rows)

    def is_halted(self, mall: PretendMall) -> bool:
        return self._fact(mall, "is_halted")

    def is_paused(self, mall: PretendMall) -> bool:
        return self._fact(mall, "is_paused")

    def _fact(self, mall: PretendMall, column: str) -> bool:
        rows = self.auditor.query(f"SELECT {column} FROM mall WHERE name = ?", mall.name)  # noqa: S608
        return bool(rows and rows[0][0])

    # --- the run ------------------------------------------------------------------------------

    def run(self) -> None:
        """Raises AssertionError where something is wrong."""
        chaos_end = START + self.scenario.chaos_s
        while self.clock.now < chaos_end:
            self._step()
        self.people.calm()
        self.calm_at = self.clock.now
        self.trace.say(self.clock.now, "people", "calm")
        self._mend()
        limit = self.clock.now + self.scenario.calm_s_max
        why = "nothing was looked at"
        look_at = self.clock.now
        while self.clock.now < limit:
            self._step()
            if self.clock.now < look_at:
                continue
            look_at = self.clock.now + 1.0
            why = self._unsettled()
            if not why:
                self.auditor.check_ledger()
                return
        raise AssertionError(f"no convergence within {self.scenario.calm_s_max} s: {why}")

    def _mend(self) -> None:
        self.people.mend()
        self.clock.after(MEND_S, self._mend)

    def _step(self) -> None:
        self.steps += 1
        assert self.clock.step(), "nothing is planned any more"
        self.auditor.look()

    def close(self) -> None:
        self.inventory.close()

    # --- convergence ----------------------------------------------------------------------------

    def _unsettled(self) -> str:
        """What has not converged yet, "" for nothing."""
        auditor = self.auditor
        if self.inventory.desk is None:
            return "the desk is down"
        if auditor.parked:
            rows = auditor.query("SELECT number FROM parked_order WHERE is_dismissed = 0")
            if rows:
                return f"parked: {rows}"
        for mall in self.malls:
            for number, order in mall.orders.items():
                dismissed = number in auditor.parked
                if auditor.books[number].version != order.latest.number and not dismissed:
                    return f"{number} is applied up to {auditor.books[number].version}"
        opened = [sku for sku, total in auditor.totals.items() if total is not None]
        if len(opened) != len(self.scenario.skus):
            return f"opened are {opened}"
        for listing in auditor.listings.values():
            why = self._unlevel(listing)
            if why:
                return f"{listing.mall.name} {listing.shelf.code} (listing {listing.id}) {why}"
        return self._waiting_line()

    def _waiting_line(self) -> str:
        rows = self.auditor.query(
            "SELECT w.number, w.line FROM waiting_line w JOIN listing l ON l.mall_id = w.mall_id"
            " AND l.ref = w.ref JOIN link k ON k.listing_id = l.id WHERE l.is_conflict = 0"
        )
        return f"lines wait although they are linked: {rows}" if rows else ""

    def _unlevel(self, listing: Listing) -> str:
        if not listing.links:
            return ""
        auditor = self.auditor
        state = auditor.states.get(listing.id)
        offer = auditor.listing_audit.offer(listing)
        if state is None or offer is None:
            return f"has state {state} and offer {offer}"
        if isinstance(state.call, PushCall) or state.doubtful or state.quarantined:
            return f"is busy: {state}"
        rules = auditor.listing_audit.rules[listing.mall.name]
        # Audits never end; a listing that is merely being looked at is level.
        calm = replace(state, audit_due=False, call=None)
        if not state.known or is_suspect(calm, rules):
            return f"is suspect: {state}"
        return self._unequal(listing, state, offer)

    def _unequal(self, listing: Listing, state: ListingPush, offer: int) -> str:
        shelf, settings = listing.shelf, listing.mall.plan.settings
        target = max(0, offer + state.held)
        is_below_zero = shelf.q < 0 and target == 0 and listing.mall.plan.below_zero == "negative"
        if shelf.landing or (shelf.q != target and not is_below_zero):
            return f"shows {shelf.q}, its target is {target}: {state}"
        if shelf.edits:
            return f"has hand edits that no comparison took in: {state}"
        if state.held:
            may_hold = settings.on_difference == "report"
            first = settings.on_first_difference == "report"
            if not (may_hold or first):
                return f"holds {state.held} although differences are repaired"
            if not (self._has_excuse(listing) or first):
                return f"holds a difference that nobody made: {state}"
            return ""
        if is_below_zero:
            return ""
        assert self.calm_at is not None
        since = self.calm_at + listing.mall.plan.offset_s
        if state.proven_at is None or state.proven_at < since:
            return f"is not proven since the calm: {state}"
        return ""

    def _has_excuse(self, listing: Listing) -> bool:
        """Whether a bound was broken or somebody edited by hand, so that a difference may stand."""
        mall = listing.mall
        if listing.shelf.was_edited:
            return True
        if any(order.is_late for order in mall.orders.values()):
            return True
        is_poisoned = "poison" in self.scenario.faults
        is_atomic_lie = mall.plan.settings.bulk_is_atomic and not mall.plan.is_atomic
        return is_poisoned or is_atomic_lie


def simulate(seed: int, *, fleet: bool = False, kept: int = 60) -> Ran:
    """One run, of a mixed fleet or a plain house; an AssertionError of it is in the result."""
    house = House(draw_fleet(seed) if fleet else draw(seed), kept)
    error: BaseException | None = None
    try:
        house.run()
    except AssertionError as found:
        error = found
    finally:
        house.close()
    return Ran(
        seed=seed,
        fleet=fleet,
        digest=house.trace.digest,
        events=house.trace.count,
        turns=house.steps,
        virtual_s=house.clock.now - START,
        proofs=house.auditor.listing_audit.proofs,
        error=error,
        last=tuple(house.trace.last),
    )
