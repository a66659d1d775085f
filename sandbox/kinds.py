"""Which malls the sandbox can pretend to be: one explicit line each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox import amazon, aupay, makeshop, rakuten, yahoo
from sandbox.clock import Clock
from sandbox.mall import Mall

# A new mall adds its import above and its line here; nothing else in the core changes.
OPENERS: Mapping[str, Callable[[Clock], Mall]] = {
    "rakuten": rakuten.open_mall,
    "yahoo": yahoo.open_mall,
    "amazon": amazon.open_mall,
    "aupay": aupay.open_mall,
    "makeshop": makeshop.open_mall,
}
