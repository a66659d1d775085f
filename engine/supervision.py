"""When a crashed child is started again, and when the supervisor gives up on it.

Two limits look at the same restarts: a *burst* (a child that cannot start at all) and a *sustained*
rate (one that crashes now and then, and would do so for ever unseen). The delay before a restart
doubles with every crash in a row, is clamped, and begins again once the child ran for a stable
time. A stable run never shortens the sustained record: that limit exists for exactly such a child.
"""

from typing import Literal

from msgspec import Struct


class RestartLimits(Struct, frozen=True, kw_only=True):
    """How often and how fast one child may be started again."""

    delay_s: float
    """Before the first restart."""
    delay_s_max: float
    """Before any restart, at most."""
    stable_s: float
    """A child that ran this long begins again with the first delay."""
    burst_max: int
    """Restarts allowed within `burst_window_s`."""
    burst_window_s: float
    """What counts as a burst."""
    sustained_max: int
    """Restarts allowed within `sustained_window_s`."""
    sustained_window_s: float
    """What counts as a sustained crash rate."""


class RestartRecord(Struct, frozen=True):
    """What is remembered of one child's crashes; bounded by the larger of the two limits."""

    restarts: tuple[float, ...] = ()
    """Instants of the restarts that a window still covers, oldest first."""
    in_a_row: int = 0
    """Crashes since the last stable run."""


class Restart(Struct, frozen=True):
    """Start the child again after the delay."""

    delay_s: float
    """Seconds to wait first."""


class GiveUp(Struct, frozen=True):
    """Do not start the child again; say so loudly."""

    limit: Literal["burst", "sustained"]
    """Which limit was reached."""
    restarts: int
    """How many restarts the window held."""
    window_s: float
    """That limit's window."""


Verdict = Restart | GiveUp


def after_crash(
    record: RestartRecord, limits: RestartLimits, *, now: float, ran_s: float, jitter: float
) -> tuple[RestartRecord, Verdict]:
    """Judge a crash at `now` of a child that had run for `ran_s` seconds.

    Jitter is a number in [0, 1] handed in; it takes up to a quarter off the delay, so that children
    that fell together do not rise together. Burst is looked at before sustained.
    """
    longest_s = max(limits.burst_window_s, limits.sustained_window_s)
    restarts = tuple(at for at in record.restarts if now - at < longest_s)
    in_burst = sum(1 for at in restarts if now - at < limits.burst_window_s)
    in_sustained = sum(1 for at in restarts if now - at < limits.sustained_window_s)
    kept = RestartRecord(restarts, record.in_a_row)
    if in_burst >= limits.burst_max:
        return kept, GiveUp("burst", in_burst, limits.burst_window_s)
    if in_sustained >= limits.sustained_max:
        return kept, GiveUp("sustained", in_sustained, limits.sustained_window_s)
    in_a_row = 0 if ran_s >= limits.stable_s else record.in_a_row
    delay_s = _doubled(limits.delay_s, in_a_row, limits.delay_s_max) * (1 - 0.25 * jitter)
    return RestartRecord((*restarts, now + delay_s), in_a_row + 1), Restart(delay_s)


def _doubled(first: float, times: int, clamp: float) -> float:
    """First doubled so many times, at most the clamp. Sixty doublings are beyond every clamp."""
    return min(clamp, first * float(2 ** min(times, 60)))
