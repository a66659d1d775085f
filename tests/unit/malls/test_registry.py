"""The registry: every kind is named, and asking for one loads that one only."""

import subprocess
import sys
from pathlib import Path

import pytest

from malls.registry import KINDS

ROOT = Path(__file__).parents[3]


def test_every_kind_is_named_without_loading_any() -> None:
    program = (
        "import sys; from malls.registry import KINDS\n"
        "assert set(KINDS) == {'rakuten', 'yahoo'} and len(KINDS) == 2 and 'yahoo' in KINDS\n"
        "loaded = [name for name in sys.modules if name.startswith('malls.')]\n"
        "assert loaded == ['malls.registry'], loaded\n"
        "assert KINDS['rakuten'].card.kind == 'rakuten'\n"
        "assert not any(name.startswith('malls.yahoo') for name in sys.modules)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT)
    assert ended.returncode == 0


def test_a_kind_nobody_wrote_is_a_key_error() -> None:
    assert "nowhere" not in KINDS
    with pytest.raises(KeyError):
        KINDS["nowhere"]


def test_rakutens_card_says_what_the_protocol_must_know() -> None:
    card = KINDS["rakuten"].card
    assert (card.write_kind, card.below_zero) == ("relative", "refuses")
    assert (card.push_rows_max, card.read_rows_max, card.fetch_orders_max) == (400, 1000, 100)
    assert [field.name for field in card.credential_fields] == ["service_secret", "license_key"]
    assert all(field.is_secret and field.is_required for field in card.credential_fields)
    assert KINDS["rakuten"].renewal is None
