"""Offer rules at the desk: set, removed, shown, and what one would change.

A rule is written and taken into the book in one transaction, which also marks the listings it is
about to be looked at: a mall's by one statement as other settings do, a SKU's through its links.
`breaking.look_again` then decides them page by page, at each pull and before any bulk push of the
mall goes, so that the breaker sees the whole change. What was marked survives a crash.
"""

from collections.abc import Mapping

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.desk.weigh import is_syncing, offer_of, stocks_of
from actors.store import Connection
from actors.store.listing_rows import ListingRow, SkuRow
from actors.store.offer_rows import OfferRow, listings_under
from actors.store.store import Store
from engine.offer import bundle_offer, offer
from engine.offer_rules import (
    EVERY,
    NO_CAP,
    OFFER_RULES_MAX,
    OFFER_UNITS_MAX,
    Key,
    OfferRule,
    RuleBook,
    merged,
    wrong_number,
)
from engine.push import target
from engine.push_state import ListingPush
from engine.questions import (
    OFFER_PAGE_MAX,
    AskOffer,
    AskOfferChange,
    AskOffers,
    OfferChangePage,
    OfferNumber,
    OfferPage,
    OfferRuleView,
    OfferSetView,
    OffersPage,
    OfferView,
    RemoveOffer,
    SetOffer,
)

OfferQuestion = AskOffers | AskOffer | AskOfferChange
Accounts = Mapping[int, Account]

NOBODY_NAMED = (
    "--mall か --sku(または両方)を指定してください。共通の値は設定ファイルに書きます。",
    "Name a mall, a SKU or both; what holds for all malls stands in the settings file.",
)
NO_SUCH_RULE = (
    "その反映条件はありません。zaiko offers list で確かめてください。",
    "There is no such rule; look it up with: zaiko offers list",
)
FULL = (
    f"反映条件は {OFFER_RULES_MAX:,} 件までです。使わない条件を削除してください。",
    f"There are {OFFER_RULES_MAX:,} rules already; remove some that are not needed.",
)
NOTHING_SAID = (
    "--buffer、--cap、--floor、--share のいずれかを指定してください。",
    "Give --buffer, --cap, --floor or --share.",
)


class Place:
    """What a rule is for: a mall of the settings, a SKU, or both."""

    def __init__(self, account: Account | None, sku: SkuRow | None) -> None:
        self.account = account
        self.sku = sku
        self.key: Key = (
            EVERY if account is None else account.id,
            EVERY if sku is None else sku.id,
        )


def refused(place: Place, rule: OfferRule | None) -> tuple[str, str] | None:
    """Why no such rule can be: a sentence in Japanese and English. rule None: it is removed."""
    if place.key == (EVERY, EVERY):
        return NOBODY_NAMED
    if rule is None:
        return None
    if rule.is_empty:
        return NOTHING_SAID
    wrong = wrong_number(rule)
    if wrong is None:
        return None
    most = 100 if wrong == "share" else OFFER_UNITS_MAX
    return (
        f"--{wrong} は 0 から {most:,} までの整数で指定してください。",
        f"--{wrong} must be a whole number from 0 to {most:,}.",
    )


# --- words ------------------------------------------------------------------------------------


def set_offer(turn: Turn, book: RuleBook, place: Place, letter: SetOffer, sender: bytes) -> None:
    """Sets the numbers given of a rule; one that says so already changes nothing."""
    before = book.get(place.key)
    after = merged(before, letter.rule)
    if before is None and book.is_full:
        turn.deny(sender, letter.id, 3, FULL)
        return
    if after != before:
        turn.store.offers.write(turn.connection, place.key, after, turn.now, letter.actor)
        book.put(place.key, after)
        _look_again(turn, place)
        said = ("反映条件を設定しました", f"an offer rule was set by {letter.actor}")
        turn.tell("offers", place.account, _code(place) or "", said)
    stored = turn.store.offers.one(turn.connection, place.key)
    view = None if stored is None else _view(stored, _mall(place), _code(place))
    turn.answer(sender, letter.id, OfferSetView(rule=view, changed=after != before))


def remove_offer(
    turn: Turn, book: RuleBook, place: Place, letter: RemoveOffer, sender: bytes
) -> None:
    """Removes a rule; its listings go back to what wider rules and the settings say."""
    if book.get(place.key) is None:
        turn.deny(sender, letter.id, 2, NO_SUCH_RULE)
        return
    turn.store.offers.remove(turn.connection, place.key)
    book.put(place.key, None)
    _look_again(turn, place)
    said = ("反映条件を削除しました", f"an offer rule was removed by {letter.actor}")
    turn.tell("offers", place.account, _code(place) or "", said)
    turn.answer(sender, letter.id, OfferSetView(rule=None, changed=True))


