"""Writes and reads of stock: signs, flags, matching by code, and what each failure leaves known."""

import asyncio
import contextlib
from collections.abc import Sequence
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.catalogue import ListingRef, SideSettings
from engine.connector import Reply, Request, RowOutcome, StockWrite, WriteResult
from engine.faults import Done, Family, MallError
from malls.yahoo import errors
from malls.yahoo.connection import connect
from tests.unit.malls.yahoo.pretend import (
    EXPIRED,
    NOW,
    XML,
    FakeTransport,
    answer,
    error,
    session,
    token,
)

BLUE, RED, TRAY = (
    ListingRef("mug-100", "mug-100-bl"),
    ListingRef("mug-100", "mug-100-rd"),
    ListingRef("tray-7", ""),
)
NO, YES = SideSettings(overdraft=False), SideSettings(overdraft=True)
O = RowOutcome  # noqa: E741 - the tables below are about nothing else


def row(ref: ListingRef, inner: str) -> str:
    return (
        f"<Result><ItemCode>{ref.code}</ItemCode><SubCode>{ref.sub_code}</SubCode>{inner}</Result>"
    )


def results(*rows: str, status: int = 200) -> Reply:
    return answer(f'{XML}<ResultSet ok="1" ng="1">{"".join(rows)}</ResultSet>', status)


def now_has(ref: ListingRef, quantity: object) -> str:
    return row(ref, f"<Quantity>{quantity}</Quantity>")


def stands(ref: ListingRef, quantity: object = 5, overdraft: object = 0) -> str:
    return row(
        ref,
        f"<Status>1</Status><Quantity>{quantity}</Quantity><AllowOverdraft>{overdraft}"
        "</AllowOverdraft><StockClose>1</StockClose>",
    )


def fall(ref: ListingRef = BLUE, settings: SideSettings = NO, delta: int = -2) -> StockWrite:
    return StockWrite(ref, delta, None, settings)


def write(rows: Sequence[StockWrite], transport: FakeTransport, **switches: str) -> WriteResult:
    return asyncio.run(connect(session(transport, switches=switches)).write_stock(rows))


def failing(rows: Sequence[StockWrite], transport: FakeTransport, **switches: str) -> MallError:
    with pytest.raises(MallError) as caught:
        write(rows, transport, **switches)
    return caught.value


def told(request: Request) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(request.body.decode()).items()}


def test_a_write_sends_signed_differences_and_the_registered_flag() -> None:
    transport = FakeTransport(
        setStock=results(now_has(TRAY, 0), now_has(RED, -1), now_has(BLUE, 9))
    )
    rows = [fall(), StockWrite(RED, 3, None, YES), StockWrite(TRAY, None, 6, NO)]
    written = write(rows, transport)
    (request,) = transport.calls("setStock")
    assert told(request) == {
        "seller_id": "demo-store",
        "item_code": "mug-100:mug-100-bl,mug-100:mug-100-rd,tray-7",
        "quantity": "-2,+3,6",
        "allow_overdraft": "0,1,0",
    }
    assert b"%2B3" in request.body
    assert (request.is_safe, request.family, request.bucket) == (False, Family.STOCK, "setStock")
    # Matched by code: the reply came in another order.
    assert [(it.ref, it.outcome, it.answered) for it in written.rows] == [
        (BLUE, O.DONE, 9), (RED, O.DONE, -1), (TRAY, O.DONE, 0),
    ]  # fmt: skip
    assert (written.start, written.end) == (NOW, NOW + 1)
    assert not transport.calls("getStock")


def test_a_flag_that_is_not_registered_is_echoed_from_the_mall() -> None:
    transport = FakeTransport(
        getStock=results(stands(RED, overdraft=1)),
        setStock=results(now_has(BLUE, 1), now_has(RED, 1)),
    )
    write([fall(), fall(RED, SideSettings())], transport)
    assert told(transport.calls("getStock")[0])["item_code"] == "mug-100:mug-100-rd"
    assert told(transport.calls("setStock")[0])["allow_overdraft"] == "0,1"


def test_a_row_whose_flag_nobody_knows_is_not_sent() -> None:
    transport = FakeTransport(
        getStock=results(row(RED, "<Status>0</Status>")), setStock=results(now_has(BLUE, 1))
    )
    written = write([fall(), fall(RED, SideSettings())], transport)
    assert [it.outcome for it in written.rows] == [O.DONE, O.BAD_ITEM]
    assert told(transport.calls("setStock")[0])["item_code"] == "mug-100:mug-100-bl"


@pytest.mark.parametrize("reply", [answer("<html>", 500), answer("<R"), answer("", 403)])
def test_a_failed_read_of_flags_leaves_the_write_not_done(reply: Reply) -> None:
    transport = FakeTransport(getStock=reply)
    assert failing([fall(BLUE, SideSettings())], transport).done is Done.NOT_DONE
    assert not transport.calls("setStock")


