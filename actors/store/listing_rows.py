"""Rows of `listing`, `link` and `sku`: what is sold where, and which SKU it is."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, case, delete, insert, select, update
from sqlalchemy.engine import Dialect

from actors.store.push_rows import decode_state
from actors.store.schema import LINK, LISTING, PUSH, SKU
from actors.store.statement import Lookup, Statement
from engine.catalogue import ListingRef, SideSettings
from engine.push_state import ListingPush

SEPARATOR = "\x1f"
"""Between code and sub_code in a ref: a sign no mall allows in a code."""


def ref_of(code: str, sub_code: str) -> str:
    """The text a listing is found by inside its mall."""
    return f"{code}{SEPARATOR}{sub_code}"


class SkuRow(Struct, frozen=True):
    """One SKU."""

    id: int
    code: str
    name: str
    jan: str
    total: int | None
    started_at: float | None
    """F1: a0, by this machine's clock."""
    opened_start: float | None
    opened_end: float | None
    """[a, b] of the settled opening reading, in the base mall's clock."""
    counted_at: float | None
    base_listing_id: int | None


class LinkedSku(Struct, frozen=True):
    """One component of a listing."""

    sku_id: int
    units: int
    total: int | None
    started_at: float | None
    opened_start: float | None
    opened_end: float | None
    counted_at: float | None
    base_listing_id: int | None


class ListingRow(Struct, frozen=True):
    """One listing with its claims; a conflict is linked to none of them."""

    id: int
    mall_id: int
    code: str
    sub_code: str
    native: str
    name: str
    sku_code: str
    jan: str
    settings: SideSettings
    is_tracked: bool
    is_gone: bool
    is_conflict: bool
    claims: tuple[LinkedSku, ...]
    is_synced: bool = True
    """連携: unticked, it is neither pushed nor compared; its orders count."""

    @property
    def links(self) -> tuple[LinkedSku, ...]:
        """The components that count: none while claims are in conflict."""
        return () if self.is_conflict else self.claims

    @property
    def is_set(self) -> bool:
        """Whether it takes several SKUs by an operator's word; a conflict is no set."""
        return len(self.links) > 1

    @property
    def ref(self) -> ListingRef:
        """How the mall knows it."""
        return ListingRef(self.code, self.sub_code, self.native)

    @property
    def subject(self) -> str:
        """How people and faults name it."""
        return f"{self.code}/{self.sub_code}" if self.sub_code else self.code


class IntakeRow(Struct, frozen=True, array_like=True, gc=False):
    """What an order line needs to know of its listing, one row a component."""

    listing_id: int
    ref: str
    is_conflict: bool
    sku_id: int | None
    units: int | None
    total: int | None
    started_at: float | None
    opened_start: float | None
    opened_end: float | None
    counted_at: float | None
    plain_after: float | None
    low: int | None
    high: int | None
    body: bytes | None
    """The state, only where plain_after is None."""

    @property
    def state(self) -> ListingPush | None:
        """The decoded state of a listing that is not plain."""
        if self.body is None or self.high is None:
            return None
        return decode_state(self.body, self.low, self.high)


_LISTING_COLUMNS = (
    LISTING.c.id,
    LISTING.c.mall_id,
    LISTING.c.code,
    LISTING.c.sub_code,
    LISTING.c.native,
    LISTING.c.name,
    LISTING.c.sku_code,
    LISTING.c.jan,
    LISTING.c.overdraft,
    LISTING.c.lead_time_days,
    LISTING.c.restock_date,
    LISTING.c.is_tracked,
    LISTING.c.is_gone,
    LISTING.c.is_conflict,
    LINK.c.sku_id,
    LINK.c.units,
    SKU.c.total,
    SKU.c.started_at,
    SKU.c.opened_start,
    SKU.c.opened_end,
    SKU.c.counted_at,
    SKU.c.base_listing_id,
    LISTING.c.is_synced,
)
_WITH_CLAIMS = LISTING.outerjoin(LINK, LINK.c.listing_id == LISTING.c.id).outerjoin(
    SKU, SKU.c.id == LINK.c.sku_id
)


