"""A fresh desk for each test."""

import pytest

from tests.unit.malls.amazon.pretend import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