def test_a_zero_difference_is_never_sent() -> None:
    transport = FakeTransport()
    written = write([fall(delta=0)], transport)
    assert written.rows[0].outcome is O.DONE
    assert not transport.sent


@pytest.mark.parametrize(
    "bad",
    [
        fall(ListingRef("a,b", "")), fall(ListingRef("a", "b:c")), fall(ListingRef("", "")),
        fall(ListingRef("a b", "")), fall(delta=-1_000_000_000),
        StockWrite(BLUE, None, -1, NO), StockWrite(BLUE, None, 1_000_000_000, NO),
    ],
)  # fmt: skip
def test_a_row_that_would_spoil_its_request_is_not_sent(bad: StockWrite) -> None:
    transport = FakeTransport(setStock=results(now_has(RED, 1)))
    written = write([bad, fall(RED)], transport)
    assert [it.outcome for it in written.rows] == [O.BAD_ITEM, O.DONE]
    assert told(transport.calls("setStock")[0])["item_code"] == "mug-100:mug-100-rd"


ROWS = [
    ("<Quantity>3</Quantity>", O.DONE, 3),
    ("<Quantity> 0\n</Quantity>", O.DONE, 0),
    ("<Quantity>-4</Quantity>", O.DONE, -4),
    ("<ErrorCode>st-02104</ErrorCode><ErrorMsg>no</ErrorMsg>", O.BAD_ITEM, None),
    ("<ErrorCode>st-02101</ErrorCode>", O.BAD_ITEM, None),
    ("<Quantity>3</Quantity><ErrorCode>st-02101</ErrorCode>", O.BAD_ITEM, None),
    ("<ErrorCode>ed-00006</ErrorCode>", O.NOT_DONE, None),
    ("<ErrorCode>ed-00002</ErrorCode>", O.NOT_DONE, None),
    ("<ErrorCode>ed-10002</ErrorCode>", O.UNKNOWN, None),
    ("<ErrorCode>ed-10001</ErrorCode>", O.UNKNOWN, None),
    ("<ErrorCode>st-02999</ErrorCode>", O.UNKNOWN, None),
    ("<ErrorCode>zz-1</ErrorCode>", O.UNKNOWN, None),
    ("<Quantity></Quantity>", O.UNKNOWN, None),
    ("<Quantity>33.0</Quantity>", O.UNKNOWN, None),
    ("", O.UNKNOWN, None),
]


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize(("inner", "outcome", "answered"), ROWS)
def test_each_row_of_an_answer_has_its_own_outcome(
    inner: str, outcome: RowOutcome, answered: int | None, status: int
) -> None:
    transport = FakeTransport(setStock=results(row(BLUE, inner), now_has(RED, 1), status=status))
    first, second = write([fall(), fall(RED)], transport).rows
    assert (first.outcome, first.answered) == (outcome, answered)
    assert second.outcome is O.DONE
    assert bool(first.code) == (outcome is not O.DONE)


def test_a_row_the_answer_leaves_out_is_unknown() -> None:
    transport = FakeTransport(setStock=results(now_has(RED, 1)))
    assert [it.outcome for it in write([fall(), fall(RED)], transport).rows] == [O.UNKNOWN, O.DONE]


def test_a_code_answered_in_another_case_is_the_same_row_unless_two_could_be_meant() -> None:
    upper = ListingRef("MUG-100", "MUG-100-BL")
    transport = FakeTransport(setStock=results(now_has(upper, 4)))
    assert write([fall()], transport).rows[0].answered == 4
    mixed = ListingRef("Mug-100", "mug-100-bl")
    transport = FakeTransport(setStock=results(now_has(upper, 4), now_has(mixed, 5)))
    assert write([fall()], transport).rows[0].outcome is O.UNKNOWN


@pytest.mark.parametrize("code", ["st-02101", "st-02104"])
def test_a_single_bad_row_is_answered_as_an_error_of_the_call(code: str) -> None:
    transport = FakeTransport(setStock=answer(error(code), 400))
    (result,) = write([fall()], transport).rows
    assert (result.outcome, result.code) == (O.BAD_ITEM, code)


def test_a_refused_fall_is_told_from_a_bad_item_only_where_the_switch_says_refuses() -> None:
    refusal = answer(error("st-02104"), 400)
    result = write([fall()], FakeTransport(setStock=refusal), below_zero="refuses").rows[0]
    assert result.outcome is O.REFUSED
    rise = write([fall(delta=2)], FakeTransport(setStock=refusal), below_zero="refuses").rows[0]
    assert rise.outcome is O.BAD_ITEM
    several = FakeTransport(
        setStock=results(row(BLUE, "<ErrorCode>st-02104</ErrorCode>"), now_has(RED, 1))
    )
    both = write([fall(), fall(RED)], several, below_zero="refuses").rows
    assert [it.outcome for it in both] == [O.REFUSED, O.DONE]


