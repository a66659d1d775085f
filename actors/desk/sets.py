"""Sets (セット商品): listings that take several SKUs, or several units of one.

A set's components replace whatever claimed the listing before, in one transaction, so that no order
and no push ever sees half a set. It is therefore also a way out of a conflict. Components whose
totals are not known yet keep the listing from being pushed and its orders waiting, like any link.
"""

from collections.abc import Mapping, Sequence

from actors.desk.account import Account
from actors.desk.linking import begin_links, end_link, set_conflict, settle_base
from actors.desk.turn import Turn
from actors.store import Connection
from actors.store.listing_rows import ListingRow, SkuRow, ref_of
from actors.store.stock_list import set_page
from actors.store.store import Store
from engine.links import SET_SKUS_MAX, SET_UNITS_MAX, fold
from engine.questions import (
    LINK_PAGE_MAX,
    LinkSets,
    SetPart,
    SetRefusal,
    SetsPage,
    SetsView,
    SetView,
    SetWish,
)

Parts = Mapping[int, int]
"""SKU id -> units of it that one unit of the listing takes."""


def link_sets(turn: Turn, accounts: Mapping[str, Account], letter: LinkSets, sender: bytes) -> None:
    """Makes a page of sets, or says of each row what is wrong and makes none of them."""
    page = _Page(turn, accounts, letter.wishes)
    refusals = page.check()
    changed: dict[int, list[int]] = {}
    unchanged = 0
    if not refusals:
        for listing, parts in page.wanted:
            if _parts_of(listing) == parts and not listing.is_conflict:
                unchanged += 1
                continue
            account = turn.accounts[listing.mall_id]
            changed.setdefault(account.id, []).append(listing.id)
            if not letter.dry_run:
                replace_claims(turn, account, listing, parts)
    if not letter.dry_run:
        for mall_id, ids in changed.items():
            begin_claimed(turn, turn.accounts[mall_id], ids)
    count = sum(len(ids) for ids in changed.values())
    view = SetsView(changed=count, unchanged=unchanged, refusals=tuple(refusals))
    turn.answer(sender, letter.id, view)


def sets_page(
    store: Store, connection: Connection, names: Mapping[int, str], after: int
) -> SetsPage:
    """A page of the sets there are, by listing id."""
    ids = set_page(connection, after, LINK_PAGE_MAX)
    listings = store.listings.by_id(connection, ids)
    sku_ids = {link.sku_id for row in listings.values() for link in row.claims}
    skus = store.listings.skus_by_id(connection, list(sku_ids))
    rows = tuple(
        SetView(
            mall=names.get(row.mall_id, ""),
            code=row.code,
            sub_code=row.sub_code,
            parts=tuple(SetPart(skus[link.sku_id].code, link.units) for link in row.claims),
        )
        for row in (listings[listing_id] for listing_id in ids)
    )
    return SetsPage(rows=rows, next=ids[-1] if len(ids) == LINK_PAGE_MAX else None)


