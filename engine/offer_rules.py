"""Offer rules: numbers of the offer that an operator set for a mall, a SKU, or a SKU on a mall.

    (mall, SKU)  >  SKU on every mall  >  mall  >  the settings of the mall

Each number is looked up by itself: the first rule in this order that says it decides, and a number
that no rule says is the settings'. A rule says at least one number. The book of all rules is held
in memory, so that an offer costs no query; where there is no rule it costs one comparison.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal

from msgspec import Struct
from msgspec.structs import replace

from engine.offer import Terms

OFFER_RULES_MAX: Final = 100_000
"""Rules of a house; a further one is refused. All of them are held in memory."""
OFFER_UNITS_MAX: Final = 1_000_000_000
"""Of a buffer, a cap or a floor, as in the settings."""
EVERY: Final = 0
"""In the place of a mall's or a SKU's id: every one."""
NO_CAP: Final = -1
"""A rule's cap that says: no cap, whatever a wider rule or the settings say."""

Number = Literal["buffer", "cap", "floor", "share"]
NUMBERS: Final[tuple[Number, ...]] = ("buffer", "cap", "floor", "share")
"""In the order in which they are shown."""
Source = Literal["mall+sku", "sku", "mall", "settings"]
"""What gave a number."""
Key = tuple[int, int]
"""(mall id, SKU id), either of them EVERY; both: no rule, that is what the settings say."""


class OfferRule(Struct, frozen=True, array_like=True, gc=False):
    """What a rule says; None: nothing of this number."""

    buffer: int | None = None
    cap: int | None = None
    """NO_CAP: none."""
    floor: int | None = None
    share: int | None = None

    @property
    def is_empty(self) -> bool:
        """It says no number."""
        return self == OfferRule()


def wrong_number(rule: OfferRule) -> Number | None:
    """The first number that no offer can have; None where all are fine."""
    for name in NUMBERS:
        value = getattr(rule, name)
        if value is None or (name == "cap" and value == NO_CAP):
            continue
        if not 0 <= value <= (100 if name == "share" else OFFER_UNITS_MAX):
            return name
    return None


def merged(before: OfferRule | None, given: OfferRule) -> OfferRule:
    """The rule with the numbers given; the others stay as they were."""
    if before is None:
        return given
    said = {name: getattr(given, name) for name in NUMBERS if getattr(given, name) is not None}
    return replace(before, **said)


def terms_by(base: Terms, rules: Iterable[OfferRule]) -> Terms:
    """The settings' terms under rules, the closest first."""
    buffer = cap = floor = share = None
    for rule in rules:
        buffer = rule.buffer if buffer is None else buffer
        cap = rule.cap if cap is None else cap
        floor = rule.floor if floor is None else floor
        share = rule.share if share is None else share
    if cap is None:
        cap = base.cap
    elif cap == NO_CAP:
        cap = None
    return Terms(
        base.buffer if buffer is None else buffer,
        cap,
        base.floor if floor is None else floor,
        base.share if share is None else share,
    )


class RuleBook:
    """Every rule of the house by what it is for; mutable, the desk keeps it as the table is."""

    def __init__(self, rules: Mapping[Key, OfferRule] | None = None) -> None:
        self._rules = dict(rules or {})

    def __len__(self) -> int:
        return len(self._rules)

    @property
    def is_full(self) -> bool:
        """No further rule fits."""
        return len(self._rules) >= OFFER_RULES_MAX

    def replace_all(self, rules: Mapping[Key, OfferRule]) -> None:
        """Takes the rules over; whoever reads meanwhile sees the old ones or the new ones."""
        self._rules = dict(rules)

    def get(self, key: Key) -> OfferRule | None:
        """The rule for exactly this."""
        return self._rules.get(key)

    def put(self, key: Key, rule: OfferRule | None) -> None:
        """Writes a rule, or removes it (None)."""
        if rule is None:
            self._rules.pop(key, None)
        else:
            self._rules[key] = rule

    def with_rule(self, key: Key, rule: OfferRule | None) -> "RuleBook":
        """Another book in which this one rule is different: for a look at what it would do."""
        book = RuleBook(self._rules)
        book.put(key, rule)
        return book

    def terms(self, mall_id: int, sku_id: int, base: Terms) -> Terms:
        """What turns the SKU's total into an offer on the mall; `base` is what its settings say.

        sku_id EVERY: what holds on the mall for every SKU without a rule of its own.
        """
        if not self._rules:
            return base
        found = [rule for _, rule in self._closest_first(mall_id, sku_id)]
        return terms_by(base, found) if found else base

    def sources(self, mall_id: int, sku_id: int) -> dict[Number, Source]:
        """What gives each number of the SKU on the mall."""
        told: dict[Number, Source] = dict.fromkeys(NUMBERS, "settings")
        for source, rule in reversed(self._closest_first(mall_id, sku_id)):
            told |= {name: source for name in NUMBERS if getattr(rule, name) is not None}
        return told

    def _closest_first(self, mall_id: int, sku_id: int) -> Sequence[tuple[Source, OfferRule]]:
        places: tuple[tuple[Source, Key], ...] = (("mall", (mall_id, EVERY)),)
        if sku_id != EVERY:
            places = (
                ("mall+sku", (mall_id, sku_id)),
                ("sku", (EVERY, sku_id)),
                ("mall", (mall_id, EVERY)),
            )
        rules = self._rules
        return [(source, rules[key]) for source, key in places if key in rules]
