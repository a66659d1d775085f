"""The switches of the pretend MakeShop: what the contract leaves open, and what tests provoke.

`POST /_sandbox/knobs {name: value}` turns them; README.md of this folder lists them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Size = Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field per switch."""

    # What quantityCalculationType 1 does; 0 does the other. With overwrite, -1 means unlimited.
    quantity_calculation: Literal["add", "overwrite"] = "add"
    # A fall below 0: the row fails, or the quantity stops at 0.
    below_zero: Literal["refuses", "clamps"] = "refuses"
    # How many rows one stock mutation may have.
    rows_max: Size = 100
    # How a mutation without a failed row says so.
    nothing_failed: Literal["list", "null"] = "list"
    # How the quantity of an unlimited row (the side door's overdraft) is shown.
    unlimited_shows: Literal["minus_one", "null"] = "minus_one"
    # The longest page that is really given, whatever `limit` asks.
    product_page_max: Size = 200
    order_page_max: Size = 200
    # Operations that the shop has not been granted, and the HTTP status of saying so.
    forbidden: tuple[str, ...] = ()
    forbidden_status: Literal[200, 403] = 200
    # Which field tells a cancel: deliveryStatus C, paymentStatusCode 0003, or both.
    cancel_shows: Literal["both", "delivery", "payment"] = "both"
    # The deliveryStatus of an order that was cancelled after it had been shipped: C, or R.
    shipped_cancel: Literal["C", "R"] = "C"
    # An order that its buyer cancels before it is confirmed (a failed payment) disappears.
    failed_payment_vanishes: bool = False
    # Each line goes to an address of its own: one deliveryInfos entry a line.
    split_deliveries: bool = False
    # variationCustomCode of order lines comes with blanks behind.
    padded_codes: bool = False
    # The variations of these products have no variationCustomCode.
    uncoded_products: tuple[str, ...] = ()
