"""Links: which listing is which SKU, by rule in bulk or by an operator's word.

    unlinked --one claim--> linked --another SKU claims--> conflict --released--> linked
       ^                       |                              |
       +------- released ------+------------------------------+

A listing with more than one claim is a conflict (複数の商品が紐づいています): it does not
sync until `link remove` leaves one claim. Each of several candidates of a link rule
(`link_rules.py`) is a claim: never a guess. Two base listings with one SKU code are both conflicts:
never a merge.
A set takes several SKUs by one word of an operator (`link set`): its components are no claims
against each other and no conflict, and only `link set` changes them.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from engine.push_state import Span

CONFLICT_MESSAGE = "複数の商品が紐づいています"
SET_SKUS_MAX = 50
"""SKUs of one set."""
SET_UNITS_MAX = 10_000
"""Units of one SKU that one unit of a listing takes."""


class Component(Struct, frozen=True, array_like=True, gc=False):
    """One SKU that a listing takes. A listing's components name distinct SKUs."""

    sku_id: int
    """The SKU."""
    units: int = 1
    """Units of it that one unit of the listing takes, at least 1."""
    opening: Span | None = None
    """The SKU's opening in the clock of the listing's mall (`opening.py`); None: not opened."""


class LinkedListing(Struct, frozen=True, array_like=True, gc=False):
    """A listing as `orders.py` needs it.

    One in conflict has no components: its expected goes on following its orders, and its lines
    wait until one claim is left.
    """

    listing_id: int
    """The listing."""
    components: tuple[Component, ...]
    """What it takes; () for a listing in conflict."""


class Linked(Struct, frozen=True, tag=True):
    """The listing has one claim: it is this SKU."""

    listing_id: int
    """The listing."""
    sku_id: int
    """The SKU it is."""


class NoMatch(Struct, frozen=True, tag=True):
    """No SKU has the listing's key: it stays unlinked."""

    listing_id: int
    """The listing."""


class Conflict(Struct, frozen=True, tag=True):
    """Several SKUs claim the listing: it does not sync."""

    listing_id: int
    """The listing."""
    sku_ids: tuple[int, ...]
    """Every SKU that claims it, in rising order; at least two."""
    message: str = CONFLICT_MESSAGE
    """The sentence the operator sees."""


class Unlinked(Struct, frozen=True, tag=True):
    """The last claim was released."""

    listing_id: int
    """The listing."""


class NotClaimed(Struct, frozen=True, tag=True):
    """A release of a claim that was never there: nothing changes."""

    listing_id: int
    """The listing."""
    sku_id: int
    """The SKU that does not claim it."""


AutoLink = Linked | NoMatch | Conflict
Claimed = Linked | Conflict
Released = Linked | Conflict | Unlinked | NotClaimed


def fold(code: str) -> str:
    """The one rule by which codes are compared: case aside, nothing else."""
    return code.casefold()


def auto_link(
    listings: Iterable[tuple[int, str]], candidates: Mapping[str, Sequence[int]]
) -> list[AutoLink]:
    """Decides a batch of (listing id, key) against key -> ids of SKUs; "" matches nothing.

    One result a listing, in the order given.
    """
    results: list[AutoLink] = []
    for listing_id, code in listings:
        sku_ids = candidates.get(code, ()) if code else ()
        if not sku_ids:
            results.append(NoMatch(listing_id))
        elif len(sku_ids) == 1:
            results.append(Linked(listing_id, sku_ids[0]))
        else:
            results.append(_claimed_by(listing_id, sku_ids))
    return results


def claim(listing_id: int, sku_ids: Sequence[int], sku_id: int) -> Claimed:
    """`link add`: SKU `sku_id` claims a listing that `sku_ids` claim already.

    A second claim is kept as a conflict and never replaces the first; the same claim again
    changes nothing.
    """
    return _claimed_by(listing_id, (*sku_ids, sku_id))


def release(listing_id: int, sku_ids: Sequence[int], sku_id: int) -> Released:
    """`link remove`: SKU `sku_id` lets go of a listing that `sku_ids` claim."""
    if sku_id not in sku_ids:
        return NotClaimed(listing_id, sku_id)
    left = [other for other in sku_ids if other != sku_id]
    return _claimed_by(listing_id, left) if left else Unlinked(listing_id)


def _claimed_by(listing_id: int, sku_ids: Sequence[int]) -> Claimed:
    distinct = tuple(sorted(set(sku_ids)))
    if len(distinct) == 1:
        return Linked(listing_id, distinct[0])
    return Conflict(listing_id, distinct)
