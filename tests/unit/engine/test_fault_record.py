"""The life of a fault, and the countdown of keys."""

from collections.abc import Callable

import pytest

from engine.fault_record import (
    DAY_S,
    FamilyGood,
    FaultKey,
    FaultRecord,
    FaultState,
    Good,
    ListingGood,
    TroubleOver,
    cleared,
    days_left,
    expiry_warning,
    fault_key,
    is_degrading,
    is_halting,
    is_healed,
    record_key,
    resolved,
    seen,
)
from engine.faults import (
    BAD_ITEM,
    GONE_LISTING,
    LINK_CONFLICT,
    NO_CREDENTIALS,
    PARKED_ORDER,
    RESTARTS_GIVEN_UP,
    UNCLASSIFIED,
    Family,
    FaultKind,
    FaultSpec,
    Level,
    difference_spec,
    key_expiry_spec,
    oversold_spec,
)

SERVER = FaultSpec(
    level=Level.TRANSIENT,
    kind=FaultKind.SERVER,
    message="サーバーエラー。",
    hint="お待ちください。",
    message_en="Server error.",
    hint_en="Wait.",
)


def opened(
    spec: FaultSpec, *, subject: str = "", family: Family | None = None, code: str = "c"
) -> FaultRecord:
    key = fault_key(spec, "yahoo", subject=subject, family=family, code=code)
    return seen(None, key, spec, code=code, at=10.0)


def test_a_repeat_of_an_open_fault_counts_up() -> None:
    first = opened(SERVER, family=Family.ORDERS)
    again = seen(first, record_key(first), SERVER, code="503", at=20.0)
    assert (again.count, again.first_seen, again.last_seen, again.code) == (2, 10.0, 20.0, "503")
    assert again.state is FaultState.OPEN
    late = seen(again, record_key(first), SERVER, code="503", at=15.0)
    assert (late.count, late.last_seen) == (3, 20.0)


@pytest.mark.parametrize("close", [resolved, cleared], ids=["resolved", "cleared"])
def test_the_same_trouble_after_its_end_is_a_new_record(
    close: Callable[[FaultRecord], FaultRecord],
) -> None:
    first = close(opened(SERVER, family=Family.ORDERS))
    again = seen(first, record_key(first), SERVER, code="503", at=20.0)
    assert (again.id, again.count, again.first_seen) == (0, 1, 20.0)
    assert again.state is FaultState.OPEN


def test_the_life_ends_where_it_must() -> None:
    record = opened(SERVER)
    assert resolved(record).state is FaultState.RESOLVED
    assert cleared(resolved(record)).state is FaultState.CLEARED
    assert resolved(cleared(record)).state is FaultState.CLEARED


def test_what_makes_two_faults_the_same() -> None:
    base = fault_key(SERVER, "yahoo", family=Family.ORDERS, code="500")
    assert base == fault_key(SERVER, "yahoo", family=Family.ORDERS, code="503")
    assert base == FaultKey("yahoo", "", Family.ORDERS, FaultKind.SERVER)
    assert base != fault_key(SERVER, "rakuten", family=Family.ORDERS)
    assert base != fault_key(SERVER, "yahoo", family=Family.STOCK)
    assert base != fault_key(SERVER, "yahoo", subject="a/", family=Family.ORDERS)


def test_each_unknown_code_is_a_fault_of_its_own() -> None:
    keys = {fault_key(UNCLASSIFIED, "yahoo", family=Family.STOCK, code=code) for code in "ab"}
    assert len(keys) == 2
    record = opened(UNCLASSIFIED, family=Family.STOCK, code="a")
    assert record_key(record) in keys


ORDERS = opened(SERVER, family=Family.ORDERS)
ROW = opened(SERVER, subject="tee/", family=Family.STOCK)
DIFFERENCE = opened(difference_spec(-1), subject="tee/")
CONFLICT = opened(LINK_CONFLICT, subject="tee/")
NO_KEY = opened(NO_CREDENTIALS, family=Family.AUTH)


