"""The inventory in a process that crashes: the real Desk over the real store in memory.

    crash inside   an exception at any statement of a turn: its transaction rolls back
    crash after    the turn is committed, and none of its replies leaves
    crash between  some replies leave, the rest do not

A crash drops the Desk; a new one is built on the same database a little later. What the database
holds survives, and nothing else does.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from actors.desk.desk import Desk, Incoming, Outgoing
from actors.desk.leases import House
from actors.keys import StoredKey
from actors.store.schema import METADATA
from actors.store.store import Store
from config.settings import Settings
from engine.messages import OrdersRead, Refused
from tests.sim.actor import TOKEN
from tests.sim.bus import Bus
from tests.sim.clock import Clock
from tests.sim.scenario import Scenario
from tests.sim.trace import Trace

TICK_S = 1.0
OPERATOR = b"operator"

_STORE: list[Store] = []
"""One store a process: compiling its statements takes longer than a short run."""


class Crash(BaseException):
    """Ends the inventory in the middle of a turn; no handler of the desk may catch it."""


class Keyring:
    """The key files: a version a mall."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.changed_at: dict[str, float] = {}

    def read(self, mall: str) -> StoredKey | None:
        version = self.versions.get(mall, 1)
        return StoredKey(
            version=version,
            changed_at=self.changed_at.get(mall, 0.0),
            credentials={"key": str(version)},
        )

    def store(self, mall: str, version: int, now: float) -> None:
        """An operator's new key; the same one again changes nothing."""
        if self.versions.get(mall, 1) != version:
            self.versions[mall], self.changed_at[mall] = version, now

    def rotate(self, mall: str, credentials: Mapping[str, str], version: int) -> bool:
        raise AssertionError("no pretend mall rotates keys")


def fresh_store() -> Store:
    """An empty store; the last one is used up."""
    if not _STORE:
        _STORE.append(Store(None))
    store = _STORE[0]
    with store.engine.begin() as connection:
        for table in METADATA.sorted_tables:
            connection.execute(table.delete())
        connection.exec_driver_sql("DELETE FROM sqlite_sequence")
    return store


