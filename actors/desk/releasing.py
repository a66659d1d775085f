"""What waits for somebody's word: bulk changes the breaker holds, and malls in shadow.

Looks are answered from read-only connections; an approval and going live are turns of the desk.
"""

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from actors.desk.account import Account, rules_of
from actors.desk.breaking import approve
from actors.desk.turn import Turn
from actors.desk.weigh import bulk_change, want_of
from actors.store import Connection
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import BULK, PushRecord
from actors.store.release_list import push_page
from actors.store.store import Store
from engine.breaker import Change
from engine.push import decide, target
from engine.push_state import ListingPush
from engine.questions import (
    SHADOW_PAGE_MAX,
    WAITING_ROWS_MAX,
    Approve,
    ApprovedView,
    AskShadow,
    GoLive,
    LiveView,
    PlannedRow,
    ShadowPage,
    WaitingView,
)


class _Planned(Struct, frozen=True):
    """What a push would do to one listing."""

    delta: int | None
    """0: nothing is due; None: not known, or the listing does not sync."""
    is_unknown: bool
    """It was not compared yet."""
    to_zero: bool


# --- looks ------------------------------------------------------------------------------------


def waiting(
    store: Store, connection: Connection, accounts: Iterable[Account], now: float
) -> list[WaitingView]:
    """What the breakers of these malls hold."""
    views = []
    for account in accounts:
        breaker = store.breakers.load(connection, account.id)
        shelf = store.breakers.shelf(connection, account.id)
        rows: list[PlannedRow] = []
        if breaker.is_tripped:
            due = store.pushes.due(connection, account.id, BULK, math.inf, WAITING_ROWS_MAX)
            records = {row.listing_id: row for row in due if row.bulk}
            rows = [row for row, _ in _rows(store, connection, account, records, now)]
        views.append(
            WaitingView(
                mall=account.name,
                waits=breaker.is_tripped,
                since=breaker.tripped_at,
                plan=breaker.plan,
                listings=breaker.waiting if breaker.is_tripped else 0,
                to_zero=breaker.waiting_to_zero if breaker.is_tripped else 0,
                linked=shelf.linked,
                above_zero=shelf.above_zero,
                rows=tuple(rows),
            )
        )
    return views


def shadow(
    store: Store, connection: Connection, account: Account, question: AskShadow, now: float
) -> ShadowPage:
    """A page of the mall's listings: what would be pushed beside what it shows."""
    ids = push_page(connection, account.id, question.after, SHADOW_PAGE_MAX)
    records = store.pushes.by_id(connection, ids)
    found = _rows(store, connection, account, records, now)
    changing = [(row, plan) for row, plan in found if row.delta]
    return ShadowPage(
        mall=account.name,
        mode="shadow" if account.is_shadow else "live",
        rows=tuple(row for row, _ in (found if question.everything else changing)),
        looked_at=len(found),
        changing=len(changing),
        to_zero=sum(plan.to_zero for _, plan in changing),
        unknown=sum(plan.is_unknown for _, plan in found),
        next=ids[-1] if len(ids) == SHADOW_PAGE_MAX else None,
    )


def _rows(
    store: Store,
    connection: Connection,
    account: Account,
    records: Mapping[int, PushRecord],
    now: float,
) -> list[tuple[PlannedRow, _Planned]]:
    listings = store.listings.by_id(connection, list(records))
    sku_ids = {link.sku_id for listing in listings.values() for link in listing.links}
    skus = store.listings.skus_by_id(connection, list(sku_ids))
    found = []
    for listing_id, record in records.items():
        listing = listings.get(listing_id)
        if listing is None or not listing.links:
            continue
        state = record.state
        plan = _planned(account, listing, state, now)
        expected: int | tuple[int | None, int] | None = None
        if state.known:
            expected = state.high if state.low == state.high else (state.low, state.high)
        sku = skus.get(listing.links[0].sku_id)
        row = PlannedRow(
            mall=account.name,
            code=listing.code,
            sub_code=listing.sub_code,
            sku=None if sku is None else sku.code,
            name=listing.name,
            offer=want_of(account, listing, now).offer,
            expected=expected,
            quantity=state.settled_quantity,
            delta=plan.delta,
            to_zero=plan.to_zero,
        )
        found.append((row, plan))
    return found


def _planned(account: Account, listing: ListingRow, state: ListingPush, now: float) -> _Planned:
    """What would be pushed if the mall were live, its polls good, and nothing being read."""
    moment = account.to_mall(now)
    state = structs.replace(state, call=None)
    want = structs.replace(
        want_of(account, listing, moment),
        pushes_allowed=True,
        last_poll_ok=True,
        window_poll_end=moment,
    )
    if want.is_blocked or want.offer is None or state.quarantined:
        return _Planned(None, is_unknown=not state.known and not want.is_blocked, to_zero=False)
    if not state.known:
        return _Planned(None, is_unknown=True, to_zero=False)
    decision = decide(state, want, rules_of(account.settings, account.card))
    if decision is None:
        return _Planned(0, is_unknown=False, to_zero=False)
    to_zero = bulk_change(state, want) is Change.TO_ZERO
    delta = target(state, want.offer) - max(0, state.high)
    return _Planned(delta or decision.delta, is_unknown=False, to_zero=to_zero)


# --- words ------------------------------------------------------------------------------------


def approve_waiting(turn: Turn, account: Account, letter: Approve, sender: bytes) -> None:
    """Lets go what was shown; refused where more waits by now, or nothing does."""
    breaker = turn.store.breakers.load(turn.connection, account.id)
    if not breaker.is_tripped:
        sentences = (
            f"{account.name} には承認待ちの変更はありません。",
            f"No change of {account.name} waits for an approval; nothing changed.",
        )
        turn.deny(sender, letter.id, 3, sentences)
        return
    if breaker.plan != letter.plan:
        sentences = (
            f"待っている変更が増えています。zaiko approve {account.name} で見直してください。",
            f"More waits than was shown; look again with: zaiko approve {account.name}",
        )
        turn.deny(sender, letter.id, 3, sentences)
        return
    before = approve(turn, account)
    said = ("一括変更を承認しました", f"a bulk change was approved by {letter.actor}")
    turn.tell("approved", account, "", said, before.waiting)
    view = ApprovedView(mall=account.name, listings=before.waiting, to_zero=before.waiting_to_zero)
    turn.answer(sender, letter.id, view)


def go_live(turn: Turn, account: Account, letter: GoLive, sender: bytes) -> None:
    """From now on the mall is written to, over every restart; what was shown passes the breaker."""
    store, connection = turn.store, turn.connection
    if not account.is_shadow:
        sentences = (
            f"{account.name} はすでに本番です。",
            f"{account.name} is live already; nothing changed.",
        )
        turn.deny(sender, letter.id, 3, sentences)
        return
    account.go_live(turn.now)
    # Every listing is decided anew, so the movements it slept through need not be looked at.
    account.row.cursor = store.movements.last(connection)
    account.row.terms = account.terms
    store.pushes.decide_all(connection, account.id)
    breaker = structs.replace(
        store.breakers.load(connection, account.id),
        live_listings=letter.listings,
        live_to_zero=letter.to_zero,
    )
    store.breakers.save(connection, account.id, breaker)
    said = ("本番に切り替えました", f"went live by the word of {letter.actor}")
    turn.tell("mall", account, "", said, letter.listings)
    turn.wakes_pull.add(account.id)
    turn.wakes_poll.add(account.id)
    view = LiveView(
        mall=account.name, mode="live", listings=letter.listings, to_zero=letter.to_zero
    )
    turn.answer(sender, letter.id, view)
