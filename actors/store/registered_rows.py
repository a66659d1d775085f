"""What imports register in `listing`: names, codes, side settings, and what a file says is shown.

A page is read and written as a whole: a few statements, however many rows.
"""

import json
from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, bindparam, func, insert, or_, select, update
from sqlalchemy.engine import Dialect

from actors.store.listing_rows import ref_of
from actors.store.schema import LISTING
from actors.store.statement import Lookup, Statement
from engine.catalogue import Axis, CatalogueRow, ListingRef, SideSettings
from engine.registration import Registered

_ROW = (
    "ref", "code", "sub_code", "native", "name", "sku_code", "folded", "jan", "image", "axes",
    "overdraft", "lead_time_days", "restock_date", "mall_overdraft", "mall_lead_time_days",
    "mall_restock_date", "is_tracked", "is_gone",
)  # fmt: skip
_SETTINGS = ("overdraft", "lead_time_days", "restock_date")


class KnownListing(Struct, frozen=True):
    """A registered listing and where it stands."""

    id: int
    ref: str
    registered: Registered


class Listed(Struct, frozen=True):
    """One listing to be written."""

    folded: str
    """Its SKU code, folded."""
    registered: Registered


class RegisteredRows:
    """Loads and saves what is registered of listings."""

    def __init__(self, dialect: Dialect) -> None:
        columns = (LISTING.c.id, *(LISTING.c[name] for name in _ROW))
        self._by_ref = Lookup(
            lambda keys: select(*columns).where(
                LISTING.c.mall_id == bindparam("mall"), LISTING.c.ref.in_(keys)
            ),
            ["mall"],
            dialect,
        )
        self._ids = Lookup(
            lambda keys: select(LISTING.c.ref, LISTING.c.id).where(
                LISTING.c.mall_id == bindparam("mall"), LISTING.c.ref.in_(keys)
            ),
            ["mall"],
            dialect,
        )
        self._shown = Lookup(
            lambda keys: select(LISTING.c.id, LISTING.c.file_quantity, LISTING.c.file_at).where(
                LISTING.c.id.in_(keys), LISTING.c.file_at.is_not(None)
            ),
            [],
            dialect,
        )
        self._prepare_writes(dialect)

    def _prepare_writes(self, dialect: Dialect) -> None:
        values: dict[str, Any] = {name: bindparam(f"v_{name}") for name in _ROW}
        names = [f"v_{name}" for name in _ROW]
        self._add = Statement(
            insert(LISTING).values(
                **values,
                mall_id=bindparam("v_mall"),
                seen_job=bindparam("v_job"),
                is_conflict=False,
                is_synced=True,
            ),
            [*names, "v_mall", "v_job"],
            dialect,
        )
        self._write = Statement(
            update(LISTING).where(LISTING.c.id == bindparam("row")).values(**values),
            [*names, "row"],
            dialect,
        )
        self._see = Statement(
            update(LISTING)
            .where(LISTING.c.id == bindparam("row"))
            .values(seen_job=bindparam("v_job")),
            ["v_job", "row"],
            dialect,
        )
        self._show = Statement(
            update(LISTING)
            .where(
                LISTING.c.id == bindparam("row"),
                func.coalesce(LISTING.c.file_at, 0.0) <= bindparam("v_at"),
            )
            .values(file_quantity=bindparam("v_quantity"), file_at=bindparam("v_at")),
            ["v_quantity", "v_at", "row"],
            dialect,
        )
        self._pushed = Statement(
            update(LISTING)
            .where(
                LISTING.c.id == bindparam("row"),
                or_(
                    *(
                        LISTING.c[name].is_distinct_from(LISTING.c[f"mall_{name}"])
                        for name in _SETTINGS
                    )
                ),
            )
            # A push sends what is registered; what is not, the mall keeps.
            .values(
                {
                    f"mall_{name}": func.coalesce(LISTING.c[name], LISTING.c[f"mall_{name}"])
                    for name in _SETTINGS
                }
            ),
            ["row"],
            dialect,
        )

    def by_ref(
        self, connection: Connection, mall_id: int, refs: Sequence[str]
    ) -> dict[str, KnownListing]:
        """Listings of a mall by ref."""
        found = (_known(row) for row in self._by_ref.rows(connection, (mall_id,), refs))
        return {listing.ref: listing for listing in found}

    def add(
        self, connection: Connection, mall_id: int, job: int, rows: Sequence[Listed]
    ) -> list[int]:
        """New listings; their ids in the order of the rows."""
        self._add.many(connection, [(*_values(row), mall_id, job) for row in rows])
        refs = [_ref(row.registered) for row in rows]
        ids = {row[0]: int(row[1]) for row in self._ids.rows(connection, (mall_id,), refs)}
        return [ids[ref] for ref in refs]

    def write(self, connection: Connection, rows: Sequence[tuple[int, Listed]]) -> None:
        """Known listings as they are registered now; links stay as they are (M6)."""
        self._write.many(connection, [(*_values(row), listing_id) for listing_id, row in rows])

    def see(self, connection: Connection, ids: Sequence[int], job: int) -> None:
        """An import from the mall has seen these: they are not gone."""
        self._see.many(connection, [(job, listing_id) for listing_id in ids])

    def show(self, connection: Connection, rows: Sequence[tuple[int, int]], at: float) -> None:
        """What a file says the mall showed at a moment: (listing id, quantity)."""
        self._show.many(connection, [(quantity, at, listing_id) for listing_id, quantity in rows])

    def shown(self, connection: Connection, ids: Sequence[int]) -> dict[int, tuple[int, float]]:
        """(quantity, when) of the listings that a file told of."""
        rows = self._shown.rows(connection, (), ids)
        return {row[0]: (row[1], row[2]) for row in rows}

    def note_pushed(self, connection: Connection, ids: Sequence[int]) -> None:
        """A push has taken the registered settings of these to the mall."""
        self._pushed.many(connection, [(listing_id,) for listing_id in ids])

    def set_settings(self, connection: Connection, listing_id: int, settings: SideSettings) -> None:
        """An operator's word; the next push takes it along."""
        connection.execute(
            update(LISTING)
            .where(LISTING.c.id == listing_id)
            .values(
                overdraft=settings.overdraft,
                lead_time_days=settings.lead_time_days,
                restock_date=settings.restock_date,
            )
        )


