"""Which faults an operator is told of, when, and how often: the policy of the notifier.

    seen open --due--> told --over--> told over --quiet--> forgotten
       |                                 |
       +-- over before it was due        +-- open again within the quiet time: held back

The inventory's fault records are the truth; what each channel was told is kept beside them. A
channel's due news are what lies between the two, so that nothing is lost by a crash and nothing is
told twice but what was on its way in that moment. Everything due at once is one digest.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct

from engine.faults import FaultKind, Level

ALWAYS_TOLD = frozenset("oversold breaker adopted_late key_expiry restarts".split())
"""Kinds of level 8, in the records' words, that are told at once: an operator must act on them."""
HOUR_S = 3_600.0
GATHER_S = 3.0
"""How long the first news of a digest waits for others that belong to it."""
RETRY_S = 5.0
"""Before the first repetition of a message that could not be delivered; doubles."""
RETRY_S_MAX = 900.0
"""Before any repetition, at most: a channel is never given up."""
WATCHED_MAX = 500
"""Faults kept an eye on at once; of further ones a digest tells the number alone."""


class NoticeView(Struct, frozen=True, kw_only=True):
    """One fault as the inventory shows it to the notifier."""

    id: int
    identity: str
    """What makes two records the same trouble."""
    level: int
    kind: str
    mall: str
    subject: str
    """SKU, listing or order number, "" for the mall."""
    code: str
    message: str
    hint: str
    message_en: str
    hint_en: str
    state: str
    """open | resolved | cleared."""
    first_seen: float
    """Wall time, as all moments here."""
    last_seen: float

    @property
    def is_open(self) -> bool:
        """Whether the trouble is there."""
        return self.state == "open"

    @property
    def stage(self) -> str:
        """What makes news of an open fault that was told before: a countdown's next mark."""
        return self.code if self.kind == FaultKind.KEY_EXPIRY else ""

    @property
    def is_heavy(self) -> bool:
        """Whether it is told whatever `notify_level` says."""
        return self.level == Level.CREDENTIALS or self.kind in ALWAYS_TOLD


class NoticeTerms(Struct, frozen=True, kw_only=True):
    """The operator's settings."""

    level: int
    """9: what is heavy; 8: other faults too, once they stayed open for `after_s`."""
    after_s: float
    quiet_s: float
    """A fault that comes back sooner than this after it was told waits so long."""
    per_hour_max: int
    """Messages of one channel within an hour."""


class Telling(Struct, kw_only=True):
    """What one channel was told of one trouble last."""

    fault_id: int
    stage: str
    at: float
    """When its opening was told."""
    is_over: bool = False
    """Its end was told too."""


class ChannelMemory(Struct, kw_only=True):
    """What one channel was told, durable between runs."""

    since: float
    """When the channel was set: what was over before is no news."""
    tellings: dict[str, Telling] = {}
    """By the trouble's identity."""
    sent_at: list[float] = []
    """Messages of the last hour."""
    passed: int = 0
    """Faults that came while `WATCHED_MAX` were watched, not told of yet."""
    waits_since: float | None = None
    """When the first of the news that are due became due."""
    failures: int = 0
    """Deliveries that failed since the last good one."""
    retry_at: float = 0.0
    last_good_at: float | None = None
    last_failed_at: float | None = None
    last_reason: str = ""
    """Why the last delivery failed: no address, no secret."""


class News(Struct, frozen=True):
    """One line of a digest."""

    fault: NoticeView
    what: Literal["opened", "over", "brief"]
    """brief: it came and went before anybody could be told."""


class Digest(Struct, frozen=True):
    """One message: the news in it, and what came with it."""

    news: tuple[News, ...]
    passed: int
    """Faults beyond those watched."""
    gathers_until: float | None
    """Messages of this hour are used up by it: the next one comes then."""


def newest(faults: Sequence[NoticeView]) -> dict[str, NoticeView]:
    """The last record of each trouble: an earlier one is over and told of by it."""
    found: dict[str, NoticeView] = {}
    for fault in sorted(faults, key=lambda one: one.id):
        found[fault.identity] = fault
    return found


