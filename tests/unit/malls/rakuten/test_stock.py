"""Quantities: reads by name, writes whose every row gets one outcome of the closed list."""

from collections.abc import Sequence
from typing import Any

import pytest

from engine.catalogue import ListingRef
from engine.connector import Reply, RowOutcome, StockRow, StockWrite, WriteResult
from engine.faults import Done, MallError
from tests.unit.malls.rakuten.pretend import Desk

TEE = ListingRef("tee-01", "blk-M", "blk-M")
RICE = ListingRef("rice5", "", "rice-single")
HAT = ListingRef("hat", "")


def error(code: str, path: object = None) -> dict[str, object]:
    entry: dict[str, object] = {"code": code, "message": "text"}
    return entry if path is None else {**entry, "metadata": {"propertyPath": path}}


def failed(desk: Desk, *errors: object, status: int = 400) -> Reply:
    return desk.reply({"errors": list(errors)}, status)


def write(
    desk: Desk,
    answer: Reply,
    deltas: Sequence[int] = (-1, -2, 3),
    switches: dict[str, str] | None = None,
) -> WriteResult:
    rows = [StockWrite(ListingRef(f"i{n}", ""), delta, None) for n, delta in enumerate(deltas)]
    return desk.run(desk.open(answer, switches).write_stock(rows))


def outcomes(result: WriteResult) -> list[tuple[str, str]]:
    return [(row.outcome.value, row.code) for row in result.rows]


def test_a_read_matches_by_name_and_a_pair_left_out_is_missing_not_zero(desk: Desk) -> None:
    answer = desk.reply(
        {
            "inventories": [
                {"manageNumber": "rice5", "variantId": "rice-single", "quantity": 0},
                {"manageNumber": "tee-01", "variantId": "blk-M", "quantity": 14, "updated": "x"},
                {"manageNumber": "tee-01", "variantId": "blk-m", "quantity": 99},
            ]
        }
    )
    upper = ListingRef("TEE-01", "blk-M", "blk-M")
    read = desk.run(desk.open(answer).read_stock([upper, TEE, RICE, HAT]))
    assert desk.transport.body() == {
        "inventories": [
            {"manageNumber": "tee-01", "variantId": "blk-M"},
            {"manageNumber": "rice5", "variantId": "rice-single"},
            {"manageNumber": "hat", "variantId": "normal-inventory"},
        ]
    }
    assert read.rows == (StockRow(upper, 14), StockRow(TEE, 14), StockRow(RICE, 0))
    assert read.missing == (HAT,)
    assert (read.start, read.end) == (1000.0, 1001.5)
    assert desk.transport.requests[0].is_safe


def test_a_404_for_all_pairs_is_all_missing(desk: Desk) -> None:
    read = desk.run(desk.open(failed(desk, error("GE0014"), status=404)).read_stock([TEE, HAT]))
    assert (read.rows, read.missing) == ((), (TEE, HAT))


@pytest.mark.parametrize(
    "body",
    [
        {"inventories": [{"manageNumber": "tee-01", "variantId": "blk-M", "quantity": None}]},
        {"inventories": [{"manageNumber": "tee-01", "variantId": "blk-M"}]},
        {"inventories": [{"manageNumber": "tee-01", "variantId": "blk-M", "quantity": "3"}]},
        {"inventories": None},
        {},
        b"<html>maintenance</html>",
        b'{"inventories": [',
    ],
)
def test_a_read_that_is_odd_is_unreadable_and_never_a_quantity(desk: Desk, body: Any) -> None:
    with pytest.raises(MallError) as caught:
        desk.run(desk.open(desk.reply(body)).read_stock([TEE]))
    assert caught.value.spec.kind == "unreadable"


