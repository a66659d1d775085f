"""Runs each point's tests for the malls whose card says that it is done, and skips nothing.

A test names its point: `@pytest.mark.point("stock.missing")`. Which malls it runs for is the cards'
to say, so that DONE without a test cannot be. A test that skips is a failure here.
"""

from collections.abc import Generator, Iterator

import pytest

from tests.contract.cards import CARDS, DONE
from tests.contract.shop import Shop, opened


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "point(name): the point of the quality cards it proves")
    config.addinivalue_line("markers", "exempt(name): it runs for the malls exempt from the point")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for name, is_done in (("point", True), ("exempt", False)):
        marker = metafunc.definition.get_closest_marker(name)
        if marker is not None:
            kinds = [kind for kind in CARDS if is_done is (CARDS[kind][marker.args[0]] == DONE)]
            metafunc.parametrize("shop", kinds, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.skipped and item.get_closest_marker("point") is not None:
        report.outcome = "failed"
        report.longrepr = "a point that is DONE was skipped: make it EXEMPT, with a reason"
    return report


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    with opened(request.param) as shop:
        yield shop


@pytest.fixture
def short_walk(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import asks for what these tests put on the shelf, where it has to ask by letter."""
    for name, value in shop.profile.short_walk.items():
        monkeypatch.setattr(name, value)
