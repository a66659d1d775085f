"""The error table line by line, headers and clock, the credential check."""

import pytest

from engine.connector import Reply
from engine.faults import Done, Family, FaultKind, Level, MallError
from malls.makeshop import errors
from malls.makeshop.wire import OrdersReply
from tests.unit.malls.makeshop.pretend import (
    CREDENTIALS,
    NOW,
    FakeTransport,
    answer,
    bad,
    connect,
    good,
    orders,
    products,
    quantities,
    run,
)

NINE, EIGHT = Level.CREDENTIALS, Level.TRANSIENT
NOT, UNKNOWN = Done.NOT_DONE, Done.UNKNOWN
K = FaultKind


def fault_of(reply: Reply) -> MallError:
    with pytest.raises(MallError) as caught:
        errors.read_reply(reply, Family.ORDERS, "searchOrder", OrdersReply)
    return caught.value


CASES = [
    ("FORBIDDEN", bad("FORBIDDEN"), NINE, K.CREDENTIALS, NOT),
    ("FORBIDDEN", answer({"errors": [{"message": "no", "code": "FORBIDDEN"}]}), NINE,
     K.CREDENTIALS, NOT),
    ("UNAUTHENTICATED", bad("UNAUTHENTICATED"), NINE, K.CREDENTIALS, NOT),
    ("UNAUTHORIZED", bad("UNAUTHORIZED", status=401), NINE, K.CREDENTIALS, NOT),
    ("GRAPHQL_VALIDATION_FAILED", bad("GRAPHQL_VALIDATION_FAILED", status=422), EIGHT, K.REQUEST,
     NOT),
    ("GRAPHQL_PARSE_FAILED", bad("GRAPHQL_PARSE_FAILED"), EIGHT, K.REQUEST, NOT),
    ("http-400", answer(b"", 400), EIGHT, K.REQUEST, NOT),
    ("http-401", answer(b"no", 401), NINE, K.CREDENTIALS, NOT),
    ("http-403", answer(b"no", 403), NINE, K.CREDENTIALS, NOT),
    ("http-403", bad("", "invalid token", 403), NINE, K.CREDENTIALS, NOT),
    ("http-404", answer(b"<html>", 404), EIGHT, K.CONFIGURATION, NOT),
    ("http-405", answer(b"", 405), EIGHT, K.CONFIGURATION, NOT),
    ("http-408", answer(b"", 408), EIGHT, K.SERVER, UNKNOWN),
    ("http-413", answer(b"", 413), EIGHT, K.REQUEST, NOT),
    ("http-422", bad("", "unknown field", 422), EIGHT, K.REQUEST, NOT),
    ("http-429", answer(b"", 429), EIGHT, K.RATE_LIMIT, NOT),
    ("http-503", answer(b"<html>", 503), EIGHT, K.MAINTENANCE, NOT),
    ("http-500", answer(b"{}", 500), EIGHT, K.SERVER, UNKNOWN),
    ("http-418", answer(b"{}", 418), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("unreadable", answer(b"<html>"), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer(b""), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer([]), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer({"data": None}), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", answer({"data": {"other": {}}}), EIGHT, K.UNREADABLE, UNKNOWN),
    ("unreadable", good("searchOrder", [1]), EIGHT, K.UNREADABLE, UNKNOWN),
    ("call-error", bad("", "Syntax Error: Unexpected token"), EIGHT, K.REQUEST, UNKNOWN),
    ("call-error", bad("", "Cannot query field \"x\""), EIGHT, K.REQUEST, UNKNOWN),
    ("call-error", bad("", "認証に失敗しました"), NINE, K.CREDENTIALS, NOT),
    ("call-error", bad("", "x-api-key is invalid"), NINE, K.CREDENTIALS, NOT),
    ("call-error", bad("", "ただいまメンテナンス中です"), EIGHT, K.MAINTENANCE, NOT),
    ("call-error", bad("", "Too many requests"), EIGHT, K.RATE_LIMIT, UNKNOWN),
    ("call-error", bad("KAIMONO HANAKO", "KAIMONO HANAKO"), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("NEW_CODE", bad("NEW_CODE"), EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("NEW_CODE", bad("NEW_CODE", status=502), EIGHT, K.SERVER, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(("code", "reply", "level", "kind", "done"), CASES)
def test_each_failed_reply(
    code: str, reply: Reply, level: Level, kind: FaultKind, done: Done
) -> None:
    failed = fault_of(reply)
    assert (failed.code, failed.spec.level, failed.spec.kind, failed.done) == (
        code, level, kind, done,
    )  # fmt: skip
    assert "HANAKO" not in str(failed) + failed.code


OURS = {
    errors.ROW_CODE, errors.NO_CREDENTIALS_CODE, errors.ENDPOINT_CODE, errors.NO_MODE_CODE,
    errors.BAD_QUANTITY_CODE,
}  # fmt: skip


def test_the_table_has_no_line_without_a_case_and_no_empty_sentence() -> None:
    assert {code for _, code in errors.TABLE} <= {case[0] for case in CASES} | OURS
    for spec in errors.TABLE.values():
        assert all((spec.message, spec.hint, spec.message_en, spec.hint_en))
        assert not spec.message.isascii()
        assert not spec.hint.isascii()
    for code in (errors.ROW_CODE, errors.BAD_QUANTITY_CODE):
        assert errors.TABLE[None, code].is_row


def test_data_beside_errors_is_not_believed() -> None:
    both = answer({"errors": [{"message": "x"}], "data": {"searchOrder": {"orders": []}}})
    assert fault_of(both).code == "call-error"
    assert fault_of(answer(b"", 429, {"retry-after": "7"})).retry_after_s == 7.0


def test_every_call_carries_token_key_and_mall_time() -> None:
    transport = FakeTransport(searchOrder=orders())
    typed = {"token": " Bearer PAT.ab\n", "api_key": " cd "}
    run(connect(transport, credentials=typed).list_orders(NOW, NOW, None, recheck=False))
    sent = transport.sent[0]
    assert (sent.method, sent.path) == ("POST", "/v1/graphql")
    assert sent.headers == {
        "authorization": "Bearer PAT.ab",
        "x-api-key": "cd",
        "x-timestamp": "1790900000",
        "content-type": "application/json",
    }


def test_a_refusal_by_a_wrong_clock_is_tried_once_with_the_malls_time() -> None:
    late = answer({"errors": [{"message": "x-timestamp"}]}, 401, at=NOW + 7200)
    good_later = answer(
        {"data": {"searchOrder": {"searchedCount": 0, "orders": []}}}, at=NOW + 7201
    )
    transport = FakeTransport(searchOrder=[late, good_later])
    run(connect(transport).list_orders(NOW, NOW, None, recheck=False))
    assert [sent.headers["x-timestamp"] for sent in transport.sent] == ["1790900000", "1790907200"]
    for replies in ([late, late], [answer(b"", 401)]):
        twice = FakeTransport(searchOrder=list(replies))
        with pytest.raises(MallError, match="http-401"):
            run(connect(twice).list_orders(NOW, NOW, None, recheck=False))
        assert len(twice.sent) == len(replies)


@pytest.mark.parametrize(
    ("endpoint", "base_url", "path"),
    [
        ("", "", "/v1/graphql"),
        ("https://shop.example/v2/graphql", "", "https://shop.example/v2/graphql"),
        ("https://shop.example/v2/graphql", "http://127.0.0.1:9", "/v1/graphql"),
        ("", "http://127.0.0.1:9/v1/graphql", "http://127.0.0.1:9/v1/graphql"),
    ],
)
def test_where_the_endpoint_is(endpoint: str, base_url: str, path: str) -> None:
    transport = FakeTransport(searchOrder=orders())
    connection = connect(transport, {"base_url": base_url}, {**CREDENTIALS, "endpoint": endpoint})
    run(connection.list_orders(NOW, NOW, None, recheck=False))
    assert transport.sent[0].path == path


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"token": "t"}, "no-credentials"),
        ({**CREDENTIALS, "endpoint": "http://shop.example"}, "endpoint"),
    ],
)
def test_what_cannot_be_sent_safely_is_not_sent(given: dict[str, str], code: str) -> None:
    transport = FakeTransport()
    with pytest.raises(MallError, match=code) as caught:
        run(connect(transport, credentials=given).check_credentials())
    assert caught.value.spec.level is NINE
    assert transport.sent == []


GOOD = {
    "searchOrder": orders(),
    "searchProductQuantity": quantities(),
    "searchProduct": products(),
    "getShop": good("getShop", {"shop": {}}),
}


def test_a_token_is_proven_by_orders_and_stock() -> None:
    report = run(connect(FakeTransport(**GOOD)).check_credentials())
    assert (report.expires_at, report.warnings) == (None, ())
    dated = {**CREDENTIALS, "token_expires_on": "2026-12-31"}
    report = run(connect(FakeTransport(**GOOD), credentials=dated).check_credentials())
    assert report.expires_at == 1_798_642_800.0


@pytest.mark.parametrize("name", ["searchOrder", "searchProductQuantity"])
def test_a_needed_right_that_lacks_refuses_the_token(name: str) -> None:
    transport = FakeTransport(**{**GOOD, name: bad("FORBIDDEN")})
    with pytest.raises(MallError) as caught:
        run(connect(transport).check_credentials())
    assert caught.value.spec.level is NINE
    assert CREDENTIALS["token"] not in repr(caught.value)


def test_a_spared_right_only_warns() -> None:
    transport = FakeTransport(
        **{**GOOD, "searchProduct": bad("FORBIDDEN"), "getShop": answer(b"", 500)}
    )
    warnings = run(connect(transport).check_credentials()).warnings
    assert [code in warnings[place][0] for place, code in enumerate(("FORBIDDEN", "http-500"))] == [
        True, True,
    ]  # fmt: skip
