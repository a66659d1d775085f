"""Quantities: read by system code, written by the mode the probe found."""

from typing import Any

import pytest

from engine.catalogue import ListingRef
from engine.connector import Finding, RowOutcome, StockWrite, WriteKind
from engine.faults import Done, FaultKind, Level, MallError
from malls.makeshop.card import CARD, card_for
from malls.makeshop.products import Handle, native_of
from tests.unit.malls.makeshop.pretend import (
    MUG,
    NOW,
    TEE,
    FakeTransport,
    OneProduct,
    answer,
    bad,
    connect,
    good,
    product,
    products,
    quantities,
    run,
)

MUG_REF = ListingRef("mug-01", "", native_of(Handle("000000000011")))
TEE_M = ListingRef("tee-07", "tee-07-bk-m", native_of(Handle("000000000012", "tee-07-bk-m ")))
TEE_L = ListingRef("tee-07", "tee-07-bk-l", native_of(Handle("000000000012", "tee-07-bk-l")))
RELATIVE = {"quantity_mode": "relative"}
ABSOLUTE = {"quantity_mode": "absolute"}


@pytest.mark.parametrize(
    ("mode", "kind", "manner"),
    [("probe", "guarded", ""), ("absolute", "guarded", "guarded 2 mug"),
     ("relative", "relative", "relative 2 mug")],
)  # fmt: skip
def test_the_mode_makes_the_kind_of_write(mode: str, kind: str, manner: str) -> None:
    card = card_for({"quantity_mode": mode, "quantity_type": "2", "probe_item": " mug "})
    assert (card.write_kind, card.manner) == (WriteKind(kind), manner)
    assert card.needs_probe is (mode == "probe")


def test_without_switches_the_card_asks_for_a_probe() -> None:
    assert card_for({}) == CARD
    assert CARD.needs_probe


def test_quantities_are_read_by_system_code_in_one_call() -> None:
    transport = FakeTransport(searchProductQuantity=quantities(TEE, MUG))
    read = run(connect(transport).read_stock([MUG_REF, TEE_M, TEE_L]))
    assert [(row.ref, row.quantity) for row in read.rows] == [(MUG_REF, 15), (TEE_M, 5), (TEE_L, 0)]
    assert (read.missing, read.start, read.end) == ((), NOW, NOW + 1)
    assert transport.inputs("searchProductQuantity") == [
        {"systemCodes": ["000000000011", "000000000012"], "page": 1, "limit": 200}
    ]
    single = FakeTransport(searchProductQuantity=[quantities(MUG), quantities(TEE)])
    read = run(connect(single, {"list_inputs": "single"}).read_stock([MUG_REF, TEE_M]))
    assert len(read.rows) == 2
    assert [given["systemCodes"] for given in single.inputs("searchProductQuantity")] == [
        "000000000011", "000000000012",
    ]  # fmt: skip


def test_missing_is_what_a_whole_answer_did_not_show() -> None:
    transport = FakeTransport(searchProductQuantity=[quantities(TEE), quantities()])
    no_variation = ListingRef("tee-07", "none", TEE_M.native)
    whole = ListingRef("tee-07", "", TEE_M.native)
    read = run(connect(transport).read_stock([MUG_REF, TEE_M, no_variation, whole]))
    assert [row.ref for row in read.rows] == [TEE_M]
    assert read.missing == (MUG_REF, no_variation, whole)
    endless = FakeTransport(
        searchProductQuantity=[quantities({"systemCode": str(n)}) for n in range(9)]
    )
    read = run(connect(endless).read_stock([MUG_REF]))
    assert (read.rows, read.missing) == ((), ())  # not reached: nothing is said of it
    assert len(endless.sent) == 3


@pytest.mark.parametrize("shown", [None, -1, "無制限", 1.5])
def test_what_is_no_count_is_no_quantity(shown: object) -> None:
    transport = FakeTransport(searchProductQuantity=quantities({**MUG, "quantity": shown}))
    assert run(connect(transport).read_stock([MUG_REF])).rows[0].quantity is None


def test_two_variations_of_one_code_are_no_quantity() -> None:
    rows = [{"variationCustomCode": "v", "variationQuantity": n} for n in (1, 2)]
    transport = FakeTransport(
        searchProductQuantity=quantities({**TEE, "variationQuantities": rows})
    )
    read = run(connect(transport).read_stock([ListingRef("tee-07", "v", TEE_M.native)]))
    assert read.rows[0].quantity is None


def test_a_listing_no_import_told_is_looked_up_by_its_code() -> None:
    transport = FakeTransport(
        searchProduct=[products(product("mug-01-b"), product()), products(), products()],
        searchProductQuantity=quantities(MUG),
    )
    bare, lost = ListingRef("mug-01", ""), ListingRef("ghost", "")
    read = run(connect(transport).read_stock([bare, lost, ListingRef("third", "")]))
    assert [(row.ref, row.quantity) for row in read.rows] == [(bare, 15)]
    assert read.missing == (lost,)


