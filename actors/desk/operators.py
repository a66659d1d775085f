"""What operators ask for that changes something: one method a letter, in the turn's transaction."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import structs

from actors.desk import (
    adopting,
    counting,
    importing,
    leases,
    linking,
    offering,
    reflect_jobs,
    reflecting,
    releasing,
    ruling,
    sets,
    sheets,
    side_settings,
    stockwork,
    syncing,
)
from actors.desk.account import Account
from actors.desk.answers import Answers, NotThere, no_such_listing, no_such_mall, no_such_sku
from actors.desk.faulting import Faulting
from actors.desk.leases import House
from actors.desk.turn import Turn
from actors.store.listing_rows import ListingRow, SkuRow
from actors.store.reflect_rows import ReflectJob
from actors.store.stock_list import reflect_page
from engine.lane import LaneEvent
from engine.offer_rules import OfferRule, RuleBook
from engine.questions import (
    REFLECT_PAGE_MAX,
    REFLECT_SKUS_MAX,
    AdjustStock,
    ApplySheet,
    Approve,
    AskReflect,
    AskSheet,
    AskStatus,
    BringStock,
    ClearErrors,
    ControlMall,
    DeleteSkus,
    DropSheet,
    GoLive,
    ImportFileRows,
    KeyChanged,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    LinkSets,
    MakeRules,
    OpenSheet,
    ReadyRules,
    RemoveOffer,
    RemoveRule,
    ResumeReflect,
    SendSheet,
    SetOffer,
    SetSettings,
    SetStock,
    SetSync,
    StartImport,
    StartReflect,
    StartReflectJob,
    StopReflect,
    TakeStock,
    UndoStock,
)

NO_TOTAL = (
    "総在庫数がまだ決まっていません。zaiko stock set で数えた数を入れてください。",
    "The SKU has no total yet; give a counted one with: zaiko stock set",
)
ClientHandler = Callable[[Turn, Any, bytes], None]


class Operators:
    """Answers operators' letters; what is not there raises NotThere and changes nothing."""

    def __init__(
        self,
        accounts: Mapping[int, Account],
        answers: Answers,
        faulting: Faulting,
        house: House,
        rule_book: RuleBook,
    ) -> None:
        self._accounts = accounts
        self._rule_book = rule_book
        self._answers = answers
        self._faulting = faulting
        self._house = house
        self._handlers: Mapping[type, ClientHandler] = {
            ClearErrors: self._clear,
            ControlMall: self._control,
            KeyChanged: self._key_changed,
            StartImport: self._start_import,
            ImportFileRows: self._import_file_rows,
            SetSettings: self._set_settings,
            LinkAuto: self._link_auto,
            LinkAdd: self._link_add,
            LinkRemove: self._link_remove,
            LinkSets: self._link_sets,
            MakeRules: self._make_rules,
            ReadyRules: ruling.ready_rules,
            RemoveRule: self._remove_rule,
            SetStock: self._set_stock,
            AdjustStock: self._adjust_stock,
            BringStock: self._bring_stock,
            TakeStock: counting.take_stock,
            DeleteSkus: self._delete,
            SetSync: self._set_sync,
            StartReflect: self._reflect,
            AskReflect: reflecting.ask_reflect,
            StartReflectJob: self._start_job,
            StopReflect: self._stop_job,
            ResumeReflect: self._resume_job,
            Approve: self._approve,
            GoLive: self._go_live,
            UndoStock: adopting.undo,
            SetOffer: self._set_offer,
            RemoveOffer: self._remove_offer,
            OpenSheet: sheets.open_sheet,
            SendSheet: self._send_sheet,
            ApplySheet: sheets.apply_sheet,
            DropSheet: sheets.drop_sheet,
            AskSheet: sheets.ask_sheet,
        }

    def take(self, turn: Turn, letter: Any, sender: bytes) -> None:
        """Answers one letter of `FromClient`; a refusal is an answer too."""
        handle = self._handlers.get(type(letter), self._look_up)
        try:
            handle(turn, letter, sender)
        except NotThere as missing:
            turn.deny(sender, letter.id, 2, missing.sentences)

    def _look_up(self, turn: Turn, letter: Any, sender: bytes) -> None:
        # Lists are for the reading threads; here they answer too, for simulations.
        body = self._answers.answer(turn.connection, letter, turn.now)
        turn.answer(sender, letter.id, body)

    def _account(self, name: str) -> Account:
        mall_id = self._answers.names.get(name)
        if mall_id is None:
            raise no_such_mall(name)
        return self._accounts[mall_id]

    # --- malls --------------------------------------------------------------------------------

    def _clear(self, turn: Turn, letter: ClearErrors, sender: bytes) -> None:
        if letter.mall is not None:
            self._account(letter.mall)
        self._faulting.clear(turn, list(self._accounts.values()), letter, sender)

    def _control(self, turn: Turn, letter: ControlMall, sender: bytes) -> None:
        account = self._account(letter.mall)
        if letter.verb == "pause":
            account.step(LaneEvent.PAUSED)
        elif letter.verb == "resume":
            account.step(LaneEvent.RESUMED)
        elif account.row.is_halted or account.row.is_paused:
            sentences = (
                f"{account.name} は停止中のため、受注を取得できません。",
                f"{account.name} is halted or paused and cannot be polled.",
            )
            turn.deny(sender, letter.id, 3, sentences)
            return
        else:
            account.poll_now += 1
            turn.wakes_poll.add(account.id)
        leases.order_lane(turn, account, self._house)
        turn.tell("mall", account, "", (letter.verb, letter.verb))
        body = self._answers.answer(turn.connection, AskStatus(letter.id), turn.now)
        turn.answer(sender, letter.id, body)

    def _key_changed(self, turn: Turn, letter: KeyChanged, sender: bytes) -> None:
        self._faulting.key_changed(turn, self._account(letter.mall), letter, sender)

    def _start_import(self, turn: Turn, letter: StartImport, sender: bytes) -> None:
        importing.start_import(turn, self._account(letter.mall), letter, sender)

    def _approve(self, turn: Turn, letter: Approve, sender: bytes) -> None:
        releasing.approve_waiting(turn, self._account(letter.mall), letter, sender)

    def _go_live(self, turn: Turn, letter: GoLive, sender: bytes) -> None:
        releasing.go_live(turn, self._account(letter.mall), letter, sender)

    def _import_file_rows(self, turn: Turn, letter: ImportFileRows, sender: bytes) -> None:
        account = self._account(letter.mall)
        most = account.card.lead_time_days_max
        if letter.lead_time_days is not None and (
            most is None or not 0 <= letter.lead_time_days <= most
        ):
            raise no_lead_time(account.name, most)
        importing.import_file_rows(turn, account, letter, sender)

    def _set_settings(self, turn: Turn, letter: SetSettings, sender: bytes) -> None:
        account = self._account(letter.mall)
        listing = side_settings.find_listing(
            turn.store, turn.connection, account, letter.code, letter.sub_code
        )
        if listing is None:
            raise no_such_listing(account.name, letter.code, letter.sub_code)
        if (sentences := side_settings.bad_setting(account, letter)) is not None:
            raise NotThere(*sentences)
        side_settings.set_settings(turn, account, listing, letter, sender)

    # --- links --------------------------------------------------------------------------------

    def _link_auto(self, turn: Turn, letter: LinkAuto, sender: bytes) -> None:
        if letter.mall is not None:
            self._account(letter.mall)
        linking.link_auto(turn, list(self._accounts.values()), letter, sender)

    def _link_add(self, turn: Turn, letter: LinkAdd, sender: bytes) -> None:
        account, sku, listing = self._named(turn, letter)
        linking.link_add(turn, account, sku, listing, letter, sender)

    def _link_remove(self, turn: Turn, letter: LinkRemove, sender: bytes) -> None:
        account, sku, listing = self._named(turn, letter)
        if all(link.sku_id != sku.id for link in listing.claims):
            raise NotThere("その紐づけはありません。", "That listing is not linked to that SKU.")
        linking.link_remove(turn, account, sku, listing, letter, sender)

    def _link_sets(self, turn: Turn, letter: LinkSets, sender: bytes) -> None:
        sets.link_sets(turn, self.named_accounts, letter, sender)

    def _send_sheet(self, turn: Turn, letter: SendSheet, sender: bytes) -> None:
        sheets.send_sheet(turn, self.named_accounts, letter, sender)

    @property
    def named_accounts(self) -> Mapping[str, Account]:
        """The malls by their names."""
        return {account.name: account for account in self._accounts.values()}

    def _make_rules(self, turn: Turn, letter: MakeRules, sender: bytes) -> None:
        ruling.make_rules(turn, self.named_accounts, letter, sender)

    def _remove_rule(self, turn: Turn, letter: RemoveRule, sender: bytes) -> None:
        kept = ruling.find_rule(turn, letter.rule)
        if kept is None:
            raise NotThere(
                f"紐づけ条件 {letter.rule} はありません。"
                "zaiko link rules list で確かめてください。",
                f"There is no link rule {letter.rule}; look it up with: zaiko link rules list",
            )
        ruling.remove_rule(turn, kept, letter, sender)

    def _named(
        self, turn: Turn, letter: LinkAdd | LinkRemove
    ) -> tuple[Account, SkuRow, ListingRow]:
        account = self._account(letter.mall)
        sku = self._sku(turn, letter.sku)
        listing = self._listing(turn, account, letter.code, letter.sub_code)
        of_set = sets.refuse_of_set(listing)
        if of_set is not None:
            raise NotThere(*of_set)
        return account, sku, listing

    def _listing(self, turn: Turn, account: Account, code: str, sub_code: str) -> ListingRow:
        listing = linking.find(turn, account, code, sub_code)
        if listing is None:
            raise no_such_listing(account.name, code, sub_code)
        return listing

    def _set_sync(self, turn: Turn, letter: SetSync, sender: bytes) -> None:
        account = self._account(letter.mall)
        for code in letter.filter.skus:
            self._sku(turn, code)
        if letter.code is not None:
            listing = self._listing(turn, account, letter.code, letter.sub_code)
            ids: Sequence[int] = [listing.id]
            syncing.set_sync(turn, account, ids, letter, sender)
            return
        chosen = structs.replace(letter.filter, mall=account.name)
        page = (letter.after, REFLECT_PAGE_MAX)
        answers = self._answers
        ids = reflect_page(turn.connection, chosen, answers.names, answers.terms, page)
        syncing.set_sync(turn, account, ids, letter, sender)

    # --- stock --------------------------------------------------------------------------------

    def _sku(self, turn: Turn, code: str) -> SkuRow:
        sku = stockwork.sku_by_code(turn, code)
        if sku is None:
            raise no_such_sku(code)
        return sku

    def _set_stock(self, turn: Turn, letter: SetStock, sender: bytes) -> None:
        sku = self._sku(turn, letter.sku)
        _refuse_beyond(letter.quantity)
        stockwork.set_stock(turn, sku, letter)
        self._show(turn, sku, letter.id, sender)

    def _adjust_stock(self, turn: Turn, letter: AdjustStock, sender: bytes) -> None:
        sku = self._sku(turn, letter.sku)
        if sku.total is None:
            turn.deny(sender, letter.id, 3, NO_TOTAL)
            return
        _refuse_beyond(sku.total + letter.delta)
        stockwork.adjust_stock(turn, sku, letter)
        self._show(turn, sku, letter.id, sender)

    def _bring_stock(self, turn: Turn, letter: BringStock, sender: bytes) -> None:
        account = None if letter.mall is None else self._account(letter.mall)
        sku = self._sku(turn, letter.sku)
        if letter.units <= 0:
            raise NotThere("数量は 1 以上です。", "Give a number of units above zero.")
        if sku.total is None:
            turn.deny(sender, letter.id, 3, NO_TOTAL)
            return
        _refuse_beyond(sku.total + letter.units)
        stockwork.bring_stock(turn, sku, letter, account)
        self._show(turn, sku, letter.id, sender)

    def _show(self, turn: Turn, sku: SkuRow, question: int, sender: bytes) -> None:
        row = self._answers.rows_of(turn.connection, sku.code, turn.now)
        turn.answer(sender, question, row)

    def _delete(self, turn: Turn, letter: DeleteSkus, sender: bytes) -> None:
        skus = {sku.id: sku for sku in (self._sku(turn, code) for code in letter.skus)}
        for sku in skus.values():
            subject = stockwork.set_with(turn, sku)
            if subject is not None:
                raise NotThere(
                    f"SKU {sku.code} はセット商品 {subject} の構成品です。"
                    "先に zaiko link set で構成から外してください。",
                    f"The SKU {sku.code} is part of the set {subject}; "
                    "take it out with zaiko link set first.",
                )
        stockwork.delete_skus(turn, list(skus.values()), sender, letter.id)
        for sku_id in skus:
            offering.forget_rules(turn, self._rule_book, sku_id)

    def _set_offer(self, turn: Turn, letter: SetOffer, sender: bytes) -> None:
        place = self._place(turn, letter, letter.rule)
        offering.set_offer(turn, self._rule_book, place, letter, sender)

    def _remove_offer(self, turn: Turn, letter: RemoveOffer, sender: bytes) -> None:
        place = self._place(turn, letter, None)
        offering.remove_offer(turn, self._rule_book, place, letter, sender)

    def _place(
        self, turn: Turn, letter: SetOffer | RemoveOffer, rule: OfferRule | None
    ) -> offering.Place:
        place = self._answers.place(turn.connection, letter.mall, letter.sku)
        if (no := offering.refused(place, rule)) is not None:
            raise NotThere(*no)
        return place

    def _reflect(self, turn: Turn, letter: StartReflect, sender: bytes) -> None:
        if letter.filter.mall is not None:
            self._account(letter.filter.mall)
        for code in letter.filter.skus:
            self._sku(turn, code)
        names, terms = self._answers.names, self._answers.terms
        reflecting.start_reflect(turn, letter, sender, names, terms)

    def _start_job(self, turn: Turn, letter: StartReflectJob, sender: bytes) -> None:
        account = None if letter.mall is None else self._account(letter.mall)
        if len(letter.skus) > REFLECT_SKUS_MAX:
            raise NotThere(
                f"SKU は一度に {REFLECT_SKUS_MAX:,} 件までです。--all か --diff を使ってください。",
                f"Name at most {REFLECT_SKUS_MAX:,} SKUs at once, or use --all or --diff.",
            )
        for code in letter.skus:
            self._sku(turn, code)
        reflect_jobs.start_job(turn, account, letter, sender)

    def _stop_job(self, turn: Turn, letter: StopReflect, sender: bytes) -> None:
        if letter.job is not None:
            job = _job(turn, letter.job)
            reflect_jobs.stop_job(turn, job, letter.actor, sender, letter.id)
            return
        running = turn.store.reflects.unfinished(turn.connection)
        if len(running) != 1:
            numbers = ", ".join(str(job.id) for job in running)
            none = ("実行中の反映はありません。", "No reflect is under way; nothing changed.")
            several = (
                f"実行中の反映は {numbers} です。番号を指定してください。",
                f"Reflects {numbers} are under way; name one of them.",
            )
            turn.deny(sender, letter.id, 3, several if running else none)
            return
        reflect_jobs.stop_job(turn, running[0], letter.actor, sender, letter.id)

    def _resume_job(self, turn: Turn, letter: ResumeReflect, sender: bytes) -> None:
        job = _job(turn, letter.job)
        reflect_jobs.resume_job(turn, job, letter.actor, sender, letter.id)


def _job(turn: Turn, number: int) -> ReflectJob:
    job = turn.store.reflects.load(turn.connection, number)
    if job is None:
        raise NotThere(*reflect_jobs.no_such_job(number))
    return job


def _refuse_beyond(total: int) -> None:
    if abs(total) > stockwork.TOTAL_MAX:
        raise NotThere(
            f"在庫数は ±{stockwork.TOTAL_MAX} までです。",
            f"A total must stay within +-{stockwork.TOTAL_MAX}.",
        )


def no_lead_time(mall: str, most: int | None) -> NotThere:
    """The sentence for a lead time the mall cannot have."""
    if most is None:
        return NotThere(
            f"{mall} にリードタイムはありません。--lead-time を付けずに実行してください。",
            f"{mall} has no lead time; leave --lead-time out.",
        )
    return NotThere(
        f"リードタイムは 0〜{most} 日で指定してください。",
        f"The lead time must be 0 to {most} days.",
    )
