"""Orders that come after an adopted comparison they belong before: said loudly (S3)."""

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.store.listing_rows import ListingRow
from engine.faults import Family, adopted_late_spec
from engine.ledger import adopt_prefix


def warn_of_late_order(
    turn: Turn, account: Account, listing: ListingRow, units: int, stamp: float
) -> None:
    """An order placed before an adopted comparison came after it: its units count twice now.

    Which of the two is right only people know, so it is said loudly, with the way to undo.
    """
    for link in listing.links:
        seq = turn.store.movements.last_adopted(
            turn.connection, link.sku_id, account.to_wall(stamp), adopt_prefix(listing.id)
        )
        if seq is not None:
            spec = adopted_late_spec(seq, units)
            turn.fault(account, Family.STOCK, listing.subject, str(seq), spec)