@pytest.mark.parametrize("count", [0, 1001])
def test_reads_keep_to_the_cards_limit(desk: Desk, count: int) -> None:
    refs = [ListingRef(f"i{n}", "") for n in range(count)]
    with pytest.raises(ValueError, match="read_rows_max"):
        desk.run(desk.open(()).read_stock(refs))


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_good_write_is_done_row_by_row_and_answers_no_quantity(desk: Desk, status: int) -> None:
    rows = [
        StockWrite(TEE, -2, None),
        StockWrite(RICE, None, 0),
        StockWrite(ListingRef("HAT", ""), 5, None),
    ]
    result = desk.run(desk.open(desk.reply(b"", status)).write_stock(rows))
    assert desk.transport.body() == {
        "inventories": [
            {"manageNumber": "tee-01", "variantId": "blk-M", "mode": "RELATIVE", "quantity": -2},
            {
                "manageNumber": "rice5",
                "variantId": "rice-single",
                "mode": "ABSOLUTE",
                "quantity": 0,
            },
            {
                "manageNumber": "hat",
                "variantId": "normal-inventory",
                "mode": "RELATIVE",
                "quantity": 5,
            },
        ]
    }
    request = desk.transport.requests[0]
    assert (request.method, request.path) == ("POST", "/es/2.0/inventories/bulk-upsert")
    assert not request.is_safe
    assert [(row.ref, row.outcome, row.answered) for row in result.rows] == [
        (row.ref, RowOutcome.DONE, None) for row in rows
    ]
    assert (result.start, result.end) == (1000.0, 1001.5)


def test_a_good_status_with_an_empty_json_body_is_done(desk: Desk) -> None:
    assert outcomes(write(desk, desk.reply({}), (-1,))) == [("done", "")]