class ListingRows:
    """Loads and saves listings, their links and their SKUs."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        base = select(*_LISTING_COLUMNS).select_from(_WITH_CLAIMS)
        mall = LISTING.c.mall_id == bindparam("mall")
        self._by_id = Lookup(lambda keys: base.where(LISTING.c.id.in_(keys)), [], dialect)
        self._by_ref = Lookup(
            lambda keys: base.where(mall, LISTING.c.ref.in_(keys)), ["mall"], dialect
        )
        self._of_sku = Lookup(
            lambda keys: select(LINK.c.sku_id, LINK.c.listing_id).where(
                LINK.c.mall_id == bindparam("mall"), LINK.c.sku_id.in_(keys)
            ),
            ["mall"],
            dialect,
        )
        self._everywhere = Lookup(
            lambda keys: select(LINK.c.sku_id, LINK.c.listing_id).where(LINK.c.sku_id.in_(keys)),
            [],
            dialect,
        )
        self._intake = Lookup(
            lambda keys: (
                select(
                    LISTING.c.id,
                    LISTING.c.ref,
                    LISTING.c.is_conflict,
                    LINK.c.sku_id,
                    LINK.c.units,
                    SKU.c.total,
                    SKU.c.started_at,
                    SKU.c.opened_start,
                    SKU.c.opened_end,
                    SKU.c.counted_at,
                    PUSH.c.plain_after,
                    PUSH.c.low,
                    PUSH.c.high,
                    case((PUSH.c.plain_after.is_(None), PUSH.c.body)),
                )
                .select_from(_WITH_CLAIMS.outerjoin(PUSH, PUSH.c.listing_id == LISTING.c.id))
                .where(mall, LISTING.c.ref.in_(keys))
            ),
            ["mall"],
            dialect,
        )
        self._prepare_writes(dialect)
        self._prepare_skus(dialect)

    def _prepare_writes(self, dialect: Dialect) -> None:
        self._flags = Statement(
            update(LISTING)
            .where(LISTING.c.id == bindparam("row"))
            .values(
                is_gone=bindparam("gone"),
                is_conflict=bindparam("conflict"),
            ),
            ["gone", "conflict", "row"],
            dialect,
        )
        self._sync = Statement(
            update(LISTING)
            .where(LISTING.c.id == bindparam("row"))
            .values(is_synced=bindparam("synced")),
            ["synced", "row"],
            dialect,
        )
        names = ["listing_id", "sku_id", "mall_id", "units"]
        self._link = Statement(
            insert(LINK).values({name: bindparam(name) for name in names}), names, dialect
        )
        names = ["listing_id", "sku_id", "mall_id", "rule_id"]
        self._propose = Statement(
            insert(LINK).values({name: bindparam(name) for name in names} | {"units": 1}),
            names,
            dialect,
        )
        self._confirm = Statement(
            update(LINK).where(LINK.c.listing_id == bindparam("listing")).values(rule_id=0),
            ["listing"],
            dialect,
        )
        self._unlink = Statement(
            delete(LINK).where(
                LINK.c.listing_id == bindparam("listing"), LINK.c.sku_id == bindparam("sku")
            ),
            ["listing", "sku"],
            dialect,
        )

    def _prepare_skus(self, dialect: Dialect) -> None:
        skus = select(
            SKU.c.id,
            SKU.c.code,
            SKU.c.name,
            SKU.c.jan,
            SKU.c.total,
            SKU.c.started_at,
            SKU.c.opened_start,
            SKU.c.opened_end,
            SKU.c.counted_at,
            SKU.c.base_listing_id,
        )
        self._skus_by_id = Lookup(lambda keys: skus.where(SKU.c.id.in_(keys)), [], dialect)
        self._skus_by_code = Lookup(lambda keys: skus.where(SKU.c.folded.in_(keys)), [], dialect)
        names = ["code", "folded", "name", "jan", "base_listing_id"]
        self._add_sku = Statement(
            insert(SKU).values({name: bindparam(name) for name in names}), names, dialect
        )
        self._start = Statement(
            update(SKU)
            .where(SKU.c.id == bindparam("row"), SKU.c.started_at.is_(None))
            .values(started_at=bindparam("moment")),
            ["moment", "row"],
            dialect,
        )
        self._open = Statement(
            update(SKU)
            .where(SKU.c.id == bindparam("row"))
            .values(opened_start=bindparam("start_at"), opened_end=bindparam("end_at")),
            ["start_at", "end_at", "row"],
            dialect,
        )
        self._count = Statement(
            update(SKU).where(SKU.c.id == bindparam("row")).values(counted_at=bindparam("moment")),
            ["moment", "row"],
            dialect,
        )

    @staticmethod
    def _gather(rows: Iterable[Any]) -> dict[int, ListingRow]:
        found: dict[int, list[Any]] = {}
        for row in rows:
            same = found.setdefault(row[0], [])
            if all(row[14] != other[14] for other in same):
                same.append(row)
        return {listing_id: _listing_row(same) for listing_id, same in found.items()}

    def by_id(self, connection: Connection, ids: Sequence[int]) -> dict[int, ListingRow]:
        """Listings by id."""
        return self._gather(self._by_id.rows(connection, (), ids))

    def by_ref(
        self, connection: Connection, mall_id: int, refs: Sequence[str]
    ) -> dict[int, ListingRow]:
        """Listings of a mall by ref; the keys are ids."""
        return self._gather(self._by_ref.rows(connection, (mall_id,), refs))

    def of_skus(
        self, connection: Connection, mall_id: int | None, sku_ids: Sequence[int]
    ) -> list[int]:
        """Ids of the listings that are claimed by these SKUs, in one mall or in all."""
        rows = (
            self._everywhere.rows(connection, (), sku_ids)
            if mall_id is None
            else self._of_sku.rows(connection, (mall_id,), sku_ids)
        )
        order = {sku_id: place for place, sku_id in enumerate(sku_ids)}
        found = sorted({(order[row[0]], int(row[1])) for row in rows})
        return list(dict.fromkeys(listing_id for _, listing_id in found))

    def for_intake(
        self, connection: Connection, mall_id: int, refs: Sequence[str]
    ) -> dict[str, list[IntakeRow]]:
        """What order lines need to know of these refs; refs without a listing are left out."""
        found: dict[str, list[IntakeRow]] = {}
        for row in self._intake.rows(connection, (mall_id,), refs):
            same = found.get(row[1])
            if same is None:
                found[row[1]] = [IntakeRow(*row)]
            # A list filled up with its last key may give a row twice.
            elif all(row[3] != other.sku_id for other in same):
                same.append(IntakeRow(*row))
        return found

    def set_flags(self, connection: Connection, listings: Iterable[ListingRow]) -> None:
        """Writes is_gone and is_conflict."""
        self._flags.many(
            connection,
            [(row.is_gone, row.is_conflict, row.id) for row in listings],
        )

    def set_synced(
        self, connection: Connection, listing_ids: Iterable[int], *, is_synced: bool
    ) -> None:
        """Ticks or unticks listings (連携)."""
        self._sync.many(connection, [(is_synced, listing_id) for listing_id in listing_ids])

    def link(self, connection: Connection, rows: Sequence[tuple[int, int, int, int]]) -> None:
        """Adds claims (listing, SKU, mall, units)."""
        self._link.many(connection, rows)

    def propose(self, connection: Connection, rows: Sequence[tuple[int, int, int, int]]) -> None:
        """Adds claims (listing, SKU, mall, rule) that are candidates of a link rule."""
        self._propose.many(connection, rows)

    def confirm(self, connection: Connection, listing_id: int) -> None:
        """What claims a listing is an operator's word from now on, whatever proposed it."""
        self._confirm.run(connection, listing_id)

    def unlink(self, connection: Connection, listing_id: int, sku_id: int) -> int:
        """Removes a claim; how many there were."""
        return self._unlink.run(connection, listing_id, sku_id)

    def set_base(self, connection: Connection, sku_id: int, listing_id: int) -> None:
        """Which base listing defines the SKU."""
        connection.execute(update(SKU).where(SKU.c.id == sku_id).values(base_listing_id=listing_id))

    def delete_sku(self, connection: Connection, sku_id: int, listing_ids: Sequence[int]) -> None:
        """Removes a SKU and the listings only it had (M21: here only)."""
        connection.execute(delete(LINK).where(LINK.c.sku_id == sku_id))
        connection.execute(delete(SKU).where(SKU.c.id == sku_id))
        for listing_id in listing_ids:
            connection.execute(delete(LISTING).where(LISTING.c.id == listing_id))

    def skus_by_id(self, connection: Connection, ids: Sequence[int]) -> dict[int, SkuRow]:
        """SKUs by id."""
        return {row[0]: SkuRow(*row) for row in self._skus_by_id.rows(connection, (), ids)}

    def skus_by_code(self, connection: Connection, folded: Sequence[str]) -> dict[str, SkuRow]:
        """SKUs by folded code."""
        rows = self._skus_by_code.rows(connection, (), folded)
        return {row[1].casefold(): SkuRow(*row) for row in rows}

    def start(self, connection: Connection, sku_ids: Iterable[int], moment: float) -> None:
        """F1: sets a0 of SKUs that have none."""
        self._start.many(connection, [(moment, sku_id) for sku_id in sku_ids])

    def mark_opened(self, connection: Connection, sku_id: int, start: float, end: float) -> None:
        """The settled opening reading, in the base mall's clock."""
        self._open.run(connection, start, end, sku_id)

    def mark_counted(self, connection: Connection, sku_id: int, moment: float) -> None:
        """The instant of a stock count."""
        self._count.run(connection, moment, sku_id)

    def add_skus(
        self, connection: Connection, rows: Sequence[tuple[str, str, str, str, int]]
    ) -> None:
        """New SKUs: (code, folded, name, JAN, the base listing that defines it)."""
        self._add_sku.many(connection, rows)


def _listing_row(rows: Sequence[Any]) -> ListingRow:
    """One listing out of its rows of the query, one a claim."""
    first = rows[0]
    listing_id, mall_id, code, sub_code, native, name, sku_code, jan = first[:8]
    overdraft = None if first[8] is None else bool(first[8])
    return ListingRow(
        id=listing_id,
        mall_id=mall_id,
        code=code,
        sub_code=sub_code,
        native=native,
        name=name,
        sku_code=sku_code,
        jan=jan,
        settings=SideSettings(overdraft, first[9], first[10]),
        is_tracked=bool(first[11]),
        is_gone=bool(first[12]),
        is_conflict=bool(first[13]),
        claims=tuple(LinkedSku(*row[14:22]) for row in rows if row[14] is not None),
        is_synced=bool(first[22]),
    )


def with_flags(row: ListingRow, **flags: bool) -> ListingRow:
    """The listing with other flags."""
    return msgspec.structs.replace(row, **flags)
