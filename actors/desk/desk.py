"""The desk: takes the letters that waited as one transaction and says what leaves after it.

The inventory actor's shell hands letters and the clock in, and sends what comes back. A letter
that fails for a bug undoes the whole batch; the batch is then taken letter by letter, so that
only the one that fails is refused, and the failure is handed to the shell to be told.
"""

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from actors.desk import importing, intake, leases, linking, outcomes, pulls, stockwork
from actors.desk.account import Account
from actors.desk.answers import Answers, NotThere, no_such_mall, no_such_sku
from actors.desk.faulting import Faulting
from actors.desk.leases import House
from actors.desk.turn import Turn
from actors.store.mall_rows import MallRow
from actors.store.store import Store
from config.settings import MallSettings
from engine.connector import Card
from engine.faults import RESTARTS_GIVEN_UP, Family, FaultKind
from engine.lane import LaneEvent
from engine.messages import (
    CatalogueRead,
    CredentialsChecked,
    CredentialsRotated,
    FamilyGood,
    FaultSeen,
    FromMall,
    Goodbye,
    Heartbeat,
    Hello,
    ImportFailed,
    OrdersListed,
    OrdersRead,
    Outcomes,
    PollEnded,
    Pull,
    Refused,
    ToMall,
    Wake,
)
from engine.questions import (
    AdjustStock,
    AskReflect,
    AskStatus,
    ClearErrors,
    ControlMall,
    DeleteSkus,
    Event,
    FromClient,
    KeyChanged,
    LinkAdd,
    LinkAuto,
    LinkRemove,
    SetStock,
    StartImport,
    StartReflect,
    ToClient,
)

Letter = FromMall | FromClient


class Incoming(Struct, frozen=True, array_like=True):
    """One letter and where it came from."""

    sender: bytes
    letter: Letter


class Outgoing(Struct, frozen=True):
    """What leaves after a commit."""

    letters: Sequence[tuple[bytes, ToMall | ToClient]]
    events: Sequence[Event]
    bugs: Sequence[tuple[str, Exception]] = ()
    """(letter's name, what it raised): to be logged by the shell."""


