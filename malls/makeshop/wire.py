"""MakeShop's wire format: GraphQL documents out, JSON in, its times and numbers.

A field that is not named here is neither asked for nor kept: buyers' names and addresses never
become an object (invariant 10). Values are read tolerantly, because the schema is not public; what
cannot be told is None or "", and the reader of the value decides. Facts: docs/malls/makeshop.md.
"""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

JST = timezone(timedelta(hours=9))

UNITS_MAX = 10_000_000
NUMBER_END = 10**18
"""A number from here on is no code of anything."""

T = TypeVar("T")


class Unreadable(Exception):
    """A body or a part of one is not what the contract says. The text names the place only."""


class GraphError(Struct):
    """One entry of a reply's errors; its message is looked at and never repeated."""

    message: Any = None
    code: Any = None
    extensions: Any = None


class Envelope(Struct):
    """Every reply."""

    data: dict[str, Raw] | None = None
    errors: list[GraphError] | None = None


class OrdersReply(Struct, rename="camel"):
    """searchOrder: each order is kept raw, so that an odd one spoils none of the others."""

    orders: list[Raw] | None = None
    searched_count: Any = None


class Basket(Struct, rename="camel"):
    """A line of an order."""

    product_code: Any = None
    product_custom_code: Any = None
    variation_custom_code: Any = None
    amount: Any = None


class Delivery(Struct, rename="camel"):
    """One destination of an order."""

    delivery_id: Any = None
    delivery_status: Any = None
    basket_infos: list[Basket] | None = None


class Order(Struct, rename="camel"):
    """One order."""

    system_order_number: Any = None
    order_date: Any = None
    payment_status_code: Any = None
    delivery_infos: list[Delivery] | None = None


class OrderNumber(Struct, rename="camel"):
    """The least that is read of an order whose rest is odd."""

    system_order_number: Any = None
    order_date: Any = None


class VariationQuantity(Struct, rename="camel"):
    """The stock of one variation."""

    variation_quantity: Any = None
    variation_custom_code: Any = None


class ProductQuantity(Struct, rename="camel"):
    """The stock of one product."""

    system_code: Any = None
    custom_code: Any = None
    quantity: Any = None
    variation_quantities: list[VariationQuantity] | None = None


class QuantitiesReply(Struct, rename="camel"):
    """searchProductQuantity."""

    product_quantities: list[ProductQuantity] | None = None


class Failed(Struct, rename="camel"):
    """One row that a write refused; a row without a message was not."""

    system_code: Any = None
    custom_code: Any = None
    variation_custom_code: Any = None
    message: Any = None


class WriteReply(Struct, rename="camel"):
    """updateProductQuantity and updateVariationQuantity."""

    fail_result: list[Failed] | None = None


class Variation(Struct, rename="camel"):
    """A variation of the catalogue."""

    variation1_item_name: Any = msgspec.field(default=None, name="variation1ItemName")
    variation2_item_name: Any = msgspec.field(default=None, name="variation2ItemName")
    variation_custom_code: Any = None
    jan_code: Any = None


class Product(Struct, rename="camel"):
    """A product of the catalogue."""

    system_code: Any = None
    custom_code: Any = None
    product_name: Any = None
    jan_code: Any = None
    quantity: Any = None
    variation_show_type: Any = None
    variations: list[Variation] | None = None


class ProductsReply(Struct, rename="camel"):
    """searchProduct."""

    products: list[Product] | None = None
    searched_count: Any = None


def decoded(body: bytes | Raw, shape: type[T]) -> T:
    """A JSON text as its shape; else `Unreadable`."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # Without the cause: a decoder's message may quote the body.
        raise Unreadable("not the shape") from None


def text(native: Any) -> str:
    """A text or a whole number as text without padding; "" for anything else, null included."""
    if isinstance(native, bool) or not isinstance(native, str | int):
        return ""
    if isinstance(native, int) and abs(native) >= NUMBER_END:
        return ""
    return str(native).strip()


def raw_text(native: Any) -> str:
    """A text exactly as it came, blanks around it included; "" for anything else."""
    return native if isinstance(native, str) else ""


def units(native: Any) -> int | None:
    """A plain count, also as text; None for anything else, negative numbers included."""
    if isinstance(native, str):
        word = native.strip()
        native = int(word) if word.isascii() and word.isdigit() and len(word) < 9 else None
    if isinstance(native, bool) or not isinstance(native, int):
        return None
    return native if 0 <= native <= UNITS_MAX else None


def moment(native: Any) -> float | None:
    """Seconds since the epoch of `YYYY-MM-DD HH:MM:SS` or of 14 digits, JST."""
    for form in ("%Y-%m-%d %H:%M:%S", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(text(native), form).replace(tzinfo=JST).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def last_day(word: str) -> float | None:
    """The beginning of a day in Japan, from `YYYY-MM-DD` or `YYYY/MM/DD`."""
    try:
        day = date.fromisoformat(word.strip().replace("/", "-"))
        return datetime(day.year, day.month, day.day, tzinfo=JST).timestamp()
    except (ValueError, OverflowError):
        return None


def order_time(at: int) -> str:
    """A whole second as a request takes it: 14 digits, JST."""
    moment_utc = datetime.fromtimestamp(max(at, 0), UTC)
    return moment_utc.astimezone(JST).strftime("%Y%m%d%H%M%S")
