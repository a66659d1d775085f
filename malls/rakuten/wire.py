"""The bodies on Rakuten's wire, reduced to the fields zaiko reads.

A field that is not named here is skipped by the decoder: buyers' names, addresses and phone
numbers never become an object. Shapes and their sources: `docs/malls/rakuten.md`.
"""

import datetime as dt
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct, field

JST = dt.timezone(dt.timedelta(hours=9), "JST")

Units = Annotated[int, Meta(ge=0, le=10_000_000)]
Text = Annotated[str, Meta(max_length=200)]
"""Codes and numbers: the mall's own limits are far below, and a longer one is no code."""

T = TypeVar("T")


class Unreadable(Exception):
    """A body or a part of one is not what the contract says.

    It never leaves this folder, and its text holds nothing of the body.
    """


class Message(Struct, frozen=True):
    """One entry of the order API's MessageModelList."""

    type: Any = field(name="messageType", default=None)
    code: Any = field(name="messageCode", default=None)
    order: Any = field(name="orderNumber", default=None)


class Pagination(Struct, frozen=True):
    """searchOrder's paging; every value is null when nothing was found."""

    total: int | None = field(name="totalRecordsAmount", default=None)


class SearchReply(Struct, frozen=True):
    """searchOrder: numbers only."""

    numbers: list[Text] | None = field(name="orderNumberList", default=None)
    paging: Pagination | None = field(name="PaginationResponseModel", default=None)


class OrdersReply(Struct, frozen=True):
    """getOrder: each order is kept raw, so that an odd one spoils none of the others."""

    orders: list[Raw] | None = field(name="OrderModelList", default=None)
    messages: list[Message] | None = field(name="MessageModelList", default=None)


class Sku(Struct, frozen=True):
    """The SKU of an order line."""

    variant: Text | None = field(name="variantId", default=None)
    choices: str | None = field(name="skuInfo", default=None)
    """null for an item without variations."""


class Item(Struct, frozen=True):
    """One line of a package."""

    detail: int = field(name="itemDetailId")
    code: Text = field(name="manageNumber")
    units: Units
    inventory_type: int | None = field(name="inventoryType", default=None)
    restore: int | None = field(name="restoreInventoryFlag", default=None)
    deleted: int | None = field(name="deleteItemFlag", default=None)
    skus: list[Sku] | None = field(name="SkuModelList", default=None)


class Package(Struct, frozen=True):
    """One destination of an order."""

    items: list[Item] = field(name="ItemModelList")
    deleted: int | None = field(name="packageDeleteFlag", default=None)


class Change(Struct, frozen=True):
    """One entry of an order's history of cancels and changes."""

    id: int | None = field(name="changeId", default=None)
    type: int | None = field(name="changeType", default=None)
    detail: int | None = field(name="changeTypeDetail", default=None)
    applied: str | None = field(name="changeApplyDatetime", default=None)
    fixed: str | None = field(name="changeFixDatetime", default=None)
    completed: str | None = field(name="changeCmplDatetime", default=None)


class Order(Struct, frozen=True):
    """One order, as far as stock needs it."""

    number: Text = field(name="orderNumber")
    progress: int = field(name="orderProgress")
    placed: Text = field(name="orderDatetime")
    packages: list[Package] = field(name="PackageModelList")
    modified: int | None = field(name="modifyFlag", default=None)
    changes: list[Change] | None = field(name="ChangeReasonModelList", default=None)


_NOTHING = Raw(b"null")


class LooseOrder(Struct, frozen=True):
    """What can still be told of an order that is not an Order."""

    number: Any = field(name="orderNumber", default=None)
    placed: Any = field(name="orderDatetime", default=None)
    packages: Raw = field(name="PackageModelList", default=_NOTHING)


class LoosePackage(Struct, frozen=True):
    """A package of an odd order."""

    items: Raw = field(name="ItemModelList", default=_NOTHING)


class LooseItem(Struct, frozen=True):
    """A line of an odd order."""

    code: Any = field(name="manageNumber", default=None)
    units: Any = None
    skus: Raw = field(name="SkuModelList", default=_NOTHING)


class StockLine(Struct, frozen=True):
    """One row of an inventory reply."""

    code: str = field(name="manageNumber")
    variant: str = field(name="variantId")
    quantity: int


class StockReply(Struct, frozen=True):
    """inventories/bulk-get."""

    inventories: list[StockLine] | None = None


class ItemsReply(Struct, frozen=True):
    """items/search; the parts of an item are read tolerantly, for their types wander."""

    results: list[Any] | None = None
    next_mark: Any = field(name="nextCursorMark", default=None)


class ExpiryReply(Struct, frozen=True):
    """The licence key's end, Japanese time without a zone."""

    expires: str = field(name="expiryDate")


class NativeError(Struct, frozen=True):
    """One entry of error shape A."""

    code: Any = None
    metadata: Any = None


class OldError(Struct, frozen=True):
    """Error shape C."""

    code: Any = field(name="errorCode", default=None)


class FailureReply(Struct, frozen=True):
    """Error shapes A, B and C at once: only one of the fields is filled."""

    errors: list[NativeError] | None = None
    messages: list[Message] | None = field(name="MessageModelList", default=None)
    old: OldError | None = field(name="Results", default=None)


def decoded(body: bytes | Raw, shape: type[T]) -> T:
    """The body as its shape; raises Unreadable, and nothing else, for anything else."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        # Its text names the field and the types, never a value.
        reason = str(error)[:200]
    except (ValueError, RecursionError):
        reason = "it is not well-formed JSON"
    # Raised outside the clause on purpose: a UnicodeDecodeError carries the body along.
    raise Unreadable(reason)


def moment(text: str) -> float:
    """Seconds since the epoch of one of the mall's date texts; Japanese time where it names none.

    Raises Unreadable. The order API writes +0900, the others +09:00, the licence no zone at all.
    """
    try:
        at = dt.datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=JST)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise Unreadable("a date is not one")


def order_date(at_s: int) -> str:
    """A moment as the order API takes it: +0900 without a colon, whole seconds."""
    return dt.datetime.fromtimestamp(at_s, JST).strftime("%Y-%m-%dT%H:%M:%S+0900")
