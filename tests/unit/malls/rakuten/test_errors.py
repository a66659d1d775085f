"""The error table, line by line, and how each shape of failure is read."""

from typing import Any

import pytest

from engine.connector import Reply
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, FaultSpec, Level
from malls.rakuten.errors import ERRORS, failure, failures, spec_of

F, K = Family, FaultKind
ROWS = [
    (None, "GA0001", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "ES01-01", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "http-401", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "GK0001", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "GK0005", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "GK0006", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "ES04-01", 9, K.CREDENTIALS, Done.NOT_DONE),
    (None, "http-429", 8, K.RATE_LIMIT, Done.NOT_DONE),
    (None, "http-503", 8, K.MAINTENANCE, Done.NOT_DONE),
    (None, "GE0017", 8, K.MAINTENANCE, Done.NOT_DONE),
    (None, "CE0001", 8, K.SERVER, Done.NOT_DONE),
    (None, "http-409", 8, K.SERVER, Done.NOT_DONE),
    (None, "http-403", 8, K.RATE_LIMIT, Done.NOT_DONE),
    (None, "X0000", 8, K.SERVER, Done.UNKNOWN),
    (None, "GE0019", 8, K.SERVER, Done.UNKNOWN),
    (F.ITEMS, "IE0200", 8, K.SERVER, Done.UNKNOWN),
    (None, "http-500", 8, K.SERVER, Done.UNKNOWN),
    (None, "http-502", 8, K.SERVER, Done.UNKNOWN),
    (None, "http-504", 8, K.TIMEOUT, Done.UNKNOWN),
    (None, "NG", 8, K.SERVER, Done.UNKNOWN),
    (None, "ES04-03", 8, K.REQUEST, Done.NOT_DONE),
    (None, "GE0012", 8, K.REQUEST, Done.NOT_DONE),
    (None, "http-415", 8, K.REQUEST, Done.NOT_DONE),
    (None, "GE0007", 8, K.REQUEST, Done.NOT_DONE),
    (None, "http-404", 8, K.REQUEST, Done.NOT_DONE),
    (None, "http-405", 8, K.REQUEST, Done.NOT_DONE),
    (None, "http-414", 8, K.REQUEST, Done.NOT_DONE),
    (None, "GE0011", 8, K.REQUEST, Done.NOT_DONE),
    (None, "IE1105", 8, K.CONFIGURATION, Done.NOT_DONE),
    (F.ORDERS, "ORDER_EXT_API_SEARCH_ORDER_ERROR_009", 8, K.REQUEST, Done.NOT_DONE),
    (F.ORDERS, "ORDER_EXT_API_SEARCH_ORDER_ERROR_011", 8, K.REQUEST, Done.NOT_DONE),
    (F.ORDERS, "ORDER_EXT_API_GET_ORDER_ERROR_009", 8, K.REQUEST, Done.NOT_DONE),
    (F.STOCK, "IE1101", 8, K.REQUEST, Done.UNKNOWN),
    (F.STOCK, "IE1102", 8, K.REQUEST, Done.UNKNOWN),
    (F.STOCK, "IE0105", 8, K.REQUEST, Done.NOT_DONE),
    (F.STOCK, "IE0113", 8, K.REQUEST, Done.NOT_DONE),
    (F.STOCK, "IE0116", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "IE0002", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "IE0003", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "IE1003", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "IE1004", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "IE1005", 8, K.REQUEST, Done.NOT_DONE),
    (F.ITEMS, "GE0014", 8, K.REQUEST, Done.NOT_DONE),
    (F.STOCK, "IE0117", 8, K.BAD_ITEM, Done.UNKNOWN),
    (F.STOCK, "IE0500", 8, K.GONE, Done.UNKNOWN),
    (F.STOCK, "GE0014", 8, K.GONE, Done.UNKNOWN),
    (F.STOCK, "IE0121", 8, K.BAD_ITEM, Done.UNKNOWN),
    (F.STOCK, "IE0118", 8, K.BAD_ITEM, Done.UNKNOWN),
    (F.STOCK, "IE0001", 8, K.REQUEST, Done.UNKNOWN),
    (F.STOCK, "IE0002", 8, K.REQUEST, Done.UNKNOWN),
    (F.STOCK, "IE0003", 8, K.BAD_ITEM, Done.UNKNOWN),
    (F.STOCK, "IE0004", 8, K.BAD_ITEM, Done.UNKNOWN),
]


@pytest.mark.parametrize(("family", "code", "level", "kind", "done"), ROWS)
def test_each_row_of_the_table(
    family: Any, code: str, level: int, kind: FaultKind, done: Done
) -> None:
    spec = ERRORS[family, code]
    assert (spec.level, spec.kind, spec.done) == (level, kind, done)


def test_no_row_of_the_table_goes_untested() -> None:
    assert {(family, code) for family, code, *_ in ROWS} == set(ERRORS)


@pytest.mark.parametrize("spec", ERRORS.values(), ids=[code for _, code in ERRORS])
def test_every_row_speaks_both_languages(spec: FaultSpec) -> None:
    for japanese in (spec.message, spec.hint):
        assert japanese.endswith("。")
        assert not japanese.isascii()
    for english in (spec.message_en, spec.hint_en):
        assert english.endswith(".")
        assert english.isascii()