class _Page:
    """Wishes looked up all at once and judged one by one."""

    def __init__(
        self, turn: Turn, accounts: Mapping[str, Account], wishes: Sequence[SetWish]
    ) -> None:
        store, connection = turn.store, turn.connection
        self._accounts = accounts
        self._wishes = wishes
        self.wanted: list[tuple[ListingRow, dict[int, int]]] = []
        refs: dict[int, set[str]] = {}
        for wish in wishes:
            account = accounts.get(wish.mall)
            if account is not None:
                refs.setdefault(account.id, set()).add(ref_of(wish.code, wish.sub_code))
        self._listings = {
            (mall_id, ref_of(row.code, row.sub_code)): row
            for mall_id, wanted in refs.items()
            for row in store.listings.by_ref(connection, mall_id, sorted(wanted)).values()
        }
        codes = {fold(part.sku) for wish in wishes for part in wish.parts}
        self._skus: dict[str, SkuRow] = store.listings.skus_by_code(connection, sorted(codes))

    def check(self) -> list[SetRefusal]:
        """What is wrong, wish by wish; fills `wanted` with what is right."""
        refusals: list[SetRefusal] = []
        seen: set[int] = set()
        for wish in self._wishes:
            wrong = self._wrong_listing(wish, seen) or self._wrong_parts(wish)
            if wrong is not None:
                refusals.append(wrong)
        return refusals

    def _wrong_listing(self, wish: SetWish, seen: set[int]) -> SetRefusal | None:
        account = self._accounts.get(wish.mall)
        if account is None:
            return SetRefusal(
                wish.line, "mall",
                f"{wish.mall} という名前のモールはありません。",
                f"There is no mall named {wish.mall}.",
            )  # fmt: skip
        listing = self._listings.get((account.id, ref_of(wish.code, wish.sub_code)))
        subject = f"{wish.code} {wish.sub_code}".strip()
        if listing is None:
            return SetRefusal(
                wish.line, "code",
                f"{wish.mall} に商品 {subject} はありません。先に取り込んでください。",
                f"There is no listing {subject} on {wish.mall}; import it first.",
            )  # fmt: skip
        if listing.id in seen:
            return SetRefusal(
                wish.line, "code",
                f"商品 {subject} が 2 回あります。1 つにまとめてください。",
                f"The listing {subject} comes twice; give its rows together.",
            )  # fmt: skip
        seen.add(listing.id)
        self.wanted.append((listing, {}))
        return None

    def _wrong_parts(self, wish: SetWish) -> SetRefusal | None:
        _, parts = self.wanted[-1]
        if len(wish.parts) > SET_SKUS_MAX:
            return SetRefusal(
                wish.line, "sku",
                f"セットの SKU は {SET_SKUS_MAX} 種類までです。",
                f"A set takes at most {SET_SKUS_MAX} SKUs.",
            )  # fmt: skip
        for part in wish.parts:
            line = part.line or wish.line
            sku = self._skus.get(fold(part.sku)) if part.sku else None
            if sku is None:
                return SetRefusal(
                    line, "sku",
                    f"SKU {part.sku} はありません。", f"There is no SKU {part.sku}.",
                )  # fmt: skip
            if sku.id in parts:
                return SetRefusal(
                    line, "sku",
                    f"SKU {part.sku} が 2 回あります。個数をまとめてください。",
                    f"The SKU {part.sku} comes twice; give its units once.",
                )  # fmt: skip
            if not 1 <= part.units <= SET_UNITS_MAX:
                return SetRefusal(
                    line, "units",
                    f"個数は 1 から {SET_UNITS_MAX} までです。",
                    f"The units must be from 1 to {SET_UNITS_MAX}.",
                )  # fmt: skip
            parts[sku.id] = part.units
        return None


def _parts_of(listing: ListingRow) -> dict[int, int]:
    return {link.sku_id: link.units for link in listing.claims}


def replace_claims(turn: Turn, account: Account, listing: ListingRow, parts: Parts) -> None:
    """Puts these components in the place of the claims there were."""
    store, connection = turn.store, turn.connection
    for link in listing.claims:
        store.listings.unlink(connection, listing.id, link.sku_id)
    rows = [(listing.id, sku_id, account.id, units) for sku_id, units in sorted(parts.items())]
    if rows:
        store.listings.link(connection, rows)
    set_conflict(turn, account, [listing], is_conflict=False)
    if not parts:
        end_link(turn, account, listing.id)
    if account.is_base:
        left = [link.sku_id for link in listing.claims if link.sku_id not in parts]
        for sku in store.listings.skus_by_id(connection, left).values():
            settle_base(turn, account, sku)


def begin_claimed(turn: Turn, account: Account, listing_ids: Sequence[int]) -> None:
    """Compares the listings that have components; a dissolved set has none."""
    listings = turn.store.listings.by_id(turn.connection, listing_ids)
    begin_links(turn, account, [row.id for row in listings.values() if row.claims])


def refuse_of_set(listing: ListingRow) -> tuple[str, str] | None:
    """Why one claim of a set can be neither added nor ended; None for any other listing."""
    if not listing.is_set:
        return None
    subject = listing.subject
    return (
        f"{subject} はセット商品です。構成は zaiko link set で変えるか解除してください。",
        f"{subject} is a set; change or dissolve it with zaiko link set.",
    )
