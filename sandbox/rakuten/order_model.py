"""One order as `getOrder` shows it: progress, buyer, package, lines and change history.

Buyer fields are given out in full, as the real mall does. Fields that came with a newer version of
the function than the caller asked for are left out.
"""

from __future__ import annotations

from collections.abc import Callable

from sandbox.buyers import Buyer
from sandbox.clock import Clock
from sandbox.orders import Change, Line, Order
from sandbox.rakuten.knobs import Knobs
from sandbox.rakuten.stamps import optional_order_stamp, order_stamp
from sandbox.shop import Shop

PROGRESSES = (100, 200, 300, 400, 500, 600, 700, 800, 900)
PRICE_YEN = 1_980
NOT_FIXED = -9_999  # an amount that is not known yet
SINGLE_VARIANT = "normal-inventory"
BASKET_BASE = 20_000_000
BASKET_STEP = 1_000  # line ids of one order: more than a line list can hold
ITEM_BASE = 10_000_000
CHANGE_BASE = 800_000
CHANGE_STEP = 10_000

# field -> the version of getOrder that brought it; 3 is the oldest served
_ORDER_FIELDS = {
    "receiptIssueCount": 5,
    "receiptIssueHistoryList": 5,
    "DueDateModelList": 5,
    "cautionDisplayDetailType": 6,
    "deliveryCertPrgFlag": 8,
    "oneDayOperationFlag": 8,
    "socialGiftFlag": 10,
}
_PACKAGE_FIELDS = {
    "defaultDeliveryCompanyCode": 4,
    "dropOffFlag": 9,
    "dropOffLocation": 9,
    "SocialGiftModel": 10,
}
_LINE_FIELDS = {"isSingleItemShipping": 4, "SkuModelList": 7}


class Progress:
    """Reads an order's `orderProgress`, pending changes included."""

    def __init__(self, clock: Clock, knobs: Callable[[], Knobs]) -> None:
        self._clock = clock
        self._knobs = knobs

    def is_pending(self, change: Change) -> bool:
        """Tell whether a change has been applied for and is not fixed yet."""
        pending_s = self._knobs().change_pending_s
        return pending_s > 0 and self._clock.now() < change.at + pending_s

    def of(self, order: Order) -> int:
        """Return the code."""
        last = order.changes[-1] if order.changes else None
        if order.status == "cancelled":
            return 800 if last is not None and self.is_pending(last) else 900
        if last is not None and last.kind == "edited" and self.is_pending(last):
            return 400
        return {"new": 100, "confirmed": 300, "shipped": 500}[order.status]


def order_model(shop: Shop, progress: Progress, order: Order, version: int) -> dict[str, object]:
    """Return one entry of `OrderModelList`."""
    code = progress.of(order)
    goods = PRICE_YEN * sum(line.quantity for line in order.lines)
    postage = NOT_FIXED if code == 100 else 0
    confirmed = optional_order_stamp(order.confirmed_at)
    edited_by_buyer = any(c.kind == "edited" and c.by == "buyer" for c in order.changes)
    model: dict[str, object] = {
        "orderNumber": order.order_id,
        "orderProgress": code,
        "subStatusId": None,
        "subStatusName": None,
        "orderDatetime": order_stamp(order.placed_at),
        "shopOrderCfmDatetime": confirmed,
        "orderFixDatetime": confirmed,
        "shippingInstDatetime": confirmed,
        "shippingCmplRptDatetime": optional_order_stamp(order.shipped_at),
        "cancelDueDate": None,
        "deliveryDate": None,
        "shippingTerm": None,
        "remarks": None,
        "giftCheckFlag": 0,
        "socialGiftFlag": 0,
        "severalSenderFlag": 0,
        "equalSenderFlag": 1,
        "isolatedIslandFlag": 0,
        "rakutenMemberFlag": 1,
        "carrierCode": 11,
        "emailCarrierCode": 0,
        "orderType": 1,
        "reserveNumber": None,
        "reserveDeliveryCount": None,
        "cautionDisplayType": 0,
        "cautionDisplayDetailType": None,
        "rakutenConfirmFlag": 0,
        **_amounts(goods, postage),
        "asurakuFlag": 0,
        "drugFlag": 0,
        "dealFlag": 0,
        "membershipType": 0,
        "memo": None,
        "operator": None,
        "mailPlugSentence": None,
        "modifyFlag": int(edited_by_buyer),
        "receiptIssueCount": 0,
        "receiptIssueHistoryList": [],
        "deliveryCertPrgFlag": 0,
        "oneDayOperationFlag": 0,
        "OrdererModel": _orderer(order.buyer),
        "SettlementModel": _settlement(order.buyer),
        "DeliveryModel": {"deliveryName": "parcel", "deliveryClass": None},
        "PointModel": {"usedPoint": 0},
        "WrappingModel1": None,
        "WrappingModel2": None,
        "PackageModelList": [_package(shop, order, version, goods, postage)],
        "CouponModelList": None,
        "ChangeReasonModelList": _change_reasons(progress, order) or None,
        "TaxSummaryModelList": [_tax(goods)],
        "DueDateModelList": [],
    }
    if version < 8:
        model |= {"goodsTax": NOT_FIXED, "isTaxRecalc": 0}
    return _trimmed(model, _ORDER_FIELDS, version)