def test_a_refused_key_names_all_three_causes() -> None:
    hint = ERRORS[None, "GA0001"].hint
    assert all(cause in hint for cause in ("期限切れ", "チェック", "入力誤り"))


def test_the_same_number_means_something_else_in_another_family() -> None:
    assert spec_of(F.STOCK, 400, "IE0117").is_row
    assert spec_of(F.ITEMS, 400, "IE0117") is UNCLASSIFIED
    assert spec_of(F.STOCK, 400, "IE0002").is_row
    assert not spec_of(F.ITEMS, 400, "IE0002").is_row


def a_reply(status: int, body: bytes = b"", **headers: str) -> Reply:
    return Reply(status=status, headers=headers, body=body, sent_at=0.0, received_at=1.0)


A = b'{"errors":[{"code":"%s","message":"Un-Authorised"}]}'
C = b'{"Results":{"errorCode":"%s","message":"Un-Authorised"}}'
D = b"<result><status><systemStatus>NG</systemStatus></status></result>"


@pytest.mark.parametrize("family", list(Family))
@pytest.mark.parametrize(
    ("status", "body", "code", "level"),
    [
        (401, A % b"GA0001", "GA0001", 9),
        (401, A % b"GA9999", "GA9999", 9),
        (401, A % b"X0000", "X0000", 9),
        (401, C % b"ES01-01", "ES01-01", 9),
        (400, C % b"ES01-01", "ES01-01", 9),
        (200, C % b"ES01-01", "ES01-01", 9),
        (400, C % b"ES04-01", "ES04-01", 9),
        (400, A % b"GK0001", "GK0001", 9),
        (400, A % b"GK7777", "GK7777", 9),
        (401, b"", "http-401", 9),
        (401, b"<html>", "http-401", 9),
        (415, C % b"ES04-03", "ES04-03", 8),
        (415, A % b"GE0012", "GE0012", 8),
        (429, b"", "http-429", 8),
        (503, b"<html>busy</html>", "http-503", 8),
        (503, b'{"message": 1}', "http-503", 8),
        (400, A % b"GE0017", "GE0017", 8),
        (409, A % b"CE0001", "CE0001", 8),
        (500, A % b"GE0019", "GE0019", 8),
        (500, A % b"X0000", "X0000", 8),
        (400, A % b"GE0007", "GE0007", 8),
        (400, A % b"IE1105", "IE1105", 8),
        (403, b"", "http-403", 8),
        (400, D, "NG", 8),
        (507, b"", "http-507", 8),
        (418, b"", "http-418", 8),
    ],
)
def test_every_situation_of_a_failed_call(
    family: Any, status: int, body: Any, code: str, level: int
) -> None:
    error = failure(a_reply(status, body), family)
    assert (error.code, error.spec.level, error.family) == (code, level, family)


def test_an_unknown_code_is_level_8_and_unclassified() -> None:
    error = failure(a_reply(400, A % b"ZZ1234"), F.STOCK)
    assert error.spec is UNCLASSIFIED
    assert error.done is Done.UNKNOWN


def test_a_403_halts_only_where_the_settings_say_so() -> None:
    assert failure(a_reply(403), F.ORDERS).spec.level is Level.TRANSIENT
    assert failure(a_reply(403), F.ORDERS, is_403_key=True).spec.level is Level.CREDENTIALS


def test_the_worst_entry_speaks_for_all() -> None:
    body = b'{"errors":[{"code":"IE0117"},{"code":"GA0001"},{"code":"X0000"}]}'
    assert failure(a_reply(400, body), F.STOCK).code == "GA0001"


@pytest.mark.parametrize(
    ("status", "header", "pause"),
    [
        (429, None, 1.0),
        (429, "30", 30.0),
        (429, "0", 1.0),
        (429, "999999", 3600.0),
        (429, "Wed, 21 Oct 2026 07:28:00 GMT", 1.0),
        (429, "-5", 1.0),
        (409, None, 2.0),
        (503, None, None),
        (503, "120", 120.0),
    ],
)
def test_the_pause_the_mall_asks_for(status: int, header: str | None, pause: float | None) -> None:
    headers: dict[str, Any] = {} if header is None else {"retry-after": header}
    assert failure(a_reply(status, **headers), F.STOCK).retry_after_s == pause


@pytest.mark.parametrize(
    "body",
    [
        b'{"errors": [{"code": "KAIMONO HANAKO 090-1234"}]}',
        b'{"Results": {"errorCode": {"name": "KAIMONO HANAKO"}}}',
        b'{"MessageModelList": [{"messageType": "ERROR", "messageCode": "KAIMONO\\nHANAKO"}]}',
        b'{"errors": [{"code": "' + b"K" * 500 + b'"}]}',
    ],
)
def test_a_text_that_is_no_code_is_not_repeated(body: Any) -> None:
    error = failure(a_reply(400, body), F.ORDERS)
    assert error.code == "http-400"
    assert "HANAKO" not in str(error)


def test_shape_b_counts_errors_only_and_names_orders() -> None:
    body = (
        b'{"MessageModelList": [{"messageType": "INFO", "messageCode": "I"},'
        b'{"messageType": "WARNING", "messageCode": "W"},'
        b'{"messageType": "ERROR", "messageCode": "E", "orderNumber": "1-2"}]}'
    )
    assert [(entry.code, entry.order) for entry in failures(body)] == [("E", "1-2")]
