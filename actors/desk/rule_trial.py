"""A test of link rules: what `link auto` would do with a mall's listings, told and not done.

It is answered by a reading thread in one go. A rule that is not there has no stored keys: they are
made on the spot, which takes memory for every base listing and therefore has a limit.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from actors.desk.account import Account
from actors.desk.matching import Matcher, base_of, keys_of_base
from actors.desk.ruling import read_rule
from actors.store import Connection
from actors.store.rule_key_rows import OpenListing, count_of, open_page
from actors.store.store import Store
from engine.link_rules import LinkRule, Match, placed
from engine.links import Linked
from engine.questions import (
    LINK_PAGE_MAX,
    RULE_TEST_ROWS_MAX,
    AskRuleTest,
    RuleRefusal,
    RuleTestRow,
    RuleTestView,
)

RULE_BASE_LISTINGS_MAX = 500_000
"""Base listings up to which a rule can be tried before it is added."""


class _Found(Struct):
    """Listings of one kind: how many there are, and the first of them."""

    count: int = 0
    first: list[tuple[OpenListing, Match | None]] = field(default_factory=list)

    def add(self, listing: OpenListing, match: Match | None, shown_max: int) -> None:
        """One more."""
        self.count += 1
        if len(self.first) < shown_max:
            self.first.append((listing, match))


def rule_test(
    store: Store,
    connection: Connection,
    accounts: Mapping[int, Account],
    account: Account,
    question: AskRuleTest,
) -> RuleTestView | RuleRefusal:
    """Tries the rules of a mall, with one more where the question has it."""
    base = base_of(accounts.values())
    matcher = Matcher(store, connection, base)
    if account.is_base or base is None:
        return RuleRefusal(
            0, "mall",
            f"{account.name} は基本モールです。ほかのモールを指定してください。",
            f"{account.name} is the base mall; name another one.",
        )  # fmt: skip
    if question.wish is not None:
        rule = read_rule(question.wish, account)
        if isinstance(rule, LinkRule) and count_of(connection, base.id) > RULE_BASE_LISTINGS_MAX:
            return RuleRefusal(
                0, "mall",
                f"基本モールの商品が {RULE_BASE_LISTINGS_MAX} 件を超えるため、"
                "追加前には試せません。",
                f"The base mall has more than {RULE_BASE_LISTINGS_MAX} listings: "
                "a rule cannot be tried before it is added.",
            )  # fmt: skip
        if isinstance(rule, RuleRefusal):
            return rule
        rules = placed(matcher.rules.get(account.id, []), rule, question.wish.position)
        matcher.try_out(account.id, rules, keys_of_base(connection, base, rule))
    links, ambiguous, unmatched = _Found(), _Found(), _Found()
    shown_max = max(0, min(question.limit, RULE_TEST_ROWS_MAX))
    after: int | None = 0
    while after is not None:
        page = open_page(connection, [account.id], after, LINK_PAGE_MAX)
        matches = matcher.judge(account.id, [(one.id, one.row) for one in page])
        for one in page:
            match = matches.get(one.id)
            if match is None:
                unmatched.add(one, None, shown_max)
            elif isinstance(match.verdict, Linked):
                links.add(one, match, shown_max)
            else:
                ambiguous.add(one, match, shown_max)
        after = page[-1].id if len(page) == LINK_PAGE_MAX else None
    return RuleTestView(
        mall=account.name,
        links=links.count,
        ambiguous=ambiguous.count,
        unmatched=unmatched.count,
        not_ready=matcher.not_ready.get(account.id, 0),
        link_rows=_rows(store, connection, links.first),
        ambiguous_rows=_rows(store, connection, ambiguous.first),
        unmatched_rows=_rows(store, connection, unmatched.first),
    )


def _rows(
    store: Store, connection: Connection, found: Sequence[tuple[OpenListing, Match | None]]
) -> tuple[RuleTestRow, ...]:
    ids = {sku_id for _, match in found for sku_id in _skus_of(match)}
    skus = store.listings.skus_by_id(connection, sorted(ids))
    return tuple(
        RuleTestRow(
            code=one.row.ref.code,
            sub_code=one.row.ref.sub_code,
            name=one.row.name,
            rule=None if match is None or match.rule is None else match.rule.id,
            key="" if match is None else match.key,
            skus=tuple(skus[sku_id].code for sku_id in _skus_of(match)),
        )
        for one, match in found
    )


def _skus_of(match: Match | None) -> Sequence[int]:
    if match is None:
        return ()
    verdict = match.verdict
    return (verdict.sku_id,) if isinstance(verdict, Linked) else verdict.sku_ids
