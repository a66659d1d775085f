"""One turn: one transaction over the letters that waited, and what leaves after its commit."""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import Raw

from actors.desk.account import Account
from actors.store import Connection
from actors.store.fault_rows import identity_of
from actors.store.movement_rows import MovementRow, OrderMovementRow
from actors.store.store import Store
from engine.fault_record import (
    FamilyGood,
    FaultRecord,
    FaultState,
    Good,
    ListingGood,
    fault_key,
    is_degrading,
    is_healed,
    seen,
)
from engine.faults import Family, FaultKind, FaultSpec
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
        family: Family,
        subject: str,
        code: str,
        spec: FaultSpec,
    ) -> None:
        """Opens a fault or counts it up; tells of a new one."""
        name, mall_id = ("", None) if account is None else (account.name, account.id)
        key = fault_key(spec, name, subject=subject, family=family, code=code)
        identity = identity_of(key)
        row = self.store.faults.open_with(self.connection, identity)
        before = None if row is None else row.record(name)
        record = seen(before, key, spec, code=code, at=self.now)
        self.store.faults.write(self.connection, mall_id, identity, record)
        if before is None:
            action = "oversold" if spec.kind is FaultKind.OVERSOLD else "fault"
            self.tell(action, account, subject, (spec.message, spec.message_en))

    def heal(self, account: Account | None, good: Good) -> bool:
        """Resolves the open faults that good news ends; whether its mall is still degraded."""
        if isinstance(good, FamilyGood):
            subject = ""
        else:
            subject = good.subject if isinstance(good, ListingGood) else good.key.subject
        name, mall_id = ("", None) if account is None else (account.name, account.id)
        rows = self.store.faults.open_of_subject(self.connection, mall_id, subject)
        records = [row.record(name) for row in rows]
        healed = [record for record in records if is_healed(record, good)]
        self._resolve(account, healed)
        return any(is_degrading(record) for record in records if record not in healed)

    def drop_faults(self, account: Account | None, subject: str) -> None:
        """What was in trouble is here no more: its open faults end."""
        name, mall_id = ("", None) if account is None else (account.name, account.id)
        rows = self.store.faults.open_of_subject(self.connection, mall_id, subject)
        self._resolve(account, [row.record(name) for row in rows])

    def _resolve(self, account: Account | None, records: list[FaultRecord]) -> None:
        ids = [record.id for record in records]
        self.store.faults.set_state(self.connection, ids, str(FaultState.RESOLVED), self.now)
        for record in records:
            self.tell("healed", account, record.subject, (record.message, record.message_en))

    # --- the ledger ---------------------------------------------------------------------------

    def move(self, rows: list[MovementRow]) -> None:
        """Appends movements; each row's `total` is the total after it."""
        self.store.movements.append(self.connection, rows)
        self.wake_all()

    def move_orders(self, rows: list[OrderMovementRow]) -> None:
        """The same for movements of order lines."""
        self.store.movements.append_orders(self.connection, rows)
        self.wake_all()
