"""`searchOrder`: order numbers by time, with Rakuten's validation. Cursor-less paging only."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from sandbox.mall import Call, page_shift
from sandbox.orders import Order
from sandbox.rakuten.order_model import PROGRESSES, Progress
from sandbox.rakuten.replies import decoded, is_integer, is_integers, order_message, order_reply
from sandbox.rakuten.stamps import read_order_stamp
from sandbox.shop import Shop

DAY_S = 86_400.0
WINDOW_S_MAX = 63 * DAY_S
AGE_S_MAX = 730 * DAY_S
PAGE_SIZE_MAX = 1_000
PAGE_SIZE_DEFAULT = 30
RESULTS_MAX = 15_000  # what lies beyond can be neither counted nor read

_CODE = "ORDER_EXT_API_SEARCH_ORDER_"
_MISSING = f"{_CODE}ERROR_009"
_FORMAT = f"{_CODE}ERROR_011"
# The real numbers of these refusals are not public; this one is invented.
_INVENTED = f"{_CODE}ERROR_099"

Problem = tuple[str, str]  # messageCode, message


@dataclass(frozen=True, slots=True)
class Search:
    """A searchOrder request that passed validation; moments are whole seconds, both inclusive."""

    date_type: int
    start: float
    end: float
    progresses: frozenset[int]  # empty: all
    is_ours: bool  # False: a filter excludes every order this shop can have
    size: int
    page: int
    ascending: bool


def search_order(shop: Shop, progress: Progress, call: Call) -> Response:
    """Answer searchOrder."""
    search = read_search(call.body, shop.clock.now())
    if isinstance(search, list):
        return order_reply(
            {
                "orderNumberList": None,
                "MessageModelList": [order_message("ERROR", code, text) for code, text in search],
                "PaginationResponseModel": None,
            },
            400,
        )
    found = _find(shop, progress, search)
    offset = (search.page - 1) * search.size
    found = found[page_shift(shop, call, offset) : RESULTS_MAX]
    page = found[offset : offset + search.size]
    if not page:
        return _nothing()
    return order_reply(
        {
            "orderNumberList": [order.order_id for order in page],
            "MessageModelList": [order_message("INFO", f"{_CODE}INFO_101", "search ok")],
            "PaginationResponseModel": {
                "totalRecordsAmount": len(found),
                "totalPages": -(-len(found) // search.size),
                "requestPage": search.page,
            },
        }
    )


def read_search(body: bytes, now: float) -> Search | list[Problem]:
    """Return the request, or everything that is wrong with it."""
    request = decoded(body)
    if not isinstance(request, dict):
        return [(_FORMAT, "request body format")]
    problems: list[Problem] = []
    date_type = request.get("dateType")
    if date_type is None:
        problems.append((_MISSING, "dateType is mandatory"))
    elif not is_integer(date_type) or not 1 <= date_type <= 6:
        problems.append((_FORMAT, "dateType format"))
    start = _moment(request, "startDatetime", problems)
    end = _moment(request, "endDatetime", problems)
    if start is not None and end is not None:
        problems += _window_problems(start, end, now)
    progresses = request.get("orderProgressList")
    if progresses is not None and not (
        is_integers(progresses) and set(progresses) <= set(PROGRESSES)
    ):
        problems.append((_FORMAT, "orderProgressList format"))
    if request.get("subStatusIdList") is not None and not progresses:
        problems.append((_MISSING, "orderProgressList is mandatory with subStatusIdList"))
    size, page, ascending = _paging(request.get("PaginationRequestModel"), problems)
    if problems or start is None or end is None or not isinstance(date_type, int):
        return problems
    is_ours = _may_hold(request, "orderTypeList", 1) and request.get("settlementMethod") in (
        None,
        1,
    )
    return Search(
        date_type, start, end, frozenset(progresses or ()), is_ours, size, page, ascending
    )


def _moment(request: dict[str, object], name: str, problems: list[Problem]) -> float | None:
    text = request.get(name)
    if text is None:
        problems.append((_MISSING, f"{name} is mandatory"))
        return None
    moment = read_order_stamp(text)
    if moment is None:
        problems.append((_FORMAT, f"{name} format"))
    return moment


def _window_problems(start: float, end: float, now: float) -> list[Problem]:
    problems: list[Problem] = []
    if end < start:
        problems.append((_INVENTED, "endDatetime lies before startDatetime"))
    if end - start > WINDOW_S_MAX:
        problems.append((_INVENTED, "the window is longer than 63 days"))
    if start < now - AGE_S_MAX:
        problems.append((_INVENTED, "startDatetime is more than 730 days ago"))
    return problems


def _paging(model: object, problems: list[Problem]) -> tuple[int, int, bool]:
    size, page, ascending = PAGE_SIZE_DEFAULT, 1, False
    if model is None:
        return size, page, ascending
    if not isinstance(model, dict):
        problems.append((_FORMAT, "PaginationRequestModel format"))
        return size, page, ascending
    asked: dict[str, int] = {}
    for name in ("requestRecordsAmount", "requestPage"):
        value = model.get(name)
        if value is None:
            problems.append((_MISSING, f"{name} is mandatory"))
        elif not is_integer(value) or value < 1:
            problems.append((_FORMAT, f"{name} format"))
        else:
            asked[name] = value
    size = asked.get("requestRecordsAmount", size)
    page = asked.get("requestPage", page)
    if size > PAGE_SIZE_MAX:
        problems.append((_INVENTED, f"requestRecordsAmount is above {PAGE_SIZE_MAX}"))
    sorts = model.get("SortModelList")
    if sorts is None:
        return size, page, ascending
    match sorts:
        case [] | [{"sortColumn": 1, "sortDirection": 2}]:
            pass
        case [{"sortColumn": 1, "sortDirection": 1}]:
            ascending = True
        case _:
            problems.append((_FORMAT, "SortModelList format"))
    return size, page, ascending


def _may_hold(request: dict[str, object], name: str, value: int) -> bool:
    wanted = request.get(name)
    return not isinstance(wanted, list) or not wanted or value in wanted


def _find(shop: Shop, progress: Progress, search: Search) -> list[Order]:
    if not search.is_ours:
        return []
    if search.date_type == 1:
        # Stamps have whole seconds on the wire, so the last second belongs to the window whole.
        found = shop.orders.window(search.start, search.end + 1)
    else:
        found = [
            order
            for order in shop.orders.window(0.0, shop.clock.now() + 1)
            if (at := _moment_of(order, search.date_type)) is not None
            and search.start <= at < search.end + 1
        ]
        found.sort(key=lambda order: order.placed_at)
    if search.progresses:
        found = [order for order in found if progress.of(order) in search.progresses]
    if not search.ascending:
        found.reverse()
    return found


def _moment_of(order: Order, date_type: int) -> float | None:
    # 4 shipped and 5 shipping reported are one moment here; so are 2, 3 and 6.
    return order.shipped_at if date_type in (4, 5) else order.confirmed_at


def _nothing() -> Response:
    return order_reply(
        {
            "orderNumberList": [],
            "MessageModelList": [order_message("INFO", f"{_CODE}INFO_102", "search ok, 0 hits")],
            "PaginationResponseModel": {
                "totalRecordsAmount": None,
                "totalPages": None,
                "requestPage": None,
            },
        }
    )
