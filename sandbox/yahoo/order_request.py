"""What the order calls are asked: the `<Req>` documents read into values, or refused.

The reader is as picky as the real one: names are bare and case matters, dates are fourteen digits,
`Field` is required. Nothing is looked up here. Contract: sections 5.1, 5.2 and 5.7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from sandbox.clock import JST
from sandbox.yahoo.order_fields import DETAILED, LISTED
from sandbox.yahoo.reply import RequestError

PAGE_SIZE_DEFAULT = 10
PAGE_SIZE_MAX = 2000
ORDER_ID_LENGTH_MAX = 50
REASON_DETAIL_LENGTHS = (10, 200)

STAMPS = frozenset(
    {
        "OrderTime",
        "OrderTimeFrom",
        "OrderTimeTo",
        "PublicationTimeFrom",
        "PublicationTimeTo",
    }
)
# At least one of these must narrow a search.
ANCHORS = frozenset({"OrderId", "OrderTime", "OrderTimeFrom", "OrderTimeTo"})
FLAGS = frozenset({"IsSeen", "IsActive", "IsSplit", "IsYahooAuctionOrder", "ExistMultiReleaseDate"})
DIGITS = frozenset(
    {
        "OrderStatus",
        "StoreStatus",
        "PayStatus",
        "ShipStatus",
        "SettleStatus",
        "Suspect",
        "ReadOnlyMode",
        "FraudHoldDisplayType",
        "LineGiftDisplayType",
    }
)
WORDS = frozenset({"OrderId", "ItemId", "SubCode", "Title", "YahooAuctionId", "ItemYahooAucId"})
# Real conditions that find everything here, because the pretend shop has nothing to compare.
INERT = frozenset({"ReleaseDateFrom", "ReleaseDateTo", "SellerId", "DeviceType", "PayMethod"})

CANCEL_REASONS = frozenset(
    {100, 110, 120, 130, 140, 150, 160, 170, 180, 200, 210, 220, 230, 400},
)
CANCEL_REASON_DEFAULT = 210
CANCEL_REASON_OTHER = 230


@dataclass(frozen=True, slots=True)
class OrderSearch:
    """One `orderList`: times are seconds since the epoch, words are as sent."""

    seller_id: str
    size: int
    start: int
    is_newest_first: bool
    fields: tuple[str, ...]
    words: dict[str, str]
    stamps: dict[str, float]
    flags: dict[str, bool]
    digits: dict[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class OrderTarget:
    """One `orderInfo`."""

    seller_id: str
    order_id: str
    fields: frozenset[str]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """One `orderStatusChange`."""

    seller_id: str
    order_id: str
    order_status: int
    cancel_reason: int
    cancel_detail: str
    is_point_fixed: bool


def parameter_error(message: str) -> RequestError:
    """The order calls' word for a request that says something wrong."""
    return RequestError(400, "od90101", message)


def read_search(body: bytes) -> OrderSearch | RequestError:
    """Read an `orderList` document."""
    root = _root(body)
    if isinstance(root, RequestError):
        return root
    search = root.find("Search")
    if search is None:
        # A merchant met this as a server error, not as a parameter error.
        return RequestError(500, "od91001", "Internal Server Error")
    size = _number(search, "Result", PAGE_SIZE_DEFAULT)
    start = _number(search, "Start", 1)
    if isinstance(size, RequestError):
        return size
    if isinstance(start, RequestError):
        return start
    sort = _said(search, "Sort") or "+order_time"
    if sort not in ("+order_time", "-order_time", "order_time"):
        return parameter_error("Search/Sort is invalid")
    fields = _fields(search, LISTED)
    if isinstance(fields, RequestError):
        return fields
    condition = search.find("Condition")
    if condition is None:
        return parameter_error("Search/Condition is required")
    found = OrderSearch(
        seller_id=_said(root, "SellerId"),
        size=min(size, PAGE_SIZE_MAX),
        start=start,
        is_newest_first=sort == "-order_time",
        fields=fields,
        words={},
        stamps={},
        flags={},
        digits={},
    )
    for child in condition:
        refused = _read_condition(found, child.tag, (child.text or "").strip())
        if refused is not None:
            return refused
    if not ANCHORS & (found.words.keys() | found.stamps.keys()):
        return parameter_error("one of OrderId, OrderTime, OrderTimeFrom, OrderTimeTo is required")
    return found


