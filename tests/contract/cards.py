"""The quality cards as data: what the contract suite proves of each connector, and what it cannot.

Every point of the list is done or exempt with a reason, for every mall. `conftest.py` runs a
point's tests for the malls whose card says DONE, and `test_cards.py` compares the cards with the
tests and with the table in docs/malls/quality.md.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Done(NamedTuple):
    """A test proves it, on the mall's own sandbox over real HTTP."""


class Exempt(NamedTuple):
    """It cannot be proven for this mall."""

    reason: str
    """One sentence: what of the mall is the reason."""


Mark = Done | Exempt
DONE: Final = Done()

POINTS: Final[Mapping[str, str]] = {
    "catalogue.once": "an import reads every listing once",
    "catalogue.resumed": "an import resumes from its cursor in a new connection",
    "catalogue.odd_codes": "codes with spaces, slashes, plus signs, full-width letters and emoji",
    "catalogue.variations": "variations by sub-code, with their axes",
    "catalogue.jan": "JAN codes",
    "catalogue.image": "pictures",
    "orders.shifting": "a list that shifts while it is read loses no order",
    "orders.once": "an order that has not changed is read once",
    "orders.late": "an order that shows late is found",
    "orders.edited": "changed quantities are found",
    "orders.cancelled": "a cancel counts 0, whether the mall restocks or not",
    "orders.moved": "an order confirmed or shipped before the first poll counts",
    "orders.window": "both ends of a window count, and a long one is split",
    "orders.clock": "all moments are in the mall's clock, however wrong it is",
    "orders.buyers": "nothing of a buyer is in a snapshot or a fault",
    "stock.values": "quantities are read right, odd codes and variations too",
    "stock.missing": "a listing the mall does not have is missing, never 0",
    "stock.unlimited": "a listing without a number is no number, never 0",
    "write.relative": "differences commute with orders not seen yet",
    "write.guarded": "a read guards an absolute write",
    "write.anchored": "the offer is written as it is",
    "write.bad_row": "one bad row is named, and the others are done now or the next time",
    "write.whole_batch": "a batch of the largest size is done in one request",
    "write.settings_kept": "a push writes stock and leaves other settings alone",
    "write.settings_sent": "a registered setting rides along with a push",
    "failures.rate_limit": "a 429 is not done, waits, and closes the call's rate for a while",
    "failures.retry_after": "Retry-After is kept to",
    "failures.maintenance": "maintenance is level 8 and not done",
    "failures.server_error": "a server error is level 8; a write that met it is unknown",
    "failures.garbage": "a garbled answer is level 8; a write it answers is unknown",
    "failures.expired_key": "a refused key is level 9, of the family that was asked, at once",
    "failures.lost_before": "a write lost before it was done is unknown and not repeated",
    "failures.lost_after": "a write whose answer is lost is unknown and not repeated",
    "failures.timed_out": "an answer that does not come in time is a time-out",
    "failures.slow": "a slow answer is an answer",
    "failures.retried": "a read is retried within its bound",
    "keys.good": "a working key is proven by a check",
    "keys.refused": "a refused key is told as level 9 by a check",
    "keys.rotated": "a rotated token is stored before it is used",
}
"""The closed list: name -> what a test of it proves."""

_CODES = "Its codes consist of plain letters, digits, hyphens and underscores only (S)."
_NO_PICTURE = "Its catalogue calls tell no picture in a field that is known."
_RELATIVE = "It takes differences, so that is how it is written to."
_NO_FIXED = "Its keys do not change by themselves."
_NO_SETTINGS = "zaiko registers no side setting for this mall."
_NO_WAIT = "No Retry-After is known of this mall, and its sandbox sends none."

_EXEMPT: Final[Mapping[str, Mapping[str, str]]] = {
    "rakuten": {
        "catalogue.odd_codes": _CODES,
        "stock.unlimited": (
            "Its stock call tells numbers only; that an item keeps none is told by the catalogue."
        ),
        "write.guarded": _RELATIVE,
        "write.anchored": _RELATIVE,
        "write.settings_sent": _NO_SETTINGS,
        "keys.rotated": _NO_FIXED,
    },
    "yahoo": {
        "catalogue.odd_codes": _CODES,
        "stock.unlimited": "It gave up unlimited stock in 2018; the sandbox has none (S).",
        "write.guarded": _RELATIVE,
        "write.anchored": _RELATIVE,
    },
    "amazon": {
        "catalogue.variations": "Each seller SKU is a listing of its own there.",
        "write.relative": "It takes absolute quantities only, and its reads are minutes old.",
        "write.guarded": "Its reads are minutes old: none can guard a write.",
        "failures.retry_after": "It gives none: the rate it tells says how long to wait.",
        "keys.rotated": (
            "Its token endpoint hands the same refresh token back; that another one would be"
            " stored first is proven by a unit test."
        ),
    },
    "aupay": {
        "catalogue.image": _NO_PICTURE,
        "stock.unlimited": "Every item and every choice has a number there.",
        "write.relative": "It takes absolute quantities only.",
        "write.settings_sent": _NO_SETTINGS,
        "failures.retry_after": _NO_WAIT,
        "keys.rotated": _NO_FIXED,
    },
    "makeshop": {
        "catalogue.image": _NO_PICTURE,
        "write.anchored": "Its reads are live, so an absolute write would be guarded.",
        "write.settings_sent": _NO_SETTINGS,
        "failures.retry_after": _NO_WAIT,
        "keys.rotated": _NO_FIXED,
    },
}

CARDS: Final[Mapping[str, Mapping[str, Mark]]] = {
    kind: {point: Exempt(exempt[point]) if point in exempt else DONE for point in POINTS}
    for kind, exempt in _EXEMPT.items()
}
"""Kind of mall -> point -> what its card says. What is not exempt is done: a test must prove it."""