def _amounts(goods: int, postage: int) -> dict[str, object]:
    total = NOT_FIXED if postage == NOT_FIXED else goods
    return {
        "goodsPrice": goods,
        "postagePrice": postage,
        "deliveryPrice": postage,
        "paymentCharge": 0,
        "paymentChargeTaxRate": 0.1,
        "totalPrice": total,
        "requestPrice": total,
        "couponAllTotalPrice": 0,
        "couponShopPrice": 0,
        "couponOtherPrice": 0,
        "additionalFeeOccurAmountToUser": 0,
        "additionalFeeOccurAmountToShop": 0,
    }


def _trimmed(model: dict[str, object], since: dict[str, int], version: int) -> dict[str, object]:
    for name, first in since.items():
        if version < first:
            del model[name]
    return model


def _orderer(buyer: Buyer) -> dict[str, object]:
    return _address(buyer) | {
        "emailAddress": buyer.mail,
        "sex": None,
        "birthYear": None,
        "birthMonth": None,
        "birthDay": None,
    }


def _address(buyer: Buyer) -> dict[str, object]:
    return {
        "zipCode1": buyer.zip_parts[0],
        "zipCode2": buyer.zip_parts[1],
        "prefecture": buyer.prefecture,
        "city": buyer.city,
        "subAddress": buyer.street,
        "familyName": buyer.family_name,
        "firstName": buyer.first_name,
        "familyNameKana": buyer.family_kana,
        "firstNameKana": buyer.first_kana,
        "phoneNumber1": buyer.phone_parts[0],
        "phoneNumber2": buyer.phone_parts[1],
        "phoneNumber3": buyer.phone_parts[2],
    }


def _settlement(buyer: Buyer) -> dict[str, object]:
    return {
        "settlementMethodCode": 1,
        "settlementMethod": "card",
        "rpaySettlementFlag": 1,
        "cardName": "VISA",
        "cardNumber": "XXXX-XXXX-XXXX-XXXX",
        "cardOwner": buyer.name,
        "cardYm": "XXXX/XX",
        "cardPayType": None,
        "cardInstallmentDesc": None,
    }


def _package(shop: Shop, order: Order, version: int, goods: int, postage: int) -> dict[str, object]:
    package: dict[str, object] = {
        "basketId": _basket_id(order),
        "postagePrice": postage,
        "postageTaxRate": 0.1,
        "deliveryPrice": postage,
        "deliveryTaxRate": 0.1,
        "goodsPrice": goods,
        "totalPrice": goods,
        "noshi": None,
        "packageDeleteFlag": 0,
        "defaultDeliveryCompanyCode": "1001",
        "dropOffFlag": 0,
        "dropOffLocation": None,
        "SocialGiftModel": None,
        "SenderModel": _address(order.buyer) | {"isolatedIslandFlag": 0},
        "ItemModelList": [_line(shop, order, line, version) for line in order.lines],
        "ShippingModelList": [],
        "DeliveryCvsModel": None,
    }
    if version < 8:
        package["goodsTax"] = NOT_FIXED
    return _trimmed(package, _PACKAGE_FIELDS, version)