def news_of(
    fault: NoticeView, memory: ChannelMemory, terms: NoticeTerms, now: float
) -> News | None:
    """What the channel is to be told of this trouble now; it must be the newest record of it."""
    told = memory.tellings.get(fault.identity)
    if told is not None and not told.is_over:
        if not fault.is_open:
            return News(fault, "over")
        if fault.stage == told.stage:
            return None
        return News(fault, "opened")
    if told is not None:
        # Of one that is over it counts when it came: it stays untold although quiet time ends.
        moment = now if fault.is_open else fault.first_seen
        if told.fault_id == fault.id or moment < told.at + terms.quiet_s:
            return None
    if fault.is_open:
        return News(fault, "opened") if _is_ripe(fault, terms, now) else None
    is_missed = fault.is_heavy and fault.kind != FaultKind.KEY_EXPIRY
    return News(fault, "brief") if is_missed and fault.first_seen >= memory.since else None


def _is_ripe(fault: NoticeView, terms: NoticeTerms, now: float) -> bool:
    if fault.is_heavy:
        return True
    return terms.level == Level.TRANSIENT and now - fault.first_seen >= terms.after_s


def digest_due(
    faults: Mapping[str, NoticeView], memory: ChannelMemory, terms: NoticeTerms, now: float
) -> Digest | None:
    """The message to send now, or None. Notes in the memory since when news wait."""
    found = [news_of(fault, memory, terms, now) for fault in faults.values()]
    news = sorted((one for one in found if one is not None), key=_weight)
    if not news and not memory.passed:
        memory.waits_since = None
        return None
    # A clock that was set back must not hold news up.
    memory.waits_since = now if memory.waits_since is None else min(memory.waits_since, now)
    memory.retry_at = min(memory.retry_at, now + RETRY_S_MAX)
    memory.sent_at = [at for at in memory.sent_at if now - HOUR_S < at <= now]
    is_full = len(memory.sent_at) >= terms.per_hour_max
    if is_full or now < max(memory.waits_since + GATHER_S, memory.retry_at):
        return None
    is_last = len(memory.sent_at) + 1 >= terms.per_hour_max
    oldest = min(memory.sent_at, default=now)
    return Digest(tuple(news), memory.passed, oldest + HOUR_S if is_last else None)


def _weight(news: News) -> tuple[bool, bool, int]:
    """Level 9 first, openings before ends, then as they came."""
    fault = news.fault
    return fault.level != Level.CREDENTIALS, news.what != "opened", fault.id


def delivered(memory: ChannelMemory, digest: Digest, now: float) -> None:
    """The message has arrived: all of its news are told."""
    for news in digest.news:
        fault = news.fault
        memory.tellings[fault.identity] = Telling(
            fault_id=fault.id, stage=fault.stage, at=now, is_over=news.what != "opened"
        )
    memory.passed -= digest.passed
    memory.sent_at.append(now)
    memory.waits_since = None
    memory.failures, memory.retry_at = 0, 0.0
    memory.last_good_at = now


def failed(memory: ChannelMemory, reason: str, now: float) -> None:
    """It could not be delivered: it is tried again, ever more rarely."""
    wait_s = min(RETRY_S * 2.0 ** min(memory.failures, 16), RETRY_S_MAX)
    memory.failures += 1
    memory.retry_at = now + wait_s
    memory.last_failed_at = now
    memory.last_reason = reason


def forget(memory: ChannelMemory, watched: Collection[str], terms: NoticeTerms, now: float) -> None:
    """Drops what was told to its end, is past its quiet time and is watched no more."""
    memory.tellings = {
        identity: told
        for identity, told in memory.tellings.items()
        if not told.is_over or identity in watched or now < told.at + terms.quiet_s
    }


def is_done(fault: NoticeView, memories: Sequence[ChannelMemory], terms: NoticeTerms) -> bool:
    """Whether no channel will ever have to be told anything of this record any more."""
    if fault.is_open:
        return False
    # The moment does not matter: a fault that is over waits for no time to pass.
    return all(news_of(fault, memory, terms, float("inf")) is None for memory in memories)