class Desk:
    """The inventory's decisions over one store."""

    def __init__(
        self,
        store: Store,
        malls: Iterable[tuple[MallSettings, Card]],
        base_mall: str,
        house: House,
    ) -> None:
        self.store = store
        self.house = house
        self._malls = list(malls)
        self._base_mall = base_mall
        self.accounts: dict[int, Account] = {}
        self._by_name: dict[str, Account] = {}
        self._by_sender: dict[bytes, Account] = {}
        self._load()
        self.answers = Answers(store, self.accounts)
        self._faulting = Faulting(house)
        self._no_rise: frozenset[int] = frozenset()
        self._find_parked()

    # --- state that mirrors rows --------------------------------------------------------------

    def _load(self) -> None:
        with self.store.engine.begin() as connection:
            rows = {row.name: row for row in self.store.malls.load_all(connection)}
            last = self.store.movements.last(connection)
            for settings, card in self._malls:
                row = rows.get(settings.name)
                if row is None:
                    row = self.store.malls.add(connection, settings.name, settings.kind, last)
                is_base = settings.name == self._base_mall
                account = Account(row, settings, card, is_base=is_base)
                self.accounts[row.id] = account
                self._by_name[settings.name] = account

    def _reload_rows(self) -> None:
        """After an undone transaction: rows in memory go back to what is persisted."""
        with self.store.engine.begin() as connection:
            rows: dict[int, MallRow] = {
                row.id: row for row in self.store.malls.load_all(connection)
            }
        for account in self.accounts.values():
            account.restore(rows[account.id])

    def _find_parked(self) -> None:
        with self.store.engine.begin() as connection:
            self._no_rise = self._parked_skus(Turn(self.store, connection, 0.0, self.accounts))

    def _parked_skus(self, turn: Turn) -> frozenset[int]:
        """S2: SKUs that an older parked order names; none of their listings may rise."""
        named: set[int] = set()
        for account in self.accounts.values():
            parked = self.store.orders.parked(turn.connection, account.id)
            account.has_parked = bool(parked)
            refs = [ref for row in parked if row.is_counted for ref, _ in row.listings]
            for listing in self.store.listings.by_ref(turn.connection, account.id, refs).values():
                named.update(link.sku_id for link in listing.links)
        return frozenset(named)

    # --- turns --------------------------------------------------------------------------------

    def serve(self, batch: Sequence[Incoming], now: float) -> Outgoing:
        """One transaction over the batch; what it returns may leave, for it is committed."""
        try:
            return self._turn(batch, now)
        except Exception as error:  # noqa: BLE001  (a bug: undone, told, and only its letter refused)
            self._reload_rows()
            if len(batch) == 1:
                return self._refuse(batch[0], error)
        parts = [self.serve([incoming], now) for incoming in batch]
        return Outgoing(
            [letter for part in parts for letter in part.letters],
            [event for part in parts for event in part.events],
            [bug for part in parts for bug in part.bugs],
        )

    def _refuse(self, incoming: Incoming, error: Exception) -> Outgoing:
        letter = incoming.letter
        refusal = Refused(
            letter.id, "internal", "内部エラーが起きました。", "An internal error happened."
        )
        return Outgoing([(incoming.sender, refusal)], [], [(type(letter).__name__, error)])

    def tick(self, now: float) -> Outgoing:
        """What only time brings: lost calls, silent holders, clears that waited too long."""

        def act(turn: Turn) -> None:
            self._faulting.expire(turn)
            for account in self.accounts.values():
                leases.drop_silent(turn, account, self.house)
                pulls.give_up_lost_calls(turn, account, account.to_mall(now))

        return self._transact(act, now)

    def given_up(self, child: str, restarts: int, now: float) -> Outgoing:
        """The supervisor does not start a child again: a fault of its mall says so."""
        account = self._by_name.get(child.removeprefix("mall:"))

        def act(turn: Turn) -> None:
            turn.fault(account, Family.AUTH, "", f"restarts-{restarts}", RESTARTS_GIVEN_UP)

        return self._transact(act, now)

    def _turn(self, batch: Sequence[Incoming], now: float) -> Outgoing:
        def act(turn: Turn) -> None:
            for incoming in batch:
                self._dispatch(turn, incoming)

        return self._transact(act, now)

    def _transact(self, act: Callable[[Turn], None], now: float) -> Outgoing:
        with self.store.engine.begin() as connection:
            turn = Turn(self.store, connection, now, self.accounts)
            turn.no_rise = self._no_rise
            act(turn)
            no_rise = self._no_rise
            if turn.parked_changed:
                no_rise = self._parked_skus(turn)
                self._place_parked(turn, no_rise)
            if turn.risen:
                self._heal_oversold(turn)
            changed = [account for account in self.accounts.values() if account.is_changed]
            for account in changed:
                self.store.malls.save(connection, account.row)
        for account in changed:
            account.is_changed = False
        self._no_rise = no_rise
        return Outgoing(turn.letters + self._wakes(turn), turn.events)

    def _place_parked(self, turn: Turn, no_rise: frozenset[int]) -> None:
        """Listings that may rise again, or may not any more, are placed anew."""
        turn.no_rise = no_rise
        moved = sorted(no_rise ^ self._no_rise)
        for account in self.accounts.values() if moved else ():
            ids = self.store.listings.of_skus(turn.connection, account.id, moved)
            linking.place_again(turn, account, ids)

    def _heal_oversold(self, turn: Turn) -> None:
        skus = self.store.listings.skus_by_id(turn.connection, sorted(turn.risen))
        for sku in skus.values():
            turn.heal(None, subject=sku.code, kinds=(FaultKind.OVERSOLD,))

    def _wakes(self, turn: Turn) -> list[tuple[bytes, ToMall | ToClient]]:
        wakes: list[tuple[bytes, ToMall | ToClient]] = []
        for mall_id in turn.wakes_pull | turn.wakes_poll:
            sender = self.accounts[mall_id].sender
            if sender is not None:
                wakes.append((sender, Wake(0, mall_id in turn.wakes_poll)))
        return wakes

    # --- letters ------------------------------------------------------------------------------

    def _dispatch(self, turn: Turn, incoming: Incoming) -> None:
        letter, sender = incoming.letter, incoming.sender
        if isinstance(letter, Hello):
            self._hello(turn, letter, sender)
        elif isinstance(letter, MALL_LETTERS):
            self._from_mall(turn, letter, sender)
        else:
            try:
                self._from_client(turn, letter, sender)
            except NotThere as missing:
                turn.deny(sender, letter.id, 2, missing.sentences)

    def _hello(self, turn: Turn, letter: Hello, sender: bytes) -> None:
        account = self._by_name.get(letter.mall)
        if account is None:
            turn.reply(
                sender,
                Refused(letter.id, "unknown_mall", *no_such_mall(letter.mall).sentences),
            )
            return
        previous = account.sender
        leases.hello(turn, account, letter, sender, self.house)
        if account.sender == sender:
            if previous is not None:
                self._by_sender.pop(previous, None)
            self._by_sender[sender] = account

    def _from_mall(self, turn: Turn, letter: FromMall, sender: bytes) -> None:
        account = self._by_sender.get(sender)
        if account is None or isinstance(letter, Hello) or letter.epoch != account.row.epoch:
            turn.reply(
                sender,
                Refused(
                    letter.id,
                    "epoch",
                    "このモールは別のプロセスが引き継ぎました。",
                    "Another process has taken this mall over.",
                ),
            )
            return
        account.heard_at = turn.now
        match letter:
            case OrdersRead():
                intake.orders_read(turn, account, letter, sender)
            case OrdersListed():
                intake.orders_listed(turn, account, letter, sender)
            case Pull():
                pulls.pull(turn, account, letter, sender)
            case Outcomes():
                outcomes.outcomes(turn, account, letter, sender)
            case PollEnded():
                if intake.poll_ended(turn, account, letter, sender):
                    outcomes.settle(turn, account)
            case Heartbeat():
                leases.heartbeat(turn, account, letter, sender, self.house)
            case CatalogueRead():
                importing.catalogue_read(turn, account, letter, sender)
            case ImportFailed():
                importing.import_failed(turn, account, letter, sender)
            case FaultSeen():
                self._faulting.fault_seen(turn, account, letter, sender)
            case FamilyGood():
                self._faulting.family_good(turn, account, letter, sender)
            case CredentialsChecked():
                self._faulting.checked(turn, account, letter, sender)
            case CredentialsRotated():
                self._faulting.rotated(turn, account, letter, sender)
            case Goodbye():
                leases.goodbye(turn, account, letter, sender)
                self._by_sender.pop(sender, None)

    def _account(self, name: str) -> Account:
        account = self._by_name.get(name)
        if account is None:
            raise no_such_mall(name)
        return account

    def _from_client(self, turn: Turn, letter: FromClient, sender: bytes) -> None:
        match letter:
            case ClearErrors():
                if letter.mall is not None:
                    self._account(letter.mall)
                self._faulting.clear(turn, list(self.accounts.values()), letter, sender)
            case ControlMall():
                self._control(turn, letter, sender)
            case KeyChanged():
                self._faulting.key_changed(turn, self._account(letter.mall), letter, sender)
            case StartImport():
                importing.start_import(turn, self._account(letter.mall), letter, sender)
            case LinkAuto():
                if letter.mall is not None:
                    self._account(letter.mall)
                linking.link_auto(turn, list(self.accounts.values()), letter, sender)
            case LinkAdd() | LinkRemove():
                self._link(turn, letter, sender)
            case SetStock() | AdjustStock():
                self._stock(turn, letter, sender)
            case DeleteSkus():
                skus = [stockwork.sku_by_code(turn, code) for code in letter.skus]
                for code, sku in zip(letter.skus, skus, strict=True):
                    if sku is None:
                        raise no_such_sku(code)
                stockwork.delete_skus(turn, [sku for sku in skus if sku], letter, sender)
            case StartReflect():
                if letter.filter.mall is not None:
                    self._account(letter.filter.mall)
                names, terms = self.answers.names, self.answers.terms
                stockwork.start_reflect(turn, letter, sender, names, terms)
            case AskReflect():
                stockwork.ask_reflect(turn, letter, sender)
            case _:
                # Lists are for the reading threads; here they answer too, for simulations.
                body = self.answers.answer(turn.connection, letter, turn.now)
                turn.answer(sender, letter.id, body)

    def _control(self, turn: Turn, letter: ControlMall, sender: bytes) -> None:
        account = self._account(letter.mall)
        if letter.verb == "pause":
            account.step(LaneEvent.PAUSED)
        elif letter.verb == "resume":
            account.step(LaneEvent.RESUMED)
        elif account.row.is_halted or account.row.is_paused:
            raise NotThere(
                f"{account.name} は停止中のため、受注を取得できません。",
                f"{account.name} is halted or paused and cannot be polled.",
            )
        else:
            account.poll_now += 1
            turn.wakes_poll.add(account.id)
        leases.order_lane(turn, account, self.house)
        turn.tell("mall", account, "", (letter.verb, letter.verb))
        body = self.answers.answer(turn.connection, AskStatus(letter.id), turn.now)
        turn.answer(sender, letter.id, body)

    def _link(self, turn: Turn, letter: LinkAdd | LinkRemove, sender: bytes) -> None:
        account = self._account(letter.mall)
        sku = stockwork.sku_by_code(turn, letter.sku)
        if sku is None:
            raise no_such_sku(letter.sku)
        listing = linking.find(turn, account, letter.code, letter.sub_code)
        if listing is None:
            subject = f"{letter.code} {letter.sub_code}".strip()
            raise NotThere(
                f"{account.name} に商品 {subject} はありません。",
                f"There is no listing {subject} on {account.name}; import it first.",
            )
        if isinstance(letter, LinkAdd):
            linking.link_add(turn, account, sku, listing, letter, sender)
            return
        if all(link.sku_id != sku.id for link in listing.claims):
            raise NotThere("その紐づけはありません。", "That listing is not linked to that SKU.")
        linking.link_remove(turn, account, sku, listing, letter, sender)

    def _stock(self, turn: Turn, letter: SetStock | AdjustStock, sender: bytes) -> None:
        sku = stockwork.sku_by_code(turn, letter.sku)
        if sku is None:
            raise no_such_sku(letter.sku)
        if isinstance(letter, AdjustStock) and sku.total is None:
            turn.deny(
                sender,
                letter.id,
                3,
                (
                    "総在庫数がまだ決まっていません。zaiko stock set で数えた数を入れてください。",
                    "The SKU has no total yet; give a counted one with: zaiko stock set",
                ),
            )
            return
        after = letter.quantity if isinstance(letter, SetStock) else (sku.total or 0) + letter.delta
        if abs(after) > stockwork.TOTAL_MAX:
            raise NotThere(
                f"在庫数は ±{stockwork.TOTAL_MAX} までです。",
                f"A total must stay within +-{stockwork.TOTAL_MAX}.",
            )
        if isinstance(letter, SetStock):
            stockwork.set_stock(turn, sku, letter)
        else:
            stockwork.adjust_stock(turn, sku, letter)
        turn.answer(sender, letter.id, self.answers.rows_of(turn.connection, sku.code, turn.now))


MALL_LETTERS = (
    Heartbeat,
    OrdersListed,
    OrdersRead,
    PollEnded,
    Pull,
    Outcomes,
    CatalogueRead,
    ImportFailed,
    FaultSeen,
    FamilyGood,
    CredentialsChecked,
    CredentialsRotated,
    Goodbye,
)
