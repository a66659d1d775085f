"""Listings and what a catalogue import tells of them; the registered side settings of a push."""

from msgspec import Struct


class ListingRef(Struct, frozen=True, array_like=True):
    """How one buyable line of one mall is named towards that mall."""

    code: str
    sub_code: str
    """"" for a listing without variations."""
    native: str = ""
    """The mall's own handle where it differs (Rakuten: the variantId), as imported; else ""."""


class SideSettings(Struct, frozen=True, array_like=True):
    """Settings that ride along with a push of stock; None = not registered."""

    overdraft: bool | None = None
    """Yahoo's over-purchase setting (超過購入設定)."""
    lead_time_days: int | None = None
    restock_date: str | None = None
    """YYYY-MM-DD."""


class Axis(Struct, frozen=True, array_like=True):
    """What a variation is on one axis (横軸・縦軸): its item's name and number there."""

    name: str
    """Of the axis, such as 色."""
    item: str
    """Such as 赤 (項目名)."""
    number: str = ""
    """The mall's own code of the item (項目番号), such as -rd; "" where it has none."""


class CatalogueRow(Struct, frozen=True, array_like=True):
    """One listing as an import read it."""

    ref: ListingRef
    name: str
    sku_code: str
    """The code the default link rule compares: the sub-code where there is one, else the code."""
    jan: str = ""
    image: str = ""
    axes: tuple[Axis, ...] = ()
    """Of a variation, horizontal axis first."""
    settings: SideSettings = SideSettings()
    tracked: bool = True
    """False: the mall keeps no quantity for it (unlimited, or stock kept elsewhere)."""


class CataloguePage(Struct, frozen=True, array_like=True):
    """A page of an import; cursor resumes after it, None when it was the last."""

    rows: tuple[CatalogueRow, ...]
    cursor: str | None
    total: int | None = None
    """How many listings there are in all, where the mall tells (for progress only)."""
