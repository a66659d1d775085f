"""The seam: what a pretend mall must bring so that the core can serve it. See README.md.

The core owns HTTP, the side door, faults, rates, call counts and time-outs. A mall owns its paths,
its words and its credentials. Handlers are plain functions: the body has been read before and
nothing is awaited inside, so each is one atomic step of the shop.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

import msgspec
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from sandbox.faults import Family, Fault, FaultKind
from sandbox.pacing import Rate
from sandbox.rules import Key
from sandbox.shop import Shop

RefusalKind = Literal["maintenance", "rate_limit", "server_error", "expired_key"]
ConfigValue = str | int | float | bool


@dataclass(slots=True)
class Call:
    """One API call with its whole body."""

    method: str
    path: str
    headers: Headers
    query: QueryParams
    body: bytes
    endpoint: Endpoint | None  # None: no such path
    captures: Mapping[str, str] = field(default_factory=dict)  # {name} parts of the path
    fault: Fault | None = None  # bad_item or page_shift, when one waits for this call
    retry_s: float = 0.0  # set before refuse("rate_limit"): seconds until it would be allowed

    @property
    def family(self) -> Family:
        """Which faults concern it."""
        return self.endpoint.family if self.endpoint else "items"


Handler = Callable[[Call], Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One function of the mall's API."""

    method: str
    path: str  # may hold {name} parts; also the name in `calls`
    family: Family  # which faults concern it
    handler: Handler
    rate: Rate | None = None
    writes_stock: bool = False  # the faults timeout_*, late_apply and bad_item act on it
    trailing_slash: bool = False  # also served with a slash at the end


class NewCredentials(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /_sandbox/credentials`. Seconds are wall time."""

    grace_s: float = 0.0  # the new ones are refused for so long (a key change takes time)
    life_s: float | None = None  # the new ones expire after this; None: the mall's own life


class Mall(Protocol):
    """One pretend mall with one merchant in it."""

    kind: str
    shop: Shop
    knobs: msgspec.Struct  # a frozen struct with defaults; `POST /_sandbox/knobs` replaces it

    def endpoints(self) -> Sequence[Endpoint]:
        """Return every path it serves; read once at the start."""

    def authorise(self, call: Call) -> Response | None:
        """Return None when the call's credentials are good here, else the mall's answer."""

    def refuse(self, kind: RefusalKind, form: str, call: Call) -> Response:
        """Return the mall's own answer of this kind; `form` is one of `forms()[kind]`."""

    def forms(self) -> Mapping[FaultKind, Sequence[str]]:
        """Return the forms of each answer: all kinds of `refuse`, and `bad_item` if it has any.

        The first is the default.
        """

    def unknown_path(self, call: Call) -> Response:
        """Return the answer to a path or a method it does not serve; asked after `authorise`."""

    def reply_headers(self, call: Call) -> Mapping[str, str]:
        """Return the headers of every API reply, faults included; `Date` is the core's."""

    def urls(self, base_url: str) -> Mapping[str, str]:
        """Return further endpoint URLs for the ready line (a token endpoint)."""

    def config(self) -> Mapping[str, ConfigValue]:
        """Return further settings zaiko needs to drive this sandbox."""

    def credentials(self) -> Mapping[str, str]:
        """Return the working credentials: what `key set` takes."""

    def renew(self, wish: NewCredentials) -> Mapping[str, str]:
        """Issue new working credentials; the old ones stop at once."""


class RefusedRow(NamedTuple):
    """The row of a write that the fault `bad_item` refuses."""

    place: int  # its index among the keys
    form: str  # one of forms()["bad_item"], or "" for the default


def refused_row(shop: Shop, call: Call, keys: Sequence[Key]) -> RefusedRow | None:
    """Return the row that the fault `bad_item` makes this write refuse, or None.

    Give the folded keys of the write's rows in order; the fault is spent when there is a row.
    """
    fault = call.fault
    if fault is None or fault.wish.kind != "bad_item" or not keys:
        return None
    index = 0
    if fault.wish.code is not None:
        named = shop.rules.fold(fault.wish.code, fault.wish.sub_code)
        if named not in keys:
            return None
        index = list(keys).index(named)
    call.fault = None
    shop.faults.spend(fault)
    return RefusedRow(index, fault.wish.form)


def page_shift(shop: Shop, call: Call, offset: int) -> int:
    """Return how many rows have just left the already-read pages of this list: 0 or 1.

    Ask when a page other than the first is read, and leave that many rows out at the start of the
    whole list: later rows move up, a naive reader loses one. The row is back for the next page.
    """
    fault = call.fault
    if fault is None or fault.wish.kind != "page_shift" or offset <= 0:
        return 0
    call.fault = None
    shop.faults.spend(fault)
    return 1
