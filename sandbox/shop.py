"""One merchant's shop at one pretend mall: the state that its API and the side door share."""

from __future__ import annotations

from collections import Counter

from sandbox.agenda import Agenda
from sandbox.clock import Clock
from sandbox.faults import Faults
from sandbox.orders import OrderBook
from sandbox.pacing import Buckets
from sandbox.rules import Rules
from sandbox.shelf import Shelf


class Shop:
    """Opened by a mall's opener; starts empty."""

    def __init__(self, clock: Clock, rules: Rules) -> None:
        self.clock = clock
        self.rules = rules
        self.agenda = Agenda(clock)
        self.faults = Faults(clock)
        self.buckets = Buckets(clock)
        self.shelf = Shelf(clock, rules)
        self.orders = OrderBook(clock, self.shelf, rules, self.faults)
        self.calls: Counter[str] = Counter()  # "METHOD path" -> API calls received
