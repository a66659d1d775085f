"""The error table line by line, the envelope, the credential check."""

import pytest

from engine.connector import Reply
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, Level, MallError
from malls.aupay import errors
from malls.aupay.wire import Node, last_day
from tests.unit.malls.aupay.pretend import (
    CREDENTIALS,
    MUG,
    FakeTransport,
    answer,
    bad,
    connect,
    good,
    orders,
    run,
    stocks,
)

NINE, EIGHT = Level.CREDENTIALS, Level.TRANSIENT
NOT, UNKNOWN = Done.NOT_DONE, Done.UNKNOWN
K = FaultKind


def fault_of(reply: Reply) -> MallError:
    with pytest.raises(MallError) as caught:
        errors.read_reply(reply, Family.STOCK, frozenset())
    return caught.value


HTML = "<html><body>x<br></body></html>"
CASES = [
    ("CME0021", bad("CME0021"), NINE, K.CONFIGURATION, NOT),
    ("PME0106", bad("PME0106"), EIGHT, K.BAD_ITEM, NOT),
    ("http-401", answer("", 401), NINE, K.CREDENTIALS, NOT),
    ("http-403", answer(HTML, 403), NINE, K.CREDENTIALS, NOT),
    ("http-404", answer(HTML, 404), EIGHT, K.REQUEST, NOT),
    ("http-405", answer("", 405), EIGHT, K.REQUEST, NOT),
    ("http-408", answer("", 408), EIGHT, K.SERVER, UNKNOWN),
    ("http-413", answer("", 413), EIGHT, K.REQUEST, NOT),
    ("http-429", answer("", 429), EIGHT, K.RATE_LIMIT, NOT),
    ("http-503", answer(HTML, 503), EIGHT, K.MAINTENANCE, NOT),
    ("http-500", answer(HTML, 500), EIGHT, K.SERVER, UNKNOWN),
    ("http-400", answer("", 400), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("unreadable", answer(HTML), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer("<html><body/></html>"), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer(""), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer("<response><result>"), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer("<!DOCTYPE r><response/>"), EIGHT, K.UNREADABLE, UNKNOWN),
    ("call-error", answer("<response><result/></response>"), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("CME7", bad("CME7"), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("CME7", bad("CME7", status=500), EIGHT, K.SERVER, UNKNOWN),
    ("CME7", bad("CME7", status=401), NINE, K.CREDENTIALS, NOT),
    ("CME7", bad("CME7", status=429), EIGHT, K.RATE_LIMIT, NOT),
    ("CME7", bad("CME7", "ただいまメンテナンス中です"), EIGHT, K.MAINTENANCE, NOT),
    ("CME7", bad("CME7", "認証に失敗しました"), NINE, K.CREDENTIALS, NOT),
    ("CME7", bad("CME7", "APIキーの有効期限が切れています"), NINE, K.CREDENTIALS, NOT),
    ("CME7", bad("CME7", "許可されていないIPアドレスです"), NINE, K.CREDENTIALS, NOT),
    ("CME7", bad("CME7", "アクセス権限がありません"), NINE, K.CREDENTIALS, NOT),
    ("CME7", bad("CME7", "アクセスが集中しています"), EIGHT, K.RATE_LIMIT, UNKNOWN),
    ("call-error", bad("山田 太郎", "山田 太郎"), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    (
        "CME8",
        answer(
            "<response><result><status>1</status><error><code/><code>CME8</code></error>"
            "<error><code>CME9</code></error></result></response>"
        ),
        EIGHT, K.UNCLASSIFIED, UNKNOWN,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("code", "reply", "level", "kind", "done"), CASES)
def test_each_failed_reply(
    code: str, reply: Reply, level: Level, kind: FaultKind, done: Done
) -> None:
    failed = fault_of(reply)
    assert (failed.code, failed.spec.level, failed.spec.kind, failed.done) == (
        code, level, kind, done,
    )  # fmt: skip
    assert "山田" not in str(failed) + failed.code


OURS = {
    errors.ITEM_ERROR_CODE, errors.NO_CREDENTIALS_CODE, errors.BAD_CODE_CODE,
    errors.BAD_QUANTITY_CODE, errors.AMBIGUOUS_CODE, errors.NO_CHOICE_CODE,
}  # fmt: skip


def test_the_table_has_no_line_without_a_case_and_no_empty_sentence() -> None:
    assert {code for _, code in errors.TABLE} <= {case[0] for case in CASES} | OURS
    for spec in errors.TABLE.values():
        assert all((spec.message, spec.hint, spec.message_en, spec.hint_en))
        assert not spec.message.isascii()
        assert not spec.hint.isascii()
    for code in OURS - {errors.NO_CREDENTIALS_CODE}:
        spec = errors.TABLE[None, code]
        assert (spec.level, spec.done, spec.is_row) == (EIGHT, NOT, True)
    assert errors.TABLE[None, errors.NO_CREDENTIALS_CODE].level is NINE


def test_a_write_answered_by_row_is_read_although_its_status_is_not_good() -> None:
    body = (
        "<response><result><status>1</status></result><updateResult>"
        "<itemCode>a</itemCode></updateResult></response>"
    )
    keep = frozenset({"updateResult", "itemCode"})
    assert isinstance(errors.read_write(answer(body, 400), Family.STOCK, keep), Node)
    with pytest.raises(MallError):
        errors.read_write(bad("CME7"), Family.STOCK, keep)


def test_a_retry_after_is_kept() -> None:
    assert fault_of(answer("", 429, {"retry-after": "7"})).retry_after_s == 7.0
    assert fault_of(answer("", 429, {"retry-after": "soon"})).retry_after_s is None


GOOD = {
    "searchTradeInfoListProc": orders(),
    "searchStocks": stocks(MUG),
    "searchItemInfos": good("<searchResult></searchResult>"),
}


def test_a_key_is_proven_by_orders_and_stock_and_its_end_is_what_was_stored() -> None:
    report = run(connect(FakeTransport(**GOOD)).check_credentials())
    assert report.expires_at is None
    assert len(report.warnings) == 1
    dated = {**CREDENTIALS, "key_expires_on": "2026-12-31"}
    report = run(connect(FakeTransport(**GOOD), credentials=dated).check_credentials())
    assert report.expires_at == last_day("2026/12/31") == 1_798_642_800.0
    assert report.warnings == ()


@pytest.mark.parametrize("method", ["searchTradeInfoListProc", "searchStocks"])
def test_a_needed_family_that_is_refused_refuses_the_key(method: str) -> None:
    transport = FakeTransport(**{**GOOD, method: answer("", 401)})
    with pytest.raises(MallError) as caught:
        run(connect(transport).check_credentials())
    assert caught.value.spec.level is NINE
    assert CREDENTIALS["api_key"] not in repr(caught.value)


@pytest.mark.parametrize("status", [401, 500])
def test_a_spared_family_only_warns(status: int) -> None:
    transport = FakeTransport(**{**GOOD, "searchItemInfos": answer("", status)})
    warnings = run(connect(transport).check_credentials()).warnings
    assert len(warnings) == 2
    assert f"http-{status}" in warnings[0][0]


def test_without_a_key_nothing_is_sent() -> None:
    transport = FakeTransport()
    with pytest.raises(MallError, match="no-credentials"):
        run(connect(transport, credentials={"shop_id": "1"}).check_credentials())
    assert transport.sent == []
    assert UNCLASSIFIED not in errors.TABLE.values()