def _axes(row: CatalogueRow) -> str:
    told = [(axis.name, axis.item, axis.number) for axis in row.axes]
    return json.dumps(told, ensure_ascii=False)


def _ref(registered: Registered) -> str:
    return ref_of(registered.row.ref.code, registered.row.ref.sub_code)


def _values(listed: Listed) -> tuple[Any, ...]:
    one = listed.registered
    row, mine, mall = one.row, one.row.settings, one.mall_settings
    return (
        _ref(one), row.ref.code, row.ref.sub_code, row.ref.native, row.name, row.sku_code,
        listed.folded, row.jan, row.image, _axes(row),
        mine.overdraft, mine.lead_time_days, mine.restock_date,
        mall.overdraft, mall.lead_time_days, mall.restock_date, row.tracked, one.is_gone,
    )  # fmt: skip


def _known(row: Sequence[Any]) -> KnownListing:
    _, ref, code, sub_code, native, name, sku_code, _folded, jan, image, axes = row[:11]
    told = CatalogueRow(
        ref=ListingRef(code, sub_code, native),
        name=name,
        sku_code=sku_code,
        jan=jan,
        image=image,
        axes=tuple(Axis(*axis) for axis in json.loads(axes)),
        settings=_settings(row[11:14]),
        tracked=bool(row[17]),
    )
    return KnownListing(row[0], ref, Registered(told, _settings(row[14:17]), bool(row[18])))


def _settings(cells: Sequence[Any]) -> SideSettings:
    overdraft, lead_time, restock = cells
    return SideSettings(None if overdraft is None else bool(overdraft), lead_time, restock)
