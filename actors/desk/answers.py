"""Lists and looks: what operators read, answered from threads with read-only connections.

Nothing here writes, and nothing waits for the desk: a heavy list never delays an order.
"""

import json
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from msgspec import structs

from actors.desk import offering, reflect_jobs, releasing
from actors.desk.account import Account
from actors.desk.fault_answers import fault_views, of_faults
from actors.desk.history_answers import past
from actors.desk.importing import import_view
from actors.desk.link_answers import LinkQuestion, of_links
from actors.desk.side_settings import find_listing, settings_view
from actors.desk.weigh import offer_of, want_of
from actors.store import Connection
from actors.store.fault_list import FaultFilter
from actors.store.listing_rows import ListingRow, SkuRow
from actors.store.push_rows import PushRecord
from actors.store.stock_list import (
    Cursor,
    Look,
    MallTerms,
    looks,
    mall_figures,
    sku_page,
    unlinked_page,
)
from actors.store.store import Store
from engine.fault_questions import AskErrorSummary, AskNotices
from engine.fault_record import days_left
from engine.lane import lane_state
from engine.links import fold
from engine.push import name_of
from engine.push_state import ListingPush
from engine.questions import (
    AskConflicts,
    AskErrors,
    AskHistory,
    AskImport,
    AskImportChanges,
    AskMalls,
    AskOffer,
    AskOfferChange,
    AskOffers,
    AskReflectJobs,
    AskRules,
    AskRuleTest,
    AskSets,
    AskSettings,
    AskShadow,
    AskStatus,
    AskStock,
    AskTotal,
    AskWaiting,
    ChangeView,
    FaultView,
    ImportChangesView,
    ListingView,
    MallDetail,
    MallView,
    RuleRefusal,
    StatusView,
    StockPage,
    StockRowView,
    WaitingView,
)
from engine.tempo_told import compare_all_s, poll_allowed_s, push_all_s

PAGE_ROWS_MAX = 1_000
"""Rows of one page of a list; a client asks for the next."""

