"""Registers a page of listings, from a mall's API or from a file: adds, updates, links.

The base mall's listings define SKUs; the others are linked as they are registered (M19). A page
that is only tried writes nothing and tells the same.
"""

from collections.abc import Sequence

from msgspec import Struct

from actors.desk.account import Account
from actors.desk.linking import begin_links, link_matches, place_again, set_conflict
from actors.desk.matching import Matcher, base_of
from actors.desk.ruling import note_base
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store.listing_rows import ref_of
from actors.store.registered_rows import KnownListing, Listed
from engine.catalogue import CatalogueRow
from engine.link_rules import Match
from engine.links import Linked, fold
from engine.product_file import FileRow
from engine.push import apply
from engine.push_state import AuditDue
from engine.registration import (
    Change,
    Registered,
    changes,
    registered_again,
    registered_first,
    registered_from_file,
)


class Source(Struct, frozen=True, kw_only=True):
    """Where a page comes from."""

    job: int
    """0: only tried, nothing is written."""
    is_file: bool = False
    lead_time_days: int | None = None
    """For listings not registered yet that tell none (M8)."""
    shown_at: float | None = None
    """The file's quantities are what the mall showed at this moment; None: they are not taken."""


class Changed(Struct, frozen=True):
    """What a page changed of one known listing."""

    listing_id: int
    row: CatalogueRow
    changes: tuple[Change, ...]


