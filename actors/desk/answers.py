"""Lists and looks: what operators read, answered from threads with read-only connections.

Nothing here writes, and nothing waits for the desk: a heavy list never delays an order.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from actors.desk import releasing
from actors.desk.account import Account
from actors.desk.importing import import_view
from actors.desk.weigh import offer_of, want_of
from actors.store import Connection
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import PushRecord
from actors.store.stock_list import (
    MallTerms,
    OfferTerms,
    conflicting,
    Cursor,
    Look,
    fault_list,
    history_page,
    looks,
    mall_figures,
    sku_page,
    unlinked_page,
)
from actors.store.store import Store
from engine.faults import LINK_CONFLICT
from engine.lane import lane_state
from engine.links import CONFLICT_MESSAGE, fold
from engine.push import name_of
from engine.push_state import ListingPush
from engine.questions import (
    AskConflicts,
    AskErrors,
    AskHistory,
    AskImport,
    AskShadow,
    AskStatus,
    AskStock,
    AskWaiting,
    ConflictView,
    FaultView,
    HistoryPage,
    HistoryRow,
    ListingView,
    MallView,
    StatusView,
    StockPage,
    StockRowView,
    WaitingView,
)

PAGE_ROWS_MAX = 1_000
"""Rows of one page of a list; a client asks for the next."""

Question = (
    AskStatus
    | AskErrors
    | AskConflicts
    | AskStock
    | AskHistory
    | AskImport
    | AskWaiting
    | AskShadow
)


class NotThere(Exception):
    """What was asked for is not there: a sentence in Japanese and English."""

    def __init__(self, message: str, message_en: str) -> None:
        super().__init__(message_en)
        self.sentences = (message, message_en)


def no_such_sku(code: str) -> NotThere:
    """The sentence for a SKU code nobody has."""
    return NotThere(
        f"SKU {code} はありません。zaiko stock list で確かめてください。",
        f"There is no SKU {code}; look it up with: zaiko stock list",
    )


def no_such_mall(name: str) -> NotThere:
    """The sentence for a mall name nobody has."""
    return NotThere(
        f"モール {name} は設定にありません。",
        f"There is no mall named {name} in the settings.",
    )


def _cursor(after: str | None) -> Cursor:
    """What `StockPage.next` told; a text that is none of ours begins anew."""
    try:
        value, sku_id = json.loads(after or "null")
    except (ValueError, TypeError):
        return None
    is_ours = isinstance(value, str | int) and isinstance(sku_id, int)
    return (value, sku_id) if is_ours else None


class Answers:
    """Answers questions; shared by threads, holds no connection."""

    def __init__(self, store: Store, accounts: Mapping[int, Account]) -> None:
        self._store = store
        self._accounts = accounts
        self.names: dict[str, int] = {}
        self.terms: MallTerms = {}
        self.know_malls()

    def know_malls(self) -> None:
        """Takes the malls and their terms from the accounts, at the start and after a reload."""
        accounts = dict(self._accounts)
        self.names = {account.name: mall_id for mall_id, account in accounts.items()}
        self.terms = {
            mall_id: OfferTerms(account.settings.buffer, account.settings.cap)
            for mall_id, account in accounts.items()
        }

    def answer(self, connection: Connection, question: Question, now: float) -> Any:
        """The body of the answer; raises NotThere."""
        match question:
            case AskStatus():
                return self._status(connection, now)
            case AskErrors():
                return self._errors(connection, question)
            case AskConflicts():
                return self._conflicts(connection)
            case AskStock():
                return self._stock(connection, question, now)
            case AskHistory():
                return self._history(connection, question)
            case AskImport():
                return self._import(connection, question)
            case AskWaiting():
                return self._waiting(connection, question, now)
            case AskShadow():
                account = self._account(question.mall)
                return releasing.shadow(self._store, connection, account, question, now)

    def _account(self, name: str) -> Account:
        mall_id = self.names.get(name)
        if mall_id is None:
            raise no_such_mall(name)
        return self._accounts[mall_id]

    def _waiting(
        self, connection: Connection, question: AskWaiting, now: float
    ) -> list[WaitingView]:
        if question.mall is not None:
            accounts = [self._account(question.mall)]
            return releasing.waiting(self._store, connection, accounts, now)
        views = releasing.waiting(self._store, connection, list(self._accounts.values()), now)
        return [view for view in views if view.waits]

    # --- status and errors --------------------------------------------------------------------

    def _status(self, connection: Connection, now: float) -> StatusView:
        views = []
        for account in list(self._accounts.values()):
            faults, pending, unproven, oldest = mall_figures(connection, account.id)
            row = account.row
            breaker = self._store.breakers.load(connection, account.id)
            views.append(
                MallView(
                    name=account.name,
                    kind=row.kind,
                    state=lane_state(account.lane),
                    last_poll_at=row.last_poll_at,
                    last_push_at=row.last_push_at,
                    open_faults=faults,
                    pending_pushes=pending,
                    orders_age_s=None if row.last_poll_at is None else now - row.last_poll_at,
                    key_expires_at=row.key_expires_at,
                    oldest_proof_age_s=None if oldest is None else account.to_mall(now) - oldest,
                    unproven=unproven,
                    mode="shadow" if account.is_shadow else "live",
                    waiting=breaker.waiting if breaker.is_tripped else 0,
                )
            )
        return StatusView(inventory="running", malls=tuple(views))

    def _errors(self, connection: Connection, question: AskErrors) -> list[FaultView]:
        mall_id = None
        if question.mall is not None:
            if question.mall not in self.names:
                raise no_such_mall(question.mall)
            mall_id = self.names[question.mall]
        rows = fault_list(
            connection, question.fault_id, mall_id, with_cleared=question.with_cleared
        )
        if question.fault_id is not None and not rows:
            raise NotThere(
                f"エラー {question.fault_id} はありません。",
                f"There is no error {question.fault_id}.",
            )
        return [
            FaultView(
                id=row.id,
                level=row.level,
                mall=self._mall_name(row.mall_id),
                subject=row.subject,
                code=row.code,
                message=row.message,
                hint=row.hint,
                message_en=row.message_en,
                hint_en=row.hint_en,
                state=row.state,
                count=row.count,
                first_seen=row.first_seen,
                last_seen=row.last_seen,
            )
            for row in rows
        ]

    def _mall_name(self, mall_id: int | None) -> str:
        account = self._accounts.get(mall_id or 0)
        return "" if account is None else account.name

    def _import(self, connection: Connection, question: AskImport) -> Any:
        job = self._store.imports.load(connection, question.job)
        account = None if job is None else self._accounts.get(job.mall_id)
        if job is None or account is None:
            raise NotThere("その取り込みはありません。", "There is no such import.")
        return import_view(account, job)

    # --- stock --------------------------------------------------------------------------------

    def _conflicts(self, connection: Connection) -> list[ConflictView]:
        found = conflicting(connection)
        listings = self._store.listings.by_id(connection, [row[1] for row in found])
        sku_ids = {link.sku_id for listing in listings.values() for link in listing.claims}
        skus = self._store.listings.skus_by_id(connection, list(sku_ids))
        return [
            ConflictView(
                mall=self._mall_name(listing.mall_id),
                code=listing.code,
                sub_code=listing.sub_code,
                skus=tuple(skus[link.sku_id].code for link in listing.claims),
                message=CONFLICT_MESSAGE,
                message_en=LINK_CONFLICT.message_en,
            )
            for listing in listings.values()
        ]

    def _stock(self, connection: Connection, question: AskStock, now: float) -> StockPage:
        chosen = question.filter
        if chosen.mall is not None and chosen.mall not in self.names:
            raise no_such_mall(chosen.mall)
        limit = max(1, min(question.limit, PAGE_ROWS_MAX))
        if chosen.linked is False:
            return self._unlinked(connection, question, limit, now)
        page = (_cursor(question.after), limit)
        hits, found = sku_page(connection, chosen, self.names, self.terms, page, question.sort)
        sku_ids = [row[0] for row in found]
        rows = self._rows(connection, sku_ids, now)
        return StockPage(
            rows=tuple(rows),
            hits=hits,
            next=json.dumps([found[-1][1], found[-1][0]]) if len(found) == limit else None,
        )

    def rows_of(self, connection: Connection, code: str, now: float) -> StockRowView:
        """One SKU with its listings; raises NotThere."""
        sku = self._store.listings.skus_by_code(connection, [fold(code)]).get(fold(code))
        if sku is None:
            raise no_such_sku(code)
        return self._rows(connection, [sku.id], now)[0]

    def _rows(
        self, connection: Connection, sku_ids: Sequence[int], now: float
    ) -> list[StockRowView]:
        listings_rows = self._store.listings
        skus = listings_rows.skus_by_id(connection, sku_ids)
        ids = listings_rows.of_skus(connection, None, sku_ids)
        listings = listings_rows.by_id(connection, ids)
        records = self._store.pushes.by_id(connection, ids)
        seen = looks(connection, ids)
        by_sku: dict[int, list[ListingView]] = {}
        for listing_id in ids:
            listing = listings[listing_id]
            if listing.mall_id not in self._accounts:
                continue  # Its mall was taken out of the settings: nothing is known of it now.
            view = self._listing(listing, records.get(listing_id), seen[listing_id], now)
            for link in listing.claims:
                by_sku.setdefault(link.sku_id, []).append(view)
        return [
            StockRowView(
                sku=skus[sku_id].code,
                name=skus[sku_id].name,
                jan=skus[sku_id].jan,
                total=skus[sku_id].total,
                listings=tuple(by_sku.get(sku_id, ())),
            )
            for sku_id in sku_ids
            if sku_id in skus
        ]

    def _unlinked(
        self, connection: Connection, question: AskStock, limit: int, now: float
    ) -> StockPage:
        after = int(question.after) if question.after else 0
        hits, ids = unlinked_page(connection, question.filter, self.names, (after, limit))
        listings = self._store.listings.by_id(connection, ids)
        seen = looks(connection, ids)
        rows = [
            StockRowView(
                sku=None,
                name=listings[listing_id].name,
                jan=listings[listing_id].jan,
                total=None,
                listings=(self._listing(listings[listing_id], None, seen[listing_id], now),),
            )
            for listing_id in ids
        ]
        return StockPage(
            rows=tuple(rows), hits=hits, next=str(ids[-1]) if len(ids) == limit else None
        )

    def _listing(
        self, listing: ListingRow, record: PushRecord | None, look: Look, now: float
    ) -> ListingView:
        account = self._accounts.get(listing.mall_id)
        state = ListingPush() if record is None else record.state
        offer, name = None, "unlinked"
        if account is not None and listing.claims:
            offer = offer_of(account, listing)
            want = want_of(account, listing, account.to_mall(now))
            is_stopped = account.lane.is_halted or account.lane.is_paused
            name = "blocked" if is_stopped else str(name_of(state, want, account.rules))
        expected: int | tuple[int | None, int] | None = None
        if state.known:
            expected = state.high if state.low == state.high else (state.low, state.high)
        return ListingView(
            mall=self._mall_name(listing.mall_id),
            code=listing.code,
            sub_code=listing.sub_code,
            linked=bool(listing.links),
            offer=offer,
            expected=expected,
            quantity=state.settled_quantity,
            proven_at=state.proven_at,
            state=name,
            held=state.held,
            is_gone=listing.is_gone,
            name=listing.name,
            jan=listing.jan,
            image=look.image,
            axes=look.axes,
            overdraft=listing.settings.overdraft,
            lead_time_days=listing.settings.lead_time_days,
            restock_date=listing.settings.restock_date,
        )

    def _history(self, connection: Connection, question: AskHistory) -> HistoryPage:
        folded = fold(question.sku)
        sku = self._store.listings.skus_by_code(connection, [folded]).get(folded)
        if sku is None:
            raise no_such_sku(question.sku)
        limit = max(1, min(question.limit, PAGE_ROWS_MAX))
        rows = history_page(connection, sku.id, question.after, limit)
        return HistoryPage(
            rows=tuple(
                HistoryRow(
                    at=at,
                    sku=sku.code,
                    delta=delta,
                    total=total,
                    reason=reason,
                    mall=self._mall_name(mall_id),
                    order=order,
                    line=line,
                    actor=actor,
                    note=note,
                    seq=seq,
                )
                for seq, at, delta, total, reason, mall_id, order, line, actor, note in rows
            ),
            next=rows[-1][0] if len(rows) == limit else None,
        )
