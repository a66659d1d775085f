"""A mall runs once: leases with epochs, hellos, heartbeats and the order a lane is given."""

import hmac

from msgspec import Struct

from actors.desk import feeds
from actors.desk.account import Account, Keys
from actors.desk.intake import recheck_at
from actors.desk.pulls import lose
from actors.desk.turn import Turn
from actors.keys import StoredKey
from engine.fault_record import TroubleOver, fault_key
from engine.faults import NO_CREDENTIALS, RESTARTS_GIVEN_UP, Family, key_expiry_spec
from engine.lane import LaneEvent, ordered_state
from engine.messages import PROTOCOL, Ack, Goodbye, Heartbeat, Hello, LaneOrder, Lease, Refused


class House(Struct, frozen=True):
    """What leases depend on beside the database."""

    token: str
    """Given to the children this supervisor starts; "" for an inventory started by hand."""
    lease_fresh_s: float
    """How long a silent holder keeps its lease against a stranger."""
    keys: Keys


def hello(turn: Turn, account: Account, letter: Hello, sender: bytes, house: House) -> None:
    """Hands out the lease, or says who holds it."""
    if letter.protocol != PROTOCOL:
        turn.reply(
            sender,
            Refused(
                letter.id,
                "protocol",
                "zaiko の版が違います。同じ版を入れてください。",
                "This zaiko speaks another version; install the same one on both sides.",
            ),
        )
        return
    is_same = letter.instance == account.row.instance
    is_ours = bool(house.token) and hmac.compare_digest(letter.house_token, house.token)
    is_fresh = account.sender is not None and turn.now - account.heard_at < house.lease_fresh_s
    if is_fresh and not is_same and not is_ours:
        turn.reply(
            sender,
            Refused(
                letter.id,
                "held",
                f"モール {account.name} は別のプロセスが動かしています。",
                f"Mall {account.name} is already being run by another process.",
            ),
        )
        return
    row = account.row
    account.note_offset(letter.clock_offset_s)
    if not is_same:
        row.epoch += 1
        row.instance = letter.instance
        _forget_calls(turn, account)
    account.is_changed = True
    account.sender = sender
    account.heard_at = turn.now
    account.step(LaneEvent.STARTED)
    given_up = fault_key(RESTARTS_GIVEN_UP, account.name, family=Family.AUTH)
    turn.heal(account, TroubleOver(given_up))
    turn.reply(sender, lease(turn, account, letter.id, house))
    turn.tell("mall", account, "", ("連携を開始しました", "the mall's actor is there"))


def _forget_calls(turn: Turn, account: Account) -> None:
    """C3: a new epoch began, so what an older one had in its slots is unknown."""
    calls = turn.store.pushes.calls_after(turn.connection, account.id, 0)
    now = account.to_mall(turn.now)
    lose(turn, account, calls, now)
    feeds.forget(turn, account, now)


def lease(turn: Turn, account: Account, question: int, house: House) -> Lease:
    """The lease with all a lane begins with."""
    key = note_key(turn, account, house)
    row = account.row
    account.told_credentials = 0 if key is None else key.version
    return Lease(
        question,
        row.epoch,
        ordered_state(account.lane),
        None if key is None else key.credentials,
        0 if key is None else key.version,
        row.grace_until,
        row.watermark,
        row.recheck_watermark,
        recheck_at(turn, account),
        turn.store.malls.reached(turn.connection, "call"),
        account.found.switches,
    )


def note_key(turn: Turn, account: Account, house: House) -> StoredKey | None:
    """The stored key. A changed one begins its grace.

    Without one the mall is halted, and one level-9 fault says so.
    """
    key = house.keys.read(account.name)
    row = account.row
    if key is None:
        account.step(LaneEvent.FAULT_9)
        turn.fault(account, Family.AUTH, "", "no-key", NO_CREDENTIALS)
    elif key.version != row.credentials_version:
        if row.credentials_version != 0:
            row.grace_until = key.changed_at + account.settings.bounds.key_grace_s
            # Another key has another end, known once it is proven; the old countdown is over.
            row.key_expires_at = None
            end_countdown(turn, account)
        row.credentials_version = key.version
        account.is_changed = True
    return key


def end_countdown(turn: Turn, account: Account) -> None:
    """The key that was counted down is renewed: its warning is over."""
    account.row.warned_days = None
    account.is_changed = True
    key = fault_key(key_expiry_spec(0), account.name, family=Family.AUTH)
    turn.heal(account, TroubleOver(key))


def heartbeat(turn: Turn, account: Account, letter: Heartbeat, sender: bytes, house: House) -> None:
    """Keeps the lease fresh and says how the lane is to be."""
    account.heard_at = turn.now
    account.note_offset(letter.clock_offset_s)
    if letter.credentials_version is not None:
        account.told_credentials = letter.credentials_version
    turn.reply(sender, lane_order(account, letter.id, house))


def lane_order(account: Account, question: int, house: House) -> LaneOrder:
    """What the inventory wants of the lane; credentials only when the actor has older ones."""
    version = account.row.credentials_version
    credentials = None
    if account.told_credentials != version:
        key = house.keys.read(account.name)
        credentials = None if key is None else key.credentials
        account.told_credentials = version
    return LaneOrder(
        question,
        ordered_state(account.lane),
        credentials,
        version,
        account.poll_now,
        account.found.switches,
    )


def order_lane(turn: Turn, account: Account, house: House) -> None:
    """Tells the holder at once what the next heartbeat would tell it (letter 0)."""
    if account.sender is not None:
        turn.reply(account.sender, lane_order(account, 0, house))


def drop_silent(turn: Turn, account: Account, house: House) -> None:
    """A holder that was silent for lease_fresh_s shows as stopped."""
    if account.lane.is_up and turn.now - account.heard_at > house.lease_fresh_s:
        account.step(LaneEvent.HEARTBEAT_LOST)
        turn.tell("mall", account, "", ("応答がありません", "the mall's actor is silent"))


def goodbye(turn: Turn, account: Account, letter: Goodbye, sender: bytes) -> None:
    """The holder has left in order: the lease is free."""
    if account.sender == sender:
        account.sender = None
        account.step(LaneEvent.STOPPED)
    turn.reply(sender, Ack(letter.id))
    turn.tell("mall", account, "", ("連携を停止しました", "the mall's actor has left"))
