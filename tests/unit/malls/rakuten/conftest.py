"""A fresh desk for each test."""

import pytest

from tests.unit.malls.rakuten.pretend import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
