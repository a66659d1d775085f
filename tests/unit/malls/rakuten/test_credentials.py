"""Keys: the header, pasted blanks, the expiry, and which refusal only warns."""

import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from engine.connector import Reply, Request
from engine.faults import Family, Level, MallError
from tests.unit.malls.rakuten.pretend import Desk

EXPIRY = "/es/1.0/license-management/license-key/expiry-date"
GOOD = {
    "/es/2.0/order/searchOrder/": {"orderNumberList": [], "PaginationResponseModel": None},
    "/es/2.0/inventories/bulk-get": {"inventories": []},
    "/es/2.0/items/search": {"results": [], "nextCursorMark": "*"},
    EXPIRY: {"expiryDate": "2026-06-07T23:59:59"},
}
REFUSED = {"errors": [{"code": "GA0001", "message": "Un-Authorised"}]}


def mall(desk: Desk, **bad: Any) -> Callable[[Request], Reply]:
    """The mall with one path answering (body, status)."""
    changed = {next(path for path in GOOD if word in path): answer for word, answer in bad.items()}

    def answer(request: Request) -> Reply:
        return desk.reply(*changed.get(request.path, (GOOD[request.path], 200)))

    return answer


def test_a_good_key_is_proven_for_every_family_and_tells_its_end(desk: Desk) -> None:
    report = desk.run(desk.open(mall(desk)).check_credentials())
    assert report.expires_at == dt.datetime(2026, 6, 7, 14, 59, 59, tzinfo=dt.UTC).timestamp()
    assert report.warnings == ()
    assert [request.path for request in desk.transport.requests] == list(GOOD)
    assert all(request.is_safe for request in desk.transport.requests)
    assert desk.transport.body(0)["PaginationRequestModel"]["requestRecordsAmount"] == 1
    assert dict(desk.transport.requests[3].params) == {"licenseKey": "SL000_licence"}


def test_blanks_and_line_breaks_of_a_pasted_key_are_dropped(desk: Desk) -> None:
    pasted = {"service_secret": " SP1\r\n23 ", "license_key": "\u3000SL4 56\n"}
    desk.run(desk.open(mall(desk), credentials=pasted).check_credentials())
    for request in desk.transport.requests:
        scheme, text = request.headers["Authorization"].split(" ")
        assert (scheme, base64.b64decode(text)) == ("ESA", b"SP123:SL456")
    assert dict(desk.transport.requests[3].params) == {"licenseKey": "SL456"}


@pytest.mark.parametrize(
    "credentials", [{}, {"service_secret": "SP1"}, {"service_secret": "SP1", "license_key": " "}]
)
def test_without_a_key_no_call_is_made(desk: Desk, credentials: dict[str, str]) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open((), credentials=credentials).check_credentials())
    assert caught.value.spec.level is Level.CREDENTIALS
    assert desk.transport.requests == []


@pytest.mark.parametrize(
    ("word", "family"), [("searchOrder", Family.ORDERS), ("inventories", Family.STOCK)]
)
def test_a_family_the_lane_needs_must_be_allowed(desk: Desk, word: str, family: Any) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(mall(desk, **{word: (REFUSED, 401)})).check_credentials())
    assert (caught.value.spec.level, caught.value.family) == (Level.CREDENTIALS, family)


@pytest.mark.parametrize("answer", [(REFUSED, 401), (b"<html>", 503), ({"expiryDate": "soon"},)])
def test_a_licence_look_up_that_fails_only_warns(desk: Desk, answer: Any) -> None:
    report = desk.run(desk.open(mall(desk, license=answer)).check_credentials())
    assert report.expires_at is None
    ((japanese, english),) = report.warnings
    assert "ライセンス" in japanese
    assert "licence" in english


def test_an_item_search_that_is_refused_only_warns(desk: Desk) -> None:
    report = desk.run(desk.open(mall(desk, items=(REFUSED, 401))).check_credentials())
    assert report.expires_at is not None
    assert "商品検索" in report.warnings[0][0]


def test_a_stock_read_that_finds_nothing_is_a_success_in_both_forms(desk: Desk) -> None:
    not_found = ({"errors": [{"code": "GE0014"}]}, 404)
    report = desk.run(desk.open(mall(desk, inventories=not_found)).check_credentials())
    assert report.warnings == ()


def test_no_error_repeats_a_key(desk: Desk) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(mall(desk, searchOrder=(REFUSED, 401))).check_credentials())
    assert "SL000" not in repr(caught.value) + repr(vars(caught.value))
