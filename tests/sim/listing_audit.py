"""What the auditor checks of one listing: expected holds the truth, proofs are proofs.

truth     q, without own orders that were not applied yet, and without a push whose outcome
          was not heard yet
contain   truth lies in [low, high] unless a hand edit was not settled yet
settle    every order that can explain the reading was applied (or parked long enough)
prove     a proof is made only when the truth is the offer
rise      a rise leads above the target in no case, whatever is seen or lands later
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from actors.desk.account import rules_of
from engine.connector import WriteKind
from engine.push_state import ListingPush, MallRules, PushCall
from tests.sim.pretend_mall import PretendMall, Shelf

if TYPE_CHECKING:
    from tests.sim.auditor import Auditor

Changed = Mapping[int, tuple[ListingPush | None, ListingPush | None]]


@dataclass
class Listing:
    """A listing as it is linked now."""

    id: int
    mall: PretendMall
    shelf: Shelf
    links: list[tuple[int, int]]
    """(SKU, units); none for an unlinked one or a conflict."""


@dataclass(frozen=True)
class ReadRecord:
    """A reading as it truly was."""

    moment: float
    """What it shows is of this moment."""
    quantity: int
    left_at: float
    ended_at: float


class ListingAudit:
    """The part of the auditor that knows the protocol's promises."""

    def __init__(self, auditor: "Auditor") -> None:
        self._auditor = auditor
        self.ended: dict[tuple[int, float], int] = {}
        """(listing, b) -> the reading's call id."""
        self.rules: dict[str, MallRules] = {
            name: rules_of(mall.plan.settings, mall.plan.card)
            for name, mall in auditor.malls.items()
        }
        self.proofs = 0
        self.settled = 0

    def offer(self, listing: Listing) -> int | None:
        """What it should show, by the totals of now."""
        settings = listing.mall.plan.settings
        offers: list[int] = []
        for sku, units in listing.links:
            total = self._auditor.totals[sku]
            if total is None:
                return None
            offers.append((total - settings.buffer) // units)
        if not offers:
            return None
        least = min(offers)
        return max(0, least if settings.cap is None else min(least, settings.cap))

    def turn(self, changed: Changed, *, is_single: bool) -> None:
        """After a turn: first what it settled, then whether expected still holds the truth."""
        listings = self._auditor.listings
        for listing_id, (before, after) in changed.items():
            listing = listings.get(listing_id)
            if listing is None or after is None:
                continue
            self._count_slot(before, after)
            if after.settled_at is not None and (
                before is None or before.settled_at != after.settled_at
            ):
                self._settled(listing, before, after)
            if after.proven_at is not None and (
                before is None or before.proven_at != after.proven_at
            ):
                self._proven(listing, after, is_single=is_single)
            if isinstance(after.call, PushCall) and (
                before is None or before.last_id != after.last_id
            ):
                self._risen(listing, after, is_single=is_single)
        self.contain_all()

    @staticmethod
    def _count_slot(before: ListingPush | None, after: ListingPush) -> None:
        if before is None or after.call is None:
            return
        assert after.call.id >= before.last_id, "a call id went back"
        if before.call is not None and before.call.id == after.call.id:
            same = (before.call.epoch, before.call.send_by) == (
                after.call.epoch,
                after.call.send_by,
            )
            assert same, "a call in the slot was changed"

    # --- truth ----------------------------------------------------------------------------------

    def truth(self, listing: Listing, state: ListingPush) -> int:
        unheard = 0
        if isinstance(state.call, PushCall):
            unheard = listing.mall.executed.get(state.call.id, 0)
        return listing.shelf.q - listing.shelf.unseen - unheard

    def is_comparable(self, listing: Listing, state: ListingPush) -> bool:
        """Whether expected must hold the truth now."""
        shelf = listing.shelf
        if not state.known or not listing.links or shelf.edits or shelf.is_reborn:
            return False
        if listing.mall.plan.card.write_kind is not WriteKind.ANCHORED:
            return True
        if state.low is None or shelf.landing or shelf.strays or state.doubtful or state.again:
            return False
        return not isinstance(state.call, PushCall)

    def contain_all(self) -> None:
        auditor = self._auditor
        for listing_id, state in auditor.states.items():
            listing = auditor.listings.get(listing_id)
            if listing is None or not self.is_comparable(listing, state):
                continue
            truth = self.truth(listing, state)
            low = state.low
            if (low is None or low <= truth) and truth <= state.high:
                continue
            shelf = listing.shelf
            raise AssertionError(
                f"{listing.mall.name} {shelf.code} (listing {listing_id}): truth {truth} is not in"
                f" expected [{low}, {state.high}]; q {shelf.q}, unseen {shelf.changes}, {state}"
            )

    # --- events ---------------------------------------------------------------------------------

    def _settled(self, listing: Listing, before: ListingPush | None, after: ListingPush) -> None:
        self.settled += 1
        shelf = listing.shelf
        call = None
        if before is not None and before.reading is not None:
            call = before.reading.id
        elif after.anchor is not None:
            call = self.ended.get((listing.id, after.anchor.end))
        assert call is not None, "a comparison settled without a reading"
        record = self._auditor.reads[call]
        # A push in the slot began after the reading, and its outcome will be heard or doubted.
        slot = 0 if after.call is None else after.call.id
        strays = [stray for stray in shelf.strays if stray != slot]
        assert not strays, f"settled while a write may still land: {shelf.strays}"
        for change in shelf.changes:
            if change.at > record.moment:
                continue
            order = listing.mall.orders[change.order]
            may_be = order.is_late or self._auditor.parked.get(change.order, False)
            assert may_be, (
                f"{listing.mall.name} {shelf.code} settled without {change}, which explains it"
            )
            change.is_seen = True
        shelf.forget_seen()
        shelf.edits = [edit for edit in shelf.edits if edit[0] > record.moment]

    def _is_moved(self, listing: Listing) -> bool:
        return any(sku in self._auditor.moved_now for sku, _ in listing.links)

    def _proven(self, listing: Listing, after: ListingPush, *, is_single: bool) -> None:
        self.proofs += 1
        assert after.held == 0, "a proof beside a held difference"
        if after.call is not None or not is_single or self._is_moved(listing):
            # The turn went on after the proof: it was one by the totals of that moment.
            return
        offer = self.offer(listing)
        if listing.shelf.is_reborn:
            return
        assert after.low == after.high == offer, f"proven at {after.high}, the offer is {offer}"
        edited = sum(amount for _, amount in listing.shelf.edits)
        truth = self.truth(listing, after) - edited
        assert truth == offer, (
            f"{listing.mall.name} {listing.shelf.code} proven at {offer}, the truth is {truth}"
        )

    def _risen(self, listing: Listing, after: ListingPush, *, is_single: bool) -> None:
        call = after.call
        if not is_single and self._is_moved(listing):
            # A letter behind it in the same turn moved the total: it was right when it was decided.
            return
        assert isinstance(call, PushCall)
        offer = self.offer(listing)
        if offer is None or call.value is not None or call.delta <= 0:
            return
        # What is missing below zero belongs to orders: a rise is never more than the target.
        assert call.delta <= max(0, offer + after.held), (
            f"{listing.mall.name} {listing.shelf.code}: a rise by {call.delta} to offer {offer}"
        )
        if not self.is_comparable(listing, after):
            return
        rises = sum(max(0, delta) for delta in listing.shelf.strays.values())
        reached = self.truth(listing, after) + rises + call.delta
        target = max(0, offer + after.held)
        assert reached <= target, (
            f"{listing.mall.name} {listing.shelf.code}: a rise by {call.delta} may reach {reached},"
            f" the target is {target}"
        )
