"""The vocabulary of one mall actor: kinds of work, moments, actions, and what C2 says of a command.

Closed lists and bounds only; `engine.mall` decides with them, `actors.mall_lane` carries them out.
"""

import enum
from typing import Final

from msgspec import Struct

from engine.connector import WriteKind

PULL_IDLE_S: Final = 5.0
"""Asks again after this long without work: a lost wake-up costs this much."""
PULL_PAUSE_S_MIN: Final = 0.1
"""Between two fruitless pulls, at least."""
POLL_DISTANCE_S: Final = 1.0
"""From the beginning of a poll to the next, however often it is woken."""
LANE_RETRY_S: Final = 1.0
"""Before a failed kind of call is begun again; doubles with each failure in a row."""
LANE_RETRY_S_MAX: Final = 60.0
"""The same, at most; also never more than the polling interval."""
CHECK_INTERVAL_S: Final = 86_400.0
"""From one look at the key's remaining life to the next."""
CHECK_DELAY_S: Final = 10.0
"""From the lease to the first look: catching up comes first."""
CHECK_RETRY_S: Final = 3_600.0
"""The same after a look that failed."""
LATE_ORDERS_S: Final = 3_600.0
"""A re-read of what changed begins this long before the last one (a mall's time): an order or a
change that shows later than `lag_s` is still found. Later still, its next change brings it."""
GRACE_INTERVAL_S: Final = 150.0
"""A refused changed key is tried again this often while its grace lasts (a mall's time)."""


class Track(enum.StrEnum):
    """Kinds of work that go on side by side, one of each at a time."""

    POLL = "poll"
    PUSH = "push"
    FEED = "feed"
    READING = "reading"
    IMPORT = "import"
    CHECK = "check"


PULLED: Final = (Track.PUSH, Track.FEED, Track.READING, Track.IMPORT, Track.CHECK)
"""What comes by a pull."""


class Tempo(Struct, frozen=True, kw_only=True):
    """How fast one mall is driven, in wall seconds, a sandbox's speed applied."""

    write_kind: WriteKind
    poll_interval_s: float
    reread_interval_s: float
    changeable_s: float
    """Orders younger than this are re-read."""
    lag_s: float
    eps_s: float
    stamp_resolution_s: float
    heartbeat_interval_s: float
    lease_fresh_s: float
    """Without an answer for this long no call is begun: somebody else may hold the mall."""
    grace_interval_s: float = GRACE_INTERVAL_S
    has_feeds: bool = False
    """The mall takes feeds."""
    lists_changes: bool = False
    """A re-read reaches back to the last one, less `late_orders_s`: the mall lists changes."""
    late_orders_s: float = LATE_ORDERS_S
    poll_distance_s: float = POLL_DISTANCE_S
    """From one poll to an early one that only a wanted re-read asks for."""


class Moment(Struct, frozen=True):
    """Now, by both clocks."""

    now: float
    """Monotonic seconds of this machine."""
    mall: float
    """Mall time."""


class Poll(Struct, frozen=True):
    """Read the orders placed in [window_start, window_end] (mall time)."""

    window_start: float
    window_end: float
    began: float
    """Mall time now: the watermark once all of it is applied."""
    is_recheck: bool


class Pull(Struct, frozen=True):
    """Ask the inventory for work of these kinds; a credential check may come besides."""

    takes_push: bool
    takes_reading: bool
    takes_import: bool
    takes_feed: bool = False


class Check(Struct, frozen=True):
    """Check credentials unasked: a changed key inside its grace, or the daily look."""

    check: int
    """The refused check this repeats; 0 for none."""
    is_grace: bool


class Beat(Struct, frozen=True):
    """Send a heartbeat."""


Action = Poll | Pull | Check | Beat


class Decision(Struct, frozen=True):
    """What to begin now, and when to ask again at the latest."""

    actions: tuple[Action, ...]
    until: float
    """Monotonic."""


class Standing(enum.StrEnum):
    """What C2 says of a command that came, closed list."""

    TAKE = "take"
    HELD = "held"
    """The same command is under way: its outcome will come, and must not be foretold."""
    NOT_SENT = "not_sent"
    """Old id, old epoch, too late or lane closed: answered as not sent."""