@pytest.mark.parametrize(
    ("refs", "message"),
    [
        ([ListingRef("TEE", "a"), ListingRef("tee", "a")], "twice"),
        ([ListingRef("tee", ""), ListingRef("tee", "", "normal-inventory")], "twice"),
        ([], "push_rows_max"),
        ([ListingRef(f"i{n}", "") for n in range(401)], "push_rows_max"),
    ],
)
def test_a_write_the_mall_would_refuse_as_a_whole_is_never_sent(
    desk: Desk, refs: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        desk.run(desk.open(()).write_stock([StockWrite(ref, 1, None) for ref in refs]))
    assert desk.transport.requests == []


@pytest.mark.parametrize(("delta", "value"), [(None, None), (1, 1)])
def test_a_row_carries_a_delta_or_a_value(desk: Desk, delta: Any, value: Any) -> None:
    with pytest.raises(ValueError, match="either"):
        desk.run(desk.open(()).write_stock([StockWrite(TEE, delta, value)]))


def test_variants_that_differ_in_case_are_two_skus(desk: Desk) -> None:
    rows = [StockWrite(ListingRef("tee", sub), 1, None) for sub in ("m", "M")]
    assert len(desk.run(desk.open(desk.reply(b"", 204)).write_stock(rows)).rows) == 2


def test_a_named_fall_below_zero_is_refused_and_the_others_are_unknown(desk: Desk) -> None:
    answer = failed(desk, error("IE0117", "inventories[1].quantity"))
    assert outcomes(write(desk, answer)) == [
        ("unknown", "IE0117"),
        ("refused", "IE0117"),
        ("unknown", "IE0117"),
    ]


def test_where_the_mall_is_known_to_do_all_or_nothing_the_others_are_not_done(desk: Desk) -> None:
    answer = failed(
        desk, error("IE0117", "inventories[1].quantity"), error("IE0500", "inventories[0]")
    )
    assert outcomes(write(desk, answer, switches={"bulk_is_atomic": "true"})) == [
        ("bad_item", "IE0500"),
        ("refused", "IE0117"),
        ("not_done", "IE0117"),
    ]


@pytest.mark.parametrize("atomic", ["true", "false"])
@pytest.mark.parametrize("path", [None, "quantity", "inventories[9].quantity", 7, "inventories[x]"])
def test_a_bulk_that_names_no_row_is_unknown_as_a_whole(desk: Desk, atomic: str, path: Any) -> None:
    answer = failed(desk, error("IE0117", path))
    result = write(desk, answer, switches={"bulk_is_atomic": atomic})
    assert {row.outcome for row in result.rows} == {RowOutcome.UNKNOWN}


@pytest.mark.parametrize("path", [None, "inventories[0].quantity", "quantity"])
@pytest.mark.parametrize(
    ("code", "delta", "outcome"),
    [
        ("IE0117", -1, "refused"),
        ("IE0117", 1, "bad_item"),
        ("IE0500", -1, "bad_item"),
        ("IE0001", 1, "bad_item"),
        ("IE0002", 1, "bad_item"),
        ("IE0003", 1, "bad_item"),
        ("IE0004", 1, "bad_item"),
        ("IE0118", 1, "bad_item"),
        ("IE0121", 1, "bad_item"),
        ("IE9999", 1, "bad_item"),
    ],
)
def test_a_request_of_one_row_is_that_rows(
    desk: Desk, path: Any, code: str, delta: Any, outcome: str
) -> None:
    assert outcomes(write(desk, failed(desk, error(code, path)), (delta,))) == [(outcome, code)]


def test_an_absolute_value_out_of_range_is_a_bad_item_not_a_refusal(desk: Desk) -> None:
    row = StockWrite(TEE, None, 100_000)
    result = desk.run(desk.open(failed(desk, error("IE0117"))).write_stock([row]))
    assert result.rows[0].outcome is RowOutcome.BAD_ITEM


@pytest.mark.parametrize(
    ("status", "body", "level", "done"),
    [
        (401, {"errors": [{"code": "GA0001"}]}, 9, Done.NOT_DONE),
        (401, b"", 9, Done.NOT_DONE),
        (400, {"errors": [{"code": "GK0005"}]}, 9, Done.NOT_DONE),
        (400, {"Results": {"errorCode": "ES04-01"}}, 9, Done.NOT_DONE),
        (429, b"", 8, Done.NOT_DONE),
        (503, b"<html>", 8, Done.NOT_DONE),
        (503, {"errors": [{"code": "X0000"}]}, 8, Done.NOT_DONE),
        (400, {"errors": [{"code": "GE0017"}]}, 8, Done.NOT_DONE),
        (409, {"errors": [{"code": "CE0001"}]}, 8, Done.NOT_DONE),
        (400, {"errors": [{"code": "IE1105"}]}, 8, Done.NOT_DONE),
        (500, {"errors": [{"code": "X0000"}]}, 8, Done.UNKNOWN),
        (500, {"errors": [{"code": "GE0019"}]}, 8, Done.UNKNOWN),
        (502, b"<html>", 8, Done.UNKNOWN),
        (504, b"", 8, Done.UNKNOWN),
        (400, b"<html>", 8, Done.UNKNOWN),
        (400, b"", 8, Done.UNKNOWN),
        (200, b"<html>maintenance</html>", 8, Done.UNKNOWN),
        (200, {"errors": [{"code": "IE0117"}]}, 8, Done.UNKNOWN),
        (202, b"", 8, Done.UNKNOWN),
        (302, b"", 8, Done.UNKNOWN),
    ],
)
def test_a_write_that_failed_as_a_whole_tells_whether_it_may_have_been_done(
    desk: Desk, status: int, body: Any, level: int, done: Done
) -> None:
    with pytest.raises(MallError) as caught:
        write(desk, desk.reply(body, status))
    assert (caught.value.spec.level, caught.value.done) == (level, done)
    assert len(desk.transport.requests) == 1


def test_a_call_error_beside_a_named_row_is_of_the_whole_call(desk: Desk) -> None:
    answer = failed(desk, error("IE0117", "inventories[0].quantity"), error("GE0017"))
    with pytest.raises(MallError) as caught:
        write(desk, answer)
    assert caught.value.done is Done.NOT_DONE
