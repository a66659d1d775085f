"""The error table, line by line, and how a failed reply is read."""

from typing import Any

import pytest

from engine.connector import Reply
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, FaultSpec, classify
from malls.amazon.errors import ERRORS, code_of, failure, rate_told, refusal, spec_of
from tests.unit.malls.amazon.pretend import failed, reply, unauthorized

F, K = Family, FaultKind
NO, MAYBE = Done.NOT_DONE, Done.UNKNOWN
ROWS = [
    (None, "no-credentials", 9, K.NO_CREDENTIALS, NO, False),
    (None, "access-token-expired", 9, K.CREDENTIALS, NO, False),
    (None, "access-token-refused", 9, K.CREDENTIALS, NO, False),
    (None, "http-401", 9, K.CREDENTIALS, NO, False),
    (None, "access-token-missing", 9, K.CREDENTIALS, NO, False),
    (None, "client-secret-expired", 9, K.CREDENTIALS, NO, False),
    (None, "forbidden-stays", 9, K.CREDENTIALS, NO, False),
    (None, "forbidden", 8, K.SERVER, NO, False),
    (F.AUTH, "invalid_grant", 9, K.CREDENTIALS, NO, False),
    (F.AUTH, "access_denied", 9, K.CREDENTIALS, NO, False),
    (F.AUTH, "invalid_client", 9, K.CREDENTIALS, NO, False),
    (F.AUTH, "unauthorized_client", 9, K.CREDENTIALS, NO, False),
    (F.AUTH, "http-401", 9, K.CREDENTIALS, NO, False),
    (F.AUTH, "invalid_request", 8, K.REQUEST, NO, False),
    (F.AUTH, "invalid_scope", 8, K.REQUEST, NO, False),
    (F.AUTH, "unsupported_grant_type", 8, K.REQUEST, NO, False),
    (F.AUTH, "server_error", 8, K.SERVER, MAYBE, False),
    (F.AUTH, "temporarily_unavailable", 8, K.MAINTENANCE, NO, False),
    (None, "QuotaExceeded", 8, K.RATE_LIMIT, NO, False),
    (None, "http-429", 8, K.RATE_LIMIT, NO, False),
    (None, "http-503", 8, K.MAINTENANCE, NO, False),
    (None, "InternalFailure", 8, K.SERVER, MAYBE, False),
    (None, "InternalError", 8, K.SERVER, MAYBE, False),
    (None, "http-500", 8, K.SERVER, MAYBE, False),
    (None, "http-502", 8, K.SERVER, MAYBE, False),
    (None, "http-504", 8, K.TIMEOUT, MAYBE, False),
    (None, "unreadable", 8, K.UNREADABLE, MAYBE, False),
    (None, "InvalidInput", 8, K.REQUEST, NO, False),
    (None, "BAD_REQUEST", 8, K.REQUEST, NO, False),
    (None, "400", 8, K.REQUEST, NO, False),
    (None, "http-400", 8, K.REQUEST, NO, False),
    (None, "NotFound", 8, K.REQUEST, NO, False),
    (None, "NOT_FOUND", 8, K.REQUEST, NO, False),
    (None, "http-404", 8, K.REQUEST, NO, False),
    (None, "http-405", 8, K.REQUEST, NO, False),
    (None, "http-413", 8, K.REQUEST, NO, False),
    (None, "http-415", 8, K.REQUEST, NO, False),
    (F.ITEMS, "listings-too-dense", 8, K.CONFIGURATION, NO, False),
    (F.STOCK, "InvalidInput", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "BAD_REQUEST", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "400", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "http-400", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "INVALID", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "NotFound", 8, K.GONE, NO, True),
    (F.STOCK, "NOT_FOUND", 8, K.GONE, NO, True),
    (F.STOCK, "http-404", 8, K.GONE, NO, True),
    (F.STOCK, "forbidden", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "fba", 8, K.CONFIGURATION, NO, True),
    (F.STOCK, "90000900", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "90220", 8, K.BAD_ITEM, NO, True),
    (F.STOCK, "99022", 8, K.BAD_ITEM, NO, True),
]


