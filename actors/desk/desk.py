"""The desk: takes the letters that waited as one transaction and says what leaves after it.

The inventory actor's shell hands letters and the clock in, and sends what comes back. A letter
that fails for a bug undoes the whole batch; the batch is then taken letter by letter, so that
only the one that fails is refused, and the failure is handed to the shell to be told. A disk that
takes nothing refuses all of it: malls repeat their letters, and what only time brings waits.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from actors.desk import (
    feeds,
    importing,
    intake,
    leases,
    linking,
    outcomes,
    probing,
    pulls,
    reflect_jobs,
    ruling,
    sheets,
)
from actors.desk.account import Account
from actors.desk.answers import Answers, no_such_mall
from actors.desk.faulting import Faulting
from actors.desk.leases import House
from actors.desk.operators import Operators
from actors.desk.turn import Turn
from actors.store.database import is_disk_trouble
from actors.store.fault_rows import identity_of
from actors.store.mall_rows import MallRow
from actors.store.store import Store
from config.settings import MallSettings
from engine.connector import Card
from engine.fault_record import TroubleOver, fault_key
from engine.faults import NOTIFIER_GIVEN_UP, RESTARTS_GIVEN_UP, Family, oversold_spec
from engine.lane import LaneEvent
from engine.messages import (
    CatalogueRead,
    CredentialsChecked,
    CredentialsRotated,
    FamilyGood,
    FaultSeen,
    FeedEnded,
    FeedHanded,
    FromMall,
    Goodbye,
    Heartbeat,
    Hello,
    ImportFailed,
    OrdersListed,
    OrdersRead,
    Outcomes,
    PollEnded,
    Probed,
    Pull,
    Refused,
    ToMall,
    Wake,
)
from engine.offer_rules import RuleBook
from engine.questions import Denied, Event, FromClient, ToClient

Letter = FromMall | FromClient
MallHandler = Callable[[Turn, Account, Any, bytes], None]


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
        self.rule_book = RuleBook()
        self._by_name: dict[str, Account] = {}
        self._by_sender: dict[bytes, Account] = {}
        self._load()
        self.answers = Answers(store, self.accounts)
        self._faulting = Faulting(house)
        self._operators = Operators(
            self.accounts, self.answers, self._faulting, house, self.rule_book
        )
        self._handlers: Mapping[type, MallHandler] = {
            OrdersListed: intake.orders_listed,
            PollEnded: self._poll_ended,
            Pull: pulls.pull,
            Outcomes: outcomes.outcomes,
            Probed: self._probed,
            FeedHanded: feeds.handed,
            FeedEnded: feeds.ended,
            Heartbeat: self._heartbeat,
            CatalogueRead: importing.catalogue_read,
            ImportFailed: importing.import_failed,
            FaultSeen: self._faulting.fault_seen,
            FamilyGood: self._faulting.family_good,
            CredentialsChecked: self._faulting.checked,
            CredentialsRotated: self._faulting.rotated,
            Goodbye: self._goodbye,
        }
        self._no_rise: frozenset[int] = frozenset()
        self._find_parked()

    # --- state that mirrors rows --------------------------------------------------------------

    def _load(self) -> None:
        with self.store.transaction() as connection:
            rows = {row.name: row for row in self.store.malls.load_all(connection)}
            self.rule_book.replace_all(self.store.offers.load_all(connection))
            last = self.store.movements.last(connection)
            for settings, card in self._malls:
                row = rows.get(settings.name)
                if row is None:
                    row = self.store.malls.add(connection, settings.name, settings.kind, last)
                account = self.accounts.get(row.id)
                if account is None:
                    is_base = settings.name == self._base_mall
                    account = Account(
                        row, settings, card, is_base=is_base, rule_book=self.rule_book
                    )
                    self.accounts[row.id] = account
                    self._by_name[settings.name] = account
                else:
                    account.settle_for(settings, card)
                self.store.breakers.add(connection, row.id)
                if settings.mode == "live" and account.row.live_at is not None:
                    # The settings say it themselves now: shadow would mean shadow again.
                    account.row.live_at = None
                    self.store.malls.save(connection, account.row)
                if account.forget_other_trials():
                    self.store.malls.save(connection, account.row)
                if account.row.terms != account.terms:
                    # Another buffer, cap or mode: nothing else brings the listings to it soon.
                    account.row.terms = account.terms
                    self.store.pushes.decide_all(connection, account.id)
                    self.store.malls.save(connection, account.row)

    def reload(self, malls: Iterable[tuple[MallSettings, Card]]) -> None:
        """Other settings: new malls are known from now on, removed ones no more.

        Which mall is the base is not changed: its totals were opened by it.
        """
        self._malls = list(malls)
        kept = {settings.name for settings, _ in self._malls}
        for name in [name for name in self._by_name if name not in kept]:
            account = self._by_name.pop(name)
            del self.accounts[account.id]
            if account.sender is not None:
                self._by_sender.pop(account.sender, None)
        self._load()
        self.answers.know_malls()

    def _reload_rows(self) -> None:
        """After an undone transaction: rows in memory go back to what is persisted."""
        with self.store.look() as connection:
            rows: dict[int, MallRow] = {
                row.id: row for row in self.store.malls.load_all(connection)
            }
            self.rule_book.replace_all(self.store.offers.load_all(connection))
        for account in self.accounts.values():
            account.restore(rows[account.id])

    def _find_parked(self) -> None:
        with self.store.transaction() as connection:
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

    @property
    def is_deserted(self) -> bool:
        """No mall actor holds a lease."""
        return all(account.sender is None for account in self.accounts.values())

    # --- turns --------------------------------------------------------------------------------

    def serve(self, batch: Sequence[Incoming], now: float) -> Outgoing:
        """One transaction over the batch; what it returns may leave, for it is committed."""
        try:
            return self._turn(batch, now)
        except Exception as error:  # noqa: BLE001  (a bug: undone, told, and only its letter refused)
            self._reload_rows()
            if len(batch) == 1 or is_disk_trouble(error):
                return self._refuse(batch, error)
        parts = [self.serve([incoming], now) for incoming in batch]
        return Outgoing(
            [letter for part in parts for letter in part.letters],
            [event for part in parts for event in part.events],
            [bug for part in parts for bug in part.bugs],
        )

    def _refuse(self, batch: Sequence[Incoming], error: Exception) -> Outgoing:
        code, sentences = 1, ("内部エラーが起きました。", "An internal error happened.")
        if is_disk_trouble(error):
            code, sentences = 3, self._disk_sentences()
        letters: list[tuple[bytes, Refused | Denied]] = []
        for sender, letter in ((one.sender, one.letter) for one in batch):
            refusal: Refused | Denied = Denied(letter.id, code, *sentences)
            if isinstance(letter, FromMall):
                refusal = Refused(letter.id, "internal", *sentences)
            letters.append((sender, refusal))
        return Outgoing(letters, [], [(type(batch[0].letter).__name__, error)])

    def _disk_sentences(self) -> tuple[str, str]:
        place = self.store.path
        return (
            f"ディスクに書き込めません({place})。空きを確かめてください。何も変更していません。",
            f"The disk of {place} takes nothing; make room and try again. Nothing was changed.",
        )

    def tick(self, now: float) -> Outgoing:
        """What only time brings: lost calls, silent holders, late clears, keys of link rules.

        A disk that takes nothing puts it off.
        """

        def act(turn: Turn) -> None:
            self._faulting.expire(turn)
            ruling.tend(turn)
            for account in self.accounts.values():
                leases.drop_silent(turn, account, self.house)
                self._faulting.warn(turn, account)
                probing.end_fault(turn, account)
                pulls.give_up_lost_calls(turn, account, account.to_mall(now))

        return self._unasked("tick", act, now)

    def walk(self, now: float) -> tuple[Outgoing, bool]:
        """One page of a file that is applied, else of a reflect job; False: there is none now.

        A page that fails for a bug is undone and ends its job; a disk that takes nothing puts it
        off.
        """
        did = []

        def act(turn: Turn) -> None:
            did.append(sheets.walk(turn, self._operators.named_accounts) or reflect_jobs.walk(turn))

        try:
            return self._transact(act, now), did[-1]
        except Exception as error:  # noqa: BLE001  (a bug: undone, told, and the job ended)
            self._reload_rows()
            bugs = [("a page of a job", error)]
            if is_disk_trouble(error):
                return Outgoing([], [], bugs), False
            ended = self._transact(_give_up_walk, now)
            return Outgoing(ended.letters, ended.events, bugs), False

    def given_up(self, child: str, restarts: int, now: float) -> Outgoing:
        """The supervisor does not start a child again: a fault of its mall says so."""
        account = self._by_name.get(child.removeprefix("mall:"))
        spec = NOTIFIER_GIVEN_UP if account is None else RESTARTS_GIVEN_UP

        def act(turn: Turn) -> None:
            turn.fault(account, Family.AUTH, "", f"restarts-{restarts}", spec)

        return self._unasked("given_up", act, now)

    def _unasked(self, name: str, act: Callable[[Turn], None], now: float) -> Outgoing:
        """A turn that answers no letter: nobody can be told that the disk takes nothing."""
        try:
            return self._transact(act, now)
        except Exception as error:
            if not is_disk_trouble(error):
                raise
            self._reload_rows()
            return Outgoing([], [], [(name, error)])

    def _turn(self, batch: Sequence[Incoming], now: float) -> Outgoing:
        def act(turn: Turn) -> None:
            for run in _runs(batch):
                self._dispatch(turn, run)

        return self._transact(act, now)

    def _transact(self, act: Callable[[Turn], None], now: float) -> Outgoing:
        with self.store.transaction() as connection:
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
        spec = oversold_spec(0)
        codes = [sku.code for sku in skus.values()]
        keys = [fault_key(spec, "", subject=code, family=Family.STOCK) for code in codes]
        by_identity = {identity_of(key): key for key in keys}
        # Of a file's many totals hardly any was oversold.
        for identity in self.store.faults.which_open(turn.connection, list(by_identity)):
            turn.heal(None, TroubleOver(by_identity[identity]))

    def _wakes(self, turn: Turn) -> list[tuple[bytes, ToMall | ToClient]]:
        wakes: list[tuple[bytes, ToMall | ToClient]] = []
        for mall_id in turn.wakes_pull | turn.wakes_poll:
            sender = self.accounts[mall_id].sender
            if sender is not None:
                wakes.append((sender, Wake(0, mall_id in turn.wakes_poll)))
        return wakes

    # --- letters ------------------------------------------------------------------------------

    def _dispatch(self, turn: Turn, run: Sequence[Incoming]) -> None:
        letter, sender = run[0].letter, run[0].sender
        if isinstance(letter, Hello):
            self._hello(turn, letter, sender)
        elif isinstance(letter, OrdersRead):
            self._orders_read(turn, [one.letter for one in run], sender)
        elif type(letter) in self._handlers:
            self._from_mall(turn, letter, sender)
        else:
            self._operators.take(turn, letter, sender)

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

    def _holder(self, turn: Turn, letters: Sequence[Any], sender: bytes) -> Account | None:
        """The account whose lease the sender holds; without one, the letters are refused."""
        account = self._by_sender.get(sender)
        if account is not None and letters[0].epoch == account.row.epoch:
            account.heard_at = turn.now
            if not account.lane.is_up:
                account.step(LaneEvent.STARTED)  # It was silent for long, and is back.
            return account
        for letter in letters:
            turn.reply(
                sender,
                Refused(
                    letter.id,
                    # An inventory that was started again knows nobody: whose lease still holds
                    # says hello as the same instance, and nothing of its work is lost.
                    "hello" if account is None else "epoch",
                    "このモールは別のプロセスが引き継ぎました。",
                    "Another process has taken this mall over.",
                ),
            )
        return None

    def _orders_read(self, turn: Turn, letters: Sequence[Any], sender: bytes) -> None:
        account = self._holder(turn, letters, sender)
        if account is not None:
            intake.orders_read(turn, account, letters, sender)

    def _from_mall(self, turn: Turn, letter: Any, sender: bytes) -> None:
        account = self._holder(turn, [letter], sender)
        if account is not None:
            self._handlers[type(letter)](turn, account, letter, sender)

    def _poll_ended(self, turn: Turn, account: Account, letter: PollEnded, sender: bytes) -> None:
        if intake.poll_ended(turn, account, letter, sender):
            outcomes.settle(turn, account)

    def _heartbeat(self, turn: Turn, account: Account, letter: Heartbeat, sender: bytes) -> None:
        leases.heartbeat(turn, account, letter, sender, self.house)

    def _probed(self, turn: Turn, account: Account, letter: Probed, sender: bytes) -> None:
        probing.take_finding(turn, account, letter)
        turn.reply(sender, leases.lane_order(account, letter.id, self.house))

    def _goodbye(self, turn: Turn, account: Account, letter: Goodbye, sender: bytes) -> None:
        leases.goodbye(turn, account, letter, sender)
        self._by_sender.pop(sender, None)


def _give_up_walk(turn: Turn) -> None:
    """Ends the job whose page failed: a file goes first, so it was its page if one is applied."""
    if not sheets.give_up(turn):
        reflect_jobs.give_up(turn)


def _runs(batch: Sequence[Incoming]) -> Iterator[list[Incoming]]:
    """The letters in their order; orders one mall sent in a row are taken as one."""
    run: list[Incoming] = []
    for incoming in batch:
        if run and not _goes_on(run[-1], incoming):
            yield run
            run = []
        run.append(incoming)
    if run:
        yield run


def _goes_on(last: Incoming, incoming: Incoming) -> bool:
    one, other = last.letter, incoming.letter
    return (
        isinstance(one, OrdersRead)
        and isinstance(other, OrdersRead)
        and last.sender == incoming.sender
        and one.epoch == other.epoch
    )