def read_target(body: bytes) -> OrderTarget | RequestError:
    """Read an `orderInfo` document."""
    root = _root(body)
    if isinstance(root, RequestError):
        return root
    target = root.find("Target")
    if target is None:
        return parameter_error("Target is required")
    order_id = _order_id(target)
    if isinstance(order_id, RequestError):
        return order_id
    fields = _fields(target, DETAILED)
    if isinstance(fields, RequestError):
        return fields
    return OrderTarget(_said(root, "SellerId"), order_id, frozenset(fields))


def read_status_change(body: bytes) -> StatusChange | RequestError:
    """Read an `orderStatusChange` document."""
    root = _root(body)
    if isinstance(root, RequestError):
        return root
    target, order = root.find("Target"), root.find("Order")
    if target is None or order is None:
        return parameter_error("Target and Order are required")
    order_id = _order_id(target)
    if isinstance(order_id, RequestError):
        return order_id
    status = _said(order, "OrderStatus")
    if status not in ("1", "2", "3", "4", "5"):
        return parameter_error("Order/OrderStatus is invalid")
    reason = _said(order, "CancelReason") or str(CANCEL_REASON_DEFAULT)
    detail = _said(order, "CancelReasonDetail")
    is_point_fixed = _said(target, "IsPointFix") == "true"
    if status == "5" and not is_point_fixed:
        return parameter_error("Target/IsPointFix must be true")
    if status == "4":
        if not _is_number(reason) or int(reason) not in CANCEL_REASONS:
            return parameter_error("Order/CancelReason is invalid")
        shortest, longest = REASON_DETAIL_LENGTHS
        if int(reason) == CANCEL_REASON_OTHER and not shortest <= len(detail) <= longest:
            return parameter_error("Order/CancelReasonDetail is invalid")
    return StatusChange(
        seller_id=_said(root, "SellerId"),
        order_id=order_id,
        order_status=int(status),
        cancel_reason=int(reason) if status == "4" else 0,
        cancel_detail=detail,
        is_point_fixed=is_point_fixed,
    )


def _root(body: bytes) -> Element | RequestError:
    try:
        root: Element = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        # Also what nested form fields (`/Req/SellerId=...`) get: the body must be a document.
        return parameter_error("request is not a valid XML document")
    if root.tag != "Req":
        return RequestError(500, "od91001", "Internal Server Error")
    if not _said(root, "SellerId"):
        return RequestError(400, "px-04001", '"/Req/SellerId" is not specified')
    return root


def _said(parent: Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _is_number(said: str) -> bool:
    return said.isascii() and said.isdigit() and len(said) <= 9


def _number(parent: Element, name: str, default: int) -> int | RequestError:
    said = _said(parent, name)
    if not said:
        return default
    if not _is_number(said) or int(said) < 1:
        return parameter_error(f"Search/{name} is invalid")
    return int(said)


def _fields(parent: Element, known: frozenset[str]) -> tuple[str, ...] | RequestError:
    names = [name.strip() for name in _said(parent, "Field").split(",") if name.strip()]
    if not names:
        return parameter_error("Field is required")
    for name in names:
        if name not in known:
            return parameter_error(f"Field is invalid : {name}")
    return tuple(dict.fromkeys(names))


def _order_id(target: Element) -> str | RequestError:
    order_id = _said(target, "OrderId")
    if not order_id or len(order_id) > ORDER_ID_LENGTH_MAX:
        return parameter_error("Target/OrderId is invalid")
    return order_id


def _read_condition(search: OrderSearch, name: str, said: str) -> RequestError | None:
    """Put one condition where the search looks for it. An empty element asks for nothing."""
    known = name in STAMPS | FLAGS | DIGITS | WORDS | INERT
    if not known:
        return parameter_error(f"Condition is invalid : {name}")
    if not said or name in INERT:
        return None
    if name in WORDS:
        search.words[name] = said
    elif name in FLAGS:
        if said not in ("true", "false"):
            return parameter_error(f"Condition/{name} is invalid")
        search.flags[name] = said == "true"
    elif name in DIGITS:
        # One value is documented; a comma list is in production use.
        values = frozenset(value.strip() for value in said.split(","))
        if not all(_is_number(value) for value in values):
            return parameter_error(f"Condition/{name} is invalid")
        search.digits[name] = values
    else:
        stamp = _stamp(said)
        if stamp is None:
            return parameter_error(f"Condition/{name} is invalid")
        search.stamps[name] = stamp
    return None


def _stamp(said: str) -> float | None:
    if not (len(said) == 14 and said.isascii() and said.isdigit()):
        return None
    try:
        return datetime.strptime(said, "%Y%m%d%H%M%S").replace(tzinfo=JST).timestamp()
    except ValueError:
        return None
