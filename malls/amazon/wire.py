"""The bodies on Amazon's wire, reduced to the fields zaiko reads, and its moments.

A field that is not named here is skipped by the decoder: no buyer ever becomes an object, although
none is asked for either. Shapes and their sources: docs/malls/amazon.md.
"""

import datetime as dt
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct, field

JST = dt.timezone(dt.timedelta(hours=9), "JST")

Units = Annotated[int, Meta(ge=0, le=10_000_000)]
Text = Annotated[str, Meta(min_length=1, max_length=200)]
"""Codes and numbers: the mall's own limits are far below."""

T = TypeVar("T")


class Unreadable(Exception):
    """A body or a part of one is not what the contract says. Its text holds nothing of it."""


# --- errors and tokens ------------------------------------------------------------------------


class NativeError(Struct, frozen=True):
    """One entry of a failed reply."""

    code: Any = None
    message: Any = None
    details: Any = None


class ErrorReply(Struct, frozen=True):
    """What every API answers when it fails."""

    errors: list[NativeError]


class TokenError(Struct, frozen=True):
    """What the token endpoint answers when it fails."""

    error: str


class TokenReply(Struct, frozen=True):
    """An access token. A refresh token normally comes back unchanged."""

    access_token: str
    expires_in: float = 3600.0
    refresh_token: str = ""


# --- orders, 2026-01-01 -----------------------------------------------------------------------


class Pagination(Struct, frozen=True):
    """The way on; absent on the last page."""

    next_token: str | None = field(name="nextToken", default=None)


class SearchOrdersReply(Struct, frozen=True):
    """searchOrders: each order is kept raw, so that an odd one spoils none of the others."""

    orders: list[Raw]
    pagination: Pagination | None = None


class GetOrderReply(Struct, frozen=True):
    """getOrder."""

    order: Raw


class OrderHead(Struct, frozen=True):
    """What can be told of any order, however odd the rest of it is."""

    number: Any = field(name="orderId", default=None)
    created: Any = field(name="createdTime", default=None)
    fulfillment: Any = None
    items: Any = field(name="orderItems", default=None)


class OrderFulfillment(Struct, frozen=True):
    """Where an order stands; only told with includedData=FULFILLMENT."""

    status: Text = field(name="fulfillmentStatus")
    by: str | None = field(name="fulfilledBy", default=None)


class Product(Struct, frozen=True):
    """The listing of a line."""

    sku: str | None = field(name="sellerSku", default=None)


class ItemFulfillment(Struct, frozen=True):
    """How many units of a line are sent, and are to be sent."""

    fulfilled: Units | None = field(name="quantityFulfilled", default=None)
    unfulfilled: Units | None = field(name="quantityUnfulfilled", default=None)


class Cancellation(Struct, frozen=True):
    """A buyer's wish, and what was carried out; whether each is there is all that matters."""

    request: Any = field(name="cancellationRequest", default=None)
    execution: Any = field(name="cancellationExecution", default=None)


class Item(Struct, frozen=True):
    """One line of an order."""

    line: Text = field(name="orderItemId")
    ordered: Units = field(name="quantityOrdered")
    product: Product
    fulfillment: ItemFulfillment | None = None
    cancellation: Cancellation | None = None


class Order(Struct, frozen=True):
    """One order, as far as stock needs it."""

    number: Text = field(name="orderId")
    created: Text = field(name="createdTime")
    updated: Text = field(name="lastUpdatedTime")
    fulfillment: OrderFulfillment
    items: list[Item] = field(name="orderItems")


# --- orders, v0 -------------------------------------------------------------------------------


class OrdersPayloadV0(Struct, frozen=True):
    """A page of the older list."""

    orders: list[Raw] = field(name="Orders")
    next_token: str | None = field(name="NextToken", default=None)


class OrdersReplyV0(Struct, frozen=True):
    """getOrders."""

    payload: OrdersPayloadV0


class OrderReplyV0(Struct, frozen=True):
    """getOrder of the older API."""

    payload: Raw


class OrderV0(Struct, frozen=True):
    """An order without its lines."""

    number: Text = field(name="AmazonOrderId")
    created: Text = field(name="PurchaseDate")
    updated: Text = field(name="LastUpdateDate")
    status: Text = field(name="OrderStatus")
    channel: str | None = field(name="FulfillmentChannel", default=None)


class OrderHeadV0(Struct, frozen=True):
    """What can be told of any order of the older list."""

    number: Any = field(name="AmazonOrderId", default=None)
    created: Any = field(name="PurchaseDate", default=None)
    channel: Any = field(name="FulfillmentChannel", default=None)


