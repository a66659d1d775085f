"""The switches of the pretend au PAY Market: what the contract leaves open, and what tests provoke.

`POST /_sandbox/knobs {name: value}` turns them; README.md of this folder lists them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from sandbox.aupay.markup import Dressing

Seconds = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
Count = Annotated[int, msgspec.Meta(ge=0, le=99_999)]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Knobs(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field per switch."""

    # False: the caller's IP address is not on the shop's list.
    ip_registered: bool = True
    # The HTTP status of a refusal at call level and of an updateStock with refused rows.
    error_status: Literal[200, 400, 500] = 200
    # searchStocks shows the quantities of so long ago; divided by the speed.
    stale_s: Seconds = 0.0
    # What stands for the axis that an item does not have.
    absent_axis: Literal["-", ""] = "-"
    # Which axis an item with one axis has.
    lone_axis: Literal["vertical", "horizontal"] = "vertical"
    # True: a write must repeat both choice codes exactly as searchStocks shows them.
    axis_echo: bool = False
    # How an order line joins the two codes.
    joins: Literal["hv", "vh"] = "hv"
    # The largest choicesStockCount; more is refused (perhaps 999 on the real mall).
    choices_count_max: Count = 99_999
    # What becomes of the choices that a write of an item leaves out.
    choices_left_out: Literal["kept", "zeroed"] = "kept"
    # updateResult rows come in the reverse order of the request.
    results_reversed: bool = False
    # These items show their first choice twice, the second time split elsewhere (a + bc, ab + c).
    twin_codes: tuple[str, ...] = ()
    # The shop's free management id of every item; order lines of plain items then show it too.
    item_management_id: Annotated[str, msgspec.Meta(max_length=100)] = ""
    # Whether searchItemInfos holds registerStock.
    list_shows_stock: bool = False
    # The status texts; a shop may move orders to a folder of its own making.
    new_status: Word = "新規受付"
    confirmed_status: Word = "発送待ち"
    # A cancel shows as キャンセル受付中 for so long first; divided by the speed.
    cancel_pending_s: Seconds = 0.0
    # A line taken out of an order: it stays with itemCancelStatus Y, or is gone.
    cut_lines: Literal["flagged", "gone"] = "flagged"
    # The order of the order lists.
    newest_first: bool = False
    # searchTradeNoListProc: an orderInfo for each number, or one for all.
    numbers_nested: Literal["each", "one"] = "each"
    # How the XML is spelt.
    dressing: Dressing = "plain"
