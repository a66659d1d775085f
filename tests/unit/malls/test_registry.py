"""The registry: every kind is named, and asking for one loads that one only."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.connector import Credentials, FeedConnection, Reply, Request, Session, WriteKind
from malls.registry import KINDS, card_of, connector_of, settled_switches

ROOT = Path(__file__).parents[3]


def test_every_kind_is_named_without_loading_any() -> None:
    program = (
        "import sys; from malls.registry import KINDS, card_of, connector_of, settled_switches\n"
        "assert KINDS == ('rakuten', 'yahoo', 'amazon', 'aupay', 'makeshop')\n"
        "loaded = [name for name in sys.modules if name.startswith('malls.')]\n"
        "assert loaded == ['malls.registry'], loaded\n"
        "assert connector_of('rakuten', {}).card.kind == 'rakuten'\n"
        "assert card_of('amazon', {}).kind == 'amazon'\n"
        "assert not any(name.startswith('malls.yahoo') for name in sys.modules)\n"
        "assert 'malls.amazon.connection' not in sys.modules\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT)
    assert ended.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_card_and_a_connector_of_its_name(kind: str) -> None:
    assert card_of(kind, {}).kind == kind
    assert connector_of(kind, {}).card == card_of(kind, {})


async def _nothing(_: Credentials) -> None: ...


class _NoTransport:
    async def send(self, request: Request, judge: Callable[[Reply], None]) -> Reply:
        raise AssertionError("opening a connection makes no call")

    def now(self) -> float:
        return 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_the_connections_of_malls_with_feeds_take_feeds_and_no_others(kind: str) -> None:
    connector = connector_of(kind, {})
    credentials = {field.name: "x" for field in connector.card.credential_fields}
    session = Session(transport=_NoTransport(), credentials=credentials, save_credentials=_nothing)
    is_feeding = isinstance(connector.connect(session), FeedConnection)
    assert is_feeding is (connector.card.feed_rows_max > 0)
    assert connector.card.feed_from <= connector.card.feed_rows_max


def test_a_kind_nobody_wrote_is_a_key_error() -> None:
    for ask in (card_of, connector_of):
        with pytest.raises(KeyError):
            ask("nowhere", {})


@pytest.mark.parametrize(
    ("kind", "switches", "write_kind"),
    [
        ("aupay", {"reads": "live"}, WriteKind.GUARDED),
        ("aupay", {"reads": "stale"}, WriteKind.ANCHORED),
        ("makeshop", {"quantity_mode": "probe"}, WriteKind.GUARDED),
        ("makeshop", {"quantity_mode": "relative"}, WriteKind.RELATIVE),
        ("amazon", {}, WriteKind.ANCHORED),
    ],
)
def test_an_accounts_switches_make_its_card(
    kind: str, switches: dict[str, str], write_kind: WriteKind
) -> None:
    assert connector_of(kind, switches).card.write_kind is write_kind


def test_what_a_probe_found_overrules_the_settings_only_where_they_ask_for_one() -> None:
    found = {"quantity_mode": "relative"}
    asked, told = {"quantity_mode": "probe"}, {"quantity_mode": "absolute"}
    assert settled_switches("makeshop", asked, found) == found
    assert settled_switches("makeshop", told, found) == told
    assert settled_switches("rakuten", {}, found) == {}
    assert not card_of("makeshop", settled_switches("makeshop", asked, found)).needs_probe


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_may_need_a_probe_has_one_and_names_its_trial(kind: str) -> None:
    connector = connector_of(kind, {})
    assert connector.card.needs_probe <= (connector.probe is not None)
    assert bool(connector.card.trial) is (connector.probe is not None)


def test_amazons_older_order_list_may_be_asked_more_often() -> None:
    old, new = card_of("amazon", {"orders_api": "v0"}), card_of("amazon", {})
    assert 59 < old.poll_distance_s < 61
    assert 178 < new.poll_distance_s < 180


def test_rakutens_card_says_what_the_protocol_must_know() -> None:
    card = card_of("rakuten", {})
    assert (card.write_kind, card.below_zero) == ("relative", "refuses")
    assert (card.push_rows_max, card.read_rows_max, card.fetch_orders_max) == (400, 1000, 100)
    assert [field.name for field in card.credential_fields] == ["service_secret", "license_key"]
    assert all(field.is_secret and field.is_required for field in card.credential_fields)
    assert connector_of("rakuten", {}).renewal is None
