"""Catalogue imports: pages that may come twice, resumed at their cursor, done when committed.

The base mall's listings define SKUs; the others are linked as they are registered (M19). A listing
that is no longer there is marked gone, never 0.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from actors.desk.account import Account
from actors.desk.linking import begin_links, place_again, set_conflict
from actors.desk.turn import Turn
from actors.store.import_rows import ImportRow
from actors.store.listing_rows import ListingRow, ref_of
from engine.catalogue import CatalogueRow
from engine.links import Linked, auto_link, fold
from engine.messages import (
    Ack,
    CatalogueRead,
    ImportFailed,
)
from engine.questions import (
    ImportView,
    StartImport,
)


def start_import(turn: Turn, account: Account, letter: StartImport, sender: bytes) -> None:
    """Opens the mall's import job, or joins the one that is not done."""
    job = turn.store.imports.open(turn.connection, account.id, letter.actor, turn.now)
    turn.wakes_pull.add(account.id)
    turn.answer(sender, letter.id, import_view(account, job))


def import_view(account: Account, job: ImportRow) -> ImportView:
    """How far a job is, as operators see it."""
    return ImportView(
        job=job.id,
        mall=account.name,
        state=job.state,
        read=job.read,
        total=job.expected,
        added=job.added,
        updated=job.updated,
        gone=job.gone,
        linked=job.linked,
        conflicts=job.conflicts,
        reason=job.reason,
    )


def import_failed(turn: Turn, _account: Account, letter: ImportFailed, sender: bytes) -> None:
    """The job stays and is pulled again; it says why it waits."""
    job = turn.store.imports.load(turn.connection, letter.job)
    if job is not None and job.state != "done":
        turn.store.imports.save(
            turn.connection, replace(job, state="waiting", reason=letter.reason)
        )
    turn.reply(sender, Ack(letter.id))


def catalogue_read(turn: Turn, account: Account, letter: CatalogueRead, sender: bytes) -> None:
    """Registers one page: adds, updates, links; the last page marks what is gone."""
    store, connection = turn.store, turn.connection
    job = store.imports.load(connection, letter.job)
    if job is None or job.state == "done" or job.mall_id != account.id:
        turn.reply(sender, Ack(letter.id))
        return
    page = _Page(turn, account, job)
    page.register(letter.rows)
    job = replace(
        job,
        state="running",
        reason="",
        cursor=letter.cursor,
        read=job.read + len(letter.rows),
        expected=letter.total or job.expected,
        added=job.added + page.added,
        updated=job.updated + page.updated,
        linked=job.linked + len(page.linked),
        conflicts=job.conflicts + page.conflicts,
    )
    if letter.cursor is None:
        gone = store.imports.mark_gone(connection, account.id, job.id)
        job = replace(job, state="done", gone=gone)
        turn.tell("import", account, "", ("取り込みが終わりました", "the import is done"), job.read)
    store.imports.save(connection, job)
    turn.wakes_pull.add(account.id)
    turn.reply(sender, Ack(letter.id))


class _Page:
    """One page while it is registered."""

    def __init__(self, turn: Turn, account: Account, job: ImportRow) -> None:
        self._turn = turn
        self._account = account
        self._job = job
        self.added = 0
        self.updated = 0
        self.conflicts = 0
        self.linked: list[int] = []

    def register(self, rows: Sequence[CatalogueRow]) -> None:
        """Adds what is new and updates what is known; a page that comes twice adds nothing."""
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        by_ref = {ref_of(row.ref.code, row.ref.sub_code): row for row in rows}
        known = {
            ref_of(listing.code, listing.sub_code): listing
            for listing in store.listings.by_ref(connection, account.id, list(by_ref)).values()
        }
        back: list[int] = []
        new: list[tuple[int, CatalogueRow]] = []
        for ref, row in by_ref.items():
            listing = known.get(ref)
            folded = fold(row.sku_code)
            if listing is None:
                added = store.listings.add_listing(
                    connection, account.id, row, folded, self._job.id
                )
                new.append((added, row))
                continue
            store.listings.update_listing(connection, listing.id, row, folded, self._job.id)
            if _differs(listing, row):
                self.updated += 1
            if listing.is_gone or listing.is_tracked is not row.tracked:
                back.append(listing.id)
        self.added = len(new)
        if account.is_base:
            self._define(new)
        else:
            self._link(new)
        begin_links(turn, account, self.linked)
        place_again(turn, account, back)

    def _define(self, new: Sequence[tuple[int, CatalogueRow]]) -> None:
        """Base listings make SKUs; a second one with the same code is a conflict, never a merge."""
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        codes = list({fold(row.sku_code) for _, row in new})
        skus = store.listings.skus_by_code(connection, codes)
        for listing_id, row in new:
            if not row.sku_code:
                continue
            sku = skus.get(fold(row.sku_code))
            if sku is None:
                sku_id = store.listings.add_sku(connection, row, fold(row.sku_code), listing_id)
                skus.update(store.listings.skus_by_code(connection, [fold(row.sku_code)]))
                store.listings.link(connection, [(listing_id, sku_id, account.id, 1)])
                self.linked.append(listing_id)
                continue
            store.listings.link(connection, [(listing_id, sku.id, account.id, 1)])
            self.conflicts += 1
            ids = store.listings.of_skus(connection, account.id, [sku.id])
            claimed = store.listings.by_id(connection, ids)
            set_conflict(turn, account, list(claimed.values()), is_conflict=True)

    def _link(self, new: Sequence[tuple[int, CatalogueRow]]) -> None:
        turn, account = self._turn, self._account
        store, connection = turn.store, turn.connection
        codes = list({fold(row.sku_code) for _, row in new if row.sku_code})
        skus = store.listings.skus_by_code(connection, codes)
        candidates = {code: [sku.id] for code, sku in skus.items()}
        verdicts = auto_link([(row_id, fold(row.sku_code)) for row_id, row in new], candidates)
        linked = [verdict for verdict in verdicts if isinstance(verdict, Linked)]
        store.listings.link(
            connection,
            [(verdict.listing_id, verdict.sku_id, account.id, 1) for verdict in linked],
        )
        self.linked.extend(verdict.listing_id for verdict in linked)


def _differs(listing: ListingRow, row: CatalogueRow) -> bool:
    return (
        listing.name != row.name
        or listing.jan != row.jan
        or listing.native != row.ref.native
        or listing.sku_code != row.sku_code
        or listing.settings != row.settings
        or listing.is_tracked is not row.tracked
        or listing.is_gone
    )
