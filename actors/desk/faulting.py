"""Faults of malls: what their lanes report, what halts, and what an operator clears (section 6).

A clear of a level 9 checks the credential first: the check is pulled by the mall's lane, and the
operator's question waits here, bounded, until it is answered.
"""

import itertools
from collections.abc import Sequence

from msgspec import Struct

from actors.desk.account import Account
from actors.desk.leases import House, end_countdown, lane_order, note_key, order_lane
from actors.desk.turn import Turn
from actors.store.fault_rows import FaultRow
from engine.fault_record import (
    DAY_S,
    WARNING_DAYS,
    days_left,
    expiry_warning,
    is_degrading,
    is_halting,
)
from engine.fault_record import FamilyGood as FamilyAnswered
from engine.faults import Family, FaultKind, Level, key_expiry_spec
from engine.lane import LaneEvent
from engine.messages import (
    Ack,
    CredentialsChecked,
    CredentialsRotated,
    FamilyGood,
    FaultSeen,
)
from engine.questions import (
    ClearedView,
    ClearErrors,
    KeyChanged,
)

CHECK_WAIT_S_MAX = 45.0
"""How long an operator's clear waits for the credential check of its mall."""
CLEARS_WAITING_MAX = 20
"""Clears that may wait at once; a further one is refused."""


class WaitingClear(Struct):
    """A clear that waits for its credential check."""

    receiver: bytes
    question: int
    account: Account
    fault_ids: list[int]
    """Level-9 faults to clear when the check is good."""
    cleared: list[int]
    """What was cleared at once."""
    until: float


