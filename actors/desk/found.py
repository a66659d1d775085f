"""What a probe of a mall found, as the mall's row keeps it: one JSON text, "" for nothing yet."""

from collections.abc import Mapping

import msgspec
from msgspec import Struct


class Found(Struct, frozen=True, kw_only=True):
    """The last probe of one mall."""

    trial: str
    """`Card.trial` it was made by; by another one nothing is found."""
    switches: Mapping[str, str] = {}
    """What was found; {}: nothing."""
    under_way: int = 0
    """The number of the probe that was given out and has not been answered; 0: none."""

    @property
    def text(self) -> str:
        """As the row keeps it."""
        return msgspec.json.encode(self).decode()


def found_in(text: str, trial: str) -> Found:
    """What the row's text says of this trial; what was found by another one is forgotten."""
    found = msgspec.json.decode(text, type=Found) if text else None
    return found if found is not None and found.trial == trial else Found(trial=trial)
