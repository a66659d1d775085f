"""One mall account at the desk: its persisted row, its settings, and who holds it now."""

from collections.abc import Mapping
from typing import Protocol

from msgspec import structs

from actors.desk.found import Found, found_in
from actors.keys import StoredKey
from actors.store.mall_rows import MallRow
from config.settings import MallSettings
from engine.breaker import Breaker, BreakerLimits, Shelf
from engine.connector import Card
from engine.lane import Lane, LaneEffect, LaneEvent, lane_step
from engine.offer import Terms
from engine.offer_rules import EVERY, RuleBook
from engine.push_state import BelowZero, MallRestocks, MallRules, OnDifference, Span
from malls.registry import card_of, settled_switches

OFFSET_STEP_S = 0.5
"""A mall's clock that moved less than this since the last commit is not saved at once."""


class Keys(Protocol):
    """Where credentials are kept, apart from the database and the settings."""

    def read(self, mall: str) -> StoredKey | None:
        """The stored key, None if there is none."""
        ...

    def rotate(self, mall: str, credentials: Mapping[str, str], version: int) -> bool:
        """Stores durably what the mall rotated, if the stored key is still that version."""
        ...


def rules_of(settings: MallSettings, card: Card, *, is_shadow: bool = False) -> MallRules:
    """The protocol's bounds and switches of one mall.

    In shadow others write the mall's quantities: what it shows is taken as it is, and no
    difference is held, reported or adopted.
    """
    bounds = settings.bounds
    below_zero = card.below_zero
    if card.below_zero == "unknown" and settings.below_zero != "unknown":
        below_zero = settings.below_zero
    return MallRules(
        write_kind=card.write_kind,
        lag_s=bounds.lag_s,
        late_s=bounds.late_s,
        eps_s=bounds.eps_s,
        stale_s=max(bounds.stale_s, card.stale_s / settings.speed),
        live_s=max(bounds.live_s, card.live_s / settings.speed),
        stamp_resolution_s=card.stamp_resolution_s,
        http_timeout_s=settings.http_timeout_s,
        send_within_s=bounds.send_within_s,
        poll_interval_s=settings.poll_interval_s,
        below_zero=BelowZero(below_zero),
        bulk_is_atomic=settings.bulk_is_atomic,
        on_difference=OnDifference.REPAIR if is_shadow else OnDifference(settings.on_difference),
        repairs_first_difference=is_shadow or settings.on_first_difference == "push",
        mall_restocks=MallRestocks(settings.mall_restocks),
        park_block_s=settings.park_block_s,
        refuse_margin=settings.refuse_margin,
        feed_s=card.feed_s / settings.speed,
    )


