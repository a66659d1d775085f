"""One turn: one transaction over the letters that waited, and what leaves after its commit."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from actors.desk.account import Account
from actors.store import Connection
from actors.store.fault_rows import FaultAbout
from actors.store.movement_rows import MovementRow, OrderMovementRow
from actors.store.store import Store
from engine.faults import Family, FaultSpec, Level
from engine.messages import (
    ToMall,
)
from engine.questions import (
    Answer,
    Denied,
    Event,
    ToClient,
)

BODY_ENCODER = msgspec.msgpack.Encoder()


class Turn:
    """What one transaction reads and writes; replies, wake-ups and events wait for its commit."""

    def __init__(
        self, store: Store, connection: Connection, now: float, accounts: Mapping[int, Account]
    ) -> None:
        self.store = store
        self.connection = connection
        self.now = now
        """This machine's clock, the same for the whole turn."""
        self.accounts = accounts
        self.letters: list[tuple[bytes, ToMall | ToClient]] = []
        self.wakes_pull: set[int] = set()
        self.wakes_poll: set[int] = set()
        self.events: list[Event] = []
        self.parked_changed = False
        self.no_rise: frozenset[int] = frozenset()
        """SKUs that an older parked order names: nothing of theirs may rise (S2)."""
        self.orders_seen = 0
        self.risen: set[int] = set()
        """SKUs that are oversold no more."""

    def reply(self, receiver: bytes, letter: ToMall | ToClient) -> None:
        """A letter that leaves after the commit."""
        self.letters.append((receiver, letter))

    def answer(self, receiver: bytes, question: int, body: Any) -> None:
        """The answer to an operator's question."""
        self.reply(receiver, Answer(question, Raw(BODY_ENCODER.encode(body))))

    def deny(
        self, receiver: bytes, question: int, exit_code: int, sentences: tuple[str, str]
    ) -> None:
        """A refusal in Japanese and English."""
        self.reply(receiver, Denied(question, exit_code, *sentences))

    def tell(
        self,
        action: str,
        account: Account | None,
        subject: str,
        sentences: tuple[str, str],
        quantity: int | None = None,
    ) -> None:
        """An event for whoever watches, in Japanese and English."""
        name = "" if account is None else account.name
        self.events.append(Event(self.now, action, name, subject, *sentences, quantity))

    def wake_all(self, but: Iterable[int] = ()) -> None:
        """Every mall may have something to pull."""
        self.wakes_pull.update(set(self.accounts) - set(but))

    # --- faults -------------------------------------------------------------------------------

    def fault(
        self,
        account: Account | None,
        family: Family | str,
        subject: str,
        code: str,
        spec: FaultSpec,
    ) -> None:
        """Opens a fault or counts it up; tells of a new one."""
        mall_id = None if account is None else account.id
        about = FaultAbout(mall_id, str(family), subject, code)
        if self.store.faults.see(self.connection, about, spec, self.now):
            self.tell("fault", account, subject, (spec.message, spec.message_en))

    def heal(
        self,
        account: Account | None,
        *,
        subject: str = "",
        families: Collection[str] = (),
        kinds: Collection[str] = (),
    ) -> int:
        """Resolves open level-8 faults of a subject, all or those of some families and kinds.

        How many level-8 faults of the subject are open afterwards.
        """
        mall_id = None if account is None else account.id
        rows = [
            row
            for row in self.store.faults.open_of_subject(self.connection, mall_id, subject)
            if row.level == Level.TRANSIENT
        ]
        healed = [
            row
            for row in rows
            if (not families or row.family in families) and (not kinds or row.kind in kinds)
        ]
        ids = [row.id for row in healed]
        self.store.faults.set_state(self.connection, ids, "resolved", self.now)
        for row in healed:
            self.tell("healed", account, row.subject, (row.message, row.message_en))
        return len(rows) - len(healed)

    # --- the ledger ---------------------------------------------------------------------------

    def move(self, rows: list[MovementRow]) -> None:
        """Appends movements; each row's `total` is the total after it."""
        self.store.movements.append(self.connection, rows)
        self.wake_all()

    def move_orders(self, rows: list[OrderMovementRow]) -> None:
        """The same for movements of order lines."""
        self.store.movements.append_orders(self.connection, rows)
        self.wake_all()