def test_before_the_probe_nothing_is_written() -> None:
    transport = FakeTransport()
    with pytest.raises(MallError, match="quantity-mode") as caught:
        run(connect(transport).write_stock([StockWrite(MUG_REF, None, 3)]))
    assert caught.value.done is Done.NOT_DONE
    assert caught.value.spec.kind is FaultKind.CONFIGURATION
    assert transport.sent == []


def test_plain_rows_leave_in_one_mutation() -> None:
    transport = FakeTransport(
        updateProductQuantity=good("updateProductQuantity", {"failResult": None})
    )
    bare = ListingRef("bare", "")
    rows = [StockWrite(MUG_REF, -2, None), StockWrite(bare, 1, None)]
    written = run(connect(transport, RELATIVE).write_stock(rows))
    assert [row.outcome for row in written.rows] == [RowOutcome.DONE] * 2
    assert transport.inputs("updateProductQuantity") == [
        {"productQuantities": [
            {"productKeyType": 0, "systemCode": "000000000011", "quantityCalculationType": 1,
             "quantity": -2},
            {"productKeyType": 1, "customCode": "bare", "quantityCalculationType": 1,
             "quantity": 1},
        ]}
    ]  # fmt: skip
    assert not transport.sent[0].is_safe


def test_variations_are_gathered_by_product_with_the_malls_own_blanks() -> None:
    reply = good("updateVariationQuantity", {"failResult": []})
    transport = FakeTransport(updateVariationQuantity=reply)
    rows = [StockWrite(TEE_M, None, 5), StockWrite(TEE_L, None, 0)]
    switches = {**ABSOLUTE, "quantity_type": "0"}
    run(connect(transport, switches).write_stock(rows))
    details: list[dict[str, Any]] = [
        {"variationKeyType": 1, "variationCustomCode": code, "quantityCalculationType": 0,
         "quantity": number}
        for code, number in (("tee-07-bk-m ", 5), ("tee-07-bk-l", 0))
    ]  # fmt: skip
    key = {"productKeyType": 0, "systemCode": "000000000012"}
    assert transport.inputs("updateVariationQuantity") == [
        {"variationQuantities": [{**key, "variationQuantityDetails": details}]}
    ]
    run(connect(transport, {**switches, "list_inputs": "single"}).write_stock(rows))
    assert transport.inputs("updateVariationQuantity")[1] == {
        "variationQuantities": [{**key, "variationQuantityDetails": one} for one in details]
    }


def test_the_other_kind_of_row_is_not_done_and_due_again() -> None:
    transport = FakeTransport(
        updateVariationQuantity=good("updateVariationQuantity", {"failResult": []})
    )
    rows = [StockWrite(TEE_M, 1, None), StockWrite(MUG_REF, 1, None)]
    written = run(connect(transport, RELATIVE).write_stock(rows))
    assert [row.outcome for row in written.rows] == [RowOutcome.DONE, RowOutcome.NOT_DONE]
    assert len(transport.sent) == 1


def failing(*rows: dict[str, object]) -> FakeTransport:
    return FakeTransport(
        updateVariationQuantity=good("updateVariationQuantity", {"failResult": list(rows)})
    )


NAMED = {"systemCode": "000000000012", "customCode": "tee-07", "message": "no"}
DONE, BAD, UNKNOWN = RowOutcome.DONE, RowOutcome.BAD_ITEM, RowOutcome.UNKNOWN


@pytest.mark.parametrize(
    ("row", "outcomes"),
    [
        ({**NAMED, "variationCustomCode": "tee-07-bk-m "}, [BAD, DONE]),
        ({**NAMED, "variationCustomCode": "tee-07-bk-l", "message": None}, [DONE, DONE]),
        ({**NAMED, "variationCustomCode": None}, [BAD, BAD]),
        ({"customCode": "tee-07", "variationCustomCode": "tee-07-bk-l", "message": "no"},
         [DONE, BAD]),
        ({**NAMED, "variationCustomCode": "another"}, [UNKNOWN, UNKNOWN]),
        ({"message": "no"}, [UNKNOWN, UNKNOWN]),
    ],
)  # fmt: skip
def test_a_refused_row_fails_alone(row: dict[str, object], outcomes: list[RowOutcome]) -> None:
    rows = [StockWrite(TEE_M, 1, None), StockWrite(TEE_L, 1, None)]
    written = run(connect(failing(row), RELATIVE).write_stock(rows))
    assert [one.outcome for one in written.rows] == outcomes


