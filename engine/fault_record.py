"""The life of a fault that the operator sees: open, resolved by itself, cleared by the operator.

    (none) --opened--> open --healed--> resolved --cleared--> cleared
                       |  ^                                      ^
                       |  +-- seen again: counts up              |
                       +------------------- cleared -------------+

A repeat of an open fault counts up in its record; after it was resolved or cleared, the same
trouble is a new record. Level 8 ends by itself on the next success of the same subject; level 9
never does (an operator renews the key and clears it).
"""

import enum

from msgspec import Struct
from msgspec.structs import replace

from engine.faults import Family, FaultKind, FaultSpec, Level

WARNING_DAYS = (14, 7, 3, 1)
"""Days before a key's end at which the operator is warned, once each."""
DAY_S = 86_400.0


class FaultState(enum.StrEnum):
    """Closed list; the words of `errors list`."""

    OPEN = "open"
    RESOLVED = "resolved"
    """Over by itself; the record stays until it is deleted."""
    CLEARED = "cleared"
    """Closed by an operator (エラー削除)."""


class FaultKey(Struct, frozen=True, array_like=True):
    """What makes two faults the same trouble."""

    mall: str
    """The mall account's name, "" for the house."""
    subject: str
    """A listing as `code/sub_code`, an order's number, or "" for the mall."""
    family: Family | None
    """The family of calls, None where no call failed."""
    kind: FaultKind
    """What went wrong."""
    code: str = ""
    """The native code of an unclassified fault: each unknown code is a trouble of its own."""


class FaultRecord(Struct, frozen=True, kw_only=True):
    """One fault as the store keeps it."""

    id: int
    """Its number; given by the store, 0 before."""
    level: Level
    """8 or 9."""
    mall: str
    """The mall account's name, "" for the house."""
    subject: str
    """A listing as `code/sub_code`, an order's number, or "" for the mall."""
    family: Family | None
    """The family of calls, None where no call failed."""
    kind: FaultKind
    """What went wrong."""
    code: str
    """The mall's own code, the last one seen."""
    message: str
    """Japanese, one sentence."""
    hint: str
    """Japanese: what the operator can do."""
    message_en: str
    """The same in English."""
    hint_en: str
    """The same in English."""
    first_seen: float
    """Seconds since the epoch."""
    last_seen: float
    """Seconds since the epoch."""
    count: int = 1
    """How often it was seen."""
    state: FaultState = FaultState.OPEN
    """Where in its life it is."""


class FamilyGood(Struct, frozen=True, tag=True):
    """A call of the family was answered well: the mall's faults of that family are over."""

    mall: str
    """The mall."""
    family: Family
    """The family."""


class ListingGood(Struct, frozen=True, tag=True):
    """A settled comparison found the listing sound."""

    mall: str
    """The mall."""
    subject: str
    """The listing as `code/sub_code`."""
    held: int
    """The difference that is still held; a difference is over only when it is 0."""


class TroubleOver(Struct, frozen=True, tag=True):
    """What this very fault is about is over.

    One claim is left, the total is at 0 or more again, the parked order was read, the mall was
    started again, or a key was renewed.
    """

    key: FaultKey
    """The fault's identity."""


Good = FamilyGood | ListingGood | TroubleOver

_OWN_END = frozenset(
    {
        FaultKind.LINK_CONFLICT,
        FaultKind.OVERSOLD,
        FaultKind.PARKED_ORDER,
        FaultKind.BREAKER,
        FaultKind.ADOPTED_LATE,
        FaultKind.RESTARTS,
        FaultKind.KEY_EXPIRY,
        FaultKind.CONFIGURATION,
        FaultKind.PROBE,
    }
)
"""Kinds that no good answer of a mall ends, only the end of what they are about."""


def fault_key(
    spec: FaultSpec, mall: str, *, subject: str = "", family: Family | None = None, code: str = ""
) -> FaultKey:
    """The identity of a fault about to be recorded."""
    is_unknown = spec.kind is FaultKind.UNCLASSIFIED
    return FaultKey(mall, subject, family, spec.kind, code if is_unknown else "")


