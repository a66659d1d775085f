"""The tick of a listing (連携): unticked, it is left alone, and everything of it goes on counting.

An unticked listing is neither pushed nor compared. Its orders count, and what it is taken to show
follows them. Ticked again, somebody else may have written its quantity: it begins as a new link
does (F2), with a reading, and is pushed after that.
"""

from collections.abc import Sequence

from actors.desk.account import Account
from actors.desk.linking import begin_links, place_again
from actors.desk.turn import Turn
from engine.questions import REFLECT_PAGE_MAX, SetSync, SyncedView


def set_sync(
    turn: Turn, account: Account, listing_ids: Sequence[int], letter: SetSync, sender: bytes
) -> None:
    """Ticks or unticks a page of the mall's listings; those that are so already stay so."""
    listings = turn.store.listings.by_id(turn.connection, listing_ids)
    changed = [row for row in listings.values() if row.is_synced is not letter.is_on]
    ids = [row.id for row in changed]
    turn.store.listings.set_synced(turn.connection, ids, is_synced=letter.is_on)
    if letter.is_on:
        begin_links(turn, account, [row.id for row in changed if row.links])
    else:
        place_again(turn, account, ids)
        for row in changed:
            if not row.is_conflict:
                turn.drop_faults(account, row.subject)
    is_page = letter.code is None and len(listing_ids) == REFLECT_PAGE_MAX
    following = listing_ids[-1] if is_page else None
    turn.answer(sender, letter.id, SyncedView(changed=len(changed), next=following))