Question = (
    AskStatus
    | AskMalls
    | AskErrors
    | AskErrorSummary
    | AskNotices
    | LinkQuestion
    | AskStock
    | offering.OfferQuestion
    | AskHistory
    | AskTotal
    | AskImport
    | AskWaiting
    | AskReflectJobs
    | AskShadow
    | AskImportChanges
    | AskSettings
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


def no_such_listing(mall: str, code: str, sub_code: str) -> NotThere:
    """The sentence for a listing a mall does not have here."""
    subject = f"{code} {sub_code}".strip()
    return NotThere(
        f"{mall} に商品 {subject} はありません。",
        f"There is no listing {subject} on {mall}; import it first.",
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
        self.know_malls()

    def know_malls(self) -> None:
        """Takes the malls from the accounts, at the start and after a reload."""
        accounts = dict(self._accounts)
        self.names = {account.name: mall_id for mall_id, account in accounts.items()}

    @property
    def terms(self) -> MallTerms:
        """What turns totals into offers on each mall now, by its settings and its own rule."""
        accounts = dict(self._accounts)
        return {mall_id: account.offer_terms for mall_id, account in accounts.items()}

    def answer(self, connection: Connection, question: Question, now: float) -> Any:
        """The body of the answer; raises NotThere."""
        match question:
            case AskStatus():
                return self._status(connection, now)
            case AskMalls():
                return self._malls(connection, now)
            case AskErrors():
                return self._errors(connection, question)
            case AskErrorSummary() | AskNotices():
                return of_faults(connection, dict(self._accounts), question)
            case AskConflicts() | AskSets() | AskRules() | AskRuleTest():
                return self._of_links(connection, question)
            case AskStock():
                return self._stock(connection, question, now)
            case AskHistory() | AskTotal():
                sku = self._sku(connection, question.sku)
                return past(connection, sku, self._mall_names(), question)
            case AskOffers() | AskOffer() | AskOfferChange():
                return self._of_offers(connection, question)
            case AskImport() | AskImportChanges() | AskSettings():
                return self._of_products(connection, question)
            case AskWaiting() | AskShadow() | AskReflectJobs():
                return self._of_releases(connection, question, now)

    def _account(self, name: str) -> Account:
        mall_id = self.names.get(name)
        if mall_id is None:
            raise no_such_mall(name)
        return self._accounts[mall_id]

    def _of_releases(
        self, connection: Connection, question: AskWaiting | AskShadow | AskReflectJobs, now: float
    ) -> Any:
        match question:
            case AskWaiting():
                return self._waiting(connection, question, now)
            case AskShadow():
                account = self._account(question.mall)
                return releasing.shadow(self._store, connection, account, question, now)
            case AskReflectJobs():
                accounts, number = dict(self._accounts), question.job
                views = reflect_jobs.job_views(self._store, connection, accounts, number)
                if number is not None and not views:
                    raise NotThere(*reflect_jobs.no_such_job(number))
                return views

    def _waiting(
        self, connection: Connection, question: AskWaiting, now: float
    ) -> list[WaitingView]:
        if question.mall is not None:
            accounts = [self._account(question.mall)]
            return releasing.waiting(self._store, connection, accounts, now)
        views = releasing.waiting(self._store, connection, list(self._accounts.values()), now)
        return [view for view in views if view.waits]

    # --- status and errors --------------------------------------------------------------------

    def _mall(self, connection: Connection, account: Account, now: float) -> MallView:
        figures = mall_figures(connection, account.id)
        row, settings, card = account.row, account.settings, account.card
        oldest, ends_at = figures.oldest_proof, row.key_expires_at
        breaker = self._store.breakers.load(connection, account.id)
        return MallView(
            name=account.name,
            kind=row.kind,
            state=lane_state(account.lane),
            last_poll_at=row.last_poll_at,
            last_push_at=row.last_push_at,
            open_faults=figures.faults,
            pending_pushes=figures.pending,
            orders_age_s=None if row.last_poll_at is None else now - row.last_poll_at,
            key_expires_at=ends_at,
            oldest_proof_age_s=None if oldest is None else account.to_mall(now) - oldest,
            unproven=figures.unproven,
            mode="shadow" if account.is_shadow else "live",
            waiting=breaker.waiting if breaker.is_tripped else 0,
            write_kind=None if card.needs_probe else card.write_kind,
            is_probed=account.is_probed,
            key_days_left=None if ends_at is None else days_left(ends_at, now),
            linked=figures.linked,
            poll_interval_s=settings.poll_interval_s,
            poll_allowed_s=poll_allowed_s(card, settings.speed),
            compare_interval_s=settings.compare_interval_s,
            compare_all_s=compare_all_s(card, figures.linked, settings.speed),
            push_all_s=push_all_s(card, figures.linked, settings.speed),
        )

    def _status(self, connection: Connection, now: float) -> StatusView:
        accounts = list(self._accounts.values())
        views = tuple(self._mall(connection, account, now) for account in accounts)
        return StatusView(inventory="running", malls=views)

    def _malls(self, connection: Connection, now: float) -> list[MallDetail]:
        return [
            MallDetail(
                **structs.asdict(self._mall(connection, account, now)),
                title=account.card.title,
                order_conditions=account.card.order_conditions,
                order_conditions_en=account.card.order_conditions_en,
                key_renewal=account.card.key_renewal,
                key_renewal_en=account.card.key_renewal_en,
            )
            for account in list(self._accounts.values())
        ]

    def _errors(self, connection: Connection, question: AskErrors) -> list[FaultView]:
        mall_id = None
        if question.mall is not None:
            if question.mall not in self.names:
                raise no_such_mall(question.mall)
            mall_id = self.names[question.mall]
        views = fault_views(
            connection,
            dict(self._accounts),
            FaultFilter(
                fault_id=question.fault_id,
                mall_id=mall_id,
                level=question.level,
                state=question.state,
                search=question.search,
                with_cleared=question.with_cleared,
            ),
        )
        if question.fault_id is not None and not views:
            raise NotThere(
                f"エラー {question.fault_id} はありません。",
                f"There is no error {question.fault_id}.",
            )
        return views

    def _mall_names(self) -> dict[int, str]:
        return {mall_id: name for name, mall_id in self.names.items()}

    def _mall_name(self, mall_id: int | None) -> str:
        account = self._accounts.get(mall_id or 0)
        return "" if account is None else account.name

    def _of_products(
        self, connection: Connection, question: AskImport | AskImportChanges | AskSettings
    ) -> Any:
        match question:
            case AskImport():
                return self._import(connection, question)
            case AskImportChanges():
                return self._import_changes(connection, question)
            case AskSettings():
                return self._settings(connection, question)

    def _import(self, connection: Connection, question: AskImport) -> Any:
        job = self._store.imports.load(connection, question.job)
        account = None if job is None else self._accounts.get(job.mall_id)
        if job is None or account is None:
            raise NotThere("その取り込みはありません。", "There is no such import.")
        return import_view(account, job)

    def _import_changes(
        self, connection: Connection, question: AskImportChanges
    ) -> ImportChangesView:
        limit = max(1, min(question.limit, PAGE_ROWS_MAX))
        found = self._store.imports.changes_of(connection, question.job, question.after, limit)
        rows = tuple(
            ChangeView(code=code, sub_code=sub_code, field=field, old=old, new=new)
            for _, code, sub_code, field, old, new in found
        )
        return ImportChangesView(rows=rows, next=found[-1][0] if len(found) == limit else None)

    def _settings(self, connection: Connection, question: AskSettings) -> Any:
        account = self._account(question.mall)
        codes = (question.code, question.sub_code)
        listing = find_listing(self._store, connection, account, *codes)
        if listing is None:
            raise no_such_listing(account.name, *codes)
        return settings_view(self._store, connection, account, listing)

    # --- stock --------------------------------------------------------------------------------

    def place(self, connection: Connection, mall: str | None, sku: str | None) -> offering.Place:
        """What a rule is for, by the names an operator gave."""
        return offering.Place(
            None if mall is None else self._account(mall),
            None if sku is None else self._sku(connection, sku),
        )

    def _of_offers(self, connection: Connection, question: offering.OfferQuestion) -> Any:
        if isinstance(question, AskOffer):
            sku, accounts = self._sku(connection, question.sku), dict(self._accounts)
            return offering.offer_page(self._store, connection, accounts, sku, question.after)
        place = self.place(connection, question.mall, question.sku)
        if isinstance(question, AskOffers):
            names = self._mall_names()
            return offering.rules_page(self._store, connection, names, place, question)
        if (no := offering.refused(place, question.rule)) is not None:
            raise NotThere(*no)
        accounts = dict(self._accounts)
        return offering.change_page(self._store, connection, accounts, place, question)

    def _of_links(self, connection: Connection, question: LinkQuestion) -> Any:
        name = question.mall if isinstance(question, AskRules | AskRuleTest) else None
        account = None if name is None else self._account(name)
        told = of_links(self._store, connection, dict(self._accounts), account, question)
        if isinstance(told, RuleRefusal):
            raise NotThere(told.message, told.message_en)
        return told

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
        rows = self._rows(connection, sku_ids, now, chosen.mall)
        return StockPage(
            rows=tuple(rows),
            hits=hits,
            next=json.dumps([found[-1][1], found[-1][0]]) if len(found) == limit else None,
        )

    def rows_of(self, connection: Connection, code: str, now: float) -> StockRowView:
        """One SKU with its listings; raises NotThere."""
        return self._rows(connection, [self._sku(connection, code).id], now)[0]

    def _rows(
        self,
        connection: Connection,
        sku_ids: Sequence[int],
        now: float,
        mall: str | None = None,
    ) -> list[StockRowView]:
        listings_rows = self._store.listings
        skus = listings_rows.skus_by_id(connection, sku_ids)
        ids = listings_rows.of_skus(connection, None, sku_ids)
        listings = listings_rows.by_id(connection, ids)
        records = self._store.pushes.by_id(connection, ids)
        seen = looks(connection, ids)
        by_sku: dict[int, list[ListingView]] = {}
        telling: dict[int, ListingRow] = {}
        for listing_id in ids:
            listing = listings[listing_id]
            if listing.mall_id not in self._accounts:
                continue  # Its mall was taken out of the settings: nothing is known of it now.
            view = self._listing(listing, records.get(listing_id), seen[listing_id], now)
            for link in listing.claims:
                by_sku.setdefault(link.sku_id, []).append(view)
                told = telling.setdefault(link.sku_id, listing)
                if self._tells_before(listing, told, mall):
                    telling[link.sku_id] = listing
        return [
            StockRowView(
                sku=skus[sku_id].code,
                name=telling.get(sku_id, skus[sku_id]).name,
                jan=telling.get(sku_id, skus[sku_id]).jan,
                total=skus[sku_id].total,
                listings=tuple(by_sku.get(sku_id, ())),
            )
            for sku_id in sku_ids
            if sku_id in skus
        ]

    def _tells_before(self, one: ListingRow, other: ListingRow, mall: str | None) -> bool:
        """M18: a product shows as the mall asked for has it, else the mall imported first."""
        return self._tells_rank(one, mall) < self._tells_rank(other, mall)

    def _tells_rank(self, listing: ListingRow, mall: str | None) -> tuple[bool, float, int]:
        account = self._accounts[listing.mall_id]
        first = account.row.first_import_at
        return account.name != mall, inf if first is None else first, listing.id

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
            synced=listing.is_synced,
            image=look.image,
            axes=look.axes,
            overdraft=listing.settings.overdraft,
            lead_time_days=listing.settings.lead_time_days,
            restock_date=listing.settings.restock_date,
        )

    def _sku(self, connection: Connection, code: str) -> SkuRow:
        sku = self._store.listings.skus_by_code(connection, [fold(code)]).get(fold(code))
        if sku is None:
            raise no_such_sku(code)
        return sku
