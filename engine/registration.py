"""What an import registers of a listing: what is new of it, and what stays as operators set it.

The registered side settings go out with pushes; what the mall itself had at the last import or push
is kept beside them. A value the mall changed since then is registered (M6); one it did not change
leaves the registered value alone, which an operator may have edited (M9). A mall's API tells all of
a listing. A file tells a part: what it leaves empty stays.
"""

from typing import Any

from msgspec import Struct, structs

from engine.catalogue import Axis, CatalogueRow, SideSettings


class Registered(Struct, frozen=True):
    """One listing as it is registered."""

    row: CatalogueRow
    """Its `settings` are the registered ones."""
    mall_settings: SideSettings = SideSettings()
    """What the mall had when it was last told."""
    is_gone: bool = False
    """The mall's API does not list it any more."""


class Change(Struct, frozen=True):
    """One field that an import changed."""

    field: str
    """name | jan | image | axes | sku_code | tracked | gone | overdraft | lead_time_days |
    restock_date."""
    old: str
    new: str


def registered_first(told: CatalogueRow, lead_time_days: int | None = None) -> Registered:
    """A listing seen for the first time; a given lead time fills in for one not told (M8)."""
    settings = told.settings
    if settings.lead_time_days is None:
        settings = structs.replace(settings, lead_time_days=lead_time_days)
    return Registered(structs.replace(told, settings=settings), told.settings)


def registered_again(known: Registered, told: CatalogueRow) -> Registered:
    """A known listing as the mall's API tells it now."""
    before, mall, now = known.row.settings, known.mall_settings, told.settings
    if now.overdraft is None:
        # Not told: an account that may not read the flag has none changed by that.
        now = structs.replace(now, overdraft=mall.overdraft)
    row = structs.replace(told, settings=_merged(before, mall, now))
    return Registered(row, now)


def registered_from_file(
    known: Registered, told: CatalogueRow, *, tells_tracked: bool
) -> Registered:
    """A known listing as a file tells it: empty cells, and what it has no column for, stay."""
    old, mall, now = known.row, known.mall_settings, told.settings
    now = SideSettings(
        mall.overdraft if now.overdraft is None else now.overdraft,
        mall.lead_time_days if now.lead_time_days is None else now.lead_time_days,
        now.restock_date or mall.restock_date,
    )
    row = CatalogueRow(
        ref=structs.replace(old.ref, native=told.ref.native or old.ref.native),
        name=told.name or old.name,
        sku_code=told.sku_code or old.sku_code,
        jan=told.jan or old.jan,
        image=told.image or old.image,
        axes=told.axes or old.axes,
        settings=_merged(old.settings, mall, now),
        tracked=told.tracked if tells_tracked else old.tracked,
    )
    return Registered(row, now, known.is_gone)


def _merged(registered: SideSettings, mall: SideSettings, now: SideSettings) -> SideSettings:
    columns = (structs.astuple(one) for one in (registered, mall, now))
    return SideSettings(*(_kept(*values) for values in zip(*columns, strict=True)))


def _kept(mine: Any, before: Any, told: Any) -> Any:
    # What the mall had is first heard of: no news that could overrule what a form has given.
    is_first_told = before is None and mine is not None
    return mine if told == before or is_first_told else told


def changes(before: Registered, after: Registered) -> tuple[Change, ...]:
    """What an operator is told of; the mall's own handle is nobody's news."""
    old, new = _told(before), _told(after)
    return tuple(
        Change(field, old[field], value) for field, value in new.items() if old[field] != value
    )


def _told(one: Registered) -> dict[str, str]:
    row, settings = one.row, one.row.settings
    return {
        "name": row.name,
        "jan": row.jan,
        "image": row.image,
        "axes": " / ".join(_axis(axis) for axis in row.axes),
        "sku_code": row.sku_code,
        "tracked": _flag(row.tracked),
        "gone": _flag(one.is_gone),
        "overdraft": _flag(settings.overdraft),
        "lead_time_days": "" if settings.lead_time_days is None else str(settings.lead_time_days),
        "restock_date": settings.restock_date or "",
    }


def _flag(value: bool | None) -> str:  # noqa: FBT001  a field's value, not a switch
    return "" if value is None else "on" if value else "off"


def _axis(axis: Axis) -> str:
    number = f"({axis.number})" if axis.number else ""
    return f"{axis.name}:{axis.item}{number}"