@pytest.mark.parametrize(
    ("record", "good", "expected"),
    [
        pytest.param(ORDERS, FamilyGood("yahoo", Family.ORDERS), True, id="same family"),
        pytest.param(ORDERS, FamilyGood("yahoo", Family.STOCK), False, id="other family"),
        pytest.param(ORDERS, FamilyGood("rakuten", Family.ORDERS), False, id="other mall"),
        pytest.param(cleared(ORDERS), FamilyGood("yahoo", Family.ORDERS), False, id="over"),
        pytest.param(ROW, FamilyGood("yahoo", Family.STOCK), False, id="a row needs its proof"),
        pytest.param(ROW, ListingGood("yahoo", "tee/", 0), True, id="its settled comparison"),
        pytest.param(ROW, ListingGood("yahoo", "mug/", 0), False, id="another listing's"),
        pytest.param(ROW, ListingGood("yahoo", "tee/", -1), True, id="held does not matter"),
        pytest.param(DIFFERENCE, ListingGood("yahoo", "tee/", 0), True, id="held is gone"),
        pytest.param(DIFFERENCE, ListingGood("yahoo", "tee/", -1), False, id="held stands"),
        pytest.param(CONFLICT, ListingGood("yahoo", "tee/", 0), False, id="no proof ends it"),
        pytest.param(CONFLICT, TroubleOver(record_key(CONFLICT)), True, id="released"),
        pytest.param(CONFLICT, TroubleOver(record_key(ROW)), False, id="something else over"),
        pytest.param(NO_KEY, FamilyGood("yahoo", Family.AUTH), False, id="level 9 stays"),
        pytest.param(NO_KEY, TroubleOver(record_key(NO_KEY)), False, id="level 9 is cleared"),
    ],
)
def test_what_heals_a_fault(record: FaultRecord, good: Good, expected: bool) -> None:
    assert is_healed(record, good) is expected


@pytest.mark.parametrize(
    ("level", "family", "expected"),
    [
        (Level.CREDENTIALS, Family.ORDERS, True),
        (Level.CREDENTIALS, Family.STOCK, True),
        (Level.CREDENTIALS, Family.AUTH, True),
        (Level.CREDENTIALS, None, True),
        (Level.CREDENTIALS, Family.ITEMS, False),
        (Level.CREDENTIALS, Family.LICENCE, False),
        (Level.TRANSIENT, Family.ORDERS, False),
    ],
)
def test_a_refused_credential_halts_only_where_the_lane_needs_it(
    level: Level, family: Family | None, expected: bool
) -> None:
    assert is_halting(level, family) is expected


def test_only_a_fault_of_the_mall_itself_shows_it_degraded() -> None:
    assert is_degrading(ORDERS)
    assert not is_degrading(resolved(ORDERS))
    assert not is_degrading(ROW)
    assert not is_degrading(NO_KEY)
    assert not is_degrading(opened(key_expiry_spec(3)))


def test_zaikos_own_faults_say_what_they_must() -> None:
    assert "複数の商品が紐づいています" in LINK_CONFLICT.message
    assert "売り越し" in oversold_spec(-2).message
    assert "-2" in oversold_spec(-2).message
    assert "差異" in difference_spec(1).message
    assert "+1" in difference_spec(1).message_en
    assert "14" in key_expiry_spec(14).message
    assert NO_CREDENTIALS.level is Level.CREDENTIALS
    own = [
        BAD_ITEM,
        GONE_LISTING,
        LINK_CONFLICT, NO_CREDENTIALS, PARKED_ORDER, RESTARTS_GIVEN_UP, UNCLASSIFIED,
        oversold_spec(-1), difference_spec(1), key_expiry_spec(1),
    ]  # fmt: skip
    assert len({spec.kind for spec in own}) == len(own)
    for spec in own:
        assert spec.message
        assert spec.hint
        assert spec.message_en
        assert spec.hint_en


@pytest.mark.parametrize(
    ("left_days", "warned", "expected"),
    [
        pytest.param(14.01, None, None, id="not yet"),
        pytest.param(14.0, None, 14, id="fourteen"),
        pytest.param(13.9, 14, None, id="once only"),
        pytest.param(7.0, 14, 7, id="seven"),
        pytest.param(3.0, 7, 3, id="three"),
        pytest.param(1.0, 3, 1, id="one"),
        pytest.param(0.5, 1, None, id="the last was said"),
        pytest.param(2.0, None, 3, id="slept through: the nearest only"),
        pytest.param(-1.0, 3, 1, id="over, never said"),
        pytest.param(20.0, 1, None, id="a new key"),
    ],
)
def test_a_key_is_counted_down(left_days: float, warned: int | None, expected: int | None) -> None:
    now = 1_000_000.0
    assert expiry_warning(now + left_days * DAY_S, now, warned) == expected


@pytest.mark.parametrize(
    ("left_s", "expected"),
    [(0.0, 0), (-5.0, 0), (1.0, 1), (DAY_S, 1), (DAY_S + 1, 2), (14 * DAY_S, 14)],
)
def test_days_left_count_a_part_as_one(left_s: float, expected: int) -> None:
    assert days_left(1_000_000.0 + left_s, 1_000_000.0) == expected
