"""Operators' letters about link rules (紐づけ条件) and their answers' shapes."""

from msgspec import Struct

RULE_TEST_ROWS_MAX = 1_000
"""Listings of each kind that a test of rules shows."""


class RuleWish(Struct, frozen=True):
    """One link rule as an operator words it."""

    mall: str
    fields: tuple[str, ...]
    """code | sub_code | sku_code | jan | axis1 | axis2, of the mall's listing, in order."""
    join: str
    """Between them."""
    base_fields: tuple[str, ...]
    base_join: str
    folds: tuple[str, ...]
    """case | width | hyphen: differences that do not count."""
    position: int | None
    """Its place among the mall's rules, from 1; None: the last."""
    line: int = 0
    """The line of a file it stands in; 0: none."""


class MakeRules(Struct, frozen=True, tag=True):
    """Adds link rules, or moves those there are; all or none. Reply body: RulesView."""

    id: int
    wishes: tuple[RuleWish, ...]
    actor: str
    dry_run: bool = False
    """Only says what it would do."""


class ReadyRules(Struct, frozen=True, tag=True):
    """Makes the keys of some more base listings for rules not ready. Reply body: RulesDue."""

    id: int


class RemoveRule(Struct, frozen=True, tag=True):
    """Removes a link rule; links stay. Reply body: RuleView."""

    id: int
    rule: int
    actor: str


class AskRules(Struct, frozen=True, tag=True):
    """Reply body: list of RuleView, mall by mall in the order they are tried."""

    id: int
    mall: str | None


class AskRuleTest(Struct, frozen=True, tag=True):
    """What `link auto` would do with a mall's listings. Reply body: RuleTestView."""

    id: int
    mall: str
    limit: int
    """Listings shown of each kind, at most RULE_TEST_ROWS_MAX."""
    wish: RuleWish | None = None
    """A rule that is not there: tried at its position as if it were; None: those there are."""


# --- shapes of the answers' bodies (their JSON is fixed) -----------------------------------------


class RuleView(Struct, frozen=True, kw_only=True):
    """One link rule."""

    id: int
    """0: it is not made yet."""
    mall: str
    position: int
    fields: tuple[str, ...]
    join: str
    base_fields: tuple[str, ...]
    base_join: str
    folds: tuple[str, ...]
    is_ready: bool
    """Whether it is tried; a rule just added is once the base mall's keys are made."""


class RuleRefusal(Struct, frozen=True):
    """Why a rule cannot be made."""

    line: int
    column: str
    """mall | position | fields | join | base_fields | base_join | fold."""
    message: str
    message_en: str


class RulesView(Struct, frozen=True, kw_only=True):
    """What was made, or would be; with refusals nothing at all."""

    added: int
    moved: int
    """Rules there were that have another position now by the operator's word."""
    unchanged: int
    rules: tuple[RuleView, ...]
    """All rules of the malls that were named."""
    refusals: tuple[RuleRefusal, ...]


class RulesDue(Struct, frozen=True, kw_only=True):
    """How much there is to do before all rules are tried."""

    left: int
    """Rules that are not ready, or not gone yet."""


class RuleTestRow(Struct, frozen=True, kw_only=True):
    """One listing of a test."""

    code: str
    sub_code: str
    name: str
    rule: int | None
    """Which rule decides: its id, 0: the one that is tried; None: the default one, or no rule."""
    key: str
    """What was compared; "" where nothing matches."""
    skus: tuple[str, ...]
    """The SKU it would be linked to, or the candidates; () where nothing matches."""


class RuleTestView(Struct, frozen=True, kw_only=True):
    """What the rules would do with the listings that are linked to nothing; nothing is done."""

    mall: str
    links: int
    ambiguous: int
    unmatched: int
    not_ready: int
    """Rules of the mall that were left out, since they are not ready."""
    link_rows: tuple[RuleTestRow, ...]
    ambiguous_rows: tuple[RuleTestRow, ...]
    unmatched_rows: tuple[RuleTestRow, ...]
