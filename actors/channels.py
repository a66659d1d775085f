"""Where notifications go: channel names and their addresses, kept like keys and never shown.

An address (`slack://...`, `mailto://...`) holds tokens and passwords, so all of them lie in one key
file, 0600, and neither in the settings nor in the database or a log.
"""

import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from actors.keys import read_key, store_key
from config.settings import Settings

CHANNELS_MAX: Final = 20
"""Channels one house may have."""
ADDRESS_CHARACTERS_MAX: Final = 4_000
"""A longer address is none."""
_SCHEME: Final = re.compile(r"([a-z][a-z0-9]{0,31})://\S+", re.IGNORECASE)


def read_channels(path: Path) -> dict[str, str]:
    """Every stored channel's address by its name. Raises KeyUnreadable."""
    stored = read_key(path)
    return {} if stored is None else dict(stored.credentials)


def chosen_channels(path: Path, settings: Settings) -> dict[str, str]:
    """Those that the settings use. Raises KeyUnreadable."""
    return {
        name: address
        for name, address in read_channels(path).items()
        if settings.uses_channel(name)
    }


def write_channels(path: Path, channels: Mapping[str, str]) -> None:
    """Replaces the stored channels, whole or not at all."""
    store_key(path, channels, time.time())


def service_of(address: str) -> str:
    """The kind of service an address names (`slack`), which is no secret; "" for no address."""
    found = _SCHEME.fullmatch(address.strip())
    return "" if found is None else found.group(1).lower()