@pytest.mark.parametrize(("family", "code", "level", "kind", "done", "is_row"), ROWS)
def test_each_row_of_the_table(
    family: Any, code: str, level: int, kind: FaultKind, done: Done, is_row: bool
) -> None:
    spec = ERRORS[family, code]
    assert (spec.level, spec.kind, spec.done, spec.is_row) == (level, kind, done, is_row)


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


EXPIRED = "The access token you provided has expired."
INVALID = "The access token you provided is revoked, malformed or invalid."
MISSING = "Access token is missing in the request header."
SECRET = "The LWA secret token you provided has expired."
INCIDENT = "The security token included in the request is expired"


@pytest.mark.parametrize(
    ("details", "code"),
    [
        (EXPIRED, "access-token-expired"),
        (INVALID, "access-token-refused"),
        (MISSING, "access-token-missing"),
        (SECRET, "client-secret-expired"),
        (INCIDENT, "forbidden"),
        ("", "forbidden"),
    ],
)
def test_a_403_is_told_apart_by_its_words(details: str, code: str) -> None:
    assert refusal(unauthorized(details)) == code


def test_a_403_of_html_is_one_without_a_reason() -> None:
    assert refusal(reply(b"<html>Forbidden</html>", 403)) == "forbidden"


@pytest.mark.parametrize(
    ("answer", "family", "code", "level"),
    [
        (failed(429, "QuotaExceeded", "You exceeded your quota"), F.STOCK, "http-429", 8),
        (reply(b"", 429), F.ORDERS, "http-429", 8),
        (failed(503, "Whatever"), F.ORDERS, "http-503", 8),
        (failed(500, "InternalFailure"), F.STOCK, "InternalFailure", 8),
        (reply(b"<html>", 400), F.ORDERS, "http-400", 8),
        (failed(400, "InvalidInput"), F.ORDERS, "InvalidInput", 8),
        (reply(b"", 507), F.STOCK, "http-507", 8),
        (reply(b"", 401), F.STOCK, "http-401", 9),
        (unauthorized(SECRET), F.ITEMS, "client-secret-expired", 9),
        (reply({"error": "invalid_grant"}, 400), F.AUTH, "invalid_grant", 9),
        (reply({"error": "invalid_client"}, 401), F.AUTH, "invalid_client", 9),
        (reply(b"", 401), F.AUTH, "http-401", 9),
        (reply(b"<html>", 400), F.AUTH, "http-400", 8),
        (reply({"error": "server_error"}, 500), F.AUTH, "server_error", 8),
    ],
)
def test_every_situation_of_a_failed_call(
    answer: Reply, family: Family, code: str, level: int
) -> None:
    error = failure(answer, family)
    assert (error.code, error.spec.level, error.family) == (code, level, family)


def test_an_unknown_code_is_level_8_and_unclassified() -> None:
    assert failure(failed(400, "ZZ1234"), F.STOCK).spec is UNCLASSIFIED


def test_a_code_of_a_row_is_of_the_mall_where_the_call_failed_as_a_whole() -> None:
    assert not spec_of(F.STOCK, "forbidden").is_row
    assert classify(ERRORS, F.STOCK, "forbidden").is_row


def test_a_text_that_is_no_code_is_not_repeated() -> None:
    error = failure(failed(400, "KAIMONO HANAKO 090-1234", "HANAKO", "HANAKO"), F.ORDERS)
    assert error.code == "http-400"
    assert "HANAKO" not in str(error)
    assert code_of(failed(400, "K" * 500), F.ORDERS) == "http-400"


@pytest.mark.parametrize(
    ("header", "rate"),
    [("5.0", 5.0), ("0.0056", 0.0056), ("0", None), ("", None), ("nan", None), ("1e99", None)],
)
def test_the_rate_a_reply_tells(header: str, rate: float | None) -> None:
    assert rate_told(reply(b"", headers={"x-amzn-ratelimit-limit": header})) == rate