def _basket_id(order: Order) -> int:
    return BASKET_BASE + order.number * BASKET_STEP


def _line(shop: Shop, order: Order, line: Line, version: int) -> dict[str, object]:
    code, sub_code = line.key
    item = shop.shelf.items.get(code)
    model: dict[str, object] = {
        "itemDetailId": _basket_id(order) + line.line_id - 1,
        "itemName": line.name,
        "itemId": ITEM_BASE + (item.number if item else 0),
        "itemNumber": code,
        "manageNumber": code,
        "price": PRICE_YEN,
        "units": line.quantity,
        "includePostageFlag": 1,
        "includeTaxFlag": 1,
        "includeCashOnDeliveryPostageFlag": 0,
        "selectedChoice": None,
        "pointRate": 1,
        "pointType": 0,
        "inventoryType": 2 if sub_code else 1,
        "delvdateInfo": None,
        "restoreInventoryFlag": _restore_flag(line),
        "dealFlag": 0,
        "drugFlag": 0,
        "deleteItemFlag": 0,
        "taxRate": 0.1,
        "priceTaxIncl": PRICE_YEN,
        "isSingleItemShipping": 0,
        "SkuModelList": [
            {
                "variantId": sub_code or SINGLE_VARIANT,
                "merchantDefinedSkuId": merchant_sku(sub_code),
                "skuInfo": "\n".join(f"{axis}:{choice}" for axis, choice in line.axes.items())
                or None,
            }
        ],
    }
    return _trimmed(model, _LINE_FIELDS, version)


def merchant_sku(sub_code: str) -> str | None:
    """Return the merchant's own SKU code: other than the variantId, so that none is mixed up."""
    return f"M-{sub_code}" if sub_code else None


def _restore_flag(line: Line) -> int:
    if line.restocked is None:
        return 0
    return 1 if line.restocked else 2


def _tax(goods: int) -> dict[str, object]:
    return {
        "taxRate": 0.1,
        "reqPrice": goods,
        "reqPriceTax": goods // 11,
        "totalPrice": goods,
        "paymentCharge": 0,
        "couponPrice": 0,
        "point": 0,
    }


def _change_reasons(progress: Progress, order: Order) -> list[dict[str, object]]:
    reasons: list[dict[str, object]] = []
    for change in order.changes:
        pending = progress.is_pending(change)
        for change_type in _change_types(change, pending=pending):
            change_id = CHANGE_BASE + order.number * CHANGE_STEP + len(reasons)
            reasons.append(_change_reason(change, change_type, change_id, pending=pending))
    return reasons


def _change_types(change: Change, *, pending: bool) -> tuple[int, ...]:
    """Return the changeTypes one change leaves: applied, then fixed and completed."""
    match change.kind:
        case "confirmed":
            return (8,)
        case "cancelled":
            return (0,) if pending else (0, 1, 2)
        case "revoked":
            return (3,)
        case "edited":
            return (4,) if pending else (4, 5, 6)
        case _:
            return ()


def _change_reason(
    change: Change, change_type: int, change_id: int, *, pending: bool
) -> dict[str, object]:
    is_confirm = change.kind == "confirmed"
    at = order_stamp(change.at)
    return {
        "changeId": change_id,
        "changeType": change_type,
        "changeTypeDetail": None if is_confirm else _change_detail(change),
        "changeReason": None if is_confirm else int(change.by == "buyer"),
        "changeReasonDetail": None if is_confirm else _change_reason_detail(change),
        "changeApplyDatetime": at,
        "changeFixDatetime": None if pending else at,
        "changeCmplDatetime": None if pending else at,
    }


def _change_detail(change: Change) -> int:
    if change.kind == "cancelled" or (change.decreased and not change.increased):
        return 0
    return 1 if change.increased and not change.decreased else 2


def _change_reason_detail(change: Change) -> int:
    if change.by == "shop":
        return 10
    return 1 if change.kind == "cancelled" else 6