class Account:
    """One mall: mutable, lives as long as the inventory; `row` is saved when `is_changed`."""

    def __init__(
        self,
        row: MallRow,
        settings: MallSettings,
        card: Card,
        *,
        is_base: bool,
        rule_book: RuleBook | None = None,
    ) -> None:
        self.row = row
        self.settings = settings
        self.rule_book = RuleBook() if rule_book is None else rule_book
        """The offer rules of the whole house; one book that all accounts share."""
        self.asked_card = card
        """As the settings alone make it; `card` is overruled by what a probe found."""
        self._derive()
        self.is_base = is_base
        self.is_changed = False
        self.sender: bytes | None = None
        """Where the holder's letters come from; None: nobody holds the lease."""
        self.heard_at = 0.0
        """Wall time of the holder's last letter."""
        self.poll_now = 0
        """Counts `malls poll`."""
        self.check: tuple[int, Mapping[str, str]] | None = None
        """A credential check that waits for its answer: (id, credentials)."""
        self.check_given_at = 0.0
        """When it was last given out; a lost one is given again."""
        self.clear_wanted: list[int] = []
        """Level-9 faults an operator cleared while a changed key was in its grace."""
        self.is_probe_told = True
        """A fault of a probe that found nothing may be open."""
        self.push_rows_max = card.push_rows_max
        """Falls by halves while whole batches fail without naming a row."""
        self.no_feed_before = 0.0
        """Mall time: too few of the due listings could go into a feed when last looked at."""
        self.told_credentials = -1
        """credentials_version the holder was last given."""
        self.reread: set[str] = set()
        """Orders to be read besides those a poll lists."""
        self.reread_parked_to = ""
        """The parked order that was asked for last; the next ones have their turn."""
        self.has_parked = False
        """Some order of the mall is parked."""
        self.bulk_waits = False
        """Bulk pushes wait until a file is applied, or a reflect job placed or taken back."""
        self.breaker = Breaker()
        """The mall's breaker as its row was when this mall last pulled."""
        self.shelf: Shelf | None = None
        """The breaker's count of the mall's listings, and when it was made."""
        self.shelf_at = 0.0
        self.lane = Lane(
            is_halted=row.is_halted, is_paused=row.is_paused, owes_audit=row.owes_audit
        )

    def settle_for(self, settings: MallSettings, card: Card) -> None:
        """Takes over other settings of the same mall."""
        self.settings = settings
        self.asked_card = card
        self._derive()
        self.push_rows_max = min(self.push_rows_max, card.push_rows_max)

    def _derive(self) -> None:
        """The card and the rules, from the settings and from what a probe found."""
        settings = self.settings
        self.own_terms = Terms(settings.buffer, settings.cap, settings.floor, settings.share)
        """What turns a total into an offer where no rule says otherwise."""
        self.found = found_in(self.row.found, self.asked_card.trial)
        self.card = self.asked_card
        if self.card.needs_probe and self.found.switches:
            kind, switches = self.settings.kind, self.settings.switches
            self.card = card_of(kind, settled_switches(kind, switches, self.found.switches))
        self.rules = rules_of(self.settings, self.card, is_shadow=self.is_shadow)

    def keep(self, found: Found) -> None:
        """Keeps what a probe found, or that one is under way; the mall is written by it now."""
        self.row.found = found.text
        self.is_changed = True
        self._derive()

    def forget_other_trials(self) -> bool:
        """Forgets what was found by another trial than the settings name; True: save the row."""
        if not self.row.found or self.found != Found(trial=self.asked_card.trial):
            return False
        self.row.found = ""
        return True

    def restore(self, row: MallRow) -> None:
        """After an undone transaction: the row and the lane's lasting facts as persisted."""
        row.offset_s = self.row.offset_s
        self.row = row
        self.rules = rules_of(self.settings, self.card, is_shadow=self.is_shadow)
        self.lane = structs.replace(
            self.lane,
            is_halted=row.is_halted,
            is_paused=row.is_paused,
            owes_audit=row.owes_audit,
        )
        self._derive()
        self.is_probe_told = True
        self.is_changed = False

    def step(self, event: LaneEvent) -> tuple[LaneEffect, ...]:
        """Moves the lane; what must outlive the inventory is kept in the row."""
        step = lane_step(self.lane, event)
        if step.lane != self.lane:
            self.lane = step.lane
            self.row.is_halted = step.lane.is_halted
            self.row.is_paused = step.lane.is_paused
            self.row.owes_audit = step.lane.owes_audit
            self.is_changed = True
        return step.effects

    @property
    def is_probed(self) -> bool:
        """The settings left it to a probe how quantities are written, and one has told."""
        return self.asked_card.needs_probe and not self.card.needs_probe

    @property
    def id(self) -> int:
        """The row's id."""
        return self.row.id

    @property
    def name(self) -> str:
        """The account's name."""
        return self.row.name

    def note_offset(self, offset_s: float) -> None:
        """The actor tells how far the mall's clock is off; 0.0: its mall has not answered yet.

        What an earlier process knew stands until then: openings are told by it (F1).
        """
        if offset_s == 0.0:
            return
        if abs(offset_s - self.row.offset_s) > OFFSET_STEP_S:
            # A clock that moved a little is not worth a commit; it goes along with the next one.
            self.is_changed = True
        self.row.offset_s = offset_s

    @property
    def is_shadow(self) -> bool:
        """Nothing is written to the mall: its settings say so, and nobody has let it go live."""
        return self.settings.mode == "shadow" and self.row.live_at is None

    def go_live(self, now: float) -> None:
        """The operator lets a mall in shadow write, from now on and over every restart."""
        self.row.live_at = now
        self.rules = rules_of(self.settings, self.card)
        self.is_changed = True

    @property
    def breaker_limits(self) -> BreakerLimits:
        """What a bulk change may do before an operator has to look."""
        settings = self.settings
        return BreakerLimits(
            settings.breaker_listings_share, settings.breaker_zero_share, settings.breaker_window_s
        )

    @property
    def offer_terms(self) -> Terms:
        """What turns a total into this mall's offers, of every SKU without a rule of its own."""
        return self.terms_of(EVERY)

    def terms_of(self, sku_id: int) -> Terms:
        """What turns the total of this SKU into its offer here."""
        return self.rule_book.terms(self.row.id, sku_id, self.own_terms)

    @property
    def terms(self) -> str:
        """What turns a total into this mall's offers, and whether they are pushed, as one text."""
        shadow = " shadow" if self.is_shadow else ""
        offer = self.offer_terms
        parts = f"floor {offer.floor} share {offer.share}"
        return f"buffer {offer.buffer} cap {offer.cap} {parts}{shadow}"

    def to_mall(self, wall: float) -> float:
        """A moment of this machine's clock in the mall's."""
        return wall + self.row.offset_s

    def to_wall(self, moment: float) -> float:
        """A moment of the mall's clock in this machine's."""
        return moment - self.row.offset_s

    @property
    def complete(self) -> float | None:
        """T1: every order of the mall up to this moment is seen and re-read; None: not yet."""
        if self.row.watermark is None or self.row.recheck_watermark is None:
            return None
        return min(self.row.watermark, self.row.recheck_watermark) - self.rules.lag_s

    def opening_span(
        self,
        started_at: float | None,
        opened: tuple[float | None, float | None],
        counted_at: float | None,
        *,
        defines: bool,
    ) -> Span | None:
        """Where a SKU's total begins, in this mall's clock (F1); None while it has none."""
        if counted_at is not None:
            moment = self.to_mall(counted_at)
            return Span(moment, moment)
        if opened[0] is not None and opened[1] is not None and defines:
            return Span(opened[0], opened[1])
        if started_at is None:
            return None
        moment = self.to_mall(started_at)
        return Span(moment, moment)
