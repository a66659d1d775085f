"""A mall whose way of writing is unknown is probed before its first push; what was found is kept.

    unknown --ProbeWork--> under way --Probed, found--> known: pushes go out
       ^                     |    ^                       |
       +-- nothing found ----+    +-- a crash: again      |
       +----------------- another trial in the settings --+

What was found stands in the mall's row and overrules the settings where they ask for a probe. It
travels with every lease and lane order, and a mall's actor says at each pull how it writes: a push
is given to one that writes as the inventory reckons, and to nobody else. So whatever is lost, no
push leaves by a wrong reading. While a probe is under way nothing is read, for its item may be
linked.
"""

from msgspec import structs

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.desk.weigh import APPROVED, BULK, ORDER_DRIVEN
from engine.fault_record import FaultKey, TroubleOver
from engine.faults import Family, FaultKind, unrestored_spec
from engine.lane import LaneEvent
from engine.messages import Probed, ProbeWork, Pull

PROBE = "probe"
"""The counter of probes, and the code of their faults."""


RANKS = (ORDER_DRIVEN, BULK, APPROVED)
"""What waits in any queue makes the probe worthwhile."""


def probe_due(turn: Turn, account: Account, letter: Pull) -> ProbeWork | None:
    """The probe, given in the place of a push; None where none is needed, or not now.

    A probe writes, so none is made in shadow. Nothing is tried before a listing is linked, one
    that is to be pushed or compared. A mall that
    takes pushes has no probe under way (it goes in their place), and one that takes readings has
    none under way that the probe could spoil.
    """
    if not (account.card.needs_probe and letter.takes_push and letter.takes_reading):
        return None
    if account.is_shadow:
        return None
    pushes = turn.store.pushes
    if (
        pushes.next_push(turn.connection, account.id, RANKS) is None
        and pushes.next_read(turn.connection, account.id) is None
    ):
        return None
    if account.found.under_way:
        _note_unrestored(turn, account, "")
    number = turn.store.malls.take_ids(turn.connection, PROBE, 1)
    account.keep(structs.replace(account.found, under_way=number))
    return ProbeWork(number, account.card.trial)


def allowed(account: Account, letter: Pull) -> Pull:
    """The pull without what it may not be given now: pushes, or readings beside a probe."""
    is_told = letter.manner is not None
    may_push = not account.card.needs_probe and (
        not is_told or letter.manner == account.card.manner
    )
    may_read = not (account.card.needs_probe and account.found.under_way)
    if may_push and may_read:
        return letter
    return structs.replace(
        letter,
        takes_push=letter.takes_push and may_push,
        takes_feed=letter.takes_feed and may_push,
        takes_reading=letter.takes_reading and may_read,
    )


def take_finding(turn: Turn, account: Account, letter: Probed) -> None:
    """Keeps what was found; or says why nothing was, and what to do.

    A letter that is repeated, or answers a probe that is forgotten, finds nothing any more.
    """
    finding = letter.finding
    if not finding.is_restored:
        _note_unrestored(turn, account, finding.item)
    if letter.probe == account.found.under_way:
        account.keep(structs.replace(account.found, switches=finding.switches, under_way=0))
        if finding.switches:
            _take_over(turn, account, finding.item)
        elif finding.fault is not None:
            turn.fault(account, Family.STOCK, "", PROBE, finding.fault)
            account.is_probe_told = True
            account.step(LaneEvent.FAULT_8)


def _take_over(turn: Turn, account: Account, item: str) -> None:
    """The card and the rules are other ones now (`Account.keep`): all listings are decided anew.

    What is expected of them stands: nothing has been pushed by the old rules.
    """
    turn.store.pushes.decide_all(turn.connection, account.id)
    turn.wakes_pull.add(account.id)
    told = ", ".join(f"{name} = {value}" for name, value in account.found.switches.items())
    sentences = (
        f"在庫の更新方法を確認しました({told})。",
        f"The probe has found how quantities are written: {told}",
    )
    turn.tell(PROBE, account, item, sentences)
    end_fault(turn, account)


def end_fault(turn: Turn, account: Account) -> None:
    """Ends the fault of a probe that found nothing, once none is needed any more."""
    if account.card.needs_probe or not account.is_probe_told:
        return
    account.is_probe_told = False
    key = FaultKey(account.name, "", Family.STOCK, FaultKind.PROBE)
    if not turn.heal(account, TroubleOver(key)):
        account.step(LaneEvent.RESOLVED_8)


def _note_unrestored(turn: Turn, account: Account, item: str) -> None:
    """A fault of the item's own, which an operator clears: nothing else can know that it is well.

    Where a probe broke off without an answer the item is the one the settings name; without one
    nothing was written.
    """
    named = item or account.settings.probe_item
    if named:
        turn.fault(account, Family.STOCK, named, PROBE, unrestored_spec(named))