def test_a_refused_fall_is_below_zero_only_where_the_operator_says_so() -> None:
    fall, rise = [StockWrite(TEE_M, -1, None)], [StockWrite(TEE_M, 1, None)]
    refuses = {**RELATIVE, "below_zero": "refuses"}
    for switches, rows, outcome in (
        (RELATIVE, fall, BAD), (refuses, fall, RowOutcome.REFUSED), (refuses, rise, BAD),
    ):  # fmt: skip
        written = run(connect(failing({"message": "no"}), switches).write_stock(rows))
        assert (written.rows[0].outcome, written.rows[0].code) == (outcome, "fail-result")


def test_what_cannot_be_sent_is_not_sent() -> None:
    rows = [StockWrite(MUG_REF, None, -1), StockWrite(TEE_M, None, 10_000_001)]
    written = run(connect(FakeTransport(), ABSOLUTE).write_stock(rows))
    assert [row.code for row in written.rows] == ["bad-quantity"] * 2
    with pytest.raises(ValueError, match="kind"):
        run(connect(FakeTransport(), RELATIVE).write_stock([StockWrite(MUG_REF, None, 1)]))
    with pytest.raises(ValueError, match="rows"):
        run(connect(FakeTransport(), RELATIVE).write_stock([]))


@pytest.mark.parametrize(
    ("reply", "done"),
    [
        (answer(b"<html>", 503), Done.NOT_DONE),
        (bad("FORBIDDEN"), Done.NOT_DONE),
        (bad("GRAPHQL_VALIDATION_FAILED", status=422), Done.NOT_DONE),
        (answer(b"<html>"), Done.UNKNOWN),
        (bad("", "unexpected error"), Done.UNKNOWN),
        (answer({"data": {"updateProductQuantity": None}}), Done.UNKNOWN),
        (answer(b"", 500), Done.UNKNOWN),
    ],
)
def test_what_is_known_after_a_failed_write(reply: Any, done: Done) -> None:
    transport = FakeTransport(updateProductQuantity=reply)
    with pytest.raises(MallError) as caught:
        run(connect(transport, RELATIVE).write_stock([StockWrite(MUG_REF, 1, None)]))
    assert caught.value.done is done


@pytest.mark.parametrize("sub_code", ["", "v-1"])
@pytest.mark.parametrize(
    ("adds", "mode", "shown"), [(True, "relative", [9, 4]), (False, "absolute", [5, 4])]
)
def test_the_probe_tells_adding_from_overwriting_and_puts_the_item_back(
    adds: bool, mode: str, shown: list[int], sub_code: str
) -> None:
    shop = OneProduct(4, adds=adds, sub_code=sub_code)
    item = f"probe/me/{sub_code}" if sub_code else "probe/me"
    found = run(connect(shop.transport(), {"probe_item": item}).probe_quantity_mode())
    assert found == Finding(switches={"quantity_mode": mode}, item=item)
    assert shop.shown == shown
    assert shop.quantity == 4


@pytest.mark.parametrize(
    ("item", "quantity"), [("", 4), ("nowhere", 4), ("probe/me", 0), ("probe/me", 1001)]
)
def test_the_probe_changes_no_item_that_would_tell_nothing(item: str, quantity: int) -> None:
    shop = OneProduct(quantity, adds=True)
    found = run(connect(shop.transport(), {"probe_item": item}).probe_quantity_mode())
    assert (found.switches, found.is_restored, shop.shown) == ({}, True, [])
    assert found.fault is not None
    assert (found.fault.level, found.fault.kind) == (Level.TRANSIENT, FaultKind.PROBE)
    assert "probe_item" in found.fault.message
    assert "probe_item" in found.fault.message_en
    for hint in (found.fault.hint, found.fault.hint_en):
        assert "probe_item" in hint
        assert "quantity_mode" in hint


def test_a_probe_that_a_sale_disturbed_or_that_moved_nothing_says_nothing() -> None:
    def probed(*shown: int, fail: object = None) -> Any:
        fails = [] if fail is None else [fail]
        transport = FakeTransport(
            searchProduct=products(product()),
            searchProductQuantity=[quantities({**MUG, "quantity": one}) for one in shown],
            updateProductQuantity=good("updateProductQuantity", {"failResult": fails}),
        )
        return run(connect(transport).probe_quantity_mode("mug-01"))

    assert (probed(4, 4).switches, probed(4, 4).is_restored) == ({}, True)
    assert (probed(4, 8).switches, probed(4, 8).is_restored) == ({}, False)
    refused = probed(4, fail={"message": "no"})
    assert (refused.switches, refused.is_restored) == ({}, True)
    # Found, but the way back did not lead back: then it was not understood.
    assert (probed(4, 9, 13).switches, probed(4, 9, 13).is_restored) == ({}, False)
