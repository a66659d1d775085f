"""Reflects (反映, S7): a held difference is dropped, doubt is settled first, the rest is due now.

Chosen listings are answered one by one, page by page; what a job walks is `reflect_jobs`.
"""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct, structs

from actors.desk.account import Account
from actors.desk.turn import Turn
from actors.desk.weigh import BULK, is_syncing, place, want_of
from actors.store.listing_rows import ListingRow
from actors.store.push_rows import PushRecord
from actors.store.stock_list import MallTerms, reflect_page
from engine.push import apply, decide, is_suspect, target
from engine.push_state import AuditDue, ListingPush, Reflect, Want
from engine.questions import (
    REFLECT_PAGE_MAX,
    AskReflect,
    ReflectRow,
    ReflectView,
    StartReflect,
)
from engine.slot import PushDecision


class Reflected(Struct):
    """A listing that is looked at, and why it cannot be reflected."""

    listing: ListingRow
    account: Account
    record: PushRecord
    want: Want
    reason: tuple[str, str] | None
    """In Japanese and English; None: it can be."""

    @property
    def differs(self) -> bool:
        """Whether it has a difference, as `stock list --diff` finds it."""
        state, offer = self.record.state, self.want.offer
        if state.settled_at is None or offer is None:
            return False
        if self.listing.is_conflict or not self.listing.is_synced:
            return False
        is_free = state.call is None and state.feed is None
        is_one_number = state.low == state.high
        return state.held != 0 or (is_free and is_one_number and max(0, state.high) != offer)


def start_reflect(
    turn: Turn,
    letter: StartReflect,
    sender: bytes,
    names: Mapping[str, int],
    terms: MallTerms,
) -> None:
    """One page of a reflect of chosen listings."""
    # Differences are looked for among a page of listings: in one query each page would find all.
    chosen = structs.replace(letter.filter, has_difference=False)
    ids = reflect_page(turn.connection, chosen, names, terms, (letter.after, REFLECT_PAGE_MAX))
    page = list(looked_at(turn, ids))
    if letter.filter.has_difference:
        page = [one for one in page if one.differs]
    rows = _reflect(turn, page, is_dry=letter.dry_run, is_asking=False)
    following = ids[-1] if len(ids) == REFLECT_PAGE_MAX else None
    turn.answer(sender, letter.id, ReflectView(rows=rows, next=following))


def ask_reflect(turn: Turn, letter: AskReflect, sender: bytes) -> None:
    """How far the listings of an earlier page have come."""
    ids = letter.listing_ids[:REFLECT_PAGE_MAX]
    rows = _reflect(turn, list(looked_at(turn, ids)), is_dry=True, is_asking=True)
    turn.answer(sender, letter.id, ReflectView(rows=rows, next=None))


def looked_at(turn: Turn, ids: Sequence[int]) -> Iterator[Reflected]:
    """The linked listings among these, of malls that are in the settings."""
    store, connection = turn.store, turn.connection
    listings = store.listings.by_id(connection, ids)
    records = store.pushes.by_id(connection, ids)
    for listing_id in ids:
        listing = listings.get(listing_id)
        account = None if listing is None else turn.accounts.get(listing.mall_id)
        if listing is None or account is None or not listing.claims:
            continue
        record = records.get(listing_id) or PushRecord(listing_id, account.id, ListingPush())
        want = want_of(account, listing, account.to_mall(turn.now), turn.no_rise)
        yield Reflected(listing, account, record, want, _blocked(account, listing, want))


def place_reflected(turn: Turn, chosen: Sequence[Reflected]) -> None:
    """Puts them where their pushes are found, as a bulk change."""
    changed: dict[int, list[PushRecord]] = {}
    for one in chosen:
        place(one.record, one.want, one.account, BULK)
        changed.setdefault(one.account.id, []).append(one.record)
    for mall_id, rows in changed.items():
        turn.store.pushes.save(turn.connection, rows, turn.accounts[mall_id].rules)
        turn.wakes_pull.add(mall_id)


def _reflect(
    turn: Turn, page: Sequence[Reflected], *, is_dry: bool, is_asking: bool
) -> tuple[ReflectRow, ...]:
    skus = turn.store.listings.skus_by_id(
        turn.connection, list({link.sku_id for one in page for link in one.listing.claims})
    )
    views = []
    for one in page:
        state, listing, reason = one.record.state, one.listing, one.reason
        delta, result = outlook(one, is_asking=is_asking)
        views.append(
            ReflectRow(
                listing_id=listing.id,
                sku=skus[listing.claims[0].sku_id].code,
                mall=one.account.name,
                code=listing.code,
                sub_code=listing.sub_code,
                before=state.high if state.known else None,
                offer=one.want.offer,
                delta=delta,
                result=result,
                reason=reason[0] if reason else "",
                reason_en=reason[1] if reason else "",
            )
        )
    if not is_dry:
        place_reflected(turn, [one for one in page if one.reason is None])
    return tuple(views)


def outlook(one: Reflected, *, is_asking: bool = False) -> tuple[int | None, str]:
    """(the change that will be pushed, how it stands); moves the record, which may be dropped."""
    record, want, rules = one.record, one.want, one.account.rules
    if one.reason is not None:
        return None, "blocked"
    if not is_asking:
        record.state = apply(record.state, Reflect(), rules).state
    state = record.state
    decision: PushDecision | None = decide(state, want, rules)
    if not state.known or is_suspect(state, rules):
        if not is_asking:
            record.state = apply(state, AuditDue(), rules).state
        return None if decision is None else decision.delta, "waiting"
    if state.call is not None:
        return getattr(state.call, "delta", None), "waiting" if is_asking else "pushed"
    if decision is not None:
        return decision.delta, "waiting" if is_asking else "pushed"
    shows_offer = want.offer is not None and state.high == target(state, want.offer)
    return 0, "level" if shows_offer else "waiting"


def _blocked(account: Account, listing: ListingRow, want: Want) -> tuple[str, str] | None:
    if listing.is_conflict:
        return (
            "複数の商品が紐づいています。紐づけを解除してください。",
            "Several SKUs claim this listing; remove all but one link.",
        )
    if listing.is_gone:
        return ("モールに商品がありません。", "The listing is gone at the mall.")
    if not listing.is_synced:
        return (
            "連携がオフです。zaiko sync on でオンにしてください。",
            "The listing is not synced; tick it with: zaiko sync on",
        )
    if not is_syncing(listing):
        return ("在庫数のない商品です。", "The mall keeps no quantity for this listing.")
    if want.offer is None:
        return (
            "総在庫数がまだ決まっていません。",
            "The SKU has no total yet (its base listing is being read).",
        )
    if account.row.is_halted:
        return (
            f"{account.name} は停止中です（レベル9）。キーを更新し、エラーを削除してください。",
            f"{account.name} is halted (level 9); renew its key and clear the error.",
        )
    if account.row.is_paused:
        return (f"{account.name} は一時停止中です。", f"{account.name} is paused.")
    return None
