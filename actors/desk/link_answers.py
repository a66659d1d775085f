"""What operators read about links: conflicts, sets, link rules and tests of rules."""

from collections.abc import Mapping
from typing import Any, assert_never

from actors.desk.account import Account
from actors.desk.linking import conflict_views
from actors.desk.rule_trial import rule_test
from actors.desk.ruling import rule_views
from actors.desk.sets import sets_page
from actors.store import Connection
from actors.store.stock_list import conflicting
from actors.store.store import Store
from engine.questions import AskConflicts, AskRules, AskRuleTest, AskSets

LinkQuestion = AskConflicts | AskSets | AskRules | AskRuleTest


def of_links(
    store: Store,
    connection: Connection,
    accounts: Mapping[int, Account],
    account: Account | None,
    question: LinkQuestion,
) -> Any:
    """The body of the answer, or a RuleRefusal; `account` is the mall that the question names."""
    names = {mall_id: one.name for mall_id, one in accounts.items()}
    match question:
        case AskConflicts():
            ids = [listing_id for _, listing_id in conflicting(connection)]
            listings = store.listings.by_id(connection, ids)
            return conflict_views(store, connection, names, list(listings.values()))
        case AskSets():
            return sets_page(store, connection, names, question.after)
        case AskRules():
            mall_id = None if account is None else account.id
            return rule_views(store, connection, accounts.values(), mall_id)
        case AskRuleTest():
            assert account is not None
            return rule_test(store, connection, accounts, account, question)
        case _:
            assert_never(question)
