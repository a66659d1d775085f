"""The error table, line by line, and every shape an error has."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.connector import Reply
from engine.faults import UNCLASSIFIED, Done, Family, FaultKind, Level, MallError
from malls.yahoo import errors
from tests.unit.malls.yahoo.pretend import EXPIRED, answer, error

NINE, EIGHT = Level.CREDENTIALS, Level.TRANSIENT
NOT, UNKNOWN = Done.NOT_DONE, Done.UNKNOWN
K = FaultKind


def fault_of(reply: Reply, family: Family = Family.STOCK) -> MallError:
    with pytest.raises(MallError) as caught:
        errors.read_reply(reply, family, frozenset({"Result", "Status"}), 60.0)
    return caught.value


CODES = [
    ("px-04102", 401, NINE, K.CREDENTIALS, NOT),
    ("px-04303", 403, NINE, K.CREDENTIALS, NOT),
    ("px-04306", 403, NINE, K.CREDENTIALS, NOT),
    ("px-04307", 403, NINE, K.CREDENTIALS, NOT),
    ("px-14303", 403, NINE, K.CREDENTIALS, NOT),
    ("px-14304", 403, NINE, K.CREDENTIALS, NOT),
    ("px-04001", 400, EIGHT, K.REQUEST, NOT),
    ("px-04400", 404, EIGHT, K.REQUEST, NOT),
    ("ed-00001", 500, EIGHT, K.SERVER, UNKNOWN),
    ("ed-00002", 503, EIGHT, K.MAINTENANCE, NOT),
    ("ed-00003", 400, NINE, K.CONFIGURATION, NOT),
    ("ed-00004", 400, NINE, K.CONFIGURATION, NOT),
    ("ed-00005", 400, NINE, K.CONFIGURATION, NOT),
    ("ed-00006", 400, EIGHT, K.MAINTENANCE, NOT),
    ("ed-10001", 400, EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("ed-10002", 207, EIGHT, K.SERVER, UNKNOWN),
    ("st-01000", 503, EIGHT, K.MAINTENANCE, NOT),
    ("st-01100", 400, NINE, K.CONFIGURATION, NOT),
    ("st-01101", 400, EIGHT, K.BAD_ITEM, NOT),
    ("st-01102", 400, EIGHT, K.REQUEST, NOT),
    ("st-01103", 400, EIGHT, K.REQUEST, NOT),
    ("st-01999", 500, EIGHT, K.SERVER, UNKNOWN),
    ("st-02000", 503, EIGHT, K.MAINTENANCE, NOT),
    ("st-02100", 400, NINE, K.CONFIGURATION, NOT),
    ("st-02101", 400, EIGHT, K.BAD_ITEM, NOT),
    ("st-02102", 400, EIGHT, K.REQUEST, NOT),
    ("st-02103", 400, EIGHT, K.REQUEST, NOT),
    ("st-02104", 400, EIGHT, K.BAD_ITEM, NOT),
    ("st-02105", 400, EIGHT, K.REQUEST, NOT),
    ("st-02106", 400, EIGHT, K.REQUEST, NOT),
    ("st-02107", 400, EIGHT, K.REQUEST, NOT),
    ("st-02999", 500, EIGHT, K.SERVER, UNKNOWN),
    ("it-05002", 400, EIGHT, K.GONE, NOT),
    ("od90101", 400, EIGHT, K.REQUEST, NOT),
    ("od91801", 404, EIGHT, K.GONE, NOT),
    ("od91133", 500, EIGHT, K.REQUEST, NOT),
    ("od91001", 500, EIGHT, K.SERVER, UNKNOWN),
    ("503", 503, EIGHT, K.MAINTENANCE, NOT),
    ("zz-99999", 400, EIGHT, K.UNCLASSIFIED, UNKNOWN),
    ("zz-99999", 403, EIGHT, K.UNCLASSIFIED, NOT),
    ("zz-99999", 500, EIGHT, K.UNCLASSIFIED, UNKNOWN),
]


@pytest.mark.parametrize(("code", "status", "level", "kind", "done"), CODES)
def test_each_code_of_an_error_body(
    code: str, status: int, level: Level, kind: FaultKind, done: Done
) -> None:
    for namespace in ("", ' xmlns="urn:yahoo:api"'):
        failed = fault_of(answer(error(code, namespace=namespace), status))
        told = (failed.code, failed.spec.level, failed.spec.kind, failed.done)
        assert told == (code, level, kind, done)


def test_the_table_has_no_line_without_a_case() -> None:
    here = {code for code, *_ in CODES} | {
        "invalid_token", "http-401", "insufficient_scope", "forbidden", "http-429", "http-503",
        "unreadable", "no-credentials", "public-key", "no-stock-record",
    }  # fmt: skip
    assert {code for family, code in errors.TABLE if family is None} <= here
    for spec in errors.TABLE.values():
        assert all((spec.message, spec.hint, spec.message_en, spec.hint_en))


NG = "<ResultSet><Result><Status>NG</Status><Error><Code>im-1</Code></Error></Result></ResultSet>"
SHAPES = [
    ("a", EXPIRED, 401, {}, "invalid_token", NINE, NOT),
    ("a by header", "", 401, {"www-authenticate": 'Bearer error="invalid_token"'},
     "invalid_token", NINE, NOT),
    ("b", "<Error><Message>insufficient_scope</Message></Error>", 403, {},
     "insufficient_scope", NINE, NOT),
    ("b 401", "", 401, {"www-authenticate": 'error="insufficient_scope"'},
     "insufficient_scope", NINE, NOT),
    ("c", "Service Requires Authentication", 401, {}, "http-401", NINE, NOT),
    ("e", "<Error><Message><![CDATA[no]]></Message><Code> it-05002\n</Code></Error>", 400,
     {}, "it-05002", EIGHT, NOT),
    ("f", NG, 200, {}, "im-1", EIGHT, UNKNOWN),
    ("f bare", "<Result><Status>NG</Status></Result>", 200, {}, "ng", EIGHT, UNKNOWN),
    ("g", "<Error><Message>\nYour Request was Forbidden\n</Message></Error>", 403, {},
     "forbidden", EIGHT, NOT),
    ("i", '{"Error":{"Message":["no"],"Code":["px-04001"]}}', 400, {}, "px-04001", EIGHT, NOT),
    ("i plain", '{"Error":{"Code":"px-04306"}}', 403, {}, "px-04306", NINE, NOT),
    ("429", "", 429, {}, "http-429", EIGHT, NOT),
    ("503 html", "<html>", 503, {}, "http-503", EIGHT, NOT),
    ("500 html", "<html>", 500, {}, "http-500", EIGHT, UNKNOWN),
    ("502 html", "<html><br></html>", 502, {}, "http-502", EIGHT, UNKNOWN),
    ("504", "", 504, {}, "http-504", EIGHT, UNKNOWN),
    ("400 bare", "", 400, {}, "http-400", EIGHT, UNKNOWN),
    ("408", "", 408, {}, "http-408", EIGHT, UNKNOWN),
    ("302", "", 302, {}, "http-302", EIGHT, UNKNOWN),
    ("well-formed html", "<html><body/></html>", 200, {}, "unreadable", EIGHT, UNKNOWN),
    ("empty", "", 200, {}, "unreadable", EIGHT, UNKNOWN),
    ("garbage", "<html><br></html>", 200, {}, "unreadable", EIGHT, UNKNOWN),
    ("cut", "<ResultSet><Result>", 200, {}, "unreadable", EIGHT, UNKNOWN),
    ("error in a 200", "<Error><Message>API_MAINTENANCE</Message><Code>503</Code></Error>", 200, {},
     "503", EIGHT, NOT),
    ("no code in a 200", "<Error/>", 200, {}, "unreadable", EIGHT, UNKNOWN),
    ("no code at all", "<Error><Code>山田様 03-1234</Code></Error>", 400, {},
     "unreadable", EIGHT, UNKNOWN),
    ("json list", '{"Error":{"Code":[]}}', 400, {}, "http-400", EIGHT, UNKNOWN),
]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "status", "headers", "code", "level", "done"),
    [case[1:] for case in SHAPES],
    ids=[case[0] for case in SHAPES],
)
def test_each_shape_of_error(
    body: str, status: int, headers: dict[str, str], code: str, level: Level, done: Done
) -> None:
    failed = fault_of(answer(body, status, headers))
    assert (failed.code, failed.spec.level, failed.done) == (code, level, done)


def test_a_bare_403_waits_and_a_retry_after_is_kept() -> None:
    assert fault_of(answer("", 403)).retry_after_s == 60.0
    assert fault_of(answer("", 429, {"retry-after": "7"})).retry_after_s == 7.0
    assert fault_of(answer("", 429, {"retry-after": "soon"})).retry_after_s is None


def test_nothing_of_a_body_enters_an_error_text() -> None:
    failed = fault_of(answer(error("山田太郎", "山田太郎 090-0000-0000"), 500))
    assert "山田" not in str(failed) + failed.code + failed.subject
    assert failed.spec is not UNCLASSIFIED


@given(
    st.binary() | st.text('<>/{}":[]ErorCdeStausNGRlt =?').map(str.encode),
    st.integers(100, 599),
)
def test_a_reply_is_read_or_raises_a_mall_error(body: bytes, status: int) -> None:
    with contextlib.suppress(MallError):
        errors.read_reply(answer(body, status), Family.ORDERS, frozenset({"Result"}), 60.0)
    assert errors.token_expired(answer(body, status)) in (True, False)
