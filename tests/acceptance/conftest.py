"""The calm house: one running zaiko that the tests of a file share, each its own SKUs.

Its malls are `rakuten` (the base), `yahoo`, and `annex`, a second Yahoo account which repairs
differences by itself and keeps the mall's own side settings.
"""

from collections.abc import Iterator

import pytest

from tests.acceptance.calm import ANNEX, ITEMS, Early, sell_before_start
from tests.acceptance.house import House, furnished, open_up


@pytest.fixture(scope="module")
def early() -> Early:
    """Orders that were placed before the calm house was first started."""
    return Early()


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory, early: Early) -> Iterator[House]:
    """The calm house, opened and in step."""
    directory = tmp_path_factory.mktemp("calm")
    with furnished(directory, ITEMS, per_mall=ANNEX, kinds={"annex": "yahoo"}) as house:
        sell_before_start(house, early)
        open_up(house)
        yield house
        assert house.stop() == 0
