"""Rows of links: mall, code, sub_code and the SKU the listing is to be; an empty SKU releases it.

A listing that another SKU claims is not taken from it: it is to be released first. Sets are left
to `link set`.
"""

from collections.abc import Mapping, Sequence

from actors.desk.account import Account
from actors.desk.sets import begin_claimed, refuse_of_set, replace_claims
from actors.desk.turn import Turn
from actors.store.listing_rows import ListingRow, SkuRow, ref_of
from actors.store.sheet_rows import StagedRow
from engine.links import CONFLICT_MESSAGE, fold
from engine.questions import SheetRefusal, SheetRow

Sentences = tuple[str, str]


class LinkSheet:
    """Looks at and applies pages of one job."""

    def __init__(self, turn: Turn, accounts: Mapping[str, Account]) -> None:
        self._turn = turn
        self._accounts = accounts

    def judge(
        self, rows: Sequence[SheetRow]
    ) -> tuple[list[tuple[StagedRow, str]], list[SheetRefusal]]:
        """The rows that are right with what they change (same, change); and the others."""
        store, connection = self._turn.store, self._turn.connection
        refs: dict[int, set[str]] = {}
        for row in rows:
            account = self._accounts.get(row.mall)
            if account is not None:
                refs.setdefault(account.id, set()).add(ref_of(row.code, row.sub_code))
        listings = {
            (mall_id, ref_of(listing.code, listing.sub_code)): listing
            for mall_id, wanted in refs.items()
            for listing in store.listings.by_ref(connection, mall_id, sorted(wanted)).values()
        }
        codes = sorted({fold(row.sku) for row in rows if row.sku})
        skus = store.listings.skus_by_code(connection, codes)
        right: list[tuple[StagedRow, str]] = []
        refusals = []
        for row in rows:
            account = self._accounts.get(row.mall)
            place = (account.id if account else 0, ref_of(row.code, row.sub_code))
            listing, sku = listings.get(place), skus.get(fold(row.sku)) if row.sku else None
            wrong = self._wrong(row, account, listing, sku)
            if wrong is None and listing is not None:
                change = "same" if _is_so(listing, sku) else "change"
                sku_id = None if sku is None else sku.id
                staged = StagedRow(row.line, listing.id, _subject(row), sku_id, 0, "")
                right.append((staged, change))
            elif wrong is not None:
                column, (message, message_en) = wrong
                refusals.append(
                    SheetRefusal(
                        line=row.line, column=column, message=message, message_en=message_en
                    )
                )
        return right, refusals

    def _wrong(
        self,
        row: SheetRow,
        account: Account | None,
        listing: ListingRow | None,
        sku: SkuRow | None,
    ) -> tuple[str, Sentences] | None:
        """The column and why; None: the row is right."""
        if account is None:
            return "mall", (
                f"{row.mall} という名前のモールはありません。",
                f"There is no mall named {row.mall}.",
            )
        if listing is None:
            return "code", (
                f"{row.mall} に商品 {_subject(row)} はありません。先に取り込んでください。",
                f"There is no listing {_subject(row)} on {row.mall}; import it first.",
            )
        if row.sku and sku is None:
            return "sku", (
                f"SKU {row.sku} はありません。zaiko stock list で確かめてください。",
                f"There is no SKU {row.sku}; look it up with: zaiko stock list",
            )
        unfit = self._unfit(listing, sku)
        return None if unfit is None else ("sku", unfit)

    def _unfit(self, listing: ListingRow, sku: SkuRow | None) -> Sentences | None:
        """Why the listing cannot be linked so."""
        of_set = refuse_of_set(listing)
        if of_set is not None:
            return of_set
        claims = [link.sku_id for link in listing.claims]
        if sku is None or not claims or claims == [sku.id]:
            return None
        found = self._turn.store.listings.skus_by_id(self._turn.connection, claims)
        named = ", ".join(other.code for other in found.values())
        subject = listing.subject
        if listing.is_conflict:
            message = (
                f"{subject}: {CONFLICT_MESSAGE}({named})。zaiko link remove で 1 つにしてください。"
            )
            return message, (
                f"Several SKUs claim {subject} ({named}); leave one with: zaiko link remove"
            )
        return (
            f"{subject} は SKU {named} に紐づいています。先に紐づけを解除してください。",
            f"{subject} is linked to the SKU {named}; release that link first.",
        )

    def apply(self, rows: Sequence[StagedRow]) -> list[tuple[int, Sentences]]:
        """Links and releases a page; (line, sentences) of each row that no longer fits."""
        store, connection = self._turn.store, self._turn.connection
        listings = store.listings.by_id(connection, [row.subject_id for row in rows])
        ids = list({row.sku_id for row in rows if row.sku_id is not None})
        skus = store.listings.skus_by_id(connection, ids)
        lost: list[tuple[int, Sentences]] = []
        begun: dict[int, list[int]] = {}
        for row in rows:
            listing = listings.get(row.subject_id)
            account = None if listing is None else self._turn.accounts.get(listing.mall_id)
            sku = None if row.sku_id is None else skus.get(row.sku_id)
            if listing is None or account is None or (row.sku_id is not None and sku is None):
                said = (
                    f"{row.subject} かその SKU は削除されました。",
                    f"{row.subject} or its SKU was deleted.",
                )
                lost.append((row.line, said))
                continue
            unfit = self._unfit(listing, sku)
            if unfit is not None:
                lost.append((row.line, unfit))
            elif not _is_so(listing, sku):
                parts = {} if sku is None else {sku.id: 1}
                replace_claims(self._turn, account, listing, parts)
                begun.setdefault(account.id, []).append(listing.id)
        for mall_id, listing_ids in begun.items():
            begin_claimed(self._turn, self._turn.accounts[mall_id], listing_ids)
        return lost


def _is_so(listing: ListingRow, sku: SkuRow | None) -> bool:
    return [link.sku_id for link in listing.claims] == ([] if sku is None else [sku.id])


def _subject(row: SheetRow) -> str:
    return f"{row.mall} {row.code} {row.sub_code}".strip()
