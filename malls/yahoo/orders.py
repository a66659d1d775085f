"""Orders from Yahoo: the list's marks and each order's lines, without anything of the buyer.

Every list is read over all statuses and with the buyer's cancel window inside (ReadOnlyMode 2).
Only the fields named here are asked for and kept. An order that reads oddly is parked as an
`UnreadableOrder` and the rest go on. Facts and readings of doubtful ones: docs/malls/yahoo.md.
"""

from collections.abc import Sequence

from engine.connector import OrderPage, OrdersFetched, Request
from engine.faults import Family, FaultKind, MallError
from engine.snapshot import OrderLine, OrderMark, OrderSnapshot, UnreadableOrder
from malls.yahoo import errors
from malls.yahoo.card import CALLS
from malls.yahoo.credentials import Access, Answer
from malls.yahoo.wire import Node, Unreadable, escaped, jst_from, jst_to, moment, whole

PAGE_MAX = 2000
"""Rows of one list page; left out it would be 10."""

SICK_ORDERS_MAX = 2
"""So many orders may fail before one was read; then the mall is taken to be ill, not they."""

EDIT_SIGN = "edit_sign"
"""The switch: `version` (default, safe: any change counter above 1 may be an edit) or `none`."""

CANCELLED = "4"

STATUS_WORDS = {"1": "予約中", "2": "処理中", "3": "保留", CANCELLED: "キャンセル", "5": "完了"}

_LIST_FIELDS = "OrderId,Version,OrderTime,LastUpdateTime,OrderStatus"
_INFO_FIELDS = (
    "OrderId,Version,ParentOrderId,CancelReason,OrderTime,LastUpdateTime,OrderStatus,HistoryId,"
    "LineId,ItemId,SubCode,Quantity"
)
_ENVELOPE = frozenset({"Result", "Status", "Error", "OrderInfo"})
_LIST_KEEP = _ENVELOPE | {"Search", "TotalCount"} | set(_LIST_FIELDS.split(","))
_INFO_KEEP = _ENVELOPE | {"Item"} | set(_INFO_FIELDS.split(","))
_COUNT_KEEP = _ENVELOPE

_OF_ONE_ORDER = frozenset(
    {FaultKind.SERVER, FaultKind.UNREADABLE, FaultKind.REQUEST, FaultKind.UNCLASSIFIED}
)
"""Failures that a single order's own state can cause, while the mall is well."""

_XML_TYPE = {"Content-Type": "application/xml; charset=UTF-8"}
_XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


async def read_list(access: Access, start: float, end: float, cursor: str | None) -> OrderPage:
    """A page of the orders placed in [start, end], oldest first; the cursor is the next row."""
    first = _start_of(cursor)
    answer = await access.call(_list_request(access, start, end, first), _LIST_KEEP, is_signed=True)
    search = answer.root.first("Search")
    total = None if search is None else whole(search.text_of("TotalCount"))
    if search is None or total is None or total < 0:
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
    found = list(search.all("OrderInfo"))
    if not found and total >= first:
        # Rows were promised and none came: taking it for the end would lose orders.
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
    # By the rows that came, not by those asked for: the mall may cut a page shorter.
    following = first + len(found)
    return OrderPage(
        marks=tuple(_mark(row) for row in found),
        next_cursor=str(following) if following <= total else None,
        total=total,
        sent_at=answer.sent_at,
    )


async def fetch(access: Access, orders: Sequence[str], edit_sign: str) -> OrdersFetched:
    """Reads orders one call each. An order that alone cannot be read does not fail the others."""
    read: list[OrderSnapshot] = []
    unreadable: list[UnreadableOrder] = []
    sick: list[tuple[str, MallError]] = []
    is_well = False
    for order in orders:
        try:
            answer = await access.call(_info_request(access, order), _INFO_KEEP, is_signed=True)
        except MallError as failed:
            if failed.code == errors.NO_ORDER_CODE:
                is_well = True
                continue
            if failed.spec.kind not in _OF_ONE_ORDER:
                raise
            sick.append((order, failed))
            if len(sick) > SICK_ORDERS_MAX and not is_well:
                raise
            continue
        is_well = True
        outcome = read_order(order, answer, edit_sign)
        if isinstance(outcome, OrderSnapshot):
            read.append(outcome)
        else:
            unreadable.append(outcome)
    if sick and not is_well:
        # Is it these orders or the mall? Another call of the family tells: it raises if the mall.
        await count(access)
    unreadable += (UnreadableOrder(order, 0.0, _sick(failed)) for order, failed in sick)
    return OrdersFetched(tuple(read), tuple(unreadable))


def _sick(failed: MallError) -> str:
    return f"モールがこの注文に {failed.code} を返しました。"


async def count(access: Access) -> None:
    """The cheapest order call: proves token, address, approval and key."""
    await access.call(
        Request(
            method="GET",
            path=CALLS + "orderCount",
            family=Family.ORDERS,
            bucket="orderCount",
            is_safe=True,
            params=(("sellerId", access.seller_id),),
        ),
        _COUNT_KEEP,
        is_signed=True,
    )