class Registration:
    """One page while it is registered; its counts are of this page."""

    def __init__(self, turn: Turn, account: Account, source: Source) -> None:
        self._turn = turn
        self._account = account
        self._source = source
        self.added = 0
        self.unchanged = 0
        self.linked = 0
        self.conflicts = 0
        self.changed: list[Changed] = []

    def register(self, rows: Sequence[FileRow]) -> None:
        """Adds what is new and updates what is known; a page that comes twice adds nothing."""
        turn, account, source = self._turn, self._account, self._source
        by_ref = {ref_of(one.row.ref.code, one.row.ref.sub_code): one for one in rows}
        known = turn.store.registered.by_ref(turn.connection, account.id, list(by_ref))
        new = [
            registered_first(one.row, source.lead_time_days)
            for ref, one in by_ref.items()
            if ref not in known
        ]
        again = [(known[ref], self._again(known[ref], one)) for ref, one in by_ref.items()
                 if ref in known]  # fmt: skip
        self.added = len(new)
        for before, after in again:
            if found := changes(before.registered, after):
                self.changed.append(Changed(before.id, after.row, found))
            else:
                self.unchanged += 1
        if source.job == 0:
            self._try(new)
            return
        self._write(again)
        ids = self._add(new)
        if source.shown_at is not None:
            ids_by_ref = {listing.ref: listing.id for listing in known.values()} | {
                ref_of(one.row.ref.code, one.row.ref.sub_code): listing_id
                for one, listing_id in zip(new, ids, strict=True)
            }
            self._show(by_ref, ids_by_ref, source.shown_at)

    def _again(self, listing: KnownListing, told: FileRow) -> Registered:
        if not self._source.is_file:
            return registered_again(listing.registered, told.row)
        return registered_from_file(listing.registered, told.row, tells_tracked=told.tells_tracked)

    # --- what is known ------------------------------------------------------------------------

    def _write(self, again: Sequence[tuple[KnownListing, Registered]]) -> None:
        turn, store = self._turn, self._turn.store
        moved = [(one.id, after) for one, after in again if after != one.registered]
        store.registered.write(
            turn.connection, [(listing_id, _listed(after)) for listing_id, after in moved]
        )
        if self._account.is_base:
            note_base(turn, [(listing_id, after.row) for listing_id, after in moved])
        if not self._source.is_file:
            store.registered.see(turn.connection, [one.id for one, _ in again], self._source.job)
        switched = [
            one.id
            for one, after in again
            if after.is_gone is not one.registered.is_gone
            or after.row.tracked is not one.registered.row.tracked
        ]
        place_again(turn, self._account, switched)

    def _show(self, told: dict[str, FileRow], ids: dict[str, int], shown_at: float) -> None:
        """What the mall showed at the file's moment: kept, and looked at anew where it differs.

        It never sets a total nor what is expected (S6): a file is older than orders that may be
        seen already. Where it is not what is expected, the mall is read again, which settles it.
        """
        turn, account, store = self._turn, self._account, self._turn.store
        quantities = {
            ids[ref]: one.quantity for ref, one in told.items() if one.quantity is not None
        }
        store.registered.show(turn.connection, list(quantities.items()), shown_at)
        records = store.pushes.by_id(turn.connection, list(quantities))
        moment = account.to_mall(shown_at)
        doubted = [
            record
            for listing_id, record in records.items()
            if record.state.known
            and not _holds(record.state.low, record.state.high, quantities[listing_id])
            and (record.state.anchor is None or record.state.anchor.end < moment)
        ]
        if not doubted:
            return
        listings = store.listings.by_id(turn.connection, [one.listing_id for one in doubted])
        now = account.to_mall(turn.now)
        for record in doubted:
            record.state = apply(record.state, AuditDue(), account.rules).state
            place(record, want_of(account, listings[record.listing_id], now, turn.no_rise), account)
        store.pushes.save(turn.connection, doubted, account.rules)
        turn.wakes_pull.add(account.id)

    # --- what is new --------------------------------------------------------------------------

    def _add(self, new: Sequence[Registered]) -> list[int]:
        turn, account, store = self._turn, self._account, self._turn.store
        # A job under way must not take what a file has added for something it did not see.
        newest = store.imports.newest(turn.connection)
        ids = store.registered.add(
            turn.connection, account.id, newest, [_listed(one) for one in new]
        )
        rows = [(listing_id, one.row) for listing_id, one in zip(ids, new, strict=True)]
        if account.is_base:
            linked = self._define(rows)
            begin_links(turn, account, linked)
            note_base(turn, rows)
        else:
            linked = self._link(rows)
        self.linked = len(linked)
        return ids

    def _define(self, new: Sequence[tuple[int, CatalogueRow]]) -> list[int]:
        """Base listings make SKUs; a second one with the same code is a conflict, never a merge."""
        turn, account, listings = self._turn, self._account, self._turn.store.listings
        connection = turn.connection
        coded = [(listing_id, row, fold(row.sku_code)) for listing_id, row in new if row.sku_code]
        codes = list({code for _, _, code in coded})
        taken = set(listings.skus_by_code(connection, codes))
        defining: list[int] = []
        clashing: list[tuple[int, str]] = []
        made: list[tuple[str, str, str, str, int]] = []
        for listing_id, row, code in coded:
            if code in taken:
                clashing.append((listing_id, code))
                continue
            taken.add(code)
            defining.append(listing_id)
            made.append((row.sku_code, code, row.name, row.jan, listing_id))
        listings.add_skus(connection, made)
        skus = listings.skus_by_code(connection, codes)
        listings.link(connection, [(one[4], skus[one[1]].id, account.id, 1) for one in made])
        for listing_id, code in clashing:
            listings.link(connection, [(listing_id, skus[code].id, account.id, 1)])
            self.conflicts += 1
            ids = listings.of_skus(connection, account.id, [skus[code].id])
            claimed = listings.by_id(connection, ids).values()
            # A set takes the SKU and does not say that it is it.
            rivals = [one for one in claimed if not one.is_set]
            set_conflict(turn, account, rivals, is_conflict=True)
        return defining

    def _link(self, new: Sequence[tuple[int, CatalogueRow]]) -> list[int]:
        matches = self._matches(new)
        linked = link_matches(self._turn, self._account, matches)
        self.conflicts += len(matches) - len(linked)
        return linked

    def _matches(self, new: Sequence[tuple[int, CatalogueRow]]) -> dict[int, Match]:
        turn = self._turn
        matcher = Matcher(turn.store, turn.connection, base_of(turn.accounts.values()))
        return matcher.judge(self._account.id, new)

    def _try(self, new: Sequence[Registered]) -> None:
        """Counts what `_add` would link."""
        turn, account = self._turn, self._account
        if not account.is_base:
            matches = self._matches([(place, one.row) for place, one in enumerate(new)])
            linked = [one for one in matches.values() if isinstance(one.verdict, Linked)]
            self.linked, self.conflicts = len(linked), len(matches) - len(linked)
            return
        codes = [fold(one.row.sku_code) for one in new if one.row.sku_code]
        taken = set(turn.store.listings.skus_by_code(turn.connection, list(set(codes))))
        for code in codes:
            if code in taken:
                self.conflicts += 1
            else:
                taken.add(code)
                self.linked += 1


def _listed(registered: Registered) -> Listed:
    return Listed(fold(registered.row.sku_code), registered)


def _holds(low: int | None, high: int, quantity: int) -> bool:
    return (low is None or low <= quantity) and quantity <= high
