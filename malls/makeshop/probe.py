"""The probe: what the mall does with a written quantity, tried on an item the operator named.

Read q, write q + 1, read again: q + 1 means that the mall overwrites, 2q + 1 that it adds, and
anything else says nothing. Then the item is put back to q by the way just found and read a last
time, which also proves that a negative difference is taken off. With q of 0 both readings would
look alike, so the item needs a unit at least. While the probe runs, up to 2q + 1 units are shown:
the item should not be on sale. Facts: docs/malls/makeshop.md.
"""

from engine.catalogue import ListingRef
from engine.connector import Finding, RowOutcome
from engine.faults import Done, Family, FaultKind, FaultSpec, Level
from malls.makeshop import products, stock
from malls.makeshop.card import ABSOLUTE, PROBE_ITEM, QUANTITY_MODE, RELATIVE, quantity_type
from malls.makeshop.credentials import Door
from malls.makeshop.products import Handle, native_of
from malls.makeshop.stock import Entry
from malls.makeshop.wire import Product, raw_text, text

PROBE_UNITS_MAX = 1000
"""An item with more in stock is no test item."""


async def probe_quantity_mode(door: Door, item: str = "") -> Finding:
    """Tries the item, `CODE` or `CODE/VARIATION`, by default the one the settings name.

    Raises `MallError` where a call fails; the item may then show what the probe wrote.
    """
    item = item or door.switches.get(PROBE_ITEM, "").strip()
    if not item:
        return _nothing(
            "", "設定の probe_item に商品の指定がありません。", "The settings name no probe_item."
        )
    kind = quantity_type(door.switches)
    ref = await _ref_of(door, item)
    before = None if ref is None else await _shown(door, ref)
    if ref is None:
        return _nothing(
            item,
            f"probe_item の商品 {item} が見つかりません。",
            f"The item {item} that probe_item names is not there.",
        )
    if before is None or not 0 < before <= PROBE_UNITS_MAX:
        return _nothing(
            item,
            f"probe_item の商品 {item} は在庫数が 1 以上 {PROBE_UNITS_MAX} 以下で、"
            "無制限でない必要があります。",
            f"The item {item} that probe_item names needs 1 to {PROBE_UNITS_MAX} units, and not"
            " unlimited.",
        )
    if not await _write(door, ref, before + 1, kind):
        return _nothing(
            item,
            f"MakeShop が probe_item の商品 {item} の在庫更新を受け付けませんでした。",
            f"MakeShop refused to take a quantity for the item {item} that probe_item names.",
        )
    after = await _shown(door, ref)
    mode = {before + 1: ABSOLUTE, 2 * before + 1: RELATIVE}.get(-1 if after is None else after, "")
    if not mode or after is None:
        return _nothing(
            item,
            f"商品 {item} の在庫数は {before} から {after} になり、更新方法を判定できません。",
            f"The item {item} went from {before} to {after}, which does not tell what was done.",
            is_restored=after == before,
        )
    # A negative difference, or the quantity itself: by the way just found.
    await _write(door, ref, before - after if mode == RELATIVE else before, kind)
    left = await _shown(door, ref)
    if left != before:
        # What was found did not lead back, so nothing counts as found.
        return _nothing(
            item,
            f"商品 {item} の在庫数を {before} に戻せませんでした(現在 {left})。",
            f"The item {item} could not be put back to {before}; it shows {left}.",
            is_restored=False,
        )
    return Finding(switches={QUANTITY_MODE: mode}, item=item)


def _nothing(item: str, message: str, message_en: str, *, is_restored: bool = True) -> Finding:
    """Nothing was found: why, and the ways out of it."""
    fault = FaultSpec(
        level=Level.TRANSIENT,
        kind=FaultKind.PROBE,
        message=f"在庫の更新方法（加算か上書きか）が未確認のため、在庫を送信していません。{message}",
        message_en=(
            "It is not known yet whether quantities are added or overwritten, so none are sent."
            f" {message_en}"
        ),
        hint=(
            "設定の probe_item に、在庫を動かしてよい商品（販売中でなく、在庫が 1 以上）を指定して"
            "ください。更新方法が分かっている場合は quantity_mode を relative か absolute に"
            "します。変更後は kill -HUP か再起動で反映してください。"
        ),
        hint_en=(
            "Name as `probe_item` an item whose stock may be changed: not on sale, 1 or more in"
            " stock. If you know what the shop does, set quantity_mode to relative or absolute."
            " Then kill -HUP zaiko, or restart it."
        ),
        done=Done.NOT_DONE,
    )
    return Finding(item=item, is_restored=is_restored, fault=fault)


async def _shown(door: Door, ref: ListingRef) -> int | None:
    read = await stock.read_stock(door, [ref])
    return read.rows[0].quantity if read.rows else None


async def _write(door: Door, ref: ListingRef, number: int, kind: int) -> bool:
    _, _, results = await stock.send(door, [Entry(ref, number)], kind)
    return results[0].outcome is RowOutcome.DONE


async def _ref_of(door: Door, item: str) -> ListingRef | None:
    """The listing an operator's text names; a code may hold a slash itself."""
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
