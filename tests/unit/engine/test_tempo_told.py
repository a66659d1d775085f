"""What a card's rates allow, told: waits and totals, without bursts."""

import pytest
from msgspec.structs import replace

from engine.connector import Card, Rate, WriteKind
from engine.tempo_told import compare_all_s, order_takes_s, poll_allowed_s, poll_burst, push_all_s
from malls.registry import KINDS, card_of

CARD = Card(
    kind="x",
    title="",
    write_kind=WriteKind.GUARDED,
    push_rows_max=200,
    read_rows_max=50,
    fetch_orders_max=1,
    fetch_is_bulk=True,
    order_window_days_max=1.0,
    rates=(
        Rate(bucket="list", calls=0.1, per_s=1.0, burst=19),
        Rate(bucket="order", calls=1, per_s=2.0, burst=29),
        Rate(bucket="look", calls=5, per_s=1.0),
        Rate(bucket="write", calls=4, per_s=1.0),
    ),
    credential_fields=(),
    base_url="",
    order_conditions="",
    order_conditions_en="",
    key_renewal="",
    key_renewal_en="",
    poll_calls=("list",),
    order_calls=("order",),
    write_calls=("look", "write"),
    read_calls=("look",),
)


def test_a_poll_takes_as_long_as_its_lists_call_takes_to_come_back() -> None:
    assert poll_allowed_s(CARD, 1.0) == pytest.approx(10.0)
    assert poll_allowed_s(replace(CARD, poll_calls=("list", "list")), 1.0) == pytest.approx(20.0)
    assert poll_burst(CARD) == 19
    assert order_takes_s(CARD, 1.0) == pytest.approx(2.0)


def test_calls_of_different_buckets_come_back_side_by_side_and_of_one_bucket_in_turn() -> None:
    assert push_all_s(CARD, 1000, 1.0) == pytest.approx(5 * 0.25)
    assert push_all_s(replace(CARD, write_calls=("look", "look")), 1000, 1.0) == pytest.approx(2.0)


@pytest.mark.parametrize(("listings", "batches"), [(0, 0), (1, 1), (50, 1), (51, 2), (1000, 20)])
def test_a_comparison_reads_full_batches_with_half_of_the_rate(listings: int, batches: int) -> None:
    assert compare_all_s(CARD, listings, 1.0) == pytest.approx(batches * 0.2 / 0.5)


def test_a_sandboxs_speed_divides_everything() -> None:
    for figure in (poll_allowed_s, order_takes_s):
        assert figure(CARD, 60.0) == pytest.approx(figure(CARD, 1.0) / 60)
    for total in (push_all_s, compare_all_s):
        assert total(CARD, 999, 60.0) == pytest.approx(total(CARD, 999, 1.0) / 60)


def test_a_card_that_tells_no_calls_tells_no_time() -> None:
    silent = replace(CARD, poll_calls=(), order_calls=(), write_calls=(), read_calls=())
    assert poll_allowed_s(silent, 1.0) == order_takes_s(silent, 1.0) == 0.0
    assert push_all_s(silent, 100, 1.0) == compare_all_s(silent, 100, 1.0) == 0.0
    assert poll_burst(silent) == 1


@pytest.mark.parametrize(
    ("kind", "switches", "poll_s", "order_s", "push_s", "compare_s"),
    [
        ("rakuten", {}, 2.2, 0.0, 27.5, 10.0),
        ("yahoo", {}, 1.1, 1.1, 11.0, 22.0),
        ("amazon", {}, 178.6, 0.0, 120.482, 200.0),
        ("amazon", {"orders_api": "v0"}, 59.9, 2.0, 120.482, 200.0),
        ("aupay", {}, 1.0, 0.0, 100.0, 100.0),
        ("aupay", {"reads": "stale"}, 1.0, 0.0, 50.0, 100.0),
        ("makeshop", {"quantity_mode": "absolute"}, 1.0, 0.0, 200.0, 200.0),
        ("makeshop", {"quantity_mode": "relative"}, 1.0, 0.0, 100.0, 200.0),
    ],
)
def test_ten_thousand_listings_of_each_mall(
    kind: str, switches: dict[str, str], poll_s: float, order_s: float, push_s: float,
    compare_s: float,
) -> None:  # fmt: skip
    card = card_of(kind, switches)
    assert poll_allowed_s(card, 1.0) == pytest.approx(poll_s, abs=0.1)
    assert order_takes_s(card, 1.0) == pytest.approx(order_s)
    assert push_all_s(card, 10_000, 1.0) == pytest.approx(push_s, abs=0.01)
    assert compare_all_s(card, 10_000, 1.0) == pytest.approx(compare_s)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_mall_tells_its_calls(kind: str) -> None:
    card = card_of(kind, {})
    assert card.poll_calls
    assert card.write_calls
    assert card.read_calls
    told = {*card.poll_calls, *card.order_calls, *card.write_calls, *card.read_calls}
    told |= {*card.feed_calls}
    assert told <= {rate.bucket for rate in card.rates}