def record_key(record: FaultRecord) -> FaultKey:
    """The identity of a fault on record."""
    is_unknown = record.kind is FaultKind.UNCLASSIFIED
    code = record.code if is_unknown else ""
    return FaultKey(record.mall, record.subject, record.family, record.kind, code)


def seen(
    record: FaultRecord | None, key: FaultKey, spec: FaultSpec, *, code: str, at: float
) -> FaultRecord:
    """The record to write for a fault seen now.

    `record` is the last one of the same key, if any: an open one counts up and says what was seen
    last, a resolved or cleared one stays as it is and a new one (id 0) is opened.
    """
    if record is not None and record.state is FaultState.OPEN:
        return replace(
            record,
            level=spec.level,
            code=code,
            message=spec.message,
            hint=spec.hint,
            message_en=spec.message_en,
            hint_en=spec.hint_en,
            # Two malls' clocks and late letters must not turn the record back.
            last_seen=max(record.last_seen, at),
            count=record.count + 1,
        )
    return FaultRecord(
        id=0,
        level=spec.level,
        mall=key.mall,
        subject=key.subject,
        family=key.family,
        kind=spec.kind,
        code=code,
        message=spec.message,
        hint=spec.hint,
        message_en=spec.message_en,
        hint_en=spec.hint_en,
        first_seen=at,
        last_seen=at,
    )


def is_healed(record: FaultRecord, good: Good) -> bool:
    """Whether good news ends an open fault by itself. Level 9 never ends so."""
    if record.state is not FaultState.OPEN or record.level is Level.CREDENTIALS:
        return False
    if isinstance(good, TroubleOver):
        return record_key(record) == good.key
    if record.mall != good.mall or record.kind in _OWN_END:
        return False
    if isinstance(good, FamilyGood):
        return record.subject == "" and record.family is good.family
    if record.kind is FaultKind.DIFFERENCE and good.held != 0:
        return False
    return record.subject == good.subject


def resolved(record: FaultRecord) -> FaultRecord:
    """The record of a fault that ended by itself; one that is not open stays as it is."""
    return replace(record, state=FaultState.RESOLVED) if _is_open(record) else record


def cleared(record: FaultRecord) -> FaultRecord:
    """エラー削除: a resolved or open record is closed. A level 9 is checked by the caller first."""
    return replace(record, state=FaultState.CLEARED)


def is_halting(level: Level, family: Family | None) -> bool:
    """Whether a fault halts its mall's lane: level 9 of a family the lane needs.

    A credential refused for the catalogue or the licence look-up is shown, and the lane goes on.
    """
    return level is Level.CREDENTIALS and family not in (Family.ITEMS, Family.LICENCE)


def is_degrading(record: FaultRecord) -> bool:
    """Whether an open fault shows its mall as degraded: level 8 of the mall itself, and a call's.

    A warning of a key's end disturbs nothing yet, and what waits for an approval is no trouble of
    the mall's.
    """
    return (
        _is_open(record)
        and record.level is Level.TRANSIENT
        and record.subject == ""
        and record.kind not in (FaultKind.KEY_EXPIRY, FaultKind.BREAKER)
    )


def days_left(expires_at: float, now: float) -> int:
    """Whole days until a key ends, a part of a day counted as one; 0 when it has ended."""
    return max(0, int(-((now - expires_at) // DAY_S)))


def expiry_warning(expires_at: float, now: float, warned: int | None) -> int | None:
    """The mark of `WARNING_DAYS` to warn of now, or None when that was done.

    `warned` is the last mark warned of for this key, None after a new one was stored. Marks that
    were slept through are warned of once, by the nearest.
    """
    left_s = expires_at - now
    due = [days for days in WARNING_DAYS if left_s <= days * DAY_S]
    if not due or (warned is not None and warned <= due[-1]):
        return None
    return due[-1]


def _is_open(record: FaultRecord) -> bool:
    return record.state is FaultState.OPEN