class CancelWishV0(Struct, frozen=True):
    """A buyer's wish to cancel; the flag is a text."""

    is_wished: Any = field(name="IsBuyerRequestedCancel", default=None)


class ItemV0(Struct, frozen=True):
    """One line of an order of the older API."""

    line: Text = field(name="OrderItemId")
    ordered: Units = field(name="QuantityOrdered")
    sku: str | None = field(name="SellerSKU", default=None)
    wish: CancelWishV0 | None = field(name="BuyerRequestedCancel", default=None)


class ItemsPayloadV0(Struct, frozen=True):
    """A page of an order's lines."""

    items: list[Raw] = field(name="OrderItems")
    next_token: str | None = field(name="NextToken", default=None)


class ItemsReplyV0(Struct, frozen=True):
    """getOrderItems."""

    payload: ItemsPayloadV0


# --- listings ---------------------------------------------------------------------------------


class Channel(Struct, frozen=True):
    """One way a listing is fulfilled, and the quantity the mall sells from."""

    code: str = field(name="fulfillmentChannelCode")
    quantity: Units | None = None


class Picture(Struct, frozen=True):
    """A listing's main picture."""

    link: str = ""


class Summary(Struct, frozen=True):
    """A listing in one marketplace; one that never came to be has none."""

    marketplace: str = field(name="marketplaceId")
    created: str | None = field(name="createdDate", default=None)
    name: str | None = field(name="itemName", default=None)
    picture: Picture | None = field(name="mainImage", default=None)


class Listing(Struct, frozen=True):
    """One listing, as far as it was asked for. Attributes are free-form."""

    sku: Text
    summaries: list[Summary] | None = None
    attributes: dict[str, Any] | None = None
    channels: list[Channel] | None = field(name="fulfillmentAvailability", default=None)


class ListingsReply(Struct, frozen=True):
    """searchListingsItems."""

    found: int = field(name="numberOfResults")
    items: list[Listing]
    pagination: Pagination | None = None


class Issue(Struct, frozen=True):
    """What the mall has against a submission; its text is not kept."""

    code: Any = None
    severity: Any = None


class SubmissionReply(Struct, frozen=True):
    """patchListingsItem: taken into the queue, or not."""

    sku: str
    status: str
    issues: list[Issue] | None = None


# --- feeds ------------------------------------------------------------------------------------


class FeedDocumentReply(Struct, frozen=True):
    """createFeedDocument and getFeedDocument."""

    id: Text = field(name="feedDocumentId")
    url: str
    compression: str | None = field(name="compressionAlgorithm", default=None)


class FeedCreatedReply(Struct, frozen=True):
    """createFeed."""

    id: Text = field(name="feedId")


class FeedReply(Struct, frozen=True):
    """getFeed."""

    id: Text = field(name="feedId")
    status: Text = field(name="processingStatus")
    result: str | None = field(name="resultFeedDocumentId", default=None)


class ReportIssue(Struct, frozen=True):
    """One entry of a feed's processing report."""

    message: int | None = field(name="messageId", default=None)
    code: Any = None
    severity: Any = None


class ReportSummary(Struct, frozen=True):
    """The report's counts."""

    processed: int = field(name="messagesProcessed")
    accepted: int = field(name="messagesAccepted")
    invalid: int = field(name="messagesInvalid")


class FeedReport(Struct, frozen=True):
    """A feed's processing report."""

    summary: ReportSummary
    issues: list[ReportIssue] | None = None


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


def moment(text: object) -> float:
    """Seconds since the epoch of one of the mall's times; without an offset it is UTC.

    Raises Unreadable. Orders write `Z` with milliseconds or without, feeds `+00:00`.
    """
    try:
        if isinstance(text, str):
            at = dt.datetime.fromisoformat(text)
            return (at if at.tzinfo else at.replace(tzinfo=dt.UTC)).timestamp()
    except (ValueError, OverflowError):
        pass
    raise Unreadable("a time is not one")


def moment_text(at: float) -> str:
    """A moment as requests take it: UTC with `Z`, whole milliseconds, rounded down."""
    whole_ms = int(max(at, 0.0) * 1000)
    text = dt.datetime.fromtimestamp(whole_ms // 1000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{whole_ms % 1000:03d}Z"


def day(text: object) -> str | None:
    """The YYYY-MM-DD a date or a date and time begins with; None for anything else."""
    if not isinstance(text, str):
        return None
    try:
        return dt.date.fromisoformat(text[:10]).isoformat()
    except ValueError:
        return None


def today(at: float) -> str:
    """The Japanese calendar day of a moment, YYYY-MM-DD."""
    return dt.datetime.fromtimestamp(max(at, 0.0), JST).date().isoformat()
