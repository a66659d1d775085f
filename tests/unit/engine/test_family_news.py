"""What of a family's failures and successes is told."""

import pytest

from engine.family_news import FamilyNews, halts_lane
from engine.faults import NO_CREDENTIALS, UNCLASSIFIED, Family, FaultSpec, MallError


def test_the_first_success_is_told_because_an_older_fault_may_still_stand() -> None:
    news = FamilyNews()
    assert news.succeeded(Family.ORDERS)
    assert not news.succeeded(Family.ORDERS)
    assert news.succeeded(Family.STOCK)


def test_a_failure_is_told_once_then_once_an_interval_and_at_once_when_it_changes() -> None:
    news = FamilyNews()
    assert news.failed(Family.ORDERS, "503", 0, 60)
    assert not news.failed(Family.ORDERS, "503", 59, 60)
    assert news.failed(Family.ORDERS, "503", 60, 60)
    assert news.failed(Family.ORDERS, "504", 61, 60)
    assert news.is_failing


def test_a_success_after_a_failure_is_told_and_a_failure_after_it_too() -> None:
    news = FamilyNews()
    news.succeeded(Family.ORDERS)
    news.failed(Family.ORDERS, "503", 0, 60)
    assert news.succeeded(Family.ORDERS)
    assert not news.is_failing
    assert news.failed(Family.ORDERS, "503", 1, 60)


@pytest.mark.parametrize(
    ("spec", "family", "halts"),
    [
        (NO_CREDENTIALS, Family.ORDERS, True),
        (NO_CREDENTIALS, Family.STOCK, True),
        (NO_CREDENTIALS, Family.AUTH, True),
        (NO_CREDENTIALS, Family.ITEMS, False),
        (NO_CREDENTIALS, Family.LICENCE, False),
        (UNCLASSIFIED, Family.ORDERS, False),
    ],
)
def test_only_level_9_of_a_family_the_lane_needs_halts_it(
    spec: FaultSpec, family: Family, halts: bool
) -> None:
    assert halts_lane(MallError(spec, family=family, code="x")) is halts
