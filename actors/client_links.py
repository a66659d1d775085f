"""A command's questions about links."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final

from actors.client_asking import Asking, Body
from engine.questions import (
    LINK_PAGE_MAX,
    AskConflicts,
    AskRules,
    AskRuleTest,
    AskSets,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    LinkSets,
    MakeRules,
    ReadyRules,
    RemoveRule,
    RuleWish,
    SetPart,
    SetWish,
)

RULE_TEST_S_MAX: Final = 300.0
"""How long a test of rules may take; it looks at every listing of two malls."""
READY_PAGES_MAX: Final = 10_000
"""Pages of keys a command makes for a new rule; the house makes the rest by itself."""


class Links:
    """Which listing is which SKU, in a running house."""

    def __init__(self, house: Asking) -> None:
        self._house = house

    def auto(self, mall: str | None) -> Body:
        """`link auto`, all pages: LinkedView."""
        told: dict[str, Any] = {"linked": 0, "unmatched": 0, "conflicts": [], "next": 0}
        while told["next"] is not None:
            after = int(told["next"])
            page = self._house.ask(
                partial(LinkAuto, mall=mall, actor=self._house.actor, after=after)
            )
            told["linked"] += page["linked"]
            told["unmatched"] += page["unmatched"]
            told["conflicts"] += page["conflicts"]
            told["next"] = page["next"]
        return told

    def add(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link add`: LinkedView."""
        return self._house.ask(
            lambda number: LinkAdd(number, sku, mall, code, sub_code, self._house.actor)
        )

    def remove(self, sku: str, mall: str, code: str, sub_code: str) -> Body:
        """`link remove`: LinkedView."""
        return self._house.ask(
            lambda number: LinkRemove(number, sku, mall, code, sub_code, self._house.actor)
        )

    def conflicts(self) -> Body:
        """`link conflicts`: ConflictViews."""
        return self._house.ask(AskConflicts)

    def make_sets(self, wishes: Sequence[SetWish], *, dry_run: bool) -> Body:
        """`link set` and `link sets import`: SetsView of all pages.

        Every page is looked through before the first one is made; with a refusal none is.
        """
        told = self._ask_sets(wishes, dry_run=True)
        if told["refusals"] or dry_run:
            return told
        return self._ask_sets(wishes, dry_run=False)

    def _ask_sets(self, wishes: Sequence[SetWish], *, dry_run: bool) -> dict[str, Any]:
        told: dict[str, Any] = {"changed": 0, "unchanged": 0, "refusals": []}
        for start in range(0, len(wishes), LINK_PAGE_MAX):
            page = tuple(wishes[start : start + LINK_PAGE_MAX])
            made = self._house.ask(
                partial(LinkSets, wishes=page, actor=self._house.actor, dry_run=dry_run)
            )
            for name in told:
                told[name] += made[name]
        return told

    def sets(self) -> Iterator[Body]:
        """`link sets`: SetViews, page by page."""
        after: int | None = 0
        while after is not None:
            page = self._house.ask(partial(AskSets, after=after))
            yield from page["rows"]
            after = page["next"]

    # --- link rules ---------------------------------------------------------------------------

    def rules(self, mall: str | None) -> Body:
        """`link rules list`: RuleViews."""
        return self._house.ask(lambda number: AskRules(number, mall))

    def make_rules(self, wishes: Sequence[RuleWish], *, dry_run: bool) -> Body:
        """`link rules add` and `import`: RulesView, once the rules are tried."""
        told = self._house.ask(
            partial(MakeRules, wishes=tuple(wishes), actor=self._house.actor, dry_run=dry_run)
        )
        if dry_run or not told["added"]:
            return told
        for _ in range(READY_PAGES_MAX):
            if not self._house.ask(ReadyRules)["left"]:
                break
        named = {row["mall"] for row in told["rules"]}
        return told | {"rules": [row for row in self.rules(None) if row["mall"] in named]}

    def remove_rule(self, rule: int) -> Body:
        """`link rules remove`: RuleView."""
        return self._house.ask(lambda number: RemoveRule(number, rule, self._house.actor))

    def test_rules(self, mall: str, limit: int, wish: RuleWish | None) -> Body:
        """`link rules test`: RuleTestView."""
        return self._house.ask(
            lambda number: AskRuleTest(number, mall, limit, wish), RULE_TEST_S_MAX
        )


def rule_wish(
    mall: str,
    fields: tuple[Sequence[str], str],
    base_fields: tuple[Sequence[str], str],
    folds: Sequence[str],
    position: int | None,
    line: int = 0,
) -> RuleWish:
    """A link rule as it was worded: of each side the fields and what stands between them."""
    names, join = fields
    base_names, base_join = base_fields
    return RuleWish(
        mall, tuple(names), join, tuple(base_names), base_join, tuple(folds), position, line
    )


def set_wish(
    mall: str, code: str, sub_code: str, parts: Sequence[tuple[str, int, int]], line: int = 0
) -> SetWish:
    """What a listing shall take: (SKU, units, line of the file or 0) of each component."""
    return SetWish(mall, code, sub_code, tuple(SetPart(*part) for part in parts), line)
