"""One mall account as the settings tell it: its HTTP client, tempo and switches."""

from collections.abc import Mapping
from typing import Final

from actors.mall_clock import MallClock
from actors.mall_http import MallHttp
from config.settings import MallSettings, Settings
from engine.connector import Card, Kind
from engine.mall_action import GRACE_INTERVAL_S, LATE_ORDERS_S, POLL_DISTANCE_S, Tempo
from engine.pacing import Pacing
from malls.registry import connector_of, settled_switches

DAY_S: Final = 86_400.0


NOTHING_FOUND: Final[Mapping[str, str]] = {}


def kind_of(settings: MallSettings, found: Mapping[str, str] = NOTHING_FOUND) -> Kind:
    """The connector of a mall, with the card its switches make and what a probe found."""
    return connector_of(settings.kind, settled_switches(settings.kind, settings.switches, found))


def base_url_of(settings: MallSettings, card: Card) -> str:
    """Where the mall is: a sandbox's address, or the real one."""
    return settings.base_url or card.base_url


def open_http(settings: MallSettings, card: Card) -> MallHttp:
    """The mall's HTTP client; no call is made."""
    return MallHttp(
        base_url=base_url_of(settings, card),
        timeout_s=settings.http_timeout_s,
        retry_bound_s=settings.retry_bound_s,
        pacing=Pacing(card.rates, speed=settings.speed, wait_s_max=settings.retry_after_s_max),
        clock=MallClock(),
        rate_header=card.rate_header,
    )


def switches_of(
    settings: MallSettings, found: Mapping[str, str] = NOTHING_FOUND
) -> Mapping[str, str]:
    """What the connector is told beside its credentials."""
    base_url = settings.base_url or ""
    return {
        **settled_switches(settings.kind, settings.switches, found),
        "speed": str(settings.speed),
        "base_url": base_url,
        # A sandbox serves its token endpoint beside its calls.
        "auth_url": base_url,
    }


def tempo_of(house: Settings, settings: MallSettings, card: Card) -> Tempo:
    """How fast the mall is driven."""
    bounds = settings.bounds
    return Tempo(
        write_kind=card.write_kind,
        poll_interval_s=settings.poll_interval_s,
        reread_interval_s=settings.reread_interval_s,
        changeable_s=settings.changeable_days * DAY_S,
        lag_s=bounds.lag_s,
        eps_s=bounds.eps_s,
        stamp_resolution_s=card.stamp_resolution_s,
        heartbeat_interval_s=house.heartbeat_interval_s,
        lease_fresh_s=house.lease_fresh_s,
        grace_interval_s=GRACE_INTERVAL_S / settings.speed,
        has_feeds=card.feed_rows_max > 0,
        lists_changes=card.lists_changes,
        late_orders_s=LATE_ORDERS_S / settings.speed,
        poll_distance_s=max(POLL_DISTANCE_S, card.poll_distance_s / settings.speed),
    )
