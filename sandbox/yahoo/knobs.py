"""The switches of this mall: what the contract leaves open, and what a test wants to provoke.

`POST /_sandbox/knobs {name: value}` turns them. Each default is the reading the contract finds most
likely; README.md of this folder lists them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from sandbox.yahoo.markup import Dressing
from sandbox.yahoo.public_key import AuthorizeStatus

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e9)]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field per switch."""

    # What a relative fall below 0 does: stops at 0, is refused as a row, or goes on below.
    below_zero: Literal["clamps", "refuses", "negative"] = "clamps"
    # The HTTP status of a setStock of which some rows were refused.
    partial_status: Literal[200, 207] = 200
    # The answer to more than one call a second of the same URL.
    pace_answer: Literal["403", "429", "503"] = "403"
    # Calls per client ID and day; 0 lifts the cap. The sandbox's speed shortens the day.
    calls_per_day: Annotated[int, msgspec.Meta(ge=0)] = 50_000
    # The store-wide over-purchase setting: written by a setStock without allow_overdraft.
    store_overdraft: bool = False
    # The items' keep_stock: whether a buyer's reason of cancel puts the units back.
    keep_stock: bool = True
    # Whether a cancel for a reason of the store's own, through the API, puts the units back.
    store_cancel_restocks: bool = False
    # Whether getStock finds (Status 1) a figure parked for a code that has no item.
    parked_is_found: bool = True
    # Whether myItemList's prefixes ignore case.
    prefix_ignores_case: bool = True
    # Whether a refresh gives out a new refresh token and ends the old one.
    rotates_refresh_token: bool = False
    # Makes the consent this much older, in the mall's seconds: 43200 ends the keyless session,
    # 2419200 the refresh token.
    consent_age_s: Seconds = 0.0
    # How far the stamp inside X-sws-signature may be off; wall time.
    signature_window_s: Seconds = 300.0
    # Overrules the verdict on the public-key headers; "" lets them be judged.
    authorize_status: Literal[""] | AuthorizeStatus = ""
    # How the XML is spelt.
    dressing: Dressing = "cdata"