class Inventory:
    """Takes letters in, serves them in turns, and crashes when told to."""

    def __init__(
        self, scenario: Scenario, clock: Clock, bus: Bus, trace: Trace, rng: random.Random,
        pulses: Settings,
    ) -> None:  # fmt: skip
        self.scenario, self.clock, self.bus, self.trace, self.rng = (
            scenario, clock, bus, trace, rng,
        )  # fmt: skip
        self._lease_fresh_s = pulses.lease_fresh_s
        self._tick_s = TICK_S * scenario.pace
        self.keys = Keyring()
        self.store = fresh_store()
        self.desk: Desk | None = None
        self.crash_next = ""
        self.committed: Callable[[Sequence[Incoming], Outgoing | None], None] = lambda *_: None
        """Told after every turn that may have changed something; None: its letters were lost."""
        self.sent: Callable[[bytes, Any], None] = lambda *_: None
        self.crashes = 0
        self._queue: list[Incoming] = []
        self._is_planned = False
        self._statements_left = -1
        self._statements = _Statements(self)
        bus.desk = self.deliver
        self._rise()
        clock.after(self._tick_s, self._tick)

    def close(self) -> None:
        self._statements.remove()

    # --- life ---------------------------------------------------------------------------------

    def _rise(self) -> None:
        plans = self.scenario.malls
        base = next(plan.settings.name for plan in plans if plan.is_base)
        house = House(TOKEN, self._lease_fresh_s, self.keys)
        self.desk = Desk(self.store, [(plan.settings, plan.card) for plan in plans], base, house)

    def crash(self) -> None:
        """The process is gone; letters it had not served are gone with it."""
        self.desk = None
        self.crashes += 1
        self._queue.clear()
        self.trace.say(self.clock.now, "desk", "crashed")
        self.clock.after(self.rng.uniform(0.3, 6.0), self._restart)

    def _restart(self) -> None:
        if self.desk is None:
            self._rise()
            self.trace.say(self.clock.now, "desk", "started")

    def statement(self) -> None:
        """One more statement of the present turn."""
        if self._statements_left > 0:
            self._statements_left -= 1
            if self._statements_left == 0:
                raise Crash

    # --- turns --------------------------------------------------------------------------------

    def deliver(self, sender: bytes, letter: Any) -> None:
        if self.desk is None:
            return
        self._queue.append(Incoming(sender, letter))
        if not self._is_planned:
            self._is_planned = True
            self.clock.after(self.rng.uniform(0.0005, 0.01), self._serve)

    def _serve(self) -> None:
        self._is_planned = False
        if self.desk is None or not self._queue:
            return
        batch = self._batch()
        if self._queue:
            self._is_planned = True
            self.clock.after(0.0005, self._serve)
        desk, now = self.desk, self.clock.now
        names = " ".join(type(incoming.letter).__name__ for incoming in batch)
        self.trace.say(now, "desk", names)
        self._turn(batch, lambda: desk.serve(batch, now))

    def _batch(self) -> list[Incoming]:
        """Letters of one turn: never two that may show one order, so that each can be audited."""
        batch: list[Incoming] = []
        shown: set[str] = set()
        while self._queue and len(batch) < self.scenario.batch_max:
            incoming = self._queue[0]
            if isinstance(incoming.letter, OrdersRead):
                orders = {order.order for order in incoming.letter.orders}
                if shown & orders:
                    break
                shown |= orders
            elif incoming.sender == OPERATOR and batch:
                break
            batch.append(self._queue.pop(0))
            if incoming.sender == OPERATOR:
                break
        return batch

    def _tick(self) -> None:
        self.clock.after(self._tick_s, self._tick)
        if self.desk is not None:
            desk, now = self.desk, self.clock.now
            self._turn([], lambda: desk.tick(now))

    def _turn(self, batch: Sequence[Incoming], act: Callable[[], Outgoing]) -> None:
        crash, self.crash_next = self.crash_next, ""
        self._statements_left = self.rng.randint(1, 40) if crash == "inside" else -1
        try:
            outgoing = act()
        except Crash:
            self.committed(batch, None)
            self.crash()
            return
        self._statements_left = -1
        for name, error in outgoing.bugs:
            raise AssertionError(f"the desk refused {name}") from error
        letters = list(outgoing.letters)
        if crash == "after":
            letters = []
        elif crash == "between":
            letters = letters[: self.rng.randint(0, len(letters))]
        self.committed(batch, outgoing)
        for receiver, letter in letters:
            self.sent(receiver, letter)
            if receiver != OPERATOR:
                self.bus.to_actor(receiver, letter)
            elif isinstance(letter, Refused):
                raise AssertionError(letter)
        if crash:
            self.crash()

    def ask(self, letter: Any) -> None:
        """An operator's letter."""
        self.deliver(OPERATOR, letter)

    def write(self, act: Callable[[Desk, Connection], None]) -> bool:
        """Something for which there is no letter yet, in a transaction of its own."""
        if self.desk is None:
            return False
        with self.store.engine.begin() as connection:
            act(self.desk, connection)
        self.committed([], Outgoing([], []))
        return True


class _Statements:
    """Counts the statements of a turn, before the database hears of them.

    It stands in front of the library's own methods: what is raised inside of them would close the
    connection, and with it a database that lives in memory.
    """

    NAMES = ("exec_driver_sql", "execute")

    def __init__(self, inventory: Inventory) -> None:
        self._plain = {name: getattr(Connection, name) for name in self.NAMES}
        for name, plain in self._plain.items():
            setattr(Connection, name, self._counting(plain, inventory))

    @staticmethod
    def _counting(plain: Any, inventory: Inventory) -> Any:
        def counting(connection: Connection, statement: Any, *values: Any, **named: Any) -> Any:
            if statement != "BEGIN IMMEDIATE":
                inventory.statement()
            return plain(connection, statement, *values, **named)

        return counting

    def remove(self) -> None:
        for name, plain in self._plain.items():
            setattr(Connection, name, plain)
