"""The probe: what the mall does with a written quantity, tried on an item the operator named.

Read q, write q + 1, read again: q + 1 means that the mall overwrites, 2q + 1 that it adds, and
anything else says nothing. Then the item is put back to q by the way just found and read a last
time, which also proves that a negative difference is taken off. With q of 0 both readings would
look alike, so the item needs a unit at least. While the probe runs, up to 2q + 1 units are shown:
the item should not be on sale. Facts: docs/malls/makeshop.md.
"""

from msgspec import Struct

from engine.catalogue import ListingRef
from engine.connector import RowOutcome
from engine.faults import Family
from malls.makeshop import products, stock
from malls.makeshop.card import ABSOLUTE, PROBE_ITEM, RELATIVE, quantity_type
from malls.makeshop.credentials import Door
from malls.makeshop.products import Handle, native_of
from malls.makeshop.stock import Entry
from malls.makeshop.wire import Product, raw_text, text

PROBE_UNITS_MAX = 1000
"""An item with more in stock is no test item."""


class Finding(Struct, frozen=True, kw_only=True):
    """What the probe found."""

    mode: str = ""
    """`relative` or `absolute`, the value for `quantity_mode`; "": nothing can be said."""
    quantity_type: int
    """The quantityCalculationType that was tried."""
    before: int | None = None
    after: int | None = None
    """What was shown before and after the write."""
    is_restored: bool = True
    """The item shows again what it showed before."""
    message: str
    """Japanese, one sentence for the operator."""
    message_en: str


async def probe_quantity_mode(door: Door, item: str = "") -> Finding:
    """Tries the item, `CODE` or `CODE/VARIATION`, by default the one the settings name.

    Raises `MallError` where a call fails; the item may then show what the probe wrote.
    """
    kind = quantity_type(door.switches)
    ref = await _ref_of(door, item or door.switches.get(PROBE_ITEM, "").strip())
    if ref is None:
        return Finding(
            quantity_type=kind,
            message="probe_item の商品が見つかりません。",
            message_en="The item that probe_item names is not there.",
        )
    before = await _shown(door, ref)
    if before is None or not 0 < before <= PROBE_UNITS_MAX:
        return Finding(
            quantity_type=kind,
            before=before,
            message="probe_item の商品は在庫数が1以上（1000以下）で、無制限でない必要があります。",
            message_en="The item that probe_item names needs 1 to 1000 units, and not unlimited.",
        )
    if not await _write(door, ref, before + 1, kind):
        return Finding(
            quantity_type=kind,
            before=before,
            after=before,
            message="MakeShop が probe_item の商品の在庫更新を受け付けませんでした。",
            message_en="MakeShop refused to take a quantity for the item that probe_item names.",
        )
    after = await _shown(door, ref)
    mode = {before + 1: ABSOLUTE, 2 * before + 1: RELATIVE}.get(-1 if after is None else after, "")
    if not mode or after is None:
        return Finding(
            quantity_type=kind,
            before=before,
            after=after,
            is_restored=after == before,
            message="在庫の更新方法を判定できませんでした。商品の在庫数を確かめてください。",
            message_en="The probe could not tell what was done; look at the item's quantity.",
        )
    return await _restored(door, ref, Finding(
        mode=mode,
        quantity_type=kind,
        before=before,
        after=after,
        message=(
            "MakeShop は送信した数を在庫に加算します。"
            if mode == RELATIVE
            else "MakeShop は送信した数で在庫を上書きします。"
        ),
        message_en=(
            "MakeShop adds the number sent." if mode == RELATIVE else "MakeShop overwrites."
        ),
    ))  # fmt: skip


async def _restored(door: Door, ref: ListingRef, found: Finding) -> Finding:
    """The item put back by the way found; where that fails, nothing counts as found."""
    before, after = found.before or 0, found.after or 0
    number = before - after if found.mode == RELATIVE else before
    await _write(door, ref, number, found.quantity_type)
    if await _shown(door, ref) == before:
        return found
    return Finding(
        quantity_type=found.quantity_type,
        before=before,
        after=after,
        is_restored=False,
        message="確認後に在庫数を元へ戻せませんでした。商品の在庫数を直してください。",
        message_en="The item could not be put back after the probe; correct its quantity.",
    )


async def _shown(door: Door, ref: ListingRef) -> int | None:
    read = await stock.read_stock(door, [ref])
    return read.rows[0].quantity if read.rows else None


async def _write(door: Door, ref: ListingRef, number: int, kind: int) -> bool:
    _, _, results = await stock.send(door, [Entry(ref, number)], kind)
    return results[0].outcome is RowOutcome.DONE


async def _ref_of(door: Door, item: str) -> ListingRef | None:
    """The listing an operator's text names; a code may hold a slash itself."""
    if not item:
        return None
    product = await products.find(door, item, Family.STOCK)
    if product is not None:
        return None if product.variations else _ref(product, item, "", "")
    code, _, sub_code = item.rpartition("/")
    product = await products.find(door, code, Family.STOCK) if code else None
    own = [
        raw_text(variation.variation_custom_code)
        for variation in (product.variations or [] if product is not None else [])
        if text(variation.variation_custom_code) == sub_code
    ]
    if product is None or len(own) != 1 or not sub_code:
        return None
    return _ref(product, code, sub_code, own[0])


def _ref(product: Product, code: str, sub_code: str, raw_code: str) -> ListingRef:
    handle = Handle(text(product.system_code), raw_code)
    return ListingRef(code, sub_code, native_of(handle))
