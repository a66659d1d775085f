"""F1: how the base mall's first settled reading opens a SKU, and a starting instant is kept."""

from collections.abc import Mapping, Sequence

from actors.desk.account import Account
from actors.desk.intake import Intake
from actors.desk.turn import Turn
from actors.desk.weigh import place, want_of
from actors.store.listing_rows import ListingRow, ref_of
from actors.store.movement_rows import MovementRow
from engine.ledger import Reason, opening_key
from engine.opening import opening_total
from engine.push_state import ReadingDone, Span


def start_skus(turn: Turn, account: Account, listing: ListingRow, outcome: ReadingDone) -> None:
    """Keeps a0: the beginning of the SKU's first opening read, even if that read is dropped."""
    starting = [
        link.sku_id
        for link in listing.links
        if link.base_listing_id == listing.id and link.total is None and link.started_at is None
    ]
    if starting:
        turn.store.listings.start(turn.connection, starting, account.to_wall(outcome.start))


def open_sku(
    turn: Turn, account: Account, listing: ListingRow, quantity: int, reading: Span
) -> bool:
    """Opens the SKU that this base listing defines: its total is what the base mall showed."""
    links = listing.links
    if len(links) != 1 or links[0].base_listing_id != listing.id or links[0].total is not None:
        return False
    link = links[0]
    total = opening_total(quantity, link.units)
    turn.store.listings.mark_opened(turn.connection, link.sku_id, reading.start, reading.end)
    turn.move(
        [
            MovementRow(
                link.sku_id,
                total,
                total,
                str(Reason.OPENING),
                turn.now,
                account.id,
                "",
                "",
                account.to_wall(reading.end),
                "",
                "",
                opening_key(link.sku_id),
            )
        ]
    )
    book_waiting(turn, [link.sku_id])
    return True


def book_waiting(
    turn: Turn, sku_ids: Sequence[int], only: Mapping[int, Sequence[str]] | None = None
) -> None:
    """Counts the lines that waited for these SKUs (E6), in every mall or for some listings.

    `only`: mall id -> refs of listings. Without it the SKUs have just been given a total, and their
    listings, which waited for that to be compared, are placed.
    """
    store, connection = turn.store, turn.connection
    for account in turn.accounts.values():
        ids: Sequence[int] = ()
        if only is None:
            ids = store.listings.of_skus(connection, account.id, sku_ids)
            listings = store.listings.by_id(connection, ids)
            named = [ref_of(listing.code, listing.sub_code) for listing in listings.values()]
        else:
            named = list(only.get(account.id, ()))
        # Of a whole catalogue that was just linked hardly any listing is waited for.
        refs = store.orders.waited_for(connection, account.id, named)
        if refs:
            Intake(turn, account).book(refs)
        if ids:
            _place(turn, account, ids)


def _place(turn: Turn, account: Account, ids: Sequence[int]) -> None:
    listings = turn.store.listings.by_id(turn.connection, ids)
    records = turn.store.pushes.by_id(turn.connection, ids)
    now = account.to_mall(turn.now)
    for listing_id, record in records.items():
        place(record, want_of(account, listings[listing_id], now, turn.no_rise), account)
    turn.store.pushes.save(turn.connection, records.values(), account.rules)