def read_order(order: str, answer: Answer, edit_sign: str) -> OrderSnapshot | UnreadableOrder:
    """One order's snapshot; unreadable, with what can be told of it, if anything is odd."""
    result = answer.root.first("Result")
    info = None if result is None else result.first("OrderInfo")
    if info is None or info.text_of("OrderId") != order:
        return UnreadableOrder(order, 0.0, "応答にこの注文がありません。")
    stamp = moment(info.text_of("OrderTime"))
    listings = tuple(
        (item.text_of("ItemId"), item.text_of("SubCode"), _units(item))
        for item in info.all("Item")
        if item.text_of("ItemId")
    )
    try:
        return _snapshot(order, info, answer, edit_sign)
    except Unreadable as odd:
        return UnreadableOrder(order, stamp or 0.0, str(odd), listings)


def _snapshot(order: str, info: Node, answer: Answer, edit_sign: str) -> OrderSnapshot:
    stamp = moment(info.text_of("OrderTime"))
    status = info.text_of("OrderStatus")
    if stamp is None:
        raise Unreadable("注文日時を読み取れません。")
    if not status:
        raise Unreadable("注文ステータスがありません。")
    is_cancelled = status == CANCELLED
    is_edited = edit_sign != "none" and _may_be_edited(info)
    return OrderSnapshot(
        order=order,
        stamp=stamp,
        mark=_mark_text(info),
        status=_status_word(status, info.text_of("CancelReason")),
        cancelled=is_cancelled,
        edited=is_edited,
        # What a changed order had changed cannot be read: a raise is never excluded.
        cut_only=False,
        counts=True,
        read_from=answer.sent_at,
        read_until=answer.received_at,
        lines=_lines(info, is_cancelled=is_cancelled, is_edited=is_edited),
        # LastUpdateTime moves with every touch of the order: no stamp of the edit or cancel.
        changed_at=None,
        parent=info.text_of("ParentOrderId"),
    )


def _lines(info: Node, *, is_cancelled: bool, is_edited: bool) -> tuple[OrderLine, ...]:
    lines: dict[str, OrderLine] = {}
    for item in info.all("Item"):
        line, code, units = item.text_of("LineId"), item.text_of("ItemId"), _units(item)
        if not line or not code:
            raise Unreadable("明細の番号か商品コードがありません。")
        if units is None:
            raise Unreadable("明細の数量を読み取れません。")
        if line in lines:
            raise Unreadable("同じ明細番号が2回あります。")
        lines[line] = OrderLine(
            line=line,
            code=code,
            sub_code=item.text_of("SubCode"),
            quantity=0 if is_cancelled else units,
            # OriginalNum is what a line had before it was split, not what was taken. A line
            # that stands at 0 has lost units somewhere, so it does not tell either.
            original=None if is_edited or units == 0 else units,
        )
    if not lines:
        raise Unreadable("明細がありません。")
    return tuple(lines.values())


def _units(item: Node) -> int | None:
    units = whole(item.text_of("Quantity"))
    return units if units is not None and units >= 0 else None


def _may_be_edited(info: Node) -> bool:
    """Whether anything was changed since the placing: then an edit cannot be excluded (?)."""
    counters = [info.text_of("Version"), info.text_of("HistoryId")]
    told = [text for text in counters if text]
    if told:
        return any(whole(text) not in {0, 1} for text in told)
    return info.text_of("LastUpdateTime") != info.text_of("OrderTime")


def _mark(row: Node) -> OrderMark:
    order = row.text_of("OrderId")
    if not order:
        # A row without a number cannot be parked by itself; nothing after it may be trusted.
        raise errors.refuse(errors.UNREADABLE_CODE, Family.ORDERS)
    return OrderMark(order, moment(row.text_of("OrderTime")) or 0.0, _mark_text(row))


def _mark_text(row: Node) -> str:
    """Status, version and update time, the same text from the list and from the order."""
    status, version = row.text_of("OrderStatus"), row.text_of("Version")
    updated = row.text_of("LastUpdateTime")
    if not status or not (version or updated):
        return ""
    at = moment(updated)
    return f"{status}/{version}/{updated if at is None else int(at)}"


def _status_word(status: str, reason: str) -> str:
    word = STATUS_WORDS.get(status, status)
    # 210, out of stock, has closed the item at the mall: the operator should see it.
    return f"{word}（理由 {reason}）" if status == CANCELLED and reason else word


def _start_of(cursor: str | None) -> int:
    first = whole(cursor or "1")
    return first if first is not None and first > 0 else 1


def _list_request(access: Access, start: float, end: float, first: int) -> Request:
    body = (
        f"{_XML_HEAD}<Req><Search><Result>{PAGE_MAX}</Result><Start>{first}</Start>"
        "<Sort>+order_time</Sort><Condition>"
        f"<OrderTimeFrom>{jst_from(start)}</OrderTimeFrom><OrderTimeTo>{jst_to(end)}</OrderTimeTo>"
        f"<ReadOnlyMode>2</ReadOnlyMode></Condition><Field>{_LIST_FIELDS}</Field></Search>"
        f"<SellerId>{escaped(access.seller_id)}</SellerId></Req>"
    )
    return _xml_request("orderList", body)


def _info_request(access: Access, order: str) -> Request:
    body = (
        f"{_XML_HEAD}<Req><Target><OrderId>{escaped(order)}</OrderId>"
        f"<Field>{_INFO_FIELDS}</Field></Target>"
        f"<SellerId>{escaped(access.seller_id)}</SellerId></Req>"
    )
    return _xml_request("orderInfo", body)


def _xml_request(name: str, body: str) -> Request:
    return Request(
        method="POST",
        path=CALLS + name,
        family=Family.ORDERS,
        bucket=name,
        is_safe=True,
        headers=_XML_TYPE,
        body=body.encode(),
    )
