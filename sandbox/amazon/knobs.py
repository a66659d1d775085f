"""The switches of the pretend Amazon: what the contract leaves open, and what tests provoke.

Seconds are the mall's: the sandbox's speed divides them. README.md of this folder lists the knobs.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e6)]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field per switch."""

    # How old a new order or a change must be before the Orders APIs show it.
    lag_s: Seconds = 120.0
    # An accepted quantity becomes live at the latest after this.
    live_s: Seconds = 600.0
    # A quantity that is read is at most this old.
    stale_s: Seconds = 600.0
    # True: both are exactly so long. False: they are bounds, every write and read throws its dice.
    exact_lags: bool = False
    # True: what was accepted later never becomes live earlier (per SKU).
    live_in_order: bool = False
    # A merge of lead time or restock date without a quantity is INVALID.
    merge_needs_quantity: bool = True
    # Whether a cut line lowers quantityOrdered, or quantityUnfulfilled only (2026-01-01).
    partial_cancel: Literal["ordered", "unfulfilled"] = "ordered"
    # Whether the lines of a cancelled order show 0 ordered.
    cancelled_is_zero: bool = True
    # Order items of this SKU come without their SKU.
    unnamed_sku: str = ""
    # Listings with a standing issue; pushes to them are accepted with a warning.
    flawed_skus: tuple[str, ...] = ()
    # False: BUYER and RECIPIENT are refused, because the application lacks the role.
    buyer_role: bool = True
    # How long a feed waits in the queue, and how long it is in progress.
    feed_queue_s: Seconds = 8.0
    feed_s: Seconds = 92.0
    # How feeds end. HALF: FATAL after every second message was taken.
    feed_end: Literal["DONE", "FATAL", "HALF"] = "DONE"
    # How long a report takes.
    report_s: Seconds = 15.0
    # Whether processing reports, and listing reports, come compressed.
    gzip_results: bool = True
    gzip_reports: bool = False
    # The encoding of listing reports. unsaid: cp932 without a charset in the Content-Type.
    report_charset: Literal["cp932", "utf-8", "unsaid"] = "cp932"
    # The language of the column headers; asked: preferredReportDocumentLocale, else Japanese.
    report_headers: Literal["asked", "ja", "en"] = "asked"