class Faulting:
    """Faults of malls and the clears that wait; lives as long as the inventory."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._checks = itertools.count(1)
        self._waiting: dict[int, WaitingClear] = {}

    # --- what lanes report --------------------------------------------------------------------

    def fault_seen(self, turn: Turn, account: Account, letter: FaultSeen, sender: bytes) -> None:
        """Records it; a level 9 of a family the lane needs halts the mall."""
        turn.fault(account, letter.family, letter.subject, letter.code, letter.spec)
        if letter.halts or (not letter.subject and is_halting(letter.spec.level, letter.family)):
            account.step(LaneEvent.FAULT_9)
        elif letter.subject == "" and letter.spec.level is Level.TRANSIENT:
            account.step(LaneEvent.FAULT_8)
        turn.reply(sender, lane_order(account, letter.id, self._house))

    def family_good(self, turn: Turn, account: Account, letter: FamilyGood, sender: bytes) -> None:
        """A good answer of a family resolves the mall's faults of that family."""
        is_degraded = turn.heal(account, FamilyAnswered(account.name, letter.family))
        if not is_degraded:
            account.step(LaneEvent.RESOLVED_8)
        turn.reply(sender, Ack(letter.id))

    def rotated(
        self, turn: Turn, account: Account, letter: CredentialsRotated, sender: bytes
    ) -> None:
        """A rotated token is stored before it is used: the reply says that it is."""
        self._house.keys.rotate(account.name, letter.credentials, account.row.credentials_version)
        turn.reply(sender, Ack(letter.id))

    # --- keys and clears ----------------------------------------------------------------------

    def key_changed(
        self, turn: Turn, account: Account, letter: KeyChanged, receiver: bytes
    ) -> None:
        """`key set` stored another key: the lane gets it; a halted mall stays halted."""
        note_key(turn, account, self._house)
        order_lane(turn, account, self._house)
        turn.answer(receiver, letter.id, {})

    def clear(
        self,
        turn: Turn,
        accounts: Sequence[Account],
        letter: ClearErrors,
        receiver: bytes,
    ) -> None:
        """エラー削除. A level 9 goes only with a working credential."""
        by_mall = {account.id: account for account in accounts}
        rows = self._chosen(turn, letter, by_mall)
        if rows is None:
            turn.deny(
                receiver,
                letter.id,
                2,
                (
                    "そのエラーはありません。zaiko errors list で番号を確かめてください。",
                    "There is no such error; look at its number with: zaiko errors list",
                ),
            )
            return
        heavy = [row for row in rows if row.level == Level.CREDENTIALS and row.state == "open"]
        light = [row for row in rows if row not in heavy]
        malls = {row.mall_id for row in heavy}
        if len(malls) > 1:
            turn.deny(
                receiver,
                letter.id,
                2,
                (
                    "レベル9は一つのモールずつ削除してください。",
                    "Clear level-9 errors of one mall at a time.",
                ),
            )
            return
        account = by_mall.get(malls.pop() or 0) if malls else None
        if account is not None and not self._may_check(turn, account, letter, receiver):
            return
        self._dismiss(turn, light, by_mall)
        cleared = [row.id for row in light]
        turn.store.faults.set_state(turn.connection, cleared, "cleared", turn.now)
        self._release_degraded(turn, light, by_mall)
        if account is None:
            turn.answer(receiver, letter.id, ClearedView(cleared=tuple(cleared), resumed=()))
            return
        key = self._house.keys.read(account.name)
        check = next(self._checks)
        if key is not None:
            account.check = (check, key.credentials)
            account.check_given_at = 0.0
        waiting = WaitingClear(
            receiver, letter.id, account, [row.id for row in heavy], cleared,
            turn.now + CHECK_WAIT_S_MAX,
        )  # fmt: skip
        self._waiting[check] = waiting
        turn.wakes_pull.add(account.id)

    def _chosen(
        self, turn: Turn, letter: ClearErrors, by_mall: dict[int, Account]
    ) -> list[FaultRow] | None:
        faults, connection = turn.store.faults, turn.connection
        if letter.fault_ids:
            found = faults.by_id(connection, letter.fault_ids)
            return list(found.values()) if len(found) == len(set(letter.fault_ids)) else None
        mall = next((row for row in by_mall.values() if row.name == letter.mall), None)
        if mall is None:
            return None
        return faults.not_cleared(connection, mall.id)

    def _may_check(
        self, turn: Turn, account: Account, letter: ClearErrors, receiver: bytes
    ) -> bool:
        if self._house.keys.read(account.name) is None:
            turn.deny(
                receiver,
                letter.id,
                3,
                (
                    f"キーがありません。zaiko key set {account.name} で保存してください。",
                    f"No key is stored; store one with: zaiko key set {account.name}",
                ),
            )
            return False
        if account.sender is None or len(self._waiting) >= CLEARS_WAITING_MAX:
            turn.deny(
                receiver,
                letter.id,
                3,
                (
                    f"{account.name} のプロセスが動いていないため、キーを確認できません。",
                    f"The actor of {account.name} is not running, so its key cannot be checked.",
                ),
            )
            return False
        return True

    def _dismiss(self, turn: Turn, rows: Sequence[FaultRow], by_mall: dict[int, Account]) -> None:
        for row in rows:
            if row.kind == FaultKind.PARKED_ORDER and row.mall_id in by_mall:
                turn.store.orders.dismiss(turn.connection, row.mall_id, row.subject)
                turn.parked_changed = True

    def _release_degraded(
        self, turn: Turn, rows: Sequence[FaultRow], by_mall: dict[int, Account]
    ) -> None:
        for mall_id in {row.mall_id for row in rows if row.mall_id is not None and not row.subject}:
            account = by_mall.get(mall_id)
            if account is None:
                continue
            left = turn.store.faults.open_of_subject(turn.connection, mall_id, "")
            if not any(is_degrading(row.record(account.name)) for row in left):
                account.step(LaneEvent.RESOLVED_8)

    def checked(
        self, turn: Turn, account: Account, letter: CredentialsChecked, sender: bytes
    ) -> None:
        """The credential check of a clear (or a first check) was made."""
        account.row.key_expires_at = letter.expires_at or account.row.key_expires_at
        account.is_changed = True
        waiting = self._waiting.pop(letter.check, None)
        if account.check is not None and account.check[0] == letter.check:
            account.check = None
        if not letter.is_good:
            if letter.fault is not None:
                turn.fault(account, letter.family or Family.AUTH, "", letter.code, letter.fault)
            if waiting is not None:
                self._refuse(turn, account, waiting, letter)
        elif waiting is not None:
            view = self._resume(turn, account, waiting.fault_ids, waiting.cleared)
            turn.answer(waiting.receiver, waiting.question, view)
        elif account.clear_wanted:
            self._resume(turn, account, account.clear_wanted, [])
        turn.reply(sender, lane_order(account, letter.id, self._house))

    def _refuse(
        self, turn: Turn, account: Account, waiting: WaitingClear, letter: CredentialsChecked
    ) -> None:
        """Says so. A key in its grace is tried on; the clear then takes effect by itself."""
        said = "" if letter.fault is None else letter.fault.message
        said_en = "" if letter.fault is None else letter.fault.message_en
        sentences = (f"キーがまだ使えません: {said}", f"The key does not work yet: {said_en}")
        grace_until = account.row.grace_until
        if grace_until is not None and turn.now < grace_until:
            account.clear_wanted = waiting.fault_ids
            minutes = round((grace_until - turn.now) / 60)
            sentences = (
                f"{sentences[0]} 更新直後のため、あと {minutes} 分は自動で再試行します。",
                f"{sentences[1]} It is new: it is tried again for {minutes} minutes by itself.",
            )
        turn.deny(waiting.receiver, waiting.question, 3, sentences)

    def _resume(
        self, turn: Turn, account: Account, fault_ids: list[int], cleared: list[int]
    ) -> ClearedView:
        """Clears level-9 faults whose credential works; the mall goes on when none is left."""
        account.clear_wanted = []
        account.row.grace_until = None
        turn.store.faults.set_state(turn.connection, fault_ids, "cleared", turn.now)
        left = [
            row
            for row in turn.store.faults.open_of_subject(turn.connection, account.id, "")
            if row.level == Level.CREDENTIALS and _halts(row)
        ]
        resumed: tuple[str, ...] = ()
        if not left and account.row.is_halted:
            account.step(LaneEvent.CLEARED)
            resumed = (account.name,)
            turn.tell("mall", account, "", ("連携を再開しました", "sync resumed"))
        return ClearedView(cleared=tuple(cleared + fault_ids), resumed=resumed)

    def warn(self, turn: Turn, account: Account) -> None:
        """Keys with a known life warn 14, 7, 3 and 1 days ahead; a renewed one warns no more."""
        expires_at = account.row.key_expires_at
        if expires_at is None:
            return
        days = expiry_warning(expires_at, turn.now, account.row.warned_days)
        if days is not None:
            account.row.warned_days = days
            account.is_changed = True
            left = days_left(expires_at, turn.now)
            turn.fault(account, Family.AUTH, "", f"expires-{days}", key_expiry_spec(left))
        elif account.row.warned_days is not None and (
            expires_at - turn.now > WARNING_DAYS[0] * DAY_S
        ):
            end_countdown(turn, account)

    def expire(self, turn: Turn) -> None:
        """Clears whose check did not come back in time are denied."""
        for check, waiting in list(self._waiting.items()):
            if waiting.until > turn.now:
                continue
            del self._waiting[check]
            waiting.account.check = None
            turn.deny(
                waiting.receiver,
                waiting.question,
                3,
                (
                    "キーの確認が時間内に終わりませんでした。もう一度お試しください。",
                    "The credential check did not finish in time; try again.",
                ),
            )


def _halts(row: FaultRow) -> bool:
    return is_halting(Level.CREDENTIALS, Family(row.family))
