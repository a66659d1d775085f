"""What a mall's published rates allow, as figures for people: told, and never waited for.

    poll_allowed_s      from one order poll to the next, at least
    order_takes_s       what each new order adds to it
    push_all_s          writing every listing once
    compare_all_s       reading every listing once

Pure arithmetic on the card: which calls each of these makes, and how often each may be made.
`pacing.py` keeps to the rates; here a burst does not count, for it is over after minutes, and
neither does the time that the answers themselves take: no mall is faster than this for long.
"""

from collections import Counter
from collections.abc import Iterable

from engine.connector import Card
from engine.pacing import AUDIT_SHARE


def poll_allowed_s(card: Card, speed: float) -> float:
    """From one order poll to the next, at least, over hours; wall seconds."""
    return _takes_s(card, card.poll_calls, speed)


def poll_burst(card: Card) -> int:
    """How many polls a mall grants at once, before it asks for `poll_allowed_s` between them."""
    bursts = {rate.bucket: rate.burst for rate in card.rates}
    return min((bursts[bucket] for bucket in card.poll_calls), default=1)


def order_takes_s(card: Card, speed: float) -> float:
    """What each new order costs beside the list that shows it; 0 where the list is enough."""
    return _takes_s(card, card.order_calls, speed)


def push_all_s(card: Card, listings: int, speed: float) -> float:
    """How long writing this many listings once takes at least, in full batches or by feeds."""
    if card.feed_rows_max and listings >= card.feed_from:
        # Every row of a feed is looked at before it is handed in; the looks go on meanwhile.
        looks_s = _batches(listings, card.read_rows_max) * _takes_s(card, card.read_calls, speed)
        feeds = _batches(listings, card.feed_rows_max)
        return max(looks_s, feeds * _takes_s(card, card.feed_calls, speed))
    return _batches(listings, card.push_rows_max) * _takes_s(card, card.write_calls, speed)


def compare_all_s(card: Card, listings: int, speed: float) -> float:
    """How long reading this many listings once takes at least: audits use a part of the rate."""
    batches = _batches(listings, card.read_rows_max)
    return batches * _takes_s(card, card.read_calls, speed) / AUDIT_SHARE


def _batches(rows: int, rows_max: int) -> int:
    return -(-rows // rows_max)


def _takes_s(card: Card, calls: Iterable[str], speed: float) -> float:
    """How long these calls take to come back; buckets come back side by side.

    A bucket that no rate names is a bug of the card, and raises KeyError.
    """
    interval_s = {rate.bucket: rate.per_s / rate.calls / speed for rate in card.rates}
    return max((interval_s[name] * count for name, count in Counter(calls).items()), default=0.0)
