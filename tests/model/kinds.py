"""The malls the model is run on: every kind of write, with bounds short enough to be crossed."""

from collections.abc import Mapping

from msgspec.structs import replace

from engine.connector import WriteKind
from engine.push_state import MallRules

SHORT = MallRules(
    write_kind=WriteKind.RELATIVE,
    lag_s=10.0,
    late_s=20.0,
    eps_s=2.0,
    http_timeout_s=5.0,
    send_within_s=5.0,
    poll_interval_s=15.0,
    park_block_s=40.0,
    windows_max=3,
    feed_s=50.0,
)
RELATIVE = SHORT
GUARDED = replace(SHORT, write_kind=WriteKind.GUARDED)
ANCHORED = replace(SHORT, write_kind=WriteKind.ANCHORED)
SLOW = replace(ANCHORED, live_s=30.0, stale_s=20.0)
KINDS: Mapping[str, MallRules] = {
    "relative": RELATIVE,
    "guarded": GUARDED,
    "anchored": ANCHORED,
    "anchored_slow": SLOW,
}
EPS_SKEWS = (-1.5, 0.0, 1.5)
"""Errors of a stamp, inside eps_s."""
WAITS = (0.25, 1.0, 3.0, 6.0, 11.0, 14.5, 30.0, 60.0)
"""Around every bound above."""