def test_several_rows_failed_by_one_that_is_not_named_are_all_unknown() -> None:
    refusal = answer(error("st-02104"), 400)
    rows = [fall(), fall(RED)]
    assert failing(rows, FakeTransport(setStock=refusal)).done is Done.UNKNOWN
    known = failing(rows, FakeTransport(setStock=refusal), bulk_is_atomic="true")
    assert known.done is Done.NOT_DONE


@pytest.mark.parametrize(
    ("reply", "done"),
    [
        *[(answer(error(f"st-{code}"), 400), Done.NOT_DONE)
          for code in ("02100", "02102", "02103", "02105", "02106", "02107")],
        (answer(error("ed-00006"), 400), Done.NOT_DONE),
        (answer(error("ed-00002"), 503), Done.NOT_DONE),
        (answer("<Error><Message>Your Request was Forbidden</Message></Error>", 403),
         Done.NOT_DONE),
        (answer("", 429), Done.NOT_DONE),
        (answer("<html>", 503), Done.NOT_DONE),
        (answer(error("st-02999"), 500), Done.UNKNOWN),
        (answer(error("ed-00001"), 500), Done.UNKNOWN),
        (answer(error("ed-10002"), 207), Done.UNKNOWN),
        (answer("<html>", 502), Done.UNKNOWN),
        (answer("<ResultSet><Res", 200), Done.UNKNOWN),
        (answer("", 200), Done.UNKNOWN),
    ],
)  # fmt: skip
def test_a_request_that_failed_as_a_whole_says_what_is_known(reply: Reply, done: Done) -> None:
    transport = FakeTransport(setStock=reply)
    for rows in ([fall()], [fall(), fall(RED)]):
        assert failing(rows, transport).done is done


def test_a_write_is_repeated_only_after_a_token_that_was_not_taken() -> None:
    transport = FakeTransport(
        token=[token("AT-1"), token("AT-2")],
        setStock=[answer(EXPIRED, 401), results(now_has(BLUE, 3))],
    )
    assert write([fall()], transport).rows[0].outcome is O.DONE
    used = [request.headers["Authorization"] for request in transport.calls("setStock")]
    assert used == ["Bearer AT-1", "Bearer AT-2"]
    transport = FakeTransport(setStock=answer("<html>", 500))
    failing([fall()], transport)
    assert len(transport.calls("setStock")) == 1


def test_a_read_tells_missing_from_zero_and_from_unlimited() -> None:
    ghost, odd, left_out = ListingRef("ghost-1", ""), ListingRef("odd", ""), ListingRef("x", "")
    refs = [BLUE, RED, TRAY, ghost, odd, left_out, ListingRef("a,b", "")]
    transport = FakeTransport(
        getStock=results(
            row(ghost, "<Status>0</Status>"), stands(TRAY, ""), stands(BLUE, 0), stands(RED, -3),
            stands(odd, "many"),
        )
    )  # fmt: skip
    read = asyncio.run(connect(session(transport)).read_stock(refs))
    assert [(it.ref, it.quantity) for it in read.rows] == [(BLUE, 0), (RED, -3), (TRAY, None)]
    assert read.missing == tuple(refs[3:])
    assert (read.start, read.end) == (NOW, NOW + 1)
    assert told(transport.calls("getStock")[0])["item_code"].endswith("ghost-1,odd,x")


def test_an_answer_without_rows_is_unreadable_and_not_all_missing() -> None:
    with pytest.raises(MallError) as caught:
        asyncio.run(connect(session(FakeTransport(getStock=results()))).read_stock([BLUE]))
    assert caught.value.code == errors.UNREADABLE_CODE


def test_a_single_code_that_is_refused_is_missing() -> None:
    transport = FakeTransport(getStock=answer(error("st-01101"), 400))
    read = asyncio.run(connect(session(transport)).read_stock([BLUE]))
    assert (read.rows, read.missing) == ((), (BLUE,))
    with pytest.raises(MallError):
        asyncio.run(connect(session(transport)).read_stock([BLUE, RED]))


NAMES = st.sampled_from(["Result", "ItemCode", "SubCode", "Quantity", "ErrorCode", "Status", "x"])
MESS = st.recursive(
    st.sampled_from(["mug-100", "mug-100-bl", "1", "-3", "33.0", "", "st-02104", "山 1"]),
    lambda inner: st.lists(st.tuples(NAMES, inner), max_size=5).map(
        lambda pairs: "".join(f"<{name}>{text}</{name}>" for name, text in pairs)
    ),
    max_leaves=12,
)


@given(MESS)
def test_no_answer_raises_anything_but_a_mall_error(inner: str) -> None:
    reply = answer(f"<ResultSet>{inner}<Result>{inner}</Result></ResultSet>")
    transport = FakeTransport(setStock=reply, getStock=reply)
    assert len(write([fall(), fall(RED)], transport).rows) == 2
    with contextlib.suppress(MallError):
        read = asyncio.run(connect(session(transport)).read_stock([BLUE, RED]))
        assert len(read.rows) + len(read.missing) == 2