def forget_rules(turn: Turn, book: RuleBook, sku_id: int) -> None:
    """The SKU is deleted here, and its rules with it; nothing is left to be looked at."""
    for key in turn.store.offers.keys_of_sku(turn.connection, sku_id):
        turn.store.offers.remove(turn.connection, key)
        book.put(key, None)


def _look_again(turn: Turn, place: Place) -> None:
    pushes, connection = turn.store.pushes, turn.connection
    account, sku = place.account, place.sku
    if sku is not None:
        pushes.decide_sku(connection, sku.id, None if account is None else account.id)
    elif account is not None:
        pushes.decide_all(connection, account.id)
        account.row.terms = account.terms
        account.is_changed = True
    if account is None:
        turn.wake_all()
    else:
        turn.wakes_pull.add(account.id)


# --- looks ------------------------------------------------------------------------------------


def rules_page(
    store: Store, connection: Connection, names: Mapping[int, str], place: Place, asked: AskOffers
) -> OffersPage:
    """A page of the rules; those of malls that the settings name no more are shown without one."""
    limit = max(1, min(asked.limit, OFFER_PAGE_MAX))
    hits, rows = store.offers.page(connection, place.key, asked.after, limit)
    sku_ids = {row.key[1] for row in rows} - {EVERY}
    skus = store.listings.skus_by_id(connection, sorted(sku_ids))
    views = tuple(
        _view(
            row,
            None if row.key[0] == EVERY else names.get(row.key[0], ""),
            skus[row.key[1]].code if row.key[1] in skus else None,
        )
        for row in rows
    )
    return OffersPage(rows=views, hits=hits, next=rows[-1].id if len(rows) == limit else None)


def offer_page(
    store: Store, connection: Connection, accounts: Accounts, sku: SkuRow, after: int
) -> OfferPage:
    """A page of the SKU's listings: what each offers, and what gives each number."""
    ids = listings_under(connection, (EVERY, sku.id), after, OFFER_PAGE_MAX)
    listings = store.listings.by_id(connection, ids)
    rows = tuple(
        _offer_view(accounts[listing.mall_id], listing, sku)
        for listing in (listings[listing_id] for listing_id in ids)
        if listing.mall_id in accounts
    )
    following = ids[-1] if len(ids) == OFFER_PAGE_MAX else None
    return OfferPage(sku=sku.code, total=sku.total, rows=rows, next=following)


def change_page(
    store: Store, connection: Connection, accounts: Accounts, place: Place, asked: AskOfferChange
) -> OfferChangePage:
    """What the rule would change among a page of the listings that it is about."""
    ids = listings_under(connection, place.key, asked.after, OFFER_PAGE_MAX)
    listings = store.listings.by_id(connection, ids)
    records = store.pushes.by_id(connection, ids)
    changed = to_zero = 0
    other: RuleBook | None = None
    for listing_id in ids:
        listing = listings[listing_id]
        account = accounts.get(listing.mall_id)
        if account is None or not is_syncing(listing):
            continue
        if other is None:
            after = None
            if asked.rule is not None:
                after = merged(account.rule_book.get(place.key), asked.rule)
            other = account.rule_book.with_rule(place.key, after)
        state = records[listing_id].state if listing_id in records else ListingPush()
        old, new = offer_of(account, listing), bundle_offer(stocks_of(account, listing, other))
        if old is None or new is None:
            continue
        shown, wanted = target(state, old), target(state, new)
        changed += shown != wanted
        to_zero += wanted == 0 < shown
    return OfferChangePage(
        listings=len(ids),
        changed=changed,
        to_zero=to_zero,
        next=ids[-1] if len(ids) == OFFER_PAGE_MAX else None,
    )


def _offer_view(account: Account, listing: ListingRow, sku: SkuRow) -> OfferView:
    units = next(link.units for link in listing.claims if link.sku_id == sku.id)
    terms = account.terms_of(sku.id)
    source = account.rule_book.sources(account.id, sku.id)
    return OfferView(
        mall=account.name,
        code=listing.code,
        sub_code=listing.sub_code,
        units=units,
        components=len(listing.links),
        buffer=OfferNumber(value=terms.buffer, source=source["buffer"]),
        cap=OfferNumber(value=terms.cap, source=source["cap"]),
        floor=OfferNumber(value=terms.floor, source=source["floor"]),
        share=OfferNumber(value=terms.share, source=source["share"]),
        allows=offer(sku.total, units, terms),
        offer=offer_of(account, listing),
    )


def _view(row: OfferRow, mall: str | None, sku: str | None) -> OfferRuleView:
    rule = row.rule
    return OfferRuleView(
        mall=mall,
        sku=sku,
        buffer=rule.buffer,
        cap="none" if rule.cap == NO_CAP else rule.cap,
        floor=rule.floor,
        share=rule.share,
        at=row.at,
        actor=row.actor,
    )


def _mall(place: Place) -> str | None:
    return None if place.account is None else place.account.name


def _code(place: Place) -> str | None:
    return None if place.sku is None else place.sku.code
